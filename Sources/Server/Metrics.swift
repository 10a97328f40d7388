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

  /// All figures with those given, name and value, as text.
  package func text(with gauges: [(String, Int)]) -> String {
    let state = state.withLock { $0 }
    var lines = ["# TYPE vibe_http_requests_total counter"]
    for (outcome, count) in state.requests.sorted(by: {
      ($0.key.door, $0.key.status) < ($1.key.door, $1.key.status)
    }) {
      lines.append("vibe_http_requests_total{door=\"\(outcome.door)\",status=\"\(outcome.status)\"} \(count)")
    }
    lines.append("# TYPE vibe_http_request_seconds histogram")
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
    for (name, value) in state.values.sorted(by: { $0.key < $1.key }) + gauges {
      lines.append("# TYPE \(name) \(name.hasSuffix("_total") ? "counter" : "gauge")")
      lines.append("\(name) \(value)")
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
