// Tells stores when rows have changed. One stream per browser: browsers allow six connections to a host, so a Web Lock
// elects one tab to hold the stream, and the others hear of changes by a BroadcastChannel.

const NAME = "vibe-live"
const GATHER = 50 // ms in which changes fall together
const LINGER = 1_000 // ms for which the stream outlives its last watcher: stores come and go with panels and dialogs
const FIRST_RETRY = 1_000, LAST_RETRY = 30_000 // ms

/**
 * @typedef {"live" | "polling" | "connecting" | "offline"} State
 * @typedef {[table: string, siteId: number]} Change
 * @typedef {{ kind: "want", tables: string[] } | { kind: "ask" } | { kind: "state", state: State }
 *   | { kind: "changes", changes: Change[] | null }} Message
 */

/** What of the browser the stream is made of; tests give others. */
const browser = {
  locks: () => globalThis.navigator?.locks,
  channel: () => new BroadcastChannel(NAME),
  /** @param {string} address */
  stream: (address) => new EventSource(address),
  isOnline: () => globalThis.navigator?.onLine !== false,
  isHidden: () => globalThis.document?.hidden === true,
  isLoading: () => (globalThis.document?.readyState ?? "complete") !== "complete",
}

export class Live {
  /** How changes are heard of. @type {State} */
  state = "connecting"
  /** What is in realtime, of which there can be more: see vibe_private.feed_table(). One unknown table would end the stream. */
  tables = new Set(["site_sessions", "site_users", "user_events", "campaigns", "campaign_events", "campaign_performance"])

  #browser
  #linger
  #isStarted = false
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #ending = undefined
  /** @type {Set<(live: Live) => void>} */
  #listeners = new Set()
  /** @type {Map<(siteId: number | null) => void, string[]>} */
  #watchers = new Map()
  /** Tables that any tab looks at. @type {Set<string>} */
  #wanted = new Set()
  /** @type {BroadcastChannel | null} */
  #channel = null
  /** @type {EventSource | null} */
  #stream = null
  /** Ends the wait for the lock. @type {AbortController | null} */
  #turn = null
  /** Gives the lock back. @type {(() => void) | null} */
  #release = null
  #isLeader = false
  #retries = 0
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retry = undefined
  /** Changes not yet told; null: anything may have changed. @type {Map<string, Change> | null} */
  #gathered = new Map()
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #gathering = undefined

  /** @param {typeof browser} parts @param {number} linger */
  constructor(parts = browser, linger = LINGER) {
    this.#browser = parts
    this.#linger = linger
  }

  /** @param {(live: Live) => void} fn called at once and when the state changes @returns {() => void} ends it */
  subscribe(fn) {
    this.#listeners.add(fn)
    fn(this)
    return () => { this.#listeners.delete(fn) }
  }

  /**
   * @param {string[]} tables those not in realtime count for nothing @param {(siteId: number | null) => void} changed a row of that site has changed; null: any may have
   * @returns {() => void} ends it; without watchers there is no stream
   */
  watch(tables, changed) {
    const watcher = (/** @type {number | null} */ siteId) => changed(siteId)
    const known = tables.filter((table) => this.tables.has(table))
    if (known.length === 0) return () => {}
    this.#watchers.set(watcher, known)
    clearTimeout(this.#ending)
    if (!this.#isStarted) this.#start()
    this.#want(known)
    return () => {
      if (!this.#watchers.delete(watcher) || this.#watchers.size > 0) return
      clearTimeout(this.#ending)
      if (this.#linger === 0) this.#stop()
      else this.#ending = setTimeout(() => this.#stop(), this.#linger)
    }
  }

  #start() {
    this.#isStarted = true
    globalThis.addEventListener?.("online", this.#network)
    globalThis.addEventListener?.("offline", this.#network)
    globalThis.addEventListener?.("pagehide", this.#leave)
    globalThis.addEventListener?.("pageshow", this.#enter)
    this.#enter()
  }

  #stop() {
    this.#isStarted = false
    globalThis.removeEventListener?.("online", this.#network)
    globalThis.removeEventListener?.("offline", this.#network)
    globalThis.removeEventListener?.("pagehide", this.#leave)
    globalThis.removeEventListener?.("pageshow", this.#enter)
    this.#leave()
  }

  #enter = () => {
    if (this.#turn) return
    // The connections of a page that loads are for its parts and its first answers.
    if (this.#browser.isLoading()) return globalThis.addEventListener("load", this.#enter, { once: true })
    const turn = this.#turn = new AbortController()
    const locks = this.#browser.locks()
    if (!locks) {
      // Without a secure context there are no locks: each tab has a stream of its own while it is seen.
      globalThis.document?.addEventListener("visibilitychange", this.#sight)
      this.#lead()
      return
    }
    this.#channel = this.#browser.channel()
    this.#channel.addEventListener("message", ({ data }) => this.#hear(data))
    this.#send({ kind: "want", tables: this.#own() })
    locks.request(NAME, { signal: turn.signal }, () => {
      if (turn.signal.aborted) return
      this.#lead()
      return new Promise((/** @type {(value: void) => void} */ resolve) => { this.#release = resolve })
    }).catch(() => {}) // the wait was ended
  }

  /** Also when the page goes into the browser's cache: a page that holds a lock or a stream would not be kept there. */
  #leave = () => {
    globalThis.removeEventListener?.("load", this.#enter)
    globalThis.document?.removeEventListener("visibilitychange", this.#sight)
    this.#turn?.abort()
    this.#turn = null
    this.#isLeader = false
    clearTimeout(this.#gathering)
    this.#gathering = undefined
    this.#disconnect()
    this.#release?.()
    this.#release = null
    this.#channel?.close()
    this.#channel = null
    this.#show("connecting")
  }

  #lead() {
    this.#isLeader = true
    for (const table of this.#own()) this.#wanted.add(table)
    this.#send({ kind: "ask" })
    this.#connect()
  }

  #own() {
    return [...new Set([...this.#watchers.values()].flat())]
  }

  /** @param {string[]} tables */
  #want(tables) {
    const missing = tables.filter((table) => !this.#wanted.has(table))
    for (const table of missing) this.#wanted.add(table)
    if (missing.length === 0) return
    if (this.#isLeader) this.#connect()
    else this.#send({ kind: "want", tables })
  }

  /** @param {Message} message */
  #hear(message) {
    if (message.kind === "want") {
      const isNew = message.tables.some((table) => !this.#wanted.has(table))
      for (const table of message.tables) this.#wanted.add(table)
      if (!this.#isLeader) return
      if (isNew) this.#connect()
      else this.#send({ kind: "state", state: this.state })
    } else if (message.kind === "ask") {
      this.#send({ kind: "want", tables: this.#own() })
    } else if (!this.#isLeader) {
      if (message.kind === "state") this.#show(message.state)
      else this.#dispatch(message.changes)
    }
  }

  /** @param {Message} message */
  #send(message) {
    this.#channel?.postMessage(message)
  }

  /** Soon, so that the tables of all stores of a page make one stream. */
  #connect() {
    clearTimeout(this.#retry)
    this.#retry = setTimeout(() => this.#open(), 0)
  }

  #open() {
    this.#disconnect()
    if (!this.#browser.isOnline()) return this.#tellState("offline")
    if (!this.#browser.locks() && this.#browser.isHidden()) return
    const stream = this.#stream = this.#browser.stream(`/realtime/v1/sse?tables=${[...this.#wanted].sort().join(",")}`)
    // A snapshot read after "ready" cannot miss a change: the stream runs already.
    stream.addEventListener("ready", () => {
      this.#retries = 0
      this.#tellState("live")
      this.#gather(null)
    })
    stream.addEventListener("resync", () => this.#gather(null))
    stream.addEventListener("change", (event) => {
      const { table, site_id } = JSON.parse(event.data)
      this.#gather([table, site_id])
    })
    stream.addEventListener("error", () => {
      if (stream !== this.#stream) return
      this.#tellState(this.#browser.isOnline() ? "polling" : "offline")
      // The browser tries again after a lost connection, but gives up for good after a refusal.
      if (stream.readyState !== 2) return
      const wait = Math.min(FIRST_RETRY * 2 ** this.#retries++, LAST_RETRY) * (0.5 + Math.random())
      clearTimeout(this.#retry)
      this.#retry = setTimeout(() => this.#open(), wait)
    })
  }

  #disconnect() {
    clearTimeout(this.#retry)
    this.#stream?.close()
    this.#stream = null
  }

  #network = () => {
    if (this.#isLeader) this.#open()
  }

  #sight = () => {
    if (!this.#browser.isHidden()) this.#open()
    else {
      this.#disconnect()
      this.#show("connecting")
    }
  }

  /** The first change is told at once, since timers of hidden pages are slow; those soon after it together. @param {Change | null} change */
  #gather(change) {
    if (change === null) this.#gathered = null
    else this.#gathered?.set(change.join(" "), change)
    if (this.#gathering === undefined) this.#flush()
  }

  #flush = () => {
    this.#gathering = undefined
    if (this.#gathered?.size === 0) return
    const changes = this.#gathered && [...this.#gathered.values()]
    this.#gathered = new Map()
    this.#gathering = setTimeout(this.#flush, GATHER)
    this.#send({ kind: "changes", changes })
    this.#dispatch(changes)
  }

  /** @param {Change[] | null} changes */
  #dispatch(changes) {
    for (const [changed, tables] of [...this.#watchers]) {
      if (changes === null) changed(null)
      else for (const siteId of new Set(changes.filter(([table]) => tables.includes(table)).map(([, id]) => id))) changed(siteId)
    }
  }

  /** @param {State} state */
  #tellState(state) {
    this.#send({ kind: "state", state })
    this.#show(state)
  }

  /** @param {State} state */
  #show(state) {
    if (this.state === state) return
    this.state = state
    for (const fn of [...this.#listeners]) fn(this)
  }
}

/** The changes that this browser hears of. */
export const live = new Live()
