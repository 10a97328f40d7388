/// Comments in scripts are for who reads the source: a third of the bytes that a page would have to load.
package enum Remarks {
  /// A script without the lines that are only comment; they stay as empty lines, so that places in errors stay true.
  ///
  /// Comments behind code stay, and those of libraries ("/*!"). Lines of a text between backquotes must not begin like one.
  /// - Complexity: O(*n*).
  package static func removed(from script: String) -> String {
    var isInside = false
    let lines = script.split(separator: "\n", omittingEmptySubsequences: false).map { line -> Substring in
      let text = line.drop { $0 == " " }
      if !isInside {
        if text.hasPrefix("//") { return "" }
        guard text.hasPrefix("/**") else { return line }
      }
      guard let end = text.firstRange(of: "*/") else {
        isInside = true
        return ""
      }
      // A type before an expression: its line is code.
      if !isInside && !text[end.upperBound...].allSatisfy(\.isWhitespace) { return line }
      isInside = false
      return text[end.upperBound...]
    }
    return lines.joined(separator: "\n")
  }
}
