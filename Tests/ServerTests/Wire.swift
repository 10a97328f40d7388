import Foundation
import Glibc

/// An HTTP answer as it came over the wire.
struct Reply: Sendable {
  /// The status code; 0 when nothing came.
  let status: Int
  /// Header lines by lower-case name.
  let headers: [String: String]
  /// The body.
  let body: String

  /// The body as JSON.
  var json: NSObject? {
    try? JSONSerialization.jsonObject(with: Data(body.utf8), options: .fragmentsAllowed) as? NSObject
  }

  /// A member of the JSON object that the body is.
  subscript(_ key: String) -> String? { (json as? NSDictionary)?[key] as? String }

  fileprivate init(_ text: String) {
    let parts = text.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
    let lines = parts[0].split(separator: "\r\n")
    status = lines.first.flatMap { $0.split(separator: " ").dropFirst().first }.flatMap { Int($0) } ?? 0
    headers = Dictionary(
      lines.dropFirst().compactMap { line in
        line.firstIndex(of: ":").map {
          (line[..<$0].lowercased(), line[line.index(after: $0)...].trimmingCharacters(in: .whitespaces))
        }
      }, uniquingKeysWith: { first, _ in first })
    body = parts.count > 1 ? String(parts[1]) : ""
  }
}

/// One TCP connection with nothing clever in between, so that a test sees and sends exactly what is on the wire.
final class Wire: Sendable {
  private let socket: Int32

  /// Connects to a port of this machine.
  init(port: Int) throws {
    socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let connected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(socket, $0, size) }
    }
    guard connected == 0 else { throw URLError(.cannotConnectToHost) }
  }

  deinit { _ = Glibc.close(socket) }

  /// Sends text as it is.
  func send(_ text: String) {
    let bytes = Array(text.utf8)
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count <= 0 { return }
      sent += count
    }
  }

  /// Reads until the other side closes, `isEnough` says so, or the time is over; blocks a thread of its own.
  func read(for seconds: Double = 20, until isEnough: @escaping @Sendable (String) -> Bool = { _ in false })
    async -> String
  {
    await withCheckedContinuation { done in
      Thread.detachNewThread { [self] in
        let end = Date().addingTimeInterval(seconds)
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while Date() < end, !isEnough(String(decoding: bytes, as: UTF8.self)) {
          var waiting = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
          guard poll(&waiting, 1, 20) > 0 else { continue }
          let count = recv(socket, &chunk, chunk.count, 0)
          if count <= 0 { break }
          bytes += chunk[..<count]
        }
        done.resume(returning: String(decoding: bytes, as: UTF8.self))
      }
    }
  }

  /// Goes away without a word.
  func close() { _ = shutdown(socket, Int32(SHUT_RDWR)) }
}

extension TestServer {
  /// Sends one request on a connection of its own and gives the answer.
  func request(
    _ method: String, _ path: String, body: String? = nil, token: String? = nil,
    headers: [String: String] = [:]
  ) async throws -> Reply {
    let wire = try Wire(port: port)
    wire.send(head(method, path, body: body, token: token, headers: headers, close: true) + (body ?? ""))
    return Reply(await wire.read())
  }

  /// The head of a request.
  func head(
    _ method: String, _ path: String, body: String? = nil, token: String? = nil,
    headers: [String: String] = [:],
    close: Bool = false
  ) -> String {
    var lines = ["\(method) \(path) HTTP/1.1"]
    var all = ["Host": "127.0.0.1:\(port)"].merging(headers) { $1 }
    if close { all["Connection"] = "close" }
    if let body { all["Content-Length"] = "\(body.utf8.count)" }
    if let token { all["Authorization"] = "Bearer \(token)" }
    lines += all.map { "\($0): \($1)" }
    return lines.joined(separator: "\r\n") + "\r\n\r\n"
  }

  /// Opens a stream of changes and waits for its first event.
  func stream(_ query: String, token: String?, headers: [String: String] = [:]) async throws -> (
    wire: Wire, start: String
  ) {
    let wire = try Wire(port: port)
    wire.send(head("GET", "/realtime/v1/sse\(query)", token: token, headers: headers))
    return (wire, await wire.read { $0.contains("event: ready") || $0.contains("\"error\"") })
  }
}
