import Testing

@Suite(
  "/rest/v1: answers as PostgREST 12 gives them (its Response.hs and Error.hs, read for each expectation)")
struct RestTests {
  private static let things = [
    """
    create table vibe.test_things (id int primary key, name text, price numeric, made date default '2026-01-02')
    """,
    "insert into vibe.test_things values (1, 'lamp', 10, default), (2, 'Mug', 2.50, default), (3, null, null, '2025-12-31'), (4, 'a,b', 7, null)",
    "grant select, insert on vibe.test_things to vibe_anon",
    "create function vibe.test_add(a int, b int default 10) returns int language sql immutable as 'select a + b'",
    "create function vibe.test_add(a text) returns text language sql immutable as $$ select 'text ' || a $$",
    "create function vibe.test_most(first int, variadic others int[]) returns int language sql immutable as 'select greatest(first, max(o)) from unnest(others) as o'",
    "create function vibe.test_nothing() returns void language sql as ''",
    "create function vibe.test_set(n int) returns setof int language sql stable as 'select * from generate_series(1, n)'",
    "create function vibe.test_rows(minimum numeric default 0) returns table (id int, name text) language sql stable as 'select t.id, t.name from vibe.test_things as t where t.price >= minimum'",
    "create function vibe.test_row(out a int, out b text) language sql stable as $$ select 1, 'x' $$",
    "create function vibe.test_json(j jsonb, l int[] default '{}') returns jsonb language sql immutable as $$ select jsonb_build_object('j', j, 'l', l) $$",
    "create function vibe.test_write() returns int language sql as 'insert into vibe.test_things (id) values (99) returning id'",
    "create function vibe.test_sleep() returns void language sql as 'select pg_sleep(20)'",
    "create function vibe.test_fail(state text) returns int language plpgsql as $$ begin raise exception using errcode = state, message = 'm', detail = 'd', hint = 'h'; end $$",
    "create function vibe.test_write_all() returns setof vibe.test_things language sql security definer as $$ update vibe.test_things set price = 0 returning * $$",
    "create function vibe.test_refuse() returns void language plpgsql as $f$ begin raise sqlstate 'PGRST' using message = '{\"code\":\"PAY\",\"message\":\"Pay first\"}', detail = '{\"status\":402,\"headers\":{\"X-Price\":\"7\"}}'; end $f$",
    "create function vibe.test_chosen(rows boolean default false) returns setof int language plpgsql as $f$ begin perform set_config('response.status', '202', true), set_config('response.headers', '[{\"X-Job\":\"9\"}]', true); return next 1; end $f$",
    "create view vibe.test_sums as select sum(price) as total from vibe.test_things",
    "grant select on vibe.test_sums to vibe_anon",
    "grant execute on all functions in schema vibe to vibe_anon",
  ]

  @Test("reads and calls")
  func answers() async throws {
    let cases: [(method: String, path: String, body: String?, status: Int, answer: String)] = [
      ("GET", "test_things?select=id&order=id", nil, 200, #"[{"id":1}, {"id":2}, {"id":3}, {"id":4}]"#),
      (
        "GET", "test_things?id=eq.2&select=label:name,price::text", nil, 200,
        #"[{"label":"Mug","price":"2.50"}]"#
      ),
      ("GET", "test_things?select=id&price=gte.7&order=price.desc", nil, 200, #"[{"id":1}, {"id":4}]"#),
      ("GET", "test_things?select=id&name=ilike.*M*&order=id", nil, 200, #"[{"id":1}, {"id":2}]"#),
      ("GET", "test_things?select=id&name=not.like.l*&order=id", nil, 200, #"[{"id":2}, {"id":4}]"#),
      ("GET", "test_things?select=id&name=is.null", nil, 200, #"[{"id":3}]"#),
      ("GET", "test_things?select=id&name=not.is.null&made=is.null", nil, 200, #"[{"id":4}]"#),
      ("GET", #"test_things?select=id&name=in.("a,b",lamp)&order=id"#, nil, 200, #"[{"id":1}, {"id":4}]"#),
      ("GET", "test_things?select=id&name=in.()", nil, 200, "[]"),
      ("GET", "test_things?select=id&id=gt.1&id=lt.3", nil, 200, #"[{"id":2}]"#),
      (
        "GET", "test_things?select=id&order=price.asc.nullsfirst,id&limit=2&offset=1", nil, 200,
        #"[{"id":2}, {"id":4}]"#
      ),
      ("GET", "test_things?select=id&name=eq.a%2Cb", nil, 200, #"[{"id":4}]"#),
      ("GET", "test_things?select=id&name=eq.it's", nil, 200, "[]"),
      (
        "GET", "test_things?select=id&or=(id.eq.1,and(id.gt.2,name.is.null))&order=id", nil, 200,
        #"[{"id":1}, {"id":3}]"#
      ),
      ("GET", "test_things?select=id&name=ilike(any).{l*,m*}&order=id", nil, 200, #"[{"id":1}, {"id":2}]"#),
      ("GET", "test_things?select=id&id=eq(any).{1,3}&order=id", nil, 200, #"[{"id":1}, {"id":3}]"#),
      ("GET", "test_things?select=id&name=fts(simple).lamp", nil, 200, #"[{"id":1}]"#),
      ("GET", "test_things?select=id&name=isdistinct.lamp&order=id.desc&limit=1", nil, 200, #"[{"id":4}]"#),
      ("GET", "test_things?select=id&name=imatch.^M", nil, 200, #"[{"id":2}]"#),
      ("POST", "rpc/test_add", #"{"a":1}"#, 200, "11"),
      ("POST", "rpc/test_most", #"{"first":1,"others":[3,2]}"#, 200, "3"),
      ("GET", "rpc/test_most?first=1&others={5,2}", nil, 200, "5"),
      ("POST", "rpc/test_add", #"{"b":5,"a":1}"#, 200, "6"),
      ("GET", "rpc/test_add?a=1&b=2", nil, 200, "3"),
      ("POST", "rpc/test_nothing", "", 204, ""),
      ("POST", "rpc/test_set", #"{"n":3}"#, 200, "[1, 2, 3]"),
      ("POST", "rpc/test_rows?id=eq.2", "{}", 200, #"[{"id":2,"name":"Mug"}]"#),
      ("POST", "rpc/test_rows?order=id.desc&limit=1", "{}", 200, #"[{"id":4,"name":"a,b"}]"#),
      ("GET", "rpc/test_rows?minimum=7&select=id&name=eq.lamp", nil, 200, #"[{"id":1}]"#),
      ("POST", "rpc/test_row", "{}", 200, #"{"a":1,"b":"x"}"#),
      ("POST", "rpc/test_json", #"{"j":{"é":[1]},"l":[1,2]}"#, 200, #"{"j": {"é": [1]}, "l": [1, 2]}"#),
      ("GET", #"rpc/test_json?j={"a":null}&l={3}"#, nil, 200, #"{"j": {"a": null}, "l": [3]}"#),
    ]
    try await TestServer.with(setup: Self.things) { (server) async throws in
      // The overload by text makes test_add(a) ambiguous only where both fit; here the names decide.
      _ = try await server.sql("drop function vibe.test_add(text)")
      #expect(
        try await eventually { try await server.request("GET", "/rest/v1/rpc/test_add?a=1").status == 200 })
      for one in cases {
        let path =
          "/rest/v1/"
          + one.path.replacing("\"", with: "%22").replacing("{", with: "%7B").replacing("}", with: "%7D")
        let reply = try await server.request(
          one.method, path, body: one.body, headers: ["Content-Type": "application/json"])
        #expect(reply.status == one.status, "\(one.path): \(reply.body)")
        #expect(reply.body.replacing("\n ", with: "") == one.answer, "\(one.path)")
      }
    }
  }

  @Test("refusals, with all four keys and the code repeated in a header")
  func refusals() async throws {
    let cases:
      [(method: String, path: String, body: String?, headers: [String: String], status: Int, code: String)] =
        [
          ("GET", "test_thing", nil, [:], 404, "PGRST205"),
          ("GET", "test_things?nope=eq.1", nil, [:], 400, "42703"),
          ("GET", "test_things?select=nope", nil, [:], 400, "42703"),
          ("GET", "test_things?order=nope", nil, [:], 400, "42703"),
          ("GET", "test_things?order=id.up", nil, [:], 400, "PGRST100"),
          ("GET", "test_things?id=1", nil, [:], 400, "PGRST100"),
          ("GET", "test_things?id=equals.1", nil, [:], 400, "PGRST100"),
          ("GET", "test_things?id=in.1", nil, [:], 400, "PGRST100"),
          ("GET", "test_things?name=is.lamp", nil, [:], 400, "PGRST100"),
          ("GET", "test_things?select=id::int;drop", nil, [:], 400, "PGRST100"),
          ("GET", "test_things?id=eq.%ff", nil, [:], 400, "PGRST100"),
          ("GET", "test_things?name=eq.%00", nil, [:], 400, "22021"),
          ("GET", "test_things?id=eq.x", nil, [:], 400, "22P02"),
          ("GET", "test_things?select=...other(id)", nil, [:], 400, "PGRST127"),
          ("GET", "test_things?select=price.sum()", nil, [:], 400, "PGRST123"),
          ("GET", "test_things?select=other(id)", nil, [:], 400, "PGRST200"),
          ("GET", "test_things?other.id=eq.1", nil, [:], 400, "PGRST108"),
          ("GET", "test_things?limit=-1", nil, [:], 416, "PGRST103"),
          ("GET", "test_things", nil, ["Prefer": "count=planned"], 400, "PGRST127"),
          ("PATCH", "test_things?id=eq.1", #"{"name":"x"}"#, [:], 401, "42501"),
          ("PATCH", "test_things", #"{"name":"x"}"#, [:], 400, "21000"),
          ("PATCH", "test_things?id=eq.1", #"[{"name":"x"}]"#, [:], 400, "PGRST102"),
          ("PATCH", "test_things?id=eq.1", #"{"nope":"x"}"#, [:], 400, "PGRST204"),
          ("DELETE", "test_things?id=eq.1", nil, [:], 401, "42501"),
          ("DELETE", "test_things", nil, [:], 400, "21000"),
          ("PUT", "test_things?id=eq.1", "{}", [:], 400, "PGRST127"),
          ("TRACE", "test_things", nil, [:], 405, "PGRST117"),
          ("POST", "test_sums", #"{"total":1}"#, [:], 405, "PGRST117"),
          ("DELETE", "rpc/test_set", nil, [:], 405, "PGRST101"),
          ("GET", "", nil, [:], 404, "PGRST126"),
          ("GET", "test_things", nil, ["Accept": "application/vnd.pgrst.plan+json"], 406, "PGRST107"),
          ("GET", "test_things", nil, ["Accept": "application/geo+json"], 406, "PGRST107"),
          ("GET", "test_things", nil, ["Range": "5-2"], 416, "PGRST103"),
          ("GET", "test_things", nil, ["Prefer": "handling=strict, max-rows=3"], 400, "PGRST122"),
          (
            "POST", "rpc/test_add", #"{"a":1,"b":2}"#, ["Prefer": "handling=strict,max-affected=1"], 400,
            "PGRST128"
          ),
          ("POST", "rpc/test_write_all", "{}", ["Prefer": "handling=strict,max-affected=1"], 400, "PGRST124"),
          ("GET", "rpc/test_set?n=1&m=2", nil, [:], 404, "PGRST202"),
          ("POST", "rpc/test_set?n=eq.1", #"{"n":1}"#, [:], 400, "42703"),
          (
            "POST", "test_things", "a=1", ["Content-Type": "application/x-www-form-urlencoded"], 400,
            "PGRST102"
          ),
          ("POST", "test_things", "", [:], 400, "PGRST102"),
          ("POST", "rpc/test_fail", #"{"state":"PGRST"}"#, [:], 500, "PGRST121"),
          ("POST", "rpc/test_refuse", "{}", [:], 402, "PAY"),
          ("GET", "test_things", nil, ["Accept-Profile": "vibe_private"], 406, "PGRST106"),
          ("GET", "test_things", nil, ["Accept": "application/vnd.pgrst.object+json"], 406, "PGRST116"),
          ("GET", "test_things?offset=9", nil, ["Prefer": "count=exact"], 416, "PGRST103"),
          ("POST", "rpc/nope", "{}", [:], 404, "PGRST202"),
          ("POST", "rpc/test_add", #"{"c":1}"#, [:], 404, "PGRST202"),
          ("POST", "rpc/test_add", #"{"a":1}"#, [:], 300, "PGRST203"),
          ("POST", "rpc/test_set", "[1]", [:], 400, "PGRST102"),
          ("POST", "rpc/test_set", #"{"n":"#, [:], 400, "PGRST102"),
          ("POST", "rpc/test_set", #"{"n":"x"}"#, [:], 400, "22P02"),
          ("PUT", "rpc/test_set", "{}", [:], 405, "PGRST101"),
          ("GET", "rpc/test_write", nil, [:], 405, "25006"),
          ("POST", "rpc/test_fail", #"{"state":"P0001"}"#, [:], 400, "P0001"),
          ("POST", "rpc/test_fail", #"{"state":"23505"}"#, [:], 409, "23505"),
          ("POST", "rpc/test_fail", #"{"state":"42501"}"#, [:], 401, "42501"),
          ("POST", "rpc/test_fail", #"{"state":"PT418"}"#, [:], 418, "PT418"),
          ("POST", "rpc/test_fail", #"{"state":"XX000"}"#, [:], 500, "XX000"),
          ("POST", "test_things", #"[{"id":1},{"name":"x"}]"#, [:], 400, "PGRST102"),
          ("POST", "test_things", #"{"nope":1}"#, [:], 400, "PGRST204"),
          ("POST", "test_things", #"{"id":1}"#, [:], 409, "23505"),
          ("GET", "sites", nil, [:], 401, "42501"),
          ("GET", "a/b/c", nil, [:], 404, "PGRST125"),
        ]
    try await TestServer.with(setup: Self.things) { (server) async throws in
      for one in cases {
        let path = "/rest/v1/" + one.path.replacing(";", with: "%3B")
        let reply = try await server.request(one.method, path, body: one.body, headers: one.headers)
        #expect(reply.status == one.status, "\(one.method) \(one.path): \(reply.body)")
        #expect(reply["code"] == one.code, "\(one.method) \(one.path): \(reply.body)")
        #expect(reply.headers["proxy-status"] == "PostgREST; error=\(one.code)")
        for key in ["\"code\":", "\"message\":", "\"details\":", "\"hint\":"] {
          #expect(reply.body.contains(key))
        }
      }
      let chosen = try await server.request("POST", "/rest/v1/rpc/test_chosen", body: "{}")
      #expect(chosen.status == 202 && chosen.headers["x-job"] == "9" && chosen.body == "[1]", "\(chosen)")
      // What one call chose is not the next one's.
      #expect(try await server.request("POST", "/rest/v1/rpc/test_nothing").status == 204)
      let paid = try await server.request("POST", "/rest/v1/rpc/test_refuse")
      #expect(paid.headers["x-price"] == "7" && paid["message"] == "Pay first")
      let raised = try await server.request("POST", "/rest/v1/rpc/test_fail", body: #"{"state":"P0001"}"#)
      #expect(raised.body == #"{"code":"P0001","message":"m","details":"d","hint":"h"}"#)
    }
  }

  @Test("counts, pages and single objects")
  func pages() async throws {
    try await TestServer.with(setup: Self.things, change: { $0.maximumRows = 3 }) { (server) async throws in
      let page = try await server.request(
        "GET", "/rest/v1/test_things?select=id&limit=2", headers: ["Prefer": "count=exact"])
      #expect(page.status == 206 && page.headers["content-range"] == "0-1/4")
      let all = try await server.request(
        "GET", "/rest/v1/test_things?id=lt.3", headers: ["Prefer": "count=exact"])
      #expect(all.status == 200 && all.headers["content-range"] == "0-1/2")
      let capped = try await server.request("GET", "/rest/v1/test_things?select=id&order=id&limit=100")
      #expect(capped.headers["content-range"] == "0-2/*")
      let empty = try await server.request("GET", "/rest/v1/test_things?id=eq.0")
      #expect(empty.body == "[]" && empty.headers["content-range"] == "*/*")
      let head = try await server.request("HEAD", "/rest/v1/test_things", headers: ["Prefer": "count=exact"])
      #expect(head.body == "" && head.headers["content-range"] == "0-2/4")
      let object = try await server.request(
        "GET", "/rest/v1/test_things?id=eq.1&select=id",
        headers: ["Accept": "application/vnd.pgrst.object+json"])
      #expect(object.body == #"{"id":1}"#)
      #expect(object.headers["content-type"] == "application/vnd.pgrst.object+json; charset=utf-8")
      let range = try await server.request(
        "GET", "/rest/v1/test_things?select=id&order=id&offset=1",
        headers: ["Range": "0-2", "Prefer": "count=exact"])
      #expect(range.body == "[{\"id\":2}, \n {\"id\":3}]" && range.status == 206)
      #expect(
        range.headers["content-range"] == "1-2/4" && range.headers["preference-applied"] == "count=exact")
      let later = try await server.request(
        "GET", "/rest/v1/test_things?select=id&offset=4", headers: ["Prefer": "count=exact"])
      #expect(later.status == 206 && later.headers["content-range"] == "*/4")
      let stripped = try await server.request(
        "GET", "/rest/v1/test_things?id=eq.3&select=id,name",
        headers: ["Accept": "application/vnd.pgrst.array+json;nulls=stripped"])
      #expect(stripped.body == #"[{"id":3}]"#)
      let table = try await server.request(
        "GET", #"/rest/v1/test_things?select=id,%22the%20%5C%22name%22:name,price&order=id.desc&limit=2"#,
        headers: ["Accept": "text/csv"])
      #expect(table.headers["content-type"] == "text/csv; charset=utf-8")
      #expect(table.body == "id,\"the \"\"name\",price\n4,\"a,b\",7\n3,,")
      let options = try await server.request("OPTIONS", "/rest/v1/test_things")
      #expect(options.headers["allow"] == "OPTIONS,GET,HEAD,POST,PATCH,DELETE")
    }
  }

  @Test("inserts one or many, and gives the rows when asked")
  func inserts() async throws {
    try await TestServer.with(setup: Self.things) { (server) async throws in
      let quiet = try await server.request("POST", "/rest/v1/test_things", body: #"{"id":10,"name":"x"}"#)
      #expect(quiet.status == 201 && quiet.body == "")
      let many = try await server.request(
        "POST", "/rest/v1/test_things?select=id,made", body: #"[{"id":11,"price":1},{"id":12,"price":2}]"#,
        headers: ["Prefer": "return=representation,count=exact"])
      #expect(many.status == 201)
      #expect(
        many.body.replacing("\n ", with: "")
          == #"[{"id":11,"made":"2026-01-02"}, {"id":12,"made":"2026-01-02"}]"#)
      #expect(many.headers["content-range"] == "*/2")
      let mixed = try await server.request(
        "POST", "/rest/v1/test_things?columns=%22id%22,%22name%22", body: #"[{"id":13},{"id":14,"name":"n"}]"#
      )
      #expect(mixed.status == 201)
      #expect(try await server.sql("select count(*) from vibe.test_things where id >= 10") == "5")
    }
  }

  @Test("a change of the schema counts at once, and a role's timeout holds")
  func reload() async throws {
    try await TestServer.with(setup: Self.things) { (server) async throws in
      _ = try await server.sql("create function vibe.test_new() returns int language sql as 'select 5'")
      _ = try await server.sql("grant execute on function vibe.test_new() to vibe_anon")
      #expect(try await eventually { try await server.request("POST", "/rest/v1/rpc/test_new").body == "5" })
      _ = try await server.sql("alter role vibe_anon set statement_timeout = '200ms'")
      _ = try await server.sql("notify pgrst, 'reload schema'")
      let isCut = try await eventually {
        try await server.request("POST", "/rest/v1/rpc/test_sleep").status == 500
      }
      _ = try await server.sql("alter role vibe_anon set statement_timeout = '3s'")
      #expect(isCut)
    }
  }

  @Test("two tenants see and write their own, over REST")
  func tenants() async throws {
    try await TestServer.with { (server) async throws in
      let (a, b) = (try await server.tenant("alpha"), try await server.tenant("beta"))
      #expect(
        try await server.request("GET", "/rest/v1/sites?select=name", token: a.token).body
          == #"[{"name":"alpha"}]"#)
      #expect(
        try await server.request("GET", "/rest/v1/sites?select=name", token: b.token).body
          == #"[{"name":"beta"}]"#)
      let foreign = try await server.request(
        "POST", "/rest/v1/rpc/site_id", body: #"{"site":"alpha"}"#, token: b.token)
      #expect(foreign.status == 400 && foreign["code"] == "22023", "\(foreign.body)")
      let row = "{\"site_id\":\(a.site),\"anonymous_id\":\"visitor-0001\"}"
      let refused = try await server.request("POST", "/rest/v1/site_users", body: row, token: b.token)
      #expect(refused.status == 403 && refused["code"] == "42501", "\(refused.body)")
      let accepted = try await server.request("POST", "/rest/v1/site_users", body: row, token: a.token)
      #expect(accepted.status == 201, "\(accepted.body)")
    }
  }
}
