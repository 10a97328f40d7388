import { clear, customer, lines, setCustomer, total } from "./cart.js"
import { CURRENCY, price } from "./catalog.js"
import { h } from "./frame.js"
import "./analytics.js"

const form = document.querySelector("form")
const place = document.querySelector("#checkout")
const who = customer()

if (who) {
  form.elements.name.value = who.name
  form.elements.email.value = who.email
}

if (lines().length === 0) {
  const link = h("a", { href: "/shop" }, "Find something")
  place.replaceChildren(h("p", {}, "There is nothing to pay for yet. ", link))
} else {
  document.querySelector("#pay").textContent = `Pay ${price(total())}`
  window.vibeTrack("checkout", { total: total() / 100, currency: CURRENCY })
}

form.addEventListener("submit", (event) => {
  event.preventDefault()
  const name = form.elements.name.value.trim(), email = form.elements.email.value.trim()
  const id = who?.id ?? email.toLowerCase()
  const order = `W-${Date.now().toString(36).toUpperCase()}`
  setCustomer({ id, name, email })
  window.vibeIdentify(id, { name, email })
  window.vibeTrack("purchase", {
    order, total: total() / 100, currency: CURRENCY,
    items: lines().map(({ id: product, quantity }) => ({ product, quantity })),
  })
  clear()
  place.replaceChildren(
    h("p", { class: "done", role: "status" },
      h("strong", {}, `Thank you, ${name}.`), ` Order ${order} is on its imaginary way.`),
    h("a", { class: "button", href: "/shop" }, "Keep looking"))
})

form.querySelector("button").disabled = false // before, the browser itself would have sent the form
