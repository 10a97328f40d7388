// One person, over the page: who it is, what they bought, which segments they are in, every visit and every event. It is
// open while the address names a user, so Back closes it and a link opens it.
import { Query, site, store } from "/client.js"
import { followAddress, openDialog } from "./dialog.js"
import { facts, h } from "./dom.js"
import { clock, day, duration, exact, exactMoney, host, moment, plain, relative } from "./format.js"
import { panel } from "./panel.js"
import { pager, table } from "./table.js"
import { addWords, language, t } from "./words.js"

const VISITS = 10 // on a page of the list
const EVENTS = 20
const DEEPEST = 1000 // how far back the lists go, as the database's functions do

addWords({
  en: {
    "person.title": "User {id}",
    "person.profile": "Profile", "person.email": "Email", "person.external": "Your id", "person.segment": "Segment",
    "person.first": "First seen", "person.last": "Last seen", "person.visits": "Visits", "person.views": "Page views",
    "person.events": "Events", "person.average": "Mean visit", "person.channel": "First came by", "person.referrer": "First came from",
    "person.campaign": "First campaign", "person.devices": "Devices", "person.browsers": "Browsers known as this person",
    "person.gone": "There is no such user", "person.gone.text": "The user may have been erased, or belongs to another site.",
    "person.rfm": "Value (RFM)", "person.cluster": "Cluster", "person.scores": "Scores R · F · M", "person.recency": "Last order before the end of the period",
    "person.days": { one: "{n} day", other: "{n} days" }, "person.orders": "Orders of all time", "person.spent": "Spent in all",
    "person.period": "Period", "person.noOrders": "No orders are known", "person.noOrders.text": "RFM is of customers: people with an order.",
    "person.notRated": "Not rated yet",
    "person.segments": "Segments", "person.noSegments": "In no segment", "person.noSegments.text": "Stored segments of which this person is a member now are listed here.",
    "person.since": "since {day}", "person.sessions": "Visits, the latest first", "person.noVisits": "No visits", "person.noVisits.text": "Nothing was seen of this person on the site.",
    "person.pages": { one: "{n} page", other: "{n} pages" }, "person.did": { one: "{n} event", other: "{n} events" }, "person.direct": "direct",
    "person.noPages": "No page views are kept of this visit.",
    "person.timeline": "Events, the latest first", "person.noEvents": "No events", "person.noEvents.text": "Events older than the site keeps them are gone.",
    "person.when": "When", "person.what": "Event", "person.page": "Page", "person.with": "With", "person.deepest": "The latest {n} are listed.",
  },
  pt: {
    "person.title": "Usuário {id}",
    "person.profile": "Perfil", "person.email": "E-mail", "person.external": "Seu identificador", "person.segment": "Segmento",
    "person.first": "Visto primeiro", "person.last": "Visto por último", "person.visits": "Visitas", "person.views": "Páginas vistas",
    "person.events": "Eventos", "person.average": "Visita média", "person.channel": "Veio primeiro por", "person.referrer": "Veio primeiro de",
    "person.campaign": "Primeira campanha", "person.devices": "Aparelhos", "person.browsers": "Navegadores desta pessoa",
    "person.gone": "Este usuário não existe", "person.gone.text": "Talvez tenha sido apagado ou seja de outro site.",
    "person.rfm": "Valor (RFM)", "person.cluster": "Grupo", "person.scores": "Notas R · F · M", "person.recency": "Último pedido antes do fim do período",
    "person.days": { one: "{n} dia", other: "{n} dias" }, "person.orders": "Pedidos ao todo", "person.spent": "Gasto ao todo",
    "person.period": "Período", "person.noOrders": "Nenhum pedido conhecido", "person.noOrders.text": "RFM é de clientes: pessoas com um pedido.",
    "person.notRated": "Ainda sem nota",
    "person.segments": "Segmentos", "person.noSegments": "Em nenhum segmento", "person.noSegments.text": "Aqui ficam os segmentos salvos dos quais a pessoa é membro agora.",
    "person.since": "desde {day}", "person.sessions": "Visitas, a última primeiro", "person.noVisits": "Nenhuma visita", "person.noVisits.text": "Nada foi visto desta pessoa no site.",
    "person.pages": { one: "{n} página", other: "{n} páginas" }, "person.did": { one: "{n} evento", other: "{n} eventos" }, "person.direct": "direto",
    "person.noPages": "Nenhuma página desta visita está guardada.",
    "person.timeline": "Eventos, o último primeiro", "person.noEvents": "Nenhum evento", "person.noEvents.text": "Eventos mais velhos do que o site guarda já se foram.",
    "person.when": "Quando", "person.what": "Evento", "person.page": "Página", "person.with": "Com", "person.deepest": "Os últimos {n} são listados.",
  },
})

/** Opens and closes the dialog as the address says; called once. Its looks come first, or it would jump. @param {import("./shell.js").Page} page */
export async function person({ state }) {
  await new Promise((come) => {
    document.head.append(h("link", { rel: "stylesheet", href: "/dashboard/styles/person.css", onload: come, onerror: come }))
  })
  followAddress(state, "user", (id, onClose) => /^\d{1,18}$/.test(id) ? show(id, onClose) : null)
}

/** @param {string} id @param {() => void} onClose @returns {() => void} closes it */
function show(id, onClose) {
  const given = { site: site.id, user_id: id }
  const profile = store(() => new Query({ from: "user_profile", arguments: given }), { tables: ["site_sessions", "site_users"], every: 60_000, pause: 2_000 })
  const value = h("div", { class: "slot" }, valueOf(null))
  const visits = visitsOf(given, id, () => profile.data?.[0]?.sessions)
  // An article, since the panels' heads in it are not the page's.
  const body = h("article", { class: "person" },
    h("div", { class: "person-about" },
      panel({ title: t("person.profile"), store: profile, csv: `user-${id}`, height: 340, draw: (_, [row]) => facts(profileOf(row)) }),
      h("div", { class: "stack" }, value, segmentsOf(given, id))),
    visits.element, eventsOf(given, id))
  let customer = /** @type {number | null} */ (null)
  const end = profile.subscribe(({ data, error }) => {
    const row = data?.[0]
    visits.tellTotal()
    // The database knows none of that number, or none that this reader may see.
    if (!row && /** @type {any} */ (error)?.status === 400) {
      body.replaceChildren(h("div", { class: "notice" }, h("p", {}, h("strong", {}, t("person.gone"))), h("p", {}, t("person.gone.text"))))
      return
    }
    const heading = body.closest("dialog")?.querySelector("h2")
    const name = row && (row.name ?? row.external_id)
    if (heading && name) heading.textContent = plain(name)
    if (row ? row.customer_id === customer && value.dataset.state === "known" : !error) return
    customer = row?.customer_id ?? null
    value.dataset.state = "known"
    value.replaceChildren(valueOf(customer))
  })
  return openDialog({
    title: t("person.title", { id }), wide: true, body,
    onClose() {
      end()
      onClose()
    },
  })
}

// MARK: Who

/** @typedef {Parameters<typeof facts>[0][number]} Fact */

/** @param {any} row @returns {Fact[]} */
function profileOf(row) {
  const traits = Object.entries(row.traits ?? {}).slice(0, 30)
    .map(([key, value]) => /** @type {Fact} */ ([plain(key), plain(typeof value === "string" ? value : JSON.stringify(value))]))
  return [
    [t("person.email"), row.email && plain(row.email)],
    [t("person.external"), row.external_id && plain(row.external_id)],
    [t("person.segment"), row.segment && plain(row.segment)],
    [t("person.first"), moment(row.first_seen_at)],
    [t("person.last"), relative(row.last_seen_at), moment(row.last_seen_at)],
    [t("person.visits"), exact(row.sessions)],
    [t("person.views"), exact(row.page_views)],
    [t("person.events"), exact(row.events)],
    [t("person.average"), row.average_session_seconds == null ? null : duration(row.average_session_seconds)],
    [t("person.channel"), row.first_channel && plain(row.first_channel)],
    [t("person.referrer"), row.first_referrer_domain && plain(row.first_referrer_domain)],
    [t("person.campaign"), row.first_campaign && plain(row.first_campaign)],
    [t("person.devices"), row.devices?.map(plain).join(", ")],
    [t("person.browsers"), row.visitors?.length > 1 ? exact(row.visitors.length) : null],
    ...traits,
  ]
}

/** What a customer is worth; null for who has no order that is known. @param {number | null} customer */
function valueOf(customer) {
  const none = { title: t("person.noOrders"), text: t("person.noOrders.text") }
  if (customer === null) {
    const element = panel({ title: t("person.rfm"), height: 150, draw: () => h("p", { class: "muted" }, `${none.title}. ${none.text}`) })
    return element
  }
  const rated = store(() => new Query({
    from: "customer_rfm", where: [["site_id", "eq", site.current?.site_id ?? 0], ["customer_id", "eq", customer]],
  }), { every: 60_000 })
  return panel({
    title: t("person.rfm"), store: rated, csv: `customer-${customer}`, height: 150, empty: (rows) => rows.length > 0 ? null : none,
    draw(_, [row]) {
      const label = language === "pt" ? row.label_pt : row.label
      return facts([
        [t("person.cluster"), label ? plain(label) : t("person.notRated")],
        [t("person.scores"), row.r_score == null ? null : [row.r_score, row.f_score, row.m_score].join(" · ")],
        [t("person.recency"), row.recency == null ? null : t("person.days", { n: row.recency })],
        [t("person.period"), row.period && plain(row.period)],
        [t("person.orders"), exact(row.order_count)],
        [t("person.spent"), exactMoney(row.total_spent, row.currency ?? site.current?.currency)],
      ])
    },
  })
}

/** @param {{ site: string, user_id: string }} given @param {string} id */
function segmentsOf(given, id) {
  return panel({
    title: t("person.segments"), csv: `segments-of-user-${id}`, height: 80,
    store: store(() => new Query({ from: "user_segments", arguments: given }), { every: 60_000 }),
    empty: (rows) => rows.length > 0 ? null : { title: t("person.noSegments"), text: t("person.noSegments.text") },
    draw: (_, rows) => h("ul", { class: "plain" }, ...rows.map((/** @type {any} */ { segment, entered_at: at }) => h("li", { title: moment(at) },
      h("span", { class: "badge" }, plain(segment)), " ", h("span", { class: "muted" }, t("person.since", { day: day(at) }))))),
  })
}

// MARK: What they did

/**
 * Visits with their pages in order. Only so many are asked for as are shown, since each brings its pages.
 * @param {{ site: string, user_id: string }} given @param {string} id
 * @param {() => number | undefined} total of all visits, as far as is known; a change is told by `tellTotal`
 */
function visitsOf(given, id, total) {
  let offset = 0
  const visits = store(() => new Query({
    from: "user_sessions", arguments: { ...given, max_rows: offset + VISITS }, limit: VISITS, offset,
  }), { tables: ["site_sessions"], every: 30_000, pause: 1_000 })
  /** Open ones stay open when a new answer comes. @type {Set<number>} */
  const open = new Set()
  const list = h("div", {})
  const turns = pager({ limit: VISITS, label: t("person.sessions"), hidesAlone: true, go(to) {
    offset = to
    visits.refresh()
  } })
  const place = h("div", {}, list, turns)
  const tellTotal = () => turns.show(Math.min(total() ?? visits.data?.length ?? 0, DEEPEST), offset)
  const element = panel({
    title: t("person.sessions"), store: visits, csv: `visits-of-user-${id}`, height: 400,
    empty: (rows) => rows.length > 0 || offset > 0 ? null : { title: t("person.noVisits"), text: t("person.noVisits.text") },
    draw(_, rows) {
      if (offset === 0 && open.size === 0 && rows.length > 0) open.add(rows[0].session_id)
      const held = list.contains(document.activeElement) ? document.activeElement?.closest("details")?.dataset.session : null
      list.replaceChildren(...rows.map((/** @type {any} */ row) => visit(row, open)))
      const back = held && list.querySelector(`details[data-session="${Number(held)}"] summary`)
      if (back instanceof HTMLElement) back.focus({ preventScroll: true })
      tellTotal()
      return place
    },
  })
  return { element, tellTotal }
}

/** @param {any} row @param {Set<number>} open */
function visit(row, open) {
  const came = row.utm_campaign ?? (row.referrer ? host(row.referrer) : row.channel) ?? t("person.direct")
  const about = [
    duration(row.session_seconds), t("person.pages", { n: row.page_views }), row.events > 0 && t("person.did", { n: row.events }),
    plain(came), [row.device, row.browser, row.os].filter(Boolean).map(plain).join(" "),
  ].filter(Boolean).join(" · ")
  const pages = row.pages.map((/** @type {any} */ page) => h("li", {},
    h("time", { datetime: page.at, title: moment(page.at) }, clock(page.at)),
    h("code", { class: "path", title: page.title ? plain(page.title) : null }, plain(page.page)),
    h("span", { class: "muted" }, page.seconds == null ? "" : duration(page.seconds))))
  const element = h("details", { "data-session": row.session_id, open: open.has(row.session_id) },
    h("summary", {}, h("b", {}, moment(row.started_at)), " ", h("span", { class: "muted" }, about)),
    pages.length > 0 ? h("ol", { class: "pages" }, ...pages) : h("p", { class: "muted" }, t("person.noPages")))
  element.addEventListener("toggle", () => element.open ? open.add(row.session_id) : open.delete(row.session_id))
  return element
}

/** @param {{ site: string, user_id: string }} given @param {string} id */
function eventsOf(given, id) {
  let offset = 0
  const events = store(() => new Query({
    from: "user_timeline", arguments: { ...given, max_rows: DEEPEST }, limit: EVENTS, offset,
  }), { tables: ["site_sessions"], every: 30_000, pause: 1_000, count: true })
  const list = table({
    caption: t("person.timeline"),
    rowKey: (row) => row.key,
    columns: [
      { key: "occurred_at", title: t("person.when"), kind: "moment", draw: ({ occurred_at: at }) => moment(at), narrow: true },
      { key: "event_name", title: t("person.what"), narrow: true },
      { key: "page", title: t("person.page"), draw: ({ page }) => page == null ? "–" : h("code", { class: "path" }, plain(page)) },
      { key: "properties", title: t("person.with"), draw: ({ properties }) => properties && Object.keys(properties).length > 0 ? h("code", {}, plain(JSON.stringify(properties))) : "–" },
    ],
  })
  const deepest = h("p", { class: "muted rest", hidden: true }, t("person.deepest", { n: DEEPEST }))
  const turns = pager({ limit: EVENTS, label: t("person.timeline"), hidesAlone: true, go(to) {
    offset = to
    events.refresh()
  } })
  const place = h("div", {}, list, turns, deepest)
  return panel({
    title: t("person.timeline"), store: events, csv: `events-of-user-${id}`, height: 260,
    empty: ({ rows }) => rows.length > 0 || offset > 0 ? null : { title: t("person.noEvents"), text: t("person.noEvents.text") },
    draw(_, { rows, total }) {
      // Events have no key of their own here: those of one instant are told apart by their place.
      list.rows = rows.map((/** @type {any} */ row, /** @type {number} */ at) => ({ ...row, key: `${row.occurred_at} ${row.event_name} ${at}` }))
      turns.show(total, offset)
      deepest.hidden = total < DEEPEST
      return place
    },
  })
}
