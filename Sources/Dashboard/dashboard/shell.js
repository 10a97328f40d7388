// The frame of every page: who is signed in, which site, where one can go, and the ways to act everywhere.
import { live, session, site } from "/client.js"
import { PERIOD, reader, state } from "./address.js"
import { h, icon } from "./dom.js"
import { plain, useTimeZone } from "./format.js"
import { addWords, language, speak, t, why } from "./words.js"

const PAGES = ["crm", "analytics", "campaigns", "segmentation", "funnels", "retention", "settings"]
const THEMES = ["auto", "light", "dark"]
/** Choices that mean the same on another page or site. */
const SHARED = ["site", ...PERIOD, "compare"]

/**
 * @typedef {{
 *   site: typeof site, t: typeof t, state: typeof state, main: HTMLElement, toolbar: HTMLElement,
 *   shortcut: (key: string, label: string, fn: () => void) => void,
 *   openPerson: (userId: number | string) => void, person: (userId: number | string) => void,
 *   user: any,
 * }} Page
 * @typedef {{ name: string, words?: import("./words.js").Words, build: (page: Page) => void | Promise<void> }} Options
 */

/** @type {Map<string, { label: string, fn: () => void }>} */
const shortcuts = new Map()
let watchesPerson = false

/**
 * Draws the frame, signs in, loads the sites and lets the page build itself.
 * @param {Options} options
 */
export async function openPage({ name, words, build }) {
  if (words) addWords(words)
  const title = t(`page.${name}`)
  document.title = `${title} · Vibe`
  const root = document.querySelector("main") ?? document.body.appendChild(h("main", { id: "main" }))
  const toolbar = h("div", { class: "toolbar" })
  const main = h("div", { class: "stack" })
  const footer = h("footer", { class: "page-foot" })
  const top = h("header", { class: "top" }, h("h1", {}, title), liveLight(), toolbar)
  root.tabIndex = -1
  root.replaceChildren(top, main)
  const side = sidebar(name)
  document.body.prepend(h("a", { class: "skip", href: "#main" }, t("shell.skip")), side.element)
  addEventListener("keydown", onKey)
  shortcut("?", t("shell.help"), showShortcuts)
  session.subscribe(signIn)
  try {
    const user = await reader()
    side.signedIn(user)
    /** @type {Page} */
    const page = { site, t, state, main, toolbar, shortcut, openPerson, person: openPerson, user }
    if (site.all.length === 0) {
      main.replaceChildren(await firstSite(page))
      root.dataset.state = "ready"
      return
    }
    site.subscribe(() => {
      useTimeZone(site.current?.time_zone)
      footer.replaceChildren(h("span", {}, t("shell.zones", zones())),
        h("button", { class: "link", type: "button", onclick: showShortcuts }, t("shell.shortcuts"), " ", h("kbd", {}, "?")))
    })
    await build(page)
    root.append(footer) // under a page that has its height
    state.watch(["user"], () => { if (state.get("user")) watchPerson(page) })
    root.dataset.state = "ready"
  } catch (error) {
    if (leave(error)) return
    main.replaceChildren(failed(error))
    root.dataset.state = "error"
  }
}

/** A session that has ended leads to the login page and back. @param {any} error */
function leave(error) {
  if (error?.status !== 401) return false
  signIn()
  return true
}

const signIn = () => location.replace(`/login?next=${encodeURIComponent(location.pathname + location.search)}`)

/** @param {any} error */
function failed(error) {
  if (error?.status === undefined) console.error(error)
  const id = error?.requestId ? ` ${t("panel.request", { id: error.requestId })}` : ""
  return h("div", { class: "panel notice failed", role: "alert" },
    h("p", {}, h("strong", {}, t("shell.cannotStart"))), h("p", {}, why(error) + id),
    h("button", { class: "button", type: "button", onclick: () => location.reload() }, t("panel.retry")))
}

/** @param {Page} page */
async function firstSite(page) {
  const { firstSite } = await import("/dashboard/first-site.js")
  return firstSite(page)
}

const zones = () => ({
  site: site.current?.time_zone ?? "UTC",
  reader: Intl.DateTimeFormat().resolvedOptions().timeZone,
})

// MARK: Site

/** What was chosen for one site (a funnel, a person) means nothing on another. @param {string} name */
function switchSite(name) {
  const drop = [...new URLSearchParams(location.search).keys()].filter((key) => !SHARED.includes(key))
  state.set({ ...Object.fromEntries(drop.map((key) => [key, null])), site: name === site.all[0]?.name ? null : name })
}

// MARK: Person

/** @param {number | string} userId */
function openPerson(userId) {
  state.push({ user: userId })
}

/** The dialog's code comes with the first person. @param {Page} page */
async function watchPerson(page) {
  if (watchesPerson) return
  watchesPerson = true
  try {
    const { person } = await import("/dashboard/person.js")
    await person(page)
  } catch (error) {
    watchesPerson = false
    console.error(error)
    const { toast } = await import("./dialog.js")
    toast(t("panel.broken"), "bad")
  }
}

// MARK: Sidebar

/** @param {string} current */
function sidebar(current) {
  const links = PAGES.map((name) => h("a", { href: `/${name}`, "aria-current": name === current ? "page" : null, "data-page": name },
    icon(name), h("span", {}, t(`page.${name}`))))
  // The site and the period go along.
  state.watch(SHARED, () => {
    const query = new URLSearchParams(location.search)
    for (const key of [...query.keys()]) if (!SHARED.includes(key)) query.delete(key)
    for (const link of links) link.search = query.toString()
  })
  const picker = h("select", { class: "field", "aria-label": t("shell.site") })
  picker.addEventListener("change", () => switchSite(picker.value))
  const who = h("span", { class: "who" })
  const element = h("header", { class: "side" },
    h("a", { class: "brand", href: "/crm" }, "Vibe"), picker,
    h("nav", { "aria-label": t("shell.main") }, ...links),
    h("div", { class: "account", role: "group", "aria-label": t("shell.account") }, who,
      h("div", { class: "row" }, languageButton(), themeButton(),
        act("help", t("shell.shortcuts"), showShortcuts), act("out", t("shell.signOut"), signOut))))
  return {
    element,
    /** @param {any} user */
    signedIn(user) {
      who.textContent = plain(user.email)
      who.title = who.textContent
      site.subscribe(() => {
        picker.replaceChildren(...site.all.map(({ name }) => h("option", { value: name }, plain(name))))
        picker.value = site.current?.name ?? ""
        picker.hidden = site.all.length === 0
      })
    },
  }
}

/** @param {string} name @param {string} label @param {() => void} fn */
const act = (name, label, fn) =>
  h("button", { class: "button quiet square", type: "button", "aria-label": label, title: label, onclick: fn }, icon(name))

export function languageButton() {
  const other = language === "pt" ? "en" : "pt"
  const label = t("shell.language")
  return h("button", {
    class: "button quiet square", type: "button", lang: other === "pt" ? "pt-BR" : "en", "aria-label": label, title: label,
    onclick: () => speak(other),
  }, other.toUpperCase())
}

export function themeButton() {
  const root = document.documentElement
  const button = h("button", { class: "button quiet square", type: "button" })
  const dress = () => {
    const theme = root.dataset.theme ?? "auto", label = t(`shell.theme.${theme}`)
    button.setAttribute("aria-label", label)
    button.title = label
    button.replaceChildren(icon(theme))
  }
  button.addEventListener("click", () => {
    const next = THEMES[(THEMES.indexOf(root.dataset.theme ?? "auto") + 1) % THEMES.length]
    if (next === "auto") delete root.dataset.theme
    else root.dataset.theme = next
    keep("vibe.theme", next)
    dress()
  })
  dress()
  return button
}

function liveLight() {
  const light = h("span", { class: "live", role: "status" })
  live.subscribe(() => {
    if (light.dataset.state === live.state) return // a live region repeats what is written again
    light.dataset.state = live.state
    light.textContent = t(`live.${live.state}`)
  })
  return light
}

async function signOut() {
  await session.signOut().catch(() => {}) // an ended session is what was wanted
  location.assign("/login")
}

// MARK: Shortcuts

/**
 * A single key that acts where nobody types; listed by "?", and all of them can be turned off there.
 * @param {string} key @param {string} label @param {() => void} fn
 */
function shortcut(key, label, fn) {
  shortcuts.set(key, { label, fn })
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || kept("vibe.shortcuts") === "off") return
  const target = event.target
  if (target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select"))) return
  if (document.querySelector("dialog[open]")) return
  const wanted = shortcuts.get(event.key)
  if (!wanted) return
  event.preventDefault()
  wanted.fn()
}

async function showShortcuts() {
  const { openDialog } = await import("./dialog.js")
  const on = h("input", { type: "checkbox" })
  on.checked = kept("vibe.shortcuts") !== "off"
  on.addEventListener("change", () => keep("vibe.shortcuts", on.checked ? "on" : "off"))
  const list = [...shortcuts].map(([key, { label }]) => h("div", {}, h("dt", {}, h("kbd", {}, key)), h("dd", {}, label)))
  openDialog({
    title: t("shell.shortcuts"),
    body: [h("dl", { class: "keys" }, ...list), h("label", { class: "check" }, on, t("shell.shortcutsOn"))],
  })
}

// MARK: What the browser keeps

/** @param {string} name */
function kept(name) {
  try {
    return localStorage.getItem(name) ?? ""
  } catch {
    return "" // storage may be forbidden
  }
}

/** @param {string} name @param {string} value */
function keep(name, value) {
  try {
    localStorage.setItem(name, value)
  } catch { /* then it lasts as long as the page */ }
}
