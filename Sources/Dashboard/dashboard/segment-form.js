// The dialog that makes a segment or changes one; its size is told while the rule is written.
import { call, Query } from "/client.js"
import { openDialog, saidBy, toast } from "./dialog.js"
import { h } from "./dom.js"
import { plain } from "./format.js"
import { t } from "./words.js"

const PAUSE = 350 // ms after the last key before a rule is tried

/** @typedef {import("./segmentation.js").Context} Context */

/**
 * @param {Context} context @param {import("/client.js").Store} segments @param {any} row the segment to change; null makes one
 * @param {() => Promise<any>} [reread]
 */
export async function editDialog(context, segments, row, reread) {
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
