import CKernels

// Retention: who of those that came in one period came back in a later one.
//
// Every user has one cohort, the period of its entry; whoever entered before the range is in none. Each period that
// the user was there from then on counts once in that cohort's row.

/// The tables of one call and what is counted of them.
private struct Cohorts: ~Copyable {
  let entries: UnsafePointer<ks_place_table>
  let activity: UnsafePointer<ks_place_table>
  let tableCount: Int
  let periods: Int
  let cohortUsers: UnsafeMutablePointer<Int64>
  let on: UnsafeMutablePointer<Int64>
  /// First the users whose last period it is; `finish` makes the sums from there on.
  let onOrAfter: UnsafeMutablePointer<Int64>

  /// Counts the user of an entry, unless an earlier table has it: the user's cohort is there then.
  @inline(__always)
  func add(_ slot: ks_user_bits, of number: Int) {
    let entry = number &* 64 &+ slot.bits.trailingZeroBitCount
    if entry == 0 || entry > periods || isEntered(slot.user, before: number) { return }
    cohortUsers[entry &- 1] &+= 1
    let row = (entry &- 1) &* periods
    var last = -1
    var other = number
    while other < tableCount {
      var bits = activity[other].bits(of: slot.user)
      // What was before the entry is no part of it.
      if other == number { bits &= ~0 &<< UInt64(truncatingIfNeeded: entry & 63) }
      while bits != 0 {
        let place = other &* 64 &+ bits.trailingZeroBitCount
        bits &= bits &- 1
        if place > periods { break }
        last = place &- entry
        on[row &+ last] &+= 1
      }
      other &+= 1
    }
    if last >= 0 { onOrAfter[row &+ last] &+= 1 }
  }

  @inline(__always)
  private func isEntered(_ user: Int64, before number: Int) -> Bool {
    var other = number &- 1
    while other >= 0 {
      if entries[other].bits(of: user) != 0 { return true }
      other &-= 1
    }
    return false
  }

  /// Whoever was there in a later period also counts for the periods before it.
  func finish() {
    var cohort = 0
    while cohort < periods {
      let row = onOrAfter + cohort &* periods
      var period = periods &- 1
      while period > 0 {
        row[period &- 1] &+= row[period]
        period &-= 1
      }
      cohort &+= 1
    }
  }
}

/// Fills the three answers.
/// - Complexity: O(users · tables + periods that users were there + periods²) time; allocates nothing.
private func count(_ cohorts: borrowing Cohorts, _ limits: Limits) throws(Failure) {
  let cells = cohorts.periods &* cohorts.periods &* MemoryLayout<Int64>.stride
  memset(cohorts.cohortUsers, 0, cohorts.periods &* MemoryLayout<Int64>.stride)
  memset(cohorts.on, 0, cells)
  memset(cohorts.onOrAfter, 0, cells)
  var number = 0
  while number < cohorts.tableCount {
    if let slots = cohorts.entries[number].slots {
      var row = 0
      while row < Int(cohorts.entries[number].capacity) {
        try limits.poll(row: row)
        if slots[row].bits != 0 { cohorts.add(slots[row], of: number) }
        row &+= 1
      }
    }
    number &+= 1
  }
  cohorts.finish()
}

@c @implementation
public func ks_cohort_users(
  _ entries: UnsafePointer<ks_place_table>, _ activity: UnsafePointer<ks_place_table>, _ tableCount: Int32,
  _ periods: Int32, _ limits: UnsafePointer<ks_limits>, _ cohortUsers: UnsafeMutablePointer<Int64>,
  _ on: UnsafeMutablePointer<Int64>, _ onOrAfter: UnsafeMutablePointer<Int64>
) -> ks_status {
  if periods < 1 || periods > 10_000 || Int(tableCount) &* 64 <= Int(periods) { return KS_BAD_ARGUMENT }
  do throws(Failure) {
    let cohorts = Cohorts(
      entries: entries, activity: activity, tableCount: Int(tableCount), periods: Int(periods),
      cohortUsers: cohortUsers, on: on, onOrAfter: onOrAfter)
    try count(cohorts, Limits(limits))
    return KS_OK
  } catch {
    return error.status
  }
}
