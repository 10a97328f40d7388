// How a site gets its data: the line with its key for every page, and a light that tells when the first event has come.
import { Query, call, site, store } from "/client.js"
import { facts, h } from "./dom.js"
import { plain, relative } from "./format.js"
import { copyButton, panel } from "./panel.js"
import { addWords, t } from "./words.js"

addWords({
  en: {
    "install.title": "Install the tracker",
    "install.paste": "Put this line into the <head> of every page of {site}:",
    "install.tag": "Tracking code of this site",
    "install.then": "Open one of these pages: the light above turns green within a second.",
    "install.waiting": "Waiting for the first event",
    "install.receiving": "Receiving events",
    "install.last": "The last one: {event} on {page} ({when})",
    "install.events": "Say what else happens, and who it is, where your pages know it:",
    "install.example": "Code for events and names",
    "install.options": "Options of the line",
    "install.option.consent": "sends nothing until vibeConsent(true) is called; vibeConsent(false) withdraws",
    "install.option.cookieless": "keeps nothing in the browser: each page view is a new visitor unless vibeIdentify is called",
    "install.option.hash": "counts a change of the part behind # as a page view, for routers that use it",
    "install.option.ignore": "“dnt gpc” counts visitors whose browser asks not to be tracked; they are left out otherwise",
    "install.key": "Site key",
    "install.keyText": "The key is public: it stands in your pages, writes events and reads nothing. A new one stops the old at once, for example when strangers send events with it.",
    "install.newKey": "Make a new key",
    "install.newKeyTitle": "Make a new site key?",
    "install.newKeyAsk": "Pages that send the old key are refused from then on, until their snippet has the new one. Events sent meanwhile are lost.",
    "install.newKeyDone": "The site has a new key. Put the new snippet into your pages.",
  },
  pt: {
    "install.title": "Instalar o rastreador",
    "install.paste": "Coloque esta linha no <head> de todas as páginas de {site}:",
    "install.tag": "Código de rastreamento deste site",
    "install.then": "Abra uma dessas páginas: a luz acima fica verde em até um segundo.",
    "install.waiting": "Esperando o primeiro evento",
    "install.receiving": "Recebendo eventos",
    "install.last": "O último: {event} em {page} ({when})",
    "install.events": "Diga o que mais acontece, e quem é, onde suas páginas souberem:",
    "install.example": "Código para eventos e nomes",
    "install.options": "Opções da linha",
    "install.option.consent": "não envia nada até que vibeConsent(true) seja chamado; vibeConsent(false) retira",
    "install.option.cookieless": "não guarda nada no navegador: cada visualização é um novo visitante, salvo com vibeIdentify",
    "install.option.hash": "conta uma mudança depois do # como visualização, para roteadores que a usam",
    "install.option.ignore": "“dnt gpc” conta visitantes cujo navegador pede para não ser rastreado; sem isso ficam de fora",
    "install.key": "Chave do site",
    "install.keyText": "A chave é pública: fica nas suas páginas, grava eventos e não lê nada. Uma nova encerra a antiga na hora, por exemplo quando estranhos enviam eventos com ela.",
    "install.newKey": "Criar nova chave",
    "install.newKeyTitle": "Criar uma nova chave do site?",
    "install.newKeyAsk": "As páginas que enviam a chave antiga são recusadas a partir daí, até que o trecho tenha a nova. Eventos enviados nesse meio-tempo se perdem.",
    "install.newKeyDone": "O site tem uma nova chave. Coloque o novo trecho nas suas páginas.",
  },
})

const EXAMPLE = `vibeTrack("add_to_cart", { product: "mug", price: 12 })
vibeIdentify("customer-42", { name: "Ada", email: "ada@shop.example" })`
const isNarrow = matchMedia("(max-width: 640px)").matches
const OPTIONS = /** @type {const} */ (["consent", "cookieless", "hash", "ignore"])

/** The line for the pages of the current site. Keys are letters and digits. */
const trackingTag = () => `<script async src="${location.origin}/tracker.js" data-site="${(site.current?.key ?? "").replace(/[^\w-]/g, "")}"></script>`

export class InstallGuide extends HTMLElement {
  #where = h("span")
  #tag = h("code")
  #light = h("p", { class: "first-event", role: "status" })

  connectedCallback() {
    if (this.childElementCount > 0) return
    const code = (/** @type {HTMLElement} */ text, /** @type {string} */ label) =>
      h("pre", { class: "block", tabindex: "0", role: "group", "aria-label": label }, text)
    this.append(this.#light, h("ol", {},
      h("li", {}, this.#where, code(this.#tag, t("install.tag")), copyButton(trackingTag)),
      h("li", {}, t("install.then")),
      h("li", {}, t("install.events"), code(h("code", {}, EXAMPLE), t("install.example")), copyButton(() => EXAMPLE))),
    h("details", {}, h("summary", {}, t("install.options")), facts(OPTIONS.map((name) =>
      [h("code", {}, name === "ignore" ? 'data-ignore="dnt gpc"' : `data-${name}`), t(`install.option.${name}`)]))))
  }

  /** Shows the current site's line and lights up. @param {boolean} hasCome whether there is any event @param {string} [last] what the latest was */
  tell(hasCome, last) {
    this.#where.textContent = t("install.paste", { site: plain(site.current?.name) })
    this.#tag.textContent = trackingTag()
    this.#light.dataset.state = hasCome ? "on" : "waiting"
    const text = hasCome ? [t("install.receiving"), last].filter(Boolean).join(". ") : t("install.waiting")
    if (this.#light.textContent !== text) this.#light.textContent = text // a live region repeats what is written again
  }
}
customElements.define("install-guide", InstallGuide)

/** The last event of the site, heard of live. */
const lastEvent = store(() => site.current && new Query({
  from: "user_events",
  select: ["occurred_at", "event_name", "page"],
  where: [["site_id", "eq", site.current.site_id]],
  order: ["occurred_at.desc"],
  limit: 1,
}), { tables: ["user_events"], every: 30_000, pause: 1_000 })

const siteKey = store(() => site.current && new Query({
  from: "sites", select: ["site_id", "name", "key"], where: [["site_id", "eq", site.current.site_id]],
}))

/** The guide, and what the latest event was. */
function guidePanel() {
  const guide = new InstallGuide()
  return panel({
    title: t("install.title"),
    store: lastEvent,
    height: isNarrow ? 560 : 385, // as it will be: nothing below may jump
    empty: () => null, // waiting is an answer too
    draw(_, [last]) {
      guide.tell(Boolean(last), last && t("install.last", { event: plain(last.event_name), page: plain(last.page), when: relative(last.occurred_at) }))
      return guide
    },
  })
}

/** The key by itself, and for owners the way to another one. @returns {Node} */
function keyPanel() {
  const shown = h("code", { class: "block" })
  const ask = async () => {
    const { confirmed } = await import("./settings-form.js")
    await confirmed({ title: t("install.newKeyTitle"), text: t("install.newKeyAsk"), act: t("install.newKey"), danger: true }, async () => {
      await call("change_site_key", { site: site.id })
      await site.load()
      // The snippet is drawn with each answer.
      await Promise.all([siteKey.refresh(), lastEvent.refresh()])
      return t("install.newKeyDone")
    })
  }
  const body = h("div", { class: "stack" }, h("p", { class: "muted" }, t("install.keyText")), shown,
    h("div", { class: "row" }, copyButton(() => site.current?.key ?? ""),
      site.isOwner ? h("button", { class: "button danger", type: "button", onclick: ask }, t("install.newKey")) : null))
  return panel({
    title: t("install.key"),
    height: isNarrow ? 210 : 130,
    store: siteKey,
    draw(_, [row]) {
      shown.textContent = row?.key ?? ""
      return body
    },
  })
}

/** The section of /settings. */
export const installSection = () => ({ nodes: [guidePanel(), keyPanel()] })
