// A customer whom no visitor is known to be: profile, RFM by month and orders. Those who were seen open as persons.
import { Query, store } from "/client.js"
import { followAddress, openDialog, saidBy } from "./dialog.js"
import { facts, h } from "./dom.js"
import { day, figure, money, plain } from "./format.js"
import { panel } from "./panel.js"
import { dot, labelOf, nameOf } from "./segmentation.js"
import { paged, table } from "./table.js"
import { addWords, t } from "./words.js"

const PAGE = 10 // rows

addWords({
  en: {
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
    "seg.firstOrder": "First order",
    "seg.lastOrder": "Last order",
    "seg.orders": "Orders",
    "seg.total": "Spent in all",
    "seg.category": "Buys mostly",
    "seg.location": "Place",
    "seg.noVisitor": "This customer was never seen on the site.",
  },
  pt: {
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
    "seg.firstOrder": "Primeiro pedido",
    "seg.lastOrder": "Último pedido",
    "seg.orders": "Pedidos",
    "seg.total": "Gasto ao todo",
    "seg.category": "Compra mais",
    "seg.location": "Lugar",
    "seg.noVisitor": "Este cliente nunca foi visto no site.",
  },
})

/** Opens and closes the dialog as the address says; called once. @param {import("./segmentation.js").Context} context */
export const watchCustomer = (context) => void followAddress(context.page.state, "customer", (id, onClose) =>
  context.page.site.current && Number.isSafeInteger(Number(id)) ? show(Number(id), context, onClose) : null)

/** @param {number} id @param {import("./segmentation.js").Context} context @param {() => void} onClose @returns {() => void} closes it */
function show(id, context, onClose) {
  const body = h("article", { class: "stack" }, h("p", { class: "muted", role: "status" }, t("panel.loading", { title: t("seg.customer") })))
  fill(body, id, context)
  return openDialog({ title: t("seg.customer"), body, wide: true, onClose })
}

/** A known visitor takes the customer's place. @param {HTMLElement} body @param {number} id @param {import("./segmentation.js").Context} context */
async function fill(body, id, { page: { state, site }, ask }) {
  const of = site.current?.site_id ?? 0
  try {
    const [customers, users] = await Promise.all([
      new Query({ from: "customers", where: [["site_id", "eq", of], ["customer_id", "eq", id]] }).run(),
      new Query({ from: "site_users", select: ["user_id", "merged_into"], where: [["site_id", "eq", of], ["customer_id", "eq", id]],
        order: ["last_seen_at.desc", "user_id"], limit: 1 }).run(),
    ])
    if (!body.isConnected) return
    if (users.length > 0) {
      state.set({ customer: null, user: users[0].merged_into ?? users[0].user_id })
      return
    }
    if (customers.length === 0) return void body.replaceChildren(h("p", {}, t("table.empty")))
    const [customer] = customers
    const heading = body.closest("dialog")?.querySelector("h2")
    if (heading) heading.textContent = plain(customer.name ?? customer.external_id ?? `#${id}`)
    body.replaceChildren(profile(customer, site.current?.currency ?? ""), rfm(id, ask), orders(id, of))
  } catch (error) {
    body.replaceChildren(h("p", { role: "alert" }, saidBy(error)))
  }
}

/** @param {any} customer @param {string} currency */
function profile(customer, currency) {
  const known = {
    number: plain(customer.external_id), email: plain(customer.email), orders: figure(customer.order_count), total: money(customer.total_spent, currency),
    firstOrder: day(customer.first_purchase_at), lastOrder: day(customer.last_purchase_at), category: plain(customer.preferred_category), location: plain(customer.location),
  }
  return h("div", {}, facts(Object.entries(known).map(([key, value]) => [t(`seg.${key}`), value])),
    h("p", { class: "muted" }, t("seg.noVisitor")))
}

/** @param {number} id @param {import("./segmentation.js").Context["ask"]} ask */
function rfm(id, ask) {
  const rows = table({
    caption: t("seg.rfmHistory"), rowKey: (row) => row.period,
    columns: [
      { key: "period", title: t("seg.month"), kind: "text", narrow: true, draw: (row) => /^\d{4}-\d\d$/.test(row.period) ? nameOf(row.period) : row.period },
      { key: "cluster", title: t("seg.cluster"), kind: "text", narrow: true, draw: (row) => dot(row, labelOf(row)) },
      { key: "r_score", title: "R", kind: "number" }, { key: "f_score", title: "F", kind: "number" }, { key: "m_score", title: "M", kind: "number" },
      { key: "recency", title: t("seg.recency"), kind: "number" }, { key: "frequency", title: t("seg.frequency"), kind: "number" },
      { key: "monetary", title: t("seg.monetary"), kind: "money", narrow: true },
    ],
  })
  return panel({
    title: t("seg.rfmHistory"), store: store(() => ask("rfm_history", { customer_id: id }, { order: ["period_end.desc"] })), csv: "rfm", height: 150,
    draw(body, data) {
      rows.rows = data
      return rows
    },
  })
}

/** @param {number} id @param {number} of the site */
function orders(id, of) {
  let offset = 0
  const purchases = store(() => new Query({
    from: "purchases", select: ["purchase_id", "external_id", "purchased_at", "amount", "currency", "item_count", "channel", "is_refund", "is_cancelled"],
    where: [["site_id", "eq", of], ["customer_id", "eq", id]], order: ["purchased_at.desc", "purchase_id.desc"], limit: PAGE, offset,
  }), { count: true })
  const rows = table({
    caption: t("seg.purchases"), rowKey: (row) => row.purchase_id,
    columns: [
      { key: "purchased_at", title: t("seg.when"), kind: "date", narrow: true },
      { key: "external_id", title: t("seg.number"), kind: "text" },
      { key: "state", title: t("seg.state"), kind: "text", narrow: true,
        draw: (row) => t(`seg.state.${row.is_cancelled ? "cancelled" : row.is_refund ? "refund" : "order"}`) },
      { key: "channel", title: t("seg.channel"), kind: "text" },
      { key: "item_count", title: t("seg.pieces"), kind: "number" },
      { key: "amount", title: t("seg.amount"), kind: "money", narrow: true },
    ],
  })
  return panel({
    title: t("seg.purchases"), store: purchases, csv: "orders", height: 160,
    empty: (data) => data.total === 0 ? { title: t("seg.purchases.none"), text: "" } : null,
    draw: paged(rows, { limit: PAGE, offset: () => offset, go: (to) => {
      offset = to
      purchases.refresh()
    } }),
  })
}
