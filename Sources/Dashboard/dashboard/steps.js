// The drawing of a funnel: an ordered list with a label above and a bar below, and between two steps what was lost.
import { h } from "./dom.js"
import { exact, figure, percent, plain } from "./format.js"
import { addWords, t } from "./words.js"

/**
 * @typedef {object} Step one step as the database counts it; shares are of 1, null where nobody could convert
 * @property {string} name
 * @property {number} users
 * @property {number | null} of_start
 * @property {number | null} of_previous
 * @property {number} dropped users lost since the step before
 * @property {number | null} dropped_share of the users of the step before
 * @property {boolean} is_biggest_drop most users are lost before this step
 */

addWords({
  en: {
    "steps.overall": "Overall conversion", "steps.of": "{here} of {all} users, {n} steps", "steps.before": "{share} of the step before",
    "steps.dropped": { one: "{share} dropped off · {n} user", other: "{share} dropped off · {n} users" },
    "steps.nobody": "Nobody dropped off", "steps.biggest": "Biggest drop", "steps.who": "Who dropped off before “{name}”",
    "steps.few": "A funnel needs two steps", "steps.why": "Say what visitors do first and what they should do next.", "steps.add": "Add step",
  },
  pt: {
    "steps.overall": "Conversão total", "steps.of": "{here} de {all} usuários, {n} etapas", "steps.before": "{share} da etapa anterior",
    "steps.dropped": { one: "{share} desistiram · {n} usuário", other: "{share} desistiram · {n} usuários" },
    "steps.nobody": "Ninguém desistiu", "steps.biggest": "Maior perda", "steps.who": "Quem desistiu antes de “{name}”",
    "steps.few": "Um funil precisa de duas etapas", "steps.why": "Diga o que os visitantes fazem primeiro e o que devem fazer depois.", "steps.add": "Adicionar etapa",
  },
})

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
  if (list.length < 2) return tooFew(onAdd)
  const last = list[list.length - 1]
  return h("div", { class: "steps" },
    headline && h("p", { class: "steps-overall" }, h("span", { class: "steps-title" }, t("steps.overall")), h("strong", {}, percent(last.of_start)),
      h("span", { class: "steps-of" }, t("steps.of", { here: last.users, all: list[0].users, n: list.length }))),
    h("ol", {}, ...list.map((step, place) => h("li", {}, place > 0 && lost(step, place + 1, list.length > 2, onDrop), label(step), bar(step.of_start)))))
}

/** @param {Step} step */
const label = ({ name, users, of_start }) =>
  h("div", { class: "steps-label" }, h("span", { class: "steps-name", title: plain(name) }, plain(name)),
    h("span", { class: "steps-users", title: exact(users) }, figure(users)), h("strong", {}, percent(of_start)))

/** @param {number | null} share */
function bar(share) {
  const track = h("div", { class: "steps-bar", "aria-hidden": "true" }, h("span", {}))
  track.style.setProperty("--share", String(share ?? 0))
  return track
}

/**
 * What was lost on the way to a step, in words; a button where somebody wants to know who.
 * @param {Step} step @param {number} number @param {boolean} hasOthers without which the biggest drop is no news
 * @param {((step: number) => void) | undefined} onDrop
 */
function lost(step, number, hasOthers, onDrop) {
  const isSome = step.dropped > 0
  const text = isSome ? `↓ ${t("steps.dropped", { n: step.dropped, share: percent(step.dropped_share) })}` : t("steps.nobody")
  const title = t("steps.who", { name: plain(step.name) })
  return h("div", { class: isSome ? "steps-drop" : "steps-drop none" },
    onDrop && isSome ? h("button", { type: "button", title, onclick: () => onDrop(number) }, text) : h("span", {}, text),
    hasOthers && step.is_biggest_drop && h("span", { class: "steps-mark" }, t("steps.biggest")),
    h("span", { class: "steps-before" }, t("steps.before", { share: percent(step.of_previous) })))
}

/** @param {(() => void) | undefined} onAdd */
const tooFew = (onAdd) =>
  h("div", { class: "notice" }, h("p", {}, h("strong", {}, t("steps.few"))), h("p", {}, t("steps.why")),
    onAdd && h("button", { class: "button primary", type: "button", onclick: onAdd }, t("steps.add")))
