/// One SQL text with its parameters, `$1` first; the text is the key of the prepared-statement cache.
package struct Statement: Sendable {
  /// SQL with `$n` where values go; no value is ever spliced into it.
  package let sql: String
  /// The values; PostgreSQL infers their types.
  package let parameters: [Parameter]

  /// A statement from its text and values.
  package init(_ sql: String, _ parameters: [Parameter] = []) {
    self.sql = sql
    self.parameters = parameters
  }
}

/// A value in PostgreSQL's text format.
package enum Parameter: Sendable, Hashable, ExpressibleByStringLiteral {
  case null
  case text(String)
  /// Bytes that should be UTF-8; PostgreSQL checks.
  case bytes([UInt8])

  /// A literal is a text.
  package init(stringLiteral value: String) { self = .text(value) }

  /// The text, or null.
  package init(_ value: String?) { self = value.map(Parameter.text) ?? .null }
}

/// A setting that holds until the end of its transaction.
package struct Setting: Sendable, Hashable {
  /// The name as in `set`, such as `statement_timeout`.
  package let name: String
  /// Its value as text.
  package let value: String
  /// A function that is called with the value once it is set, and may refuse the transaction.
  package let check: String?

  /// A setting from name and value.
  package init(_ name: String, _ value: String, check: String? = nil) {
    self.name = name
    self.value = value
    self.check = check
  }

  /// The call that makes it from parameter `place`.
  func call(_ place: Int) -> String {
    let set = "pg_catalog.set_config(\(quoteLiteral(name)), $\(place), true)"
    return check.map { "\($0)(\(set))" } ?? set
  }
}

/// What one request asks of the database: settings, then statements, all or nothing, in one round trip.
///
/// There is no explicit BEGIN and COMMIT: in a pipeline all statements up to the sync are one transaction, which the
/// sync commits. An error rolls it back and the connection is clean at once, with two messages and a ROLLBACK round
/// trip less than the explicit form.
package struct Transaction: Sendable {
  /// Settings made first, in this order; see `role`.
  package var settings: [Setting]
  /// The role to become after the settings (a role may be allowed less than its login); `nil` stays the login.
  package var role: String?
  /// Refuses writes.
  package var isReadOnly: Bool
  /// The statements, run in order.
  package var statements: [Statement]

  /// A transaction of `statements` under `role` and `settings`.
  package init(
    _ statements: [Statement], role: String? = nil, settings: [Setting] = [], readOnly: Bool = false
  ) {
    self.statements = statements
    self.role = role
    self.settings = settings
    self.isReadOnly = readOnly
  }

  /// All settings in the order in which they are made.
  var allSettings: [Setting] {
    var all = settings
    if isReadOnly { all.append(Setting("transaction_read_only", "on")) }
    if let role { all.append(Setting("role", role)) }
    return all
  }
}

/// Makes the statements that make settings, and remembers their texts: requests come in a few kinds.
package struct Envelopes {
  private static let most = 100
  private var texts: [[String]: String] = [:]
  /// The one asked for last, found without a look at its letters.
  private var last: (kind: [String], text: String) = ([], "")

  /// No texts yet.
  package init() {}

  /// The statement that makes the settings of `transaction`, `nil` when there are none.
  ///
  /// Names are literals of the text and values are parameters, so requests of one kind share one prepared statement.
  package mutating func statement(for transaction: Transaction) -> Statement? {
    let settings = transaction.allSettings
    guard !settings.isEmpty else { return nil }
    return Statement(text(settings), settings.map { .text($0.value) })
  }

  private mutating func text(_ settings: [Setting]) -> String {
    let kind = settings.map { $0.check ?? "" } + settings.map(\.name)
    if kind == last.kind { return last.text }
    if let known = texts[kind] {
      last = (kind, known)
    } else {
      if texts.count >= Self.most { texts.removeAll() }
      last = (kind, "select " + settings.enumerated().map { $1.call($0 + 1) }.joined(separator: ", "))
      texts[kind] = last.text
    }
    return last.text
  }
}

/// `text` as an SQL string literal.
package func quoteLiteral(_ text: String) -> String {
  // Nearly all names are plain; looking at bytes first spares each request the walk over characters.
  guard text.utf8.contains(UInt8(ascii: "'")) else { return "'\(text)'" }
  return "'" + text.replacing("'", with: "''") + "'"
}

/// `name` as an SQL identifier; zero bytes are left out.
package func quoteIdentifier(_ name: String) -> String {
  guard name.utf8.contains(where: { $0 == UInt8(ascii: "\"") || $0 == 0 }) else { return "\"\(name)\"" }
  return "\"" + name.replacing("\0", with: "").replacing("\"", with: "\"\"") + "\""
}
