import Foundation
import Server
import Testing

@Suite("/realtime/v1/sse")
struct RealtimeTests {
  private func insert(_ site: Int, _ visitor: String) -> String {
    "insert into vibe.site_users (site_id, anonymous_id) values (\(site), '\(visitor)')"
  }

  @Test("a change reaches those who may see its site, once, and nobody else")
  func rights() async throws {
    try await TestServer.with { (server) async throws in
      let (a, b) = (try await server.tenant("alpha"), try await server.tenant("beta"))
      let mine = try await server.stream("?tables=site_users", token: a.token)
      let theirs = try await server.stream("?tables=site_users", token: b.token)
      let other = try await server.stream("?tables=site_sessions", token: a.token)
      #expect(mine.start.contains("event: ready\ndata: {}"))
      #expect(mine.start.lowercased().contains("content-type: text/event-stream"))
      _ = try await server.sql(insert(a.site, "visitor-alpha"))
      let heard = await mine.wire.read(for: 5) { $0.contains("visitor-alpha") }
      #expect(
        heard.contains("event: change\ndata: {") && heard.contains("\"table\":\"site_users\""), "\(heard)")
      #expect(heard.contains("id: "))
      let more = await mine.wire.read(for: 0.5)
      #expect(!more.contains("visitor-alpha"))
      #expect(!(await theirs.wire.read(for: 0.3)).contains("visitor-alpha"))
      #expect(!(await other.wire.read(for: 0.3)).contains("visitor-alpha"))
    }
  }

  @Test("who comes back with the last id misses nothing and hears nothing twice")
  func comesBack() async throws {
    try await TestServer.with { (server) async throws in
      let tenant = try await server.tenant("alpha")
      // Another listener keeps the feed running meanwhile.
      let steady = try await server.stream("", token: tenant.token)
      let first = try await server.stream("", token: tenant.token)
      _ = try await server.sql(insert(tenant.site, "visitor-first"))
      let heard = await first.wire.read(for: 5) { $0.contains("visitor-first") }
      let id = try #require(
        heard.components(separatedBy: "id: ").last?.split(whereSeparator: \.isNewline).first)
      first.wire.close()
      for number in 1...3 { _ = try await server.sql(insert(tenant.site, "visitor-later-\(number)")) }
      let again = try await server.stream("", token: tenant.token, headers: ["Last-Event-ID": String(id)])
      let rest = again.start + (await again.wire.read(for: 1))
      #expect(!rest.contains("visitor-first"))
      for number in 1...3 {
        #expect(rest.components(separatedBy: "visitor-later-\(number)").count == 2, "\(rest)")
      }
      let old = try await server.stream("", token: tenant.token, headers: ["Last-Event-ID": "nonsense"])
      #expect((old.start + (await old.wire.read(for: 0.5))).contains("event: resync"))
      steady.wire.close()
    }
  }

  @Test("a page of any length arrives whole, and goes on where the stream broke, whatever the place")
  func pages() async throws {
    try await TestServer.with { (server) async throws in
      let tenant = try await server.tenant("alpha")
      let stream = try await server.stream("", token: tenant.token)
      // One transaction, so all its changes are in one page.
      let insert =
        "insert into vibe.site_users (site_id, anonymous_id) values (\(tenant.site), 'visitor-page' || lpad(i::text, 4, '0'))"
      _ = try await server.sql("do $$ begin for i in 1..600 loop \(insert); end loop; end $$")
      let heard = await stream.wire.read(for: 10) {
        $0.contains("visitor-page0600\"")
      }
      for number in ["0001", "0599", "0600"] { #expect(heard.contains("visitor-page\(number)\"")) }
      let events = heard.components(separatedBy: "\n\n").filter { $0.contains("event: change") }
      #expect(events.count == 600)
      for place in [0, 1, 298, 598, 599] {
        let id = try #require(events[place].split(whereSeparator: \.isNewline).first { $0.hasPrefix("id: ") })
        let again = try await server.stream(
          "", token: tenant.token, headers: ["Last-Event-ID": String(id.dropFirst(4))])
        _ = try await server.sql(self.insert(tenant.site, "visitor-later"))
        let rest = again.start + (await again.wire.read(for: 10) { $0.contains("visitor-later") })
        again.wire.close()
        #expect(rest.components(separatedBy: "visitor-page").count - 1 == 599 - place)
        #expect(place == 599 || rest.contains("visitor-page\(String(format: "%04d", place + 2))\""))
        _ = try await server.sql("delete from vibe.site_users where anonymous_id = 'visitor-later'")
      }
      for nonsense in [">>", "a>b>1", "1:1:>2:2:>0", ">>-5", "\(events.count)>1:1:@1>99999999999999999999"] {
        let odd = try await server.stream("", token: tenant.token, headers: ["Last-Event-ID": nonsense])
        #expect(
          (odd.start + (await odd.wire.read(for: 10) { $0.contains("resync") })).contains("event: resync"))
      }
    }
  }

  @Test("while nobody listens the feed sleeps, also after a ring")
  func sleeps() async throws {
    try await TestServer.with { (server) async throws in
      let tenant = try await server.tenant("alpha")
      func turns() async throws -> Int {
        let figures = try await server.request("GET", "/metrics").body
        let line = figures.split(separator: "\n").first { $0.hasPrefix("vibe_realtime_turns_total ") }
        return line.flatMap { Int($0.split(separator: " ")[1]) } ?? 0
      }
      let before = try await turns()
      _ = try await server.sql(insert(tenant.site, "anna"))
      #expect(try await eventually { try await turns() > before }, "the bell was not heard")
      let start = try await turns()
      try await Task.sleep(for: .milliseconds(600))
      // Once a second, and not every 15 ms.
      #expect(try await turns() - start <= 3)
    }
  }

  @Test("who does not read is cut off")
  func neverReads() async throws {
    try await TestServer.with { (server) async throws in
      let tenant = try await server.tenant("alpha")
      let stream = try await server.stream("", token: tenant.token)
      func isOpen() async throws -> Bool {
        try await server.request("GET", "/metrics").body.contains("vibe_realtime_subscribers 1\n")
      }
      #expect(try await isOpen())
      // Fill the buffers of both ends, then the queue, a page at a time.
      for number in 1...30 {
        _ = try await server.sql(
          "insert into vibe.site_users (site_id, name) values (\(tenant.site), repeat('\(number % 10)', 1000000))"
        )
        try await Task.sleep(for: .milliseconds(20))
      }
      for number in 1...600 {
        if number % 100 == 0, try await !isOpen() { break }
        _ = try await server.sql(insert(tenant.site, "visitor-\(number)"))
        try await Task.sleep(for: .milliseconds(16))
      }
      #expect(try await eventually { try await !isOpen() })
      stream.wire.close()
    }
  }

  @Test("a token whose session nobody can read keeps nobody else from hearing")
  func oddToken() async throws {
    try await TestServer.with { (server) async throws in
      let tenant = try await server.tenant("alpha")
      let odd = try await Tokens(secret: TestServer.secret).sign([
        "role": .string("vibe_member"), "session_id": .string("no uuid"),
      ])
      let wire = try Wire(port: server.port)
      wire.send(server.head("GET", "/realtime/v1/sse", token: odd))
      #expect(await wire.read(for: 5) { $0.contains("event: end") }.contains("the session has ended"))
      #expect(try await server.stream("", token: tenant.token).start.contains("event: ready"))
    }
  }

  @Test("anonymous callers and unknown tables are refused")
  func refused() async throws {
    try await TestServer.with { (server) async throws in
      #expect(try await server.request("GET", "/realtime/v1/sse").status == 401)
      let tenant = try await server.tenant("alpha")
      #expect(
        try await server.request("GET", "/realtime/v1/sse?tables=nope", token: tenant.token).status == 404)
    }
  }

  @Test("a stream ends with a reason when the server stops")
  func stops() async throws {
    try await TestServer.with { (server) async throws in
      let tenant = try await server.tenant("alpha")
      let stream = try await server.stream("", token: tenant.token)
      await server.beginToStop()
      let end = await stream.wire.read(for: 10) { $0.contains("event: end") }
      #expect(end.contains("the server is shutting down"))
    }
  }
}
