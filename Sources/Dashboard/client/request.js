// Requests to the server the page came from. The session is an HttpOnly cookie: no token lives in the page.

const TIMEOUT = 30_000 // ms; the database gives up before

/** A request that did not give what was asked for. */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {{ code?: string, message?: string, hint?: string | null, details?: unknown, requestId?: string | null }} said
   */
  constructor(status, { code = "", message = "", hint = null, details = null, requestId = null }) {
    super(message)
    this.name = "ApiError"
    /** Of HTTP; 0 means that no answer came at all. */
    this.status = status
    /** A SQLSTATE or a word; "OFFLINE" or "TIMEOUT" when no answer came. */
    this.code = code
    /** @type {string | null} what to do about it */
    this.hint = hint
    /** @type {unknown} more about this occurrence */
    this.details = details
    /** @type {string | null} by which the server's log names it */
    this.requestId = requestId
  }
}

/** @type {Set<() => void>} */
const ends = new Set()

/**
 * @param {string} path
 * @param {{ method?: string, body?: unknown, headers?: Record<string, string>, signal?: AbortSignal }} options
 * @returns {Promise<{ data: any, headers: Headers }>} the JSON of the answer, null where it is empty
 */
export async function request(path, { method, body, headers = {}, signal } = {}) {
  const limit = AbortSignal.timeout(TIMEOUT)
  let response, text
  try {
    response = await fetch(path, {
      method: method ?? (body === undefined ? "GET" : "POST"),
      headers: body === undefined ? headers : { "Content-Type": "application/json", ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin",
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    })
    text = await response.text()
  } catch (cause) {
    if (signal?.aborted) throw cause
    throw limit.aborted
      ? new ApiError(0, { code: "TIMEOUT", message: "The server took too long." })
      : new ApiError(0, { code: "OFFLINE", message: "The server cannot be reached." })
  }
  const data = parsed(text)
  if (response.ok) return { data, headers: response.headers }
  const error = new ApiError(response.status, { ...told(data), requestId: response.headers.get("X-Request-Id") })
  if (error.status === 401) for (const tell of ends) tell()
  throw error
}

/** @param {string} text */
function parsed(text) {
  try {
    return text ? JSON.parse(text) : null
  } catch {
    return null // not ours: a proxy's page
  }
}

/** The parts of an error body, whichever door's convention it follows. @param {any} body */
function told(body) {
  const { code, error_code, msg, message, hint, details } = body?.error ?? body ?? {}
  return { code: String(error_code ?? code ?? ""), message: String(msg ?? message ?? ""), hint: hint ?? null, details: details ?? null }
}

/**
 * Calls a function of schema vibe that writes.
 * @param {string} name @param {Record<string, unknown>} given arguments by name; undefined ones are left out
 * @returns {Promise<any>} its result: a value, a row, or rows
 */
export const call = async (name, given = {}) =>
  (await request(`/rest/v1/rpc/${encodeURIComponent(name)}`, { body: given })).data

/** @param {string} path @param {object} body @param {string} [method] */
const auth = async (path, body, method) =>
  (await request(`/auth/v1/${path}`, { body, method, headers: { "X-Vibe-Session": "cookie" } })).data

/** Who is signed in in this browser. */
export const session = {
  /** @returns {Promise<{ id: string, email: string }>} an ApiError with status 401 when nobody is */
  user: async () => (await request("/auth/v1/user")).data,
  /** @param {string} email @param {string} password */
  signIn: (email, password) => auth("token?grant_type=password", { email, password }),
  /** @param {string} email @param {string} password */
  signUp: (email, password) => auth("signup", { email, password }),
  /** @param {"local" | "others" | "global"} scope this browser, all others, or all */
  signOut: (scope = "local") => auth(`logout?scope=${scope}`, {}),
  /** Ends all other sessions. @param {string} password */
  changePassword: (password) => auth("user", { password }, "PUT"),
  /** Signs in by a token that an operator made, once, and sets a password. @param {string} token @param {string} password */
  async resetPassword(token, password) {
    await auth("verify", { type: "recovery", token_hash: token })
    return auth("user", { password }, "PUT")
  },
  /** @param {string} token @returns {Promise<number>} the site whose member the caller now is */
  acceptInvitation: (token) => call("accept_invitation", { token }),
  /** @param {() => void} tell called whenever an answer says that nobody is signed in */
  subscribe(tell) {
    ends.add(tell)
    return () => { ends.delete(tell) }
  },
}
