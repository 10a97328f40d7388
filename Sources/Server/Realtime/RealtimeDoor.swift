import HTTPTypes
import Hummingbird
import ServiceLifecycle

/// `/realtime/v1`: row changes of the caller's sites, as server-sent events or over a WebSocket.
struct RealtimeDoor: Sendable {
  let desk: Desk
  let feed: Feed

  /// Adds the door's paths.
  func add(to router: Router<Context>) {
    router.get("/realtime/v1/sse") { request, context in
      do throws(RestError) { return try await open(request, context) } catch {
        return RouteError.response(error)
      }
    }
    // Handshakes that are accepted do not come here.
    router.get(RouterPath(Handshake.path)) { request, _ in
      do throws(RestError) {
        _ = try await Handshake.check(request.head, callers: desk.callers)
        throw RestError(426, "upgrade_required", "This is a WebSocket: the request must be its handshake")
      } catch {
        return Self.problem(error)
      }
    }
    router.post("/realtime/v1/api/broadcast") { _, _ in
      Self.problem(RestError(422, "feature_disabled", "Unsupported: broadcast"))
    }
  }

  /// Talks over a WebSocket until it is closed.
  func talk(_ socket: Socket, as caller: Caller) async {
    var conversation = Conversation(desk: desk, feed: feed, socket: socket, caller: caller)
    desk.metrics.add("vibe_realtime_sockets")
    await conversation.run()
    desk.metrics.add("vibe_realtime_sockets", -1)
  }

  private static func problem(_ error: RestError) -> Response {
    var text = JsonText()
    text.object([("error", error.message), ("code", error.code)])
    var headers: HTTPFields = [.contentType: "application/json; charset=utf-8"]
    if error.status == 401 { headers[.wwwAuthenticate] = "Bearer" }
    if error.status == 426 { headers[.upgrade] = "websocket" }
    return Response(status: .init(code: error.status), headers: headers, body: .init(byteBuffer: text.buffer))
  }

  private func open(_ request: Request, _ context: Context) async throws(RestError) -> Response {
    let query = try QueryString(request.uri.query ?? "")
    let caller = try await desk.callers.find(request.head, queryKey: query.first("apikey"))
    guard !caller.isAnonymous else {
      throw RestError(401, "not_signed_in", "This stream is for those who have signed in")
    }
    let tables = (query.first("tables") ?? "").split(separator: ",").map {
      JsonValue.string(String($0.trimming()))
    }
    let wanted = tables.isEmpty ? [JsonValue.object([:])] : tables.map { .object(["table": $0]) }
    let audience = Audience(caller: caller, bindings: try await desk.bindings(wanted), wording: .events)
    let (feed, presence) = (feed, context.presence)
    let stream = EventStream(to: presence)
    let subscriber = Subscriber(
      audience: audience, outlet: stream, cursor: request.headers[.lastEventID], greeting: EventStream.ready)
    let body = ResponseBody { writer in
      await feed.join(subscriber)
      presence.onLeave { subscriber.end() }
      await withGracefulShutdownHandler {
        await stream.wait()
      } onGracefulShutdown: {
        subscriber.end("the server is shutting down")
      }
      await feed.leave(subscriber)
      try await writer.finish(nil)
    }
    return Response(
      status: .ok,
      headers: [.contentType: "text/event-stream", .cacheControl: "no-store", .accelBuffering: "no"],
      body: body)
  }
}

extension HTTPField.Name {
  /// Where a browser was when its stream broke.
  static let lastEventID = Self("Last-Event-ID")!  // a literal token
  /// Tells proxies not to hold the stream back.
  static let accelBuffering = Self("X-Accel-Buffering")!  // a literal token
}
