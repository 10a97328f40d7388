import { customer, setCustomer } from "./cart.js"
import "./frame.js"
import "./analytics.js"

const form = document.querySelector("form")
const known = document.querySelector("#known")

function show() {
  const who = customer()
  form.hidden = Boolean(who)
  known.hidden = !who
  if (who) document.querySelector("#hello").textContent = `Hello, ${who.name}`
}

// A demo: any name will do, and the e-mail address stands for the shop's own customer id.
form.addEventListener("submit", (event) => {
  event.preventDefault()
  const name = form.elements.name.value.trim(), email = form.elements.email.value.trim()
  const id = email.toLowerCase()
  setCustomer({ id, name, email })
  window.vibeIdentify(id, { name, email })
  show()
})

document.querySelector("#sign-out").addEventListener("click", () => {
  setCustomer(null)
  window.vibeIdentify(null)
  show()
})

show()
document.querySelector("#sign-in").disabled = false // before, the browser itself would have sent the form
