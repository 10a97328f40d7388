import Hummingbird

/// `/healthz` for whoever restarts us, `/metrics` for Prometheus.
struct HealthDoor: Sendable {
  let desk: Desk

  /// Adds the door's paths.
  func add(to router: Router<Context>) {
    router.get("/healthz") { _, _ in
      let connected = desk.pool.counters.connected.load(ordering: .relaxed) > 0
      let isWell = connected && desk.schema.isReady
      return Response(
        status: isWell ? .ok : .serviceUnavailable,
        headers: [.contentType: "application/json; charset=utf-8", .cacheControl: "no-store"],
        body: .init(
          byteBuffer: ByteBuffer(
            string: "{\"status\":\"\(isWell ? "ok" : "waiting")\",\"database\":\(connected)}")))
    }
    router.get("/metrics") { _, _ in
      let counters = desk.pool.counters
      let text = desk.metrics.text(with: [
        ("vibe_database_connections", counters.connected.load(ordering: .relaxed)),
        ("vibe_database_busy", counters.busy.load(ordering: .relaxed)),
        ("vibe_database_waiting", counters.waiting.load(ordering: .relaxed)),
        ("vibe_database_refused_total", counters.refused.load(ordering: .relaxed)),
      ])
      return Response(
        status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
        body: .init(byteBuffer: ByteBuffer(string: text)))
    }
  }
}
