import Foundation
import Server
import Testing

@Suite("/auth/v1 and who counts as whom")
struct AuthTests {
  private let password = #"{"email":"a@shop.example","password":"correct horse battery"}"#

  @Test("sign up, sign in, refresh, who am I, sign out")
  func walk() async throws {
    try await TestServer.with { (server) async throws in
      _ = try await server.signUp("a")
      let session = try await server.request("POST", "/auth/v1/token?grant_type=password", body: password)
      let token = try #require(session["access_token"])
      #expect(session["token_type"] == "bearer" && session.headers["cache-control"] == "no-store")
      #expect(session.headers["set-cookie"] == nil)
      #expect(try await server.request("GET", "/auth/v1/user", token: token)["email"] == "a@shop.example")
      let refreshed = try await server.request(
        "POST", "/auth/v1/token?grant_type=refresh_token",
        body: "{\"refresh_token\":\"\(session["refresh_token"] ?? "")\"}",
        token: "an expired or foreign bearer means nothing here")
      #expect(refreshed["access_token"] != nil, "\(refreshed.body)")
      #expect(try await server.request("POST", "/auth/v1/logout", token: token).status == 204)
      // The token is still signed and not expired, but its session is over.
      let afterwards = try await server.request("GET", "/rest/v1/sites", token: token)
      #expect(afterwards.status == 200 && afterwards.body == "[]")
      #expect(try await server.request("GET", "/auth/v1/user", token: token).status == 403)
    }
  }

  @Test("refusals in the words that clients know")
  func refusals() async throws {
    try await TestServer.with { (server) async throws in
      let wrong = try await server.request("POST", "/auth/v1/token?grant_type=password", body: password)
      #expect(wrong.status == 400 && wrong["error_code"] == "invalid_credentials")
      #expect(
        try await server.request("POST", "/auth/v1/token?grant_type=x", body: "{}")["error_code"]
          == "validation_failed")
      #expect(try await server.request("POST", "/auth/v1/signup", body: "{")["error_code"] == "bad_json")
      #expect(try await server.request("GET", "/auth/v1/user").status == 401)
      #expect(
        try await server.request("POST", "/auth/v1/otp", body: "{}")["error_code"] == "feature_disabled")
      #expect(try await server.request("GET", "/auth/v1/health").status == 200)
    }
  }

  @Test("a forged, unsigned or expired token is refused; one without a role is nobody's")
  func forged() async throws {
    try await TestServer.with { (server) async throws in
      let ours = await Tokens(secret: TestServer.secret)
      let theirs = await Tokens(secret: "another secret, just as long as ours is")
      let claims: [String: JsonValue] = ["role": .string("vibe_operator")]
      let now = Int(Date().timeIntervalSince1970)
      let old = try await ours.sign(claims.merging(["exp": .integer(now - 60)]) { $1 })
      let early = try await ours.sign(claims.merging(["nbf": .integer(now + 600)]) { $1 })
      let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJyb2xlIjoidmliZV9vcGVyYXRvciJ9."
      let cases = [
        (try await theirs.sign(claims), "PGRST301"), (none, "PGRST301"), ("x", "PGRST301"), (old, "PGRST303"),
        (early, "PGRST303"),
      ]
      for (token, code) in cases {
        let reply = try await server.request("GET", "/rest/v1/sites", token: token)
        #expect(reply.status == 401 && reply["code"] == code, "\(reply.body)")
        #expect(reply.headers["www-authenticate"]?.hasPrefix("Bearer error=\"invalid_token\"") == true)
        let byKey = try await server.request("GET", "/rest/v1/sites", headers: ["apikey": token])
        #expect(byKey["code"] == code)
      }
      let nobody = try await server.request("GET", "/rest/v1/sites", token: try await ours.sign([:]))
      #expect(nobody.status == 401 && nobody["code"] == "42501")
      // A role that the server may not take is refused by the database, whoever signed it.
      let owner = try await server.request(
        "GET", "/rest/v1/sites", token: try await ours.sign(["role": .string("postgres")]))
      #expect(owner.status == 403 && owner["code"] == "42501", "\(owner.body)")
    }
  }

  @Test("a cookie counts only for pages of our own")
  func cookies() async throws {
    try await TestServer.with { (server) async throws in
      _ = try await server.tenant("a")
      let session = try await server.request(
        "POST", "/auth/v1/token?grant_type=password", body: password, headers: ["X-Vibe-Session": "cookie"])
      let header = try #require(session.headers["set-cookie"])
      #expect(
        header.contains("HttpOnly") && header.contains("SameSite=Strict") && header.hasPrefix("vibe_session=")
      )
      let cookie = String(header.prefix { $0 != ";" })
      let own = "http://127.0.0.1:\(server.port)"
      let cases: [([String: String], Int)] = [
        (["Sec-Fetch-Site": "same-origin"], 200), (["Origin": own], 200), (["Referer": own + "/crm"], 200),
        ([:], 401),
        (["Sec-Fetch-Site": "cross-site", "Origin": own], 401), (["Sec-Fetch-Site": "same-site"], 401),
        (["Origin": "https://evil.example"], 401), (["Origin": "null"], 401),
        (["Origin": own + ".evil.example"], 401),
      ]
      for (headers, status) in cases {
        let reply = try await server.request(
          "GET", "/rest/v1/sites", headers: headers.merging(["Cookie": cookie]) { $1 })
        #expect(reply.status == status, "\(headers)")
      }
      let out = try await server.request(
        "POST", "/auth/v1/logout",
        headers: ["Cookie": cookie, "Sec-Fetch-Site": "same-origin", "X-Vibe-Session": "cookie"])
      #expect(out.status == 204 && out.headers["set-cookie"]?.contains("Max-Age=0") == true)
    }
  }
}
