// A panel: one heading, one answer of the server, and what it says while there is none. One that fails takes nothing with it.
import { Query } from "/client.js"
import { h, icon } from "./dom.js"
import { clock } from "./format.js"
import { t, why } from "./words.js"

const PATIENCE = 200 // ms before an old picture fades while another query runs

/**
 * @typedef {{ title: string, text: string, acts?: Node[] }} Nothing
 * @typedef {{
 *   title: string,
 *   store?: import("/client.js").Store,
 *   draw: (body: HTMLElement, data: any) => Node | void,
 *   empty?: (data: any) => Nothing | null,
 *   height?: number,
 *   controls?: Node[],
 *   csv?: string,
 *   note?: string | Node,
 * }} Options
 */

/**
 * @param {Options} options `draw` is called at each new answer; a Node it returns becomes the only child of the body.
 *   Without a store it is called once. `empty` says what stands there in place of rows; none counts as empty where it
 *   is missing.
 */
export function panel(options) {
  const element = new Panel()
  element.start(options)
  return element
}

let number = 0

export class Panel extends HTMLElement {
  /** @type {Options} */
  #options = { title: "", draw: () => {} }
  #heading = h("h2", { id: `panel-${++number}` })
  #body = h("div", { class: "body" })
  #notice = h("div", { hidden: true })
  #stale = h("p", { class: "stale", role: "status", hidden: true })
  /** @type {HTMLAnchorElement | null} */
  #csv = null
  /** @type {HTMLButtonElement | null} */
  #sql = null
  /** @type {(() => void) | null} */
  #unsubscribe = null
  #timer = 0
  #drawn = { data: /** @type {unknown} */ (undefined), at: 0 }

  /** @param {Options} options */
  start(options) {
    this.#options = options
    const { store, controls = [], csv, note, height = 160 } = options
    this.classList.add("panel")
    this.setAttribute("role", "region")
    this.setAttribute("aria-labelledby", this.#heading.id)
    this.#body.style.setProperty("--height", `${height}px`)
    this.#notice.style.setProperty("--height", `${height}px`)
    this.#heading.textContent = options.title
    this.#csv = store && csv ? h("a", { class: "button small", download: true, href: "#" }, icon("download"), t("panel.csv")) : null
    this.#sql = store ? h("button", { class: "button small", type: "button", onclick: () => this.#showSql() }, icon("code"), t("panel.sql")) : null
    this.#nameActs()
    this.append(
      h("div", { class: "head" }, this.#heading, note && h("span", { class: "note" }, note), h("div", { class: "controls" }, ...controls, this.#csv, this.#sql)),
      this.#stale, this.#body, this.#notice)
    if (store) this.#wait()
    else this.#show(undefined)
  }

  connectedCallback() {
    this.#unsubscribe ??= this.#options.store?.subscribe(() => this.#update()) ?? null
  }

  disconnectedCallback() {
    this.#unsubscribe?.()
    this.#unsubscribe = null
  }

  /** What its picture is made of. */
  get data() { return this.#options.store?.data }

  /** @param {string} title */
  set heading(title) {
    if (this.heading === title) return
    this.#heading.textContent = title
    this.#nameActs()
  }

  get heading() { return this.#heading.textContent ?? "" }

  #nameActs() {
    this.#csv?.setAttribute("aria-label", t("panel.csvOf", { title: this.heading }))
    this.#sql?.setAttribute("aria-label", t("panel.sqlOf", { title: this.heading }))
  }

  #update() {
    const store = this.#options.store
    if (!store) return
    const { data, loading, error, at, query, pending } = store
    const sql = query?.sql() ?? ""
    if (this.#csv && query && this.#options.csv) this.#csv.href = whole(query).csv(this.#options.csv)
    if (data == null) {
      if (error) this.#fail(error)
      else this.#wait()
      return
    }
    const time = at ? Number(new Date(at)) : 0
    if (data !== this.#drawn.data || time !== this.#drawn.at) {
      this.#drawn = { data, at: time }
      this.#show(data)
    }
    this.#stale.hidden = !error
    if (error) this.#tellStale(error, time)
    // Reading the same question again, as each change makes it do, changes nothing for the eye.
    this.#fade(loading && pending != null && pending.sql() !== sql)
  }

  #wait() {
    this.dataset.state = "loading"
    this.setAttribute("aria-busy", "true")
    this.#body.hidden = true
    this.#stale.hidden = true
    this.#fade(false)
    this.#say("skeleton", h("span", { class: "visually-hidden" }, t("panel.loading", { title: this.heading })))
  }

  /** @param {unknown} data */
  #show(data) {
    this.removeAttribute("aria-busy")
    const nothing = this.#nothing(data)
    if (nothing) {
      this.dataset.state = "empty"
      this.#body.hidden = true
      this.#say("notice", h("p", {}, h("strong", {}, nothing.title)), h("p", {}, nothing.text), ...(nothing.acts ?? []))
      return
    }
    this.#notice.hidden = true
    this.#body.hidden = false
    this.dataset.state = "ready"
    try {
      const drawing = this.#options.draw(this.#body, data)
      if (drawing && (this.#body.firstChild !== drawing || this.#body.childNodes.length > 1)) this.#body.replaceChildren(drawing)
    } catch (error) {
      console.error(error)
      this.dataset.state = "error"
      this.#body.hidden = true
      this.#say("notice failed", h("p", { role: "alert" }, t("panel.broken")))
    }
  }

  /** @param {unknown} data @returns {Nothing | null} */
  #nothing(data) {
    if (data === undefined) return null
    if (this.#options.empty) return this.#options.empty(data)
    return Array.isArray(data) && data.length === 0 ? { title: t("table.empty"), text: "" } : null
  }

  /** @param {any} error */
  #fail(error) {
    this.dataset.state = "error"
    this.removeAttribute("aria-busy")
    this.#body.hidden = true
    this.#stale.hidden = true
    const id = error.requestId ? ` ${t("panel.request", { id: error.requestId })}` : ""
    this.#say("notice failed", h("p", { role: "alert" }, `${t("panel.failed")} ${why(error)}${id}`), this.#retry("button"))
  }

  /** @param {any} error @param {number} time of the answer shown */
  #tellStale(error, time) {
    this.dataset.state = "stale"
    const text = `${t("panel.stale", { time: clock(new Date(time)) })} ${why(error)}`
    if (this.#stale.firstChild?.textContent === text) return // a live region repeats what is written again
    this.#stale.replaceChildren(h("span", {}, text), this.#retry("button small"))
  }

  /** @param {string} look */
  #retry(look) {
    return h("button", { class: look, type: "button", onclick: () => this.#options.store?.refresh() }, t("panel.retry"))
  }

  /** @param {string} look @param {...Node} children */
  #say(look, ...children) {
    this.#notice.className = look
    this.#notice.hidden = false
    this.#notice.replaceChildren(...children)
  }

  /** @param {boolean} isOld whether what is shown answers another question than the one asked now */
  #fade(isOld) {
    if (!isOld) {
      clearTimeout(this.#timer)
      this.#timer = 0
      this.#body.classList.remove("old")
    } else if (!this.#timer) {
      this.#timer = setTimeout(() => this.#body.classList.add("old"), PATIENCE)
    }
  }

  async #showSql() {
    const { openDialog } = await import("./dialog.js")
    const sql = this.#options.store?.query?.sql() ?? ""
    openDialog({
      title: t("panel.sqlOf", { title: this.heading }),
      wide: true,
      body: [h("p", { class: "muted" }, t("panel.sqlText")), h("pre", { tabindex: "0", class: "sql" }, h("code", {}, sql)),
        h("div", { class: "row end" }, copyButton(() => sql))],
    })
  }
}
customElements.define("data-panel", Panel)

/** The question without the page of its rows that is shown. @param {Query} query */
function whole(query) {
  const { limit: _limit, offset: _offset, ...question } = query.question
  return new Query(question)
}

/** A button that puts a text into the clipboard. @param {() => string} text */
export function copyButton(text) {
  const label = h("span", {}, t("copy"))
  const button = h("button", { class: "button", type: "button" }, icon("copy"), label)
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text())
      label.textContent = t("copied")
    } catch {
      label.textContent = t("copy.failed")
    }
    setTimeout(() => { label.textContent = t("copy") }, 2000)
  })
  return button
}
