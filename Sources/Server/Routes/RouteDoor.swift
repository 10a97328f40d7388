import Foundation
import HTTPTypes
import Hummingbird

/// `/api` and `/webhooks`: endpoints that are rows in the database, each answered by a function.
struct RouteDoor: Sendable {
  private static let largestBody = 1 << 20

  let desk: Desk

  /// Adds the door's paths.
  func add(to router: Router<Context>) {
    for method in [HTTPRequest.Method.get, .post, .put, .patch, .delete] {
      for prefix in ["api", "webhooks"] {
        router.on("/\(prefix)/**", method: method) { request, context in
          do throws(RestError) { return try await answer(request, context) } catch {
            return Self.response(error)
          }
        }
      }
    }
  }

  private func answer(_ request: Request, _ context: Context) async throws(RestError) -> Response {
    let cache = try desk.schema.get()
    guard let found = RouteMatch.find(request.method.rawValue, request.uri.path, in: cache.routes) else {
      throw RestError(404, "not_found", "There is no endpoint \(request.method.rawValue) \(request.uri.path)")
    }
    let caller = try await desk.callers.find(request.head)
    guard found.route.role == Names.anonymous || !caller.isAnonymous else {
      throw RestError(401, "not_signed_in", "This endpoint is for those who have signed in")
    }
    let arguments = try await arguments(
      request, path: found.values, of: cache.overloads(found.route.function_name))
    let function = try cache.function(found.route.function_name, given: arguments.names)
    let isRead = request.method == .get
    let wishes = try Negotiation([:], isRead: isRead, exposing: [])
    let plan = try Plan.call(
      function, in: cache.schema, arguments: arguments, query: try QueryString(""), wishes: wishes,
      maximum: desk.settings.maximumRows, readOnly: isRead)
    let client = plan.isReadOnly ? nil : desk.client(of: request, context)
    let result = try await desk.run(
      plan.statement, as: caller, readOnly: plan.isReadOnly, client: client, cache: cache,
      presence: context.presence)
    return try RestAnswer.response(result, of: plan, wishes: wishes)
  }

  /// The path's values with those of the query or, for a method with a body, of the body.
  private func arguments(
    _ request: Request, path: [String: String], of overloads: [SchemaCache.Function]
  ) async throws(RestError) -> Arguments {
    if request.method == .get {
      let query = try QueryString(request.uri.query ?? "", ignoring: "apikey")
      let known = Set(overloads.flatMap { $0.arguments.map(\.name) })
      if let stranger = query.items.first(where: { !known.contains($0.name) }) {
        throw RestError(400, "unknown_parameter", "This endpoint has no parameter \"\(stranger.name)\"")
      }
      return Arguments(query: query, of: overloads).adding(path)
    }
    return try Arguments(body: await request.bytes(limit: Self.largestBody)).adding(path)
  }

  /// The error in the convention of these endpoints.
  static func response(_ error: RestError) -> Response {
    var body = JsonText()
    body.raw("{\"error\":")
    body.object([("code", error.code), ("message", error.message), ("details", error.details)])
    body.raw("}")
    var headers: HTTPFields = [.contentType: "application/json; charset=utf-8"]
    if error.status == 401 { headers[.wwwAuthenticate] = "Bearer" }
    if error.status == 503 { headers[.retryAfter] = "1" }
    return Response(status: .init(code: error.status), headers: headers, body: .init(byteBuffer: body.buffer))
  }

  /// The answer to a method that a path does not take.
  static func wrongMethod(allowed: [String]) -> Response {
    let allow = allowed.sorted().joined(separator: ", ")
    var response = response(RestError(405, "wrong_method", "This path takes \(allow)"))
    response.headers[.allow] = allow
    return response
  }
}

/// A declared endpoint and the values that its path holds.
struct RouteMatch {
  /// The endpoint.
  let route: SchemaCache.Route
  /// The segments in braces by name.
  let values: [String: String]

  /// The endpoint for a path; one with fewer `{…}` wins, so `/api/x/new` comes before `/api/x/{id}`.
  static func find(_ method: String, _ path: String, in routes: [SchemaCache.Route]) -> RouteMatch? {
    let segments = path.split(separator: "/", omittingEmptySubsequences: true)
    return routes.filter { $0.method == method }
      .compactMap { route in match(segments, route).map { RouteMatch(route: route, values: $0) } }
      .min { $0.values.count < $1.values.count }
  }

  private static func match(_ segments: [Substring], _ route: SchemaCache.Route) -> [String: String]? {
    let pattern = route.path.split(separator: "/")
    guard pattern.count == segments.count else { return nil }
    var values: [String: String] = [:]
    for (expected, segment) in zip(pattern, segments) {
      if expected.hasPrefix("{"), expected.hasSuffix("}") {
        guard let value = segment.removingPercentEncoding else { return nil }
        values[String(expected.dropFirst().dropLast())] = value
      } else if expected != segment {
        return nil
      }
    }
    return values
  }
}
