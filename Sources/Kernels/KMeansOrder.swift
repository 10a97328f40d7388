import CKernels

// The order in which k-means takes rows: along a curve through space (Morton 1966), so that rows that follow one
// another lie near one another, and by their values where the curve does not tell them apart. It hangs on the rows'
// values alone; whatever is done in this order has the same bits for any order in which the rows came.

/// A row's number and its place on the curve.
struct PlacedRow: BitwiseCopyable {
  var key: UInt32
  var row: UInt32
}

/// All rows in their order.
///
/// - Complexity: O(rows · features) time as long as rows are spread over the curve, O(rows · log · features) where
///   they crowd; scratch 8 bytes a row to keep and as much while sorting.
func rowsInOrder(
  _ rows: RowTable, _ ranges: borrowing FeatureRanges, stripes: Int, threads: Int, _ limits: inout Limits
) throws(Failure) -> Scratch<PlacedRow> {
  var placed = try Scratch<PlacedRow>(rows.count, &limits)
  let curve = try CurveMemory(rows, ranges, &limits)
  try runStripes(
    stripes, threads: threads, limits,
    Placing(rows: rows, stripes: stripes, curve: curve.curve, places: placed.base))
  var spare = try Scratch<PlacedRow>(rows.count, &limits)
  try sortByKey(&placed, &spare, count: rows.count, bits: curve.curve.bits, &limits)
  try sortEqualKeysByValues(placed.base, spare.base, rows, limits)
  spare.release(&limits)
  return placed
}

/// A stripe of `rowsInOrder`: writes down every row's place on the curve.
private struct Placing: StripedWork {
  let rows: RowTable
  let stripes: Int
  let curve: Curve
  let places: UnsafeMutablePointer<PlacedRow>

  static var thread: ThreadEntry { { Share<Self>.run($0) } }

  func run(_ stripe: Int, _ limits: Limits) throws(Failure) {
    var (row, end) = rows.rows(ofStripe: stripe, of: stripes)
    while row < end {
      try limits.poll(row: row)
      places[row] = PlacedRow(key: curve.key(rows[row], rows.shape), row: UInt32(truncatingIfNeeded: row))
      row &+= 1
    }
  }
}

/// Cuts each of the first features into 2^n equal steps and weaves the bits of the steps' numbers.
private struct Curve: BitwiseCopyable {
  /// How many bits a key has.
  let bits: Int
  let features: Int
  let steps: Int
  let lows: UnsafeMutablePointer<Double>
  let factors: UnsafeMutablePointer<Double>
  /// For each feature and step, the step's bits in their places.
  let woven: UnsafeMutablePointer<UInt32>

  @inline(__always)
  func key(_ row: UnsafePointer<Double>, _ shape: RowShape) -> UInt32 {
    var key: UInt32 = 0
    var feature = 0
    let top = Double(steps &- 1)
    while feature < features {
      let place = (shape.value(row, feature) - lows[feature]) * factors[feature]
      // Written so that NaN becomes 0.
      let step = place > 0 ? (place < top ? place : top) : 0
      key |= woven[feature &* steps &+ Int(ks_truncate(step))]
      feature &+= 1
    }
    return key
  }

  /// Writes the bits of every step to their places.
  func weave(_ each: Int) {
    var feature = 0
    while feature < features {
      var step = 0
      while step < steps {
        var code: UInt32 = 0
        var bit = 0
        while bit < each {
          let isSet = UInt32(truncatingIfNeeded: (step &>> bit) & 1)
          code |= isSet &<< UInt32(truncatingIfNeeded: bit &* features &+ feature)
          bit &+= 1
        }
        woven[feature &* steps &+ step] = code
        step &+= 1
      }
      feature &+= 1
    }
  }
}

/// The memory of `Curve`.
private struct CurveMemory: ~Copyable {
  let curve: Curve
  private let numbers: Scratch<Double>
  private let woven: Scratch<UInt32>

  /// - Complexity: O(features · steps · bits) time, with no more steps than 8 a row.
  init(_ rows: RowTable, _ ranges: borrowing FeatureRanges, _ limits: inout Limits) throws(Failure) {
    let features = min(rows.shape.features, 32)
    var each = min(12, quotient(32, features))
    while each > 1 && 1 &<< each > 8 &* rows.count { each &-= 1 }
    let numbers = try Scratch<Double>(2 &* features, &limits)
    let woven = try Scratch<UInt32>(features &<< each, &limits)
    curve = Curve(
      bits: each &* features, features: features, steps: 1 &<< each, lows: numbers.base,
      factors: numbers.base + features, woven: woven.base)
    var feature = 0
    while feature < features {
      let low = ranges.low.base[feature]
      let factor = Double(1 &<< each) / (ranges.high.base[feature] - low)
      numbers.base[feature] = low
      numbers.base[features &+ feature] = factor < .infinity ? factor : 0
      feature &+= 1
    }
    curve.weave(each)
    self.numbers = numbers
    self.woven = woven
  }
}

private let digitBits = 11

/// Least significant digit first, as `radixSort`; a digit that all keys share costs no pass.
private func sortByKey(
  _ rows: inout Scratch<PlacedRow>, _ spare: inout Scratch<PlacedRow>, count: Int, bits: Int,
  _ limits: inout Limits
) throws(Failure) {
  let bins = 1 &<< digitBits
  let counts = try Scratch<UInt32>(bins, &limits)
  var shift = 0
  while shift < bits {
    memset(counts.base, 0, bins &* MemoryLayout<UInt32>.stride)
    var row = 0
    while row < count {
      try limits.poll(row: row)
      counts.base[digit(rows.base[row].key, shift)] &+= 1
      row &+= 1
    }
    if counts.base[digit(rows.base[0].key, shift)] != UInt32(truncatingIfNeeded: count) {
      var begin: UInt32 = 0
      var bin = 0
      while bin < bins {
        let size = counts.base[bin]
        counts.base[bin] = begin
        begin &+= size
        bin &+= 1
      }
      row = 0
      while row < count {
        try limits.poll(row: row)
        let item = rows.base[row]
        let bin = digit(item.key, shift)
        spare.base[Int(counts.base[bin])] = item
        counts.base[bin] &+= 1
        row &+= 1
      }
      swap(&rows, &spare)
    }
    shift &+= digitBits
  }
  counts.release(&limits)
}

@inline(__always)
private func digit(_ key: UInt32, _ shift: Int) -> Int {
  Int(truncatingIfNeeded: key &>> UInt32(truncatingIfNeeded: shift)) & (1 &<< digitBits &- 1)
}
