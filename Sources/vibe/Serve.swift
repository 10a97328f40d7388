import ArgumentParser
import Foundation
import Logging
import NIOCore
import Server
import ServiceLifecycle

/// Runs the server until SIGTERM or SIGINT.
struct Serve: AsyncParsableCommand {
  /// How the command describes itself.
  static let configuration = CommandConfiguration(
    abstract: "Run the HTTP server.",
    discussion: """
      Settings are environment variables; a wrong one is named and ends the command.

        PGHOST PGPORT PGDATABASE  the database
        VIBE_DB_USER              login of the server (vibe_server)
        VIBE_DB_PASSWORD          its password
        VIBE_JWT_SECRET           signs tokens and keys; at least 32 bytes
        VIBE_DASHBOARD_DIR        folder with dashboard, tracker and shop
        VIBE_LISTEN               address and port (127.0.0.1:8080)
        VIBE_TRUSTED_PROXIES      proxies whose X-Forwarded-For counts; needed to listen beyond loopback
        VIBE_ALLOWED_ORIGINS      origins of other sites that may use REST, auth and realtime
        VIBE_POOL_SIZE            connections for requests (12)
        VIBE_TOKEN_MINUTES        life of an access token (60)
        VIBE_MAX_ROWS             most rows of one answer (10000)
        VIBE_TRACK_RATE           requests a second that one address may post to /track (100)
        VIBE_LOG_LEVEL            trace, debug, info, notice, warning, error or critical (info)
      """)

  /// Serves; ends with status 64 and a sentence when a setting is wrong.
  func run() async throws {
    let settings = try readSettings()
    // Half the processors for HTTP: the database's own processes are usually on the same machine and need the rest.
    NIOSingletons.groupLoopCountSuggestion = max(1, ProcessInfo.processInfo.activeProcessorCount / 2)
    var logger = Logger(label: "vibe") { StreamLogHandler.standardError(label: $0) }
    logger.logLevel = settings.logLevel
    let service = ServerService(
      server: try await VibeServer(settings, logger: logger), logger: logger, host: settings.host)
    var configuration = ServiceGroupConfiguration(
      services: [service], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger.quiet)
    configuration.maximumGracefulShutdownDuration = .seconds(20)
    try await ServiceGroup(configuration: configuration).run()
  }
}

/// The settings, or a validation error that names the variable.
func readSettings() throws -> Settings {
  do { return try Settings(environment: ProcessInfo.processInfo.environment) } catch {
    throw ValidationError("\(error)")
  }
}

/// The server as one service of the process.
private struct ServerService: Service {
  let server: VibeServer
  let logger: Logger
  let host: String

  func run() async throws {
    try await server.run { port in logger.notice("listening", metadata: ["url": "http://\(host):\(port)"]) }
  }
}
