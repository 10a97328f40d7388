// Sign in, or with ?mode=signup create an account; then on to the page that was asked for.
import { signIn, signUp } from "./api.js"

const query = new URLSearchParams(location.search)
const signingUp = query.get("mode") === "signup"
const form = document.querySelector("form")
const button = document.querySelector("#go")
const problem = document.querySelector("#problem")

/** Only a path of this very server: an address from a link must not lead away from it. */
function destination() {
  const next = query.get("next") ?? "/crm"
  const target = URL.canParse(next, location.origin) ? new URL(next, location.origin) : null
  return target?.origin === location.origin ? target.href : "/crm"
}

function dress() {
  const other = new URLSearchParams(query)
  const link = document.querySelector("#switch")
  if (signingUp) {
    document.title = "Create an account · Vibe"
    document.querySelector("#title").textContent = button.textContent = "Create an account"
    document.querySelector("#question").textContent = "Have an account?"
    link.textContent = "Sign in"
    form.elements.password.autocomplete = "new-password"
    other.delete("mode")
  } else {
    other.set("mode", "signup")
  }
  link.href = `?${other}`
}

form.addEventListener("submit", async (event) => {
  event.preventDefault()
  const { email, password } = form.elements
  problem.textContent = ""
  button.disabled = true
  try {
    if (signingUp) await signUp(email.value, password.value)
    await signIn(email.value, password.value)
    location.assign(destination())
  } catch (error) {
    problem.textContent = error.message || "That did not work. Please try again."
    button.disabled = false
    password.focus()
  }
})

dress()
button.disabled = false // before, the browser itself would have sent the form
