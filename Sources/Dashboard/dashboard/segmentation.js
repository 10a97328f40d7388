// The segmentation page: whose customers a month had, who moved, and the segments people made. It shows figures and computes none.
import { call, Query, store } from "/client.js"
import { bars, changed, paint } from "./bars.js"
import { metricCard } from "./card.js"
import { lineChart } from "./chart.js"
import { saidBy, toast } from "./dialog.js"
import { h, icon } from "./dom.js"
import { day, figure, money, month as monthName, plain } from "./format.js"
import { panel } from "./panel.js"
import { openPage } from "./shell.js"
import { firstPageInstead, paged, searchField, table } from "./table.js"
import { language, t } from "./words.js"
import "./segmentation-words.js"

const VIEWS = ["customers", "movement", "segments"]
const PAGE = 25 // rows
const SORTS = ["name", "cluster", "r_score", "f_score", "m_score", "recency", "frequency", "monetary", "monetary_change"]
const FIGURES = ["customers", "orders", "monetary", "average_value"]

/**
 * @typedef {import("./shell.js").Page} Page
 * @typedef {{ month: string, month_start: string, is_complete: boolean, is_stored: boolean, is_default: boolean }} Month
 * @typedef {{ page: Page, months: import("/client.js").Store, month: () => string, canWrite: () => boolean,
 *   ask: (from: string, given?: Record<string, unknown>, more?: object) => import("/client.js").Query | null,
 *   openCustomer: (row: any) => void }} Context
 */

/** @param {Page} page */
function build(page) {
  const { state, site, main, toolbar } = page
  const query = (/** @type {string} */ from, given = {}, more = {}) =>
    site.current ? new Query({ from, arguments: { site: site.id, ...given }, ...more }) : null
  const months = store(() => query("rfm_months"), { every: 120_000, fresh: 30_000 })
  const month = () => {
    const asked = state.get("month"), known = /** @type {Month[]} */ (months.data ?? [])
    return known.find((one) => one.month === asked)?.month ?? known.find((one) => one.is_default)?.month ?? ""
  }
  /** @type {Context} */
  const context = {
    page, months, month,
    canWrite: () => site.mayWrite,
    ask: (from, given, more) => query(from, given, more),
    openCustomer: (row) => row.user_id ? page.openPerson(row.user_id) : state.push({ customer: row.customer_id }),
  }
  state.get("view", VIEWS[0])
  const picker = monthPicker(context)
  toolbar.append(picker)
  state.watch(["view"], () => { picker.hidden = state.get("view") === "segments" }) // they are of no month
  const nav = viewNav(context)
  const place = h("div", { class: "stack view" })
  main.append(nav, place)

  /** @type {Record<string, () => Node | Promise<Node>>} */
  const views = {
    customers: () => customersView(context),
    movement: async () => (await import("./movement.js")).movementView(context),
    segments: async () => (await import("./segments.js")).segmentsView(context),
  }
  /** @type {Map<string, Node | Promise<Node>>} a view is made once and stays when another is shown */
  const drawn = new Map()
  // Without months there is nothing to choose from: their own panel says why.
  drawn.set("none", panel({
    title: t("seg.month.title"), store: months, height: 300, draw: () => {},
    empty: (data) => data.length === 0 ? { title: t("seg.noMonths"), text: t("seg.noMonths.text") } : null,
  }))
  let turn = 0
  const show = async () => {
    const mine = ++turn
    const wanted = state.get("view") in views ? state.get("view") : VIEWS[0]
    const isNone = wanted !== "segments" && (months.data ? months.data.length === 0 : months.error)
    const view = isNone ? "none" : wanted
    if (!drawn.has(view)) drawn.set(view, views[view]())
    const node = /** @type {Node} */ (await drawn.get(view))
    if (mine === turn && place.firstChild !== node) place.replaceChildren(node)
  }
  state.watch(["view"], show)
  let watchesCustomer = false
  state.watch(["customer"], async () => {
    if (!state.get("customer") || watchesCustomer) return
    watchesCustomer = true // its code comes with the first one
    ;(await import("./customer.js")).watchCustomer(context)
  })
  months.subscribe(show)
  page.shortcut("[", t("seg.earlier"), () => step(context, 1))
  page.shortcut("]", t("seg.later"), () => step(context, -1))
  VIEWS.forEach((view, place) => page.shortcut(String(place + 1), t(`seg.view.${view}`), () => state.set({ view })))
}

// MARK: Controls

/** @param {Context} context @param {number} by months back */
function step({ months, month, page }, by) {
  const known = /** @type {Month[]} */ (months.data ?? [])
  const next = known[known.findIndex((one) => one.month === month()) + by]
  if (next) page.state.set({ month: next.is_default ? null : next.month, offset: null })
}

/** @param {Context} context */
function monthPicker(context) {
  const { months, month, page } = context
  const select = h("select", { class: "field", "aria-label": t("seg.month") })
  const earlier = h("button", { class: "button square", type: "button", "aria-label": t("seg.earlier"), onclick: () => step(context, 1) }, icon("previous"))
  const later = h("button", { class: "button square", type: "button", "aria-label": t("seg.later"), onclick: () => step(context, -1) }, icon("next"))
  select.addEventListener("change", () => {
    const chosen = /** @type {Month[]} */ (months.data ?? []).find((one) => one.month === select.value)
    page.state.set({ month: chosen?.is_default ? null : select.value, offset: null })
  })
  const show = () => {
    const known = /** @type {Month[]} */ (months.data ?? [])
    const options = known.map((one) => h("option", { value: one.month }, nameOf(one.month) + (one.is_complete ? "" : ` · ${t("seg.running")}`)))
    if (options.map((one) => one.textContent).join() !== [...select.options].map((one) => one.textContent).join()) select.replaceChildren(...options)
    select.value = month()
    select.disabled = known.length === 0
    const place = known.findIndex((one) => one.month === month())
    earlier.disabled = place < 0 || place === known.length - 1
    later.disabled = place <= 0
  }
  months.subscribe(show)
  page.state.watch(["month"], show)
  return h("div", { class: "month-picker" }, earlier, select, later)
}

/** @param {Context} context */
function viewNav({ page }) {
  const { state } = page
  const buttons = VIEWS.map((view) => h("button", { type: "button", onclick: () => state.set({ view }) }, t(`seg.view.${view}`)))
  state.watch(["view"], () => buttons.forEach((button, place) =>
    button.setAttribute("aria-pressed", String(VIEWS[place] === (VIEWS.includes(state.get("view")) ? state.get("view") : VIEWS[0])))))
  return h("div", { class: "segmented views", role: "group", "aria-label": t("seg.views") }, ...buttons)
}

// MARK: Customers of the month

/** @param {Context} context */
function customersView(context) {
  const { page, ask, month } = context
  const { state } = page
  const ofMonth = (/** @type {string} */ from, given = {}, more = {}) => month() ? ask(from, { month: month(), ...given }, more) : null
  const metrics = store(() => ofMonth("rfm_month_metrics"), { every: 60_000, fresh: 30_000 })
  const distribution = store(() => ofMonth("rfm_distribution"), { every: 60_000, fresh: 30_000 })
  const profiles = store(() => ask("segmentation_profiles", {}, { where: [["segmentation", "eq", "value"]], order: ["place"] }), { every: 60_000 })
  const trend = store(() => ofMonth("rfm_trend", cluster(state) ? { in_cluster: cluster(state) } : {}, { order: ["date"] }), { fresh: 30_000 })
  const customers = store(() => ofMonth("rfm_customers", state.get("q") ? { search: state.get("q") } : {}, {
    where: cluster(state) ? [["cluster", "eq", cluster(state)]] : [],
    order: [`${sortOf(state)}.nullslast`, "customer_id"],
    limit: PAGE,
    offset: offset(state),
  }), { count: true, fresh: 30_000 })
  firstPageInstead(customers, state, "offset")
  const view = h("div", { class: "stack" },
    cards(context, metrics),
    h("div", { class: "halves" }, distributionPanel(context, distribution), profilesPanel(context, profiles)),
    trendPanel(context, trend, distribution),
    customersPanel(context, customers, distribution))
  follow(context, new Map([[metrics, []], [distribution, []], [trend, ["cluster"]], [customers, ["cluster", "q", "sort", "offset"]]]))
  return view
}

/** @param {Page["state"]} state */
const cluster = (state) => /^[a-z_]{1,30}$/.test(state.get("cluster")) ? state.get("cluster") : ""
/** @param {Page["state"]} state */
const offset = (state) => Math.max(0, Math.trunc(Number(state.get("offset")) || 0))
/** @param {Page["state"]} state */
function sortOf(state) {
  const [column, way] = state.get("sort", "monetary.desc").split(".")
  return SORTS.includes(column) && ["asc", "desc"].includes(way) ? `${column}.${way}` : "monetary.desc"
}

/** @param {Context} context @param {import("/client.js").Store} metrics */
function cards(context, metrics) {
  const shown = new Map(FIGURES.map((metric) => [metric, metricCard({ label: t(`seg.metric.${metric}`) })]))
  const place = h("div", { class: "cards" }, ...shown.values())
  const element = panel({
    title: t("seg.month.title"), store: metrics, csv: "month", height: 96,
    note: comparedNote(metrics, (data) => data?.[0]?.compared_with),
    draw(body, data) {
      const rows = new Map(data.map((/** @type {any} */ row) => [row.metric, row]))
      for (const [metric, card] of shown) card.metric = rows.get(metric) ?? null
      return place
    },
  })
  element.classList.add("figures")
  return element
}

/** What stands where a month has no stored rows. @param {Context} context @returns {import("./panel.js").Nothing} */
function notStored({ page, month, months, canWrite }) {
  if (!canWrite()) return { title: t("seg.notStored"), text: t("seg.notStored.viewer") }
  const act = h("button", { class: "button primary", type: "button" }, t("seg.calculate", { month: nameOf(month()) }))
  act.addEventListener("click", async () => {
    act.disabled = true
    try {
      await call("calculate_rfm", { site: page.site.id, period: month() })
      await months.refresh()
      dispatchEvent(new Event("rfm-calculated"))
    } catch (error) {
      toast(saidBy(error), "bad")
    }
    act.disabled = false
  })
  return { title: t("seg.notStored"), text: t("seg.notStored.text"), acts: [act] }
}

/** @param {Context} context @param {import("/client.js").Store} distribution */
function distributionPanel(context, distribution) {
  const { state } = context.page
  addEventListener("rfm-calculated", () => { if (distribution.isActive) distribution.refresh() })
  return panel({
    title: t("seg.distribution"), store: distribution, csv: "rfm-clusters", height: 330,
    note: comparedNote(distribution, (data) => data?.[0]?.compared_with),
    empty: (data) => data.length === 0 ? notStored(context) : null,
    draw(body, data) {
      const ranked = [...data].sort((one, other) => other.customers - one.customers)
      const list = bars(ranked.map((row) => ({
        label: labelOf(row), value: row.customers, share: row.share,
        text: h("span", {}, `${money(row.monetary, row.currency)} · `, row.previous_customers == null ? t("seg.noPrevious")
          : row.customers_change == null ? t("seg.before", { n: row.previous_customers }) : changed(row.customers_change),
          row.customers_change == null ? null : ` ${t("seg.from", { n: row.previous_customers })}`),
        act: () => state.set({ cluster: cluster(state) === row.cluster ? null : row.cluster, offset: null }),
      })))
      ;[...list.children].forEach((item, place) => paint(/** @type {HTMLElement} */ (item), ranked[place].color))
      list.classList.add("clusters")
      return list
    },
  })
}

/** @param {Context} context @param {import("/client.js").Store} profiles */
function profilesPanel(context, profiles) {
  const { page, canWrite } = context
  return panel({
    title: t("seg.profiles"), store: profiles, csv: "value-clusters", height: 330,
    note: t("seg.profiles.note"),
    empty(data) {
      if (data.length > 0) return null
      const act = h("button", { class: "button primary", type: "button" }, t("seg.profiles.calculate"))
      act.addEventListener("click", async () => {
        act.disabled = true
        try {
          await call("calculate_clusters", { site: page.site.id })
          await profiles.refresh()
        } catch (error) {
          toast(saidBy(error), "bad")
        }
        act.disabled = false
      })
      return { title: t("seg.profiles.none"), text: t("seg.profiles.none.text"), acts: canWrite() ? [act] : [] }
    },
    draw(body, data) {
      const currency = page.site.current?.currency
      const list = bars(data.map((/** @type {any} */ row) => ({
        label: labelOf(row), value: row.customers, share: row.share,
        text: h("span", {}, ...[`${t("seg.tier")} ${row.tier}`, ...Object.entries(row.centroid ?? {}).map(([feature, value]) =>
          t(`seg.centroid.${feature}`, { value: feature === "total_spent" || feature === "average_order" ? money(value, currency) : figure(value) }))].join(" · ")),
        act: () => page.state.push({ view: "segments", segment: row.segment_id }),
      })))
      ;[...list.children].forEach((item, place) => paint(/** @type {HTMLElement} */ (item), data[place].color))
      list.classList.add("clusters")
      return h("div", {}, list, h("p", { class: "muted" }, t("seg.profiles.text")))
    },
  })
}

/** @param {Context} context @param {import("/client.js").Store} trend @param {import("/client.js").Store} distribution */
function trendPanel({ page }, trend, distribution) {
  const { state } = page
  state.get("trend", "customers")
  const kind = () => state.get("trend") === "monetary" ? "monetary" : "customers"
  /** @type {any} */
  let chart = null
  let drawnAs = ""
  const buttons = ["customers", "monetary"].map((one) =>
    h("button", { type: "button", onclick: () => state.set({ trend: one }) }, t(`seg.metric.${one}`)))
  const element = panel({
    title: t("seg.trend"), store: trend, csv: "trend", height: 240,
    controls: [h("div", { class: "segmented", role: "group", "aria-label": t("seg.trend") }, ...buttons)],
    draw(body, data) {
      const label = labelOfTrend()
      if (!chart || drawnAs !== label) {
        chart = lineChart({ label, format: kind() === "monetary" ? "money" : "integer", currency: page.site.current?.currency, height: 200 })
        drawnAs = label
      }
      chart.points = data.map((/** @type {any} */ row) => ({ date: row.date, value: row[kind()], is_partial: row.is_partial }))
      return chart
    },
  })
  const labelOfTrend = () => {
    const chosen = distribution.data?.find((/** @type {any} */ row) => row.cluster === cluster(state))
    return `${t(`seg.metric.${kind()}`)} · ${chosen ? labelOf(chosen) : t("seg.allClusters")}`
  }
  let isFirst = true
  state.watch(["trend"], () => {
    buttons.forEach((button, place) => button.setAttribute("aria-pressed", String(["customers", "monetary"][place] === kind())))
    if (!isFirst && element.isConnected && trend.data) {
      const body = /** @type {HTMLElement} */ (element.querySelector(".body"))
      const label = labelOfTrend()
      chart = lineChart({ label, format: kind() === "monetary" ? "money" : "integer", currency: page.site.current?.currency, height: 200 })
      drawnAs = label
      chart.points = trend.data.map((/** @type {any} */ row) => ({ date: row.date, value: row[kind()], is_partial: row.is_partial }))
      body.replaceChildren(chart)
    }
    isFirst = false
  })
  return element
}

/** @param {Context} context @param {import("/client.js").Store} customers @param {import("/client.js").Store} distribution */
function customersPanel(context, customers, distribution) {
  const { page, openCustomer, month, months } = context
  const { state } = page
  addEventListener("rfm-calculated", () => { if (customers.isActive) customers.refresh() })
  const search = searchField(state, "q", t("seg.search"))
  page.shortcut("/", t("seg.search"), () => search.focus())
  const filter = h("select", { class: "field", "aria-label": t("seg.cluster") })
  filter.addEventListener("change", () => state.set({ cluster: filter.value || null, offset: null }))
  const showFilter = () => {
    const rows = distribution.data ?? []
    filter.replaceChildren(h("option", { value: "" }, t("seg.allClusters")),
      ...rows.map((/** @type {any} */ row) => h("option", { value: row.cluster }, labelOf(row))))
    filter.value = cluster(state)
  }
  distribution.subscribe(showFilter)
  state.watch(["cluster"], showFilter)
  const clusterNames = () => new Map((distribution.data ?? []).map((/** @type {any} */ row) => [row.cluster, row]))
  const rows = table({
    caption: t("seg.customers"), rowKey: (row) => row.customer_id, open: openCustomer,
    sort: sortOf(state), onSort: (sort) => state.set({ sort, offset: null }),
    columns: [
      { key: "name", title: t("seg.customer"), sort: "name", narrow: true, draw: (row) => plain(row.name ?? row.external_id ?? row.email ?? `#${row.customer_id}`) },
      { key: "cluster", title: t("seg.cluster"), sort: "cluster", kind: "text", narrow: true, draw: (row) => dot(row, labelOf(row)) },
      { key: "r_score", title: "R", sort: "r_score", kind: "number" },
      { key: "f_score", title: "F", sort: "f_score", kind: "number" },
      { key: "m_score", title: "M", sort: "m_score", kind: "number" },
      { key: "recency", title: t("seg.recency"), sort: "recency", kind: "number" },
      { key: "frequency", title: t("seg.frequency"), sort: "frequency", kind: "number" },
      { key: "monetary", title: t("seg.monetary"), sort: "monetary", kind: "money", narrow: true },
      { key: "monetary_change", title: t("seg.mom"), sort: "monetary_change", kind: "rate",
        draw: (row) => row.previous_monetary == null ? h("span", { class: "muted" }, t("seg.newCustomer")) : changed(row.monetary_change) },
      { key: "previous_cluster", title: t("seg.before.title"), kind: "text", draw: (row) => {
        const before = clusterNames().get(row.previous_cluster)
        return before ? dot(before, labelOf(before)) : h("span", { class: "muted" }, "–")
      } },
    ],
  })
  state.watch(["sort"], () => { rows.sort = sortOf(state) })
  distribution.subscribe(() => { if (customers.data) rows.rows = customers.data.rows })
  return panel({
    title: t("seg.customers"), store: customers, height: 480,
    get csv() { return `customers-${Date.now()}` }, // S0-42
    controls: [search, filter],
    empty(data) {
      if (data.total > 0) return null
      if (state.get("q") || cluster(state)) {
        const clear = h("button", { class: "button", type: "button", onclick: () => state.set({ q: null, cluster: null, offset: null }) }, t("seg.clear"))
        return { title: t("seg.noMatch"), text: t("seg.noMatch.text"), acts: [clear] }
      }
      const isStored = months.data?.some((/** @type {Month} */ one) => one.month === month() && one.is_stored)
      return isStored ? { title: t("seg.noCustomers"), text: "" } : { title: t("seg.notStored"), text: t("seg.notStored.viewer") }
    },
    draw: paged(rows, { limit: PAGE, offset: () => offset(state), go: (to) => state.set({ offset: to || null }) }),
  })
}

// MARK: What the parts of the page share, which import it from here: one request less

/** The name that SQL gives in the reader's language. @param {any} row with label_en and label_pt */
export const labelOf = (row) => language === "pt" ? row.label_pt : row.label_en

/** A date in the month "2026-10", to show it. @param {string} name */
export const nameOf = (name) => monthName(`${name}-01`)

/** @param {any} row with its color @param {string} label */
export const dot = (row, label) => paint(h("span", { class: "cluster-dot" }, label), row.color)

/**
 * Reads again when the month or one of these choices changes; views are made once and kept.
 * @param {Context} context @param {Map<import("/client.js").Store, string[]>} stores
 */
export function follow({ page, months, month }, stores) {
  let seen = month()
  for (const [one, names] of stores) {
    let isFirst = true
    page.state.watch(["month", ...names], () => {
      if (!isFirst && one.isActive) one.refresh()
      isFirst = false
    })
  }
  months.subscribe(() => {
    if (month() === seen) return
    seen = month()
    for (const one of stores.keys()) if (one.isActive) one.refresh()
  })
}

/** "compared with September 2026", kept up to date. @param {import("/client.js").Store} of @param {(data: any) => string | undefined} find */
export function comparedNote(of, find) {
  const note = h("span")
  of.subscribe(() => {
    const name = find(of.data)
    note.textContent = name ? t("seg.compared", { with: comparison(name) }) : ""
  })
  return note
}

/** A period's name as SQL writes it, in words. @param {string} name */
function comparison(name) {
  const days = name.match(/^(\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)$/), part = name.match(/^\d{4}-\d\d up to (\d{4}-\d\d)-(\d\d) (\d\d:\d\d)$/)
  if (days) return `${day(days[1])} – ${day(days[2])}`
  if (part) return t("seg.upTo", { month: nameOf(part[1]), day: day(`${part[1]}-${part[2]}`), clock: part[3] })
  return /^\d{4}-\d\d$/.test(name) ? nameOf(name) : name
}

openPage({ name: "segmentation", build })
