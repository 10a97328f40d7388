import CKernels

private let quote = UInt8(ascii: "\"")

/// Splits one record of a CSV file (RFC 4180) into its fields.
///
/// Blanks around a field do not count, a doubled quote within a quoted field is one quote, and a quote within a field that
/// did not begin with one stands for itself. Nothing is one empty field.
/// - Returns: how many fields the record has, of which the first `room` are written; or what is wrong with it.
/// - Complexity: O(bytes); does not allocate. `text` needs room for as many bytes as the record has.
private func split(
  _ record: UnsafeBufferPointer<UInt8>, delimiter: UInt8, into text: UnsafeMutablePointer<UInt8>,
  _ fields: UnsafeMutablePointer<ks_csv_field>, room: Int
) -> Int32 {
  var at = 0, filled = 0
  var count: Int32 = 0
  while true {
    while at < record.count, isBlank(record[at], delimiter) { at &+= 1 }
    var begin = filled
    if at < record.count, record[at] == quote {
      at &+= 1
      guard let end = unquote(record, from: at, into: text, &filled) else { return KS_CSV_OPEN_QUOTE }
      at = end
      while at < record.count, isBlank(record[at], delimiter) { at &+= 1 }
      if at < record.count, record[at] != delimiter { return KS_CSV_TEXT_AFTER_QUOTE }
      while begin < filled, isBlank(text[begin], delimiter) { begin &+= 1 }
    } else {
      while at < record.count, record[at] != delimiter {
        text[filled] = record[at]
        filled &+= 1
        at &+= 1
      }
    }
    var end = filled
    while end > begin, isBlank(text[end &- 1], delimiter) { end &-= 1 }
    if count < room {
      fields[Int(count)] = ks_csv_field(
        start: Int32(truncatingIfNeeded: begin), length: Int32(truncatingIfNeeded: end &- begin))
    }
    count &+= 1
    if at >= record.count { return count }
    at &+= 1
  }
}

/// Copies what stands up to the closing quote; the place after it, or `nil` if there is none.
private func unquote(
  _ record: UnsafeBufferPointer<UInt8>, from start: Int, into text: UnsafeMutablePointer<UInt8>,
  _ filled: inout Int
) -> Int? {
  var at = start
  while at < record.count {
    if record[at] == quote {
      if at &+ 1 >= record.count || record[at &+ 1] != quote { return at &+ 1 }
      at &+= 1
    }
    text[filled] = record[at]
    filled &+= 1
    at &+= 1
  }
  return nil
}

@inline(__always)
private func isBlank(_ byte: UInt8, _ delimiter: UInt8) -> Bool {
  (byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A) && byte != delimiter
}

/// Whether a line ends inside a quoted field, given whether it begins inside one.
///
/// - Complexity: O(bytes); does not allocate.
private func endsInQuotes(_ line: UnsafeBufferPointer<UInt8>, delimiter: UInt8, begins: Bool) -> Bool {
  var inside = begins, atStart = !begins
  var at = 0
  while at < line.count {
    let byte = line[at]
    if inside {
      if byte == quote {
        if at &+ 1 < line.count, line[at &+ 1] == quote { at &+= 1 } else { inside = false }
      }
    } else if byte == delimiter {
      atStart = true
    } else if atStart, byte == quote {
      inside = true
      atStart = false
    } else if !isBlank(byte, delimiter) {
      atStart = false
    }
    at &+= 1
  }
  return inside
}

@c @implementation
public func ks_csv_split(
  _ record: UnsafePointer<UInt8>, _ size: Int32, _ delimiter: UInt8, _ text: UnsafeMutablePointer<UInt8>,
  _ fields: UnsafeMutablePointer<ks_csv_field>, _ room: Int32
) -> Int32 {
  split(
    UnsafeBufferPointer(start: record, count: Int(size)), delimiter: delimiter, into: text, fields,
    room: Int(room))
}

@c @implementation
public func ks_csv_ends_in_quotes(
  _ line: UnsafePointer<UInt8>, _ size: Int32, _ delimiter: UInt8, _ begins: Bool
) -> Bool {
  endsInQuotes(UnsafeBufferPointer(start: line, count: Int(size)), delimiter: delimiter, begins: begins)
}

/// The bytes of a file that was read as if it were Latin 1: each character below 256 is a byte.
///
/// - Returns: how many bytes, or -1 if a character is not one.
/// - Complexity: O(bytes); does not allocate.
@c @implementation
public func ks_bytes_of_latin1(
  _ text: UnsafePointer<UInt8>, _ size: Int32, _ bytes: UnsafeMutablePointer<UInt8>
) -> Int32 {
  var at = 0
  var count: Int32 = 0
  while at < Int(size) {
    let byte = text[at]
    if byte < 0x80 {
      bytes[Int(count)] = byte
    } else {
      guard byte == 0xC2 || byte == 0xC3, at &+ 1 < Int(size) else { return -1 }
      at &+= 1
      bytes[Int(count)] = (byte &<< 6) | (text[at] & 0x3F)
    }
    at &+= 1
    count &+= 1
  }
  return count
}
