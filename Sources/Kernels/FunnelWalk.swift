import CKernels

/// The rules of a funnel that concern one user's walk.
struct FunnelRules {
  let steps: Int
  let window: UInt64
  /// Bit i for step i + 1.
  let all: UInt32
  /// In the strict mode each event is an exclusion everywhere.
  let excludedByAny: UInt32
  let unordered: Bool
  let strictTies: Bool

  /// Throws `badArgument` for fewer than 2 or more than 32 steps, a negative window and an unknown mode.
  init(_ shape: ks_funnel_shape) throws(Failure) {
    if shape.steps < KS_MIN_STEPS || shape.steps > KS_MAX_STEPS || shape.window < 0 { throw .badArgument }
    if shape.mode < 0 || shape.mode > KS_FUNNEL_UNORDERED.rawValue { throw .badArgument }
    steps = Int(shape.steps)
    // The whole range of times is wider than an Int64 can tell, so differences are unsigned.
    window = shape.window == Int64.max ? .max : UInt64(bitPattern: shape.window)
    all = UInt32.max &>> UInt32(truncatingIfNeeded: 32 &- steps)
    excludedByAny = shape.mode == Int32(KS_FUNNEL_STRICT.rawValue) ? .max : 0
    unordered = shape.mode == Int32(KS_FUNNEL_UNORDERED.rawValue)
    strictTies = shape.strict_ties != 0
  }

  /// Whether `time`, which is not before `start`, is within the window that opens there.
  @inline(__always)
  func isWithin(_ time: Int64, of start: Int64) -> Bool {
    UInt64(bitPattern: time &- start) <= window
  }
}

/// The depth of one user's events; for counting, so that it keeps nothing but times.
///
/// Of two chains that stand after the same step, the one that started later can go wherever the other can: so the
/// latest start a step is enough, and a user's events are walked once. An exclusion ends all that stand after a step.
struct FunnelWalk: ~Copyable {
  private let rules: FunnelRules
  private let starts: Scratch<Int64>
  private var matching: FunnelMatching

  init(_ rules: FunnelRules, _ limits: inout Limits) throws(Failure) {
    let starts = try Scratch<Int64>(Int(KS_MAX_STEPS), &limits)
    let matching = try FunnelMatching(rules, &limits)
    self.rules = rules
    self.starts = starts
    self.matching = matching
  }

  /// The deepest of the walks through each held value's moments, which must be sorted; 0 if none is a first step.
  mutating func depth(_ moments: UnsafeMutablePointer<Moment>, _ count: Int, _ limits: Limits) throws(Failure)
    -> Int
  {
    let count = rules.strictTies ? try joinInstants(moments, count, limits) : count
    var best = 0
    var begin = 0
    while begin < count && best < rules.steps {
      var end = begin &+ 1
      while end < count && moments[end].held == moments[begin].held { end &+= 1 }
      let depth =
        rules.unordered
        ? try matching.depth(moments + begin, end &- begin, limits)
        : try orderedDepth(moments + begin, end &- begin, limits)
      best = max(best, depth)
      begin = end
    }
    return best
  }

  /// - Complexity: O(moments · steps that a moment matches).
  private func orderedDepth(_ moments: UnsafePointer<Moment>, _ count: Int, _ limits: Limits) throws(Failure)
    -> Int
  {
    let last = UInt32(1) &<< UInt32(truncatingIfNeeded: rules.steps &- 1)
    var standing: UInt32 = 0
    var reached: UInt32 = 0
    var row = 0
    while row < count && reached & last == 0 {
      if row & 4095 == 4095 { try limits.poll() }
      let moment = moments[row]
      let ended = moment.exclusions | rules.excludedByAny
      var arrived: UInt32 = 0
      // Downwards, so that an event never stands on a step that it has just taken itself.
      var open = moment.steps & ((standing &<< 1) | 1) & rules.all
      while open != 0 {
        let step = 31 &- open.leadingZeroBitCount
        let bit = UInt32(1) &<< UInt32(truncatingIfNeeded: step)
        open &= ~bit
        if step == 0 {
          starts.base[0] = moment.time
          arrived |= bit
        } else if rules.isWithin(moment.time, of: starts.base[step &- 1]) {
          // After exclusions a chain that stands here may be the later one.
          let stays = standing & ~ended & bit != 0 && starts.base[step] > starts.base[step &- 1]
          if !stays { starts.base[step] = starts.base[step &- 1] }
          arrived |= bit
        }
      }
      standing = (standing & ~ended) | arrived
      reached |= arrived
      row &+= 1
    }
    return 32 &- reached.leadingZeroBitCount
  }
}
