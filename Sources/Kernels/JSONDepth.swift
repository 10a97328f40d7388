import CKernels

/// How deep the objects and arrays of a JSON text lie in each other.
///
/// Brackets within strings do not count; a text that is no JSON has some depth too, never less than a parser gets to before
/// it notices. A scalar has depth 0.
/// - Complexity: O(bytes); does not allocate.
private func depth(_ text: UnsafeBufferPointer<UInt8>) -> Int32 {
  var open: Int32 = 0, deepest: Int32 = 0
  var inString = false
  var at = 0
  while at < text.count {
    let byte = text[at]
    if inString {
      if byte == UInt8(ascii: "\\") { at &+= 1 } else if byte == UInt8(ascii: "\"") { inString = false }
    } else if byte == UInt8(ascii: "\"") {
      inString = true
    } else if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
      open &+= 1
      if open > deepest { deepest = open }
    } else if byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]") {
      open &-= 1
    }
    at &+= 1
  }
  return deepest
}

@c @implementation
public func ks_json_depth(_ text: UnsafePointer<UInt8>, _ size: Int32) -> Int32 {
  depth(UnsafeBufferPointer(start: text, count: Int(size)))
}
