import Database
import HTTPTypes

/// The call of an endpoint's function as SQL.
enum RouteCall {
  /// The rows of the cursor that a function has opened, in pieces. They leave while the next are made; those of a function
  /// that returns a set are all gathered before the first.
  static func cursorPieces(in schema: String) -> Statement {
    Statement("select \(quoteIdentifier(schema)).cursor_pieces()")
  }

  /// One row for each of the result: its text, then the status and the headers that the function set.
  static func statement(
    _ function: SchemaCache.Function, in schema: String, arguments: Arguments
  ) -> Statement {
    var parameters: [Parameter] = []
    let (record, values) = arguments.sql(for: function, &parameters)
    let call = "\(quoteIdentifier(schema)).\(quoteIdentifier(function.name))(\(values))"
    let source = (record.map { "\($0), lateral " } ?? "") + call
    let text =
      function.is_void || function.returns_cursor == true
      ? "null"
      : function.columns == nil
        // What says what it is goes out as it is.
        ? """
        case when current_setting('response.headers', true) ilike '%"content-type"%' then "_row".value::text
        else coalesce(to_json("_row".value)::text, 'null') end
        """ : "coalesce(to_json(\"_row\")::text, 'null')"
    return Statement(
      """
      select \(text), nullif(current_setting('response.status', true), ''),
      nullif(current_setting('response.headers', true), '')
      from \(source) as "_row"\(function.columns == nil ? "(value)" : "")
      """, parameters)
  }
}

/// What a function set about its answer, by the names that PostgREST has for it.
struct RouteSettings {
  /// The HTTP status.
  private(set) var status: HTTPResponse.Status?
  /// More headers, or others.
  private(set) var headers: HTTPFields = [:]

  /// Nothing set.
  init() {}

  /// Reads `response.status`, a number, and `response.headers`, a JSON array of objects; nonsense in them is no header.
  init(status: String?, headers: String?) {
    self.status = status.flatMap { Int($0) }.flatMap { (100..<600).contains($0) ? .init(code: $0) : nil }
    guard let headers, case .array(let all)? = JsonValue(text: headers) else { return }
    for (name, value) in all.compactMap(\.members).joined() {
      if let name = HTTPField.Name(name), let value = value.text { self.headers[name] = value }
    }
  }

  /// Whether the function says itself what the body is.
  var isRaw: Bool { headers[.contentType] != nil }
}
