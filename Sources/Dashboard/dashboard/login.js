// The pages before the dashboard, one form each: sign in, create an account, set a new password, accept an invitation.
// Tokens come in the fragment of the address, which browsers send to nobody.
import { session, site } from "/client.js"
import { h } from "./dom.js"
import { addWords, language, saidBy, speak, t } from "./words.js"

const SHORTEST = 8 // characters of a password
const token = new URLSearchParams(location.hash.slice(1)).get("token") ?? ""
const query = new URLSearchParams(location.search)

addWords({
  en: {
    "login.title": "Sign in", "login.act": "Sign in", "signup.title": "Create an account", "signup.act": "Create an account",
    "reset.title": "Set a new password", "reset.act": "Set password and sign in",
    "invitation.title": "Join a site", "invitation.act": "Join", "invitation.new": "Create an account and join", "invitation.known": "Sign in and join",
    "email": "Email", "password": "Password", "password.new": "New password", "password.hint": "At least {n} characters",
    "login.other": "New here?", "signup.other": "Have an account?", "login.lost": "Password lost? Whoever runs this server can make you a link to set a new one.",
    "invitation.text": "You have been invited to a site. The invitation counts for the e-mail it was made for.",
    "invitation.as": "You are signed in as {email}.", "invitation.another": "Use another account",
    "token.missing": "This link is not complete. Copy it whole, or ask for a new one.",
    "code.invalid_credentials": "Invalid login credentials", "code.email_not_confirmed": "The account is made; an operator must confirm it before you can sign in.",
    "code.user_already_exists": "There is an account with this e-mail already. Sign in instead.", "code.signup_disabled": "New accounts are by invitation only.",
    "code.weak_password": "Password should be at least {n} characters", "code.same_password": "This is the password you had. Choose another one.",
    "code.otp_expired": "This link has been used or has ended. Ask for a new one.", "code.validation_failed": "Check the e-mail and the password: a password has at most 72 bytes.",
    "code.over_request_rate_limit": "Too many attempts. Try again in 15 minutes.", "code.used": "This invitation has been used, has ended or is for another e-mail.",
  },
  pt: {
    "login.title": "Entrar", "login.act": "Entrar", "signup.title": "Criar uma conta", "signup.act": "Criar uma conta",
    "reset.title": "Definir nova senha", "reset.act": "Definir senha e entrar",
    "invitation.title": "Participar de um site", "invitation.act": "Participar", "invitation.new": "Criar conta e participar", "invitation.known": "Entrar e participar",
    "email": "E-mail", "password": "Senha", "password.new": "Nova senha", "password.hint": "No mínimo {n} caracteres",
    "login.other": "Primeira vez aqui?", "signup.other": "Já tem conta?", "login.lost": "Perdeu a senha? Quem opera este servidor pode criar um link para definir outra.",
    "invitation.text": "Você recebeu um convite para um site. O convite vale para o e-mail para o qual foi feito.",
    "invitation.as": "Você entrou como {email}.", "invitation.another": "Usar outra conta",
    "token.missing": "Este link não está completo. Copie-o inteiro ou peça um novo.",
    "code.invalid_credentials": "E-mail ou senha incorretos", "code.email_not_confirmed": "A conta foi criada; um operador precisa confirmá-la antes de você entrar.",
    "code.user_already_exists": "Já existe uma conta com este e-mail. Entre com ela.", "code.signup_disabled": "Novas contas só por convite.",
    "code.weak_password": "A senha deve ter no mínimo {n} caracteres", "code.same_password": "Esta já era a sua senha. Escolha outra.",
    "code.otp_expired": "Este link já foi usado ou venceu. Peça um novo.", "code.validation_failed": "Confira o e-mail e a senha: uma senha tem no máximo 72 bytes.",
    "code.over_request_rate_limit": "Tentativas demais. Tente de novo em 15 minutos.", "code.used": "Este convite já foi usado, venceu ou é para outro e-mail.",
  },
})
const CODES = ["invalid_credentials", "email_not_confirmed", "user_already_exists", "signup_disabled", "weak_password", "same_password",
  "otp_expired", "validation_failed", "over_request_rate_limit"]

/** Only a path of this very server: an address from a link must not lead away from it. */
function destination() {
  const next = query.get("next") ?? "/crm"
  const target = URL.canParse(next, location.origin) ? new URL(next, location.origin) : null
  return target?.origin === location.origin ? target.href : "/crm"
}

/** @param {any} error */
function told(error) {
  if (CODES.includes(error?.code)) return t(`code.${error.code}`, { n: SHORTEST })
  return page === "invitation" && error?.status >= 400 && error.status < 500 ? t("code.used") : saidBy(error)
}

/** @param {boolean} isNew */
const emailField = (isNew) => h("input", { class: "field", name: "email", type: "email", autocomplete: isNew ? "email" : "username", required: true })

/** @param {boolean} isNew */
const passwordField = (isNew) => h("input", {
  class: "field", name: "password", type: "password", autocomplete: isNew ? "new-password" : "current-password", required: true, minlength: isNew ? SHORTEST : null,
})

/**
 * @param {string} act what the button says
 * @param {(HTMLElement | null)[]} fields
 * @param {() => Promise<void>} send
 */
function form(act, fields, send) {
  const problem = h("p", { role: "alert" })
  const button = h("button", { class: "button primary" }, act)
  const element = h("form", { class: "form", method: "post" }, ...fields, problem, button)
  element.addEventListener("submit", async (event) => {
    event.preventDefault()
    problem.textContent = ""
    button.disabled = true
    try {
      await send()
    } catch (error) {
      problem.textContent = told(error)
      button.disabled = false
      element.querySelector("input")?.focus()
    }
  })
  return element
}

/** @param {string} word @param {HTMLElement} field @param {boolean} [isNew] */
const label = (word, field, isNew = false) =>
  h("label", {}, t(word), field, isNew && h("span", { class: "hint" }, t("password.hint", { n: SHORTEST })))

/** Email and password, for an account that exists or a new one. @param {string} act @param {boolean} isNew @param {(email: string, password: string) => Promise<void>} then */
function credentials(act, isNew, then) {
  const email = emailField(isNew), password = passwordField(isNew)
  return form(act, [label("email", email), label("password", password, isNew)], async () => {
    if (isNew) await session.signUp(email.value, password.value, token ? { invitation: token } : undefined)
    await session.signIn(email.value, password.value)
    await then(email.value, password.value)
  })
}

/** The other of two ways in, with what the address says. @param {string} question @param {string} name @param {string} word */
const other = (question, name, word) =>
  h("p", { class: "other" }, t(question), " ", h("a", { href: `/${name}${location.search}${location.hash}` }, t(word)))

const forward = async () => location.assign(destination())

async function join() {
  const id = await session.acceptInvitation(token)
  await site.load()
  const name = site.all.find(({ site_id }) => site_id === id)?.name
  location.assign(name ? `/crm?site=${encodeURIComponent(name)}` : "/crm")
}

/** For whoever is signed in a button, for others a form. */
async function invitation() {
  if (!token) return [h("p", { role: "alert" }, t("token.missing"))]
  const text = h("p", { class: "muted" }, t("invitation.text"))
  const user = await session.user().catch(() => null)
  const place = h("div", { class: "form" })
  /** @param {boolean} isNew */
  const ask = (isNew) => {
    const swap = h("button", { class: "link", type: "button", onclick: () => ask(!isNew) }, t(isNew ? "login.title" : "signup.title"))
    place.replaceChildren(credentials(t(isNew ? "invitation.new" : "invitation.known"), isNew, join),
      h("p", { class: "other" }, t(isNew ? "signup.other" : "login.other"), " ", swap))
  }
  if (!user) ask(true)
  else {
    place.append(h("p", {}, t("invitation.as", { email: user.email })), form(t("invitation.act"), [], join),
      h("p", { class: "other" }, h("button", { class: "link", type: "button", onclick: () => ask(false) }, t("invitation.another"))))
  }
  return [text, place]
}

function reset() {
  if (!token) return [h("p", { role: "alert" }, t("token.missing"))]
  const password = passwordField(true)
  return [form(t("reset.act"), [label("password.new", password, true)], async () => {
    await session.resetPassword(token, password.value)
    location.assign("/crm")
  })]
}

/** @type {Record<string, () => Node[] | Promise<Node[]>>} */
const PAGES = {
  login: () => [credentials(t("login.act"), false, forward), other("login.other", "signup", "signup.title"),
    h("p", { class: "other hint" }, t("login.lost"))],
  signup: () => [credentials(t("signup.act"), true, forward), other("signup.other", "login", "login.title")],
  reset,
  invitation,
}
const page = location.pathname.slice(1) in PAGES ? location.pathname.slice(1) : "login"

const tongue = language === "pt" ? "en" : "pt"
const speech = h("button", { class: "button quiet small", type: "button", lang: tongue === "pt" ? "pt-BR" : "en", onclick: () => speak(tongue) }, t("shell.language"))
const parts = await PAGES[page]()
const main = document.querySelector("main")
document.title = `${t(`${page}.title`)} · Vibe`
main?.append(h("a", { class: "brand", href: "/" }, "Vibe"), h("section", { class: "panel" }, h("h1", {}, t(`${page}.title`)), ...parts), speech)
main?.querySelector("input")?.focus()
