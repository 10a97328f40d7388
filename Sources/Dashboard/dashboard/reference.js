// What /docs and /redoc share: the description of the endpoints, read from the server, and its parts as elements.
import { h } from "./dom.js"
import { languageButton, themeButton } from "./shell.js"
import { addWords, t, why } from "./words.js"

/**
 * @typedef {{ type?: string | string[], format?: string, enum?: any[], default?: any, description?: string, items?: Schema,
 *   properties?: Record<string, Schema>, required?: string[], $ref?: string, const?: any, anyOf?: Schema[], oneOf?: Schema[] }} Schema
 * @typedef {{ name: string, in: string, required?: boolean, description?: string, schema?: Schema, content?: Record<string, { schema: Schema }> }} Parameter
 * @typedef {{ description: string, content?: Record<string, { schema: Schema }>, $ref?: string }} Answer
 * @typedef {{ id: string, method: string, path: string, tag: string, summary: string, description: string, parameters: Parameter[],
 *   body: { schema: Schema, required: boolean } | null, answers: [status: string, answer: Answer][], isOpen: boolean }} Operation
 * @typedef {{ title: string, version: string, description: string, tags: { name: string, description: string, operations: Operation[] }[] }} Description
 */

addWords({
  en: {
    "page.docs": "API", "page.redoc": "API reference",
    "api.skip": "Skip to content", "api.top": "About this page", "api.list": "Endpoints", "api.filter": "Filter endpoints",
    "api.none": "No endpoint has this in its path or title.",
    "api.parameters": "Parameters", "api.body": "Request body", "api.answers": "Answers", "api.fields": "Fields of answer {status}",
    "api.required": "required", "api.default": "Default {value}", "api.oneOf": "One of {values}", "api.or": "{one} or {other}", "api.listOf": "list of {what}",
    "api.any": "any JSON", "api.null": "null", "api.public": "For everybody", "api.private": "For those who have signed in",
    "api.try": "Try it", "api.send": "Send", "api.sending": "Waiting for the answer…", "api.request": "Request", "api.answer": "Answer",
    "api.sample": "Example of answer {status}", "api.access": "Requests go out with your session on this server, if there is one.",
    "api.signIn": "Sign in", "api.token": "Token or API key", "api.tokenHint": "Used instead of the session; forgotten when you leave the page.",
    "api.came": "{status} in {time} ms", "api.size": { one: "{n} byte", other: "{n} bytes" }, "api.cut": "Only the beginning is shown.",
    "api.unset": "(not sent)", "api.bad": "This is not JSON: {why}", "api.empty": "(no body)", "api.download": "Download the file",
    "api.copy": "Copy the command", "api.writes": "This changes data.", "api.file": "The description itself", "api.failed": "The description cannot be read.",
  },
  pt: {
    "page.docs": "API", "page.redoc": "Referência da API",
    "api.skip": "Ir para o conteúdo", "api.top": "Sobre esta página", "api.list": "Endpoints", "api.filter": "Filtrar endpoints",
    "api.none": "Nenhum endpoint tem isto no caminho ou no título.",
    "api.parameters": "Parâmetros", "api.body": "Corpo da requisição", "api.answers": "Respostas", "api.fields": "Campos da resposta {status}",
    "api.required": "obrigatório", "api.default": "Padrão {value}", "api.oneOf": "Um de {values}", "api.or": "{one} ou {other}", "api.listOf": "lista de {what}",
    "api.any": "qualquer JSON", "api.null": "null", "api.public": "Para todos", "api.private": "Para quem entrou",
    "api.try": "Experimentar", "api.send": "Enviar", "api.sending": "Esperando a resposta…", "api.request": "Requisição", "api.answer": "Resposta",
    "api.sample": "Exemplo da resposta {status}", "api.access": "As requisições vão com sua sessão neste servidor, se houver uma.",
    "api.signIn": "Entrar", "api.token": "Token ou chave de API", "api.tokenHint": "Usado no lugar da sessão; esquecido quando você sai da página.",
    "api.came": "{status} em {time} ms", "api.size": { one: "{n} byte", other: "{n} bytes" }, "api.cut": "Só o começo é mostrado.",
    "api.unset": "(não enviado)", "api.bad": "Isto não é JSON: {why}", "api.empty": "(sem corpo)", "api.download": "Baixar o arquivo",
    "api.copy": "Copiar o comando", "api.writes": "Isto altera dados.", "api.file": "A própria descrição", "api.failed": "A descrição não pode ser lida.",
  },
})

/**
 * Draws the frame of a page and lets it build itself from the description.
 * @param {"docs" | "redoc"} name
 * @param {(description: Description, main: HTMLElement, toolbar: HTMLElement) => void} build
 */
export async function openReference(name, build) {
  document.title = `${t(`page.${name}`)} · Vibe`
  const main = document.querySelector("main") ?? document.body.appendChild(h("main", { id: "main" }))
  main.tabIndex = -1
  const toolbar = h("div", { class: "tools" })
  const other = name === "docs" ? "redoc" : "docs"
  document.body.prepend(h("a", { class: "skip", href: "#main" }, t("api.skip")),
    h("header", { class: "bar" }, h("a", { class: "brand", href: "/crm" }, "Vibe"), h("h1", {}, t(`page.${name}`)), toolbar,
      h("nav", { class: "row", "aria-label": t("api.top") }, h("a", { href: `/${other}` }, t(`page.${other}`)),
        h("a", { href: "/openapi.json", title: t("api.file") }, "openapi.json"), languageButton(), themeButton())))
  try {
    const answer = await fetch("/openapi.json", { headers: { Accept: "application/json" } }).catch(() => null)
    if (!answer?.ok) throw Object.assign(new Error(), { status: answer?.status ?? 0 })
    build(read(await answer.json()), main, toolbar)
    main.dataset.state = "ready"
    showTarget()
    addEventListener("hashchange", showTarget)
  } catch (error) {
    if (/** @type {any} */ (error).status === undefined) console.error(error)
    main.replaceChildren(h("div", { class: "panel notice failed", role: "alert" }, h("p", {}, h("strong", {}, t("api.failed"))), h("p", {}, why(error)),
      h("button", { class: "button", type: "button", onclick: () => location.reload() }, t("panel.retry"))))
    main.dataset.state = "error"
  }
}

/** The address's part was not there yet when the browser looked for it. */
function showTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)))
  if (!target) return
  const fold = target.closest("details")
  if (fold) fold.open = true
  target.scrollIntoView()
}

/** @param {any} file @returns {Description} */
function read(file) {
  /** @template T @param {T} part @returns {T} what a reference means */
  const resolved = (part) => {
    const address = /** @type {any} */ (part)?.$ref
    return address ? address.slice(2).split("/").reduce((/** @type {any} */ at, /** @type {string} */ key) => at[key], file) : part
  }
  const operations = Object.entries(file.paths).flatMap(([path, item]) => Object.entries(item).map(([method, given]) => ({
    id: given.operationId, method, path, tag: given.tags[0], summary: given.summary, description: given.description,
    parameters: given.parameters,
    body: given.requestBody ? { schema: given.requestBody.content["application/json"].schema, required: given.requestBody.required } : null,
    answers: Object.entries(given.responses).map(([status, answer]) => /** @type {[string, Answer]} */ ([status, resolved(answer)])),
    isOpen: given.security.length === 0,
  })))
  return {
    title: file.info.title, version: file.info.version, description: file.info.description,
    tags: file.tags.map((/** @type {any} */ tag) => ({ ...tag, operations: operations.filter((one) => one.tag === tag.name) })),
  }
}

/** @param {Operation} operation */
export const isSuccess = (operation) => operation.answers.filter(([status]) => status.startsWith("2"))

/** Paragraphs; what stands between backticks is code. @param {string} text */
export const prose = (text) => h("div", { class: "prose", lang: "en" }, text.split("\n\n").map((part) =>
  h("p", {}, part.split("\u0060").map((piece, place) => place % 2 ? h("code", {}, piece) : piece))))

/** @param {string} method */
export const badge = (method) => h("span", { class: "method", "data-method": method }, method.toUpperCase())

/** A path with its variable segments told apart. @param {string} path */
export const pathOf = (path) => h("code", { class: "path" }, path.split(/(\{\w+\}|\/)/).flatMap((part) =>
  part.startsWith("{") ? h("em", {}, part) : part === "/" ? [part, h("wbr")] : part))

/** The schema of a parameter, also of one whose values are JSON. @param {Parameter} parameter @returns {Schema} */
export const schemaOf = (parameter) => parameter.schema ?? Object.values(parameter.content ?? {})[0]?.schema ?? {}

/** @param {Schema} schema @returns {string} */
export function typeOf(schema) {
  const choices = schema.anyOf ?? schema.oneOf
  if (choices) return choices.map(typeOf).reduce((one, other) => t("api.or", { one, other }))
  const types = [schema.type ?? []].flat(), kinds = types.filter((type) => type !== "null")
  const one = kinds.length === 0 ? t(schema.const === undefined ? "api.any" : "api.null") : kinds.map((kind) =>
    kind === "array" ? t("api.listOf", { what: typeOf(schema.items ?? {}) }) : schema.format && !schema.format.startsWith("int") ? `${kind} (${schema.format})` : kind)
    .reduce((first, other) => t("api.or", { one: first, other }))
  return types.includes("null") && kinds.length > 0 ? t("api.or", { one, other: t("api.null") }) : one
}

/**
 * The fields of an object, or of the objects in a list, with those below them folded in.
 * @param {Schema} schema @param {number} [depth] @returns {HTMLElement | null} null where there are none
 */
export function fields(schema, depth = 0) {
  const object = [schema, schema.items, ...(schema.anyOf ?? schema.oneOf ?? [])].find((one) => one?.properties)
  if (!object?.properties || depth > 6) return null
  // The order of columns is that of `required`: members of an object have none.
  const known = object.required ?? []
  const names = [...new Set([...known.filter((name) => name in (object.properties ?? {})), ...Object.keys(object.properties)])]
  return h("dl", { class: "fields" }, names.map((name) => row(name, /** @type {any} */ (object.properties)[name], false, depth)))
}

/** @param {string} name @param {Schema} schema @param {boolean} isRequired @param {number} [depth] @param {string} [remark] */
export function row(name, schema, isRequired, depth = 0, remark = schema.description) {
  const below = fields(schema, depth + 1)
  return h("div", {}, h("dt", {}, h("code", {}, name), isRequired && h("span", { class: "needed" }, t("api.required"))),
    h("dd", {}, h("span", { class: "type" }, typeOf(schema)),
      remark && h("span", { lang: "en" }, remark),
      schema.enum && h("span", {}, t("api.oneOf", { values: schema.enum.map((value) => JSON.stringify(value)).join(", ") })),
      schema.default !== undefined && h("span", {}, t("api.default", { value: JSON.stringify(schema.default) })),
      below && h("details", {}, h("summary", {}, `{ ${name} }`), below)))
}

/** A value that fits a schema, to show what one looks like. @param {Schema} schema @param {string} [name] @param {number} [depth] @returns {any} */
export function sample(schema, name = "", depth = 0) {
  if (schema.default !== undefined) return schema.default
  if (schema.const !== undefined) return schema.const
  if (schema.enum) return schema.enum[0]
  const choice = (schema.anyOf ?? schema.oneOf)?.[0]
  if (choice) return sample(choice, name, depth)
  const type = [schema.type ?? "any"].flat()[0]
  if (depth > 6) return null
  if (type === "object") {
    const known = [...new Set([...(schema.required ?? []), ...Object.keys(schema.properties ?? {})])].filter((key) => schema.properties?.[key])
    return Object.fromEntries(known.map((key) => [key, sample(schema.properties?.[key] ?? {}, key, depth + 1)]))
  }
  if (type === "array") return schema.items ? [sample(schema.items, name, depth + 1)] : []
  if (type === "integer") return 1
  if (type === "number") return 12.5
  if (type === "boolean") return true
  if (type === "any") return {}
  if (schema.format === "date") return "2026-01-31"
  if (schema.format === "date-time") return "2026-01-31T12:00:00+00:00"
  if (schema.format === "uuid") return "3f0c9d0e-6f0b-4c59-9d38-0b6b7d0f5a11"
  return name === "month" ? "2026-01" : name === "currency" ? "BRL" : name === "email" ? "ana@example.org" : name || "text"
}

/**
 * The command that asks the same from a terminal.
 * @param {string} method @param {string} address @param {string | null} body @param {boolean} isOpen
 */
export function command(method, address, body, isOpen) {
  const quoted = (/** @type {string} */ text) => `'${text.replaceAll("'", `'\\''`)}'`
  return ["curl" + (method === "get" ? "" : ` -X ${method.toUpperCase()}`) + ` ${quoted(address)}`,
    !isOpen && `-H "Authorization: Bearer $VIBE_TOKEN"`, body !== null && `-H 'Content-Type: application/json' -d ${quoted(body)}`].filter(Boolean).join(" \\\n  ")
}
