import Foundation
import Logging
import Synchronization

/// What a pool is made of.
package struct PoolConfiguration: Sendable {
  /// The database.
  package var address: DatabaseAddress
  /// The shares of connections.
  package var lanes: [Lane]
  /// The notification channels to listen on, on a connection of their own.
  package var channels: [String]
  /// How long a transaction may wait for a connection.
  package var longestWait: Duration

  /// A configuration; there must be at least one lane.
  package init(
    address: DatabaseAddress, lanes: [Lane], channels: [String] = [], longestWait: Duration = .seconds(10)
  ) {
    precondition(!lanes.isEmpty, "a pool needs a lane")
    self.address = address
    self.lanes = lanes
    self.channels = channels
    self.longestWait = longestWait
  }
}

/// Figures about a pool, lane by lane, kept up to date by its loop.
package final class PoolCounters: Sendable {
  /// Figures about one lane.
  package struct Lane: Sendable, Equatable {
    /// Connections ready for use or in use.
    package internal(set) var connected = 0
    /// Connections that run something.
    package internal(set) var busy = 0
    /// Transactions that wait for a connection.
    package internal(set) var waiting = 0
    /// Transactions refused since the start because the queue was full.
    package internal(set) var refused = 0
  }

  private let state: Mutex<[Lane]>

  /// Figures of so many lanes.
  init(lanes: Int) { state = Mutex(Array(repeating: Lane(), count: lanes)) }

  /// The lanes in the order of the configuration.
  package var lanes: [Lane] { state.withLock { $0 } }

  /// Replaces the figures.
  func set(_ lanes: [Lane]) { state.withLock { $0 = lanes } }
}

/// Connections to one database, shared by any number of tasks.
///
/// Lost connections come back by themselves. A transaction that was sent is never sent again: if its connection broke, the
/// caller gets `connectionLost` and decides.
package final class Pool: Sendable {
  /// Figures for metrics and health.
  package let counters: PoolCounters
  /// The shares of connections.
  package var lanes: [Lane] { configuration.lanes }
  private let inbox: Inbox
  private let configuration: PoolConfiguration
  private let nextID = Atomic<UInt64>(1)
  private let announcer = Announcer()

  /// Starts the loop's thread; connecting goes on in the background.
  package init(_ configuration: PoolConfiguration, logger: Logger) throws {
    guard let poller = Poller() else { throw DatabaseError.connectionLost("no file descriptor is left") }
    self.configuration = configuration
    counters = PoolCounters(lanes: configuration.lanes.count)
    inbox = Inbox(waker: poller.waker)
    let (inbox, counters, announcer) = (inbox, counters, announcer)
    let thread = Thread {
      Loop(
        poller: poller, inbox: inbox, configuration: configuration, counters: counters, logger: logger,
        notify: announcer.announce
      ).run()
    }
    thread.name = "vibe-database"
    thread.start()
  }

  /// A name for a run, by which another thread can cancel it.
  package struct Ticket: Sendable {
    fileprivate let id: UInt64
  }

  /// A ticket for one run.
  package func ticket() -> Ticket { Ticket(id: nextID.add(1, ordering: .relaxed).newValue) }

  /// Cancels the run with this ticket: in the queue at once, under way by a cancel to the server.
  package func cancel(_ ticket: Ticket) { _ = inbox.put(.cancel(ticket.id)) }

  /// Lets the run with this ticket go on with its rows.
  package func resume(_ ticket: Ticket) { _ = inbox.put(.resume(ticket.id)) }

  /// Runs `transaction` on a connection of `lane` (an index into the configuration) and gives the results of its statements.
  ///
  /// Cancelling the task cancels the statement in the server, unless there is a ticket to do it with.
  ///
  /// - Parameter row: gets each row as it comes, on the loop's thread, instead of the results; when it gives false, no more
  ///   are read until `resume`.
  package func run(
    _ transaction: Transaction, lane: Int = 0, ticket: Ticket? = nil,
    row: (@Sendable (ResultSet) -> Bool)? = nil
  ) async throws(DatabaseError) -> [ResultSet] {
    for statement in transaction.statements {
      if let index = statement.parameters.firstIndex(where: \.hasZeroByte) {
        throw .zeroByte(parameter: index + 1)
      }
    }
    let id = (ticket ?? self.ticket()).id
    let deadline = ContinuousClock.now + configuration.longestWait
    // Who holds the ticket cancels by it; without one, the task's own cancellation counts.
    guard ticket == nil else {
      return try await submit(transaction, lane: lane, id: id, deadline: deadline, row: row).get()
    }
    let result = await withTaskCancellationHandler {
      await submit(transaction, lane: lane, id: id, deadline: deadline, row: row)
    } onCancel: {
      _ = inbox.put(.cancel(id))
    }
    return try result.get()
  }

  private func submit(
    _ transaction: Transaction, lane: Int, id: UInt64, deadline: ContinuousClock.Instant,
    row: (@Sendable (ResultSet) -> Bool)?
  ) async -> Result<[ResultSet], DatabaseError> {
    await withCheckedContinuation { continuation in
      let job = Job(id: id, lane: lane, transaction: transaction, deadline: deadline, row: row) {
        continuation.resume(returning: $0)
      }
      if !inbox.put(.submit(job)) { continuation.resume(returning: .failure(.closing)) }
      // A task cancelled before this point told the loop about a job it did not know yet.
      if Task.isCancelled { _ = inbox.put(.cancel(id)) }
    }
  }

  /// What the listening connection hears from now on; begins with `listening` if it listens already.
  package func notifications() -> AsyncStream<Notification> { announcer.subscribe() }

  /// Takes nothing new, lets what runs or waits finish for at most `grace`, then closes all connections.
  package func close(grace: Duration = .seconds(10)) async {
    await withCheckedContinuation { continuation in
      let message = Inbox.Message.close(deadline: .now + grace) { continuation.resume() }
      if !inbox.put(message) { continuation.resume() }
    }
    announcer.finish()
  }
}
