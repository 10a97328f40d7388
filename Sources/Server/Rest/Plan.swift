import Database

/// SQL for one REST request and how its result is to be read.
///
/// The first row holds: number of rows · body as text · number of all rows, if asked for · how many rows an upsert added.
package struct Plan {
  /// What the body is.
  enum Body: Equatable {
    /// Rows, of which this page begins at `offset`; one object, if only one is possible.
    case rows(offset: Int)
    /// One JSON value.
    case value
    /// Nothing.
    case nothing
    /// What a method of writing gives.
    case written(Writing)
  }

  /// The ways to write.
  enum Writing { case insert, update, delete }

  package private(set) var statement: Statement
  /// Undoes what `statement` did if the answer is refused for its number of rows.
  var check: Statement?
  let isReadOnly: Bool
  let body: Body
  /// The column of the status that the statement chose by a setting, with its headers in the next one.
  var settings: Int?

  /// A read of a table or view.
  package static func read(
    _ relation: SchemaCache.Relation, in cache: SchemaCache, query: QueryString, wishes: Negotiation,
    maximum: Int
  ) throws(RestError) -> Plan {
    var builder = Builder(cache: cache, maximum: maximum)
    return try rows(
      Shape(query, range: wishes.range), of: builder.source(relation), wishes: wishes, readOnly: true,
      &builder)
  }

  /// Rows cut to `shape`; a source that may write is read only once, by `with`.
  private static func rows(
    _ shape: Shape, of source: Source, with: String = "", wishes: Negotiation, readOnly: Bool,
    _ builder: inout Builder
  ) throws(RestError) -> Plan {
    let list = try builder.list(shape, of: source)
    let from = "from \(source.sql) as \(source.alias)\(try builder.conditions(shape, of: source))"
    let tail = try builder.tail(shape, of: source, maximum: builder.maximum)
    var figures = builder.body(wishes, shape, of: source)
    if wishes.wantsTotal {
      let total = "(select count(*) \(from))"
      // A first page that is not full tells the total by itself.
      let limit = String(min(shape.limit ?? .max, builder.maximum))
      figures +=
        shape.offset > 0
        ? ", \(total)"
        : ", case when count(*) < \(builder.parameters.place(.text(limit))) then count(*) else \(total) end"
    }
    if !readOnly { figures += Self.answerSettings }
    let check = readOnly ? nil : builder.refusal(wishes, count: "count(*)", &figures)
    return Plan(
      statement: Statement(
        "\(with)select count(*), \(figures) from (select \(list) \(from)\(tail)) as r", builder.parameters),
      check: check, isReadOnly: readOnly, body: .rows(offset: shape.offset),
      settings: readOnly ? nil : wishes.wantsTotal ? 3 : 2)
  }

  /// The settings by which what writes may choose the status and headers of its answer.
  private static let answerSettings =
    ", current_setting('response.status', true), current_setting('response.headers', true)"

  /// A call of a function; of one without wishes, the text is known from the last time.
  static func call(
    _ function: SchemaCache.Function, in cache: SchemaCache, arguments: Arguments, query: QueryString,
    wishes: Negotiation, maximum: Int, readOnly: Bool
  ) throws(RestError) -> Plan {
    guard let body = arguments.onlyJson, query.items.isEmpty, wishes.isPlain else {
      return try newCall(
        function, in: cache, arguments: arguments, query: query, wishes: wishes, maximum: maximum,
        readOnly: readOnly)
    }
    let key = CallTexts.Key(function: function.name, names: arguments.names, readOnly: readOnly)
    if let known = cache.calls.plan(key) { return known.with(body: body) }
    let plan = try newCall(
      function, in: cache, arguments: arguments, query: query, wishes: wishes, maximum: maximum,
      readOnly: readOnly)
    cache.calls.remember(plan.with(body: []), for: key)
    return plan
  }

  /// The same for another body, which is the first parameter where there is one.
  private func with(body: [UInt8]) -> Plan {
    guard case .bytes? = statement.parameters.first else { return self }
    var plan = self
    plan.statement = Statement(statement.sql, [.bytes(body)] + statement.parameters.dropFirst())
    return plan
  }

  private static func newCall(
    _ function: SchemaCache.Function, in cache: SchemaCache, arguments: Arguments, query: QueryString,
    wishes: Negotiation, maximum: Int, readOnly: Bool
  ) throws(RestError) -> Plan {
    var builder = Builder(cache: cache, maximum: maximum)
    let shape = try Shape(query, ignoring: arguments.textNames, range: wishes.range)
    let readOnly = readOnly || !function.is_volatile
    let (record, values) = arguments.sql(for: function, &builder.parameters)
    let call = "\(builder.qualified(function.name))(\(values))"
    if wishes.mostAffected != nil, !function.returns_set {
      throw RestError(
        400, "PGRST128",
        "Function must return SETOF or TABLE when max-affected preference is used with handling=strict")
    }
    if let columns = function.columns {
      var source = Source(
        sql: record.map { "(select f.* from \($0), lateral \(call) as f)" } ?? call, name: function.name,
        columns: columns)
      var with = ""
      if wishes.wantsTotal {
        // Page and total come from one run of the function.
        with = "with source as materialized (select * from \(source.sql) as f) "
        source = Source(sql: "source", name: function.name, columns: columns)
      }
      var wishes = wishes
      wishes.wantsOne = !function.returns_set
      return try rows(shape, of: source, with: with, wishes: wishes, readOnly: readOnly, &builder)
    }
    // Plain values have no columns that could be chosen or compared.
    let plain = Source(sql: "", name: function.name, columns: [])
    _ = try builder.list(shape, of: plain) + builder.conditions(shape, of: plain)
    guard wishes.form != .csv else { throw .mediaType("text/csv") }
    let from = record.map { " from \($0)" } ?? ""
    guard function.returns_set else {
      let value = function.is_void ? "(\(call))::text" : "coalesce(to_json(\(call))::text, 'null')"
      return Plan(
        statement: Statement(
          "select 1, \(value)\(readOnly ? "" : answerSettings)\(from)", builder.parameters),
        isReadOnly: readOnly, body: function.is_void ? .nothing : .value, settings: readOnly ? nil : 2)
    }
    let each = "select \(call) as value\(from)\(try builder.tail(shape, of: plain, maximum: maximum))"
    return Plan(
      statement: Statement(
        "select count(*), coalesce(json_agg(r.value), '[]')::text\(readOnly ? "" : answerSettings) from (\(each)) as r",
        builder.parameters),
      isReadOnly: readOnly, body: .rows(offset: shape.offset), settings: readOnly ? nil : 2)
  }
}

// MARK: Writing

extension Plan {
  /// An insert of one object or an array of objects, or an upsert; the bytes go to PostgreSQL as they came.
  package static func insert(
    into relation: SchemaCache.Relation, in cache: SchemaCache, body: [UInt8], query: QueryString,
    wishes: Negotiation
  ) throws(RestError) -> Plan {
    var builder = Builder(cache: cache, maximum: .max)
    let keys = try BodyKeys(body, columns: query.first("columns"), arrays: true)
    let columns = try keys.columns(of: relation)
    let names = columns.map { quoteIdentifier($0.name) }
    let merges = wishes["resolution"] == "merge-duplicates"
    var sql = "default values"
    if keys.isEmpty {
      sql = ""
    } else if !columns.isEmpty {
      let counting = merges ? " where \(Self.counted("+"))" : ""
      let rows = keys.record(columns, withDefaults: wishes["missing"] == "default", &builder.parameters, body)
      sql =
        "(\(names.joined(separator: ", "))) select \(names.joined(separator: ", ")) from \(rows)\(counting)"
    }
    if wishes["resolution"] != nil, !sql.isEmpty,
      let target = try Self.arbiter(relation, query.first("on_conflict"))
    {
      var changed = names.filter { !target.columns.contains($0) }
      if changed.isEmpty { changed = Array(names.prefix(1)) }
      let changes = changed.map { "\($0) = excluded.\($0)" }.joined(separator: ", ")
      sql += " on conflict (\(target.columns.joined(separator: ", ")))\(target.condition) do "
      sql += merges ? "update set \(changes) where \(Self.counted("-"))" : "nothing"
    }
    let target = builder.qualified(relation.name)
    return try written(
      .insert, sql.isEmpty ? nil : "insert into \(target) as t \(sql)", relation,
      Shape(query), wishes, &builder)
  }

  /// A change of the rows that the query means.
  package static func update(
    _ relation: SchemaCache.Relation, in cache: SchemaCache, body: [UInt8], query: QueryString,
    wishes: Negotiation
  ) throws(RestError) -> Plan {
    var builder = Builder(cache: cache, maximum: .max)
    let shape = try Shape(query)
    let keys = try BodyKeys(body, columns: query.first("columns"), arrays: false)
    let columns = try keys.columns(of: relation)
    let changes = columns.map { "\(quoteIdentifier($0.name)) = body.\(quoteIdentifier($0.name))" }
    let record = keys.record(columns, withDefaults: false, &builder.parameters, body)
    let conditions = try builder.restricted(shape, builder.source(relation), "UPDATE")
    let sql =
      "update \(builder.qualified(relation.name)) as t set \(changes.joined(separator: ", ")) from \(record)\(conditions)"
    if changes.isEmpty { builder.parameters = [] }
    return try written(.update, changes.isEmpty ? nil : sql, relation, shape, wishes, &builder)
  }

  /// A removal of the rows that the query means.
  package static func delete(
    from relation: SchemaCache.Relation, in cache: SchemaCache, query: QueryString, wishes: Negotiation
  ) throws(RestError) -> Plan {
    var builder = Builder(cache: cache, maximum: .max)
    let shape = try Shape(query)
    let conditions = try builder.restricted(shape, builder.source(relation), "DELETE")
    return try written(
      .delete, "delete from \(builder.qualified(relation.name)) as t\(conditions)", relation, shape, wishes,
      &builder)
  }

  /// The answer to a statement that writes; `nil` writes nothing. Limits shape the answer, never what is written.
  private static func written(
    _ writing: Writing, _ sql: String?, _ relation: SchemaCache.Relation, _ asked: Shape,
    _ asking: Negotiation,
    _ builder: inout Builder
  ) throws(RestError) -> Plan {
    var (shape, wishes) = (asked, asking)
    let key = relation.keys.first { $0.primary }
    if wishes["return"] == "headers-only", let key {
      shape = Shape(textOf: key.columns)
      (wishes.form, wishes.wantsOne, wishes.stripsNulls) = (.array, true, false)
    }
    let isQuiet = wishes["return"] != "representation" && (wishes["return"] != "headers-only" || key == nil)
    let source = Source(sql: "source", name: relation.name, columns: relation.columns)
    let given = isQuiet ? "1" : try builder.returned(shape, relation)
    let writes =
      sql.map { "\($0) returning \(given)" }
      ?? "select \(given) from \(builder.qualified(relation.name)) as t where false"
    var from = "source as r"
    var body = "null"
    if !isQuiet {
      let list = try builder.list(shape, of: source)
      let inner = try builder.conditions(shape.withoutFilters, of: source)
      from =
        "(select \(list) from source as t\(inner)\(try builder.tail(shape, of: source, maximum: nil))) as r"
      body = builder.body(wishes, shape, of: source)
    }
    var figures =
      "\(body), null, \(writing == .insert && wishes["resolution"] == "merge-duplicates" ? Self.inserted : "null")"
    let count = "(select count(*) from source)"
    figures += answerSettings
    let check = builder.refusal(asking, count: count, &figures)
    return Plan(
      statement: Statement(
        "with source as (\(writes)) select \(count), \(figures) from \(from)", builder.parameters),
      check: check, isReadOnly: false, body: .written(writing), settings: 4)
  }

  /// How many rows an upsert has added: each row counts when it comes, and not when it was there already.
  private static let inserted = "coalesce(nullif(current_setting('rest.inserted', true), '')::int, 0)"

  private static func counted(_ sign: String) -> String {
    "set_config('rest.inserted', (\(inserted) \(sign) 1)::text, true) <> ''"
  }

  /// The unique key that decides what a duplicate is, quoted; `nil` if the relation has none and none is named.
  private static func arbiter(
    _ relation: SchemaCache.Relation, _ text: String?
  ) throws(RestError) -> (columns: [String], condition: String)? {
    let named = try text.map { text throws(RestError) in try Scanner.names(text, as: "on_conflict parameter")
    }
    guard let columns = named ?? relation.keys.first(where: { $0.primary })?.columns else { return nil }
    let keys = relation.keys.filter { Set($0.columns) == Set(columns) }
    let condition = keys.contains { $0.condition == nil } ? nil : keys.first?.condition
    return (columns.map(quoteIdentifier), condition.map { " where \($0)" } ?? "")
  }
}

extension Builder {
  /// The body of an answer from the rows `r`.
  mutating func body(_ wishes: Negotiation, _ shape: Shape, of source: Source) -> String {
    guard wishes.wantsBody else { return "null" }
    func stripped(_ json: String) -> String { wishes.stripsNulls ? "json_strip_nulls(\(json))" : json }
    switch wishes.form {
    case .array where !wishes.wantsOne: return "\(stripped("coalesce(json_agg(r), '[]')"))::text"
    case .array, .object: return "(\(stripped("json_agg(r)")) -> 0)::text"
    case .csv:
      let header = labels(shape, of: source).map { name in
        name.contains { ",\"\r\n".contains($0) } ? "\"\(name.replacing("\"", with: "\"\""))\"" : name
      }
      // PostgreSQL writes a row as CSV does, but for its parentheses and for backslashes, which it doubles.
      return
        "\(parameters.place(.text(header.joined(separator: ","))))::text || coalesce(string_agg(E'\\n' || "
        + "replace(substr(r::text, 2, length(r::text) - 2), E'\\\\\\\\', E'\\\\'), ''), '')"
    }
  }

  /// Refuses, and so undoes, what has the wrong number of rows: the error is made up where the rows are counted (in a column
  /// added to `figures`) and raised by the statement given back, in the same round trip.
  mutating func refusal(_ wishes: Negotiation, count: String, _ figures: inout String) -> Statement? {
    let refused: RestError
    let isWrong: String
    if wishes.form == .object {
      (refused, isWrong) = (.notSingular(rows: "%s"), "<> 1")
    } else if let most = wishes.mostAffected {
      (refused, isWrong) = (.tooManyAffected(rows: "%s"), "> \(parameters.place(.text(String(most))))")
    } else {
      return nil
    }
    let details = "format(\(quoteLiteral(refused.details ?? "")), \(count))"
    figures +=
      ", case when \(count) \(isWrong) then set_config('rest.refusal', json_build_object('code', '\(refused.code)', "
    figures += "'message', \(quoteLiteral(refused.message)), 'details', \(details))::text, true) end"
    return Statement(
      "do $$ begin if current_setting('rest.refusal', true) <> '' then raise exception using errcode = 'PGRST', "
        + "message = current_setting('rest.refusal'), detail = '{\"status\":\(refused.status)}'; end if; end $$"
    )
  }

  /// The conditions of a write; without any it would be meant for the whole table, which is more often a mistake.
  fileprivate mutating func restricted(_ shape: Shape, _ source: Source, _ verb: String) throws(RestError)
    -> String
  {
    let conditions = try conditions(shape.withoutEmbeds, of: source)
    guard !conditions.isEmpty else { throw RestError(400, "21000", "\(verb) requires a WHERE clause") }
    return conditions
  }

  /// The columns that a write has to give back: who may not read a column can still write it.
  fileprivate func returned(_ shape: Shape, _ relation: SchemaCache.Relation) throws(RestError) -> String {
    var names: Set<String> = []
    for item in shape.items {
      switch item {
      case .all: return "t.*"
      case .field(let field, _, _): names.insert(field.column)
      case .embed(let place): names.formUnion(try cache.link(shape.embeds[place], of: relation.name).columns)
      }
    }
    names.formUnion(shape.order.map(\.field.column))
    return names.isEmpty ? "1" : names.sorted().map { "t.\(quoteIdentifier($0))" }.joined(separator: ", ")
  }
}
