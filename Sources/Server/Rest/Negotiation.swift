import HTTPTypes

/// What the headers of a REST request ask for beside the query.
struct Negotiation {
  /// How rows are to be put into the answer.
  enum Form { case array, object }

  private static let objectType = "application/vnd.pgrst.object+json"

  /// Array of rows or the only row.
  let form: Form
  /// The media type of the answer.
  let contentType: String
  /// Whether `Prefer: count=exact` asks for the number of all rows.
  let wantsTotal: Bool
  /// Whether `Prefer: return=representation` asks for the rows that were written.
  let wantsRepresentation: Bool

  /// Reads the headers; refuses what the server cannot give.
  init(_ headers: HTTPFields, isRead: Bool, exposing schemas: [String]) throws(RestError) {
    (form, contentType) = try Self.form(accept: headers[.accept])
    let profile = headers[isRead ? .acceptProfile : .contentProfile]
    if let profile, !schemas.contains(profile) {
      throw RestError(
        406, "PGRST106", "Invalid schema: \(profile)",
        hint: "Only the following schemas are exposed: \(schemas.joined(separator: ", "))")
    }
    let preferences = Self.preferences(headers)
    switch preferences["count"] {
    case "exact": wantsTotal = true
    case nil: wantsTotal = false
    case let kind?:
      throw .notImplemented("Prefer: count=\(kind); planner estimates would tell of other tenants' rows")
    }
    if let resolution = preferences["resolution"] {
      throw .notImplemented("Prefer: resolution=\(resolution)")
    }
    if preferences["max-affected"] != nil { throw .notImplemented("Prefer: max-affected") }
    wantsRepresentation = preferences["return"] == "representation"
  }

  private static func form(accept: String?) throws(RestError) -> (Form, String) {
    guard let accept else { return (.array, "application/json; charset=utf-8") }
    for entry in accept.split(separator: ",") {
      let type = entry.prefix { $0 != ";" }.trimming()
      // Options such as nulls=stripped change the meaning, so a type with them is another type.
      let isPlain = !entry.contains("nulls=")
      switch type {
      case "*/*", "application/*", "application/json":
        if isPlain { return (.array, "application/json; charset=utf-8") }
      case objectType, "application/vnd.pgrst.object":
        if isPlain { return (.object, "\(objectType); charset=utf-8") }
      default: break
      }
    }
    throw RestError(406, "PGRST107", "None of these media types are available: \(accept)")
  }

  /// `name=value` pairs of all Prefer headers; the first of a name wins.
  private static func preferences(_ headers: HTTPFields) -> [Substring: String] {
    var found: [Substring: String] = [:]
    for line in headers[values: .prefer] {
      for entry in line.split(separator: ",") {
        let parts = entry.trimming().split(separator: "=", maxSplits: 1)
        if parts.count == 2, found[parts[0]] == nil { found[parts[0]] = String(parts[1]) }
      }
    }
    return found
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
