import HTTPTypes
import Hummingbird

/// `/rest/v1`: reads and writes of relations, calls of functions, in the PostgREST dialect.
struct RestDoor: Sendable {
  /// The largest body that any door takes.
  static let largestBody = 5 << 20

  let desk: Desk

  /// Answers a request whose path begins with `/rest`.
  func answer(_ request: Request, _ context: Context) async -> Response {
    do throws(RestError) {
      // Bytes, not characters: this is asked of every request.
      let path = request.uri.path.utf8.split(separator: UInt8(ascii: "/")).map { Substring($0) }
      guard path.count > 1, path[1] == "v1" else { throw .badPath }
      switch path.count {
      case 2: throw RestError(404, "PGRST126", "Root endpoint metadata is disabled")
      case 3: return try await relation(try name(path[2]), request, context)
      case 4 where path[2] == "rpc": return try await call(try name(path[3]), request, context)
      default: throw .badPath
      }
    } catch { return RestAnswer.response(error) }
  }

  private func relation(
    _ name: String, _ request: Request, _ context: Context
  ) async throws(RestError) -> Response {
    let cache = try desk.schema.get()
    let caller = try await desk.callers.find(request.head)
    let isRead = request.method == .get || request.method == .head
    var wishes = try Negotiation(request.headers, isRead: isRead, exposing: Names.profiles)
    wishes.wantsBody = request.method != .head
    let query = try QueryString(request.uri.query ?? "", ignoring: "apikey")
    let relation = try cache.relation(name)
    let method = request.method.rawValue
    if request.method == .options {
      return Response(status: .ok, headers: [.allow: "OPTIONS,\(relation.methods.joined(separator: ","))"])
    }
    if request.method == .put {
      throw .notImplemented("PUT; use POST with Prefer: resolution=merge-duplicates")
    }
    guard relation.methods.contains(method) else {
      throw .method(method, details: "'\(relation.name)' takes \(relation.methods.joined(separator: ", "))")
    }
    let plan: Plan
    switch request.method {
    case .post:
      let body = try json(request, context)
      plan = try .insert(into: relation, in: cache, body: body, query: query, wishes: wishes)
    case .patch:
      let body = try json(request, context)
      plan = try .update(relation, in: cache, body: body, query: query, wishes: wishes)
    case .delete: plan = try .delete(from: relation, in: cache, query: query, wishes: wishes)
    default:
      plan = try .read(relation, in: cache, query: query, wishes: wishes, maximum: desk.settings.maximumRows)
    }
    return try await run(plan, wishes, request, context, caller: caller, cache: cache, name: relation.name)
  }

  private func call(
    _ name: String, _ request: Request, _ context: Context
  ) async throws(RestError) -> Response {
    let cache = try desk.schema.get()
    let caller = try await desk.callers.find(request.head)
    if request.method == .options { return Response(status: .ok, headers: [.allow: "OPTIONS,GET,HEAD,POST"]) }
    let isRead = request.method == .get || request.method == .head
    guard isRead || request.method == .post else {
      throw RestError(405, "PGRST101", "Cannot use the \(request.method.rawValue) method on RPC")
    }
    var wishes = try Negotiation(request.headers, isRead: isRead, exposing: Names.profiles)
    wishes.wantsBody = request.method != .head
    let query = try QueryString(request.uri.query ?? "", ignoring: "apikey")
    let arguments =
      isRead
      ? Arguments(query: query, of: cache.overloads(name)) : try Arguments(body: json(request, context))
    let function = try cache.function(name, given: arguments.names)
    let plan = try Plan.call(
      function, in: cache, arguments: arguments, query: query, wishes: wishes,
      maximum: desk.settings.maximumRows, readOnly: isRead)
    return try await run(plan, wishes, request, context, caller: caller, cache: cache, name: name)
  }

  /// A segment of the path.
  private func name(_ segment: Substring) throws(RestError) -> String {
    // Nearly no name has a percent sign, and Foundation takes its time to find out.
    if !segment.utf8.contains(UInt8(ascii: "%")) { return String(segment) }
    guard let decoded = segment.removingPercentEncoding else { throw .badPath }
    return decoded
  }

  private func json(_ request: Request, _ context: Context) throws(RestError) -> [UInt8] {
    let body = try context.bytes(of: request, limit: Self.largestBody)
    // What nearly all clients send needs no look at its letters.
    guard !body.isEmpty, let given = request.headers.first(.contentType), given != "application/json" else {
      return body
    }
    let type = given.prefix { $0 != ";" }.trimming().lowercased()
    guard type == "application/json" || type == "application/vnd.pgrst.object+json" else {
      throw .badBody("Content-Type not acceptable: \(type)")
    }
    return body
  }

  private func run(
    _ plan: Plan, _ wishes: Negotiation, _ request: Request, _ context: Context, caller: Caller,
    cache: SchemaCache, name: String
  ) async throws(RestError) -> Response {
    let client = plan.isReadOnly ? nil : desk.client(of: request, context)
    let result = try await desk.run(
      plan.statement, check: plan.check, as: caller, readOnly: plan.isReadOnly, client: client, cache: cache,
      presence: context.presence)
    return try RestAnswer.response(result, of: plan, wishes: wishes, name: name)
  }
}
