/// When to read the change feed: eats rings and reads, says how long to wait.
///
/// The bell rings at most every 20 ms and once for many commits, so after a ring the feed is read every 15 ms until two
/// reads were empty, once more after 100 ms for a commit that was under way, and in any case every second.
package struct ReadingPace {
  private static let busy = Duration.milliseconds(15)
  private static let late = Duration.milliseconds(100)
  private static let quiet = Duration.seconds(1)

  private var emptyReads = 3

  /// A pace that begins quiet.
  package init() {}

  /// The bell rang: read now and keep reading for a while.
  package mutating func rang() { emptyReads = 0 }

  /// The feed was read.
  package mutating func read(foundChanges: Bool) { emptyReads = foundChanges ? 0 : min(emptyReads + 1, 3) }

  /// Nobody wants to know: no reading follows the rings that were.
  package mutating func rest() { emptyReads = 3 }

  /// How long to wait for a ring before the next read.
  package var pause: Duration {
    switch emptyReads {
    case 0, 1: Self.busy
    case 2: Self.late
    default: Self.quiet
    }
  }
}
