/// Finds the keys of a JSON object by a glance at its bytes: PostgreSQL parses the whole anyway, and to parse it here as well
/// cost a twentieth of a small call.
package struct JsonGlance {
  private let bytes: [UInt8]
  private var place: Int

  /// The keys of the object; `nil` for whatever is not plainly one, such as an escape in a key: a parser has to look.
  package static func keys(_ bytes: [UInt8]) -> Set<String>? { members(bytes).map { Set($0.keys) } }

  /// The member `name` of the object, if it is plainly a text; of several the last, as for jsonb.
  package static func text(_ name: String, in bytes: [UInt8]) -> String? {
    guard let place = members(bytes)?[name] else { return nil }
    var glance = JsonGlance(bytes: bytes, place: place)
    return glance.next() == UInt8(ascii: "\"") ? glance.key() : nil
  }

  /// Where the value of each key begins.
  private static func members(_ bytes: [UInt8]) -> [String: Int]? {
    var glance = JsonGlance(bytes: bytes, place: 0)
    return glance.members()
  }

  private init(bytes: [UInt8], place: Int) {
    self.bytes = bytes
    self.place = place
  }

  private mutating func members() -> [String: Int]? {
    var members: [String: Int] = [:]
    guard next() == UInt8(ascii: "{") else { return nil }
    guard var byte = next() else { return nil }
    while byte != UInt8(ascii: "}") {
      guard byte == UInt8(ascii: "\""), let key = key(), next() == UInt8(ascii: ":") else { return nil }
      members[key] = place
      guard let end = skipValue() else { return nil }
      if end == UInt8(ascii: "}") { break }
      guard let following = next(), following == UInt8(ascii: "\"") else { return nil }
      byte = following
    }
    return next() == nil ? members : nil
  }

  /// The next byte that is no white space.
  private mutating func next() -> UInt8? {
    while place < bytes.count {
      let byte = bytes[place]
      place += 1
      if byte > UInt8(ascii: " ") { return byte }
    }
    return nil
  }

  /// The text up to the closing quote.
  private mutating func key() -> String? {
    let start = place
    while place < bytes.count {
      let byte = bytes[place]
      place += 1
      if byte == UInt8(ascii: "\\") || byte < UInt8(ascii: " ") { return nil }
      if byte == UInt8(ascii: "\"") { return String(validating: bytes[start..<(place - 1)], as: UTF8.self) }
    }
    return nil
  }

  /// Passes over a value; gives the comma or brace after it.
  private mutating func skipValue() -> UInt8? {
    var depth = 0
    var isEmpty = true
    while let byte = next() {
      switch byte {
      case UInt8(ascii: ",") where depth == 0, UInt8(ascii: "}") where depth == 0: return isEmpty ? nil : byte
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
      case UInt8(ascii: "\""): guard skipString() else { return nil }
      default: break
      }
      if depth < 0 { return nil }
      isEmpty = false
    }
    return nil
  }

  private mutating func skipString() -> Bool {
    while place < bytes.count {
      let byte = bytes[place]
      place += byte == UInt8(ascii: "\\") ? 2 : 1
      if byte == UInt8(ascii: "\"") { return true }
    }
    return false
  }
}
