import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Synchronization

/// What is known about a request beside its head and body.
package struct Context: RequestContext {
  /// What Hummingbird itself needs.
  package var coreContext: CoreRequestContextStorage
  /// Names the request in logs and answers.
  package var id = Self.newID()
  /// The address at the other end of the connection; `nil` in tests without one.
  package var peer: String? { presence.peer }
  /// Whether the one who asked is still there.
  let presence: Presence
  private let body: ByteBuffer

  /// A context for a request of which nobody watches the client.
  package init(source: ApplicationRequestContextSource) {
    self.init(ByteBuffer(), presence: Presence(source.channel), logger: source.logger)
  }

  /// A context for a request of a client with this body.
  init(_ body: ByteBuffer, presence: Presence, logger: Logger) {
    coreContext = .init(source: ApplicationRequestContextSource(channel: presence.channel, logger: logger))
    self.presence = presence
    self.body = body
  }

  /// The whole body, at most `limit` bytes; of one that is said to be larger less may have come.
  func bytes(of request: Request, limit: Int) throws(RestError) -> [UInt8] {
    // Of one that was announced as too large nothing has come.
    let announced = body.readableBytes == 0 ? request.headers[.contentLength].flatMap { Int($0) } ?? 0 : 0
    guard max(announced, body.readableBytes) <= limit else {
      throw RestError(413, "PGRST102", "The request body is larger than \(limit) bytes")
    }
    return Array(body.readableBytesView)
  }

  /// Half of it tells processes apart, half counts.
  private static func newID() -> String {
    let count = counter.add(1, ordering: .relaxed).newValue
    return process + String(String(count + 1 << 32, radix: 16).dropFirst())
  }

  private static let process = String(
    String(UInt64.random(in: 0..<(1 << 48)) + 1 << 48, radix: 16).dropFirst())
  private static let counter = Atomic<UInt64>(0)
}

extension HTTPFields {
  /// The first value called `name`: in a third of the time that all of them, joined, take.
  func first(_ name: HTTPField.Name) -> String? {
    contains(name) ? first { $0.name == name }?.value : nil
  }
}

/// Tells the request being answered on a connection that its client went away.
final class Presence: Sendable {
  private struct State {
    var isGone = false
    var action: (@Sendable () -> Void)?
  }

  /// The connection.
  let channel: any Channel
  /// The address at the other end, written out once for all requests of the connection.
  let peer: String?
  private let state = Mutex(State())

  /// The client at the other end of `channel`.
  init(_ channel: any Channel) {
    self.channel = channel
    peer = channel.remoteAddress?.ipAddress
  }

  /// Calls `action` when the client goes away, at once if it has; replaces what was to be called before.
  func onLeave(_ action: @escaping @Sendable () -> Void) {
    let isGone = state.withLock { state in
      state.action = action
      return state.isGone
    }
    if isGone { action() }
  }

  /// Closes the connection after `delay`, also under an answer that nobody reads.
  func hangUp(after delay: TimeAmount) {
    channel.eventLoop.scheduleTask(in: delay) { [channel] in channel.close(promise: nil) }
  }

  /// Nothing is to be called any more.
  func forget() { state.withLock { $0.action = nil } }

  /// The client went away.
  func leave() {
    let action = state.withLock { state in
      state.isGone = true
      return state.action
    }
    action?()
  }
}
