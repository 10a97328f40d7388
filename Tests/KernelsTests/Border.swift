import CKernels
import Foundation

/// Rows in a chunk list as the glue makes it, freed with the object.
final class ChunkList<Row> {
  let first: UnsafeMutablePointer<ks_chunk>?

  /// Deals rows into chunks of `size` rows.
  init(_ rows: [Row], chunksOf size: Int = 7) {
    var first: UnsafeMutablePointer<ks_chunk>?
    for start in stride(from: 0, to: rows.count, by: size).reversed() {
      let part = rows[start..<min(start + size, rows.count)]
      let bytes = MemoryLayout<ks_chunk>.stride + size * MemoryLayout<Row>.stride
      let chunk = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 16).assumingMemoryBound(
        to: ks_chunk.self)
      chunk.pointee = ks_chunk(next: first, count: Int64(part.count), capacity: Int64(size))
      let place = UnsafeMutableRawPointer(chunk + 1).assumingMemoryBound(to: Row.self)
      for (offset, row) in part.enumerated() { (place + offset).initialize(to: row) }
      first = chunk
    }
    self.first = first
  }

  /// All rows, from first to last.
  var rows: [Row] {
    var all: [Row] = []
    var next = first
    while let chunk = next {
      let place = UnsafeMutableRawPointer(chunk + 1).assumingMemoryBound(to: Row.self)
      all += UnsafeBufferPointer(start: place, count: Int(chunk.pointee.count))
      next = chunk.pointee.next
    }
    return all
  }

  deinit {
    var next = first
    while let chunk = next {
      next = chunk.pointee.next
      UnsafeMutableRawPointer(chunk).deallocate()
    }
  }
}

/// Calls `body` with limits of so many bytes and a stop flag that is down unless told otherwise.
func withLimits<Result>(
  memory: Int64 = 1 << 30, stopped: Bool = false, _ body: (UnsafePointer<ks_limits>) -> Result
) -> Result {
  withUnsafePointer(to: Int32(stopped ? 1 : 0)) { flag in
    withUnsafePointer(to: ks_limits(stop: flag, stop_too: flag, memory: memory, threads: 1)) { body($0) }
  }
}

/// Raises a flag from another thread after some milliseconds.
final class Alarm {
  let flag = UnsafeMutablePointer<Int32>.allocate(capacity: 1)

  init(after milliseconds: Double) {
    flag.pointee = 0
    let address = UInt(bitPattern: flag)
    Thread.detachNewThread {
      usleep(UInt32(milliseconds * 1000))
      UnsafeMutablePointer<Int32>(bitPattern: address)?.pointee = 1
    }
  }
}

/// Seeded numbers, so that a failing case can be run again (SplitMix64, Steele et al. 2014).
struct SeededNumbers: RandomNumberGenerator {
  var state: UInt64

  init(seed: Int) {
    state = UInt64(seed)
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
