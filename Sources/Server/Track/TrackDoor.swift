import HTTPTypes
import Hummingbird

/// `POST /track`: the tracker's batches from pages of any site; writes only, cookies mean nothing here.
struct TrackDoor: Sendable {
  /// The tracker sends at most about 20 kB, programs perhaps more.
  private static let largestBody = 256 << 10

  let desk: Desk
  let ingester: Ingester
  let buckets: TokenBuckets

  /// Adds the door's paths.
  func add(to router: Router<Context>) {
    router.post("/track") { request, context in
      var response: Response
      do throws(RestError) { response = try await answer(request, context) } catch {
        response = RouteDoor.response(error)
      }
      Self.open(&response)
      return response
    }
    // A page that sends JSON as such asks first; text/plain needs no asking.
    router.on("/track", method: .options) { _, _ in
      var response = Response(status: .noContent)
      Self.open(&response)
      response.headers[.accessControlAllowMethods] = "POST"
      response.headers[.accessControlAllowHeaders] = "content-type"
      response.headers[.accessControlMaxAge] = "86400"
      return response
    }
  }

  /// Any page may post and read the answer; which origins a site accepts, the database decides. Never with credentials.
  private static func open(_ response: inout Response) { response.headers[.accessControlAllowOrigin] = "*" }

  private func answer(_ request: Request, _ context: Context) async throws(RestError) -> Response {
    guard buckets.take(desk.address(of: request, context)) else {
      desk.metrics.add("vibe_track_limited_total")
      var response = RouteDoor.response(
        RestError(429, "too_many_requests", "Too many requests from this address"))
      response.headers[.retryAfter] = "1"
      return response
    }
    let body = try await request.bytes(limit: Self.largestBody)
    // One envelope that PostgreSQL cannot take as text would fail all that travel with it.
    guard !body.contains(0), let envelope = String(validating: body, as: UTF8.self) else {
      throw RestError(400, "bad_encoding", "The request body must be UTF-8 without zero bytes")
    }
    let answer = try await ingester.store(envelope, meta: desk.client(of: request, context))
    return Response(
      status: .init(code: answer.status), headers: [.contentType: "application/json; charset=utf-8"],
      body: .init(byteBuffer: answer.body))
  }
}
