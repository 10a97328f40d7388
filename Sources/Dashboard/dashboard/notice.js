// The boxes a panel shows in place of data, and the one way to make an element.

/**
 * @param {string} tag
 * @param {Record<string, string>} attributes
 * @param {...(Node | string)} children text stays text: nothing here reads markup
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  element.append(...children)
  return element
}

/** @param {string} title @param {string} text @param {...Node} acts */
export const empty = (title, text, ...acts) =>
  h("div", { class: "notice" }, h("p", {}, h("strong", {}, title)), h("p", {}, text), ...acts)

/** @param {import("./api.js").ApiError} error @param {() => void} retry */
export function failed(error, retry) {
  const button = h("button", { class: "button", type: "button" }, "Try again")
  button.addEventListener("click", retry)
  const why = error.status === 0 ? error.message : `The server answered with an error (${error.status}).`
  const id = error.requestId ? ` Request ${error.requestId}.` : ""
  return h("div", { class: "notice failed", role: "alert" }, h("p", {}, `Could not load data. ${why}${id}`), button)
}
