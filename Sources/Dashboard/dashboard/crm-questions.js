// What the CRM page asks first, by its address. Asked as soon as this code runs, while the code that draws the answers is still on its way.
import { chartData, crmMetrics, onlineUsers } from "/client.js"
import { chosenDays, PERIOD, reader, state } from "./address.js"

/** Which figure over time stands behind a card, and how it is written. */
export const CARDS = [
  { metric: "total_users", series: "total_users", format: "integer" },
  { metric: "online_now", series: "users", format: "integer" },
  { metric: "new_this_week", series: "new_users", format: "integer" },
  { metric: "churn_rate", series: "churn_rate", format: "rate" },
  { metric: "revenue", series: "revenue", format: "money" },
]

/** The chosen card. */
export const card = () => CARDS.find(({ metric }) => metric === state.get("metric", "online_now")) ?? CARDS[1]

/** Whether the range before is shown too. */
export const isCompared = () => state.get("compare", "1") === "1"

/** The days in question; those that end today have no last one: a page left open goes on with the calendar. */
export function days() {
  const { first, last } = chosenDays(state)
  return state.get("to") === last ? { first_day: first, last_day: last } : { first_day: first }
}

/** The page's first questions; each is asked anew when the address says something else. */
const asked = [crmMetrics, chartData, onlineUsers]

/** Comes when each of them is answered or refused. */
export const answered = new Promise((resolve) => reader().then(() => {
  state.watch([...PERIOD, "compare", "metric"], () => {
    const { first_day: from, last_day: to = null } = days()
    chartData.set({ metric: card().series, from, to, compare: isCompared() })
  })
  state.watch(["segment"], () => { onlineUsers.set({ segment: state.get("segment") || null }) })
  const tell = () => { if (asked.every(({ at, error }) => at || error)) resolve(null) }
  for (const store of asked) store.subscribe(tell) // whoever draws it comes later
}, () => {})) // nobody is signed in: the page leads to where that is done
