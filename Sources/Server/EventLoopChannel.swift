import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1

/// A connection whose tasks run on the thread of its event loop: a request changes threads only to the database and back.
///
/// HTTP and WebSockets share the port: the first request of a connection decides what it becomes.
struct EventLoopChannel: ServerChildChannel {
  /// What a connection has become.
  enum Connection: Sendable {
    case http(AsyncStream<RequestReader.Arrival>, Presence)
    case socket(Socket, Caller)
  }

  /// A connection that may not have sent anything yet.
  struct Value: ServerChildChannelValue {
    let channel: any Channel
    fileprivate let connection: EventLoopFuture<Connection>
  }

  private static let idleTimeout = TimeAmount.seconds(75)
  /// How long a client may take to close its end after the last answer.
  private static let patience = TimeAmount.seconds(5)

  let desk: FrontDesk
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
          notUpgradingCompletionHandler: { makeHTTP($0) }))
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

  private func makeHTTP(_ channel: any Channel) -> EventLoopFuture<Connection> {
    channel.eventLoop.makeCompletedFuture {
      let reader = RequestReader(channel, arrivalTime: .init(realtime.desk.settings.arrivalTime))
      let pipeline = channel.pipeline.syncOperations
      try pipeline.addHandler(reader)
      // Answers are written as bytes.
      pipeline.removeHandler(
        context: try pipeline.context(handlerType: HTTPResponseEncoder.self), promise: nil)
      return .http(reader.arrivals, reader.presence)
    }
  }

  func handle(value: Value, logger: Logger) async {
    await withTaskExecutorPreference(EventLoopExecutor(loop: value.channel.eventLoop)) {
      switch try? await value.connection.get() {
      case .http(let arrivals, let presence):
        try? await serve(arrivals, presence, logger)
        // What was written goes out, and what still comes is read: to close at once would take back the last answer.
        try? await value.channel.close(mode: .output)
        presence.hangUp(after: Self.patience)
        for await _ in arrivals {}
        try? await value.channel.close()
      case .socket(let socket, let caller): await realtime.talk(socket, as: caller)
      case nil: value.channel.close(promise: nil)
      }
    }
  }

  /// Answers one request after the other.
  private func serve(
    _ arrivals: AsyncStream<RequestReader.Arrival>, _ presence: Presence, _ logger: Logger
  ) async throws {
    let channel = presence.channel
    for await arrival in arrivals {
      guard case .request(let head, let bytes, let keepsAlive) = arrival else {
        return try await Response(status: .badRequest, headers: [.connection: "close"]).write(to: channel)
      }
      let request = Request(head: head, body: RequestBody(buffer: bytes))
      var response = await desk.answer(
        request, Context(bytes, presence: presence, logger: logger))
      if !keepsAlive { response.headers[.connection] = "close" }
      try await response.write(to: channel)
      channel.triggerUserOutboundEvent(RequestReader.Answered(), promise: nil)
      if !keepsAlive { return }
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
