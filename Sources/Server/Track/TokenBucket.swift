import Synchronization

/// How many requests someone may still make: refilled at a steady rate up to a burst.
package struct TokenBucket {
  private var level: Double
  private var filledAt: ContinuousClock.Instant

  /// A full bucket.
  package init(burst: Double, now: ContinuousClock.Instant) {
    level = burst
    filledAt = now
  }

  /// Takes one token; false when there is none, which is so for at most a second.
  package mutating func take(rate: Double, burst: Double, now: ContinuousClock.Instant) -> Bool {
    level = min(burst, level + rate * (filledAt.duration(to: now) / .seconds(1)))
    filledAt = now
    guard level >= 1 else { return false }
    level -= 1
    return true
  }

  /// Whether it would be full by now and need not be kept.
  package func isFull(rate: Double, burst: Double, now: ContinuousClock.Instant) -> Bool {
    level + rate * (filledAt.duration(to: now) / .seconds(1)) >= burst
  }
}

/// The buckets of all who asked lately, by address or by site.
package final class TokenBuckets: Sendable {
  private struct State {
    var buckets: [[UInt8]: TokenBucket] = [:]
    var sweepAt = ContinuousClock.now
  }

  private static let most = 100_000
  private let rate: Double
  private let burst: Double
  private let state = Mutex(State())

  /// Buckets of `rate` tokens a second, five seconds' worth at most.
  package init(rate: Int) {
    self.rate = Double(rate)
    burst = Double(rate) * 5
  }

  /// Takes a token from the bucket called `key`; false when it is empty.
  package func take(_ key: [UInt8], now: ContinuousClock.Instant = .now) -> Bool {
    state.withLock { state in
      if state.buckets.count >= Self.most, state.sweepAt <= now {
        state.buckets = state.buckets.filter { !$1.isFull(rate: rate, burst: burst, now: now) }
        state.sweepAt = now + .seconds(1)
      }
      // Too many at once is an attack: new ones wait until old ones are forgotten.
      guard state.buckets.count < Self.most || state.buckets[key] != nil else { return false }
      return state.buckets[key, default: TokenBucket(burst: burst, now: now)].take(
        rate: rate, burst: burst, now: now)
    }
  }
}
