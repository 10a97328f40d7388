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
}
