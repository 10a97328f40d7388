import Synchronization

/// Where other threads leave messages for the loop.
final class Inbox: Sendable {
  /// A message for the loop.
  enum Message {
    case submit(Job)
    /// The caller of this job went away.
    case cancel(UInt64)
    /// The caller of this job can take more rows.
    case resume(UInt64)
    /// A cancel has been delivered to the connection with this number.
    case cancelDelivered(Int)
    /// Refuse new jobs, finish what is there, at the latest at this time.
    case close(deadline: ContinuousClock.Instant, done: @Sendable () -> Void)
  }

  private struct State {
    var messages: [Message] = []
    var isClosed = false
  }

  private let state = Mutex(State())
  private let waker: Poller.Waker

  /// An inbox that wakes the loop by `waker`.
  init(waker: Poller.Waker) { self.waker = waker }

  /// Leaves a message; false when the loop has ended and nobody would read it. One wake for many messages.
  func put(_ message: Message) -> Bool {
    let count = state.withLock { state in
      if !state.isClosed { state.messages.append(message) }
      return state.isClosed ? 0 : state.messages.count
    }
    if count == 1 { waker.wake() }
    return count > 0
  }

  /// Takes all messages.
  func takeAll() -> [Message] {
    state.withLock { state in
      defer { state.messages = [] }
      return state.messages
    }
  }

  /// Takes the last messages and accepts no more.
  func close() -> [Message] {
    state.withLock { state in
      state.isClosed = true
      defer { state.messages = [] }
      return state.messages
    }
  }
}

/// A transaction with the one who waits for it.
struct Job: Sendable {
  let id: UInt64
  let lane: Int
  let transaction: Transaction
  let deadline: ContinuousClock.Instant
  /// Called for each row as it comes, if the caller wants them so; false means no more until `resume`.
  var row: (@Sendable (ResultSet) -> Bool)?
  /// Called exactly once.
  let done: @Sendable (Result<[ResultSet], DatabaseError>) -> Void
}
