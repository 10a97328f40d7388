// Funnels: which one, how many get through, who does not, how long it takes, and how that changes day by day.
import { call, Query, site, store } from "/client.js"
import { chosenDays, PERIOD } from "./address.js"
import { bars } from "./bars.js"
import { lineChart } from "./chart.js"
import { h } from "./dom.js"
import { duration, exact, plain } from "./format.js"
import { panel } from "./panel.js"
import { periodSwitch } from "./period.js"
import { openPage } from "./shell.js"
import { steps, stepsOf } from "./steps.js"
import { locale, saidBy } from "./words.js"

const PAGE = 20 // people
const VALUES = 6 // of a breakdown, the largest
const SLOW = 60_000 // ms between reads that nobody asked for: each of them scans events

/** What of the address makes another question. */
const ASKED = ["funnel", "define", "segment", ...PERIOD]

/** @type {import("./words.js").Words} */
const words = {
  en: {
    "segment.label": "Segment", "segment.all": "All users", "segment.clear": "Clear segment",
    "compare.label": "Compare", "compare.none": "No comparison", "compare.previous": "Previous period", "compare.by": "By a property",
    "compare.property": "Property at entry", "compare.show": "Show", "compare.toggle": "Compare with the previous period",
    "list.title": "Funnels", "list.none": "No funnel yet",
    "list.noneText": "A funnel shows where visitors stop on the way to a goal. It needs two steps.", "list.addStep": "Add step",
    "list.steps": { one: "{n} step", other: "{n} steps" }, "list.within": "within {time}",
    "mode.ordered": "in order", "mode.strict": "nothing between", "mode.unordered": "any order",
    "funnel.title": "Funnel", "funnel.new": "New funnel", "funnel.edit": "Edit", "funnel.change": "Change", "funnel.adHoc": "Unsaved funnel",
    "empty.title": "Nobody entered this funnel", "empty.text": "Nobody took its first step in this period.",
    "empty.segment": "Nobody of this segment took its first step in this period.", "empty.longer": "Try 12 months",
    "breakdown.title": "By {property}", "breakdown.note": "at entry, the {n} largest", "breakdown.missing": "(not set)",
    "trend.title": "Conversion over time", "trend.label": "Conversion", "trend.note": "By day of entry; dotted while users may still convert.",
    "target.label": "Converted to", "target.to": "to {name}",
    "durations.title": "Time to convert", "durations.to": "Time to “{name}”", "durations.none": "Nobody converted",
    "durations.noneText": "There is no time to show.", "durations.under": "under {time}", "durations.between": "{from} to {to}",
    "durations.over": "{time} and more",
    "times.title": "How long each step takes", "times.note": "since the first step", "times.step": "Step", "times.users": "Users",
    "times.0.25": "Fastest quarter", "times.0.5": "Half", "times.0.75": "Three quarters", "times.0.9": "90%",
    "times.previous": "Half, since the step before",
    "delete.title": "Delete the funnel “{name}”?", "delete.text": "Its definition and its daily figures go. Events stay as they are.",
    "delete.done": "Funnel “{name}” deleted",
    "form.saved": "Funnel “{name}” saved",
  },
  pt: {
    "segment.label": "Segmento", "segment.all": "Todos os usuários", "segment.clear": "Limpar segmento",
    "compare.label": "Comparar", "compare.none": "Sem comparação", "compare.previous": "Período anterior", "compare.by": "Por propriedade",
    "compare.property": "Propriedade na entrada", "compare.show": "Mostrar", "compare.toggle": "Comparar com o período anterior",
    "list.title": "Funis", "list.none": "Nenhum funil ainda",
    "list.noneText": "Um funil mostra onde os visitantes param no caminho até uma meta. Ele precisa de duas etapas.",
    "list.addStep": "Adicionar etapa", "list.steps": { one: "{n} etapa", other: "{n} etapas" }, "list.within": "em até {time}",
    "mode.ordered": "em ordem", "mode.strict": "nada entre elas", "mode.unordered": "qualquer ordem",
    "funnel.title": "Funil", "funnel.new": "Novo funil", "funnel.edit": "Editar", "funnel.change": "Alterar", "funnel.adHoc": "Funil não salvo",
    "empty.title": "Ninguém entrou neste funil", "empty.text": "Ninguém fez a primeira etapa neste período.",
    "empty.segment": "Ninguém deste segmento fez a primeira etapa neste período.", "empty.longer": "Tentar 12 meses",
    "breakdown.title": "Por {property}", "breakdown.note": "na entrada, os {n} maiores", "breakdown.missing": "(sem valor)",
    "trend.title": "Conversão ao longo do tempo", "trend.label": "Conversão",
    "trend.note": "Por dia de entrada; pontilhada enquanto ainda se pode converter.",
    "target.label": "Convertidos até", "target.to": "até {name}",
    "durations.title": "Tempo até converter", "durations.to": "Tempo até “{name}”", "durations.none": "Ninguém converteu",
    "durations.noneText": "Não há tempo a mostrar.", "durations.under": "menos de {time}", "durations.between": "{from} a {to}",
    "durations.over": "{time} ou mais",
    "times.title": "Quanto tempo cada etapa leva", "times.note": "desde a primeira etapa", "times.step": "Etapa", "times.users": "Usuários",
    "times.0.25": "Quarto mais rápido", "times.0.5": "Metade", "times.0.75": "Três quartos", "times.0.9": "90%",
    "times.previous": "Metade, desde a etapa anterior",
    "delete.title": "Excluir o funil “{name}”?", "delete.text": "A definição e os números diários dele se vão. Os eventos ficam como estão.",
    "delete.done": "Funil “{name}” excluído",
    "form.saved": "Funil “{name}” salvo",
  },
}

openPage({ name: "funnels", words, build })

/** @param {import("./shell.js").Page} page */
function build({ t, state, main, toolbar, shortcut, openPerson }) {
  // MARK: What is asked

  const stored = store(() => site.current && new Query({ from: "stored_funnels", arguments: { site: site.id } }), { tables: ["site_sessions"], pause: SLOW })

  /** The funnel of the address, else the site's first; one that is not stored stands in the address itself. */
  function chosen() {
    const adHoc = definitionOf(state.get("define"))
    if (adHoc) return { name: null, definition: adHoc, isStored: false }
    const all = stored.data ?? []
    const found = all.find((/** @type {any} */ { name }) => name === state.get("funnel")) ?? all[0]
    return found ? { name: found.name, definition: found.definition, isStored: true } : null
  }

  /** @param {boolean} [previous] the equally long time before */
  function arguments_(previous = false) {
    const funnel = chosen()
    if (!site.current || !funnel) return null
    const days = chosenDays(state)
    return {
      site: site.id,
      ...(funnel.isStored ? { funnel: funnel.name } : { definition: funnel.definition }),
      first_day: previous ? days.previousFirst : days.first,
      last_day: previous ? days.previousLast : days.last,
      ...(state.get("segment") ? { segment: state.get("segment") } : {}),
    }
  }

  /**
   * @param {string} from @param {Record<string, unknown>} [more] @param {object} [shape] @param {boolean} [previous]
   */
  function query(from, more = {}, shape = {}, previous = false) {
    const given = arguments_(previous)
    return given && new Query({ from, arguments: { ...given, ...more }, ...shape })
  }

  const size = () => chosen()?.definition.steps.length ?? 0
  const lastStep = () => {
    const wanted = Number(state.get("step"))
    return Number.isInteger(wanted) && wanted >= 2 && wanted <= size() ? wanted : size()
  }
  const compares = () => state.get("compare") === "previous"
  const droppedAt = () => {
    const at = Number(state.get("drop"))
    return Number.isInteger(at) && at >= 2 && at <= (size() || 32) ? at : null // before the funnel is known, it may be
  }
  const pages = () => state.get("after").split(",").filter((id) => /^\d+$/.test(id)).map(Number)

  const conversion = store(() => query("calculate_funnel_conversion"), { tables: ["site_sessions"], pause: SLOW })
  const before = store(() => compares() ? query("calculate_funnel_conversion", {}, {}, true) : null)
  const broken = store(() => state.get("by") ? query("calculate_funnel_conversion", { breakdown: state.get("by") }, { limit: size() * VALUES }) : null)
  const trend = store(() => query("funnel_trend", { period: null }, { where: [["step", "eq", lastStep()]] }))
  const times = store(() => query("funnel_times"))
  const durations = store(() => query("funnel_durations", { to_step: lastStep() }))
  const dropped = store(() => {
    const at = droppedAt(), after = pages().at(-1)
    return at === null ? null : query("funnel_users", { stopped_after: at - 1, at_most: PAGE, ...(after ? { after_user: after } : {}) })
  })
  const reports = [conversion, before, broken, trend, times, durations, dropped]

  // MARK: Controls

  const segments = h("select", { class: "field", "aria-label": t("segment.label") })
  segments.addEventListener("change", () => state.set({ segment: segments.value, drop: null, after: null }))
  const segmentList = store(() => site.current && new Query({ from: "segments", select: ["name", "subject"], where: [["site_id", "eq", site.current.site_id]], order: ["name"] }))
  const fillSegments = () => {
    const names = (segmentList.data ?? []).map((/** @type {any} */ { name }) => name)
    const wanted = state.get("segment")
    if (wanted && !names.includes(wanted)) names.push(wanted)
    segments.replaceChildren(h("option", { value: "" }, t("segment.all")), ...names.map((/** @type {string} */ name) => h("option", { value: name }, plain(name))))
    segments.value = wanted
  }
  // Asked for when somebody reaches for them.
  let offers = false
  const offerSegments = () => {
    if (!offers) segmentList.subscribe(fillSegments)
    offers = true
  }
  for (const reached of ["focus", "pointerenter"]) segments.addEventListener(reached, offerSegments)

  fillSegments()

  const compare = h("select", { class: "field", "aria-label": t("compare.label") },
    h("option", { value: "" }, t("compare.none")), h("option", { value: "previous" }, t("compare.previous")), h("option", { value: "by" }, t("compare.by")))
  const property = h("input", { class: "field", "aria-label": t("compare.property"), placeholder: t("compare.property"), list: "properties", maxlength: "100" })
  const properties = h("datalist", { id: "properties" })
  const byForm = h("form", { class: "row", hidden: true }, property, properties, h("button", { class: "button" }, t("compare.show")))
  compare.addEventListener("change", () => {
    byForm.hidden = compare.value !== "by"
    state.set({ compare: compare.value === "previous" ? "previous" : null, by: null })
    if (compare.value === "by") {
      compare.value = "by"
      byForm.hidden = false
      offerProperties()
      property.focus()
    }
  })
  byForm.addEventListener("submit", (event) => {
    event.preventDefault()
    state.set({ by: property.value.trim(), compare: null })
    breakdown.scrollIntoView({ block: "nearest" })
  })
  async function offerProperties() {
    if (properties.childElementCount > 0 || !site.current) return
    const found = await new Query({ from: "event_parts", arguments: { site: site.id }, select: ["name"], where: [["kind", "eq", "property"]] }).run().catch(() => [])
    properties.replaceChildren(...found.map(({ name }) => h("option", { value: name })))
  }
  state.watch(["compare", "by"], () => {
    compare.value = compares() ? "previous" : state.get("by") ? "by" : ""
    byForm.hidden = compare.value !== "by"
    property.value = state.get("by")
  })
  shortcut("x", t("compare.toggle"), () => state.set({ compare: compares() ? null : "previous", by: null }))
  toolbar.append(segments, compare, byForm, periodSwitch({ state, shortcut }))

  // MARK: Panels

  const add = () => h("button", { class: "button small primary", type: "button", onclick: () => state.push({ edit: "new" }) }, t("funnel.new"))
  shortcut("n", t("funnel.new"), () => state.push({ edit: "new" }))
  const list = panel({
    title: t("list.title"), store: stored, height: 120, csv: "funnels", controls: [add()],
    draw: (_, data) => h("ul", { class: "funnel-list" }, ...data.map(listed)),
    empty: (data) => data.length > 0 ? null : { title: t("list.none"), text: t("list.noneText"), acts: [addStep()] },
  })
  /** @param {any} row */
  function listed({ name, steps, mode, within }) {
    const isCurrent = chosen()?.name === name
    const choose = () => state.set({ funnel: name, define: null, drop: null, after: null, step: null })
    return h("li", {}, h("button", { type: "button", "aria-current": isCurrent ? "true" : null, onclick: choose },
      h("span", { class: "name" }, plain(name)),
      h("span", { class: "about" }, [t("list.steps", { n: steps }), t(`mode.${mode}`), within ? t("list.within", { time: duration(seconds(within)) }) : ""].filter(Boolean).join(" · "))))
  }
  const addStep = () => h("button", { class: "button primary", type: "button", onclick: () => state.push({ edit: "new" }) }, t("list.addStep"))

  const edit = h("button", { class: "button small", type: "button", onclick: () => state.push({ edit: "1" }) }, t(site.mayWrite ? "funnel.edit" : "funnel.change"))
  const remove = h("button", { class: "button small", type: "button", onclick: removeFunnel }, t("delete"))
  const result = panel({ title: t("funnel.title"), store: conversion, height: 360, csv: "funnel", controls: [edit, remove], draw: drawSteps(true), empty: nobody })
  const previous = panel({ title: t("compare.previous"), store: before, height: 360, csv: "funnel-previous", draw: drawSteps(false), empty: nobody })
  const breakdown = panel({
    title: t("compare.by"), store: broken, height: 240, csv: "funnel-breakdown", note: t("breakdown.note", { n: VALUES }), empty: nobody,
    draw: (_, rows) => h("div", { class: "funnel-values" }, ...values(rows).map(({ value, part }) =>
      h("section", {}, h("h3", {}, value == null ? t("breakdown.missing") : plain(value)), steps(stepsOf(part))))),
  })

  /** @param {boolean} canAsk whether a drop leads to the people */
  function drawSteps(canAsk) {
    return (/** @type {HTMLElement} */ _, /** @type {any[]} */ rows) => {
      people?.tellTotal()
      return steps(stepsOf(rows), canAsk ? { onDrop: (at) => state.push({ drop: at, after: null }) } : {})
    }
  }

  /** @param {any[]} rows */
  function nobody(rows) {
    if (rows.length > 0 && rows.some(({ users }) => users > 0)) return null
    const acts = state.get("segment")
      ? [h("button", { class: "button", type: "button", onclick: () => state.set({ segment: null }) }, t("segment.clear"))]
      : [h("button", { class: "button", type: "button", onclick: () => state.set({ period: "12m", from: null, to: null }) }, t("empty.longer"))]
    return { title: t("empty.title"), text: t(state.get("segment") ? "empty.segment" : "empty.text"), acts }
  }

  const target = h("select", { class: "field funnel-target", "aria-label": t("target.label") })
  target.addEventListener("change", () => state.set({ step: target.value === String(size()) ? null : target.value }))
  const chart = lineChart({ label: t("trend.label"), format: "rate", height: 220 })
  const drawing = h("div", {}, chart, h("p", { class: "funnel-note" }, t("trend.note")))
  const course = panel({
    title: t("trend.title"), store: trend, height: 280, csv: "funnel-trend", controls: [target],
    draw(_, rows) {
      chart.points = rows.map((/** @type {any} */ row) => ({ date: row.day, value: row.conversion_from_start, is_partial: !row.is_complete }))
      return drawing
    },
  })
  const spread = panel({
    title: t("durations.title"), store: durations, height: 160, csv: "funnel-durations",
    empty: (rows) => rows.some((/** @type {any} */ { users }) => users > 0) ? null : { title: t("durations.none"), text: t("durations.noneText") },
    draw: (_, rows) => bars(trimmed(rows).map((/** @type {any} */ row) => ({ label: bounds(row), value: row.users, share: row.share }))),
  })
  /** @param {{ at_least: string, below: string | null }} row */
  function bounds({ at_least, below }) {
    const from = seconds(at_least)
    if (below === null) return t("durations.over", { time: bound(from) })
    return from === 0 ? t("durations.under", { time: bound(seconds(below)) })
      : t("durations.between", { from: bound(from), to: bound(seconds(below)) })
  }
  const taken = panel({
    title: t("times.title"), store: times, height: 120, csv: "funnel-times", note: t("times.note"),
    draw: (_, rows) => timeTable(rows),
  })
  /** @param {any[]} rows a line for each step and percentile */
  function timeTable(rows) {
    const lines = new Map()
    for (const row of rows) lines.set(row.step, [...(lines.get(row.step) ?? []), row])
    const head = [t("times.step"), t("times.users"), ...[...lines.values()][0].map((/** @type {any} */ { percentile }) => t(`times.${percentile}`)), t("times.previous")]
    const number = (/** @type {any} */ text) => h("td", { class: "number" }, text)
    return h("div", { class: "scroll funnel-people", tabindex: "0", role: "group", "aria-label": t("times.title") }, h("table", {},
      h("thead", {}, h("tr", {}, ...head.map((title, place) => h("th", { scope: "col", class: place > 0 ? "number" : null }, title)))),
      h("tbody", {}, ...[...lines.values()].map((line) => h("tr", {}, h("td", {}, plain(line[0].name)), number(exact(line[0].users)),
        ...line.map((/** @type {any} */ { from_start }) => number(duration(seconds(from_start)))),
        number(duration(seconds(line.find((/** @type {any} */ { percentile }) => percentile === 0.5)?.from_previous ?? null))))))))
  }

  /** @type {ReturnType<typeof import("./funnel-people.js").peoplePanel> | null} */
  let people = null
  let peopleBefore = (/** @type {string} */ name) => name
  async function loadPeople() {
    const loaded = await import("/dashboard/funnel-people.js")
    peopleBefore = loaded.peopleBefore
    people ??= loaded.peoplePanel({
      store: dropped, limit: PAGE, known: pages, open: openPerson, close: () => state.undo({ drop: null, after: null }),
      total: () => conversion.data?.find((/** @type {any} */ { step }) => step === droppedAt())?.drop_off,
      go: (known) => state.set({ after: known.join(",") }),
      csv: () => query("funnel_users", { stopped_after: (droppedAt() ?? 2) - 1, at_most: 10_000 })?.csv("funnel-dropped"),
    })
  }

  const pair = h("div", { class: "funnel-pair" })
  const top = h("div", { class: "grid funnel-top" })
  const rest = h("div", { class: "grid" }, course, spread)

  // MARK: What follows from the address

  function dress() {
    const funnel = chosen()
    // Only what is seen asks: a panel that is not in the page has no reads.
    const isEmpty = stored.data !== undefined && !funnel
    arrange(pair, [result, compares() && previous])
    arrange(top, [!isEmpty && pair, list])
    // What has no length of its own comes last, where it pushes nothing.
    arrange(main, isEmpty ? [top] : [top, rest, taken, state.get("by") && breakdown, droppedAt() && people])
    top.classList.toggle("nothing", isEmpty)
    result.heading = funnel ? plain(funnel.name ?? t("funnel.adHoc")) : t("funnel.title")
    breakdown.heading = t("breakdown.title", { property: plain(state.get("by")) })
    edit.textContent = t(funnel?.isStored && site.mayWrite ? "funnel.edit" : "funnel.change")
    remove.hidden = !funnel?.isStored || !site.mayWrite
    if (!funnel) return
    const names = funnel.definition.steps.map((/** @type {any} */ part) => plain(part.name ?? part.event_name))
    const at = droppedAt()
    if (at && people) people.heading = peopleBefore(names[at - 1])
    else if (at) loadPeople().then(dress)
    target.replaceChildren(...names.slice(1).map((/** @type {string} */ name, /** @type {number} */ place) => h("option", { value: place + 2 }, t("target.to", { name }))))
    target.value = String(lastStep())
    target.classList.toggle("one", names.length < 3)
    spread.heading = t("durations.to", { name: names[lastStep() - 1] })
    for (const button of list.querySelectorAll(".funnel-list button")) {
      const isCurrent = funnel.isStored && button.querySelector(".name")?.textContent === plain(funnel.name)
      if (isCurrent) button.setAttribute("aria-current", "true")
      else button.removeAttribute("aria-current")
    }
  }

  /** @param {...import("/client.js").Store} stores those that nobody looks at ask when they are shown */
  const ask = (...stores) => { for (const one of stores) if (one.isActive) one.refresh() }
  let known = ""
  stored.subscribe(() => {
    dress()
    // The first answer, another site's, or a funnel that somebody has changed.
    const now = JSON.stringify([site.current?.site_id, chosen()])
    if (stored.data !== undefined && now !== known) {
      known = now
      ask(...reports)
    }
  })
  let isFirst = true
  state.watch(ASKED, () => {
    // A page of other people means nothing.
    if (!isFirst && state.get("after")) state.set({ after: null })
    isFirst = false
    known = JSON.stringify([site.current?.site_id, chosen()])
    fillSegments()
    dress()
    ask(...reports)
  })
  state.watch(["compare"], () => { dress(); ask(before) })
  state.watch(["by"], () => { dress(); ask(broken) })
  state.watch(["step"], () => { dress(); ask(trend, durations) })
  let shownDrop = state.get("drop")
  state.watch(["drop", "after"], async () => {
    if (droppedAt() && !people) await loadPeople()
    dress()
    ask(dropped)
    // Who asked for them is led to them.
    const isNew = state.get("drop") !== shownDrop
    shownDrop = state.get("drop")
    const heading = people?.querySelector("h2")
    if (!isNew || !droppedAt() || !heading) return
    heading.tabIndex = -1
    heading.focus({ preventScroll: true })
    people?.scrollIntoView({ block: "start" })
  })
  /** @type {(() => void) | null} */
  let closeForm = null
  state.watch(["edit"], async () => {
    const wanted = state.get("edit")
    if (!wanted) {
      closeForm?.()
      closeForm = null
      return
    }
    if (closeForm) return
    const { openForm } = await import("/dashboard/funnel-form.js")
    if (wanted !== "new" && stored.data === undefined) await stored.refresh()
    const funnel = wanted === "new" ? null : chosen()
    closeForm = openForm({
      definition: funnel?.definition ?? null, name: funnel?.isStored ? funnel.name : null, canWrite: site.mayWrite, days: chosenDays(state),
      onClose() {
        closeForm = null
        if (state.get("edit")) state.undo({ edit: null })
      },
      onTry(definition) {
        state.set({ define: JSON.stringify(definition), funnel: null, edit: null, drop: null, after: null, step: null })
      },
      async onSaved(name) {
        known = ""
        state.set({ funnel: name, define: null, edit: null, drop: null, after: null, step: null })
        await stored.refresh()
        const { toast } = await import("/dashboard/dialog.js")
        toast(t("form.saved", { name }))
      },
    })
  })

  async function removeFunnel() {
    const funnel = chosen()
    if (!funnel?.isStored) return
    const name = plain(funnel.name)
    const { confirmAct, toast } = await import("/dashboard/dialog.js")
    if (!await confirmAct({ title: t("delete.title", { name }), text: t("delete.text"), act: t("delete"), danger: true })) return
    try {
      await call("delete_funnel", { site: site.id, funnel: funnel.name })
      toast(t("delete.done", { name }))
      state.set({ funnel: null, drop: null, after: null, step: null })
      await stored.refresh()
    } catch (error) {
      toast(saidBy(error), "bad")
    }
  }
}

/** Makes these the children of a place; what stays is not touched. @param {HTMLElement} place @param {(Node | string | number | false | null)[]} wanted */
function arrange(place, wanted) {
  const nodes = wanted.filter((node) => node instanceof Node)
  for (const child of [...place.childNodes]) if (!nodes.includes(child)) child.remove()
  nodes.forEach((node, position) => { if (place.childNodes[position] !== node) place.insertBefore(node, place.childNodes[position] ?? null) })
}

/** @param {any[]} rows in the order of the answer @returns {{ value: string | null, part: any[] }[]} */
function values(rows) {
  const byValue = new Map()
  for (const row of rows) byValue.set(row.entry_value, [...(byValue.get(row.entry_value) ?? []), row])
  return [...byValue].map(([value, part]) => ({ value, part }))
}

/** Empty bounds before the first and after the last that is not tell nothing, but for the nearest. @param {any[]} rows */
function trimmed(rows) {
  const first = rows.findIndex(({ users }) => users > 0), last = rows.findLastIndex(({ users }) => users > 0)
  return rows.slice(Math.max(0, first - 1), last + 2)
}

/** A whole number of days as such. @param {number | null} seconds */
const bound = (seconds) => seconds === 86_400
  ? new Intl.NumberFormat(locale, { style: "unit", unit: "day", unitDisplay: "narrow" }).format(1) : duration(seconds)

/** A definition out of the address: anybody may have written it, so only its shape is believed; the database checks the rest. @param {string} text */
function definitionOf(text) {
  try {
    const definition = JSON.parse(text)
    return Array.isArray(definition?.steps) && definition.steps.every((/** @type {any} */ part) => part && typeof part === "object") ? definition : null
  } catch {
    return null
  }
}

/** What PostgreSQL says of an interval ("1 day 02:03:04.5") in seconds. @param {string | null} text */
export function seconds(text) {
  if (text == null) return null
  const days = /(-?\d+) days?/.exec(text), clock = /(-?)(\d+):(\d+):([\d.]+)/.exec(text)
  const time = clock ? Number(clock[2]) * 3600 + Number(clock[3]) * 60 + Number(clock[4]) : 0
  return Number(days?.[1] ?? 0) * 86_400 + (clock?.[1] ? -time : time)
}
