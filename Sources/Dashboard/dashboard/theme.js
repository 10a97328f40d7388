// Runs before the first paint, so that a chosen theme and language never flash; the choice is kept in this browser.
// A classic script: a module would come after the paint.
(() => {
  const root = document.documentElement
  const kept = (name) => {
    try {
      return localStorage.getItem(name)
    } catch {
      return null // storage may be forbidden: then the browser's own wishes count
    }
  }
  const theme = kept("vibe.theme")
  if (theme === "light" || theme === "dark") root.dataset.theme = theme
  const language = kept("vibe.language")
  const wanted = ["en", "pt"].includes(language) ? [language] : navigator.languages
  for (const tag of wanted) {
    const known = { en: "en", pt: "pt-BR" }[tag.slice(0, 2).toLowerCase()]
    if (known) {
      root.lang = known
      break
    }
  }
})()
