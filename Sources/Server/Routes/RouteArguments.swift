import Database
import HTTPTypes
import Hummingbird

/// What a request gives to an endpoint's function: the path's values with those of the query or, for a method with a body,
/// of the body. A webhook's function gets the body as it came and the headers, since signatures are over bytes.
struct RouteArguments {
  private enum Webhook {
    static let body = "body"
    static let headers = "headers"
  }

  private let overloads: [SchemaCache.Function]
  private let body: [UInt8]
  private var texts: [String: String]
  /// All of them.
  let all: Arguments

  /// Reads `request` and its body; a query may hold only what a function takes, except a webhook's, of which others decide.
  init(
    _ request: Request, _ bytes: [UInt8], path: [String: String], of overloads: [SchemaCache.Function]
  ) throws(RestError) {
    self.overloads = overloads
    let isWebhook = request.uri.path.hasPrefix("/webhooks/")
    let known = Dictionary(
      overloads.flatMap { $0.arguments.map { ($0.name, $0.type) } }, uniquingKeysWith: { first, _ in first })
    let hasBody = request.method != .get && request.method != .head
    texts = [:]
    for item in try QueryString(request.uri.query ?? "", ignoring: "apikey").items where isWebhook || !hasBody
    {
      if !isWebhook || known[item.name] != nil, texts[item.name] == nil { texts[item.name] = item.value }
    }
    if isWebhook {
      if let type = known[Webhook.body] { texts[Webhook.body] = try Self.raw(bytes, as: type) }
      if known[Webhook.headers] != nil { texts[Webhook.headers] = Self.json(request.headers) }
    }
    texts.merge(path) { _, segment in segment }
    body = isWebhook || !hasBody ? [] : bytes
    all = try Arguments(body: body).adding(texts)
  }

  private static func raw(_ bytes: [UInt8], as type: String) throws(RestError) -> String {
    if type == "bytea" {
      let digits = Array("0123456789abcdef".utf8)
      var text = Array("\\x".utf8)
      text.reserveCapacity(2 + 2 * bytes.count)
      for byte in bytes {
        text.append(digits[Int(byte >> 4)])
        text.append(digits[Int(byte & 15)])
      }
      return String(decoding: text, as: UTF8.self)
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw RestError(400, "VALIDATION_ERROR", "The request body must be UTF-8")
    }
    return text
  }

  /// Each header once, by its name in small letters; cookies are for our own pages.
  private static func json(_ headers: HTTPFields) -> String {
    var text = JsonText()
    let names = Set(headers.map(\.name)).subtracting([.cookie])
    text.object(names.map { ($0.canonicalName, headers[$0]) }.sorted { $0.0 < $1.0 })
    return String(buffer: text.buffer)
  }

  /// The one function called `name` that takes these arguments; else an error that names the odd one.
  func choose(_ cache: SchemaCache, _ name: String) throws(RestError) -> SchemaCache.Function {
    guard let first = overloads.first else {
      throw RestError(500, "INTERNAL", "This endpoint's function does not exist")
    }
    let known = Set(overloads.flatMap { $0.arguments.map(\.name) })
    if let stranger = all.names.subtracting(known).min() {
      throw Self.problem(stranger, "This endpoint has no parameter \"\(stranger)\"", reason: nil)
    }
    if overloads.count == 1,
      let missing = first.arguments.first(where: { $0.required && !all.names.contains($0.name) })
    {
      throw Self.problem(missing.name, "Parameter \"\(missing.name)\" is missing", reason: nil)
    }
    return try cache.function(name, given: all.names)
  }

  /// After a failure: the argument whose value its type does not take, if there is one.
  func problem(with function: SchemaCache.Function, in pool: Pool) async -> RestError? {
    var (given, types) = (JsonText(), JsonText())
    given.object(texts.map { ($0.key, $0.value) })
    types.object(function.arguments.map { ($0.name, $0.type) })
    let statement = Names.wrongArgument(
      body: body.isEmpty ? Array("{}".utf8) : body, texts: String(buffer: given.buffer),
      types: String(buffer: types.buffer))
    guard let rows = try? await pool.run(Transaction([statement], readOnly: true))[0],
      let name = rows.string(column: 0), let type = rows.string(column: 1)
    else { return nil }
    return Self.problem(name, "Parameter \"\(name)\" must be \(type)", reason: rows.string(column: 2))
  }

  private static func problem(_ name: String, _ message: String, reason: String?) -> RestError {
    var details = JsonText()
    details.object([("field", name)] + (reason.map { [("reason", $0)] } ?? []))
    return RestError(400, "VALIDATION_ERROR", message, details: String(buffer: details.buffer))
  }
}
