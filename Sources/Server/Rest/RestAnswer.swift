import Database
import Foundation
import HTTPTypes
import Hummingbird

/// The HTTP answer to a plan's result.
enum RestAnswer {
  /// The answer, with what the statement itself says of it; `name` is the relation's, for its address.
  static func response(
    _ result: ResultSet, of plan: Plan, wishes: Negotiation, name: String
  ) throws(RestError) -> Response {
    var response = try plain(result, of: plan, wishes: wishes, name: name)
    if let column = plan.settings {
      let chosen = RouteSettings(
        status: result.string(column: column), headers: result.string(column: column + 1))
      response.status = chosen.status ?? response.status
      for field in chosen.headers { response.headers[field.name] = field.value }
    }
    return response
  }

  private static func plain(
    _ result: ResultSet, of plan: Plan, wishes: Negotiation, name: String
  ) throws(RestError) -> Response {
    let count = result.integer(column: 0) ?? 0
    switch plan.body {
    case .nothing: return Response(status: .noContent)
    case .value: return body(result, status: .ok, type: "application/json; charset=utf-8", wishes)
    case .written(let writing): return written(result, writing, count: count, wishes: wishes, name: name)
    case .rows(let offset):
      if wishes.form == .object, count != 1 { throw .notSingular(rows: String(count)) }
      let total = wishes.wantsTotal ? result.integer(column: 2) : nil
      if let total, offset > total {
        throw .range("An offset of \(offset) was requested, but there are only \(total) rows.")
      }
      let isPartial = total.map { count < $0 } ?? false
      var response = body(result, status: isPartial ? .partialContent : .ok, type: wishes.contentType, wishes)
      response.headers[.contentRange] = range(from: offset, count: count, of: total)
      response.headers[.preferenceApplied] = wishes.applied(["count", "handling", "max-affected"])
      return response
    }
  }

  private static func written(
    _ result: ResultSet, _ writing: Plan.Writing, count: Int, wishes: Negotiation, name: String
  ) -> Response {
    let isFull = wishes["return"] == "representation"
    var status: HTTPResponse.Status = isFull ? .ok : .noContent
    var applied: Set = ["return", "count", "handling", "max-affected"]
    if writing == .insert {
      // An upsert that only changed what was there has created nothing.
      let isUpsert = wishes["resolution"] == "merge-duplicates"
      status = isUpsert && result.integer(column: 3) == 0 ? .ok : .created
      applied.formUnion(["resolution", "missing"])
    }
    var response =
      isFull ? body(result, status: status, type: wishes.contentType, wishes) : Response(status: status)
    let total = wishes.wantsTotal ? count : nil
    response.headers[.contentRange] = range(from: 0, count: writing == .update ? count : 0, of: total)
    response.headers[.preferenceApplied] = wishes.applied(applied)
    if wishes["return"] == "headers-only", writing == .insert, count == 1 {
      response.headers[.location] = location(result.string(column: 1), name: name)
    }
    return response
  }

  /// The address of the row whose key is the JSON object `key`.
  private static func location(_ key: String?, name: String) -> String? {
    guard let values = key.flatMap({ JsonValue(text: $0) })?.members else { return nil }
    let plain = CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "-._~"))
    func escaped(_ text: String) -> String {
      text.addingPercentEncoding(withAllowedCharacters: plain) ?? text
    }
    let filters = values.compactMap { name, value in value.text.map { "\(escaped(name))=eq.\(escaped($0))" } }
    return "/\(escaped(name))?\(filters.sorted().joined(separator: "&"))"
  }

  private static func range(from offset: Int, count: Int, of total: Int?) -> String {
    "\(count == 0 ? "*" : "\(offset)-\(offset + count - 1)")/\(total.map(String.init) ?? "*")"
  }

  private static func body(
    _ result: ResultSet, status: HTTPResponse.Status, type: String, _ wishes: Negotiation
  ) -> Response {
    var headers: HTTPFields = [.contentType: type]
    let bytes = Gzip.packed(result.buffer(column: 1), accepted: wishes.acceptEncoding, &headers)
    return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: bytes))
  }

  /// The answer that tells of `error`.
  static func response(_ error: RestError) -> Response {
    var body = JsonText()
    body.raw("{\"code\":")
    body.string(error.code)
    for (name, text, isJson) in [
      ("message", error.message, false), ("details", error.details, error.hasJsonDetails),
      ("hint", error.hint, false),
    ] {
      body.raw(",\"\(name)\":")
      if let text, !isJson { body.string(text) } else { body.raw(text ?? "null") }
    }
    body.raw("}")
    var headers: HTTPFields = [
      .contentType: "application/json; charset=utf-8", .proxyStatus: "PostgREST; error=\(error.code)",
    ]
    if error.status == 401 {
      headers[.wwwAuthenticate] =
        error.code.hasPrefix("PGRST30")
        ? "Bearer error=\"invalid_token\", error_description=\"\(error.message.filter { $0 != "\"" && $0 != "\\" })\""
        : "Bearer"
    }
    if [429, 503].contains(error.status) { headers[.retryAfter] = "1" }
    for (name, value) in error.headers { HTTPField.Name(name).map { headers[$0] = value } }
    return Response(status: .init(code: error.status), headers: headers, body: .init(byteBuffer: body.buffer))
  }
}

extension ResultSet {
  /// A value's bytes, copied once; empty for null.
  func buffer(row: Int = 0, column: Int) -> ByteBuffer {
    unsafe withBytes(row: row, column: column) { unsafe ByteBuffer(bytes: $0) } ?? ByteBuffer()
  }
}

extension HTTPField.Name {
  /// Which wishes were granted.
  static let preferenceApplied = Self("Preference-Applied")!  // a literal token
}
