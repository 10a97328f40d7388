import ArgumentParser

/// The command line: `vibe serve` and `vibe keys`.
@main
struct Vibe: AsyncParsableCommand {
  /// How the command describes itself.
  static let configuration = CommandConfiguration(
    abstract: "Serves the vibe extension over HTTP.",
    discussion: "Everything is set by environment variables, which `vibe serve --help` lists.",
    subcommands: [Serve.self, Keys.self])
}
