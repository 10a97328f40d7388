// What lies over the page: a dialog, a question before an act, a word of confirmation.
import { h, icon } from "./dom.js"
import { plain } from "./format.js"
import { saidBy, t } from "./words.js"

export { saidBy }

let number = 0

/**
 * Opens a modal dialog; the browser keeps the focus inside and gives it back at the end.
 * @param {{ title: string, body: Node | Node[], wide?: boolean, close?: string, onClose?: () => void }} options
 *   `close`: the word on the closing button's label; `onClose` is called once, however it was closed
 * @returns {() => void} closes it
 */
export function openDialog({ title, body, wide = false, close = t("close"), onClose }) {
  const id = `dialog-${++number}`
  const end = h("button", { class: "button quiet square", type: "button", "aria-label": close }, icon("close"))
  const dialog = h("dialog", { class: wide ? "dialog wide" : "dialog", "aria-labelledby": id },
    h("div", { class: "head" }, h("h2", { id, tabindex: "-1" }, plain(title)), end),
    h("div", { class: "body" }, ...(Array.isArray(body) ? body : [body])))
  end.addEventListener("click", () => dialog.close())
  // A press that began inside, as when marking text, does not close.
  dialog.addEventListener("mousedown", (event) => { if (event.target === dialog) dialog.close() })
  dialog.addEventListener("close", () => {
    dialog.remove()
    onClose?.()
  })
  document.body.append(dialog)
  dialog.showModal()
  return () => dialog.close()
}

/**
 * Keeps a dialog in step with the address: it is open while the address has `name`, so Back closes it and a link opens it.
 * @param {import("./address.js").State} state @param {string} name
 * @param {(value: string, onClose: () => void) => (() => void) | null} open opens the dialog of a value, must call `onClose`
 *   however it was closed, and returns what closes it; null: there is none of that value, or not yet
 * @param {string[]} [also] what else leaves the address with it
 * @returns {() => void} looks again, for when there may be one now
 */
export function followAddress(state, name, open, also = []) {
  /** @type {{ value: string, close: (() => void) | null } | null} */
  let shown = null
  const look = () => {
    const value = state.get(name)
    if (value === (shown?.value ?? "")) return
    const before = shown
    shown = null // so that the one before leaves the address alone
    before?.close?.()
    if (!value) return
    /** @type {{ value: string, close: (() => void) | null }} */
    const mine = shown = { value, close: null }
    mine.close = open(value, () => {
      if (shown !== mine) return
      shown = null
      if (state.get(name) === value) state.undo(Object.fromEntries([name, ...also].map((key) => [key, null])))
    })
    if (!mine.close && shown === mine) shown = null
  }
  state.watch([name], look)
  return look
}

/**
 * Asks before an act that cannot be undone; `text` names the consequence.
 * @param {{ title: string, text: string, act: string, danger?: boolean, word?: string }} options
 *   `act`: what the button says; `word`: what must be typed first, for the gravest
 * @returns {Promise<boolean>}
 */
export function confirmAct({ title, text, act, danger = false, word }) {
  return new Promise((resolve) => {
    let agreed = false
    const yes = h("button", { class: danger ? "button danger" : "button primary", type: "submit", disabled: word !== undefined }, act)
    const no = h("button", { class: "button", type: "button", onclick: () => close(), autofocus: word === undefined }, t("cancel"))
    const typed = word === undefined ? null : h("input", { class: "field", autocomplete: "off", spellcheck: "false", autofocus: true })
    typed?.addEventListener("input", () => { yes.disabled = typed.value !== word })
    const form = h("form", { class: "form" }, h("p", {}, text),
      typed && h("label", {}, t("dialog.type", { word: word ?? "" }), typed), h("div", { class: "row end" }, no, yes))
    form.addEventListener("submit", (event) => {
      event.preventDefault()
      agreed = true
      close()
    })
    const close = openDialog({ title, body: form, onClose: () => resolve(agreed) })
  })
}

/** A short word that something was done; never the only copy of an error. @param {string} text @param {"good" | "bad"} [kind] */
export function toast(text, kind = "good") {
  let place = document.querySelector(".toasts")
  if (!place) document.body.append(place = h("div", { class: "toasts", role: "log", "aria-live": "polite" }))
  const word = h("p", { class: `toast ${kind}` }, plain(text))
  place.append(word)
  // Above an open dialog too.
  if (place instanceof HTMLElement && "showPopover" in place) {
    place.popover = "manual"
    place.hidePopover()
    place.showPopover()
  }
  setTimeout(() => word.remove(), kind === "bad" ? 8000 : 4000)
}
