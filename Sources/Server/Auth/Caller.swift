import Foundation
import HTTPTypes

/// Who asks, as far as the request proves it.
package struct Caller: Sendable, Hashable {
  /// The database role of the request.
  package let role: String
  /// The claims as JSON text.
  package let claims: String
  /// Whether a cookie of our own page says so.
  package var isFromCookie = false
  /// Whether nobody has signed in.
  package var isAnonymous: Bool { role == Names.anonymous }

  /// Someone of whom nothing is known.
  package static let anonymous = Caller(role: Names.anonymous, claims: "{\"role\":\"\(Names.anonymous)\"}")
}

/// Finds the caller in the headers.
package struct Callers: Sendable {
  private let tokens: Tokens
  private let keys: KeyRing

  /// Callers whose tokens are checked by `tokens` and whose API keys by `keys`.
  init(tokens: Tokens, keys: KeyRing) {
    self.tokens = tokens
    self.keys = keys
  }

  /// The caller: by `Authorization`, else by `apikey`, else by the cookie of our own page, else anonymous.
  package func find(_ head: HTTPRequest, queryKey: String? = nil) async throws(RestError) -> Caller {
    let headers = head.headerFields
    if let token = headers.first(.authorization).flatMap(Self.bearer) { return try await holder(of: token) }
    if let key = headers.first(.apiKey) ?? queryKey { return try await holder(of: key) }
    if let token = SessionCookie.token(in: headers), SessionCookie.counts(head) {
      // A page whose token has run out is a page without one.
      var caller = (try? await holder(of: token)) ?? .anonymous
      caller.isFromCookie = true
      return caller
    }
    return .anonymous
  }

  /// The token of a header `Bearer token`, read by bytes since nearly every request has one.
  private static func bearer(_ header: String) -> String? {
    let scheme = "bearer ".utf8
    guard header.utf8.prefix(scheme.count).elementsEqual(scheme, by: { $0 | 0x20 == $1 }) else { return nil }
    let token = Substring(header.utf8.dropFirst(scheme.count)).trimming()
    return token.isEmpty ? nil : String(token)
  }

  /// Who holds `token`, which may be an API key.
  package func holder(of token: String) async throws(RestError) -> Caller {
    if token.hasPrefix(KeyRing.prefix) { return try await keys.caller(token) }
    do {
      let claims = try await tokens.verify(token)
      return Caller(role: claims.role ?? Names.anonymous, claims: claims.json)
    } catch {
      switch error {
      case .invalid: throw RestError(401, "PGRST301", "No suitable key or wrong key type")
      case .expired: throw RestError(401, "PGRST303", "JWT expired")
      case .early: throw RestError(401, "PGRST303", "JWT not yet valid")
      }
    }
  }
}

/// The session of our own pages: an access token in a cookie that scripts cannot read.
enum SessionCookie {
  private static let name = "vibe_session"
  /// Browsers keep a cookie with this name only when it came over TLS for the whole host.
  private static let secureName = "__Host-vibe_session"
  /// As long as a session lives at most; whether it still lives, the database says at each use.
  static let seconds = 30 * 86_400

  /// The token in the cookie, if there is one.
  static func token(in headers: HTTPFields) -> String? {
    var plain: String?
    for line in headers[values: .cookie] {
      for pair in line.split(separator: ";") {
        let parts = pair.trimming().split(separator: "=", maxSplits: 1)
        guard parts.count == 2 else { continue }
        if parts[0] == secureName { return String(parts[1]) }
        if parts[0] == name { plain = String(parts[1]) }
      }
    }
    return plain
  }

  /// Whether a browser says that the request comes from a page of another site.
  static func isElsewhere(_ head: HTTPRequest) -> Bool {
    (head.headerFields[.origin] ?? head.headerFields[.secFetchSite]) != nil && !counts(head)
  }

  /// Whether the request comes from a page of our own: no other site may use the visitor's cookie.
  static func counts(_ head: HTTPRequest) -> Bool {
    let headers = head.headerFields
    // Not sent over plain http to other hosts than localhost; then Origin or Referer must do.
    if let site = headers[.secFetchSite] { return site == "same-origin" }
    guard let source = headers[.origin] ?? headers[.referer], let host = head.authority,
      let url = URLComponents(string: source), let name = url.host
    else { return false }
    return host == (url.port.map { "\(name):\($0)" } ?? name)
  }

  /// The header that sets the cookie; an empty token removes it.
  static func header(token: String, overTLS: Bool) -> String {
    let lasts = token.isEmpty ? 0 : seconds
    let attributes = "Path=/; Max-Age=\(lasts); HttpOnly; SameSite=Strict"
    return overTLS ? "\(secureName)=\(token); \(attributes); Secure" : "\(name)=\(token); \(attributes)"
  }
}

extension HTTPField.Name {
  /// The key of a program.
  static let apiKey = Self("apikey")!  // a literal token
  /// Where a browser says the request comes from.
  static let secFetchSite = Self("Sec-Fetch-Site")!  // a literal token
  /// How a proxy says which addresses the request came through.
  static let forwardedFor = Self("X-Forwarded-For")!  // a literal token
  /// How a proxy says whether the client used TLS.
  static let forwardedProto = Self("X-Forwarded-Proto")!  // a literal token
  /// Set to `cookie` by pages that want their session in a cookie.
  static let session = Self("X-Vibe-Session")!  // a literal token
  /// Names a request in logs and answers.
  static let requestID = Self("X-Request-Id")!  // a literal token
}
