import Glibc
import NIOPosix

/// Asks the system for the addresses of a name.
enum Resolver {
  /// All addresses of `host`, in the order in which the system would try them; on a thread of its own, since it blocks.
  static func addresses(of host: String) async throws(OutgoingError) -> [Address] {
    if let address = Address(host) { return [address] }
    let found = try? await NIOThreadPool.singleton.runIfActive { lookUp(host) }
    guard let found, !found.isEmpty else { throw .dns }
    return found
  }

  private static func lookUp(_ host: String) -> [Address] {
    var hints = unsafe addrinfo()
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var first: UnsafeMutablePointer<addrinfo>?
    guard unsafe getaddrinfo(host, nil, &hints, &first) == 0 else { return [] }
    defer { unsafe freeaddrinfo(first) }
    var found: [Address] = []
    var next = unsafe first
    while let entry = unsafe next?.pointee {
      var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
      let failure = unsafe getnameinfo(
        entry.ai_addr, entry.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
      let letters = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
      if failure == 0, let address = Address(String(decoding: letters, as: UTF8.self)) {
        found.append(address)
      }
      unsafe next = entry.ai_next
    }
    return found
  }
}
