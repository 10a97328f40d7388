import Database
import Hummingbird
import Synchronization

/// Rows on their way from the database to a client: gathers them into pieces, and stops the database while the client
/// has not taken what there is.
final class RowStream: Sendable {
  private struct State {
    var settings: RouteSettings?
    var piece = ByteBuffer()
    /// Bytes that the client has not taken.
    var waiting = 0
  }

  private static let pieceSize = 32 << 10
  private static let most = 512 << 10

  /// What is to be written.
  let pieces: AsyncThrowingStream<ByteBuffer, any Error>
  private let writer: AsyncThrowingStream<ByteBuffer, any Error>.Continuation
  private let state = Mutex(State())
  private let resume: @Sendable () -> Void

  /// A stream without rows; `resume` is called when the database may go on.
  init(resume: @escaping @Sendable () -> Void) {
    self.resume = resume
    (pieces, writer) = AsyncThrowingStream.makeStream()
  }

  /// What the function set, known with the first row.
  var settings: RouteSettings { state.withLock { $0.settings ?? RouteSettings() } }

  /// Takes a row: its text, and the status and headers that the function set. False when it is enough for now.
  func take(_ row: ResultSet) -> Bool {
    state.withLock { state in
      let separator = state.settings == nil ? "[" : ","
      let settings =
        state.settings ?? RouteSettings(status: row.string(column: 1), headers: row.string(column: 2))
      state.settings = settings
      if !settings.isRaw { state.piece.writeString(separator) }
      _ = unsafe row.withBytes { unsafe state.piece.writeBytes($0) }
      if state.piece.readableBytes >= Self.pieceSize { send(&state) }
      return state.waiting < Self.most
    }
  }

  /// Ends the stream after the last row.
  func finish() {
    state.withLock { state in
      let settings = state.settings ?? RouteSettings()
      if !settings.isRaw { state.piece.writeString(state.settings == nil ? "[]" : "]") }
      send(&state)
    }
    writer.finish()
  }

  /// Ends the stream with an error.
  func fail(_ error: RestError) { writer.finish(throwing: error) }

  /// The client has taken `piece`.
  func wrote(_ piece: ByteBuffer) {
    let isLow = state.withLock { state in
      let before = state.waiting
      state.waiting -= piece.readableBytes
      return before >= Self.most / 2 && state.waiting < Self.most / 2
    }
    if isLow { resume() }
  }

  private func send(_ state: inout State) {
    state.waiting += state.piece.readableBytes
    writer.yield(state.piece)
    state.piece = ByteBuffer()
  }
}
