/// A column, or a value inside a JSON column: `traits->address->>city`.
package struct Field: Equatable {
  /// One step into a JSON value.
  struct Step: Equatable {
    /// A key, or the place in an array.
    let key: String
    let isPlace: Bool
    /// Whether the value is wanted as text.
    let asText: Bool
  }

  /// The column.
  let column: String
  /// The way from the column's value to the one meant.
  var path: [Step] = []

  /// Reads a field.
  init(_ scanner: inout Scanner) throws(RestError) {
    self.init(column: try scanner.name())
    while scanner.take("->") {
      let asText = scanner.take(">")
      let place = Self.place(&scanner)
      let key = if let place { place } else { try scanner.name() }
      path.append(Step(key: key, isPlace: place != nil, asText: asText))
    }
  }

  /// A plain column.
  init(column: String) { self.column = column }

  /// What the value is called in an answer.
  var label: String { path.last { !$0.isPlace }?.key ?? column }

  /// Digits are a place only when they are all there is.
  private static func place(_ scanner: inout Scanner) -> String? {
    var ahead = scanner
    let sign = ahead.take("-") ? "-" : ""
    let digits = ahead.take { ("0"..."9").contains($0) }
    guard !digits.isEmpty, Int32(sign + digits) != nil,
      ahead.next.map({ "-:.,)".unicodeScalars.contains($0) }) ?? true
    else {
      return nil
    }
    scanner = ahead
    return sign + digits
  }
}
