/// The pauses between attempts to connect: doubling from 50 ms to 2 s, each shortened at random by up to a half so that
/// many connections do not knock at a restarted server all at once.
package struct Backoff {
  private static let first = Duration.milliseconds(50)
  private static let longest = Duration.seconds(2)

  private var next = Backoff.first

  /// Pauses that begin small.
  package init() {}

  /// The pause before the next attempt; each call doubles the one after it.
  package mutating func pause(using random: inout some RandomNumberGenerator) -> Duration {
    let pause = next * Double.random(in: 0.5...1, using: &random)
    next = min(next * 2, Self.longest)
    return pause
  }

  /// An attempt succeeded: begin small again.
  package mutating func reset() { next = Self.first }
}
