import CKernels

/// Eight rows' values of one feature.
typealias Lanes = SIMD8<Double>

/// Rows are filtered together in blocks of so many.
let rowsOfBlock = 128
let groupsOfBlock = rowsOfBlock / Lanes.scalarCount

/// The rows of one call, in their order, scaled, eight by eight: for each group of eight rows one `Lanes` a feature.
///
/// The last group is filled up with copies of the last row, which weigh nothing. Plain pointers, so that threads can
/// share it; the memory is `PointsMemory`'s.
struct Points: BitwiseCopyable {
  let features: Int
  let rows: Int
  let values: UnsafeMutablePointer<Lanes>
  /// Each value times its row's weight; the same memory as `values` without weights.
  let weighted: UnsafeMutablePointer<Lanes>
  let isWeighted: Bool
  /// One `Lanes` a group; without weights two, of which the second is for the last group.
  fileprivate let weights: UnsafeMutablePointer<Lanes>
  /// The box around each block's rows, their weighted sums and their weight.
  let low: UnsafeMutablePointer<Double>
  let high: UnsafeMutablePointer<Double>
  let sums: UnsafeMutablePointer<Double>
  let blockWeights: UnsafeMutablePointer<Double>

  var groups: Int { (rows &+ 7) / 8 }
  var blocks: Int { (rows &+ rowsOfBlock &- 1) / rowsOfBlock }
  var stripes: Int { min(mostStripes, blocks) }

  /// The blocks of a stripe.
  func blocks(ofStripe stripe: Int) -> (first: Int, end: Int) {
    (quotient(blocks &* stripe, stripes), quotient(blocks &* (stripe &+ 1), stripes))
  }

  /// The groups of a block.
  @inline(__always)
  func groups(ofBlock block: Int) -> (first: Int, end: Int) {
    (block &* groupsOfBlock, min((block &+ 1) &* groupsOfBlock, groups))
  }

  /// How many rows a block has.
  @inline(__always)
  func count(ofBlock block: Int) -> Int {
    min(rowsOfBlock, rows &- block &* rowsOfBlock)
  }

  @inline(__always)
  func weights(ofGroup group: Int) -> Lanes {
    weights[isWeighted ? group : (group &+ 1 < groups ? 0 : 1)]
  }

  @inline(__always)
  func value(_ row: Int, _ feature: Int) -> Double {
    lane(values + ((row &>> 3) &* features &+ feature), row)
  }

  @inline(__always)
  func weight(_ row: Int) -> Double {
    isWeighted ? lane(weights + (row &>> 3), row) : 1
  }

  @inline(__always)
  private func lane(_ lanes: UnsafeMutablePointer<Lanes>, _ row: Int) -> Double {
    UnsafeRawPointer(lanes).assumingMemoryBound(to: Double.self)[row & 7]
  }
}

/// The memory of `Points`.
struct PointsMemory: ~Copyable {
  let points: Points
  private let values: AlignedLanes
  private let weighted: AlignedLanes
  private let weights: AlignedLanes
  private let blocks: Scratch<Double>

  /// Makes room; `fill` writes the values, `scale` what else there is.
  ///
  /// - Complexity: scratch 8 bytes a feature and row, and 24 a feature and 128 rows; with weights twice that and 8 bytes
  ///   a row.
  init(_ rows: RowTable, _ limits: inout Limits) throws(Failure) {
    let (count, features) = (rows.count, rows.shape.features)
    let groups = (count &+ 7) / 8
    let blockCount = (count &+ rowsOfBlock &- 1) / rowsOfBlock
    let isWeighted = rows.shape.isWeighted
    let values = try AlignedLanes(groups &* features, &limits)
    let weighted = try AlignedLanes(isWeighted ? groups &* features : 0, &limits)
    let weights = try AlignedLanes(isWeighted ? groups : 2, &limits)
    let blocks = try Scratch<Double>(blockCount &* (3 &* features &+ 1), &limits)
    points = Points(
      features: features, rows: count, values: values.base,
      weighted: isWeighted ? weighted.base : values.base, isWeighted: isWeighted, weights: weights.base,
      low: blocks.base, high: blocks.base + blockCount &* features,
      sums: blocks.base + 2 &* blockCount &* features, blockWeights: blocks.base + 3 &* blockCount &* features
    )
    weights.base[0] = Lanes(repeating: 1)
    if !isWeighted {
      weights.base[1] = Lanes(repeating: 1)
      var lane = (count &- 1) & 7 &+ 1
      while lane < 8 {
        weights.base[1][lane] = 0
        lane &+= 1
      }
    }
    self.values = values
    self.weighted = weighted
    self.weights = weights
    self.blocks = blocks
  }
}

/// Copies rows to their places, unscaled.
///
/// - Complexity: O(rows · features) time.
func fill(
  _ points: Points, _ placed: UnsafePointer<PlacedRow>, _ rows: RowTable, threads: Int, _ limits: Limits
) throws(Failure) {
  try runStripes(
    points.stripes, threads: threads, limits, Filling(points: points, placed: placed, rows: rows))
}

/// A stripe of `fill`.
private struct Filling: StripedWork {
  let points: Points
  let placed: UnsafePointer<PlacedRow>
  let rows: RowTable

  static var thread: ThreadEntry { { Share<Self>.run($0) } }

  func run(_ stripe: Int, _ limits: Limits) throws(Failure) {
    let (first, end) = points.blocks(ofStripe: stripe)
    var group = points.groups(ofBlock: first).first
    let last = points.groups(ofBlock: end &- 1).end
    while group < last {
      try limits.poll(row: group &<< 3)
      fillGroup(points, group, placed, rows)
      group &+= 1
    }
  }
}

@inline(__always)
private func fillGroup(_ points: Points, _ group: Int, _ placed: UnsafePointer<PlacedRow>, _ rows: RowTable) {
  let features = points.features
  prefetch(points, group &+ groupsAhead, placed, rows)
  let values = UnsafeMutableRawPointer(points.values + group &* features).assumingMemoryBound(to: Double.self)
  var lane = 0
  while lane < 8 {
    let place = group &* 8 &+ lane
    let row = rows[Int(placed[min(place, points.rows &- 1)].row)]
    var feature = 0
    while feature < features {
      values[feature &* 8 &+ lane] = rows.shape.value(row, feature)
      feature &+= 1
    }
    if points.isWeighted { points.weights[group][lane] = place < points.rows ? row[features] : 0 }
    lane &+= 1
  }
}

private let groupsAhead = 3

/// The rows of a group lie far apart: they are asked for before they are needed.
@inline(__always)
private func prefetch(_ points: Points, _ group: Int, _ placed: UnsafePointer<PlacedRow>, _ rows: RowTable) {
  var place = group &* 8
  let end = min(place &+ 8, points.rows)
  while place < end {
    ks_prefetch(rows[Int(placed[place].row)])
    place &+= 1
  }
}

/// Scratch at addresses that `Lanes` may have, which malloc does not promise.
struct AlignedLanes: ~Copyable {
  let base: UnsafeMutablePointer<Lanes>
  private let memory: Scratch<Double>

  init(_ count: Int, _ limits: inout Limits) throws(Failure) {
    let (doubles, overflow) = count.multipliedReportingOverflow(by: 8)
    if overflow { throw .memoryLimit }
    let memory = try Scratch<Double>(doubles &+ 8, &limits)
    let address = (UInt(bitPattern: memory.base) &+ 63) & ~63
    guard let aligned = UnsafeMutablePointer<Lanes>(bitPattern: address) else { throw .noMemory }
    base = aligned
    self.memory = memory
  }
}
