import Database
import Foundation
import HTTPTypes
import Hummingbird
import ServiceLifecycle

/// `/healthz` for whoever restarts us, `/metrics` for Prometheus.
struct HealthDoor: Sendable {
  let desk: Desk

  /// Adds the door's paths.
  func add(to router: Router<Context>) {
    for method in [HTTPRequest.Method.get, .head] {
      router.on("/healthz", method: method) { _, _ in health() }
      router.on("/metrics", method: method) { request, context in
        guard await mayReadFigures(request, context) else {
          return RouteError.response(
            RestError(401, "AUTH_REQUIRED", "Figures are for this machine itself and for an operator's key"))
        }
        return figures()
      }
    }
    for path in ["/healthz", "/metrics"] { router.refuseOthers(than: [.get, .head], at: RouterPath(path)) }
  }

  private func health() -> Response {
    let missing = [
      desk.pool.counters.lanes.contains { $0.connected > 0 } ? nil : "a connection to the database",
      desk.schema.isReady ? nil : "the schema cache",
      Task.isShuttingDownGracefully ? "a future: it stops" : nil,
    ].compactMap(\.self)
    var body = JsonText()
    body.raw("{\"status\":\"\(missing.isEmpty ? "ok" : "unavailable")\",\"missing\":[")
    for (index, what) in missing.enumerated() {
      if index > 0 { body.raw(",") }
      body.string(what)
    }
    body.raw("]}")
    return Response(
      status: missing.isEmpty ? .ok : .serviceUnavailable,
      headers: [.contentType: "application/json; charset=utf-8", .cacheControl: "no-store"],
      body: .init(byteBuffer: body.buffer))
  }

  /// What came through a proxy is not of this machine, whoever the proxy is.
  private func mayReadFigures(_ request: Request, _ context: Context) async -> Bool {
    if request.headers[.forwardedFor] == nil, let peer = context.peer, Address(peer)?.isLoopback == true {
      return true
    }
    guard let caller = try? await desk.callers.find(request.head), caller.role == Names.operatorRole else {
      return false
    }
    // The signature outlives the session, which an operator can end.
    let question = Names.rights(of: "[\(JsonValue.string(caller.claims).json)]")
    let rights = try? await desk.pool.run(Transaction([question], readOnly: true))[0]
    return rights?.string(column: 1) == "t"
  }

  private func figures() -> Response {
    let lanes = zip(desk.pool.lanes, desk.pool.counters.lanes)
    func byLane(_ figure: KeyPath<PoolCounters.Lane, Int>) -> [(labels: String, value: Int)] {
      lanes.map { ("{lane=\"\($0.name)\"}", $1[keyPath: figure]) }
    }
    // Pages, the second figure of /proc/self/statm, are of 4 kB on all processors that run this.
    let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ")
      .dropFirst().first
    let text = desk.metrics.text(with: [
      ("vibe_database_connections", byLane(\.connected)), ("vibe_database_busy", byLane(\.busy)),
      ("vibe_database_waiting", byLane(\.waiting)), ("vibe_database_refused_total", byLane(\.refused)),
      ("process_resident_memory_bytes", [("", (pages.flatMap { Int($0) } ?? 0) * 4096)]),
    ])
    return Response(
      status: .ok,
      headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8", .cacheControl: "no-store"],
      body: .init(byteBuffer: ByteBuffer(string: text)))
  }
}
