/// Reads one parameter of a query from left to right; by bytes, so that no combining mark hides a delimiter.
struct Scanner {
  /// How deep parentheses may stand in each other.
  private static let deepest = 10

  private let part: String
  private let bytes: [UInt8]
  private var place = 0
  private var depth = 0

  /// A scanner at the start of `text`; `part` says in errors what it is.
  init(_ text: String, as part: String) {
    self.part = part
    bytes = Array(text.utf8)
  }

  /// The byte that comes next; all that is not ASCII looks like some other letter.
  var next: Unicode.Scalar? { place < bytes.count ? Unicode.Scalar(bytes[place]) : nil }

  /// Passes over `literal` if it comes next.
  mutating func take(_ literal: String) -> Bool {
    guard bytes[place...].starts(with: literal.utf8) else { return false }
    place += literal.utf8.count
    return true
  }

  /// Passes over what `isPart` allows.
  mutating func take(while isPart: (Unicode.Scalar) -> Bool) -> String {
    let start = place
    while let next, isPart(next) { place += 1 }
    return String(decoding: bytes[start..<place], as: UTF8.self)
  }

  /// Passes over `literal`, which must come next.
  mutating func expect(_ literal: String) throws(RestError) {
    guard take(literal) else { throw unexpected(expecting: "\"\(literal)\"") }
  }

  /// Fails unless everything is read.
  func expectEnd(or expected: String) throws(RestError) {
    guard place == bytes.count else { throw unexpected(expecting: "\(expected) or end of input") }
  }

  /// A name: letters, digits, `_`, `$`, spaces and inner `-`, or anything between quotes.
  mutating func name() throws(RestError) -> String {
    if let name = quoted() { return name }
    let start = place
    while let next, Self.isNameLetter(next) || (next == "-" && !isArrow) { place += 1 }
    let name = Substring(decoding: bytes[start..<place], as: UTF8.self).trimming()
    guard !name.isEmpty else { throw unexpected(expecting: "field name (* or [a..z0..9_$])") }
    return String(name)
  }

  private var isArrow: Bool { place + 1 < bytes.count && bytes[place + 1] == UInt8(ascii: ">") }

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
    guard next == "\"" else { return nil }
    var text: [UInt8] = []
    var ahead = place + 1
    while ahead < bytes.count {
      if bytes[ahead] == UInt8(ascii: "\"") {
        place = ahead + 1
        return String(decoding: text, as: UTF8.self)
      }
      if bytes[ahead] == UInt8(ascii: "\\"), ahead + 1 < bytes.count { ahead += 1 }
      text.append(bytes[ahead])
      ahead += 1
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
    let found = String(decoding: bytes[place...], as: UTF8.self).first.map { "\"\($0)\"" }
    return .unreadable(
      part, String(decoding: bytes, as: UTF8.self),
      column: String(decoding: bytes[..<place], as: UTF8.self).unicodeScalars.count + 1,
      details: "unexpected \(found ?? "end of input") expecting \(expected)")
  }

  private static func isNameLetter(_ letter: Unicode.Scalar) -> Bool {
    switch letter {
    case "a"..."z", "A"..."Z", "0"..."9", "_", "$", " ": true
    default: !letter.isASCII
    }
  }
}
