import HTTPTypes
import HummingbirdCore
import NIOCore
import NIOHTTP1
import NIOHTTPTypesHTTP1

/// The end of an HTTP connection's pipeline: hands over whole requests and watches over the client.
///
/// While some wait, nothing more is read from the socket. A request must arrive in time, and an answer must be read. Answers go
/// past it as bytes; who has written one tells it so by the event `Answered`.
final class RequestReader: ChannelDuplexHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundIn = ByteBuffer

  /// What came.
  enum Arrival: Sendable {
    /// Head and body, and whether the client means to ask more.
    case request(HTTPRequest, ByteBuffer, keepsAlive: Bool)
    /// Something that is no request; nothing follows it.
    case nonsense
  }

  /// A request has been answered.
  struct Answered {}

  /// The request that arrives.
  private enum Arriving {
    case nothing
    case request(HTTPRequestHead, ByteBuffer)
    /// The rest of one that is too large: nobody wants it.
    case rest
  }

  /// The most that any door takes; one byte more tells it that it was too much.
  private static let largestBody = RestDoor.largestBody + 1
  private static let idleTime = TimeAmount.seconds(75)

  /// What came, in order; ends with the connection.
  let arrivals: AsyncStream<Arrival>
  /// Tells those who answer that the client went away.
  let presence: Presence
  private let inbox: AsyncStream<Arrival>.Continuation
  private let arrivalTime: TimeAmount
  private var arriving = Arriving.nothing
  /// The last head and what was made of it: a client sends the same again and again.
  private var known = HTTPRequestHead(version: .http1_1, method: .GET, uri: "")
  private var request = HTTPRequest(method: .get, scheme: nil, authority: nil, path: nil)
  private var unanswered = 0
  private var isReadHeld = false
  private var isClosing = false
  private var idleSince = NIODeadline.now()
  private var deadline: Scheduled<Void>?
  private var patience: Scheduled<Void>?
  private var idleness: Scheduled<Void>?

  /// A reader that gives each request so much time from its head to its end, and the client as much to read anything.
  init(_ channel: any Channel, arrivalTime: TimeAmount) {
    presence = Presence(channel)
    self.arrivalTime = arrivalTime
    (arrivals, inbox) = AsyncStream.makeStream()
  }

  // MARK: Requests

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch (unwrapInboundIn(data), arriving) {
    case (.head(let head), _):
      let announced = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
      arriving = .request(head, ByteBuffer())
      if announced >= Self.largestBody { hand(head, ByteBuffer()) }
    case (.body(let part), .request(let head, var bytes)):
      // Not two holders of the bytes, or they would be copied.
      arriving = .nothing
      if bytes.readableBytes == 0 { bytes = part } else { bytes.writeImmutableBuffer(part) }
      arriving = .request(head, bytes)
      if bytes.readableBytes >= Self.largestBody { hand(head, bytes) }
    case (.end, .request(let head, let bytes)):
      hand(head, bytes)
      arriving = .nothing
    case (.end, _): arriving = .nothing
    case (.body, _): break
    }
  }

  /// Hands a request over; what still comes of it is dropped.
  private func hand(_ head: HTTPRequestHead, _ bytes: ByteBuffer) {
    arriving = .rest
    unanswered += 1
    if known.headers != head.headers || known.method != head.method || known.uri != head.uri {
      guard let made = try? HTTPRequest(head, secure: false, splitCookie: false) else {
        return _ = inbox.yield(.nonsense)
      }
      (known, request) = (head, made)
    }
    inbox.yield(.request(request, bytes, keepsAlive: head.isKeepAlive))
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    switch error {
    case is HTTPParserError:
      unanswered += 1
      inbox.yield(.nonsense)
    // What comes after the first error is read by nobody.
    case is ByteToMessageDecoderError: break
    default: context.close(promise: nil)
    }
  }

  private var isArriving: Bool { if case .nothing = arriving { false } else { true } }

  func channelReadComplete(context: ChannelHandlerContext) {
    // Most requests are whole by now and need no clock.
    if !isArriving {
      deadline?.cancel()
      deadline = nil
    } else if deadline == nil {
      let channel = context.channel
      deadline = context.eventLoop.scheduleTask(in: arrivalTime) { channel.close(promise: nil) }
    }
    context.fireChannelReadComplete()
  }

  func read(context: ChannelHandlerContext) {
    // One request may wait; to stop at the first would cost two system calls for each. Of a body the rest is always read:
    // some clients read no answer before they have sent all.
    if !isArriving, unanswered > 1 { isReadHeld = true } else { context.read() }
  }

  func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?)
  {
    guard event is Answered else { return context.triggerUserOutboundEvent(event, promise: promise) }
    unanswered -= 1
    idleSince = .now()
    if isClosing, unanswered == 0 { context.close(promise: nil) }
    guard unanswered < 2, isReadHeld else { return }
    isReadHeld = false
    context.read()
  }

  // MARK: The client

  func handlerAdded(context: ChannelHandlerContext) { watch(context, in: Self.idleTime) }

  /// Closes a connection on which nothing has been asked for long.
  private func watch(_ context: ChannelHandlerContext, in time: TimeAmount) {
    idleness = context.eventLoop.assumeIsolated().scheduleTask(in: time) { [self] in
      let end = idleSince + Self.idleTime
      if isArriving || unanswered > 0 {
        watch(context, in: Self.idleTime)
      } else if end > .now() {
        watch(context, in: end - .now())
      } else {
        context.close(promise: nil)
      }
    }
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
    switch event {
    case ChannelEvent.inputClosed:
      // Patience goes on: what is still to be sent may never be read.
      deadline?.cancel()
      inbox.finish()
      presence.leave()
    case is ChannelShouldQuiesceEvent:
      isClosing = true
      if !isArriving, unanswered == 0 { context.close(promise: nil) }
    default: break
    }
    context.fireUserInboundEventTriggered(event)
  }

  func channelInactive(context: ChannelHandlerContext) {
    leave()
    context.fireChannelInactive()
  }

  func handlerRemoved(context: ChannelHandlerContext) { leave() }

  private func leave() {
    for clock in [deadline, patience, idleness] { clock?.cancel() }
    inbox.finish()
    presence.leave()
  }
}
