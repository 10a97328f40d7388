import Database
import Server
import Testing

@Suite("settings")
struct SettingsTests {
  private let least = [
    "PGDATABASE": "vibe", "VIBE_DASHBOARD_DIR": "/", "VIBE_JWT_SECRET": "0123456789abcdef0123456789abcdef",
  ]

  @Test("the least that is needed is enough")
  func enough() throws {
    let settings = try Settings(environment: least)
    #expect(settings.host == "127.0.0.1" && settings.port == 8080)
  }

  @Test(
    "a problem names its variable",
    arguments: [
      ("PGDATABASE", ""), ("VIBE_DASHBOARD_DIR", ""), ("VIBE_JWT_SECRET", "short"), ("VIBE_LISTEN", "8080"),
      ("VIBE_LISTEN", "0.0.0.0:8080"), ("VIBE_LISTEN", "[::]:80"), ("VIBE_LISTEN", "127.0.0.1:99999"),
      ("VIBE_POOL_SIZE", "0"),
      ("VIBE_TOKEN_MINUTES", "an hour"), ("VIBE_MAX_ROWS", "-1"), ("VIBE_TRUSTED_PROXIES", "10.0.0.0/33"),
      ("VIBE_CORS_ORIGINS", "shop.example"), ("VIBE_CORS_ORIGINS", "https://a.example/path"),
      ("VIBE_CORS_ORIGINS", "https://*.example"), ("VIBE_CORS_ORIGINS", "https://Shop.example"),
      ("VIBE_LOG_LEVEL", "loud"), ("VIBE_TRACK_SITE_RATE", "0"), ("PGPORT", "port"), ("VIBE_POOLSIZE", "12"),
      ("VIBE_CORS_ORIGIN", "*"), ("VIBE_QUEUE_JOBS", "65"), ("VIBE_QUEUE_JOBS", "few"),
      ("VIBE_OUTGOING_ALLOW", "shop.internal"), ("VIBE_OUTGOING_ALLOW", "http://shop.internal:80"),
      ("VIBE_OUTGOING_ALLOW", "shop.internal:0"), ("VIBE_OUTGOING_ALLOW", "*:80"),
      ("VIBE_OUTGOING_ALLOW", ":80"),
    ])
  func problems(name: String, value: String) {
    let error = #expect(throws: SettingsError.self) {
      try Settings(environment: least.merging([name: value]) { $1 })
    }
    #expect(error?.description.contains(name) == true)
    if name == "VIBE_JWT_SECRET" { #expect(error?.description.contains(value) == false) }
  }

  @Test("beyond loopback only behind a named proxy")
  func proxies() throws {
    let settings = try Settings(
      environment: least.merging(["VIBE_LISTEN": "0.0.0.0:80", "VIBE_TRUSTED_PROXIES": "10.0.0.0/8, ::1"]) {
        $1
      })
    #expect(settings.trustedProxies.count == 2)
  }

  @Test("inner systems by host and port")
  func outgoing() throws {
    let settings = try Settings(
      environment: least.merging(["VIBE_OUTGOING_ALLOW": "Shop.internal:8080, [::1]:80"]) { $1 })
    #expect(settings.outgoingAllowed == ["shop.internal:8080", "::1:80"])
  }
}

@Suite("client addresses")
struct AddressTests {
  @Test(
    "ranges hold what begins alike",
    arguments: [
      ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.1", false), ("127.0.0.1", "127.0.0.1", true),
      ("10.0.0.0/8", "::ffff:10.1.1.1", true), ("2001:db8::/33", "2001:db8:7fff::1", true),
      ("2001:db8::/33", "2001:db8:8000::1", false), ("0.0.0.0/0", "9.9.9.9", true),
      ("0.0.0.0/0", "2001::1", false),
    ])
  func ranges(range: String, address: String, holds: Bool) throws {
    #expect(try #require(AddressRange(range)).contains(try #require(Address(address))) == holds)
  }

  @Test("only trusted proxies are believed, from the nearest on")
  func forwarded() {
    let trusted = ["10.0.0.0/8"].compactMap(AddressRange.init)
    func find(_ peer: String?, _ hops: String...) -> String {
      ClientAddress.find(peer: peer, forwardedFor: hops, trusted: trusted)
    }
    #expect(find("9.9.9.9", "1.1.1.1") == "9.9.9.9")
    #expect(find("10.0.0.1", "1.1.1.1") == "1.1.1.1")
    #expect(find("10.0.0.1", "1.1.1.1, 2.2.2.2") == "2.2.2.2")
    #expect(find("10.0.0.1", "1.1.1.1", "2.2.2.2, 10.0.0.2") == "2.2.2.2")
    #expect(find("10.0.0.1", "nonsense") == "10.0.0.1")
    #expect(find("10.0.0.1") == "10.0.0.1")
    #expect(find(nil, "1.1.1.1") == "")
  }
}

@Suite("the keys of an object, by the grammar of RFC 8259")
struct JsonGlanceTests {
  @Test(
    "are found",
    arguments: [
      ("{}", []), (" { } ", []), (#"{"a":1}"#, ["a"]),
      (#"{"a":1,"b":[1,{"c":2}],"d":"}\",\"x\":"}"#, ["a", "b", "d"]),
      (#"{ "a" : { "b" : "]" } , "é" : null }"#, ["a", "é"]), (#"{"a":"\\"}"#, ["a"]),
    ])
  func keys(text: String, keys: [String]) { #expect(JsonGlance.keys(Array(text.utf8)) == Set(keys)) }

  @Test(
    "are left to a parser where the text is no plain object",
    arguments: [
      "[1]", "1", "", "{", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{"a":1}x"#, #"{"a":1}}"#, #"{"a":"x}"#,
      #"{a:1}"#,
      #"{"\u0061":1}"#, #"{"a":]}"#,
    ])
  func others(text: String) { #expect(JsonGlance.keys(Array(text.utf8)) == nil) }

  @Test(
    "a member's text is found where it plainly is one",
    arguments: [
      (#"{"site":"a"}"#, "a"), (#"{"x":{"site":"b"},"site" : "a","y":1}"#, "a"),
      (#"{"site":"b","site":"a"}"#, "a"),
      (#"{"x":"\"site\":\"b\""}"#, nil), (#"{"site":1}"#, nil), (#"{"site":"\u0061"}"#, nil), ("[]", nil),
    ])
  func text(text: String, value: String?) { #expect(JsonGlance.text("site", in: Array(text.utf8)) == value) }
}

@Suite("coalescing")
struct BatchesTests {
  private let now = ContinuousClock.now
  private var later: ContinuousClock.Instant { now + .seconds(1) }

  private func batches() -> Batches<Int> {
    Batches(
      limits: .init(
        concurrent: 1, enough: 3, patience: .milliseconds(5), itemsPerBatch: 3, bytesPerBatch: 50, waiting: 5,
        waitingBytes: 100))
  }

  @Test("the first goes alone at once; what comes meanwhile goes together")
  func together() {
    var batches = batches()
    var sent: [[Int]?] = []
    _ = batches.add(1, bytes: 1, at: now)
    sent.append(batches.next(at: later))
    for number in 2...5 { _ = batches.add(number, bytes: 1, at: now) }
    sent.append(batches.next(at: later))
    batches.finished()
    sent.append(batches.next(at: later))
    batches.finished()
    sent.append(batches.next(at: later))
    #expect(sent == [[1], nil, [2, 3, 4], [5]] && batches.count == 0)
  }

  @Test("after company one waits for company: until there is enough of it, or five milliseconds")
  func patience() {
    var batches = batches()
    var sent: [[Int]?] = []
    func send(_ numbers: ClosedRange<Int>, after milliseconds: Int) {
      for number in numbers { _ = batches.add(number, bytes: 1, at: now) }
      sent.append(batches.next(at: now + .milliseconds(milliseconds)))
      if sent.last != .some(nil) { batches.finished() }
    }
    send(1...1, after: 0)
    send(2...3, after: 0)
    send(4...4, after: 4)
    send(5...5, after: 4)
    #expect(batches.due == now + .milliseconds(5))
    send(6...6, after: 4)
    send(7...7, after: 5)
    send(8...8, after: 0)
    #expect(sent == [[1], [2, 3], nil, nil, [4, 5, 6], [7], [8]] && batches.due == nil)
  }

  @Test("a batch is bounded in bytes; what is larger travels alone")
  func bytes() {
    var batches = batches()
    for (number, bytes) in [(1, 60), (2, 20), (3, 20)] {
      _ = batches.add(number, bytes: bytes, at: now)
    }
    let first = batches.next(at: later)
    batches.finished()
    let second = batches.next(at: later)
    #expect(first == [1] && second == [2, 3])
  }

  @Test("refuses past its limits of number and bytes; what went makes room")
  func full() {
    var many = batches()
    let accepted = (1...6).map { many.add($0, bytes: 1, at: now) }
    #expect(accepted == [true, true, true, true, true, false])
    var big = batches()
    var room = [big.add(1, bytes: 60, at: now), big.add(2, bytes: 60, at: now)]
    _ = big.next(at: later)
    room.append(big.add(2, bytes: 60, at: now))
    #expect(room == [true, false, true])
  }

  @Test("who has waited too long is taken out, the others stay")
  func expired() {
    var batches = batches()
    for number in 1...3 { _ = batches.add(number, bytes: 30, at: now + .seconds(number)) }
    let early = batches.popOlder(than: now)
    let late = batches.popOlder(than: now + .seconds(3))
    let hasRoom = batches.add(4, bytes: 70, at: now + .seconds(4))
    #expect(early == [] && late == [1, 2] && hasRoom && batches.count == 2)
  }
}

@Suite("pace and rate")
struct PaceTests {
  @Test("after a ring: at once while there is something, twice 15 ms, once 100 ms, then a second")
  func pace() {
    var pace = ReadingPace()
    #expect(pace.pause == .seconds(1))
    pace.rang()
    pace.read(foundChanges: true)
    #expect(pace.pause == .milliseconds(15))
    pace.read(foundChanges: false)
    #expect(pace.pause == .milliseconds(15))
    pace.read(foundChanges: false)
    #expect(pace.pause == .milliseconds(100))
    pace.read(foundChanges: false)
    #expect(pace.pause == .seconds(1))
    pace.rang()
    pace.rest()
    #expect(pace.pause == .seconds(1))
  }

  @Test("a bucket gives its burst, then its rate")
  func bucket() {
    let start = ContinuousClock.now
    var bucket = TokenBucket(burst: 2, now: start)
    func take(_ seconds: Double) -> Bool {
      bucket.take(rate: 1, burst: 2, now: start + .milliseconds(Int(seconds * 1000)))
    }
    #expect(
      [take(0), take(0), take(0), take(0.5), take(1.1), take(1.2), take(9), take(9), take(9)] == [
        true, true, false, false, true, false, true, true, false,
      ])
  }

  @Test("each key has a bucket of its own; a flood of keys is refused until some are forgotten")
  func buckets() {
    let buckets = TokenBuckets(rate: 1)
    let start = ContinuousClock.now + .seconds(60)
    let taken = (0..<7).map { _ in buckets.take([1], now: start) }
    #expect(taken == [true, true, true, true, true, false, false] && buckets.take([2], now: start))
    for number in 0..<100_000 {
      _ = buckets.take([3, UInt8(number & 255), UInt8(number >> 8 & 255), UInt8(number >> 16)], now: start)
    }
    #expect(!buckets.take([4], now: start) && buckets.take([2], now: start))
    #expect(buckets.take([4], now: start + .seconds(10)))
  }

  @Test("a ring that nobody waits for is kept; a wait ends in time")
  func bell() async {
    let bell = Bell()
    bell.ring()
    #expect(await bell.wait(atMost: .seconds(5)))
    #expect(!(await bell.wait(atMost: .milliseconds(30))))
    // Over before anyone waits, too.
    for _ in 0..<1_000 { #expect(!(await bell.wait(atMost: .zero))) }
    async let rung = bell.wait(atMost: .seconds(5))
    try? await Task.sleep(for: .milliseconds(30))
    bell.ring()
    #expect(await rung)
  }
}

@Suite("comments of scripts")
struct RemarksTests {
  @Test("lines that are only comment become empty, and nothing else changes")
  func removed() {
    let script = """
      /*! a library's licence */
      // why
      /** one line */
      /**
       * many
       */ const a = 1
        /** @type {number} */ (a)
      const b = "//" // behind code
        // last
      """
    let wanted = """
      /*! a library's licence */


      \("")
      \("")
       const a = 1
        /** @type {number} */ (a)
      const b = "//" // behind code

      """
    #expect(Remarks.removed(from: script) == wanted)
    #expect(Remarks.removed(from: "") == "" && Remarks.removed(from: "/** never ends\n1") == "\n")
  }
}
