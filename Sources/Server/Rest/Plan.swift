import Database

/// SQL for one REST request and how its result is to be read.
///
/// The first row holds: number of rows · body as JSON text · number of all rows, if asked for.
struct Plan {
  /// What the body is.
  enum Body {
    /// Rows, of which this page begins at `offset`.
    case rows(offset: Int, form: Negotiation.Form)
    /// One JSON value, or an array of them.
    case value
    /// Nothing.
    case nothing
    /// The rows that were inserted, or nothing.
    case inserted(form: Negotiation.Form?)
  }

  let statement: Statement
  let isReadOnly: Bool
  let body: Body

  /// Rows by `with` clauses that define `source`, cut to `shape`.
  private static func rows(
    _ shape: Shape, of source: String, with: String = "", form: Negotiation.Form, wantsTotal: Bool,
    maximum: Int,
    readOnly: Bool, parameters given: [Parameter] = []
  ) -> Plan {
    var parameters = given
    let conditions = shape.whereClause(&parameters)
    let page =
      "select \(shape.selectList) from \(source)\(conditions)\(shape.tail(maximum: maximum, &parameters))"
    let total = wantsTotal ? ", (select count(*) from \(source)\(conditions))" : ""
    return Plan(
      statement: Statement(
        "\(with)select count(*), \(form.aggregate)\(total) from (\(page)) as r", parameters),
      isReadOnly: readOnly, body: .rows(offset: shape.offset, form: form))
  }

  /// A read of a table or view.
  static func read(
    _ relation: SchemaCache.Relation, in schema: String, query: QueryString, wishes: Negotiation, maximum: Int
  ) throws(RestError) -> Plan {
    let shape = try Shape(query)
    try shape.check(against: relation.columns, of: relation.name)
    return rows(
      shape, of: qualified(schema, relation.name), form: wishes.form, wantsTotal: wishes.wantsTotal,
      maximum: maximum,
      readOnly: true)
  }

  /// A call of a function.
  static func call(
    _ function: SchemaCache.Function, in schema: String, arguments: Arguments, query: QueryString,
    wishes: Negotiation,
    maximum: Int, readOnly: Bool
  ) throws(RestError) -> Plan {
    let shape = try Shape(query, ignoring: Set(function.arguments.map(\.name)))
    let readOnly = readOnly || !function.is_volatile
    var parameters: [Parameter] = []
    let (record, values) = arguments.sql(for: function, &parameters)
    let call = "\(qualified(schema, function.name))(\(values))"
    if let columns = function.columns {
      try shape.check(against: columns, of: function.name)
      let rows = record.map { "(select t.* from \($0), lateral \(call) as t) as t" } ?? "\(call) as t"
      let form = function.returns_set ? wishes.form : .object
      guard wishes.wantsTotal else {
        return Self.rows(
          shape, of: rows, form: form, wantsTotal: false, maximum: maximum, readOnly: readOnly,
          parameters: parameters)
      }
      // Page and total come from one run of the function.
      return Self.rows(
        shape, of: "source", with: "with source as materialized (select * from \(rows)) ", form: form,
        wantsTotal: true,
        maximum: maximum, readOnly: readOnly, parameters: parameters)
    }
    let from = record.map { " from \($0)" } ?? ""
    if function.is_void {
      return Plan(
        statement: Statement("select 0, (\(call))::text\(from)", parameters), isReadOnly: readOnly,
        body: .nothing)
    }
    guard function.returns_set else {
      let value = "select 1, coalesce(to_json(\(call))::text, 'null')\(from)"
      return Plan(statement: Statement(value, parameters), isReadOnly: readOnly, body: .value)
    }
    let each = "select \(call) as value\(from)\(shape.tail(maximum: maximum, &parameters))"
    return Plan(
      statement: Statement(
        "select count(*), coalesce(json_agg(r.value), '[]')::text from (\(each)) as r", parameters),
      isReadOnly: readOnly, body: .rows(offset: shape.offset, form: .array))
  }

  /// An insert of one object or an array of objects; the bytes go to PostgreSQL as they came.
  static func insert(
    into relation: SchemaCache.Relation, in schema: String, body: [UInt8], query: QueryString,
    wishes: Negotiation
  ) throws(RestError) -> Plan {
    guard relation.insertable else {
      throw RestError(405, "PGRST117", "Cannot insert into \(relation.name)", details: "It takes no rows")
    }
    let shape = try Shape(query)
    try shape.check(against: relation.columns, of: relation.name)
    let keys = try InsertKeys(body, columns: query.first("columns"))
    let types = Dictionary(
      relation.columns.map { ($0.name, $0.type) }, uniquingKeysWith: { first, _ in first })
    var fields: [String] = []
    for key in keys.names {
      guard let type = types[key] else {
        throw RestError(
          400, "PGRST204", "Could not find the '\(key)' column of '\(relation.name)' in the schema cache")
      }
      fields.append("\(quoteIdentifier(key)) \(type)")
    }
    let names = keys.names.map(quoteIdentifier).joined(separator: ", ")
    let record =
      "\(keys.isArray ? "json_to_recordset" : "json_to_record")($1::json) as body(\(fields.joined(separator: ", ")))"
    let rows = fields.isEmpty ? "default values" : "(\(names)) select \(names) from \(record)"
    let form = wishes.wantsRepresentation ? wishes.form : nil
    let target = qualified(schema, relation.name)
    return Plan(
      statement: Statement(
        "with r as (insert into \(target) \(rows) returning \(form == nil ? "1" : shape.selectList)) "
          + "select count(*), \(form?.aggregate ?? "null") from r",
        fields.isEmpty ? [] : [.bytes(body)]),
      isReadOnly: false, body: .inserted(form: form))
  }

  private static func qualified(_ schema: String, _ name: String) -> String {
    "\(quoteIdentifier(schema)).\(quoteIdentifier(name))"
  }
}

extension Negotiation.Form {
  /// The rows `r` as JSON text; null for an object that is not there.
  fileprivate var aggregate: String {
    switch self {
    case .array: "coalesce(json_agg(r), '[]')::text"
    case .object: "(json_agg(r) -> 0)::text"
    }
  }
}
