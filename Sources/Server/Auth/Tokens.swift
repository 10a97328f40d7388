import Foundation
import JWTKit
import Synchronization

/// What a verified token says.
package struct Claims: Sendable {
  /// The role to take.
  package let role: String?
  /// The claims as the JSON text that was signed.
  package let json: String
  fileprivate let expiry: Double?
  fileprivate let notBefore: Double?
}

/// Why a token does not count.
package enum TokenError: Error, Equatable {
  /// Not a token, or not signed by us.
  case invalid
  /// It was good once.
  case expired
  /// It is not good yet.
  case early
}

/// Signs and verifies HS256 tokens; remembers verified ones, since a client sends the same again and again.
package final class Tokens: Sendable {
  /// Clocks of different machines may differ by so much.
  private static let skew = 30.0
  private static let remembered = 2_000
  private let keys = JWTKeyCollection()
  private let cache = Mutex<[String: Claims]>([:])

  /// Tokens by `secret`; it must be long enough for HS256.
  package init(secret: String) async {
    await keys.add(hmac: HMACKey(from: secret), digestAlgorithm: .sha256)
  }

  /// Signs a JSON object of claims.
  package func sign(_ claims: [String: JsonValue]) async throws -> String {
    try await keys.sign(SignedClaims(values: claims))
  }

  /// The claims of `token` if we signed it and it is valid now.
  package func verify(_ token: String, now: Date = Date()) async throws(TokenError) -> Claims {
    let claims: Claims
    if let known = cache.withLock({ $0[token] }) {
      claims = known
    } else {
      claims = try await decode(token)
      cache.withLock { cache in
        if cache.count >= Self.remembered { cache.removeAll() }
        cache[token] = claims
      }
    }
    let time = now.timeIntervalSince1970
    if let expiry = claims.expiry, expiry + Self.skew < time { throw .expired }
    if let start = claims.notBefore, start - Self.skew > time { throw .early }
    return claims
  }

  private func decode(_ token: String) async throws(TokenError) -> Claims {
    // The algorithm is fixed by the key: only HS256 is in the collection, so no other and no `none` verifies.
    guard let payload = try? await keys.verify(token, as: SignedClaims.self) else { throw .invalid }
    let parts = token.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 3, let json = Self.base64URL(parts[1]) else { throw .invalid }
    return Claims(
      role: payload.values["role"]?.text, json: json, expiry: payload.number("exp"),
      notBefore: payload.number("nbf"))
  }

  private static func base64URL(_ text: Substring) -> String? {
    let standard = String(text).replacing("-", with: "+").replacing("_", with: "/")
    let padded = standard + String(repeating: "=", count: (4 - standard.count % 4) % 4)
    return Data(base64Encoded: padded).map { String(decoding: $0, as: UTF8.self) }
  }
}

/// A JSON object as the payload of a token; times are checked by `Tokens`.
private struct SignedClaims: JWTPayload {
  let values: [String: JsonValue]

  init(values: [String: JsonValue]) { self.values = values }

  init(from decoder: any Decoder) throws { values = try [String: JsonValue](from: decoder) }

  func encode(to encoder: any Encoder) throws { try values.encode(to: encoder) }

  func verify(using algorithm: some JWTAlgorithm) async throws {}

  func number(_ name: String) -> Double? {
    switch values[name] {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }
}
