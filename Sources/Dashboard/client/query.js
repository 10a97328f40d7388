// A question to the database: one object from which the request, the SQL text and the CSV address are made.
import { request } from "/client/request.js"

/**
 * @typedef {string | number | boolean | null} Scalar
 * @typedef {"eq" | "neq" | "lt" | "lte" | "gt" | "gte" | "in" | "is" | "ilike"} Operator
 * @typedef {[column: string, operator: Operator, value: Scalar | Scalar[]]} Condition
 * @typedef {object} Question
 * @property {string} from a table, view or function of schema vibe
 * @property {Record<string, unknown>} [arguments] of a function, by name; without them `from` is a table or view
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

export class Query {
  /** @param {Question} question */
  constructor(question) {
    /** @readonly */
    this.question = question
    const { where = [], order = [], limit, offset } = question
    for (const [column, operator, value] of where) check(column, operator, value)
    for (const key of order) sortKey(key)
    for (const [name, number] of Object.entries({ limit, offset })) {
      if (number !== undefined && !(Number.isSafeInteger(number) && number >= 0)) throw new TypeError(`${name} must be a whole number`)
    }
  }

  /** The arguments that are given. */
  get #given() {
    return Object.entries(this.question.arguments ?? {}).filter(([, value]) => value !== undefined)
  }

  /** @returns {string} the question for psql, for whoever has the rights of the one signed in */
  sql() {
    const { from, arguments: given, select, where = [], order = [], limit, offset } = this.question
    const list = this.#given.map(([name, value]) => `${identifier(name)} => ${argument(value)}`).join(", ")
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
    const file = name.normalize("NFKD").replace(/[^\w-]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 64) || "export"
    return `/api/v1/csv?${new URLSearchParams({ name: file, query: JSON.stringify(this) })}`
  }

  /** What JSON.stringify takes: the question, without what is undefined. */
  toJSON() {
    return { ...this.question, ...(this.question.arguments ? { arguments: Object.fromEntries(this.#given) } : {}) }
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
      body: given && Object.fromEntries(this.#given),
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
