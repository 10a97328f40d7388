// A line chart that can also be read: by a sentence, by the arrow keys, as a table. The drawing is Chart.js, loaded with
// the first chart; its colours are the page's tokens, read anew when the theme changes.
import { h } from "./dom.js"
import { day, hour, month, shown } from "./format.js"
import { t } from "./words.js"

/**
 * @typedef {{ date: string, value: number | null, previous?: number | null, is_partial?: boolean }} Point
 *   `date`: a day ("2026-11-21") or the instant at which the step begins
 * @typedef {{ label: string, points?: Point[] | null, format?: string, currency?: string | null, height?: number,
 *   when?: (point: Point) => string }} Options
 *   `format`: as of the metric: integer, number, rate, money, seconds; `when`: what a point is called where its date is none
 */

/** @typedef {Record<"now" | "wash" | "before" | "line" | "surface" | "text" | "edge", string>} Colours */

/** @param {Options} options @returns {LineChart} an element; set its `points` */
export function lineChart(options) {
  load().catch(() => {}) // what it comes to is told when there is something to draw
  const element = new LineChart()
  element.start(options)
  return element
}

/** @type {Promise<any> | null} */
let library = null
// The file sets a global when it is run as a module; there is no other way to load it that Trusted Types allow.
const load = () => library ??= import("/vendor/chart.js").then(() => /** @type {any} */ (globalThis).Chart)

/** A line needs two points: one without neighbours is a dot. @param {any} context */
function dotted({ dataIndex: at, dataset: { data } }) {
  return data[at] != null && data[at - 1] == null && data[at + 1] == null ? 3 : 0
}

/**
 * Every so many labels as there is room for, counted from the last: today is always named. The first is, too, where it fits.
 * @this {any} the axis @param {number} value @param {number} at
 */
function labelThatFits(value, at) {
  const labels = /** @type {string[]} */ (this.chart.data.labels), last = labels.length - 1
  const room = Math.max(...labels.map((label) => label.length)) * 6.2 + 24 // px
  const step = Math.max(1, Math.ceil(last * room / (this.width || 600)))
  const isShown = (last - at) % step === 0 || (at === 0 && last % step > step * 0.8)
  return isShown ? this.getLabelForValue(value) : ""
}

export class LineChart extends HTMLElement {
  /** @type {Options} */
  #options = { label: "" }
  /** @type {Point[]} */
  #points = []
  /** @type {any} */
  #chart = null
  #canvas = h("canvas", { role: "img" })
  #reader = h("div", { class: "reader", tabindex: "0", role: "slider", "aria-valuemin": "0" })
  #legend = h("p", { class: "legend" })
  #problem = h("p", { class: "muted", role: "alert", hidden: true })
  #table = h("details", { class: "as-table" }, h("summary", {}, t("chart.table")))
  #at = -1
  #theme = matchMedia("(prefers-color-scheme: dark)")
  #repaint = () => this.#paint()
  #watch = new MutationObserver(this.#repaint)

  /** @param {Options} options */
  start(options) {
    this.#options = options
    const plot = h("div", { class: "plot" }, this.#canvas, this.#reader)
    plot.style.setProperty("--height", `${options.height ?? 240}px`)
    this.append(this.#legend, plot, this.#problem, this.#table)
    this.#table.addEventListener("toggle", () => this.#fillTable())
    this.#reader.addEventListener("keydown", (event) => this.#key(event))
    this.#reader.addEventListener("blur", () => this.#point(-1))
    if (options.points) this.points = options.points
  }

  connectedCallback() {
    this.#watch.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] })
    this.#theme.addEventListener("change", this.#repaint)
    if (this.#points.length > 0) this.#draw()
  }

  disconnectedCallback() {
    this.#watch.disconnect()
    this.#theme.removeEventListener("change", this.#repaint)
    this.#chart?.destroy()
    this.#chart = null
  }

  /** Another figure in the same place; its points come next. @param {Partial<Options>} options */
  set options(options) {
    this.#options = { ...this.#options, ...options }
    if (options.points) this.points = options.points
  }

  /** @param {Point[]} points */
  set points(points) {
    this.#points = points
    this.#at = Math.min(this.#at, points.length - 1)
    this.dataset.points = String(points.length)
    this.#describe()
    this.#fillTable()
    if (this.isConnected) this.#draw()
  }

  get points() { return this.#points }

  /** @param {number | null | undefined} value */
  #value(value) {
    return shown(value, this.#options.format ?? "integer", this.#options.currency)
  }

  /** @param {Point} point */
  #when(point) {
    if (this.#options.when) return this.#options.when(point)
    const [first, second] = this.#points
    const step = second ? new Date(second.date).getTime() - new Date(first.date).getTime() : 86_400_000
    if (step < 86_400_000 * 0.9) return hour(point.date) // a day may have 23 hours
    return step > 86_400_000 * 27 ? month(point.date) : day(point.date)
  }

  /** @param {Point} point */
  #isSoFar(point) {
    return point.is_partial ? ` (${t("chart.soFar")})` : ""
  }

  #describe() {
    const { label } = this.#options
    const hasPrevious = this.#points.some(({ previous }) => previous != null)
    this.#legend.replaceChildren(...(hasPrevious
      ? [h("span", { class: "line now" }, t("chart.this")), h("span", { class: "line before" }, t("chart.previous"))] : []))
    this.#reader.setAttribute("aria-label", t("chart.read", { label }))
    this.#reader.setAttribute("aria-valuemax", String(Math.max(0, this.#points.length - 1)))
    this.#tell(Math.max(0, this.#at < 0 ? this.#points.length - 1 : this.#at))
    this.#canvas.setAttribute("aria-label", this.#summary())
  }

  #summary() {
    const { label } = this.#options
    const known = this.#points.filter(({ value }) => value != null)
    if (known.length === 0) return t("chart.none", { label })
    const by = [...known].sort((a, b) => Number(a.value) - Number(b.value))
    const least = by[0], most = by[by.length - 1], first = this.#points[0], last = this.#points[this.#points.length - 1]
    return t("chart.summary", {
      label, first: this.#when(first), last: this.#when(last), least: this.#value(least.value).short, leastAt: this.#when(least),
      most: this.#value(most.value).short, mostAt: this.#when(most), latest: this.#value(known[known.length - 1].value).short,
    })
  }

  #fillTable() {
    if (!this.#table.open) return
    const { label } = this.#options
    const hasPrevious = this.#points.some(({ previous }) => previous != null)
    const rows = this.#points.map((point) => h("tr", {}, h("td", {}, this.#when(point) + this.#isSoFar(point)),
      h("td", { class: "number" }, this.#value(point.value).full || "–"),
      hasPrevious && h("td", { class: "number" }, this.#value(point.previous).full || "–")))
    const head = h("tr", {}, h("th", { scope: "col" }, t("chart.when")), h("th", { scope: "col", class: "number" }, label),
      hasPrevious && h("th", { scope: "col", class: "number" }, t("chart.previous")))
    this.#table.querySelector(".scroll")?.remove()
    this.#table.append(h("div", { class: "scroll tall", tabindex: "0", role: "group", "aria-label": label },
      h("table", {}, h("thead", {}, head), h("tbody", {}, ...rows))))
  }

  // MARK: Reading by keys

  /** @param {KeyboardEvent} event */
  #key(event) {
    const last = this.#points.length - 1
    /** @type {Record<string, number>} */
    const moves = { ArrowLeft: this.#at < 0 ? last : this.#at - 1, ArrowRight: this.#at + 1, Home: 0, End: last }
    if (event.key === "Escape" && this.#at >= 0) this.#point(-1)
    else if (event.key in moves) this.#point(Math.min(last, Math.max(0, moves[event.key])))
    else return
    event.preventDefault()
    event.stopPropagation()
  }

  /** @param {number} at the point to read, -1 for none */
  #point(at) {
    this.#at = at
    if (at >= 0) this.#tell(at)
    const marks = at < 0 ? [] : this.#chart?.data.datasets.map((/** @type {any} */ _, /** @type {number} */ datasetIndex) => ({ datasetIndex, index: at }))
    if (!this.#chart) return
    this.#chart.setActiveElements(marks)
    this.#chart.tooltip.setActiveElements(marks, { x: 0, y: 0 })
    this.#chart.update("none")
  }

  /** @param {number} at */
  #tell(at) {
    const point = this.#points[at]
    this.#reader.setAttribute("aria-valuenow", String(at))
    this.#reader.setAttribute("aria-valuetext", point ? this.#sentence(point) : this.#summary())
  }

  /** @param {Point} point */
  #sentence(point) {
    const before = point.previous == null ? "" : `; ${t("chart.previous")} ${this.#value(point.previous).full}`
    return `${this.#when(point)}${this.#isSoFar(point)}: ${this.#value(point.value).full || "–"}${before}`
  }

  // MARK: Drawing

  async #draw() {
    try {
      const Chart = await load()
      if (!this.isConnected) return
      if (this.#chart) this.#paint()
      else this.#chart = new Chart(this.#canvas, { type: "line", ...this.#picture() })
      this.dataset.state = "drawn"
    } catch (error) {
      this.#problem.hidden = false
      this.#problem.textContent = t("chart.missing")
      this.#table.open = true
      library = null
      console.error(error)
    }
  }

  #paint() {
    if (!this.#chart) return
    Object.assign(this.#chart, this.#picture())
    this.#chart.update("none")
  }

  /** What Chart.js is to draw, in the theme's colours, which it cannot read from a style sheet by itself. */
  #picture() {
    const colours = this.#colours()
    return { data: this.#data(colours), options: this.#look(colours) }
  }

  /** The tokens in the theme of this moment. */
  #colours() {
    const probe = h("i", { hidden: true })
    this.append(probe)
    const colour = (/** @type {string} */ token) => {
      probe.style.color = `var(--${token})`
      return getComputedStyle(probe).color
    }
    const colours = {
      now: colour("accent"), wash: colour("accent-wash"), before: colour("muted"), line: colour("line"),
      surface: colour("surface"), text: colour("text"), edge: colour("control"),
    }
    probe.remove()
    return colours
  }

  /** @param {Colours} colours */
  #data({ now, wash, before }) {
    const points = this.#points
    const line = { borderWidth: 2, pointRadius: dotted, pointHoverRadius: 4, tension: 0, spanGaps: false }
    const coloured = (/** @type {string} */ colour) => ({ borderColor: colour, pointBackgroundColor: colour, pointHoverBackgroundColor: colour })
    // The step that still runs would look like a crash: it is dotted.
    const running = (/** @type {any} */ context) => points[context.p1DataIndex]?.is_partial ? [2, 4] : undefined
    const hasPrevious = points.some(({ previous }) => previous != null)
    /** @param {number | null | undefined} value */
    const number = (value) => value == null ? null : Number(value)
    return {
      labels: points.map((point) => this.#when(point)),
      datasets: [
        {
          ...line, ...coloured(now), label: t("chart.this"), data: points.map(({ value }) => number(value)), fill: "origin", backgroundColor: wash,
          segment: { borderDash: running, backgroundColor: (/** @type {any} */ context) => running(context) ? "transparent" : undefined },
        },
        ...(hasPrevious ? [{
          ...line, ...coloured(before), label: t("chart.previous"), borderWidth: 1.5, borderDash: [5, 4], data: points.map(({ previous }) => number(previous)),
        }] : []),
      ],
    }
  }

  /** @param {Colours} colours @returns {any} */
  #look({ before, line, surface, text, edge }) {
    const ticks = { color: before, font: { size: 11, family: "Inter Variable, Inter, system-ui, sans-serif" } }
    return {
      responsive: true, maintainAspectRatio: false, animation: false,
      interaction: { mode: "index", intersect: false },
      plugins: {
        legend: { display: false },
        tooltip: {
          displayColors: false, padding: 10, cornerRadius: 6, caretSize: 0, borderWidth: 1,
          backgroundColor: surface, titleColor: text, bodyColor: text, borderColor: edge,
          callbacks: {
            title: (/** @type {any[]} */ items) => items[0] ? this.#when(this.#points[items[0].dataIndex]) + this.#isSoFar(this.#points[items[0].dataIndex]) : "",
            label: (/** @type {any} */ item) => `${item.dataset.label}: ${this.#value(item.parsed.y).full}`,
          },
        },
      },
      scales: {
        x: { grid: { display: false }, border: { display: false }, ticks: { ...ticks, maxRotation: 0, autoSkip: false, callback: labelThatFits } },
        y: {
          beginAtZero: true, grid: { drawBorder: false, color: line }, border: { display: false },
          ticks: { ...ticks, maxTicksLimit: 5, padding: 8, callback: (/** @type {number} */ value) => this.#value(value).short,
            ...(this.#isWhole() ? { precision: 0 } : {}) },
        },
      },
    }
  }

  #isWhole() {
    return (this.#options.format ?? "integer") === "integer"
  }
}
customElements.define("line-chart", LineChart)
