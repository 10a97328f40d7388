// What the parts of the segmentation page share: its words, the look of clusters, and reading again when the month changes.
import { h } from "./dom.js"
import { day, month as monthName, percent } from "./format.js"
import { language, t } from "./words.js"

/**
 * @typedef {import("./shell.js").Page} Page
 * @typedef {{ month: string, month_start: string, is_complete: boolean, is_stored: boolean, is_default: boolean }} Month
 * @typedef {{ page: Page, months: import("/client.js").Store, month: () => string, canWrite: () => boolean,
 *   ask: (from: string, given?: Record<string, unknown>, more?: object) => Query | null,
 *   openCustomer: (row: { customer_id: number, user_id?: number | null }) => void }} Context
 */

/** The name that SQL gives in the reader's language. @param {{ label_en: string, label_pt: string }} row */
export const labelOf = (row) => language === "pt" ? row.label_pt : row.label_en

/** A date in the month "2026-10", to show it. @param {string} name */
export const nameOf = (name) => monthName(`${name}-01`)

/** Paints with the colour of SQL's map; the label beside it says the same. @param {HTMLElement} element @param {unknown} color */
export function paint(element, color) {
  if (/^#[0-9A-F]{6}$/.test(String(color))) element.style.setProperty("--cluster", String(color))
  return element
}

/** @param {{ color: string }} row @param {string} label */
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


/** @type {import("./words.js").Words} */
export const words = {
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
    "seg.metric.average_value": "Revenue per customer",
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
    "seg.metric.average_value": "Receita por cliente",
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
}
