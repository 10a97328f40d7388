import CKernels

/// The four values that divide the scores of one metric: a score is 1 + how many of them the value exceeds.
///
/// The k-th is the ⌈k·n/5⌉-th smallest value: 5·L/n ≥ k, L being how many are strictly worse, holds just when
/// L ≥ ⌈k·n/5⌉, that is when that value is strictly less. So four values are selected and nothing is sorted.
struct Quintiles {
  private var cuts: (Int64, Int64, Int64, Int64) = (0, 0, 0, 0)
  /// False if the metric cannot be ranked, with fewer than five values or all the same: every score is 3.
  let isRanked: Bool

  /// - Complexity: O(*n*) time, some ten passes over the values; 32 kB of scratch.
  init(of values: UnsafePointer<Int64>, count: Int, _ limits: inout Limits) throws(Failure) {
    if count < 5 {
      isRanked = false
      return
    }
    let range = try Range(of: values, count, limits)
    isRanked = range.span != 0
    if !isRanked { return }
    let bins = try Scratch<UInt32>(Range.bins, &limits)
    cuts.0 = try select((count &+ 4) / 5 &- 1, of: values, count, range, bins.base, limits)
    cuts.1 = try select((2 &* count &+ 4) / 5 &- 1, of: values, count, range, bins.base, limits)
    cuts.2 = try select((3 &* count &+ 4) / 5 &- 1, of: values, count, range, bins.base, limits)
    cuts.3 = try select((4 &* count &+ 4) / 5 &- 1, of: values, count, range, bins.base, limits)
    bins.release(&limits)
  }

  /// 1 (worst) to 5 (best).
  @inline(__always)
  func score(_ value: Int64) -> Int8 {
    if !isRanked { return 3 }
    return 1 &+ (value > cuts.0 ? 1 : 0) &+ (value > cuts.1 ? 1 : 0) &+ (value > cuts.2 ? 1 : 0)
      &+ (value > cuts.3 ? 1 : 0)
  }
}

/// The values from `low` to `low + span`.
private struct Range {
  static var bins: Int { 4096 }

  var low: Int64
  var span: UInt64

  init(low: Int64, span: UInt64) {
    self.low = low
    self.span = span
  }

  /// From the smallest to the largest of the values, of which there is at least one.
  init(of values: UnsafePointer<Int64>, _ count: Int, _ limits: Limits) throws(Failure) {
    var (least, most) = (values[0], values[0])
    var row = 0
    while row < count {
      try limits.poll(row: row)
      least = min(least, values[row])
      most = max(most, values[row])
      row &+= 1
    }
    self.init(low: least, span: UInt64(bitPattern: most &- least))
  }

  /// How far an offset from `low` is shifted to be the number of a bin.
  var shift: UInt64 {
    UInt64(truncatingIfNeeded: max(0, 52 &- span.leadingZeroBitCount))
  }
}

/// The value at a place, counted from 0, of the values as if they were sorted.
///
/// Counts the values of the range in 4,096 bins of equal width and goes on in the bin with the place, until a bin
/// is one value wide: at most six passes, one or two for days and orders, three for money.
private func select(
  _ place: Int, of values: UnsafePointer<Int64>, _ count: Int, _ all: Range,
  _ bins: UnsafeMutablePointer<UInt32>, _ limits: Limits
) throws(Failure) -> Int64 {
  var (range, before) = (all, 0)
  while range.span != 0 {
    let shift = range.shift
    memset(bins, 0, Range.bins &* MemoryLayout<UInt32>.stride)
    var row = 0
    while row < count {
      try limits.poll(row: row)
      let offset = UInt64(bitPattern: values[row] &- range.low)
      if offset <= range.span { bins[Int(truncatingIfNeeded: offset &>> shift)] &+= 1 }
      row &+= 1
    }
    var bin = 0
    while before &+ Int(bins[bin]) <= place {
      before &+= Int(bins[bin])
      bin &+= 1
    }
    let begin = UInt64(truncatingIfNeeded: bin) &<< shift
    range.low = range.low &+ Int64(bitPattern: begin)
    range.span = min(range.span &- begin, (1 &<< shift) &- 1)
  }
  return range.low
}
