/// Reads one parameter of a query from left to right; by scalars, so that no combining mark hides a delimiter.
struct Scanner {
  /// How deep parentheses may stand in each other.
  private static let deepest = 10

  private let part: String
  private let text: String
  private var rest: Substring.UnicodeScalarView
  private var depth = 0

  /// A scanner at the start of `text`; `part` says in errors what it is.
  init(_ text: String, as part: String) {
    self.part = part
    self.text = text
    rest = Substring(text).unicodeScalars
  }

  /// The scalar that comes next.
  var next: Unicode.Scalar? { rest.first }

  /// Passes over `literal` if it comes next.
  mutating func take(_ literal: String) -> Bool {
    guard rest.starts(with: literal.unicodeScalars) else { return false }
    rest.removeFirst(literal.unicodeScalars.count)
    return true
  }

  /// Passes over what `isPart` allows.
  mutating func take(while isPart: (Unicode.Scalar) -> Bool) -> String {
    let taken = rest.prefix(while: isPart)
    rest = rest[taken.endIndex...]
    return String(taken)
  }

  /// Passes over `literal`, which must come next.
  mutating func expect(_ literal: String) throws(RestError) {
    guard take(literal) else { throw unexpected(expecting: "\"\(literal)\"") }
  }

  /// Fails unless everything is read.
  func expectEnd(or expected: String) throws(RestError) {
    guard rest.isEmpty else { throw unexpected(expecting: "\(expected) or end of input") }
  }

  /// A name: letters, digits, `_`, `$`, spaces and inner `-`, or anything between quotes.
  mutating func name() throws(RestError) -> String {
    if let name = quoted() { return name }
    let start = rest
    while let scalar = rest.first,
      Self.isNameLetter(scalar) || (scalar == "-" && !rest.starts(with: "->".unicodeScalars))
    {
      rest.removeFirst()
    }
    let name = Substring(start[..<rest.startIndex]).trimming()
    guard !name.isEmpty else { throw unexpected(expecting: "field name (* or [a..z0..9_$])") }
    return String(name)
  }

  /// The names in a list such as `a,"b c"`.
  static func names(_ text: String, as part: String) throws(RestError) -> [String] {
    var scanner = Scanner(text, as: part)
    var names: [String] = []
    repeat { names.append(try scanner.name()) } while scanner.take(",")
    try scanner.expectEnd(or: "\",\"")
    return names
  }

  /// Text between quotes, where a backslash escapes; `nil`, and nothing read, if there is none.
  mutating func quoted() -> String? {
    guard rest.first == "\"" else { return nil }
    var text = String.UnicodeScalarView()
    var ahead = rest.dropFirst()
    while let scalar = ahead.popFirst() {
      if scalar == "\"" {
        rest = ahead
        return String(text)
      }
      text.append(scalar == "\\" ? ahead.popFirst() ?? scalar : scalar)
    }
    return nil
  }

  /// Reads one level deeper, as far as that is allowed.
  mutating func deeper<Result>(_ read: (inout Scanner) throws(RestError) -> Result) throws(RestError)
    -> Result
  {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.deepest else {
      throw .notImplemented("More than \(Self.deepest) levels of parentheses")
    }
    return try read(&self)
  }

  /// The error that something else should come next.
  func unexpected(expecting expected: String) -> RestError {
    .unreadable(
      part, text, column: text.unicodeScalars.count - rest.count + 1,
      details: "unexpected \(rest.first.map { "\"\($0)\"" } ?? "end of input") expecting \(expected)")
  }

  private static func isNameLetter(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "a"..."z", "A"..."Z", "0"..."9", "_", "$", " ": true
    default: !scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
    }
  }
}
