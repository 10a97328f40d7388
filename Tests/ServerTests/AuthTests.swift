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
      #expect(afterwards.status == 401 && afterwards["code"] == "PGRST303", "\(afterwards.body)")
      #expect(afterwards.headers["www-authenticate"]?.contains("invalid_token") == true)
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
      for body in ["{", "[]", "{\"email\":\"\\u0000\"}", "\0"] {
        let bad = try await server.request("POST", "/auth/v1/signup", body: body)
        #expect(bad.status == 400 && bad["error_code"] == "bad_json", "\(bad.body)")
      }
      let long = String(repeating: " ", count: 20_000)
      let large = try await server.request("POST", "/auth/v1/signup", body: long)
      #expect(large.status == 413 && large["error_code"] == "bad_json")
      #expect(try await server.request("GET", "/auth/v1/user").status == 401)
      for (method, path) in [
        ("POST", "/otp"), ("GET", "/admin/users"), ("DELETE", "/admin/users/1"), ("PATCH", "/user"),
        ("GET", "/authorize?provider=github"), ("POST", "/factors"), ("POST", "/token?grant_type=pkce"),
        ("GET", "/"),
      ] {
        let refusal = try await server.request(method, "/auth/v1\(path)", body: "{}")
        #expect(refusal.status == 422 && refusal["error_code"] == "feature_disabled", "\(path)")
      }
      #expect(try await server.request("GET", "/auth/v1/user", token: "x")["error_code"] == "bad_jwt")
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
      // A role without a session gives nothing, whoever signed it.
      for role in ["postgres", "vibe_operator", "vibe_member"] {
        let reply = try await server.request(
          "GET", "/rest/v1/routes", token: try await ours.sign(["role": .string(role)]))
        #expect(reply.status == 401 && reply["code"] == "PGRST303", "\(reply.body)")
      }
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
      // What scripts cannot read in the cookie they shall not read in the body either.
      #expect(
        session["access_token"] == nil && session["refresh_token"] == nil && session.body.contains("a@shop"))
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
      // A page that still sends it is a page without a session: it may do what anyone may.
      let left = ["Cookie": cookie, "Sec-Fetch-Site": "same-origin"]
      #expect(try await server.request("GET", "/rest/v1/sites", headers: left).status == 401)
      #expect(try await server.request("GET", "/api/demo", headers: left).status == 200)
    }
  }

  @Test("an account is changed by its owner alone; a new password ends the other sessions")
  func change() async throws {
    try await TestServer.with { (server) async throws in
      let token = try await server.signUp("a")
      let other = try await server.request("POST", "/auth/v1/token?grant_type=password", body: password)
      let changed = try await server.request(
        "PUT", "/auth/v1/user", body: #"{"data":{"name":"Ann"},"password":"battery staple"}"#, token: token)
      #expect(
        changed.status == 200 && changed.body.contains(#""user_metadata": {"name": "Ann"}"#),
        "\(changed.body)")
      #expect(try await server.request("GET", "/rest/v1/sites", token: other["access_token"]).status == 401)
      #expect(try await server.request("GET", "/rest/v1/sites", token: token).status == 200)
      let stale = try await server.request("POST", "/auth/v1/token?grant_type=password", body: password)
      #expect(stale["error_code"] == "invalid_credentials")
      let weak = try await server.request("PUT", "/auth/v1/user", body: #"{"password":"x"}"#, token: token)
      #expect(weak.status == 422 && weak["error_code"] == "weak_password" && weak.body.contains("reasons"))
      #expect(
        try await server.request("PUT", "/auth/v1/user", body: "{}")["error_code"] == "no_authorization")
      let reset = try #require(try await server.sql("select vibe.create_password_reset('a@shop.example')"))
      let body = "{\"type\":\"recovery\",\"token_hash\":\"\(reset)\"}"
      let session = try await server.request("POST", "/auth/v1/verify", body: body)
      #expect(session.status == 200 && session["access_token"] != nil, "\(session.body)")
      #expect(try await server.request("POST", "/auth/v1/verify", body: body)["error_code"] == "otp_expired")
    }
  }

  @Test("who may sign up is a setting, and told", arguments: Settings.Signup.allCases)
  func signup(_ setting: Settings.Signup) async throws {
    try await TestServer.with(change: { $0.signup = setting }) { (server) async throws in
      let told = try await server.request("GET", "/auth/v1/settings")
      #expect(told.body.contains("\"disable_signup\":\(setting == .closed)"))
      #expect(told.body.contains("\"mailer_autoconfirm\":\(setting == .open)"))
      #expect(try await server.request("GET", "/auth/v1/.well-known/jwks.json").body == #"{"keys":[]}"#)
      let reply = try await server.request("POST", "/auth/v1/signup", body: password)
      #expect(reply["error_code"] == (setting == .closed ? "signup_disabled" : nil), "\(reply.body)")
      #expect((reply["access_token"] != nil) == (setting == .open))
      #expect((reply["email"] == "a@shop.example") == (setting == .confirm))
    }
  }

  @Test("a company signs up with a session in a cookie; pages of others cannot sign anybody up")
  func company() async throws {
    try await TestServer.with { (server) async throws in
      let body = #"{"email":"a@shop.example","password":"correct horse battery","company":"Acme"}"#
      let path = "/api/auth/signup"
      let foreign = try await server.request(
        "POST", path, body: body, headers: ["Origin": "https://evil.example", "Content-Type": "text/plain"])
      #expect(
        foreign.status == 403 && foreign.headers["set-cookie"] == nil
          && foreign.body.contains("FOREIGN_ORIGIN"))
      let made = try await server.request(
        "POST", path, body: body, headers: ["Origin": "http://127.0.0.1:\(server.port)"])
      #expect(made.status == 200 && made["redirectTo"] == "/onboarding/start", "\(made.body)")
      let cookie = try #require(made.headers["set-cookie"]).prefix { $0 != ";" }
      let user = try await server.request(
        "GET", "/auth/v1/user", headers: ["Cookie": String(cookie), "Sec-Fetch-Site": "same-origin"])
      #expect(user["email"] == "a@shop.example")
      let twice = try await server.request("POST", path, body: body)
      #expect(
        twice.status == 409 && twice.body.contains("USER_ALREADY_EXISTS")
          && twice.headers["set-cookie"] == nil)
    }
  }

  @Test("API keys: told once, limited, and ended at once")
  func keys() async throws {
    try await TestServer.with { (server) async throws in
      let (token, _, _) = try await server.tenant("a")
      let made = try await server.request(
        "POST", "/rest/v1/rpc/create_api_key", body: #"{"name":"k"}"#, token: token)
      let key = try #require((made.json as? String), "\(made.body)")
      // As the clients send keys: apikey alone, or the same as bearer too.
      #expect(
        try await server.request("GET", "/rest/v1/sites?select=name", headers: ["apikey": key]).body
          == #"[{"name":"a"}]"#)
      #expect(
        try await server.request("GET", "/rest/v1/sites?select=name", token: key, headers: ["apikey": key])
          .status == 200)
      let write = try await server.request("POST", "/rest/v1/customers", body: #"{"site_id":1}"#, token: key)
      #expect(write.status == 403, "\(write.body)")
      #expect(
        try await server.request("GET", "/auth/v1/user", token: key)["error_code"] == "no_authorization")
      // A minute's worth at once, then a steady rate: of one a minute the second is too many.
      let slow = try await server.request(
        "POST", "/rest/v1/rpc/create_api_key", body: #"{"name":"slow","requests_per_minute":1}"#, token: token
      )
      let slowKey = try #require(slow.json as? String)
      #expect(try await server.request("GET", "/rest/v1/sites", token: slowKey).status == 200)
      let late = try await server.request("GET", "/rest/v1/sites", token: slowKey)
      #expect(
        late.status == 429 && late["code"] == "over_request_rate_limit" && late.headers["retry-after"] != nil)
      #expect(try await server.request("GET", "/rest/v1/sites", token: key).status == 200)
      _ = try await server.sql("update vibe_private.api_keys set revoked_at = now()")
      #expect(try await server.request("GET", "/rest/v1/sites", token: key)["code"] == "PGRST303")
      for unknown in ["vibe_", "vibe_unknown", String(key.dropLast())] {
        let reply = try await server.request("GET", "/rest/v1/sites", token: unknown)
        #expect(reply.status == 401 && reply["code"] == "PGRST301")
      }
    }
  }
}
