/// An error that PostgreSQL itself reported, field by field, unchanged.
package struct ServerError: Error, Hashable, Sendable {
  /// The five characters of the SQLSTATE; empty when the client library made the message.
  package let sqlState: String
  /// The primary message.
  package let message: String
  /// What the server added about this occurrence.
  package let detail: String?
  /// What the server advises.
  package let hint: String?

  /// An error from its four fields.
  package init(sqlState: String, message: String, detail: String? = nil, hint: String? = nil) {
    self.sqlState = sqlState
    self.message = message
    self.detail = detail
    self.hint = hint
  }
}

/// Why a transaction gave no result.
package enum DatabaseError: Error, Sendable {
  /// PostgreSQL refused; the transaction was rolled back.
  case refused(ServerError)
  /// Too many transactions wait already; nothing was sent.
  case queueFull(limit: Int)
  /// No connection became free in time; nothing was sent.
  case waitedTooLong(Duration)
  /// There was no connection at all for as long; nothing was sent.
  case away(Duration)
  /// The connection broke after the transaction was sent: it may have been committed, and is never sent again.
  case connectionLost(String)
  /// The pool is closing; nothing was sent.
  case closing
  /// The caller went away; if the transaction was running, a cancel was sent to the server.
  case cancelled
  /// Text for PostgreSQL cannot hold a zero byte; the number is the parameter's, from 1.
  case zeroByte(parameter: Int)
}

extension DatabaseError: CustomStringConvertible {
  /// One sentence for logs; holds no parameter value.
  package var description: String {
    switch self {
    case .refused(let error): "\(error.sqlState): \(error.message)"
    case .queueFull(let limit): "\(limit) transactions are waiting already"
    case .waitedTooLong(let time): "no database connection became free within \(time)"
    case .away(let time): "the database was away for \(time)"
    case .connectionLost(let reason): "the database connection was lost: \(reason)"
    case .closing: "the database pool is closing"
    case .cancelled: "the caller went away"
    case .zeroByte(let parameter): "parameter \(parameter) holds a zero byte"
    }
  }
}
