import Synchronization

/// One waits, others ring; a ring that nobody waits for is kept for the next who does.
package final class Bell: Sendable {
  private struct State {
    var hasRung = false
    var waiter: CheckedContinuation<Bool, Never>?
    /// Tells the timer of an earlier wait from that of this one.
    var turn = 0
    /// The time of this turn was over before anyone waited, as may happen on a busy machine.
    var isOver = false
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
      state.isOver = false
      return state.turn
    }
    let timer = Task {
      try? await Task.sleep(for: time)
      giveUp(turn)
    }
    defer { timer.cancel() }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { waiter in
        let answer: Bool? = state.withLock { state in
          if state.hasRung || state.isOver || Task.isCancelled {
            defer { state.hasRung = false }
            return state.hasRung && !Task.isCancelled
          }
          state.waiter = waiter
          return nil
        }
        if let answer { waiter.resume(returning: answer) }
      }
    } onCancel: {
      giveUp(turn)
    }
  }

  private func giveUp(_ turn: Int) {
    let waiter = state.withLock { state -> CheckedContinuation<Bool, Never>? in
      guard state.turn == turn else { return nil }
      state.isOver = true
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume(returning: false)
  }
}
