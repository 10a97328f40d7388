import CKernels

/// Walks the rows of a chunk list, block by block.
struct Chunks<Row> {
  private var next: UnsafeMutablePointer<ks_chunk>?

  /// An empty list is `nil`.
  init(_ first: UnsafePointer<ks_chunk>?) {
    next = UnsafeMutablePointer(mutating: first)
  }

  /// The rows of the next block, `nil` after the last one.
  mutating func nextBlock() -> (rows: UnsafeMutablePointer<Row>, count: Int)? {
    guard let chunk = next else { return nil }
    next = chunk.pointee.next
    let rows = UnsafeMutableRawPointer(chunk + 1).assumingMemoryBound(to: Row.self)
    return (rows, Int(chunk.pointee.count))
  }

  /// How many rows the list holds; throws if their numbers would not fit 32 bits.
  static func count(_ first: UnsafePointer<ks_chunk>?) throws(Failure) -> Int {
    var chunks = Chunks(first)
    var total = 0
    while let block = chunks.nextBlock() { total &+= block.count }
    if total >= Int(UInt32.max) { throw .tooManyRows }
    return total
  }
}
