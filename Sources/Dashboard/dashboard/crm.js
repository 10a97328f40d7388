// The CRM page: the figures of now, one of them over time, the funnel, who is here, and how visitors are sent here.
import { chartData, crmMetrics, onlineUsers, Query, site, store } from "/client.js"
import { PERIOD } from "./address.js"
import { metricCard } from "./card.js"
import { lineChart } from "./chart.js"
import { answered, card, CARDS, days, isCompared } from "./crm-questions.js"
import { h } from "./dom.js"
import { host, plain } from "./format.js"
import { panel } from "./panel.js"
import { periodSwitch } from "./period.js"
import { openPage } from "./shell.js"
import { table } from "./table.js"
import { t } from "./words.js"

const UNHURRIED = 2_000 // ms after which the page reads what nobody looks at yet

/** Where create_demo_site() says that its shop is; "/shop" of this server is that shop. */
const DEMO = "hearth-and-hill.example"

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
    "online.title": "Active users", "online.caption": "Visitors on the site now, the newest arrival first",
    "online.user": "User", "online.segment": "Segment", "online.page": "Current page", "online.from": "Came from",
    "online.device": "Device", "online.pages": "Pages", "online.events": "Events", "online.time": "On site",
    "online.visitor": "Visitor {id}", "online.rest": "The {shown} newest of {total}.",
    "online.which": "Segment", "online.all": "All segments",
    "online.nobody": "Nobody is on the site right now",
    "online.nobody.text": "A visitor appears here within a second of the first page view.",
    "online.nobodyOf": "Nobody of this segment is on the site right now",
    "online.nobodyOf.text": "Others may be: show all segments.", "online.clear": "Show all segments", "online.install": "Install the tracker",
    "online.down": "Next active user", "online.up": "Previous active user",
    "snippet.title": "Connect a website",
    "snippet.shop": "Open the demo shop",
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
    "online.title": "Usuários ativos", "online.caption": "Visitantes no site agora, o mais recente primeiro",
    "online.user": "Usuário", "online.segment": "Segmento", "online.page": "Página atual", "online.from": "Veio de",
    "online.device": "Aparelho", "online.pages": "Páginas", "online.events": "Eventos", "online.time": "No site",
    "online.visitor": "Visitante {id}", "online.rest": "Os {shown} mais recentes de {total}.",
    "online.which": "Segmento", "online.all": "Todos os segmentos",
    "online.nobody": "Ninguém está no site agora",
    "online.nobody.text": "Um visitante aparece aqui até um segundo depois da primeira página.",
    "online.nobodyOf": "Ninguém deste segmento está no site agora",
    "online.nobodyOf.text": "Outros talvez estejam: mostre todos os segmentos.", "online.clear": "Mostrar todos os segmentos",
    "online.install": "Instalar o rastreador",
    "online.down": "Próximo usuário ativo", "online.up": "Usuário ativo anterior",
    "snippet.title": "Conectar um site",
    "snippet.shop": "Abrir a loja de demonstração",
  },
}

/** The first answers are drawn: what costs much or is seen last begins then. */
const drawn = answered.then(() => new Promise((resolve) => { requestIdleCallback(resolve, { timeout: UNHURRIED }) }))

/** Loads what comes when the rest is drawn; its place says it if that fails. @param {HTMLElement} place @param {() => Promise<void>} load */
const later = (place, load) => drawn.then(load).catch((error) => {
  console.error(error)
  place.append(h("p", { role: "alert" }, t("panel.broken")))
})

openPage({ name: "crm", words: WORDS, build })

/** @param {import("./shell.js").Page} page */
function build(page) {
  page.toolbar.append(compareSwitch(page), periodSwitch(page))
  page.main.append(
    figures(page),
    h("div", { class: "grid" }, overTime(page), funnel(page)),
    h("div", { class: "grid" }, activeUsers(page), snippet()),
  )
}

/** Shows the range before, or not. @param {import("./shell.js").Page} page */
function compareSwitch({ t, state, shortcut }) {
  const turn = () => state.set({ compare: isCompared() ? "0" : "1" })
  shortcut("x", t("crm.compareLong"), turn)
  const button = h("button", { class: "button", type: "button", title: t("crm.compareLong"), onclick: turn }, t("crm.compare"))
  state.watch(["compare"], () => { button.setAttribute("aria-pressed", String(isCompared())) })
  return button
}

// MARK: Figures

/** The cards; a click makes a card's figure the chart's. @param {import("./shell.js").Page} page */
function figures(page) {
  const { t, state } = page
  const cards = CARDS.map(({ metric }) => {
    const element = metricCard({ label: t(`crm.${metric}`), note: t(`crm.${metric}.note`), act: () => state.set({ metric }) })
    element.dataset.metric = metric
    return element
  })
  state.watch(["metric"], () => {
    for (const element of cards) element.selected = element.dataset.metric === card().metric
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
    title: t(`crm.series.${card().series}`), store: chartData, csv: "over-time", height: 330, note: step,
    draw(_, rows) {
      step.textContent = t(`crm.by.${stepOf(rows)}`)
      chart.points = rows
      return chart
    },
  })
  element.classList.add("over-time")
  state.watch(["metric"], () => {
    const { series, format } = card()
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
  /** The site that has a funnel, as far as is known. @type {number | undefined} */
  let counted
  // Counted from the events themselves: asked last, then by the clock, and not again at each visitor's step.
  const conversion = store(() => !site.current || site.current.site_id !== counted ? null : new Query({
    from: "calculate_funnel_conversion",
    arguments: { site: site.id, funnel: state.get("funnel") || undefined, ...days() },
  }), { every: 60_000 })
  state.watch([...PERIOD, "funnel"], () => { if (conversion.isActive) conversion.refresh() })
  const choice = h("select", { class: "field", "aria-label": t("crm.whichFunnel"), hidden: true })
  choice.addEventListener("change", () => state.set({ funnel: choice.value === choice.options[0].value ? null : choice.value }))
  /** @type {typeof import("./steps.js")} */
  let drawing
  const shown = panel({
    title: t("crm.funnel"), store: conversion, csv: "funnel", height: 330, controls: [choice],
    draw: (_, rows) => drawing.steps(drawing.stepsOf(rows)),
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
  later(place, async () => {
    drawing = await import("./steps.js")
    funnels.subscribe(({ data }) => {
      counted = data?.length ? site.current?.site_id : undefined
      if (!data) return
      const wanted = data.length === 0 ? none : shown
      if (place.firstChild !== wanted) place.replaceChildren(wanted)
      if (conversion.isActive && conversion.data === undefined && !conversion.loading) conversion.refresh()
      choice.replaceChildren(...data.map((/** @type {{ name: string }} */ { name }) => h("option", { value: name }, plain(name))))
      choice.hidden = data.length < 2
      choice.value = state.get("funnel") || (data[0]?.name ?? "")
      const name = state.get("funnel") || data[0]?.name
      if (name) shown.heading = data.length < 2 ? t("crm.funnelOf", { name: plain(name) }) : t("crm.funnel")
    })
  })
  return place
}

// MARK: Active users

/** A live table, the newest arrival on top, of all or of one segment. @param {import("./shell.js").Page} page */
function activeUsers(page) {
  const { t, state } = page
  const choice = segmentChoice(page)
  const rest = h("p", { class: "muted rest", hidden: true })
  const body = h("div", {})
  /** @type {import("./table.js").DataTable | null} */
  let list = null
  let listOf = ""
  const element = panel({
    title: t("online.title"), store: onlineUsers, csv: "active-users", height: 420, controls: [choice],
    draw(_, { rows, total }) {
      // Rows of another site or segment have not just arrived.
      const of = `${site.current?.site_id} ${state.get("segment")}`
      if (!list || of !== listOf) body.replaceChildren(list = newTable(page), rest)
      listOf = of
      list.rows = rows
      rest.hidden = total <= rows.length
      rest.textContent = t("online.rest", { shown: rows.length, total })
      return body
    },
    empty({ rows }) {
      if (rows.length > 0) return null
      if (list) list.rows = [] // whoever comes next has arrived
      return nobody(page)
    },
  })
  element.classList.add("active-users")
  page.shortcut("j", t("online.down"), () => move(element, 1))
  page.shortcut("k", t("online.up"), () => move(element, -1))
  return element
}

/** @param {import("./shell.js").Page} page */
function newTable({ t, openPerson }) {
  return table({
    caption: t("online.caption"),
    rowKey: (row) => row.session_id,
    open: (row) => openPerson(row.user_id),
    columns: [
      { key: "name", title: t("online.user"), narrow: true, draw: (row) => who(row, t) },
      { key: "segment", title: t("online.segment"), kind: "text", draw: ({ segment }) => segment ? plain(segment) : "–" },
      { key: "current_page", title: t("online.page"), narrow: true, draw: (row) => h("code", { class: "path" }, plain(row.current_page)) },
      { key: "referrer", title: t("online.from"), draw: (row) => host(row.referrer) },
      { key: "device", title: t("online.device"), draw: (row) => plain([row.device, row.browser].filter(Boolean).join(" · ") || "–") },
      { key: "page_views", title: t("online.pages"), kind: "number" },
      { key: "events", title: t("online.events"), kind: "number" },
      { key: "session_seconds", title: t("online.time"), kind: "duration", narrow: true },
    ],
  })
}

/** @param {any} row @param {import("./words.js").t} t */
function who({ name, external_id: id, user_id: user }, t) {
  const known = name ?? id
  return known == null ? h("span", { class: "muted" }, t("online.visitor", { id: String(user) })) : h("span", {}, plain(known))
}

/** @param {import("./shell.js").Page} page */
function nobody({ t, state }) {
  if (state.get("segment")) {
    const clear = h("button", { class: "button", type: "button", onclick: () => state.set({ segment: null }) }, t("online.clear"))
    return { title: t("online.nobodyOf"), text: t("online.nobodyOf.text"), acts: [clear] }
  }
  const install = h("button", { class: "button", type: "button", onclick: goToSnippet }, t("online.install"))
  return { title: t("online.nobody"), text: t("online.nobody.text"), acts: [h("div", { class: "row centre" }, shopLink(), install)] }
}

/** The stored segments of the site, read when somebody wants to choose or nothing else is to do; one that the address names stands there before. @param {import("./shell.js").Page} page */
function segmentChoice({ t, state }) {
  const choice = h("select", { class: "field", "aria-label": t("online.which") })
  /** @type {string[]} */
  let names = []
  const draw = () => {
    const chosen = state.get("segment")
    const all = chosen && !names.includes(chosen) ? [...names, chosen] : names
    choice.replaceChildren(h("option", { value: "" }, t("online.all")), ...all.map((name) => h("option", { value: name }, plain(name))))
    choice.value = chosen
  }
  const read = async () => {
    const rows = await new Query({
      from: "segments", select: ["name"], where: [["site_id", "eq", site.current?.site_id ?? 0]], order: ["name"],
    }).run().catch(() => null) // then those known stay
    const found = rows?.map(({ name }) => String(name)) ?? names
    if (String(found) === String(names)) return
    names = found
    draw()
  }
  for (const wish of ["pointerenter", "focus"]) choice.addEventListener(wish, read)
  setTimeout(read, UNHURRIED)
  choice.addEventListener("change", () => state.set({ segment: choice.value || null }))
  state.watch(["segment", "site"], draw)
  return choice
}

/** The focus goes one row on, from nowhere to the first. @param {HTMLElement} place @param {1 | -1} way */
function move(place, way) {
  const buttons = [...place.querySelectorAll("tbody button")]
  const at = buttons.findIndex((button) => button === document.activeElement)
  const next = buttons[at < 0 ? 0 : Math.min(Math.max(at + way, 0), buttons.length - 1)]
  if (next instanceof HTMLElement) next.focus()
}


// MARK: Connecting a website

/** How visitors are sent here, and a light that tells whether any have come; the guide's code comes after the figures. */
function snippet() {
  /** @type {import("./install.js").InstallGuide | null} */
  let guide = null
  const shop = shopLink()
  const tell = () => guide?.tell(Boolean(crmMetrics.data?.some((/** @type {any} */ { metric, value }) =>
    (metric === "total_visitors" || metric === "online_now") && value > 0)))
  const place = h("div", {}, shop)
  const load = async () => {
    const { InstallGuide } = await import("./install.js")
    place.append(guide = new InstallGuide())
    tell()
  }
  /** @type {Promise<void> | null} */
  let loading = null
  const element = panel({
    title: t("snippet.title"), store: crmMetrics, height: 420,
    draw() {
      tell()
      loading ??= later(place, load)
      return place
    },
  })
  element.classList.add("snippet")
  element.id = "snippet"
  element.tabIndex = -1
  return element
}

/** To the demo's shop, where this site is a demo's; hidden elsewhere. */
function shopLink() {
  const link = h("a", { class: "button primary", target: "_blank", rel: "noopener", hidden: true }, t("snippet.shop"))
  site.subscribe(({ current }) => {
    link.hidden = current?.domain !== DEMO
    link.href = `/shop?site=${encodeURIComponent(current?.key ?? "")}`
  })
  return link
}

function goToSnippet() {
  const place = document.getElementById("snippet")
  place?.scrollIntoView({ block: "start" })
  place?.focus({ preventScroll: true })
}
