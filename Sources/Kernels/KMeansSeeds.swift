import CKernels

/// Seeded numbers (SplitMix64, Steele et al. 2014).
struct Draws {
  private var state: UInt64

  /// A sequence of its own for each restart.
  init(seed: UInt64, restart: Int) {
    state = seed ^ (UInt64(truncatingIfNeeded: restart) &* 0xD1B5_4A32_D192_ED03)
  }

  /// Evenly in 0 ..< 1.
  mutating func next() -> Double {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z &>> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z &>> 27)) &* 0x94D0_49BB_1331_11EB
    z ^= z &>> 31
    return Double(z &>> 11) * 0x1p-53
  }
}

/// Memory of `chooseSeeds`.
struct SeedMemory: ~Copyable {
  /// For each row, the squared distance to the nearest seed so far.
  let nearest: Scratch<Double>
  /// For each stripe and trial, the weighted sum of these distances.
  let sums: Scratch<Double>
  let trials: Scratch<Int>

  /// As many rows are tried in each round as scikit-learn tries: 2 + ln k.
  static func trials(_ k: Int) -> Int { 2 &+ Int(ks_truncate(log(Double(k)))) }

  init(_ points: Points, k: Int, _ limits: inout Limits) throws(Failure) {
    let nearest = try Scratch<Double>(points.groups &* 8, &limits)
    let sums = try Scratch<Double>(points.stripes &* (SeedMemory.trials(k) &+ 1), &limits)
    let trials = try Scratch<Int>(SeedMemory.trials(k), &limits)
    self.nearest = nearest
    self.sums = sums
    self.trials = trials
  }
}

/// Chooses up to k different rows as first centroids by greedy k-means++ (Arthur and Vassilvitskii 2007).
///
/// The first is drawn by weight, each further one by weight times squared distance to the nearest chosen row, the best
/// of several draws. Rows are drawn by their place in the order of rows, which hangs on their values alone.
/// - Returns: how many were chosen; fewer than k only if there are no more different rows.
/// - Complexity: O(rows · k · ln k · features) time.
func chooseSeeds(
  _ points: Points, k: Int, _ draws: inout Draws, _ memory: borrowing SeedMemory, threads: Int,
  _ limits: Limits, into seeds: UnsafeMutablePointer<Double>
) throws(Failure) -> Int {
  let nearest = memory.nearest.base
  var row = 0
  while row < points.groups &* 8 {
    nearest[row] = .greatestFiniteMagnitude
    row &+= 1
  }
  var first = try drawByWeight(points, draws.next(), limits)
  var count = 0
  while true {
    copy(points, first, to: seeds + count &* points.features)
    count &+= 1
    if count == k { return count }
    let total = try lower(points, first, memory, threads: threads, limits)
    if !(total > 0) { return count }
    // One trial leaves nothing to compare.
    let trials = SeedMemory.trials(k)
    var trial = 0
    while trial < trials {
      memory.trials.base[trial] = try draw(points, memory, draws.next() * total, limits)
      trial &+= 1
    }
    first = try bestTrial(points, memory, trials, threads: threads, limits)
  }
}

private func copy(_ points: Points, _ row: Int, to seed: UnsafeMutablePointer<Double>) {
  var feature = 0
  while feature < points.features {
    seed[feature] = points.value(row, feature)
    feature &+= 1
  }
}

private func drawByWeight(_ points: Points, _ share: Double, _ limits: Limits) throws(Failure) -> Int {
  if !points.isWeighted { return min(Int(ks_truncate(share * Double(points.rows))), points.rows &- 1) }
  var total = 0.0
  var block = 0
  while block < points.blocks {
    total += points.blockWeights[block]
    block &+= 1
  }
  var left = share * total
  var row = 0
  while row < points.rows &- 1 {
    try limits.poll(row: row)
    left -= points.weight(row)
    if left < 0 { return row }
    row &+= 1
  }
  return row
}

@inline(__always)
private func squaredDistances(
  _ values: UnsafeMutablePointer<Lanes>, _ points: Points, _ row: Int
) -> Lanes {
  var distance = Lanes(repeating: 0)
  var feature = 0
  while feature < points.features {
    let difference = values[feature] - points.value(row, feature)
    distance += difference * difference
    feature &+= 1
  }
  return distance
}

/// Takes a row in as a seed: lowers each row's distance to the nearest seed, and returns their weighted sum.
private func lower(
  _ points: Points, _ seed: Int, _ memory: borrowing SeedMemory, threads: Int, _ limits: Limits
) throws(Failure) -> Double {
  let sums = memory.sums.base
  try runStripes(
    points.stripes, threads: threads, limits,
    Lowering(points: points, seed: seed, nearest: memory.nearest.base, sums: sums))
  var total = 0.0
  var stripe = 0
  while stripe < points.stripes {
    total += sums[stripe]
    stripe &+= 1
  }
  return total
}

/// A stripe of `lower`.
private struct Lowering: StripedWork {
  let points: Points
  let seed: Int
  let nearest: UnsafeMutablePointer<Double>
  let sums: UnsafeMutablePointer<Double>

  static var thread: ThreadEntry { { Share<Self>.run($0) } }

  func run(_ stripe: Int, _ limits: Limits) throws(Failure) {
    let (first, end) = points.blocks(ofStripe: stripe)
    var total = Lanes(repeating: 0)
    var group = first &* groupsOfBlock
    let last = min(end &* groupsOfBlock, points.groups)
    while group < last {
      try limits.poll(row: group &<< 3)
      let place = UnsafeMutableRawPointer(nearest + group &* 8)
      var lanes = place.loadUnaligned(as: Lanes.self)
      let distance = squaredDistances(points.values + group &* points.features, points, seed)
      lanes.replace(with: distance, where: distance .< lanes)
      place.storeBytes(of: lanes, as: Lanes.self)
      total += lanes * points.weights(ofGroup: group)
      group &+= 1
    }
    sums[stripe] = total.sum()
  }
}

/// The row where the running sum of weight times distance passes `share`; never one that is a seed already.
private func draw(
  _ points: Points, _ memory: borrowing SeedMemory, _ share: Double, _ limits: Limits
) throws(Failure) -> Int {
  let (nearest, sums) = (memory.nearest.base, memory.sums.base)
  var left = share
  var stripe = 0
  while stripe < points.stripes &- 1 && left >= sums[stripe] {
    left -= sums[stripe]
    stripe &+= 1
  }
  // What rounding leaves over at the end of a stripe falls to the last row that can be drawn at all before or after.
  var found: Int?
  var row = points.blocks(ofStripe: stripe).first &* rowsOfBlock
  while row < points.rows {
    try limits.poll(row: row)
    if nearest[row] > 0 {
      found = row
      left -= nearest[row] * points.weight(row)
      if left < 0 { return row }
    }
    row &+= 1
  }
  if let found { return found }
  row = points.rows &- 1
  while row > 0 && !(nearest[row] > 0) { row &-= 1 }
  return row
}

/// The trial that would leave the smallest sum of distances; the first one of several.
private func bestTrial(
  _ points: Points, _ memory: borrowing SeedMemory, _ trials: Int, threads: Int, _ limits: Limits
) throws(Failure) -> Int {
  let (sums, tried) = (memory.sums.base, memory.trials.base)
  try runStripes(
    points.stripes, threads: threads, limits,
    Trying(points: points, trials: trials, tried: tried, nearest: memory.nearest.base, sums: sums))
  var best = 0
  var least = Double.infinity
  var trial = 0
  while trial < trials {
    var total = 0.0
    var stripe = 0
    while stripe < points.stripes {
      total += sums[stripe &* trials &+ trial]
      stripe &+= 1
    }
    if total < least {
      least = total
      best = trial
    }
    trial &+= 1
  }
  return tried[best]
}

/// A stripe of `bestTrial`.
private struct Trying: StripedWork {
  let points: Points
  let trials: Int
  let tried: UnsafeMutablePointer<Int>
  let nearest: UnsafeMutablePointer<Double>
  let sums: UnsafeMutablePointer<Double>

  static var thread: ThreadEntry { { Share<Self>.run($0) } }

  func run(_ stripe: Int, _ limits: Limits) throws(Failure) {
    let (first, end) = points.blocks(ofStripe: stripe)
    let last = min(end &* groupsOfBlock, points.groups)
    var trial = 0
    while trial < trials {
      let row = tried[trial]
      var total = Lanes(repeating: 0)
      var group = first &* groupsOfBlock
      while group < last {
        try limits.poll(row: group &<< 3)
        let before = UnsafeRawPointer(nearest + group &* 8).loadUnaligned(as: Lanes.self)
        let distance = squaredDistances(points.values + group &* points.features, points, row)
        let lowered = before.replacing(with: distance, where: distance .< before)
        total += lowered * points.weights(ofGroup: group)
        group &+= 1
      }
      sums[stripe &* trials &+ trial] = total.sum()
      trial &+= 1
    }
  }
}
