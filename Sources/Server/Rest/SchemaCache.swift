import Database
import Foundation
import Synchronization

/// What the database offers: decoded once from the JSON of one SQL function, then only read.
package struct SchemaCache: Sendable, Decodable {
  /// A column of a relation or of a function's result.
  package struct Column: Sendable, Decodable {
    /// Its name.
    package let name: String
    /// Its type as SQL text.
    package let type: String
    /// SQL for its value where none is given; `nil` for null.
    package let default_sql: String?
  }

  /// Columns of which no two rows have the same values.
  package struct Key: Sendable, Decodable {
    /// The columns' names.
    package let columns: [String]
    /// SQL for which rows it holds; `nil` for all.
    package let condition: String?
    /// Whether it is the primary key.
    package let primary: Bool
  }

  /// A foreign key, seen from either of its ends.
  package struct Link: Sendable, Decodable, Equatable {
    /// The constraint's name.
    package let name: String
    /// The relation at the other end.
    package let target: String
    /// The columns at this end.
    package let columns: [String]
    /// The columns at the other end, in the same order.
    package let target_columns: [String]
    /// `one-to-one`, `many-to-one` or `one-to-many`.
    package let cardinality: String
  }

  /// A table or view.
  package struct Relation: Sendable, Decodable {
    /// Its name inside the schema.
    package let name: String
    /// What can be done with it at all; rights are PostgreSQL's business.
    package let methods: [String]
    /// Its columns in order.
    package let columns: [Column]
    /// Its unique keys, the primary one first.
    package let keys: [Key]
    /// Its foreign keys and those that refer to it.
    package let links: [Link]
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
      /// Whether it stands for any number of values, given as an array; `nil` for most, which do not.
      package let is_variadic: Bool?
    }

    /// Its name inside the schema.
    package let name: String
    /// Its input arguments in order.
    package let arguments: [Argument]
    /// The columns of its rows; `nil` when it gives plain values.
    package let columns: [Column]?
    /// Whether it gives any number of rows.
    package let returns_set: Bool
    /// Whether it opens a cursor whose rows are the answer; `nil` where the database is older than such functions.
    package let returns_cursor: Bool?
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
    /// Whether even a GET may write: where an outside service sends browsers to.
    package let writes: Bool?
  }

  /// The schema that is exposed.
  package let schema: String
  /// Endpoints beside the REST dialect.
  package let routes: [Route]
  /// The roles a request may take, each with its own settings.
  package let roles: [String: [Setting]]
  /// The SQL of calls that were made before.
  let calls = CallTexts()
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

  /// The one foreign key that joins `embed` to the relation called `parent`.
  func link(_ embed: Embed, of parent: String) throws(RestError) -> Link {
    let all = byName[parent]?.links ?? []
    let matches = all.filter { link in
      let isTarget =
        link.target == embed.target || link.name == embed.target
        || (link.cardinality != "one-to-many" && link.columns.contains(embed.target))
      // A key of several columns is meant by any of them that only it has.
      return isTarget
        && embed.hint.map { link.name == $0 || link.columns.contains($0) || link.target_columns.contains($0) }
          ?? true
    }
    if matches.count == 1 { return matches[0] }
    guard matches.isEmpty else { throw .ambiguous(matches, of: parent, target: embed.target) }
    let similar = Similarity.best(for: embed.target, in: all.map(\.target))
    throw RestError(
      400, "PGRST200",
      "Could not find a relationship between '\(parent)' and '\(embed.target)' in the schema cache",
      details: "Searched for a foreign key relationship between '\(parent)' and '\(embed.target)'"
        + (embed.hint.map { " using the hint '\($0)'" } ?? "")
        + " in the schema '\(schema)', but no matches were found.",
      hint: similar.flatMap {
        $0 == embed.target ? nil : "Perhaps you meant '\($0)' instead of '\(embed.target)'."
      })
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

/// Remembers the SQL of plain calls, which depends on the function and the names of its arguments alone.
final class CallTexts: Sendable {
  /// What a text depends on.
  struct Key: Hashable {
    /// The function's name.
    let function: String
    /// The arguments given in JSON.
    let names: Set<String>
    /// Whether it must not write.
    let readOnly: Bool

    /// By the name alone: most functions are called in one way.
    func hash(into hasher: inout Hasher) { hasher.combine(function) }
  }

  private static let most = 1_000
  private let known = Mutex<[Key: Plan]>([:])

  /// The plan that was made for `key`.
  func plan(_ key: Key) -> Plan? { known.withLock { $0[key] } }

  /// Remembers a plan.
  func remember(_ plan: Plan, for key: Key) {
    known.withLock { known in
      if known.count >= Self.most { known.removeAll() }
      known[key] = plan
    }
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

  /// 1 − edit distance / length of the longer, 0 if below three quarters by their lengths alone; O(n·m).
  static func likeness(_ a: String, _ b: String) -> Double {
    let (a, b) = (Array(a.utf8), Array(b.utf8))
    // Lengths that differ much say enough, and keep a long name from costing much.
    guard !a.isEmpty, !b.isEmpty, min(a.count, b.count) * 4 >= max(a.count, b.count) * 3 else { return 0 }
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
