// Runs before the first paint, so that a chosen theme and language never flash; the choice is kept in this browser.
// A classic script: a module would come after the paint.
(() => {
  const root = document.documentElement
  const kept = (/** @type {string} */ name) => {
    try {
      return localStorage.getItem(name)
    } catch {
      return null // storage may be forbidden: then the browser's own wishes count
    }
  }
  const theme = kept("vibe.theme")
  if (theme === "light" || theme === "dark") root.dataset.theme = theme
  const known = new Map([["en", "en"], ["pt", "pt-BR"]])
  for (const tag of [kept("vibe.language"), ...navigator.languages]) {
    const spoken = known.get(tag?.slice(0, 2).toLowerCase() ?? "")
    if (spoken) {
      root.lang = spoken
      break
    }
  }
})()
