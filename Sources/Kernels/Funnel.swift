import CKernels

// Funnels: how many users do step 1, then 2, then 3 …, all within one window that opens with the first event; who
// they are, how deep they come and when.
//
// - The best start wins: every first step may open a chain, and a user counts for the deepest chain.
// - One event satisfies one step of a chain, even if it matches several.
// - Events of one instant are taken in the order of `Moment`: by their lowest step first, those without a step last.
//   So what a tracker sends in one batch converts, and the answer does not depend on the order of rows. With strict
//   ties a chain takes one event of an instant at most.
// - The window is closed: a last step exactly `window` after the first still counts.
// - An exclusion ends the chains that stand after a step and do not take the very event; the depth that they have
//   reached counts. With strict ties it must be at an instant between those of two steps. Unordered, no chain goes
//   across an exclusion. Strict, every event is one everywhere.
// - A chain's events are equal in their held value: each value is walked by itself, and the best one is the user's.

/// Counts the users who reach each step.
///
/// - Complexity: as `FunnelUsers`, then one walk a user.
private func funnel<Row: FunnelRow & BitwiseCopyable>(
  _ row: Row.Type, _ events: UnsafePointer<ks_chunk>?, _ rules: FunnelRules, _ limits: inout Limits,
  into reached: UnsafeMutablePointer<Int64>
) throws(Failure) {
  var walk = try FunnelWalk(rules, &limits)
  var users = try FunnelUsers<Row>(events, &limits)
  memset(reached, 0, rules.steps &* MemoryLayout<Int64>.stride)
  while let user = try users.next(&limits) {
    let depth = try walk.depth(user.base, user.count, limits)
    if depth > 0 { reached[depth &- 1] &+= 1 }
  }
  // Until here each user counts at the deepest step only.
  var step = rules.steps &- 1
  while step > 0 {
    reached[step &- 1] &+= reached[step]
    step &-= 1
  }
}

/// The depth of one user's events, straight from the list; for aggregates that are grouped by user.
///
/// - Complexity: as sorting; scratch 24 to 48 bytes an event.
private func depthOfOneUser<Row: FunnelRow & BitwiseCopyable>(
  _ row: Row.Type, _ events: UnsafePointer<ks_chunk>?, _ rules: FunnelRules, _ limits: inout Limits
) throws(Failure) -> Int {
  var walk = try FunnelWalk(rules, &limits)
  let moments = try Scratch<Moment>(try Chunks<Row>.count(events), &limits)
  var count = 0
  var chunks = Chunks<Row>(events)
  while let block = chunks.nextBlock() {
    var row = 0
    while row < block.count {
      try limits.poll(row: row)
      moments.base[count] = block.rows[row].moment
      count &+= 1
      row &+= 1
    }
  }
  var spare = try Scratch<Moment>(0, &limits)
  try sort(moments.base, count, &spare, &limits)
  return try walk.depth(moments.base, count, limits)
}

/// Finds the chains of all users.
///
/// - Complexity: as `FunnelUsers`, then one walk a user and period in which the user begins.
private func chains<Row: FunnelRow & BitwiseCopyable>(
  _ row: Row.Type, _ events: UnsafePointer<ks_chunk>?, _ rules: FunnelRules, _ periods: Periods,
  _ limits: inout Limits
) throws(Failure) -> FunnelReport {
  var search = try FunnelSearch(rules, periods, &limits)
  var report = try FunnelReport(&limits)
  var users = try FunnelUsers<Row>(events, &limits)
  while let user = try users.next(&limits) {
    try search.tell(user, to: &report, &limits)
  }
  return report
}

// The C entries, as kernels.h declares them.

@c @implementation
public func ks_funnel(
  _ events: UnsafePointer<ks_chunk>?, _ shape: UnsafePointer<ks_funnel_shape>,
  _ limits: UnsafePointer<ks_limits>,
  _ reached: UnsafeMutablePointer<Int64>
) -> ks_status {
  var limits = Limits(limits)
  do throws(Failure) {
    let rules = try FunnelRules(shape.pointee)
    if shape.pointee.valued != 0 {
      try funnel(ks_valued_event.self, events, rules, &limits, into: reached)
    } else {
      try funnel(ks_event.self, events, rules, &limits, into: reached)
    }
    return KS_OK
  } catch {
    return error.status
  }
}

@c @implementation
public func ks_funnel_depth(
  _ events: UnsafePointer<ks_chunk>?, _ shape: UnsafePointer<ks_funnel_shape>,
  _ limits: UnsafePointer<ks_limits>,
  _ depth: UnsafeMutablePointer<Int32>
) -> ks_status {
  var limits = Limits(limits)
  do throws(Failure) {
    let rules = try FunnelRules(shape.pointee)
    let found =
      shape.pointee.valued != 0
      ? try depthOfOneUser(ks_valued_event.self, events, rules, &limits)
      : try depthOfOneUser(ks_event.self, events, rules, &limits)
    depth.pointee = Int32(truncatingIfNeeded: found)
    return KS_OK
  } catch {
    return error.status
  }
}

@c @implementation
public func ks_funnel_chains(
  _ events: UnsafePointer<ks_chunk>?, _ shape: UnsafePointer<ks_funnel_shape>,
  _ periods: UnsafePointer<Int64>?, _ periodCount: Int64, _ limits: UnsafePointer<ks_limits>,
  _ chains: UnsafeMutablePointer<ks_funnel_chain>, _ chainCount: UnsafeMutablePointer<Int64>,
  _ times: UnsafeMutablePointer<Int64>, _ timeCount: UnsafeMutablePointer<Int64>
) -> ks_status {
  var limits = Limits(limits)
  do throws(Failure) {
    let rules = try FunnelRules(shape.pointee)
    let periods = try Periods(periods, periodCount)
    var report =
      shape.pointee.valued != 0
      ? try Kernels.chains(ks_valued_event.self, events, rules, periods, &limits)
      : try Kernels.chains(ks_event.self, events, rules, periods, &limits)
    let fits = report.count <= chainCount.pointee && report.timeCount <= timeCount.pointee
    chainCount.pointee = Int64(report.count)
    timeCount.pointee = Int64(report.timeCount)
    if fits { try report.write(chains, times, &limits) }
    return KS_OK
  } catch {
    return error.status
  }
}
