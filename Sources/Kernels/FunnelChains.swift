import CKernels

/// The chain to tell of one user: the rows of its events in the order of their steps.
///
/// Among chains of one start's period the deepest; of these the one that completes first; of these the one that
/// starts last; then the lowest held value. Of its other steps each, from the last to the first, is the earliest
/// that can be. Unordered, the others are as late as can be, and the times are told in their own order.
struct FunnelChain {
  var depth = 0
  var moments: UnsafeMutablePointer<Moment>
  /// Room for 32.
  let rows: UnsafeMutablePointer<UInt32>

  func isBetter(than other: FunnelChain) -> Bool {
    if depth != other.depth || depth == 0 { return depth > other.depth }
    if last.time != other.last.time { return last.time < other.last.time }
    return first.time > other.first.time
  }

  var first: Moment { moments[Int(rows[0])] }
  var last: Moment { moments[Int(rows[depth &- 1])] }

  mutating func become(_ other: FunnelChain) {
    depth = other.depth
    moments = other.moments
    memcpy(rows, other.rows, depth &* MemoryLayout<UInt32>.stride)
  }
}

/// Finds the chain of sorted moments that begins in a stretch of time.
struct FunnelChainWalk: ~Copyable {
  let rules: FunnelRules
  private let paths: Scratch<UInt32>
  private var matching: FunnelMatching

  init(_ rules: FunnelRules, _ limits: inout Limits) throws(Failure) {
    let paths = try Scratch<UInt32>(Int(KS_MAX_STEPS &* KS_MAX_STEPS), &limits)
    let matching = try FunnelMatching(rules, &limits)
    self.rules = rules
    self.paths = paths
    self.matching = matching
  }

  /// Whether a chain can begin with the moment.
  @inline(__always)
  func canStart(_ moment: Moment) -> Bool {
    moment.steps & (rules.unordered ? rules.all : 1) != 0
  }

  /// The chain that begins at row `begin` or later, before the instant `ends` (`nil` for any).
  ///
  /// - Complexity: O(moments · steps²) until nothing that began in time can go on.
  mutating func find(
    _ chain: inout FunnelChain, from begin: Int, count: Int, startsBefore ends: Int64?, _ limits: Limits
  ) throws(Failure) {
    chain.depth = 0
    if rules.unordered {
      try findUnordered(&chain, from: begin, count: count, startsBefore: ends, limits)
    } else {
      try findOrdered(&chain, from: begin, count: count, startsBefore: ends, limits)
    }
  }

  /// As `FunnelWalk`, with the rows of each standing chain.
  private func findOrdered(
    _ chain: inout FunnelChain, from begin: Int, count: Int, startsBefore ends: Int64?, _ limits: Limits
  ) throws(Failure) {
    let moments = chain.moments
    var standing: UInt32 = 0
    var lastStart = moments[begin].time
    var row = begin
    while row < count && chain.depth < rules.steps {
      if row & 4095 == 4095 { try limits.poll() }
      let moment = moments[row]
      let mayStart = ends.map { moment.time < $0 } ?? true
      if !mayStart && (standing == 0 || !rules.isWithin(moment.time, of: lastStart)) { break }
      let ended = moment.exclusions | rules.excludedByAny
      var arrived: UInt32 = 0
      var open = moment.steps & ((standing &<< 1) | (mayStart ? 1 : 0)) & rules.all
      while open != 0 {
        let step = 31 &- open.leadingZeroBitCount
        let bit = UInt32(1) &<< UInt32(truncatingIfNeeded: step)
        open &= ~bit
        let path = paths.base + step &* Int(KS_MAX_STEPS)
        if step == 0 {
          lastStart = moment.time
        } else {
          let before = path - Int(KS_MAX_STEPS)
          if !rules.isWithin(moment.time, of: moments[Int(before[0])].time) { continue }
          // What stands here already came first, and may be the later one after exclusions.
          let stays = standing & ~ended & bit != 0 && path[0] >= before[0]
          if stays { continue }
          memcpy(path, before, step &* MemoryLayout<UInt32>.stride)
        }
        path[step] = UInt32(truncatingIfNeeded: row)
        arrived |= bit
        if step >= chain.depth {
          chain.depth = step &+ 1
          memcpy(chain.rows, path, chain.depth &* MemoryLayout<UInt32>.stride)
        }
      }
      standing = (standing & ~ended) | arrived
      row &+= 1
    }
  }

  /// As `FunnelMatching.depth`; a window counts only if one of its events is before `ends`.
  private mutating func findUnordered(
    _ chain: inout FunnelChain, from begin: Int, count: Int, startsBefore ends: Int64?, _ limits: Limits
  ) throws(Failure) {
    let moments = chain.moments
    matching.removeAll()
    var latestStart: Int?
    var row = begin
    while row < count && chain.depth < rules.steps {
      try limits.poll(row: row)
      let moment = moments[row]
      let mayStart = ends.map { moment.time < $0 } ?? true
      let isStep = moment.steps & rules.all != 0
      if isStep {
        if mayStart { latestStart = row }
        matching.add(UInt32(truncatingIfNeeded: row), moments)
      }
      guard let start = latestStart, rules.isWithin(moment.time, of: moments[start].time) else {
        if mayStart { row &+= 1; continue }
        break
      }
      if isStep && matching.countWithin(moment.time, moments) > chain.depth {
        chain.depth = matching.collect(within: moment.time, moments, into: chain.rows)
        if Int(chain.rows[0]) > start {
          matching.collect(
            within: moment.time, including: UInt32(truncatingIfNeeded: start), moments, into: chain.rows)
        }
      }
      if moment.exclusions != 0 {
        matching.restart(after: UInt32(truncatingIfNeeded: row), moments)
        latestStart = isStep && mayStart ? row : nil
      }
      row &+= 1
    }
  }
}
