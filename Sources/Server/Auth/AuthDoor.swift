import Database
import HTTPTypes
import Hummingbird

/// `/auth/v1`: the database decides, the server signs what it says.
struct AuthDoor: Sendable {
  private static let largestBody = 16 << 10
  /// What takes a good part of a second of processor time, for bcrypt.
  private static let slow: Set = ["signup", "company", "password", "update"]

  let desk: Desk

  /// Adds the door's paths.
  func add(to router: Router<Context>) {
    for method in [HTTPRequest.Method.get, .post, .put, .patch, .delete] {
      for path in ["/auth/v1/**", "/auth/v1"] {
        router.on(RouterPath(path), method: method) { request, context in await dispatch(request, context) }
      }
    }
    router.post("/api/auth/signup") { request, context in
      guard !SessionCookie.isElsewhere(request.head) else {
        return RouteError.response(RestError(403, "FOREIGN_ORIGIN", "Accounts are made from our own pages"))
      }
      return await answer("company", request, context)
    }
  }

  private func dispatch(_ request: Request, _ context: Context) async -> Response {
    let path = request.uri.path.dropFirst("/auth/v1/".count)
    switch "\(request.method.rawValue) \(path)" {
    case "POST signup": return await answer("signup", request, context)
    case "POST token":
      switch (try? QueryString(request.uri.query ?? ""))?.first("grant_type") {
      case "password": return await answer("password", request, context)
      case "refresh_token": return await answer("refresh", request, context)
      case "pkce", "id_token", "web3": return Self.disabled(request)
      default:
        return Self.problem(400, "validation_failed", "grant_type must be password or refresh_token")
      }
    case "POST verify": return await answer("verify", request, context)
    case "GET user": return await answer("user", request, context)
    case "PUT user": return await answer("update", request, context)
    case "POST logout": return await answer("logout", request, context)
    case "GET health": return Self.json(#"{"name":"vibe","description":"sign-in of vibe"}"#)
    case "GET settings":
      let (isClosed, isOpen) = (desk.settings.signup == .closed, desk.settings.signup == .open)
      return Self.json(
        """
        {"external":{"email":true,"phone":false,"anonymous_users":false},"disable_signup":\(isClosed),\
        "mailer_autoconfirm":\(isOpen),"phone_autoconfirm":false,"saml_enabled":false}
        """)
    // Tokens are signed with a secret: there is no public key to tell.
    case "GET .well-known/jwks.json": return Self.json(#"{"keys":[]}"#)
    default: return Self.disabled(request)
    }
  }

  private func answer(_ action: String, _ request: Request, _ context: Context) async -> Response {
    do { return try await perform(action, request, context) } catch {
      switch error.code {
      case _ where action == "company": return RouteError.response(error)
      case "PGRST301", "PGRST303": return Self.problem(403, "bad_jwt", error.message)
      case "22021", "PGRST102": return Self.problem(error.status, "bad_json", error.message)
      case "over_request_rate_limit": return Self.problem(error.status, error.code, error.message)
      default: return Self.problem(error.status, "unexpected_failure", error.message)
      }
    }
  }

  private func perform(
    _ action: String, _ request: Request, _ context: Context
  ) async throws(RestError) -> Response {
    // Clients send a bearer token, perhaps an expired one, also when they sign in: there it means nothing.
    let needsCaller = ["user", "update", "logout"].contains(action)
    let caller = needsCaller ? try await desk.callers.find(request.head) : .anonymous
    var body = try context.bytes(of: request, limit: Self.largestBody)
    var endsHere = false
    if action == "logout" {
      let scope = try QueryString(request.uri.query ?? "").first("scope") ?? "global"
      endsHere = scope != "others"
      var text = JsonText()
      text.object([("scope", scope)])
      body = Array(text.buffer.readableBytesView)
    }
    let inCookie = action == "company" || request.headers[.session] == "cookie"
    let statement = Names.auth(
      action, request: body, meta: meta(request, context, caller, inCookie: inCookie))
    let lane = Self.slow.contains(action) ? Desk.Lane.signIn : Desk.Lane.requests
    let result: ResultSet
    do { result = try await desk.pool.run(Transaction([statement]), lane: lane)[0] } catch {
      throw RestError(error, isAnonymous: false)
    }
    var token: String?
    if let claims = result.string(column: 2), let values = JsonValue(text: claims)?.members {
      token = try? await desk.tokens.sign(values)
      guard token != nil else { throw RestError(500, "XX000", "The token cannot be signed") }
    }
    var response = Self.response(result, token: inCookie ? nil : token)
    // An empty token removes the cookie.
    let ended = endsHere && (inCookie || SessionCookie.token(in: request.headers) != nil) ? "" : nil
    if let kept = inCookie ? token ?? ended : ended {
      response.headers[.setCookie] = SessionCookie.header(
        token: kept, overTLS: desk.isOverTLS(request, context))
    }
    return response
  }

  private func meta(_ request: Request, _ context: Context, _ caller: Caller, inCookie: Bool) -> String {
    var text = JsonText()
    text.raw("{\"token_minutes\":\(desk.settings.tokenMinutes),\"cookie\":\(inCookie)")
    text.raw(",\"signup\":\"\(desk.settings.signup.rawValue)\",\"address\":")
    text.string(desk.address(of: request, context))
    text.raw(",\"user_agent\":")
    text.string(request.headers[.userAgent] ?? "")
    text.raw(",\"claims\":\(caller.isAnonymous ? "null" : caller.claims)}")
    return String(buffer: text.buffer)
  }

  /// What the database answered, with `token` as the first member of the JSON object.
  private static func response(_ result: ResultSet, token: String?) -> Response {
    let status = result.integer(column: 0) ?? 500
    var body = result.buffer(column: 1)
    if let token {
      var text = JsonText()
      text.raw("{\"access_token\":")
      text.string(token)
      text.raw(",")
      var whole = text.buffer
      body.moveReaderIndex(forwardBy: min(1, body.readableBytes))
      whole.writeBuffer(&body)
      body = whole
    }
    var response = json(.init(code: status), body)
    if status == 429 { response.headers[.retryAfter] = "60" }
    if status == 204 { response.body = ResponseBody() }
    return response
  }

  private static func json(_ status: HTTPResponse.Status, _ body: ByteBuffer) -> Response {
    Response(
      status: status, headers: [.contentType: "application/json; charset=utf-8", .cacheControl: "no-store"],
      body: .init(byteBuffer: body))
  }

  private static func json(_ text: String) -> Response { json(.ok, ByteBuffer(string: text)) }

  private static func disabled(_ request: Request) -> Response {
    problem(422, "feature_disabled", "\(request.method.rawValue) \(request.uri.path) is not offered")
  }

  private static func problem(_ status: Int, _ code: String, _ message: String) -> Response {
    var text = JsonText()
    text.raw("{\"code\":\(status),\"error_code\":")
    text.string(code)
    text.raw(",\"msg\":")
    text.string(message)
    text.raw("}")
    var response = json(.init(code: status), text.buffer)
    if status == 503 { response.headers[.retryAfter] = "1" }
    return response
  }
}
