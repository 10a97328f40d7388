// What a dashboard is made of: questions to the database, stores that keep their answers fresh, the site and the session.
// Served as /client.js. Nothing in here touches the page.
import { Query } from "/client/query.js"
import { live } from "/client/live.js"
import { site } from "/client/site.js"
import { SettableStore, Store, store } from "/client/store.js"

export { ApiError, call, session } from "/client/request.js"
export { live, Query, SettableStore, site, Store, store }

/** Whoever comes or goes is a row of these. */
const VISITS = { tables: ["site_sessions", "site_users"] }

/** Who is on the site now, the latest arrivals first, and how many in all; `set({ segment })` for those of one segment. */
export const onlineUsers = new SettableStore({ segment: /** @type {string | null} */ (null), limit: 200 }, ({ segment, limit }) =>
  ofSite(segment === null ? "get_online_users" : "get_online_users_in_segment", { in_segment: segment }, {
    order: ["started_at.desc", "session_id.desc"],
    limit,
  }), { ...VISITS, every: 10_000, pause: 500, count: true })

/** The figures of the cards, each with the one to compare it with. */
export const crmMetrics = new Store(() => ofSite("get_crm_metrics"), { ...VISITS, every: 15_000, pause: 1_000 })

/** One figure over time; days are those of the site's calendar, as 2026-03-29 or 2026-03-29T14:00. */
export const chartData = new SettableStore({
  metric: "users",
  from: /** @type {string | null} */ (null),
  to: /** @type {string | null} */ (null),
  compare: false,
  interval: /** @type {string | null} */ (null),
}, ({ metric, from, to, compare, interval }) =>
  ofSite("stats_series", { metric, first_day: from, last_day: to, step: interval, compare }),
{ ...VISITS, every: 30_000, pause: 2_000, pick: (rows) => points(rows, chartData.settings.interval) })

/** Who reaches each step of a funnel: of the one named, else of the site's first. */
export const funnelData = new SettableStore({
  funnel: /** @type {string | null} */ (null),
  from: /** @type {string | null} */ (null),
  to: /** @type {string | null} */ (null),
}, ({ funnel, from, to }) =>
  ofSite("calculate_funnel_conversion", { funnel, first_day: from, last_day: to }),
{ ...VISITS, every: 30_000, pause: 2_000 })

/** @type {Map<number, Store>} */
const visits = new Map()

/** @param {number} userId @returns {Store} the visits of one person, the latest first */
export function userSessions(userId) {
  const known = visits.get(userId) ??
    new Store(() => ofSite("user_sessions", { user_id: userId }), { ...VISITS, every: 15_000, pause: 1_000 })
  visits.set(userId, known)
  return known
}

/**
 * A function of the current site; null while there is none. What is null is left to the function's own default.
 * @param {string} from @param {Record<string, unknown>} given @param {Partial<import("/client/query.js").Question>} more
 */
function ofSite(from, given = {}, more = {}) {
  if (!site.current) return null
  const named = Object.entries(given).filter(([, value]) => value !== null)
  return new Query({ from, arguments: { site: String(site.current.site_id), ...Object.fromEntries(named) }, ...more })
}

/** @param {any[]} rows @param {string | null} interval */
function points(rows, interval) {
  const [first] = rows
  const isHourly = interval === "hour" || first && Date.parse(first.ends_at) - Date.parse(first.starts_at) <= 3_600_000
  return rows.map((row) => ({ ...row, date: site.day(row.starts_at, Boolean(isHourly)) }))
}
