import Server
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
          && policy.contains("frame-ancestors 'none'")
          && policy.hasSuffix("require-trusted-types-for 'script'; trusted-types 'none'"))
      #expect(page.headers["permissions-policy"]?.contains("geolocation=()") == true)
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

  @Test("files come packed to those who take it, each form with its own tag")
  func packed() async throws {
    try await TestServer.with { (server) async throws in
      let path = "/dashboard/shell.js"
      let plain = try await server.request(
        "GET", path, headers: ["Accept-Encoding": "identity"])
      let short = try await server.request(
        "HEAD", path, headers: ["Accept-Encoding": "br, gzip"])
      #expect(plain.headers["content-encoding"] == nil && short.headers["content-encoding"] == "gzip")
      #expect(plain.headers["vary"] == "Accept-Encoding" && short.headers["vary"] == "Accept-Encoding")
      let tags = [try #require(plain.headers["etag"]), try #require(short.headers["etag"])]
      #expect(tags[0] != tags[1])
      let length = try #require(short.headers["content-length"].flatMap { Int($0) })
      #expect(length > 0 && length * 2 < plain.body.utf8.count)
      for (tag, encoding, status) in [
        (tags[1], "gzip", 304), (tags[0], "gzip", 200), (tags[0], "gzip;q=0", 304),
        (tags[1], "identity", 200),
        ("W/\(tags[1])", "*", 304),
      ] {
        let again = try await server.request(
          "HEAD", path, headers: ["If-None-Match": tag, "Accept-Encoding": encoding])
        #expect(again.status == status, "\(tag) \(encoding)")
      }
      let image = try await server.request("HEAD", "/tracker.v1.js", headers: ["Accept-Encoding": "gzip"])
      #expect(image.headers["cache-control"] == "public, max-age=86400")
      #expect(image.headers["access-control-allow-origin"] == "*")
    }
  }

  @Test("figures are for this machine and for an operator whose session lives")
  func figures() async throws {
    try await TestServer.with { (server) async throws in
      func status(_ token: String? = nil) async throws -> Int {
        try await server.request("GET", "/metrics", token: token, headers: ["X-Forwarded-For": "127.0.0.1"])
          .status
      }
      let tenant = try await server.tenant("shop")
      let local = try await server.request("GET", "/metrics")
      #expect(
        local.status == 200 && local.body.contains("vibe_http_requests_total{door=\"auth\",status=\"200\"} 1")
      )
      for name in [
        "vibe_http_request_seconds_bucket", "# HELP vibe_database_busy Connections",
        "# TYPE vibe_database_busy gauge",
        "vibe_database_busy{lane=\"requests\"} ", "vibe_database_waiting{lane=\"tracking\"} ",
        "process_resident_memory_bytes ",
      ] {
        #expect(local.body.contains(name))
      }
      #expect(!local.body.contains(TestServer.secret))
      #expect(try await status() == 401)
      #expect(try await status(tenant.token) == 401)
      _ = try await server.sql("update vibe_private.users set is_operator = true")
      let token = try await server.request(
        "POST", "/auth/v1/token?grant_type=password",
        body: #"{"email":"shop@shop.example","password":"correct horse battery"}"#
      )["access_token"]
      #expect(try await status(token) == 200)
      _ = try await server.sql("update vibe_private.sessions set revoked_at = now()")
      #expect(try await status(token) == 401)
    }
  }

  @Test("a request keeps the id that a trusted proxy gave it, and no other")
  func requestIDs() async throws {
    let trusting = { @Sendable (settings: inout Settings) in
      settings.trustedProxies = ["127.0.0.1"].compactMap(AddressRange.init)
    }
    try await TestServer.with(change: trusting) { (server) async throws in
      func id(_ given: String?) async throws -> String? {
        try await server.request("GET", "/healthz", headers: given.map { ["X-Request-Id": $0] } ?? [:])
          .headers["x-request-id"]
      }
      #expect(try await id("from-the_proxy.1") == "from-the_proxy.1")
      let others = [
        try await id(nil), try await id("two words"), try await id(String(repeating: "x", count: 129)),
      ]
      #expect(Set(others).count == 3 && others.allSatisfy { (17...32).contains($0?.count ?? 0) }, "\(others)")
    }
    try await TestServer.with { (server) async throws in
      let reply = try await server.request("GET", "/healthz", headers: ["X-Request-Id": "forged"])
      #expect(reply.headers["x-request-id"] != "forged")
    }
  }

  @Test("any origin may be let in, still without credentials")
  func anyOrigin() async throws {
    try await TestServer.with(change: { $0.corsOrigins = ["*"] }) { (server) async throws in
      let origin = [
        "Origin": "https://anyone.example", "Access-Control-Request-Headers": "authorization, x-other",
      ]
      let asked = try await server.request("OPTIONS", "/rest/v1/sites", headers: origin)
      #expect(
        asked.status == 200 && asked.headers["access-control-allow-headers"] == "authorization, x-other")
      let reply = try await server.request("GET", "/healthz", headers: origin)
      #expect(reply.headers["access-control-allow-origin"] == "*")
      #expect(reply.headers["access-control-allow-credentials"] == nil)
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
}
