import Database

/// One condition on a column: `price=gte.10`, `name=not.ilike.*shop*`.
package struct Filter: Equatable {
  /// The column it looks at.
  package let column: String
  /// Whether the condition must not hold.
  package let isNegated: Bool
  /// SQL between column and value, such as `>=`.
  package let sqlOperator: String
  /// The value, as a parameter or as one of the few words of `is`.
  package let operand: Operand

  /// What stands on the right side.
  package enum Operand: Equatable {
    case value(String)
    case anyOf([String])
    case keyword(String)
  }

  private static let comparisons = [
    "eq": "=", "neq": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "like": "like", "ilike": "ilike",
  ]
  private static let keywords: Set = ["null", "true", "false", "unknown", "not_null"]
  /// Operators of the dialect that this server does not have yet.
  private static let later: Set = [
    "match", "imatch", "isdistinct", "cs", "cd", "ov", "sl", "sr", "nxl", "nxr", "adj", "fts", "plfts",
    "phfts", "wfts",
  ]

  /// Parses a parameter `column=text`.
  package init(column: String, text: String) throws(RestError) {
    guard !column.contains("->") else { throw .notImplemented("JSON paths, as in \(column)") }
    guard !column.contains(".") else {
      throw .notImplemented("Conditions on embedded resources, as in \(column)")
    }
    var rest = Substring(text)
    let isNegated = rest.hasPrefix("not.")
    if isNegated { rest = rest.dropFirst(4) }
    let name = String(rest.prefix { $0 != "." && $0 != "(" })
    let isKnown = Self.comparisons[name] != nil || name == "in" || name == "is"
    let next = rest.dropFirst(name.count).first
    guard !Self.later.contains(name), !(isKnown && next == "(") else {
      throw .notImplemented("Operator \(name)\(next == "(" ? "(any) or (all)" : "")")
    }
    guard isKnown, next == "." else {
      throw .unreadable("filter", text, expecting: "\"not\" or operator (eq, gt, ...)")
    }
    let value = String(rest.dropFirst(name.count + 1))
    self.column = column
    self.isNegated = isNegated
    switch name {
    case "in":
      sqlOperator = "="
      operand = .anyOf(try Self.list(value))
    case "is":
      let keyword = value.lowercased()
      guard Self.keywords.contains(keyword) else {
        throw .unreadable("filter", text, expecting: "null or trilean value (unknown, true, false)")
      }
      sqlOperator = "is"
      operand = .keyword(keyword == "not_null" ? "not null" : keyword)
    default:
      sqlOperator = Self.comparisons[name] ?? "="
      operand = .value(name.hasSuffix("like") ? value.replacing("*", with: "%") : value)
    }
  }

  /// The elements of `(a,"b,c",d)`. A quote counts only at the start of an element, since clients do not escape others.
  package static func list(_ text: String) throws(RestError) -> [String] {
    guard text.hasPrefix("("), text.hasSuffix(")"), text.count >= 2 else {
      throw .unreadable("filter", "in.\(text)", expecting: "\"(\"")
    }
    var rest = text.dropFirst().dropLast()
    guard !rest.isEmpty else { return [] }
    var elements: [String] = []
    while true {
      elements.append(rest.first == "\"" ? try quoted(&rest, of: text) : plain(&rest))
      guard rest.first == "," else { break }
      rest.removeFirst()
    }
    return elements
  }

  private static func plain(_ rest: inout Substring) -> String {
    let element = rest.prefix { $0 != "," }
    rest = rest.dropFirst(element.count)
    return String(element)
  }

  private static func quoted(_ rest: inout Substring, of text: String) throws(RestError) -> String {
    var element = ""
    rest.removeFirst()
    while let character = rest.popFirst() {
      switch character {
      case "\\": if let escaped = rest.popFirst() { element.append(escaped) }
      case "\"":
        guard rest.isEmpty || rest.first == "," else {
          throw .unreadable("filter", "in.\(text)", expecting: "\",\" or \")\" after a quoted value")
        }
        return element
      default: element.append(character)
      }
    }
    throw .unreadable("filter", "in.\(text)", expecting: "a closing quote")
  }

  /// The condition as SQL; its value goes to `parameters`.
  package func sql(_ parameters: inout [Parameter]) -> String {
    let condition =
      switch operand {
      case .keyword(let word): "\(quoteIdentifier(column)) \(sqlOperator) \(word)"
      case .value(let value): "\(quoteIdentifier(column)) \(sqlOperator) \(parameters.place(.text(value)))"
      case .anyOf(let values):
        // One array, so that lists of any length share one prepared statement.
        "\(quoteIdentifier(column)) = any (\(parameters.place(.text(Self.arrayLiteral(values)))))"
      }
    return isNegated ? "not (\(condition))" : condition
  }

  private static func arrayLiteral(_ values: [String]) -> String {
    let elements = values.map { value in
      "\"" + value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
    return "{" + elements.joined(separator: ",") + "}"
  }
}

extension [Parameter] {
  /// Adds a parameter and gives its place, `$n`.
  package mutating func place(_ parameter: Parameter) -> String {
    append(parameter)
    return "$\(count)"
  }
}
