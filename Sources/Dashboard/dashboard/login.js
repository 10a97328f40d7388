// Sign in, or with ?mode=signup create an account; then on to the page that was asked for.
import { signIn, signUp } from "./api.js"
import { find } from "./dom.js"

const query = new URLSearchParams(location.search)
const signingUp = query.get("mode") === "signup"
const email = find("#email", HTMLInputElement)
const password = find("#password", HTMLInputElement)
const button = find("#go", HTMLButtonElement)
const problem = find("#problem", HTMLElement)

/** Only a path of this very server: an address from a link must not lead away from it. */
function destination() {
  const next = query.get("next") ?? "/crm"
  const target = URL.canParse(next, location.origin) ? new URL(next, location.origin) : null
  return target?.origin === location.origin ? target.href : "/crm"
}

function dress() {
  const other = new URLSearchParams(query)
  const link = find("#switch", HTMLAnchorElement)
  if (signingUp) {
    document.title = "Create an account · Vibe"
    find("#title", HTMLElement).textContent = button.textContent = "Create an account"
    find("#question", HTMLElement).textContent = "Have an account?"
    link.textContent = "Sign in"
    password.autocomplete = "new-password"
    other.delete("mode")
  } else {
    other.set("mode", "signup")
  }
  link.href = `?${other}`
}

find("form", HTMLFormElement).addEventListener("submit", async (event) => {
  event.preventDefault()
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
