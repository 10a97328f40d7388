import Database
import HTTPTypes
import Hummingbird

/// `/auth/v1`: the database decides, the server signs what it says.
struct AuthDoor: Sendable {
  private static let largestBody = 16 << 10

  let desk: Desk

  /// Adds the door's paths.
  func add(to router: Router<Context>) {
    let door = router.group("/auth/v1")
    door.post("/signup") { request, context in await answer("signup", request, context) }
    door.post("/token") { request, context in
      switch (try? QueryString(request.uri.query ?? ""))?.first("grant_type") {
      case "password": return await answer("password", request, context)
      case "refresh_token": return await answer("refresh", request, context)
      default:
        return Self.problem(400, "validation_failed", "grant_type must be password or refresh_token")
      }
    }
    door.get("/user") { request, context in await answer("user", request, context) }
    door.post("/logout") { request, context in await answer("logout", request, context) }
    door.get("/health") { _, _ in
      Self.json(status: .ok, ByteBuffer(string: "{\"name\":\"vibe\",\"description\":\"sign-in of vibe\"}"))
    }
    for path in ["/**", "/"] {
      for method in [HTTPRequest.Method.get, .post, .put, .delete] {
        door.on(RouterPath(path), method: method) { request, _ in
          Self.problem(
            422, "feature_disabled", "\(request.method.rawValue) \(request.uri.path) is not offered")
        }
      }
    }
  }

  private func answer(_ action: String, _ request: Request, _ context: Context) async -> Response {
    do { return try await perform(action, request, context) } catch {
      switch error.code {
      case "PGRST301", "PGRST303": return Self.problem(403, "bad_jwt", error.message)
      case "22P02", "PGRST102": return Self.problem(400, "bad_json", "The request body must be a JSON object")
      default: return Self.problem(error.status, "unexpected_failure", error.message)
      }
    }
  }

  private func perform(_ action: String, _ request: Request, _ context: Context) async throws(RestError)
    -> Response
  {
    // Clients send a bearer token, perhaps an expired one, also when they sign in: there it means nothing.
    let needsCaller = action == "user" || action == "logout"
    let caller = needsCaller ? try await desk.callers.find(request.head) : .anonymous
    var body = request.method == .get ? [] : try await request.bytes(limit: Self.largestBody)
    if action == "logout", let scope = try QueryString(request.uri.query ?? "").first("scope") {
      var text = JsonText()
      text.object([("scope", scope)])
      body = Array(text.buffer.readableBytesView)
    }
    _ = try JsonKeys.object(body.isEmpty ? Array("{}".utf8) : body)
    let statement = Names.auth(
      action, request: body.isEmpty ? Array("{}".utf8) : body, meta: meta(request, context, caller))
    let result: ResultSet
    do {
      // In a lane of its own: bcrypt takes a good part of a second of processor time.
      result = try await desk.pool.run(Transaction([statement]), lane: Desk.Lane.signIn)[0]
    } catch {
      throw RestError(error, isAnonymous: false)
    }
    return try await response(result, action: action, request, context)
  }

  private func meta(_ request: Request, _ context: Context, _ caller: Caller) -> String {
    var text = JsonText()
    text.raw("{\"token_minutes\":\(desk.settings.tokenMinutes),\"address\":")
    text.string(desk.address(of: request, context))
    text.raw(",\"user_agent\":")
    text.string(request.headers[.userAgent] ?? "")
    text.raw(",\"claims\":\(caller.isAnonymous ? "null" : caller.claims)}")
    return String(buffer: text.buffer)
  }

  private func response(
    _ result: ResultSet, action: String, _ request: Request, _ context: Context
  ) async throws(RestError) -> Response {
    let status = result.integer(column: 0) ?? 500
    let body = result.buffer(column: 1)
    var response = Self.json(status: .init(code: status), body)
    if status == 429 { response.headers[.retryAfter] = "60" }
    let wantsCookie = request.headers[.session] == "cookie"
    if let claims = result.string(column: 2), let values = JsonValue(text: claims)?.members {
      guard let token = try? await desk.tokens.sign(values) else {
        throw RestError(500, "XX000", "The token cannot be signed")
      }
      response = Self.json(status: .init(code: status), Self.adding(token, to: body))
      if wantsCookie { response.headers[.setCookie] = try await cookie(values, request, context) }
    } else if action == "logout", wantsCookie || SessionCookie.token(in: request.headers) != nil {
      response.headers[.setCookie] = SessionCookie.header(
        token: "", overTLS: desk.isOverTLS(request, context))
    }
    if status == 204 { response.body = ResponseBody() }
    return response
  }

  /// The cookie lasts as long as a session can: the database ends it earlier when the session ends.
  private func cookie(_ claims: [String: JsonValue], _ request: Request, _ context: Context)
    async throws(RestError) -> String
  {
    var lasting = claims
    if case .integer(let issued)? = claims["iat"] {
      lasting["exp"] = .integer(issued + SessionCookie.seconds)
    }
    guard let token = try? await desk.tokens.sign(lasting) else {
      throw RestError(500, "XX000", "The token cannot be signed")
    }
    return SessionCookie.header(token: token, overTLS: desk.isOverTLS(request, context))
  }

  /// The JSON object `body` with the access token as its first member.
  private static func adding(_ token: String, to body: ByteBuffer) -> ByteBuffer {
    var text = JsonText()
    text.raw("{\"access_token\":")
    text.string(token)
    var buffer = text.buffer
    var rest = body
    rest.moveReaderIndex(forwardBy: min(1, rest.readableBytes))
    if rest.readableBytes > 1 { buffer.writeInteger(UInt8(ascii: ",")) }
    buffer.writeBuffer(&rest)
    return buffer
  }

  private static func json(status: HTTPResponse.Status, _ body: ByteBuffer) -> Response {
    Response(
      status: status, headers: [.contentType: "application/json; charset=utf-8", .cacheControl: "no-store"],
      body: .init(byteBuffer: body))
  }

  private static func problem(_ status: Int, _ code: String, _ message: String) -> Response {
    var text = JsonText()
    text.raw("{\"code\":\(status),\"error_code\":")
    text.string(code)
    text.raw(",\"msg\":")
    text.string(message)
    text.raw("}")
    return json(status: .init(code: status), text.buffer)
  }
}
