import Database
import Testing

@Suite("the pool under load when things go wrong, against a real server", .serialized)
struct StormTests {
  /// What came of many transactions.
  private struct Tally: Sendable {
    var started = 0
    var right = 0
    var wrong: [String] = []
    var errors: [DatabaseError] = []
  }

  /// Transactions that many tasks run, each with a number of its own.
  private actor Storm {
    let pool: Pool
    let calls: Int
    let transaction: @Sendable (Int) -> Transaction
    var tally = Tally()

    init(_ calls: Int, _ transaction: @escaping @Sendable (Int) -> Transaction, on pool: Pool) {
      (self.calls, self.transaction, self.pool) = (calls, transaction, pool)
    }

    /// Runs one after the other until all are done.
    func run() async {
      while tally.started < calls {
        let number = tally.started
        tally.started += 1
        do throws(DatabaseError) {
          let answer = try await pool.run(transaction(number)).last?.string() ?? "nothing"
          if answer == "\(number)" { tally.right += 1 } else { tally.wrong.append(answer) }
        } catch { tally.errors.append(error) }
      }
    }
  }

  /// Runs `calls` numbered transactions, so many at a time; each is to give its own number.
  private func storm(
    _ calls: Int, atOnce: Int, _ transaction: @escaping @Sendable (Int) -> Transaction, on pool: Pool,
    meanwhile: () async throws -> Void
  ) async throws -> Tally {
    let storm = Storm(calls, transaction, on: pool)
    try await withThrowingTaskGroup { group in
      for _ in 0..<atOnce { group.addTask { await storm.run() } }
      try await meanwhile()
      try await group.waitForAll()
    }
    return await storm.tally
  }

  /// Inserts a number and gives it back; a row is there if and only if its transaction was committed.
  private func insert(_ number: Int) -> Transaction {
    Transaction([
      Statement("insert into acknowledged values ($1::int)", [.text("\(number)")]),
      Statement("select $1::int", [.text("\(number)")]),
    ])
  }

  @Test("a cancel that races with the answer hits nobody else")
  func cancelRaces() async throws {
    try await withPool(connections: 2) { (pool, _) async throws in
      let outcomes = try await withThrowingTaskGroup(of: [String].self) { group in
        // Four for two connections: cancels meet what runs, what waits and what is just over.
        for worker in 0..<4 {
          group.addTask {
            var outcomes: [String] = []
            for round in 0..<60 { outcomes.append(try await self.race(4 * round + worker, on: pool)) }
            return outcomes
          }
        }
        // Those who never ask for a cancel never get one.
        group.addTask {
          var wrong: [String] = []
          for number in 0..<300 where try await pool.value("select \(number)") != "\(number)" {
            wrong.append("wrong")
          }
          return wrong
        }
        return try await group.reduce(into: [String: Int]()) {
          for outcome in $1 { $0[outcome, default: 0] += 1 }
        }
      }
      #expect(Set(outcomes.keys) == ["own", "cancelled"], "\(outcomes)")
    }
  }

  /// A statement of 0 to 4 ms and a cancel after 0 to 5 ms: its own answer, or cancelled.
  private func race(_ number: Int, on pool: Pool) async throws -> String {
    let ticket = pool.ticket()
    let sql = "select $1::int from pg_sleep(0.001 * ($1::int % 5))"
    async let cancel: Void = {
      try await Task.sleep(for: .microseconds(number * 37 % 5_000))
      pool.cancel(ticket)
    }()
    var outcome = "cancelled"
    do throws(DatabaseError) {
      let transaction = Transaction([Statement(sql, [.text("\(number)")])])
      let answer = try await pool.run(transaction, ticket: ticket)[0].integer()
      outcome = answer == number ? "own" : "another's \(answer ?? -1)"
    } catch {
      // Refused would be a cancel that PostgreSQL reports to one who did not ask for it.
      if case .cancelled = error {} else { outcome = "\(error)" }
    }
    try await cancel
    return outcome
  }

  @Test(
    "a connection lost in the middle of a pipeline commits nothing, and the next transaction finds another")
  func lostInPipeline() async throws {
    try await withPool(setup: ["create table acknowledged (n int)"]) { (pool, _) async throws in
      for _ in 0..<10 {
        var dying = insert(1)
        dying.statements.insert(Statement("select pg_terminate_backend(pg_backend_pid())"), at: 1)
        guard case .connectionLost? = await pool.failure(dying) else {
          Issue.record("the loss was not noticed")
          return
        }
        #expect(try await pool.value("select count(*) from acknowledged") == "0")
      }
    }
  }

  @Test("backends that are terminated all the time: whoever was answered is committed, nobody waits for ever")
  func terminated() async throws {
    let setup = ["create table acknowledged (n int)"]
    try await withPool(connections: 4, setup: setup) { (pool, database) async throws in
      let tally = try await storm(3_000, atOnce: 16, insert, on: pool) {
        for _ in 0..<10 {
          try await database.terminate()
          try await Task.sleep(for: .milliseconds(20))
        }
      }
      try await check(tally, of: 3_000, pool)
    }
  }

  @Test("a crash of the server under load: it goes on by itself, and what was answered before is there")
  func crash() async throws {
    let database = try await TestDatabase(setup: ["create table acknowledged (n int)"])
    let pool = try TestDatabase.pool(database.address, connections: 4, longestWait: .seconds(60))
    let tally = try await storm(4_000, atOnce: 16, insert, on: pool) {
      _ = try await eventually { try await pool.value("select count(*) from acknowledged") != "0" }
      try Cluster.command("kill")
      try Cluster.command("start")
    }
    try await check(tally, of: 4_000, pool)
    await pool.close()
    try await database.drop()
  }

  /// Every answer was right and is kept; errors are losses; rows without an answer are at most as many as the losses.
  private func check(_ tally: Tally, of calls: Int, _ pool: Pool) async throws {
    #expect(tally.wrong.isEmpty)
    #expect(tally.right + tally.errors.count == calls)
    for error in tally.errors {
      if case .connectionLost = error { continue }
      // A server that is shutting down says so to those it still answers.
      if case .refused(let refusal) = error, refusal.sqlState.hasPrefix("57P") { continue }
      Issue.record("\(error)")
    }
    let rows = try #require(try await pool.value("select count(*) from acknowledged").flatMap { Int($0) })
    #expect(rows >= tally.right && rows <= calls, "\(rows) rows, \(tally.right) answers")
    let twice = try await pool.value("select count(*) - count(distinct n) from acknowledged")
    #expect(twice == "0", "something was sent twice")
  }
}
