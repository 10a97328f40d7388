import Database
import Foundation

/// What the database offers: decoded once from the JSON of one SQL function, then only read.
package struct SchemaCache: Sendable, Decodable {
  /// A column of a relation or of a function's result.
  package struct Column: Sendable, Decodable {
    /// Its name.
    package let name: String
    /// Its type as SQL text.
    package let type: String
  }

  /// A table or view.
  package struct Relation: Sendable, Decodable {
    /// Its name inside the schema.
    package let name: String
    /// Whether rows can be inserted at all; rights are PostgreSQL's business.
    package let insertable: Bool
    /// Its columns in order.
    package let columns: [Column]
  }

  /// A function that can be called.
  package struct Function: Sendable, Decodable {
    /// An input argument.
    package struct Argument: Sendable, Decodable {
      /// Its name; empty if it has none.
      package let name: String
      /// Its type as SQL text.
      package let type: String
      /// Whether it has no default.
      package let required: Bool
    }

    /// Its name inside the schema.
    package let name: String
    /// Its input arguments in order.
    package let arguments: [Argument]
    /// The columns of its rows; `nil` when it gives plain values.
    package let columns: [Column]?
    /// Whether it gives any number of rows.
    package let returns_set: Bool
    /// Whether it gives nothing.
    package let is_void: Bool
    /// Whether it may write.
    package let is_volatile: Bool
  }

  /// An endpoint declared in the database.
  package struct Route: Sendable, Decodable {
    /// The HTTP method.
    package let method: String
    /// The path, with `{name}` for a segment that is an argument.
    package let path: String
    /// The function that answers.
    package let function_name: String
    /// Who may call at all.
    package let role: String
  }

  /// The schema that is exposed.
  package let schema: String
  /// Endpoints beside the REST dialect.
  package let routes: [Route]
  /// The roles a request may take, each with its own settings.
  package let roles: [String: [Setting]]
  private let byName: [String: Relation]
  private let functionsByName: [String: [Function]]

  private enum CodingKeys: String, CodingKey { case schema, relations, functions, routes, roles }

  /// Decodes the JSON and indexes it by name.
  package init(from decoder: any Decoder) throws {
    let all = try decoder.container(keyedBy: CodingKeys.self)
    schema = try all.decode(String.self, forKey: .schema)
    routes = try all.decode([Route].self, forKey: .routes)
    roles = try all.decode([String: [String: String]].self, forKey: .roles).mapValues { settings in
      settings.map { Setting($0.key, $0.value) }.sorted { $0.name < $1.name }
    }
    let relations = try all.decode([Relation].self, forKey: .relations)
    byName = Dictionary(relations.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    functionsByName = Dictionary(grouping: try all.decode([Function].self, forKey: .functions), by: \.name)
  }

  /// The relation called `name`.
  package func relation(_ name: String) throws(RestError) -> Relation {
    if let found = byName[name] { return found }
    let similar = Similarity.best(for: name, in: byName.keys)
    throw RestError(
      404, "PGRST205", "Could not find the table '\(schema).\(name)' in the schema cache",
      hint: similar.map { "Perhaps you meant the table '\(schema).\($0)'" })
  }

  /// The functions called `name`; empty if there is none.
  package func overloads(_ name: String) -> [Function] { functionsByName[name] ?? [] }

  /// The one function called `name` that takes exactly these argument names, defaults aside.
  package func function(_ name: String, given: Set<String>) throws(RestError) -> Function {
    let matches = overloads(name).filter { function in
      let known = Set(function.arguments.map(\.name))
      return given.isSubset(of: known)
        && function.arguments.allSatisfy { !$0.required || given.contains($0.name) }
    }
    if matches.count == 1 { return matches[0] }
    let call = "\(schema).\(name)"
    guard matches.isEmpty else {
      let candidates = matches.map { function in
        "\(call)(\(function.arguments.map { "\($0.name) => \($0.type)" }.joined(separator: ", ")))"
      }
      throw RestError(
        300, "PGRST203",
        "Could not choose the best candidate function between: \(candidates.joined(separator: ", "))",
        hint:
          "Try renaming the parameters or the function itself in the database so function overloading can be resolved"
      )
    }
    throw unknownFunction(name, given: given)
  }

  private func unknownFunction(_ name: String, given: Set<String>) -> RestError {
    let names = given.sorted().joined(separator: ", ")
    let call = "\(schema).\(name)"
    let known = overloads(name).first.map { function in
      "Perhaps you meant to call the function \(call)(\(function.arguments.map(\.name).sorted().joined(separator: ", ")))"
    }
    let similar = Similarity.best(for: name, in: functionsByName.keys)
      .map { "Perhaps you meant to call the function \(schema).\($0)" }
    return RestError(
      404, "PGRST202",
      "Could not find the function \(call)\(given.isEmpty ? " without parameters" : "(\(names))") in the schema cache",
      details: "Searched for the function \(call) "
        + (given.isEmpty ? "without parameters" : "with parameter\(given.count > 1 ? "s" : "") \(names)")
        + ", but no matches were found in the schema cache.",
      hint: known ?? similar)
  }
}

/// How alike two names are.
enum Similarity {
  /// The name most like `name`, if any is at least three quarters alike.
  static func best(for name: String, in candidates: some Sequence<String>) -> String? {
    candidates.map { (name: $0, likeness: likeness(name, $0)) }
      .filter { $0.likeness >= 0.75 }
      .max { ($0.likeness, $1.name) < ($1.likeness, $0.name) }?.name
  }

  /// 1 − edit distance / length of the longer; O(n·m).
  static func likeness(_ a: String, _ b: String) -> Double {
    let (a, b) = (Array(a.utf8), Array(b.utf8))
    guard !a.isEmpty, !b.isEmpty else { return 0 }
    var row = Array(0...b.count)
    for i in 1...a.count {
      var diagonal = row[0]
      row[0] = i
      for j in 1...b.count {
        let substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)
        diagonal = row[j]
        row[j] = min(substituted, row[j] + 1, row[j - 1] + 1)
      }
    }
    return 1 - Double(row[b.count]) / Double(max(a.count, b.count))
  }
}
