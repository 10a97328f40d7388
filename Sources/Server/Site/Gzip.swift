import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOHTTPCompression

/// Packing of files that are sent again and again, and of answers that would take several packets.
enum Gzip {
  /// What fits into one packet arrives no sooner in fewer bytes; what is longer than this would keep other answers waiting.
  private static let worthwhile = 1_400...1_000_000

  /// The body of an answer as a client takes it by its Accept-Encoding, and the headers that say so.
  ///
  /// - Complexity: O(*n*).
  static func packed(
    _ body: ByteBuffer, accepted: String?, _ headers: inout HTTPFields
  ) -> ByteBuffer {
    guard worthwhile.contains(body.readableBytes) else { return body }
    headers[.vary] = "Accept-Encoding"
    guard isAccepted(accepted), let packed = try? packed(body) else { return body }
    headers[.contentEncoding] = "gzip"
    return packed
  }

  /// The bytes packed, by the handler that packs answers on connections, on a connection of our own.
  ///
  /// - Complexity: O(*n*), with a copy.
  static func packed(_ bytes: ByteBuffer) throws -> ByteBuffer {
    let channel = EmbeddedChannel(
      handler: HTTPResponseCompressor(initialByteBufferCapacity: bytes.readableBytes))
    let asked = HTTPRequestHead(
      version: .http1_1, method: .GET, uri: "/", headers: ["Accept-Encoding": "gzip"])
    try channel.writeInbound(HTTPServerRequestPart.head(asked))
    try channel.writeInbound(HTTPServerRequestPart.end(nil))
    let head = HTTPResponseHead(version: .http1_1, status: .ok)
    try channel.writeOutbound(HTTPServerResponsePart.head(head))
    try channel.writeOutbound(HTTPServerResponsePart.body(.byteBuffer(bytes)))
    try channel.writeOutbound(HTTPServerResponsePart.end(nil))
    var packed = ByteBuffer()
    while let part = try channel.readOutbound(as: HTTPServerResponsePart.self) {
      if case .body(.byteBuffer(var some)) = part { packed.writeBuffer(&some) }
    }
    _ = try channel.finish(acceptAlreadyClosed: true)
    return packed
  }

  /// Whether an Accept-Encoding takes gzip: by name or by `*`, and not with the weight zero.
  static func isAccepted(_ header: String?) -> Bool {
    var others: Bool?
    for part in (header ?? "").lowercased().split(separator: ",") {
      let pieces = part.split(separator: ";").map { $0.trimming() }
      let weight = pieces.dropFirst().first { $0.hasPrefix("q=") }.map { Double($0.dropFirst(2)) ?? 0 } ?? 1
      switch pieces.first {
      case "gzip", "x-gzip": return weight > 0
      case "*": others = weight > 0
      default: continue
      }
    }
    return others ?? false
  }
}
