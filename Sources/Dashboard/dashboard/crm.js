// The CRM page: which site, which feeds, and where their answers go. It shows figures and computes none.
import * as api from "./api.js"
import { Feed } from "./feed.js"
import { moment } from "./format.js"
import { Live } from "./live.js"
import { empty, failed, h } from "./notice.js"
import "./elements/active-users.js"
import "./elements/live-status.js"
import "./elements/metric-card.js"

const table = document.querySelector("active-users")
const cards = [...document.querySelectorAll("metric-card")]
const picker = document.querySelector("#site")
const footer = document.querySelector("#footer")

/** @type {api.Site} */
let site
/** @type {string | null} */
let demoKey

const users = new Feed(() => api.onlineUsers(site), 400)
const metrics = new Feed(() => api.crmMetrics(site), 800)
const live = new Live()

users.addEventListener("data", ({ detail }) => {
  table.users = detail
  footer.textContent = `${site.name} · updated ${moment(new Date())}`
})
users.addEventListener("failure", ({ detail }) => { if (!signedOut(detail)) table.error = detail })
table.addEventListener("retry", () => refresh())

metrics.addEventListener("data", ({ detail }) => {
  const values = new Map(detail.map(({ metric, value }) => [metric, value]))
  for (const card of cards) {
    const name = card.getAttribute("name")
    card.hidden = !values.has(name)
    card.value = values.get(name) ?? null
  }
})
// The table tells the reader what is wrong; a card that never had a value stops pretending to load.
metrics.addEventListener("failure", ({ detail }) => {
  if (signedOut(detail)) return
  for (const card of cards) if (card.dataset.state === "loading") card.value = null
})

live.addEventListener("state", ({ detail }) => { document.querySelector("live-status").state = detail })
live.addEventListener("stale", ({ detail }) => { if (detail === null || detail === site.site_id) refresh() })

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
    history.replaceState(null, "", site === all[0] ? location.pathname : `?${new URLSearchParams({ site: site.name })}`)
    table.clear()
    users.restart()
    metrics.restart()
  })
}

/** The demo has a shop to open; any other site is told how to embed the tracker. */
table.firstSteps = () => {
  if (site.key === demoKey) {
    return [h("a", { class: "button primary", href: "/shop", target: "_blank", rel: "noopener" }, "Open the demo shop")]
  }
  const tag = `<script async src="${location.origin}/tracker.js" data-site="${site.key}"></script>`
  return [h("p", {}, `Put this line into the head of every page of ${site.name}:`), h("code", { tabindex: "0" }, tag)]
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
  document.querySelector(".cards").hidden = document.querySelector("live-status").hidden = true
  const what = "A site is one website or shop. Give it a name to begin."
  table.replaceChildren(empty("You have no site yet", what, form))
}

async function start() {
  try {
    const [user, all, key] = await Promise.all([api.currentUser(), api.sites(), api.demoKey()])
    demoKey = key
    document.querySelector("#who").textContent = user.email
    if (all.length === 0) return offerFirstSite()
    choose(all)
    refresh()
    live.start()
  } catch (error) {
    if (!signedOut(error)) table.replaceChildren(failed(error, () => location.reload()))
  }
}

document.querySelector("#sign-out").addEventListener("click", async () => {
  await api.signOut().catch(() => {}) // an ended session is what was wanted
  location.assign("/login")
})

start()
