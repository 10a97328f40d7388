import HTTPTypes
import Hummingbird
import Logging

/// Around every request: its id, its time, the headers all answers carry, CORS, and an answer for every error.
struct FrontDesk: RouterMiddleware {
  let settings: Settings
  let metrics: Metrics

  func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    let start = ContinuousClock.now
    var response: Response
    if request.method == .options, request.uri.path != "/track", isListed(request) {
      response = preflight(request)
    } else {
      do { response = try await next(request, context) } catch { response = answer(error, request) }
    }
    // What came after the head of an answer to HEAD would be read as the beginning of the next answer.
    if request.method == .head { response = response.createHeadResponse() }
    let id = "\(context.id)"
    response.headers[.requestID] = id
    if isListed(request) { allow(request, &response) }
    SecurityHeaders.add(to: &response.headers)
    let seconds = start.duration(to: .now) / .seconds(1)
    metrics.count(door: door(request.uri.path), status: response.status.code, seconds: seconds)
    log(request, response, id: id, seconds: seconds, context.logger)
    return response
  }

  private func log(_ request: Request, _ response: Response, id: String, seconds: Double, _ logger: Logger) {
    let level: Logger.Level = response.status.code >= 500 ? .warning : .debug
    // The path alone: query strings hold values, headers hold secrets.
    logger.log(
      level: level, "request",
      metadata: [
        "id": "\(id)", "method": "\(request.method.rawValue)", "path": "\(request.uri.path)",
        "status": "\(response.status.code)", "milliseconds": "\((seconds * 10_000).rounded() / 10)",
      ])
  }

  private func door(_ path: String) -> String {
    switch path.split(separator: "/").first {
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
    let code = status == .notFound ? "not_found" : "failed"
    return RouteDoor.response(RestError(status.code, code, status.reasonPhrase))
  }

  // MARK: Pages of other sites

  private func isListed(_ request: Request) -> Bool {
    request.headers[.origin].map { settings.allowedOrigins.contains($0) } ?? false
  }

  /// Without credentials: a page of another site brings a token of its own, never our cookie.
  private func allow(_ request: Request, _ response: inout Response) {
    guard request.uri.path != "/track" else { return }
    response.headers[.accessControlAllowOrigin] = request.headers[.origin]
    response.headers[.vary] = "Origin"
    response.headers[.accessControlExposeHeaders] =
      "Content-Encoding, Content-Location, Content-Range, Content-Type, Date, Location, Server, Transfer-Encoding, Range-Unit"
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
