import Foundation

/// The parameters of a query string, in order; names may repeat.
package struct QueryString: Sendable, Equatable {
  /// One `name=value`.
  package struct Item: Sendable, Equatable {
    /// The part before the first `=`.
    package let name: String
    /// The part after it; empty without one.
    package let value: String
  }

  /// All parameters.
  package let items: [Item]

  /// Parses `text`; `+` is a space, as the clients write it. Bytes that are no UTF-8 are an error.
  ///
  /// - Parameter ignored: a name that is left out, because it is not meant for the query.
  package init(_ text: some StringProtocol, ignoring ignored: String = "") throws(RestError) {
    var items: [Item] = []
    let text = Substring(text)
    for pair in text.split(separator: "&") {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let item = Item(
        name: try Self.decode(parts[0]), value: parts.count > 1 ? try Self.decode(parts[1]) : "")
      if item.name != ignored { items.append(item) }
    }
    self.items = items
  }

  /// The first value called `name`.
  package func first(_ name: String) -> String? { items.first { $0.name == name }?.value }

  private static func decode(_ text: Substring) throws(RestError) -> String {
    let spaced = String(text.utf8.map { $0 == UInt8(ascii: "+") ? UInt8(ascii: " ") : $0 }, as: UTF8.self)
    guard spaced.utf8.contains(UInt8(ascii: "%")) else { return spaced }
    guard let decoded = spaced.removingPercentEncoding else {
      throw .unreadable("query string", String(text), details: "expecting percent-encoded UTF-8")
    }
    return decoded
  }
}

extension String {
  fileprivate init(_ bytes: [UInt8], as encoding: UTF8.Type) { self = String(decoding: bytes, as: encoding) }
}
