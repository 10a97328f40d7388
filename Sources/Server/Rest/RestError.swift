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

  /// An error from its parts.
  package init(_ status: Int, _ code: String, _ message: String, details: String? = nil, hint: String? = nil)
  {
    self.status = status
    self.code = code
    self.message = message
    self.details = details
    self.hint = hint
  }

  /// Something the dialect has and this server has not; `what` says what.
  static func notImplemented(_ what: String) -> RestError {
    RestError(400, "PGRST127", "Feature not implemented", details: what)
  }

  /// A part of the query string that cannot be read.
  static func unreadable(_ part: String, _ text: String, expecting: String) -> RestError {
    RestError(400, "PGRST100", "\"failed to parse \(part) (\(text))\"", details: "expecting \(expecting)")
  }

  /// A request body that cannot be used.
  static func badBody(_ message: String) -> RestError { RestError(400, "PGRST102", message) }

  /// A wrong number of rows for an object.
  static func notSingular(rows: Int) -> RestError {
    RestError(
      406, "PGRST116", "Cannot coerce the result to a single JSON object",
      details: "The result contains \(rows) rows")
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
    case "57P01": return 503
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

  private static let classes = [
    "08": 503, "09": 500, "0L": 403, "0P": 403, "25": 500, "28": 403, "2D": 500, "38": 500, "39": 500,
    "3B": 500,
    "40": 500, "53": 503, "54": 500, "55": 500, "57": 500, "58": 500, "F0": 500, "HV": 500, "P0": 500,
    "XX": 500,
  ]
}
