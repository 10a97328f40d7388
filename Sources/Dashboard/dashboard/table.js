// Tables and their paging. Rows that stay are touched, not made anew, so that focus and selection survive new answers.
import { h, icon } from "./dom.js"
import { day, duration, exact, exactMoney, figure, moment, money, percent, plain, relative } from "./format.js"
import { t } from "./words.js"

/**
 * @typedef {any} Row as the database gives it
 * @typedef {{
 *   key: string, title: string,
 *   kind?: "text" | "number" | "money" | "rate" | "duration" | "moment" | "date" | "day",
 *   draw?: (row: Row) => Node | string,
 *   sort?: string,
 *   narrow?: boolean,
 *   width?: string,
 * }} Column `draw`: what stands in the cell; `sort`: the column to order by; `narrow`: stays on a phone; `width`: a CSS size
 * @typedef {{
 *   columns: Column[], rowKey: (row: Row) => string | number, open?: (row: Row) => void,
 *   sort?: string, onSort?: (sort: string) => void, caption: string, currency?: string | null,
 * }} Options `sort`: "column.asc" or "column.desc"; money is in row.currency or else `currency`
 */

const FIRST = 12 // rows
const RIGHT = new Set(["number", "money", "rate", "duration"])

/** @param {Options} options @returns {DataTable} an element; set its `rows` */
export function table(options) {
  const element = new DataTable()
  element.start(options)
  return element
}

/** @param {Column} column @param {Row} row @param {string | null} [currency] @returns {[string, string]} what is shown, and in full */
function text(column, row, currency) {
  const value = row[column.key]
  if (value == null) return ["–", ""]
  switch (column.kind) {
    case "number": return [figure(value), exact(value)]
    case "money": return [money(value, row.currency ?? currency), exactMoney(value, row.currency ?? currency)]
    case "rate": return [percent(value), ""]
    case "duration": return [duration(value), ""]
    case "moment": return [relative(value), moment(value)]
    case "date": return [day(value, undefined, { day: "numeric", month: "short", year: "numeric" }), moment(value)]
    case "day": return [day(value), ""]
    default: {
      const shown = plain(value)
      return [shown, shown]
    }
  }
}

export class DataTable extends HTMLElement {
  /** @type {Options} */
  #options = { columns: [], rowKey: () => "", caption: "" }
  #head = h("tr")
  #body = h("tbody")
  /** @type {Map<string, { element: HTMLTableRowElement, row: Row }>} */
  #rows = new Map()
  #isFilled = false
  #rest = 0

  /** @param {Options} options */
  start(options) {
    this.#options = options
    this.classList.add("scroll")
    this.setAttribute("role", "group")
    this.setAttribute("aria-label", options.caption)
    this.append(h("table", {}, h("caption", { class: "visually-hidden" }, options.caption), h("thead", {}, this.#head), this.#body))
    this.#drawHead()
    // Only what is wider than its place needs the keyboard to scroll it.
    new ResizeObserver(() => {
      if (this.scrollWidth > this.clientWidth) this.tabIndex = 0
      else this.removeAttribute("tabindex")
    }).observe(this)
  }

  /** @param {string} sort */
  set sort(sort) {
    this.#options.sort = sort
    this.#drawHead()
  }

  /** Of amounts in rows that do not say it; holds from the next rows on. @param {string | null | undefined} currency */
  set currency(currency) {
    this.#options.currency = currency
  }

  /** The first ones at once, the others when nothing else is to be drawn: a page that loads shows something of all. @param {Row[]} rows */
  set rows(rows) {
    cancelIdleCallback(this.#rest)
    const later = !this.#isFilled && rows.length > FIRST
    this.#show(later ? rows.slice(0, FIRST) : rows)
    this.#isFilled = !later
    if (later) this.#rest = requestIdleCallback(() => {
      this.#show(rows)
      this.#isFilled = true
    }, { timeout: 1_000 })
  }

  get rows() { return [...this.#rows.values()].map(({ row }) => row) }

  /** @param {Row[]} rows */
  #show(rows) {
    const keys = rows.map((row) => String(this.#options.rowKey(row)))
    this.#dropAllBut(new Set(keys))
    rows.forEach((row, position) => {
      const kept = this.#rows.get(keys[position])
      const entry = kept ?? { element: this.#make(keys[position]), row }
      entry.row = row
      this.#rows.set(keys[position], entry)
      this.#fill(entry.element, row)
      const there = this.#body.children[position] ?? null
      if (there !== entry.element) this.#place(entry.element, there)
    })
  }

  /** Moving a row takes the focus out of it. @param {HTMLElement} row @param {Element | null} before */
  #place(row, before) {
    const held = row.contains(document.activeElement) ? document.activeElement : null
    this.#body.insertBefore(row, before)
    if (held instanceof HTMLElement) held.focus({ preventScroll: true })
  }

  /** The focus of a row that leaves goes to its neighbour. @param {Set<string>} staying */
  #dropAllBut(staying) {
    for (const [key, { element }] of this.#rows) {
      if (staying.has(key)) continue
      if (element.contains(document.activeElement)) this.#neighbour(element, staying)?.focus({ preventScroll: true })
      element.remove()
      this.#rows.delete(key)
    }
  }

  /** @param {HTMLTableRowElement} row @param {Set<string>} staying @returns {HTMLElement | null} */
  #neighbour(row, staying) {
    const stays = (/** @type {Element | null} */ other) => other instanceof HTMLElement && staying.has(other.dataset.key ?? "")
    for (const side of /** @type {const} */ (["nextElementSibling", "previousElementSibling"])) {
      let other = row[side]
      while (other && !stays(other)) other = other[side]
      const button = other?.querySelector("button, a")
      if (button instanceof HTMLElement) return button
    }
    return null
  }

  #drawHead() {
    const { columns, sort, onSort } = this.#options
    this.#head.replaceChildren(...columns.map((column) => {
      const by = column.sort, direction = by && sort?.startsWith(`${by}.`) ? sort.split(".")[1] : ""
      const cell = h("th", { scope: "col", class: look(column), "aria-sort": direction && (direction === "asc" ? "ascending" : "descending") || null })
      if (column.width) cell.style.width = column.width
      if (!by || !onSort) cell.append(column.title)
      else {
        // Numbers are asked for from the top, names from the beginning.
        const first = RIGHT.has(column.kind ?? "") || column.kind === "moment" || column.kind === "date" || column.kind === "day" ? "desc" : "asc"
        const next = direction ? (direction === "asc" ? "desc" : "asc") : first
        const button = h("button", { type: "button", class: "sort", "data-direction": direction || null }, column.title)
        button.addEventListener("click", () => {
          onSort(`${by}.${next}`)
          this.#head.querySelectorAll("button")[[...this.#sortable()].indexOf(column)]?.focus()
        })
        cell.append(button)
      }
      return cell
    }))
  }

  #sortable() {
    return this.#options.columns.filter((column) => column.sort)
  }

  /** @param {string} key */
  #make(key) {
    const { columns, open } = this.#options
    const element = h("tr", { "data-key": key, class: this.#isFilled ? "arrived" : null },
      ...columns.map((column) => h("td", { class: look(column) }, h("span"))))
    if (!open) return element
    const named = Math.max(0, columns.findIndex(({ kind }) => (kind ?? "text") === "text"))
    const act = () => {
      const entry = this.#rows.get(key)
      if (entry) open(entry.row)
    }
    element.cells[named].replaceChildren(h("button", { type: "button", class: "link", onclick: act }))
    element.classList.add("opens")
    // The whole row acts for the mouse; the name is the real button.
    element.addEventListener("click", (event) => {
      if (event.target instanceof Element && event.target.closest("button, a, input, label, select")) return
      if (String(getSelection())) return // somebody marks text
      act()
    })
    return element
  }

  /** @param {HTMLTableRowElement} element @param {Row} row */
  #fill(element, row) {
    this.#options.columns.forEach((column, position) => {
      const cell = element.cells[position], place = cell.firstElementChild
      if (!place) return
      if (column.draw) {
        const drawn = column.draw(row)
        const wanted = typeof drawn === "string" ? document.createTextNode(drawn) : drawn
        if (place.childNodes.length === 1 && place.firstChild?.isEqualNode(wanted)) return
        place.replaceChildren(wanted)
        cell.title = wanted.textContent ?? ""
        return
      }
      const [shown, full] = text(column, row, this.#options.currency)
      if (place.textContent !== shown) place.textContent = shown
      if (cell.title !== full) cell.title = full
    })
  }
}
customElements.define("data-table", DataTable)

/** @param {Column} column */
const look = (column) => [RIGHT.has(column.kind ?? "") ? "number" : "", column.narrow ? "narrow" : ""].filter(Boolean).join(" ") || null

/**
 * Draws a table with its pager, for a panel whose store counts: its data are { rows, total }.
 * @param {DataTable} list @param {{ limit: number, offset: () => number, go: (offset: number) => void }} options
 * @returns {(body: HTMLElement, data: { rows: Row[], total: number }) => Node}
 */
export function paged(list, { limit, offset, go }) {
  const turns = pager({ limit, go }), place = h("div", { class: "rows" }, list, turns)
  return (_, { rows, total }) => {
    list.rows = rows
    turns.show(total, offset())
    return place
  }
}

/**
 * Where one is in a long list, and the way on. Its buttons stay from page to page, and so does the focus.
 * @param {{ limit: number, go: (offset: number) => void, label?: string, hidesAlone?: boolean }} options `hidesAlone`: it is not there where one page is all
 * @returns {HTMLElement & { show: (total: number, offset: number) => void }}
 */
export function pager({ limit, go, label = t("pager.label"), hidesAlone = false }) {
  let at = 0
  const range = h("span", { class: "muted" })
  /** @param {string} name @param {1 | -1} way */
  const button = (name, way) => h("button", {
    class: "button small", type: "button", "aria-label": t(`pager.${name}`), onclick: () => go(Math.max(0, at + way * limit)),
  }, icon(name))
  const previous = button("previous", -1), next = button("next", 1)
  const element = h("nav", { class: "pager", "aria-label": label }, range, previous, next)
  return Object.assign(element, {
    show(/** @type {number} */ total, /** @type {number} */ offset) {
      const last = Math.min(offset + limit, total), focused = document.activeElement
      at = offset
      element.hidden = hidesAlone && total <= limit
      range.textContent = t("pager.range", { first: total === 0 ? 0 : offset + 1, last, total })
      previous.disabled = offset === 0
      next.disabled = last >= total
      // At an end the way on is the way back.
      if (focused === next && next.disabled) previous.focus()
      if (focused === previous && previous.disabled) next.focus()
    },
  })
}

/** A page that lies behind the last one is none: the first takes its place. @param {import("/client.js").Store} rows @param {import("./address.js").State} state @param {string} name */
export function firstPageInstead(rows, state, name) {
  rows.subscribe(() => {
    const error = /** @type {any} */ (rows.error)
    if (error?.status === 416 && state.get(name)) state.set({ [name]: null })
  })
}

/** A field that writes what is typed into the address, a moment later. @param {import("./address.js").State} state @param {string} name @param {string} label @param {string} [offset] what begins again with another search */
export function searchField(state, name, label, offset = "offset") {
  const field = h("input", { class: "field search", type: "search", "aria-label": label, placeholder: label, maxlength: 200 })
  let timer = 0
  field.addEventListener("input", () => {
    clearTimeout(timer)
    timer = setTimeout(() => state.set({ [name]: field.value.trim() || null, [offset]: null }), 250)
  })
  state.watch([name], () => { if (document.activeElement !== field) field.value = state.get(name) })
  return field
}
