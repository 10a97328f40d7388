import Foundation
import Testing

@Suite("the server's life", .serialized)
struct LifeTests {
  private let slow = [
    "create function vibe.test_slow(seconds float8) returns text language sql as 'select pg_sleep(seconds)::text || ''done'''",
    "grant execute on function vibe.test_slow(float8) to vibe_anon",
  ]

  @Test("a request under way is answered while the server stops")
  func graceful() async throws {
    try await TestServer.with(setup: slow) { (server) async throws in
      async let reply = server.request("POST", "/rest/v1/rpc/test_slow", body: #"{"seconds":1}"#)
      try await Task.sleep(for: .milliseconds(300))
      await server.stop()
      #expect(try await reply.body == "\"done\"")
      #expect(throws: (any Error).self) { try Wire(port: server.port) }
    }
  }

  @Test("a client that goes away takes its query with it")
  func disconnect() async throws {
    try await TestServer.with(setup: slow) { (server) async throws in
      let running =
        "select count(*) from pg_stat_activity where state = 'active' and usename = 'vibe_server' and query like '%test_slow%'"
      let wire = try Wire(port: server.port)
      let body = #"{"seconds":2.5}"#
      wire.send(server.head("POST", "/rest/v1/rpc/test_slow", body: body) + body)
      #expect(try await eventually { try await server.sql(running) == "1" })
      let start = ContinuousClock.now
      wire.close()
      #expect(try await eventually { try await server.sql(running) == "0" })
      #expect(start.duration(to: .now) < .seconds(1))
    }
  }

  @Test("lost connections are replaced; health says what is")
  func lostConnections() async throws {
    try await TestServer.with(setup: slow) { (server) async throws in
      let terminate =
        "select count(pg_terminate_backend(pid)) from pg_stat_activity where usename = 'vibe_server' and datname = current_database()"
      async let hit = server.request("POST", "/rest/v1/rpc/test_slow", body: #"{"seconds":2}"#)
      try await Task.sleep(for: .milliseconds(300))
      _ = try await server.sql(terminate)
      let reply = try await hit
      #expect(
        reply.status == 503 && reply["code"] == "PGRST001" && reply.headers["retry-after"] == "1",
        "\(reply.body)")
      // A connection whose end has not been noticed yet may fail one more.
      #expect(
        try await eventually {
          try await server.request("POST", "/rest/v1/rpc/test_slow", body: #"{"seconds":0}"#).status == 200
        })
      #expect(try await eventually { try await server.request("GET", "/healthz").status == 200 })
    }
  }

  @Test("requests that come together are answered in their order, nonsense after them by the last answer")
  func pipelined() async throws {
    try await TestServer.with { (server) async throws in
      let wire = try Wire(port: server.port)
      let body = #"{"site":"nobody"}"#
      wire.send(
        server.head("GET", "/healthz") + server.head("POST", "/track", body: body) + body
          + String(repeating: server.head("GET", "/rest/v1/nothing"), count: 20) + "and now for\r\n\r\n")
      let answers = await wire.read().components(separatedBy: "HTTP/1.1 ").dropFirst().map { $0.prefix(3) }
      #expect(answers == ["200", "404"] + Array(repeating: "404", count: 20) + ["400"])
    }
  }

  @Test(
    "a connection ends when the client says so, in any letters, or knows no other way",
    arguments: [
      "HTTP/1.1\r\nHost: x\r\nConnection: Close", "HTTP/1.1\r\nHost: x\r\nConnection: TE, close", "HTTP/1.0",
    ])
  func lastRequest(_ manner: String) async throws {
    try await TestServer.with { (server) async throws in
      let wire = try Wire(port: server.port)
      wire.send("GET /healthz \(manner)\r\n\r\n")
      let start = ContinuousClock.now
      let answer = await wire.read().lowercased()
      #expect(answer.hasPrefix("http/1.1 200") && answer.contains("connection: close"), "\(answer)")
      #expect(start.duration(to: .now) < .seconds(5))
    }
  }
}
