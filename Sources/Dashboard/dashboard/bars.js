// Ranked bars: label, count and share as text, the bar only repeats them.
import { h } from "./dom.js"
import { exact, figure, percent, plain } from "./format.js"

/**
 * @typedef {{
 *   label: string, value: number | null, share: number | null, text?: string | Node,
 *   color?: number, act?: () => void, width?: number | null,
 * }} Bar `color`: 1 to 6 of the series' colours; `width`: of 1, the share where it is missing; `act`: makes the label a button
 */

/** @param {Bar[]} list @returns {HTMLOListElement} */
export function bars(list) {
  return h("ol", { class: "bars" }, ...list.map(({ label, value, share, text, color, act, width }) => {
    const shown = h("span", { class: "dot", "data-color": color ? String(color) : null }, plain(label))
    const name = act ? h("button", { class: "link name", type: "button", onclick: act }, shown) : h("span", { class: "name" }, shown)
    const fill = h("i")
    fill.style.setProperty("--share", String(Math.min(1, Math.max(0, width ?? share ?? 0))))
    return h("li", { "data-color": color ? String(color) : null },
      h("div", {}, name, h("span", { class: "count", title: exact(value) }, figure(value)),
        h("span", { class: "share" }, percent(share))),
      h("div", { class: "track", "aria-hidden": "true" }, fill),
      text && h("p", {}, text))
  }))
}

/** Paints with the colour of SQL's map; the label beside it says the same. @param {HTMLElement} element @param {unknown} color */
export function paint(element, color) {
  if (/^#[0-9A-F]{6}$/.test(String(color))) element.style.setProperty("--cluster", String(color))
  return element
}

/** How a share has changed, for words beside a figure. @param {number | null} change @param {boolean} [isLessGood] whether fewer are better, as of lost customers */
export function changed(change, isLessGood = false) {
  if (change == null) return h("span", { class: "muted" }, "–")
  const way = change === 0 ? "same" : change > 0 !== isLessGood ? "good" : "bad"
  return h("span", { class: `delta ${way}` },
    h("span", { "aria-hidden": "true" }, change > 0 ? "↑ " : change < 0 ? "↓ " : ""),
    change < 0 && h("span", { class: "visually-hidden" }, "−"), percent(Math.abs(change)))
}
