/// One wish of a subscriber, as the database has checked it.
struct Binding: Sendable, Hashable, Decodable {
  /// `INSERT`, `UPDATE` or `DELETE`; `nil` is all of them.
  var event: String?
  /// The table; `nil` is all of them.
  var table: String?
  /// What the row must fulfil, all of it.
  var conditions: [Requirement] = []

  /// Whether it asks for `change`, rights aside.
  ///
  /// - Parameter row: the row of the change, parsed when it is needed. What has no row nobody can judge: it fits.
  func fits(_ change: Change, row: () -> JsonValue?) -> Bool {
    guard event == nil || event == change.kind, table == nil || table == change.table else { return false }
    guard !conditions.isEmpty, change.isListed else { return true }
    guard let row = row() else { return false }
    return conditions.allSatisfy { $0.holds(for: row[$0.column] ?? .null) }
  }
}

/// One condition on a column.
package struct Requirement: Sendable, Hashable, Decodable {
  /// The column.
  package let column: String
  /// `eq`, `neq`, `lt`, `lte`, `gt`, `gte` or `in`.
  let `operator`: String
  /// Whether values are instants, which may be written in any time zone.
  let is_time: Bool
  /// What the column is compared with; more than one only for `in`.
  let values: [JsonValue]

  /// Whether `value` fulfils it. As in SQL, nothing can be said of null; texts compare by code point.
  package func holds(for value: JsonValue) -> Bool {
    switch `operator` {
    case "eq", "in": values.contains { order(value, $0) == 0 }
    case "neq": values.allSatisfy { order(value, $0) ?? 0 != 0 }
    case "lt": values.allSatisfy { order(value, $0) ?? 0 < 0 }
    case "lte": values.allSatisfy { order(value, $0) ?? 1 <= 0 }
    case "gt": values.allSatisfy { order(value, $0) ?? 0 > 0 }
    case "gte": values.allSatisfy { order(value, $0) ?? -1 >= 0 }
    default: false
    }
  }

  /// Negative, zero or positive as `a` is before, at or after `b`; `nil` if they cannot be compared.
  private func order(_ a: JsonValue, _ b: JsonValue) -> Int? {
    switch (a, b) {
    case (.bool(let a), .bool(let b)): sign(a ? 1 : 0, b ? 1 : 0)
    case (.integer(let a), .integer(let b)): sign(a, b)
    case (.string(let a), .string(let b)):
      if is_time, let a = Moment.microseconds(a), let b = Moment.microseconds(b) {
        sign(a, b)
      } else {
        // By bytes, which is by code points, and not by what Swift holds to be the same text.
        a.utf8.elementsEqual(b.utf8) ? 0 : a.utf8.lexicographicallyPrecedes(b.utf8) ? -1 : 1
      }
    default:
      if let a = a.double, let b = b.double { sign(a, b) } else { nil }
    }
  }

  private func sign<Value: Comparable>(_ a: Value, _ b: Value) -> Int { a < b ? -1 : a == b ? 0 : 1 }
}

/// Instants as PostgreSQL writes them into JSON.
package enum Moment {
  /// Microseconds since 1970 of `2026-11-21T13:05:00.25+01:00`; `nil` for what is written otherwise, as infinity is.
  package static func microseconds(_ text: String) -> Int? {
    let found = text.wholeMatch(
      of: /(\d{4,6})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?([+-])(\d\d):(\d\d)(?::(\d\d))?/)
    guard let parts = found?.output else { return nil }
    func number(_ part: Substring?) -> Int { part.flatMap { Int($0) } ?? 0 }
    // Days from the civil calendar: years begin in March, so that the leap day is the last.
    let month = number(parts.2)
    let year = number(parts.1) - (month <= 2 ? 1 : 0)
    let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + number(parts.3) - 1
    let days = year * 365 + year / 4 - year / 100 + year / 400 + dayOfYear - 719_468
    let seconds = ((days * 24 + number(parts.4)) * 60 + number(parts.5)) * 60 + number(parts.6)
    let offset = (number(parts.9) * 60 + number(parts.10)) * 60 + number(parts.11)
    let fraction = (parts.7 ?? "") + String(repeating: "0", count: 6 - (parts.7?.count ?? 0))
    return (seconds - (parts.8 == "-" ? -offset : offset)) * 1_000_000 + number(fraction[...])
  }
}
