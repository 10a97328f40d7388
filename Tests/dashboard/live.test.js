// One stream for all tabs of a browser, and nothing missed when the tab that holds it goes.
import assert from "node:assert/strict"
import { Live } from "/client/live.js"
import { FakeBrowser, FakeStream, settle, until } from "./fakes.js"

/** A tab that watches tables and notes what it hears. @param {FakeBrowser} browser @param {...string} tables */
function open(browser, ...tables) {
  const live = new Live(browser.tab(), 0)
  live.tables.add("goals")
  /** @type {(number | null)[]} */
  const heard = []
  /** @type {string[]} */
  const states = []
  live.subscribe(({ state }) => { states.push(state) })
  return { live, heard, states, close: live.watch(tables, (site) => { heard.push(site) }) }
}

/** The one open stream. */
async function stream() {
  await until(() => FakeStream.all.length === 1, "one stream is open")
  return FakeStream.all[0]
}

Deno.test("all tabs hear over the stream of one", async () => {
  const browser = new FakeBrowser()
  const tabs = [open(browser, "site_users"), open(browser, "site_users"), open(browser, "site_users")]
  const one = await stream()
  one.ready()
  await until(() => tabs.every(({ live }) => live.state === "live"))
  // What was read before the stream ran may be old.
  for (const { heard } of tabs) assert.deepEqual(heard, [null])
  one.change("site_users", 7)
  one.change("site_sessions", 8) // nobody looks at it
  await until(() => tabs.every(({ heard }) => heard.length === 2))
  await settle()
  for (const { heard, close } of tabs) {
    assert.deepEqual(heard, [null, 7])
    close()
  }
  assert.equal(FakeStream.all.length, 0)
})

Deno.test("the tab that holds the stream goes: another takes over, and all read anew", async () => {
  const browser = new FakeBrowser()
  const tabs = [open(browser, "site_users"), open(browser, "site_sessions"), open(browser, "site_users")]
  const first = await stream()
  first.ready()
  await until(() => tabs.every(({ live }) => live.state === "live"))
  tabs[0].close()
  assert.equal(first.readyState, 2)
  const second = await stream()
  assert.notEqual(second, first)
  second.ready()
  await until(() => tabs.slice(1).every(({ heard }) => heard.length >= 2))
  assert.equal(tabs[0].heard.length, 1)
  // By now the new holder has learnt what others look at.
  await until(() => FakeStream.all.length === 1 && FakeStream.all[0].address.includes("site_sessions,site_users"))
  await until(() => tabs[2].live.state === "live")
  await settle()
  await settle()
  FakeStream.all[0].change("site_users", 3)
  await until(() => tabs[2].heard.at(-1) === 3)
  assert.equal(tabs[1].heard.includes(3), false)
  for (const { close } of tabs.slice(1)) close()
  assert.equal(FakeStream.all.length, 0)
})

Deno.test("a tab that comes later is told the state, and its tables are added", async () => {
  const browser = new FakeBrowser()
  const early = open(browser, "site_users")
  const first = await stream()
  first.ready()
  const same = open(browser, "site_users")
  await until(() => same.live.state === "live")
  assert.equal(FakeStream.all[0], first, "the stream stays")
  const other = open(browser, "goals")
  await until(() => FakeStream.all[0]?.address === "/realtime/v1/sse?tables=goals,site_users")
  FakeStream.all[0].ready()
  await settle()
  await settle()
  FakeStream.all[0].change("goals", 2)
  await until(() => other.heard.at(-1) === 2)
  for (const { close } of [early, same, other]) close()
})

Deno.test("resync and each new start make all read again", async () => {
  const browser = new FakeBrowser()
  const tabs = [open(browser, "site_users"), open(browser, "site_users")]
  const one = await stream()
  one.ready()
  await until(() => tabs.every(({ heard }) => heard.length === 1))
  await settle()
  one.dispatchEvent(new Event("resync"))
  await until(() => tabs.every(({ heard }) => heard.length === 2))
  one.fail(false)
  await until(() => tabs.every(({ live }) => live.state === "polling"))
  one.ready() // the browser has connected again
  await until(() => tabs.every(({ live, heard }) => live.state === "live" && heard.length === 3))
  for (const { heard, close } of tabs) {
    assert.deepEqual(heard, [null, null, null])
    close()
  }
})

Deno.test("a refused stream is tried again", async () => {
  const tab = open(new FakeBrowser(), "site_users")
  const first = await stream()
  const random = Math.random
  Math.random = () => -0.49
  first.fail(true)
  Math.random = random
  assert.equal(tab.live.state, "polling")
  await until(() => FakeStream.all.length === 1 && FakeStream.all[0] !== first)
  FakeStream.all[0].ready()
  assert.equal(tab.live.state, "live")
  tab.close()
})

Deno.test("a table that is not in realtime is not asked for", async () => {
  const browser = new FakeBrowser()
  const tab = open(browser, "funnels", "site_users")
  assert.equal((await stream()).address, "/realtime/v1/sse?tables=site_users")
  tab.close()
  open(browser, "funnels").close()
  await settle()
  assert.equal(FakeStream.all.length, 0)
})

Deno.test("the stream outlives its last watcher for a moment", async () => {
  const live = new Live(new FakeBrowser().tab(), 60)
  const stop = live.watch(["site_users"], () => {})
  const one = await stream()
  stop()
  await settle()
  const stopAgain = live.watch(["site_users"], () => {})
  await settle()
  await settle()
  assert.equal(FakeStream.all[0], one)
  stopAgain()
  await until(() => FakeStream.all.length === 0)
})

Deno.test("many changes are told together", async () => {
  const tab = open(new FakeBrowser(), "site_users")
  const one = await stream()
  one.ready()
  await settle()
  for (let turn = 0; turn < 500; turn++) one.change("site_users", 1)
  await settle()
  await settle()
  await settle()
  assert(tab.heard.length <= 4, `heard ${tab.heard.length} times`)
  assert.equal(tab.heard.at(-1), 1)
  tab.close()
})

Deno.test("without a network the stream waits for it", async () => {
  const browser = new FakeBrowser()
  browser.isOnline = false
  const tab = open(browser, "site_users")
  await until(() => tab.live.state === "offline")
  assert.equal(FakeStream.all.length, 0)
  browser.isOnline = true
  globalThis.dispatchEvent(new Event("online"))
  ;(await stream()).ready()
  assert.equal(tab.live.state, "live")
  tab.close()
})

Deno.test("without locks each tab has a stream of its own while it is seen", async () => {
  const browser = new FakeBrowser()
  browser.hasLocks = false
  const page = new EventTarget()
  Object.defineProperty(globalThis, "document", { value: page, configurable: true })
  const tabs = [open(browser, "site_users"), open(browser, "site_users")]
  await until(() => FakeStream.all.length === 2)
  browser.isHidden = true
  page.dispatchEvent(new Event("visibilitychange"))
  assert.equal(FakeStream.all.length, 0)
  browser.isHidden = false
  page.dispatchEvent(new Event("visibilitychange"))
  await until(() => FakeStream.all.length === 2)
  for (const { close } of tabs) close()
  assert.equal(FakeStream.all.length, 0)
  Reflect.deleteProperty(globalThis, "document")
})

Deno.test("the stream waits until the page has loaded", async () => {
  const browser = new FakeBrowser()
  browser.isLoading = true
  const gone = open(browser, "site_users"), tab = open(browser, "site_users")
  gone.close()
  await settle()
  assert.equal(FakeStream.all.length, 0)
  browser.isLoading = false
  globalThis.dispatchEvent(new Event("load"))
  ;(await stream()).ready()
  assert.equal(tab.live.state, "live")
  assert.equal(gone.live.state, "connecting")
  tab.close()
})

Deno.test("a page in the browser's cache holds nothing, and comes back", async () => {
  const tab = open(new FakeBrowser(), "site_users")
  const first = await stream()
  first.ready()
  globalThis.dispatchEvent(new Event("pagehide"))
  assert.equal(FakeStream.all.length, 0)
  assert.equal(tab.live.state, "connecting")
  globalThis.dispatchEvent(new Event("pageshow"))
  ;(await stream()).ready()
  await until(() => tab.live.state === "live" && tab.heard.length === 2)
  tab.close()
})
