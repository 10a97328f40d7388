import Database
import Foundation
import Logging
import NIOCore

/// Reads the change feed once for everybody and passes it on; reads nothing while nobody listens.
///
/// Works on the thread of an event loop, so that what it tells goes straight to the sockets there.
actor Feed {
  private static let pingEvery = Duration.seconds(15)
  /// Rights are looked at when the feed says so, and this often for what no table tells, as a session that grows old.
  private static let checkRightsEvery = Duration.seconds(10)
  private static let tendEvery = Duration.seconds(1)
  private static let retry = Duration.milliseconds(500)
  /// How far the clocks of those who sign tokens and ours may differ.
  private static let skew = 30.0

  private nonisolated let executor: any SerialExecutor
  /// The executor of the loop.
  nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

  private let pool: Pool
  private let metrics: Metrics
  private let logger: Logger
  private let bell = Bell()
  private var hub = Hub()
  private var newcomers: [Subscriber] = []
  private var cursor: String?
  private var pace = ReadingPace()
  private var pingedAt = ContinuousClock.now
  private var checkedAt = ContinuousClock.now
  private var tendedAt = ContinuousClock.now
  private var isClosed = false

  /// A feed that nobody listens to yet.
  init(pool: Pool, metrics: Metrics, logger: Logger, on loop: any EventLoop) {
    executor = loop.executor
    self.pool = pool
    self.metrics = metrics
    self.logger = logger
  }

  /// Lets a subscriber in; it hears its greeting with the next reading.
  func join(_ subscriber: Subscriber) {
    guard !isClosed else { return subscriber.end("the server is shutting down") }
    newcomers.append(subscriber)
    count()
    bell.ring()
  }

  /// Lets a subscriber out, or shows it out for a reason.
  func leave(_ subscriber: Subscriber, because reason: String? = nil) {
    if let reason { subscriber.end(reason) } else { subscriber.end() }
    hub.remove(subscriber)
    count()
  }

  private func count() {
    metrics.set("vibe_realtime_subscribers", hub.count + newcomers.count { !$0.isOver })
  }

  /// Reads and passes on until cancelled.
  func run() async {
    await withTaskGroup { group in
      group.addTask { [pool, bell] in
        for await notification in pool.notifications() {
          // After a reconnect the bell may have rung unheard.
          if case .message(let channel, _) = notification, channel != Names.doorbell { continue }
          bell.ring()
        }
      }
      await read()
      group.cancelAll()
    }
    isClosed = true
    for subscriber in hub.subscribers + newcomers { subscriber.end("the server is shutting down") }
  }

  private func read() async {
    while !Task.isCancelled {
      if await bell.wait(atMost: pace.pause) { pace.rang() }
      metrics.add("vibe_realtime_turns_total")
      newcomers.removeAll(where: \.isOver)
      guard !hub.isEmpty || !newcomers.isEmpty else {
        // With nobody here there is nothing to remember: the next one starts from then.
        cursor = nil
        pace.rest()
        continue
      }
      do { try await turn() } catch {
        logger.warning("the change feed cannot be read", metadata: ["reason": "\(error)"])
        try? await Task.sleep(for: Self.retry)
      }
    }
  }

  /// One reading: first the rights, then the changes, then whoever has come before it.
  private func turn() async throws(DatabaseError) {
    let arriving = newcomers
    try await learnRights(of: arriving.map(\.audience.caller).filter { hub.rights(of: $0) == nil })
    var page = try await page(since: cursor)
    if page.changesRights {
      let before = hub.sites
      try await learnRights(of: hub.callers)
      // What is new to somebody was left out of the page.
      if !hub.sites.isSubset(of: before) { page = try await self.page(since: cursor, until: page.cursor) }
    }
    cursor = page.cursor
    pace.read(foundChanges: !page.changes.isEmpty)
    if !page.changes.isEmpty { metrics.set("vibe_realtime_lag_milliseconds", page.age) }
    metrics.add("vibe_realtime_messages_total", hub.broadcast(page))
    try await admit(arriving, at: page.cursor)
    try await keepUp()
    count()
  }

  /// Lets in who came before the page was read that ends at `cursor`: those who were here before get what they missed
  /// up to there, the next page begins there for all.
  private func admit(_ arriving: [Subscriber], at cursor: String) async throws(DatabaseError) {
    var pages: [String: [FeedPage]] = [:]
    for subscriber in arriving {
      // Many come back at once with the same, when a server was started again.
      let place = Place(subscriber.cursor)
      if pages[place.id] == nil { pages[place.id] = try await missed(since: place, until: cursor) }
      let missed = pages[place.id] ?? []
      newcomers.removeAll { $0 === subscriber }
      if let predecessor = subscriber.predecessor {
        hub.remove(predecessor)
        predecessor.yield()
      }
      guard !subscriber.isOver else { continue }
      guard let rights = hub.rights(of: subscriber.audience.caller), rights.isLive else {
        subscriber.end(subscriber.refusal("the session has ended"))
        continue
      }
      hub.add(subscriber)
      if let greeting = subscriber.greeting { _ = subscriber.outlet.send(greeting) }
      if missed.contains(where: \.isIncomplete) {
        _ = subscriber.outlet.send(subscriber.audience.wording.lost(cursor: cursor))
        continue
      }
      for (index, page) in missed.enumerated() {
        let told = index == 0 ? place.told : 0
        let part = subscriber.audience.bytes(for: page, sites: rights.sites, told: told)
        if let part { _ = subscriber.outlet.send(part.buffer) }
      }
    }
  }

  /// What came since `place`: the rest of the page that was being told there, and all after it.
  private func missed(since place: Place, until cursor: String) async throws(DatabaseError) -> [FeedPage] {
    guard let since = place.since else { return [] }
    guard let until = place.until else { return [try await page(since: since, until: cursor)] }
    return [try await page(since: since, until: until), try await page(since: until, until: cursor)]
  }

  private func keepUp() async throws(DatabaseError) {
    let now = ContinuousClock.now
    if now - tendedAt >= Self.tendEvery {
      tendedAt = now
      let ping = now - pingedAt >= Self.pingEvery
      if ping { pingedAt = now }
      hub.tend(now: Date().timeIntervalSince1970 - Self.skew, ping: ping)
    }
    guard now - checkedAt >= Self.checkRightsEvery else { return }
    checkedAt = now
    hub.forget(except: newcomers)
    try await learnRights(of: hub.callers)
  }

  /// Asks once for each caller, all in one round trip.
  private func learnRights(of callers: [Caller]) async throws(DatabaseError) {
    let callers = Array(Set(callers))
    guard !callers.isEmpty else { return }
    let claims = "[\(callers.map { JsonValue.string($0.claims).json }.joined(separator: ","))]"
    let transaction = Transaction([Names.rights(of: claims)], readOnly: true)
    let rows = try await pool.run(transaction, lane: Desk.Lane.feed)[0]
    for row in 0..<rows.count {
      guard let place = rows.integer(row: row), callers.indices.contains(place) else { continue }
      let sites = try? JSONDecoder().decode(
        [Int].self, from: Data((rows.string(row: row, column: 2) ?? "").utf8))
      let isLive = rows.string(row: row, column: 1) == "t"
      hub.learn(callers[place], Hub.Rights(isLive: isLive, sites: Set(sites ?? [])))
    }
  }

  private func page(since cursor: String?, until: String? = nil) async throws(DatabaseError) -> FeedPage {
    let statement = Names.changes(since: cursor, until: until, sites: hub.sites)
    let rows = try await pool.run(Transaction([statement]), lane: Desk.Lane.feed)[0]
    guard let page = FeedPage(rows, since: cursor) else {
      throw .connectionLost("the change feed gave no cursor")
    }
    return page
  }
}
