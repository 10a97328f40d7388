// Which days a page looks at: the last so many, or from one day to another; kept in the address as `period`, `from` and `to`.
// Days are those of the site's calendar. Nothing is counted here: these are only the bounds of a question.
import { site } from "/client.js"
import { chosenDays, DAYS, PERIOD, STANDARD } from "./address.js"
import { h } from "./dom.js"
import { day } from "./format.js"
import { addWords, t } from "./words.js"

addWords({
  en: {
    "period.label": "Period", "period.7d": "7 days", "period.30d": "30 days", "period.90d": "90 days", "period.12m": "12 months",
    "period.custom": "Custom", "period.from": "First day", "period.to": "Last day", "period.show": "Show", "period.chosen": "{first} – {last}",
    "period.order": "The first day is after the last one.",
  },
  pt: {
    "period.label": "Período", "period.7d": "7 dias", "period.30d": "30 dias", "period.90d": "90 dias", "period.12m": "12 meses",
    "period.custom": "Outro", "period.from": "Primeiro dia", "period.to": "Último dia", "period.show": "Mostrar", "period.chosen": "{first} – {last}",
    "period.order": "O primeiro dia vem depois do último.",
  },
})

const KEYS = new Map([["7d", "w"], ["30d", "m"], ["90d", "q"], ["12m", "y"]])
/**
 * The switch for it, with its shortcuts.
 * @param {Pick<import("./shell.js").Page, "state" | "shortcut">} page
 */
export function periodSwitch({ state, shortcut }) {
  const choices = [...DAYS.keys()].map((name) => {
    const choose = () => state.set({ period: name, from: null, to: null })
    shortcut(KEYS.get(name) ?? "", t(`period.${name}`), choose)
    return h("button", { type: "button", "data-period": name, onclick: choose }, t(`period.${name}`))
  })
  const custom = h("button", { type: "button", onclick: () => ask(state) }, t("period.custom"))
  state.watch(PERIOD, () => {
    const { first, last } = chosenDays(state)
    const isCustom = state.get("from") === first && state.get("to") === last
    const period = DAYS.has(state.get("period", STANDARD)) ? state.get("period") : STANDARD
    for (const button of choices) button.setAttribute("aria-pressed", String(!isCustom && button.dataset.period === period))
    custom.setAttribute("aria-pressed", String(isCustom))
    custom.textContent = isCustom ? t("period.chosen", { first: day(first), last: day(last) }) : t("period.custom")
  })
  return h("div", { class: "segmented", role: "group", "aria-label": t("period.label") }, ...choices, custom)
}

/** @param {import("./address.js").State} state */
async function ask(state) {
  const { openDialog } = await import("./dialog.js")
  const { first, last } = chosenDays(state)
  const from = h("input", { class: "field", type: "date", required: true, value: first, max: site.day(new Date().toISOString()) })
  const to = h("input", { class: "field", type: "date", required: true, value: last, max: site.day(new Date().toISOString()) })
  const form = h("form", { class: "form" }, h("label", {}, t("period.from"), from), h("label", {}, t("period.to"), to),
    h("div", { class: "row end" }, h("button", { class: "button primary" }, t("period.show"))))
  for (const field of [from, to]) field.addEventListener("input", () => from.setCustomValidity(""))
  form.addEventListener("submit", (event) => {
    event.preventDefault()
    if (from.value > to.value) {
      from.setCustomValidity(t("period.order"))
      from.reportValidity()
      return
    }
    close()
    state.set({ from: from.value, to: to.value, period: null })
  })
  const close = openDialog({ title: t("period.label"), body: form })
}
