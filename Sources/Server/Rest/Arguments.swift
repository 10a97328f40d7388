import Database
import Foundation

/// The named arguments of a call, as they came: in a JSON object, of which PostgreSQL takes the values, or as texts.
struct Arguments {
  private var json: [UInt8] = []
  private var jsonNames: Set<String> = []
  private var texts: [String: String] = [:]

  /// The arguments in a request body; an empty body has none.
  init(body: [UInt8]) throws(RestError) {
    guard !body.isEmpty else { return }
    json = body
    jsonNames = try JsonKeys.object(body)
  }

  /// The arguments in a query string: what the function has an argument for, and what cannot be meant for the result.
  init(query: QueryString, of overloads: [SchemaCache.Function]) {
    let known = Set(overloads.flatMap { $0.arguments.map(\.name) })
    let given = query.items.filter { known.contains($0.name) || !Shape.canRead($0) }.map {
      ($0.name, $0.value)
    }
    texts = Dictionary(given, uniquingKeysWith: { first, _ in first })
  }

  /// These arguments and, before them, the segments of a path.
  func adding(_ path: [String: String]) -> Arguments {
    var all = self
    all.texts.merge(path) { _, segment in segment }
    all.jsonNames.subtract(path.keys)
    return all
  }

  /// The JSON, if nothing is given outside of it.
  var onlyJson: [UInt8]? { texts.isEmpty ? json : nil }

  /// The names that are given outside of JSON.
  var textNames: Set<String> { Set(texts.keys) }

  /// The names that are given.
  var names: Set<String> { jsonNames.union(texts.keys) }

  /// A row source that defines the JSON values, if there are any, and the argument list of the call.
  func sql(for function: SchemaCache.Function, _ parameters: inout [Parameter]) -> (
    record: String?, values: String
  ) {
    var fields: [String] = []
    var values: [String] = []
    for argument in function.arguments {
      let name = quoteIdentifier(argument.name)
      let target = argument.is_variadic == true ? "variadic \(name)" : name
      if let text = texts[argument.name] {
        values.append("\(target) => \(parameters.place(.text(text)))::\(argument.type)")
      } else if jsonNames.contains(argument.name) {
        fields.append("\(name) \(argument.type)")
        values.append("\(target) => body.\(name)")
      }
    }
    guard !fields.isEmpty else { return (nil, values.joined(separator: ", ")) }
    let record =
      "json_to_record(\(parameters.place(.bytes(json)))::json) as body(\(fields.joined(separator: ", ")))"
    return (record, values.joined(separator: ", "))
  }
}

/// The keys of JSON objects; values are left to PostgreSQL.
enum JsonKeys {
  private struct Keys: Decodable {
    let names: [String]

    init(from decoder: any Decoder) throws {
      names = try decoder.container(keyedBy: AnyKey.self).allKeys.map(\.stringValue)
    }
  }

  private struct AnyKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  /// The keys of the object that `body` is.
  static func object(_ body: [UInt8]) throws(RestError) -> Set<String> {
    if let keys = JsonGlance.keys(body) { return keys }
    guard let keys = try? JSONDecoder().decode(Keys.self, from: Data(body)) else {
      throw .badBody(body.isEmpty ? "Empty or invalid json" : "The request body must be a JSON object")
    }
    return Set(keys.names)
  }

  /// The keys of each object in the array that `body` is.
  static func array(_ body: [UInt8]) throws(RestError) -> [Set<String>] {
    guard let rows = try? JSONDecoder().decode([Keys].self, from: Data(body)) else {
      throw .badBody("The request body must be a JSON object or an array of JSON objects")
    }
    return rows.map { Set($0.names) }
  }
}

/// The columns that a body fills.
struct BodyKeys {
  private let names: [String]
  private let isArray: Bool
  /// Whether there is no row at all.
  let isEmpty: Bool

  /// Reads them from `columns=`, else from the objects, which must agree.
  init(_ body: [UInt8], columns: String?, arrays: Bool) throws(RestError) {
    isArray = body.first { $0 > UInt8(ascii: " ") } == UInt8(ascii: "[")
    guard arrays || !isArray else { throw .badBody("The request body must be a JSON object") }
    if let columns {
      (names, isEmpty) = (try Scanner.names(columns, as: "columns parameter"), false)
      return
    }
    let rows = isArray ? try JsonKeys.array(body) : [try JsonKeys.object(body)]
    guard rows.allSatisfy({ $0 == rows[0] }) else { throw .badBody("All object keys must match") }
    guard rows.count < 2 || !rows[0].isEmpty else { throw .notImplemented("Several rows without any column") }
    // In a fixed order, so that equal requests share one prepared statement.
    (names, isEmpty) = (rows.first?.sorted() ?? [], rows.isEmpty)
  }

  /// The columns of `relation` that are filled.
  func columns(of relation: SchemaCache.Relation) throws(RestError) -> [SchemaCache.Column] {
    var columns: [SchemaCache.Column] = []
    for name in names {
      guard let column = relation.columns.first(where: { $0.name == name }) else {
        throw RestError(
          400, "PGRST204", "Could not find the '\(name)' column of '\(relation.name)' in the schema cache")
      }
      columns.append(column)
    }
    return columns
  }

  /// The rows of `body` as SQL; with defaults, a column that an object lacks gets its default.
  func record(
    _ columns: [SchemaCache.Column], withDefaults: Bool, _ parameters: inout [Parameter], _ body: [UInt8]
  ) -> String {
    let fields = columns.map { "\(quoteIdentifier($0.name)) \($0.type)" }.joined(separator: ", ")
    let json = parameters.place(.bytes(body))
    guard withDefaults else {
      return "\(isArray ? "json_to_recordset" : "json_to_record")(\(json)::json) as body(\(fields))"
    }
    let defaults = columns.compactMap { column in
      column.default_sql.map { "jsonb_build_object(\(quoteLiteral(column.name)), \($0)) || " }
    }
    let elements = "jsonb_array_elements(\(isArray ? "\(json)::jsonb" : "jsonb_build_array(\(json)::jsonb)"))"
    return
      "jsonb_to_recordset((select jsonb_agg(\(defaults.joined())e) from \(elements) as e)) as body(\(fields))"
  }
}
