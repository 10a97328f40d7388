// The CRM page: the figures of now, one of them over time, the funnel, who is here, and how visitors are sent here.
import { chartData, crmMetrics, funnelData, Query, site, store } from "/client.js"
import { metricCard } from "./card.js"
import { lineChart } from "./chart.js"
import { h } from "./dom.js"
import { plain } from "./format.js"
import { panel } from "./panel.js"
import { chosenDays, PERIOD, periodSwitch } from "./period.js"
import { openPage } from "./shell.js"
import { steps, stepsOf } from "./steps.js"
import { activeUsers, snippet } from "./visitors.js"

/** Which figure over time stands behind a card, and how it is written. */
const CARDS = [
  { metric: "total_users", series: "total_users", format: "integer" },
  { metric: "online_now", series: "users", format: "integer" },
  { metric: "new_this_week", series: "new_users", format: "integer" },
  { metric: "churn_rate", series: "churn_rate", format: "rate" },
  { metric: "revenue", series: "revenue", format: "money" },
]

const WORDS = {
  en: {
    "crm.figures": "Key figures", "crm.compare": "Compare", "crm.compareLong": "Compare with the period before",
    "crm.total_users": "Total users", "crm.online_now": "Online now", "crm.new_this_week": "New this week",
    "crm.churn_rate": "Churn rate", "crm.revenue": "Revenue",
    "crm.total_users.note": "30 days ago", "crm.online_now.note": "with a page open", "crm.new_this_week.note": "by now last week",
    "crm.churn_rate.note": "30 days earlier", "crm.revenue.note": "by now last month",
    "crm.series.total_users": "Total users", "crm.series.users": "Users", "crm.series.new_users": "New users",
    "crm.series.churn_rate": "Churn rate", "crm.series.revenue": "Revenue",
    "crm.by.hour": "by hour", "crm.by.day": "by day", "crm.by.week": "by week", "crm.by.month": "by month",
    "crm.funnel": "Funnel", "crm.funnelOf": "Funnel “{name}”", "crm.whichFunnel": "Which funnel",
    "crm.noFunnel": "No funnel yet", "crm.noFunnel.text": "A funnel shows step by step how many visitors become customers.",
    "crm.makeFunnel": "Make a funnel",
  },
  pt: {
    "crm.figures": "Números principais", "crm.compare": "Comparar", "crm.compareLong": "Comparar com o período anterior",
    "crm.total_users": "Total de usuários", "crm.online_now": "Online agora", "crm.new_this_week": "Novos nesta semana",
    "crm.churn_rate": "Taxa de abandono", "crm.revenue": "Receita",
    "crm.total_users.note": "há 30 dias", "crm.online_now.note": "com uma página aberta", "crm.new_this_week.note": "até aqui na semana passada",
    "crm.churn_rate.note": "30 dias antes", "crm.revenue.note": "até aqui no mês passado",
    "crm.series.total_users": "Total de usuários", "crm.series.users": "Usuários", "crm.series.new_users": "Novos usuários",
    "crm.series.churn_rate": "Taxa de abandono", "crm.series.revenue": "Receita",
    "crm.by.hour": "por hora", "crm.by.day": "por dia", "crm.by.week": "por semana", "crm.by.month": "por mês",
    "crm.funnel": "Funil", "crm.funnelOf": "Funil “{name}”", "crm.whichFunnel": "Qual funil",
    "crm.noFunnel": "Ainda não há funil", "crm.noFunnel.text": "Um funil mostra, etapa por etapa, quantos visitantes viram clientes.",
    "crm.makeFunnel": "Criar um funil",
  },
}

openPage({ name: "crm", words: WORDS, build })

/** @param {import("./shell.js").Page} page */
function build(page) {
  page.toolbar.append(compareSwitch(page), periodSwitch(page))
  page.state.watch([...PERIOD, "compare", "metric", "funnel"], () => {
    const { first, last } = chosenDays(page.state)
    // What ends today has no last day: a page left open goes on with the calendar.
    const to = page.state.get("to") === last ? last : null
    chartData.set({ metric: card(page).series, from: first, to, compare: isCompared(page.state) })
    funnelData.set({ funnel: page.state.get("funnel") || null, from: first, to })
  })
  page.main.append(
    figures(page),
    h("div", { class: "grid" }, overTime(page), funnel(page)),
    h("div", { class: "grid" }, activeUsers(page), snippet()),
  )
}

/** Whether the range before is shown too. @param {import("./shell.js").Page} page */
function compareSwitch({ t, state, shortcut }) {
  const turn = () => state.set({ compare: isCompared(state) ? "0" : "1" })
  shortcut("x", t("crm.compareLong"), turn)
  const button = h("button", { class: "button", type: "button", title: t("crm.compareLong"), onclick: turn }, t("crm.compare"))
  state.watch(["compare"], () => { button.setAttribute("aria-pressed", String(isCompared(state))) })
  return button
}

/** @param {import("./shell.js").State} state */
const isCompared = (state) => state.get("compare", "1") === "1"

// MARK: Figures

/** @param {import("./shell.js").Page} page */
const card = (page) => CARDS.find(({ metric }) => metric === page.state.get("metric", "online_now")) ?? CARDS[1]

/** The cards; a click makes a card's figure the chart's. @param {import("./shell.js").Page} page */
function figures(page) {
  const { t, state } = page
  const cards = CARDS.map(({ metric }) => {
    const element = metricCard({ label: t(`crm.${metric}`), note: t(`crm.${metric}.note`), act: () => state.set({ metric }) })
    element.dataset.metric = metric
    return element
  })
  state.watch(["metric"], () => {
    for (const element of cards) element.selected = element.dataset.metric === card(page).metric
  })
  const row = h("div", { class: "cards" }, ...cards)
  const element = panel({
    title: t("crm.figures"), store: crmMetrics, csv: "key-figures", height: 118,
    draw(_, rows) {
      const known = new Map(rows.map((/** @type {any} */ metric) => [metric.metric, metric]))
      for (const each of cards) each.metric = known.get(each.dataset.metric) ?? null
      return row
    },
  })
  element.classList.add("figures")
  return element
}

// MARK: Chart

/** @param {import("./shell.js").Page} page */
function overTime(page) {
  const { t, state } = page
  const step = h("span", {})
  const chart = lineChart({ label: "", height: 260 })
  const element = panel({
    title: t(`crm.series.${card(page).series}`), store: chartData, csv: "over-time", height: 330, note: step,
    draw(_, rows) {
      step.textContent = t(`crm.by.${stepOf(rows)}`)
      chart.points = rows
      return chart
    },
  })
  element.classList.add("over-time")
  state.watch(["metric"], () => {
    const { series, format } = card(page)
    element.heading = t(`crm.series.${series}`)
    chart.options = { label: element.heading, format, currency: site.current?.currency }
  })
  return element
}

/** What one point stands for, by its length. @param {{ starts_at: string, ends_at: string }[]} rows the ends may be cut */
function stepOf(rows) {
  const hours = Math.max(...rows.map((row) => (Date.parse(row.ends_at) - Date.parse(row.starts_at)) / 3_600_000))
  return hours <= 1 ? "hour" : hours <= 25 ? "day" : hours <= 7 * 24 + 1 ? "week" : "month"
}

// MARK: Funnel

/** The site's funnels are few: one stands here, a list chooses. @param {import("./shell.js").Page} page */
function funnel(page) {
  const { t, state } = page
  const funnels = store(() => site.current && new Query({
    from: "funnels", select: ["name"], where: [["site_id", "eq", site.current.site_id]], order: ["funnel_id"],
  }), { every: 60_000 })
  const choice = h("select", { class: "field", "aria-label": t("crm.whichFunnel"), hidden: true })
  choice.addEventListener("change", () => state.set({ funnel: choice.value === choice.options[0].value ? null : choice.value }))
  const shown = panel({
    title: t("crm.funnel"), store: funnelData, csv: "funnel", height: 330, controls: [choice],
    draw: (_, rows) => steps(stepsOf(rows)),
  })
  const none = panel({
    title: t("crm.funnel"), store: funnels, height: 330,
    draw() {},
    empty: () => ({
      title: t("crm.noFunnel"), text: t("crm.noFunnel.text"),
      acts: [h("a", { class: "button primary", href: "/funnels" }, t("crm.makeFunnel"))],
    }),
  })
  const place = h("div", { class: "funnel" }, shown)
  funnels.subscribe(({ data }) => {
    if (!data) return
    const wanted = data.length === 0 ? none : shown
    if (place.firstChild !== wanted) place.replaceChildren(wanted)
    choice.replaceChildren(...data.map((/** @type {{ name: string }} */ { name }) => h("option", { value: name }, plain(name))))
    choice.hidden = data.length < 2
    choice.value = state.get("funnel") || (data[0]?.name ?? "")
    const name = state.get("funnel") || data[0]?.name
    if (name) shown.heading = data.length < 2 ? t("crm.funnelOf", { name: plain(name) }) : t("crm.funnel")
  })
  return place
}
