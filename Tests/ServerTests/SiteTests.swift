import Testing

@Suite("pages, health and figures")
struct SiteTests {
  @Test("pages carry a strict policy and a tag; nothing outside the list is found")
  func pages() async throws {
    try await TestServer.with(change: { $0.corsOrigins = ["https://app.example"] }) {
      (server) async throws in
      let page = try await server.request("GET", "/crm")
      #expect(page.status == 200 && page.headers["content-type"] == "text/html; charset=utf-8")
      let policy = try #require(page.headers["content-security-policy"])
      #expect(
        policy.contains("default-src 'none'") && !policy.contains("unsafe")
          && policy.contains("frame-ancestors 'none'"))
      #expect(page.headers["x-content-type-options"] == "nosniff")
      let tag = try #require(page.headers["etag"])
      let known = try await server.request("GET", "/crm", headers: ["If-None-Match": tag])
      #expect(known.status == 304 && known.body == "")
      #expect(
        try await server.request("GET", "/tracker.js").headers["cross-origin-resource-policy"]
          == "cross-origin")
      for path in [
        "/dashboard/../../../Package.swift", "/dashboard/%2e%2e/%2e%2e/Package.swift",
        "/dashboard//etc/passwd", "/nope",
      ] {
        #expect(try await server.request("GET", path).status == 404, "\(path)")
      }
      let listed = try await server.request(
        "GET", "/rest/v1/sites", headers: ["Origin": "https://app.example"])
      #expect(listed.headers["access-control-allow-origin"] == "https://app.example")
      #expect(listed.headers["access-control-allow-credentials"] == nil)
      let stranger = try await server.request(
        "GET", "/rest/v1/sites", headers: ["Origin": "https://evil.example"])
      #expect(stranger.headers["access-control-allow-origin"] == nil)
    }
  }

  @Test(
    "an answer to HEAD has a length and no body, which the next answer would begin with",
    arguments: ["/crm", "/nope", "/rest/v1/sites", "/rest/v1/rpc/demo_site_key", "/auth/v1/user"])
  func head(path: String) async throws {
    try await TestServer.with { (server) async throws in
      let wire = try Wire(port: server.port)
      wire.send(server.head("HEAD", path) + server.head("GET", "/healthz", close: true))
      let answers = await wire.read().components(separatedBy: "\r\n\r\n")
      #expect(answers.count == 3 && answers[1].hasPrefix("HTTP/1.1 200"), "\(answers)")
      #expect(answers[0].lowercased().contains("content-length: ") && !answers[0].contains("ength: 0"))
    }
  }

  @Test("endpoints declared in the database")
  func routes() async throws {
    let setup = [
      "create function vibe.test_hello(name text, times int default 1) returns json language sql stable as $$ select json_build_object('hello', name, 'times', times) $$",
      "grant execute on function vibe.test_hello(text, int) to vibe_anon",
    ]
    try await TestServer.with(setup: setup) { (server) async throws in
      _ = try await server.sql(
        "insert into vibe.routes values ('GET', '/api/hello/{name}', 'test_hello', 'vibe_anon'), ('POST', '/api/hello/{name}', 'test_hello', 'vibe_anon'), ('GET', '/api/closed', 'test_hello', 'vibe_member')"
      )
      #expect(
        try await eventually {
          try await server.request("GET", "/api/hello/a%20b?times=2").body
            == #"{"hello" : "a b", "times" : 2}"#
        })
      let posted = try await server.request("POST", "/api/hello/x", body: #"{"times":3,"name":"not this"}"#)
      #expect(posted.body == #"{"hello" : "x", "times" : 3}"#)
      #expect(try await server.request("GET", "/api/closed").status == 401)
      let unknown = try await server.request("GET", "/api/hello/x?time=2")
      #expect(unknown.status == 400 && unknown.body.hasPrefix(#"{"error":{"code":"unknown_parameter""#))
      #expect(try await server.request("GET", "/api/nope").status == 404)
      #expect(try await server.request("GET", "/api/demo").status == 200)
      let figures = try await server.request("GET", "/metrics").body
      #expect(
        figures.contains("vibe_http_requests_total{door=\"api\",status=\"200\"}")
          && !figures.contains(TestServer.secret))
    }
  }
}
