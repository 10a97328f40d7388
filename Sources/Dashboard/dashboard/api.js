// The only file of the dashboard that talks to the server.
// The session is an HttpOnly cookie: no token lives in the page.

const TIMEOUT = 15_000 // ms

/** A request that did not give what was asked for; `status` 0 means that no answer came at all. */
export class ApiError extends Error {
  /** @param {number} status @param {string} message @param {string | null} requestId */
  constructor(status, message, requestId = null) {
    super(message)
    this.status = status
    this.requestId = requestId
  }
}

/**
 * @typedef {{ site_id: number, name: string, key: string }} Site
 * @typedef {{ metric: string, value: number | null, previous: number | null, format: "integer" | "rate" | "money", better: "up" | "down",
 *   currency: string | null, range_start: string | null, range_end: string, previous_start: string | null, previous_end: string | null }} Metric
 * @typedef {{ site_id: number, user_id: number, session_id: number, name: string | null,
 *   external_id: string | null, segment: string | null, current_page: string | null, referrer: string | null, device: string | null,
 *   browser: string | null, started_at: string, last_seen_at: string, session_seconds: number,
 *   page_views: number, events: number }} OnlineUser
 * @typedef {{ site_id: number, table: string, type: string }} Change
 */

/** @returns {Promise<Site[]>} every site the session may see, oldest first */
export const sites = () => request("/rest/v1/sites?select=site_id,name,key&order=site_id")

/** @param {string} name @returns {Promise<number>} the id of the new site, owned by the caller */
export const createSite = (name) =>
  rpc("create_site", { name, time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone })

/** @param {Site} site @returns {Promise<Metric[]>} */
export const crmMetrics = (site) => rpc("get_crm_metrics", { site: String(site.site_id) })

/** @param {Site} site @returns {Promise<OnlineUser[]>} */
export const onlineUsers = (site) => rpc("get_online_users", { site: String(site.site_id) })

/** @returns {Promise<string | null>} the key of the demo shop's site, null where there is no demo */
export const demoKey = () => request("/api/demo")

/** @returns {Promise<{ email: string }>} */
export const currentUser = () => request("/auth/v1/user")

/** @param {string} email @param {string} password */
export const signIn = (email, password) => auth("/auth/v1/token?grant_type=password", { email, password })

/** @param {string} email @param {string} password */
export const signUp = (email, password) => auth("/auth/v1/signup", { email, password })

export const signOut = () => auth("/auth/v1/logout", {})

/** The stream of row changes; the browser reconnects it and names the last change it has seen. */
export const changeStream = () => new EventSource("/realtime/v1/sse?tables=site_sessions,site_users")

const rpc = (name, given) => request(`/rest/v1/rpc/${name}`, { body: given })

const auth = (path, given) => request(path, { body: given, headers: { "X-Vibe-Session": "cookie" } })

/** @param {string} path @param {{ body?: object, headers?: Record<string, string> }} options */
async function request(path, { body, headers = {} } = {}) {
  let response
  try {
    response = await fetch(path, {
      method: body ? "POST" : "GET",
      headers: body ? { "Content-Type": "application/json", ...headers } : headers,
      body: body && JSON.stringify(body),
      credentials: "same-origin",
      signal: AbortSignal.timeout(TIMEOUT),
    })
  } catch (cause) {
    const late = cause.name === "TimeoutError"
    throw new ApiError(0, late ? "The server took too long." : "The server cannot be reached.")
  }
  const text = await response.text()
  if (response.ok) return text ? JSON.parse(text) : null
  throw new ApiError(response.status, saidBy(text), response.headers.get("X-Request-Id"))
}

/** The message inside an error body, whichever door's convention it follows. */
function saidBy(text) {
  try {
    const body = JSON.parse(text)
    return body.msg ?? body.message ?? body.error?.message ?? ""
  } catch {
    return ""
  }
}
