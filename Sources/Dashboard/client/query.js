// Questions to the server the page came from: a query is one object from which the request, the SQL text and the CSV
// address are made. The session is an HttpOnly cookie: no token lives in the page.

/**
 * @typedef {string | number | boolean | null} Scalar
 * @typedef {"eq" | "neq" | "lt" | "lte" | "gt" | "gte" | "in" | "is" | "ilike"} Operator
 * @typedef {import("./types.d.ts").Functions} Functions
 * @typedef {[column: string, operator: Operator, value: Scalar | Scalar[]]} Condition
 */

/**
 * @template {string} From
 * @typedef {From extends keyof Functions ? Functions[From]["arguments"] : Record<string, unknown>} ArgumentsOf
 */

/**
 * @template {string} [From=string]
 * @typedef {object} Question
 * @property {From} from a table, view or function of schema vibe
 * @property {ArgumentsOf<From>} [arguments] of a function, by name; without them `from` is a table or view
 * @property {string[]} [select] columns; all unless given
 * @property {Condition[]} [where] all of them hold; `*` in a text of ilike stands for `%`
 * @property {string[]} [order] as "total.desc.nullslast"
 * @property {number} [limit]
 * @property {number} [offset]
 */

/** What ends a sort key of the request, and its SQL. */
const DIRECTIONS = new Map([["asc", "asc"], ["desc", "desc"], ["nullsfirst", "nulls first"], ["nullslast", "nulls last"]])
const COMPARISONS = new Map([["eq", "="], ["neq", "<>"], ["lt", "<"], ["lte", "<="], ["gt", ">"], ["gte", ">="], ["ilike", "ilike"]])
const TRUTHS = new Map([["null", "null"], ["not_null", "not null"], ["true", "true"], ["false", "false"]])
// The reserved words of PostgreSQL: as names they are quoted.
const RESERVED = new Set(`all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate
  collation column concurrently constraint create cross current_catalog current_date current_role current_schema current_time
  current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign freeze from full grant
  group having ilike in initially inner intersect into is isnull join lateral leading left like limit localtime localtimestamp
  natural not notnull null offset on only or order outer overlaps placing primary references returning right select session_user
  similar some symmetric table tablesample then to trailing true union unique user using variadic verbose when where window with`.split(/\s+/))

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
export async function call(name, given = {}) {
  try {
    return (await request(`/rest/v1/rpc/${encodeURIComponent(name)}`, { body: given })).data
  } finally {
    writes.lastAt = performance.now() // also after a failure: nobody knows how far it came
  }
}

/** When this page last changed something: answers from before may be wrong. */
export const writes = { lastAt: -Infinity }

/** @param {string} path @param {object} body @param {string} [method] */
const auth = async (path, body, method) =>
  (await request(`/auth/v1/${path}`, { body, method, headers: { "X-Vibe-Session": "cookie" } })).data

/** Who is signed in in this browser. */
export const session = {
  /** @returns {Promise<{ id: string, email: string }>} an ApiError with status 401 when nobody is */
  user: async () => (await request("/auth/v1/user")).data,
  /** @param {string} email @param {string} password */
  signIn: (email, password) => auth("token?grant_type=password", { email, password }),
  /** @param {string} email @param {string} password @param {object} [data] invitation: the token that lets in where accounts are by invitation */
  signUp: (email, password, data) => auth("signup", { email, password, data }),
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

/** @template {string} [From=string] */
export class Query {
  /** @param {Question<From>} question */
  constructor(question) {
    /** @readonly */
    this.question = asJSON(question)
    const { where = [], order = [], limit, offset } = this.question
    for (const [column, operator, value] of where) check(column, operator, value)
    for (const key of order) sortKey(key)
    for (const [name, number] of Object.entries({ limit, offset })) {
      if (number !== undefined && !(Number.isSafeInteger(number) && number >= 0)) throw new TypeError(`${name} must be a whole number`)
    }
  }

  /** @returns {string} the question for psql, for whoever has the rights of the one signed in */
  sql() {
    const { from, arguments: given, select, where = [], order = [], limit, offset } = this.question
    const list = Object.entries(given ?? {}).map(([name, value]) => `${identifier(name)} => ${argument(value)}`).join(", ")
    const lines = [
      `select ${select?.length ? select.map(identifier).join(", ") : "*"}`,
      `from vibe.${identifier(from)}${given ? `(${list})` : ""}`,
    ]
    if (where.length > 0) lines.push(`where ${where.map(condition).join("\n  and ")}`)
    if (order.length > 0) lines.push(`order by ${order.map((key) => sortKey(key).join(" ")).join(", ")}`)
    if (limit !== undefined) lines.push(`limit ${limit}`)
    if (offset) lines.push(`offset ${offset}`)
    return `${lines.join("\n")};`
  }

  /** @param {string} name of the file, without ending @returns {string} where the server gives all of it as CSV */
  csv(name) {
    const file = name.normalize("NFKD").replace(/\p{M}/gu, "").replace(/[^\w-]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 64) || "export"
    return `/api/v1/csv?${new URLSearchParams({ name: file, query: JSON.stringify(this) })}`
  }

  /** What JSON.stringify takes. */
  toJSON() {
    return this.question
  }

  /**
   * @overload
   * @param {{ count?: false, signal?: AbortSignal }} [options]
   * @returns {Promise<any[]>}
   */
  /**
   * @overload
   * @param {{ count: true, signal?: AbortSignal }} options
   * @returns {Promise<{ rows: any[], total: number }>}
   */
  /**
   * @overload
   * @param {{ count?: boolean, signal?: AbortSignal }} [options]
   * @returns {Promise<any[] | { rows: any[], total: number }>}
   */
  /**
   * Asks; throws ApiError. `total` is how many rows there are without limit and offset.
   * @param {{ count?: boolean, signal?: AbortSignal }} [options]
   */
  async run({ count = false, signal } = {}) {
    const { from, arguments: given } = this.question
    const path = `/rest/v1/${given ? "rpc/" : ""}${encodeURIComponent(from)}?${this.#shape()}`.replace(/\?$/, "")
    const { data, headers } = await request(path, {
      body: given && Object.keys(given).length > 0 ? given : undefined, // without any it can be read as any address
      headers: count ? { Prefer: "count=exact" } : {},
      signal,
    })
    // A function of one value answers with it alone.
    const rows = Array.isArray(data) ? data : [data !== null && typeof data === "object" ? data : { [from]: data }]
    if (!count) return rows
    return { rows, total: Number(headers.get("Content-Range")?.split("/")[1] ?? rows.length) }
  }

  /** Columns, conditions, order and length as the REST door reads them. */
  #shape() {
    const { select, where = [], order = [], limit, offset } = this.question
    const shape = new URLSearchParams()
    if (select?.length) shape.set("select", select.map(quoted).join(","))
    for (const [column, operator, value] of where) {
      const list = Array.isArray(value) ? `(${value.map((one) => `"${String(one).replace(/["\\]/g, "\\$&")}"`).join(",")})` : value
      shape.append(column, `${operator}.${list}`)
    }
    if (order.length > 0) shape.set("order", order.join(","))
    if (limit !== undefined) shape.set("limit", String(limit))
    if (offset) shape.set("offset", String(offset))
    return shape
  }
}

/**
 * A copy as all three forms can say it: nothing undefined, times as texts, no infinity.
 * @template T @param {T} question @returns {T}
 */
function asJSON(question) {
  return JSON.parse(JSON.stringify(question, (name, value) => {
    if (typeof value === "number" && !Number.isFinite(value)) throw new TypeError(`${name} must be a finite number`)
    return value
  }))
}

/** @param {string} column @param {Operator} operator @param {Scalar | Scalar[]} value */
function check(column, operator, value) {
  const isRight = operator === "in" ? Array.isArray(value) && !value.includes(null)
    : operator === "is" ? TRUTHS.has(String(value))
    : COMPARISONS.has(operator) && value != null && !Array.isArray(value)
  if (!isRight) throw new TypeError(`no condition: ${column} ${operator} ${JSON.stringify(value)}`)
}

/** @param {string} key @returns {string[]} the column and how it sorts, in SQL */
function sortKey(key) {
  const [column, ...ways] = key.split(".")
  return [identifier(column), ...ways.map((way) => {
    const words = DIRECTIONS.get(way)
    if (!words) throw new TypeError(`no sort key: ${key}`)
    return words
  })]
}

/** @param {Condition} condition */
function condition([column, operator, value]) {
  const name = identifier(column)
  if (operator === "is") return `${name} is ${TRUTHS.get(String(value))}`
  if (Array.isArray(value)) return value.length ? `${name} in (${value.map(literal).join(", ")})` : `${name} = any ('{}')`
  return `${name} ${COMPARISONS.get(operator)} ${literal(operator === "ilike" ? String(value).replaceAll("*", "%") : value)}`
}

/** @param {string} name */
function identifier(name) {
  return /^[a-z_][a-z0-9_]*$/.test(name) && !RESERVED.has(name) ? name : `"${name.replaceAll('"', '""')}"`
}

/** A column as the REST door reads it. @param {string} name */
const quoted = (name) => /^\w+$/.test(name) ? name : `"${name.replace(/["\\]/g, "\\$&")}"`

/** A constant that takes the type of its place. Backslashes mean themselves, as PostgreSQL's standard has it. @param {unknown} value */
const literal = (value) => `'${String(value).replaceAll("'", "''")}'`

/** An argument: lists of plain values are SQL arrays, objects and lists of them JSON. @param {unknown} value */
function argument(value) {
  if (value === null) return "null"
  if (Array.isArray(value) && value.every((one) => one === null || typeof one !== "object")) {
    return literal(`{${value.map((one) => one === null ? "null" : `"${String(one).replace(/["\\]/g, "\\$&")}"`).join(",")}}`)
  }
  return literal(typeof value === "object" ? JSON.stringify(value) : value)
}
