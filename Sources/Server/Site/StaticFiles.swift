import Foundation
import HTTPTypes
import Hummingbird

/// The pages and the tracker: a fixed list of files read at the start, so that no request ever names a path on disk.
struct StaticFiles: Sendable {
  /// A file as it is sent: as it is, and packed where that is shorter.
  struct File: Sendable {
    let type: String
    let plain: Form
    let packed: Form?
  }

  /// One way to send a file; each has a tag of its own, since their bytes differ.
  struct Form: Sendable {
    let content: ByteBuffer
    let tag: String
  }

  private static let types = [
    "html": "text/html; charset=utf-8", "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "svg": "image/svg+xml", "png": "image/png", "ico": "image/x-icon", "json": "application/json",
    "webmanifest": "application/manifest+json", "woff2": "font/woff2", "txt": "text/plain; charset=utf-8",
    "ts": "text/plain; charset=utf-8",
  ]
  /// What is packed already gains nothing.
  private static let packedTypes: Set = ["image/png", "image/x-icon", "font/woff2"]
  /// Paths with a name of their own; everything in these folders is also found under the folder's name, and each page
  /// of the dashboard under its own: `dashboard/crm.html` is `/crm`.
  private static let named = [
    "/tracker.js": "tracker/tracker.js", "/tracker.v1.js": "tracker/tracker.js",
    "/client.js": "client/client.js", "/shop": "shop/index.html",
    "/favicon.ico": "dashboard/icon.svg",
  ]
  private static let folders = ["dashboard", "client", "shop"]
  /// The trackers' names, and for how many seconds a page may keep one: a name with a version never changes its ways.
  private static let shared = ["/tracker.js": 300, "/tracker.v1.js": 86_400]
  /// The chart library, where Debian installs it.
  private static let chart = ("/vendor/chart.js", "/usr/share/javascript/chart.js/chart.min.js")

  private let files: [String: File]

  /// Reads the files below `directory`; throws when it is not there.
  init(directory: String) throws {
    guard FileManager.default.fileExists(atPath: directory) else {
      throw SettingsError(description: "VIBE_DASHBOARD_DIR is \"\(directory)\", which is not there")
    }
    let root = URL(fileURLWithPath: directory, isDirectory: true)
    var files: [String: File] = [:]
    for folder in Self.folders {
      let names = FileManager.default.enumerator(atPath: root.appendingPathComponent(folder).path)
      while let name = names?.nextObject() as? String {
        let file = Self.read(root.appendingPathComponent("\(folder)/\(name)"))
        files["/\(folder)/\(name)"] = file
        if folder == "dashboard", name.hasSuffix(".html") { files["/\(name.dropLast(5))"] = file }
      }
    }
    files[Self.chart.0] = Self.read(URL(fileURLWithPath: Self.chart.1))
    for (path, name) in Self.named { files[path] = Self.read(root.appendingPathComponent(name)) }
    self.files = files
  }

  private static func read(_ url: URL) -> File? {
    guard let type = types[url.pathExtension], var data = try? Data(contentsOf: url) else { return nil }
    if url.pathExtension == "js" {
      data = Data(Remarks.removed(from: String(decoding: data, as: UTF8.self)).utf8)
    }
    // FNV-1a: tells versions of one file apart; nothing secret hangs on it.
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in data { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    let tag = "\(String(hash, radix: 16))-\(data.count)"
    let plain = Form(content: ByteBuffer(bytes: data), tag: "\"\(tag)\"")
    guard !packedTypes.contains(type), let short = try? Gzip.packed(plain.content),
      short.readableBytes < data.count
    else { return File(type: type, plain: plain, packed: nil) }
    return File(type: type, plain: plain, packed: Form(content: short, tag: "\"\(tag)-gzip\""))
  }

  /// Adds the files' paths.
  func add(to router: Router<Context>) {
    for (path, file) in files {
      for method in [HTTPRequest.Method.get, .head] {
        router.on(RouterPath(path), method: method) { request, _ in Self.response(file, path: path, request) }
      }
    }
    router.get("/") { _, _ in Response(status: .seeOther, headers: [.location: "/crm"]) }
  }

  private static func response(_ file: File, path: String, _ request: Request) -> Response {
    let packed = Gzip.isAccepted(request.headers[.acceptEncoding]) ? file.packed : nil
    let form = packed ?? file.plain
    var headers: HTTPFields = [.contentType: file.type, .eTag: form.tag, .cacheControl: "no-cache"]
    if file.packed != nil { headers[.vary] = "Accept-Encoding" }
    if packed != nil { headers[.contentEncoding] = "gzip" }
    if let seconds = shared[path] {
      // Pages of other sites load it, and every view would ask again.
      headers[.cacheControl] = "public, max-age=\(seconds)"
      headers[.crossOriginResourcePolicy] = "cross-origin"
      headers[.accessControlAllowOrigin] = "*"
    }
    if file.type.hasPrefix("text/html") {
      // The demo shop is a page like those of customers: it loads the tracker by a script element of its own.
      SecurityHeaders.addForPages(to: &headers, trustedTypes: !path.hasPrefix("/shop"))
    }
    let known = request.headers[.ifNoneMatch]?.split(separator: ",").map { $0.trimming() } ?? []
    if known.contains(where: { $0 == form.tag || $0 == "*" || $0 == "W/\(form.tag)" }) {
      headers[.contentEncoding] = nil
      return Response(status: .notModified, headers: headers)
    }
    return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: form.content))
  }
}

/// Headers that tell browsers what pages of this server may do.
enum SecurityHeaders {
  /// Only our own scripts, styles and connections; nobody may frame us.
  static let policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    + "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
  /// No script may make markup or code of text.
  static let trustedTypes = "; require-trusted-types-for 'script'; trusted-types 'none'"
  /// What of a machine our pages never ask for.
  static let permissions =
    "camera=(), microphone=(), geolocation=(), display-capture=(), payment=(), usb=(), browsing-topics=()"

  /// What pages carry besides.
  static func addForPages(to headers: inout HTTPFields, trustedTypes: Bool) {
    headers[.contentSecurityPolicy] = policy + (trustedTypes ? self.trustedTypes : "")
    headers[.permissionsPolicy] = permissions
    // The session cookie is checked by Referer where a browser sends nothing better, so our own pages must send it.
    headers[.referrerPolicy] = "same-origin"
    headers[.crossOriginOpenerPolicy] = "same-origin"
  }

  /// What every answer carries, unless the answer knows better.
  static func add(to headers: inout HTTPFields) {
    headers[.xContentTypeOptions] = "nosniff"
    if headers[.crossOriginResourcePolicy] == nil, headers[.accessControlAllowOrigin] == nil {
      headers[.crossOriginResourcePolicy] = "same-origin"
    }
  }
}

extension HTTPField.Name {
  /// Where else a page may send the address it came from.
  static let referrerPolicy = Self("Referrer-Policy")!  // a literal token
  /// What a page may ask the browser for.
  static let permissionsPolicy = Self("Permissions-Policy")!  // a literal token
  /// Whether other pages share our window.
  static let crossOriginOpenerPolicy = Self("Cross-Origin-Opener-Policy")!  // a literal token
  /// Which sites may load the answer.
  static let crossOriginResourcePolicy = Self("Cross-Origin-Resource-Policy")!  // a literal token
}
