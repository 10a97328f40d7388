import AsyncHTTPClient
import Database
import Foundation
import NIOCore
import NIOHTTP1
import NIOHTTPCompression
import NIOPosix
import NIOSSL

/// A request that a step asks for.
package struct OutgoingRequest: Sendable, Equatable {
  /// An absolute URL.
  package var url: String
  /// GET unless the step says otherwise.
  package var method = "GET"
  /// Names and values.
  package var headers: [String: String] = [:]
  /// The body, if there is one.
  package var body: String?
  /// How long it may take from the look-up of the name to the last byte of the answer.
  package var timeout = Duration.seconds(30)

  /// A GET.
  package init(url: String) { self.url = url }
}

/// Sends the requests of one job, one after the other; keeps the connection between them.
///
/// The address is looked up and judged here and the connection goes to just that address: a name that points inwards by
/// the second look gets nowhere. Redirects are answers like others, for the step to judge.
final class Messenger {
  /// The most that an answer's body may have, also once unpacked.
  static let largestBody = 32 << 20
  private static let connecting = TimeAmount.seconds(10)

  private let named: Set<String>
  private var line: (destination: Destination, address: Address, client: HTTPClient)?

  /// A messenger that may go to public addresses over TLS, and to those `named` as `host:port`.
  init(named: Set<String>) { self.named = named }

  /// The answer to `request` as the step function reads it, also when there is none.
  func answer(to request: OutgoingRequest) async -> [UInt8] {
    do { return try await send(request) } catch {
      var text = JsonText()
      text.object([("error", (error as? OutgoingError ?? Self.reason(of: error)).rawValue)])
      return Array(text.buffer.readableBytesView)
    }
  }

  /// Closes the connection.
  func close() async {
    try? await line?.client.shutdown()
    line = nil
  }

  private func send(_ request: OutgoingRequest) async throws -> [UInt8] {
    let deadline = ContinuousClock.now + request.timeout
    let client = try await client(for: Destination(url: request.url, named: named))
    var outgoing = HTTPClientRequest(url: request.url)
    outgoing.method = HTTPMethod(rawValue: request.method)
    for (name, value) in request.headers { outgoing.headers.replaceOrAdd(name: name, value: value) }
    if !outgoing.headers.contains(name: "user-agent") {
      outgoing.headers.add(name: "User-Agent", value: "vibe")
    }
    outgoing.headers.replaceOrAdd(name: "Accept-Encoding", value: "gzip")
    if let body = request.body { outgoing.body = .bytes(ByteBuffer(string: body)) }
    return try await limited(until: deadline) { [outgoing] in
      let answer = try await client.execute(outgoing, deadline: .distantFuture)
      if let length = answer.headers.first(name: "content-length").flatMap({ Int($0) }),
        length > Self.largestBody
      {
        throw OutgoingError.tooLarge
      }
      return Self.json(answer, body: try await answer.body.collect(upTo: Self.largestBody))
    }
  }

  /// Runs `work`, which is cancelled at the deadline.
  private func limited(
    until deadline: ContinuousClock.Instant, _ work: @escaping @Sendable () async throws -> [UInt8]
  ) async throws -> [UInt8] {
    try await withThrowingTaskGroup(of: [UInt8]?.self) { group in
      group.addTask { try await work() }
      group.addTask {
        try await Task.sleep(until: deadline, clock: .continuous)
        return nil
      }
      defer { group.cancelAll() }
      guard let answer = try await group.next() ?? nil else { throw OutgoingError.timeout }
      return answer
    }
  }

  private func client(for destination: Destination) async throws -> HTTPClient {
    let addresses = try await Resolver.addresses(of: destination.host)
    // One that is not public among them is a name that is made to point inwards.
    guard destination.isNamed || addresses.allSatisfy(\.isPublic) else { throw OutgoingError.notAllowed }
    if let line, line.destination == destination, addresses.contains(line.address) { return line.client }
    await close()
    var configuration = HTTPClient.Configuration(
      redirectConfiguration: .disallow, timeout: .init(connect: Self.connecting),
      decompression: .enabled(limit: .size(Self.largestBody)))
    configuration.httpVersion = .http1Only
    configuration.connectionPool.retryConnectionEstablishment = false
    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 1
    if Address(destination.host) == nil { configuration.dnsOverride = [destination.host: addresses[0].text] }
    let client = HTTPClient(
      eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton), configuration: configuration)
    line = (destination, addresses[0], client)
    return client
  }

  /// Status, headers by small names, body; PostgreSQL's text can hold no zero byte.
  private static func json(_ answer: HTTPClientResponse, body: ByteBuffer) -> [UInt8] {
    let bytes = body.readableBytesView
    let content = bytes.contains(0) ? nil : String(validating: bytes, as: UTF8.self)
    var text = JsonText()
    text.raw("{\"status\":\(answer.status.code),\"headers\":")
    var headers: [String: String] = [:]
    for (name, value) in answer.headers where !value.utf8.contains(0) {
      headers[name.lowercased()] = headers[name.lowercased()].map { "\($0), \(value)" } ?? value
    }
    text.object(headers.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
    text.raw(content == nil ? ",\"error\":" : ",\"body\":")
    text.string(content ?? OutgoingError.notText.rawValue)
    text.raw("}")
    return Array(text.buffer.readableBytesView)
  }

  private static func reason(of error: any Error) -> OutgoingError {
    switch error {
    case is CancellationError: .closed
    case is NIOTooManyBytesError, is NIOHTTPDecompression.DecompressionError: .tooLarge
    case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError: .tls
    case let error as HTTPClientError: reason(of: error)
    case let error as NIOConnectionError:
      error.connectionErrors.contains { isTimeout($0.error) } ? .timeout : .refused
    case let error as IOError where [ECONNRESET, EPIPE].contains(error.errnoCode): .closed
    case is IOError: .refused
    case HTTPParserError.invalidEOFState: .closed
    case is ChannelError: isTimeout(error) ? .timeout : .closed
    default: .failed
    }
  }

  private static func isTimeout(_ error: any Error) -> Bool {
    if case ChannelError.connectTimeout = error { true } else { false }
  }

  private static func reason(of error: HTTPClientError) -> OutgoingError {
    switch error {
    case .connectTimeout, .readTimeout, .writeTimeout, .deadlineExceeded, .getConnectionFromPoolTimeout:
      .timeout
    case .tlsHandshakeTimeout: .tls
    case .remoteConnectionClosed, .cancelled, .requestStreamCancelled: .closed
    case .invalidURL, .emptyHost, .emptyScheme: .badURL
    default:
      // The names of headers are in some of these, so that they cannot be compared.
      "\(error)".contains("Header") || "\(error)".contains("header") ? .badRequest : .failed
    }
  }
}
