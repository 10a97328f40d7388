import HTTPTypes
import Hummingbird
import NIOCore
import ServiceLifecycle

/// `GET /realtime/v1/sse`: row changes of the caller's sites as server-sent events.
struct RealtimeDoor: Sendable {
  /// How long one who was too slow may take to read what waits.
  private static let patience = TimeAmount.seconds(5)

  let desk: Desk
  let feed: Feed

  /// Adds the door's paths.
  func add(to router: Router<Context>) {
    router.get("/realtime/v1/sse") { request, context in
      do throws(RestError) { return try await open(request, context) } catch {
        return RouteError.response(error)
      }
    }
  }

  private func open(_ request: Request, _ context: Context) async throws(RestError) -> Response {
    let query = try QueryString(request.uri.query ?? "")
    let caller = try await desk.callers.find(request.head, queryKey: query.first("apikey"))
    guard !caller.isAnonymous else {
      throw RestError(401, "not_signed_in", "This stream is for those who have signed in")
    }
    let tables = Set((query.first("tables") ?? "").split(separator: ",").map { String($0.trimming()) })
    let cache = try desk.schema.get()
    for table in tables { _ = try cache.relation(table) }
    let (feed, presence) = (feed, context.presence)
    let subscriber = Subscriber(caller: caller, tables: tables, cursor: request.headers[.lastEventID]) {
      presence.hangUp(after: Self.patience)
    }
    let body = ResponseBody { writer in
      await feed.join(subscriber)
      presence.onLeave { subscriber.end(nil) }
      do {
        try await withGracefulShutdownHandler {
          for await page in subscriber.pages {
            for frame in page { try await writer.write(frame) }
          }
          if let reason = subscriber.reason { try await writer.write(Frame.end(reason)) }
          try await writer.finish(nil)
        } onGracefulShutdown: {
          subscriber.end("the server is shutting down")
        }
        await feed.leave(subscriber)
      } catch {
        await feed.leave(subscriber)
        throw error
      }
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
