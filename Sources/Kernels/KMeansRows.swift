import CKernels

/// What each collected row looks like.
struct RowShape: BitwiseCopyable {
  let features: Int
  let isWeighted: Bool
  let takesLogarithm: Bool

  /// Doubles a row.
  var stride: Int { features &+ (isWeighted ? 1 : 0) }

  /// A feature as it is before scaling.
  @inline(__always)
  func value(_ row: UnsafePointer<Double>, _ feature: Int) -> Double {
    takesLogarithm ? log1p(row[feature]) : row[feature]
  }
}

/// Finds rows by number in a list of blocks. Plain pointers, so that threads can share it.
struct RowTable: BitwiseCopyable {
  let shape: RowShape
  let count: Int
  fileprivate let bases: UnsafeMutablePointer<UnsafePointer<Double>>
  /// The number of each block's first row, and at the end the number of rows.
  fileprivate let firsts: UnsafeMutablePointer<Int>
  /// The block of every 1,024th row.
  fileprivate let blocks: UnsafeMutablePointer<UInt32>

  /// - Complexity: O(1) unless blocks are small.
  @inline(__always)
  subscript(row: Int) -> UnsafePointer<Double> {
    var block = Int(blocks[row &>> 10])
    while row >= firsts[block &+ 1] { block &+= 1 }
    return bases[block] + (row &- firsts[block]) &* shape.stride
  }

  /// A stripe's rows; there are as many stripes as a `Points` of so many rows has.
  func rows(ofStripe stripe: Int, of stripes: Int) -> (first: Int, end: Int) {
    (quotient(count &* stripe, stripes), quotient(count &* (stripe &+ 1), stripes))
  }
}

/// The memory of `RowTable`.
struct RowTableMemory: ~Copyable {
  let table: RowTable
  private let bases: Scratch<UnsafePointer<Double>>
  private let firsts: Scratch<Int>
  private let blocks: Scratch<UInt32>

  /// - Complexity: O(rows / 1,024 + blocks) time; scratch 16 bytes a block and 4 for 1,024 rows.
  init(_ rows: UnsafePointer<ks_chunk>?, _ shape: RowShape, _ limits: inout Limits) throws(Failure) {
    let count = try Chunks<Double>.count(rows)
    var chunkCount = 0
    var chunks = Chunks<Double>(rows)
    while let block = chunks.nextBlock() { chunkCount &+= block.count > 0 ? 1 : 0 }
    let bases = try Scratch<UnsafePointer<Double>>(chunkCount, &limits)
    let firsts = try Scratch<Int>(chunkCount &+ 1, &limits)
    let blocks = try Scratch<UInt32>(count / 1024 &+ 1, &limits)
    chunks = Chunks<Double>(rows)
    var (chunk, first, mark) = (0, 0, 0)
    while let block = chunks.nextBlock() {
      if block.count == 0 { continue }
      bases.base[chunk] = UnsafePointer(block.rows)
      firsts.base[chunk] = first
      first &+= block.count
      while mark &* 1024 < first {
        blocks.base[mark] = UInt32(truncatingIfNeeded: chunk)
        mark &+= 1
      }
      chunk &+= 1
    }
    firsts.base[chunk] = first
    table = RowTable(shape: shape, count: count, bases: bases.base, firsts: firsts.base, blocks: blocks.base)
    self.bases = bases
    self.firsts = firsts
    self.blocks = blocks
  }
}

/// Least and greatest value of each feature.
struct FeatureRanges: ~Copyable {
  let low: Scratch<Double>
  let high: Scratch<Double>

  /// - Complexity: O(rows · features) time.
  init(_ rows: UnsafePointer<ks_chunk>?, _ shape: RowShape, _ limits: inout Limits) throws(Failure) {
    let low = try Scratch<Double>(shape.features, &limits)
    let high = try Scratch<Double>(shape.features, &limits)
    var feature = 0
    while feature < shape.features {
      low.base[feature] = .infinity
      high.base[feature] = -.infinity
      feature &+= 1
    }
    var chunks = Chunks<Double>(rows)
    while let block = chunks.nextBlock() {
      var row = 0
      var values = UnsafePointer(block.rows)
      while row < block.count {
        try limits.poll(row: row)
        feature = 0
        while feature < shape.features {
          let value = values[feature]
          low.base[feature] = value < low.base[feature] ? value : low.base[feature]
          high.base[feature] = value > high.base[feature] ? value : high.base[feature]
          feature &+= 1
        }
        values += shape.stride
        row &+= 1
      }
    }
    if shape.takesLogarithm {
      feature = 0
      while feature < shape.features {
        low.base[feature] = log1p(low.base[feature])
        high.base[feature] = log1p(high.base[feature])
        feature &+= 1
      }
    }
    self.low = low
    self.high = high
  }
}
