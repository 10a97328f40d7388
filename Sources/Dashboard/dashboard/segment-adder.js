// Puts people by hand into a segment that is kept by hand.
import { call, Query } from "/client.js"
import { saidBy, toast } from "./dialog.js"
import { h } from "./dom.js"
import { plain } from "./format.js"
import { t } from "./words.js"

const PAUSE = 350 // ms after the last key before people are looked for

/**
 * A field that finds them by name, email or number, and a button for each.
 * @param {HTMLElement} place @param {string} site @param {any} segment @param {() => Promise<any>} reread
 */
export function fillAdder(place, site, segment, reread) {
  const field = h("input", { class: "field", type: "search", "aria-label": t("seg.add.search"), placeholder: t("seg.add.search"), maxlength: 200 })
  const found = h("ul", { class: "found" })
  const isCustomer = segment.subject === "customer"
  let timer = 0
  /** @type {AbortController | null} */
  let reading = null
  const look = async () => {
    reading?.abort()
    const wanted = field.value.trim().replace(/[*%_\\]/g, "")
    if (!wanted) return void found.replaceChildren()
    const mine = reading = new AbortController()
    const key = isCustomer ? "customer_id" : "user_id"
    try {
      const asked = await Promise.all(["name", "email", "external_id"].map((column) => new Query({
        from: isCustomer ? "customers" : "site_users", select: [key, "name", "email", "external_id"],
        where: [["site_id", "eq", site], [column, "ilike", `*${wanted}*`], ...(isCustomer ? [] : [/** @type {any} */ (["merged_into", "is", null])])], order: [key], limit: 5,
      }).run({ signal: mine.signal })))
      const rows = [...new Map(asked.flat().map((row) => [row[key], row])).values()].slice(0, 5)
      found.replaceChildren(...rows.length === 0 ? [h("li", { class: "muted" }, t("seg.add.none"))] : rows.map((row) => {
        const name = plain(row.name ?? row.external_id ?? row.email ?? `#${row[key]}`)
        return h("li", {}, h("span", {}, name, row.email ? h("span", { class: "muted" }, ` ${plain(row.email)}`) : null),
          h("button", { class: "button small", type: "button", "aria-label": `${t("seg.add")} ${name}`, onclick: async () => {
            try {
              await call("add_to_segment", { site, segment: String(segment.segment_id), subject_ids: [row[key]] })
              toast(t("seg.added", { name }))
              await reread()
            } catch (error) {
              toast(saidBy(error), "bad")
            }
          } }, t("seg.add")))
      }))
    } catch (error) {
      if (!mine.signal.aborted) toast(saidBy(error), "bad")
    }
  }
  field.addEventListener("input", () => {
    clearTimeout(timer)
    timer = setTimeout(look, PAUSE)
  })
  place.replaceChildren(field, found)
}
