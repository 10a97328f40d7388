import Foundation
import NIOCore
import NIOEmbedded
import NIOWebSocket
import Server
import Testing

/// A frame as clients send it, written from RFC 6455 §5.2.
private func frame(
  _ payload: [UInt8], opcode: UInt8 = 1, fin: Bool = true, mask: [UInt8]? = [1, 2, 3, 4], reserved: UInt8 = 0
) -> [UInt8] {
  var bytes = [(fin ? 0x80 : 0) | reserved | opcode]
  let flag: UInt8 = mask == nil ? 0 : 0x80
  switch payload.count {
  case ..<126: bytes.append(flag | UInt8(payload.count))
  case ..<65_536: bytes += [flag | 126, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
  default: bytes += [flag | 127] + (0..<8).reversed().map { UInt8((payload.count >> (8 * $0)) & 255) }
  }
  guard let mask else { return bytes + payload }
  return bytes + mask + payload.indices.map { payload[$0] ^ mask[$0 % 4] }
}

/// A server's end of a socket without a network.
private struct Line {
  let channel = EmbeddedChannel()
  let socket: Socket

  init(version: Message.Version = .object) throws {
    socket = Socket(channel: channel, version: version)
    try channel.pipeline.syncOperations.addHandlers(SocketHandler.handlers(socket))
    channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
  }

  func receive(_ bytes: [UInt8]) { _ = try? channel.writeInbound(ByteBuffer(bytes: bytes)) }

  /// The frames that the server has sent: opcode and payload.
  func sent() throws -> [(opcode: UInt8, payload: [UInt8])] {
    var bytes = ByteBuffer()
    while let part = try channel.readOutbound(as: ByteBuffer.self) { bytes.writeImmutableBuffer(part) }
    var frames: [(UInt8, [UInt8])] = []
    while let first = bytes.readInteger(as: UInt8.self) {
      var length = bytes.readInteger(as: UInt8.self).map { Int($0) }
      if length == 126 { length = bytes.readInteger(as: UInt16.self).map { Int($0) } }
      if length == 127 { length = bytes.readInteger(as: UInt64.self).map { Int($0) } }
      // Also a length of 128 or more, which would be a mask, has no bytes here.
      let payload = bytes.readBytes(length: try #require(length))
      frames.append((first & 15, try #require(payload)))
    }
    return frames
  }

  /// The code of the close frame, if the server has sent one; it must be the last frame.
  func closeCode() throws -> Int? {
    let frames = try sent()
    guard let close = frames.firstIndex(where: { $0.opcode == 8 }) else { return nil }
    try #require(close == frames.count - 1)
    return Int(frames[close].payload[0]) << 8 | Int(frames[close].payload[1])
  }
}

private let beat = Array(#"{"topic":"phoenix","event":"heartbeat","payload":{},"ref":"7"}"#.utf8)
private let pulse =
  #"{"event":"phx_reply","payload":{"status":"ok","response":{}},"ref":"7","topic":"phoenix"}"#

private let letter: [UInt8] = [65]
private let bytes200k = [UInt8](repeating: 65, count: 200_000)

private func text(_ text: String) -> [UInt8] { frame(Array(text.utf8)) }

/// What breaks the rules, with the code that the server closes with.
private let breaches: [Breach] = [
  Breach(frame(beat, mask: nil), 1002), Breach(frame(beat, reserved: 0x40), 1002),
  Breach(frame(beat, reserved: 0x10), 1002), Breach(frame(beat, opcode: 3), 1002),
  Breach(frame(beat, opcode: 11), 1002), Breach(frame(beat, opcode: 0), 1002),
  Breach(frame([1], opcode: 9, fin: false), 1002),
  Breach(frame(Array(bytes200k.prefix(126)), opcode: 9), 1002),
  Breach(frame(letter, fin: false) + frame(beat), 1002),
  Breach(frame(letter, fin: false) + frame(letter, opcode: 0, mask: nil), 1002),
  Breach(frame(beat, opcode: 2), 1003), Breach(frame([]), 1007), Breach(text("nonsense"), 1007),
  Breach(text("[1,2]"), 1007), Breach(text("{}"), 1007), Breach(frame([0xC3, 0x28]), 1007),
  Breach(text(#"{"topic":1,"event":"x"}"#), 1007), Breach(text(#"{"topic":"t","event":"e","ref":{}}"#), 1007),
  Breach(text(String(repeating: "[", count: 100_000)), 1007), Breach(frame(bytes200k + bytes200k), 1009),
  Breach([0x81, 0xFF] + [UInt8](repeating: 0x7F, count: 8), 1009),
  Breach(frame(bytes200k, fin: false) + frame(bytes200k, opcode: 0), 1009),
  Breach(frame(letter, fin: false) + many(frame(letter, opcode: 0, fin: false)), 1009),
  Breach(frame([0x03, 0xE8], opcode: 8), 1000), Breach(frame([], opcode: 8), 1000),
]

private func many(_ part: [UInt8]) -> [UInt8] { (0..<1_100).flatMap { _ in part } }

/// Bytes and what they lead to.
struct Breach: Sendable {
  let bytes: [UInt8]
  let code: Int

  init(_ bytes: [UInt8], _ code: Int) { (self.bytes, self.code) = (bytes, code) }
}

@Suite("frames of a WebSocket")
struct SocketTests {
  @Test("a heartbeat is answered with its reference, in both versions, also without one")
  func heartbeats() throws {
    let old = try Line()
    old.receive(frame(beat))
    old.receive(
      frame(Array(#"{"topic":"phoenix","event":"heartbeat","payload":{},"ref":null,"join_ref":null}"#.utf8)))
    #expect(
      try old.sent().map { String(decoding: $0.payload, as: UTF8.self) } == [
        pulse, pulse.replacing(#""7""#, with: "null"),
      ])
    let new = try Line(version: .array)
    new.receive(frame(Array(#"[null,"26","phoenix","heartbeat",{}]"#.utf8)))
    #expect(
      try new.sent().map { String(decoding: $0.payload, as: UTF8.self) } == [
        #"[null,"26","phoenix","phx_reply",{"status":"ok","response":{}}]"#
      ])
  }

  @Test("a message may come in pieces, with a ping between them, and byte by byte")
  func pieces() throws {
    let line = try Line()
    let bytes =
      frame(Array(beat[..<10]), fin: false) + frame([9, 9], opcode: 9)
      + frame(Array(beat[10..<11]), opcode: 0, fin: false) + frame(Array(beat[11...]), opcode: 0)
    for byte in bytes { line.receive([byte]) }
    let sent = try line.sent()
    #expect(sent.map(\.opcode) == [10, 1])
    #expect(sent[0].payload == [9, 9])
    #expect(String(decoding: sent[1].payload, as: UTF8.self) == pulse)
  }

  @Test(
    "what breaks the rules closes the socket with its code",
    arguments: breaches)
  func broken(breach: Breach) throws {
    let line = try Line()
    line.receive(breach.bytes)
    // Nothing is answered after that.
    line.receive(frame(beat))
    #expect(try line.closeCode() == breach.code)
  }

  @Test("the connection is closed soon after the good-bye, whether the client answers or not")
  func goodBye() throws {
    let silent = try Line()
    silent.receive(frame(Array("{}".utf8)))
    #expect(silent.channel.isActive)
    silent.channel.embeddedEventLoop.advanceTime(by: .seconds(10))
    #expect(!silent.channel.isActive)
    let polite = try Line()
    polite.socket.close(.goingAway, "the server is shutting down")
    polite.receive(frame([0x03, 0xE9], opcode: 8))
    #expect(!polite.channel.isActive)
    let frames = try polite.sent()
    #expect(
      frames.count == 1 && frames[0].payload == [0x03, 0xE9] + Array("the server is shutting down".utf8))
  }

  @Test("a client that is silent, asked to quiesce, or too quick is told to go")
  func told() throws {
    let silent = try Line()
    silent.channel.pipeline.fireUserInboundEventTriggered(IdleStateHandler.IdleStateEvent.read)
    #expect(try silent.closeCode() == 1001)
    let last = try Line()
    last.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
    #expect(try last.closeCode() == 1001)
    let quick = try Line()
    let leave = frame(Array(#"{"topic":"realtime:a","event":"phx_leave","payload":{}}"#.utf8))
    for _ in 0..<300 { quick.receive(leave) }
    #expect(try quick.closeCode() == 1008)
  }

  @Test("what waits for a reader is bounded; one message may be larger")
  func bounded() throws {
    let line = try Line()
    #expect(line.socket.send(ByteBuffer(repeating: 65, count: 8 << 20)))
    let queue = OutletQueue()
    #expect(queue.add(8 << 20))
    #expect(!queue.add(1))
    queue.remove((8 << 20) + 1)
    #expect(queue.add(3 << 20) && queue.add(1 << 20) && !queue.add(1))
    #expect(queue.close() && !queue.close() && !queue.add(1))
  }

  /// Whatever comes, the server neither crashes nor says anything but whole frames, the close frame last and once;
  /// and it is the same however the bytes are cut.
  @Test("random bytes and broken frames", arguments: 0..<300 as Range<UInt64>)
  func fuzz(seed: UInt64) throws {
    var random = Seeded(state: seed)
    let valid = [
      frame(beat), frame([1], opcode: 9), frame(beat, fin: false), frame(beat, opcode: 0),
      frame([3] + beat, opcode: 2),
      frame(Array(#"[null,"1","phoenix","heartbeat",{}]"#.utf8)),
    ]
    var bytes: [UInt8] = []
    for _ in 0..<Int.random(in: 1...8, using: &random) {
      var part = valid.randomElement(using: &random) ?? []
      for _ in 0..<Int.random(in: 0...2, using: &random) {
        let place = Int.random(in: part.indices, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: part[place] = UInt8.random(in: 0...255, using: &random)
        case 1: part[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        default: part.insert(UInt8.random(in: 0...255, using: &random), at: place)
        }
      }
      bytes += part
    }
    for version in [Message.Version.object, .array] {
      let whole = try Line(version: version)
      let cut = try Line(version: version)
      whole.receive(bytes)
      var rest = bytes[...]
      while !rest.isEmpty {
        let count = Int.random(in: 1...min(20, rest.count), using: &random)
        cut.receive(Array(rest.prefix(count)))
        rest = rest.dropFirst(count)
      }
      let (a, b) = (try whole.sent(), try cut.sent())
      #expect(a.map(\.payload) == b.map(\.payload) && a.map(\.opcode) == b.map(\.opcode))
      #expect(a.filter { $0.opcode == 8 }.count <= 1 && a.dropLast().allSatisfy { $0.opcode != 8 })
    }
  }
}

@Suite("messages of the realtime protocol")
struct MessageTests {
  @Test("both versions say the same")
  func versions() throws {
    let old = try #require(
      Message(
        text: #"{"event":"phx_join","payload":{"a":1},"topic":"realtime:db","ref":"2","join_ref":"1"}"#,
        version: .object))
    let new = try #require(
      Message(text: #"["1","2","realtime:db","phx_join",{"a":1}]"#, version: .array))
    #expect(old == new)
    #expect(
      old.payload["a"] == .integer(1) && old.reference == .string("2") && old.joinReference == .string("1"))
  }

  @Test("a broadcast of version 2 is binary")
  func binary() throws {
    let texts = ["13", "26", "realtime:db", "hi", ""]
    var bytes = ByteBuffer(bytes: [3] + texts.map { UInt8($0.utf8.count) } + [1])
    bytes.writeString(texts.joined() + #"{"a":1}"#)
    let message = try #require(Message(bytes: bytes))
    #expect(
      message.event == "broadcast" && message.topic == "realtime:db" && message.reference == .string("26"))
    for length in 0..<(7 + texts.joined().utf8.count) {
      #expect(Message(bytes: try #require(bytes.getSlice(at: 0, length: length))) == nil)
    }
    #expect(Message(bytes: ByteBuffer(bytes: [4, 0, 0, 0, 0, 0, 0])) == nil)
  }

  /// What the server writes, a client that reads by the same rules reads back, whatever names are in it.
  @Test("frames hold what was said", arguments: 0..<200 as Range<UInt64>)
  func roundTrip(seed: UInt64) throws {
    var random = Seeded(state: seed)
    let letters: [Character] = ["a", "\"", "\\", "\n", "\u{0}", "é", "\u{1F600}", "\u{2028}", "]", "}", ","]
    func text() -> String {
      String(
        (0..<Int.random(in: 0...80, using: &random)).map { _ in letters.randomElement(using: &random) ?? "x" }
      )
    }
    for version in [Message.Version.object, .array] {
      let topic = Topic(version: version, name: "realtime:" + text(), joinReference: .string(text()))
      let (reason, reference) = (text(), text())
      var buffer = topic.refusal(reason, reference: .string(reference))
      let bytes = buffer.readBytes(length: 2)
      let head = try #require(bytes)
      if head[1] == 126 { buffer.moveReaderIndex(forwardBy: 2) }
      let message = try #require(Message(text: String(buffer: buffer), version: version))
      #expect(
        message.topic == topic.name && message.event == "phx_reply" && message.reference == .string(reference)
      )
      #expect(message.payload["response"]?["reason"] == .string(reason))
    }
  }

  @Test("the length of a frame, at the borders of its three forms", arguments: [0, 125, 126, 65_535, 65_536])
  func lengths(count: Int) throws {
    let part = ByteBuffer(repeating: 65, count: count)
    let line = try Line()
    _ = line.socket.send(TextFrame.buffer([part]))
    #expect(try line.sent().map(\.payload.count) == [count])
  }
}

@Suite("conditions of a subscription")
struct RequirementTests {
  private func condition(_ operator: String, _ values: String, isTime: Bool = false) throws -> Requirement {
    let json = #"{"column":"c","operator":"\#(`operator`)","is_time":\#(isTime),"values":\#(values)}"#
    return try JSONDecoder().decode(Requirement.self, from: Data(json.utf8))
  }

  @Test(
    "hold as in SQL",
    arguments: [
      ("eq", "[1]", "1", true), ("eq", "[1]", "1.0", true), ("eq", "[1]", "2", false),
      ("eq", "[1]", "\"1\"", false),
      ("eq", "[9007199254740993]", "9007199254740992", false), ("neq", "[1]", "2", true),
      ("neq", "[1]", "null", false),
      ("lt", "[2.5]", "2", true), ("lte", "[2]", "2", true), ("gt", "[2]", "2", false),
      ("gte", "[-1]", "-0.5", true),
      ("lt", "[1]", "null", false), ("gt", "[\"b\"]", "\"ba\"", true), ("lt", "[\"Z\"]", "\"a\"", false),
      ("eq", "[\"é\"]", "\"e\\u0301\"", false), ("eq", "[true]", "true", true),
      ("eq", "[true]", "false", false),
      ("in", "[1,2]", "2", true), ("in", "[1,2]", "3", false), ("in", "[]", "1", false),
      ("in", "[1]", "null", false),
      ("other", "[1]", "1", false), ("eq", "[1]", "[1]", false),
    ])
  func holds(operator: String, values: String, value: String, isTrue: Bool) throws {
    let value = try #require(JsonValue(text: value))
    #expect(try condition(`operator`, values).holds(for: value) == isTrue)
  }

  @Test("instants compare in whatever time zone they are written")
  func instants() throws {
    let noon = try condition("eq", #"["2026-02-28T12:00:00+00:00"]"#, isTime: true)
    #expect(noon.holds(for: .string("2026-02-28T09:00:00-03:00")))
    #expect(noon.holds(for: .string("2026-02-28T17:30:00.000+05:30")))
    #expect(!noon.holds(for: .string("2026-02-28T12:00:00.000001+00:00")))
    let later = try condition("gt", #"["2026-02-28T12:00:00+00:00"]"#, isTime: true)
    #expect(later.holds(for: .string("infinity")))
  }

  /// Against Foundation, in the civil calendar from 1970 on.
  @Test("instants are counted right", arguments: 0..<200 as Range<UInt64>)
  func moments(seed: UInt64) throws {
    var random = Seeded(state: seed)
    let seconds = Int.random(in: 0...8_000_000_000, using: &random)
    let offset = Int.random(in: -12...14, using: &random)
    let format = ISO8601DateFormatter()
    format.timeZone = TimeZone(secondsFromGMT: offset * 3600)
    let text = format.string(from: Date(timeIntervalSince1970: Double(seconds))).replacing(
      "Z", with: "+00:00")
    #expect(Moment.microseconds(text) == seconds * 1_000_000, "\(text)")
  }
}
