import Database
import Synchronization
import Testing

@Suite("the pool, against a real server")
struct PoolTests {
  private let makeRole =
    "do $$ begin create role vibe_test_other; exception when duplicate_object then end $$"

  @Test("gives values, nulls, empty texts and any language as they are")
  func values() async throws {
    try await withPool { (pool, _) async throws in
      let sql = "select $1::text, $2::text, $3::text, count(*) from generate_series(1, 3)"
      let rows = try await pool.run(Transaction([Statement(sql, ["", .null, "ünïcödé 🐘"])]))[0]
      #expect(rows.string(column: 0) == "")
      #expect(rows.string(column: 1) == nil)
      #expect(rows.string(column: 2) == "ünïcödé 🐘")
      #expect(rows.integer(column: 3) == 3)
      #expect(rows.string(row: 1) == nil)
      #expect(rows.string(column: 4) == nil)
    }
  }

  @Test("prepares a text once for each role")
  func prepares() async throws {
    try await withPool(setup: [makeRole]) { (pool, _) async throws in
      for number in 1...5 { _ = try await pool.value("select $1::int", [.text("\(number)")]) }
      let prepared = "select count(*) from pg_prepared_statements where statement = 'select $1::int'"
      #expect(try await pool.value(prepared) == "1")
      _ = try await pool.value("select $1::int", ["7"], role: "vibe_test_other")
      #expect(try await pool.value(prepared) == "2")
    }
  }

  @Test("forgets all statements when there are too many, and goes on")
  func manyStatements() async throws {
    try await withPool { (pool, _) async throws in
      for number in 1...1200 { #expect(try await pool.value("select \(number)") == "\(number)") }
      let left = try await pool.value("select count(*) from pg_prepared_statements").flatMap { Int($0) }
      #expect(try #require(left) <= 501)
    }
  }

  @Test("a role and settings end with their transaction, also after an error")
  func noLeak() async throws {
    try await withPool(setup: [makeRole]) { (pool, _) async throws in
      let who = """
        select concat_ws('/', current_user, current_setting('test.claims', true), current_setting('statement_timeout'),
          current_setting('transaction_read_only'))
        """
      let settings = [Setting("test.claims", "secret"), Setting("statement_timeout", "9s")]
      let inside = Transaction([Statement(who)], role: "vibe_test_other", settings: settings, readOnly: true)
      #expect(try await pool.run(inside)[0].string() == "vibe_test_other/secret/9s/on")
      // A setting of one's own, once made, stays known to the session as an empty text.
      #expect(try await pool.value(who) == "postgres//0/off")
      var failing = inside
      failing.statements.append(Statement("select 1 / 0"))
      #expect(await pool.refusal(failing)?.sqlState == "22012")
      #expect(try await pool.value(who) == "postgres//0/off")
    }
  }

  @Test("an error undoes the whole transaction, and the connection is clean")
  func errorInPipeline() async throws {
    try await withPool(setup: ["create table t (n int)"]) { (pool, _) async throws in
      let error = await pool.refusal(
        Transaction([
          Statement("insert into t values (1)"), Statement("select 1 / 0"),
          Statement("insert into t values (2)"),
        ]))
      #expect(error == ServerError(sqlState: "22012", message: "division by zero"))
      #expect(try await pool.value("select count(*) from t") == "0")
    }
  }

  @Test("an error at commit is reported, not lost")
  func errorAtCommit() async throws {
    let setup = ["create table t (n int unique deferrable initially deferred)", "insert into t values (1)"]
    try await withPool(setup: setup) { (pool, _) async throws in
      let error = await pool.refusal(Transaction([Statement("insert into t values (1) returning n")]))
      #expect(error?.sqlState == "23505")
      #expect(try await pool.value("select count(*) from t") == "1")
    }
  }

  @Test("errors carry detail and hint")
  func errorFields() async throws {
    try await withPool { (pool, _) async throws in
      let sql =
        "do $$ begin raise exception using errcode = 'P0001', message = 'm', detail = 'd', hint = 'h'; end $$"
      let error = await pool.refusal(Transaction([Statement(sql)]))
      #expect(error == ServerError(sqlState: "P0001", message: "m", detail: "d", hint: "h"))
    }
  }

  @Test(
    "a read-only transaction refuses writes, and nothing in it can change that",
    arguments: ["insert into t values (1)", "select set_config('transaction_read_only', 'off', true)"])
  func readOnly(sql: String) async throws {
    try await withPool(setup: ["create table t (n int)"]) { (pool, _) async throws in
      #expect(await pool.refusal(Transaction([Statement(sql)], readOnly: true)) != nil)
      #expect(try await pool.value("select count(*) from t") == "0")
    }
  }

  @Test("the timeout of one transaction ends its statement")
  func timeout() async throws {
    try await withPool { (pool, _) async throws in
      let slow = Transaction(
        [Statement("select pg_sleep(20)")], settings: [Setting("statement_timeout", "100ms")])
      #expect(await pool.refusal(slow)?.sqlState == "57014")
    }
  }

  @Test("rows come one by one, wait while their reader does, and the pool goes on meanwhile")
  func streaming() async throws {
    try await withPool(connections: 2) { (pool, _) async throws in
      let ticket = pool.ticket()
      let seen = Mutex(0)
      let many = Transaction([Statement("select n, repeat('x', 1000) from generate_series(1, 50000) as n")])
      let run = Task {
        try await pool.run(many, ticket: ticket) { row in
          seen.withLock { seen in
            seen += 1
            #expect(row.count == 1 && row.integer() == seen)
            return seen % 10_000 != 0
          }
        }
      }
      for stop in 1...5 {
        #expect(try await eventually { seen.withLock { $0 } == stop * 10_000 })
        // The other connection serves others; the paused one reads nothing more.
        #expect(try await pool.value("select 'others'") == "others")
        #expect(seen.withLock { $0 } == stop * 10_000)
        pool.resume(ticket)
      }
      #expect(try await run.value.isEmpty)
      #expect(try await pool.value("select 1") == "1")
    }
  }

  @Test("a stream that fails in its middle says so; one that is cancelled while it waits ends")
  func brokenStreams() async throws {
    try await withPool { (pool, _) async throws in
      let seen = Mutex(0)
      let failing = Transaction([Statement("select 1 / (500 - n) from generate_series(1, 1000) as n")])
      let error = await #expect(throws: DatabaseError.self) {
        try await pool.run(failing) { _ in
          seen.withLock {
            $0 += 1; return true
          }
        }
      }
      guard case .refused(let cause)? = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect(cause.sqlState == "22012" && seen.withLock { $0 } == 499)
      let ticket = pool.ticket()
      let stuck = Task {
        try await pool.run(Transaction([Statement("select generate_series(1, 100000000)")]), ticket: ticket) {
          _ in
          seen.withLock { $0 = -1 }
          return false
        }
      }
      #expect(try await eventually { seen.withLock { $0 } == -1 })
      pool.cancel(ticket)
      guard case .failure(DatabaseError.cancelled) = await stuck.result else {
        Issue.record("not cancelled")
        return
      }
      #expect(try await pool.value("select 1") == "1")
    }
  }

  @Test("a zero byte is refused before it could cut the value short")
  func zeroByte() async throws {
    try await withPool { (pool, _) async throws in
      let error = await pool.failure(
        Transaction([Statement("select $1, $2::text", ["a", .bytes([97, 0, 98])])]))
      guard case .zeroByte(parameter: 2)? = error else {
        Issue.record("\(String(describing: error))")
        return
      }
    }
  }

  @Test("thousands at once on few connections get each its own answer")
  func manyAtOnce() async throws {
    try await withPool(connections: 4) { (pool, _) async throws in
      let right = try await withThrowingTaskGroup(of: Bool.self) { group in
        for number in 0..<3000 {
          group.addTask {
            try await pool.value("select $1::int * 2", [.text("\(number)")]) == "\(number * 2)"
          }
        }
        return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
      }
      #expect(right == 3000)
    }
  }

  @Test("values and answers of 20 MB pass through")
  func big() async throws {
    try await withPool { (pool, _) async throws in
      let text = String(repeating: "0123456789", count: 2_000_000)
      let rows = try await pool.run(Transaction([Statement("select length($1), $1", [.text(text)])]))[0]
      #expect(rows.integer() == 20_000_000)
      #expect(rows.string(column: 1) == text)
    }
  }

  @Test("connects as often as its lane says")
  func connections() async throws {
    try await withPool(connections: 3) { (pool, database) async throws in
      _ = try await pool.value("select 1")
      let count = "select count(*) from pg_stat_activity where datname = '\(database.name)'"
      #expect(try await eventually { try await database.outside(count) == "3" })
    }
  }
}
