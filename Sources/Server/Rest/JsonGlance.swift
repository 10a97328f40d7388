/// Finds the keys of a JSON object by a glance at its bytes: PostgreSQL parses the whole anyway, and to parse it here as well
/// cost a twentieth of a small call.
package struct JsonGlance {
  private let bytes: [UInt8]
  private var place: Int

  /// The keys of the object; `nil` for whatever is not plainly one, such as an escape in a key: a parser has to look.
  package static func keys(_ bytes: [UInt8]) -> Set<String>? {
    var keys: Set<String> = []
    var isText = true
    let isObject = members(bytes) { key, _ in
      if let key = String(validating: bytes[key], as: UTF8.self) { keys.insert(key) } else { isText = false }
    }
    return isObject && isText ? keys : nil
  }

  /// The member `name` of the object, if it is plainly a text; of several the last, as for jsonb.
  package static func text(_ name: String, in bytes: [UInt8]) -> String? {
    var found: Int?
    let isObject = members(bytes) { key, place in
      if bytes[key].elementsEqual(name.utf8) { found = place }
    }
    guard isObject, let found else { return nil }
    var glance = JsonGlance(bytes: bytes, place: found)
    guard glance.next() == UInt8(ascii: "\""), let text = glance.key() else { return nil }
    return String(validating: bytes[text], as: UTF8.self)
  }

  /// Calls `member` with the key of each member and the place of its value; false if this is not plainly an object.
  private static func members(_ bytes: [UInt8], _ member: (Range<Int>, Int) -> Void) -> Bool {
    var glance = JsonGlance(bytes: bytes, place: 0)
    return glance.members(member)
  }

  private init(bytes: [UInt8], place: Int) {
    self.bytes = bytes
    self.place = place
  }

  private mutating func members(_ member: (Range<Int>, Int) -> Void) -> Bool {
    guard next() == UInt8(ascii: "{"), var byte = next() else { return false }
    while byte != UInt8(ascii: "}") {
      guard byte == UInt8(ascii: "\""), let key = key(), next() == UInt8(ascii: ":") else { return false }
      member(key, place)
      guard let end = skipValue() else { return false }
      if end == UInt8(ascii: "}") { break }
      guard let following = next(), following == UInt8(ascii: "\"") else { return false }
      byte = following
    }
    return next() == nil
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

  /// Where the text up to the closing quote is.
  private mutating func key() -> Range<Int>? {
    let start = place
    while place < bytes.count {
      let byte = bytes[place]
      place += 1
      if byte == UInt8(ascii: "\\") || byte < UInt8(ascii: " ") { return nil }
      if byte == UInt8(ascii: "\"") { return start..<(place - 1) }
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
