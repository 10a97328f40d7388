import Database
import Foundation
import HTTPTypes
import Hummingbird

/// `/api`, `/webhooks` and their description: endpoints that are rows in the database, each answered by a function.
struct RouteDoor: Sendable {
  private static let largestBody = 1 << 20

  let desk: Desk

  /// Adds the door's paths.
  func add(to router: Router<Context>) {
    for method in Router<Context>.methods {
      for path in ["/api/**", "/webhooks/**", "/openapi.json"] {
        router.on(RouterPath(path), method: method) { request, context in
          do throws(RestError) { return try await answer(request, context) } catch {
            return RouteError.response(error)
          }
        }
      }
    }
  }

  private func answer(_ request: Request, _ context: Context) async throws(RestError) -> Response {
    let cache = try desk.schema.get()
    let matches = RouteMatch.all(request.uri.path, in: cache.routes)
    let method = request.method == .head ? "GET" : request.method.rawValue
    guard let found = matches.first(where: { $0.route.method == method }) else {
      if matches.isEmpty { throw RestError(404, "NOT_FOUND", "There is no endpoint \(request.uri.path)") }
      let methods = Set(matches.map(\.route.method))
      return RouteError.wrongMethod(allowed: Array(methods) + (methods.contains("GET") ? ["HEAD"] : []))
    }
    let caller = try await desk.callers.find(request.head)
    guard found.route.role == Names.anonymous || !caller.isAnonymous else {
      throw RestError(401, "AUTH_REQUIRED", "This endpoint is for those who have signed in")
    }
    let arguments = try RouteArguments(
      request, context.bytes(of: request, limit: Self.largestBody), path: found.values,
      of: cache.overloads(found.route.function_name))
    let function = try arguments.choose(cache, found.route.function_name)
    let isReading = request.method == .head || (method == "GET" && found.route.writes != true)
    let isReadOnly = isReading || !function.is_volatile
    let call = RouteCall.statement(function, in: cache.schema, arguments: arguments.all)
    let transaction = desk.transaction(
      function.returns_cursor == true ? [call, RouteCall.cursorPieces(in: cache.schema)] : [call], as: caller,
      readOnly: isReadOnly, client: isReadOnly ? nil : desk.client(of: request, context), cache: cache)
    do {
      return function.returns_set || function.returns_cursor == true
        ? try await stream(transaction, caller, context.presence, isHead: request.method == .head)
        : try await single(transaction, caller, context.presence, isVoid: function.is_void)
    } catch let error as RestError where error.code.hasPrefix("22") || error.code == "23514" {
      throw await arguments.problem(with: function, in: desk.pool) ?? error
    } catch let error as RestError {
      throw error
    } catch {
      throw RestError(500, "INTERNAL", "The answer cannot be made")
    }
  }

  private func single(
    _ transaction: Transaction, _ caller: Caller, _ presence: Presence, isVoid: Bool
  ) async throws -> Response {
    let rows = try await desk.run(transaction, as: caller, presence: presence)[0]
    let settings = RouteSettings(status: rows.string(column: 1), headers: rows.string(column: 2))
    return Self.response(settings, isVoid: isVoid, ResponseBody(byteBuffer: rows.buffer(column: 0)))
  }

  /// Rows go out while they come in: a large answer is never whole in memory, and a client that takes no more stops
  /// the database, on a connection that none but its like use.
  private func stream(
    _ transaction: Transaction, _ caller: Caller, _ presence: Presence, isHead: Bool
  ) async throws -> Response {
    let (pool, ticket) = (desk.pool, desk.pool.ticket())
    let rows = RowStream { pool.resume(ticket) }
    presence.onLeave { pool.cancel(ticket) }
    Task {
      do throws(DatabaseError) {
        _ = try await pool.run(transaction, lane: Desk.Lane.streams, ticket: ticket) { rows.take($0) }
        rows.finish()
      } catch {
        rows.fail(RestError(error, isAnonymous: caller.isAnonymous))
      }
    }
    // The head is due only when there is something to say; whole answers have a length.
    var pieces = rows.pieces.makeAsyncIterator()
    let first = try await pieces.next() ?? ByteBuffer()
    rows.wrote(first)
    var second = try await pieces.next()
    while isHead, let piece = second {
      rows.wrote(piece)
      second = try await pieces.next()
    }
    guard let second else {
      presence.forget()
      return Self.response(rows.settings, isVoid: false, ResponseBody(byteBuffer: first))
    }
    let body = ResponseBody { writer in
      defer { presence.forget() }
      try await writer.write(first)
      try await writer.write(second)
      rows.wrote(second)
      for try await piece in rows.pieces {
        try await writer.write(piece)
        rows.wrote(piece)
      }
      try await writer.finish(nil)
    }
    return Self.response(rows.settings, isVoid: false, body)
  }

  private static func response(_ settings: RouteSettings, isVoid: Bool, _ body: ResponseBody) -> Response {
    var headers = settings.headers
    if headers[.contentType] == nil, !isVoid { headers[.contentType] = "application/json; charset=utf-8" }
    return Response(status: settings.status ?? (isVoid ? .noContent : .ok), headers: headers, body: body)
  }
}

/// A declared endpoint and the values that its path holds.
struct RouteMatch {
  /// The endpoint.
  let route: SchemaCache.Route
  /// The segments in braces by name.
  let values: [String: String]

  /// The endpoints for a path; those with fewer `{…}` come first, so `/api/x/new` before `/api/x/{id}`.
  static func all(_ path: String, in routes: [SchemaCache.Route]) -> [RouteMatch] {
    let segments = path.split(separator: "/", omittingEmptySubsequences: true)
    return routes.compactMap { route in match(segments, route).map { RouteMatch(route: route, values: $0) } }
      .sorted { $0.values.count < $1.values.count }
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
