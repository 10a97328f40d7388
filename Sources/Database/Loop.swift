import Dispatch
import Logging

/// The thread that owns all connections: gives jobs to idle ones, reconnects lost ones, passes notifications on.
///
/// One job at a time on a connection: a slow one holds up nobody, and a cancel can only hit the job it is meant for.
final class Loop {
  /// A job on its way through a connection.
  private struct Running {
    let job: Job
    var isCancelled = false
  }

  /// A connection with its place in the loop.
  private struct Member {
    let connection: Connection
    /// The lane it serves; `nil` for the one that listens.
    let lane: Int?
    var running: Running?
    /// A cancel is on its way to the server: until it has arrived, no other job may run here.
    var cancelInFlight = false
    var lastError = ""
    /// What the poller was told last, so that it is told only what changes.
    var watched: (socket: Int32, reading: Bool, writing: Bool)?
  }

  private let poller: Poller
  private let inbox: Inbox
  private let configuration: PoolConfiguration
  private let counters: PoolCounters
  private var figures: [PoolCounters.Lane]
  private let notify: @Sendable (Notification) -> Void
  private let logger: Logger
  private var members: [Member] = []
  /// How many connections were up at the end of the last turn.
  private var ready = 0
  private var queues: [LaneQueue<Job>]
  private var closing: (deadline: ContinuousClock.Instant, done: @Sendable () -> Void)?

  /// A loop with all its connections, none of them connected yet.
  init(
    poller: Poller, inbox: Inbox, configuration: PoolConfiguration, counters: PoolCounters, logger: Logger,
    notify: @escaping @Sendable (Notification) -> Void
  ) {
    self.poller = poller
    self.inbox = inbox
    self.configuration = configuration
    self.counters = counters
    figures = counters.lanes
    self.logger = logger
    self.notify = notify
    queues = configuration.lanes.map { LaneQueue(limit: $0.queueLimit) }
    for (index, lane) in configuration.lanes.enumerated() {
      for _ in 0..<lane.connections {
        members.append(Member(connection: Connection(to: configuration.address), lane: index))
      }
    }
    if !configuration.channels.isEmpty {
      members.append(Member(connection: Connection(to: configuration.address), lane: nil))
    }
  }

  /// Runs until closed; then every waiting caller has had an answer.
  func run() {
    while !isFinished {
      for event in poller.wait(timeout: timeout) { handle(event) }
      for message in inbox.takeAll() { handle(message) }
      handleTime()
      dispatch()
      publish()
    }
    for member in members.indices {
      finish(member, .failure(.connectionLost("the pool closed before the answer came")))
    }
    for member in members { member.connection.close() }
    for message in inbox.close() {
      if case .submit(let job) = message { job.done(.failure(.closing)) }
    }
    poller.close()
    closing?.done()
  }

  private var isFinished: Bool {
    guard let closing else { return false }
    return closing.deadline <= .now
      || (queues.allSatisfy { $0.count == 0 } && members.allSatisfy { $0.running == nil })
  }

  // MARK: Events

  private func handle(_ event: Poller.Event) {
    let connection = members[event.token].connection
    switch connection.phase {
    case .down: break
    case .connecting: follow(connection.continueHandshake(), of: event.token)
    case .idle, .busy:
      if event.isWritable { follow(connection.flush(), of: event.token) }
      if event.isReadable { read(event.token) }
    }
    watch(event.token)
  }

  private func read(_ index: Int) {
    let connection = members[index].connection
    guard connection.socket != nil else { return }
    let running = members[index].running
    let row = running.flatMap { $0.isCancelled ? nil : $0.job.row } ?? { _ in true }
    follow(connection.receive(row: row, notified: pass), of: index)
    if connection.socket != nil { connection.readNotifications(pass) }
  }

  private func pass(channel: String, payload: String) {
    notify(.message(channel: channel, payload: payload))
  }

  private func follow(_ progress: Connection.Progress, of index: Int) {
    switch progress {
    case .nothing: break
    case .connected: connected(index)
    case .finished(let result): finish(index, result.mapError(DatabaseError.refused))
    case .lost(let reason): lose(index, reason)
    }
  }

  private func connected(_ index: Int) {
    if !members[index].lastError.isEmpty {
      logger.notice("database connection is back", metadata: ["connection": "\(index)"])
    }
    members[index].lastError = ""
    if members[index].lane == nil { listen(index) }
  }

  private func listen(_ index: Int) {
    let statements = configuration.channels.map { Statement("listen " + quoteIdentifier($0)) }
    let notify = notify
    let job = Job(id: 0, lane: -1, transaction: Transaction(statements), deadline: .now) { result in
      if case .success = result { notify(.listening) }
    }
    start(job, on: index)
  }

  private func lose(_ index: Int, _ reason: String) {
    if members[index].lastError != reason {
      logger.warning("database connection lost", metadata: ["connection": "\(index)", "reason": "\(reason)"])
    }
    members[index].lastError = reason
    members[index].connection.drop()
    finish(index, .failure(.connectionLost(reason)))
  }

  private func finish(_ index: Int, _ result: Result<[ResultSet], DatabaseError>) {
    guard let running = members[index].running else { return }
    members[index].running = nil
    running.job.done(running.isCancelled ? .failure(.cancelled) : result)
  }

  // MARK: Messages

  private func handle(_ message: Inbox.Message) {
    switch message {
    case .submit(let job): submit(job)
    case .cancel(let id): cancel(id)
    case .resume(let id): resume(id)
    case .cancelDelivered(let index): members[index].cancelInFlight = false
    case .close(let deadline, let done): closing = (deadline, done)
    }
  }

  private func submit(_ job: Job) {
    guard closing == nil else { return job.done(.failure(.closing)) }
    let waiting = LaneQueue<Job>.Waiting(id: job.id, deadline: job.deadline, element: job)
    if queues[job.lane].append(waiting) { return }
    // Many may arrive at once while connections are idle: those are no queue yet.
    dispatch()
    if !queues[job.lane].append(waiting) {
      figures[job.lane].refused += 1
      job.done(.failure(.queueFull(limit: configuration.lanes[job.lane].queueLimit)))
    }
  }

  private func cancel(_ id: UInt64) {
    for lane in queues.indices {
      if let waiting = queues[lane].remove(id: id) { return waiting.element.done(.failure(.cancelled)) }
    }
    guard let index = members.firstIndex(where: { $0.running?.job.id == id && $0.lane != nil }) else {
      return
    }
    members[index].running?.isCancelled = true
    resume(id)
    guard !members[index].cancelInFlight, let canceller = members[index].connection.canceller() else {
      return
    }
    members[index].cancelInFlight = true
    let inbox = inbox
    DispatchQueue.global().async {
      canceller.send()
      _ = inbox.put(.cancelDelivered(index))
    }
  }

  private func resume(_ id: UInt64) {
    guard let index = members.firstIndex(where: { $0.running?.job.id == id && $0.lane != nil }),
      members[index].connection.isPaused
    else { return }
    members[index].connection.isPaused = false
    // What libpq has read already rings no bell.
    read(index)
    watch(index)
  }

  // MARK: Time and work

  private var timeout: Duration? {
    var next = closing?.deadline
    for lane in queues.indices { next = earlier(next, queues[lane].nextDeadline) }
    // Members are looked at only while some connection is down: this runs at each turn of the loop.
    if ready < members.count {
      for index in members.indices {
        switch members[index].connection.phase {
        case .down(let time), .connecting(let time): next = earlier(next, time)
        case .idle, .busy: break
        }
      }
    }
    return next.map { ContinuousClock.now.duration(to: $0) }
  }

  private func earlier(_ a: ContinuousClock.Instant?, _ b: ContinuousClock.Instant?) -> ContinuousClock
    .Instant?
  {
    guard let a, let b else { return a ?? b }
    return min(a, b)
  }

  private func handleTime() {
    let now = ContinuousClock.now
    for lane in queues.indices {
      for waiting in queues[lane].popExpired(at: now) {
        let time = configuration.longestWait
        waiting.element.done(.failure(ready == 0 ? .away(time) : .waitedTooLong(time)))
      }
    }
    guard ready < members.count else { return }
    for index in members.indices {
      switch members[index].connection.phase {
      case .down(let time) where time <= now && closing == nil:
        follow(members[index].connection.connect(), of: index)
        watch(index)
      case .connecting(let deadline) where deadline <= now: lose(index, "the server did not answer in time")
      default: break
      }
    }
  }

  private func dispatch() {
    guard queues.contains(where: { $0.count > 0 }) else { return }
    for index in members.indices {
      guard let lane = members[index].lane, case .idle = members[index].connection.phase else { continue }
      guard !members[index].cancelInFlight, let waiting = queues[lane].popFirst() else { continue }
      start(waiting.element, on: index)
    }
  }

  private func start(_ job: Job, on index: Int) {
    members[index].running = Running(job: job)
    follow(members[index].connection.send(job.transaction, streaming: job.row != nil), of: index)
    watch(index)
  }

  private func watch(_ index: Int) {
    let connection = members[index].connection
    guard let socket = connection.socket else {
      members[index].watched = nil
      return
    }
    let (reading, writing) = (!connection.isPaused, connection.wantsToWrite)
    // While connecting, libpq may have closed the socket and opened another with the same number.
    if case .connecting = connection.phase {
    } else if let known = members[index].watched, known == (socket, reading, writing) {
      return
    }
    members[index].watched = (socket, reading, writing)
    poller.watch(socket, token: index, reading: reading, writing: writing)
  }

  private func publish() {
    ready = 0
    for lane in queues.indices { (figures[lane].connected, figures[lane].busy) = (0, 0) }
    for member in members {
      switch member.connection.phase {
      case .idle, .busy: ready += 1
      case .down, .connecting: continue
      }
      guard let lane = member.lane else { continue }
      figures[lane].connected += 1
      if member.running != nil { figures[lane].busy += 1 }
    }
    for lane in queues.indices { figures[lane].waiting = queues[lane].count }
    counters.set(figures)
  }
}
