import Database
import Foundation
import Logging
import Server
import ServiceLifecycle
import Synchronization
import Testing

/// A server with a database of its own, made from vibe_template in the cluster that PGHOST and PGPORT name.
final class TestServer: Sendable {
  /// What signs tokens.
  static let secret = "a secret of the tests and nothing else"
  /// Where it listens.
  let port: Int
  /// The superuser's connection to its database.
  let admin: Pool
  private let database: String
  private let home: Pool
  private let group: ServiceGroup
  private let running: Task<Void, any Error>

  private struct Running: Service {
    let server: VibeServer
    let started: @Sendable (Int) -> Void
    func run() async throws { try await server.run(started: started) }
  }

  private init(setup: [String], change: (inout Settings) -> Void) async throws {
    let environment = ProcessInfo.processInfo.environment
    try #require(
      environment["PGHOST"] != nil, "set PGHOST and PGPORT to a cluster with a database vibe_template")
    database = "vibe_test_\(UInt32.random(in: 0...UInt32.max))"
    home = try Self.pool(DatabaseAddress(database: "postgres", user: "postgres"))
    _ = try await home.run(Transaction([Statement("create database \(database) template vibe_template")]))
    admin = try Self.pool(DatabaseAddress(database: database, user: "postgres"))
    for sql in setup { _ = try await admin.run(Transaction([Statement(sql)])) }
    let file = URL(fileURLWithPath: #filePath)
    let root = file.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    var settings = Settings(
      database: DatabaseAddress(database: database, user: "vibe_server"), jwtSecret: Self.secret,
      siteDirectory: root.appendingPathComponent("Sources/Dashboard").path)
    settings.port = 0
    settings.poolSize = 4
    change(&settings)
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let (ports, found) = AsyncStream<Int>.makeStream()
    let service = Running(
      server: try await VibeServer(settings, logger: logger), started: { found.yield($0) })
    group = ServiceGroup(configuration: .init(services: [service], logger: logger))
    running = Task { [group] in try await group.run() }
    var first = ports.makeAsyncIterator()
    port = await first.next() ?? 0
    let isReady = try await eventually { try await self.request("GET", "/healthz").status == 200 }
    try #require(isReady, "the server did not become ready")
  }

  private static func pool(_ address: DatabaseAddress) throws -> Pool {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let lane = Lane("test", connections: 1, queueLimit: 1_000)
    return try Pool(
      PoolConfiguration(address: address, lanes: [lane], longestWait: .seconds(60)), logger: logger)
  }

  /// Tells the server to stop; returns when it has.
  func stop() async {
    await group.triggerGracefulShutdown()
    _ = await running.result
  }

  /// Begins to stop.
  func beginToStop() async { await group.triggerGracefulShutdown() }

  /// Runs SQL as superuser and gives the first value.
  func sql(_ text: String) async throws -> String? {
    try await admin.run(Transaction([Statement(text)]))[0].string()
  }

  /// Signs up a user and gives the access token.
  func signUp(_ name: String) async throws -> String {
    let reply = try await request(
      "POST", "/auth/v1/signup",
      body: "{\"email\":\"\(name)@shop.example\",\"password\":\"correct horse battery\"}")
    return try #require(reply["access_token"], "\(reply.status) \(reply.body)")
  }

  /// Signs up a user with a site; gives token, site id and site key.
  func tenant(_ name: String) async throws -> (token: String, site: Int, key: String) {
    let token = try await signUp(name)
    let reply = try await request(
      "POST", "/rest/v1/rpc/create_site", body: "{\"name\":\"\(name)\"}", token: token)
    let site = try #require(Int(reply.body), "\(reply.status) \(reply.body)")
    return (token, site, try #require(try await sql("select key from vibe.sites where site_id = \(site)")))
  }

  /// Runs `body` with a server and cleans up whatever happens.
  static func with(
    setup: [String] = [], change: (inout Settings) -> Void = { _ in },
    _ body: (TestServer) async throws -> Void
  ) async throws {
    let server = try await TestServer(setup: setup, change: change)
    var failure: (any Error)?
    do { try await body(server) } catch { failure = error }
    await server.stop()
    await server.admin.close()
    _ = try await server.home.run(Transaction([Statement("drop database \(server.database) with (force)")]))
    await server.home.close()
    if let failure { throw failure }
  }
}

/// Calls `check` until it is true, at most 10 s.
func eventually(_ check: () async throws -> Bool) async throws -> Bool {
  for _ in 0..<200 {
    if (try? await check()) == true { return true }
    try await Task.sleep(for: .milliseconds(50))
  }
  return false
}
