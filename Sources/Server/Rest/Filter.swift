import Database

/// One condition on a field: `price=gte.10`, `name=not.ilike.*shop*`.
package struct Filter: Equatable {
  /// What must hold.
  package enum Test: Equatable {
    /// SQL between field and value, such as `>=` or `like any`.
    case compare(String, to: String)
    /// One of the few words of `is`.
    case keyword(String)
    /// A full-text query, made by a function from words of a language.
    case search(String, language: String?, words: String)
  }

  /// What it looks at.
  let field: Field
  /// Whether the test must fail.
  let isNegated: Bool
  /// The test.
  let test: Test

  private static let operators = [
    "eq": "=", "neq": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "like": "like", "ilike": "ilike",
    "match": "~", "imatch": "~*", "isdistinct": "is distinct from", "cs": "@>", "cd": "<@", "ov": "&&",
    "sl": "<<", "sr": ">>", "nxr": "&<", "nxl": "&>", "adj": "-|-",
  ]
  /// Those that take a list and `(any)` or `(all)`.
  private static let quantified: Set = ["eq", "gt", "gte", "lt", "lte", "like", "ilike", "match", "imatch"]
  private static let searches = [
    "fts": "to_tsquery", "plfts": "plainto_tsquery", "phfts": "phraseto_tsquery",
    "wfts": "websearch_to_tsquery",
  ]
  private static let keywords = [
    "null": "null", "not_null": "not null", "true": "true", "false": "false", "unknown": "unknown",
  ]

  /// Reads what follows the field; in a list of conditions, a value ends at a comma or parenthesis.
  init(_ field: Field, _ scanner: inout Scanner, inList: Bool) throws(RestError) {
    self.field = field
    isNegated = scanner.take("not.")
    let start = scanner
    let name = scanner.take { ("a"..."z").contains($0) }
    var modifier: String?
    if scanner.take("(") {
      modifier = scanner.take { $0 != ")" }
      try scanner.expect(")")
    }
    let isKnown =
      switch modifier {
      case nil: name == "in" || name == "is" || Self.operators[name] != nil || Self.searches[name] != nil
      case "any", "all": Self.quantified.contains(name) || Self.searches[name] != nil
      default: Self.searches[name] != nil
      }
    guard isKnown, scanner.take(".") else {
      throw start.unexpected(expecting: "\"not\" or operator (eq, gt, ...)")
    }
    if name == "in" {
      test = .compare("= any", to: Self.arrayLiteral(try Self.list(&scanner)))
    } else if name == "is" {
      let start = scanner
      guard let keyword = Self.keywords[scanner.take { ![",", ")"].contains($0) }.lowercased()] else {
        throw start.unexpected(expecting: "null or trilean value (unknown, true, false)")
      }
      test = .keyword(keyword)
    } else {
      let value = inList ? Self.value(&scanner) : scanner.take { _ in true }
      if let function = Self.searches[name] {
        test = .search(function, language: modifier, words: value)
      } else {
        let sql = Self.operators[name] ?? "="
        test = .compare(
          modifier.map { "\(sql) \($0)" } ?? sql,
          to: name.hasSuffix("like") ? value.replacing("*", with: "%") : value)
      }
    }
    if !inList { try scanner.expectEnd(or: "\",\"") }
  }

  /// The elements of `(a,"b,c",d)`. A quoted one must end at its quote, else the quotes belong to it: not all clients escape.
  private static func list(_ scanner: inout Scanner) throws(RestError) -> [String] {
    try scanner.expect("(")
    if scanner.take(")") { return [] }
    var elements: [String] = []
    repeat { elements.append(value(&scanner, arrays: false)) } while scanner.take(",")
    try scanner.expect(")")
    return elements
  }

  /// A value that ends at a comma or parenthesis, unless quotes or braces hold it together.
  private static func value(_ scanner: inout Scanner, arrays: Bool = true) -> String {
    func isEnd(_ scalar: Unicode.Scalar?) -> Bool { scalar == nil || scalar == "," || scalar == ")" }
    var ahead = scanner
    if let value = ahead.quoted(), isEnd(ahead.next) {
      scanner = ahead
      return value
    }
    ahead = scanner
    if arrays, ahead.take("{") {
      let elements = ahead.take { $0 != "{" && $0 != "}" }
      if ahead.take("}"), isEnd(ahead.next) {
        scanner = ahead
        return "{\(elements)}"
      }
    }
    return scanner.take { !isEnd($0) }
  }

  /// One array, so that lists of any length share one prepared statement.
  private static func arrayLiteral(_ values: [String]) -> String {
    let elements = values.map { "\"\($0.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\"" }
    return "{\(elements.joined(separator: ","))}"
  }
}

/// A filter, or several of which all or one must hold: `or=(a.eq.1,not.and(b.gt.2,c.is.null))`.
package enum Condition: Equatable {
  case filter(Filter)
  case group([Condition], joinedBy: String, isNegated: Bool)

  private static let groups = [
    ("and(", "and", false), ("or(", "or", false), ("not.and(", "and", true), ("not.or(", "or", true),
  ]

  /// Reads the list in parentheses that `or=` and `and=` take.
  static func group(_ text: String, joinedBy word: String, isNegated: Bool) throws(RestError) -> Condition {
    var scanner = Scanner(text, as: "logic tree")
    try scanner.expect("(")
    let members = try list(&scanner)
    try scanner.expectEnd(or: "\",\"")
    return .group(members, joinedBy: word, isNegated: isNegated)
  }

  private static func list(_ scanner: inout Scanner) throws(RestError) -> [Condition] {
    var members: [Condition] = []
    repeat { members.append(try member(&scanner)) } while scanner.take(",")
    try scanner.expect(")")
    return members
  }

  private static func member(_ scanner: inout Scanner) throws(RestError) -> Condition {
    _ = scanner.take { $0 == " " }
    for (literal, word, isNegated) in groups where scanner.take(literal) {
      return .group(try scanner.deeper(list), joinedBy: word, isNegated: isNegated)
    }
    let field = try Field(&scanner)
    try scanner.expect(".")
    return .filter(try Filter(field, &scanner, inList: true))
  }
}
