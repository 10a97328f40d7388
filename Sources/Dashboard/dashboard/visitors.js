// Visitors as the CRM page has them: who is on the site now, and how a website sends them here.
import { crmMetrics, onlineUsers, Query, site } from "/client.js"
import { h, icon } from "./dom.js"
import { host, plain } from "./format.js"
import { panel } from "./panel.js"
import { table } from "./table.js"
import { addWords, t } from "./words.js"

addWords({
  en: {
    "online.title": "Active users", "online.caption": "Visitors on the site now, the newest arrival first",
    "online.user": "User", "online.segment": "Segment", "online.page": "Current page", "online.from": "Came from",
    "online.device": "Device", "online.pages": "Pages", "online.events": "Events", "online.time": "On site",
    "online.visitor": "Visitor {id}", "online.rest": "The {shown} newest of {total}.",
    "online.which": "Segment", "online.all": "All segments",
    "online.nobody": "Nobody is on the site right now",
    "online.nobody.text": "A visitor appears here within a second of the first page view.",
    "online.nobodyOf": "Nobody of this segment is on the site right now",
    "online.nobodyOf.text": "Others may be: show all segments.", "online.clear": "Show all segments", "online.install": "Install the tracker",
    "online.down": "Next active user", "online.up": "Previous active user",
    "snippet.title": "Connect a website", "snippet.waiting": "Waiting for the first event",
    "snippet.receiving": "Receiving events",
    "snippet.one": "Put this line into the head of every page:", "snippet.code": "Tracking code of this site",
    "snippet.two": "Open one of these pages: the light above turns green within a second.",
    "snippet.three": "Say what else happens, and who it is, where your pages know it:",
    "snippet.more": "Code for events and names",
    "snippet.shop": "Open the demo shop",
  },
  pt: {
    "online.title": "Usuários ativos", "online.caption": "Visitantes no site agora, o mais recente primeiro",
    "online.user": "Usuário", "online.segment": "Segmento", "online.page": "Página atual", "online.from": "Veio de",
    "online.device": "Aparelho", "online.pages": "Páginas", "online.events": "Eventos", "online.time": "No site",
    "online.visitor": "Visitante {id}", "online.rest": "Os {shown} mais recentes de {total}.",
    "online.which": "Segmento", "online.all": "Todos os segmentos",
    "online.nobody": "Ninguém está no site agora",
    "online.nobody.text": "Um visitante aparece aqui até um segundo depois da primeira página.",
    "online.nobodyOf": "Ninguém deste segmento está no site agora",
    "online.nobodyOf.text": "Outros talvez estejam: mostre todos os segmentos.", "online.clear": "Mostrar todos os segmentos",
    "online.install": "Instalar o rastreador",
    "online.down": "Próximo usuário ativo", "online.up": "Usuário ativo anterior",
    "snippet.title": "Conectar um site", "snippet.waiting": "Esperando o primeiro evento",
    "snippet.receiving": "Recebendo eventos",
    "snippet.one": "Coloque esta linha no head de todas as páginas:", "snippet.code": "Código de rastreamento deste site",
    "snippet.two": "Abra uma dessas páginas: a luz acima fica verde em um segundo.",
    "snippet.three": "Diga o que mais acontece, e quem é, onde suas páginas souberem:",
    "snippet.more": "Código para eventos e nomes",
    "snippet.shop": "Abrir a loja de demonstração",
  },
})

const MORE = `vibeTrack("sign_up", { plan: "pro" })
vibeIdentify("customer-1", { name: "Ana", email: "ana@example.org" })`

const UNHURRIED = 2_000 // ms after which the page reads what nobody looks at yet

/** Where create_demo_site() says that its shop is; "/shop" of this server is that shop. */
const DEMO = "hearth-and-hill.example"

// MARK: Active users

/** A live table, the newest arrival on top, of all or of one segment. @param {import("./shell.js").Page} page */
export function activeUsers(page) {
  const { t, state } = page
  const choice = segmentChoice(page)
  const rest = h("p", { class: "muted rest", hidden: true })
  const body = h("div", {})
  /** @type {import("./table.js").DataTable | null} */
  let list = null
  let listOf = ""
  const element = panel({
    title: t("online.title"), store: onlineUsers, csv: "active-users", height: 420, controls: [choice],
    draw(_, { rows, total }) {
      // Rows of another site or segment have not just arrived.
      const of = `${site.current?.site_id} ${state.get("segment")}`
      if (!list || of !== listOf) body.replaceChildren(list = newTable(page), rest)
      listOf = of
      list.rows = rows
      rest.hidden = total <= rows.length
      rest.textContent = t("online.rest", { shown: rows.length, total })
      return body
    },
    empty: ({ rows }) => rows.length > 0 ? null : nobody(page),
  })
  element.classList.add("active-users")
  state.watch(["segment"], () => { onlineUsers.set({ segment: state.get("segment") || null }) })
  page.shortcut("j", t("online.down"), () => move(element, 1))
  page.shortcut("k", t("online.up"), () => move(element, -1))
  return element
}

/** @param {import("./shell.js").Page} page */
function newTable({ t, openPerson }) {
  return table({
    caption: t("online.caption"),
    rowKey: (row) => row.session_id,
    open: (row) => openPerson(row.user_id),
    columns: [
      { key: "name", title: t("online.user"), narrow: true, draw: (row) => who(row, t) },
      { key: "segment", title: t("online.segment"), kind: "text", draw: ({ segment }) => segment ? plain(segment) : "–" },
      { key: "current_page", title: t("online.page"), narrow: true, draw: (row) => h("code", { class: "path" }, plain(row.current_page)) },
      { key: "referrer", title: t("online.from"), draw: (row) => host(row.referrer) },
      { key: "device", title: t("online.device"), draw: (row) => plain([row.device, row.browser].filter(Boolean).join(" · ") || "–") },
      { key: "page_views", title: t("online.pages"), kind: "number" },
      { key: "events", title: t("online.events"), kind: "number" },
      { key: "session_seconds", title: t("online.time"), kind: "duration", narrow: true },
    ],
  })
}

/** @param {any} row @param {import("./words.js").t} t */
function who({ name, external_id: id, user_id: user }, t) {
  const known = name ?? id
  return known == null ? h("span", { class: "muted" }, t("online.visitor", { id: String(user) })) : h("span", {}, plain(known))
}

/** @param {import("./shell.js").Page} page */
function nobody({ t, state }) {
  if (state.get("segment")) {
    const clear = h("button", { class: "button", type: "button", onclick: () => state.set({ segment: null }) }, t("online.clear"))
    return { title: t("online.nobodyOf"), text: t("online.nobodyOf.text"), acts: [clear] }
  }
  const install = h("button", { class: "button", type: "button", onclick: goToSnippet }, t("online.install"))
  return { title: t("online.nobody"), text: t("online.nobody.text"), acts: [h("div", { class: "row centre" }, shopLink(), install)] }
}

/** The stored segments of the site, read when somebody wants to choose or nothing else is to do; one that the address names stands there before. @param {import("./shell.js").Page} page */
function segmentChoice({ t, state }) {
  const choice = h("select", { class: "field", "aria-label": t("online.which") })
  /** @type {string[]} */
  let names = []
  const draw = () => {
    const chosen = state.get("segment")
    const all = chosen && !names.includes(chosen) ? [...names, chosen] : names
    choice.replaceChildren(h("option", { value: "" }, t("online.all")), ...all.map((name) => h("option", { value: name }, plain(name))))
    choice.value = chosen
  }
  const read = async () => {
    const rows = await new Query({
      from: "segments", select: ["name"], where: [["site_id", "eq", site.current?.site_id ?? 0]], order: ["name"],
    }).run().catch(() => null) // then those known stay
    const found = rows?.map(({ name }) => String(name)) ?? names
    if (String(found) === String(names)) return
    names = found
    draw()
  }
  for (const wish of ["pointerenter", "focus"]) choice.addEventListener(wish, read)
  setTimeout(read, UNHURRIED)
  choice.addEventListener("change", () => state.set({ segment: choice.value || null }))
  state.watch(["segment", "site"], draw)
  return choice
}

/** The focus goes one row on, from nowhere to the first. @param {HTMLElement} place @param {1 | -1} way */
function move(place, way) {
  const buttons = [...place.querySelectorAll("tbody button")]
  const at = buttons.findIndex((button) => button === document.activeElement)
  const next = buttons[at < 0 ? 0 : Math.min(Math.max(at + way, 0), buttons.length - 1)]
  if (next instanceof HTMLElement) next.focus()
}


// MARK: Connecting a website

/** The line for a page's head. @param {string} key @param {string} [origin] of this server */
const trackingTag = (key, origin = location.origin) => `<script async src="${origin}/tracker.js" data-site="${key}"></script>`

/** The tracking code, and a light that tells whether anything has come. */
export function snippet() {
  const light = h("p", { class: "light", role: "status" })
  const tag = h("code", {})
  const shop = shopLink()
  const element = panel({
    title: t("snippet.title"), store: crmMetrics, height: 420,
    draw(body, rows) {
      tag.textContent = trackingTag(site.current?.key ?? "")
      const hasCome = rows.some((/** @type {any} */ { metric, value }) => (metric === "total_visitors" || metric === "online_now") && value > 0)
      light.dataset.state = hasCome ? "receiving" : "waiting"
      const said = t(`snippet.${light.dataset.state}`)
      if (light.textContent !== said) light.textContent = said // a live region repeats what is written again
      if (body.childElementCount === 0) body.append(light, shop, instructions(tag))
    },
  })
  element.classList.add("snippet")
  element.id = "snippet"
  element.tabIndex = -1
  return element
}

/** @param {HTMLElement} tag */
function instructions(tag) {
  const code = (/** @type {HTMLElement} */ text, /** @type {string} */ label) =>
    h("pre", { class: "block", tabindex: "0", role: "group", "aria-label": label }, text)
  return h("ol", {},
    h("li", {}, t("snippet.one"), code(tag, t("snippet.code")), copy(() => tag.textContent ?? "")),
    h("li", {}, t("snippet.two")),
    h("li", {}, t("snippet.three"), code(h("code", {}, MORE), t("snippet.more")), copy(() => MORE)))
}

/** The button that copies comes with the first press. @param {() => string} text */
function copy(text) {
  const button = h("button", { class: "button", type: "button" }, icon("copy"), t("copy"))
  button.addEventListener("click", async () => {
    const { copyButton } = await import("./dialog.js")
    const real = copyButton(text)
    button.replaceWith(real)
    real.focus()
    real.click()
  })
  return button
}

/** To the demo's shop, where this site is a demo's; hidden elsewhere. */
function shopLink() {
  const link = h("a", { class: "button primary", target: "_blank", rel: "noopener", hidden: true }, t("snippet.shop"))
  site.subscribe(({ current }) => {
    link.hidden = current?.domain !== DEMO
    link.href = `/shop?site=${encodeURIComponent(current?.key ?? "")}`
  })
  return link
}

function goToSnippet() {
  const place = document.getElementById("snippet")
  place?.scrollIntoView({ block: "start" })
  place?.focus({ preventScroll: true })
}
