import Database
import HTTPTypes

/// An error of the REST dialect: what the client reads and under which status.
package struct RestError: Error, Sendable, Equatable {
  /// The HTTP status.
  package var status: Int
  /// `PGRST…`, or the SQLSTATE of an error that PostgreSQL raised.
  package var code: String
  /// What happened.
  package var message: String
  /// More about this occurrence.
  package var details: String?
  /// What to do about it.
  package var hint: String?
  /// Whether the details are JSON themselves.
  package var hasJsonDetails = false
  /// More headers of the answer.
  package var headers: [String: String] = [:]

  /// An error from its parts.
  package init(_ status: Int, _ code: String, _ message: String, details: String? = nil, hint: String? = nil)
  {
    self.status = status
    self.code = code
    self.message = message
    self.details = details
    self.hint = hint
  }

  /// A path that means nothing.
  static let badPath = RestError(404, "PGRST125", "Invalid path specified in request URL")

  /// Something the dialect has and this server has not; `what` says what.
  static func notImplemented(_ what: String) -> RestError {
    RestError(400, "PGRST127", "Feature not implemented", details: what)
  }

  /// A part of the query string that cannot be read.
  static func unreadable(_ part: String, _ text: String, column: Int = 1, details: String) -> RestError {
    RestError(
      400, "PGRST100", "\"failed to parse \(part) (\(text))\" (line 1, column \(column))", details: details)
  }

  /// `sum()` and its like.
  static let aggregate = RestError(400, "PGRST123", "Use of aggregate functions is not allowed")

  /// Rows that are not there.
  static func range(_ details: String) -> RestError {
    RestError(416, "PGRST103", "Requested range not satisfiable", details: details)
  }

  /// A method that the dialect or the relation does not have.
  static func method(_ method: String, details: String? = nil) -> RestError {
    RestError(405, "PGRST117", "Unsupported HTTP method: \(method)", details: details)
  }

  /// Several foreign keys that may be meant.
  static func ambiguous(_ links: [SchemaCache.Link], of parent: String, target: String) -> RestError {
    var details = JsonText()
    for link in links {
      details.raw(details.buffer.readableBytes == 0 ? "[" : ",")
      let (own, other) = (link.columns.joined(separator: ", "), link.target_columns.joined(separator: ", "))
      details.object([
        ("cardinality", link.cardinality), ("embedding", "\(parent) with \(link.target)"),
        ("relationship", "\(link.name) using \(parent)(\(own)) and \(link.target)(\(other))"),
      ])
    }
    details.raw("]")
    let hints = links.map { "'\($0.target)!\($0.name)'" }.joined(separator: ", ")
    var error = RestError(
      300, "PGRST201",
      "Could not embed because more than one relationship was found for '\(parent)' and '\(target)'",
      details: String(buffer: details.buffer),
      hint:
        "Try changing '\(target)' to one of the following: \(hints). Find the desired relationship in the 'details' key."
    )
    error.hasJsonDetails = true
    return error
  }

  /// A request body that cannot be used.
  static func badBody(_ message: String) -> RestError { RestError(400, "PGRST102", message) }

  /// A wrong number of rows for an object.
  static func notSingular(rows: String) -> RestError {
    RestError(
      406, "PGRST116", "Cannot coerce the result to a single JSON object",
      details: "The result contains \(rows) rows")
  }

  /// More rows than a write may touch.
  static func tooManyAffected(rows: String) -> RestError {
    RestError(
      400, "PGRST124", "Query result exceeds max-affected preference constraint",
      details: "The query affects \(rows) rows")
  }

  /// Forms of the answer that nobody can give.
  static func mediaType(_ accept: String) -> RestError {
    RestError(406, "PGRST107", "None of these media types are available: \(accept)")
  }

  /// A comparison of embedded rows with a value.
  static func embedFilter(_ name: String) -> RestError {
    RestError(
      400, "PGRST120", "Bad operator on the '\(name)' embedded resource",
      details: "Only is null or not null filters are allowed on embedded resources")
  }

  /// A column that the relation does not have; in PostgreSQL's own words.
  static func unknownColumn(_ column: String, of relation: String) -> RestError {
    RestError(400, "42703", "column \(relation).\(column) does not exist")
  }
}

extension RestError {
  /// A failure of the database as the client sees it.
  ///
  /// - Parameter isAnonymous: a refused right means "sign in" to those who have not.
  package init(_ error: DatabaseError, isAnonymous: Bool) {
    switch error {
    case .refused(let cause) where cause.sqlState == "PGRST": self.init(raised: cause)
    case .refused(let cause):
      self.init(
        SqlState.httpStatus(of: cause, isAnonymous: isAnonymous), cause.sqlState, cause.message,
        details: cause.detail,
        hint: cause.hint)
    case .queueFull:
      self.init(503, "PGRST001", "Too many requests wait for the database", hint: "Try again in a moment.")
    case .waitedTooLong(let time):
      self.init(
        504, "PGRST003", "Timed out acquiring connection from connection pool.", details: "waited \(time)")
    case .away: self.init(503, "PGRST000", "Could not connect with the database")
    case .connectionLost:
      self.init(
        503, "PGRST001", "Database client error. Retrying the connection.",
        details:
          "The connection was lost after the request was sent: it may or may not have been carried out.")
    case .closing: self.init(503, "PGRST001", "The server is shutting down")
    case .cancelled: self.init(499, "57014", "The client went away")
    case .zeroByte: self.init(400, "22021", "invalid byte sequence for encoding \"UTF8\": 0x00")
    }
  }
}

extension RestError {
  /// What SQL raised as `PGRST` says all by itself: the body as its message, status and headers as its detail, both JSON.
  fileprivate init(raised cause: ServerError) {
    let body = JsonValue(text: cause.message)
    let answer = cause.detail.flatMap { JsonValue(text: $0) }
    guard let code = body?["code"]?.text, let message = body?["message"]?.text,
      case .integer(let status)? = answer?["status"],
      (100..<600).contains(status)
    else {
      self.init(
        500, "PGRST121", "Could not parse JSON in the \"RAISE SQLSTATE 'PGRST'\" error",
        details: "message must hold code and message, detail must hold status and headers")
      return
    }
    self.init(status, code, message, details: body?["details"]?.text, hint: body?["hint"]?.text)
    headers = answer?["headers"]?.members?.compactMapValues(\.text) ?? [:]
  }
}

/// SQLSTATE → HTTP status, as the dialect maps them.
enum SqlState {
  /// The status for an error that PostgreSQL reported.
  static func httpStatus(of error: ServerError, isAnonymous: Bool) -> Int {
    let state = error.sqlState
    switch state {
    case "23503", "23505": return 409
    case "25006": return 405
    case "21000": return error.message.hasSuffix("requires a WHERE clause") ? 400 : 500
    case "22023":
      return error.message.hasPrefix("role ") && error.message.hasSuffix("does not exist") ? 401 : 400
    case "53400": return 500
    case "57P01", "57P02", "57P03": return 503
    case "P0001": return 400
    case "42883", "42P01": return 404
    case "42P17": return 500
    case "42501": return isAnonymous ? 401 : 403
    default: return chosenStatus(state) ?? classes[String(state.prefix(2))] ?? 400
    }
  }

  /// A function may choose the status by SQLSTATE `PTxyz`.
  private static func chosenStatus(_ state: String) -> Int? {
    guard state.hasPrefix("PT"), let status = Int(state.dropFirst(2)), (100..<600).contains(status) else {
      return nil
    }
    return status
  }

  // Class 54, a limit of the program, is what a request brings about: JSON too deep, an array of seven dimensions.
  private static let classes = [
    "08": 503, "09": 500, "0L": 403, "0P": 403, "25": 500, "28": 403, "2D": 500, "38": 500, "39": 500,
    "3B": 500,
    "40": 500, "53": 503, "54": 400, "55": 500, "57": 500, "58": 500, "F0": 500, "HV": 500, "P0": 500,
    "XX": 500,
  ]
}
