import HTTPTypes
import Hummingbird

/// Errors in the convention of all doors but `/rest` and `/auth`: `{"error":{"code","message","details"}}`.
enum RouteError {
  private static let codes = [
    400: "VALIDATION_ERROR", 401: "AUTH_REQUIRED", 403: "FORBIDDEN", 404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    406: "NOT_ACCEPTABLE", 409: "CONFLICT", 413: "PAYLOAD_TOO_LARGE", 429: "RATE_LIMITED", 503: "MAINTENANCE",
    504: "UPSTREAM_TIMEOUT",
  ]

  /// The answer that tells of `error`; a function that raises may choose the status by SQLSTATE `PTxyz`, the code by its
  /// hint and members of the details by its detail. Of what broke inside, nothing is told.
  static func response(_ error: RestError) -> Response {
    let status = status(of: error)
    let isInternal = status == 500
    let code =
      [error.hint, error.code].compactMap(\.self).first(where: isCode) ?? codes[status] ?? "INTERNAL"
    var body = JsonText()
    body.raw("{\"error\":{\"code\":")
    body.string(code)
    body.raw(",\"message\":")
    body.string(isInternal && code != error.code ? "The server failed at this request" : error.message)
    body.raw(",\"details\":")
    switch isInternal ? nil : error.details {
    case nil: body.raw("null")
    case let text? where JsonGlance.keys(Array(text.utf8)) != nil: body.raw(text)
    case let text?: body.string(text)
    }
    body.raw("}}")
    var headers: HTTPFields = [.contentType: "application/json; charset=utf-8"]
    if status == 401 { headers[.wwwAuthenticate] = "Bearer" }
    if [429, 503].contains(status) { headers[.retryAfter] = "1" }
    return Response(status: .init(code: status), headers: headers, body: .init(byteBuffer: body.buffer))
  }

  /// The answer to a method that a path does not take.
  static func wrongMethod(allowed: [String]) -> Response {
    let allow = allowed.sorted().joined(separator: ", ")
    var response = response(RestError(405, "METHOD_NOT_ALLOWED", "This path takes \(allow)"))
    response.headers[.allow] = allow
    return response
  }

  private static func status(of error: RestError) -> Int {
    switch error.code {
    case "23503", "23514": 400
    case "40001", "40P01", "55P03": 503
    case "57014": 504
    // What a function says of a name that it was given; objects of its own it always finds.
    case "42704": 404
    // A function that does not fit its tables is not the caller's doing.
    case let state where state.hasPrefix("42") && state != "42501": 500
    default: error.status
    }
  }

  /// Capital letters: no SQLSTATE and no code of the REST dialect is written so.
  private static func isCode(_ text: String) -> Bool {
    text.utf8.count > 3
      && text.utf8.allSatisfy {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) || $0 == UInt8(ascii: "_")
      }
  }
}
