import CKernels

/// Why a kernel gave up; every one is a status that the caller turns into an error of its own.
enum Failure: Error {
  case stopped, noMemory, memoryLimit, overflow, tooManyRows, badArgument

  var status: ks_status {
    switch self {
    case .stopped: KS_STOPPED
    case .noMemory: KS_NO_MEMORY
    case .memoryLimit: KS_MEMORY_LIMIT
    case .overflow: KS_OVERFLOW
    case .tooManyRows: KS_TOO_MANY_ROWS
    case .badArgument: KS_BAD_ARGUMENT
    }
  }
}

/// What one kernel call may still use: the caller's limits and the scratch it has left.
struct Limits {
  private let limits: UnsafePointer<ks_limits>
  private var left: Int

  init(_ limits: UnsafePointer<ks_limits>) {
    self.limits = limits
    left = Int(limits.pointee.memory)
  }

  /// Throws `stopped` if a stop flag is up; kernels ask every few thousand rows.
  @inline(__always)
  func poll() throws(Failure) {
    if ks_stop_requested(limits) { throw .stopped }
  }

  /// Polls once in 4,096 rows, `row` counting from 0.
  @inline(__always)
  func poll(row: Int) throws(Failure) {
    if row & 4095 == 0 { try poll() }
  }

  /// How many threads may work at once.
  var threads: Int { max(1, Int(limits.pointee.threads)) }

  fileprivate mutating func take(_ bytes: Int) throws(Failure) {
    if bytes > left { throw .memoryLimit }
    left &-= bytes
  }

  fileprivate mutating func giveBack(_ bytes: Int) {
    left &+= bytes
  }
}

/// Memory of one kernel call: counted against its limits, asked from `malloc`, freed at the end of its scope.
///
/// Embedded Swift's own `allocate` traps when memory is out; this throws. Contents are undefined until written.
struct Scratch<Element: BitwiseCopyable>: ~Copyable {
  private(set) var base: UnsafeMutablePointer<Element>
  private(set) var capacity: Int

  init(_ capacity: Int, _ limits: inout Limits) throws(Failure) {
    base = try Self.allocate(capacity, &limits)
    self.capacity = capacity
  }

  deinit {
    free(base)
  }

  /// Makes room for `newCapacity` elements and keeps the first `count`. Pointers to the old place become invalid.
  mutating func grow(to newCapacity: Int, keeping count: Int, _ limits: inout Limits) throws(Failure) {
    let bigger = try Self.allocate(newCapacity, &limits)
    memcpy(bigger, base, count &* MemoryLayout<Element>.stride)
    free(base)
    limits.giveBack(capacity &* MemoryLayout<Element>.stride)
    base = bigger
    capacity = newCapacity
  }

  /// Frees the memory before the scope ends and gives its bytes back to the limits.
  consuming func release(_ limits: inout Limits) {
    limits.giveBack(capacity &* MemoryLayout<Element>.stride)
  }

  private static func allocate(_ capacity: Int, _ limits: inout Limits) throws(Failure)
    -> UnsafeMutablePointer<Element>
  {
    let (bytes, overflow) = capacity.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
    if overflow || capacity < 0 { throw .memoryLimit }
    try limits.take(bytes)
    // malloc(0) may answer null, which is no failure.
    let place = bytes < leastHugeBytes ? malloc(bytes | 1) : try allocateHuge(bytes, limits)
    guard let place else { throw .noMemory }
    return place.assumingMemoryBound(to: Element.self)
  }
}

private let leastHugeBytes = 8 &<< 20
private let hugePage = 2 &<< 20

/// Memory in pages of 2 MB where the system has them: the first touch of 64 MB then takes 3 ms instead of 23.
///
/// Each page is touched here, between looks at the stop flag: a machine that has to find the memory first may take
/// milliseconds for one, and a kernel that writes here and there would meet them all between two looks.
private func allocateHuge(_ bytes: Int, _ limits: Limits) throws(Failure) -> UnsafeMutableRawPointer? {
  var memory: UnsafeMutableRawPointer?
  if posix_memalign(&memory, hugePage, bytes) != 0 { return nil }
  guard let place = memory else { return nil }
  // Advice only: where it is not taken, pages are small.
  madvise(place, bytes, MADV_HUGEPAGE)
  do throws(Failure) {
    var page = 0
    while page < bytes {
      try limits.poll()
      place.storeBytes(of: 0, toByteOffset: page, as: UInt8.self)
      page &+= hugePage
    }
  } catch {
    free(place)
    throw error
  }
  return place
}

/// 1 if these kernels need a processor of x86-64-v3.
@c @implementation
public func ks_target_v3() -> Int32 {
  KS_TARGET_V3
}
