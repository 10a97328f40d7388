// One question, three forms: what psql, the REST door and the CSV route get.
import assert from "node:assert/strict"
import { ApiError, call, Query, session } from "/client/query.js"
import { answering, asked } from "./fakes.js"

/** @param {Omit<import("/client/query.js").Question, "from">} more */
const users = (more) => new Query({ from: "site_users", ...more })

Deno.test("a table is read as it is, a function with its arguments", () => {
  assert.equal(new Query({ from: "rfm_clusters" }).sql(), "select *\nfrom vibe.rfm_clusters;")
  assert.equal(new Query({ from: "get_sites", arguments: {} }).sql(), "select *\nfrom vibe.get_sites();")
  const query = new Query({
    from: "stats_series", arguments: { site: "1", metric: undefined, first_day: null, compare: true },
    select: ["starts_at", "value"], where: [["value", "gt", 3]], order: ["value.desc.nullslast", "starts_at"], limit: 5, offset: 10,
  })
  assert.equal(query.sql(), [
    "select starts_at, value",
    "from vibe.stats_series(site => '1', first_day => null, compare => 'true')",
    "where value > '3'",
    "order by value desc nulls last, starts_at",
    "limit 5",
    "offset 10;",
  ].join("\n"))
})

Deno.test("values are literals, whatever is in them", () => {
  const of = (/** @type {unknown} */ value) => new Query({ from: "f", arguments: { a: value } }).sql().slice("select *\nfrom vibe.f(a => ".length, -2)
  assert.equal(of("O'Hara"), "'O''Hara'")
  assert.equal(of("'; drop table x; --"), "'''; drop table x; --'")
  assert.equal(of("a\\'b"), "'a\\''b'")
  assert.equal(of(":name $1 \n$$"), "':name $1 \n$$'")
  assert.equal(of(-0.5), "'-0.5'")
  assert.equal(of(["a", 'b"c\\', null, "d,e}"]), `'{"a","b\\"c\\\\",null,"d,e}"}'`)
  assert.equal(of([]), "'{}'")
  assert.equal(of({ steps: [{ name: "it's" }] }), `'{"steps":[{"name":"it''s"}]}'`)
  assert.equal(of([{ a: 1 }]), `'[{"a":1}]'`)
})

Deno.test("names are quoted where they have to be", () => {
  const query = new Query({ from: 'odd"table', select: ["user", "Name", "value", 'x"; drop'], order: ["order.desc"] })
  assert.equal(query.sql(), 'select "user", "Name", value, "x""; drop"\nfrom vibe."odd""table"\norder by "order" desc;')
})

Deno.test("conditions", () => {
  const where = (/** @type {import("/client/query.js").Condition[]} */ ...all) => users({ where: all }).sql().split("where ")[1]?.slice(0, -1)
  assert.equal(where(["a", "is", null]), "a is null")
  assert.equal(where(["a", "is", true], ["b", "neq", ""]), "a is true\n  and b <> ''")
  assert.equal(where(["a", "in", ["x", "y'z", 3]]), "a in ('x', 'y''z', '3')")
  assert.equal(where(["a", "in", []]), "a = any ('{}')")
  assert.equal(where(["a", "ilike", "%o'*%"]), "a ilike '%o''%%'")
  assert.equal(where(), undefined)
})

Deno.test("what is no question is refused at once", () => {
  for (const wrong of [
    { where: [["a", "eq", null]] }, { where: [["a", "in", "x"]] }, { where: [["a", "in", [null]]] }, { where: [["a", "is", "x"]] },
    { where: [["a", "or 1=1", 1]] }, { where: [["a", "eq", [1]]] }, { order: ["a.down"] }, { order: ["a; drop"] }, { limit: -1 }, { offset: 1.5 }, { limit: "1" },
  ]) {
    if (wrong.order?.[0] === "a; drop") continue // a name, if an odd one: it is quoted
    assert.throws(() => users(/** @type {any} */ (wrong)), TypeError, JSON.stringify(wrong))
  }
  assert.match(users({ order: ["a; drop"] }).sql(), /order by "a; drop";$/)
})

Deno.test("a question is what it was when it was made", () => {
  const given = { site: "1" }
  const query = new Query({ from: "f", arguments: given })
  given.site = "2"
  assert.match(query.sql(), /site => '1'/)
  // A time is the same text in all forms.
  const at = new Query({ from: "f", arguments: { before: new Date(0), none: undefined } })
  assert.match(at.sql(), /f\(before => '1970-01-01T00:00:00.000Z'\)/)
  assert.equal(JSON.stringify(at), '{"from":"f","arguments":{"before":"1970-01-01T00:00:00.000Z"}}')
  for (const wrong of [NaN, Infinity, [1, -Infinity], { deep: { in: NaN } }, 1n]) {
    assert.throws(() => new Query({ from: "f", arguments: { a: wrong } }), TypeError)
  }
})

Deno.test("the request says the same", async () => {
  answering(() => Response.json([{ a: 1 }], { headers: { "Content-Range": "10-10/341" } }))
  const rows = await users({
    select: ["name", "user"], where: [["name", "ilike", "a*"], ["name", "neq", "x,y"], ["id", "in", ["a", 'b"c\\', "d,e"]], ["email", "is", null]],
    order: ["name.desc.nullslast"], limit: 1, offset: 10,
  }).run({ count: true })
  assert.deepEqual(rows, { rows: [{ a: 1 }], total: 341 })
  const [request] = asked()
  assert.equal(request.method, "GET")
  assert.equal(request.headers.get("Prefer"), "count=exact")
  const { pathname, searchParams } = new URL(request.url)
  assert.equal(pathname, "/rest/v1/site_users")
  assert.deepEqual([...searchParams], [
    ["select", "name,user"], ["name", "ilike.a*"], ["name", "neq.x,y"], ["id", 'in.("a","b\\"c\\\\","d,e")'], ["email", "is.null"],
    ["order", "name.desc.nullslast"], ["limit", "1"], ["offset", "10"],
  ])
})

Deno.test("a function gets its arguments as JSON and answers with rows, a row or a value", async () => {
  const query = new Query({ from: "count_online_users", arguments: { site: "1", silence: undefined } })
  for (const [body, rows] of [[[{ a: 1 }], [{ a: 1 }]], [{ a: 1 }, [{ a: 1 }]], [7, [{ count_online_users: 7 }]]]) {
    answering(() => Response.json(body))
    assert.deepEqual(await query.run(), rows)
  }
  const [request] = asked()
  assert.equal(request.method, "POST")
  assert.equal(request.url, "http://vibe.test/rest/v1/rpc/count_online_users")
  assert.deepEqual(await request.json(), { site: "1" })
})

Deno.test("the address of a CSV holds the question and an ASCII name", () => {
  const query = new Query({ from: "f", arguments: { a: "é&=", b: undefined }, limit: 3 })
  const address = new URL(query.csv("Visão geral: 2026/11"), "http://x")
  assert.equal(address.pathname, "/api/v1/csv")
  assert.match(address.searchParams.get("name") ?? "", /^[A-Za-z0-9_-]{1,64}$/)
  assert.equal(address.searchParams.get("name"), "Visao-geral-2026-11")
  assert.deepEqual(JSON.parse(address.searchParams.get("query") ?? ""), { from: "f", arguments: { a: "é&=" }, limit: 3 })
  assert.match(query.csv("…"), /name=export&/)
  assert.match(query.csv("日本"), /name=export&/)
})

Deno.test("errors of every door are one kind", async () => {
  /** @type {[object, unknown[]][]} */
  const answers = [
    [{ code: "22023", message: "no", hint: "do", details: "why" }, ["22023", "no", "do", "why"]],
    [{ error: { code: "FORBIDDEN", message: "no", details: { field: "a" } } }, ["FORBIDDEN", "no", null, { field: "a" }]],
    [{ code: 400, error_code: "weak_password", msg: "no" }, ["weak_password", "no", null, null]],
  ]
  for (const [body, [code, message, hint, details]] of answers) {
    answering(() => Response.json(body, { status: 400, headers: { "X-Request-Id": "r1" } }))
    const error = await call("f").catch((/** @type {unknown} */ thrown) => thrown)
    assert(error instanceof ApiError)
    assert.deepEqual([error.status, error.code, error.message, error.hint, error.details, error.requestId], [400, code, message, hint, details, "r1"])
  }
  answering(() => new Response("<h1>Bad gateway", { status: 502 }))
  await assert.rejects(call("f"), { status: 502, code: "" })
  answering(() => { throw new TypeError("connection refused") })
  await assert.rejects(call("f"), { status: 0, code: "OFFLINE" })
})

Deno.test("a refusal is heard of by those who watch the session", async () => {
  let ends = 0
  const stop = session.subscribe(() => { ends += 1 })
  answering(() => Response.json({ message: "who are you" }, { status: 401 }))
  await assert.rejects(session.user(), { status: 401 })
  stop()
  await assert.rejects(session.user(), { status: 401 })
  assert.equal(ends, 1)
})

Deno.test("the session is asked for as a cookie", async () => {
  answering(() => Response.json({}))
  await session.signIn("a@b.c", "secret")
  await session.resetPassword("token", "new one")
  await session.signOut("others")
  const requests = asked()
  assert.deepEqual(requests.map(({ method, url }) => `${method} ${url.replace("http://vibe.test/auth/v1/", "")}`), [
    "POST token?grant_type=password", "POST verify", "PUT user", "POST logout?scope=others",
  ])
  for (const { headers } of requests) assert.equal(headers.get("X-Vibe-Session"), "cookie")
  assert.deepEqual(await requests[1].json(), { type: "recovery", token_hash: "token" })
})
