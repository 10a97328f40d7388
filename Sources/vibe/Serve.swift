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
    discussion: "Settings are environment variables; a wrong one is named and ends the command.\n\n" + table)

  /// Each variable with what counts without it, and on the next line what it says.
  private static let table = Settings.variables.map { variable in
    "  \(variable.name)  \(variable.fallback)\n    \(variable.meaning)"
  }.joined(separator: "\n")

  /// Serves; ends with status 64 and a sentence when a setting is wrong.
  func run() async throws {
    let settings = try readSettings()
    // Half the processors for HTTP: the database's own processes are usually on the same machine and need the rest.
    NIOSingletons.groupLoopCountSuggestion = max(1, ProcessInfo.processInfo.activeProcessorCount / 2)
    raiseFileLimit()
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

/// As many connections as the system allows: the usual limit of 1,024 is for programs that use select().
private func raiseFileLimit() {
  let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
  var limit = rlimit()
  guard unsafe getrlimit(files, &limit) == 0 else { return }
  limit.rlim_cur = limit.rlim_max
  _ = unsafe setrlimit(files, &limit)
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
