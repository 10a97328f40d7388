import CKernels

// Purchases added up per customer, in a hash table whose memory belongs to the caller: open addressing, at most half
// full. The hash is fixed, so that a run can be repeated; the places depend on row order and never reach an answer.
// What processes pass on is a list in the order of customer: each sorts its own, and lists are merged without a hash.

/// How many rows ahead a slot is asked for; a table that is larger than the cache answers as if it were in it.
private let ahead = 12

/// Where the search for a customer begins, in a table of some capacity.
///
/// Fibonacci hashing of the folded number: the high bits of the product depend on all of it.
private struct Hash {
  private let shift: UInt64
  /// What a place is masked with to begin again after the last slot.
  let mask: Int

  /// `nil` if the capacity is none.
  init?(of totals: ks_rfm_totals) {
    let capacity = totals.capacity
    if capacity < 2 || capacity > 1 &<< 32 || capacity & (capacity &- 1) != 0 { return nil }
    shift = UInt64(truncatingIfNeeded: 64 &- capacity.trailingZeroBitCount)
    mask = Int(capacity) &- 1
  }

  @inline(__always)
  func home(_ customer: Int64) -> Int {
    let bits = UInt64(bitPattern: customer)
    return Int(truncatingIfNeeded: ((bits ^ (bits &>> 32)) &* 0x9E37_79B9_7F4A_7C15) &>> shift)
  }
}

/// Adds rows to the totals of their customers.
///
/// - Complexity: O(1) expected a row; does not allocate.
private func add(
  _ rows: UnsafePointer<ks_purchase>, _ count: Int, to totals: inout ks_rfm_totals
) throws(Failure) {
  if count == 0 { return }
  guard let hash = Hash(of: totals), let slots = totals.slots,
    Int64(count) <= totals.capacity / 2 &- totals.count
  else { throw .badArgument }
  var row = 0
  while row < count {
    ks_prefetch(slots + hash.home(rows[min(row &+ ahead, count &- 1)].customer))
    let purchase = rows[row]
    var place = hash.home(purchase.customer)
    while slots[place].orders >= 0 && slots[place].customer != purchase.customer {
      place = (place &+ 1) & hash.mask
    }
    if slots[place].orders < 0 {
      slots[place] = purchase
      totals.count &+= 1
    } else {
      try add(purchase, to: &slots[place])
    }
    row &+= 1
  }
}

@inline(__always)
private func add(_ purchase: ks_purchase, to total: inout ks_purchase) throws(Failure) {
  let (amount, tooMuch) = total.amount.addingReportingOverflow(purchase.amount)
  let (orders, tooMany) = total.orders.addingReportingOverflow(purchase.orders)
  if tooMuch || tooMany { throw .overflow }
  total.amount = amount
  total.orders = orders
  // No more than orders, so it cannot leave its range first.
  total.foreign_orders &+= purchase.foreign_orders
  total.day = max(total.day, purchase.day)
}

/// Fills the empty slots of `larger` with the customers of `smaller`.
///
/// - Complexity: O(capacities); does not allocate.
private func move(
  _ smaller: ks_rfm_totals, to larger: inout ks_rfm_totals, _ limits: Limits
) throws(Failure) {
  guard let hash = Hash(of: larger), let slots = larger.slots, smaller.count <= larger.capacity / 2
  else { throw .badArgument }
  larger.count = 0
  var slot = 0
  while slot < Int(larger.capacity) {
    try limits.poll(row: slot)
    slots[slot].orders = -1
    slot &+= 1
  }
  guard let old = smaller.slots else { return }
  slot = 0
  while slot < Int(smaller.capacity) {
    try limits.poll(row: slot)
    if old[slot].orders >= 0 {
      var place = hash.home(old[slot].customer)
      while slots[place].orders >= 0 { place = (place &+ 1) & hash.mask }
      slots[place] = old[slot]
    }
    slot &+= 1
  }
  larger.count = smaller.count
}

/// Writes the totals in the order of customer.
///
/// - Complexity: O(capacity); scratch 32 bytes a customer.
private func list(
  _ totals: ks_rfm_totals, to rows: UnsafeMutablePointer<ks_purchase>, _ limits: inout Limits
) throws(Failure) {
  guard let slots = totals.slots else { return }
  let count = Int(totals.count)
  var sorted = try Scratch<KeyedRow>(count, &limits)
  try listSlots(slots, Int(totals.capacity), limits, into: sorted.base)
  try radixSort(&sorted, count: count, &limits)
  var row = 0
  while row < count {
    try limits.poll(row: row)
    // Slots are read in the order of customer, which is none in memory.
    ks_prefetch(slots + Int(sorted.base[min(row &+ 16, count &- 1)].row))
    rows[row] = slots[Int(sorted.base[row].row)]
    row &+= 1
  }
  sorted.release(&limits)
}

/// The slots in use, with the customers' numbers as keys.
private func listSlots(
  _ slots: UnsafePointer<ks_purchase>, _ capacity: Int, _ limits: Limits,
  into list: UnsafeMutablePointer<KeyedRow>
) throws(Failure) {
  var (slot, count) = (0, 0)
  while slot < capacity {
    try limits.poll(row: slot)
    if slots[slot].orders >= 0 {
      list[count] = KeyedRow(key: slots[slot].customer, row: UInt32(truncatingIfNeeded: slot))
      count &+= 1
    }
    slot &+= 1
  }
}

/// Makes one list of two that are in the order of customer.
///
/// - Returns: how many customers there are.
/// - Complexity: O(customers of both); does not allocate.
private func merge(
  _ left: UnsafeBufferPointer<ks_purchase>, _ right: UnsafeBufferPointer<ks_purchase>, _ limits: Limits,
  into rows: UnsafeMutablePointer<ks_purchase>
) throws(Failure) -> Int {
  var (l, r, count) = (0, 0, 0)
  while l < left.count || r < right.count {
    try limits.poll(row: count)
    let takesLeft = r == right.count || (l < left.count && left[l].customer <= right[r].customer)
    let takesRight = l == left.count || (r < right.count && right[r].customer <= left[l].customer)
    if takesLeft {
      rows[count] = left[l]
      l &+= 1
    } else {
      rows[count] = right[r]
    }
    if takesRight {
      if takesLeft { try add(right[r], to: &rows[count]) }
      r &+= 1
    }
    count &+= 1
  }
  return count
}

@c @implementation
public func ks_rfm_add(
  _ totals: UnsafeMutablePointer<ks_rfm_totals>, _ rows: UnsafePointer<ks_purchase>, _ count: Int64
) -> ks_status {
  do throws(Failure) {
    try add(rows, Int(count), to: &totals.pointee)
    return KS_OK
  } catch {
    return error.status
  }
}

@c @implementation
public func ks_rfm_move(
  _ smaller: UnsafePointer<ks_rfm_totals>, _ larger: UnsafeMutablePointer<ks_rfm_totals>,
  _ limits: UnsafePointer<ks_limits>
) -> ks_status {
  do throws(Failure) {
    try move(smaller.pointee, to: &larger.pointee, Limits(limits))
    return KS_OK
  } catch {
    return error.status
  }
}

@c @implementation
public func ks_rfm_list(
  _ totals: UnsafePointer<ks_rfm_totals>, _ rows: UnsafeMutablePointer<ks_purchase>,
  _ limits: UnsafePointer<ks_limits>
) -> ks_status {
  var limits = Limits(limits)
  do throws(Failure) {
    try list(totals.pointee, to: rows, &limits)
    return KS_OK
  } catch {
    return error.status
  }
}

@c @implementation
public func ks_rfm_merge(
  _ left: UnsafePointer<ks_purchase>, _ leftCount: Int64, _ right: UnsafePointer<ks_purchase>,
  _ rightCount: Int64, _ limits: UnsafePointer<ks_limits>, _ rows: UnsafeMutablePointer<ks_purchase>,
  _ count: UnsafeMutablePointer<Int64>
) -> ks_status {
  if leftCount < 0 || rightCount < 0 { return KS_BAD_ARGUMENT }
  let left = UnsafeBufferPointer(start: left, count: Int(leftCount))
  let right = UnsafeBufferPointer(start: right, count: Int(rightCount))
  do throws(Failure) {
    count.pointee = Int64(try merge(left, right, Limits(limits), into: rows))
    return KS_OK
  } catch {
    return error.status
  }
}
