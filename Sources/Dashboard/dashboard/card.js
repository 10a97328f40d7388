// A card: one figure, what it was before, and its way there.
import { h, sparkline } from "./dom.js"
import { percent, points, shown } from "./format.js"
import { t } from "./words.js"

/**
 * @typedef {{ value: number | null, previous?: number | null, change?: number | null, format?: string, better?: string, currency?: string | null,
 *   trend?: (number | null)[] | null }} Metric
 * @typedef {{ label: string, note?: string, metric?: Metric | null, selected?: boolean, act?: () => void }} Options
 *   `note`: what it is compared with, or what it counts; `act`: makes the card a button
 */

/** @param {Options} options @returns {MetricCard} an element; set its `metric`, null while it is not known */
export function metricCard(options) {
  const element = new MetricCard()
  element.start(options)
  return element
}

/**
 * How a figure has changed, in words: rates in percentage points, others in percent; from zero there is no percentage.
 * @param {Metric} metric @returns {{ text: string, way: "up" | "down" | "same", isGood: boolean } | null}
 */
export function delta({ value, previous, change, format, better }) {
  if (value == null || previous == null) return null
  const way = Number(value) > Number(previous) ? "up" : Number(value) < Number(previous) ? "down" : "same"
  const isGood = way === "same" || way === (better ?? "up")
  if (way === "same") return { text: t("card.same"), way, isGood }
  if (change == null) return { text: t("card.new"), way, isGood }
  return { text: format === "rate" ? t("card.points", { n: points(change) }) : percent(Math.abs(change)), way, isGood }
}

export class MetricCard extends HTMLElement {
  #figure = h("span", { class: "figure" }, "–")
  #delta = h("span", { class: "delta" })
  #trend = h("span", { class: "trend" })
  /** @type {HTMLButtonElement | null} */
  #button = null
  #seen = ""

  /** @param {Options} options */
  start({ label, note, metric, selected, act }) {
    this.classList.add("panel")
    this.#button = act ? h("button", { class: "label", type: "button", onclick: act }, label) : null
    this.append(
      h("div", { class: "top" }, this.#button ?? h("span", { class: "label" }, label), this.#trend), this.#figure,
      h("div", { class: "bottom" }, this.#delta, note && h("span", { class: "muted" }, note)))
    if (act) this.selected = selected ?? false
    this.metric = metric ?? null
  }

  /** @param {boolean} isSelected */
  set selected(isSelected) {
    this.#button?.setAttribute("aria-pressed", String(isSelected))
  }

  /** @param {Metric | null | undefined} metric */
  set metric(metric) {
    this.dataset.state = metric ? "ready" : "loading"
    const seen = JSON.stringify(metric ?? null)
    if (seen === this.#seen) return
    this.#seen = seen
    if (!metric) {
      this.#figure.textContent = "–"
      this.#delta.replaceChildren()
      this.#trend.replaceChildren()
      return
    }
    const { short, full } = shown(metric.value, metric.format ?? "integer", metric.currency)
    this.#figure.textContent = short
    this.#figure.title = full
    this.#showDelta(metric)
    const trend = (metric.trend ?? []).map((value) => value == null ? null : Number(value))
    this.#trend.replaceChildren(...(trend.filter((value) => value != null).length > 1 ? [sparkline(trend)] : []))
  }

  /** @param {Metric} metric */
  #showDelta(metric) {
    const change = delta(metric)
    if (!change) return this.#delta.replaceChildren()
    const { text, way, isGood } = change
    const arrow = { up: "↑", down: "↓", same: "" }[way]
    const meaning = way === "same" ? "" : t(isGood ? "card.better" : "card.worse")
    const before = shown(metric.previous, metric.format ?? "integer", metric.currency)
    this.#delta.replaceChildren(
      h("b", { class: way === "same" ? "same" : isGood ? "good" : "bad" },
        h("span", { "aria-hidden": "true" }, arrow && `${arrow} `), text, meaning && h("span", { class: "visually-hidden" }, ` (${meaning})`)),
      h("span", { class: "muted", title: before.full }, ` ${t("card.versus", { value: before.short })}`))
  }
}
customElements.define("metric-card", MetricCard)
