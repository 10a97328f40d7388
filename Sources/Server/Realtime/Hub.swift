import NIOCore

/// All subscribers and the rights of those behind them.
struct Hub {
  /// What one may hear.
  struct Rights: Equatable {
    /// Whether the session lives.
    let isLive: Bool
    /// The sites whose changes it may see.
    let sites: Set<Int>
  }

  private var groups: [Audience: [ObjectIdentifier: Subscriber]] = [:]
  private var rights: [Caller: Rights] = [.anonymous: Rights(isLive: true, sites: [])]

  /// How many listen.
  var count: Int { groups.values.reduce(0) { $0 + $1.count } }
  /// Whether nobody listens.
  var isEmpty: Bool { groups.isEmpty }
  /// All who listen.
  var subscribers: [Subscriber] { groups.values.flatMap(\.values) }
  /// All sites that anybody may see.
  var sites: Set<Int> { rights.values.reduce(into: []) { $0.formUnion($1.sites) } }
  /// Everyone whose rights come from the database, once each.
  var callers: [Caller] { rights.keys.filter { !$0.isAnonymous } }

  /// What is known of `caller`.
  func rights(of caller: Caller) -> Rights? { rights[caller.isAnonymous ? .anonymous : caller] }

  /// Adds a subscriber.
  mutating func add(_ subscriber: Subscriber) {
    groups[subscriber.audience, default: [:]][ObjectIdentifier(subscriber)] = subscriber
  }

  /// Removes a subscriber.
  mutating func remove(_ subscriber: Subscriber) {
    groups[subscriber.audience]?[ObjectIdentifier(subscriber)] = nil
    if groups[subscriber.audience]?.isEmpty == true { groups[subscriber.audience] = nil }
  }

  /// Forgets the rights of those who are neither here nor among `arriving`.
  mutating func forget(except arriving: [Subscriber]) {
    let needed = Set(groups.keys.map(\.caller) + arriving.map(\.audience.caller))
    rights = rights.filter { needed.contains($0.key) || $0.key == .anonymous }
  }

  /// Learns what `caller` may hear; shows out those whose session has ended or who lost their last site.
  mutating func learn(_ caller: Caller, _ now: Rights) {
    let before = rights.updateValue(now, forKey: caller)
    guard !now.isLive || (now.sites.isEmpty && before?.sites.isEmpty == false) else { return }
    for subscriber in subscribers where subscriber.audience.caller == caller {
      remove(subscriber)
      subscriber.end("the session has ended")
    }
  }

  /// Gives a page to all who want and may see it, encoded once for all with equal rights and wishes; how many messages
  /// that were.
  mutating func broadcast(_ page: FeedPage) -> Int {
    var messages = 0
    for (audience, members) in groups {
      guard !page.isIncomplete else {
        tell(members, page.cursor)
        continue
      }
      guard let part = audience.bytes(for: page, sites: rights(of: audience.caller)?.sites ?? []) else {
        continue
      }
      messages += part.messages * members.count
      for member in members.values where !member.outlet.send(part.buffer) { remove(member) }
    }
    return messages
  }

  /// Tells that changes were lost; a channel is to be joined again.
  private mutating func tell(_ members: [ObjectIdentifier: Subscriber], _ cursor: String) {
    for member in members.values {
      let message = member.audience.wording.lost(cursor: cursor)
      if case .messages = member.audience.wording {
        remove(member)
        member.end(message)
      } else if !member.outlet.send(message) {
        remove(member)
      }
    }
  }

  /// Keeps proxies from closing silent streams, and shows out those whose token has ended at `now`.
  mutating func tend(now: Double, ping: Bool) {
    for subscriber in subscribers {
      if let expiry = subscriber.expiry, expiry < now {
        remove(subscriber)
        subscriber.end("InvalidJWTToken: Token has expired")
      } else if ping, subscriber.audience.wording == .events, !subscriber.outlet.send(EventStream.ping) {
        remove(subscriber)
      }
    }
  }
}
