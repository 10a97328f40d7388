import Foundation

/// Where a request goes, once its address has been found to be a permitted one.
package struct Destination: Sendable, Hashable {
  /// The name or address, without the brackets of IPv6, in small letters.
  package let host: String
  /// The port.
  package let port: Int
  /// Whether the operator named it: then any address and plain HTTP will do.
  package let isNamed: Bool

  /// The destination of `url`; refused when it is no URL that a request may go to.
  ///
  /// - Parameter named: what the operator permits besides, each as `host:port`.
  package init(url: String, named: Set<String>) throws(OutgoingError) {
    guard let parts = URL(string: url), let scheme = parts.scheme?.lowercased(),
      let host = parts.host(percentEncoded: true)?.lowercased(), !host.isEmpty,
      parts.user == nil, parts.password == nil, ["https", "http"].contains(scheme)
    else { throw .badURL }
    self.host = host.trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
    port = parts.port ?? (scheme == "https" ? 443 : 80)
    guard (1...65_535).contains(port) else { throw .badURL }
    isNamed = named.contains("\(self.host):\(port)")
    guard isNamed || scheme == "https" else { throw .notAllowed }
  }
}

/// Why a request got no answer; the raw value is what the step function hears.
package enum OutgoingError: String, Error {
  case timeout, refused, dns, tls, closed, failed
  case tooLarge = "too_large"
  case notText = "not_text"
  case notAllowed = "not_allowed"
  case badURL = "bad_url"
  case badRequest = "bad_request"
}

extension Address {
  /// Whether the address belongs to the public internet: neither this machine nor a network around it can be meant.
  ///
  /// By the registries of special-purpose addresses (RFC 6890 and its successors).
  package var isPublic: Bool {
    if Self.mapped.contains(self) { return !Self.reservedIPv4.contains { $0.contains(self) } }
    return Self.global.contains { $0.contains(self) } && !Self.reservedIPv6.contains { $0.contains(self) }
  }

  private static let mapped = ranges(["::ffff:0:0/96"])[0]
  private static let reservedIPv4 = ranges([
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
    "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
    "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
  ])
  private static let global = ranges(["2000::/3"])
  /// Protocol assignments (Teredo among them), documentation, and 6to4, which hides an IPv4 address.
  private static let reservedIPv6 = ranges(["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"])

  private static func ranges(_ texts: [String]) -> [AddressRange] { texts.compactMap { AddressRange($0) } }

  /// As text, in the form that sockets take.
  package var text: String {
    guard Self.mapped.contains(self) else {
      return stride(from: 0, to: 16, by: 2).map {
        String(Int(bytes[$0]) << 8 | Int(bytes[$0 + 1]), radix: 16)
      }.joined(separator: ":")
    }
    return bytes.suffix(4).map(String.init).joined(separator: ".")
  }
}
