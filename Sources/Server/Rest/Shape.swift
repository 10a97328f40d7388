/// Which rows and columns of a result the client wants: the part of the query that reads, calls and writes share.
struct Shape {
  /// A part of `select`.
  enum Item {
    case all
    case field(Field, alias: String?, cast: String?)
    /// The embedded rows at this place of `embeds`.
    case embed(Int)
  }

  /// A field to sort by, with words such as `desc`.
  struct Term {
    let field: Field
    let direction: String
  }

  /// More columns than PostgreSQL allows in one list are its internal limit, not the client's mistake; so they are refused here.
  private static let mostItems = 1_000
  private static let directions = [
    "asc": "asc", "desc": "desc", "nullsfirst": "nulls first", "nullslast": "nulls last",
  ]

  private static let reserved = ["select", "columns", "on_conflict"]

  private(set) var items: [Item] = [.all]
  private(set) var embeds: [Embed] = []
  private(set) var conditions: [Condition] = []
  private(set) var order: [Term] = []
  private(set) var limit: Int?
  private(set) var offset = 0

  /// Reads the shape from a query; parameters named in `ignoring` are something else's.
  init(_ query: QueryString, ignoring: Set<String> = [], range: Negotiation.Range? = nil) throws(RestError) {
    if let text = query.first("select"), !text.isEmpty {
      var scanner = Scanner(text, as: "select parameter")
      self = try Shape(&scanner)
      try scanner.expectEnd(or: "\",\"")
    }
    for item in query.items where !Self.reserved.contains(item.name) && !ignoring.contains(item.name) {
      try read(item)
    }
    if let range { try cut(to: range) }
  }

  /// Whether a parameter can be about a shape at all.
  static func canRead(_ item: QueryString.Item) -> Bool {
    var shape = Shape(textOf: [])
    if reserved.contains(item.name) { return true }
    do throws(RestError) { try shape.read(item) } catch { return error.code != "PGRST100" }
    return true
  }

  /// Only certain columns, as text.
  init(textOf columns: [String]) {
    items = columns.map { .field(Field(column: $0), alias: nil, cast: "text") }
  }

  /// The same without conditions on its own rows.
  var withoutFilters: Shape {
    var shape = self
    shape.conditions = []
    return shape
  }

  /// The same without related rows.
  var withoutEmbeds: Shape {
    var shape = self
    shape.embeds = []
    return shape
  }

  /// Reads a list of items.
  private init(_ scanner: inout Scanner) throws(RestError) {
    items = []
    repeat {
      guard items.count < Self.mostItems else {
        throw scanner.unexpected(expecting: "at most \(Self.mostItems) columns")
      }
      try readItem(&scanner)
    } while scanner.take(",")
  }

  private mutating func readItem(_ scanner: inout Scanner) throws(RestError) {
    if scanner.take("...") {
      throw .notImplemented("Spread of an embedded resource, as in ...\(try scanner.name())")
    }
    if scanner.take("*") { return items.append(.all) }
    var alias: String?
    var ahead = scanner
    let first = try ahead.name()
    if !ahead.take("::"), ahead.take(":") {
      alias = first
      scanner = ahead
    }
    let field = try Field(&scanner)
    if field.path.isEmpty, scanner.next == "(" || scanner.next == "!" {
      if field.column == "count", scanner.take("()") { throw .aggregate }
      embeds.append(try embed(field.column, alias: alias, &scanner))
      return items.append(.embed(embeds.count - 1))
    }
    let cast = scanner.take("::") ? try Self.type(&scanner) : nil
    if scanner.take(".") { throw .aggregate }
    items.append(.field(field, alias: alias, cast: cast))
  }

  private func embed(_ target: String, alias: String?, _ scanner: inout Scanner) throws(RestError) -> Embed {
    var embed = Embed(target: target, alias: alias)
    while scanner.take("!") {
      switch try scanner.name() {
      case "inner": embed.isInner = true
      case "left": break
      case let hint: embed.hint = hint
      }
    }
    try scanner.expect("(")
    if scanner.take(")") {
      embed.shape.items = []
    } else {
      embed.shape = try scanner.deeper { scanner throws(RestError) in try Shape(&scanner) }
      try scanner.expect(")")
    }
    return embed
  }

  /// The types whose names have several words.
  private static let wordyTypes: Set = [
    "double precision", "character varying", "bit varying", "timestamp with time zone",
    "timestamp without time zone", "time with time zone", "time without time zone",
  ]

  /// A type: the one name that is not quoted, and with spaces between any words it could be a whole query
  /// (`text from sites union select key`), so it is one word, or one of those known.
  private static func type(_ scanner: inout Scanner) throws(RestError) -> String {
    let start = scanner
    let name = scanner.take { scalar in
      switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9", "_", " ": true
      default: false
      }
    }
    let isWord = !name.contains(" ") && name.first.map { !$0.isNumber } ?? false
    guard isWord || wordyTypes.contains(name) else { throw start.unexpected(expecting: "a type name") }
    return name
  }

  /// Reads any other parameter: `[embed.]*` and then `order`, `limit`, `offset`, `[not.]or`, `[not.]and` or a field.
  private mutating func read(_ item: QueryString.Item) throws(RestError) {
    var scanner = Scanner(item.name, as: "tree path")
    var embeds: [String] = []
    var field = try Field(&scanner)
    while field.path.isEmpty, scanner.take(".") {
      embeds.append(field.column)
      field = try Field(&scanner)
    }
    try scanner.expectEnd(or: "\".\"")
    let isLogic = field.path.isEmpty && ["or", "and"].contains(field.column)
    let isNegated = isLogic && embeds.last == "not"
    if isNegated { embeds.removeLast() }
    try change(embeds[...]) { shape throws(RestError) in
      switch field.path.isEmpty ? field.column : "" {
      case "order": shape.order += try Self.terms(item.value)
      case "limit":
        shape.limit = Int(item.value) ?? shape.limit
        if let limit = shape.limit, limit < 0 {
          throw .range("Limit should be greater than or equal to zero.")
        }
      case "offset": shape.offset = max(0, Int(item.value) ?? 0)
      case let word where isLogic:
        shape.conditions.append(try .group(item.value, joinedBy: word, isNegated: isNegated))
      default:
        var value = Scanner(item.value, as: "filter")
        shape.conditions.append(.filter(try Filter(field, &value, inList: false)))
      }
    }
  }

  private mutating func change(
    _ path: ArraySlice<String>, _ work: (inout Shape) throws(RestError) -> Void
  ) throws(RestError) {
    guard let name = path.first else { return try work(&self) }
    guard let place = embeds.firstIndex(where: { $0.isCalled(name) }) else {
      throw RestError(
        400, "PGRST108", "'\(name)' is not an embedded resource in this request",
        hint: "Verify that '\(name)' is included in the 'select' query parameter.")
    }
    try embeds[place].shape.change(path.dropFirst(), work)
  }

  private static func terms(_ text: String) throws(RestError) -> [Term] {
    guard !text.isEmpty else { return [] }
    var scanner = Scanner(text, as: "order")
    var terms: [Term] = []
    repeat {
      let field = try Field(&scanner)
      if scanner.next == "(" {
        throw .notImplemented("Order by a column of an embedded resource, as in \(text)")
      }
      var direction = ""
      while scanner.take(".") {
        let start = scanner
        // One of the first two, then one of the last two.
        guard let sql = directions[scanner.take { ("a"..."z").contains($0) }],
          direction.isEmpty || sql.hasPrefix("nulls") && !direction.contains("nulls")
        else {
          throw start.unexpected(expecting: "\"asc\", \"desc\", \"nullsfirst\" or \"nullslast\"")
        }
        direction += " \(sql)"
      }
      terms.append(Term(field: field, direction: direction))
    } while scanner.take(",")
    try scanner.expectEnd(or: "\",\"")
    return terms
  }

  /// Takes only what lies in `range` and in limit and offset.
  private mutating func cut(to range: Negotiation.Range) throws(RestError) {
    if let last = range.last, last < range.first {
      throw .range(
        "The lower boundary must be lower than or equal to the upper boundary in the Range header.")
    }
    let end = [limit.map { offset.addingClamped($0) }, range.last.map { $0.addingClamped(1) }].compactMap(
      \.self
    ).min()
    offset = max(offset, range.first)
    limit = end.map { max(0, $0 - offset) }
  }
}

/// Rows of a related table inside each row: `[alias:]target[!hint][!inner](…)`.
struct Embed {
  /// A table, or a foreign key or its column.
  let target: String
  /// What it is called in the answer.
  let alias: String?
  /// Which foreign key is meant.
  var hint: String?
  /// Whether rows without related ones are left out.
  var isInner = false
  /// What is wanted of the related rows.
  var shape = Shape(textOf: [])

  /// What it is called in the answer.
  var name: String { alias ?? target }

  /// Whether parameters that begin with `name.` mean it.
  func isCalled(_ name: String) -> Bool { alias == name || target == name }
}

extension Int {
  fileprivate func addingClamped(_ other: Int) -> Int {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
