import HTTPTypes
import Hummingbird

/// `/rest/v1`: reads and inserts of relations, calls of functions, in the PostgREST dialect.
struct RestDoor: Sendable {
  private static let largestBody = 5 << 20

  let desk: Desk

  /// Adds the door's paths.
  func add(to router: Router<Context>) {
    let door = router.group("/rest/v1")
    for method in [HTTPRequest.Method.get, .head, .post, .put, .patch, .delete] {
      door.on("/rpc/:function", method: method) { request, context in
        await answer { () async throws(RestError) in try await call(request, context) }
      }
      door.on("/:relation", method: method) { request, context in
        await answer { () async throws(RestError) in try await relation(request, context) }
      }
      door.on("/", method: method) { _, _ in
        RestAnswer.response(.notImplemented("The OpenAPI description at the root"))
      }
    }
  }

  private func answer(_ work: () async throws(RestError) -> Response) async -> Response {
    do { return try await work() } catch { return RestAnswer.response(error) }
  }

  private func relation(_ request: Request, _ context: Context) async throws(RestError) -> Response {
    let cache = try desk.schema.get()
    let caller = try await desk.callers.find(request.head)
    let isRead = request.method == .get || request.method == .head
    let wishes = try Negotiation(request.headers, isRead: isRead, exposing: Names.profiles)
    let query = try QueryString(request.uri.query ?? "", ignoring: "apikey")
    let relation = try cache.relation(context.parameters.get("relation") ?? "")
    switch request.method {
    case .get, .head:
      let plan = try Plan.read(
        relation, in: cache.schema, query: query, wishes: wishes, maximum: desk.settings.maximumRows)
      return try await run(plan, wishes, request, context, caller: caller, cache: cache)
    case .post:
      let body = try await request.bytes(limit: Self.largestBody)
      let plan = try Plan.insert(into: relation, in: cache.schema, body: body, query: query, wishes: wishes)
      return try await run(plan, wishes, request, context, caller: caller, cache: cache)
    default: throw .notImplemented("\(request.method.rawValue) on tables")
    }
  }

  private func call(_ request: Request, _ context: Context) async throws(RestError) -> Response {
    let cache = try desk.schema.get()
    let caller = try await desk.callers.find(request.head)
    let name = context.parameters.get("function") ?? ""
    let isRead = request.method == .get || request.method == .head
    guard isRead || request.method == .post else {
      throw RestError(405, "PGRST101", "Cannot use the \(request.method.rawValue) method on RPC")
    }
    let wishes = try Negotiation(request.headers, isRead: isRead, exposing: Names.profiles)
    let query = try QueryString(request.uri.query ?? "", ignoring: "apikey")
    let arguments =
      isRead
      ? Arguments(query: query, of: cache.overloads(name))
      : try Arguments(body: await request.bytes(limit: Self.largestBody))
    let function = try cache.function(name, given: arguments.names)
    let plan = try Plan.call(
      function, in: cache.schema, arguments: arguments, query: query, wishes: wishes,
      maximum: desk.settings.maximumRows, readOnly: isRead)
    return try await run(plan, wishes, request, context, caller: caller, cache: cache)
  }

  private func run(
    _ plan: Plan, _ wishes: Negotiation, _ request: Request, _ context: Context, caller: Caller,
    cache: SchemaCache
  ) async throws(RestError) -> Response {
    let client = plan.isReadOnly ? nil : desk.client(of: request, context)
    let result = try await desk.run(
      plan.statement, as: caller, readOnly: plan.isReadOnly, client: client, cache: cache,
      presence: context.presence)
    return try RestAnswer.response(result, of: plan, wishes: wishes)
  }
}
