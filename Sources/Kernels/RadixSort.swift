import CKernels

/// A 64-bit key and the row it belongs to.
struct KeyedRow: BitwiseCopyable {
  var key: Int64
  var row: UInt32
}

/// Sorts by key, ascending; rows of equal keys keep their order.
///
/// Least significant digit first, 8 bits a pass; a digit that all keys share costs no pass, so that small numbers
/// take two or three.
/// - Complexity: O(*n*) time; one array of *n* as scratch.
func radixSort(_ items: inout Scratch<KeyedRow>, count: Int, _ limits: inout Limits) throws(Failure) {
  if count < 2 { return }
  let counts = try digitCounts(items.base, count: count, &limits)
  // As large as `items`, since the two may change places.
  var spare = try Scratch<KeyedRow>(items.capacity, &limits)
  var digit = 0
  while digit < 8 {
    let bins = counts.base + digit &* 256
    if bins[Int(digitValue(items.base[0].key, digit))] != UInt32(truncatingIfNeeded: count) {
      makeOffsets(bins)
      var row = 0
      while row < count {
        try limits.poll(row: row)
        let item = items.base[row]
        let bin = Int(digitValue(item.key, digit))
        spare.base[Int(bins[bin])] = item
        bins[bin] &+= 1
        row &+= 1
      }
      swap(&items, &spare)
    }
    digit &+= 1
  }
  counts.release(&limits)
  spare.release(&limits)
}

/// Digit 0 is the lowest byte; the sign is flipped, so that negative keys come first.
@inline(__always)
private func digitValue(_ key: Int64, _ digit: Int) -> UInt8 {
  let ordered = UInt64(bitPattern: key ^ Int64.min)
  return UInt8(truncatingIfNeeded: ordered &>> UInt64(truncatingIfNeeded: digit &* 8))
}

private func digitCounts(
  _ items: UnsafePointer<KeyedRow>, count: Int, _ limits: inout Limits
) throws(Failure) -> Scratch<UInt32> {
  let counts = try Scratch<UInt32>(8 &* 256, &limits)
  memset(counts.base, 0, 8 &* 256 &* MemoryLayout<UInt32>.stride)
  var row = 0
  while row < count {
    try limits.poll(row: row)
    let key = items[row].key
    var digit = 0
    while digit < 8 {
      counts.base[digit &* 256 &+ Int(digitValue(key, digit))] &+= 1
      digit &+= 1
    }
    row &+= 1
  }
  return counts
}

/// Turns the sizes of the bins into the places where they begin.
private func makeOffsets(_ bins: UnsafeMutablePointer<UInt32>) {
  var begin: UInt32 = 0
  var bin = 0
  while bin < 256 {
    let size = bins[bin]
    bins[bin] = begin
    begin &+= size
    bin &+= 1
  }
}
