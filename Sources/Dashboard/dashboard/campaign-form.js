// The dialog that makes a campaign and changes one; the database checks, and what it refuses stands beside its field.
import { call, Query, site } from "/client.js"
import { confirmAct, openDialog, saidBy, toast } from "./dialog.js"
import { h } from "./dom.js"
import { plain } from "./format.js"
import { addWords, t } from "./words.js"

addWords({
  en: {
    "form.new": "New campaign", "form.edit": "Edit “{name}”", "form.segment": "For which segment", "form.everybody": "Everybody",
    "form.start": "First day", "form.end": "Last day", "form.budget": "Budget ({currency})",
    "form.utm": "Which visits came by it", "form.utm.text": "Visits whose first address carries these parameters belong to the campaign. Source and medium narrow it down.",
    "form.external": "Number at the network or in the CRM", "form.save": "Save", "form.create": "Create campaign", "form.delete": "Delete…",
    "form.saved": "Campaign “{name}” saved", "form.deleted": "Campaign “{name}” deleted", "form.deleteTitle": "Delete “{name}”?",
    "form.deleteText": "Its events and reported figures go with it. To keep them, give it the status “Archived” instead.",
    "form.error": "Please look at the marked field.", "form.types": "email, search, social, display, or a word of yours",
    "error.name": "1 to 200 characters, no space at either end.", "error.taken": "Another campaign has this name.",
    "error.type": "1 to 50 characters, no space at either end.", "error.budget": "A number from 0 to 999,999,999,999.",
    "error.start_date": "A day in the years 2000 to 2199.", "error.end_date": "A day in the years 2000 to 2199, not before the first one.",
    "error.utm_campaign": "1 to 200 characters.", "error.utm_source": "1 to 200 characters, and only with utm_campaign.",
    "error.utm_medium": "1 to 200 characters, and only with utm_campaign.", "error.utmTaken": "Another campaign has these visits already.",
    "error.external_id": "1 to 200 characters.", "error.externalTaken": "Another campaign has this number.",
  },
  pt: {
    "form.new": "Nova campanha", "form.edit": "Editar “{name}”", "form.segment": "Para qual segmento", "form.everybody": "Todos",
    "form.start": "Primeiro dia", "form.end": "Último dia", "form.budget": "Orçamento ({currency})",
    "form.utm": "Quais visitas vieram por ela", "form.utm.text": "Visitas cujo primeiro endereço traz estes parâmetros pertencem à campanha. Origem e meio a restringem.",
    "form.external": "Número na rede de anúncios ou no CRM", "form.save": "Salvar", "form.create": "Criar campanha", "form.delete": "Excluir…",
    "form.saved": "Campanha “{name}” salva", "form.deleted": "Campanha “{name}” excluída", "form.deleteTitle": "Excluir “{name}”?",
    "form.deleteText": "Os eventos e os números informados vão com ela. Para mantê-los, dê a ela a situação “Arquivada”.",
    "form.error": "Veja o campo marcado.", "form.types": "email, search, social, display, ou uma palavra sua",
    "error.name": "De 1 a 200 caracteres, sem espaço nas pontas.", "error.taken": "Outra campanha tem este nome.",
    "error.type": "De 1 a 50 caracteres, sem espaço nas pontas.", "error.budget": "Um número de 0 a 999.999.999.999.",
    "error.start_date": "Um dia dos anos 2000 a 2199.", "error.end_date": "Um dia dos anos 2000 a 2199, não antes do primeiro.",
    "error.utm_campaign": "De 1 a 200 caracteres.", "error.utm_source": "De 1 a 200 caracteres, e só com utm_campaign.",
    "error.utm_medium": "De 1 a 200 caracteres, e só com utm_campaign.", "error.utmTaken": "Outra campanha já tem estas visitas.",
    "error.external_id": "De 1 a 200 caracteres.", "error.externalTaken": "Outra campanha tem este número.",
  },
})

const STATUSES = ["draft", "active", "paused", "completed", "archived"]
const TYPES = ["email", "search", "social", "display", "affiliate", "sms", "other"]
/** What may be emptied again. */
const OPTIONAL = ["target_segment", "budget", "start_date", "end_date", "utm_campaign", "utm_source", "utm_medium", "external_id"]
let number = 0

/**
 * @param {{ campaign: any, onClose: () => void, onSaved: (id: number) => void | Promise<void>, onDeleted: () => void }} options
 *   `campaign`: the row to change; null makes one
 * @returns {() => void} closes it
 */
export function openForm({ campaign, onClose, onSaved, onDeleted }) {
  const id = `campaign-${++number}`
  /** @type {Map<string, { control: HTMLInputElement | HTMLSelectElement, error: HTMLElement }>} */
  const fields = new Map()
  /** @param {string} name @param {string} label @param {HTMLInputElement | HTMLSelectElement} control @param {string} [hint] */
  const field = (name, label, control, hint) => {
    const error = h("span", { class: "field-error", id: `${id}-${name}-error` })
    const about = hint ? h("span", { class: "hint", id: `${id}-${name}-hint` }, hint) : null
    control.id = `${id}-${name}`
    control.dataset.name = name
    control.classList.add("field")
    if (about) control.setAttribute("aria-describedby", about.id)
    fields.set(name, { control, error })
    return h("div", { class: "campaign-field" }, h("label", { for: control.id }, label), control, about, error)
  }
  /** @param {unknown} value @param {Record<string, any>} [more] */
  const input = (value, more = {}) => {
    const control = h("input", { autocomplete: "off", ...more })
    control.value = value == null ? "" : String(value)
    return control
  }
  /** @param {[string, string][]} choices @param {string} value */
  const select = (choices, value) => {
    const control = h("select", {}, ...choices.map(([key, label]) => h("option", { value: key }, label)))
    control.value = value
    return control
  }
  const types = h("datalist", { id: `${id}-types` }, ...TYPES.map((type) => h("option", { value: type }, t(`type.${type}`))))
  const segment = select([["", t("form.everybody")]], "")
  const problem = h("p", { class: "problem", role: "alert" })
  const save = h("button", { class: "button primary", type: "submit" }, t(campaign ? "form.save" : "form.create"))
  const form = h("form", { class: "form campaign-form", novalidate: true },
    field("name", t("name"), input(campaign?.name, { maxlength: 200 })),
    h("div", { class: "pair" },
      field("type", t("type"), input(campaign?.type ?? "email", { list: types.id, maxlength: 50 }), t("form.types")),
      field("status", t("status"), select(STATUSES.map((status) => [status, t(`status.${status}`)]), campaign?.status ?? "active"))),
    h("div", { class: "pair" },
      field("target_segment", t("form.segment"), segment),
      field("budget", t("form.budget", { currency: site.current?.currency ?? "" }), input(campaign?.budget, { inputmode: "decimal" }))),
    h("div", { class: "pair" },
      field("start_date", t("form.start"), input(campaign?.start_date, { type: "date" })),
      field("end_date", t("form.end"), input(campaign?.end_date, { type: "date" }))),
    h("fieldset", {}, h("legend", {}, t("form.utm")), h("p", { class: "hint" }, t("form.utm.text")),
      h("div", { class: "trio" },
        ...["utm_campaign", "utm_source", "utm_medium"].map((name) => field(name, name, input(campaign?.[name], { maxlength: 200, spellcheck: "false" }))))),
    field("external_id", t("form.external"), input(campaign?.external_id, { maxlength: 200, spellcheck: "false" })),
    types, problem,
    h("div", { class: "row end" }, campaign && h("button", { class: "button takes", type: "button", onclick: remove }, t("form.delete")), save))
  form.addEventListener("submit", (event) => {
    event.preventDefault()
    send()
  })

  // The segment that is chosen stands there before the others are known.
  if (campaign?.segment_id != null) {
    segment.append(h("option", { value: String(campaign.segment_id) }, "…"))
    segment.value = String(campaign.segment_id)
  }
  new Query({ from: "segments", select: ["segment_id", "name"], where: [["site_id", "eq", site.current?.site_id ?? 0]], order: ["name"] }).run().then((rows) => {
    const value = segment.value
    segment.replaceChildren(segment.options[0], ...rows.map((row) => h("option", { value: String(row.segment_id) }, plain(row.name))))
    segment.value = value
  }, () => {}) // the others can still be written

  async function send() {
    clear()
    const given = Object.fromEntries([...fields].map(([name, { control }]) => [name, control.value.trim()]))
    // A comma is a decimal point where the reader writes it so.
    given.budget = given.budget.replace(/^(\d+),(\d{1,2})$/, "$1.$2")
    if (given.budget && !/^\d+(\.\d+)?$/.test(given.budget)) return mark("budget", "error.budget")
    const filled = Object.fromEntries(Object.entries(given).filter(([name, value]) => value !== "" || !OPTIONAL.includes(name)))
    save.disabled = true
    try {
      const saved = campaign
        ? await call("update_campaign", { campaign_id: campaign.campaign_id, ...filled, clear: OPTIONAL.filter((name) => given[name] === "") })
        : await call("create_campaign", { site: site.id, ...filled })
      await onSaved(Number(saved))
      toast(t("form.saved", { name: plain(given.name) }))
    } catch (error) {
      refused(error)
    } finally {
      save.disabled = false
    }
  }

  async function remove() {
    const name = plain(campaign.name)
    if (!await confirmAct({ title: t("form.deleteTitle", { name }), text: t("form.deleteText"), act: t("delete"), danger: true })) return
    try {
      await call("delete_campaign", { campaign_id: campaign.campaign_id })
      onDeleted()
      toast(t("form.deleted", { name }))
    } catch (error) {
      refused(error)
    }
  }

  function clear() {
    problem.textContent = ""
    for (const { control, error } of fields.values()) {
      error.textContent = ""
      control.removeAttribute("aria-invalid")
    }
  }

  /** @param {string} name @param {string} word */
  function mark(name, word) {
    const found = fields.get(name)
    if (!found) return
    problem.textContent = t("form.error")
    found.error.textContent = t(word)
    found.control.setAttribute("aria-invalid", "true")
    const described = found.control.getAttribute("aria-describedby") ?? ""
    if (!described.includes(found.error.id)) found.control.setAttribute("aria-describedby", `${described} ${found.error.id}`.trim())
    found.control.focus()
  }

  /** @param {any} error */
  function refused(error) {
    const [name, word] = fieldOf(error)
    if (name && fields.has(name)) mark(name, word)
    else problem.textContent = saidBy(error)
  }

  return openDialog({ title: campaign ? t("form.edit", { name: plain(campaign.name) }) : t("form.new"), body: form, wide: true, onClose })
}

/** Which field the database speaks of, and what is said there. @param {any} error @returns {[name: string, word: string]} */
function fieldOf(error) {
  const message = String(error?.message ?? "")
  if (error?.code === "23505") {
    return / has the external_id /.test(message) ? ["external_id", "error.externalTaken"]
      : / takes these visits /.test(message) ? ["utm_campaign", "error.utmTaken"] : ["name", "error.taken"]
  }
  const name = /^(name|type|budget|start_date|end_date|utm_campaign|utm_source|utm_medium|external_id) is /.exec(message)?.[1] ?? ""
  return [name, `error.${name}`]
}
