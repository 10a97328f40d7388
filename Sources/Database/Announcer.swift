import Synchronization

/// What the listening connection hears.
package enum Notification: Sendable, Hashable {
  /// It listens now, for the first time or again: what was said before is lost.
  case listening
  /// A NOTIFY.
  case message(channel: String, payload: String)
}

/// Passes notifications on to any number of readers.
final class Announcer: Sendable {
  private struct State {
    var readers: [UInt64: AsyncStream<Notification>.Continuation] = [:]
    var nextID: UInt64 = 0
    var isListening = false
    var isFinished = false
  }

  private let state = Mutex(State())

  /// A stream of all that is announced from now on.
  ///
  /// Notifications are rung bells: a reader that falls behind needs the newest, not all.
  func subscribe() -> AsyncStream<Notification> {
    AsyncStream(bufferingPolicy: .bufferingNewest(64)) { reader in
      let id: UInt64? = state.withLock { state in
        guard !state.isFinished else { return nil }
        state.nextID += 1
        state.readers[state.nextID] = reader
        if state.isListening { reader.yield(.listening) }
        return state.nextID
      }
      guard let id else { return reader.finish() }
      reader.onTermination = { [weak self] _ in
        _ = self?.state.withLock { $0.readers.removeValue(forKey: id) }
      }
    }
  }

  /// Tells every reader.
  @Sendable func announce(_ notification: Notification) {
    let readers = state.withLock { state in
      if notification == .listening { state.isListening = true }
      return Array(state.readers.values)
    }
    for reader in readers { reader.yield(notification) }
  }

  /// Ends every stream, also later ones.
  func finish() {
    let readers = state.withLock { state in
      state.isFinished = true
      return Array(state.readers.values)
    }
    for reader in readers { reader.finish() }
  }
}
