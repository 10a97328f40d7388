// Which days a page looks at: the last so many, or from one day to another; kept in the address as `period`, `from` and `to`.
// Days are those of the site's calendar. Nothing is counted here: these are only the bounds of a question.
import { site } from "/client.js"
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

const DAYS = new Map([["7d", 7], ["30d", 30], ["90d", 90], ["12m", 365]])
const KEYS = new Map([["7d", "w"], ["30d", "m"], ["90d", "q"], ["12m", "y"]])
const STANDARD = "30d"

/** What of the address a period is. */
export const PERIOD = ["period", "from", "to"]

/** @param {string} date @param {number} days @returns {string} so many days later */
export function daysAfter(date, days) {
  const moved = new Date(`${date}T00:00:00Z`)
  moved.setUTCDate(moved.getUTCDate() + days)
  return moved.toISOString().slice(0, 10)
}

/** @param {string} first @param {string} last @returns {number} days between, both included */
const length = (first, last) => Math.round((Date.parse(last) - Date.parse(first)) / 86_400_000) + 1

/** @param {string} text */
export const isDay = (text) => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text))

/**
 * The days that the address asks for, and the equally many before them.
 * @param {import("./shell.js").State} state @param {string} [today] the day on which a period ends that has no last day of its own
 * @returns {{ first: string, last: string, previousFirst: string, previousLast: string }}
 */
export function chosenDays(state, today = site.day(new Date().toISOString())) {
  const from = state.get("from"), to = state.get("to")
  const isCustom = isDay(from) && isDay(to) && from <= to
  const last = isCustom ? to : today
  const first = isCustom ? from : daysAfter(last, 1 - (DAYS.get(state.get("period", STANDARD)) ?? 30))
  return { first, last, previousFirst: daysAfter(first, -length(first, last)), previousLast: daysAfter(first, -1) }
}

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

/** @param {import("./shell.js").State} state */
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
