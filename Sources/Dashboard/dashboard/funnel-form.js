// The form in which a funnel is built. The database alone knows the rules: what it refuses is shown at the field it names.
import { call, Query, site } from "/client.js"
import { openDialog } from "./dialog.js"
import { h } from "./dom.js"
import { plain } from "./format.js"
import { steps as drawing, stepsOf } from "./steps.js"
import { addWords, saidBy, t } from "./words.js"

addWords({
  en: {
    "form.new": "New funnel", "form.edit": "Edit “{name}”", "form.change": "Change the funnel", "form.name": "Name",
    "form.mode": "Order of the steps", "form.ordered": "In this order, other things may happen between",
    "form.strict": "In this order, nothing else between", "form.unordered": "In any order", "form.within": "Longest time from first to last",
    "form.unit": "Unit of time", "form.any": "any", "form.second": "seconds", "form.minute": "minutes", "form.hour": "hours", "form.day": "days",
    "form.ties": "Each step must be later than the one before (same instant does not count)",
    "form.hold": "Property that stays the same in all steps", "form.holdHint": "for example the product; leave empty for none", "form.steps": "Steps",
    "form.step": "Step {n}", "form.kind": "What happens", "form.page": "Page view", "form.event": "Event", "form.eventName": "Event",
    "form.pattern": "Page", "form.patternHint": "% stands for any text; empty for any page", "form.label": "Shown as", "form.labelHint": "optional",
    "form.up": "Move step {n} up", "form.down": "Move step {n} down", "form.remove": "Remove step {n}", "form.moved": "The step is now number {n}.",
    "form.keys": "Alt with ↑ or ↓ moves a step.", "form.addStep": "Add step", "form.condition": "Condition", "form.addCondition": "Add condition",
    "form.removeCondition": "Remove condition", "form.property": "Property", "form.operator": "Comparison", "form.value": "Value",
    "form.in": "is one of", "form.missing": "is missing", "form.like": "is like (%)", "form.exclusions": "Exclusions",
    "form.exclusionsHint": "Whoever does this between two steps has dropped off.", "form.exclusion": "Exclusion {n}",
    "form.addExclusion": "Add exclusion", "form.removeExclusion": "Remove exclusion {n}", "form.fromStep": "After step", "form.toStep": "Before step",
    "form.advanced": "More rules", "form.preview": "Preview", "form.try": "Show without saving", "form.save": "Save funnel",
    "form.previewTitle": "Preview", "form.nobody": "Nobody took the first step in this period.", "form.error": "Please mend what is marked.",
    "form.viewer": "As a viewer you can try funnels, but not save them.",
    "error.name": "Give it a name of 1 to 100 characters.", "error.exists": "Another funnel has this name already.",
    "error.event_name": "Name the event, in 1 to 100 characters.", "error.label": "It must have at most 100 characters.",
    "error.page_pattern": "It must have at most 2,000 characters.", "error.properties": "A condition lacks its property or value, or does not fit.",
    "error.twice": "One property cannot have both of these conditions.", "error.within": "It must be a whole number, not too large.",
    "error.hold": "It must have 1 to 100 characters.", "error.steps": "A funnel has 2 to 32 steps.",
    "error.exclusions": "There are at most 32 exclusions.",
    "error.span": "The second step must come after the first one; without order it must span all steps.",
  },
  pt: {
    "form.new": "Novo funil", "form.edit": "Editar “{name}”", "form.change": "Alterar o funil", "form.name": "Nome", "form.mode": "Ordem das etapas",
    "form.ordered": "Nesta ordem, outras coisas podem acontecer no meio", "form.strict": "Nesta ordem, nada mais no meio",
    "form.unordered": "Em qualquer ordem", "form.within": "Tempo máximo da primeira à última", "form.unit": "Unidade de tempo",
    "form.any": "qualquer", "form.second": "segundos", "form.minute": "minutos", "form.hour": "horas", "form.day": "dias",
    "form.ties": "Cada etapa deve vir depois da anterior (o mesmo instante não conta)", "form.hold": "Propriedade que fica igual em todas as etapas",
    "form.holdHint": "por exemplo o produto; vazio para nenhuma", "form.steps": "Etapas", "form.step": "Etapa {n}", "form.kind": "O que acontece",
    "form.page": "Página vista", "form.event": "Evento", "form.eventName": "Evento", "form.pattern": "Página",
    "form.patternHint": "% vale por qualquer texto; vazio para qualquer página", "form.label": "Mostrada como", "form.labelHint": "opcional",
    "form.up": "Mover a etapa {n} para cima", "form.down": "Mover a etapa {n} para baixo", "form.remove": "Remover a etapa {n}",
    "form.moved": "A etapa agora é a número {n}.", "form.keys": "Alt com ↑ ou ↓ move uma etapa.", "form.addStep": "Adicionar etapa",
    "form.condition": "Condição", "form.addCondition": "Adicionar condição", "form.removeCondition": "Remover condição",
    "form.property": "Propriedade", "form.operator": "Comparação", "form.value": "Valor", "form.in": "é um de", "form.missing": "não existe",
    "form.like": "é como (%)", "form.exclusions": "Exclusões", "form.exclusionsHint": "Quem faz isto entre duas etapas desistiu.",
    "form.exclusion": "Exclusão {n}", "form.addExclusion": "Adicionar exclusão", "form.removeExclusion": "Remover a exclusão {n}",
    "form.fromStep": "Depois da etapa", "form.toStep": "Antes da etapa", "form.advanced": "Mais regras", "form.preview": "Pré-visualizar",
    "form.try": "Mostrar sem salvar", "form.save": "Salvar funil", "form.previewTitle": "Pré-visualização",
    "form.nobody": "Ninguém fez a primeira etapa neste período.", "form.error": "Corrija o que está marcado.",
    "form.viewer": "Como leitor, você pode testar funis, mas não salvá-los.",
    "error.name": "Dê um nome de 1 a 100 caracteres.", "error.exists": "Outro funil já tem este nome.",
    "error.event_name": "Dê o nome do evento, com 1 a 100 caracteres.", "error.label": "Deve ter no máximo 100 caracteres.",
    "error.page_pattern": "Deve ter no máximo 2.000 caracteres.",
    "error.properties": "Falta a propriedade ou o valor de uma condição, ou ela não serve.",
    "error.twice": "Uma propriedade não pode ter estas duas condições.", "error.within": "Deve ser um número inteiro, não grande demais.",
    "error.hold": "Deve ter de 1 a 100 caracteres.", "error.steps": "Um funil tem de 2 a 32 etapas.",
    "error.exclusions": "Há no máximo 32 exclusões.",
    "error.span": "A segunda etapa deve vir depois da primeira; sem ordem, deve abranger todas as etapas.",
  },
})

const UNITS = [["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1]]
const OPERATORS = ["=", "!=", "<", "<=", ">", ">=", "like", "in", "missing"]
let number = 0

/** What cannot be sent at all: the path of its field, and the word for it. */
class FormError extends Error {
  /** @param {string} path @param {string} word */
  constructor(path, word) {
    super(word)
    this.path = path
    this.word = word
  }
}

/**
 * @param {{
 *   definition: any, name: string | null, canWrite: boolean, days: { first: string, last: string },
 *   onClose: () => void, onTry: (definition: object) => void, onSaved: (name: string) => void | Promise<void>,
 * }} options `name`: of the stored funnel that is changed; null makes a new one
 * @returns {() => void} closes it
 */
export function openForm({ definition, name, canWrite, days, onClose, onTry, onSaved }) {
  const id = `funnel-${++number}`
  const status = h("p", { class: "visually-hidden", role: "status" })
  const problem = h("p", { class: "form-problem", role: "alert" })
  const shown = h("div", { class: "funnel-preview" })
  const lists = { event: h("datalist", { id: `${id}-event` }), page: h("datalist", { id: `${id}-page` }), property: h("datalist", { id: `${id}-property` }) }

  // MARK: Fields

  /** A labelled control with a place for what is wrong with it. @param {string} path @param {string} label @param {HTMLElement} control @param {string} [hint] */
  function field(path, label, control, hint) {
    control.dataset.path = path
    return h("div", { class: "funnel-field" }, h("label", {}, h("span", {}, label), control), hint && h("p", { class: "hint" }, hint), h("p", { class: "field-error" }))
  }
  /** @param {string} value @param {Record<string, any>} [more] */
  const text = (value, more = {}) => {
    const input = h("input", { class: "field", autocomplete: "off", ...more })
    input.value = value
    return input
  }
  /** @param {[string, string][]} choices @param {string} value @param {Record<string, any>} [more] */
  const choice = (choices, value, more = {}) => {
    const select = h("select", { class: "field", ...more }, ...choices.map(([key, label]) => h("option", { value: key }, label)))
    select.value = value
    return select
  }

  const title = text(definition?.name ?? "")
  const mode = choice(["ordered", "strict", "unordered"].map((key) => [key, t(`form.${key}`)]), definition?.mode ?? "ordered")
  const [amount, unitName] = windowOf(definition?.within ?? null)
  const within = text(amount, { inputmode: "numeric", placeholder: t("form.any") })
  const unit = choice(UNITS.map(([key]) => [String(key), t(`form.${key}`)]), unitName, { "aria-label": t("form.unit") })
  const ties = h("input", { type: "checkbox" })
  ties.checked = definition?.ties === "strict"
  const hold = text(definition?.hold ?? "", { list: `${id}-property` })

  // MARK: Steps and exclusions

  const stepList = h("ol", { class: "funnel-parts" })
  const addStep = h("button", { class: "button", type: "button", onclick: () => {
    stepList.append(part({}, "step"))
    renumber(true)
  } }, t("form.addStep"))
  const exclusionList = h("ol", { class: "funnel-parts" })
  const addExclusion = h("button", { class: "button", type: "button", onclick: () => {
    exclusionList.append(part({ from_step: 1, to_step: Math.max(2, stepList.children.length) }, "exclusion"))
    renumber()
    exclusionList.lastElementChild?.querySelector("select")?.focus()
  } }, t("form.addExclusion"))

  /** A step, or an exclusion. @param {any} given @param {"step" | "exclusion"} kind */
  function part(given, kind) {
    const isPage = given.event_name === undefined || given.event_name === "page_view"
    const what = choice([["page", t("form.page")], ["event", t("form.event")]], isPage ? "page" : "event")
    const event = field("event_name", t("form.eventName"), text(isPage ? "" : given.event_name, { list: `${id}-event` }))
    const page = field("page_pattern", t("form.pattern"), text(given.page_pattern ?? "", { list: `${id}-page`, placeholder: "/products/%" }), t("form.patternHint"))
    const shownAs = given.name === given.event_name || given.name === given.page_pattern ? "" : given.name ?? ""
    const label = field("name", t("form.label"), text(shownAs, { placeholder: t("form.labelHint") }))
    const conditions = h("div", { class: "funnel-conditions", "data-path": "properties", role: "group", "aria-label": t("form.condition") })
    const add = h("button", { class: "button small", type: "button", onclick: () => {
      conditions.append(condition("", "=", ""))
      conditions.lastElementChild?.querySelector("input")?.focus()
    } }, t("form.addCondition"))
    for (const [property, rule] of Object.entries(given.properties ?? {})) conditions.append(...conditionsOf(property, rule))
    const dress = () => { event.hidden = what.value === "page" }
    what.addEventListener("change", dress)
    dress()
    const heading = h("h3", {})
    const acts = h("div", { class: "row" })
    const item = h("li", { class: "funnel-part", "data-kind": kind }, h("div", { class: "funnel-part-head" }, heading, acts),
      h("div", { class: "funnel-fields" }, field("kind", t("form.kind"), what), event, page, label), conditions, h("p", { class: "field-error" }), add)
    if (kind === "step") {
      const up = h("button", { class: "button small square", type: "button", "data-act": "up", onclick: () => move(item, -1, up) }, "↑")
      const down = h("button", { class: "button small square", type: "button", "data-act": "down", onclick: () => move(item, 1, down) }, "↓")
      acts.append(up, down)
      item.addEventListener("keydown", (pressed) => {
        if (!pressed.altKey || pressed.key !== "ArrowUp" && pressed.key !== "ArrowDown") return
        pressed.preventDefault()
        move(item, pressed.key === "ArrowUp" ? -1 : 1, document.activeElement)
      })
    } else {
      const fields = item.querySelector(".funnel-fields")
      fields?.append(field("from_step", t("form.fromStep"), text(String(given.from_step ?? 1), { inputmode: "numeric" })),
        field("to_step", t("form.toStep"), text(String(given.to_step ?? 2), { inputmode: "numeric" })))
    }
    acts.append(h("button", { class: "button small square", type: "button", "data-act": "remove", onclick: () => {
      const next = item.nextElementSibling ?? item.previousElementSibling
      item.remove()
      renumber()
      const target = next?.querySelector("button[data-act=remove]") ?? (kind === "step" ? addStep : addExclusion)
      if (target instanceof HTMLElement) target.focus()
    } }, "×"))
    return item
  }

  /** The focus goes along. @param {HTMLElement} item @param {number} by @param {Element | null} focus */
  function move(item, by, focus) {
    const other = by < 0 ? item.previousElementSibling : item.nextElementSibling
    if (!other) return
    if (by < 0) other.before(item)
    else other.after(item)
    renumber()
    const isOff = focus instanceof HTMLButtonElement && focus.disabled
    const target = isOff ? item.querySelector(`button[data-act=${by < 0 ? "down" : "up"}]`) : focus
    if (target instanceof HTMLElement) target.focus()
    status.textContent = t("form.moved", { n: [...stepList.children].indexOf(item) + 1 })
  }

  /** @param {boolean} [focus] on the last step, which was added just now */
  function renumber(focus = false) {
    for (const [list, kind] of /** @type {const} */ ([[stepList, "step"], [exclusionList, "exclusion"]])) {
      ;[...list.children].forEach((item, place) => {
        const n = place + 1
        item.setAttribute("data-number", String(n))
        const heading = item.querySelector("h3")
        if (heading) heading.textContent = t(`form.${kind}`, { n })
        for (const button of item.querySelectorAll("button[data-act]")) {
          const act = button.getAttribute("data-act")
          button.setAttribute("aria-label", t(kind === "exclusion" ? "form.removeExclusion" : `form.${act}`, { n }))
          if (button instanceof HTMLButtonElement) button.disabled = act === "up" && place === 0 || act === "down" && n === list.children.length
        }
      })
    }
    addStep.disabled = stepList.children.length >= 32
    if (focus) stepList.lastElementChild?.querySelector("select")?.focus()
  }

  /** @param {string} property @param {string} operator @param {string} value */
  function condition(property, operator, value) {
    const operatorField = choice(OPERATORS.map((key) => [key, /[a-z]/.test(key) ? t(`form.${key}`) : key.replace("<=", "≤").replace(">=", "≥").replace("!=", "≠")]), operator, { "aria-label": t("form.operator") })
    const valueField = text(value, { "aria-label": t("form.value"), placeholder: t("form.value") })
    const dress = () => { valueField.hidden = operatorField.value === "missing" }
    operatorField.addEventListener("change", dress)
    dress()
    const row = h("div", { class: "funnel-condition" },
      text(property, { "aria-label": t("form.property"), placeholder: t("form.property"), list: `${id}-property` }), operatorField, valueField,
      h("button", { class: "button small square", type: "button", "aria-label": t("form.removeCondition"), onclick: () => row.remove() }, "×"))
    return row
  }

  /** @param {string} property @param {any} rule */
  function conditionsOf(property, rule) {
    if (rule === null) return [condition(property, "missing", "")]
    if (Array.isArray(rule)) return [condition(property, "in", rule.map(typed).join(", "))]
    if (typeof rule === "object") return Object.entries(rule).map(([operator, value]) => condition(property, operator, typed(value)))
    return [condition(property, "=", typed(rule))]
  }

  // MARK: Reading the form

  function read() {
    const parts = (/** @type {HTMLElement} */ list) => [...list.children].map((item) => {
      const kind = item.getAttribute("data-kind"), path = `${kind}s.${item.getAttribute("data-number")}`
      const value = (/** @type {string} */ name) => {
        const control = item.querySelector(`[data-path=${name}]`)
        return control instanceof HTMLInputElement || control instanceof HTMLSelectElement ? control.value.trim() : ""
      }
      const isPage = value("kind") === "page", pattern = value("page_pattern")
      const properties = propertiesOf(item, `${path}.properties`)
      return {
        event_name: isPage ? "page_view" : value("event_name"),
        ...(pattern ? { page_pattern: pattern } : {}),
        ...(value("name") ? { name: value("name") } : isPage && pattern ? { name: pattern.slice(0, 100) } : {}),
        ...(properties ? { properties } : {}),
        ...(kind === "exclusion" ? { from_step: stepNumber(value("from_step")), to_step: stepNumber(value("to_step")) } : {}),
      }
    })
    return {
      ...(title.value.trim() ? { name: title.value.trim() } : {}),
      mode: mode.value,
      ...(within.value.trim() ? { within: `${within.value.trim()} ${unit.value}` } : {}),
      ties: ties.checked ? "strict" : "allow",
      ...(hold.value.trim() ? { hold: hold.value.trim() } : {}),
      steps: parts(stepList),
      exclusions: parts(exclusionList),
    }
  }

  /** What is no number is sent as it stands, for the database to refuse. @param {string} value */
  const stepNumber = (value) => value !== "" && Number.isFinite(Number(value)) ? Number(value) : value

  /** @param {Element} item @param {string} path */
  function propertiesOf(item, path) {
    const rules = new Map()
    for (const row of item.querySelectorAll(".funnel-condition")) {
      const [property, operator, value] = [...row.querySelectorAll("input, select")].map((control) => /** @type {HTMLInputElement} */ (control).value.trim())
      if (!property || operator !== "missing" && value === "") throw new FormError(path, "error.properties")
      const whole = operator === "missing" ? null : operator === "in" ? value.split(",").map((one) => untyped(one.trim())) : undefined
      const isNew = !rules.has(property), held = rules.get(property)
      if (whole !== undefined) {
        if (!isNew) throw new FormError(path, "error.twice")
        rules.set(property, whole)
      } else {
        if (!isNew && (held === null || Array.isArray(held) || operator in held)) throw new FormError(path, "error.twice")
        rules.set(property, { ...held, [operator]: operator === "like" ? value : untyped(value) })
      }
    }
    return rules.size > 0 ? Object.fromEntries(rules) : null
  }

  // MARK: What is wrong

  function clear() {
    problem.textContent = ""
    for (const place of form.querySelectorAll(".field-error")) place.textContent = ""
    for (const control of form.querySelectorAll("[aria-invalid]")) {
      control.removeAttribute("aria-invalid")
      control.removeAttribute("aria-describedby")
    }
  }

  /** @param {any} error */
  function show(error) {
    const found = error instanceof FormError ? { path: error.path, word: error.word } : fieldOf(error)
    const control = found && place(found.path)
    if (!control) {
      problem.textContent = saidBy(error)
      problem.scrollIntoView({ block: "nearest" })
      return
    }
    problem.textContent = t("form.error")
    const said = control.closest(".funnel-field")?.querySelector(".field-error") ??
      (control.matches("fieldset") ? control : control.parentElement)?.querySelector(":scope > .field-error")
    if (said) {
      said.id ||= `${id}-error-${++number}`
      said.textContent = t(found.word)
      control.setAttribute("aria-describedby", said.id)
    }
    control.setAttribute("aria-invalid", "true")
    const details = control.closest("details")
    if (details) details.open = true
    const focus = control.matches("input, select, button") ? control : control.querySelector("input") ?? control
    if (focus instanceof HTMLElement) focus.focus()
  }

  /** @param {string} path @returns {Element | null} */
  function place(path) {
    const [list, position, name] = path.split(".")
    if (position === undefined) return form.querySelector(`[data-path="${list}"]`)
    const item = (list === "steps" ? stepList : exclusionList).children[Number(position) - 1]
    return item?.querySelector(`[data-path="${name}"]`) ?? null
  }

  // MARK: Acts

  /** @param {() => Promise<void>} work @param {HTMLButtonElement} button */
  async function act(work, button) {
    clear()
    button.disabled = true
    try {
      await work()
    } catch (error) {
      show(error)
    } finally {
      button.disabled = false
    }
  }
  const asked = (/** @type {object} */ wanted) =>
    new Query({ from: "calculate_funnel_conversion", arguments: { site: site.id, definition: wanted, first_day: days.first, last_day: days.last } })

  const preview = h("button", { class: "button", type: "button", onclick: () => act(async () => {
    const rows = await asked(read()).run()
    shown.replaceChildren(h("h3", {}, t("form.previewTitle")), rows.some(({ users }) => users > 0) ? drawing(stepsOf(rows)) : h("p", { class: "muted" }, t("form.nobody")))
    shown.scrollIntoView({ block: "nearest" })
  }, preview) }, t("form.preview"))
  const attempt = h("button", { class: "button", type: "button", onclick: () => act(async () => {
    const wanted = read()
    await call("check_funnel", { definition: wanted })
    onTry(wanted)
  }, attempt) }, t("form.try"))
  const save = h("button", { class: "button primary", type: "submit" }, t("form.save"))

  const form = h("form", { class: "form funnel-form", novalidate: true },
    field("name", t("form.name"), title),
    h("fieldset", { "data-path": "steps" }, h("legend", {}, t("form.steps")), h("p", { class: "hint" }, t("form.keys")), stepList, h("p", { class: "field-error" }), addStep),
    h("div", { class: "funnel-fields" }, field("mode", t("form.mode"), mode),
      h("div", { class: "funnel-window" }, field("within", t("form.within"), within), unit)),
    h("details", {}, h("summary", {}, t("form.advanced")),
      h("label", { class: "check", "data-path": "ties" }, ties, t("form.ties")),
      field("hold", t("form.hold"), hold, t("form.holdHint")),
      h("fieldset", { "data-path": "exclusions" }, h("legend", {}, t("form.exclusions")), h("p", { class: "hint" }, t("form.exclusionsHint")), exclusionList,
        h("p", { class: "field-error" }), addExclusion)),
    shown, problem, status, !canWrite && h("p", { class: "hint" }, t("form.viewer")),
    h("div", { class: "row end" }, preview, attempt, canWrite && save), ...Object.values(lists))
  form.addEventListener("submit", (event) => {
    event.preventDefault()
    if (canWrite) act(saveFunnel, save)
  })
  // The Enter key in a field of a step does not save half a funnel.
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target instanceof HTMLInputElement && event.target !== title) event.preventDefault()
  })

  async function saveFunnel() {
    const wanted = { ...read(), name: title.value.trim() }
    if (name === null) await call("create_funnel", { site: site.id, definition: wanted })
    else await call("update_funnel", { site: site.id, funnel: name, definition: wanted })
    await onSaved(wanted.name)
  }

  for (const given of definition?.steps?.length ? definition.steps : [{}, { event_name: "" }]) stepList.append(part(given, "step"))
  for (const given of definition?.exclusions ?? []) exclusionList.append(part(given, "exclusion"))
  renumber()
  if (definition?.hold || definition?.exclusions?.length || definition?.ties === "strict") form.querySelector("details")?.setAttribute("open", "")

  new Query({ from: "event_parts", arguments: { site: site.id }, select: ["kind", "name"] }).run().then((rows) => {
    for (const { kind, name } of rows) lists[/** @type {keyof typeof lists} */ (kind)]?.append(h("option", { value: name }))
  }, () => {}) // suggestions only
  const heading = name !== null ? t(canWrite ? "form.edit" : "form.change", { name: plain(name) }) : definition ? t("form.change") : t("form.new")
  return openDialog({ title: heading, body: form, wide: true, onClose })
}

/** Which field the database speaks of, and what is said there. @param {any} error @returns {{ path: string, word: string } | null} */
function fieldOf(error) {
  const message = String(error?.message ?? "")
  const ofPart = /^(step|exclusion) (\d+) has (\w+)/.exec(message)
  if (ofPart) {
    const [, kind, place, name] = ofPart
    const word = name === "name" ? "label" : name.endsWith("_step") ? "span" : name
    return { path: `${kind}s.${place}.${name}`, word: `error.${word}` }
  }
  const span = /^exclusion (\d+) is from/.exec(message)
  if (span) return { path: `exclusions.${span[1]}.to_step`, word: "error.span" }
  if (error?.code === "23505") return { path: "name", word: "error.exists" }
  const whole = /^(name|within|hold|steps|exclusions) is /.exec(message)
  return whole ? { path: whole[1], word: `error.${whole[1]}` } : null
}

/** A number or truth is written as it is, text that looks like one in quotes. @param {unknown} value */
const typed = (value) => typeof value === "string" && untyped(value) !== value ? JSON.stringify(value) : String(value)

/** @param {string} text */
function untyped(text) {
  if (!/^(-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?|true|false|".*")$/.test(text)) return text
  try {
    return JSON.parse(text)
  } catch {
    return text // a lone quotation mark
  }
}

/** "7 days" as 7 and day, in the largest unit that divides it. @param {string | null} within */
function windowOf(within) {
  if (within === null) return ["", "day"]
  const days = /(-?\d+) days?/.exec(within), clock = /(\d+):(\d+):(\d+)/.exec(within), plainText = /^(\d+) (second|minute|hour|day)s?$/.exec(within)
  if (plainText) return [plainText[1], plainText[2]]
  const seconds = Number(days?.[1] ?? 0) * 86_400 + (clock ? Number(clock[1]) * 3600 + Number(clock[2]) * 60 + Number(clock[3]) : 0)
  const [name, size] = UNITS.find(([, size]) => seconds % Number(size) === 0) ?? ["second", 1]
  return [String(seconds / Number(size)), String(name)]
}
