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

/// What a customer is ranked by; larger is better.
private enum Metric {
  case recency, frequency, monetary

  @inline(__always)
  func value(_ customer: ks_rfm_score) -> Int64 {
    switch self {
    case .recency: 0 &- Int64(customer.recency_days)
    case .frequency: Int64(customer.frequency)
    case .monetary: customer.amount
    }
  }
}

/// The four values that divide the scores of one metric: a score is 1 + how many of them the value exceeds.
private struct Quintiles {
  private var cuts: (Int64, Int64, Int64, Int64) = (0, 0, 0, 0)
  /// False if the metric cannot be ranked and every score is 3.
  let isRanked: Bool

  /// From the values of all customers, ascending.
  ///
  /// 5·L/n ≥ k just when L ≥ ⌈k·n/5⌉, that is when the ⌈k·n/5⌉-th smallest value is strictly less.
  init(sorted: UnsafePointer<KeyedRow>, count: Int) {
    isRanked = count >= 5 && sorted[0].key != sorted[count &- 1].key
    if isRanked {
      cuts.0 = sorted[(count &+ 4) / 5 &- 1].key
      cuts.1 = sorted[(2 &* count &+ 4) / 5 &- 1].key
      cuts.2 = sorted[(3 &* count &+ 4) / 5 &- 1].key
      cuts.3 = sorted[(4 &* count &+ 4) / 5 &- 1].key
    }
  }

  func score(_ value: Int64) -> Int8 {
    if !isRanked { return 3 }
    var score: Int8 = 1
    if value > cuts.0 { score &+= 1 }
    if value > cuts.1 { score &+= 1 }
    if value > cuts.2 { score &+= 1 }
    if value > cuts.3 { score &+= 1 }
    return score
  }
}

/// Scores customers by their rank among all and names their cluster; the result is in the order of customer.
///
/// Customers without an order, or whose day is not before `periodEnd`, are left out.
/// - Returns: how many were scored.
/// - Complexity: O(customers) time; scratch up to 56 bytes a customer.
private func scoreCustomers(
  _ customers: UnsafePointer<ks_chunk>?, periodEnd: Int32, _ limits: inout Limits,
  into scores: UnsafeMutablePointer<ks_rfm_score>
) throws(Failure) -> Int {
  var sorted = try Scratch<KeyedRow>(try Chunks<ks_purchase>.count(customers), &limits)
  let count = try fillInOrder(customers, periodEnd, &sorted, &limits, into: scores)
  let recency = try quintiles(.recency, scores, count, &sorted, &limits)
  let frequency = try quintiles(.frequency, scores, count, &sorted, &limits)
  let monetary = try quintiles(.monetary, scores, count, &sorted, &limits)
  let isSmall = !(recency.isRanked && frequency.isRanked && monetary.isRanked)
  var row = 0
  while row < count {
    try limits.poll(row: row)
    let r = recency.score(Metric.recency.value(scores[row]))
    let f = frequency.score(Metric.frequency.value(scores[row]))
    let m = monetary.score(Metric.monetary.value(scores[row]))
    scores[row].r_score = r
    scores[row].f_score = f
    scores[row].m_score = m
    scores[row].cluster = Cluster(recency: r, frequency: f, monetary: m).rawValue
    scores[row].small_n = isSmall ? 1 : 0
    row &+= 1
  }
  return count
}

/// Writes the customers that count, without scores, in the order of their key.
private func fillInOrder(
  _ customers: UnsafePointer<ks_chunk>?, _ periodEnd: Int32, _ sorted: inout Scratch<KeyedRow>,
  _ limits: inout Limits, into scores: UnsafeMutablePointer<ks_rfm_score>
) throws(Failure) -> Int {
  let kept = try Scratch<ks_purchase>(sorted.capacity, &limits)
  var count = 0
  var chunks = Chunks<ks_purchase>(customers)
  while let block = chunks.nextBlock() {
    var row = 0
    while row < block.count {
      try limits.poll(row: row)
      let customer = block.rows[row]
      if customer.orders > 0 && customer.day < periodEnd {
        sorted.base[count] = KeyedRow(key: customer.customer, row: UInt32(truncatingIfNeeded: count))
        kept.base[count] = customer
        count &+= 1
      }
      row &+= 1
    }
  }
  try radixSort(&sorted, count: count, &limits)
  var place = 0
  while place < count {
    try limits.poll(row: place)
    let customer = kept.base[Int(sorted.base[place].row)]
    let days = Int64(periodEnd) &- Int64(customer.day)
    scores[place] = ks_rfm_score()
    scores[place].customer = customer.customer
    scores[place].amount = customer.amount
    scores[place].recency_days = Int32(truncatingIfNeeded: min(days, Int64(Int32.max)))
    scores[place].frequency = customer.orders
    place &+= 1
  }
  kept.release(&limits)
  return count
}

private func quintiles(
  _ metric: Metric, _ scores: UnsafePointer<ks_rfm_score>, _ count: Int, _ sorted: inout Scratch<KeyedRow>,
  _ limits: inout Limits
) throws(Failure) -> Quintiles {
  var row = 0
  while row < count {
    try limits.poll(row: row)
    sorted.base[row] = KeyedRow(key: metric.value(scores[row]), row: 0)
    row &+= 1
  }
  try radixSort(&sorted, count: count, &limits)
  return Quintiles(sorted: sorted.base, count: count)
}

// The C entries, as kernels.h declares them.

@c @implementation
public func ks_rfm_scores(
  _ customers: UnsafePointer<ks_chunk>?, _ rows: Int64, _ periodEnd: Int32,
  _ limits: UnsafePointer<ks_limits>,
  _ scores: UnsafeMutablePointer<ks_rfm_score>, _ count: UnsafeMutablePointer<Int64>
) -> ks_status {
  var limits = Limits(limits)
  do throws(Failure) {
    if try Chunks<ks_purchase>.count(customers) > Int(rows) { return KS_BAD_ARGUMENT }
    count.pointee = Int64(try scoreCustomers(customers, periodEnd: periodEnd, &limits, into: scores))
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
