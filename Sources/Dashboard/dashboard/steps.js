// The drawing of a funnel: an ordered list with a label above and a bar below, and between two steps what was lost.
import { h } from "./dom.js"
import { exact, figure, plain } from "./format.js"

/**
 * @typedef {object} Step one step as the database counts it; shares are of 1, null where nobody could convert
 * @property {string} name
 * @property {number} users
 * @property {number | null} of_start
 * @property {number | null} of_previous
 * @property {number} dropped users lost since the step before
 * @property {number | null} [dropped_share] of the users of the step before
 * @property {boolean} [is_biggest_drop] most users are lost before this step
 */

const WORDS = {
  en: {
    overall: "Overall conversion", of: "{here} of {all} users, {n} steps", before: "{share} of the step before",
    dropped: "{share} dropped off · {n} users", dropped_one: "{share} dropped off · 1 user", lost: "{n} users dropped off", nobody: "Nobody dropped off",
    biggest: "Biggest drop", who: "Who dropped off before “{name}”",
    few: "A funnel needs two steps", why: "Say what visitors do first and what they should do next.", add: "Add step",
  },
  pt: {
    overall: "Conversão total", of: "{here} de {all} usuários, {n} etapas", before: "{share} da etapa anterior",
    dropped: "{share} desistiram · {n} usuários", dropped_one: "{share} desistiram · 1 usuário", lost: "{n} usuários desistiram", nobody: "Ninguém desistiu",
    biggest: "Maior perda", who: "Quem desistiu antes de “{name}”",
    few: "Um funil precisa de duas etapas", why: "Diga o que os visitantes fazem primeiro e o que devem fazer depois.", add: "Adicionar etapa",
  },
}

/**
 * The rows of vibe.calculate_funnel_conversion() as steps.
 * @param {Record<string, any>[]} rows
 * @returns {Step[]}
 */
export const stepsOf = (rows) =>
  rows.map((row) => ({
    name: row.name,
    users: row.users,
    of_start: row.conversion_from_start,
    of_previous: row.conversion_from_previous,
    dropped: row.drop_off,
    dropped_share: row.drop_off_share,
    is_biggest_drop: row.is_biggest_drop,
  }))

/**
 * @param {Step[]} list
 * @param {{ onDrop?: (step: number) => void, onAdd?: () => void, headline?: boolean }} [options]
 *   onDrop is told the number of the step (from 1) before which users were lost; onAdd makes "Add step" a button;
 *   headline false leaves out the overall conversion
 * @returns {HTMLElement}
 */
export function steps(list, { onDrop, onAdd, headline = true } = {}) {
  const locale = document.documentElement.lang || "en"
  const words = WORDS[locale.startsWith("pt") ? "pt" : "en"]
  const said = (key, given = {}) => words[key].replace(/\{(\w+)\}/g, (_, name) => given[name])
  if (list.length < 2) return tooFew(said, onAdd)
  const rate = (share) => share == null ? "–" : new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 1 }).format(share)
  const last = list[list.length - 1]
  const element = h("div", { class: "steps" })
  if (headline) {
    const of = said("of", { here: exact(last.users, locale), all: exact(list[0].users, locale), n: list.length })
    element.append(h("p", { class: "steps-overall" },
      h("span", { class: "steps-title" }, said("overall")), h("strong", {}, rate(last.of_start)), h("span", { class: "steps-of" }, of)))
  }
  const order = h("ol", {})
  list.forEach((step, place) => {
    const item = h("li", {})
    if (place > 0) item.append(drop(step, place + 1))
    const users = h("span", { class: "steps-users", title: exact(step.users, locale) }, figure(step.users, locale))
    const label = h("div", { class: "steps-label" },
      h("span", { class: "steps-name", title: plain(step.name) }, plain(step.name)), users, h("strong", {}, rate(step.of_start)))
    const bar = h("div", { class: "steps-bar", "aria-hidden": "true" }, h("span", {}))
    bar.style.setProperty("--share", String(step.of_start ?? 0))
    item.append(label, bar)
    order.append(item)
  })
  element.append(order)
  return element

  /** What was lost on the way to a step, in words; a button where somebody wants to know who. */
  function drop(step, number) {
    const n = exact(step.dropped, locale)
    const text = step.dropped === 0 ? said("nobody")
      : step.dropped_share == null ? said("lost", { n })
      : said(step.dropped === 1 ? "dropped_one" : "dropped", { n, share: rate(step.dropped_share) })
    const line = h("div", { class: "steps-drop" })
    line.classList.toggle("none", step.dropped === 0)
    line.classList.toggle("biggest", step.is_biggest_drop === true)
    if (onDrop && step.dropped > 0) {
      const button = h("button", { type: "button", title: said("who", { name: plain(step.name) }) }, `↓ ${text}`)
      button.addEventListener("click", () => onDrop(number))
      line.append(button)
    } else {
      line.append(h("span", {}, step.dropped > 0 ? `↓ ${text}` : text))
    }
    if (step.is_biggest_drop) line.append(h("span", { class: "steps-mark" }, said("biggest")))
    line.append(h("span", { class: "steps-before" }, said("before", { share: rate(step.of_previous) })))
    return line
  }
}

function tooFew(said, onAdd) {
  const box = h("div", { class: "notice" }, h("p", {}, h("strong", {}, said("few"))), h("p", {}, said("why")))
  if (onAdd) {
    const button = h("button", { class: "button primary", type: "button" }, said("add"))
    button.addEventListener("click", onAdd)
    box.append(button)
  }
  return box
}
