import Database
import Foundation
import NIOCore

/// What a client does over one WebSocket: joins channels, renews its token, leaves. One message after the other.
struct Conversation {
  private static let mostChannels = 100
  private static let mostBindings = 100

  let desk: Desk
  let feed: Feed
  let socket: Socket
  /// Who opened the socket; a channel without a token of its own is theirs.
  let caller: Caller
  private var channels: [String: Subscriber] = [:]

  init(desk: Desk, feed: Feed, socket: Socket, caller: Caller) {
    self.desk = desk
    self.feed = feed
    self.socket = socket
    self.caller = caller
  }

  /// Goes on until the socket is closed.
  mutating func run() async {
    for await message in socket.messages { await answer(message) }
    for subscriber in channels.values { await feed.leave(subscriber) }
  }

  private mutating func answer(_ message: Message) async {
    let topic = Topic(
      version: socket.version, name: message.topic, joinReference: message.joinReference)
    do throws(RestError) {
      switch message.event {
      case "phx_join": try await join(message, topic)
      case "phx_leave":
        if let subscriber = channels.removeValue(forKey: message.topic) { await feed.leave(subscriber) }
        _ = socket.send(topic.reply("ok", reference: message.reference))
        _ = socket.send(topic.frame("phx_close", "{}", reference: message.reference))
      case _ where channels[message.topic]?.isOver ?? true: throw .channel("unmatched topic")
      case "access_token": try await renew(message)
      case "broadcast", "presence": throw .channel("Unsupported: \(message.event)")
      default: throw .channel("Unsupported: event \(message.event)")
      }
    } catch {
      _ = socket.send(topic.refusal(error.message, reference: message.reference))
    }
  }

  private mutating func join(_ message: Message, _ topic: Topic) async throws(RestError) {
    guard message.topic.hasPrefix(Topic.prefix) else { throw .channel("unmatched topic") }
    if let former = channels.removeValue(forKey: message.topic) { await feed.leave(former) }
    channels = channels.filter { !$0.value.isOver }
    guard channels.count < Self.mostChannels else {
      throw .channel("ChannelRateLimitReached: Too many channels")
    }
    let config = message.payload["config"]
    if config?["private"] == .bool(true) { throw .channel("Unsupported: private channels") }
    let wanted = config?["postgres_changes"]?.elements ?? []
    guard wanted.count <= Self.mostBindings else {
      throw .channel("a channel has at most \(Self.mostBindings) postgres_changes")
    }
    let caller = try await holder(of: message.payload) ?? caller
    let bindings = try await desk.bindings(wanted)
    let reference = message.reference
    let subscriber = Subscriber(
      audience: Audience(caller: caller, bindings: bindings, wording: .messages(topic)), outlet: socket,
      greeting: greeting(topic, wanted, reference),
      refusal: { topic.refusal("InvalidJWTToken: \($0)", reference: reference) })
    channels[message.topic] = subscriber
    await feed.join(subscriber)
  }

  /// The subscription as it was asked for, each wish with its number; then that it has begun.
  private func greeting(_ topic: Topic, _ wanted: [JsonValue], _ reference: JsonValue) -> ByteBuffer {
    let named = wanted.enumerated().map { place, wish in
      JsonValue.object((wish.members ?? [:]).merging(["id": .integer(place + 1)]) { $1 })
    }
    let echo = (try? JSONEncoder().encode(named)).map { String(decoding: $0, as: UTF8.self) } ?? "[]"
    var buffer = topic.reply("ok", "{\"postgres_changes\":\(echo)}", reference: reference)
    if !wanted.isEmpty { buffer.writeImmutableBuffer(topic.system("ok", "Subscribed to PostgreSQL")) }
    return buffer
  }

  /// A newer token for a channel; changes go on without a gap. One that does not count ends the channel.
  private mutating func renew(_ message: Message) async throws(RestError) {
    guard let former = channels[message.topic] else { return }
    let caller: Caller
    do {
      guard let holder = try await holder(of: message.payload) else { return }
      caller = holder
    } catch {
      await feed.leave(former, because: error.message)
      return
    }
    guard caller != former.audience.caller else { return }
    var audience = former.audience
    audience.caller = caller
    let subscriber = Subscriber(audience: audience, outlet: socket, predecessor: former)
    channels[message.topic] = subscriber
    await feed.join(subscriber)
  }

  /// Who holds the token of a message, if it brings one.
  private func holder(of payload: JsonValue) async throws(RestError) -> Caller? {
    guard let token = payload["access_token"]?.text, !token.isEmpty else { return nil }
    do { return try await desk.callers.holder(of: token) } catch {
      // In the words that clients know.
      switch error.code {
      case "PGRST301": throw .channel("MalformedJWT: The token provided is not a valid JWT")
      case "PGRST303" where error.message == "JWT expired":
        throw .channel("InvalidJWTToken: Token has expired")
      default: throw error
      }
    }
  }
}

extension Desk {
  /// What a subscription asks for, checked by the database.
  func bindings(_ wanted: [JsonValue]) async throws(RestError) -> [Binding] {
    guard !wanted.isEmpty else { return [] }
    do {
      let json = String(decoding: try JSONEncoder().encode(wanted), as: UTF8.self)
      let rows = try await pool.run(
        Transaction([Names.bindings(json)], readOnly: true), lane: Lane.requests)[0]
      return try JSONDecoder().decode([Binding].self, from: Data((rows.string() ?? "").utf8))
    } catch let error as DatabaseError {
      throw RestError(error, isAnonymous: false)
    } catch {
      throw RestError(500, "XX000", "The subscription cannot be read")
    }
  }
}

extension RestError {
  /// Something that a channel refuses.
  fileprivate static func channel(_ reason: String) -> RestError { RestError(400, "realtime", reason) }
}

extension JsonValue {
  /// The elements of an array.
  fileprivate var elements: [JsonValue]? { if case .array(let elements) = self { elements } else { nil } }
}
