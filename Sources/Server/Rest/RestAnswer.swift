import Database
import HTTPTypes
import Hummingbird

/// The HTTP answer to a plan's result.
enum RestAnswer {
  /// The answer.
  static func response(
    _ result: ResultSet, of plan: Plan, wishes: Negotiation
  ) throws(RestError) -> Response {
    let count = result.integer(column: 0) ?? 0
    switch plan.body {
    case .nothing: return Response(status: .noContent)
    case .value: return json(result, status: .ok, type: "application/json; charset=utf-8")
    case .inserted(let form):
      if form == .object, count != 1 { throw .notSingular(rows: count) }
      var response =
        form == nil ? Response(status: .created) : json(result, status: .created, type: wishes.contentType)
      response.headers[.contentRange] = wishes.wantsTotal ? "*/\(count)" : "*/*"
      if form != nil { response.headers[.preferenceApplied] = "return=representation" }
      return response
    case .rows(let offset, let form):
      if wishes.form == .object, form == .object, count != 1 { throw .notSingular(rows: count) }
      let total = wishes.wantsTotal ? result.integer(column: 2) : nil
      if let total, offset > total, offset > 0 {
        throw RestError(
          416, "PGRST103", "Requested range not satisfiable",
          details: "An offset of \(offset) was requested, but there are only \(total) rows.")
      }
      let isPartial = total.map { count < $0 } ?? false
      var response = json(result, status: isPartial ? .partialContent : .ok, type: wishes.contentType)
      let range = count == 0 ? "*" : "\(offset)-\(offset + count - 1)"
      response.headers[.contentRange] = "\(range)/\(total.map(String.init) ?? "*")"
      return response
    }
  }

  private static func json(_ result: ResultSet, status: HTTPResponse.Status, type: String) -> Response {
    Response(
      status: status, headers: [.contentType: type], body: ResponseBody(byteBuffer: result.buffer(column: 1)))
  }

  /// The answer that tells of `error`.
  static func response(_ error: RestError) -> Response {
    var body = JsonText()
    body.object([
      ("code", error.code), ("message", error.message), ("details", error.details), ("hint", error.hint),
    ])
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
