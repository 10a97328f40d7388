import Database
import NIOCore

/// A changed row of the feed.
struct Change: Sendable {
  /// The site it belongs to.
  let siteID: Int
  /// The table that changed.
  let table: String
  /// `INSERT`, `UPDATE` or `DELETE`.
  let kind: String
  /// False for a statement with too many rows to name them: readers must load again.
  let isListed: Bool
  /// The change as clients read it, as JSON without line breaks.
  let json: ByteBuffer

  /// The row, the old one of a deletion.
  var row: JsonValue? {
    let change = JsonValue(text: String(buffer: json))
    return change?["record"] ?? change?["old_record"]
  }
}

/// What one reading of the feed gave.
struct FeedPage: Sendable {
  /// Where it began.
  let start: String
  /// Where the next reading begins.
  let cursor: String
  /// Whether changes were lost, so that readers must load everything again.
  let isIncomplete: Bool
  /// Whether somebody may hear more or less than before.
  let changesRights: Bool
  /// How many milliseconds ago the oldest change was made.
  let age: Int
  /// The changes in order.
  let changes: [Change]

  /// A page from the rows of the feed; one without changes is one row of nulls.
  init?(_ rows: ResultSet, since start: String?) {
    guard let cursor = rows.string(row: 0, column: 0) else { return nil }
    self.start = start ?? cursor
    self.cursor = cursor
    isIncomplete = rows.string(row: 0, column: 1) == "t"
    age = rows.integer(row: 0, column: 6) ?? 0
    var changesRights = false
    changes = (0..<rows.count).compactMap { row in
      guard let site = rows.integer(row: row, column: 2), let table = rows.string(row: row, column: 3) else {
        return nil
      }
      changesRights = changesRights || table == Names.rights
      return Change(
        siteID: site, table: table, kind: rows.string(row: row, column: 4) ?? "",
        isListed: rows.string(row: row, column: 5) == "t", json: rows.buffer(row: row, column: 7))
    }
    self.changesRights = changesRights
  }
}

/// Where a reader was: at a cursor, or within a page, written as its two cursors and how much of it was told.
struct Place {
  /// What it was told up to; `nil` for one who comes for the first time.
  let since: String?
  /// Where the page ends that it was being told.
  let until: String?
  /// How many messages of that page it has.
  let told: Int
  /// The same for readers who missed the same.
  var id: String { "\(since ?? "")>\(until ?? "")" }

  /// A place from its text. Nonsense is a cursor that the database will not know.
  init(_ text: String?) {
    let parts = text?.split(separator: ">", omittingEmptySubsequences: false).map(String.init) ?? []
    let told = parts.count == 3 ? Int(parts[2]) : nil
    self.told = max(told ?? 0, 0)
    since = told == nil ? text : parts[0]
    until = told == nil ? nil : parts[1]
  }
}
