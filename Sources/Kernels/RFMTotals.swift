import CKernels

// Purchases added up per customer, in a hash table whose memory belongs to the caller: open addressing, at most half
// full. The hash is fixed, so that a run can be repeated; the places depend on row order and never reach an answer.

/// How many rows ahead a slot is asked for; a table that is larger than the cache answers as if it were in it.
private let ahead = 12

/// Where the search for a customer begins, in a table of some capacity.
///
/// Fibonacci hashing of the folded number: the high bits of the product depend on all of it. Of the two multipliers
/// a table that is filled from another must have the other one: in the same order of slots, rows would crowd.
private struct Hash {
  private let multiplier: UInt64
  private let shift: UInt64
  /// What a place is masked with to begin again after the last slot.
  let mask: Int

  /// `nil` if the capacity is none.
  init?(of totals: ks_rfm_totals) {
    let capacity = totals.capacity
    if capacity < 2 || capacity > 1 &<< 32 || capacity & (capacity &- 1) != 0 { return nil }
    multiplier = totals.hash == 0 ? 0x9E37_79B9_7F4A_7C15 : 0xC2B2_AE3D_27D4_EB4F
    shift = UInt64(truncatingIfNeeded: 64 &- capacity.trailingZeroBitCount)
    mask = Int(capacity) &- 1
  }

  @inline(__always)
  func home(_ customer: Int64) -> Int {
    let bits = UInt64(bitPattern: customer)
    return Int(truncatingIfNeeded: ((bits ^ (bits &>> 32)) &* multiplier) &>> shift)
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

/// Writes the totals one after the other.
///
/// - Complexity: O(capacity); does not allocate.
private func list(
  _ totals: ks_rfm_totals, to rows: UnsafeMutablePointer<ks_purchase>, _ limits: Limits
) throws(Failure) {
  guard let slots = totals.slots else { return }
  var (slot, row) = (0, 0)
  while slot < Int(totals.capacity) {
    try limits.poll(row: slot)
    if slots[slot].orders >= 0 {
      rows[row] = slots[slot]
      row &+= 1
    }
    slot &+= 1
  }
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
  do throws(Failure) {
    try list(totals.pointee, to: rows, Limits(limits))
    return KS_OK
  } catch {
    return error.status
  }
}
