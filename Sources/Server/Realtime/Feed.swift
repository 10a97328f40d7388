import Database
import Foundation
import Logging

/// Reads the change feed once for everybody and passes it on; reads nothing while nobody listens.
actor Feed {
  private static let pingEvery = Duration.seconds(15)
  /// A removed member or a logout closes the tap within this time.
  private static let checkRightsEvery = Duration.seconds(10)
  private static let retry = Duration.milliseconds(500)

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
  private var isClosed = false

  /// A feed that nobody listens to yet.
  init(pool: Pool, metrics: Metrics, logger: Logger) {
    self.pool = pool
    self.metrics = metrics
    self.logger = logger
  }

  /// Lets a stream in; it hears `ready` with the next reading.
  func join(_ subscriber: Subscriber) {
    guard !isClosed else { return subscriber.end("the server is shutting down") }
    newcomers.append(subscriber)
    metrics.add("vibe_sse_streams")
    bell.ring()
  }

  /// Lets a stream out.
  func leave(_ subscriber: Subscriber) {
    newcomers.removeAll { $0 === subscriber }
    hub.remove(subscriber)
    metrics.add("vibe_sse_streams", -1)
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
    for subscriber in Array(hub.subscribers.values) + newcomers {
      subscriber.end("the server is shutting down")
    }
  }

  private func read() async {
    while !Task.isCancelled {
      if await bell.wait(atMost: pace.pause) { pace.rang() }
      guard !hub.isEmpty || !newcomers.isEmpty else {
        // With nobody here there is nothing to remember: the next one starts from then.
        cursor = nil
        continue
      }
      do {
        try await admit()
        let page = try await page(since: cursor)
        cursor = page.cursor
        pace.read(foundChanges: !page.changes.isEmpty)
        hub.broadcast(page, except: caughtUp)
        caughtUp = [:]
        try await keepUp()
      } catch {
        logger.warning("the change feed cannot be read", metadata: ["reason": "\(error)"])
        try? await Task.sleep(for: Self.retry)
      }
    }
  }

  /// What newcomers have read on their own and must not hear again with the next page.
  private var caughtUp: [ObjectIdentifier: Set<String>] = [:]

  private func admit() async throws(DatabaseError) {
    if cursor == nil { cursor = try await page(since: nil).cursor }
    while let newcomer = newcomers.first {
      do { try await admit(newcomer) } catch {
        // What the database refuses to one must not keep the others from hearing anything.
        guard case .refused = error else { throw error }
        newcomers.removeAll { $0 === newcomer }
        newcomer.end("the session cannot be read")
      }
    }
  }

  private func admit(_ newcomer: Subscriber) async throws(DatabaseError) {
    if !hub.callers.contains(newcomer.caller) { try await check(newcomer.caller) }
    let missed = newcomer.cursor == nil ? nil : try await page(since: newcomer.cursor)
    // It may have left while the database was asked.
    guard newcomers.first === newcomer else { return }
    newcomers.removeFirst()
    hub.add(newcomer)
    _ = newcomer.send([Frame.ready])
    guard let missed else { return }
    if missed.isIncomplete { _ = newcomer.send([Frame.resync(cursor: missed.cursor)]) }
    let wanted = missed.changes.filter { newcomer.wants($0) && hub.permits(newcomer.caller, $0) }
    _ = newcomer.send(Frame.page(wanted.map { Frame.change($0) }, cursor: missed.cursor))
    caughtUp[ObjectIdentifier(newcomer)] = Set(wanted.map(\.json))
  }

  private func keepUp() async throws(DatabaseError) {
    let now = ContinuousClock.now
    if now - pingedAt >= Self.pingEvery {
      pingedAt = now
      hub.send(Frame.ping)
    }
    guard now - checkedAt >= Self.checkRightsEvery else { return }
    checkedAt = now
    for caller in hub.callers { try await check(caller) }
  }

  private func check(_ caller: Caller) async throws(DatabaseError) {
    let statement = Names.sessionSites(claims: caller.claims)
    let rows = try await pool.run(Transaction([statement], readOnly: true), lane: Desk.Lane.feed)[0]
    let sites = try? JSONDecoder().decode([Int].self, from: Data((rows.string() ?? "[]").utf8))
    hub.permit(caller, sites: Set(sites ?? []))
  }

  private func page(since cursor: String?) async throws(DatabaseError) -> FeedPage {
    let rows = try await pool.run(Transaction([Names.changes(since: cursor)]), lane: Desk.Lane.feed)[0]
    guard let page = FeedPage(rows) else { throw .connectionLost("the change feed gave no cursor") }
    return page
  }
}
