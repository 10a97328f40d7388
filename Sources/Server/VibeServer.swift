import Database
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle

/// The whole server: doors on the outside, the database on the inside, started and stopped in order.
package final class VibeServer: Sendable {
  private let desk: Desk
  private let feed: Feed
  private var realtime: RealtimeDoor { RealtimeDoor(desk: desk, feed: feed) }
  private let logger: Logger
  private let files: StaticFiles

  /// A server that is ready to run; the database may still be away.
  package init(_ settings: Settings, logger: Logger) async throws {
    let lanes = [
      Lane("requests", connections: settings.poolSize, queueLimit: 1_000),
      // bcrypt is slow on purpose: two at a time leave the processor to others.
      Lane("sign-in", connections: 2, queueLimit: 50),
      Lane("tracking", connections: Self.trackingConnections, queueLimit: 100),
      Lane("feed", connections: 1, queueLimit: 100),
      Lane("streams", connections: max(2, settings.poolSize / 4), queueLimit: 100),
      Lane("work", connections: min(2, max(1, settings.queueJobs)), queueLimit: 100),
      Lane("work keeping", connections: 1, queueLimit: 100),
    ]
    let pool = try Pool(
      PoolConfiguration(
        address: settings.database, lanes: lanes, channels: [Names.reload, Names.doorbell, Names.queueBell]),
      logger: logger)
    let tokens = await Tokens(secret: settings.jwtSecret.text)
    let schema = SchemaStore(pool: pool, question: Names.schemaCache, channel: Names.reload, logger: logger)
    files = try StaticFiles(directory: settings.siteDirectory)
    desk = Desk(
      settings: settings, pool: pool, schema: schema, tokens: tokens,
      callers: Callers(tokens: tokens, keys: KeyRing(pool: pool)),
      metrics: Metrics())
    feed = Feed(pool: pool, metrics: desk.metrics, logger: logger, on: Self.loops.any())
    self.logger = logger
  }

  private static let trackingConnections = 2
  private static var loops: any EventLoopGroup { EventLoopGroupProvider.singleton.eventLoopGroup }

  /// Serves until the task group around it shuts down; `started` gets the port.
  package func run(started: @escaping @Sendable (Int) -> Void = { _ in }) async throws {
    let server = EventLoopChannel(desk: frontDesk(), realtime: realtime).server(
      configuration: .init(address: .hostname(desk.settings.host, port: desk.settings.port)),
      onServerRunning: { channel in started(channel.localAddress?.port ?? 0) },
      eventLoopGroup: Self.loops, logger: logger)
    // Stopped last to first: no more jobs, no new requests, then no feed, then no database.
    var services: [any Service] = [
      DatabaseService(pool: desk.pool), BackgroundService { [desk] in await desk.schema.run() },
      BackgroundService { [feed] in await feed.run() }, server,
    ]
    if desk.settings.queueJobs > 0 {
      services.append(
        WorkService(
          worker: Worker(settings: desk.settings, pool: desk.pool, metrics: desk.metrics, logger: logger)))
    }
    do {
      try await ServiceGroup(configuration: .init(services: services, logger: logger.quiet)).run()
    } catch let error as IOError {
      let place = "\(desk.settings.host):\(desk.settings.port)"
      throw SettingsError(description: "VIBE_LISTEN is \(place), where the server cannot listen: \(error)")
    }
  }

  private func frontDesk() -> FrontDesk {
    let ingester = Ingester(
      pool: desk.pool, metrics: desk.metrics, concurrent: Self.trackingConnections, logger: logger,
      on: Self.loops.any())
    let router = Router(context: Context.self)
    router.add(middleware: RouterErrors())
    RouteDoor(desk: desk).add(to: router)
    AuthDoor(desk: desk).add(to: router)
    realtime.add(to: router)
    HealthDoor(desk: desk).add(to: router)
    files.add(to: router)
    return FrontDesk(
      settings: desk.settings, metrics: desk.metrics, rest: RestDoor(desk: desk),
      track: TrackDoor(desk: desk, ingester: ingester), others: router.buildResponder())
  }
}

/// Closes the pool when everything that uses it has stopped.
private struct DatabaseService: Service {
  let pool: Pool

  func run() async throws {
    try? await gracefulShutdown()
    await pool.close()
  }
}

/// Work that goes on until shutdown.
private struct BackgroundService: Service {
  let work: @Sendable () async -> Void

  func run() async throws { await cancelWhenGracefulShutdown(work) }
}

extension Logger {
  /// The same without debug messages: the lifecycle library would print whole services.
  package var quiet: Logger {
    var logger = self
    logger.logLevel = max(logLevel, .info)
    return logger
  }
}
