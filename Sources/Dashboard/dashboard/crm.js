// The CRM page: which site, which feeds, and where their answers go. It shows figures and computes none.
import * as api from "./api.js"
import { find, h } from "./dom.js"
import { Feed } from "./feed.js"
import { moment } from "./format.js"
import { Live } from "./live.js"
import { empty, failed } from "./notice.js"
import { ActiveUsers } from "./elements/active-users.js"
import { LiveStatus } from "./elements/live-status.js"
import { MetricCard } from "./elements/metric-card.js"

const figures = find(".cards", HTMLElement)
const cards = [...figures.children].filter((card) => card instanceof MetricCard)
const table = find("active-users", ActiveUsers)
const status = find("live-status", LiveStatus)
const picker = find("#site", HTMLSelectElement)
const footer = find("#footer", HTMLElement)

/** @type {api.Site} */
let site
/** @type {string | null} */
let demoKey

const users = new Feed(() => api.onlineUsers(site), 400, showUsers, (error) => {
  if (!signedOut(error)) table.error = error
})
// The table tells the reader what is wrong; a card that never had a value only stops pretending to load.
const metrics = new Feed(() => api.crmMetrics(site), 800, showMetrics, (error) => {
  if (!signedOut(error)) for (const card of cards.filter(({ isLoading }) => isLoading)) card.value = null
})
const live = new Live(
  (siteId) => { if (siteId === null || siteId === site.site_id) refresh() },
  (state) => { status.state = state },
)
table.addEventListener("retry", refresh)

/** @param {api.OnlineUser[]} online */
function showUsers(online) {
  table.users = online
  footer.textContent = `${site.name} · updated ${moment(new Date())}`
}

/** A card whose figure the function does not give hides. @param {api.Metric[]} given */
function showMetrics(given) {
  const values = new Map(given.map(({ metric, value }) => [metric, value]))
  for (const card of cards) {
    card.hidden = !values.has(card.metric)
    card.value = values.get(card.metric) ?? null
  }
}

function refresh() {
  users.refresh()
  metrics.refresh()
}

/** A session that ended leads to the login page and back. @param {api.ApiError} error */
function signedOut(error) {
  if (error.status !== 401) return false
  location.replace(`/login?next=${encodeURIComponent(location.pathname + location.search)}`)
  return true
}

/** @param {api.Site[]} all the address names the site, else the oldest is shown */
function choose(all) {
  const asked = new URLSearchParams(location.search).get("site")
  site = all.find(({ name }) => name === asked) ?? all[0]
  picker.replaceChildren(...all.map(({ site_id, name }) => h("option", { value: String(site_id) }, name)))
  picker.value = String(site.site_id)
  picker.hidden = all.length < 2
  picker.addEventListener("change", () => {
    site = all.find(({ site_id }) => String(site_id) === picker.value)
    const query = new URLSearchParams(site === all[0] ? {} : { site: site.name })
    history.replaceState(null, "", `${location.pathname}?${query}`.replace(/\?$/, ""))
    for (const panel of [table, ...cards]) panel.clear()
    users.restart()
    metrics.restart()
  })
}

/** The demo has a shop to open; any other site is told how to embed the tracker. */
table.firstSteps = () => {
  if (site.key === demoKey) {
    const way = { class: "button primary", href: "/shop", target: "_blank", rel: "noopener" }
    return [h("a", way, "Open the demo shop")]
  }
  const tag = `<script async src="${location.origin}/tracker.js" data-site="${site.key}"></script>`
  const what = `Put this line into the head of every page of ${site.name}:`
  return [h("p", {}, what), h("code", { tabindex: "0" }, tag)]
}

/** A new account has no site yet: it makes its first one here. */
function offerFirstSite() {
  const label = "Name of the site"
  const name = h("input", { class: "field", required: "", "aria-label": label, placeholder: "my-shop" })
  const form = h("form", {}, name, h("button", { class: "button primary" }, "Create site"))
  form.addEventListener("submit", async (event) => {
    event.preventDefault()
    try {
      await api.createSite(name.value)
      location.reload()
    } catch (error) {
      name.setCustomValidity(error.message || "The site could not be made.")
      name.reportValidity()
    }
  })
  name.addEventListener("input", () => name.setCustomValidity(""))
  figures.hidden = status.hidden = true
  const what = "A site is one website or shop. Give it a name to begin."
  table.replaceChildren(empty("You have no site yet", what, form))
}

async function start() {
  try {
    const [user, all, key] = await Promise.all([api.currentUser(), api.sites(), api.demoKey()])
    demoKey = key
    find("#who", HTMLElement).textContent = user.email
    if (all.length === 0) return offerFirstSite()
    choose(all)
    refresh()
    live.start()
  } catch (error) {
    if (!signedOut(error)) table.replaceChildren(failed(error, () => location.reload()))
  }
}

find("#sign-out", HTMLButtonElement).addEventListener("click", async () => {
  await api.signOut().catch(() => {}) // an ended session is what was wanted
  location.assign("/login")
})

start()
