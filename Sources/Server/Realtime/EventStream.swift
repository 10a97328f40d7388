import NIOCore
import Synchronization

/// An open stream of server-sent events, written from any thread: whole chunks of a body of unknown length, which many share.
final class EventStream: Outlet {
  /// The first thing a subscriber hears: from here on nothing is missed.
  static let ready = Chunk.around(ByteBuffer(string: "retry: 1000\nevent: ready\ndata: {}\n\n"))
  /// Keeps proxies from closing a silent stream.
  static let ping = Chunk.around(ByteBuffer(string: ": ping\n\n"))
  /// How long one who was too slow may take to read what waits.
  private static let patience = TimeAmount.seconds(5)

  private let presence: Presence
  private let queue = OutletQueue()
  private let end: AsyncStream<Void>.Continuation
  private let ended: AsyncStream<Void>

  /// A stream to a client that has got the head of the answer.
  init(to presence: Presence) {
    self.presence = presence
    (ended, end) = AsyncStream.makeStream()
  }

  func send(_ bytes: ByteBuffer) -> Bool {
    let count = bytes.readableBytes
    if queue.add(count) {
      presence.channel.writeAndFlush(bytes).whenComplete { [queue] _ in queue.remove(count) }
      return true
    }
    if queue.close() {
      presence.channel.writeAndFlush(Wording.events.farewell(OutletQueue.reason), promise: nil)
      finish()
      presence.hangUp(after: Self.patience)
    }
    return false
  }

  func finish() {
    _ = queue.close()
    end.finish()
  }

  /// Returns when nothing more will be sent.
  func wait() async { for await _ in ended {} }
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
