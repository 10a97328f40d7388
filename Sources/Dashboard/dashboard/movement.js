// Movement: which customers went from which cluster to which between two months, as a matrix and by name.
import { store } from "/client.js"
import { paint } from "./bars.js"
import { h } from "./dom.js"
import { exact, figure, percent, plain } from "./format.js"
import { panel } from "./panel.js"
import { follow, labelOf, nameOf } from "./segmentation.js"
import { firstPageInstead, paged, table } from "./table.js"
import { t } from "./words.js"

const PAGE = 25 // rows

/** @typedef {import("./segmentation.js").Context} Context */

/** @param {Context} context */
export function movementView(context) {
  const { page: { state }, ask, month, months } = context
  state.get("by", "rfm")
  const isRfm = () => state.get("by") !== "value"
  /** The month before the chosen one, unless the address names another. */
  const before = () => {
    const known = months.data ?? [], place = known.findIndex((/** @type {any} */ one) => one.month === month())
    return known.find((/** @type {any} */ one) => one.month === state.get("before"))?.month ?? known[place + 1]?.month ?? ""
  }
  const chosen = () => {
    const [from = "", to = ""] = state.get("moved").split("~")
    return { from, to }
  }
  const ready = () => Boolean(month() && before())
  // Names and colours of the clusters, best first.
  const names = store(() => !month() ? null : isRfm() ? ask("rfm_distribution", { month: month() }) : ask("segmentation_profiles", { of_segmentation: "value" }))
  const movement = store(() => ready() ? ask(isRfm() ? "rfm_movement" : "segmentation_movement",
    isRfm() ? { from_period: before(), to_period: month() } : { from_month: before(), to_month: month() }) : null)
  const movers = store(() => {
    if (!ready()) return null
    const { from, to } = chosen()
    const which = { ...(from ? { moved_from: from } : {}), ...(to ? { moved_to: to } : {}) }
    const page = { order: ["customer_id"], limit: PAGE, offset: Math.max(0, Math.trunc(Number(state.get("at")) || 0)) }
    return isRfm() ? ask("rfm_movers", { from_period: before(), to_period: month(), ...which, page_size: null }, page)
      : ask("segmentation_movers", { from_month: before(), to_month: month(), ...which }, page)
  }, { count: true })
  /** @type {Look} */
  const look = { context, names, isRfm, before, chosen }
  const view = h("div", { class: "stack movement" }, matrixPanel(look, movement), moversPanel(look, movers, movement))
  names.subscribe(() => {})
  firstPageInstead(movers, state, "at")
  follow(context, new Map([[names, ["by"]], [movement, ["by", "before"]], [movers, ["by", "before", "moved", "at"]]]))
  return view
}

/**
 * @typedef {{ context: Context, names: import("/client.js").Store, isRfm: () => boolean, before: () => string,
 *   chosen: () => { from: string, to: string } }} Look
 */

/** @param {Look} look @returns {Map<string, { label: string, color?: string }>} in the order of worth, with who came and who went */
function places({ names, isRfm }) {
  const known = (names.data ?? []).map((/** @type {any} */ row) => [row.cluster ?? row.segment, { label: labelOf(row), color: row.color }])
  return new Map([...known, ["new", { label: t("seg.movement.new") }], ["gone", { label: t(isRfm() ? "seg.movement.gone" : "seg.movement.goneValue") }]])
}

/** @param {Look} look @param {string} key */
function shown(look, key) {
  const place = places(look).get(key)
  return paint(h("span", { class: place?.color ? "cluster-dot" : null }, plain(place?.label ?? key)), place?.color)
}

/** @param {Look} look @param {import("/client.js").Store} movement */
function matrixPanel(look, movement) {
  const { context: { page: { state }, months, month }, before, isRfm } = look
  const kinds = ["rfm", "value"].map((kind) => h("button", { type: "button", onclick: () => state.set({ by: kind, moved: null, at: null }) }, t(`seg.movement.${kind}`)))
  const kind = h("div", { class: "segmented", role: "group", "aria-label": t("seg.movement.kind") }, ...kinds)
  const select = h("select", { class: "field" })
  select.addEventListener("change", () => state.set({ before: select.value, at: null }))
  const dress = () => {
    kinds.forEach((button, place) => button.setAttribute("aria-pressed", String((place === 0) === isRfm())))
    select.replaceChildren(...(months.data ?? []).filter((/** @type {any} */ one) => one.month !== month())
      .map((/** @type {any} */ one) => h("option", { value: one.month }, nameOf(one.month))))
    select.value = before()
    select.disabled = select.options.length === 0
  }
  months.subscribe(dress)
  state.watch(["by", "before", "month"], dress)
  const body = h("div", { class: "matrix-place" })
  const element = panel({
    title: t("seg.movement"), store: movement, csv: "movement", height: 380,
    note: t("seg.movement.note"),
    controls: [kind, h("label", { class: "inline" }, h("span", {}, t("seg.movement.before")), select)],
    empty: (data) => data.length === 0 ? { title: t("seg.movement.none"), text: t("seg.movement.none.text") } : null,
    draw() {
      body.replaceChildren(matrix(look, movement), h("p", { class: "muted" }, t("seg.movement.text")))
      return body
    },
  })
  look.names.subscribe(() => { if (movement.data?.length) body.replaceChildren(matrix(look, movement), h("p", { class: "muted" }, t("seg.movement.text"))) })
  state.watch(["moved"], () => mark(body, look))
  return element
}

/** @param {HTMLElement} body @param {Look} look */
function mark(body, { chosen }) {
  const { from, to } = chosen()
  for (const button of body.querySelectorAll("button")) button.setAttribute("aria-pressed", String(button.dataset.cell === `${from}~${to}`))
}

/** A table whose cells are buttons; on a phone each row becomes a list. Roles say what it is in both. @param {Look} look @param {import("/client.js").Store} movement */
function matrix(look, movement) {
  const { state } = look.context.page
  const all = places(look)
  const froms = [...all.keys()].filter((key) => key !== "gone"), tos = [...all.keys()].filter((key) => key !== "new")
  const cells = new Map(movement.data.map((/** @type {any} */ row) =>
    [`${row.from_cluster ?? row.from_segment}~${row.to_cluster ?? row.to_segment}`, row]))
  /** @param {string} from @param {string} to */
  const cell = (from, to) => {
    const row = cells.get(`${from}~${to}`)
    const place = h("td", { role: "cell", class: row ? null : "none" })
    if (!row) {
      place.append(h("span", { "aria-hidden": "true" }, "·"))
      return place
    }
    const label = { n: row.customers, from: all.get(from)?.label ?? from, to: all.get(to)?.label ?? to, share: percent(row.share) }
    const button = h("button", {
      type: "button", "data-cell": `${from}~${to}`, title: t("seg.movement.cell", label), "aria-label": t("seg.movement.cell", label),
      class: from === to ? "stayed" : null,
      onclick: () => state.set({ moved: state.get("moved") === `${from}~${to}` ? null : `${from}~${to}`, at: null }),
    }, h("span", { class: "to" }, "→ ", shown(look, to)), h("b", { title: exact(row.customers) }, figure(row.customers)), h("small", {}, percent(row.share)))
    button.style.setProperty("--share", String(row.share ?? 0))
    place.append(button)
    return place
  }
  const element = h("table", { class: "matrix", role: "table", "aria-label": t("seg.movement") },
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" },
      h("th", { role: "columnheader", scope: "col" }, `${t("seg.movement.from")} ↓ ${t("seg.movement.to")} →`),
      ...tos.map((to) => h("th", { role: "columnheader", scope: "col" }, shown(look, to))))),
    h("tbody", { role: "rowgroup" }, ...froms.filter((from) => tos.some((to) => cells.has(`${from}~${to}`))).map((from) =>
      h("tr", { role: "row" }, h("th", { role: "rowheader", scope: "row" }, shown(look, from)), ...tos.map((to) => cell(from, to))))))
  mark(element, look)
  return element
}

/** @param {Look} look @param {import("/client.js").Store} movers @param {import("/client.js").Store} movement */
function moversPanel(look, movers, movement) {
  const { context: { page, openCustomer }, chosen } = look
  const { state } = page
  const currency = () => page.site.current?.currency
  const rows = table({
    caption: t("seg.movers"), rowKey: (row) => row.customer_id, open: openCustomer, currency: currency(),
    columns: [
      { key: "name", title: t("seg.customer"), narrow: true, draw: (row) => plain(row.name ?? row.external_id ?? `#${row.customer_id}`) },
      { key: "external_id", title: t("seg.number"), kind: "text" },
      { key: "from", title: t("seg.movement.from"), narrow: true, draw: (row) => shown(look, row.from_cluster ?? row.from_segment) },
      { key: "to", title: t("seg.movement.to"), narrow: true, draw: (row) => shown(look, row.to_cluster ?? row.to_segment) },
      { key: "from_monetary", title: t("seg.spentBefore"), kind: "money" },
      { key: "to_monetary", title: t("seg.spentAfter"), kind: "money" },
    ],
  })
  const which = h("span")
  const all = h("button", { class: "button small", type: "button", onclick: () => state.set({ moved: null, at: null }) }, t("seg.movers.all"))
  const dress = () => {
    const { from, to } = chosen()
    const label = (/** @type {string} */ key) => places(look).get(key)?.label ?? key
    which.textContent = from ? t("seg.movers.chosen", { from: label(from), to: label(to) }) : t("seg.movers.all")
    all.hidden = !from
  }
  state.watch(["moved", "by"], dress)
  look.names.subscribe(() => {
    dress()
    if (movers.data) rows.rows = movers.data.rows
  })
  return panel({
    title: t("seg.movers"), store: movers, csv: "movers", note: which, height: 300, controls: [all],
    empty: (data) => data.total === 0 ? { title: t("seg.movers.nobody"), text: "" } : null,
    draw: paged(rows, { limit: PAGE, offset: () => Number(state.get("at")) || 0, go: (to) => state.set({ at: to || null }) }),
  })
}
