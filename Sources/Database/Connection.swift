import CLibPQ

/// One libpq connection, never blocking; belongs to the loop's thread.
///
/// It says what happened through return values and leaves what follows (queues, pauses, callers) to the loop.
@safe final class Connection {
  /// What the connection is doing.
  enum Phase {
    /// Not connected; try at this time.
    case down(until: ContinuousClock.Instant)
    /// A handshake that must end by this time.
    case connecting(deadline: ContinuousClock.Instant)
    case idle
    case busy
  }

  /// What came of reading.
  enum Progress {
    case nothing
    case connected
    case finished(Result<[ResultSet], ServerError>)
    case lost(String)
  }

  private static let handshakeTime = Duration.seconds(10)
  /// How many prepared statements a connection keeps; past it, it forgets all and starts again.
  private static let statementLimit = 500

  private let address: DatabaseAddress
  private var handle: OpaquePointer?
  private var exchange: Exchange<ResultSet>?
  private var prepared: [StatementKey: String] = [:]
  private var backoff = Backoff()
  private var envelopes = Envelopes()
  /// What it is doing now.
  private(set) var phase: Phase
  /// Whether unsent bytes wait for the socket.
  private(set) var wantsToWrite = false
  /// Whether rows stay with the server until their reader has caught up.
  var isPaused = false

  /// A connection to `address` that will be tried at once.
  init(to address: DatabaseAddress) {
    self.address = address
    phase = .down(until: .now)
  }

  /// The socket to watch; `nil` while there is none.
  var socket: Int32? {
    guard let handle = unsafe handle else { return nil }
    let descriptor = unsafe PQsocket(handle)
    return descriptor >= 0 ? descriptor : nil
  }

  /// Begins a handshake.
  func connect() -> Progress {
    var keywords = address.keywords
    keywords["password"] = address.password?.text
    let names = CStrings(keywords.map { Parameter.text($0.key) } + [.null])
    let values = CStrings(keywords.map { Parameter.text($0.value) } + [.null])
    unsafe handle = names.withPointers { names in
      unsafe values.withPointers { unsafe PQconnectStartParams(names, $0, 0) }
    }
    // Notices are for people at a terminal; libpq would print them on ours.
    _ = unsafe PQsetNoticeProcessor(handle, { _, _ in }, nil)
    phase = .connecting(deadline: .now + Self.handshakeTime)
    wantsToWrite = true
    return unsafe PQstatus(handle) == CONNECTION_BAD ? .lost(errorMessage) : .nothing
  }

  /// Goes on with a handshake after its socket became ready.
  func continueHandshake() -> Progress {
    switch unsafe PQconnectPoll(handle) {
    case PGRES_POLLING_READING: wantsToWrite = false
    case PGRES_POLLING_WRITING: wantsToWrite = true
    case PGRES_POLLING_OK:
      guard unsafe PQsetnonblocking(handle, 1) == 0, unsafe PQenterPipelineMode(handle) == 1 else {
        return .lost(errorMessage)
      }
      backoff.reset()
      phase = .idle
      wantsToWrite = false
      return .connected
    default: return .lost(errorMessage)
    }
    return .nothing
  }

  /// Sends all of `transaction` and its sync; only when idle. Its rows come together or, `streaming`, one by one.
  func send(_ transaction: Transaction, streaming: Bool) -> Progress {
    var commands: [Exchange<ResultSet>.Command] = []
    var complete = true
    if prepared.count >= Self.statementLimit {
      prepared.removeAll()
      complete = unsafe PQsendQueryParams(handle, "deallocate all", 0, nil, nil, nil, nil, 0) == 1
      commands.append(.discard)
    }
    var fresh: [StatementKey: String] = [:]
    if let envelope = envelopes.statement(for: transaction) {
      complete = complete && send(envelope, role: nil, last: .discard, fresh: &fresh, commands: &commands)
    }
    for statement in transaction.statements {
      complete =
        complete
        && send(
          statement, role: transaction.role, last: streaming ? .stream : .keep, fresh: &fresh,
          commands: &commands)
    }
    if complete { complete = unsafe PQpipelineSync(handle) == 1 }
    exchange = Exchange(commands)
    phase = .busy
    freshNames = fresh
    return complete ? flush() : .lost(errorMessage)
  }

  private var freshNames: [StatementKey: String] = [:]
  private var nameCount = 0

  private func send(
    _ statement: Statement, role: String?, last: Exchange<ResultSet>.Command,
    fresh: inout [StatementKey: String],
    commands: inout [Exchange<ResultSet>.Command]
  ) -> Bool {
    let key = StatementKey(sql: statement.sql, role: role)
    var name = prepared[key] ?? fresh[key]
    if name == nil {
      nameCount += 1
      name = "s\(nameCount)"
      fresh[key] = name
      guard unsafe PQsendPrepare(handle, name, statement.sql, 0, nil) == 1 else { return false }
      commands.append(.prepare(key))
    }
    commands.append(last)
    return unsafe CStrings(statement.parameters).withPointers { values in
      unsafe PQsendQueryPrepared(handle, name, Int32(statement.parameters.count), values, nil, nil, 0) == 1
    }
  }

  /// Sends what the socket takes.
  func flush() -> Progress {
    let rest = unsafe PQflush(handle)
    wantsToWrite = rest == 1
    return rest < 0 ? .lost(errorMessage) : .nothing
  }

  /// Reads what has come; `row` gets each row that comes by itself and says whether to go on, `notified` gets the channel
  /// and payload of each notification.
  func receive(row: (ResultSet) -> Bool, notified: (String, String) -> Void) -> Progress {
    guard unsafe PQconsumeInput(handle) == 1 else { return .lost(exchange?.failure?.message ?? errorMessage) }
    // Not the exchange itself: a second holder would make it copy what it gathered, at each event.
    while let isStreaming = exchange?.isStreaming, !isPaused {
      // Before libpq looks at the answer, or it would gather all rows.
      if isStreaming { _ = unsafe PQsetSingleRowMode(handle) }
      guard unsafe PQisBusy(handle) == 0 else { break }
      let action = exchange?.receive(nextEvent()) ?? .none
      switch action {
      case .none: break
      case .remember(let key): prepared[key] = freshNames[key]
      case .hand(let result): isPaused = !row(result)
      case .finish(let result):
        exchange = nil
        phase = .idle
        return .finished(result)
      }
      guard unsafe PQstatus(handle) == CONNECTION_OK else {
        return .lost(exchange?.failure?.message ?? errorMessage)
      }
    }
    readNotifications(notified)
    return .nothing
  }

  /// Hands over notifications that came along with results.
  func readNotifications(_ notified: (String, String) -> Void) {
    // PQisBusy parses what was read; without it an idle connection would find no notification.
    _ = unsafe PQisBusy(handle)
    while let notification = unsafe PQnotifies(handle) {
      unsafe notified(
        String(cString: notification.pointee.relname), String(cString: notification.pointee.extra))
      unsafe PQfreemem(notification)
    }
  }

  private func nextEvent() -> Exchange<ResultSet>.Event {
    guard let result = unsafe PQgetResult(handle) else { return .endOfCommand }
    let status = unsafe PQresultStatus(result)
    if status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK {
      return unsafe .success(ResultSet(owning: result))
    }
    if status == PGRES_SINGLE_TUPLE { return unsafe .row(ResultSet(owning: result)) }
    defer { unsafe PQclear(result) }
    switch status {
    case PGRES_PIPELINE_SYNC: return .synced
    case PGRES_PIPELINE_ABORTED: return .skipped
    default: return unsafe .failure(ServerError(result: result))
    }
  }

  /// A cancel of what runs now, to be sent from another thread because sending blocks.
  func canceller() -> Canceller? { unsafe Canceller(PQgetCancel(handle)) }

  /// Gives the connection up and sets the time of the next attempt.
  func drop() {
    close()
    var random = SystemRandomNumberGenerator()
    phase = .down(until: .now + backoff.pause(using: &random))
  }

  /// Says goodbye to the server.
  func close() {
    unsafe PQfinish(handle)
    unsafe handle = nil
    exchange = nil
    prepared.removeAll()
    wantsToWrite = false
    isPaused = false
  }

  private var errorMessage: String {
    let text = unsafe String(cString: PQerrorMessage(handle))
    return text.split(separator: "\n").joined(separator: " ")
  }
}

/// The right to cancel what a connection runs.
///
/// Unchecked: libpq documents the object as read-only and usable from any thread; the last owner frees it.
@safe final class Canceller: @unchecked Sendable {
  private let handle: OpaquePointer

  /// Takes over libpq's object; `nil` when there is none.
  init?(_ handle: OpaquePointer?) {
    guard let handle = unsafe handle else { return nil }
    unsafe self.handle = handle
  }

  deinit { unsafe PQfreeCancel(handle) }

  /// Sends the cancel and waits until the server has taken it; blocks.
  func send() {
    unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { message in
      _ = unsafe PQcancel(handle, message.baseAddress, Int32(message.count))
    }
  }
}
