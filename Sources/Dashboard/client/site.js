// The current site: one website or shop of those that the session may see. Stores follow it.
import { Query } from "/client/query.js"

/**
 * @typedef {{ site_id: number, name: string, key: string, time_zone: string, currency: string, domain: string | null,
 *   role: "viewer" | "member" | "owner" }} Site
 */

class CurrentSite {
  /** @type {Site | null} null before load(), and for those who have no site yet */
  current = null
  /** @type {Site[]} every site the session may see, oldest first */
  all = []
  /** @type {Set<(site: CurrentSite) => void>} */
  #listeners = new Set()

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
