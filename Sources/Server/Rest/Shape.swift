import Database

/// Which rows and columns of a result the client wants: the part of the query string that reads, calls and inserts share.
struct Shape {
  /// A column of the answer: `alias:column::type`.
  struct Item: Equatable {
    let column: String
    let alias: String?
    let cast: String?
  }

  /// A column to sort by, with words such as `desc`.
  struct Term: Equatable {
    let column: String
    let direction: String
  }

  private static let directions = [
    "asc": "asc", "desc": "desc", "nullsfirst": "nulls first", "nullslast": "nulls last",
  ]

  private(set) var items: [Item] = []
  private(set) var filters: [Filter] = []
  private(set) var order: [Term] = []
  private(set) var limit: Int?
  private(set) var offset = 0

  /// Reads the shape from a query; parameters named in `ignoring` are something else's.
  init(_ query: QueryString, ignoring: Set<String> = []) throws(RestError) {
    for item in query.items where !ignoring.contains(item.name) {
      switch item.name {
      case "select": items = try Self.items(item.value)
      case "order": order += try Self.terms(item.value)
      case "limit": limit = Int(item.value).map { max(0, $0) } ?? limit
      case "offset": offset = max(0, Int(item.value) ?? 0)
      case "or", "and", "not.or", "not.and": throw .notImplemented("Logical trees (\(item.name)=…)")
      case "columns", "on_conflict": break
      default: filters.append(try Filter(column: item.name, text: item.value))
      }
    }
  }

  private static func items(_ text: String) throws(RestError) -> [Item] {
    var items: [Item] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: true) {
      items.append(try item(String(part)))
    }
    return items
  }

  private static func item(_ text: String) throws(RestError) -> Item {
    if text.contains("(") || text.contains(")") {
      throw .notImplemented("Embedded resources and aggregates in select, as in \(text)")
    }
    if text.contains("->") { throw .notImplemented("JSON paths, as in \(text)") }
    var rest = text
    var cast: String?
    var alias: String?
    if let position = rest.firstRange(of: "::") {
      cast = String(rest[position.upperBound...])
      rest = String(rest[..<position.lowerBound])
    }
    if let position = rest.firstIndex(of: ":") {
      alias = String(rest[..<position])
      rest = String(rest[rest.index(after: position)...])
    }
    // A cast is the one name that is not quoted, so its letters are what protects.
    if let cast, cast.isEmpty || !cast.utf8.allSatisfy(isCastLetter) {
      throw .unreadable("select parameter", text, expecting: "a type name after \"::\"")
    }
    guard !rest.isEmpty, alias != "" else {
      throw .unreadable("select parameter", text, expecting: "field name")
    }
    return Item(column: rest, alias: alias, cast: cast)
  }

  private static func isCastLetter(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: " "), UInt8(ascii: "$"): true
    default: false
    }
  }

  private static func terms(_ text: String) throws(RestError) -> [Term] {
    var terms: [Term] = []
    for part in text.split(separator: ",") {
      if part.contains("(") || part.contains("->") { throw .notImplemented("Order by \(part)") }
      let words = part.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
      var direction = ""
      for word in words.dropFirst() {
        guard let sql = directions[word] else {
          throw .unreadable("order", text, expecting: "\"asc\", \"desc\", \"nullsfirst\" or \"nullslast\"")
        }
        direction += " " + sql
      }
      terms.append(Term(column: words[0], direction: direction))
    }
    return terms
  }

  /// Refuses names that `columns` does not have; `relation` is for the message.
  func check(against columns: [SchemaCache.Column], of relation: String) throws(RestError) {
    let known = Set(columns.map(\.name))
    let selected = items.map(\.column).filter { $0 != "*" }
    for name in selected + filters.map(\.column) + order.map(\.column) where !known.contains(name) {
      throw .unknownColumn(name, of: relation)
    }
  }

  /// The columns of the answer as SQL.
  var selectList: String {
    guard !items.isEmpty else { return "*" }
    return items.map { item in
      guard item.column != "*" else { return "*" }
      let value = quoteIdentifier(item.column)
      let cast = item.cast.map { "\(value)::\($0)" } ?? value
      return "\(cast) as \(quoteIdentifier(item.alias ?? item.column))"
    }.joined(separator: ", ")
  }

  /// ` where …`, or nothing.
  func whereClause(_ parameters: inout [Parameter]) -> String {
    guard !filters.isEmpty else { return "" }
    return " where " + filters.map { $0.sql(&parameters) }.joined(separator: " and ")
  }

  /// ` order by … limit … offset …`, each where there is one.
  func tail(maximum: Int?, _ parameters: inout [Parameter]) -> String {
    var sql = ""
    if !order.isEmpty {
      sql += " order by " + order.map { quoteIdentifier($0.column) + $0.direction }.joined(separator: ", ")
    }
    if let most = [limit, maximum].compactMap(\.self).min() {
      sql += " limit \(parameters.place(.text(String(most))))"
    }
    if offset > 0 { sql += " offset \(parameters.place(.text(String(offset))))" }
    return sql
  }
}
