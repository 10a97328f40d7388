// What a page remembers stands in its address: every choice that changes what is shown, defaults left out; here it is read back
// as the site and the days in question. Draws nothing, so that a page can ask before the code that draws has come.
import { session, site } from "/client.js"

/** @typedef {Record<string, string | number | null | undefined>} Changes */

export class State {
  /** @type {{ names: string[], seen: string, fn: () => void }[]} */
  #watches = []
  /** @type {Map<string, string>} */
  #defaults = new Map()

  constructor() {
    addEventListener("popstate", () => this.#tell())
  }

  /** @param {string} name @param {string} [standard] what it is where the address does not say; also left out by `set` */
  get(name, standard) {
    if (standard !== undefined) this.#defaults.set(name, standard)
    return new URLSearchParams(location.search).get(name) ?? this.#defaults.get(name) ?? ""
  }

  /** For filters: the page before stays the one before. @param {Changes} changes null or the default leaves a name out */
  set(changes) {
    history.replaceState(history.state, "", this.address(changes))
    this.#tell()
  }

  /** For what Back shall undo, such as an open dialog. @param {Changes} changes */
  push(changes) {
    const address = this.address(changes)
    if (address === this.address({})) return
    history.pushState({ pushed: true }, "", address)
    this.#tell()
  }

  /** Undoes a `push`: goes back where one was made, else takes the names out. @param {Changes} changes */
  undo(changes) {
    if (history.state?.pushed) history.back()
    else this.set(changes)
  }

  /** The address as it would be. @param {Changes} changes @param {string} [path] */
  address(changes, path = location.pathname) {
    const query = new URLSearchParams(location.search)
    for (const [name, value] of Object.entries(changes)) {
      if (value == null || String(value) === (this.#defaults.get(name) ?? "")) query.delete(name)
      else query.set(name, String(value))
    }
    const text = query.toString()
    return text ? `${path}?${text}` : path
  }

  /**
   * Calls at once, and whenever one of the names changes, also by Back.
   * @param {string[]} names @param {() => void} fn @returns {() => void} ends it
   */
  watch(names, fn) {
    const watch = { names, seen: this.#values(names), fn }
    this.#watches.push(watch)
    fn()
    return () => { this.#watches = this.#watches.filter((other) => other !== watch) }
  }

  /** @param {string[]} names */
  #values(names) {
    return JSON.stringify(names.map((name) => this.get(name)))
  }

  #tell() {
    for (const watch of [...this.#watches]) {
      const now = this.#values(watch.names)
      if (now === watch.seen) continue
      watch.seen = now
      watch.fn()
    }
  }
}

/** The address of this page. */
export const state = new State()

// MARK: Site

/** The address names the site, else it is the oldest: a link shows the same to everybody. */
function chooseSite() {
  const wanted = state.get("site")
  site.use(site.all.some(({ name }) => name === wanted) ? wanted : site.all[0]?.name ?? "")
}

/** @type {Promise<any> | null} */
let asked = null

/** Who is signed in, once the sites are known and the address's is the current one; asked at the first call. @returns {Promise<any>} */
export function reader() {
  return asked ??= Promise.all([session.user(), site.load()]).then(([user]) => {
    state.watch(["site"], chooseSite)
    return user
  })
}

// MARK: Days

// The last so many, or from one day to another, of the site's calendar. Nothing is counted here: these are only the bounds of a question.

/** The periods that have a name. */
export const DAYS = new Map([["7d", 7], ["30d", 30], ["90d", 90], ["12m", 365]])
/** The period where the address does not say. */
export const STANDARD = "30d"

/** What of the address a period is. */
export const PERIOD = ["period", "from", "to"]

/** @param {string} date @param {number} days @returns {string} so many days later */
export function daysAfter(date, days) {
  const moved = new Date(`${date}T00:00:00Z`)
  moved.setUTCDate(moved.getUTCDate() + days)
  return moved.toISOString().slice(0, 10)
}

/** @param {string} first @param {string} last @returns {number} days between, both included */
const length = (first, last) => Math.round((Date.parse(last) - Date.parse(first)) / 86_400_000) + 1

/** @param {string} text */
export const isDay = (text) => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text))

/**
 * The days that the address asks for, and the equally many before them.
 * @param {State} state @param {string} [today] the day on which a period ends that has no last day of its own
 * @returns {{ first: string, last: string, previousFirst: string, previousLast: string }}
 */
export function chosenDays(state, today = site.day(new Date().toISOString())) {
  const from = state.get("from"), to = state.get("to")
  const isCustom = isDay(from) && isDay(to) && from <= to
  const last = isCustom ? to : today
  const first = isCustom ? from : daysAfter(last, 1 - (DAYS.get(state.get("period", STANDARD)) ?? 30))
  return { first, last, previousFirst: daysAfter(first, -length(first, last)), previousLast: daysAfter(first, -1) }
}
