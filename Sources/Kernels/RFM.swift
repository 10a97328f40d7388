import CKernels

// Recency, frequency, monetary value: scores by quintile and the six clusters made of them.
//
// Scores: 1 + floor(5·L/n), where L is how many of the n customers are strictly worse. Equal customers have equal
// scores whatever their order, which NTILE does not give. With fewer than five customers, or a metric that is the
// same for all, there is nothing to rank: that score is 3 for everyone and small_n says so.

/// The six clusters; every cell of scores has exactly one, and a better score never gives a worse one.
///
/// Champions 8 cells, loyal 37, opportunists 30, at risk 30, hibernating 10, lost 10.
private enum Cluster: Int8 {
  case champions = 1
  case loyal, opportunists, atRisk, hibernating, lost

  init(recency: Int8, frequency: Int8, monetary: Int8) {
    let valuable = frequency &+ monetary >= 6
    if recency >= 4 && frequency >= 4 && monetary >= 4 {
      self = .champions
    } else if recency >= 3 {
      self = valuable ? .loyal : .opportunists
    } else if valuable {
      self = .atRisk
    } else {
      self = recency == 2 ? .hibernating : .lost
    }
  }
}

/// Scores customers by their rank among all and names their cluster; the result is in the order of customer.
///
/// Customers without an order, or whose last day is not before `periodEnd`, are left out.
/// - Returns: how many were scored.
/// - Complexity: O(customers) time; scratch 32 bytes a customer.
private func scoreCustomers(
  _ totals: ks_rfm_totals, periodEnd: Int32, _ limits: inout Limits,
  into scores: UnsafeMutablePointer<ks_rfm_score>
) throws(Failure) -> Int {
  let count = try fillInOrder(totals, periodEnd, &limits, into: scores)
  let values = try Scratch<Int64>(count, &limits)
  let recency = try quintiles(of: values.base, count, &limits) { 0 &- Int64(scores[$0].recency) }
  let frequency = try quintiles(of: values.base, count, &limits) { Int64(scores[$0].frequency) }
  let monetary = try quintiles(of: values.base, count, &limits) { scores[$0].amount }
  let isSmall: Int8 = recency.isRanked && frequency.isRanked && monetary.isRanked ? 0 : 1
  var row = 0
  while row < count {
    try limits.poll(row: row)
    let r = recency.score(0 &- Int64(scores[row].recency))
    let f = frequency.score(Int64(scores[row].frequency))
    let m = monetary.score(scores[row].amount)
    scores[row].r_score = r
    scores[row].f_score = f
    scores[row].m_score = m
    scores[row].cluster = Cluster(recency: r, frequency: f, monetary: m).rawValue
    scores[row].small_n = isSmall
    row &+= 1
  }
  return count
}

/// Writes the customers that count, without scores, in the order of their number.
private func fillInOrder(
  _ totals: ks_rfm_totals, _ periodEnd: Int32, _ limits: inout Limits,
  into scores: UnsafeMutablePointer<ks_rfm_score>
) throws(Failure) -> Int {
  guard let slots = totals.slots else { return 0 }
  var sorted = try Scratch<KeyedRow>(Int(totals.count), &limits)
  let count = try listSlots(slots, Int(totals.capacity), before: periodEnd, &limits, into: sorted.base)
  try radixSort(&sorted, count: count, &limits)
  var place = 0
  while place < count {
    try limits.poll(row: place)
    // Slots are read in the order of customer, which is none in memory.
    ks_prefetch(slots + Int(sorted.base[min(place &+ 16, count &- 1)].row))
    let customer = slots[Int(sorted.base[place].row)]
    let days = Int64(periodEnd) &- Int64(customer.day)
    scores[place] = ks_rfm_score()
    scores[place].customer = customer.customer
    scores[place].amount = customer.amount
    scores[place].recency = Int32(truncatingIfNeeded: min(days, Int64(Int32.max)))
    scores[place].frequency = customer.orders
    scores[place].foreign_orders = customer.foreign_orders
    place &+= 1
  }
  sorted.release(&limits)
  return count
}

/// The slots of the customers that count, with the customers' numbers as keys.
private func listSlots(
  _ slots: UnsafePointer<ks_purchase>, _ capacity: Int, before periodEnd: Int32, _ limits: inout Limits,
  into list: UnsafeMutablePointer<KeyedRow>
) throws(Failure) -> Int {
  var count = 0
  var slot = 0
  while slot < capacity {
    try limits.poll(row: slot)
    if slots[slot].orders > 0 && slots[slot].day < periodEnd {
      list[count] = KeyedRow(key: slots[slot].customer, row: UInt32(truncatingIfNeeded: slot))
      count &+= 1
    }
    slot &+= 1
  }
  return count
}

/// The quintiles of a metric, larger being better; `values` is room for one of each customer.
@inline(__always)
private func quintiles(
  of values: UnsafeMutablePointer<Int64>, _ count: Int, _ limits: inout Limits, _ metric: (Int) -> Int64
) throws(Failure) -> Quintiles {
  var row = 0
  while row < count {
    try limits.poll(row: row)
    values[row] = metric(row)
    row &+= 1
  }
  return try Quintiles(of: values, count: count, &limits)
}

// The C entries, as kernels.h declares them.

@c @implementation
public func ks_rfm_scores(
  _ totals: UnsafePointer<ks_rfm_totals>, _ periodEnd: Int32, _ limits: UnsafePointer<ks_limits>,
  _ scores: UnsafeMutablePointer<ks_rfm_score>, _ count: UnsafeMutablePointer<Int64>
) -> ks_status {
  var limits = Limits(limits)
  do throws(Failure) {
    count.pointee = Int64(try scoreCustomers(totals.pointee, periodEnd: periodEnd, &limits, into: scores))
    return KS_OK
  } catch {
    return error.status
  }
}

@c @implementation
public func ks_rfm_cluster(_ recency: Int32, _ frequency: Int32, _ monetary: Int32) -> Int8 {
  if min(recency, min(frequency, monetary)) < 1 || max(recency, max(frequency, monetary)) > 5 { return 0 }
  return Cluster(
    recency: Int8(truncatingIfNeeded: recency), frequency: Int8(truncatingIfNeeded: frequency),
    monetary: Int8(truncatingIfNeeded: monetary)
  ).rawValue
}
