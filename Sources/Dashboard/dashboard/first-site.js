// A new account has no site yet: it makes its first one here, on whichever page it came to.
import { call } from "/client.js"
import { h } from "./dom.js"
import { addWords, locale, saidBy, t } from "./words.js"

addWords({
  en: {
    "first.title": "Make your first site", "first.text": "A site is one website or shop, with its own visitors, figures and members.",
    "first.name": "Name", "first.domain": "Address of the website", "first.optional": "optional",
    "first.zone": "Time zone", "first.zoneHelp": "Days begin and end by this clock.",
    "first.currency": "Currency", "first.currencyHelp": "Revenue is counted in this one.", "first.make": "Create site",
  },
  pt: {
    "first.title": "Crie seu primeiro site", "first.text": "Um site é uma loja ou página, com seus visitantes, números e membros.",
    "first.name": "Nome", "first.domain": "Endereço do site", "first.optional": "opcional",
    "first.zone": "Fuso horário", "first.zoneHelp": "Os dias começam e terminam por este relógio.",
    "first.currency": "Moeda", "first.currencyHelp": "A receita é contada nesta moeda.", "first.make": "Criar site",
  },
})

/** @param {import("./shell.js").Page} _page @returns {HTMLElement} */
export function firstSite(_page) {
  const name = h("input", { class: "field", required: true, maxlength: "100", placeholder: "my-shop", autocomplete: "off", autofocus: true })
  const domain = h("input", { class: "field", placeholder: "shop.example", inputmode: "url", autocomplete: "off" })
  const zone = choice(Intl.supportedValuesOf("timeZone"), Intl.DateTimeFormat().resolvedOptions().timeZone)
  const currency = choice(Intl.supportedValuesOf("currency"), locale.startsWith("pt") ? "BRL" : "USD")
  const problem = h("p", { role: "alert", class: "problem" })
  const go = h("button", { class: "button primary" }, t("first.make"))
  const form = h("form", { class: "form" },
    h("label", {}, t("first.name"), name),
    h("label", {}, h("span", {}, t("first.domain"), " ", h("span", { class: "muted" }, `(${t("first.optional")})`)), domain),
    h("label", {}, t("first.zone"), zone, h("span", { class: "muted" }, t("first.zoneHelp"))),
    h("label", {}, t("first.currency"), currency, h("span", { class: "muted" }, t("first.currencyHelp"))),
    problem, h("div", { class: "row end" }, go))
  form.addEventListener("submit", async (event) => {
    event.preventDefault()
    problem.textContent = ""
    go.disabled = true
    try {
      await call("create_site", {
        name: name.value.trim(), domain: bare(domain.value), time_zone: zone.value, currency: currency.value,
      })
      location.reload()
    } catch (error) {
      problem.textContent = saidBy(error)
      go.disabled = false
      name.focus()
    }
  })
  return h("section", { class: "panel first-site" }, h("h2", {}, t("first.title")), h("p", { class: "muted" }, t("first.text")), form)
}

/** @param {string[]} values @param {string} chosen */
function choice(values, chosen) {
  const list = values.includes(chosen) ? values : [chosen, ...values]
  const element = h("select", { class: "field" }, ...list.map((value) => h("option", { value }, value.replaceAll("_", " "))))
  element.value = chosen
  return element
}

/** "https://shop.example/x" is meant as "shop.example". @param {string} text */
function bare(text) {
  const given = text.trim()
  const address = given.includes("://") ? given : `https://${given}`
  return given === "" ? null : URL.canParse(address) ? new URL(address).host : given
}
