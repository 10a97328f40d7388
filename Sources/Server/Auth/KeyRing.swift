import Database
import Synchronization

/// Remembers API keys for a minute, so that most requests by key need no question of their own; that a key was revoked,
/// each request's transaction notices by itself.
final class KeyRing: Sendable {
  /// How all API keys begin; tokens do not.
  static let prefix = "vibe_"
  private static let remembered = Duration.seconds(60)
  private static let most = 10_000

  private struct Entry {
    let caller: Caller
    let perMinute: Double
    var bucket: TokenBucket
    let until: ContinuousClock.Instant
  }

  private let pool: Pool
  private let entries = Mutex<[String: Entry]>([:])

  /// No keys yet; `pool` is asked for them.
  init(pool: Pool) { self.pool = pool }

  /// Who calls by `key`; refuses unknown keys and those that have made a minute's requests already.
  func caller(_ key: String, now: ContinuousClock.Instant = .now) async throws(RestError) -> Caller {
    if entries.withLock({ $0[key].map { $0.until < now } ?? true }) { try await ask(key, now) }
    let (caller, isInTime) = entries.withLock { entries -> (Caller?, Bool) in
      guard var entry = entries[key] else { return (nil, false) }
      let isInTime = entry.bucket.take(rate: entry.perMinute / 60, burst: entry.perMinute, now: now)
      entries[key] = entry
      return (entry.caller, isInTime)
    }
    guard let caller else { throw RestError(401, "PGRST301", "No suitable key or wrong key type") }
    guard isInTime else {
      throw RestError(
        429, "over_request_rate_limit", "Request rate limit reached",
        hint: "The key was made for fewer requests a minute.")
    }
    return caller
  }

  private func ask(_ key: String, _ now: ContinuousClock.Instant) async throws(RestError) {
    let result: ResultSet
    do { result = try await pool.run(Transaction([Names.useApiKey(key)]), lane: Desk.Lane.requests)[0] } catch
    {
      throw RestError(error, isAnonymous: true)
    }
    let found = result.string().map { claims in
      let perMinute = Double(result.integer(column: 1) ?? 0)
      return Entry(
        caller: Caller(role: JsonValue(text: claims)?["role"]?.text ?? Names.anonymous, claims: claims),
        perMinute: perMinute, bucket: TokenBucket(burst: perMinute, now: now), until: now + Self.remembered)
    }
    entries.withLock { entries in
      if entries.count >= Self.most { entries.removeAll() }
      let bucket = entries[key]?.bucket
      entries[key] = found
      // What was spent stays spent.
      if let bucket { entries[key]?.bucket = bucket }
    }
  }
}
