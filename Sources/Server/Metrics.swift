import Synchronization

/// The server's own figures, in the text form that Prometheus reads.
package final class Metrics: Sendable {
  private struct Timing {
    var counts = Array(repeating: 0, count: Metrics.bounds.count + 1)
    var sum = 0.0
  }

  private struct Outcome: Hashable {
    let door: String
    let status: Int
  }

  private struct State {
    var requests: [Outcome: Int] = [:]
    var timings: [String: Timing] = [:]
    var values: [String: Int] = [:]
  }

  /// Upper bounds of the buckets in seconds.
  private static let bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]
  private let state = Mutex(State())

  /// Nothing counted yet.
  package init() {}

  /// Counts a request that `door` answered with `status` after `seconds`.
  func count(door: String, status: Int, seconds: Double) {
    let bucket = Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count
    state.withLock { state in
      state.requests[Outcome(door: door, status: status), default: 0] += 1
      state.timings[door, default: Timing()].counts[bucket] += 1
      state.timings[door, default: Timing()].sum += seconds
    }
  }

  /// Adds to the figure called `name`, `vibe_…_total` or a gauge.
  func add(_ name: String, _ amount: Int = 1) { state.withLock { $0.values[name, default: 0] += amount } }

  /// Sets the figure called `name`.
  func set(_ name: String, _ value: Int) { state.withLock { $0.values[name] = value } }

  /// A figure that is kept elsewhere: its name, and each value with its labels.
  package typealias Gauge = (name: String, values: [(labels: String, value: Int)])

  /// All figures with those given, as text.
  package func text(with gauges: [Gauge]) -> String {
    let state = state.withLock { $0 }
    var lines: [String] = []
    func begin(_ name: String, _ type: String) {
      if let meaning = Self.meanings[name] { lines.append("# HELP \(name) \(meaning)") }
      lines.append("# TYPE \(name) \(type)")
    }
    begin("vibe_http_requests_total", "counter")
    for (outcome, count) in state.requests.sorted(by: {
      ($0.key.door, $0.key.status) < ($1.key.door, $1.key.status)
    }) {
      lines.append("vibe_http_requests_total{door=\"\(outcome.door)\",status=\"\(outcome.status)\"} \(count)")
    }
    begin("vibe_http_request_seconds", "histogram")
    for (door, timing) in state.timings.sorted(by: { $0.key < $1.key }) {
      var total = 0
      for (index, count) in timing.counts.enumerated() {
        total += count
        let bound = index < Self.bounds.count ? "\(Self.bounds[index])" : "+Inf"
        lines.append("vibe_http_request_seconds_bucket{door=\"\(door)\",le=\"\(bound)\"} \(total)")
      }
      lines.append("vibe_http_request_seconds_sum{door=\"\(door)\"} \(timing.sum)")
      lines.append("vibe_http_request_seconds_count{door=\"\(door)\"} \(total)")
    }
    let own = state.values.sorted { $0.key < $1.key }.map { Gauge(name: $0.key, values: [("", $0.value)]) }
    for gauge in own + gauges {
      begin(gauge.name, gauge.name.hasSuffix("_total") ? "counter" : "gauge")
      for (labels, value) in gauge.values { lines.append("\(gauge.name)\(labels) \(value)") }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static let meanings = [
    "vibe_http_requests_total": "Requests answered.",
    "vibe_http_request_seconds": "Time from the whole request to its answer.",
    "vibe_database_connections": "Connections to the database that are up.",
    "vibe_database_busy": "Connections to the database that run something.",
    "vibe_database_waiting": "Transactions that wait for a connection.",
    "vibe_database_refused_total": "Transactions refused because too many waited.",
    "vibe_realtime_sockets": "Open WebSockets.",
    "vibe_realtime_subscribers": "Event streams and channels that hear changes.",
    "vibe_realtime_messages_total": "Changes told, once for each who heard them.",
    "vibe_realtime_turns_total": "Times that the reader of the change feed woke.",
    "vibe_realtime_lag_milliseconds": "Age of the oldest change of the last reading that found any.",
    "vibe_track_envelopes_total": "Requests of trackers sent to the database.",
    "vibe_track_transactions_total": "Transactions that carried them.",
    "vibe_track_waiting": "Requests of trackers that wait.",
    "vibe_track_refused_total": "Requests of trackers refused because too many waited.",
    "vibe_track_limited_total": "Requests of trackers refused by the limits for addresses and sites.",
    "process_resident_memory_bytes": "Memory that the process holds.",
  ]
}
