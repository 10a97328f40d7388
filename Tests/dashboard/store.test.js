// Stores: answers in order, one request at a time, old data kept, nothing done that nobody looks at.
import assert from "node:assert/strict"
import { call, chartData, live, onlineUsers, Query, SettableStore, site, Store, userSessions } from "/client.js"
import { answering, asked, FakeStream, held, settle, until } from "./fakes.js"

Object.assign(globalThis, { EventSource: FakeStream })
Object.defineProperty(navigator, "locks", { value: undefined, configurable: true })

const SITES = [
  { site_id: 1, name: "shop", key: "k1", time_zone: "America/Sao_Paulo", currency: "BRL", domain: null, role: "owner" },
  { site_id: 2, name: "blog", key: "k2", time_zone: "UTC", currency: "USD", domain: null, role: "viewer" },
]

/** Loads two sites; the first is the current one. */
async function sites() {
  answering(() => Response.json(SITES))
  await site.load()
  site.use(1)
}

/** A store of one question about the current site, and what it told. @param {import("/client.js").Options<any>} [options] */
function watched(options) {
  /** @type {Store} */
  const store = new Store(() => site.current && new Query({ from: "f", arguments: { site: String(site.current.site_id) } }), options)
  /** @type {[boolean, any, string | undefined][]} */
  const told = []
  const stop = store.subscribe(({ data, loading, error }) => { told.push([loading, data, error?.message]) })
  return { store, told, stop }
}

Deno.test("a store starts with its first reader and tells each change", async () => {
  await sites()
  answering(() => Response.json([1]))
  const { store, told, stop } = watched()
  assert.equal(asked().length, 1)
  await until(() => !store.loading)
  assert.deepEqual(told, [[true, undefined, undefined], [false, [1], undefined]])
  assert(store.at instanceof Date)
  assert.equal(store.query?.sql(), "select *\nfrom vibe.f(site => '1');")
  // A second reader gets what is there, and no request is made for them.
  const heard = held()
  store.subscribe(heard.resolve)()
  assert.deepEqual((await heard.promise).data, [1])
  assert.equal(asked().length, 1)
  stop()
})

Deno.test("requests do not overlap, and calls between fall together", async () => {
  await sites()
  const answers = [held(), held(), held()]
  let turn = 0
  answering(() => answers[turn++].promise)
  const { store, stop } = watched()
  const all = [store.refresh(), store.refresh(), store.refresh()]
  await settle()
  assert.equal(asked().length, 1)
  answers[0].resolve(Response.json(["old"]))
  await until(() => asked().length === 2)
  assert.deepEqual(store.data, ["old"])
  answers[1].resolve(Response.json(["new"]))
  await Promise.all(all)
  assert.deepEqual(store.data, ["new"])
  await settle()
  assert.equal(asked().length, 2)
  stop()
})

Deno.test("an answer that comes late is not shown as another site's", async () => {
  await sites()
  const slow = held()
  answering(async (request) => (await request.json()).site === "1" ? slow.promise : Response.json(["blog"]))
  const { store, told, stop } = watched()
  site.use("blog")
  await until(() => store.data?.[0] === "blog")
  slow.resolve(Response.json(["shop"]))
  await settle()
  assert.deepEqual(store.data, ["blog"])
  assert(asked()[0].signal.aborted || told.every(([, data]) => data?.[0] !== "shop"))
  stop()
})

Deno.test("another site forgets the old one's data at once; the same question does not", async () => {
  await sites()
  answering(() => Response.json(["shop"]))
  const { store, stop } = watched()
  const fixed = new Store(() => new Query({ from: "plans" }))
  const stopFixed = fixed.subscribe(() => {})
  await until(() => !store.loading && !fixed.loading)
  answering(() => held().promise)
  site.use("blog")
  assert.deepEqual([store.data, store.at, store.loading], [undefined, null, true])
  assert.deepEqual(fixed.data, ["shop"])
  assert.equal(asked().length, 1)
  stop()
  stopFixed()
})

Deno.test("data stay while a refresh runs and when it fails", async () => {
  await sites()
  answering(() => Response.json([1]))
  const { store, stop } = watched()
  await until(() => store.data !== undefined)
  const at = store.at
  answering(() => Response.json({ message: "no" }, { status: 500 }))
  const done = store.refresh()
  assert.deepEqual([store.data, store.loading], [[1], true])
  assert.equal(store.pending?.sql(), store.query?.sql())
  await done
  assert.deepEqual([store.data, store.loading, store.error?.message, store.at, store.pending], [[1], false, "no", at, null])
  answering(() => Response.json([2]))
  await store.refresh()
  assert.deepEqual([store.data, store.error], [[2], null])
  stop()
})

Deno.test("a failure to ask or to pick is an error of the store", async () => {
  answering(() => Response.json([1]))
  const broken = new Store(() => { throw new RangeError("no month") })
  broken.subscribe(() => {})()
  assert.equal(broken.error?.message, "no month")
  const picky = new Store(() => new Query({ from: "f" }), { pick: (rows) => rows[7].name })
  const stop = picky.subscribe(() => {})
  await until(() => picky.error instanceof TypeError)
  stop()
})

Deno.test("with the last reader the request ends and no other is made", async () => {
  await sites()
  answering(() => held().promise)
  const { store, stop } = watched({ every: 10 })
  await until(() => asked().length === 1)
  stop()
  await settle()
  await settle()
  assert.equal(asked().length, 1)
  assert.deepEqual([store.loading, store.error], [false, null])
})

Deno.test("a reader who comes back after a change of site sees nothing of the old one", async () => {
  await sites()
  answering(() => Response.json(["shop"]))
  const { store, stop } = watched()
  await until(() => store.data !== undefined)
  stop()
  site.use("blog")
  answering(() => held().promise)
  /** @type {any[]} */
  const told = []
  const stopAgain = store.subscribe(({ data }) => { told.push(data) })
  assert.deepEqual(told, [undefined])
  stopAgain()
})

Deno.test("a store asks again by the clock, and not while it is hidden", async () => {
  await sites()
  const page = Object.assign(new EventTarget(), { hidden: false })
  Object.defineProperty(globalThis, "document", { value: page, configurable: true })
  answering(() => Response.json([]))
  const { stop } = watched({ every: 20 })
  await until(() => asked().length >= 3)
  page.hidden = true
  page.dispatchEvent(new Event("visibilitychange"))
  await settle()
  const before = asked().length
  await settle()
  await settle()
  assert.equal(asked().length, before)
  page.hidden = false
  page.dispatchEvent(new Event("visibilitychange"))
  await until(() => asked().length > before)
  stop()
  Reflect.deleteProperty(globalThis, "document")
})

Deno.test("changes of this site's rows are read, however many, at most once in a pause", async () => {
  await sites()
  answering(() => Response.json([]))
  const { store, stop } = watched({ tables: ["site_users"], pause: 100 })
  await until(() => FakeStream.all.length === 1)
  FakeStream.all[0].ready()
  await until(() => live.state === "live" && !store.loading)
  await until(() => asked().length === 2, "a snapshot after ready")
  await new Promise((resolve) => setTimeout(resolve, 150))
  const before = asked().length
  FakeStream.all[0].change("site_users", 2) // another site
  FakeStream.all[0].change("site_sessions", 1) // another table
  await new Promise((resolve) => setTimeout(resolve, 150))
  assert.equal(asked().length, before)
  /** @type {number[]} */
  const times = []
  answering(() => {
    times.push(performance.now())
    return Response.json([])
  })
  const began = performance.now()
  let last = began
  while (last - began < 350) {
    FakeStream.all[0].change("site_users", 1)
    await new Promise((resolve) => setTimeout(resolve, 2))
    last = performance.now()
  }
  // The last change is read too.
  await until(() => times[times.length - 1] > last - 1, "a read after the last change")
  // A busy machine is late, but never early.
  assert(times.length >= 2 && times.length <= (times[times.length - 1] - began) / 100 + 2, `${times.length} reads`)
  for (const [place, time] of times.entries()) assert(place === 0 || time - times[place - 1] > 90, `${times}`)
  stop()
  await until(() => FakeStream.all.length === 0)
})

Deno.test("a reader's failure is its own", async () => {
  await sites()
  answering(() => Response.json([1]))
  /** @type {unknown[]} */
  const reported = []
  const report = globalThis.reportError
  globalThis.reportError = (error) => { reported.push(error) }
  const store = new Store(() => new Query({ from: "f" }))
  const stops = [store.subscribe(() => { throw new Error("mine") }), store.subscribe(() => {})]
  await until(() => store.data !== undefined)
  assert(reported.length >= 2)
  globalThis.reportError = report
  for (const stop of stops) stop()
})

Deno.test("settings change the question and keep the picture until the answer is there", async () => {
  await sites()
  answering(() => Response.json([1]))
  const store = new SettableStore({ metric: "users" }, ({ metric }) => new Query({ from: "f", arguments: { metric } }), {})
  await store.set({ metric: "sessions" })
  assert.equal(asked().length, 0)
  const stop = store.subscribe(() => {})
  await until(() => store.data !== undefined)
  const slow = held()
  answering(() => slow.promise)
  const done = store.set({ metric: "revenue" })
  assert.match(store.query?.sql() ?? "", /sessions/)
  assert.match(store.pending?.sql() ?? "", /revenue/)
  assert.deepEqual(store.data, [1])
  slow.resolve(Response.json([2]))
  await done
  assert.deepEqual(store.data, [2])
  assert.match(store.query?.sql() ?? "", /revenue/)
  stop()
})

Deno.test("another setting does not wait for the answer to the old one", async () => {
  await sites()
  answering(async (request) => (await request.json()).metric === "a" ? held().promise : Response.json(["b"]))
  const store = new SettableStore({ metric: "a" }, ({ metric }) => new Query({ from: "f", arguments: { metric } }), {})
  const stop = store.subscribe(() => {})
  await store.set({ metric: "b" })
  assert.deepEqual(store.data, ["b"])
  stop()
})

Deno.test("a question that comes back soon is not asked again, unless one asks", async () => {
  await sites()
  answering(async (request) => Response.json([(await request.json()).month]))
  const store = new SettableStore({ month: "1" }, ({ month }) => new Query({ from: "f", arguments: { month } }), { fresh: 800 })
  const stop = store.subscribe(() => {})
  await until(() => store.data?.[0] === "1")
  const first = store.at
  await store.set({ month: "2" })
  await store.set({ month: "1" })
  assert.deepEqual([store.data, store.at, store.loading, asked().length], [["1"], first, false, 2])
  assert.match(store.query?.sql() ?? "", /'1'/)
  await store.refresh()
  assert.equal(asked().length, 3)
  stop()
  const stopAgain = store.subscribe(() => {})
  assert.equal(asked().length, 3)
  // Whoever writes wants to see it.
  await call("create_goal", { name: "x" })
  await store.set({ month: "2" })
  assert.equal(asked().length, 5)
  await store.set({ month: "1" })
  assert.equal(asked().length, 6)
  await new Promise((resolve) => setTimeout(resolve, 850))
  await store.set({ month: "2" })
  assert.deepEqual([store.data, asked().length], [["2"], 7])
  stopAgain()
})

Deno.test("the stores of a dashboard ask about the current site", async () => {
  await sites()
  answering(() => Response.json([{ starts_at: "2026-03-29T03:00:00+00:00", ends_at: "2026-03-30T03:00:00+00:00", value: 1, previous: null, is_partial: true }],
    { headers: { "Content-Range": "0-0/731" } }))
  const stops = [onlineUsers, chartData, userSessions(12)].map((store) => store.subscribe(() => {}))
  await until(() => chartData.data && onlineUsers.data && userSessions(12).data)
  assert.equal(onlineUsers.data?.total, 731)
  assert.equal(chartData.data?.[0].date, "2026-03-29")
  assert.match(onlineUsers.query?.sql() ?? "", /^select \*\nfrom vibe.get_online_users\(site => '1'\)\norder by started_at desc, session_id desc\nlimit 50;$/)
  assert.match(userSessions(12).query?.sql() ?? "", /user_sessions\(site => '1', user_id => '12'\)/)
  await onlineUsers.set({ segment: "VIP" })
  assert.match(onlineUsers.query?.sql() ?? "", /get_online_users_in_segment\(site => '1', in_segment => 'VIP'\)/)
  for (const stop of stops) stop()
  await onlineUsers.set({ segment: null })
  await until(() => FakeStream.all.length === 0, "the stream ends soon after its last watcher")
})

Deno.test("days and hours are those of the site", async () => {
  await sites()
  assert.equal(site.day("2026-03-29T02:59:59Z"), "2026-03-28")
  assert.equal(site.day("2026-03-29T03:30:00Z", true), "2026-03-29T00:30")
  assert.equal(site.use("nobody's"), false)
  assert.equal(site.current?.name, "shop")
  // A site may bear another's number in its name only with letters; its id as a text will do.
  assert.equal(site.use("2"), true)
  assert.equal(site.current?.name, "blog")
})
