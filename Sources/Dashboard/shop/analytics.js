// How a shop embeds Vibe: one script tag with its site key. Calls made before the script is there wait in a queue.

for (const door of ["vibeTrack", "vibeIdentify", "vibeConsent"]) {
  window[door] ??= (...given) => (window.vibeQueue ??= []).push([door, ...given])
}

const KEY = "shop_site"

/** The site key: from the address, remembered for the visit, else the demo's own. */
async function siteKey() {
  const asked = new URLSearchParams(location.search).get("site") ?? sessionStorage.getItem(KEY)
  const key = asked ?? await demoKey()
  if (key) sessionStorage.setItem(KEY, key)
  return key
}

async function demoKey() {
  const answer = await fetch("/api/demo")
  if (!answer.ok) return null
  const body = await answer.json()
  return typeof body === "string" ? body : body?.key ?? null
}

function embed(key) {
  if (!key) throw new Error("there is no demo site, and the address has no ?site=KEY")
  const script = document.createElement("script")
  script.async = true
  script.src = "/tracker.js"
  script.dataset.site = key
  document.head.append(script)
}

// The shop itself must work without.
siteKey().then(embed).catch((error) => console.warn("The shop runs without tracking:", error.message))
