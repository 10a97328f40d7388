// The people who dropped off before a step: read, with the table they stand in, when somebody asks for them.
import { h, icon } from "./dom.js"
import { plain } from "./format.js"
import { panel } from "./panel.js"
import { pager, table } from "./table.js"
import { addWords, t } from "./words.js"

addWords({
  en: {
    "people.title": "Who dropped off", "people.before": "Who dropped off before “{name}”", "people.caption": "Users who dropped off",
    "people.name": "User", "people.last": "Last step", "people.entered": "Entered", "people.stopped": "Stopped", "people.anonymous": "Visitor {id}",
  },
  pt: {
    "people.title": "Quem desistiu", "people.before": "Quem desistiu antes de “{name}”", "people.caption": "Usuários que desistiram",
    "people.name": "Usuário", "people.last": "Última etapa", "people.entered": "Entrou", "people.stopped": "Parou",
    "people.anonymous": "Visitante {id}",
  },
})

/**
 * @param {{
 *   store: import("/client.js").Store, limit: number, close: () => void, open: (userId: number) => void,
 *   total: () => number | undefined, known: () => number[], go: (known: number[]) => void, csv: () => string | undefined,
 * }} options `csv`: where all of them are to be had, not this page alone; `total`: a change of it is told by `tellTotal`; `known`: the last user of each page before this one, by which the next is found; `go` turns to another
 */
export function peoplePanel({ store, limit, close, open, total, known, go, csv }) {
  const people = table({
    caption: t("people.caption"), rowKey: (row) => row.user_id, open: (row) => open(row.user_id),
    columns: [
      { key: "name", title: t("people.name"), narrow: true, draw: (row) => plain(row.name ?? row.external_id ?? t("people.anonymous", { id: String(row.user_id) })) },
      { key: "last_step", title: t("people.last"), narrow: true },
      { key: "entered_at", title: t("people.entered"), kind: "moment" },
      { key: "last_step_at", title: t("people.stopped"), kind: "moment", narrow: true },
    ],
  })
  const turns = pager({
    limit,
    go(offset) {
      const before = known()
      go(offset < before.length * limit ? before.slice(0, -1) : [...before, store.data.at(-1).user_id])
    },
  })
  const tellTotal = () => turns.show(total() ?? store.data?.length ?? 0, known().length * limit)
  const body = h("div", { class: "funnel-people" }, people, turns)
  const all = h("a", { class: "button small", download: true, href: "#" }, icon("download"), t("panel.csv"))
  const element = panel({
    title: t("people.title"), store, height: 240,
    controls: [h("button", { class: "button small", type: "button", onclick: close }, t("close")), all],
    draw(_, rows) {
      all.href = csv() ?? "#"
      all.setAttribute("aria-label", t("panel.csvOf", { title: element.heading }))
      people.rows = rows
      tellTotal()
      return body
    },
  })
  return Object.assign(element, { tellTotal })
}

/** @param {string} name of the step that was not taken */
export const peopleBefore = (name) => t("people.before", { name })
