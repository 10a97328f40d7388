// Finding and making elements, with their types.

/**
 * @template {Element} E
 * @param {string} selector
 * @param {new () => E} kind
 * @returns {E} the first one in the page; throws where the page and its script do not fit
 */
export function find(selector, kind) {
  const element = document.querySelector(selector)
  if (element instanceof kind) return element
  throw new Error(`the page has no ${kind.name} "${selector}"`)
}

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string>} attributes
 * @param {...(Node | string)} children text stays text: nothing here reads markup
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  element.append(...children)
  return element
}
