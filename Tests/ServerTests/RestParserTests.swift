import Database
import Foundation
import HTTPTypes
import Server
import Testing

/// A made-up schema: notes of people, each with an author and perhaps a reviewer, and tags.
enum MadeUp {
  static func cache() throws -> SchemaCache {
    func table(_ name: String, _ columns: [(String, String)], key: [String], links: String) -> String {
      let columns = columns.map { "{\"name\":\"\($0.0)\",\"type\":\"\($0.1)\"}" }.joined(separator: ",")
      let key = key.map { "\"\($0)\"" }.joined(separator: ",")
      return """
        {"name":"\(name)","methods":["GET","POST","PATCH","DELETE"],"columns":[\(columns)],
         "keys":[{"columns":[\(key)],"primary":true}],"links":[\(links)]}
        """
    }
    func link(_ name: String, _ target: String, _ columns: String, _ others: String, _ cardinality: String)
      -> String
    {
      """
      {"name":"\(name)","target":"\(target)","columns":\(columns),"target_columns":\(others),"cardinality":"\(cardinality)"}
      """
    }
    let people = table(
      "people", [("id", "bigint"), ("name", "text"), ("data", "jsonb"), ("ts", "tsvector")], key: ["id"],
      links: [
        link("note_author", "notes", "[\"id\"]", "[\"author_id\"]", "one-to-many"),
        link("note_reviewer", "notes", "[\"id\"]", "[\"reviewer_id\"]", "one-to-many"),
      ].joined(separator: ","))
    let notes = table(
      "notes",
      [
        ("id", "bigint"), ("title", "text"), ("author_id", "bigint"), ("reviewer_id", "bigint"),
        ("data", "jsonb"),
        ("span", "int4range"), ("we \\\"ird", "text"),
      ], key: ["id"],
      links: [
        link("note_author", "people", "[\"author_id\"]", "[\"id\"]", "many-to-one"),
        link("note_reviewer", "people", "[\"reviewer_id\"]", "[\"id\"]", "many-to-one"),
        link("tag_note", "tags", "[\"id\"]", "[\"note_id\"]", "one-to-many"),
      ].joined(separator: ","))
    let tags = table(
      "tags", [("note_id", "bigint"), ("word", "text"), ("rank", "int")], key: ["note_id", "word"],
      links: link("tag_note", "notes", "[\"note_id\"]", "[\"id\"]", "many-to-one"))
    let json =
      "{\"schema\":\"s\",\"relations\":[\(people),\(notes),\(tags)],\"functions\":[],\"routes\":[],\"roles\":{}}"
    return try JSONDecoder().decode(SchemaCache.self, from: Data(json.utf8))
  }

  /// SQL and parameters of a read of notes.
  static func read(_ query: String, _ headers: [(String, String)] = []) throws -> Statement {
    let cache = try cache()
    var wishes = try Negotiation([:], isRead: true, exposing: [])
    if let accept = headers.first?.1 {
      wishes = try Negotiation([.accept: accept], isRead: true, exposing: [])
    }
    return try Plan.read(
      cache.relation("notes"), in: cache, query: QueryString(query), wishes: wishes, maximum: 1000
    ).statement
  }

  /// The inner part of a read: what stands between the frame that is always the same.
  static func page(_ query: String) throws -> (sql: String, parameters: [Parameter]) {
    let statement = try read(query)
    let frame = (
      "select count(*), coalesce(json_agg(r), '[]')::text from (select ",
      " limit $\(statement.parameters.count)) as r"
    )
    try #require(statement.sql.hasPrefix(frame.0) && statement.sql.hasSuffix(frame.1), "\(statement.sql)")
    return (
      String(statement.sql.dropFirst(frame.0.count).dropLast(frame.1.count)), statement.parameters.dropLast()
    )
  }
}

@Suite("the query parser and the SQL it makes")
struct RestParserTests {
  @Test("names and values are decoded, plus is a space")
  func decoding() throws {
    let query = try QueryString("a=1&b=x+y%2Bz&a=2&c&d=%C3%A9")
    #expect(query.items.map(\.name) == ["a", "b", "a", "c", "d"])
    #expect(query.items.map(\.value) == ["1", "x y+z", "2", "", "é"])
    #expect(throws: RestError.self) { try QueryString("a=%ff") }
  }

  @Test(
    "golden: select",
    arguments: [
      ("", #"t.* from "s"."notes" as t"#, []),
      ("select=*", #"t.* from "s"."notes" as t"#, []),
      (
        "select=id,n:title,title::int4",
        #"t."id" as "id", t."title" as "n", t."title"::int4 as "title" from "s"."notes" as t"#, []
      ),
      (
        #"select="we \"ird",x:"we \"ird""#,
        #"t."we ""ird" as "we ""ird", t."we ""ird" as "x" from "s"."notes" as t"#, []
      ),
      (
        "select=data->a->>b,data->2->c,k:data->>d::int,data->-1",
        #"(t."data"-> $1::text->> $2::text) as "b", (t."data"-> $3::int-> $4::text) as "c", (t."data"->> $5::text)::int as "k", (t."data"-> $6::int) as "data" from "s"."notes" as t"#,
        ["a", "b", "2", "c", "d", "-1"]
      ),
      (
        "select=span->>lower", #"(to_jsonb(t."span")->> $1::text) as "lower" from "s"."notes" as t"#,
        ["lower"]
      ),
      (
        "select=id,author:people!note_author(name)",
        #"t."id" as "id", (select to_json(r) from (select t_."name" as "name" from "s"."people" as t_ where t_."id" = t."author_id") as r) as "author" from "s"."notes" as t"#,
        []
      ),
      (
        "select=id,tags(word)&tags.order=rank.desc&tags.limit=3&tags.rank=gt.1",
        #"t."id" as "id", (select coalesce(json_agg(r), '[]') from (select t_."word" as "word" from "s"."tags" as t_ where t_."note_id" = t."id" and t_."rank" > ($1) order by t_."rank" desc limit $2) as r) as "tags" from "s"."notes" as t"#,
        ["1", "3"]
      ),
      (
        "select=id,tags!inner()&tags.word=eq.x",
        #"t."id" as "id" from "s"."notes" as t where exists (select from "s"."tags" as t_ where t_."note_id" = t."id" and t_."word" = ($1))"#,
        ["x"]
      ),
      (
        "select=id,tags()&tags=is.null",
        #"t."id" as "id" from "s"."notes" as t where not exists (select from "s"."tags" as t_ where t_."note_id" = t."id")"#,
        []
      ),
      (
        "select=tags(notes(id))",
        #"(select coalesce(json_agg(r), '[]') from (select (select to_json(r) from (select t__."id" as "id" from "s"."notes" as t__ where t__."id" = t_."note_id") as r) as "notes" from "s"."tags" as t_ where t_."note_id" = t."id" limit $1) as r) as "tags" from "s"."notes" as t"#,
        ["1000"]
      ),
    ])
  func select(query: String, sql: String, parameters: [Parameter]) throws {
    let page = try MadeUp.page(query)
    #expect(page.sql == sql)
    #expect(page.parameters == parameters)
  }

  @Test(
    "golden: filters",
    arguments: [
      ("id=eq.1", #"t."id" = ($1)"#, ["1"]), ("id=neq.1", #"t."id" <> ($1)"#, ["1"]),
      ("id=gt.1&id=lte.3", #"t."id" > ($1) and t."id" <= ($2)"#, ["1", "3"]),
      ("id=gte.1&id=lt.3", #"t."id" >= ($1) and t."id" < ($2)"#, ["1", "3"]),
      ("title=not.eq.a", #"not (t."title" = ($1))"#, ["a"]),
      ("title=like.*a*", #"t."title" like ($1)"#, ["%a%"]),
      ("title=ilike.a%25", #"t."title" ilike ($1)"#, ["a%"]),
      ("title=match.^a*", #"t."title" ~ ($1)"#, ["^a*"]), ("title=imatch.a", #"t."title" ~* ($1)"#, ["a"]),
      ("title=isdistinct.a", #"t."title" is distinct from ($1)"#, ["a"]),
      ("id=in.(1,2)", #"t."id" = any ($1)"#, [#"{"1","2"}"#]), ("id=in.()", #"t."id" = any ($1)"#, ["{}"]),
      ("id=not.in.(1)", #"not (t."id" = any ($1))"#, [#"{"1"}"#]),
      (
        #"title=in.("a,b","c\"d",e"f,,"g"h)"#, #"t."title" = any ($1)"#,
        [#"{"a,b","c\"d","e\"f","","\"g\"h"}"#]
      ),
      (#"title=in.("a\\b")"#, #"t."title" = any ($1)"#, [#"{"a\\b"}"#]),
      ("title=is.NULL", #"t."title" is null"#, []), ("title=is.not_null", #"t."title" is not null"#, []),
      ("title=not.is.true", #"not (t."title" is true)"#, []),
      ("title=is.unknown", #"t."title" is unknown"#, []),
      ("title=eq(any).{a,b}", #"t."title" = any ($1)"#, ["{a,b}"]),
      ("title=like(all).{a*,*b}", #"t."title" like all ($1)"#, ["{a%,%b}"]),
      ("data=cs.{\"a\":1}", #"t."data" @> ($1)"#, [#"{"a":1}"#]),
      ("data=cd.{}", #"t."data" <@ ($1)"#, ["{}"]),
      ("span=ov.[1,2)", #"t."span" && ($1)"#, ["[1,2)"]), ("span=sl.(1,2)", #"t."span" << ($1)"#, ["(1,2)"]),
      ("span=sr.(1,2)", #"t."span" >> ($1)"#, ["(1,2)"]), ("span=nxl.(1,2)", #"t."span" &> ($1)"#, ["(1,2)"]),
      ("span=nxr.(1,2)", #"t."span" &< ($1)"#, ["(1,2)"]),
      ("span=adj.(1,2)", #"t."span" -|- ($1)"#, ["(1,2)"]),
      ("title=fts.a", #"to_tsvector(t."title") @@ to_tsquery($1)"#, ["a"]),
      (
        "title=wfts(english).a b",
        #"to_tsvector($1::regconfig, t."title") @@ websearch_to_tsquery($1::regconfig, $2)"#,
        ["english", "a b"]
      ),
      (
        "title=plfts.a&title=phfts.b",
        #"to_tsvector(t."title") @@ plainto_tsquery($1) and to_tsvector(t."title") @@ phraseto_tsquery($2)"#,
        ["a", "b"]
      ),
      ("data->>a=eq.1", #"(t."data"->> $1::text) = ($2)"#, ["a", "1"]),
      ("data->a->0=gt.1", #"(t."data"-> $1::text-> $2::int) > ($3)"#, ["a", "0", "1"]),
      ("or=(id.eq.1,id.eq.2)", #"(t."id" = ($1) or t."id" = ($2))"#, ["1", "2"]),
      (
        "not.or=(id.eq.1,and(id.gt.2,title.is.null),not.and(id.in.(1,2),title.not.eq.x))",
        #"not (t."id" = ($1) or (t."id" > ($2) and t."title" is null) or not (t."id" = any ($3) and not (t."title" = ($4))))"#,
        ["1", "2", #"{"1","2"}"#, "x"]
      ),
      (
        #"and=(title.eq."a,b)", data.cs.{"k":1}, title.like.x y)"#,
        #"(t."title" = ($1) and t."data" @> ($2) and t."title" like ($3))"#, ["a,b)", #"{"k":1}"#, "x y"]
      ),
      (
        "or=(data->>a.eq.1,title.fts(simple).b)",
        #"((t."data"->> $1::text) = ($2) or to_tsvector($3::regconfig, t."title") @@ to_tsquery($3::regconfig, $4))"#,
        ["a", "1", "simple", "b"]
      ),
    ])
  func filters(query: String, sql: String, parameters: [Parameter]) throws {
    let page = try MadeUp.page(query)
    #expect(
      page.sql.replacing("$3::regconfig, $4", with: "$3::regconfig, $4")
        == #"t.* from "s"."notes" as t where "# + sql)
    #expect(page.parameters == parameters)
  }

  @Test(
    "golden: order, limit, offset",
    arguments: [
      ("order=id", " order by t.\"id\" limit $1", ["1000"]),
      (
        "order=id.desc.nullslast,data->>a.asc",
        #" order by t."id" desc nulls last, (t."data"->> $1::text) asc limit $2"#,
        ["a", "1000"]
      ),
      (
        "order=title.nullsfirst&limit=5&offset=10", #" order by t."title" nulls first limit $1 offset $2"#,
        ["5", "10"]
      ),
      ("limit=x&offset=y", " limit $1", ["1000"]), ("limit=5000", " limit $1", ["1000"]),
      ("limit=0", " limit $1", ["0"]),
    ])
  func tails(query: String, sql: String, parameters: [Parameter]) throws {
    let statement = try MadeUp.read(query)
    #expect(statement.sql.hasSuffix(#"from "s"."notes" as t\#(sql)) as r"#), "\(statement.sql)")
    #expect(statement.parameters == parameters)
  }

  @Test(
    "refusals: code and part of details or message",
    arguments: [
      ("id=1", "PGRST100", #"unexpected "1" expecting "not" or operator (eq, gt, ...)"#),
      ("id=eq", "PGRST100", "operator"), ("id=equals.1", "PGRST100", "operator"),
      ("id=neq(any).1", "PGRST100", "operator"),
      ("id=eq(some).1", "PGRST100", "operator"), ("id=in.1", "PGRST100", #"unexpected "1" expecting "(""#),
      ("id=in.(1", "PGRST100", "unexpected end of input"), ("title=is.lamp", "PGRST100", "trilean"),
      ("order=id.up", "PGRST100", #"unexpected "u" expecting "asc""#),
      ("order=id,", "PGRST100", "field name"),
      ("select=id,", "PGRST100", "field name"), ("select=id::", "PGRST100", "a type name"),
      ("select=id::int;drop", "PGRST100", #"unexpected ";""#), ("select=a:", "PGRST100", "field name"),
      // A cast is the one name without quotes: of many words it could be a query of its own.
      ("select=id::text from notes union select title", "PGRST100", "a type name"),
      ("select=id::1e4", "PGRST100", "a type name"), ("select=tags(word::text x)", "PGRST100", "a type name"),
      ("order=id.asc.asc", "PGRST100", #"unexpected "a" expecting "asc""#),
      ("order=id.nullsfirst.desc", "PGRST100", #"unexpected "d" expecting "asc""#),
      ("select=people(", "PGRST100", "field name"), ("select=id)", "PGRST100", "end of input"),
      ("or=id.eq.1", "PGRST100", "\"(\""), ("or=(id.eq.1", "PGRST100", "\")\""),
      ("or=(id.eq.1)x", "PGRST100", "end of input"),
      ("or=()", "PGRST100", "field name"), ("a%00b=eq.1", "PGRST100", "\".\""),
      ("select=id.sum()", "PGRST123", ""), ("select=count()", "PGRST123", ""),
      ("select=n:count()", "PGRST123", ""),
      ("select=...people(name)", "PGRST127", "Spread"), ("order=people(name).desc", "PGRST127", "Order by"),
      ("tags.word=eq.x", "PGRST108", "'tags' is not an embedded resource in this request"),
      ("select=tags(word)&tags=eq.1", "PGRST120", "'tags' embedded resource"),
      ("select=nope(id)", "PGRST200", "'notes' and 'nope'"),
      ("select=tag(word)", "PGRST200", "instead of 'tag'"),
      ("select=people(name)", "PGRST201", "'people!note_author', 'people!note_reviewer'"),
      ("select=people!nope(name)", "PGRST200", "using the hint 'nope'"),
      ("nope=eq.1", "42703", "column notes.nope does not exist"), ("select=nope", "42703", "nope"),
      ("order=nope", "42703", "nope"),
      ("select=tags(nope)", "42703", "column tags.nope does not exist"),
      ("limit=-1", "PGRST103", "Limit should be"),
      ("or=" + String(repeating: "(or", count: 5000), "PGRST127", "levels"),
      (
        "or=" + String(repeating: "(or(id.eq.1,", count: 1) + String(repeating: "or(", count: 5000),
        "PGRST127", "levels"
      ),
      ("select=" + String(repeating: "tags(notes(", count: 3000), "PGRST127", "levels"),
      ("select=" + String(repeating: "id,", count: 3000) + "id", "PGRST100", "at most 1000 columns"),
    ])
  func refusals(query: String, code: String, words: String) throws {
    let cache = try MadeUp.cache()
    do throws(RestError) {
      let wishes = try Negotiation([:], isRead: true, exposing: [])
      _ = try Plan.read(
        cache.relation("notes"), in: cache, query: QueryString(query), wishes: wishes, maximum: 1000)
      Issue.record("\(query) was accepted")
    } catch {
      #expect(error.code == code, "\(query): \(error)")
      let text = [error.message, error.details ?? "", error.hint ?? ""].joined(separator: "\n")
      #expect(words.isEmpty || text.contains(words), "\(query): \(text)")
    }
  }

  @Test("a hint may be any column of the key that decides")
  func hints() throws {
    for hint in ["note_author", "author_id"] {
      #expect(try MadeUp.read("select=people!\(hint)(name)").sql.contains(#"t_."id" = t."author_id""#))
    }
    #expect(try MadeUp.read("select=reviewer_id(name)").sql.contains(#"t_."id" = t."reviewer_id""#))
    #expect(try MadeUp.read("select=note_author(name)").sql.contains(#"as "note_author""#))
  }

  @Test("requests of one shape share one text")
  func shapes() throws {
    let texts = Set(
      try ["id=in.(1)&limit=1", "id=in.(1,2,3)&limit=20", "id=in.()&limit=0"].map { try MadeUp.read($0).sql })
    #expect(texts.count == 1)
  }

  /// What an attacker writes: it must not get out of quotes, whichever kind, nor end a statement.
  static let hostile = [
    "\"", "'", ";", "--", "/*", "\\", "\u{0}", "é\u{301}\"", "',$1)--", "\" or true--", "\"\"", "\r\n",
    "\u{2028}", "$$", "$1",
    "::", "->", "->>", ")", "(", "x\u{301}'", String(repeating: "a", count: 20_000), "\u{FFFD}\u{1F600}'",
  ]

  @Test("injection: nothing of a request leaves quotes or parameters, at any position", arguments: hostile)
  func injection(text: String) throws {
    let quoted = "\"\(text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
    let positions = [
      ("select", text), ("select", quoted), ("select", "\(text):id"), ("select", "\(quoted):id"),
      ("select", "id::\(text)"),
      ("select", "data->\(text)"), ("select", "data->>\(quoted)"), ("select", "\(quoted):tags(word)"),
      ("select", "tags!\(quoted)(word)"), ("select", "people!note_author(\(quoted):name)"), ("order", text),
      ("order", "id.\(text)"), ("order", quoted), ("order", "data->>\(quoted)"), ("limit", text),
      ("offset", text),
      (text, "eq.1"), (quoted, "eq.1"), ("data->>\(quoted)", "eq.1"), ("id", text), ("id", "eq.\(text)"),
      ("id", "\(text).1"), ("id", "is.\(text)"), ("id", "in.(\(text))"), ("id", "in.(\(quoted))"),
      ("id", "eq(\(text)).1"),
      ("title", "fts(\(text)).a"), ("title", "fts.\(text)"), ("or", text), ("or", "(id.eq.\(text))"),
      ("or", "(id.eq.\(quoted))"),
      ("or", "(\(quoted).eq.1)"), ("columns", text), ("on_conflict", text),
    ]
    let cache = try MadeUp.cache()
    let plain = try Negotiation([:], isRead: true, exposing: [])
    let csv = try Negotiation([.accept: "text/csv"], isRead: true, exposing: [])
    let upsert = try Negotiation(
      [HTTPField.Name("Prefer")!: "resolution=merge-duplicates,return=representation"], isRead: false,
      exposing: [])
    let notes = try cache.relation("notes")
    for (name, value) in positions {
      let query = try QueryString("\(escaped(name))=\(escaped(value))")
      let plans: [() throws -> Plan] = [
        { try .read(notes, in: cache, query: query, wishes: plain, maximum: 10) },
        { try .read(notes, in: cache, query: query, wishes: csv, maximum: 10) },
        { try .delete(from: notes, in: cache, query: query, wishes: upsert) },
        {
          try .insert(
            into: notes, in: cache, body: Array(#"{"id":1,"title":"x"}"#.utf8), query: query, wishes: upsert)
        },
        { try .update(notes, in: cache, body: Array(#"{"title":"x"}"#.utf8), query: query, wishes: upsert) },
      ]
      for plan in plans {
        // Refused or harmless; nothing else.
        guard let sql = try? plan().statement.sql else { continue }
        let rest = try #require(outsideOfQuotes(sql), "\(name)=\(value): \(sql)")
        #expect(
          rest.unicodeScalars.allSatisfy {
            $0.isASCII && $0 != ";" && $0 != "\0" && $0 != "\r" && $0 != "\n"
          },
          "\(name)=\(value): \(sql)")
        #expect(
          !rest.contains("--") && !rest.contains("/*") && !rest.contains("$$"), "\(name)=\(value): \(sql)")
      }
    }
  }

  @Test("fuzz: thousands of seeded strings are read or refused, and never leave quotes")
  func fuzz() throws {
    var random = Seeded(state: 20_26)
    let words = [
      "select", "order", "limit", "offset", "or", "and", "not", "id", "title", "data", "tags", "people",
      "note_author", "inner",
      "eq", "in", "is", "fts", "like", "any", "all", "null", ".", ",", "(", ")", "=", "&", "!", ":", "::",
      "->", "->>", "*",
      "\"", "\\", "{", "}", "[", "]", "-", "'", ";", " ", "+", "%25", "%22", "%5C", "1", "-1",
      "99999999999999999999", "é",
      "\u{301}", "😀", "...", "count()", "columns", "on_conflict", "tags.word", "tags(word)",
      "people!note_author(name)",
    ]
    let valid = [
      "select=id,n:title::text,data->a->>b&order=id.desc.nullslast&limit=3&offset=1",
      "id=eq.1&title=not.ilike.*a*",
      "or=(id.eq.1,and(id.gt.2,title.is.null),not.or(id.in.(1,2)))",
      "select=*,tags!inner(word)&tags.word=eq.x&tags.order=rank",
      "select=author:people!note_author(name,data->>k)&people.or=(id.eq.1,name.like.b*)",
      "title=fts(english).a&data=cs.{\"a\":1}",
      "id=in.(1,\"2\")&title=like(any).{a*,b}", "columns=id,title&on_conflict=id",
      "select=tags(notes(id))&tags.notes.id=gt.1",
    ]
    let cache = try MadeUp.cache()
    let notes = try cache.relation("notes")
    let plain = try Negotiation([:], isRead: true, exposing: [])
    var accepted = 0
    for _ in 0..<20_000 {
      // A valid query with some places changed, or words at random.
      var text = Bool.random(using: &random) ? valid.randomElement(using: &random) ?? "" : ""
      for _ in 0..<Int.random(in: 0...(text.isEmpty ? 14 : 3), using: &random) {
        var scalars = Array(text.unicodeScalars)
        let place = Int.random(in: 0...scalars.count, using: &random)
        let end = min(scalars.count, place + Int.random(in: 0...2, using: &random))
        scalars.replaceSubrange(place..<end, with: (words.randomElement(using: &random) ?? "").unicodeScalars)
        text = scalars.reduce(into: "") { $0.unicodeScalars.append($1) }
      }
      do throws(RestError) {
        let query = try QueryString(text)
        let plans = [
          try Plan.read(notes, in: cache, query: query, wishes: plain, maximum: 10),
          try Plan.insert(
            into: notes, in: cache, body: Array(#"{"id":1}"#.utf8), query: query, wishes: plain),
        ]
        accepted += 1
        for plan in plans {
          #expect(outsideOfQuotes(plan.statement.sql) != nil, "\(text): \(plan.statement.sql)")
        }
      } catch {
        #expect((300..<500).contains(error.status), "\(text): \(error)")
      }
    }
    // A fuzzer that only ever meets the first check would prove little.
    #expect(accepted > 500, "\(accepted)")
  }

  private func escaped(_ text: String) -> String {
    text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? text
  }

  /// SQL without what stands in '…', "…" and E'…'; `nil` if a quote stays open. An own reading, apart from the builder's.
  private func outsideOfQuotes(_ sql: String) -> String? {
    var rest = Array(sql.unicodeScalars)[...]
    var outside = String.UnicodeScalarView()
    while let scalar = rest.popFirst() {
      guard scalar == "'" || scalar == "\"" else {
        outside.append(scalar)
        continue
      }
      let hasEscapes = scalar == "'" && outside.last == "E"
      var isOpen = true
      while isOpen, let inner = rest.popFirst() {
        if inner == "\\", hasEscapes { _ = rest.popFirst() }
        if inner == "\0" { return nil }
        guard inner == scalar else { continue }
        if rest.first == scalar { rest.removeFirst() } else { isOpen = false }
      }
      if isOpen { return nil }
    }
    return String(outside)
  }
}

/// Random numbers that are the same in each run (SplitMix64).
struct Seeded: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
