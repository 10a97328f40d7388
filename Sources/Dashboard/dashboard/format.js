// How values look. Pure functions; the reader's locale unless another is given.

const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu
const LONGEST = 120 // characters of a text cell

/**
 * Exact below 10,000, short above, "–" for none.
 * @param {number | null | undefined} value
 * @param {string} [locale]
 */
export function figure(value, locale) {
  if (value == null) return "–"
  const notation = Math.abs(value) >= 10_000 ? "compact" : "standard"
  return new Intl.NumberFormat(locale, { notation, maximumFractionDigits: 1 }).format(value)
}

/** @param {number | null | undefined} value @param {string} [locale] */
export const exact = (value, locale) => value == null ? "" : new Intl.NumberFormat(locale).format(value)

/** "42s", "3m 5s", "1h 2m": the two largest units. @param {number} seconds @param {string} [locale] */
export function duration(seconds, locale) {
  const whole = Math.max(0, Math.floor(seconds))
  const hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60
  /** @type {[string, number][]} */
  const parts = [["hour", hours], ["minute", minutes], ["second", whole % 60]]
  const first = parts.findIndex(([, amount]) => amount > 0)
  if (first < 0) return unit(0, "second", locale)
  return parts.slice(first, first + 2).filter(([, amount]) => amount > 0)
    .map(([name, amount]) => unit(amount, name, locale)).join(" ")
}

const unit = (amount, name, locale) =>
  new Intl.NumberFormat(locale, { style: "unit", unit: name, unitDisplay: "narrow" }).format(amount)

/** @param {string | Date} instant @param {string} [locale] the reader's own clock and zone */
export const moment = (instant, locale) =>
  new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium" }).format(new Date(instant))

/**
 * Text that a stranger wrote (names, paths, referrers): one line, cut, and with every invisible character
 * shown, so that nothing can turn the direction of the line or hide.
 * @param {string} text
 */
export function plain(text) {
  const shown = text.replace(INVISIBLE, "\u2423")
  const characters = [...shown]
  return characters.length > LONGEST ? characters.slice(0, LONGEST).join("") + "…" : shown
}

/** @param {string | null} referrer its host, or the text itself where it is no address */
export function host(referrer) {
  if (!referrer) return "–"
  return plain(URL.canParse(referrer) && new URL(referrer).host || referrer)
}
