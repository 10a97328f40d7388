import NIOCore
import Synchronization

/// An open stream of server-sent events.
final class EventStream: Outlet {
  /// The first thing a subscriber hears: from here on nothing is missed.
  static let ready = ByteBuffer(string: "retry: 1000\nevent: ready\ndata: {}\n\n")
  /// Keeps proxies from closing a silent stream.
  static let ping = ByteBuffer(string: ": ping\n\n")

  /// Rings when something is to be written, and ends after the last.
  let rings: AsyncStream<Void>
  private let bell: AsyncStream<Void>.Continuation
  private let waiting = Mutex<[ByteBuffer]>([])
  private let queue = OutletQueue()
  private let hangUp: @Sendable () -> Void

  /// A stream; `hangUp` is called when its reader does not read.
  init(hangUp: @escaping @Sendable () -> Void) {
    self.hangUp = hangUp
    (rings, bell) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  func send(_ bytes: ByteBuffer) -> Bool {
    guard queue.add(bytes.readableBytes) else {
      if queue.close() {
        waiting.withLock { $0.append(Wording.events.farewell(OutletQueue.reason)) }
        bell.finish()
        hangUp()
      }
      return false
    }
    waiting.withLock { $0.append(bytes) }
    if case .terminated = bell.yield() { return false }
    return true
  }

  /// All that is to be written: when much happens, many pages are one writing.
  func take() -> ByteBuffer? {
    let all = waiting.withLock { waiting in
      defer { waiting = [] }
      return waiting
    }
    guard var first = all.first else { return nil }
    for other in all.dropFirst() { first.writeImmutableBuffer(other) }
    return first
  }

  /// `bytes` have been written.
  func written(_ bytes: ByteBuffer) { queue.remove(bytes.readableBytes) }

  func finish() { bell.finish() }
}

/// Counts the bytes that wait for a slow reader.
package final class OutletQueue: Sendable {
  /// Why one who does not read is cut off.
  package static let reason = "the reader is too slow"
  /// Bytes that may wait. They are shared with all who wait for the same.
  private static let most = 4 << 20
  private let waiting = Atomic(0)
  private let isClosed = Atomic(false)

  /// Nothing waits.
  package init() {}

  /// Counts `bytes`; false when that is too much. Anything may wait alone.
  package func add(_ bytes: Int) -> Bool {
    guard !isClosed.load(ordering: .relaxed) else { return false }
    let all = waiting.add(bytes, ordering: .relaxed).newValue
    return all <= Self.most || all == bytes
  }

  /// `bytes` have been written.
  package func remove(_ bytes: Int) { waiting.subtract(bytes, ordering: .relaxed) }

  /// Takes no more; true the first time.
  package func close() -> Bool { !isClosed.exchange(true, ordering: .relaxed) }
}
