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
/// - Complexity: O(customers) time; scratch 8 bytes a customer.
private func scoreCustomers(
  _ customers: UnsafeBufferPointer<ks_purchase>, periodEnd: Int32, _ limits: inout Limits,
  into scores: UnsafeMutablePointer<ks_rfm_score>
) throws(Failure) -> Int {
  let count = try fill(scores, from: customers, periodEnd, limits)
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

/// Writes the customers that count, without scores.
private func fill(
  _ scores: UnsafeMutablePointer<ks_rfm_score>, from customers: UnsafeBufferPointer<ks_purchase>,
  _ periodEnd: Int32, _ limits: Limits
) throws(Failure) -> Int {
  var (row, count) = (0, 0)
  while row < customers.count {
    try limits.poll(row: row)
    let customer = customers[row]
    row &+= 1
    if customer.orders <= 0 || customer.day >= periodEnd { continue }
    let days = Int64(periodEnd) &- Int64(customer.day)
    scores[count] = ks_rfm_score()
    scores[count].customer = customer.customer
    scores[count].amount = customer.amount
    scores[count].recency = Int32(truncatingIfNeeded: min(days, Int64(Int32.max)))
    scores[count].frequency = customer.orders
    scores[count].foreign_orders = customer.foreign_orders
    count &+= 1
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
  _ rows: UnsafePointer<ks_purchase>, _ rowCount: Int64, _ periodEnd: Int32,
  _ limits: UnsafePointer<ks_limits>, _ scores: UnsafeMutablePointer<ks_rfm_score>,
  _ count: UnsafeMutablePointer<Int64>
) -> ks_status {
  var limits = Limits(limits)
  if rowCount < 0 { return KS_BAD_ARGUMENT }
  let rows = UnsafeBufferPointer(start: rows, count: Int(rowCount))
  do throws(Failure) {
    count.pointee = Int64(try scoreCustomers(rows, periodEnd: periodEnd, &limits, into: scores))
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
