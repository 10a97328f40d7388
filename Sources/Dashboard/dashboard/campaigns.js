// The campaigns page: all of them side by side, who gets the orders, and one of them day by day with its events.
import { call, Query, site, store } from "/client.js"
import { chosenDays, daysAfter, PERIOD } from "./address.js"
import { metricCard } from "./card.js"
import { lineChart } from "./chart.js"
import { facts, h, icon } from "./dom.js"
import { day, money, plain, ratio } from "./format.js"
import { panel } from "./panel.js"
import { periodSwitch } from "./period.js"
import { openPage } from "./shell.js"
import { firstPageInstead, paged, searchField, table } from "./table.js"
import { saidBy, t } from "./words.js"
import "./campaigns-words.js"

const PAGE = 25 // campaigns
const EVENTS = 20 // events
const SORTS = ["name", "type", "status", "impressions", "clicks", "ctr", "conversions", "conversion_rate", "cost", "revenue", "roas"]
export const STATUSES = ["draft", "active", "paused", "completed", "archived"]
const MODELS = ["last", "first", "linear"]
/** Days for which a touch may count; none: as the site has set it. */
const WINDOWS = ["", "1", "7", "14", "30", "60", "90", "180", "365"]
/** Figures of a campaign, and how each is written. @type {[string, string][]} */
const FIGURES = [
  ["impressions", "integer"], ["clicks", "integer"], ["ctr", "rate"], ["conversions", "number"], ["conversion_rate", "rate"],
  ["revenue", "money"], ["cost", "money"], ["roas", "ratio"], ["cpc", "money"], ["total_events", "integer"],
]
/** Those that have a course over days. */
const OVER_TIME = ["impressions", "clicks", "ctr", "conversions", "conversion_rate", "revenue", "cost", "roas", "cpc", "total_events"]
/** What of an event's metadata the database has put into columns. */
const COLUMNS = new Set(["customer_id", "customer", "user_id", "visitor", "occurred_at", "value", "cost", "order", "event_id"])
/** Whatever of a campaign changes is a row of these. */
const CHANGES = { tables: ["campaigns", "campaign_events", "campaign_performance"], pause: 2_000 }

openPage({ name: "campaigns", build })

/**
 * @typedef {import("./shell.js").Page} Page
 * @typedef {{ page: Page, days: () => { start_date: string, end_date: string }, chosen: () => number | null,
 *   known: import("/client.js").Store, found: () => number | null }} Context `chosen`: by the address; `found`: the one of them that there is
 */

/** @param {Page} page */
function build(page) {
  const { state, main, toolbar, shortcut } = page
  const days = () => {
    const { first, last } = chosenDays(state)
    return { start_date: first, end_date: last }
  }
  const chosen = () => /^[1-9]\d{0,15}$/.test(state.get("campaign")) ? Number(state.get("campaign")) : null
  const known = store(() => site.current && chosen() !== null ? new Query({
    from: "campaigns", where: [["site_id", "eq", site.current.site_id], ["campaign_id", "eq", chosen()]],
  }) : null, { tables: ["campaigns"] })
  const found = () => known.data?.[0]?.campaign_id === chosen() ? chosen() : null
  /** @type {Context} */
  const context = { page, days, chosen, known, found }
  follow(context, known, ["campaign"])
  const add = h("button", { class: "button primary", type: "button", onclick: () => state.push({ edit: "new" }) }, icon("add"), t("new"))
  site.subscribe(() => { add.hidden = !site.mayWrite })
  toolbar.append(add, periodSwitch(page))
  shortcut("n", t("new"), () => { if (site.mayWrite) state.push({ edit: "new" }) })
  shortcut("b", t("all"), () => state.undo({ campaign: null, at: null }))

  const all = listPanel(context)
  const list = h("div", { class: "stack" }, all.element, attributionPanel(context))
  const one = campaignView(context)
  state.watch(["campaign"], () => {
    const wanted = chosen() === null ? list : one
    if (main.firstChild !== wanted) main.replaceChildren(wanted)
    if (chosen() !== null) scrollTo({ top: 0 })
  })
  /** @type {(() => void) | null} */
  let closeForm = null
  state.watch(["edit"], async () => {
    const wanted = state.get("edit")
    if (!wanted || !site.mayWrite) {
      closeForm?.()
      closeForm = null
      return
    }
    if (closeForm) return
    const { openForm } = await import("/dashboard/campaign-form.js")
    if (wanted !== "new" && found() === null) await known.refresh()
    const campaign = wanted === "new" ? null : known.data?.[0] ?? null
    if (wanted !== "new" && !campaign) return state.set({ edit: null })
    closeForm = openForm({
      campaign,
      onClose() {
        closeForm = null
        if (state.get("edit")) state.undo({ edit: null })
      },
      async onSaved(id) {
        state.set({ edit: null, campaign: id })
        await Promise.all([all.known, known].filter((each) => each.isActive).map((each) => each.refresh()))
      },
      onDeleted() {
        state.set({ edit: null, campaign: null, at: null })
        if (all.known.isActive) all.known.refresh()
      },
    })
  })
}

/** Reads again when a choice changes. @param {Context} context @param {import("/client.js").Store} one @param {string[]} names */
function follow({ page: { state } }, one, names) {
  state.watch(names, () => { if (one.isActive) one.refresh() })
}

/** The status in a word of its own, of those that we know. @param {any} row */
export const badge = (row) => h("span", { class: "badge", "data-status": STATUSES.includes(row.status) ? row.status : null },
  STATUSES.includes(row.status) ? t(`status.${row.status}`) : plain(row.status))

/** Types of ours in the reader's language, others as they are. @param {string} type */
const typeName = (type) => ["email", "search", "social", "display", "affiliate", "sms", "other"].includes(type) ? t(`type.${type}`) : plain(type)

// MARK: All campaigns

/** @param {Page["state"]} state */
function sortOf(state) {
  const [column, way] = state.get("sort", "revenue.desc").split(".")
  return SORTS.includes(column) && ["asc", "desc"].includes(way) ? `${column}.${way}` : "revenue.desc"
}

/** @param {Context} context */
function listPanel(context) {
  const { page: { state }, days } = context
  const statusOf = () => STATUSES.includes(state.get("status")) ? state.get("status") : ""
  const offset = () => Math.max(0, Math.trunc(Number(state.get("offset")) || 0))
  const known = store(() => site.current && new Query({
    from: "get_campaigns", arguments: { site: site.id, ...days(), ...(state.get("q") ? { search: state.get("q") } : {}) },
    where: statusOf() ? [["status", "eq", statusOf()]] : [],
    order: [`${sortOf(state)}.nullslast`, "campaign_id"], limit: PAGE, offset: offset(),
  }), { ...CHANGES, count: true })
  follow(context, known, [...PERIOD, "q", "status", "sort", "offset"])
  firstPageInstead(known, state, "offset")
  const filter = h("select", { class: "field", "aria-label": t("status") },
    h("option", { value: "" }, t("status.all")), ...STATUSES.map((status) => h("option", { value: status }, t(`status.${status}`))))
  filter.addEventListener("change", () => state.set({ status: filter.value || null, offset: null }))
  state.watch(["status"], () => { filter.value = statusOf() })
  const rows = table({
    caption: t("campaigns"), rowKey: (row) => row.campaign_id, open: (row) => state.push({ campaign: row.campaign_id }),
    sort: sortOf(state), onSort: (sort) => state.set({ sort, offset: null }),
    columns: [
      { key: "name", title: t("name"), kind: "text", sort: "name", narrow: true },
      { key: "type", title: t("type"), sort: "type", draw: (row) => typeName(row.type) },
      { key: "status", title: t("status"), sort: "status", draw: badge },
      { key: "impressions", title: t("figure.impressions"), kind: "number", sort: "impressions" },
      { key: "clicks", title: t("figure.clicks"), kind: "number", sort: "clicks" },
      { key: "ctr", title: t("figure.ctr"), kind: "rate", sort: "ctr" },
      { key: "conversions", title: t("figure.conversions"), kind: "number", sort: "conversions" },
      { key: "conversion_rate", title: t("figure.conversion_rate.short"), kind: "rate", sort: "conversion_rate" },
      { key: "cost", title: t("figure.cost"), kind: "money", sort: "cost" },
      { key: "revenue", title: t("figure.revenue"), kind: "money", sort: "revenue", narrow: true },
      { key: "roas", title: t("figure.roas"), kind: "number", sort: "roas", narrow: true, draw: (row) => ratio(row.roas) },
    ],
  })
  state.watch(["sort"], () => { rows.sort = sortOf(state) })
  const draw = paged(rows, { limit: PAGE, offset, go: (to) => state.set({ offset: to || null }) })
  const element = panel({
    title: t("campaigns"), store: known, csv: "campaigns", height: 300, controls: [searchField(state, "q", t("search")), filter],
    empty(data) {
      if (data.total > 0) return null
      if (state.get("q") || statusOf()) {
        const clear = h("button", { class: "button", type: "button", onclick: () => state.set({ q: null, status: null, offset: null }) }, t("search.clear"))
        return { title: t("search.none"), text: "", acts: [clear] }
      }
      const add = h("button", { class: "button primary", type: "button", onclick: () => state.push({ edit: "new" }) }, t("new"))
      return { title: t("none"), text: t("none.text"), acts: site.mayWrite ? [add] : [] }
    },
    draw(body, data) {
      rows.currency = site.current?.currency
      return draw(body, data)
    },
  })
  element.classList.add("campaign-list")
  return { element, known }
}

// MARK: Attribution

/** Which campaign each order is put down to. @param {Context} context */
function attributionPanel(context) {
  const { page: { state, shortcut }, days } = context
  const settings = store(() => site.current && new Query({ from: "campaign_setting", arguments: { of_site: site.current.site_id } }))
  const standard = () => settings.data?.[0]
  /** As the address says, else as the site has set it. */
  const model = () => MODELS.includes(state.get("model")) ? state.get("model") : standard()?.attribution_model ?? ""
  const window_ = () => WINDOWS.includes(state.get("window")) ? state.get("window") : ""
  const known = store(() => site.current && new Query({
    from: "campaign_attribution", arguments: { site: site.id, ...days(), ...(MODELS.includes(state.get("model")) ? { model: state.get("model") } : {}), ...(window_() ? { window_days: Number(window_()) } : {}) },
    where: [["orders", "gt", 0]], order: ["revenue.desc", "campaign_id"],
  }), { ...CHANGES, pause: 10_000 })
  follow(context, known, [...PERIOD, "model", "window"])
  const models = MODELS.map((name) => h("button", { type: "button", title: t(`model.${name}.text`), onclick: () => state.set({ model: name }) }, t(`model.${name}`)))
  const window = h("select", { class: "field window", "aria-label": t("window") },
    ...WINDOWS.map((length) => h("option", { value: length }, length ? t("window.days", { n: Number(length) }) : "…")))
  window.addEventListener("change", () => state.set({ window: window.value || null }))
  const about = h("span", { class: "muted" })
  const keep = h("button", { class: "button small", type: "button", onclick: keepChoice }, t("model.keep"))
  const dress = () => {
    models.forEach((button, place) => button.setAttribute("aria-pressed", String(MODELS[place] === model())))
    window.value = window_()
    if (standard()) window.options[0].textContent = t("window.site", { n: Number(standard().window_days) })
    about.textContent = model() ? t(`model.${model()}.text`) : ""
    const isOther = standard() && (model() !== standard().attribution_model || window_() && Number(window_()) !== standard().window_days)
    keep.hidden = !isOther || !site.mayWrite
  }
  async function keepChoice() {
    const { toast } = await import("./dialog.js")
    keep.disabled = true
    try {
      await call("change_campaign_settings", { site: site.id, attribution_model: model(), ...(window_() ? { window_days: Number(window_()) } : {}) })
      await settings.refresh()
      state.set({ model: null, window: null })
      toast(t("model.kept"))
    } catch (error) {
      toast(saidBy(error), "bad")
    }
    keep.disabled = false
  }
  settings.subscribe(dress)
  state.watch(["model", "window"], dress)
  MODELS.forEach((name, place) => shortcut(String(place + 1), t("model.key", { model: t(`model.${name}`) }), () => state.set({ model: name })))
  const rows = table({
    caption: t("attribution"), rowKey: (row) => row.campaign_id ?? "none",
    open: (row) => { if (row.campaign_id != null) state.push({ campaign: row.campaign_id }) },
    columns: [
      { key: "name", title: t("campaign"), kind: "text", narrow: true },
      { key: "orders", title: t("attribution.orders"), kind: "number", narrow: true },
      { key: "customers", title: t("attribution.customers"), kind: "number" },
      { key: "revenue", title: t("figure.revenue"), kind: "money", narrow: true },
    ],
  })
  const place = h("div", { class: "rows" }, rows, h("div", { class: "row about" }, about, keep))
  return panel({
    title: t("attribution"), store: known, csv: "attribution", height: 200,
    controls: [h("div", { class: "segmented small", role: "group", "aria-label": t("model") }, ...models), window],
    empty: (data) => data.length === 0 ? { title: t("attribution.none"), text: t("attribution.none.text") } : null,
    draw(_, data) {
      rows.currency = site.current?.currency
      rows.rows = data
      return place
    },
  })
}

// MARK: One campaign

/** @param {Context} context */
function campaignView(context) {
  const { page: { state }, chosen, known } = context
  const title = h("h2", { tabindex: "-1" })
  const about = h("span", { class: "row about" })
  const back = h("button", { class: "button small", type: "button", onclick: () => state.undo({ campaign: null, at: null }) }, icon("previous"), t("all"))
  const edit = h("button", { class: "button small", type: "button", onclick: () => state.push({ edit: "1" }) }, t("edit"))
  const head = h("div", { class: "campaign-head" }, back, title, about, edit)
  const detail = h("div", { class: "stack" }, performance(context),
    h("div", { class: "grid" }, overTime(context), aboutPanel(context)), events(context))
  const nothing = h("div", { class: "panel notice", role: "status" }, h("p", {}, h("strong", {}, t("gone"))), h("p", {}, t("gone.text")))
  const element = h("div", { class: "stack" }, head, detail)
  let shownId = /** @type {number | null} */ (null)
  known.subscribe(() => {
    const row = known.data?.[0]
    const isGone = known.data?.length === 0
    edit.hidden = !row || !site.mayWrite
    const wanted = isGone ? nothing : detail
    if (element.lastChild !== wanted) element.lastChild?.replaceWith(wanted)
    title.textContent = row ? plain(row.name) : isGone ? t("campaign") : ""
    about.replaceChildren(...(row ? [badge(row), h("span", { class: "muted" }, typeName(row.type))] : []))
    if (row && shownId !== row.campaign_id) {
      // Who came from the list is led on.
      if (shownId !== null || history.state?.pushed) title.focus({ preventScroll: true })
      shownId = row.campaign_id
    }
  })
  state.watch(["campaign"], () => { if (chosen() === null) shownId = null })
  return element
}

/** @param {Page["state"]} state */
const metricOf = (state) => OVER_TIME.includes(state.get("metric", "revenue")) ? state.get("metric") : "revenue"

/** A question about the chosen campaign in the chosen days. @param {Context} context @param {string} from @param {object} [shape] */
const ofCampaign = ({ days, found }, from, shape = {}) =>
  site.current && found() !== null ? new Query({ from, arguments: { campaign_id: found(), ...days() }, ...shape }) : null

/** Reads again when the campaign, its days or one of these choices is another. @param {Context} context @param {import("/client.js").Store} one @param {string[]} [names] */
function followCampaign(context, one, names = []) {
  follow(context, one, [...PERIOD, ...names])
  let seen = context.found()
  context.known.subscribe(() => {
    if (context.found() === seen) return
    seen = context.found()
    if (one.isActive) one.refresh()
  })
}

/** @param {Context} context */
function performance(context) {
  const { page: { state } } = context
  const known = store(() => ofCampaign(context, "get_campaign_performance"), CHANGES)
  followCampaign(context, known)
  const cards = FIGURES.map(([figure]) => {
    const element = metricCard({
      label: t(`figure.${figure}`), ...(OVER_TIME.includes(figure) ? { act: () => state.set({ metric: figure }) } : {}),
      ...(figure === "conversion_rate" ? { note: t("figure.conversion_rate.note") } : {}),
    })
    element.dataset.metric = figure
    return element
  })
  state.watch(["metric"], () => { for (const element of cards) element.selected = element.dataset.metric === metricOf(state) })
  const place = h("div", { class: "cards" }, ...cards)
  const element = panel({
    title: t("performance"), store: known, csv: "campaign-performance", height: 224,
    draw(_, [row]) {
      FIGURES.forEach(([figure, format], at) => {
        cards[at].metric = { value: row?.[figure] ?? null, format, currency: site.current?.currency }
      })
      return place
    },
  })
  element.classList.add("figures")
  return element
}

/** @param {Context} context */
function overTime(context) {
  const { page: { state } } = context
  const known = store(() => ofCampaign(context, "campaign_days", { order: ["date"] }), CHANGES)
  followCampaign(context, known)
  const chart = lineChart({ label: "", height: 250 })
  const place = h("div", {}, chart)
  const today = () => site.day(new Date().toISOString())
  const draw = () => {
    const metric = metricOf(state)
    chart.options = {
      label: t(`figure.${metric}`), currency: site.current?.currency, format: FIGURES.find(([name]) => name === metric)?.[1] ?? "integer",
      points: (known.data ?? []).map((/** @type {any} */ row) => ({ date: row.date, value: row[metric], is_partial: row.date === today() })),
    }
    return place
  }
  const element = panel({
    title: t("days"), store: known, csv: "campaign-days", height: 320, draw,
    empty: (rows) => rows.length === 0 ? { title: t("days.none"), text: "" } : null,
  })
  element.classList.add("over-time")
  state.watch(["metric"], () => {
    element.heading = t("days.of", { figure: t(`figure.${metricOf(state)}`) })
    if (known.data?.length) draw()
  })
  return element
}

/** @param {Context} context */
function aboutPanel({ page, known, found }) {
  const segment = store(() => found() !== null && known.data[0].segment_id != null ? new Query({
    from: "segments", select: ["name"], where: [["site_id", "eq", site.current?.site_id ?? 0], ["segment_id", "eq", known.data[0].segment_id]],
  }) : null)
  const name = h("a", { href: "/segmentation" })
  segment.subscribe(() => { name.textContent = plain(segment.data?.[0]?.name ?? "…") })
  known.subscribe(() => { if (found() !== null) segment.refresh() })
  return panel({
    title: t("about"), store: known, csv: "campaign", height: 200, empty: () => null,
    draw: (_, [row]) => facts([
      [t("about.segment"), row?.segment_id == null ? t("about.everybody") : linked(name, page, row.segment_id)],
      [t("about.budget"), row?.budget == null ? "–" : money(row.budget, site.current?.currency)],
      [t("about.starts"), row?.start_date ? day(row.start_date) : "–"],
      [t("about.ends"), row?.end_date ? day(row.end_date) : t("about.open")],
      [t("about.utm_campaign"), row?.utm_campaign ? h("code", {}, plain(row.utm_campaign)) : "–"],
      [t("about.utm_source"), row?.utm_source ? h("code", {}, plain(row.utm_source)) : null],
      [t("about.utm_medium"), row?.utm_medium ? h("code", {}, plain(row.utm_medium)) : null],
      [t("about.external_id"), row?.external_id ? h("code", {}, plain(row.external_id)) : null],
    ]),
  })
}

/** @param {HTMLAnchorElement} name @param {Page} page @param {number} id of the segment */
function linked(name, { state }, id) {
  name.search = new URLSearchParams({ ...(state.get("site") ? { site: state.get("site") } : {}), view: "segments", segment: String(id) }).toString()
  return name
}

/** What of the metadata stands in no column. @param {Record<string, unknown> | null} metadata */
function rest(metadata) {
  const more = Object.entries(metadata ?? {}).filter(([name]) => !COLUMNS.has(name))
  return more.map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`).join(", ") || "–"
}

/** @param {Context} context */
function events(context) {
  const { page } = context
  const { state } = page
  const offset = () => Math.max(0, Math.trunc(Number(state.get("at")) || 0))
  /** The first instant of a day. @param {string} date */
  const begins = (date) => `${date} 00:00 ${site.current?.time_zone}`
  const known = store(() => site.current && context.found() !== null ? new Query({
    from: "campaign_events",
    select: ["campaign_event_id", "occurred_at", "event_type", "customer_id", "user_id", "order_id", "value", "cost", "metadata"],
    where: [["site_id", "eq", site.current.site_id], ["campaign_id", "eq", context.found()],
      ["occurred_at", "gte", begins(context.days().start_date)], ["occurred_at", "lt", begins(daysAfter(context.days().end_date, 1))]],
    order: ["occurred_at.desc", "campaign_event_id.desc"], limit: EVENTS, offset: offset(),
  }) : null, { ...CHANGES, count: true })
  followCampaign(context, known, ["at"])
  firstPageInstead(known, state, "at")
  const rows = table({
    caption: t("events"), rowKey: (row) => row.campaign_event_id,
    columns: [
      { key: "occurred_at", title: t("events.when"), kind: "moment", narrow: true },
      { key: "event_type", title: t("events.type"), kind: "text", narrow: true },
      { key: "who", title: t("events.who"), draw: (row) => row.user_id == null ? row.customer_id == null ? "–" : t("events.customer", { id: String(row.customer_id) }) :
        h("button", { class: "link", type: "button", onclick: () => page.openPerson(row.user_id) }, t("events.user", { id: String(row.user_id) })) },
      { key: "order_id", title: t("events.order"), kind: "text" },
      { key: "value", title: t("events.value"), kind: "money", narrow: true },
      { key: "cost", title: t("figure.cost"), kind: "money" },
      { key: "metadata", title: t("events.more"), draw: (row) => plain(rest(row.metadata)) },
    ],
  })
  const draw = paged(rows, { limit: EVENTS, offset, go: (to) => state.set({ at: to || null }) })
  return panel({
    title: t("events"), store: known, csv: "campaign-events", height: 240,
    empty: (data) => data.total === 0 ? { title: t("events.none"), text: t("events.none.text") } : null,
    draw(body, data) {
      rows.currency = site.current?.currency
      return draw(body, data)
    },
  })
}
