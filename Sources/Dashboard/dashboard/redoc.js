// /redoc: the endpoints to be read: where to go on the left, what each does in the middle, what it looks like on the right.
import { h } from "./dom.js"
import { badge, command, fields, isSuccess, openReference, pathOf, prose, row, sample, schemaOf } from "./reference.js"
import { t } from "./words.js"

/** @typedef {import("./reference.js").Operation} Operation */

openReference("redoc", (description, main) => {
  document.body.classList.add("wide")
  const links = /** @type {Map<string, HTMLAnchorElement>} */ (new Map())
  const list = h("nav", { class: "contents", "aria-label": t("api.list"), tabindex: 0 }, description.tags.flatMap((tag) => [
    h("h2", {}, h("a", { href: `#tag-${tag.name}` }, tag.name)),
    h("ul", {}, tag.operations.map((operation) => {
      const link = h("a", { href: `#${operation.id}`, title: `${operation.method.toUpperCase()} ${operation.path}` }, badge(operation.method), h("span", { lang: "en" }, operation.summary))
      links.set(operation.id, link)
      return h("li", {}, link)
    })),
  ]))
  const chapters = description.tags.map((tag) => h("section", { class: "chapter", "aria-labelledby": `tag-${tag.name}` },
    h("div", { class: "tag" }, h("h2", { id: `tag-${tag.name}` }, tag.name), h("p", { class: "muted", lang: "en" }, tag.description)),
    tag.operations.map(chapter)))
  main.append(list, h("div", { class: "chapters" },
    h("section", { class: "about", "aria-label": t("api.top") }, h("div", {}, h("p", {}, h("strong", {}, description.title), " ", h("span", { class: "badge" }, description.version)), prose(description.description))),
    ...chapters))
  follow(links)
})

/** @param {Operation} operation */
function chapter(operation) {
  return h("article", { id: operation.id, "aria-labelledby": `${operation.id}-title` },
    h("div", { class: "text" },
      h("h3", { id: `${operation.id}-title`, lang: "en" }, operation.summary),
      h("p", { class: "address" }, badge(operation.method), pathOf(operation.path)),
      prose(operation.description),
      h("p", { class: "muted" }, t(operation.isOpen ? "api.public" : "api.private")),
      operation.parameters.length > 0 && [h("h4", {}, t("api.parameters")),
        h("dl", { class: "fields" }, operation.parameters.map((one) => row(one.name, schemaOf(one), one.required ?? false, 0, one.description)))],
      operation.body && [h("h4", {}, t("api.body")), fields(operation.body.schema) ?? h("p", { class: "muted" }, t("api.any"))],
      h("h4", {}, t("api.answers")),
      h("dl", { class: "fields" }, operation.answers.map(([status, answer]) => h("div", {}, h("dt", {}, h("code", {}, status)), h("dd", {}, h("span", { lang: "en" }, answer.description),
        status.startsWith("2") && fields(Object.values(answer.content ?? {})[0]?.schema ?? {})))))),
    h("div", { class: "samples" }, request(operation), isSuccess(operation).map(([status, answer]) => answerOf(operation, status, answer))))
}

/** @param {Operation} operation */
function request(operation) {
  const query = new URLSearchParams(operation.parameters.filter((one) => one.in === "query" && one.required)
    .map((one) => [one.name, one.content ? "{…}" : String(sample(schemaOf(one), one.name))]))
  const path = operation.parameters.filter((one) => one.in === "path")
    .reduce((so_far, one) => so_far.replace(`{${one.name}}`, String(sample(schemaOf(one), one.name))), operation.path)
  const body = operation.body ? JSON.stringify(sample(operation.body.schema), null, 2) : null
  return block(t("api.request"), command(operation.method, `${location.origin}${path}${query.size ? `?${query}` : ""}`, body, operation.isOpen))
}

/** @param {Operation} operation @param {string} status @param {import("./reference.js").Answer} answer */
function answerOf(operation, status, answer) {
  const kinds = Object.entries(answer.content ?? {})
  const json = kinds.find(([type]) => type === "application/json")
  const isTold = json && Object.keys(json[1].schema).length > 0
  const text = isTold ? JSON.stringify(sample(json[1].schema), null, 2) : kinds.map(([type]) => type).join("\n")
  return block(t("api.sample", { status }), text || t("api.empty"))
}

/** @param {string} title @param {string} text */
const block = (title, text) => h("figure", {}, h("figcaption", {}, title), h("pre", { class: "block", tabindex: 0, "aria-label": title }, text))

/** The contents show where the reader is. @param {Map<string, HTMLAnchorElement>} links */
function follow(links) {
  const watcher = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const link = links.get(target.id)
      if (!isIntersecting || !link) continue
      for (const other of links.values()) other.removeAttribute("aria-current")
      link.setAttribute("aria-current", "location")
    }
  }, { rootMargin: "-20% 0px -70% 0px" })
  for (const id of links.keys()) {
    const article = document.getElementById(id)
    if (article) watcher.observe(article)
  }
}
