import { h } from "../dom.js"
import { duration, exact, host, moment, plain } from "../format.js"
import { empty, failed } from "../notice.js"

/** @typedef {import("../api.js").OnlineUser} OnlineUser */

const MOST_ROWS = 200 // a longer list helps nobody; its rest is counted

/**
 * The columns: css class, head, and what a cell shows.
 * @type {[string, string, (user: OnlineUser) => string][]}
 */
const COLUMNS = [
  ["user", "User", (user) => user.name ?? user.external_id ?? `Visitor ${user.user_id}`],
  ["segment", "Segment", (user) => user.segment ?? "–"],
  ["page-path", "Current page", (user) => user.current_page ?? "–"],
  ["came-from", "Came from", (user) => host(user.referrer)],
  ["device", "Device", (user) => [user.device, user.browser].filter(Boolean).join(" · ") || "–"],
  ["views number", "Pages", (user) => exact(user.page_views)],
  ["events number", "Events", (user) => exact(user.events)],
  ["time number", "On site", (user) => duration(user.session_seconds)],
]

/** `<active-users>`: who is on the site now. Fires `retry` when the reader asks for another try. */
export class ActiveUsers extends HTMLElement {
  #body = h("tbody")
  #scroll = h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Active users table" })
  #count = h("span", { class: "more", hidden: "" })
  #place = h("div")
  /** @type {Map<string, HTMLTableRowElement>} */
  #rows = new Map()
  #filled = false
  /** What an empty list offers as the way to a first visitor; set by the page. @type {() => Node[]} */
  firstSteps = () => []

  connectedCallback() {
    if (this.childElementCount > 0) return
    const head = h("tr", {}, ...COLUMNS.map(([kind, title]) => h("th", { class: kind, scope: "col" }, title)))
    this.#scroll.append(h("table", {},
      h("caption", { class: "visually-hidden" }, "Visitors on the site now, newest arrival first"),
      h("thead", {}, head), this.#body))
    this.append(h("header", {}, h("h2", {}, "Active users")), this.#place, this.#scroll, this.#count)
    this.clear()
  }

  /** Back to the loading state, as for another site. */
  clear() {
    this.#filled = false
    this.#rows.clear()
    this.#body.replaceChildren()
    this.#count.hidden = this.#scroll.hidden = true
    this.#place.replaceChildren(...Array.from({ length: 6 }, () => h("div", { class: "skeleton" })))
    this.setAttribute("aria-busy", "true")
  }

  /** @param {OnlineUser[]} users */
  set users(users) {
    // By arrival: rows must not jump with every heartbeat.
    const sorted = users.toSorted((one, other) =>
      other.started_at.localeCompare(one.started_at) || other.session_id - one.session_id)
    this.removeAttribute("aria-busy")
    this.#place.replaceChildren(...(users.length === 0 ? [this.#nobody()] : []))
    this.#scroll.hidden = users.length === 0
    this.#reconcile(sorted.slice(0, MOST_ROWS))
    this.#count.hidden = users.length <= MOST_ROWS
    this.#count.textContent = `The ${exact(MOST_ROWS)} newest of ${exact(users.length)}.`
    this.#filled = true
  }

  /**
   * Keeps what is shown: old rows beside an honest message are better than nothing.
   * @param {import("../api.js").ApiError} error
   */
  set error(error) {
    this.removeAttribute("aria-busy")
    this.#place.replaceChildren(failed(error, () => this.dispatchEvent(new Event("retry"))))
  }

  /** Rows that stay are touched, not made anew, so hover and selection survive. @param {OnlineUser[]} users */
  #reconcile(users) {
    const keys = users.map((user) => `${user.site_id}/${user.session_id}`)
    const staying = new Set(keys)
    for (const [key, row] of this.#rows) {
      if (!staying.has(key)) {
        row.remove()
        this.#rows.delete(key)
      }
    }
    users.forEach((user, position) => {
      let row = this.#rows.get(keys[position])
      if (!row) {
        row = h("tr", {}, ...COLUMNS.map(([kind]) => h("td", { class: kind }, h("span"))))
        row.classList.toggle("arrived", this.#filled)
        this.#rows.set(keys[position], row)
      }
      fill(row, user)
      const there = this.#body.children[position] ?? null
      if (there !== row) this.#body.insertBefore(row, there)
    })
  }

  #nobody() {
    const soon = "A visitor appears here within a second of the first page view."
    return empty("Nobody is on the site right now", soon, ...this.firstSteps())
  }
}

/** @param {HTMLTableRowElement} row @param {OnlineUser} user */
function fill(row, user) {
  COLUMNS.forEach(([, , show], position) => {
    const cell = row.cells[position], span = cell.firstElementChild
    const text = plain(show(user))
    if (span.textContent === text) return
    span.textContent = text
    cell.title = text
  })
  const [who, segment] = row.cells
  who.firstElementChild.className = user.name || user.external_id ? "who" : "who anonymous"
  segment.firstElementChild.className = user.segment ? "dot" : ""
  segment.dataset.segment = (user.segment ?? "").toLowerCase()
  row.cells[COLUMNS.length - 1].title = `since ${moment(user.started_at)}`
}

customElements.define("active-users", ActiveUsers)
