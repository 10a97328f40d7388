// /docs: every endpoint with a form that asks it and shows what came.
import { h, icon } from "./dom.js"
import { badge, command, fields, isSuccess, openReference, pathOf, prose, row, sample, schemaOf } from "./reference.js"
import { t } from "./words.js"

/** @typedef {import("./reference.js").Operation} Operation */

/** As much of an answer is shown; an export of millions of rows is not read to its end. */
const MOST_SHOWN = 200_000

openReference("docs", (description, main, toolbar) => {
  const token = h("input", { class: "field", type: "password", autocomplete: "off", spellcheck: "false", id: "token", "aria-describedby": "token-hint" })
  const filter = h("input", { class: "field", type: "search", placeholder: t("api.filter"), "aria-label": t("api.filter") })
  const none = h("p", { class: "muted", role: "status", hidden: true }, t("api.none"))
  const groups = description.tags.map((tag) => ({
    element: h("section", { "aria-labelledby": `tag-${tag.name}` }, h("div", { class: "tag" }, h("h2", { id: `tag-${tag.name}` }, tag.name), h("p", { class: "muted", lang: "en" }, tag.description))),
    folds: tag.operations.map((operation) => ({ operation, fold: fold(operation, () => token.value.trim()) })),
  }))
  for (const { element, folds } of groups) element.append(...folds.map(({ fold }) => fold))
  filter.addEventListener("input", () => {
    const wanted = filter.value.trim().toLowerCase()
    for (const { element, folds } of groups) {
      for (const { operation, fold } of folds) fold.hidden = !`${operation.method} ${operation.path} ${operation.summary}`.toLowerCase().includes(wanted)
      element.hidden = folds.every(({ fold }) => fold.hidden)
    }
    none.hidden = groups.some(({ element }) => !element.hidden)
  })
  toolbar.append(filter)
  main.append(
    h("section", { class: "about", "aria-label": t("api.top") }, h("div", {}, h("p", {}, h("strong", {}, description.title), " ", h("span", { class: "badge" }, description.version)), prose(description.description)),
      h("div", { class: "panel access" }, h("p", {}, t("api.access"), " ", h("a", { href: "/login?next=/docs" }, t("api.signIn"))),
        h("form", { class: "stack", onsubmit: (/** @type {Event} */ event) => event.preventDefault() },
          h("label", { for: "token" }, t("api.token")), token, h("p", { class: "hint", id: "token-hint" }, t("api.tokenHint"))))),
    none, ...groups.map(({ element }) => element))
})

/** An endpoint that is built when it is opened. @param {Operation} operation @param {() => string} token */
function fold(operation, token) {
  const body = h("div", { class: "inside" })
  const element = h("details", { class: "panel operation", id: operation.id },
    h("summary", {}, badge(operation.method), pathOf(operation.path), h("span", { class: "title", lang: "en" }, operation.summary)), body)
  element.addEventListener("toggle", () => {
    if (!element.open) return
    if (!body.hasChildNodes()) body.append(...inside(operation, token))
    history.replaceState(history.state, "", `#${operation.id}`)
  })
  return element
}

/** @param {Operation} operation @param {() => string} token */
function inside(operation, token) {
  return [
    prose(operation.description),
    h("p", { class: "muted" }, t(operation.isOpen ? "api.public" : "api.private")),
    trial(operation, token),
    ...isSuccess(operation).map(([status, answer]) => {
      const known = fields(Object.values(answer.content ?? {})[0]?.schema ?? {})
      return known && h("details", { class: "more" }, h("summary", {}, t("api.fields", { status })), known)
    }).filter((one) => one !== null),
    h("details", { class: "more" }, h("summary", {}, t("api.answers")),
      h("dl", { class: "fields" }, operation.answers.map(([status, answer]) => h("div", {}, h("dt", {}, h("code", {}, status)), h("dd", { lang: "en" }, answer.description))))),
  ]
}

/** The form. @param {Operation} operation @param {() => string} token */
function trial(operation, token) {
  const inputs = operation.parameters.map((parameter) => ({ parameter, input: inputFor(parameter, `${operation.id}-${parameter.name}`) }))
  const body = operation.body && h("textarea", { class: "field code", rows: 8, spellcheck: "false", id: `${operation.id}-body` })
  if (body && operation.body) body.value = JSON.stringify(sample(operation.body.schema), null, 2)
  const said = h("div", { class: "said", "aria-live": "polite" })
  const send = h("button", { class: "button primary", type: "submit" }, t("api.send"))
  const form = h("form", { class: "trial", novalidate: operation.method === "get", "aria-label": t("api.try") },
    inputs.length > 0 && h("h3", {}, t("api.parameters")),
    inputs.map(({ parameter, input }) => h("div", { class: "parameter" }, h("label", { for: input.id }, h("code", {}, parameter.name), parameter.required && h("span", { class: "needed" }, t("api.required"))),
      input, h("dl", { class: "fields" }, describe(parameter)))),
    body && [h("h3", {}, h("label", { for: body.id }, t("api.body"))), body, operation.body && fields(operation.body.schema)],
    h("div", { class: "row" }, send, operation.method !== "get" && h("span", { class: "muted" }, t("api.writes"))), said)
  form.addEventListener("submit", async (event) => {
    event.preventDefault()
    if (!form.reportValidity()) return
    const address = addressOf(operation, inputs.map(({ parameter, input }) => [parameter.name, parameter.in, input.value]))
    let text = null
    if (body) {
      try {
        text = JSON.stringify(JSON.parse(body.value || "{}"))
      } catch (error) {
        said.replaceChildren(h("p", { class: "bad", role: "alert" }, t("api.bad", { why: /** @type {Error} */ (error).message })))
        return
      }
    }
    send.disabled = true
    said.replaceChildren(h("p", { class: "muted" }, t("api.sending")))
    said.replaceChildren(...await ask(operation, address, text, token()))
    send.disabled = false
  })
  return form
}

/** @param {import("./reference.js").Parameter} parameter */
function describe(parameter) {
  const made = row(parameter.name, schemaOf(parameter), false, 0, parameter.description)
  made.querySelector("dt")?.classList.add("visually-hidden") // the label says it
  return made
}

/** @param {import("./reference.js").Parameter} parameter @param {string} id */
function inputFor(parameter, id) {
  const schema = schemaOf(parameter), type = [schema.type ?? "any"].flat()[0], required = parameter.required ?? false
  const choices = schema.enum ?? (type === "boolean" ? ["true", "false"] : null)
  if (choices) {
    return h("select", { class: "field", id, required }, h("option", { value: "" }, t("api.unset")), choices.map((value) => h("option", { value }, String(value))))
  }
  if (parameter.content) return h("textarea", { class: "field code", id, rows: 3, spellcheck: "false", required })
  const kind = schema.format === "date" ? "date" : type === "integer" ? "number" : "text"
  return h("input", { class: "field", id, type: kind, required, autocomplete: "off", spellcheck: "false",
    placeholder: schema.default === undefined ? null : String(schema.default) })
}

/** @param {Operation} operation @param {[name: string, place: string, value: string][]} values those left empty are not sent */
function addressOf(operation, values) {
  const query = new URLSearchParams()
  let path = operation.path
  for (const [name, place, value] of values) {
    if (place === "path") path = path.replace(`{${name}}`, () => encodeURIComponent(value))
    else if (value !== "") query.set(name, value)
  }
  return `${path}${query.size ? `?${query}` : ""}`
}

/** Asks, and tells what came. @param {Operation} operation @param {string} address @param {string | null} body @param {string} token @returns {Promise<Node[]>} */
async function ask(operation, address, body, token) {
  const text = command(operation.method, location.origin + address, body, operation.isOpen)
  const copy = h("button", { class: "button quiet square small", type: "button", "aria-label": t("api.copy"), title: t("api.copy"), onclick: () => navigator.clipboard?.writeText(text) }, icon("copy"))
  const asked = [h("div", { class: "row" }, h("h3", {}, t("api.request")), copy), h("pre", { class: "block", tabindex: 0, "aria-label": t("api.request") }, text)]
  const begun = performance.now()
  try {
    const answer = await fetch(address, {
      method: operation.method.toUpperCase(), body, credentials: token ? "omit" : "same-origin",
      headers: { ...(body === null ? {} : { "Content-Type": "application/json" }), ...(token ? { Authorization: `Bearer ${token}` } : {}) },
    })
    const { content, size, isCut } = await beginning(answer)
    const time = Math.round(performance.now() - begun)
    const isFile = answer.headers.get("Content-Disposition")?.startsWith("attachment") && !token
    return [...asked,
      h("h3", {}, t("api.answer")),
      h("p", { class: answer.ok ? "good" : "bad", "data-status": answer.status }, t("api.came", { status: `${answer.status} ${answer.statusText}`.trim(), time })),
      h("p", { class: "muted" }, [answer.headers.get("Content-Type"), t("api.size", { n: size }) + (isCut ? " +" : ""), isCut && t("api.cut")].filter(Boolean).join(" · ")),
      h("pre", { class: "block", tabindex: 0, "aria-label": t("api.answer") }, pretty(content, isCut) || t("api.empty")),
      ...(isFile ? [h("a", { class: "button", href: address, download: "" }, icon("download"), t("api.download"))] : [])]
  } catch {
    return [...asked, h("p", { class: "bad", role: "alert" }, t("error.reach"))]
  }
}

/** As much of an answer as is shown; what does more is told to stop. @param {Response} answer */
async function beginning(answer) {
  const reader = answer.body?.getReader(), decoder = new TextDecoder()
  let content = "", size = 0
  while (reader && size < MOST_SHOWN) {
    const { done, value } = await reader.read()
    if (done) return { content: content + decoder.decode(), size, isCut: false }
    size += value.byteLength
    content += decoder.decode(value, { stream: true })
  }
  await reader?.cancel()
  return { content: content.slice(0, MOST_SHOWN), size, isCut: Boolean(reader) }
}

/** JSON with a line for each member; all else as it is. @param {string} text @param {boolean} isCut */
function pretty(text, isCut) {
  if (isCut) return text
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}
