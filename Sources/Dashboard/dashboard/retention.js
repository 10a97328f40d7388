// Retention: of those who came for the first time in one period, how many come back in the next ones.
import { Query, site, store } from "/client.js"
import { daysAfter } from "./address.js"
import { lineChart } from "./chart.js"
import { h } from "./dom.js"
import { day, exact, figure, percent } from "./format.js"
import { panel } from "./panel.js"
import { openPage } from "./shell.js"

/** How many cohorts, by the length of their periods; the first is what is shown without being asked. */
const SPANS = new Map([["day", [14, 30, 60]], ["week", [12, 26, 52]], ["month", [12, 24, 36]]])
const SLOW = 60_000 // ms between reads that nobody asked for

/** @type {import("./words.js").Words} */
const words = {
  en: {
    "by.label": "Cohorts by", "by.day": "Day", "by.week": "Week", "by.month": "Month",
    "mode.label": "Counts as back", "mode.on": "active in that period", "mode.on_or_after": "active in it or later", "span.label": "Number of cohorts",
    "span.day": { one: "{n} day", other: "{n} days" }, "span.week": { one: "{n} week", other: "{n} weeks" }, "span.month": { one: "{n} month", other: "{n} months" },
    "table.title": "Retention by cohort", "table.note": "cohort: the first visit ever", "table.caption": "Share of each cohort that was active, by period",
    "table.cohort": "First seen", "table.users": "Users", "number.day": "Day {n}", "number.week": "Week {n}", "number.month": "Month {n}",
    "cell.title": "{cohort}: {users} of {all} users were active in the period that begins {start}", "cell.unfinished": "so far",
    "legend.unfinished": "The period is not over", "legend.less": "few", "legend.more": "all",
    "curve.title": "All cohorts together", "curve.label": "Retention", "curve.note": "finished periods only",
    "empty.title": "No new visitors", "empty.text": "Nobody came for the first time in this time.", "empty.longer": "Look further back", "keys.mode": "Change what counts as back",
  },
  pt: {
    "by.label": "Coortes por", "by.day": "Dia", "by.week": "Semana", "by.month": "Mês",
    "mode.label": "Conta como retorno", "mode.on": "ativo naquele período", "mode.on_or_after": "ativo nele ou depois", "span.label": "Número de coortes",
    "span.day": { one: "{n} dia", other: "{n} dias" }, "span.week": { one: "{n} semana", other: "{n} semanas" }, "span.month": { one: "{n} mês", other: "{n} meses" },
    "table.title": "Retenção por coorte", "table.note": "coorte: a primeira visita de todas", "table.caption": "Parte de cada coorte que esteve ativa, por período",
    "table.cohort": "Primeira visita", "table.users": "Usuários", "number.day": "Dia {n}", "number.week": "Semana {n}", "number.month": "Mês {n}",
    "cell.title": "{cohort}: {users} de {all} usuários estiveram ativos no período que começa em {start}", "cell.unfinished": "até agora",
    "legend.unfinished": "O período não acabou", "legend.less": "poucos", "legend.more": "todos",
    "curve.title": "Todas as coortes juntas", "curve.label": "Retenção", "curve.note": "só períodos completos",
    "empty.title": "Nenhum visitante novo", "empty.text": "Ninguém veio pela primeira vez neste tempo.", "empty.longer": "Olhar mais para trás", "keys.mode": "Mudar o que conta como retorno",
  },
}

openPage({ name: "retention", words, build })

/** @param {import("./shell.js").Page} page */
function build({ t, state, main, toolbar, shortcut }) {
  const by = () => SPANS.has(state.get("by", "week")) ? state.get("by") : "week"
  const mode = () => state.get("mode", "on") === "on_or_after" ? "on_or_after" : "on"
  const spans = () => SPANS.get(by()) ?? []
  const span = () => spans().includes(Number(state.get("span"))) ? Number(state.get("span")) : spans()[0]

  /** @param {string} from */
  const query = (from) => {
    if (!site.current) return null
    const last = site.day(new Date().toISOString())
    return new Query({ from, arguments: { site: site.id, period: by(), first_day: firstDay(last), last_day: last, mode: mode() } })
  }
  /** The periods begin with the calendar's, so the first one is reached by any of its days. @param {string} last */
  function firstDay(last) {
    const back = span() - 1
    if (by() !== "month") return daysAfter(last, -back * (by() === "week" ? 7 : 1))
    const first = new Date(`${last.slice(0, 7)}-01T00:00:00Z`)
    first.setUTCMonth(first.getUTCMonth() - back)
    return first.toISOString().slice(0, 10)
  }
  const cohorts = store(() => query("retention"), { tables: ["site_sessions"], pause: SLOW })
  const curve = store(() => query("retention_curve"), { every: SLOW })

  // MARK: Controls

  const switches = [...SPANS.keys()].map((name) =>
    h("button", { type: "button", "data-by": name, onclick: () => state.set({ by: name, span: null }) }, t(`by.${name}`)))
  const kind = h("select", { class: "field", "aria-label": t("mode.label") },
    ...["on", "on_or_after"].map((name) => h("option", { value: name }, t(`mode.${name}`))))
  kind.addEventListener("change", () => state.set({ mode: kind.value }))
  const amount = h("select", { class: "field", "aria-label": t("span.label") })
  amount.addEventListener("change", () => state.set({ span: Number(amount.value) === spans()[0] ? null : amount.value }))
  toolbar.append(kind, amount, h("div", { class: "segmented", role: "group", "aria-label": t("by.label") }, ...switches))
  for (const [key, name] of [["d", "day"], ["w", "week"], ["m", "month"]]) {
    shortcut(key, `${t("by.label")}: ${t(`by.${name}`)}`, () => state.set({ by: name, span: null }))
  }
  shortcut("o", t("keys.mode"), () => state.set({ mode: mode() === "on" ? "on_or_after" : "on" }))

  // MARK: Panels

  /** @param {string} date */
  const cohortName = (date) => by() === "month" ? day(date, undefined, { month: "short", year: "numeric" }) : day(date)

  const grid = panel({
    title: t("table.title"), store: cohorts, height: 440, csv: "retention", note: t("table.note"), draw: (_, rows) => draw(rows),
    empty: (rows) => rows.some((/** @type {any} */ { cohort_users }) => cohort_users > 0) ? null : {
      title: t("empty.title"), text: t("empty.text"),
      acts: [h("button", { class: "button", type: "button", onclick: () => state.set({ span: spans().at(-1) ?? null }) }, t("empty.longer"))],
    },
  })

  /** @param {any[]} rows in the order of cohorts and periods */
  function draw(rows) {
    // Before the site's first visitor there is nothing to see.
    const seen = rows.slice(rows.findIndex(({ cohort_users }) => cohort_users > 0))
    const lines = new Map()
    for (const row of seen) lines.set(row.cohort, [...(lines.get(row.cohort) ?? []), row])
    const width = Math.max(...seen.map(({ period_number }) => period_number)) + 1
    const head = h("tr", {}, h("th", { scope: "col", class: "cohort" }, t("table.cohort")), h("th", { scope: "col", class: "number" }, t("table.users")),
      ...Array.from({ length: width }, (_, n) => h("th", { scope: "col", class: "period" }, t(`number.${by()}`, { n }))))
    const body = [...lines].map(([cohort, cells]) => h("tr", {},
      h("th", { scope: "row", class: "cohort" }, cohortName(cohort)),
      h("td", { class: "number", title: exact(cells[0].cohort_users) }, figure(cells[0].cohort_users)),
      ...cells.map(cell)))
    const scroll = h("div", { class: "scroll", role: "group", tabindex: "0", "aria-label": t("table.caption") },
      h("table", { class: "retention" }, h("caption", { class: "visually-hidden" }, t("table.caption")), h("thead", {}, head), h("tbody", {}, ...body)))
    return h("div", {}, scroll, legend())
  }

  /** @param {any} row */
  function cell({ cohort, cohort_users, users, share, period_start, is_complete }) {
    if (share === null) return h("td", { class: "none" }, "–")
    const title = t("cell.title", { cohort: cohortName(cohort), users, all: cohort_users, start: day(period_start) })
    const element = h("td", { class: is_complete ? "cell" : "cell unfinished", title: is_complete ? title : `${title} (${t("cell.unfinished")})` },
      h("strong", {}, percent(share)), h("span", {}, figure(users)), !is_complete && h("span", { class: "visually-hidden" }, ` ${t("cell.unfinished")}`))
    element.style.setProperty("--share", String(share))
    return element
  }

  function legend() {
    const scale = [0, 0.25, 0.5, 0.75, 1].map((share) => {
      const box = h("i")
      box.style.setProperty("--share", String(share))
      return box
    })
    return h("p", { class: "retention-legend" }, h("span", {}, t("legend.less")), h("span", { class: "scale", "aria-hidden": "true" }, ...scale), h("span", {}, t("legend.more")),
      h("span", { class: "unfinished" }, t("legend.unfinished")))
  }

  const line = lineChart({ label: t("curve.label"), format: "rate", height: 200, when: (point) => t(`number.${by()}`, { n: Number(point.date) }) })
  const average = panel({
    title: t("curve.title"), store: curve, height: 260, csv: "retention-curve", note: t("curve.note"),
    draw(_, rows) {
      line.points = rows.map((/** @type {any} */ row) => ({ date: String(row.period_number), value: row.share }))
      return line
    },
  })
  main.append(grid, average)

  state.watch(["by", "mode", "span"], () => {
    for (const button of switches) button.setAttribute("aria-pressed", String(button.dataset.by === by()))
    kind.value = mode()
    amount.replaceChildren(...spans().map((n) => h("option", { value: n }, t(`span.${by()}`, { n }))))
    amount.value = String(span())
    for (const one of [cohorts, curve]) if (one.isActive) one.refresh()
  })
}
