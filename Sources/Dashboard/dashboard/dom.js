// Finding and making elements, with their types. Nothing here reads markup: text stays text.

const SVG = "http://www.w3.org/2000/svg"

// Safari does not tell when it has nothing to draw.
globalThis.requestIdleCallback ??= (act) => Number(setTimeout(act, 50))
globalThis.cancelIdleCallback ??= clearTimeout

/**
 * @typedef {string | number | boolean | null | undefined | ((event: any) => void)} Attribute
 * @typedef {Node | string | number | null | undefined | false} Child
 */

/**
 * @template {Element} E
 * @param {string} selector
 * @param {new () => E} kind
 * @param {ParentNode} [place]
 * @returns {E} the first one in the page; throws where the page and its script do not fit
 */
export function find(selector, kind, place = document) {
  const element = place.querySelector(selector)
  if (element instanceof kind) return element
  throw new Error(`the page has no ${kind.name} "${selector}"`)
}

/**
 * An element. An attribute that is null, undefined or false is left out, one that is true is empty, and a function
 * is listened with: `h("button", { class: "button", onclick: save }, "Save")`.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, Attribute>} [attributes]
 * @param {...(Child | Child[])} children those that are null, undefined or false are left out
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (value == null || value === false) continue
    if (typeof value !== "function") element.setAttribute(name, value === true ? "" : String(value))
    else element.addEventListener(name.replace(/^on/, ""), value)
  }
  for (const child of children.flat()) {
    if (child != null && child !== false) element.append(child instanceof Node ? child : String(child))
  }
  return element
}

/**
 * What is known, as terms and their values; those without a value are left out.
 * @param {[term: Node | string, value: Node | string | null | undefined, title?: string][]} list
 */
export const facts = (list) => h("dl", { class: "facts" }, ...list.filter(([, value]) => value != null && value !== "")
  .map(([term, value, title]) => h("div", {}, h("dt", {}, term), h("dd", { title: title ?? null }, value))))

/** Strokes on a grid of 16. @type {Record<string, string>} */
const ICONS = {
  crm: "M2 7.5 8 2.5l6 5M3.5 6.5v7h9v-7M6.5 13.5v-4h3v4",
  analytics: "M2 13.5h12M3.5 10.5v-3M6.5 10.5v-6M9.5 10.5v-4M12.5 10.5v-8",
  campaigns: "M2 6v3.5h2.5l6 3V3l-6 3ZM5 9.5v4h2V11M13 6.3v3",
  segmentation: "M6 7.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM1.5 13.5c0-2.5 2-4 4.5-4s4.5 1.5 4.5 4M10.5 2.8a2.5 2.5 0 0 1 0 4.4M12 9.9c1.6.6 2.5 1.9 2.5 3.6",
  funnels: "M2 2.5h12L9.5 8.5v5l-3-1.5V8.5Z",
  retention: "M13.5 8a5.5 5.5 0 1 1-1.7-4M13.5 1.5v3h-3M8 5v3l2 1.5",
  settings: "M8 10.2a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.4ZM8 1.5v2M8 12.5v2M1.5 8h2M12.5 8h2M3.4 3.4l1.4 1.4M11.2 11.2l1.4 1.4M12.6 3.4l-1.4 1.4M4.8 11.2l-1.4 1.4",
  auto: "M8 14a6 6 0 1 0 0-12 6 6 0 0 0 0 12ZM8 2v12M8 5h4.5M8 8h6M8 11h4.5",
  light: "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1",
  dark: "M13.5 9.5A6 6 0 0 1 6.5 2.5a6 6 0 1 0 7 7Z",
  out: "M6 2.5H2.5v11H6M10.5 11l3-3-3-3M13.5 8H6",
  help: "M6 6a2 2 0 1 1 2.7 1.9c-.5.2-.7.6-.7 1.1v.5M8 11.5v.2M8 14.5a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13Z",
  close: "M3.5 3.5l9 9M12.5 3.5l-9 9",
  download: "M8 2v8M4.5 7 8 10.5 11.5 7M2.5 13.5h11",
  code: "M5.5 4 1.5 8l4 4M10.5 4l4 4-4 4",
  copy: "M5.5 5.5h8v8h-8ZM10.5 5.5v-3h-8v8h3",
  previous: "M10 3 5 8l5 5",
  next: "M6 3l5 5-5 5",
  add: "M8 3v10M3 8h10",
  search: "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10ZM10.5 10.5l3.5 3.5",
}

/** @param {string} name one of ICONS; decoration, so a label stands beside it or on its button */
export function icon(name) {
  const drawing = document.createElementNS(SVG, "svg")
  for (const [key, value] of Object.entries({ class: "icon", viewBox: "0 0 16 16", "aria-hidden": "true" })) {
    drawing.setAttribute(key, value)
  }
  const path = document.createElementNS(SVG, "path")
  path.setAttribute("d", ICONS[name] ?? "")
  drawing.append(path)
  return drawing
}

/** A line through values, drawn to fill its box; a gap where one is null. @param {(number | null)[]} values */
export function sparkline(values) {
  const known = values.filter((value) => value != null)
  const least = Math.min(...known), span = Math.max(...known) - least || 1
  const drawing = document.createElementNS(SVG, "svg")
  drawing.setAttribute("class", "sparkline")
  drawing.setAttribute("viewBox", "0 0 100 24")
  drawing.setAttribute("preserveAspectRatio", "none")
  drawing.setAttribute("aria-hidden", "true")
  let pen = "M"
  const steps = values.map((value, position) => {
    if (value == null) return (pen = "M") && ""
    const step = `${pen}${100 * position / Math.max(1, values.length - 1)} ${22 - 20 * (value - least) / span}`
    pen = "L"
    return step
  })
  const path = document.createElementNS(SVG, "path")
  path.setAttribute("d", steps.join(""))
  drawing.append(path)
  return drawing
}
