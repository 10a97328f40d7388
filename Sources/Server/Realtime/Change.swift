import Database
import Hummingbird

/// One change of the feed, encoded once for all who get it.
struct Change: Sendable {
  /// The site it belongs to.
  let siteID: Int
  /// The table that changed.
  let table: String
  /// The change as JSON.
  let json: String
}

/// What one reading of the feed gave.
struct FeedPage: Sendable {
  /// Where the next reading begins.
  let cursor: String
  /// Whether changes were lost, so that readers must load everything again.
  let isIncomplete: Bool
  /// The changes in order.
  let changes: [Change]

  /// A page from rows of cursor, resync, site, table and JSON; a page without changes is one row of nulls.
  init?(_ rows: ResultSet) {
    guard let cursor = rows.string(row: 0, column: 0) else { return nil }
    self.cursor = cursor
    isIncomplete = rows.string(row: 0, column: 1) == "true"
    changes = (0..<rows.count).compactMap { row in
      guard let site = rows.integer(row: row, column: 2), let table = rows.string(row: row, column: 3) else {
        return nil
      }
      return Change(siteID: site, table: table, json: rows.string(row: row, column: 4) ?? "{}")
    }
  }
}

/// Frames of a server-sent event stream.
enum Frame {
  /// The first thing a subscriber hears: from here on nothing is missed.
  static let ready = ByteBuffer(string: "retry: 1000\nevent: ready\ndata: {}\n\n")
  /// Keeps proxies from closing a silent stream.
  static let ping = ByteBuffer(string: ": ping\n\n")

  /// A change. JSON from PostgreSQL holds no raw line break.
  static func change(_ change: Change) -> ByteBuffer {
    ByteBuffer(string: "event: change\ndata: \(change.json)\n\n")
  }

  /// What one reader gets of a page: only the last change tells where a reconnecting browser goes on, so that a
  /// stream that breaks in the middle of a page loses nothing.
  static func page(_ changes: [ByteBuffer], cursor: String) -> [ByteBuffer] {
    guard let last = changes.last else { return [] }
    return changes.dropLast() + [ByteBuffer(string: "id: \(cursor)\n"), last]
  }

  /// Changes were lost: load everything again.
  static func resync(cursor: String) -> ByteBuffer {
    ByteBuffer(string: "id: \(cursor)\nevent: resync\ndata: {}\n\n")
  }

  /// The last thing a subscriber hears when the server ends the stream.
  static func end(_ reason: String) -> ByteBuffer {
    var text = JsonText()
    text.raw("event: end\ndata: ")
    text.object([("reason", reason)])
    text.raw("\n\n")
    return text.buffer
  }
}
