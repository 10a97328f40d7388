import CKernels

// Distinct users of rolling windows, exactly and all at once, by difference arrays.
//
// A user who was there on day d, and before that on day p, is new to the windows of w days that end from
// max(d, p + w) to d + w - 1: those before also hold p, those after no longer hold d. Each day of a user adds 1 where
// these windows begin and takes 1 away behind them; the running sum is the number of users. So a window costs two
// additions for each day that a user was there, however long it is, and no day is counted twice.

/// The places of one call and the differences of its windows.
private struct Rolling: ~Copyable {
  let tables: UnsafePointer<ks_place_table>
  let windows: UnsafePointer<Int32>
  let windowCount: Int
  /// Days before the range; the longest window less 1.
  let history: Int
  /// All days, with those before the range.
  let places: Int
  /// For each window `places` + 1 numbers.
  let changes: UnsafeMutablePointer<Int64>

  /// Adds a user's days that one table holds.
  @inline(__always)
  func add(_ slot: ks_user_bits, of number: Int) {
    var bits = slot.bits
    var before = lastPlace(of: slot, before: number)
    while bits != 0 {
      let place = number &* 64 &+ bits.trailingZeroBitCount
      bits &= bits &- 1
      if place >= places { return }
      var window = 0
      while window < windowCount {
        let length = Int(windows[window])
        let counts = changes + window &* (places &+ 1)
        counts[min(max(place, before &+ length), places)] &+= 1
        counts[min(place &+ length, places)] &-= 1
        window &+= 1
      }
      before = place
    }
  }

  /// The user's last place in the tables before, as far back as a window reaches; a place before all windows if none.
  @inline(__always)
  private func lastPlace(of slot: ks_user_bits, before number: Int) -> Int {
    let first = number &* 64 &+ slot.bits.trailingZeroBitCount
    let oldest = max(first &- history, 0) &>> 6
    var other = number &- 1
    while other >= oldest {
      let bits = tables[other].bits(of: slot.user)
      if bits != 0 { return other &* 64 &+ 63 &- bits.leadingZeroBitCount }
      other &-= 1
    }
    return -1 &- history &- 1
  }
}

/// Counts the users of each window on each day of the range.
///
/// - Complexity: O(days that users were there · windows) time, and for a user's first day in each 64 a look at the
///   longest window / 64 tables before; scratch 8 bytes for each day and window.
private func countUsers(
  _ tables: UnsafePointer<ks_place_table>, _ tableCount: Int, history: Int, days: Int,
  _ windows: UnsafePointer<Int32>, _ windowCount: Int, _ limits: inout Limits,
  into users: UnsafeMutablePointer<Int64>
) throws(Failure) {
  let places = history &+ days
  let changes = try Scratch<Int64>(windowCount &* (places &+ 1), &limits)
  memset(changes.base, 0, windowCount &* (places &+ 1) &* MemoryLayout<Int64>.stride)
  let rolling = Rolling(
    tables: tables, windows: windows, windowCount: windowCount, history: history, places: places,
    changes: changes.base)
  var number = 0
  while number < tableCount {
    if let slots = tables[number].slots {
      var row = 0
      while row < Int(tables[number].capacity) {
        try limits.poll(row: row)
        if slots[row].bits != 0 { rolling.add(slots[row], of: number) }
        row &+= 1
      }
    }
    number &+= 1
  }
  var window = 0
  while window < windowCount {
    let counts = changes.base + window &* (places &+ 1)
    var (place, sum): (Int, Int64) = (0, 0)
    while place < places {
      sum &+= counts[place]
      if place >= history { users[window &* days &+ place &- history] = sum }
      place &+= 1
    }
    window &+= 1
  }
}

/// Refuses windows that are not from 1 to `history` + 1 days, and a range that the tables do not cover.
private func check(
  _ tableCount: Int, history: Int, days: Int, _ windows: UnsafePointer<Int32>, _ windowCount: Int
) throws(Failure) {
  if windowCount < 1 || windowCount > KS_MAX_WINDOWS || history < 0 || days < 1 { throw .badArgument }
  if tableCount &* 64 < history &+ days { throw .badArgument }
  var window = 0
  while window < windowCount {
    if windows[window] < 1 || Int(windows[window]) > history &+ 1 { throw .badArgument }
    window &+= 1
  }
}

@c @implementation
public func ks_rolling_users(
  _ tables: UnsafePointer<ks_place_table>, _ tableCount: Int32, _ history: Int32, _ days: Int32,
  _ windows: UnsafePointer<Int32>, _ windowCount: Int32, _ limits: UnsafePointer<ks_limits>,
  _ users: UnsafeMutablePointer<Int64>
) -> ks_status {
  var limits = Limits(limits)
  do throws(Failure) {
    try check(Int(tableCount), history: Int(history), days: Int(days), windows, Int(windowCount))
    try countUsers(
      tables, Int(tableCount), history: Int(history), days: Int(days), windows, Int(windowCount), &limits,
      into: users)
    return KS_OK
  } catch {
    return error.status
  }
}
