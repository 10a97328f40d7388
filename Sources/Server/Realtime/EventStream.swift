import NIOCore
import Synchronization

/// An open stream of server-sent events.
final class EventStream: Outlet {
  /// The first thing a subscriber hears: from here on nothing is missed.
  static let ready = ByteBuffer(string: "retry: 1000\nevent: ready\ndata: {}\n\n")
  /// Keeps proxies from closing a silent stream.
  static let ping = ByteBuffer(string: ": ping\n\n")

  /// What is to be written, in order.
  let chunks: AsyncStream<ByteBuffer>
  private let writer: AsyncStream<ByteBuffer>.Continuation
  private let queue = OutletQueue()
  private let hangUp: @Sendable () -> Void

  /// A stream; `hangUp` is called when its reader does not read.
  init(hangUp: @escaping @Sendable () -> Void) {
    self.hangUp = hangUp
    (chunks, writer) = AsyncStream.makeStream()
  }

  func send(_ bytes: ByteBuffer) -> Bool {
    guard queue.add(bytes.readableBytes) else {
      if queue.close() {
        writer.yield(Wording.events.farewell(OutletQueue.reason))
        writer.finish()
        hangUp()
      }
      return false
    }
    if case .terminated = writer.yield(bytes) { return false }
    return true
  }

  /// `bytes` have been written.
  func written(_ bytes: ByteBuffer) { queue.remove(bytes.readableBytes) }

  func finish() { writer.finish() }
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
