import ArgumentParser
import Logging
import Server

/// Prints the keys of programs: one that may do what anyone may, one that may do everything.
struct Keys: AsyncParsableCommand {
  /// How the command describes itself.
  static let configuration = CommandConfiguration(
    abstract: "Print new API keys as shell exports.",
    discussion: "Each call makes a new secret key; it ends when its session in the database is revoked.")

  /// Prints two lines for a shell to evaluate.
  func run() async throws {
    let settings = try readSettings()
    var logger = Logger(label: "vibe") { StreamLogHandler.standardError(label: $0) }
    logger.logLevel = .error
    let keys = try await ApiKeys.make(settings, logger: logger)
    print("export VIBE_ANON_KEY=\(keys.anonymous)")
    print("export VIBE_SECRET_KEY=\(keys.secret)")
  }
}
