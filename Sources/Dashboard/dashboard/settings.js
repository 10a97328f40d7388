// /settings: one section at a time, named by ?section=; a dialog that makes something is named by ?add=.
// The code of a section comes when it is opened.
import { site } from "/client.js"
import { followAddress } from "./dialog.js"
import { h } from "./dom.js"
import { panel } from "./panel.js"
import { openPage } from "./shell.js"
import { told } from "./settings-form.js"

/**
 * @typedef {import("./shell.js").Page} Page
 * @typedef {{ nodes: Node[], dialogs?: Record<string, (onClose: () => void) => () => void> }} Section
 *   `dialogs`: what ?add= can open; each returns what closes it
 */

const ROLES = ["viewer", "member", "owner"]

/** The sections in order, and the least role that sees each. @type {Record<string, [least: string, open: (page: Page) => Promise<Section>]>} */
const SECTIONS = {
  site: ["viewer", async (page) => (await import("./settings-site.js")).siteSection(page)],
  install: ["viewer", async () => (await import("./install.js")).installSection()],
  members: ["viewer", async (page) => (await import("./settings-access.js")).membersSection(page)],
  keys: ["owner", async (page) => (await import("./settings-access.js")).keysSection(page)],
  goals: ["viewer", async (page) => (await import("./settings-site.js")).goalsSection(page)],
  sessions: ["viewer", async (page) => (await import("./settings-access.js")).sessionsSection(page)],
  danger: ["member", async (page) => (await import("./settings-site.js")).dangerSection(page)],
}

openPage({
  name: "settings",
  words: {
    en: {
      "settings.sections": "Sections",
      "settings.site": "Site",
      "settings.install": "Install",
      "settings.members": "Members",
      "settings.keys": "API keys",
      "settings.goals": "Goals",
      "settings.sessions": "Sessions",
      "settings.danger": "Danger",
      "settings.broken": "This section could not be opened.",
    },
    pt: {
      "settings.sections": "Seções",
      "settings.site": "Site",
      "settings.install": "Instalação",
      "settings.members": "Membros",
      "settings.keys": "Chaves de API",
      "settings.goals": "Metas",
      "settings.sessions": "Sessões",
      "settings.danger": "Perigo",
      "settings.broken": "Esta seção não pôde ser aberta.",
    },
  },
  build(page) {
    const { state, t, main } = page
    const menu = h("nav", { class: "sections", "aria-label": t("settings.sections") })
    const place = h("div", { class: "stack section" })
    main.replaceChildren(menu, place)

    /** @type {Section["dialogs"]} */
    let dialogs
    let turn = 0

    const isAllowed = (/** @type {string} */ name) =>
      ROLES.indexOf(site.current?.role ?? "") >= ROLES.indexOf(SECTIONS[name][0])
    const chosen = () => {
      const name = state.get("section", "site")
      return Object.hasOwn(SECTIONS, name) && isAllowed(name) ? name : "site"
    }

    const drawMenu = () => menu.replaceChildren(...Object.keys(SECTIONS).filter(isAllowed).map((name) => h("a", {
      href: state.address({ section: name, add: null }),
      "aria-current": name === chosen() ? "page" : null,
      onclick: (/** @type {MouseEvent} */ event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return // a tab of its own
        event.preventDefault()
        state.push({ section: name, add: null })
      },
    }, t(`settings.${name}`))))

    const draw = async () => {
      const name = chosen(), mine = ++turn
      const held = menu.contains(document.activeElement)
      drawMenu()
      const current = menu.querySelector("[aria-current]")
      if (current instanceof HTMLElement) {
        if (held) current.focus()
        menu.scrollLeft = current.offsetLeft - menu.offsetLeft - (menu.clientWidth - current.offsetWidth) / 2
      }
      /** @type {Section} */
      let section
      try {
        section = await SECTIONS[name][1](page)
      } catch (error) {
        console.error(error)
        section = { nodes: [panel({ title: t(`settings.${name}`), draw: () => h("p", { role: "alert" }, `${t("settings.broken")} ${told(error)}`) })] }
      }
      if (mine !== turn) return // another one was chosen meanwhile
      dialogs = section.dialogs
      place.replaceChildren(...section.nodes)
      drawDialog()
    }

    let seen = ""
    site.subscribe(() => {
      // A renamed site is still the same; another role sees other controls.
      const now = `${site.current?.site_id} ${site.current?.role}`
      if (now !== seen && seen !== "") draw()
      seen = now
    })
    const drawDialog = followAddress(state, "add", (name, onClose) =>
      dialogs && Object.hasOwn(dialogs, name) ? dialogs[name](onClose) : null)
    state.watch(["section"], draw)
  },
})
