import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// A connection whose tasks run on the thread of its event loop: a request changes threads only to the database and back.
///
/// HTTP and WebSockets share the port: the first request of a connection decides what it becomes.
struct EventLoopChannel: ServerChildChannel {
  /// What a connection has become.
  enum Connection: Sendable {
    case http(NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>)
    case socket(Socket, Caller)
  }

  /// A connection that may not have sent anything yet.
  struct Value: ServerChildChannelValue {
    let channel: any Channel
    fileprivate let connection: EventLoopFuture<Connection>
  }

  private static let idleTimeout = TimeAmount.seconds(75)

  let http: HTTP1Channel
  let realtime: RealtimeDoor

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
    channel.eventLoop.makeCompletedFuture {
      let encoder = HTTPResponseEncoder()
      let decoder = ByteToMessageHandler(
        HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: Self.limits))
      let result = Handshake.Result()
      let handshake = Handshake(
        callers: realtime.desk.callers, result: result, idleTimeout: Self.idleTimeout)
      let upgrade = NIOTypedHTTPServerUpgradeHandler(
        httpEncoder: encoder, extraHTTPHandlers: [decoder, handshake],
        upgradeConfiguration: .init(
          upgraders: [SocketUpgrader(handshake: result)],
          notUpgradingCompletionHandler: { makeHTTP($0, logger) }))
      try channel.pipeline.syncOperations.addHandlers([encoder, decoder, handshake, upgrade])
      return Value(channel: channel, connection: upgrade.upgradeResultFuture)
    }
  }

  private static var limits: NIOHTTPDecoderLimitConfiguration {
    var limits = NIOHTTPDecoderLimitConfiguration()
    (limits.maxHeaderFieldSize, limits.maxHeaderListSize, limits.maxHeaderFieldCount) = (
      80 << 10, 80 << 10, 1_000
    )
    return limits
  }

  private func makeHTTP(_ channel: any Channel, _ logger: Logger) -> EventLoopFuture<Connection> {
    channel.eventLoop.makeCompletedFuture {
      try channel.pipeline.syncOperations.addHandlers([
        HTTP1ToHTTPServerCodec(secure: false),
        PresenceHandler(arrivalTime: .init(realtime.desk.settings.arrivalTime)),
        HTTPConnectionStateHandler(idleTimeout: .seconds(75), logger: logger),
      ])
      return .http(
        try NIOAsyncChannel(
          wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true)))
    }
  }

  func handle(value: Value, logger: Logger) async {
    await withTaskExecutorPreference(EventLoopExecutor(loop: value.channel.eventLoop)) {
      switch try? await value.connection.get() {
      case .http(let channel): await http.handle(value: channel, logger: logger)
      case .socket(let socket, let caller): await realtime.talk(socket, as: caller)
      case nil: value.channel.close(promise: nil)
      }
    }
  }
}

/// Runs tasks on an event loop.
final class EventLoopExecutor: TaskExecutor {
  private let loop: any EventLoop

  /// An executor that runs on `loop`.
  init(loop: any EventLoop) { self.loop = loop }

  /// Runs `job` with the next turn of the loop.
  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    loop.execute { unsafe job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}
