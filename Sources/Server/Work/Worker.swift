import Database
import Foundation
import Logging
import ServiceLifecycle

/// Works on the jobs of the queue: claims them, does what SQL says, hands back what came of it.
///
/// It knows no job by name. Several servers share the queue; what one leaves undone, others go on with.
actor Worker {
  /// Requests and steps under way at shutdown may end within this time.
  private static let patience = Duration.seconds(6)
  private static let signOfLifeEvery = Duration.seconds(5)
  private static let retry = Duration.seconds(1)
  private static let mostRefusals = 5

  private let id = UUID().uuidString.lowercased()
  private let places: Int
  private let named: Set<String>
  private let pool: Pool
  private let metrics: Metrics
  private let logger: Logger
  private let bell = Bell()
  private var running: [Int: Task<Void, Never>] = [:]
  private var next: [Int: Claim.Job] = [:]
  private var isStopping = false

  /// A worker for as many jobs at a time as `settings` say.
  init(settings: Settings, pool: Pool, metrics: Metrics, logger: Logger) {
    places = settings.queueJobs
    named = settings.outgoingAllowed
    self.pool = pool
    self.metrics = metrics
    self.logger = logger
  }

  /// Works until `stop`, then gives back what is unfinished.
  func run() async {
    await withTaskGroup { group in
      group.addTask { [pool, bell] in
        for await notification in pool.notifications() {
          // After a reconnect the bell may have rung unheard.
          if case .message(let channel, _) = notification, channel != Names.queueBell { continue }
          bell.ring()
        }
      }
      group.addTask { await self.giveSignsOfLife() }
      // Cancelled where another part of the server failed, such as when its address is in use.
      while !isStopping, !Task.isCancelled {
        let pause = await claim()
        if !isStopping { _ = await bell.wait(atMost: pause) }
      }
      await leave()
      group.cancelAll()
    }
  }

  /// Takes nothing new from now on.
  func stop() {
    isStopping = true
    bell.ring()
  }

  private func claim() async -> Duration {
    let free = places - running.count
    guard free > 0 else { return .seconds(60) }
    do {
      let answer = try await pool.run(
        Transaction([Names.queueClaim(by: id, upTo: free)]), lane: Desk.Lane.workKeeping)
      let claim = Claim(answer[0].string() ?? "")
      for job in claim.jobs { begin(job) }
      return claim.wait
    } catch {
      let isRefused = if case .refused = error { true } else { false }
      logger.log(
        level: isRefused ? .warning : .debug, "the queue cannot be asked", metadata: ["reason": "\(error)"])
      return Self.retry
    }
  }

  private func begin(_ job: Claim.Job) {
    // Given anew before its turn here has ended: it was queued again an instant ago, or its lease ended while the database was
    // away. That turn goes on, and then comes this one; if there is nothing left to do, its first step says so.
    guard running[job.id] == nil else {
      next[job.id] = job
      return
    }
    metrics.add("vibe_queue_jobs")
    running[job.id] = Task {
      await work(on: job)
      end(job)
    }
  }

  private func end(_ job: Claim.Job) {
    running[job.id] = nil
    metrics.add("vibe_queue_jobs", -1)
    if let again = next.removeValue(forKey: job.id), !isStopping { begin(again) }
    bell.ring()
  }

  private func giveSignsOfLife() async {
    while !Task.isCancelled {
      try? await Task.sleep(for: Self.signOfLifeEvery)
      let jobs = Array(running.keys)
      guard !jobs.isEmpty, !Task.isCancelled else { continue }
      _ = try? await pool.run(Transaction([Names.queueKeep(jobs, by: id)]), lane: Desk.Lane.workKeeping)
    }
  }

  /// Waits for what is under way, for a while, and gives the jobs to the other servers.
  private func leave() async {
    let deadline = ContinuousClock.now + Self.patience
    while !running.isEmpty, !Task.isCancelled, ContinuousClock.now < deadline {
      _ = await bell.wait(atMost: .milliseconds(100))
    }
    for task in running.values { task.cancel() }
    _ = try? await pool.run(Transaction([Names.queueRelease(by: id)]), lane: Desk.Lane.workKeeping)
  }

  /// Goes through the steps of a job as far as they are this server's.
  private func work(on job: Claim.Job) async {
    let messenger = Messenger(named: named)
    var answer: [UInt8]?
    var step = job.steps
    while true {
      step += 1
      let decision = await self.step(step, of: job, answer: answer)
      answer = nil
      // What SQL has decided holds: whoever takes the job next is told the same.
      guard let decision, !isStopping || decision.isEnd else { break }
      switch decision {
      case .request(let request):
        metrics.add("vibe_queue_requests_total")
        let received = await messenger.answer(to: request)
        if Task.isCancelled { break }
        answer = received
      case .wait(let pause): try? await Task.sleep(for: pause)
      case .again: break
      case .stop(let status):
        metrics.add("vibe_queue_\(status)_total")
        let level = status == "failed" ? Logger.Level.warning : .debug
        logger.log(level: level, "a job ended here", metadata: job.metadata(["status": "\(status)"]))
        await messenger.close()
        return
      }
    }
    await messenger.close()
  }

  /// Has SQL do a step, again as long as it is not known whether it was done; `nil` when the job is left to others.
  private func step(_ step: Int, of job: Claim.Job, answer: [UInt8]?) async -> Decision? {
    var answer = answer
    var refusals = 0
    var isTold = false
    while !Task.isCancelled {
      let statement = Names.queueStep(step, of: job.id, by: id, answer: answer)
      do {
        let rows = try await pool.run(
          Transaction([statement], settings: [Setting("statement_timeout", "300000")]), lane: Desk.Lane.work,
          // With it, a step is not cancelled at shutdown: it ends and counts, and only the job is left to others.
          ticket: pool.ticket())
        metrics.add("vibe_queue_steps_total")
        return Decision(rows[0].string() ?? "")
      } catch .closing {
        return nil
      } catch .refused(let error) where error.sqlState.hasPrefix("22") && answer != nil {
        // JSON that PostgreSQL does not take: the step hears of it instead.
        answer = Array("{\"error\":\"\(OutgoingError.notText.rawValue)\"}".utf8)
      } catch {
        // The database may be away for long; what it refuses, such as a deadlock, it may take the next time.
        if case .refused = error { refusals += 1 }
        if !isTold || refusals >= Self.mostRefusals {
          logger.warning("a step of a job was not done", metadata: job.metadata(["reason": "\(error)"]))
        }
        isTold = true
        guard refusals < Self.mostRefusals else { return nil }
        try? await Task.sleep(for: Self.retry)
      }
    }
    return nil
  }
}

extension Claim.Job {
  /// What a log line says about the job.
  fileprivate func metadata(_ more: Logger.Metadata) -> Logger.Metadata {
    more.merging(["job": "\(id)", "kind": "\(kind)"]) { $1 }
  }
}

extension Decision {
  fileprivate var isEnd: Bool { if case .stop = self { true } else { false } }
}

/// The worker as a service: it drains before the database goes.
struct WorkService: Service {
  let worker: Worker

  func run() async throws {
    await withGracefulShutdownHandler {
      await worker.run()
    } onGracefulShutdown: {
      Task { await worker.stop() }
    }
  }
}
