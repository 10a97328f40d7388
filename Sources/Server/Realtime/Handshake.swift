import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1
import NIOHTTPTypesHTTP1
import NIOWebSocket
import Synchronization

/// Decides whether a request may become a WebSocket, before anything of it is lost.
///
/// An accepted handshake goes on as it came; whatever else asks for another protocol loses that wish and stays an
/// ordinary request, the last of its connection, since the decoder stops there.
final class Handshake: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias InboundOut = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  /// Where WebSockets are.
  static let path = "/realtime/v1/websocket"

  /// What is known of an accepted handshake, by those who go on with it.
  final class Result: Sendable {
    fileprivate let accepted = Mutex<(caller: Caller, version: Message.Version)?>(nil)
    /// Who asks, and how they will write.
    var value: (caller: Caller, version: Message.Version)? { accepted.withLock { $0 } }
  }

  private let callers: Callers
  private let result: Result
  private let idleTimeout: TimeAmount
  /// What came while the caller is being found.
  private var held: [HTTPServerRequestPart]?
  private var hasBegun = false
  private var timer: Scheduled<Void>?

  /// A filter for a new connection, which must begin a request within `idleTimeout`.
  init(callers: Callers, result: Result, idleTimeout: TimeAmount) {
    (self.callers, self.result, self.idleTimeout) = (callers, result, idleTimeout)
  }

  /// Who asks for a WebSocket and how they will write: a key, a token or the cookie of our own page is needed.
  static func check(
    _ head: HTTPRequest, callers: Callers
  ) async throws(RestError) -> (caller: Caller, version: Message.Version) {
    let text = head.path?.split(separator: "?", maxSplits: 1).dropFirst().first
    let query = try QueryString(text ?? "")
    guard let version = Message.Version(rawValue: query.first("vsn") ?? "1.0.0") else {
      throw RestError(400, "vsn", "vsn must be 1.0.0 or 2.0.0")
    }
    let key = query.first("apikey")
    let caller = try await callers.find(head, queryKey: key)
    // Anyone may come with the public key, but not with nothing.
    let headers = head.headerFields
    guard !caller.isAnonymous || key != nil || headers[.apiKey] != nil || headers[.authorization] != nil
    else {
      throw RestError(401, "no_api_key", "No API key found in request")
    }
    return (caller, version)
  }

  func handlerAdded(context: ChannelHandlerContext) {
    let channel = context.channel
    timer = context.eventLoop.scheduleTask(in: idleTimeout) { channel.close(promise: nil) }
  }

  func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let part = Self.unwrapInboundIn(data)
    if held != nil {
      held?.append(part)
      return
    }
    guard case .head(var head) = part else { return context.fireChannelRead(data) }
    timer?.cancel()
    let isFirst = !hasBegun
    hasBegun = true
    guard head.headers.contains(name: "upgrade") else { return context.fireChannelRead(data) }
    guard isFirst, Self.isHandshake(head),
      let request = try? HTTPRequest(head, secure: false, splitCookie: false)
    else {
      Self.refuse(&head)
      return context.fireChannelRead(Self.wrapInboundOut(.head(head)))
    }
    held = [part]
    let answer = context.eventLoop.makePromise(of: (caller: Caller, version: Message.Version)?.self)
    answer.completeWithTask { [callers] in try? await Self.check(request, callers: callers) }
    answer.futureResult.assumeIsolated().whenSuccess { self.goOn($0, context) }
  }

  private func goOn(_ found: (caller: Caller, version: Message.Version)?, _ context: ChannelHandlerContext) {
    result.accepted.withLock { $0 = found }
    for part in held ?? [] {
      var part = part
      if case .head(var head) = part, found == nil {
        Self.refuse(&head)
        part = .head(head)
      }
      context.fireChannelRead(Self.wrapInboundOut(part))
    }
    held = nil
    context.fireChannelReadComplete()
  }

  private static func refuse(_ head: inout HTTPRequestHead) {
    head.headers.remove(name: "upgrade")
    head.headers.replaceOrAdd(name: "connection", value: "close")
  }

  /// Whether the request is a WebSocket handshake by RFC 6455, so that NIO will not refuse it.
  private static func isHandshake(_ head: HTTPRequestHead) -> Bool {
    let path = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)[0]
    let headers = head.headers
    return head.method == .GET && head.version == .http1_1 && path == Self.path
      && headers[canonicalForm: "upgrade"].map { $0.lowercased() } == ["websocket"]
      && headers[canonicalForm: "connection"].contains { $0.lowercased() == "upgrade" }
      && headers["sec-websocket-version"] == ["13"]
      && headers["sec-websocket-key"].count == 1 && headers["sec-websocket-key"].first?.utf8.count == 24
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard !hasBegun, error is HTTPParserError else { return context.fireErrorCaught(error) }
    // Nobody who would answer is there yet.
    let head = HTTPResponseHead(
      version: .http1_1, status: .badRequest, headers: ["connection": "close", "content-length": "0"])
    context.write(Self.wrapOutboundOut(.head(head)), promise: nil)
    context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: nil)
    context.close(promise: nil)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if event is ChannelShouldQuiesceEvent, !hasBegun { context.close(promise: nil) }
    context.fireUserInboundEventTriggered(event)
  }
}

/// Turns an HTTP connection into a WebSocket.
struct SocketUpgrader: NIOTypedHTTPServerProtocolUpgrader {
  typealias UpgradeResult = EventLoopChannel.Connection

  let handshake: Handshake.Result

  var supportedProtocol: String { "websocket" }
  var requiredUpgradeHeaders: [String] { [] }

  func buildUpgradeResponse(
    channel: any Channel, upgradeRequest: HTTPRequestHead, initialResponseHeaders: HTTPHeaders
  ) -> EventLoopFuture<HTTPHeaders> {
    let known = NIOTypedWebSocketServerUpgrader<Void>(
      shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture([:]) },
      upgradePipelineHandler: { channel, _ in channel.eventLoop.makeSucceededVoidFuture() })
    return known.buildUpgradeResponse(
      channel: channel, upgradeRequest: upgradeRequest, initialResponseHeaders: initialResponseHeaders)
  }

  func upgrade(channel: any Channel, upgradeRequest: HTTPRequestHead) -> EventLoopFuture<UpgradeResult> {
    channel.eventLoop.makeCompletedFuture {
      guard let (caller, version) = handshake.value else { throw ChannelError.operationUnsupported }
      let socket = Socket(channel: channel, version: version)
      // Frames are written as bytes, many subscribers sharing them: there is no encoder.
      try channel.pipeline.syncOperations.addHandlers(SocketHandler.handlers(socket))
      return .socket(socket, caller)
    }
  }
}
