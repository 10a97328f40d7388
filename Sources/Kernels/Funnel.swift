import CKernels

// Ordered funnel: how many users do step 1, then 2, then 3 …, all within one window that opens with step 1.
//
// - The best start wins: every step-1 event may open the chain, and a user counts for the deepest chain.
// - One event satisfies one step of a chain, even if it matches several.
// - Events of one instant are taken in the order of `Moment`: by their lowest step first. So what a tracker sends in
//   one batch converts, and the answer does not depend on the order of rows.
// - The window is closed: a last step exactly `window` after the first still counts.

/// The funnel's shape and, for one user at a time, the latest start that leads to each step.
///
/// Of two chains that reach a step, the one that started later can go wherever the other can; so one start a step
/// is enough, and a user's events are walked once. The start of a step only ever moves forward.
/// - Complexity: O(events · steps that an event matches) time; allocates in `over` only.
private struct Walk: ~Copyable {
  let steps: Int
  private let window: UInt64
  private let starts: Scratch<Int64>

  /// Throws `badArgument` for fewer than 2 or more than 32 steps and for a negative window.
  static func over(steps: Int32, window: Int64, _ limits: inout Limits) throws(Failure) -> Walk {
    if steps < KS_MIN_STEPS || steps > KS_MAX_STEPS || window < 0 { throw .badArgument }
    // The whole range of times is wider than an Int64 can tell, so differences are unsigned.
    let widest = window == Int64.max ? UInt64.max : UInt64(bitPattern: window)
    return Walk(steps: Int(steps), window: widest, starts: try Scratch(Int(KS_MAX_STEPS), &limits))
  }

  /// The deepest step of one user's events, which must be sorted; 0 if none is a first step.
  func depth(_ moments: UnsafePointer<Moment>, _ count: Int, _ limits: Limits) throws(Failure) -> Int {
    let last = UInt32(1) &<< UInt32(truncatingIfNeeded: steps &- 1)
    let all = last | (last &- 1)
    var reached: UInt32 = 0
    var row = 0
    while row < count && reached & last == 0 {
      if row & 4095 == 4095 { try limits.poll() }
      let moment = moments[row]
      // Downwards, so that an event never stands on a step that it has just taken itself.
      var open = moment.steps & ((reached &<< 1) | 1) & all
      while open != 0 {
        let step = 31 &- open.leadingZeroBitCount
        let bit = UInt32(1) &<< UInt32(truncatingIfNeeded: step)
        open &= ~bit
        if step == 0 {
          starts.base[0] = moment.time
          reached |= 1
        } else if UInt64(bitPattern: moment.time &- starts.base[step &- 1]) <= window {
          starts.base[step] = starts.base[step &- 1]
          reached |= bit
        }
      }
      row &+= 1
    }
    return 32 &- reached.leadingZeroBitCount
  }
}

/// Counts the users who reach each step.
///
/// Events are dealt to their users (numbered, counted, scattered), sorted per user if they are not, and walked.
/// - Complexity: O(events) time if each user's rows come in order, O(events · log) otherwise;
///   scratch 20 bytes an event, up to 70 a user, and 16 for each event of the largest user that must be sorted.
private func funnel(
  _ events: UnsafePointer<ks_chunk>?, _ walk: borrowing Walk, _ limits: inout Limits,
  into reached: UnsafeMutablePointer<Int64>
) throws(Failure) {
  let rows = try Chunks<ks_event>.count(events)
  var users = try KeyIndex(&limits)
  let userOfRow = try Scratch<UInt32>(rows, &limits)
  let places = try numberUsers(events, &users, userOfRow.base, &limits)
  let moments = try Scratch<Moment>(rows, &limits)
  try deal(events, userOfRow.base, places.base, into: moments.base, &limits)
  userOfRow.release(&limits)

  var spare = try Scratch<Moment>(0, &limits)
  memset(reached, 0, walk.steps &* MemoryLayout<Int64>.stride)
  var begin = 0
  var user = 0
  while user < users.count {
    try limits.poll(row: user)
    let count = Int(places.base[user]) &- begin
    try sort(moments.base + begin, count, &spare, &limits)
    let depth = try walk.depth(moments.base + begin, count, limits)
    if depth > 0 { reached[depth &- 1] &+= 1 }
    begin &+= count
    user &+= 1
  }
  // Until here each user counts at the deepest step only.
  var step = walk.steps &- 1
  while step > 0 {
    reached[step &- 1] &+= reached[step]
    step &-= 1
  }
}

/// Numbers the user of each row; returns where each user's moments begin.
private func numberUsers(
  _ events: UnsafePointer<ks_chunk>?, _ users: inout KeyIndex, _ userOfRow: UnsafeMutablePointer<UInt32>,
  _ limits: inout Limits
) throws(Failure) -> Scratch<UInt32> {
  var counts = try Scratch<UInt32>(512, &limits)
  var place = 0
  var chunks = Chunks<ks_event>(events)
  while let block = chunks.nextBlock() {
    var row = 0
    while row < block.count {
      try limits.poll(row: row)
      let known = users.count
      let user = try users.number(of: block.rows[row].user, &limits)
      if user == known {
        if user == counts.capacity { try counts.grow(to: user &* 2, keeping: user, &limits) }
        counts.base[user] = 0
      }
      counts.base[user] &+= 1
      userOfRow[place] = UInt32(truncatingIfNeeded: user)
      place &+= 1
      row &+= 1
    }
  }
  var begin: UInt32 = 0
  var user = 0
  while user < users.count {
    let count = counts.base[user]
    counts.base[user] = begin
    begin &+= count
    user &+= 1
  }
  return counts
}

/// Puts each event among its user's moments; each of `places` moves from the user's begin to the user's end.
private func deal(
  _ events: UnsafePointer<ks_chunk>?, _ userOfRow: UnsafePointer<UInt32>,
  _ places: UnsafeMutablePointer<UInt32>,
  into moments: UnsafeMutablePointer<Moment>, _ limits: inout Limits
) throws(Failure) {
  var number = 0
  var chunks = Chunks<ks_event>(events)
  while let block = chunks.nextBlock() {
    var row = 0
    while row < block.count {
      try limits.poll(row: row)
      let user = Int(userOfRow[number])
      moments[Int(places[user])] = Moment(time: block.rows[row].time, steps: block.rows[row].steps)
      places[user] &+= 1
      number &+= 1
      row &+= 1
    }
  }
}

/// The depth of one user's events, straight from the list; for aggregates that are grouped by user.
///
/// - Complexity: as sorting; scratch 16 to 32 bytes an event.
private func depthOfOneUser(
  _ events: UnsafePointer<ks_chunk>?, _ walk: borrowing Walk, _ limits: inout Limits
) throws(Failure) -> Int {
  let moments = try Scratch<Moment>(try Chunks<ks_event>.count(events), &limits)
  var count = 0
  var chunks = Chunks<ks_event>(events)
  while let block = chunks.nextBlock() {
    var row = 0
    while row < block.count {
      try limits.poll(row: row)
      moments.base[count] = Moment(time: block.rows[row].time, steps: block.rows[row].steps)
      count &+= 1
      row &+= 1
    }
  }
  var spare = try Scratch<Moment>(0, &limits)
  try sort(moments.base, count, &spare, &limits)
  return try walk.depth(moments.base, count, limits)
}

// The C entries, as kernels.h declares them.

@c @implementation
public func ks_funnel(
  _ events: UnsafePointer<ks_chunk>?, _ steps: Int32, _ window: Int64, _ limits: UnsafePointer<ks_limits>,
  _ reached: UnsafeMutablePointer<Int64>
) -> ks_status {
  var limits = Limits(limits)
  do throws(Failure) {
    let walk = try Walk.over(steps: steps, window: window, &limits)
    try funnel(events, walk, &limits, into: reached)
    return KS_OK
  } catch {
    return error.status
  }
}

@c @implementation
public func ks_funnel_depth(
  _ events: UnsafePointer<ks_chunk>?, _ steps: Int32, _ window: Int64, _ limits: UnsafePointer<ks_limits>,
  _ depth: UnsafeMutablePointer<Int32>
) -> ks_status {
  var limits = Limits(limits)
  do throws(Failure) {
    let walk = try Walk.over(steps: steps, window: window, &limits)
    depth.pointee = Int32(truncatingIfNeeded: try depthOfOneUser(events, walk, &limits))
    return KS_OK
  } catch {
    return error.status
  }
}
