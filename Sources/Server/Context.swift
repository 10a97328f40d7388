import Hummingbird
import NIOCore
import NIOHTTPTypes
import Synchronization

/// What is known about a request beside its head and body.
package struct Context: RequestContext {
  /// What Hummingbird itself needs.
  package var coreContext: CoreRequestContextStorage
  /// The address at the other end of the connection; `nil` in tests without one.
  package let peer: String?
  /// Whether the one who asked is still there.
  let presence: Presence

  /// A context for a request on a connection.
  package init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    presence = Presences.shared.find(ObjectIdentifier(source.channel as AnyObject)) ?? Presence()
    peer = presence.peer
  }
}

/// Tells the request being answered on a connection that its client went away.
final class Presence: Sendable {
  private struct State {
    var isGone = false
    var channel: (any Channel)?
    var peer: String?
    var action: (@Sendable () -> Void)?
  }

  private let state = Mutex(State())

  /// The address at the other end, written out once for all requests of the connection.
  var peer: String? { state.withLock { $0.peer } }

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
    guard let channel = state.withLock({ $0.channel }) else { return }
    channel.eventLoop.scheduleTask(in: delay) { channel.close(promise: nil) }
  }

  fileprivate func use(_ channel: (any Channel)?) {
    let peer = channel?.remoteAddress?.ipAddress
    state.withLock { ($0.channel, $0.peer) = (channel, peer ?? $0.peer) }
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

/// The open connections by identity: Hummingbird hands out the channel, not what was put into its pipeline.
final class Presences: Sendable {
  /// The one of this process.
  static let shared = Presences()
  private let known = Mutex<[ObjectIdentifier: Presence]>([:])

  /// The presence of an open connection.
  func find(_ channel: ObjectIdentifier) -> Presence? { known.withLock { $0[channel] } }

  fileprivate func add(_ presence: Presence, for channel: ObjectIdentifier) {
    known.withLock { $0[channel] = presence }
  }

  fileprivate func remove(_ channel: ObjectIdentifier) { known.withLock { $0[channel] = nil } }
}

/// Watches one connection for its end, and ends it when a request does not arrive in time or an answer is not read.
final class PresenceHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  private let presence = Presence()
  private let arrivalTime: TimeAmount
  private var isArriving = false
  private var deadline: Scheduled<Void>?
  private var patience: Scheduled<Void>?

  /// A handler that gives each request so much time from its head to its end, and a reader as much to read anything.
  init(arrivalTime: TimeAmount) { self.arrivalTime = arrivalTime }

  func handlerAdded(context: ChannelHandlerContext) {
    presence.use(context.channel)
    Presences.shared.add(presence, for: ObjectIdentifier(context.channel as AnyObject))
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    Presences.shared.remove(ObjectIdentifier(context.channel as AnyObject))
    presence.use(nil)
    leave()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if case .end = unwrapInboundIn(data) {
      isArriving = false
      deadline?.cancel()
      deadline = nil
    } else {
      isArriving = true
    }
    context.fireChannelRead(data)
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    // Most requests are whole by now and need no clock.
    if isArriving, deadline == nil {
      let channel = context.channel
      deadline = context.eventLoop.scheduleTask(in: arrivalTime) { channel.close(promise: nil) }
    }
    context.fireChannelReadComplete()
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    patience?.cancel()
    if !context.channel.isWritable { wait(context, unread: unread(context)) }
    context.fireChannelWritabilityChanged()
  }

  private func wait(_ context: ChannelHandlerContext, unread before: Int) {
    patience = context.eventLoop.assumeIsolated().scheduleTask(in: arrivalTime) { [self] in
      let now = unread(context)
      if now == before { context.close(promise: nil) } else if now > 0 { wait(context, unread: now) }
    }
  }

  private func unread(_ context: ChannelHandlerContext) -> Int {
    (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    // Patience goes on: what is still to be sent may never be read.
    if let event = event as? ChannelEvent, event == .inputClosed {
      deadline?.cancel()
      presence.leave()
    }
    context.fireUserInboundEventTriggered(event)
  }

  func channelInactive(context: ChannelHandlerContext) {
    leave()
    context.fireChannelInactive()
  }

  private func leave() {
    deadline?.cancel()
    patience?.cancel()
    presence.leave()
  }
}
