/// One pipeline from the first message to its sync: eats what libpq hands out, says what it means.
///
/// Results belong to the command at the head of the line; a `nil` from libpq ends that command, the sync ends all.
/// - Note: an error may also belong to the sync itself (a deferred constraint fails at commit): no command is left then.
package struct Exchange<Output> {
  /// A message sent, by what its answer means to us.
  package enum Command {
    /// A prepare; once it has succeeded the statement exists, even if the transaction fails later.
    case prepare(StatementKey)
    /// An execution whose rows nobody reads.
    case discard
    /// An execution whose rows the caller wants.
    case keep
    /// An execution whose rows the caller wants one by one.
    case stream
  }

  /// What libpq handed out.
  package enum Event {
    case success(Output)
    /// One row of many.
    case row(Output)
    case failure(ServerError)
    /// Skipped, because something before it failed.
    case skipped
    case endOfCommand
    case synced
  }

  /// What the connection has to do about it.
  package enum Action {
    case none
    case remember(StatementKey)
    case hand(Output)
    case finish(Result<[Output], ServerError>)
  }

  private var commands: ArraySlice<Command>
  private var outputs: [Output] = []
  /// The first error so far.
  package private(set) var failure: ServerError?

  /// Whether what comes next is to come row by row.
  package var isStreaming: Bool { if case .stream? = commands.first { true } else { false } }

  /// An exchange that sent `commands` in this order, then a sync.
  package init(_ commands: [Command]) { self.commands = commands[...] }

  /// Takes the next event in.
  package mutating func receive(_ event: Event) -> Action {
    switch event {
    case .success(let output):
      switch commands.first {
      case .prepare(let key)?: return .remember(key)
      case .keep?: outputs.append(output)
      case .discard?, .stream?, nil: break
      }
    case .row(let output): return .hand(output)
    case .failure(let error):
      // The first error is the cause; what follows it in the same pipeline is its echo.
      if failure == nil { failure = error }
    case .skipped: break
    case .endOfCommand: _ = commands.popFirst()
    case .synced: return .finish(failure.map(Result.failure) ?? .success(outputs))
    }
    return .none
  }
}

/// A prepared statement's place in the cache.
///
/// The role is part of it: a plan depends on the role through row security, and two roles that shared one prepared
/// statement would make PostgreSQL plan it anew at each change of role.
package struct StatementKey: Hashable {
  /// The text.
  package let sql: String
  /// The role it was planned for.
  package let role: String?

  /// The key of a text under a role.
  package init(sql: String, role: String?) {
    self.sql = sql
    self.role = role
  }

  /// By length alone: a connection knows few texts, they differ in length, and to hash all their letters took a tenth of
  /// the time to send one.
  package func hash(into hasher: inout Hasher) {
    hasher.combine(sql.utf8.count)
    hasher.combine(role?.utf8.count)
  }
}
