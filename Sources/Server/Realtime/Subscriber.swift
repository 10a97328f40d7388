import NIOCore
import Synchronization

/// What subscribers have in common whose bytes are the same: a page is encoded once for all of them.
struct Audience: Sendable, Hashable {
  /// Whose rights count.
  var caller: Caller
  /// What they want.
  let bindings: [Binding]
  /// How they are told.
  let wording: Wording

  /// The bytes of `page` for those who may see `sites` and have been told so many of its messages already; `nil` when
  /// there is nothing for them. Also how many messages.
  func bytes(for page: FeedPage, sites: Set<Int>, told: Int = 0) -> (buffer: ByteBuffer, messages: Int)? {
    var frames: [ByteBuffer] = []
    for change in page.changes where sites.contains(change.siteID) {
      var row: JsonValue?
      var isParsed = false
      let ids = bindings.indices.filter { index in
        bindings[index].fits(change) {
          if !isParsed { (row, isParsed) = (change.row, true) }
          return row
        }
      }
      if !ids.isEmpty { frames.append(wording.frame(change, bindings: ids)) }
    }
    guard frames.count > told else { return nil }
    var buffer = ByteBuffer()
    buffer.reserveCapacity(frames[told...].reduce(0) { $0 + $1.readableBytes + 100 })
    for index in frames.indices[told...] {
      // Where a reconnecting browser goes on, also when its stream breaks in the middle of a page.
      if case .events = wording {
        let place = index + 1 == frames.count ? page.cursor : "\(page.start)>\(page.cursor)>\(index + 1)"
        buffer.writeString("id: \(place)\n")
      }
      buffer.writeImmutableBuffer(frames[index])
    }
    if case .events = wording { buffer = Chunk.around(buffer) }
    return (buffer, frames.count - told)
  }
}

/// How a subscriber is told things.
enum Wording: Sendable, Hashable {
  /// By server-sent events.
  case events
  /// By messages of a WebSocket.
  case messages(Topic)

  /// A change that fits the bindings with these places.
  fileprivate func frame(_ change: Change, bindings: [Int]) -> ByteBuffer {
    switch self {
    case .events:
      var buffer = ByteBuffer(string: change.isListed ? "event: change\ndata: " : "event: resync\ndata: ")
      buffer.writeImmutableBuffer(change.json)
      buffer.writeString("\n\n")
      return buffer
    case .messages(let topic):
      let (before, after) = topic.ends("postgres_changes")
      // Counted from 1: clients take 0 for no id at all.
      let ids = bindings.map { "\($0 + 1)" }.joined(separator: ",")
      return TextFrame.buffer([
        ByteBuffer(string: "\(before){\"ids\":[\(ids)],\"data\":"), change.json,
        ByteBuffer(string: "}\(after)"),
      ])
    }
  }

  /// Changes were lost, or nobody knows: everything must be loaded again.
  func lost(cursor: String) -> ByteBuffer {
    switch self {
    case .events: return Chunk.around(ByteBuffer(string: "id: \(cursor)\nevent: resync\ndata: {}\n\n"))
    case .messages(let topic):
      var buffer = topic.system("error", "Changes were lost: load everything again")
      // Clients join again by themselves, and tell their program so.
      buffer.writeImmutableBuffer(topic.frame("phx_error", "{}"))
      return buffer
    }
  }

  /// The last thing a subscriber hears.
  func farewell(_ reason: String) -> ByteBuffer {
    switch self {
    case .events:
      var text = JsonText()
      text.raw("event: end\ndata: ")
      text.object([("reason", reason)])
      text.raw("\n\n")
      return Chunk.around(text.buffer)
    case .messages(let topic):
      var buffer = topic.system("error", reason)
      buffer.writeImmutableBuffer(topic.frame("phx_close", "{}"))
      return buffer
    }
  }
}

/// The way to a client. What waits there is bounded.
protocol Outlet: Sendable {
  /// Leaves bytes to be written; false when the way is closed, also because too much waits: then it closes itself.
  func send(_ bytes: ByteBuffer) -> Bool
  /// Nothing more will come for one subscriber.
  func finish()
}

/// One who hears changes: an event stream, or a channel of a socket.
final class Subscriber: Sendable {
  /// What it shares with others.
  let audience: Audience
  /// Where it left off before, if it was here.
  let cursor: String?
  /// When its token ends, in seconds since 1970.
  let expiry: Double?
  /// What it hears when it is let in: from then on nothing is missed.
  let greeting: ByteBuffer?
  /// What it hears when it is not.
  let refusal: @Sendable (String) -> ByteBuffer
  /// Who leaves when it comes: the same client with an older token.
  let predecessor: Subscriber?
  /// The way to it.
  let outlet: any Outlet
  private let over = Atomic(false)

  /// A subscriber from its parts; without a refusal it is refused as it would be shown out.
  init(
    audience: Audience, outlet: any Outlet, cursor: String? = nil, greeting: ByteBuffer? = nil,
    refusal: (@Sendable (String) -> ByteBuffer)? = nil, predecessor: Subscriber? = nil
  ) {
    self.audience = audience
    self.outlet = outlet
    self.cursor = cursor
    self.greeting = greeting
    self.refusal = refusal ?? { [wording = audience.wording] in wording.farewell($0) }
    self.predecessor = predecessor
    expiry = audience.caller.expiry
  }

  /// Whether it has left or been shown out.
  var isOver: Bool { over.load(ordering: .relaxed) }

  /// Tells it that it is over with a last `message`; only the first end counts.
  func end(_ message: ByteBuffer? = nil) {
    guard !over.exchange(true, ordering: .relaxed) else { return }
    if let message { _ = outlet.send(message) }
    outlet.finish()
  }

  /// Ends it with a reason.
  func end(_ reason: String) { end(audience.wording.farewell(reason)) }

  /// Its successor takes over the way to the client.
  func yield() { over.store(true, ordering: .relaxed) }
}

extension Caller {
  /// When the token that proves it ends, in seconds since 1970.
  var expiry: Double? {
    switch JsonValue(text: claims)?["exp"] {
    case .integer(let time): Double(time)
    case .number(let time): time
    default: nil
    }
  }
}
