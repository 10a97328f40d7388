import Glibc

/// An IP address; IPv4 in the mapped form of IPv6, so that both compare alike.
package struct Address: Sendable, Hashable {
  /// Sixteen bytes, network order.
  package let bytes: [UInt8]

  /// Parses `192.0.2.1`, `2001:db8::1` or `::ffff:192.0.2.1`; `nil` for anything else.
  package init?(_ text: some StringProtocol) {
    var four = in_addr()
    var six = in6_addr()
    let text = String(text)
    if unsafe inet_pton(AF_INET, text, &four) == 1 {
      let last = unsafe withUnsafeBytes(of: &four) { unsafe Array($0) }
      bytes = Array(repeating: 0, count: 10) + [255, 255] + last
    } else if unsafe inet_pton(AF_INET6, text, &six) == 1 {
      bytes = unsafe withUnsafeBytes(of: &six) { unsafe Array($0) }
    } else {
      return nil
    }
  }
}

extension Address {
  /// Whether it is of this machine alone.
  var isLoopback: Bool {
    ["127.0.0.0/8", "::1"].compactMap(AddressRange.init).contains { $0.contains(self) }
  }

  /// What one customer of an access provider has for certain: the address, in IPv6 its first 64 bits.
  var network: [UInt8] {
    bytes.prefix(12) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255] ? bytes : Array(bytes.prefix(8))
  }
}

/// All addresses with the same first bits.
package struct AddressRange: Sendable {
  private let base: Address
  private let bits: Int

  /// Parses an address or `address/bits`.
  package init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count <= 2, let base = Address(parts[0]) else { return nil }
    let isShort = !parts[0].contains(":")
    let width = isShort ? 32 : 128
    guard let bits = parts.count == 2 ? Int(parts[1]) : width, (0...width).contains(bits) else { return nil }
    self.base = base
    self.bits = bits + (isShort ? 96 : 0)
  }

  /// Whether `address` begins with the same bits.
  package func contains(_ address: Address) -> Bool {
    for index in 0..<16 {
      let left = bits - index * 8
      if left <= 0 { return true }
      let mask: UInt8 = left >= 8 ? 255 : ~(255 >> UInt8(left))
      if (base.bytes[index] ^ address.bytes[index]) & mask != 0 { return false }
    }
    return true
  }
}

/// Finds out who asks when proxies stand in between.
package enum ClientAddress {
  /// The client's address: the peer's, or what trusted proxies say, read from the nearest on.
  package static func find(peer: String?, forwardedFor: [String], trusted: [AddressRange]) -> String {
    var client = peer ?? ""
    let hops = forwardedFor.flatMap { $0.split(separator: ",") }.map { String($0.trimming()) }
    for hop in hops.reversed() {
      guard let address = Address(client), trusted.contains(where: { $0.contains(address) }) else { break }
      guard Address(hop) != nil else { break }
      client = hop
    }
    return client
  }
}
