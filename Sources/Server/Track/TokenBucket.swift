import Synchronization

/// How many requests an address may still make: refilled at a steady rate up to a burst.
package struct TokenBucket {
  private var level: Double
  private var filledAt: ContinuousClock.Instant

  /// A full bucket.
  package init(burst: Double, now: ContinuousClock.Instant) {
    level = burst
    filledAt = now
  }

  /// Takes one token; false when there is none.
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

/// The buckets of all addresses that asked lately.
package final class TokenBuckets: Sendable {
  private static let most = 100_000
  private let rate: Double
  private let burst: Double
  private let buckets = Mutex<[[UInt8]: TokenBucket]>([:])

  /// Buckets of `rate` tokens a second, five seconds' worth at most.
  package init(rate: Int) {
    self.rate = Double(rate)
    burst = Double(rate) * 5
  }

  /// Takes a token from the bucket of `address`; one without an address shares a bucket with its like.
  package func take(_ address: String, now: ContinuousClock.Instant = .now) -> Bool {
    let key = Address(address)?.network ?? []
    return buckets.withLock { buckets in
      if buckets.count >= Self.most {
        buckets = buckets.filter { !$1.isFull(rate: rate, burst: burst, now: now) }
      }
      // Too many addresses at once is an attack: new ones wait until old ones are forgotten.
      guard buckets.count < Self.most || buckets[key] != nil else { return false }
      return buckets[key, default: TokenBucket(burst: burst, now: now)].take(
        rate: rate, burst: burst, now: now)
    }
  }
}
