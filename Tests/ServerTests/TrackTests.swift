import Foundation
import Server
import Testing

@Suite("/track")
struct TrackTests {
  /// An envelope with one page view.
  private func envelope(_ key: String, visitor: Int = 1, id: UUID = UUID()) -> String {
    let now = Int(Date().timeIntervalSince1970 * 1000)
    return """
      {"site":"\(key)","sent_at":\(now),"visitor":"visitor-\(10_000 + visitor)","items":[{"type":"page_view","id":"\(id)",\
      "time":\(now),"url":"https://shop.example/\(visitor)"}]}
      """
  }

  @Test("many at once share transactions, and each has its own answer after the commit")
  func coalesces() async throws {
    try await TestServer.with { (server) async throws in
      let tenant = try await server.tenant("shop")
      let bodies = (0..<120).map { number in
        switch number {
        case 7: "not json"
        case 8: envelope("unknown-site-key", visitor: number)
        case 9: "{\"site\":\"\\u0000\"}"
        default: envelope(tenant.key, visitor: number)
        }
      }
      let statuses = try await withThrowingTaskGroup(of: (Int, Int).self) { group in
        for (number, body) in bodies.enumerated() {
          group.addTask { (number, try await server.request("POST", "/track", body: body).status) }
        }
        return try await group.reduce(into: [Int: Int]()) { $0[$1.0] = $1.1 }
      }
      for number in 0..<120 {
        let expected = number == 7 || number == 9 ? 400 : number == 8 ? 404 : 202
        #expect(statuses[number] == expected, "request \(number)")
      }
      #expect(try await server.sql("select count(*) from vibe.user_events") == "117")
      let figures = try await server.request("GET", "/metrics").body
      func figure(_ name: String) -> Int? {
        figures.split(separator: "\n").first { $0.hasPrefix(name + " ") }.flatMap {
          Int($0.split(separator: " ")[1])
        }
      }
      #expect(figure("vibe_track_envelopes_total") == 120)
      #expect(try #require(figure("vibe_track_transactions_total")) < 120)
    }
  }

  @Test("the same event twice is stored once")
  func repeats() async throws {
    try await TestServer.with { (server) async throws in
      let tenant = try await server.tenant("shop")
      let body = envelope(tenant.key)
      #expect(try await server.request("POST", "/track", body: body).status == 202)
      let again = try await server.request("POST", "/track", body: body)
      #expect(again.status == 202 && again.body.contains("\"duplicate\": 1"), "\(again.body)")
      #expect(try await server.sql("select count(*) from vibe.user_events") == "1")
    }
  }

  @Test("any page may post, never with credentials; too much or broken bytes are refused")
  func limits() async throws {
    try await TestServer.with { (server) async throws in
      let tenant = try await server.tenant("shop")
      let origin = ["Origin": "https://shop.example", "Content-Type": "text/plain"]
      let reply = try await server.request("POST", "/track", body: envelope(tenant.key), headers: origin)
      #expect(reply.headers["access-control-allow-origin"] == "*")
      #expect(reply.headers["access-control-allow-credentials"] == nil)
      let asked = try await server.request("OPTIONS", "/track", headers: origin)
      #expect(asked.status == 204 && asked.headers["access-control-allow-headers"] == "content-type")
      let huge = try await server.request("POST", "/track", body: String(repeating: "x", count: 300_000))
      #expect(huge.status == 413)
      #expect(try await server.request("POST", "/track", body: "{\"a\":\"\0\"}").status == 400)
      // A head that promises too much is answered before any of it has come.
      let wire = try Wire(port: server.port)
      wire.send("POST /track HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n")
      let early = await wire.read { $0.contains("PAYLOAD_TOO_LARGE") }
      #expect(early.hasPrefix("HTTP/1.1 413"))
      let odd = try await server.request("POST", "/track", body: #"{"site":"nobody"}"#, headers: origin)
      #expect(
        odd.status == 404
          && odd.body
            == #"{"error":{"code":"NOT_FOUND","message":"site is not the key of a site","details":"nobody"}}"#
      )
      #expect(odd.headers["access-control-allow-origin"] == "*")
      _ = try await server.sql("update vibe.sites set allowed_origins = '{https://shop.example}'")
      #expect(
        try await server.request("POST", "/track", body: envelope(tenant.key), headers: origin).status == 202)
      let stranger = try await server.request(
        "POST", "/track", body: envelope(tenant.key), headers: ["Origin": "https://evil.example"])
      #expect(stranger.status == 403 && stranger.headers["access-control-allow-origin"] == "*")
      let wrong = try await server.request("GET", "/track")
      #expect(wrong.status == 405 && wrong.headers["allow"] == "OPTIONS, POST")
    }
  }

  @Test("one site may not be sent to without end, whatever the addresses; others may")
  func siteRate() async throws {
    let change = { @Sendable (settings: inout Settings) in
      settings.siteTrackRate = 1
      settings.trustedProxies = ["127.0.0.1"].compactMap(AddressRange.init)
    }
    try await TestServer.with(change: change) { (server) async throws in
      let (busy, calm) = (try await server.tenant("busy"), try await server.tenant("calm"))
      var replies: [Reply] = []
      for number in 0..<8 {
        replies.append(
          try await server.request(
            "POST", "/track", body: envelope(busy.key, visitor: number),
            headers: ["X-Forwarded-For": "10.0.0.\(number)"]))
      }
      #expect(replies.prefix(5).allSatisfy { $0.status == 202 })
      let last = try #require(replies.last)
      #expect(
        last.status == 429 && last.headers["retry-after"] == "1" && last.body.contains("for this site"),
        "\(last.body)")
      #expect(last.headers["access-control-expose-headers"]?.contains("Retry-After") == true)
      #expect(try await server.request("POST", "/track", body: envelope(calm.key)).status == 202)
    }
  }

  @Test("one address may not send without end")
  func rate() async throws {
    try await TestServer.with(change: { $0.trackRate = 1 }) { (server) async throws in
      let tenant = try await server.tenant("shop")
      var statuses: [Int] = []
      for number in 0..<8 {
        statuses.append(
          try await server.request("POST", "/track", body: envelope(tenant.key, visitor: number)).status)
      }
      #expect(statuses.prefix(5).allSatisfy { $0 == 202 })
      #expect(statuses.last == 429)
    }
  }
}
