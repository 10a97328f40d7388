// The rule builder: what can be asked is read from vibe.segment_schema(), and what is wrong is said at the field it is about.
import { h, icon } from "./dom.js"
import { plain } from "./format.js"
import { labelOf } from "./segmentation.js"
import { words } from "./rules-words.js"
import { addWords, language, t } from "./words.js"

/**
 * @typedef {Record<string, any>} Node a condition or a group of them, as criteria have it
 * @typedef {{ field: string | null, rule: string | null }} Operand where the value stands and which rule of the schema it follows
 * @typedef {{ side: string, name: string, ops: Map<string, Operand> }} Field
 * @typedef {{ clusters: any[], segments: any[], subject: () => string, changed: () => void }} Given
 * @typedef {{ element: HTMLElement, read: (path: string) => Node }} Editor `read` also writes the path onto the fields
 */

const GROUPS = ["all", "any", "none"]
const ACTS = ["event", "bought", "spent", "segment"]

/** The fields that conditions can name, from the schema's own branches. @param {any} schema @returns {Map<string, Field>} */
export function fieldsOf(schema) {
  /** @type {Map<string, Field>} */
  const fields = new Map()
  for (const branch of schema.$defs.node.oneOf) {
    const [side, second] = branch.required
    if (second !== "op") continue
    const place = branch.required[2] ?? null
    const rule = place && branch.properties[place].$ref.replace("#/$defs/", "")
    for (const name of branch.properties[side].enum ?? [""]) {
      const key = `${side}.${name}`
      const field = fields.get(key) ?? { side, name, ops: new Map() }
      for (const op of branch.properties.op.enum) field.ops.set(op, { field: place, rule })
      fields.set(key, field)
    }
  }
  return fields
}

/** Which acts the schema knows. @param {any} schema */
const actsOf = (schema) => ACTS.filter((act) => schema.$defs.node.oneOf.some((/** @type {any} */ branch) => branch.required[0] === act))

/**
 * @param {any} schema of vibe.segment_schema() @param {Node | null} criteria @param {Given} given
 * @returns {{ element: HTMLElement, read: () => Node, fail: (message: string) => void, clear: () => void }}
 */
export function ruleBuilder(schema, criteria, given) {
  const maker = new Maker(schema, given)
  const { version: _, ...start } = criteria ?? { all: [{ customer: "total_spent", op: "ge", value: 100 }] }
  const root = maker.group(start, true)
  const general = h("p", { class: "problem", role: "alert" })
  const element = h("div", { class: "rule" }, root.element, general)
  const clear = () => {
    for (const problem of element.querySelectorAll(".problem")) problem.textContent = ""
    for (const field of element.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid")
  }
  return {
    element, clear,
    read: () => ({ version: 1, ...root.read("criteria") }),
    fail(message) {
      clear()
      const said = /^(criteria[^\s]*) ([\s\S]*)$/.exec(message)
      if (!said) return void (general.textContent = message)
      const [, path, rest] = said
      // The field itself, or the nearest thing around it.
      const fields = [...element.querySelectorAll("[data-path]")].filter((one) => {
        const own = one.getAttribute("data-path") ?? ""
        return path === own || path.startsWith(`${own}.`) || path.startsWith(`${own}[`)
      })
      const field = fields.sort((one, other) => (other.getAttribute("data-path") ?? "").length - (one.getAttribute("data-path") ?? "").length)[0]
      const place = field?.closest(".condition, .group")?.querySelector(":scope > .problem") ?? general
      if (field?.matches("input, select")) field.setAttribute("aria-invalid", "true")
      place.textContent = inWords(rest)
    },
  }
}

/** What the database says about a value, in the reader's language where its words are known. @param {string} rest */
function inWords(rest) {
  const must = /: it must (.*)$/s.exec(rest)?.[1] ?? ""
  /** @type {[RegExp, string][]} */
  const known = [
    [/^be a whole number$/, "rule.must.integer"], [/^be a number$/, "rule.must.number"], [/^be a string( or a whole number)?$/, "rule.must.text"],
    [/^be (-?[\d.]+) to (\d+) characters long$/, "rule.must.long"], [/^be (-?[\d.]+) to (-?[\d.]+)$/, "rule.must.range"],
    [/^have (\d+) to (\d+)$/, "rule.must.elements"], [/^be a day such as .*$/, "rule.must.day"], [/^be given$/, "rule.must.given"],
  ]
  for (const [form, word] of known) {
    const found = form.exec(must)
    if (found) return t(word, { low: found[1] ?? "", high: found[2] ?? "" })
  }
  if (/first element must not be above/.test(rest)) return t("rule.must.order")
  if (/must not be above at_most/.test(rest)) return t("rule.must.order")
  return rest
}

class Maker {
  #fields
  #acts
  #given

  /** @param {any} schema @param {Given} given */
  constructor(schema, given) {
    this.#fields = fieldsOf(schema)
    this.#acts = actsOf(schema)
    this.#given = given
  }

  // MARK: Groups

  /** @param {Node} node @param {boolean} [isRoot] @returns {Editor} */
  group(node, isRoot = false) {
    const kind = "not" in node ? "none" : "any" in node ? "any" : "all"
    const within = kind === "none" ? node.not.any ?? [node.not] : node[kind] ?? []
    const select = h("select", { class: "field", "aria-label": t("rule.group") }, ...GROUPS.map((one) => h("option", { value: one }, t(`rule.group.${one}`))))
    select.value = kind
    const list = h("ul", { class: "conditions" })
    /** @type {Map<Element, Editor>} */
    const editors = new Map()
    /** @param {Node} child */
    const add = (child) => {
      const editor = "all" in child || "any" in child || "not" in child ? this.group(child) : this.condition(child)
      const item = h("li", {}, editor.element, h("button", {
        class: "button quiet square small", type: "button", "aria-label": t("rule.remove"), title: t("rule.remove"),
        onclick: () => {
          editors.delete(item)
          item.remove()
          more.focus()
          this.#given.changed()
        },
      }, icon("close")))
      editors.set(item, editor)
      list.append(item)
      return item
    }
    for (const child of within) add(child)
    /** @param {() => Node} make */
    const adds = (make) => () => {
      const item = add(make())
      item.querySelector("select")?.focus()
      this.#given.changed()
    }
    const more = h("button", { class: "button small", type: "button", onclick: adds(() => ({ customer: "order_count", op: "ge", value: 1 })) }, icon("add"), t("rule.condition"))
    const behaviour = h("button", { class: "button small", type: "button", onclick: adds(() => ({ event: "page_view", at_least: 1, days: 30 })) }, icon("add"), t("rule.behaviour"))
    const nested = h("button", { class: "button small", type: "button", onclick: adds(() => ({ any: [{ customer: "order_count", op: "ge", value: 1 }] })) }, icon("add"), t("rule.nested"))
    select.addEventListener("change", () => this.#given.changed())
    const element = h("fieldset", { class: isRoot ? "group root" : "group" }, h("legend", {}, t(isRoot ? "rule.who" : "rule.and"), " ", select),
      list, h("p", { class: "problem", role: "alert" }), h("div", { class: "row" }, more, behaviour, nested))
    return {
      element,
      read: (path) => {
        element.dataset.path = path
        const own = select.value === "none" ? `${path}.not.any` : `${path}.${select.value}`
        const children = [...list.children].map((item, place) => /** @type {Editor} */ (editors.get(item)).read(`${own}[${place}]`))
        return select.value === "none" ? { not: { any: children } } : { [select.value]: children }
      },
    }
  }

  // MARK: Conditions

  /** @param {Node} node @returns {Editor} */
  condition(node) {
    const key = ACTS.find((act) => act in node) ?? this.#keyOf(node)
    const select = h("select", { class: "field what", "aria-label": t("rule.what") }, ...this.#options())
    select.value = key
    const place = h("div", { class: "operands" })
    /** @type {(path: string) => Node} */
    let read = () => ({})
    /** @param {Node} given */
    const fill = (given) => {
      const parts = this.#fields.has(select.value) ? this.#comparison(/** @type {Field} */ (this.#fields.get(select.value)), given) : this.#act(select.value, given)
      read = parts.read
      place.replaceChildren(...parts.elements)
    }
    fill(node)
    select.addEventListener("change", () => {
      fill({})
      this.#given.changed()
    })
    const element = h("div", { class: "condition" }, select, place, h("p", { class: "problem", role: "alert" }))
    element.addEventListener("input", () => this.#given.changed())
    return {
      element,
      read: (path) => {
        element.dataset.path = path
        return read(path)
      },
    }
  }

  /** @param {Node} node */
  #keyOf(node) {
    for (const key of this.#fields.keys()) {
      const [side, name] = key.split(".")
      if (side in node && (name === "" || node[side] === name)) return key
    }
    return [...this.#fields.keys()][0]
  }

  #options() {
    const sides = [...new Set([...this.#fields.values()].map(({ side }) => side))]
    return [
      h("optgroup", { label: t("rule.side.acts") }, ...this.#acts.map((act) => h("option", { value: act }, t(`rule.act.${act}`)))),
      ...sides.map((side) => h("optgroup", { label: named("rule.side", side) }, ...[...this.#fields.values()].filter((field) => field.side === side)
        .map((field) => h("option", { value: `${side}.${field.name}` }, field.name ? named(`rule.field.${side}`, field.name) : named("rule.side", side))))),
    ]
  }

  /** @param {Field} field @param {Node} given @returns {{ elements: Node[] | any[], read: (path: string) => Node }} */
  #comparison({ side, name, ops }, given) {
    const select = h("select", { class: "field op", "aria-label": t("rule.op") }, ...[...ops.keys()].map((op) => h("option", { value: op }, named("rule.op", op))))
    select.value = ops.has(given.op) ? given.op : ops.has("ge") ? "ge" : [...ops.keys()][0]
    // A trait is named by a path, which people write with dots.
    const trait = name ? null : input("text", (given[side] ?? []).join("."), t("rule.path"))
    const place = h("span", { class: "values" })
    /** @type {{ elements: HTMLElement[], read: (path: string) => any }} */
    let value = { elements: [], read: () => undefined }
    const fill = (/** @type {any} */ start) => {
      const operand = /** @type {Operand} */ (ops.get(select.value))
      value = operand.field ? this.#value(operand.rule ?? "", start, side === "rfm" && name === "cluster") : { elements: [], read: () => undefined }
      place.replaceChildren(...value.elements, ...(operand.field === "days" ? [h("span", {}, t("rule.days"))] : []))
    }
    fill(given.value ?? given.days)
    select.addEventListener("change", () => {
      fill(undefined)
      this.#given.changed()
    })
    return {
      elements: [...(trait ? [trait] : []), select, place],
      read: (path) => {
        const operand = /** @type {Operand} */ (ops.get(select.value))
        select.dataset.path = `${path}.op`
        if (trait) trait.dataset.path = `${path}.${side}`
        const node = { [side]: trait ? trait.value.split(".").filter(Boolean) : name, op: select.value }
        return operand.field ? { ...node, [operand.field]: value.read(`${path}.${operand.field}`) } : node
      },
    }
  }

  /** Inputs for a value by its rule in the schema. @param {string} rule @param {any} start @param {boolean} isCluster */
  #value(rule, start, isCluster) {
    if (isCluster && (rule === "text" || rule === "texts")) return this.#cluster(rule === "texts", start)
    if (rule.endsWith("_range")) {
      const kind = rule === "date_range" ? "date" : "number"
      const ends = [0, 1].map((place) => input(kind, start?.[place] ?? "", t(place ? "rule.high" : "rule.low")))
      return {
        elements: [ends[0], h("span", {}, "–"), ends[1]],
        read: (/** @type {string} */ path) => ends.map((end, place) => {
          end.dataset.path = `${path}[${place}]`
          return kind === "number" ? number(end.value) : end.value
        }),
      }
    }
    const many = ["texts", "numbers", "scalars"].includes(rule)
    const kind = rule === "date" ? "date" : rule === "number" || rule === "days" ? "number" : "text"
    const field = input(kind, many ? (start ?? []).join(", ") : start ?? "", t(many ? "rule.values" : "rule.value"))
    if (many) field.placeholder = t("rule.values.how")
    /** @param {string} text */
    const one = (text) => rule.startsWith("number") || rule === "days" ? number(text) : rule.startsWith("scalar") ? scalar(text) : text
    return {
      elements: [field],
      read: (/** @type {string} */ path) => {
        field.dataset.path = path
        return many ? field.value.split(",").map((text) => text.trim()).filter(Boolean).map(one) : one(field.value)
      },
    }
  }

  /** @param {boolean} many @param {any} start */
  #cluster(many, start) {
    const rows = this.#given.clusters
    const has = (/** @type {string} */ cluster) => many ? start?.includes(cluster) : start === cluster
    if (!many) {
      const select = h("select", { class: "field", "aria-label": t("rule.value") }, ...rows.map((row) => h("option", { value: row.cluster, selected: has(row.cluster) }, labelOf(row))))
      return { elements: [select], read: (/** @type {string} */ path) => (select.dataset.path = path, select.value) }
    }
    const boxes = rows.map((row) => h("input", { type: "checkbox", value: row.cluster, checked: has(row.cluster) }))
    const group = h("span", { class: "checks", role: "group", "aria-label": t("rule.values") }, ...rows.map((row, place) => h("label", { class: "check" }, boxes[place], labelOf(row))))
    return { elements: [group], read: (/** @type {string} */ path) => (group.dataset.path = path, boxes.filter((box) => box.checked).map((box) => box.value)) }
  }

  // MARK: What people did

  /** @param {string} act @param {Node} given @returns {{ elements: any[], read: (path: string) => Node }} */
  #act(act, given) {
    if (act === "segment") {
      const select = h("select", { class: "field", "aria-label": t("rule.act.segment") },
        ...this.#given.segments.map((one) =>
        h("option", { value: one.segment_id, selected: [one.segment_id, one.name].includes(given.segment) }, plain(language === "pt" ? one.name_pt : one.name))))
      // The database keeps the id, so that a segment can be renamed.
      return { elements: [select], read: (path) => (select.dataset.path = `${path}.segment`, { segment: number(select.value) }) }
    }
    const isSpent = act === "spent"
    const event = act === "event" ? input("text", given.event ?? "page_view", t("rule.event")) : null
    const page = act === "event" ? input("text", given.page ?? "", t("rule.page")) : null
    if (page) page.placeholder = "/pricing%"
    const product = act !== "event" ? input("text", given[act]?.product ?? "", t("rule.product")) : null
    if (product) product.placeholder = t("rule.any")
    const category = act !== "event" ? input("text", given[act]?.category ?? "", t("rule.category")) : null
    if (category) category.placeholder = t("rule.any")
    const counts = isSpent ? ["at_least", "at_most"] : ["at_least", "exactly", "at_most"]
    const how = h("select", { class: "field", "aria-label": t("rule.often") }, ...counts.map((one) => h("option", { value: one }, t(`rule.${one}`))))
    how.value = counts.find((one) => one in given) ?? "at_least"
    const times = input("number", given[how.value] ?? 1, t(isSpent ? "rule.money" : "rule.times"))
    const days = input("number", given.days ?? "", t("rule.within"))
    days.placeholder = t("rule.ever")
    // What the builder has no field for stays as it is.
    const { [act]: _act, page: _page, at_least: _least, at_most: _most, exactly: _exactly, days: _days, ...rest } = given
    const labelled = (/** @type {string} */ word, /** @type {HTMLElement} */ field) => h("label", { class: "inline" }, h("span", {}, word), field)
    return {
      elements: [event && labelled(t("rule.event"), event), page && labelled(t("rule.page"), page),
        product && labelled(t("rule.product"), product), category && labelled(t("rule.category"), category),
        h("span", { class: "inline" }, how, times, h("span", {}, t(isSpent ? "rule.money" : "rule.times"))),
        h("span", { class: "inline" }, h("span", {}, t("rule.within")), days, h("span", {}, t("rule.days"))),
        Object.keys(rest).length > 0 && h("code", {}, JSON.stringify(rest))].filter(Boolean),
      read: (path) => {
        times.dataset.path = `${path}.${how.value}`
        days.dataset.path = `${path}.days`
        if (event) event.dataset.path = `${path}.event`
        if (page) page.dataset.path = `${path}.page`
        if (product) product.dataset.path = `${path}.${act}.product`
        if (category) category.dataset.path = `${path}.${act}.category`
        const goods = { ...(product?.value ? { product: product.value } : {}), ...(category?.value ? { category: category.value } : {}) }
        return { ...rest, [act]: event ? event.value : goods, ...(page?.value ? { page: page.value } : {}), [how.value]: number(times.value),
          ...(days.value === "" ? {} : { days: number(days.value) }) }
      },
    }
  }
}

/** @param {string} kind @param {string | number} value @param {string} label */
function input(kind, value, label) {
  const field = h("input", { class: `field ${kind}`, type: kind, "aria-label": label, title: label, step: kind === "number" ? "any" : null, autocomplete: "off" })
  field.value = String(value)
  return field
}

/** Nothing typed is null, which the database finds fault with. @param {string} text */
const number = (text) => text.trim() === "" || Number.isNaN(Number(text)) ? null : Number(text)

/** @param {string} text */
const scalar = (text) => text === "true" ? true : text === "false" ? false : number(text) ?? text

/** The word for a name of the schema; a name without one is shown as it is. @param {string} family @param {string} name */
const named = (family, name) => KNOWN.has(`${family}.${name}`) ? t(`${family}.${name}`) : name.replaceAll("_", " ")

const KNOWN = new Set(Object.keys(words.en))
addWords(words)
