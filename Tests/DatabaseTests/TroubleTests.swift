import Database
import Foundation
import Testing

@Suite("the pool when things go wrong, against a real server", .serialized)
struct TroubleTests {
  private let sleep = Transaction([Statement("select pg_sleep(30)")])
  private let running =
    "select count(*) from pg_stat_activity where state = 'active' and query like 'select pg_sleep(30)%'"

  /// Waits until the pool runs so many and so many wait.
  private func settle(_ pool: Pool, busy: Int, waiting: Int = 0) async throws {
    #expect(
      try await eventually {
        pool.counters.lanes[0].busy == busy && pool.counters.lanes[0].waiting == waiting
      })
  }

  @Test("a full queue refuses at once")
  func queueLimit() async throws {
    try await withPool(queueLimit: 2) { (pool, _) async throws in
      #expect(try await pool.value("select 1") == "1")
      let busy = (0..<3).map { _ in Task { [sleep] in try await pool.run(sleep) } }
      try await settle(pool, busy: 1, waiting: 2)
      guard case .queueFull(limit: 2)? = await pool.failure(sleep) else {
        Issue.record("a fourth was let in")
        return
      }
      for task in busy { task.cancel() }
      for task in busy { _ = await task.result }
      #expect(try await pool.value("select 1") == "1")
    }
  }

  @Test("waiting for a connection ends after the longest wait")
  func longestWait() async throws {
    try await withPool(longestWait: .milliseconds(500)) { (pool, _) async throws in
      let busy = Task { [sleep] in try await pool.run(sleep) }
      try await settle(pool, busy: 1)
      guard case .waitedTooLong(.milliseconds(500))? = await pool.failure(sleep) else {
        Issue.record("there was no connection to run it on")
        return
      }
      busy.cancel()
      _ = await busy.result
    }
  }

  @Test("cancelling ends the statement in the server and leaves the connection usable")
  func cancelRunning() async throws {
    try await withPool { (pool, database) async throws in
      let task = Task { [sleep] in await pool.failure(sleep) }
      #expect(try await eventually { try await database.outside(running) == "1" })
      let start = ContinuousClock.now
      task.cancel()
      guard case .cancelled? = await task.value else {
        Issue.record("it was not cancelled")
        return
      }
      #expect(start.duration(to: .now) < .seconds(2))
      #expect(try await database.outside(running) == "0")
      // A cancel that arrived late would hit one of these.
      for number in 1...50 { #expect(try await pool.value("select \(number)") == "\(number)") }
    }
  }

  @Test("a ticket cancels from outside the task")
  func ticket() async throws {
    try await withPool { (pool, database) async throws in
      let ticket = pool.ticket()
      let task = Task { [sleep] () async throws -> [ResultSet] in try await pool.run(sleep, ticket: ticket) }
      #expect(try await eventually { try await database.outside(running) == "1" })
      pool.cancel(ticket)
      await #expect(throws: DatabaseError.self) { try await task.value }
    }
  }

  @Test("cancelling one that waits never touches another")
  func cancelWaiting() async throws {
    try await withPool { (pool, _) async throws in
      let first = Task { try await pool.value("select 'first' from pg_sleep(0.5)") }
      try await settle(pool, busy: 1)
      let second = Task { try await pool.value("select 2") }
      second.cancel()
      await #expect(throws: DatabaseError.self) { try await second.value }
      #expect(try await first.value == "first")
    }
  }

  @Test("a slow lane does not hold up another")
  func lanes() async throws {
    let database = try await TestDatabase()
    let configuration = PoolConfiguration(
      address: database.address,
      lanes: [Lane("a", connections: 1, queueLimit: 9), Lane("b", connections: 1, queueLimit: 9)])
    let pool = try Pool(configuration, logger: .init(label: "test"))
    let slow = Task { [sleep] in try await pool.run(sleep, lane: 0) }
    try await settle(pool, busy: 1)
    #expect(try await pool.run(Transaction([Statement("select 1")]), lane: 1)[0].string() == "1")
    slow.cancel()
    await pool.close()
    try await database.drop()
  }

  @Test("a terminated backend fails its transaction as perhaps committed, and another takes its place")
  func terminate() async throws {
    try await withPool { (pool, database) async throws in
      let task = Task { [sleep] in await pool.failure(sleep) }
      #expect(try await eventually { try await database.outside(running) == "1" })
      try await database.terminate()
      guard case .connectionLost(let reason)? = await task.value else {
        Issue.record("the loss was not noticed")
        return
      }
      #expect(reason.contains("terminating connection"))
      #expect(try await pool.value("select 1") == "1")
    }
  }

  @Test("nothing that was sent is sent again")
  func noRetry() async throws {
    try await withPool(setup: ["create sequence s"]) { (pool, database) async throws in
      // A sequence counts each try, also of a transaction that is rolled back.
      let dying = Transaction([
        Statement("select nextval('s'), pg_terminate_backend(pg_backend_pid()), pg_sleep(1)")
      ])
      guard case .connectionLost? = await pool.failure(dying) else {
        Issue.record("the loss was not noticed")
        return
      }
      try await Task.sleep(for: .milliseconds(300))
      #expect(try await pool.value("select last_value from s") == "1")
    }
  }

  @Test("an idle connection that dies is replaced without anyone noticing")
  func idleDeath() async throws {
    try await withPool { (pool, database) async throws in
      #expect(try await pool.value("select 1") == "1")
      try await database.terminate()
      try await Task.sleep(for: .milliseconds(100))
      #expect(try await pool.value("select 1") == "1")
    }
  }

  @Test("a server that is not there: transactions wait, then say so")
  func absent() async throws {
    let nowhere = DatabaseAddress(host: "127.0.0.1", port: "1", database: "x")
    let pool = try TestDatabase.pool(nowhere, longestWait: .milliseconds(400))
    guard case .away? = await pool.failure(sleep) else {
      Issue.record("it answered")
      return
    }
    await pool.close()
  }

  @Test("listens, and says so again after the connection was lost")
  func listens() async throws {
    try await withPool(channels: ["one", "Two"]) { (pool, database) async throws in
      var heard = pool.notifications().makeAsyncIterator()
      #expect(await heard.next() == .listening)
      _ = try await pool.value("select pg_notify('Two', 'x''y')")
      #expect(await heard.next() == .message(channel: "Two", payload: "x'y"))
      try await database.terminate()
      #expect(await heard.next() == .listening)
      _ = try await pool.value("notify one")
      #expect(await heard.next() == .message(channel: "one", payload: ""))
    }
  }

  @Test("closing lets what runs finish and takes nothing new")
  func closes() async throws {
    let database = try await TestDatabase()
    let pool = try TestDatabase.pool(database.address)
    let task = Task { try await pool.value("select 'done' from pg_sleep(0.5)") }
    try await settle(pool, busy: 1)
    await pool.close()
    #expect(try await task.value == "done")
    guard case .closing? = await pool.failure(sleep) else {
      Issue.record("a closed pool took work")
      return
    }
    try await database.drop()
  }

  @Test("closing does not wait for ever")
  func closesInTime() async throws {
    let database = try await TestDatabase()
    let pool = try TestDatabase.pool(database.address)
    let task = Task { [sleep] in await pool.failure(sleep) }
    try await settle(pool, busy: 1)
    let start = ContinuousClock.now
    await pool.close(grace: .milliseconds(300))
    #expect(start.duration(to: .now) < .seconds(2))
    #expect(await task.value != nil)
    try await database.drop()
  }

  @Test("a restart of the server: what ran fails, what waits is answered afterwards")
  func restart() async throws {
    let database = try await TestDatabase()
    let pool = try TestDatabase.pool(database.address, longestWait: .seconds(60))
    let busy = Task { [sleep] in await pool.failure(sleep) }
    try await settle(pool, busy: 1)
    let waiting = Task { try await pool.value("select 'after'") }
    try Cluster.command("stop")
    guard case .connectionLost? = await busy.value else {
      Issue.record("the loss was not noticed")
      return
    }
    try Cluster.command("start")
    #expect(try await waiting.value == "after")
    await pool.close()
    try await database.drop()
  }
}

/// The cluster that the tests run in.
enum Cluster {
  /// Stops or starts it; its folder is that of its socket.
  static func command(_ verb: String) throws {
    let file = URL(fileURLWithPath: #filePath)
    let root = file.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let process = Process()
    // Foundation waits until nobody holds its descriptors any more, and the started server would hold them for ever.
    let closing = """
      for file in /proc/$$/fd/*; do [ ${file##*/} -gt 2 ] && eval "exec ${file##*/}>&-"; done; exec "$@" > /dev/null 2>&1
      """
    process.executableURL = URL(fileURLWithPath: "/bin/bash")
    process.arguments = [
      "-c", closing, "bash", root.appendingPathComponent(".dev/cluster").path, verb,
      ProcessInfo.processInfo.environment["PGHOST"] ?? "",
    ]
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "\(verb) of the cluster failed")
  }
}
