// The segmentation page: whose customers a month had, who moved, and the segments people made. It shows figures and computes none.
import { call, Query, store } from "/client.js"
import { bars } from "./bars.js"
import { metricCard } from "./card.js"
import { lineChart } from "./chart.js"
import { saidBy, toast } from "./dialog.js"
import { h, icon } from "./dom.js"
import { day, figure, money, month as monthName, percent, plain } from "./format.js"
import { panel } from "./panel.js"
import { openPage } from "./shell.js"
import { pager, table } from "./table.js"
import { addWords, language, t } from "./words.js"

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
    site.current ? new Query({ from, arguments: { site: String(site.current.site_id), ...given }, ...more }) : null
  const months = store(() => query("rfm_months"), { every: 120_000, fresh: 30_000 })
  const month = () => {
    const asked = state.get("month"), known = /** @type {Month[]} */ (months.data ?? [])
    return known.find((one) => one.month === asked)?.month ?? known.find((one) => one.is_default)?.month ?? ""
  }
  /** @type {Context} */
  const context = {
    page, months, month,
    canWrite: () => site.current?.role !== "viewer",
    ask: (from, given, more) => query(from, given, more),
    openCustomer: (row) => row.user_id ? page.openPerson(row.user_id) : state.push({ customer: row.customer_id }),
  }
  state.get("view", VIEWS[0])
  toolbar.append(...monthPicker(context))
  const nav = viewNav(context)
  const place = h("div", { class: "stack" })
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
  state.watch(["customer"], async () => {
    if (state.get("customer")) (await import("./customer.js")).customerDialog(context)
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
  return [h("div", { class: "month-picker" }, earlier, select, later)]
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
      await call("calculate_rfm", { site: String(page.site.current?.site_id), period: month() })
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
          await call("calculate_clusters", { site: String(page.site.current?.site_id) })
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
  const place = h("div", { class: "rows" }, rows), foot = h("div")
  place.append(foot)
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
    draw(body, data) {
      rows.rows = data.rows
      foot.replaceChildren(pager({ total: data.total, limit: PAGE, offset: offset(state), go: (to) => state.set({ offset: to || null }) }))
      return place
    },
  })
}

// MARK: What the parts of the page share, which import it from here: one request less

/** The name that SQL gives in the reader's language. @param {any} row with label_en and label_pt */
export const labelOf = (row) => language === "pt" ? row.label_pt : row.label_en

/** A date in the month "2026-10", to show it. @param {string} name */
export const nameOf = (name) => monthName(`${name}-01`)

/** Paints with the colour of SQL's map; the label beside it says the same. @param {HTMLElement} element @param {unknown} color */
export function paint(element, color) {
  if (/^#[0-9A-F]{6}$/.test(String(color))) element.style.setProperty("--cluster", String(color))
  return element
}

/** @param {any} row with its color @param {string} label */
export const dot = (row, label) => paint(h("span", { class: "cluster-dot" }, label), row.color)

/** How a share has changed, for words beside a figure. @param {number | null} change */
export function changed(change) {
  if (change == null) return h("span", { class: "muted" }, "–")
  const way = change > 0 ? "good" : change < 0 ? "bad" : "same"
  return h("span", { class: `delta ${way}` },
    h("span", { "aria-hidden": "true" }, { good: "↑ ", bad: "↓ ", same: "" }[way]), `${change < 0 ? "−" : ""}${percent(Math.abs(change))}`)
}

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

/** A page that lies behind the last one is none: the first takes its place. @param {import("/client.js").Store} rows @param {Page["state"]} state @param {string} name */
export function firstPageInstead(rows, state, name) {
  rows.subscribe(() => {
    const error = /** @type {any} */ (rows.error)
    if (error?.status === 416 && state.get(name)) state.set({ [name]: null })
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

/** A field that writes what is typed into the address, a moment later. @param {Page["state"]} state @param {string} name @param {string} label @param {string} [offset] what begins again with another search */
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

addWords({
  en: {
    "seg.views": "Views",
    "seg.view.customers": "Customers",
    "seg.view.movement": "Movement",
    "seg.view.segments": "Segments",
    "seg.month": "Month",
    "seg.earlier": "Earlier month",
    "seg.later": "Later month",
    "seg.running": "so far",
    "seg.month.title": "Customers of the month",
    "seg.metric.customers": "Customers",
    "seg.metric.orders": "Orders",
    "seg.metric.monetary": "Revenue",
    "seg.metric.average_value": "Revenue / customer",
    "seg.compared": "compared with {with}",
    "seg.upTo": "{month} up to {day}, {clock}",
    "seg.notStored": "This month has not been calculated",
    "seg.notStored.text": "The clusters of a month are calculated each night while it runs. Older months are calculated when asked for.",
    "seg.notStored.viewer": "Members of the site can calculate it.",
    "seg.calculate": "Calculate {month}",
    "seg.distribution": "RFM clusters",
    "seg.noPrevious": "nothing to compare with",
    "seg.before": "new; {n} before",
    "seg.from": "from {n}",
    "seg.profiles": "Value clusters",
    "seg.profiles.note": "of all customers, by k-means",
    "seg.profiles.text": "RFM names say how customers of one month rank; value clusters say which customers of all times are alike. The middle of each cluster is shown.",
    "seg.profiles.none": "No value clusters yet",
    "seg.profiles.none.text": "k-means divides all customers into high, medium and low value by what they bought.",
    "seg.profiles.calculate": "Calculate value clusters",
    "seg.tier": "Tier",
    "seg.centroid.recency_days": "{value} days since the last order",
    "seg.centroid.order_count": "{value} orders",
    "seg.centroid.total_spent": "{value} spent",
    "seg.centroid.average_order": "{value} an order",
    "seg.centroid.purchase_frequency": "{value} orders in 30 days",
    "seg.centroid.sessions_90d": "{value} visits in 90 days",
    "seg.centroid.page_views_90d": "{value} page views in 90 days",
    "seg.centroid.tenure_days": "{value} days a customer",
    "seg.centroid.age": "{value} years old",
    "seg.trend": "Twelve months",
    "seg.allClusters": "All clusters",
    "seg.customers": "Customers",
    "seg.customer": "Customer",
    "seg.search": "Name, email or number",
    "seg.cluster": "Cluster",
    "seg.recency": "Days since",
    "seg.frequency": "Orders",
    "seg.monetary": "Spent",
    "seg.mom": "Month over month",
    "seg.newCustomer": "new",
    "seg.before.title": "Month before",
    "seg.clear": "Clear filter",
    "seg.noMatch": "No customer matches",
    "seg.noMatch.text": "The search or the cluster leaves nobody.",
    "seg.noCustomers": "No customers in this month",
    "seg.noMonths": "No orders yet",
    "seg.noMonths.text": "Customers and their orders are imported with vibe.import_csv() or written through the API. Once there are some, their months stand here.",
    "seg.movement": "Movement between clusters",
    "seg.movement.note": "scored as the orders are now",
    "seg.movement.kind": "Which clusters",
    "seg.movement.rfm": "RFM clusters",
    "seg.movement.value": "Value clusters",
    "seg.movement.before": "Compared with",
    "seg.movement.from": "From",
    "seg.movement.to": "To",
    "seg.movement.new": "New",
    "seg.movement.gone": "No orders",
    "seg.movement.goneValue": "In none",
    "seg.movement.cell": { one: "{n} customer from {from} to {to}, {share}", other: "{n} customers from {from} to {to}, {share}" },
    "seg.movement.text": "Read a row from left to right: where the customers of that cluster went. The share is of those who started there.",
    "seg.movement.none": "Nothing to compare",
    "seg.movement.none.text": "Choose two months that have customers.",
    "seg.movers": "Who moved",
    "seg.movers.all": "All who moved",
    "seg.movers.chosen": "{from} → {to}",
    "seg.movers.nobody": "Nobody moved so",
    "seg.spentBefore": "Spent before",
    "seg.spentAfter": "Spent after",
    "seg.number": "Number",
    "seg.email": "Email",
    "seg.segments": "Segments",
    "seg.segments.none": "No segments yet",
    "seg.segments.none.text": "A segment is a named set of customers or visitors, found by a rule, by clusters, or listed by hand.",
    "seg.new": "New segment",
    "seg.segment": "Segment",
    "seg.kind": "Kind",
    "seg.kind.rule": "Rule",
    "seg.kind.cluster": "Clusters",
    "seg.kind.static": "By hand",
    "seg.subject": "Members are",
    "seg.subject.customer": "Customers",
    "seg.subject.user": "Visitors",
    "seg.size": "Size",
    "seg.entered": "Entered, 30 days",
    "seg.departed": "Left, 30 days",
    "seg.sized": "Counted",
    "seg.error": "The last nightly count failed: {error}",
    "seg.edit": "Edit",
    "seg.refresh": "Count now",
    "seg.refreshed": "{segment}: {n} members",
    "seg.delete": "Delete segment",
    "seg.delete.text": "{name} and the history of its members will be gone. Members themselves stay.",
    "seg.deleted": "{name} is deleted",
    "seg.history": "Members per day",
    "seg.people": "Members",
    "seg.people.none": "Nobody is in this segment",
    "seg.since": "Member since",
    "seg.rule": "Rule",
    "seg.remove": "Remove",
    "seg.removed": "{name} is no longer in the segment",
    "seg.add": "Add",
    "seg.add.search": "Add somebody: name, email or number",
    "seg.added": "{name} is in the segment now",
    "seg.add.none": "Nobody found",
    "seg.gone": "This segment does not exist any more",
    "seg.name": "Name",
    "seg.description": "Description",
    "seg.saved": "{name} is saved",
    "seg.create": "Create segment",
    "seg.editOf": "Edit {name}",
    "seg.preview": { one: "{n} customer matches", other: "{n} customers match" },
    "seg.preview.user": { one: "{n} visitor matches", other: "{n} visitors match" },
    "seg.preview.wait": "Counting…",
    "seg.preview.like": "such as {names}",
    "seg.preview.wrong": "The rule is not complete yet.",
    "seg.kind.rule.text": "Who meets conditions, found again every night.",
    "seg.kind.cluster.text": "k-means divides all customers into groups that are alike.",
    "seg.kind.static.text": "Whom you put in; nobody enters or leaves by itself.",
    "seg.k": "How many clusters",
    "seg.features": "Alike in",
    "seg.calculated": "{n} clusters are calculated",
    "seg.feature.recency_days": "Days since the last order",
    "seg.feature.order_count": "Orders",
    "seg.feature.total_spent": "Money spent",
    "seg.feature.average_order": "Money an order",
    "seg.feature.purchase_frequency": "Orders in 30 days",
    "seg.feature.sessions_90d": "Visits in 90 days",
    "seg.feature.page_views_90d": "Page views in 90 days",
    "seg.feature.tenure_days": "Days as a customer",
    "seg.feature.age": "Age",
    "seg.purchases": "Orders",
    "seg.purchases.none": "No orders",
    "seg.when": "When",
    "seg.amount": "Amount",
    "seg.pieces": "Pieces",
    "seg.channel": "Channel",
    "seg.state": "State",
    "seg.state.order": "Order",
    "seg.state.refund": "Refund",
    "seg.state.cancelled": "Cancelled",
    "seg.rfmHistory": "RFM by month",
    "seg.profile": "Profile",
    "seg.firstOrder": "First order",
    "seg.lastOrder": "Last order",
    "seg.orders": "Orders",
    "seg.total": "Spent in all",
    "seg.category": "Buys mostly",
    "seg.location": "Place",
    "seg.noVisitor": "This customer was never seen on the site.",
  },
  pt: {
    "seg.views": "Visões",
    "seg.view.customers": "Clientes",
    "seg.view.movement": "Movimento",
    "seg.view.segments": "Segmentos",
    "seg.month": "Mês",
    "seg.earlier": "Mês anterior",
    "seg.later": "Mês seguinte",
    "seg.running": "até agora",
    "seg.month.title": "Clientes do mês",
    "seg.metric.customers": "Clientes",
    "seg.metric.orders": "Pedidos",
    "seg.metric.monetary": "Receita",
    "seg.metric.average_value": "Receita / cliente",
    "seg.compared": "em comparação com {with}",
    "seg.upTo": "{month} até {day}, {clock}",
    "seg.notStored": "Este mês não foi calculado",
    "seg.notStored.text": "Os grupos de um mês são calculados a cada noite enquanto ele corre. Meses antigos são calculados quando alguém pede.",
    "seg.notStored.viewer": "Membros do site podem calculá-lo.",
    "seg.calculate": "Calcular {month}",
    "seg.distribution": "Grupos RFM",
    "seg.noPrevious": "nada para comparar",
    "seg.before": "novo; antes {n}",
    "seg.from": "de {n}",
    "seg.profiles": "Grupos de valor",
    "seg.profiles.note": "de todos os clientes, por k-means",
    "seg.profiles.text": "Os nomes RFM dizem a posição dos clientes de um mês; os grupos de valor dizem que clientes de todos os tempos se parecem. Mostra-se o centro de cada grupo.",
    "seg.profiles.none": "Ainda não há grupos de valor",
    "seg.profiles.none.text": "O k-means divide todos os clientes em alto, médio e baixo valor pelo que compraram.",
    "seg.profiles.calculate": "Calcular grupos de valor",
    "seg.tier": "Nível",
    "seg.centroid.recency_days": "{value} dias desde o último pedido",
    "seg.centroid.order_count": "{value} pedidos",
    "seg.centroid.total_spent": "{value} gastos",
    "seg.centroid.average_order": "{value} por pedido",
    "seg.centroid.purchase_frequency": "{value} pedidos em 30 dias",
    "seg.centroid.sessions_90d": "{value} visitas em 90 dias",
    "seg.centroid.page_views_90d": "{value} páginas vistas em 90 dias",
    "seg.centroid.tenure_days": "{value} dias como cliente",
    "seg.centroid.age": "{value} anos de idade",
    "seg.trend": "Doze meses",
    "seg.allClusters": "Todos os grupos",
    "seg.customers": "Clientes",
    "seg.customer": "Cliente",
    "seg.search": "Nome, e-mail ou número",
    "seg.cluster": "Grupo",
    "seg.recency": "Dias desde",
    "seg.frequency": "Pedidos",
    "seg.monetary": "Gasto",
    "seg.mom": "Mês a mês",
    "seg.newCustomer": "novo",
    "seg.before.title": "Mês anterior",
    "seg.clear": "Limpar filtro",
    "seg.noMatch": "Nenhum cliente corresponde",
    "seg.noMatch.text": "A busca ou o grupo não deixa ninguém.",
    "seg.noCustomers": "Nenhum cliente neste mês",
    "seg.noMonths": "Ainda não há pedidos",
    "seg.noMonths.text": "Clientes e pedidos são importados com vibe.import_csv() ou escritos pela API. Quando houver, os meses aparecem aqui.",
    "seg.movement": "Movimento entre grupos",
    "seg.movement.note": "pontuado com os pedidos de agora",
    "seg.movement.kind": "Quais grupos",
    "seg.movement.rfm": "Grupos RFM",
    "seg.movement.value": "Grupos de valor",
    "seg.movement.before": "Comparado com",
    "seg.movement.from": "De",
    "seg.movement.to": "Para",
    "seg.movement.new": "Novos",
    "seg.movement.gone": "Sem pedidos",
    "seg.movement.goneValue": "Em nenhum",
    "seg.movement.cell": { one: "{n} cliente de {from} para {to}, {share}", other: "{n} clientes de {from} para {to}, {share}" },
    "seg.movement.text": "Leia cada linha da esquerda para a direita: para onde foram os clientes daquele grupo. A parcela é dos que começaram nele.",
    "seg.movement.none": "Nada para comparar",
    "seg.movement.none.text": "Escolha dois meses que tenham clientes.",
    "seg.movers": "Quem mudou",
    "seg.movers.all": "Todos os que mudaram",
    "seg.movers.chosen": "{from} → {to}",
    "seg.movers.nobody": "Ninguém mudou assim",
    "seg.spentBefore": "Gasto antes",
    "seg.spentAfter": "Gasto depois",
    "seg.number": "Número",
    "seg.email": "E-mail",
    "seg.segments": "Segmentos",
    "seg.segments.none": "Ainda não há segmentos",
    "seg.segments.none.text": "Um segmento é um conjunto de clientes ou visitantes com nome, achado por uma regra, por grupos, ou listado à mão.",
    "seg.new": "Novo segmento",
    "seg.segment": "Segmento",
    "seg.kind": "Tipo",
    "seg.kind.rule": "Regra",
    "seg.kind.cluster": "Grupos",
    "seg.kind.static": "À mão",
    "seg.subject": "Os membros são",
    "seg.subject.customer": "Clientes",
    "seg.subject.user": "Visitantes",
    "seg.size": "Tamanho",
    "seg.entered": "Entraram, 30 dias",
    "seg.departed": "Saíram, 30 dias",
    "seg.sized": "Contado",
    "seg.error": "A última contagem noturna falhou: {error}",
    "seg.edit": "Editar",
    "seg.refresh": "Contar agora",
    "seg.refreshed": "{segment}: {n} membros",
    "seg.delete": "Excluir segmento",
    "seg.delete.text": "{name} e o histórico dos seus membros deixarão de existir. Os membros ficam.",
    "seg.deleted": "{name} foi excluído",
    "seg.history": "Membros por dia",
    "seg.people": "Membros",
    "seg.people.none": "Ninguém está neste segmento",
    "seg.since": "Membro desde",
    "seg.rule": "Regra",
    "seg.remove": "Remover",
    "seg.removed": "{name} não está mais no segmento",
    "seg.add": "Incluir",
    "seg.add.search": "Incluir alguém: nome, e-mail ou número",
    "seg.added": "{name} está no segmento agora",
    "seg.add.none": "Ninguém encontrado",
    "seg.gone": "Este segmento não existe mais",
    "seg.name": "Nome",
    "seg.description": "Descrição",
    "seg.saved": "{name} foi salvo",
    "seg.create": "Criar segmento",
    "seg.editOf": "Editar {name}",
    "seg.preview": { one: "{n} cliente corresponde", other: "{n} clientes correspondem" },
    "seg.preview.user": { one: "{n} visitante corresponde", other: "{n} visitantes correspondem" },
    "seg.preview.wait": "Contando…",
    "seg.preview.like": "como {names}",
    "seg.preview.wrong": "A regra ainda não está completa.",
    "seg.kind.rule.text": "Quem cumpre as condições, procurado de novo a cada noite.",
    "seg.kind.cluster.text": "O k-means divide todos os clientes em grupos parecidos.",
    "seg.kind.static.text": "Quem você põe nele; ninguém entra nem sai sozinho.",
    "seg.k": "Quantos grupos",
    "seg.features": "Parecidos em",
    "seg.calculated": "{n} grupos foram calculados",
    "seg.feature.recency_days": "Dias desde o último pedido",
    "seg.feature.order_count": "Pedidos",
    "seg.feature.total_spent": "Dinheiro gasto",
    "seg.feature.average_order": "Dinheiro por pedido",
    "seg.feature.purchase_frequency": "Pedidos em 30 dias",
    "seg.feature.sessions_90d": "Visitas em 90 dias",
    "seg.feature.page_views_90d": "Páginas vistas em 90 dias",
    "seg.feature.tenure_days": "Dias como cliente",
    "seg.feature.age": "Idade",
    "seg.purchases": "Pedidos",
    "seg.purchases.none": "Nenhum pedido",
    "seg.when": "Quando",
    "seg.amount": "Valor",
    "seg.pieces": "Peças",
    "seg.channel": "Canal",
    "seg.state": "Estado",
    "seg.state.order": "Pedido",
    "seg.state.refund": "Devolução",
    "seg.state.cancelled": "Cancelado",
    "seg.rfmHistory": "RFM por mês",
    "seg.profile": "Perfil",
    "seg.firstOrder": "Primeiro pedido",
    "seg.lastOrder": "Último pedido",
    "seg.orders": "Pedidos",
    "seg.total": "Gasto ao todo",
    "seg.category": "Compra mais",
    "seg.location": "Lugar",
    "seg.noVisitor": "Este cliente nunca foi visto no site.",
  },
})

openPage({ name: "segmentation", build })
