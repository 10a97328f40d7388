import Database
import Hummingbird
import Logging
import NIOCore

/// Brings tracked envelopes into the database, many requests in one transaction, and answers each after the commit.
actor Ingester {
  /// What a request is answered.
  struct Answer: Sendable {
    /// The HTTP status.
    let status: Int
    /// JSON.
    let body: ByteBuffer
  }

  /// A request on its way.
  private struct Item {
    let envelope: [UInt8]
    let meta: String
    let done: CheckedContinuation<Result<Answer, RestError>, Never>
  }

  private static let longestWait = Duration.seconds(10)
  /// Where it runs: on the thread that reads the requests, so that none of them changes thread for it.
  private nonisolated let loop: any EventLoop
  private nonisolated let executor: any SerialExecutor
  /// The executor of the loop.
  nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

  private let pool: Pool
  private let metrics: Metrics
  private let logger: Logger
  private var batches: Batches<Item>
  private var isSweeping = false
  private var isGathering = false

  /// An ingester with as many transactions at a time as its lane has connections.
  init(pool: Pool, metrics: Metrics, concurrent: Int, logger: Logger, on loop: any EventLoop) {
    self.loop = loop
    executor = loop.executor
    self.pool = pool
    self.metrics = metrics
    self.logger = logger
    batches = Batches(
      limits: .init(
        concurrent: concurrent, enough: 32, patience: .milliseconds(5), itemsPerBatch: 200,
        bytesPerBatch: 4 << 20, waiting: 4_000,
        waitingBytes: 32 << 20))
  }

  /// Stores an envelope of valid UTF-8; returns when it is committed.
  func store(_ envelope: [UInt8], meta: String) async throws(RestError) -> Answer {
    let result = await withCheckedContinuation { done in
      let item = Item(envelope: envelope, meta: meta, done: done)
      if !batches.add(item, bytes: envelope.count + meta.utf8.count, at: .now) {
        refuse(item)
      } else {
        metrics.add("vibe_track_waiting")
      }
      send()
      guard batches.count > 0, !isSweeping else { return }
      isSweeping = true
      Task { await sweep() }
    }
    return try result.get()
  }

  /// Sends away who has waited too long behind transactions that do not end.
  private func sweep() async {
    while batches.count > 0 {
      try? await Task.sleep(for: .seconds(1))
      for item in batches.popOlder(than: .now - Self.longestWait) {
        metrics.add("vibe_track_waiting", -1)
        refuse(item)
      }
    }
    isSweeping = false
  }

  private func refuse(_ item: Item) {
    metrics.add("vibe_track_refused_total")
    item.done.resume(
      returning: .failure(RestError(503, "PGRST001", "Too many requests wait for the database")))
  }

  private func send() {
    while let batch = batches.next(at: .now) {
      metrics.add("vibe_track_waiting", -batch.count)
      Task(executorPreference: EventLoopExecutor(loop: loop)) { await self.carry(batch) }
    }
    // Company is waited for: whoever comes looks again, and so does this, once at a time.
    guard let due = batches.due, !isGathering else { return }
    isGathering = true
    Task {
      try? await Task.sleep(until: due, clock: .continuous)
      isGathering = false
      send()
    }
  }

  private func carry(_ batch: [Item]) async {
    await run(batch)
    batches.finished()
    send()
  }

  private func run(_ batch: [Item]) async {
    metrics.add("vibe_track_transactions_total")
    metrics.add("vibe_track_envelopes_total", batch.count)
    do {
      let answers = try await ingest(batch)
      for (item, answer) in zip(batch, answers) { item.done.resume(returning: .success(answer)) }
    } catch DatabaseError.refused(let error) where batch.count > 1 {
      // Rolled back as a whole: one bad envelope must not take the others with it.
      logger.warning(
        "a batch failed and is tried one by one", metadata: ["reason": "\(error.sqlState): \(error.message)"])
      for item in batch { await run([item]) }
    } catch {
      for item in batch { item.done.resume(returning: .failure(RestError(error, isAnonymous: false))) }
    }
  }

  private func ingest(_ batch: [Item]) async throws(DatabaseError) -> [Answer] {
    let envelopes = Self.arrayLiteral(batch.map(\.envelope))
    let statement = Names.ingest(envelopes, meta: Self.arrayLiteral(batch.map { Array($0.meta.utf8) }))
    let rows = try await pool.run(Transaction([statement]), lane: Desk.Lane.tracking)[0]
    return batch.indices.map { row in
      Answer(status: rows.integer(row: row, column: 1) ?? 500, body: rows.buffer(row: row, column: 2))
    }
  }

  private static func arrayLiteral(_ elements: [[UInt8]]) -> [UInt8] {
    let (quote, backslash) = (UInt8(ascii: "\""), UInt8(ascii: "\\"))
    var text = [UInt8(ascii: "{")]
    text.reserveCapacity(elements.reduce(2) { $0 + $1.count * 5 / 4 + 3 })
    for (index, element) in elements.enumerated() {
      if index > 0 { text.append(UInt8(ascii: ",")) }
      text.append(quote)
      for byte in element {
        if byte == quote || byte == backslash { text.append(backslash) }
        text.append(byte)
      }
      text.append(quote)
    }
    text.append(UInt8(ascii: "}"))
    return text
  }
}
