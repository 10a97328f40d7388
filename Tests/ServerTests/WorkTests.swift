import Database
import Server
import Testing

@Suite("where requests of jobs may go")
struct DestinationTests {
  @Test(
    "public addresses, by the registries of special-purpose ones",
    arguments: [
      ("8.8.8.8", true), ("1.0.0.1", true), ("93.184.216.34", true), ("172.15.255.255", true),
      ("172.32.0.0", true),
      ("100.63.255.255", true), ("100.128.0.0", true), ("223.255.255.255", true), ("::ffff:8.8.8.8", true),
      ("2606:2800:220:1::1", true), ("2a00:1450:4001::1", true), ("2001:200::1", true), ("3ffe::1", true),
      ("0.0.0.0", false), ("0.1.2.3", false), ("10.0.0.1", false), ("100.64.0.1", false),
      ("127.0.0.1", false),
      ("127.255.255.255", false), ("169.254.169.254", false), ("172.16.0.1", false),
      ("172.31.255.255", false),
      ("192.0.0.8", false), ("192.0.2.1", false), ("192.88.99.1", false), ("192.168.1.1", false),
      ("198.18.0.1", false), ("198.19.255.255", false), ("198.51.100.1", false), ("203.0.113.1", false),
      ("224.0.0.1", false), ("239.255.255.255", false), ("240.0.0.1", false), ("255.255.255.255", false),
      ("::ffff:10.0.0.1", false), ("::ffff:127.0.0.1", false), ("::", false), ("::1", false),
      ("::127.0.0.1", false), ("64:ff9b::a00:1", false), ("100::1", false), ("2001::1", false),
      ("2001:db8::1", false), ("2002:7f00:1::1", false), ("3fff::1", false), ("4000::1", false),
      ("fc00::1", false), ("fd12:3456::1", false), ("fe80::1", false), ("fec0::1", false), ("ff02::1", false),
    ])
  func publicAddresses(text: String, isPublic: Bool) throws {
    #expect(try #require(Address(text)).isPublic == isPublic)
  }

  @Test(
    "an address as text is that address again",
    arguments: ["127.0.0.1", "255.1.0.9", "::1", "2001:db8::a:0:1"])
  func text(text: String) throws {
    let address = try #require(Address(text))
    #expect(Address(address.text) == address)
    #expect(address.text.contains(":") == text.contains(":"))
  }

  @Test(
    "host and port of a URL",
    arguments: [
      ("https://Shop.Example/a?b", "shop.example", 443), ("HTTPS://shop.example:8443", "shop.example", 8443),
      ("https://[2606:2800::1]:444/x", "2606:2800::1", 444), ("https://93.184.216.34", "93.184.216.34", 443),
    ])
  func hosts(url: String, host: String, port: Int) throws {
    let destination = try Destination(url: url, named: [])
    #expect(destination.host == host && destination.port == port && !destination.isNamed)
  }

  @Test(
    "no URL to go to",
    arguments: [
      "", "shop.example", "//shop.example/", "https://", "https:///path", "ftp://shop.example/",
      "file:///etc/passwd", "unix:///run/x", "http+unix://x/y", "https://me@shop.example/",
      "https://me:word@shop.example/", "https://shop.example:0/", "https://shop.example:65536/",
      "https://a b/",
    ])
  func refused(url: String) {
    #expect(throws: OutgoingError.badURL) { try Destination(url: url, named: ["shop.example:443"]) }
  }

  @Test("plain HTTP only to what the operator named, by host and port")
  func named() throws {
    let named: Set = ["shop.internal:8080", "::1:80"]
    #expect(throws: OutgoingError.notAllowed) { try Destination(url: "http://shop.example/", named: named) }
    #expect(throws: OutgoingError.notAllowed) { try Destination(url: "http://shop.internal/", named: named) }
    #expect(throws: OutgoingError.notAllowed) {
      try Destination(url: "http://shop.internal:8081/", named: named)
    }
    #expect(try Destination(url: "http://Shop.Internal:8080/", named: named).isNamed)
    #expect(try Destination(url: "http://[::1]/", named: named).isNamed)
    #expect(try !Destination(url: "https://shop.internal/", named: named).isNamed)
  }
}

@Suite("what SQL wants done with a job")
struct DecisionTests {
  @Test("a request with all its parts")
  func request() {
    var request = OutgoingRequest(url: "https://shop.example/")
    #expect(Decision(#"{"do": "request", "url": "https://shop.example/"}"#) == .request(request))
    request.method = "POST"
    request.headers = ["a": "b"]
    request.body = "ü"
    request.timeout = .milliseconds(1500)
    let text =
      #"{"do": "request", "url": "https://shop.example/", "method": "POST", "headers": {"a": "b"}, "body": "ü", "timeout_ms": 1500}"#
    #expect(Decision(text) == .request(request))
  }

  @Test(
    "the others",
    arguments: [
      (#"{"do": "again"}"#, Decision.again), (#"{"do": "wait", "seconds": 0.5}"#, .wait(.milliseconds(500))),
      (#"{"do": "wait", "seconds": 2}"#, .wait(.seconds(2))),
      (#"{"do": "stop", "status": "failed"}"#, .stop("failed")),
      (#"{"do": "dance"}"#, .stop("lost")), ("", .stop("lost")), ("[]", .stop("lost")),
    ])
  func others(text: String, decision: Decision) { #expect(Decision(text) == decision) }

  @Test("jobs and a pause")
  func claim() {
    let claim = Claim(
      #"{"jobs": [{"job_id": 7, "kind": "walk", "steps": 3}, {"kind": "odd"}], "wait_ms": 1500.5}"#)
    #expect(claim.jobs == [Claim.Job(id: 7, kind: "walk", steps: 3)])
    #expect(claim.wait == .milliseconds(1500.5))
    #expect(Claim("").jobs.isEmpty && Claim("").wait == .seconds(10))
  }
}
