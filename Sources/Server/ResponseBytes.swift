import HTTPTypes
import HummingbirdCore
import NIOCore

/// How an answer of HTTP/1.1 looks on the wire.
extension Response {
  /// Writes the answer: at once where its length is known, else chunk by chunk as the client takes it.
  func write(to channel: any Channel) async throws {
    let hasBody = status.code >= 200 && status != .noContent && status != .notModified
    let isChunked = hasBody && body.contentLength == nil
    var bytes = ByteBuffer()
    bytes.reserveCapacity(512)
    bytes.writeString("HTTP/1.1 \(status.code) \(status.reasonPhrase)\r\n")
    for field in headers where hasBody || field.name != .contentLength {
      bytes.writeString(field.name.rawName)
      bytes.writeString(": ")
      bytes.writeString(field.value)
      bytes.writeString("\r\n")
    }
    bytes.writeString(isChunked ? "transfer-encoding: chunked\r\n\r\n" : "\r\n")
    if isChunked {
      try await channel.send(bytes)
      try await body.write(ChunkWriter(channel: channel))
    } else {
      // A small body comes with the head, in one system call.
      try await body.write(WholeWriter(channel: channel, bytes: bytes))
    }
  }
}

/// Writes a body of known length together with what stands before it.
private struct WholeWriter: ResponseBodyWriter {
  let channel: any Channel
  var bytes: ByteBuffer

  mutating func write(_ buffer: ByteBuffer) async throws {
    guard buffer.readableBytes > 16 << 10 else { return _ = bytes.writeImmutableBuffer(buffer) }
    channel.write(bytes, promise: nil)
    bytes = buffer
  }

  consuming func finish(_ trailers: HTTPFields?) async throws { try await channel.send(bytes) }
}

/// Writes a body of unknown length.
private struct ChunkWriter: ResponseBodyWriter {
  let channel: any Channel

  func write(_ buffer: ByteBuffer) async throws { try await channel.send(Chunk.around(buffer)) }

  consuming func finish(_ trailers: HTTPFields?) async throws { try await channel.send(Chunk.last) }
}

/// A piece of a body of unknown length.
enum Chunk {
  /// What ends the body.
  static let last = ByteBuffer(string: "0\r\n\r\n")

  /// `bytes` with what stands around them; nothing for nothing, which would be the end.
  static func around(_ bytes: ByteBuffer) -> ByteBuffer {
    guard bytes.readableBytes > 0 else { return bytes }
    var chunk = ByteBuffer(string: "\(String(bytes.readableBytes, radix: 16))\r\n")
    chunk.writeImmutableBuffer(bytes)
    chunk.writeString("\r\n")
    return chunk
  }
}

extension Channel {
  /// Writes `bytes`, and waits where the client takes its time.
  fileprivate func send(_ bytes: ByteBuffer) async throws {
    if isWritable { writeAndFlush(bytes, promise: nil) } else { try await writeAndFlush(bytes) }
  }
}
