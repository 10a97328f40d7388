import ArgumentParser

/// The command line: `vibe serve` and `vibe keys`.
@main
struct Vibe: AsyncParsableCommand {
  /// How the command describes itself.
  static let configuration = CommandConfiguration(
    abstract: "Serves the vibe extension over HTTP.",
    discussion: """
      Everything is set by environment variables: PGHOST, PGPORT, PGDATABASE, VIBE_DB_USER, VIBE_DB_PASSWORD, VIBE_LISTEN,
      VIBE_JWT_SECRET, VIBE_DASHBOARD_DIR, VIBE_POOL_SIZE, VIBE_TOKEN_MINUTES, VIBE_MAX_ROWS, VIBE_TRACK_RATE,
      VIBE_TRUSTED_PROXIES, VIBE_ALLOWED_ORIGINS, VIBE_LOG_LEVEL.
      """,
    subcommands: [Serve.self, Keys.self])
}
