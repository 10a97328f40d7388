// The analytics page: the company's figures of a period, one of them over time, month over month, clusters, and what each source gave.
import { Query, site, store } from "/client.js"
import { chosenDays, daysAfter, isDay, PERIOD } from "./address.js"
import { bars, changed, paint } from "./bars.js"
import { delta, metricCard } from "./card.js"
import { lineChart } from "./chart.js"
import { h, icon } from "./dom.js"
import { day, hour, moment, money, month as monthName, plain, relative, shown } from "./format.js"
import { panel } from "./panel.js"
import { periodSwitch } from "./period.js"
import { openPage } from "./shell.js"
import { table } from "./table.js"
import { locale, t } from "./words.js"
import "./analytics-words.js"

/** In the order of the cards. */
const METRICS = ["revenue", "orders", "average_order_value", "customers", "new_customers", "repeat_rate", "active_users", "conversion_rate"]
/** What a month is compared with: as much of the month before, all of it, or the part of it that the days so far are. */
const COMPARISONS = ["same_elapsed", "full_month", "pro_rata"]
const SLOW = 60_000 // ms between reads that nobody asked for

const CLUSTERS = new Set(["champions", "loyal", "opportunists", "at_risk", "hibernating", "lost"])

/** Those that had better not grow. */
const LOSSES = new Set(["at_risk", "hibernating", "lost"])

/** Names of ours, not translated. @type {Record<string, string>} */
const SOURCES = { wordpress: "WordPress / WooCommerce", bling: "Bling ERP", crm: "CRM" }
const REASONS = new Set(["STALE", "SOURCE_ERROR"])
const STATUSES = ["ok", "stale", "error", "never", "off"]

openPage({ name: "analytics", build })

/**
 * @typedef {import("./shell.js").Page} Page
 * @typedef {{ page: Page, pastDay: () => string, days: () => { first: string, last: string }, month: () => string,
 *   isCompared: () => boolean, months: import("/client.js").Store,
 *   ask: (from: string, given: Record<string, unknown>, shape?: object) => Query | null }} Context
 */

/** @param {Page} page */
function build(page) {
  const { state, main, toolbar } = page
  const today = () => site.day(new Date().toISOString())
  /** The day at whose end the page stands still; none: it goes with the clock. */
  const pastDay = () => isDay(state.get("asof")) && state.get("asof") < today() ? state.get("asof") : ""
  /** A range that has not begun on the page's day would have no figures: the standard one takes its place. */
  const days = () => {
    const end = pastDay() || today(), { first, last } = chosenDays(state, end)
    return first <= end ? { first, last } : { first: daysAfter(end, -29), last: end }
  }
  /** @type {Context["ask"]} */
  const ask = (from, given, shape = {}) => site.current && new Query({
    from, arguments: { site: site.id, ...given, ...(pastDay() ? { as_of: `${pastDay()} 24:00 ${site.current.time_zone}` } : {}) }, ...shape,
  })
  const months = store(() => site.current && new Query({ from: "rfm_months", arguments: { site: site.id }, select: ["month", "is_default"] }), { every: 2 * SLOW })
  // The running month where it has orders, else the latest one that has.
  const month = () => {
    const now = (pastDay() || today()).slice(0, 7)
    const known = /** @type {{ month: string }[]} */ (months.data ?? []).map((one) => one.month).filter((name) => name <= now)
    return /^\d{4}-(0[1-9]|1[0-2])$/.test(state.get("month")) && state.get("month") <= now ? state.get("month") : known[0] ?? now
  }
  const isCompared = () => state.get("compare", "1") === "1"
  /** @type {Context} */
  const context = { page, pastDay, days, month, isCompared, months, ask }
  toolbar.append(asOfButton(context), compareSwitch(context), periodSwitch(page))
  const stands = h("p", { class: "panel stands", role: "status", hidden: true })
  state.watch(["asof"], () => {
    stands.hidden = !pastDay()
    stands.replaceChildren(h("span", {}, t("asof.stands", { day: day(pastDay() || null, undefined, { dateStyle: "long" }) })),
      h("button", { class: "button small", type: "button", onclick: () => state.set({ asof: null }) }, t("asof.now")))
  })
  main.append(stands, figures(context),
    h("div", { class: "grid" }, overTime(context), sources(context)),
    h("div", { class: "halves months" }, monthOverMonth(context), clusters(context)),
    downloads(context))
}

/** Reads again when a choice changes. @param {Context} context @param {import("/client.js").Store} one @param {string[]} names */
function follow({ page: { state } }, one, names) {
  state.watch(["asof", ...names], () => { if (one.isActive) one.refresh() })
}

// MARK: Controls

/** Whether the figures stand beside those of before. @param {Context} context */
function compareSwitch({ page: { state, shortcut }, isCompared }) {
  const turn = () => state.set({ compare: isCompared() ? "0" : "1" })
  shortcut("x", t("compare.long"), turn)
  const button = h("button", { class: "button", type: "button", title: t("compare.long"), onclick: turn }, t("compare"))
  state.watch(["compare"], () => { button.setAttribute("aria-pressed", String(isCompared())) })
  return button
}

/** Chooses the day at whose end the page stands. @param {Context} context */
function asOfButton({ page: { state, shortcut }, pastDay }) {
  const button = h("button", { class: "button", type: "button", title: t("asof.long"), onclick: choose })
  state.watch(["asof"], () => {
    button.textContent = pastDay() ? t("asof.of", { day: day(pastDay()) }) : t("asof")
    button.setAttribute("aria-pressed", String(Boolean(pastDay())))
  })
  async function choose() {
    const { openDialog } = await import("./dialog.js")
    const field = h("input", { class: "field", type: "date", required: true, value: pastDay(), max: daysAfter(site.day(new Date().toISOString()), -1) })
    const now = h("button", { class: "button", type: "button", disabled: !pastDay() }, t("asof.now"))
    const form = h("form", { class: "form" }, h("p", { class: "muted" }, t("asof.text")), h("label", {}, t("asof.day"), field),
      h("div", { class: "row end" }, now, h("button", { class: "button primary" }, t("period.show"))))
    now.addEventListener("click", () => {
      close()
      state.set({ asof: null })
    })
    form.addEventListener("submit", (event) => {
      event.preventDefault()
      close()
      state.set({ asof: field.value, month: null })
    })
    const close = openDialog({ title: t("asof.long"), body: form })
  }
  shortcut("o", t("asof.long"), choose)
  return button
}

// MARK: Figures and their way

/** @param {Page["state"]} state */
const metricOf = (state) => METRICS.includes(state.get("metric", "revenue")) ? state.get("metric") : "revenue"

/** The cards; a click makes a card's figure the chart's. @param {Context} context */
function figures(context) {
  const { page: { state }, ask, days, isCompared } = context
  const kpis = store(() => ask("analytics_kpis", { start_date: days().first, end_date: days().last, ...(isCompared() ? {} : { compare: "none" }) }), { every: SLOW })
  follow(context, kpis, [...PERIOD, "compare"])
  const cards = METRICS.map((metric) => {
    const element = metricCard({ label: t(`metric.${metric}`), act: () => state.set({ metric }) })
    element.dataset.metric = metric
    return element
  })
  state.watch(["metric"], () => { for (const element of cards) element.selected = element.dataset.metric === metricOf(state) })
  const place = h("div", { class: "cards" }, ...cards)
  const note = h("span")
  const element = panel({
    title: t("figures"), store: kpis, csv: "key-figures", height: 240, note,
    draw(_, rows) {
      const known = new Map(rows.map((/** @type {any} */ row) => [row.metric, row]))
      for (const each of cards) each.metric = known.has(each.dataset.metric) ? { ...known.get(each.dataset.metric), currency: site.current?.currency } : null
      note.textContent = compared(rows)
      return place
    },
  })
  element.classList.add("figures")
  return element
}

/** "1 – 21 Nov, compared with 1 – 21 Oct". @param {any[]} rows */
function compared(rows) {
  const [row] = rows
  if (!row) return ""
  const now = range(row.range_start, row.range_end), before = range(row.previous_start, row.previous_end)
  return before && row.previous_start && rows.some(({ previous }) => previous != null) ? t("compared", { now, before }) : now
}

/** A time from one instant up to another, in days of the site's calendar; one that ends within a day says when. @param {string | null} starts @param {string | null} ends */
function range(starts, ends) {
  if (!starts || !ends) return ""
  const isWhole = site.day(ends, true).endsWith("T00:00")
  const last = isWhole ? new Date(Date.parse(ends) - 1).toISOString() : ends
  const first = day(starts), to = isWhole ? day(last) : hour(last)
  return first === to ? first : `${first} – ${to}`
}

/** @param {Context} context */
function overTime(context) {
  const { page: { state }, ask, days, isCompared } = context
  const trend = store(() => ask("analytics_trend", { start_date: days().first, end_date: days().last, metric: metricOf(state) }), { every: SLOW })
  follow(context, trend, [...PERIOD, "metric"])
  const step = h("span")
  const chart = lineChart({ label: "", height: 270 })
  const place = h("div", {}, chart)
  const draw = (/** @type {any[]} */ rows) => {
    const length = rows.length > 1 ? stepOf(rows) : ""
    step.textContent = length && t(`by.${length}`)
    chart.options = { currency: site.current?.currency, when: ({ date }) => length === "month" ? monthName(date) : day(date) }
    chart.points = rows.map(({ starts_at, value, previous, is_partial }) => ({ date: starts_at, value, previous: isCompared() ? previous : null, is_partial }))
    return place
  }
  const element = panel({ title: t(`metric.${metricOf(state)}`), store: trend, csv: "trend", height: 340, note: step, draw: (_, rows) => draw(rows) })
  element.classList.add("over-time")
  state.watch(["metric"], () => {
    const metric = metricOf(state)
    element.heading = t(`metric.${metric}`)
    const format = { revenue: "money", average_order_value: "money", repeat_rate: "rate", conversion_rate: "rate" }[metric] ?? "integer"
    chart.options = { label: element.heading, format }
  })
  state.watch(["compare"], () => { if (trend.data) draw(trend.data) })
  return element
}

/** What one point stands for; the first and the last one may be cut. @param {{ starts_at: string }[]} rows */
function stepOf(rows) {
  const starts = rows.map(({ starts_at }) => Date.parse(starts_at) / 86_400_000)
  const length = Math.max(...starts.slice(1).map((start, place) => start - starts[place]))
  return length < 7 ? "day" : length < 28 ? "week" : "month"
}

// MARK: Sources

/** What each source gave in the period. One that failed has no figure, and says since when. @param {Context} context */
function sources(context) {
  const { ask, days } = context
  const known = store(() => ask("analytics_sources", { start_date: days().first, end_date: days().last }), { every: SLOW })
  follow(context, known, PERIOD)
  return panel({
    title: t("sources"), store: known, csv: "sources", height: 340,
    empty: (rows) => rows.length === 0 ? { title: t("sources.none"), text: t("sources.none.text") } : null,
    draw: (_, rows) => h("ul", { class: "sources" }, ...rows.map(sourceItem)),
  })
}

/** An instant by the reader's clock, to the minute. @param {string} instant */
const minute = (instant) => new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" }).format(new Date(instant))

/** @param {any} row */
function sourceItem(row) {
  const status = STATUSES.includes(row.status) ? row.status : "error"
  const isKnown = row.value != null
  const since = row.since ?? row.last_success_at
  const { short, full } = row.source === "crm" ? { short: t("source.interactions", { n: Number(row.value) }), full: "" } : shown(row.value, "money", site.current?.currency)
  const main = isKnown ? h("strong", { class: "value", title: full || null }, short)
    : h("strong", { class: "value none" }, ["never", "off"].includes(status) ? t(`source.${status}.text`)
      : since ? t("source.since", { when: minute(since) }) : t("source.unavailable"))
  const details = [
    isKnown && row.orders != null ? t("source.orders", { n: Number(row.orders) }) : "",
    ["error", "stale"].includes(status) && row.code ? t(REASONS.has(row.code) ? `source.code.${row.code}` : "source.code", { code: plain(row.code) }) : "",
    row.last_success_at ? t("source.last", { ago: relative(row.last_success_at) }) : "",
  ].filter(Boolean)
  return h("li", { "data-source": row.source, "data-status": status },
    h("div", { class: "head" }, h("span", { class: "name" }, SOURCES[row.source] ?? plain(row.source)), h("span", { class: "status" }, t(`source.${status}`))),
    main, details.length > 0 && h("p", { class: "muted", title: row.last_success_at ? moment(row.last_success_at) : null }, details.join(" · ")))
}

// MARK: Months

/** A date in the month "2026-10", to show it. @param {string} name */
const nameOf = (name) => monthName(`${name}-01`)

/** The first and the last day of a month. @param {string} name */
function daysOf(name) {
  const next = new Date(`${name}-01T00:00:00Z`)
  next.setUTCMonth(next.getUTCMonth() + 1)
  return { start_date: `${name}-01`, end_date: daysAfter(next.toISOString().slice(0, 10), -1) }
}

/** @param {Context} context */
function monthOverMonth(context) {
  const { page: { state }, ask, month } = context
  const against = () => COMPARISONS.includes(state.get("against", COMPARISONS[0])) ? state.get("against") : COMPARISONS[0]
  const kpis = store(() => ask("analytics_kpis", { ...daysOf(month()), compare: against() }), { every: SLOW })
  followMonth(context, kpis, ["against"])
  const how = h("select", { class: "field against", "aria-label": t("against") }, ...COMPARISONS.map((name) => h("option", { value: name }, t(`against.${name}`))))
  how.addEventListener("change", () => state.set({ against: how.value }))
  state.watch(["against"], () => { how.value = against() })
  const currency = () => site.current?.currency
  /** @param {any} row @param {"value" | "previous"} key */
  const cell = (row, key) => {
    const { short, full } = shown(row[key], row.format, currency())
    return h("span", { title: full }, short)
  }
  const rows = table({
    caption: t("mom"), rowKey: (row) => row.metric,
    columns: [
      { key: "metric", title: t("mom.metric"), narrow: true, draw: (row) => t(`metric.${row.metric}`) },
      { key: "value", title: t("mom.month"), kind: "number", narrow: true, draw: (row) => cell(row, "value") },
      { key: "previous", title: t("mom.before"), kind: "number", narrow: true, draw: (row) => cell(row, "previous") },
      { key: "change", title: t("mom.change"), kind: "rate", narrow: true, draw: change },
    ],
  })
  const note = h("p", { class: "muted ranges" })
  const place = h("div", { class: "rows" }, rows, note)
  return panel({
    title: t("mom"), store: kpis, csv: "month-over-month", height: 350, controls: [monthPicker(context), how],
    draw(_, data) {
      rows.rows = METRICS.map((metric) => data.find((/** @type {any} */ row) => row.metric === metric)).filter(Boolean)
      note.textContent = compared(data)
      return place
    },
  })
}

/** How far a figure has moved: rates in points, others in percent; from zero there is no percentage. @param {any} row */
function change(row) {
  const found = delta(row)
  if (!found) return h("span", { class: "muted" }, "–")
  const { text, way, isGood } = found
  return h("span", { class: `delta ${way === "same" ? "muted" : isGood ? "good" : "bad"}` },
    h("span", { "aria-hidden": "true" }, { up: "↑ ", down: "↓ ", same: "" }[way]), text,
    way !== "same" && h("span", { class: "visually-hidden" }, ` (${t(isGood ? "card.better" : "card.worse")})`))
}

/** @param {Context} context */
function monthPicker(context) {
  const { page: { state, shortcut }, months, month, pastDay } = context
  const select = h("select", { class: "field", "aria-label": t("month") })
  select.addEventListener("change", () => state.set({ month: select.value }))
  const show = () => {
    const now = pastDay().slice(0, 7) || site.day(new Date().toISOString()).slice(0, 7)
    const known = (months.data ?? []).map((/** @type {any} */ one) => one.month).filter((/** @type {string} */ name) => name <= now)
    const names = [...new Set([month(), now, ...known])].sort().reverse()
    if (names.join() !== [...select.options].map((option) => option.value).join()) {
      select.replaceChildren(...names.map((name) => h("option", { value: name }, nameOf(name))))
    }
    select.value = month()
  }
  /** @param {number} by months back */
  const step = (by) => {
    const next = select.options[select.selectedIndex + by]
    if (next) state.set({ month: next.value })
  }
  shortcut("[", t("month.earlier"), () => step(1))
  shortcut("]", t("month.later"), () => step(-1))
  months.subscribe(show)
  state.watch(["month", "asof"], show)
  return select
}

/** Of the month that is chosen, which is known with the first answer of `months`. @param {Context} context @param {import("/client.js").Store} one @param {string[]} [names] */
function followMonth(context, one, names = []) {
  follow(context, one, ["month", ...names])
  let seen = context.month()
  context.months.subscribe(() => {
    if (context.month() === seen) return
    seen = context.month()
    if (one.isActive) one.refresh()
  })
}

/** @param {Context} context */
function clusters(context) {
  const { page: { state }, ask, month } = context
  const known = store(() => ask("analytics_clusters", { month: month() }), { every: SLOW })
  followMonth(context, known)
  const note = h("span")
  const more = h("a", { class: "button small", href: "/segmentation" }, t("clusters.more"))
  const dress = () => {
    note.textContent = nameOf(month())
    const query = new URLSearchParams(location.search)
    more.setAttribute("href", `/segmentation?${new URLSearchParams({ ...(query.has("site") ? { site: state.get("site") } : {}), month: month() })}`)
  }
  context.months.subscribe(dress)
  state.watch(["month", "asof", "site"], dress)
  return panel({
    title: t("clusters"), store: known, csv: "clusters", height: 350, note, controls: [more],
    empty: (rows) => rows.every((/** @type {any} */ row) => !row.customers) ? { title: t("clusters.none"), text: t("clusters.none.text") } : null,
    draw(_, rows) {
      const list = bars(rows.map((/** @type {any} */ row) => ({
        label: CLUSTERS.has(row.cluster) ? t(`cluster.${row.cluster}`) : row.label, value: row.customers, share: row.share,
        text: h("span", {}, money(row.revenue, site.current?.currency),
          row.average_value != null && ` · ${t("clusters.average", { value: money(row.average_value, site.current?.currency) })}`,
          row.previous_customers != null && h("span", {}, " · ",
            row.customers_change == null ? t("clusters.before", { n: Number(row.previous_customers) }) : changed(row.customers_change, LOSSES.has(row.cluster)),
            row.customers_change != null && ` ${t("clusters.from", { n: Number(row.previous_customers) })}`)),
      })))
      ;[...list.children].forEach((item, place) => paint(/** @type {HTMLElement} */ (item), rows[place].color))
      list.classList.add("clusters")
      return list
    },
  })
}

// MARK: Downloads

/** Whole files with the same bounds, made by the server. @param {Context} context */
function downloads(context) {
  const { page: { state }, days, month, pastDay, months } = context
  const list = h("ul", { class: "downloads" })
  /** @param {string} path @param {Record<string, string>} given */
  const address = (path, given) => `/api/v1/${path}?${new URLSearchParams({ site: site.id, ...given })}`
  const dress = () => {
    const { first, last } = days(), range_ = `${day(first)} – ${day(last)}`
    const bounds = { start_date: first, end_date: last }
    const asOf = pastDay() ? { as_of: `${pastDay()} 24:00 ${site.current?.time_zone}` } : {}
    /** @type {[string, string, string, Record<string, string>, string[]][]} */
    const files = [
      ["customers", nameOf(month()), "customers/export", { month: month() }, ["csv", "ndjson"]],
      ["daily", range_, "daily-stats/export", bounds, ["csv", "ndjson"]],
      ["events", range_, "events/export", bounds, ["csv", "ndjson"]],
      ["campaigns", range_, "campaigns/export", bounds, ["csv", "ndjson"]],
      ["answer", range_, "analytics", { ...bounds, ...asOf }, ["json"]],
    ]
    list.replaceChildren(...files.map(([name, of, path, given, formats]) => h("li", {},
      h("span", { class: "name" }, t(`download.${name}`)), h("span", { class: "muted" }, of),
      h("span", { class: "row" }, ...formats.map((format) => h("a", {
        class: "button small", download: format === "json" ? `analytics-${first}-${last}.json` : true,
        href: address(path, format === "json" ? given : { ...given, format }), "aria-label": t("download.as", { name: t(`download.${name}`), format: format.toUpperCase() }),
      }, icon("download"), format.toUpperCase()))))))
  }
  site.subscribe(dress)
  months.subscribe(dress)
  state.watch([...PERIOD, "month", "asof"], dress)
  return panel({ title: t("downloads"), note: t("downloads.note"), height: 80, draw: () => list })
}
