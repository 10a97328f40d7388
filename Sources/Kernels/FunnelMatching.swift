import CKernels

/// The unordered funnel of one user: the most steps that different events of one window can satisfy.
///
/// Sets of events that can satisfy a step each are the independent sets of a transversal matroid (Edmonds and
/// Fulkerson 1965). So a greedy choice is best for every window at once: of all events until now the largest such
/// set of the latest events is kept; what of it lies in the window that ends now is as large as any set there. A new
/// event enters by an alternating path; if no step is free, it displaces the oldest event that it can displace.
struct FunnelMatching: ~Copyable {
  private static var none: UInt32 { .max }

  private let rules: FunnelRules
  /// The row that satisfies each step, and during a search the step through which a step was found.
  private let rows: Scratch<UInt32>
  private let from: Scratch<UInt32>
  private let kept: Scratch<UInt32>
  private var size = 0

  init(_ rules: FunnelRules, _ limits: inout Limits) throws(Failure) {
    let rows = try Scratch<UInt32>(Int(KS_MAX_STEPS), &limits)
    let from = try Scratch<UInt32>(Int(KS_MAX_STEPS), &limits)
    let kept = try Scratch<UInt32>(Int(KS_MAX_STEPS), &limits)
    self.rules = rules
    self.rows = rows
    self.from = from
    self.kept = kept
  }

  /// The depth of sorted moments.
  ///
  /// - Complexity: O(moments · steps).
  mutating func depth(_ moments: UnsafePointer<Moment>, _ count: Int, _ limits: Limits) throws(Failure) -> Int
  {
    var best = 0
    removeAll()
    var row = 0
    while row < count && best < rules.steps {
      try limits.poll(row: row)
      let moment = moments[row]
      if moment.steps & rules.all != 0 {
        add(UInt32(truncatingIfNeeded: row), moments)
        if size > best { best = max(best, countWithin(moment.time, moments)) }
      }
      if moment.exclusions != 0 { restart(after: UInt32(truncatingIfNeeded: row), moments) }
      row &+= 1
    }
    return best
  }

  /// Forgets all rows.
  mutating func removeAll() {
    size = 0
    memset(rows.base, 0xFF, rules.steps &* MemoryLayout<UInt32>.stride)
  }

  /// No chain goes across an exclusion, but one may begin with the event that is one.
  mutating func restart(after row: UInt32, _ moments: UnsafePointer<Moment>) {
    removeAll()
    if moments[Int(row)].steps & rules.all != 0 { add(row, moments) }
  }

  /// Takes the row in as the one that is dropped last, whatever its place.
  mutating func add(_ row: UInt32, _ moments: UnsafePointer<Moment>) {
    var seen = moments[Int(row)].steps & rules.all
    var open = seen
    var first = open
    while first != 0 {
      from.base[first.trailingZeroBitCount] = Self.none
      first &= first &- 1
    }
    var target = -1
    while open != 0 {
      let step = open.trailingZeroBitCount
      open &= open &- 1
      let holder = rows.base[step]
      if holder == Self.none {
        target = step
        size &+= 1
        break
      }
      if target < 0 || holder < rows.base[target] { target = step }
      var found = moments[Int(holder)].steps & rules.all & ~seen
      seen |= found
      open |= found
      while found != 0 {
        from.base[found.trailingZeroBitCount] = UInt32(truncatingIfNeeded: step)
        found &= found &- 1
      }
    }
    while from.base[target] != Self.none {
      let before = Int(from.base[target])
      rows.base[target] = rows.base[before]
      target = before
    }
    rows.base[target] = row
  }

  /// How many of the rows are in the window that ends at `time`.
  func countWithin(_ time: Int64, _ moments: UnsafePointer<Moment>) -> Int {
    var count = 0
    var step = 0
    while step < rules.steps {
      if isWithin(rows.base[step], time, moments) { count &+= 1 }
      step &+= 1
    }
    return count
  }

  /// Writes the rows in the window that ends at `time`, ascending; returns how many.
  func collect(
    within time: Int64, _ moments: UnsafePointer<Moment>, into sorted: UnsafeMutablePointer<UInt32>
  ) -> Int {
    var count = 0
    var step = 0
    while step < rules.steps {
      let row = rows.base[step]
      if isWithin(row, time, moments) {
        var place = count
        while place > 0 && sorted[place &- 1] > row {
          sorted[place] = sorted[place &- 1]
          place &-= 1
        }
        sorted[place] = row
        count &+= 1
      }
      step &+= 1
    }
    return count
  }

  /// Likewise of a set as large that has `row` in it, which is in the window and in none of the sets as they are.
  mutating func collect(
    within time: Int64, including row: UInt32, _ moments: UnsafePointer<Moment>,
    into sorted: UnsafeMutablePointer<UInt32>
  ) {
    memcpy(kept.base, rows.base, rules.steps &* MemoryLayout<UInt32>.stride)
    let count = size
    add(row, moments)
    _ = collect(within: time, moments, into: sorted)
    memcpy(rows.base, kept.base, rules.steps &* MemoryLayout<UInt32>.stride)
    size = count
  }

  private func isWithin(_ row: UInt32, _ time: Int64, _ moments: UnsafePointer<Moment>) -> Bool {
    row != Self.none && rules.isWithin(time, of: moments[Int(row)].time)
  }
}
