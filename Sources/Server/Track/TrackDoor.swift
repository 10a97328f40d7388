import HTTPTypes
import Hummingbird

/// `POST /track`: the tracker's batches from pages of any site; writes only, cookies mean nothing here.
struct TrackDoor: Sendable {
  /// The tracker sends at most about 20 kB, programs perhaps more.
  private static let largestBody = 256 << 10

  private let desk: Desk
  private let ingester: Ingester
  private let addresses: TokenBuckets
  private let sites: TokenBuckets

  /// A door that hands envelopes to `ingester`, as many as the settings allow.
  init(desk: Desk, ingester: Ingester) {
    self.desk = desk
    self.ingester = ingester
    addresses = TokenBuckets(rate: desk.settings.trackRate)
    sites = TokenBuckets(rate: desk.settings.siteTrackRate)
  }

  /// Answers a request whose path begins with `/track`.
  func answer(_ request: Request, _ context: Context) async -> Response {
    var response: Response
    do throws(RestError) {
      guard request.uri.path == "/track" else {
        throw RestError(404, "NOT_FOUND", "There is no endpoint \(request.uri.path)")
      }
      switch request.method {
      case .post: response = try await store(request, context)
      case .options: response = Self.permission
      default: return RouteError.wrongMethod(allowed: ["POST", "OPTIONS"])
      }
    } catch { response = RouteError.response(error) }
    // Any page may post and read the answer; which origins a site accepts, the database decides. Never with credentials.
    response.headers[.accessControlAllowOrigin] = "*"
    response.headers[.accessControlExposeHeaders] = "Retry-After, X-Request-Id"
    return response
  }

  /// A page that sends JSON as such asks first; text/plain needs no asking.
  private static var permission: Response {
    Response(
      status: .noContent,
      headers: [
        .accessControlAllowMethods: "POST", .accessControlAllowHeaders: "content-type",
        .accessControlMaxAge: "86400",
      ])
  }

  private func store(_ request: Request, _ context: Context) async throws(RestError) -> Response {
    // One without an address shares a bucket with its like.
    let network = Address(desk.address(of: request, context))?.network ?? []
    guard addresses.take(network) else { return limited("from this address") }
    let body = try context.bytes(of: request, limit: Self.largestBody)
    // One envelope that PostgreSQL cannot take as text would fail all that travel with it.
    guard !body.contains(0), String(validating: body, as: UTF8.self) != nil else {
      throw RestError(400, "VALIDATION_ERROR", "The request body must be UTF-8 without zero bytes")
    }
    // What names no site plainly shares a bucket, too.
    let site = JsonGlance.text(Names.siteKey, in: body).map { Array($0.utf8.prefix(64)) } ?? []
    guard sites.take(site) else { return limited("for this site") }
    let answer = try await ingester.store(body, meta: desk.client(of: request, context))
    if answer.status >= 400 {
      let refusal = JsonValue(text: String(buffer: answer.body))
      throw RestError(
        answer.status, refusal?["code"]?.text ?? "", refusal?["message"]?.text ?? "",
        details: refusal?["details"]?.text)
    }
    return Response(
      status: .init(code: answer.status), headers: [.contentType: "application/json; charset=utf-8"],
      body: .init(byteBuffer: answer.body))
  }

  private func limited(_ reason: String) -> Response {
    desk.metrics.add("vibe_track_limited_total")
    return RouteError.response(RestError(429, "RATE_LIMITED", "Too many requests \(reason)"))
  }
}
