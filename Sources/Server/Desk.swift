import Database
import HTTPTypes
import Hummingbird
import NIOCore

/// What every door works with.
package struct Desk: Sendable {
  /// The lanes of the pool, by index.
  enum Lane {
    static let requests = 0
    static let signIn = 1
    static let tracking = 2
    static let feed = 3
    static let streams = 4
    static let work = 5
    static let workKeeping = 6
  }

  /// How the server runs.
  package let settings: Settings
  /// The database.
  package let pool: Pool
  /// What the database offers.
  package let schema: SchemaStore
  /// Signs tokens.
  package let tokens: Tokens
  /// Finds out who asks.
  package let callers: Callers
  /// Counts.
  package let metrics: Metrics

  /// Runs one statement as `caller`, with the settings of the caller's role, and cancels it when the client goes away.
  ///
  /// - Parameter check: runs after it, and undoes it by an error.
  func run(
    _ statement: Statement, check: Statement? = nil, as caller: Caller, readOnly: Bool, client: String? = nil,
    cache: SchemaCache, presence: Presence
  ) async throws(RestError) -> ResultSet {
    let transaction = transaction(
      [statement] + (check.map { [$0] } ?? []), as: caller, readOnly: readOnly, client: client, cache: cache)
    return try await run(transaction, as: caller, presence: presence)[0]
  }

  /// A transaction as `caller`, with the settings of the caller's role.
  func transaction(
    _ statements: [Statement], as caller: Caller, readOnly: Bool, client: String?, cache: SchemaCache
  ) -> Transaction {
    var settings = cache.roles[caller.role] ?? []
    let check = caller.isAnonymous ? nil : Names.sessionCheck.function
    settings.append(Setting(Names.claims, caller.claims, check: check))
    if let client { settings.append(Setting(Names.client, client)) }
    return Transaction(statements, role: caller.role, settings: settings, readOnly: readOnly)
  }

  /// Runs a transaction made for `caller`, and cancels it when the client goes away.
  func run(
    _ transaction: Transaction, as caller: Caller, presence: Presence
  ) async throws(RestError) -> [ResultSet] {
    let ticket = pool.ticket()
    presence.onLeave { [pool] in pool.cancel(ticket) }
    defer { presence.forget() }
    do {
      return try await pool.run(transaction, lane: Lane.requests, ticket: ticket)
    } catch {
      guard case .refused(let cause) = error, cause.sqlState == Names.sessionCheck.refusal else {
        throw RestError(error, isAnonymous: caller.isAnonymous)
      }
      guard caller.isFromCookie else { throw RestError(401, "PGRST303", cause.message, hint: cause.hint) }
    }
    // Nothing was done yet. A page whose session has ended is a page without one.
    var anonymous = transaction
    anonymous.role = Names.anonymous
    anonymous.settings = transaction.settings.map {
      $0.name == Names.claims ? Setting(Names.claims, Caller.anonymous.claims) : $0
    }
    return try await run(anonymous, as: .anonymous, presence: presence)
  }

  /// Where a request comes from, as the SQL functions read it.
  func client(of request: Request, _ context: Context) -> String {
    var text = JsonText()
    text.object([
      ("address", address(of: request, context)), ("user_agent", request.headers.first(.userAgent)),
      ("origin", request.headers.first(.origin)), ("accept_language", request.headers.first(.acceptLanguage)),
      ("sec_fetch_mode", request.headers.first(.secFetchMode)),
    ])
    return String(buffer: text.buffer)
  }

  /// The client's address.
  func address(of request: Request, _ context: Context) -> String {
    ClientAddress.find(
      peer: context.peer, forwardedFor: request.headers[values: .forwardedFor],
      trusted: settings.trustedProxies)
  }

  /// Whether the client reached the proxy over TLS.
  func isOverTLS(_ request: Request, _ context: Context) -> Bool {
    settings.trusts(context.peer) && request.headers[.forwardedProto] == "https"
  }
}

extension Router<Context> {
  /// Answers 405 to the methods that `path` does not take.
  func refuseOthers(than allowed: Set<HTTPRequest.Method>, at path: RouterPath) {
    for method in Self.methods.subtracting(allowed) {
      on(path, method: method) { _, _ in RouteError.wrongMethod(allowed: allowed.map(\.rawValue)) }
    }
  }

  /// The methods that any path may be asked with.
  static var methods: Set<HTTPRequest.Method> {
    [.get, .head, .post, .put, .patch, .delete, .options]
  }
}

extension HTTPField.Name {
  /// How a browser came to make the request; programs seldom send it.
  static var secFetchMode: Self { Self(parsed: "sec-fetch-mode") ?? .origin }
}
