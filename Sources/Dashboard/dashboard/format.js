// How values look. Pure functions; the page's locale unless another is given.
import { locale as ours } from "./words.js"

const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu
const LONGEST = 120 // characters of a text cell
const DAY = 86_400_000 // ms
const LOCAL = /^\d{4}-\d\d-\d\d(T\d\d:\d\d)?$/ // a day, or a time of day, of some calendar: no instant

/** The time zone that days belong to: the site's. @type {string | undefined} */
let zone

/** @param {string | undefined} name of the site's time zone; one that the browser does not know is passed over */
export function useTimeZone(name) {
  try {
    zone = new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone
  } catch {
    zone = undefined
  }
}

/** @typedef {number | string | null | undefined} Value */

/** Exact below 10,000, short above, "–" for none. @param {Value} value @param {string} [locale] */
export function figure(value, locale = ours) {
  if (value == null) return "–"
  const notation = Math.abs(Number(value)) >= 10_000 ? "compact" : "standard"
  return new Intl.NumberFormat(locale, { notation, maximumFractionDigits: 1 }).format(Number(value))
}

/** @param {Value} value @param {string} [locale] */
export const exact = (value, locale = ours) => value == null ? "" : new Intl.NumberFormat(locale).format(Number(value))

/** A share of 1 as "3.1%". @param {Value} value @param {string} [locale] */
export function percent(value, locale = ours) {
  if (value == null) return "–"
  return new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 1 }).format(Number(value))
}

/** So many times as much: "3.2×". @param {Value} value @param {string} [locale] */
export function ratio(value, locale = ours) {
  if (value == null) return "–"
  return `${new Intl.NumberFormat(locale, { maximumFractionDigits: 2 }).format(Number(value))}×`
}

/** A difference of two shares in percentage points, without its unit: "0.4". @param {Value} value @param {string} [locale] */
export function points(value, locale = ours) {
  if (value == null) return "–"
  return new Intl.NumberFormat(locale, { maximumFractionDigits: 1 }).format(Math.abs(Number(value)) * 100)
}

/** Whole below 10,000 with its cents, short above. @param {Value} value @param {string | null} [currency] @param {string} [locale] */
export function money(value, currency, locale = ours) {
  if (value == null) return "–"
  const amount = Number(value), isLong = Math.abs(amount) >= 10_000
  const digits = isLong ? { notation: /** @type {const} */ ("compact"), maximumFractionDigits: 1 }
    : { minimumFractionDigits: Number.isInteger(amount) ? 0 : 2, maximumFractionDigits: 2 }
  return new Intl.NumberFormat(locale, { ...asMoney(currency), ...digits }).format(amount)
}

/** To the cent, however large. @param {Value} value @param {string | null} [currency] @param {string} [locale] */
export function exactMoney(value, currency, locale = ours) {
  if (value == null) return ""
  const digits = { minimumFractionDigits: 2, maximumFractionDigits: 2 }
  return new Intl.NumberFormat(locale, { ...asMoney(currency), ...digits }).format(Number(value))
}

/** @param {string | null | undefined} currency @returns {Intl.NumberFormatOptions} */
const asMoney = (currency) => /^[A-Z]{3}$/.test(currency ?? "")
  ? { style: "currency", currency: currency ?? "", currencyDisplay: "narrowSymbol" } : {}

/** "42s", "3m 5s", "1h 2m", "2d 3h": the two largest units. @param {Value} seconds @param {string} [locale] */
export function duration(seconds, locale = ours) {
  if (seconds == null) return "–"
  const whole = Math.max(0, Math.floor(Number(seconds)))
  const days = whole >= 172_800 ? Math.floor(whole / 86_400) : 0
  const hours = Math.floor(whole / 3600) - days * 24, minutes = Math.floor(whole / 60) % 60
  /** @type {[string, number][]} */
  const parts = [["day", days], ["hour", hours], ["minute", minutes], ["second", whole % 60]]
  const first = parts.findIndex(([, amount]) => amount > 0)
  if (first < 0) return unit(0, "second", locale)
  return parts.slice(first, first + 2).filter(([, amount]) => amount > 0)
    .map(([name, amount]) => unit(amount, name, locale)).join(" ")
}

/** @param {number} amount @param {string} name @param {string} locale */
const unit = (amount, name, locale) =>
  new Intl.NumberFormat(locale, { style: "unit", unit: name, unitDisplay: "narrow" }).format(amount)

/** An instant by the reader's own clock. @param {string | Date | null | undefined} instant @param {string} [locale] */
export const moment = (instant, locale = ours) => instant == null ? "–"
  : new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium" }).format(new Date(instant))

/** An instant's time of day by the reader's clock. @param {string | Date} instant @param {string} [locale] */
export const clock = (instant, locale = ours) =>
  new Intl.DateTimeFormat(locale, { timeStyle: "medium" }).format(new Date(instant))

/**
 * A day without its year unless that is another than now's: of the site's calendar for an instant, and as it stands
 * for a date ("2026-11-21" or "2026-11-21T14:00", which are no instants and belong to no zone).
 * @param {string | Date | null | undefined} date @param {string} [locale] @param {Intl.DateTimeFormatOptions} [options]
 */
export function day(date, locale = ours, options) {
  if (date == null) return "–"
  const isLocal = typeof date === "string" && LOCAL.test(date)
  const instant = new Date(isLocal && date.includes("T") ? `${date}Z` : date), timeZone = isLocal ? "UTC" : zone
  const shape = options ?? { day: "numeric", month: "short", ...(isThisYear(instant) ? {} : { year: "numeric" }) }
  return new Intl.DateTimeFormat(locale, { ...shape, timeZone }).format(instant)
}

/** @param {Date} instant */
const isThisYear = (instant) => instant.getUTCFullYear() === new Date().getUTCFullYear()

/** A month: "October 2026". @param {string | Date | null | undefined} date @param {string} [locale] */
export const month = (date, locale = ours) => day(date, locale, { month: "long", year: "numeric" })

/** An hour of the site's clock: "21 Nov, 14:00". @param {string | Date} date @param {string} [locale] */
export const hour = (date, locale = ours) => day(date, locale, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" })

/** "5 minutes ago", "yesterday"; beyond a month the day. @param {string | Date | null | undefined} instant @param {string} [locale] */
export function relative(instant, locale = ours) {
  if (instant == null) return "–"
  const seconds = (new Date(instant).getTime() - Date.now()) / 1000
  const format = new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "short" })
  const size = Math.abs(seconds)
  if (size < 60) return format.format(Math.trunc(seconds), "second")
  if (size < 3600) return format.format(Math.trunc(seconds / 60), "minute")
  if (size < 86_400) return format.format(Math.trunc(seconds / 3600), "hour")
  if (size < 30 * 86_400) return format.format(Math.trunc(seconds * 1000 / DAY), "day")
  return day(instant, locale, { day: "numeric", month: "short", year: "numeric" })
}

/**
 * Text that a stranger wrote (names, paths, referrers): one line, cut, and with every invisible character
 * shown, so that nothing can turn the direction of the line or hide.
 * @param {string | number | null | undefined} text
 */
export function plain(text) {
  if (text == null) return "–"
  const characters = [...String(text).replace(INVISIBLE, "\u2423")]
  return characters.length > LONGEST ? characters.slice(0, LONGEST).join("") + "…" : characters.join("")
}

/** @param {string | null} referrer its host without "www.", or the text itself where it is no address */
export function host(referrer) {
  if (!referrer) return "–"
  return plain(URL.canParse(referrer) && new URL(referrer).host.replace(/^www\./, "") || referrer)
}

/**
 * A figure by the format that the database gave with it, short and in full.
 * @param {Value} value @param {string} format integer, number, rate, ratio, money, seconds or duration
 * @param {string | null} [currency] @returns {{ short: string, full: string }}
 */
export function shown(value, format, currency) {
  if (value == null) return { short: "–", full: "" }
  switch (format) {
    case "rate": return { short: percent(value), full: percent(value) }
    case "ratio": return { short: ratio(value), full: ratio(value) }
    case "money": return { short: money(value, currency), full: exactMoney(value, currency) }
    case "seconds": case "duration": return { short: duration(value), full: duration(value) }
    default: return { short: figure(value), full: exact(value) }
  }
}
