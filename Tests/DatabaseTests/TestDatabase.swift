import Database
import Foundation
import Logging
import Testing

/// A database of its own for a test, in the cluster that PGHOST and PGPORT name; dropped at the end.
final class TestDatabase: Sendable {
  /// Its name.
  let name: String
  private let home: Pool

  /// Where it is.
  var address: DatabaseAddress { DatabaseAddress(database: name, user: "postgres") }

  /// Creates it and runs `setup`.
  init(setup: [String] = []) async throws {
    let environment = ProcessInfo.processInfo.environment
    try #require(environment["PGHOST"] != nil, "set PGHOST and PGPORT to a cluster that tests may use")
    name = "vibe_test_\(UInt32.random(in: 0...UInt32.max))"
    home = try Self.pool(DatabaseAddress(database: "postgres", user: "postgres"))
    _ = try await home.run(Transaction([Statement("create database \(name)")]))
    let pool = try Self.pool(address)
    for sql in setup { _ = try await pool.run(Transaction([Statement(sql)])) }
    await pool.close()
  }

  /// A pool with one lane.
  static func pool(
    _ address: DatabaseAddress, connections: Int = 1, queueLimit: Int = 10_000, channels: [String] = [],
    longestWait: Duration = .seconds(20)
  ) throws -> Pool {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    return try Pool(
      PoolConfiguration(
        address: address, lanes: [Lane("test", connections: connections, queueLimit: queueLimit)],
        channels: channels,
        longestWait: longestWait),
      logger: logger)
  }

  /// Runs SQL as superuser from outside the pool under test.
  func outside(_ sql: String) async throws -> String? { try await home.value(sql) }

  /// Ends every connection to it.
  func terminate() async throws {
    _ = try await outside(
      "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = '\(name)'")
  }

  /// Drops it, whoever is still connected.
  func drop() async throws {
    _ = try await home.run(Transaction([Statement("drop database \(name) with (force)")]))
    await home.close()
  }
}

/// Runs `body` with a database and a pool in it, and cleans up whatever happens.
func withPool(
  connections: Int = 1, queueLimit: Int = 10_000, channels: [String] = [],
  longestWait: Duration = .seconds(20),
  setup: [String] = [], _ body: (Pool, TestDatabase) async throws -> Void
) async throws {
  let database = try await TestDatabase(setup: setup)
  let pool = try TestDatabase.pool(
    database.address, connections: connections, queueLimit: queueLimit, channels: channels,
    longestWait: longestWait)
  var failure: (any Error)?
  do { try await body(pool, database) } catch { failure = error }
  await pool.close(grace: .zero)
  try await database.drop()
  if let failure { throw failure }
}

extension Pool {
  /// The first value of one statement.
  func value(_ sql: String, _ parameters: [Parameter] = [], role: String? = nil) async throws -> String? {
    try await run(Transaction([Statement(sql, parameters)], role: role))[0].string()
  }

  /// The error of a transaction that must fail.
  func failure(_ transaction: Transaction) async -> DatabaseError? {
    do throws(DatabaseError) {
      _ = try await run(transaction)
      return nil
    } catch { return error }
  }

  /// What PostgreSQL says against a transaction.
  func refusal(_ transaction: Transaction) async -> ServerError? {
    if case .refused(let error)? = await failure(transaction) { error } else { nil }
  }
}

/// Calls `check` until it is true, at most 10 s.
func eventually(_ check: () async throws -> Bool) async throws -> Bool {
  for _ in 0..<200 {
    if try await check() { return true }
    try await Task.sleep(for: .milliseconds(50))
  }
  return false
}
