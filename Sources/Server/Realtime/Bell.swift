import Synchronization

/// One waits, others ring; a ring that nobody waits for is kept for the next who does.
package final class Bell: Sendable {
  private struct State {
    var hasRung = false
    var waiter: CheckedContinuation<Bool, Never>?
    /// Tells the timer of an earlier wait from that of this one.
    package var turn = 0
  }

  private let state = Mutex(State())

  /// A bell that has not rung.
  package init() {}

  /// Wakes the one who waits.
  package func ring() {
    let waiter = state.withLock { state in
      defer { state.waiter = nil }
      if state.waiter == nil { state.hasRung = true }
      return state.waiter
    }
    waiter?.resume(returning: true)
  }

  /// Waits for a ring, at most so long, and not when cancelled; true when it rang. Only one may wait at a time.
  package func wait(atMost time: Duration) async -> Bool {
    let turn = state.withLock { state in
      state.turn += 1
      return state.turn
    }
    let timer = Task {
      try? await Task.sleep(for: time)
      giveUp(turn)
    }
    defer { timer.cancel() }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { waiter in
        let isOver = state.withLock { state in
          if state.hasRung || Task.isCancelled {
            defer { state.hasRung = false }
            return true
          }
          state.waiter = waiter
          return false
        }
        if isOver { waiter.resume(returning: !Task.isCancelled) }
      }
    } onCancel: {
      giveUp(turn)
    }
  }

  private func giveUp(_ turn: Int) {
    let waiter = state.withLock { state -> CheckedContinuation<Bool, Never>? in
      guard state.turn == turn else { return nil }
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume(returning: false)
  }
}
