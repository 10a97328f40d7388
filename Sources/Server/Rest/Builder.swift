import Database

/// Rows that can be read: what stands after `from`, and its name in the rest of the statement.
struct Source {
  let sql: String
  /// What messages call it, and where foreign keys are looked for.
  let name: String
  let columns: [SchemaCache.Column]
  var alias = "t"

  /// The column called `name`.
  func column(_ name: String) throws(RestError) -> SchemaCache.Column {
    guard let column = columns.first(where: { $0.name == name }) else {
      throw .unknownColumn(name, of: self.name)
    }
    return column
  }
}

/// Writes SQL. The only place where names and values of a request meet it: names come from the schema cache or are quoted,
/// values become parameters, so that requests of one shape share one text.
struct Builder {
  let cache: SchemaCache
  /// The most rows of an answer and of each list inside it.
  let maximum: Int
  /// The values so far, `$1` first.
  var parameters: [Parameter] = []

  /// A relation or function with its schema.
  func qualified(_ name: String) -> String { "\(quoteIdentifier(cache.schema)).\(quoteIdentifier(name))" }

  /// The rows of a relation.
  func source(_ relation: SchemaCache.Relation) -> Source {
    Source(sql: qualified(relation.name), name: relation.name, columns: relation.columns)
  }

  /// A field's value.
  mutating func value(_ field: Field, of source: Source) throws(RestError) -> String {
    let column = try source.column(field.column)
    var sql = "\(source.alias).\(quoteIdentifier(column.name))"
    guard !field.path.isEmpty else { return sql }
    if column.type != "json", column.type != "jsonb" { sql = "to_jsonb(\(sql))" }
    for step in field.path {
      sql +=
        "\(step.asText ? "->>" : "->") \(parameters.place(.text(step.key)))::\(step.isPlace ? "int" : "text")"
    }
    return "(\(sql))"
  }

  // MARK: Rows

  /// The columns of the answer.
  mutating func list(_ shape: Shape, of source: Source) throws(RestError) -> String {
    var columns: [String] = []
    for item in shape.items {
      switch item {
      case .all: columns.append("\(source.alias).*")
      case .field(let field, let alias, let cast):
        let value = try value(field, of: source)
        columns.append("\(value)\(cast.map { "::\($0)" } ?? "") as \(quoteIdentifier(alias ?? field.label))")
      case .embed(let place):
        let embed = shape.embeds[place]
        guard !embed.shape.items.isEmpty else { break }
        columns.append("\(try rows(of: embed, in: source)) as \(quoteIdentifier(embed.name))")
      }
    }
    return columns.joined(separator: ", ")
  }

  /// The names of the columns of the answer.
  func labels(_ shape: Shape, of source: Source) -> [String] {
    shape.items.flatMap { item in
      switch item {
      case .all: source.columns.map(\.name)
      case .field(let field, let alias, _): [alias ?? field.label]
      case .embed(let place): shape.embeds[place].shape.items.isEmpty ? [] : [shape.embeds[place].name]
      }
    }
  }

  /// ` where …` with all that `shape` asks, or nothing.
  mutating func conditions(_ shape: Shape, of source: Source, and first: [String] = []) throws(RestError)
    -> String
  {
    var all = first
    for condition in shape.conditions { all.append(try sql(condition, of: source, shape)) }
    for embed in shape.embeds where embed.isInner { all.append(try exists(embed, in: source)) }
    return all.isEmpty ? "" : " where " + all.joined(separator: " and ")
  }

  /// ` order by … limit … offset …`, each where there is one.
  mutating func tail(_ shape: Shape, of source: Source, maximum: Int?) throws(RestError) -> String {
    var terms: [String] = []
    for term in shape.order { terms.append(try value(term.field, of: source) + term.direction) }
    var sql = terms.isEmpty ? "" : " order by " + terms.joined(separator: ", ")
    if let most = [shape.limit, maximum].compactMap(\.self).min() {
      sql += " limit \(parameters.place(.text(String(most))))"
    }
    if shape.offset > 0 { sql += " offset \(parameters.place(.text(String(shape.offset))))" }
    return sql
  }

  // MARK: Conditions

  private mutating func sql(_ condition: Condition, of source: Source, _ shape: Shape) throws(RestError)
    -> String
  {
    switch condition {
    case .filter(let filter):
      let isColumn = !filter.field.path.isEmpty || source.columns.contains { $0.name == filter.field.column }
      if !isColumn, let embed = shape.embeds.first(where: { $0.isCalled(filter.field.column) }) {
        guard case .keyword(let word) = filter.test, word.hasSuffix("null") else {
          throw .embedFilter(embed.name)
        }
        return "\((word == "null") != filter.isNegated ? "not " : "")\(try exists(embed, in: source))"
      }
      let test = try test(filter, of: source)
      return filter.isNegated ? "not (\(test))" : test
    case .group(let members, let word, let isNegated):
      var all: [String] = []
      for member in members { all.append(try sql(member, of: source, shape)) }
      return "\(isNegated ? "not " : "")(\(all.joined(separator: " \(word) ")))"
    }
  }

  private mutating func test(_ filter: Filter, of source: Source) throws(RestError) -> String {
    var left = try value(filter.field, of: source)
    switch filter.test {
    case .keyword(let word): return "\(left) is \(word)"
    case .compare(let sql, let value): return "\(left) \(sql) (\(parameters.place(.text(value))))"
    case .search(let function, let language, let words):
      let first = language.map { "\(parameters.place(.text($0)))::regconfig, " } ?? ""
      let type = try source.column(filter.field.column).type
      if !filter.field.path.isEmpty || type != "tsvector" { left = "to_tsvector(\(first)\(left))" }
      return "\(left) @@ \(function)(\(first)\(parameters.place(.text(words))))"
    }
  }

  // MARK: Embedded rows

  /// The related rows as a value: an object or null, or an array. A value and no join, since it is made for listed rows only.
  private mutating func rows(of embed: Embed, in source: Source) throws(RestError) -> String {
    let (target, link, joining) = try related(embed, to: source)
    let isOne = link.cardinality != "one-to-many"
    let list = try list(embed.shape, of: target)
    let conditions = try conditions(embed.shape, of: target, and: joining)
    let tail = try tail(embed.shape, of: target, maximum: isOne ? nil : maximum)
    let value = isOne ? "to_json(r)" : "coalesce(json_agg(r), '[]')"
    return
      "(select \(value) from (select \(list) from \(target.sql) as \(target.alias)\(conditions)\(tail)) as r)"
  }

  private mutating func exists(_ embed: Embed, in source: Source) throws(RestError) -> String {
    let (target, _, joining) = try related(embed, to: source)
    return
      "exists (select from \(target.sql) as \(target.alias)\(try conditions(embed.shape, of: target, and: joining)))"
  }

  private func related(_ embed: Embed, to source: Source) throws(RestError) -> (
    Source, SchemaCache.Link, [String]
  ) {
    let link = try cache.link(embed, of: source.name)
    var target = self.source(try cache.relation(link.target))
    target.alias = source.alias + "_"
    let joining = zip(link.target_columns, link.columns).map { other, own in
      "\(target.alias).\(quoteIdentifier(other)) = \(source.alias).\(quoteIdentifier(own))"
    }
    return (target, link, joining)
  }
}

extension [Parameter] {
  /// Adds a parameter and gives its place, `$n`.
  package mutating func place(_ parameter: Parameter) -> String {
    append(parameter)
    return "$\(count)"
  }
}
