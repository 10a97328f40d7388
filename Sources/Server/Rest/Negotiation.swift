import HTTPTypes

/// What the headers of a REST request ask for beside the query.
package struct Negotiation {
  /// How rows are to be put into the answer.
  enum Form: String {
    case array = "application/json"
    case object = "application/vnd.pgrst.object+json"
    case csv = "text/csv"
  }

  /// The rows from `first` to `last`, both included.
  struct Range {
    let first: Int
    let last: Int?
  }

  private static let json = "application/json; charset=utf-8"
  /// The preferences the server knows, in the order in which it confirms them; `nil` is any number.
  private static let known: [(name: String, values: [String]?)] = [
    ("resolution", ["merge-duplicates", "ignore-duplicates"]), ("missing", ["default", "null"]),
    ("return", ["representation", "minimal", "headers-only"]), ("count", ["exact", "planned", "estimated"]),
    ("handling", ["strict", "lenient"]), ("max-affected", nil),
  ]

  /// Array of rows, the only row, or lines of text.
  var form = Form.array
  /// The media type of the answer.
  private(set) var contentType = json
  /// Whether members that are null are left out.
  var stripsNulls = false
  /// Whether there is one row at most, so that it needs no array around it.
  var wantsOne = false
  /// Whether anybody reads the body.
  var wantsBody = true
  /// Which packings of the body are understood.
  let acceptEncoding: String?
  /// The `Range` header of a read.
  let range: Range?
  private var preferences: [String: String] = [:]

  /// Reads the headers; refuses what the server cannot give.
  package init(_ headers: HTTPFields, isRead: Bool, exposing schemas: [String]) throws(RestError) {
    acceptEncoding = headers[.acceptEncoding]
    range = isRead ? headers[.range].flatMap(Self.range) : nil
    if let accept = headers.first(.accept), accept != "*/*" { try negotiate(accept) }
    let profile = headers[isRead ? .acceptProfile : .contentProfile]
    if let profile, !schemas.contains(profile) {
      throw RestError(
        406, "PGRST106", "Invalid schema: \(profile)",
        hint: "Only the following schemas are exposed: \(schemas.joined(separator: ", "))")
    }
    if headers.contains(.prefer) { try prefer(headers[values: .prefer]) }
  }

  /// Whether nothing is wished but rows as JSON.
  var isPlain: Bool {
    form == .array && !stripsNulls && !wantsOne && wantsBody && range == nil && preferences.isEmpty
  }

  /// Whether the number of all rows is wanted.
  var wantsTotal: Bool { self["count"] != nil }

  /// The most rows that a write may touch.
  var mostAffected: Int? { self["handling"] == "strict" ? self["max-affected"].flatMap { Int($0) } : nil }

  /// A preference by its name.
  subscript(_ name: String) -> String? { preferences[name] }

  /// The preferences among `names` that were followed, as the answer confirms them.
  func applied(_ names: Set<String>) -> String? {
    guard !preferences.isEmpty else { return nil }
    let applied = Self.known.compactMap { known in
      names.contains(known.name) ? preferences[known.name].map { "\(known.name)=\($0)" } : nil
    }
    return applied.isEmpty ? nil : applied.joined(separator: ", ")
  }

  private mutating func negotiate(_ accept: String) throws(RestError) {
    for entry in accept.split(separator: ",") {
      let options = entry.split(separator: ";").map { $0.trimming() }
      let strips = options.dropFirst().contains("nulls=stripped")
      switch options.first {
      case "*/*", "application/*", "application/json", "application/vnd.pgrst.array",
        "application/vnd.pgrst.array+json":
        contentType = strips ? "application/vnd.pgrst.array+json;nulls=stripped; charset=utf-8" : Self.json
      case "application/vnd.pgrst.object", "application/vnd.pgrst.object+json":
        form = .object
        contentType = "\(Form.object.rawValue)\(strips ? ";nulls=stripped" : ""); charset=utf-8"
      case "text/csv", "text/*":
        form = .csv
        contentType = "text/csv; charset=utf-8"
      default: continue
      }
      stripsNulls = strips
      return
    }
    throw .mediaType(accept)
  }

  /// `name=value` pairs of all Prefer headers; the first of a name wins.
  private mutating func prefer(_ lines: [String]) throws(RestError) {
    var strangers: [String] = []
    var seen: Set<Substring> = []
    for entry in lines.flatMap({ $0.split(separator: ",") }) {
      let parts = entry.trimming().split(separator: "=", maxSplits: 1)
      guard let name = parts.first, seen.insert(name).inserted else { continue }
      let value = parts.count == 2 ? String(parts[1]) : ""
      if let one = Self.known.first(where: { $0.name == name }),
        one.values?.contains(value) ?? (Int(value) != nil)
      {
        preferences[one.name] = value
      } else {
        strangers.append(String(entry.trimming()))
      }
    }
    if self["handling"] == "strict", !strangers.isEmpty {
      throw RestError(
        400, "PGRST122", "Invalid preferences given with handling=strict",
        details: "Invalid preferences: \(strangers.joined(separator: ", "))")
    }
    if let count = self["count"], count != "exact" {
      throw .notImplemented("Prefer: count=\(count); planner estimates would tell of other tenants' rows")
    }
  }

  /// `first-last`, `first-`; anything else is no range of rows.
  private static func range(_ text: String) -> Range? {
    let parts = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let first = parts[0], first >= 0, parts[1] != nil || text.hasSuffix("-") else {
      return nil
    }
    return Range(first: first, last: parts[1])
  }
}

extension Substring {
  /// The text without spaces and tabs around it.
  func trimming() -> Substring {
    let start = drop { $0 == " " || $0 == "\t" }
    let end = start.lastIndex { $0 != " " && $0 != "\t" }
    return end.map { start[...$0] } ?? start.prefix(0)
  }
}

extension HTTPField.Name {
  /// The schema a read means.
  static let acceptProfile = Self("Accept-Profile")!  // a literal token
  /// The schema a write means.
  static let contentProfile = Self("Content-Profile")!  // a literal token
  /// Wishes about the answer.
  static let prefer = Self("Prefer")!  // a literal token
  /// Where the dialect repeats the error code, for answers without a body.
  static let proxyStatus = Self("Proxy-Status")!  // a literal token
}
