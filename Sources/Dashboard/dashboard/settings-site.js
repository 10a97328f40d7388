// The sections about the site itself: what it is, its goals, and what cannot be undone.
import { Query, call, site, store } from "/client.js"
import { confirmAct, openDialog } from "./dialog.js"
import { facts, h } from "./dom.js"
import { day, exact, exactMoney, plain } from "./format.js"
import { panel } from "./panel.js"
import { actForm, adder, attempt, choice, confirmed, field, rowButton, select } from "./settings-form.js"
import { table } from "./table.js"
import { addWords, locale, t } from "./words.js"

/** @typedef {import("./shell.js").Page} Page */
/** @typedef {import("./settings.js").Section} Section */

const EARLIEST = 30, LATEST = 36600 // days that events can be kept

const theSite = store(() => site.current && new Query({
  from: "get_sites", arguments: {}, where: [["site_id", "eq", site.current.site_id]],
}))

const goals = store(() => site.current && new Query({ from: "get_goals", arguments: { site: site.id } }),
  { tables: ["user_events"], every: 60_000, pause: 5_000 })

/** What has changed of the site is known to the frame too. */
async function reload() {
  await site.load()
  await theSite.refresh()
}

// MARK: Site

/** @param {Page} page @returns {Section} */
export function siteSection(page) {
  return {
    nodes: [h("div", { class: "halves" },
      sitePanel(t("settings.general"), 392, general(page), (row) => [
        [t("settings.name"), plain(row.name)], [t("settings.domain"), plain(row.domain)],
        [t("settings.origins"), row.allowed_origins.length ? plain(row.allowed_origins.join(", ")) : t("settings.originsAny")],
      ]),
      h("div", { class: "stack" }, sitePanel(t("settings.clock"), 274, clock(), (row) => [[t("settings.timeZone"), row.time_zone], [t("settings.currency"), row.currency]]),
      sitePanel(t("settings.keep"), 176, keep(), (row) => [
        [t("settings.keepDays"), row.keep_events_days ? t("settings.days", { n: row.keep_events_days }) : t("settings.forEver")],
        ...(row.events_from ? /** @type {[string, string][]} */ ([[t("settings.eventsFrom"), day(row.events_from)]]) : []),
      ]))),
    ],
  }
}

/**
 * A form for owners, facts for everybody else. What somebody has begun to write is not overwritten by a new answer.
 * @param {string} title @param {number} height of the form @param {{ form: HTMLFormElement, fill: (row: any) => void }} editor @param {(row: any) => [string, string][]} read
 */
function sitePanel(title, height, { form, fill }, read) {
  return panel({
    title,
    store: theSite,
    height: site.isOwner ? height : 80,
    draw(_, [row]) {
      if (!row) return // deleted meanwhile
      if (!site.isOwner) return facts(read(row))
      if (form.dataset.touched === undefined) fill(row)
      return form
    },
  })
}

/** @param {Page} page */
function general({ state }) {
  const name = h("input", { required: true, maxlength: "100", autocomplete: "off" })
  const domain = h("input", { maxlength: "253", placeholder: "shop.example", autocomplete: "off", spellcheck: "false" })
  const origins = h("textarea", { rows: "3", placeholder: "https://shop.example", spellcheck: "false" })
  const form = actForm({
    fields: [
      field(t("settings.name"), name),
      field(t("settings.domain"), domain, t("settings.domainNote")),
      field(t("settings.origins"), origins, t("settings.originsNote")),
    ],
    act: t("save"),
    async run() {
      await call("change_site", {
        site: site.id, name: name.value, domain: domain.value.trim(), allowed_origins: origins.value.split(/[\s,]+/).filter(Boolean),
      })
      delete form.dataset.touched
      await reload()
      if (state.get("site")) state.set({ site: site.current?.name === site.all[0]?.name ? null : site.current?.name })
      return t("settings.saved")
    },
  })
  return {
    form,
    fill(/** @type {any} */ row) {
      name.value = row.name
      domain.value = row.domain ?? ""
      origins.value = row.allowed_origins.join("\n")
    },
  }
}

function clock() {
  const zone = select(["UTC", ...Intl.supportedValuesOf("timeZone").filter((name) => name !== "UTC")].map((name) => [name, name.replaceAll("_", " ")]))
  const names = new Intl.DisplayNames(locale, { type: "currency" })
  const money = select(Intl.supportedValuesOf("currency").map((code) => [code, `${code} · ${names.of(code)}`]))
  let before = { time_zone: "", currency: "" }
  const form = actForm({
    fields: [field(t("settings.timeZone"), zone, t("settings.timeZoneNote")), field(t("settings.currency"), money, t("settings.currencyNote"))],
    act: t("save"),
    async run() {
      const isOther = { zone: zone.value !== before.time_zone, money: money.value !== before.currency }
      if (!isOther.zone && !isOther.money) return t("settings.saved")
      const agreed = await confirmAct({
        title: t("settings.recount"),
        text: [isOther.zone ? t("settings.recountZone", { zone: zone.value }) : "", isOther.money ? t("settings.recountMoney", { currency: money.value }) : ""].join(" ").trim(),
        act: t("settings.recountAct"),
      })
      if (!agreed) return
      let isDone = true
      if (isOther.zone) isDone = await call("set_time_zone", { site: site.id, time_zone: zone.value })
      if (isOther.money) await call("set_currency", { site: site.id, currency: money.value })
      delete form.dataset.touched
      await reload()
      return isDone ? t("settings.recounted") : t("settings.recountTonight")
    },
  })
  return {
    form,
    fill(/** @type {any} */ row) {
      before = row
      for (const [control, value] of /** @type {const} */ ([[zone, row.time_zone], [money, row.currency]])) {
        // A name that this browser does not know is still the site's.
        if (![...control.options].some((option) => option.value === value)) control.append(h("option", { value }, value))
        control.value = value
      }
    },
  }
}

function keep() {
  const days = h("input", { type: "number", min: String(EARLIEST), max: String(LATEST), step: "1", placeholder: t("settings.forEver"), inputmode: "numeric" })
  const since = h("p", { class: "muted", hidden: true })
  let before = /** @type {number | null} */ (null)
  const form = actForm({
    fields: [field(t("settings.keepDays"), days, t("settings.keepNote")), since],
    act: t("save"),
    async run() {
      const wanted = days.value === "" ? null : Number(days.value)
      const agreed = wanted === null || before !== null && wanted >= before || await confirmAct({
        title: t("settings.keepTitle"), text: t("settings.keepAsk", { n: wanted }), act: t("save"), danger: true,
      })
      if (!agreed) return
      await call("keep_events", { site: site.id, days: wanted })
      delete form.dataset.touched
      await reload()
      return t("settings.saved")
    },
  })
  return {
    form,
    fill(/** @type {any} */ row) {
      before = row.keep_events_days
      days.value = before === null ? "" : String(before)
      since.hidden = row.events_from === null
      since.textContent = row.events_from === null ? "" : t("settings.eventsFromText", { day: day(row.events_from) })
    },
  }
}

// MARK: Goals

/** @param {Page} page @returns {Section} */
export function goalsSection(page) {
  const add = () => adder(page, "goal", t("goals.add"))
  const list = table({
    caption: t("settings.goals"),
    rowKey: (row) => row.goal_id,
    columns: [
      { key: "name", title: t("goals.name"), narrow: true },
      { key: "event_name", title: t("goals.meets"), draw: (row) => row.page_pattern === null ? plain(row.event_name)
        : row.event_name === "page_view" ? t("goals.onPage", { page: plain(row.page_pattern) })
        : t("goals.eventOnPage", { event: plain(row.event_name), page: plain(row.page_pattern) }) },
      { key: "value", title: t("goals.value"), draw: (row) => row.value_property !== null ? t("goals.property", { name: plain(row.value_property) })
        : row.value === null ? "–" : exactMoney(row.value, row.currency) },
      { key: "conversions", title: t("goals.count"), kind: "number", narrow: true },
      { key: "users", title: t("goals.users"), kind: "number" },
      { key: "worth", title: t("goals.worth"), kind: "money" },
      { key: "last_day", title: t("goals.last"), kind: "day" },
      ...(site.mayWrite ? [{
        key: "goal_id", title: t("settings.acts"), narrow: true, width: "1%",
        draw: (/** @type {any} */ row) => rowButton(t("delete"), t("goals.deleteOf", { name: plain(row.name) }), () => remove(row), true),
      }] : []),
    ],
  })

  const remove = async (/** @type {any} */ { goal_id, name }) => {
    await confirmed({ title: t("goals.deleteTitle", { name: plain(name) }), text: t("goals.deleteAsk"), act: t("delete"), danger: true }, async () => {
      await call("delete_goal", { site: site.id, goal_id })
      await goals.refresh()
      return t("goals.deleted")
    })
  }

  return {
    nodes: [panel({
      title: t("settings.goals"),
      store: goals,
      csv: "goals",
      controls: site.mayWrite ? [add()] : [],
      note: t("goals.note"),
      empty: (rows) => rows.length > 0 ? null : { title: t("goals.none"), text: t("goals.noneText"), acts: site.mayWrite ? [add()] : [] },
      draw(_, rows) {
        list.rows = rows
        return list
      },
    })],
    dialogs: site.mayWrite ? { goal: goalDialog } : {},
  }
}

/** @param {() => void} onClose */
function goalDialog(onClose) {
  const name = h("input", { required: true, maxlength: "100", autofocus: true, autocomplete: "off" })
  const kind = choice(t("goals.kind"), "kind", [["event", t("goals.kindEvent")], ["page", t("goals.kindPage")]])
  const event = h("input", { maxlength: "100", placeholder: "purchase", autocomplete: "off", spellcheck: "false" })
  const page = h("input", { maxlength: "2000", placeholder: "/thank-you%", autocomplete: "off", spellcheck: "false" })
  const worth = select([["none", t("goals.worthNone")], ["fixed", t("goals.worthFixed")], ["property", t("goals.worthProperty")]])
  const value = h("input", { type: "number", min: "0", max: "999999999999", step: "0.01" })
  const property = h("input", { maxlength: "100", placeholder: "total", autocomplete: "off", spellcheck: "false" })
  const places = {
    event: field(t("goals.event"), event), page: field(t("goals.page"), page, t("goals.pageNote")),
    value: field(t("goals.fixed", { currency: site.current?.currency ?? "" }), value), property: field(t("goals.propertyName"), property, t("goals.propertyNote")),
  }
  const form = actForm({
    fields: [field(t("goals.name"), name), kind, places.event, places.page, field(t("goals.worthOf"), worth), places.value, places.property],
    act: t("goals.create"),
    async run(form) {
      const isPage = new FormData(form).get("kind") === "page"
      await call("create_goal", {
        site: site.id, name: name.value,
        event_name: isPage ? undefined : event.value, page_pattern: isPage ? page.value : undefined,
        value: worth.value === "fixed" ? Number(value.value) : undefined, value_property: worth.value === "property" ? property.value : undefined,
      })
      close()
      await goals.refresh()
      return t("goals.created")
    },
  })
  const dress = () => {
    const isPage = new FormData(form).get("kind") === "page"
    for (const [place, control, is] of /** @type {const} */ ([
      [places.event, event, !isPage], [places.page, page, isPage], [places.value, value, worth.value === "fixed"], [places.property, property, worth.value === "property"],
    ])) {
      place.hidden = !is
      control.required = is
      control.disabled = !is
    }
  }
  form.addEventListener("change", dress)
  dress()
  const close = openDialog({ title: t("goals.add"), body: form, onClose })
  return close
}

// MARK: Danger

/** @param {Page} page @returns {Section} */
export function dangerSection(page) {
  return { nodes: [personPanel(), ...(site.isOwner ? [deletePanel(page)] : [])] }
}

function personPanel() {
  const id = h("input", { type: "number", min: "1", step: "1", required: true, inputmode: "numeric" })
  const purchases = h("input", { type: "checkbox" })
  const answer = h("div", { role: "status" })
  const form = actForm({
    fields: [h("p", { class: "muted" }, t(site.isOwner ? "person.text" : "person.textMember")), field(t("person.id"), id, t("person.idNote")),
      site.isOwner ? field(t("person.purchases"), purchases) : null],
    act: t("person.export"),
    more: site.isOwner ? [h("button", { class: "button danger", type: "button", onclick: () => erase() }, t("person.erase"))] : [],
    async run() {
      answer.replaceChildren()
      const data = await call("export_user", { site: site.id, user_id: Number(id.value) })
      save(JSON.stringify(data, null, 2), `user-${Number(id.value)}.json`)
      return t("person.exported")
    },
  })
  const erase = async () => {
    if (!form.reportValidity()) return
    answer.replaceChildren()
    const user_id = Number(id.value)
    await attempt(async () => {
      const [who] = await new Query({ from: "user_profile", arguments: { site: site.id, user_id } }).run()
      const agreed = await confirmAct({
        title: t("person.eraseTitle"), danger: true, act: t("person.erase"), word: String(user_id),
        text: t(purchases.checked ? "person.eraseAllAsk" : "person.eraseAsk", { who: plain(who?.name ?? who?.email ?? who?.external_id ?? `#${user_id}`), n: who?.sessions ?? 0 }),
      })
      if (!agreed) return
      const { not_reached, ...counts } = await call("erase_user", { site: site.id, user_id, with_purchases: purchases.checked })
      form.reset()
      answer.replaceChildren(h("p", {}, h("strong", {}, t("person.erased"))),
        facts(Object.entries(counts).filter(([, n]) => typeof n === "number").map(([what, n]) => [what, exact(n)])),
        ...(not_reached ? [h("p", { class: "muted" }, t("person.notReached"), " ", plain([not_reached].flat().map(String).join("; ")))] : []))
    })
  }
  return panel({ title: t("person.title"), draw: () => h("div", { class: "stack" }, form, answer) })
}

/** @param {string} text @param {string} name of the file */
function save(text, name) {
  const address = URL.createObjectURL(new Blob([text], { type: "application/json" }))
  h("a", { href: address, download: name }).click()
  setTimeout(() => URL.revokeObjectURL(address), 10_000)
}

/** @param {Page} page */
function deletePanel({ state }) {
  const ask = async () => {
    const name = site.current?.name ?? ""
    const isDone = await confirmed({
      title: t("danger.deleteTitle", { name: plain(name) }), text: t("danger.deleteAsk"), act: t("danger.delete"), danger: true, word: name,
    }, async () => { await call("delete_site", { site: site.id, name_again: name }) })
    if (isDone) location.assign(state.address({ section: null, site: null, add: null }, "/crm"))
  }
  return panel({
    title: t("danger.title"),
    height: 100,
    draw: () => h("div", { class: "stack" }, h("p", { class: "muted" }, t("danger.text")),
      h("div", { class: "row" }, h("button", { class: "button danger", type: "button", onclick: ask }, t("danger.delete")))),
  })
}

addWords({
  en: {
    "settings.general": "General",
    "settings.name": "Name",
    "settings.domain": "Domain",
    "settings.domainNote": "Where the site is; for people to read.",
    "settings.origins": "Allowed origins",
    "settings.originsNote": "Pages that may send events, one on each line, as https://shop.example. Empty: any page that has the key.",
    "settings.originsAny": "any",
    "settings.clock": "Clock and currency",
    "settings.timeZone": "Time zone",
    "settings.timeZoneNote": "The site's days begin at its midnight. With another zone everything kept by day is counted again.",
    "settings.currency": "Currency",
    "settings.currencyNote": "Nothing is converted: only orders in this currency count as money.",
    "settings.recount": "Count everything again?",
    "settings.recountZone": "Days, funnels, revenue and RFM are counted again by the clock of {zone}. For a large site this is done by the next nightly work; until then reports count from events.",
    "settings.recountMoney": "Customers, revenue and RFM are counted again in {currency}; orders in other currencies are no longer money.",
    "settings.recountAct": "Count again",
    "settings.recounted": "Saved and counted again",
    "settings.recountTonight": "Saved; the nightly work counts again",
    "settings.keep": "Keeping events",
    "settings.keepDays": "Days that events are kept",
    "settings.keepNote": "30 or more; empty keeps them for ever. Sessions and daily figures stay; funnels and paths reach as far back as events do.",
    "settings.keepTitle": "Remove older events?",
    "settings.keepAsk": { one: "Events older than {n} day are removed by the next nightly work and cannot be had back.", other: "Events older than {n} days are removed by the next nightly work and cannot be had back." },
    "settings.days": { one: "{n} day", other: "{n} days" },
    "settings.forEver": "for ever",
    "settings.eventsFrom": "Events since",
    "settings.eventsFromText": "Events before {day} have been removed.",
    "settings.acts": "Actions",
    "goals.add": "New goal",
    "goals.name": "Name",
    "goals.meets": "Met by",
    "goals.onPage": "page {page}",
    "goals.eventOnPage": "{event} on {page}",
    "goals.value": "Value",
    "goals.property": "property {name}",
    "goals.count": "So far",
    "goals.users": "Users", "goals.worth": "Worth",
    "goals.last": "Last",
    "goals.note": "today included",
    "goals.none": "No goals yet",
    "goals.noneText": "A goal is an event or a page that you want visitors to reach. It counts as a conversion, also in the past.",
    "goals.kind": "What meets it",
    "goals.kindEvent": "An event",
    "goals.kindPage": "The view of a page",
    "goals.event": "Name of the event",
    "goals.page": "Path of the page",
    "goals.pageNote": "% stands for any text, _ for any character.",
    "goals.worthOf": "Worth of one",
    "goals.worthNone": "nothing", "goals.worthFixed": "always the same",
    "goals.worthProperty": "a property of the event",
    "goals.fixed": "Worth in {currency}",
    "goals.propertyName": "Name of the property",
    "goals.propertyNote": "It must hold a number; anything else is worth nothing.",
    "goals.create": "Create goal",
    "goals.created": "Goal created, the past is counted",
    "goals.deleteOf": "Delete goal {name}",
    "goals.deleteTitle": "Delete goal {name}?",
    "goals.deleteAsk": "All its conversions go with it, past days included.",
    "goals.deleted": "Goal deleted",
    "person.title": "A person's data",
    "person.text": "Export everything that is stored about a person, or erase it. Their number stands on their profile.",
    "person.textMember": "Export everything that is stored about a person. Their number stands on their profile.",
    "person.id": "Number of the person",
    "person.idNote": "Any number of a person who was seen in several browsers will do.",
    "person.purchases": "Erase their orders too (otherwise they stay without a name)",
    "person.export": "Export as JSON",
    "person.exported": "Exported",
    "person.erase": "Erase",
    "person.eraseTitle": "Erase this person?",
    "person.eraseAsk": { one: "{who}, {n} session: everything about them is erased and all figures are counted again without them; their orders stay without a name. This cannot be undone.", other: "{who}, {n} sessions: everything about them is erased and all figures are counted again without them; their orders stay without a name. This cannot be undone." },
    "person.eraseAllAsk": { one: "{who}, {n} session: everything about them is erased, orders included, and all figures are counted again without them. This cannot be undone.", other: "{who}, {n} sessions: everything about them is erased, orders included, and all figures are counted again without them. This cannot be undone." },
    "person.erased": "Erased",
    "person.notReached": "Not reached from here:",
    "danger.title": "Delete this site",
    "danger.text": "The site and everything in it go: visitors, events, customers, orders, reports and members.",
    "danger.delete": "Delete site",
    "danger.deleteTitle": "Delete {name}?",
    "danger.deleteAsk": "Everything that was collected is deleted for all members. This cannot be undone.",
  },
  pt: {
    "settings.general": "Geral",
    "settings.name": "Nome",
    "settings.domain": "Domínio",
    "settings.domainNote": "Onde o site está; para as pessoas lerem.",
    "settings.origins": "Origens permitidas",
    "settings.originsNote": "Páginas que podem enviar eventos, uma por linha, como https://loja.example. Vazio: qualquer página que tenha a chave.",
    "settings.originsAny": "qualquer uma",
    "settings.clock": "Relógio e moeda",
    "settings.timeZone": "Fuso horário",
    "settings.timeZoneNote": "Os dias do site começam à sua meia-noite. Com outro fuso, tudo o que é guardado por dia é contado de novo.",
    "settings.currency": "Moeda",
    "settings.currencyNote": "Nada é convertido: só pedidos nesta moeda contam como dinheiro.",
    "settings.recount": "Contar tudo de novo?",
    "settings.recountZone": "Dias, funis, receita e RFM são contados de novo pelo relógio de {zone}. Em um site grande, isso é feito no próximo trabalho noturno; até lá, os relatórios contam a partir dos eventos.",
    "settings.recountMoney": "Clientes, receita e RFM são contados de novo em {currency}; pedidos em outras moedas deixam de ser dinheiro.",
    "settings.recountAct": "Contar de novo",
    "settings.recounted": "Salvo e contado de novo",
    "settings.recountTonight": "Salvo; o trabalho noturno conta de novo",
    "settings.keep": "Guarda de eventos",
    "settings.keepDays": "Dias que os eventos são guardados",
    "settings.keepNote": "30 ou mais; vazio guarda para sempre. Sessões e números diários ficam; funis e caminhos alcançam só os eventos guardados.",
    "settings.keepTitle": "Remover eventos mais antigos?",
    "settings.keepAsk": { one: "Eventos com mais de {n} dia são removidos no próximo trabalho noturno e não voltam.", other: "Eventos com mais de {n} dias são removidos no próximo trabalho noturno e não voltam." },
    "settings.days": { one: "{n} dia", other: "{n} dias" },
    "settings.forEver": "para sempre",
    "settings.eventsFrom": "Eventos desde",
    "settings.eventsFromText": "Eventos antes de {day} foram removidos.",
    "settings.acts": "Ações",
    "goals.add": "Nova meta",
    "goals.name": "Nome",
    "goals.meets": "Atingida por",
    "goals.onPage": "página {page}",
    "goals.eventOnPage": "{event} em {page}",
    "goals.value": "Valor",
    "goals.property": "propriedade {name}",
    "goals.count": "Até agora",
    "goals.users": "Usuários", "goals.worth": "Total",
    "goals.last": "Última",
    "goals.note": "hoje incluído",
    "goals.none": "Ainda não há metas",
    "goals.noneText": "Uma meta é um evento ou uma página que os visitantes devem alcançar. Conta como conversão, também no passado.",
    "goals.kind": "O que a atinge",
    "goals.kindEvent": "Um evento",
    "goals.kindPage": "A visualização de uma página",
    "goals.event": "Nome do evento",
    "goals.page": "Caminho da página",
    "goals.pageNote": "% vale por qualquer texto, _ por qualquer caractere.",
    "goals.worthOf": "Valor de uma",
    "goals.worthNone": "nenhum", "goals.worthFixed": "sempre o mesmo",
    "goals.worthProperty": "uma propriedade do evento",
    "goals.fixed": "Valor em {currency}",
    "goals.propertyName": "Nome da propriedade",
    "goals.propertyNote": "Deve conter um número; qualquer outra coisa não vale nada.",
    "goals.create": "Criar meta",
    "goals.created": "Meta criada, o passado foi contado",
    "goals.deleteOf": "Excluir a meta {name}",
    "goals.deleteTitle": "Excluir a meta {name}?",
    "goals.deleteAsk": "Todas as suas conversões vão junto, também as de dias passados.",
    "goals.deleted": "Meta excluída",
    "person.title": "Dados de uma pessoa",
    "person.text": "Exporte tudo o que está guardado sobre uma pessoa, ou apague. O número está no perfil dela.",
    "person.textMember": "Exporte tudo o que está guardado sobre uma pessoa. O número está no perfil dela.",
    "person.id": "Número da pessoa",
    "person.idNote": "Vale qualquer número de uma pessoa vista em vários navegadores.",
    "person.purchases": "Apagar também os pedidos (senão ficam sem nome)",
    "person.export": "Exportar como JSON",
    "person.exported": "Exportado",
    "person.erase": "Apagar",
    "person.eraseTitle": "Apagar esta pessoa?",
    "person.eraseAsk": { one: "{who}, {n} sessão: tudo sobre a pessoa é apagado e todos os números são contados de novo sem ela; os pedidos ficam sem nome. Não pode ser desfeito.", other: "{who}, {n} sessões: tudo sobre a pessoa é apagado e todos os números são contados de novo sem ela; os pedidos ficam sem nome. Não pode ser desfeito." },
    "person.eraseAllAsk": { one: "{who}, {n} sessão: tudo sobre a pessoa é apagado, pedidos incluídos, e todos os números são contados de novo sem ela. Não pode ser desfeito.", other: "{who}, {n} sessões: tudo sobre a pessoa é apagado, pedidos incluídos, e todos os números são contados de novo sem ela. Não pode ser desfeito." },
    "person.erased": "Apagado",
    "person.notReached": "Fora do alcance daqui:",
    "danger.title": "Excluir este site",
    "danger.text": "O site e tudo o que há nele vão embora: visitantes, eventos, clientes, pedidos, relatórios e membros.",
    "danger.delete": "Excluir site",
    "danger.deleteTitle": "Excluir {name}?",
    "danger.deleteAsk": "Tudo o que foi coletado é excluído para todos os membros. Não pode ser desfeito.",
  },
})
