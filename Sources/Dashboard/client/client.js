// What a dashboard is made of: questions to the database, stores that keep their answers fresh, the site and the session.
// Served as /client.js. Nothing in here touches the page.
import { Query, writes } from "/client/query.js"
import { live } from "/client/live.js"

export { ApiError, call, Query, session } from "/client/query.js"
export { live }

const FALL_BACK = 15_000 // ms between reads while changes cannot be heard
const KEPT = 30 // answers of a store that are kept for its questions to come back
const SETTLED = 2_000 // ms between the first read and the one after the stream's start: a page that loads has better things to do
const TROUBLED = 5_000 // ms at least before the next read after one that failed

/** @typedef {import("./types.d.ts").Site} Site */

class CurrentSite {
  /** @type {Site | null} null before load(), and for those who have no site yet */
  current = null
  /** @type {Site[]} every site the session may see, oldest first */
  all = []
  /** @type {Set<(site: CurrentSite) => void>} */
  #listeners = new Set()

  /** The id as functions take it for `site`. */
  get id() {
    return String(this.current?.site_id)
  }

  /** Whether the reader may change the site itself. */
  get isOwner() {
    return this.current?.role === "owner"
  }

  /** Whether the reader may make and change what belongs to it. */
  get mayWrite() {
    return this.current?.role !== "viewer"
  }

  /** Reads the sites; the current one stays, else the first becomes it. */
  async load() {
    this.all = await new Query({ from: "get_sites", arguments: {} }).run()
    const before = this.current?.site_id
    this.current = this.all.find(({ site_id }) => site_id === before) ?? this.all[0] ?? null
    this.#tell()
    return this.all
  }

  /** @param {string | number} wanted name or id @returns {boolean} false, and nothing changes, when there is no such site */
  use(wanted) {
    const found = this.all.find(({ name, site_id }) => name === wanted || String(site_id) === String(wanted))
    if (found && found !== this.current) {
      this.current = found
      this.#tell()
    }
    return found !== undefined
  }

  /** @param {(site: CurrentSite) => void} fn called at once and at each change @returns {() => void} ends it */
  subscribe(fn) {
    this.#listeners.add(fn)
    fn(this)
    return () => { this.#listeners.delete(fn) }
  }

  /** @param {string} instant @param {boolean} withTime @returns {string} what the site's calendar and clock say: 2026-03-29, or 2026-03-29T14:00 */
  day(instant, withTime = false) {
    const shown = new Intl.DateTimeFormat("en-CA", {
      timeZone: this.current?.time_zone, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
    }).formatToParts(new Date(instant))
    const part = Object.fromEntries(shown.map(({ type, value }) => [type, value]))
    return `${part.year}-${part.month}-${part.day}${withTime ? `T${part.hour}:${part.minute}` : ""}`
  }

  #tell() {
    for (const fn of [...this.#listeners]) fn(this)
  }
}

/** The site that all stores of this page look at. */
export const site = new CurrentSite()

/**
 * @template Data
 * @typedef {object} Options
 * @property {string[]} [tables] the question is asked again when a row of these changes
 * @property {number} [every] ms after which it is asked again while the page is visible
 * @property {number} [pause] ms at least between two reads that nobody asked for, however many changes come in
 * @property {number} [fresh] ms for which an answer will do when its question comes back, as a month chosen again, unless call() was
 *   used since; 30,000, or 0 where there are `tables`
 * @property {(rows: any[], total: number | null) => Data} [pick] what `data` is made of; the rows unless given, { rows, total } with count
 * @property {boolean} [count] whether the number of rows without limit and offset is wanted too
 */

/**
 * What a page shows, kept fresh: one question, its last answer, and when it is asked again.
 * @template [Data=any]
 */
export class Store {
  /** What was last read; undefined before the first answer. Stays while a read runs or fails. @type {Data | undefined} */
  data = undefined
  loading = false
  /** Why the last read failed. @type {Error | null} */
  error = null
  /** When the data came. @type {Date | null} */
  at = null

  #ask
  #options
  /** @type {Set<(store: Store<Data>) => void>} */
  #listeners = new Set()
  /** What was asked last. @type {Query<any> | null} */
  #query = null
  /** What the data are the answer to. @type {Query<any> | null} */
  #answered = null
  /** Earlier answers by their question's text. @type {Map<string, { data: Data | undefined, at: Date | null, begun: number }>} */
  #kept = new Map()
  /** @type {AbortController | null} the read under way */
  #reading = null
  /** Someone has asked for a later answer than that one. */
  #again = false
  /** @type {(() => void)[]} who waits for the end of reading */
  #waiting = []
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer = undefined
  #dueAt = Infinity
  #begun = -Infinity
  /** @type {(() => void)[]} */
  #endings = []

  /** @param {() => Query<any> | null} ask called at every read; null while there is nothing to ask @param {Options<Data>} options */
  constructor(ask, { tables = [], every = 0, pause = 500, fresh = tables.length ? 0 : 30_000, count = false, pick } = {}) {
    this.#ask = ask
    this.#options = { tables, every, pause, fresh, count, pick: pick ?? ((rows, total) => /** @type {any} */ (count ? { rows, total } : rows)) }
  }

  /** The question behind the data. */
  get query() {
    return this.#answered ?? this.#query ?? attempt(this.#ask)
  }

  /** The question under way; null while none is. */
  get pending() {
    return this.#reading && this.#query
  }

  /** Whether anyone looks at it. */
  get isActive() {
    return this.#listeners.size > 0
  }

  /** @param {(store: Store<Data>) => void} fn called at once and at each change @returns {() => void} ends it */
  subscribe(fn) {
    if (!this.isActive) this.#start()
    this.#listeners.add(fn)
    notify(fn, this)
    return () => {
      if (this.#listeners.delete(fn) && this.#listeners.size === 0) this.#stop()
    }
  }

  /** Asks now, or once more after the read under way; a question that has changed since does not wait. Ends when the answer is there. */
  refresh() {
    const ended = new Promise((/** @type {(value: void) => void} */ resolve) => this.#waiting.push(resolve))
    const hasChanged = this.#hasChanged()
    if (!this.#reading || hasChanged) this.#read(hasChanged)
    else this.#again = true
    return ended
  }

  /** Forgets what is known and asks anew: another site's answer must not be shown as this one's. */
  restart() {
    this.#forget()
    const ended = new Promise((/** @type {(value: void) => void} */ resolve) => this.#waiting.push(resolve))
    this.#read()
    return ended
  }

  #start() {
    const { tables, pause } = this.#options
    // What was known when the last one left may be another site's.
    if (this.#answered && attempt(this.#ask)?.sql() !== this.#answered.sql()) this.#forget()
    const seen = () => this.#plan()
    this.#endings.push(live.watch(tables, (siteId) => {
      if (siteId === null) this.#schedule(this.#begun + Math.max(pause, SETTLED))
      else if (siteId === site.current?.site_id) this.#schedule(this.#begun + this.#pause)
    }))
    this.#endings.push(live.subscribe(() => this.#plan()))
    globalThis.document?.addEventListener("visibilitychange", seen)
    this.#endings.push(() => globalThis.document?.removeEventListener("visibilitychange", seen))
    let isFirst = true
    this.#endings.push(site.subscribe(() => {
      if (!isFirst && this.#hasChanged()) {
        this.#forget()
        this.#read(true)
      }
      isFirst = false
    }))
    this.#read(true)
  }

  #stop() {
    for (const end of this.#endings.splice(0)) end()
    clearTimeout(this.#timer)
    this.#dueAt = Infinity
    this.#reading?.abort()
    this.#reading = null
    this.loading = this.#again = false
    this.#release()
  }

  #forget() {
    this.data = undefined
    this.#answered = null
    this.error = this.at = null
  }

  /** A server that is in trouble is left alone for longer. */
  get #pause() {
    return Math.max(this.#options.pause, this.error ? TROUBLED : 0)
  }

  #hasChanged() {
    return attempt(this.#ask)?.sql() !== this.#query?.sql()
  }

  /** @param {boolean} [orKept] whether an answer that is fresh enough will do */
  async #read(orKept = false) {
    this.#reading?.abort()
    clearTimeout(this.#timer)
    this.#dueAt = Infinity
    this.#again = false
    const reading = this.#reading = new AbortController()
    this.#begun = performance.now()
    try {
      this.#query = null
      this.#query = this.#ask()
      if (!this.#query) return this.#end(reading)
      const key = this.#query.sql(), kept = this.#kept.get(key)
      if (orKept && kept && kept.begun > Math.max(this.#begun - this.#options.fresh, writes.lastAt)) {
        this.data = kept.data
        this.at = kept.at
        this.error = null
        this.#answered = this.#query
        this.#begun = kept.begun
        return this.#end(reading)
      }
      this.loading = true
      this.#tell()
      const { count, pick } = this.#options
      const answer = await this.#query.run({ count, signal: reading.signal })
      if (reading !== this.#reading) return // a later read has taken over
      const { rows, total } = Array.isArray(answer) ? { rows: answer, total: null } : answer
      this.data = pick(rows, total)
      this.#answered = this.#query
      this.error = null
      this.at = new Date()
      if (this.#options.fresh > 0) this.#keep(key)
    } catch (error) {
      if (reading !== this.#reading) return
      this.error = error instanceof Error ? error : new Error(String(error))
    }
    this.#end(reading)
  }

  /** @param {string} key */
  #keep(key) {
    this.#kept.delete(key)
    this.#kept.set(key, { data: this.data, at: this.at, begun: this.#begun })
    if (this.#kept.size > KEPT) this.#kept.delete(this.#kept.keys().next().value ?? "")
  }

  /** @param {AbortController} reading */
  #end(reading) {
    if (reading !== this.#reading) return
    this.#reading = null
    this.loading = false
    this.#tell()
    if (this.#again) this.#read()
    else {
      this.#release()
      if (this.isActive) this.#plan()
    }
  }

  #release() {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  /** The next read by the clock; changes that cannot be heard are looked for. */
  #plan() {
    if (this.#reading) return
    const { tables, every } = this.#options
    const isDeaf = tables.some((table) => live.tables.has(table)) && live.state !== "live"
    const wait = Math.min(every || Infinity, isDeaf ? FALL_BACK : Infinity)
    if (wait < Infinity) this.#schedule(this.#begun + wait)
    else if (this.#dueAt < Infinity) this.#schedule(this.#dueAt)
  }

  /** Reads at an instant of performance.now(), or at an earlier one that was set before; hidden pages wait until they are seen. @param {number} at */
  #schedule(at) {
    this.#dueAt = Math.min(this.#dueAt, at)
    clearTimeout(this.#timer)
    if (this.#reading || globalThis.document?.hidden) return
    this.#timer = setTimeout(() => this.#read(), Math.max(0, this.#dueAt - performance.now()))
  }

  #tell() {
    for (const fn of [...this.#listeners]) notify(fn, this)
  }
}

/**
 * A store whose question has settings.
 * @template {Record<string, unknown>} Settings
 * @template [Data=any]
 * @extends {Store<Data>}
 */
export class SettableStore extends Store {
  /** @type {Settings} */
  settings

  /** @param {Settings} settings @param {(settings: Settings) => Query<any> | null} ask @param {Options<Data>} options */
  constructor(settings, ask, options) {
    super(() => ask(this.settings), options)
    this.settings = settings
  }

  /** Asks with other settings; those not named stay. The old answer stays until the new one is there. @param {Partial<Settings>} changed */
  set(changed) {
    this.settings = { ...this.settings, ...changed }
    return this.isActive ? this.refresh() : Promise.resolve()
  }
}

/** @template [Data=any] @param {() => Query<any> | null} ask @param {Options<Data>} [options] */
export const store = (ask, options) => new Store(ask, options)

/** One listener's failure is its own. @template T @param {(value: T) => void} fn @param {T} value */
function notify(fn, value) {
  try {
    fn(value)
  } catch (error) {
    reportError(error)
  }
}

/** @template T @param {() => T} make @returns {T | null} */
function attempt(make) {
  try {
    return make()
  } catch {
    return null
  }
}

/**
 * @typedef {import("./types.d.ts").UserSession} UserSession
 * @typedef {{ segment: string | null, limit: number }} OnlineSettings
 * @typedef {{ metric: string, from: string | null, to: string | null, compare: boolean, interval: string | null }} ChartSettings
 * @typedef {{ funnel: string | null, from: string | null, to: string | null }} FunnelSettings
 */

/** Whoever comes or goes is a row of these. */
const VISITS = { tables: ["site_sessions", "site_users"] }

/**
 * Who is on the site now, the 50 latest arrivals first, and how many in all; `set({ segment })` for those of one segment.
 * @type {SettableStore<OnlineSettings, { rows: import("./types.d.ts").OnlineUser[], total: number }>}
 */
export const onlineUsers = new SettableStore(/** @type {OnlineSettings} */ ({ segment: null, limit: 50 }), ({ segment, limit }) =>
  ofSite(segment === null ? "get_online_users" : "get_online_users_in_segment", { in_segment: segment }, {
    order: ["started_at.desc", "session_id.desc"],
    limit,
  }), { ...VISITS, every: 10_000, pause: 500, count: true })

/** The figures of the cards, each with the one to compare it with. @type {Store<import("./types.d.ts").CrmMetrics>} */
export const crmMetrics = new Store(() => ofSite("get_crm_metrics"), { ...VISITS, every: 15_000, pause: 1_000 })

/**
 * One figure over time; days are those of the site's calendar, as 2026-03-29 or 2026-03-29T14:00.
 * @type {SettableStore<ChartSettings, import("./types.d.ts").ChartDataPoint[]>}
 */
export const chartData = new SettableStore(/** @type {ChartSettings} */ ({
  metric: "users", from: null, to: null, compare: false, interval: null,
}), ({ metric, from, to, compare, interval }) =>
  ofSite("stats_series", { metric, first_day: from, last_day: to, step: interval, compare }),
{ ...VISITS, every: 30_000, pause: 2_000, fresh: 30_000, pick: (rows) => points(rows, chartData.settings.interval) })

/**
 * Who reaches each step of a funnel: of the one named, else of the site's first.
 * @type {SettableStore<FunnelSettings, import("./types.d.ts").FunnelStep[]>}
 */
export const funnelData = new SettableStore(/** @type {FunnelSettings} */ ({ funnel: null, from: null, to: null }), ({ funnel, from, to }) =>
  ofSite("calculate_funnel_conversion", { funnel, first_day: from, last_day: to }),
{ ...VISITS, every: 30_000, pause: 2_000, fresh: 30_000 })

/** @type {Map<number, Store<UserSession[]>>} */
const visits = new Map()

/** @param {number} userId @returns {Store<UserSession[]>} the visits of one person, the latest first */
export function userSessions(userId) {
  const known = visits.get(userId) ??
    new Store(() => ofSite("user_sessions", { user_id: userId }), { ...VISITS, every: 15_000, pause: 1_000 })
  visits.set(userId, known)
  return known
}

/**
 * A function of the current site; null while there is none. What is null is left to the function's own default.
 * @param {string} from @param {Record<string, unknown>} given @param {Partial<import("/client/query.js").Question>} more
 */
function ofSite(from, given = {}, more = {}) {
  if (!site.current) return null
  const named = Object.entries(given).filter(([, value]) => value !== null)
  return new Query({ from, arguments: { site: site.id, ...Object.fromEntries(named) }, ...more })
}

/** @param {any[]} rows @param {string | null} interval */
function points(rows, interval) {
  const [first] = rows
  const isHourly = interval === "hour" || first && Date.parse(first.ends_at) - Date.parse(first.starts_at) <= 3_600_000
  return rows.map((row) => ({ ...row, date: site.day(row.starts_at, Boolean(isHourly)) }))
}
