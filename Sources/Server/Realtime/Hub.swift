import Hummingbird
import Synchronization

/// One open stream.
final class Subscriber: Sendable {
  /// Pages that may wait for a slow reader.
  private static let most = 256

  /// Whose rights count; streams with equal claims are checked together.
  let caller: Caller
  /// The tables it wants; empty means all.
  let tables: Set<String>
  /// Where it left off before, if it was here.
  let cursor: String?
  /// What is to be written, page by page.
  let pages: AsyncStream<[ByteBuffer]>
  private let writer: AsyncStream<[ByteBuffer]>.Continuation
  private let ending = Mutex<String?>(nil)
  private let hangUp: @Sendable () -> Void

  /// A stream for `caller`; `hangUp` is called when it does not read what it asked for.
  init(caller: Caller, tables: Set<String>, cursor: String?, hangUp: @escaping @Sendable () -> Void) {
    self.caller = caller
    self.tables = tables
    self.cursor = cursor
    self.hangUp = hangUp
    (pages, writer) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.most))
  }

  /// Why the server ended the stream, if it did.
  var reason: String? { ending.withLock { $0 } }

  /// Leaves frames for the writer; false when the stream is over or too slow, which ends it.
  func send(_ page: [ByteBuffer]) -> Bool {
    switch writer.yield(page) {
    case .enqueued: return true
    case .dropped:
      end("the reader is too slow")
      hangUp()
      return false
    case .terminated: return false
    @unknown default: return false
    }
  }

  /// Ends the stream after the frames that wait; the first reason counts.
  func end(_ reason: String?) {
    ending.withLock { $0 = $0 ?? reason }
    writer.finish()
  }

  /// Whether it wants `change`, rights aside.
  func wants(_ change: Change) -> Bool { tables.isEmpty || tables.contains(change.table) }
}

/// All open streams and the rights of those behind them.
struct Hub {
  /// Streams that have heard `ready`.
  private(set) var subscribers: [ObjectIdentifier: Subscriber] = [:]
  private var sites: [Caller: Set<Int>] = [:]

  /// Whether nobody listens.
  var isEmpty: Bool { subscribers.isEmpty }

  /// Everyone whose rights are to be known, once each.
  var callers: Set<Caller> { Set(subscribers.values.map(\.caller)) }

  /// Adds a stream.
  mutating func add(_ subscriber: Subscriber) { subscribers[ObjectIdentifier(subscriber)] = subscriber }

  /// Removes a stream and forgets rights that nobody needs any more.
  mutating func remove(_ subscriber: Subscriber) {
    subscribers[ObjectIdentifier(subscriber)] = nil
    if !subscribers.values.contains(where: { $0.caller == subscriber.caller }) {
      sites[subscriber.caller] = nil
    }
  }

  /// Learns which sites `caller` may see; one who may see none any more is shown out.
  mutating func permit(_ caller: Caller, sites now: Set<Int>) {
    let before = sites[caller] ?? []
    sites[caller] = now
    guard now.isEmpty, !before.isEmpty else { return }
    for subscriber in subscribers.values where subscriber.caller == caller {
      subscriber.end("the session has ended")
    }
  }

  /// Whether `caller` may see `change`.
  func permits(_ caller: Caller, _ change: Change) -> Bool { sites[caller]?.contains(change.siteID) ?? false }

  /// Gives a page to all who want and may see it; each change is encoded once.
  mutating func broadcast(_ page: FeedPage, except seen: [ObjectIdentifier: Set<String>] = [:]) {
    if page.isIncomplete { send(Frame.resync(cursor: page.cursor)) }
    let frames = page.changes.map { Frame.change($0) }
    for (id, subscriber) in subscribers {
      let wanted = page.changes.indices.filter { index in
        let change = page.changes[index]
        return subscriber.wants(change) && permits(subscriber.caller, change)
          && seen[id]?.contains(change.json) != true
      }
      guard !wanted.isEmpty else { continue }
      let part = Frame.page(wanted.map { frames[$0] }, cursor: page.cursor)
      if !subscriber.send(part) { remove(subscriber) }
    }
  }

  /// Gives a frame to all.
  mutating func send(_ frame: ByteBuffer) {
    for subscriber in subscribers.values where !subscriber.send([frame]) { remove(subscriber) }
  }
}
