// Segments: the list, one segment with its history and members, and the dialog that makes and changes them.
import { call, Query, store } from "/client.js"
import { lineChart } from "./chart.js"
import { confirmAct, openDialog, saidBy, toast } from "./dialog.js"
import { h, icon } from "./dom.js"
import { exact, figure, plain } from "./format.js"
import { panel } from "./panel.js"
import { paged, searchField, table } from "./table.js"
import { language, t } from "./words.js"

const PAGE = 20 // rows
const PAUSE = 350 // ms after the last key before a rule is tried

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

/** @param {any} row */
const nameIn = (row) => language === "pt" ? row.name_pt : row.name

// MARK: One segment

/** The address opens a segment, once it is known. @param {Context} context @param {import("/client.js").Store} segments */
function watchSegment(context, segments) {
  const { state } = context.page
  let open = ""
  const look = () => {
    const wanted = state.get("segment")
    if (!wanted || wanted === open || !segments.data) return
    const row = segments.data.find((/** @type {any} */ one) => String(one.segment_id) === wanted)
    if (!row) {
      toast(t("seg.gone"), "bad")
      return state.set({ segment: null })
    }
    open = wanted
    segmentDialog(context, segments, row, () => { open = "" })
  }
  state.watch(["segment", "view"], look)
  segments.subscribe(look)
}

/** @param {Context} context @param {import("/client.js").Store} segments @param {any} row @param {() => void} ended */
function segmentDialog(context, segments, row, ended) {
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
  let isOpen = true
  const close = openDialog({ title: nameIn(row), body: h("article", { class: "stack" }, ...body), wide: true, onClose: () => {
    isOpen = false
    for (const end of ends) end()
    ended()
    if (state.get("segment") === id) state.undo({ segment: null, member: null, row: null })
  } })
  ends.push(state.watch(["segment"], () => { if (isOpen && state.get("segment") !== id) close() }))
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
  return isStatic ? h("div", { class: "stack" }, adder(context, segment, reread), list) : list
}

/** Finds people by name and puts them into a segment that is kept by hand. @param {Context} context @param {any} segment @param {() => Promise<any>} reread */
function adder({ page }, segment, reread) {
  const of = page.site.current?.site_id ?? 0
  const field = h("input", { class: "field", type: "search", "aria-label": t("seg.add.search"), placeholder: t("seg.add.search"), maxlength: 200 })
  const found = h("ul", { class: "found" })
  const isCustomer = segment.subject === "customer"
  let timer = 0
  /** @type {AbortController | null} */
  let reading = null
  const look = async () => {
    reading?.abort()
    const wanted = field.value.trim().replace(/[*%_\\]/g, "")
    if (!wanted) return void found.replaceChildren()
    const mine = reading = new AbortController()
    const key = isCustomer ? "customer_id" : "user_id"
    try {
      const asked = await Promise.all(["name", "email", "external_id"].map((column) => new Query({
        from: isCustomer ? "customers" : "site_users", select: [key, "name", "email", "external_id"],
        where: [["site_id", "eq", of], [column, "ilike", `*${wanted}*`], ...(isCustomer ? [] : [/** @type {any} */ (["merged_into", "is", null])])], order: [key], limit: 5,
      }).run({ signal: mine.signal })))
      const rows = [...new Map(asked.flat().map((row) => [row[key], row])).values()].slice(0, 5)
      found.replaceChildren(...rows.length === 0 ? [h("li", { class: "muted" }, t("seg.add.none"))] : rows.map((row) => {
        const name = plain(row.name ?? row.external_id ?? row.email ?? `#${row[key]}`)
        return h("li", {}, h("span", {}, name, row.email ? h("span", { class: "muted" }, ` ${plain(row.email)}`) : null),
          h("button", { class: "button small", type: "button", "aria-label": `${t("seg.add")} ${name}`, onclick: async () => {
            try {
              await call("add_to_segment", { site: String(of), segment: String(segment.segment_id), subject_ids: [row[key]] })
              toast(t("seg.added", { name }))
              await reread()
            } catch (error) {
              toast(saidBy(error), "bad")
            }
          } }, t("seg.add")))
      }))
    } catch (error) {
      if (!mine.signal.aborted) toast(saidBy(error), "bad")
    }
  }
  field.addEventListener("input", () => {
    clearTimeout(timer)
    timer = setTimeout(look, PAUSE)
  })
  return h("div", { class: "adder" }, field, found)
}

// MARK: Make and change

/**
 * @param {Context} context @param {import("/client.js").Store} segments @param {any} row the segment to change; null makes one
 * @param {() => Promise<any>} [reread]
 */
async function editDialog(context, segments, row, reread) {
  const { page, ask } = context
  const site = page.site.id
  const name = h("input", { class: "field", required: true, maxlength: 100, autocomplete: "off" })
  const description = h("input", { class: "field", maxlength: 2000, autocomplete: "off" })
  name.value = row?.name ?? ""
  description.value = row?.description ?? ""
  const kind = choice("kind", ["rule", "cluster", "static"], row?.kind ?? "rule", (one) => t(`seg.kind.${one}`))
  const subject = choice("subject", ["customer", "user"], row?.subject ?? "customer", (one) => t(`seg.subject.${one}`))
  const what = h("p", { class: "hint" })
  const rule = h("div", { class: "rule-place" }, h("p", { class: "muted", role: "status" }, t("panel.loading", { title: t("seg.rule") })))
  const size = h("div", { class: "preview", role: "status", "aria-live": "polite" })
  const clusters = clusterFields()
  const problem = h("p", { role: "alert" })
  const save = h("button", { class: "button primary", type: "submit" }, row ? t("save") : t("seg.create"))
  const cancel = h("button", { class: "button", type: "button", onclick: () => close() }, t("cancel"))
  const kindRow = h("fieldset", { class: "choice" }, h("legend", {}, t("seg.kind")), kind.element, what)
  const subjectRow = h("fieldset", { class: "choice" }, h("legend", {}, t("seg.subject")), subject.element)
  const form = h("form", { class: "form segment-form", novalidate: true }, h("label", {}, t("seg.name"), name), h("label", {}, t("seg.description"), description),
    !row && kindRow, !row && subjectRow, clusters.element, rule, size, problem, h("div", { class: "row end" }, cancel, save))
  const close = openDialog({ title: row ? t("seg.editOf", { name: row.name }) : t("seg.new"), body: form, wide: true, onClose: () => {
    clearTimeout(timer)
    reading?.abort()
  } })
  name.focus()

  let timer = 0
  /** @type {AbortController | null} */
  let reading = null
  /** @type {ReturnType<typeof import("./rules.js").ruleBuilder> | null} */
  let builder = null
  const preview = async () => {
    reading?.abort()
    if (!builder || kind.value() !== "rule") return
    const mine = reading = new AbortController()
    size.dataset.state = "wait"
    try {
      const query = ask("preview_segment", { criteria: builder.read(), subject: subject.value() })
      const [answer] = await /** @type {Query} */ (query).run({ signal: mine.signal })
      builder.clear()
      size.dataset.state = "good"
      const names = answer.sample.map((/** @type {any} */ one) => plain(one.name ?? one.external_id ?? one.email ?? `#${one.customer_id ?? one.user_id}`))
      size.replaceChildren(h("strong", {}, t(subject.value() === "user" ? "seg.preview.user" : "seg.preview", { n: Number(answer.size) })),
        names.length > 0 ? h("span", { class: "muted" }, ` ${t("seg.preview.like", { names: names.join(", ") })}`) : "")
    } catch (/** @type {any} */ error) {
      if (mine.signal.aborted) return
      size.dataset.state = "bad"
      if (error.status === 400) {
        builder.fail(error.message)
        size.replaceChildren(t("seg.preview.wrong"))
      } else size.replaceChildren(saidBy(error))
    }
  }
  const changed = () => {
    clearTimeout(timer)
    if (size.dataset.state !== "wait") size.dataset.state = "wait"
    timer = setTimeout(preview, PAUSE)
  }
  const dress = () => {
    what.textContent = t(`seg.kind.${kind.value()}.text`)
    subjectRow.hidden = kind.value() === "cluster"
    clusters.element.hidden = kind.value() !== "cluster" || Boolean(row)
    rule.hidden = size.hidden = kind.value() !== "rule"
    description.closest("label")?.toggleAttribute("hidden", kind.value() === "cluster")
  }
  kind.element.addEventListener("change", dress)
  subject.element.addEventListener("change", changed)
  form.addEventListener("submit", async (event) => {
    event.preventDefault()
    problem.textContent = ""
    save.disabled = true
    try {
      const criteria = kind.value() === "rule" ? builder?.read() : null
      if (row) await call("update_segment", { site, segment: String(row.segment_id), name: name.value, description: description.value, ...(criteria ? { criteria } : {}) })
      else if (kind.value() === "cluster") {
        const made = await call("calculate_clusters", { site, name: name.value, k: clusters.k(), features: clusters.features() })
        toast(t("seg.calculated", { n: made.length }))
      } else {
        await call("create_segment", { site, name: name.value, criteria, subject: subject.value(), ...(description.value ? { description: description.value } : {}) })
      }
      if (row || kind.value() !== "cluster") toast(t("seg.saved", { name: plain(name.value) }))
      close()
      await (reread ? reread() : segments.refresh())
    } catch (/** @type {any} */ error) {
      if (error.status === 400 && /^criteria\b/.test(error.message)) builder?.fail(error.message)
      else problem.textContent = [saidBy(error), error.details].filter((part) => typeof part === "string" && part).join(": ")
    }
    save.disabled = false
  })
  dress()
  if (row && row.kind !== "rule") return
  try {
    const [{ ruleBuilder }, [schema], labels] = await Promise.all([
      import("./rules.js"), // comes with the first rule
      new Query({ from: "segment_schema", arguments: {} }).run(),
      new Query({ from: "rfm_cluster_labels", select: ["cluster", "label_en", "label_pt", "color"], order: ["worth.desc"] }).run(),
    ])
    const others = (segments.data ?? []).filter((/** @type {any} */ one) => one.segment_id !== row?.segment_id)
    builder = ruleBuilder(schema, row?.criteria ?? null, { clusters: labels, segments: others, subject: subject.value, changed })
    rule.replaceChildren(builder.element)
    changed()
  } catch (error) {
    rule.replaceChildren(h("p", { role: "alert" }, saidBy(error)))
  }
}

/** @param {string} name @param {string[]} values @param {string} start @param {(value: string) => string} label */
function choice(name, values, start, label) {
  const inputs = values.map((value) => h("input", { type: "radio", name, value, checked: value === start }))
  return {
    element: h("div", { class: "row" }, ...inputs.map((input, place) => h("label", { class: "check" }, input, label(values[place])))),
    value: () => inputs.find((input) => input.checked)?.value ?? start,
  }
}

/** How k-means shall divide: how many clusters, and by which features; the names are those of vibe.cluster_features(). */
function clusterFields() {
  const k = h("input", { class: "field", type: "number", min: 2, max: 20, step: 1 })
  k.value = "3"
  const place = h("div", { class: "checks" })
  const standard = ["recency_days", "order_count", "total_spent"]
  new Query({ from: "cluster_features", arguments: {} }).run().then((rows) => place.replaceChildren(...rows.map(({ feature }) =>
    h("label", { class: "check" }, h("input", { type: "checkbox", value: feature, checked: standard.includes(feature) }), t(`seg.feature.${feature}`)))),
  (error) => place.replaceChildren(saidBy(error)))
  return {
    element: h("div", { class: "stack" }, h("label", {}, t("seg.k"), k), h("fieldset", { class: "choice" }, h("legend", {}, t("seg.features")), place)),
    k: () => Number(k.value),
    features: () => [...place.querySelectorAll("input")].filter((box) => box.checked).map((box) => box.value),
  }
}
