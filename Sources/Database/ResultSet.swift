import CLibPQ

/// The rows of one statement, in PostgreSQL's text format.
///
/// Unchecked: libpq's functions that read a result do not change it, and `handle` is never given out.
@safe package final class ResultSet: @unchecked Sendable {
  private let handle: OpaquePointer

  /// Takes over a result of libpq and frees it at the end.
  init(owning handle: OpaquePointer) { unsafe self.handle = handle }

  deinit { unsafe PQclear(handle) }

  /// How many rows there are.
  package var count: Int { Int(unsafe PQntuples(handle)) }

  /// How many columns each row has.
  package var columnCount: Int { Int(unsafe PQnfields(handle)) }

  /// The value as a string; `nil` for SQL null and for a place outside the result.
  package func string(row: Int = 0, column: Int = 0) -> String? {
    unsafe withBytes(row: row, column: column) { unsafe String(decoding: $0, as: UTF8.self) }
  }

  /// The value as an integer; `nil` also when it is not one.
  package func integer(row: Int = 0, column: Int = 0) -> Int? {
    string(row: row, column: column).flatMap { Int($0) }
  }

  /// Calls `body` with the value's bytes, which must not be kept; `nil` for SQL null and for a place outside the result.
  package func withBytes<R>(row: Int = 0, column: Int = 0, _ body: (UnsafeBufferPointer<UInt8>) -> R) -> R? {
    guard row >= 0, row < count, column >= 0, column < columnCount else { return nil }
    let (line, field) = (Int32(row), Int32(column))
    guard unsafe PQgetisnull(handle, line, field) == 0 else { return nil }
    guard let start = unsafe PQgetvalue(handle, line, field) else { return nil }
    let length = Int(unsafe PQgetlength(handle, line, field))
    return unsafe start.withMemoryRebound(to: UInt8.self, capacity: length) {
      unsafe body(UnsafeBufferPointer(start: $0, count: length))
    }
  }
}

extension ServerError {
  /// The error that a failed result carries.
  init(result: OpaquePointer?) {
    self.init(
      sqlState: unsafe Self.field("C", of: result) ?? "",
      message: unsafe Self.field("M", of: result) ?? String(cString: PQresultErrorMessage(result)),
      detail: unsafe Self.field("D", of: result),
      hint: unsafe Self.field("H", of: result))
  }

  /// One field by the letter that the protocol gives it.
  private static func field(_ letter: Unicode.Scalar, of result: OpaquePointer?) -> String? {
    guard let text = unsafe PQresultErrorField(result, Int32(letter.value)) else { return nil }
    return unsafe String(cString: text)
  }
}
