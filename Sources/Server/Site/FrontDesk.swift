import Glibc
import HTTPTypes
import Hummingbird
import Logging
import ServiceLifecycle
import Synchronization

/// Around every request: its id, its time, the headers all answers carry, CORS, and an answer for every error.
struct FrontDesk: Sendable {
  let settings: Settings
  let metrics: Metrics
  let rest: RestDoor
  let track: TrackDoor
  /// All other doors.
  let others: RouterResponder<Context>
  private let clock = HeaderClock()

  /// Answers a request.
  func answer(_ request: Request, _ context: Context) async -> Response {
    let start = ContinuousClock.now
    var context = context
    if let id = proxyID(of: request, context) { context.id = id }
    let door = Self.door(request.uri.path)
    let isShared = !settings.corsOrigins.isEmpty && door != "track"
    let origin = isShared ? allowedOrigin(of: request) : nil
    var response: Response
    if request.method == .options, origin != nil {
      response = preflight(request)
    } else {
      switch door {
      case "rest": response = await rest.answer(request, context)
      case "track": response = await track.answer(request, context)
      default:
        response =
          (try? await others.respond(to: request, context: context)) ?? Response(status: .internalServerError)
      }
    }
    // What came after the head of an answer to HEAD would be read as the beginning of the next answer.
    if request.method == .head { response = response.createHeadResponse() }
    response.headers[.requestID] = context.id
    response.headers[.date] = clock.text
    response.headers[.server] = "vibe"
    if isShared { response.headers.append(HTTPField(name: .vary, value: "Origin")) }
    if let origin { allow(origin, &response) }
    // Another request on this connection would find nobody.
    if Task.isShuttingDownGracefully { response.headers[.connection] = "close" }
    SecurityHeaders.add(to: &response.headers)
    let seconds = start.duration(to: .now) / .seconds(1)
    metrics.count(door: door, status: response.status.code, seconds: seconds)
    log(request, response, seconds: seconds, context)
    return response
  }

  /// The id that a trusted proxy gave, where it is fit for a log.
  private func proxyID(of request: Request, _ context: Context) -> String? {
    guard let id = request.headers[.requestID], settings.trusts(context.peer) else { return nil }
    return (1...128).contains(id.utf8.count) && id.utf8.allSatisfy { (0x21...0x7e).contains($0) } ? id : nil
  }

  private func log(_ request: Request, _ response: Response, seconds: Double, _ context: Context) {
    let level: Logger.Level = response.status.code >= 500 ? .warning : .debug
    // The path alone: query strings hold values, headers hold secrets.
    context.logger.log(
      level: level, "request",
      metadata: [
        "id": "\(context.id)",
        "method": "\(request.method.rawValue)", "path": "\(request.uri.path)",
        "status": "\(response.status.code)", "milliseconds": "\((seconds * 10_000).rounded() / 10)",
      ])
  }

  private static func door(_ path: String) -> String {
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

/// Words errors of the router, which has its own words for them, as ours.
struct RouterErrors: RouterMiddleware {
  func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    do { return try await next(request, context) } catch {
      let status = (error as? any HTTPResponseError)?.status ?? .internalServerError
      return RouteError.response(RestError(status.code, "", status.reasonPhrase))
    }
  }
}

/// The time as HTTP writes it, made once a second.
private final class HeaderClock: Sendable {
  private let last = Mutex((second: 0, text: ""))

  /// The date and time of now.
  var text: String {
    let now = time(nil)
    return last.withLock { last in
      if last.second != now { last = (now, Self.written(now)) }
      return last.text
    }
  }

  private static func written(_ second: Int) -> String {
    var second = second
    var parts = unsafe tm()
    unsafe gmtime_r(&second, &parts)
    return unsafe String(unsafeUninitializedCapacity: 40) { bytes in
      unsafe bytes.withMemoryRebound(to: CChar.self) { text in
        unsafe strftime(text.baseAddress, text.count, "%a, %d %b %Y %H:%M:%S GMT", &parts)
      }
    }
  }
}
