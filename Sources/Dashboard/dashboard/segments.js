// Segments: the list, and one segment with its history and members.
import { call, store } from "/client.js"
import { lineChart } from "./chart.js"
import { confirmAct, followAddress, openDialog, saidBy, toast } from "./dialog.js"
import { h, icon } from "./dom.js"
import { exact, figure, plain } from "./format.js"
import { panel } from "./panel.js"
import { paged, searchField, table } from "./table.js"
import { language, t } from "./words.js"

const PAGE = 20 // rows

/** @typedef {import("./segmentation.js").Context} Context */

/** @param {Context} context */
export function segmentsView(context) {
  const { page: { state }, ask, canWrite } = context
  const segments = store(() => ask("segment_list"), { every: 30_000 })
  const add = h("button", { class: "button primary small", type: "button", onclick: () => editDialog(context, segments, null) }, icon("add"), t("seg.new"))
  context.page.site.subscribe(() => { add.hidden = !canWrite() })
  context.page.shortcut("n", t("seg.new"), () => { if (canWrite() && add.isConnected) editDialog(context, segments, null) })
  const rows = table({
    caption: t("seg.segments"), rowKey: (row) => row.segment_id, open: (row) => state.push({ segment: row.segment_id }),
    columns: [
      { key: "name", title: t("seg.segment"), narrow: true, draw: (row) => plain(nameIn(row)) },
      { key: "kind", title: t("seg.kind"), kind: "text", draw: (row) => h("span", {}, h("span", { class: "badge" }, t(`seg.kind.${row.kind}`)),
        row.error ? h("span", { class: "bad", title: row.error }, " !") : null) },
      { key: "subject", title: t("seg.subject"), kind: "text", draw: (row) => t(`seg.subject.${row.subject}`) },
      { key: "size", title: t("seg.size"), kind: "number", narrow: true },
      { key: "entered_30_days", title: t("seg.entered"), kind: "number" },
      { key: "departed_30_days", title: t("seg.departed"), kind: "number" },
      { key: "sized_at", title: t("seg.sized"), kind: "moment" },
    ],
  })
  const list = panel({
    title: t("seg.segments"), store: segments, csv: "segments", height: 300, controls: [add],
    empty: (data) => data.length > 0 ? null : {
      title: t("seg.segments.none"), text: t("seg.segments.none.text"),
      acts: canWrite() ? [h("button", { class: "button primary", type: "button", onclick: () => editDialog(context, segments, null) }, t("seg.new"))] : [],
    },
    draw(body, data) {
      rows.rows = data
      return rows
    },
  })
  watchSegment(context, segments)
  return h("div", { class: "stack" }, list)
}

// What not every visit needs comes with its first use.
/** @type {typeof import("./segment-form.js").editDialog} */
const editDialog = async (...given) => (await import("./segment-form.js")).editDialog(...given)

/** @param {any} row */
const nameIn = (row) => language === "pt" ? row.name_pt : row.name

// MARK: One segment

/** The address opens a segment, once it is known. @param {Context} context @param {import("/client.js").Store} segments */
function watchSegment(context, segments) {
  const { state } = context.page
  const look = followAddress(state, "segment", (wanted, onClose) => {
    const row = segments.data?.find((/** @type {any} */ one) => String(one.segment_id) === wanted)
    if (row) return segmentDialog(context, segments, row, onClose)
    if (segments.data) {
      toast(t("seg.gone"), "bad")
      state.set({ segment: null })
    }
    return null
  }, ["member", "row"])
  segments.subscribe(look)
}

/** @param {Context} context @param {import("/client.js").Store} segments @param {any} row @param {() => void} onClose @returns {() => void} closes it */
function segmentDialog(context, segments, row, onClose) {
  const { page, ask, canWrite } = context
  const { state } = page
  const site = page.site.id, id = String(row.segment_id)
  const facts = h("div", { class: "stack" })
  const history = store(() => ask("segment_movement", { segment: id }, { order: ["day"] }))
  const chart = lineChart({ label: t("seg.history"), format: "integer", height: 160 })
  const people = store(() => ask("segment_people", { segment: id, ...(state.get("member") ? { search: state.get("member") } : {}) },
    { order: ["name.asc.nullslast", "subject_id"], limit: PAGE, offset: Math.max(0, Math.trunc(Number(state.get("row")) || 0)) }), { count: true })
  const reread = () => Promise.all([segments.refresh(), history.refresh(), people.refresh()])
  const body = [facts,
    panel({ title: t("seg.history"), store: history, csv: "segment-history", height: 262, draw(place, data) {
      chart.points = data.map((/** @type {any} */ one, /** @type {number} */ at) => ({ date: one.day, value: one.size, is_partial: at === data.length - 1 }))
      return chart
    } }),
    peoplePanel(context, row, people, reread)]
  /** @type {(() => void)[]} */
  const ends = []
  const close = openDialog({ title: nameIn(row), body: h("article", { class: "stack" }, ...body), wide: true, onClose: () => {
    for (const end of ends) end()
    onClose()
  } })
  for (const names of [["member"], ["row"]]) ends.push(state.watch(names, () => { if (people.isActive) people.refresh() }))
  const act = (/** @type {string} */ key, /** @type {string} */ look, /** @type {() => Promise<void>} */ fn) => {
    const button = h("button", { class: `button small ${look}`, type: "button" }, t(key))
    button.addEventListener("click", async () => {
      button.disabled = true
      await fn().catch((error) => toast(saidBy(error), "bad"))
      button.disabled = false
    })
    return button
  }
  const draw = () => {
    const now = segments.data?.find((/** @type {any} */ one) => String(one.segment_id) === id)
    if (!now) return
    const acts = canWrite() ? [
      now.kind !== "cluster" && act("seg.edit", "", async () => editDialog(context, segments, now, reread)),
      now.kind === "rule" && act("seg.refresh", "", async () => {
        const counted = await call("refresh_segment", { site, segment: id })
        await reread()
        toast(t("seg.refreshed", { segment: plain(nameIn(now)), n: Number((Array.isArray(counted) ? counted[0] : counted).size) }))
      }),
      act("seg.delete", "danger", async () => {
        const text = t("seg.delete.text", { name: plain(nameIn(now)) })
        if (!await confirmAct({ title: t("seg.delete"), text, act: t("delete"), danger: true })) return
        await call("delete_segment", { site, segment: id })
        toast(t("seg.deleted", { name: plain(nameIn(now)) }))
        close()
        await segments.refresh()
      }),
    ] : []
    facts.replaceChildren(...[
      h("div", { class: "row" }, h("span", { class: "badge" }, t(`seg.kind.${now.kind}`)), h("span", { class: "badge" }, t(`seg.subject.${now.subject}`)),
        now.tier && h("span", { class: "badge" }, now.tier), h("strong", { title: exact(now.size) }, `${t("seg.size")}: ${figure(now.size)}`)),
      now.description && h("p", {}, plain(now.description)),
      now.error && h("p", { class: "bad" }, t("seg.error", { error: plain(now.error) })),
      now.criteria && h("details", {}, h("summary", {}, t("seg.rule")), h("pre", { class: "sql", tabindex: "0" }, JSON.stringify(now.criteria, null, 2))),
      acts.length > 0 && h("div", { class: "row" }, ...acts),
    ].filter((part) => part instanceof Node))
  }
  ends.push(segments.subscribe(draw))
  return close
}

/** @param {Context} context @param {any} segment @param {import("/client.js").Store} people @param {() => Promise<any>} reread */
function peoplePanel(context, segment, people, reread) {
  const { page, canWrite } = context
  const { state } = page
  const site = page.site.id, id = String(segment.segment_id)
  const isStatic = segment.kind === "static" && canWrite()
  const remove = async (/** @type {any} */ row) => {
    try {
      await call("remove_from_segment", { site, segment: id, subject_ids: [row.subject_id] })
      toast(t("seg.removed", { name: plain(row.name ?? row.external_id ?? `#${row.subject_id}`) }))
      await reread()
    } catch (error) {
      toast(saidBy(error), "bad")
    }
  }
  const rows = table({
    caption: t("seg.people"), rowKey: (row) => row.subject_id,
    open: (row) => row.user_id ? page.openPerson(row.user_id) : state.push({ customer: row.customer_id }),
    columns: [
      { key: "name", title: t("seg.customer"), narrow: true, draw: (row) => plain(row.name ?? row.external_id ?? `#${row.subject_id}`) },
      { key: "external_id", title: t("seg.number"), kind: "text" },
      { key: "email", title: t("seg.email"), kind: "text" },
      { key: "entered_at", title: t("seg.since"), kind: "date", narrow: true },
      ...(isStatic ? [{ key: "act", title: "", narrow: true, draw: (/** @type {any} */ row) =>
        h("button", { class: "button quiet small", type: "button", onclick: () => remove(row) }, t("seg.remove")) }] : []),
    ],
  })
  const list = panel({
    title: t("seg.people"), store: people, csv: "segment-members", height: 300, controls: [searchField(state, "member", t("seg.search"), "row")],
    empty: (data) => data.total === 0 ? { title: t("seg.people.none"), text: "" } : null,
    draw: paged(rows, { limit: PAGE, offset: () => Number(state.get("row")) || 0, go: (to) => state.set({ row: to || null }) }),
  })
  if (!isStatic) return list
  const place = h("div", { class: "adder" })
  import("./segment-adder.js").then(({ fillAdder }) => fillAdder(place, site, segment, reread), (error) => toast(saidBy(error), "bad"))
  return h("div", { class: "stack" }, place, list)
}
