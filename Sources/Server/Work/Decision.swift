import Database

/// What SQL wants done next with a job.
package enum Decision: Sendable, Equatable {
  case request(OutgoingRequest)
  case again
  case wait(Duration)
  /// This server's part is over; the job's status now, or "lost".
  case stop(String)

  /// Reads what `vibe_private.queue_step` says; what is unknown ends the part.
  package init(_ text: String) {
    let value = JsonValue(text: text)
    switch value?["do"]?.text {
    case "request":
      var request = OutgoingRequest(url: value?["url"]?.text ?? "")
      request.method = value?["method"]?.text ?? request.method
      request.headers = (value?["headers"]?.members ?? [:]).compactMapValues(\.text)
      request.body = value?["body"]?.text
      if let time = value?["timeout_ms"]?.double { request.timeout = .milliseconds(time) }
      self = .request(request)
    case "again": self = .again
    case "wait": self = .wait(.seconds(value?["seconds"]?.double ?? 0))
    default: self = .stop(value?["status"]?.text ?? "lost")
    }
  }
}

/// Jobs that this server has now, and when to ask for more.
package struct Claim: Sendable, Equatable {
  /// A job by its number.
  package struct Job: Sendable, Hashable {
    package let id: Int
    package let kind: String
    /// How many steps were done when it was claimed.
    package let steps: Int

    /// A job from its parts.
    package init(id: Int, kind: String, steps: Int) {
      self.id = id
      self.kind = kind
      self.steps = steps
    }
  }

  /// What to begin.
  package let jobs: [Job]
  /// How long nothing is due.
  package let wait: Duration

  /// Reads what `vibe_private.queue_claim` says.
  package init(_ text: String) {
    let value = JsonValue(text: text)
    var jobs: [Job] = []
    if case .array(let told) = value?["jobs"] {
      for job in told {
        guard case .integer(let id) = job["job_id"], case .integer(let steps) = job["steps"] else { continue }
        jobs.append(Job(id: id, kind: job["kind"]?.text ?? "", steps: steps))
      }
    }
    self.jobs = jobs
    wait = .milliseconds(value?["wait_ms"]?.double ?? 10_000)
  }
}
