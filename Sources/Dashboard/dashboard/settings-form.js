// Forms of the settings: fields with their labels, an act that may be refused, and what is said then.
import { confirmAct, saidBy, toast } from "./dialog.js"
import { h, icon } from "./dom.js"
import { addWords, t } from "./words.js"

addWords({
  en: {
    "settings.saved": "Saved",
    "settings.error.taken": "This name is taken.",
    "settings.error.name": "A name has 1 to 100 characters, not digits alone, and no space at either end.",
    "settings.error.origin": "Write each origin as https://shop.example: scheme and host, no path.",
    "settings.error.noOwner": "The site would have no owner. Make somebody else an owner first.",
    "settings.error.email": "This is no e-mail address.",
    "settings.error.isMember": "They are a member already.",
    "settings.error.user": "There is nobody with this number.",
    "settings.error.samePassword": "This is the password you have.",
    "settings.error.weakPassword": "A password has at least 8 characters.",
    "settings.error.past": "This time is past.",
    "settings.error.gone": "It has ended already.",
  },
  pt: {
    "settings.saved": "Salvo",
    "settings.error.taken": "Este nome já está em uso.",
    "settings.error.name": "Um nome tem de 1 a 100 caracteres, não só dígitos, sem espaço no começo ou no fim.",
    "settings.error.origin": "Escreva cada origem como https://loja.example: esquema e domínio, sem caminho.",
    "settings.error.noOwner": "O site ficaria sem proprietário. Antes, torne outra pessoa proprietária.",
    "settings.error.email": "Isto não é um endereço de e-mail.",
    "settings.error.isMember": "A pessoa já é membro.",
    "settings.error.user": "Não há ninguém com este número.",
    "settings.error.samePassword": "Esta é a senha que você já tem.",
    "settings.error.weakPassword": "Uma senha tem pelo menos 8 caracteres.",
    "settings.error.past": "Este momento já passou.",
    "settings.error.gone": "Já foi encerrado.",
  },
})

/** What the database refuses, in the reader's words. @type {[RegExp, string][]} */
const REFUSALS = [
  [/^session .* has ended/, "settings.error.gone"],
  [/^user_id .* does not exist/, "settings.error.user"],
  [/exists already$/, "settings.error.taken"],
  [/^(site name|name is) /, "settings.error.name"],
  [/^origin .* is not allowed/, "settings.error.origin"],
  [/would have no owner/, "settings.error.noOwner"],
  [/validate email/, "settings.error.email"],
  [/is a member of the site already/, "settings.error.isMember"],
  [/which is past$/, "settings.error.past"],
  // Who is no member any more.
  [/is not yours$/, "error.rights"],
]
const CODES = new Map([["same_password", "settings.error.samePassword"], ["weak_password", "settings.error.weakPassword"]])

/** What a refused act says. @param {any} error */
export function told(error) {
  const key = CODES.get(error?.code) ?? REFUSALS.find(([pattern]) => pattern.test(error?.message ?? ""))?.[1]
  return key ? t(key) : saidBy(error)
}

let number = 0

/**
 * A control with its label, and a note that explains it.
 * @param {string} label @param {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} control @param {string | null} [note]
 */
export function field(label, control, note) {
  control.id = `setting-${++number}`
  if (control.type !== "checkbox") control.classList.add("field")
  const about = note ? h("small", { class: "muted", id: `${control.id}-note` }, note) : null
  if (about) control.setAttribute("aria-describedby", about.id)
  const name = h("label", { for: control.id }, label)
  return control.type === "checkbox" ? h("div", { class: "setting check" }, control, name, about) : h("div", { class: "setting" }, name, control, about)
}

/** A group of choices of which one holds. @param {string} legend @param {string} name @param {[value: string, text: string][]} choices */
export function choice(legend, name, choices) {
  return h("fieldset", { class: "setting choice" }, h("legend", {}, legend), ...choices.map(([value, text], position) =>
    h("label", { class: "check" }, h("input", { type: "radio", name, value, checked: position === 0 }), text)))
}

/** @param {[value: string, text: string][]} options @param {string} [value] */
export function select(options, value) {
  const made = h("select", {}, ...options.map(([one, text]) => h("option", { value: one }, text)))
  if (value !== undefined) made.value = value
  return made
}

/**
 * A form whose act may be refused; the refusal stands in it until the next try.
 * @param {{ fields: (Node | null)[], act: string, danger?: boolean, more?: Node[], run: (form: HTMLFormElement) => Promise<string | void> }} options
 *   `run` returns what the toast says, or nothing
 */
export function actForm({ fields, act, danger = false, more = [], run }) {
  const problem = h("p", { class: "problem", role: "alert", hidden: true })
  const form = h("form", { class: "form settings-form" }, ...fields, problem,
    h("div", { class: "row" }, h("button", { class: `button ${danger ? "danger" : "primary"}`, type: "submit" }, act), ...more))
  let isBusy = false
  form.addEventListener("input", () => { form.dataset.touched = "" })
  form.addEventListener("submit", async (event) => {
    event.preventDefault()
    if (isBusy) return
    isBusy = true
    problem.hidden = true
    form.setAttribute("aria-busy", "true")
    try {
      const said = await run(form)
      delete form.dataset.touched
      if (said) toast(said)
    } catch (error) {
      problem.textContent = told(error)
      problem.hidden = false
    } finally {
      isBusy = false
      form.removeAttribute("aria-busy")
    }
  })
  return form
}

/** An act without a form, such as a button of a row; a refusal is a toast. @param {() => Promise<string | void>} act @returns {Promise<boolean>} whether it was done */
export async function attempt(act) {
  try {
    const said = await act()
    if (said) toast(said)
    return true
  } catch (error) {
    toast(told(error), "bad")
    return false
  }
}

/**
 * An act that is asked about before, as one that takes something away.
 * @param {Parameters<typeof confirmAct>[0]} question @param {() => Promise<string | void>} act
 * @param {import("/client.js").Store} [shown] read again afterwards, also when the act was refused @returns {Promise<boolean>} whether it was done
 */
export async function confirmed(question, act, shown) {
  if (!await confirmAct(question)) return false
  const isDone = await attempt(act)
  await shown?.refresh()
  return isDone
}

/** A button that opens the dialog of ?add=. @param {import("./shell.js").Page} page @param {string} name of the dialog @param {string} text */
export const adder = ({ state }, name, text) =>
  h("button", { class: "button primary small", type: "button", onclick: () => state.push({ add: name }) }, icon("add"), text)

/** A small button of a row; its label says of which row. On a phone one that takes away is a cross. @param {string} text @param {string} label @param {() => void} act @param {boolean} [takes] whether it takes something away */
export const rowButton = (text, label, act, takes = false) =>
  h("button", { class: takes ? "button small takes" : "button small", type: "button", "aria-label": label, title: label, onclick: act },
    takes ? icon("close") : null, h("span", {}, text))
