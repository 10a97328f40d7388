// The boxes a panel shows in place of data.
import { h } from "./dom.js"

/** @param {string} title @param {string} text @param {...Node} acts */
export const empty = (title, text, ...acts) =>
  h("div", { class: "notice" }, h("p", {}, h("strong", {}, title)), h("p", {}, text), ...acts)

/** @param {import("./api.js").ApiError} error @param {() => void} retry */
export function failed(error, retry) {
  const button = h("button", { class: "button", type: "button" }, "Try again")
  button.addEventListener("click", retry)
  const why = error.status === 0 ? error.message : `The server answered with an error (${error.status}).`
  const id = error.requestId ? ` Request ${error.requestId}.` : ""
  const text = h("p", {}, `Could not load data. ${why}${id}`)
  return h("div", { class: "notice failed", role: "alert" }, text, button)
}
