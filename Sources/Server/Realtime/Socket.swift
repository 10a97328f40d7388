import NIOCore
import NIOWebSocket
import Synchronization

/// The way to the client at the other end of a WebSocket, for any thread.
package final class Socket: Outlet {
  /// How long one who is told to go may take to read what waits.
  private static let patience = TimeAmount.seconds(3)
  /// Messages that may wait for their turn; a client joins some channels at once, and then says little.
  private static let mostMessages = 256

  /// How the client writes.
  package let version: Message.Version
  /// What the client says, heartbeats aside.
  package let messages: AsyncStream<Message>
  private let inbox: AsyncStream<Message>.Continuation
  private let channel: any Channel
  private let queue = OutletQueue()

  /// A socket over `channel`.
  package init(channel: any Channel, version: Message.Version) {
    self.channel = channel
    self.version = version
    (messages, inbox) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.mostMessages))
  }

  /// Leaves frames to be written.
  package func send(_ bytes: ByteBuffer) -> Bool {
    let count = bytes.readableBytes
    guard queue.add(count) else {
      close(.policyViolation, OutletQueue.reason)
      return false
    }
    channel.writeAndFlush(bytes).whenComplete { [queue] _ in queue.remove(count) }
    return true
  }

  /// Says good-bye after what waits, and closes when the client has answered or does not.
  package func close(_ code: WebSocketErrorCode, _ reason: String = "") {
    guard queue.close() else { return }
    inbox.finish()
    var frame = ByteBuffer(bytes: [0x88, UInt8(2 + reason.utf8.count)])
    frame.write(webSocketErrorCode: code)
    frame.writeString(reason)
    channel.writeAndFlush(frame, promise: nil)
    channel.eventLoop.scheduleTask(in: Self.patience) { [channel] in channel.close(promise: nil) }
  }

  /// Takes a message in.
  fileprivate func receive(_ message: Message) {
    if message.topic == "phoenix", message.event == "heartbeat" {
      let topic = Topic(version: version, name: message.topic, joinReference: message.joinReference)
      _ = send(topic.reply("ok", reference: message.reference))
    } else if case .dropped = inbox.yield(message) {
      close(.policyViolation, "too many messages at once")
    }
  }

  /// The client is gone.
  fileprivate func end() {
    _ = queue.close()
    inbox.finish()
  }

  /// One channel has ended; the socket stays.
  package func finish() {}
}

/// What comes in over a WebSocket, frame by frame: messages go to the socket, what breaks the rules closes it.
package final class SocketHandler: ChannelInboundHandler {
  package typealias InboundIn = WebSocketFrame
  package typealias OutboundOut = ByteBuffer

  /// Joins and tokens are small.
  static let largestMessage = 256 << 10
  private let socket: Socket

  /// A handler for what comes to `socket`.
  package init(_ socket: Socket) { self.socket = socket }

  /// The handlers of a connection from the bytes on.
  package static func handlers(_ socket: Socket) -> [any ChannelHandler] {
    [
      ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: largestMessage)), FrameRules(socket),
      NIOWebSocketFrameAggregator(
        minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: 1_024, maxAccumulatedFrameSize: largestMessage),
      // Clients send heartbeats at least every 30 s: who is silent for longer is gone.
      IdleStateHandler(readTimeout: .seconds(75)), SocketHandler(socket),
    ]
  }

  package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let frame = Self.unwrapInboundIn(data)
    switch frame.opcode {
    case .text: read(Message(text: String(buffer: frame.unmaskedData), version: socket.version))
    case .binary where socket.version == .array: read(Message(bytes: frame.unmaskedData))
    case .binary: socket.close(.unacceptableData, "messages are texts")
    case .ping:
      let bytes = frame.unmaskedData
      var pong = ByteBuffer(bytes: [0x8A, UInt8(bytes.readableBytes)])
      pong.writeImmutableBuffer(bytes)
      _ = socket.send(pong)
    case .pong: break
    case .connectionClose:
      socket.close(.normalClosure)
      context.close(promise: nil)
    default: socket.close(.protocolError, "unknown kind of frame")
    }
  }

  private func read(_ message: Message?) {
    guard let message else { return socket.close(.dataInconsistentWithMessage, "this is no message") }
    socket.receive(message)
  }

  package func errorCaught(context: ChannelHandlerContext, error: any Error) {
    switch error {
    case NIOWebSocketError.invalidFrameLength,
      NIOWebSocketFrameAggregator.Error.accumulatedFrameSizeIsTooLarge,
      NIOWebSocketFrameAggregator.Error.tooManyFragments:
      socket.close(.messageTooLarge, "messages have at most \(Self.largestMessage) bytes")
    case is NIOWebSocketError, is NIOWebSocketFrameAggregator.Error:
      socket.close(.protocolError, "the frame breaks the protocol")
    // What comes after the first error is read by nobody.
    case is ByteToMessageDecoderError: break
    default: context.close(promise: nil)
    }
  }

  package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    switch event {
    case is ChannelShouldQuiesceEvent: socket.close(.goingAway, "the server is shutting down")
    case IdleStateHandler.IdleStateEvent.read: socket.close(.goingAway, "no heartbeat came")
    default: context.fireUserInboundEventTriggered(event)
    }
  }

  package func channelInactive(context: ChannelHandlerContext) {
    socket.end()
    context.fireChannelInactive()
  }
}

/// What the decoder leaves to others: clients must mask every frame, fragments too, and nobody agreed on extensions.
private final class FrameRules: ChannelInboundHandler {
  typealias InboundIn = WebSocketFrame
  typealias InboundOut = WebSocketFrame
  private let socket: Socket

  init(_ socket: Socket) { self.socket = socket }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let frame = Self.unwrapInboundIn(data)
    guard frame.maskKey != nil, !frame.rsv1, !frame.rsv2, !frame.rsv3 else {
      return socket.close(.protocolError, "frames of clients must be masked, without extensions")
    }
    context.fireChannelRead(data)
  }
}
