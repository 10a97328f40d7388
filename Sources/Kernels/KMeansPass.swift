import CKernels

/// Memory of the passes over all blocks, made once a call: what each stripe needs for itself, and what it finds.
struct PassMemory: ~Copyable {
  private let benches: Scratch<UInt8>
  /// For each stripe: the weighted sum of every cluster's rows, then every cluster's weight.
  let totals: Scratch<Double>
  /// For each stripe: every cluster's rows.
  let sizes: Scratch<Int64>
  /// For each stripe one number; what it is depends on the pass.
  let figures: Scratch<Double>
  let places: Scratch<Int>
  let stride: Int

  init(_ points: Points, k: Int, _ limits: inout Limits) throws(Failure) {
    let stride = k &* (points.features &+ 1)
    let benches = try Scratch<UInt8>(points.stripes &* Bench.bytes &+ 64, &limits)
    let totals = try Scratch<Double>(points.stripes &* stride, &limits)
    let sizes = try Scratch<Int64>(points.stripes &* k, &limits)
    let figures = try Scratch<Double>(points.stripes, &limits)
    let places = try Scratch<Int>(points.stripes, &limits)
    self.benches = benches
    self.totals = totals
    self.sizes = sizes
    self.figures = figures
    self.places = places
    self.stride = stride
  }

  func bench(_ stripe: Int) -> UnsafeMutableRawPointer {
    let address = UnsafeMutableRawPointer(benches.base) + stripe &* Bench.bytes
    return address + Int(truncatingIfNeeded: (64 &- UInt(bitPattern: address) & 63) & 63)
  }
}

/// One round of Lloyd's algorithm (1982): gives every row to its nearest centroid, and leaves in the first stripe's
/// totals what each centroid's rows sum up to and weigh.
///
/// A block whose rows can only be nearest to one centroid adds its sum as a whole; so what a round costs are the
/// blocks that lie between clusters.
/// - Complexity: O(blocks · k · features + rows between clusters · their candidates · features) time; no scratch.
func lloydPass(
  _ points: Points, _ centres: Centres, _ memory: borrowing PassMemory, threads: Int, _ limits: Limits
) throws(Failure) {
  let (totals, stride) = (memory.totals.base, memory.stride)
  try runStripes(
    points.stripes, threads: threads, limits,
    Lloyd(points: points, centres: centres, benches: memory.bench(0), totals: totals, stride: stride))
  let size = centres.count &* (points.features &+ 1)
  var stripe = 1
  while stripe < points.stripes {
    var place = 0
    while place < size {
      totals[place] += totals[stripe &* stride &+ place]
      place &+= 1
    }
    stripe &+= 1
  }
}

/// A stripe of `lloydPass`.
private struct Lloyd: StripedWork {
  let points: Points
  let centres: Centres
  let benches: UnsafeMutableRawPointer
  let totals: UnsafeMutablePointer<Double>
  let stride: Int

  static var thread: ThreadEntry { { Share<Self>.run($0) } }

  func run(_ stripe: Int, _ limits: Limits) throws(Failure) {
    let own = totals + stripe &* stride
    let bench = Bench(at: benches + stripe &* Bench.bytes)
    memset(own, 0, centres.count &* (points.features &+ 1) &* MemoryLayout<Double>.stride)
    let (first, end) = points.blocks(ofStripe: stripe)
    var block = first
    while block < end {
      try limits.poll()
      addBlock(points, block, centres, bench, own)
      block &+= 1
    }
  }
}

@inline(__always)
private func addBlock(
  _ points: Points, _ block: Int, _ centres: Centres, _ bench: Bench, _ totals: UnsafeMutablePointer<Double>
) {
  let features = points.features
  let weights = totals + centres.count &* features
  let count = filterCandidates(points, block, centres, bench)
  if count == 1 {
    let own = bench.candidates[0]
    add(points.sums + block &* features, features, to: totals + own &* features)
    weights[own] += points.blockWeights[block]
    return
  }
  labelRows(points, block, centres, bench, count)
  if count > 6 {
    scatter(points, block, bench, totals, weights)
    return
  }
  // All candidates but the last are summed up; the last one has what remains of the block.
  let last = bench.candidates[count &- 1]
  add(points.sums + block &* features, features, to: totals + last &* features)
  weights[last] += points.blockWeights[block]
  var place = 0
  while place < count &- 1 {
    let own = bench.candidates[place]
    let weight = maskedWeight(points, block, bench, place)
    if weight != 0 {
      weights[own] += weight
      weights[last] -= weight
      addMasked(
        points, block, bench, place, to: totals + own &* features, takingFrom: totals + last &* features)
    }
    place &+= 1
  }
}

@inline(__always)
private func add(
  _ values: UnsafePointer<Double>, _ count: Int, to totals: UnsafeMutablePointer<Double>
) {
  var place = 0
  while place < count {
    totals[place] += values[place]
    place &+= 1
  }
}

@inline(__always)
private func maskedWeight(_ points: Points, _ block: Int, _ bench: Bench, _ label: Int) -> Double {
  let (first, end) = points.groups(ofBlock: block)
  let wanted = SIMD8<Int64>(repeating: Int64(label))
  var total = Lanes(repeating: 0)
  var group = first
  while group < end {
    let isWanted = bench.labels[group &- first] .== wanted
    total += Lanes(repeating: 0).replacing(with: points.weights(ofGroup: group), where: isWanted)
    group &+= 1
  }
  return total.sum()
}

@inline(__always)
private func addMasked(
  _ points: Points, _ block: Int, _ bench: Bench, _ label: Int,
  to totals: UnsafeMutablePointer<Double>, takingFrom others: UnsafeMutablePointer<Double>
) {
  let features = points.features
  let groups = (points.count(ofBlock: block) &+ 7) / 8
  let values = points.weighted + block &* groupsOfBlock &* features
  let wanted = SIMD8<Int64>(repeating: Int64(label))
  let zero = Lanes(repeating: 0)
  var feature = 0
  while feature < features {
    // Two features at once, so that each mask is made half as often.
    let next = min(feature &+ 1, features &- 1)
    var (one, two) = (zero, zero)
    var group = 0
    while group < groups {
      let isWanted = bench.labels[group] .== wanted
      one += zero.replacing(with: values[group &* features &+ feature], where: isWanted)
      two += zero.replacing(with: values[group &* features &+ next], where: isWanted)
      group &+= 1
    }
    let sum = one.sum()
    totals[feature] += sum
    others[feature] -= sum
    if next != feature {
      let sum = two.sum()
      totals[next] += sum
      others[next] -= sum
    }
    feature &+= 2
  }
}

/// Adds row by row; for blocks with so many candidates that a masked sum for each would take longer.
@inline(__always)
private func scatter(
  _ points: Points, _ block: Int, _ bench: Bench,
  _ totals: UnsafeMutablePointer<Double>, _ weights: UnsafeMutablePointer<Double>
) {
  let features = points.features
  let count = points.count(ofBlock: block)
  let values = UnsafeRawPointer(points.weighted + block &* groupsOfBlock &* features)
    .assumingMemoryBound(to: Double.self)
  var row = 0
  while row < count {
    let own = bench.candidates[bench.label(row)]
    let group = row &>> 3
    let place = values + (group &* features &* 8 &+ (row & 7))
    let sums = totals + own &* features
    var feature = 0
    while feature < features {
      sums[feature] += place[feature &* 8]
      feature &+= 1
    }
    weights[own] += points.weight(block &* rowsOfBlock &+ row)
    row &+= 1
  }
}

/// Rows and weight of every cluster and the weighted sum of squared distances.
///
/// - Complexity: as `lloydPass` without its short cut.
func measure(
  _ points: Points, _ centres: Centres, _ memory: borrowing PassMemory, threads: Int, _ limits: Limits,
  sizes: UnsafeMutablePointer<Int64>, weights: UnsafeMutablePointer<Double>
) throws(Failure) -> Double {
  let (found, totals, stride) = (memory.sizes.base, memory.totals.base, memory.stride)
  let inertias = memory.figures.base
  try runStripes(
    points.stripes, threads: threads, limits,
    Measuring(
      points: points, centres: centres, benches: memory.bench(0), sizes: found, weights: totals,
      stride: stride, inertias: inertias))
  memset(sizes, 0, centres.count &* 8)
  memset(weights, 0, centres.count &* 8)
  var inertia = 0.0
  var stripe = 0
  while stripe < points.stripes {
    inertia += inertias[stripe]
    var cluster = 0
    while cluster < centres.count {
      sizes[cluster] &+= found[stripe &* centres.count &+ cluster]
      weights[cluster] += totals[stripe &* stride &+ cluster]
      cluster &+= 1
    }
    stripe &+= 1
  }
  return inertia
}

/// A stripe of `measure`.
private struct Measuring: StripedWork {
  let points: Points
  let centres: Centres
  let benches: UnsafeMutableRawPointer
  let sizes: UnsafeMutablePointer<Int64>
  let weights: UnsafeMutablePointer<Double>
  let stride: Int
  let inertias: UnsafeMutablePointer<Double>

  static var thread: ThreadEntry { { Share<Self>.run($0) } }

  func run(_ stripe: Int, _ limits: Limits) throws(Failure) {
    let ownSizes = sizes + stripe &* centres.count
    let ownWeights = weights + stripe &* stride
    memset(ownSizes, 0, centres.count &* 8)
    memset(ownWeights, 0, centres.count &* 8)
    var inertia = 0.0
    try forEachLabelledBlock(points, stripe, centres, benches, limits) { block, bench in
      var sum = 0.0
      var row = 0
      while row < points.count(ofBlock: block) {
        let own = bench.candidates[bench.label(row)]
        let weight = points.weight(block &* rowsOfBlock &+ row)
        ownSizes[own] &+= 1
        ownWeights[own] += weight
        sum += weight * bench.distance(row)
        row &+= 1
      }
      inertia += sum
    }
    inertias[stripe] = inertia
  }
}

/// The first row in order of those that are farthest from their nearest centroid; `nil` if every row lies on one.
///
/// - Complexity: as `measure`.
func farthestRow(
  _ points: Points, _ centres: Centres, _ memory: borrowing PassMemory, threads: Int, _ limits: Limits
) throws(Failure) -> Int? {
  let (distances, rows) = (memory.figures.base, memory.places.base)
  try runStripes(
    points.stripes, threads: threads, limits,
    Searching(points: points, centres: centres, benches: memory.bench(0), distances: distances, rows: rows))
  var best = 0
  var stripe = 1
  while stripe < points.stripes {
    if distances[stripe] > distances[best] { best = stripe }
    stripe &+= 1
  }
  return distances[best] > 0 ? rows[best] : nil
}

/// A stripe of `farthestRow`.
private struct Searching: StripedWork {
  let points: Points
  let centres: Centres
  let benches: UnsafeMutableRawPointer
  let distances: UnsafeMutablePointer<Double>
  let rows: UnsafeMutablePointer<Int>

  static var thread: ThreadEntry { { Share<Self>.run($0) } }

  func run(_ stripe: Int, _ limits: Limits) throws(Failure) {
    distances[stripe] = 0
    rows[stripe] = 0
    try forEachLabelledBlock(points, stripe, centres, benches, limits) { block, bench in
      var row = 0
      while row < points.count(ofBlock: block) {
        if bench.distance(row) > distances[stripe] {
          distances[stripe] = bench.distance(row)
          rows[stripe] = block &* rowsOfBlock &+ row
        }
        row &+= 1
      }
    }
  }
}

@inline(__always)
private func forEachLabelledBlock(
  _ points: Points, _ stripe: Int, _ centres: Centres, _ benches: UnsafeMutableRawPointer, _ limits: Limits,
  _ body: (Int, Bench) -> Void
) throws(Failure) {
  let bench = Bench(at: benches + stripe &* Bench.bytes)
  let (first, end) = points.blocks(ofStripe: stripe)
  var block = first
  while block < end {
    try limits.poll()
    let count = filterCandidates(points, block, centres, bench)
    labelRows(points, block, centres, bench, count)
    body(block, bench)
    block &+= 1
  }
}
