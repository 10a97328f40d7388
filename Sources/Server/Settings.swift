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
  /// Peers whose word about the client's address counts.
  package var trustedProxies: [AddressRange] = []
  /// Origins of other sites whose pages may use the REST, auth and realtime doors.
  package var allowedOrigins: Set<String> = []
  /// The most rows that one answer holds.
  package var maximumRows = 10_000
  /// How many requests a second one address may send to the tracking door; bursts of five seconds' worth are fine.
  package var trackRate = 100
  /// From which level on the server logs.
  package var logLevel = Logger.Level.info

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
  /// Settings from environment variables; the first problem is thrown.
  package init(environment: [String: String]) throws(SettingsError) {
    let read = Environment(variables: environment)
    let secret = try read.required("VIBE_JWT_SECRET")
    guard secret.utf8.count >= 32 else {
      throw SettingsError(
        description: "VIBE_JWT_SECRET has \(secret.utf8.count) bytes; HS256 needs at least 32")
    }
    self.init(
      database: DatabaseAddress(
        host: environment["PGHOST"], port: environment["PGPORT"], database: try read.required("PGDATABASE"),
        user: environment["VIBE_DB_USER"] ?? "vibe_server", password: environment["VIBE_DB_PASSWORD"]),
      jwtSecret: secret, siteDirectory: try read.required("VIBE_DASHBOARD_DIR"))
    (host, port) = try read.listenAddress("VIBE_LISTEN", default: ("127.0.0.1", 8080))
    poolSize = try read.integer("VIBE_POOL_SIZE", in: 1...1000, default: poolSize)
    tokenMinutes = try read.integer("VIBE_TOKEN_MINUTES", in: 1...1440, default: tokenMinutes)
    maximumRows = try read.integer("VIBE_MAX_ROWS", in: 1...1_000_000, default: maximumRows)
    trackRate = try read.integer("VIBE_TRACK_RATE", in: 1...1_000_000, default: trackRate)
    for text in read.list("VIBE_TRUSTED_PROXIES") {
      guard let range = AddressRange(text) else {
        throw SettingsError(
          description: "VIBE_TRUSTED_PROXIES holds \"\(text)\", which is no address or range like 10.0.0.0/8")
      }
      trustedProxies.append(range)
    }
    for text in read.list("VIBE_ALLOWED_ORIGINS") {
      guard text.hasPrefix("https://") || text.hasPrefix("http://"), !text.dropFirst(8).contains("/") else {
        throw SettingsError(
          description: "VIBE_ALLOWED_ORIGINS holds \"\(text)\", which is no origin like https://shop.example")
      }
      allowedOrigins.insert(text)
    }
    if let level = environment["VIBE_LOG_LEVEL"] {
      guard let known = Logger.Level(rawValue: level) else {
        let names = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
        throw SettingsError(description: "VIBE_LOG_LEVEL is \"\(level)\"; it must be one of \(names)")
      }
      logLevel = known
    }
    // TLS is the proxy's work: without one, passwords and cookies would cross the network in the clear.
    guard isLoopback || !trustedProxies.isEmpty else {
      throw SettingsError(
        description:
          "VIBE_LISTEN is \(host):\(port), which is not loopback: name the TLS proxy in VIBE_TRUSTED_PROXIES")
    }
  }

  private var isLoopback: Bool {
    guard let address = Address(host) else { return host == "localhost" }
    return ["127.0.0.0/8", "::1"].compactMap(AddressRange.init).contains { $0.contains(address) }
  }
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

  func list(_ name: String) -> [String] {
    (variables[name] ?? "").split(separator: ",").map { String($0.trimming()) }.filter { !$0.isEmpty }
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
