import HTTPTypes
import Hummingbird
import Logging
import ServiceLifecycle

/// Around every request: its id, its time, the headers all answers carry, CORS, and an answer for every error.
struct FrontDesk: RouterMiddleware {
  let settings: Settings
  let metrics: Metrics

  func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    let start = ContinuousClock.now
    var context = context
    if let id = proxyID(of: request, context) {
      context.logger[metadataKey: "hb.request.id"] = "\(id)"
    }
    let isShared = !settings.corsOrigins.isEmpty && request.uri.path != "/track"
    let origin = isShared ? allowedOrigin(of: request) : nil
    var response: Response
    if request.method == .options, origin != nil {
      response = preflight(request)
    } else {
      do { response = try await next(request, context) } catch { response = answer(error, request) }
    }
    // What came after the head of an answer to HEAD would be read as the beginning of the next answer.
    if request.method == .head { response = response.createHeadResponse() }
    response.headers[.requestID] = context.id
    if isShared { response.headers.append(HTTPField(name: .vary, value: "Origin")) }
    if let origin { allow(origin, &response) }
    // Another request on this connection would find nobody.
    if Task.isShuttingDownGracefully { response.headers[.connection] = "close" }
    SecurityHeaders.add(to: &response.headers)
    let seconds = start.duration(to: .now) / .seconds(1)
    metrics.count(door: door(request.uri.path), status: response.status.code, seconds: seconds)
    log(request, response, seconds: seconds, context.logger)
    return response
  }

  /// The id that a trusted proxy gave, where it is fit for a log.
  private func proxyID(of request: Request, _ context: Context) -> String? {
    guard let id = request.headers[.requestID], settings.trusts(context.peer) else { return nil }
    return (1...128).contains(id.utf8.count) && id.utf8.allSatisfy { (0x21...0x7e).contains($0) } ? id : nil
  }

  private func log(_ request: Request, _ response: Response, seconds: Double, _ logger: Logger) {
    let level: Logger.Level = response.status.code >= 500 ? .warning : .debug
    // The path alone: query strings hold values, headers hold secrets.
    logger.log(
      level: level, "request",
      metadata: [
        "method": "\(request.method.rawValue)", "path": "\(request.uri.path)",
        "status": "\(response.status.code)", "milliseconds": "\((seconds * 10_000).rounded() / 10)",
      ])
  }

  private func door(_ path: String) -> String {
    // Bytes, not characters: this is asked of every request.
    switch Substring(path.utf8.drop { $0 == UInt8(ascii: "/") }.prefix { $0 != UInt8(ascii: "/") }) {
    case "rest": "rest"
    case "auth": "auth"
    case "track": "track"
    case "realtime": "realtime"
    case "api", "webhooks": "api"
    default: "site"
    }
  }

  private func answer(_ error: any Error, _ request: Request) -> Response {
    let status = (error as? any HTTPResponseError)?.status ?? .internalServerError
    if request.uri.path.hasPrefix("/rest/") {
      return RestAnswer.response(
        status == .notFound
          ? RestError(404, "PGRST125", "Invalid path specified in request URL")
          : RestError(status.code, "XX000", status.reasonPhrase))
    }
    return RouteError.response(RestError(status.code, "", status.reasonPhrase))
  }

  // MARK: Pages of other sites

  private func allowedOrigin(of request: Request) -> String? {
    guard let origin = request.headers[.origin] else { return nil }
    if settings.corsOrigins.contains("*") { return "*" }
    return settings.corsOrigins.contains(origin) ? origin : nil
  }

  /// Without credentials: a page of another site brings a token of its own, never our cookie.
  private func allow(_ origin: String, _ response: inout Response) {
    response.headers[.accessControlAllowOrigin] = origin
    response.headers[.accessControlExposeHeaders] =
      "Content-Encoding, Content-Location, Content-Range, Content-Type, Date, Location, Server, Transfer-Encoding, "
      + "Range-Unit, Retry-After, X-Request-Id"
  }

  private func preflight(_ request: Request) -> Response {
    Response(
      status: .ok,
      headers: [
        .accessControlAllowMethods: "GET, POST, PATCH, PUT, DELETE, OPTIONS, HEAD",
        .accessControlAllowHeaders: request.headers[.accessControlRequestHeaders] ?? "Authorization",
        .accessControlMaxAge: "86400",
      ])
  }
}
