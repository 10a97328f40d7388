import Database
import Logging

/// How the server is to run; read once from the environment.
package struct Settings: Sendable {
  /// The database and the login of the server.
  package var database: DatabaseAddress
  /// The address to listen on.
  package var host = "127.0.0.1"
  /// The port to listen on; 0 takes a free one.
  package var port = 8080
  /// What signs and verifies tokens.
  package var jwtSecret: Secret
  /// The folder with the pages and the tracker.
  package var siteDirectory: String
  /// Connections for requests; sign-in, tracking and listening have a few more of their own.
  package var poolSize = 12
  /// How long an access token lasts.
  package var tokenMinutes = 60
  /// Who may make an account.
  package var signup = Signup.open
  /// Peers whose word about the client's address counts.
  package var trustedProxies: [AddressRange] = []
  /// Origins of other sites whose pages may use the REST, auth, realtime and product doors; `*` is any.
  package var corsOrigins: Set<String> = []
  /// The most rows that one answer holds.
  package var maximumRows = 10_000
  /// How many requests a second one address may send to the tracking door; bursts of five seconds' worth are fine.
  package var trackRate = 100
  /// How many of all addresses together may be for one site.
  package var siteTrackRate = 2_000
  /// How long a request may take from its head to its end.
  package var arrivalTime = Duration.seconds(60)
  /// How many jobs of the queue this server works on at a time; 0 leaves them to others.
  package var queueJobs = 8
  /// Where jobs may send requests besides public addresses over TLS: each `host:port`.
  package var outgoingAllowed: Set<String> = []
  /// From which level on the server logs.
  package var logLevel = Logger.Level.info

  /// Who may make an account: anyone, anyone whom an operator confirms, or the invited.
  package enum Signup: String, CaseIterable, Sendable {
    case open, confirm, closed
  }

  /// Settings with defaults for everything else.
  package init(database: DatabaseAddress, jwtSecret: String, siteDirectory: String) {
    self.database = database
    self.jwtSecret = Secret(jwtSecret)
    self.siteDirectory = siteDirectory
  }
}

/// A variable of the environment that is missing or makes no sense.
package struct SettingsError: Error, CustomStringConvertible, Equatable {
  /// Names the variable, its value where that is no secret, and the rule.
  package let description: String
}

extension Settings {
  /// A variable of the environment.
  package struct Variable: Sendable {
    /// Its name.
    package let name: String
    /// What counts without it: a value, or words in parentheses.
    package let fallback: String
    /// What it says.
    package let meaning: String
  }

  /// Everything that can be set, in the order of the documentation.
  package static let variables = [
    ("PGHOST", "(libpq's)", "address or socket folder of the database"),
    ("PGPORT", "(libpq's)", "its port"),
    ("PGDATABASE", "(required)", "its name"),
    ("VIBE_DB_USER", "vibe_server", "the server's login"),
    ("VIBE_DB_PASSWORD", "(none)", "its password"),
    ("VIBE_JWT_SECRET", "(required)", "signs tokens and keys: at least 32 bytes, alike on all servers"),
    ("VIBE_DASHBOARD_DIR", "(required)", "folder with dashboard, tracker and shop"),
    ("VIBE_LISTEN", "127.0.0.1:8080", "address and port"),
    ("VIBE_TRUSTED_PROXIES", "(none)", "addresses or ranges whose X-Forwarded-* and X-Request-Id count"),
    ("VIBE_CORS_ORIGINS", "(none)", "origins whose pages may call this server, or *; never with cookies"),
    ("VIBE_POOL_SIZE", "12", "connections for requests, beside a few of the server's own"),
    ("VIBE_TOKEN_MINUTES", "60", "life of an access token"),
    (
      "VIBE_SIGNUP", "open",
      "who may sign up: open, confirm (an operator confirms each), closed (the invited)"
    ),
    ("VIBE_MAX_ROWS", "10000", "most rows of one answer"),
    ("VIBE_TRACK_RATE", "100", "requests a second to /track from one address"),
    ("VIBE_TRACK_SITE_RATE", "2000", "requests a second to /track for one site"),
    ("VIBE_QUEUE_JOBS", "8", "jobs that this server works on at a time; 0 leaves them to others"),
    (
      "VIBE_OUTGOING_ALLOW", "(none)",
      "host:port of inner systems that jobs may ask, also over plain HTTP; else only https to public addresses"
    ),
    ("VIBE_LOG_LEVEL", "info", "trace, debug (each request), info, notice, warning, error, critical"),
  ].map { Variable(name: $0.0, fallback: $0.1, meaning: $0.2) }

  /// Settings from environment variables; the first problem is thrown.
  package init(environment: [String: String]) throws(SettingsError) {
    let read = Environment(variables: environment)
    try read.refuseMisspelt(of: Self.variables.map(\.name))
    let secret = try read.required("VIBE_JWT_SECRET")
    guard secret.utf8.count >= 32 else {
      throw SettingsError(
        description: "VIBE_JWT_SECRET has \(secret.utf8.count) bytes; HS256 needs at least 32")
    }
    _ = try read.integer("PGPORT", in: 1...65_535, default: 5432)
    self.init(
      database: DatabaseAddress(
        host: environment["PGHOST"], port: environment["PGPORT"], database: try read.required("PGDATABASE"),
        user: environment["VIBE_DB_USER"] ?? "vibe_server", password: environment["VIBE_DB_PASSWORD"]),
      jwtSecret: secret, siteDirectory: try read.required("VIBE_DASHBOARD_DIR"))
    (host, port) = try read.listenAddress("VIBE_LISTEN", default: (host, port))
    poolSize = try read.integer("VIBE_POOL_SIZE", in: 1...1000, default: poolSize)
    tokenMinutes = try read.integer("VIBE_TOKEN_MINUTES", in: 1...1440, default: tokenMinutes)
    maximumRows = try read.integer("VIBE_MAX_ROWS", in: 1...1_000_000, default: maximumRows)
    trackRate = try read.integer("VIBE_TRACK_RATE", in: 1...1_000_000, default: trackRate)
    siteTrackRate = try read.integer("VIBE_TRACK_SITE_RATE", in: 1...1_000_000, default: siteTrackRate)
    trustedProxies = try read.list("VIBE_TRUSTED_PROXIES", "address or range like 10.0.0.0/8") {
      AddressRange($0)
    }
    corsOrigins = Set(
      try read.list("VIBE_CORS_ORIGINS", "origin like https://shop.example") { Self.origin($0) })
    queueJobs = try read.integer("VIBE_QUEUE_JOBS", in: 0...64, default: queueJobs)
    outgoingAllowed = Set(
      try read.list("VIBE_OUTGOING_ALLOW", "host:port like shop.internal:8443") { Self.hostAndPort($0) })
    signup =
      try read.list("VIBE_SIGNUP", "one of open, confirm, closed") { Signup(rawValue: $0) }.first ?? signup
    logLevel =
      try read.list("VIBE_LOG_LEVEL", "one of trace, debug, info, notice, warning, error, critical") {
        Logger.Level(rawValue: $0)
      }.first ?? logLevel
    // TLS is the proxy's work: without one, passwords and cookies would cross the network in the clear.
    guard isLoopback || !trustedProxies.isEmpty else {
      throw SettingsError(
        description:
          "VIBE_LISTEN is \(host):\(port), which is not loopback: name the TLS proxy in VIBE_TRUSTED_PROXIES")
    }
  }

  /// An origin as browsers write it: scheme, host and port, nothing after them, in small letters.
  private static func origin(_ text: String) -> String? {
    guard text != "*" else { return text }
    guard let scheme = ["https://", "http://"].first(where: text.hasPrefix) else { return nil }
    let host = text.dropFirst(scheme.count)
    return host.isEmpty || host.contains { "/?#@ *".contains($0) || $0.isUppercase } ? nil : text
  }

  /// `host:port` in small letters; IPv6 addresses come in brackets and lose them.
  private static func hostAndPort(_ text: String) -> String? {
    guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
      (1...65_535).contains(port)
    else { return nil }
    let host = text[..<colon].lowercased().filter { $0 != "[" && $0 != "]" }
    return host.isEmpty || host.contains { "/?#@ *".contains($0) } ? nil : "\(host):\(port)"
  }

  /// Whether `peer` is a proxy whose word counts.
  package func trusts(_ peer: String?) -> Bool {
    guard !trustedProxies.isEmpty, let address = peer.flatMap({ Address($0) }) else { return false }
    return trustedProxies.contains { $0.contains(address) }
  }

  private var isLoopback: Bool { Address(host).map(\.isLoopback) ?? (host == "localhost") }
}

/// Environment variables with errors that name them.
private struct Environment {
  let variables: [String: String]

  func required(_ name: String) throws(SettingsError) -> String {
    guard let value = variables[name], !value.isEmpty else {
      throw SettingsError(description: "\(name) is not set; the server cannot run without it")
    }
    return value
  }

  func integer(_ name: String, in range: ClosedRange<Int>, default fallback: Int) throws(SettingsError) -> Int
  {
    guard let text = variables[name], !text.isEmpty else { return fallback }
    guard let value = Int(text), range.contains(value) else {
      throw SettingsError(
        description:
          "\(name) is \"\(text)\"; it must be a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  func list<Element>(
    _ name: String, _ rule: String, _ read: (String) -> Element?
  ) throws(SettingsError) -> [Element] {
    var elements: [Element] = []
    for text in (variables[name] ?? "").split(separator: ",").map({ String($0.trimming()) })
    where !text.isEmpty {
      guard let element = read(text) else {
        throw SettingsError(description: "\(name) holds \"\(text)\"; it must be \(rule)")
      }
      elements.append(element)
    }
    return elements
  }

  /// A name that is nearly one of ours would be ignored without a word.
  func refuseMisspelt(of names: [String]) throws(SettingsError) {
    for name in variables.keys.sorted() where name.hasPrefix("VIBE_") && !names.contains(name) {
      guard let meant = Similarity.best(for: name, in: names), Similarity.likeness(name, meant) >= 0.9 else {
        continue
      }
      throw SettingsError(description: "\(name) is no setting; perhaps you meant \(meant)")
    }
  }

  func listenAddress(_ name: String, default fallback: (String, Int)) throws(SettingsError) -> (String, Int) {
    guard let text = variables[name], !text.isEmpty else { return fallback }
    guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
      (0...65535).contains(port)
    else { throw SettingsError(description: "\(name) is \"\(text)\"; it must look like 127.0.0.1:8080") }
    let host = text[..<colon].filter { $0 != "[" && $0 != "]" }
    guard !host.isEmpty else {
      throw SettingsError(description: "\(name) is \"\(text)\"; the address before the colon is missing")
    }
    return (String(host), port)
  }
}
