// The sections about who gets in: members of the site, keys of programs, and one's own sessions.
import { Query, call, session, site, store } from "/client.js"
import { confirmAct, openDialog } from "./dialog.js"
import { h } from "./dom.js"
import { plain, relative } from "./format.js"
import { copyButton, panel } from "./panel.js"
import { actForm, adder, attempt, choice, confirmed, field, rowButton, select } from "./settings-form.js"
import { table } from "./table.js"
import { addWords, t } from "./words.js"

/** @typedef {import("./shell.js").Page} Page */
/** @typedef {import("./settings.js").Section} Section */

const ROLES = ["viewer", "member", "owner"]
const DAY = 86_400_000 // ms

/** A function of the current site. @param {string} from */
const ofSite = (from) => store(() => site.current && new Query({ from, arguments: { site: site.id } }), { every: 60_000 })

const members = ofSite("get_members"), invitations = ofSite("get_invitations"), keys = ofSite("get_api_keys")
const sessions = store(() => new Query({ from: "get_my_sessions", arguments: {} }), { every: 60_000 })

/**
 * Shows a secret once: when the dialog closes it is wiped, here and in the page.
 * @param {HTMLElement} place what it takes the place of @param {string} secret @param {string} text
 * @returns {() => void} wipes it
 */
function showOnce(place, secret, text) {
  const shown = h("code", { class: "block secret", tabindex: "0" }, secret)
  const copy = copyButton(() => secret)
  place.replaceChildren(h("p", { role: "status" }, text), shown, h("div", { class: "row end" }, copy))
  copy.focus()
  return () => {
    secret = ""
    shown.textContent = ""
    place.replaceChildren()
  }
}

// MARK: Members

/** @param {Page} page @returns {Section} */
export function membersSection(page) {
  const me = page.user?.email
  const roleOf = (/** @type {any} */ row) => {
    const { email_or_login: who, role } = row
    // A login of the database reads, whatever one would have it do.
    if (!site.isOwner || !who.includes("@")) return t(`role.${role}`)
    const control = h("select", { class: "field", "aria-label": t("members.roleOf", { who: plain(who) }) },
      ...ROLES.map((one) => h("option", { value: one, selected: one === role }, t(`role.${one}`))))
    control.addEventListener("change", () => change(who, control))
    return control
  }
  const change = async (/** @type {string} */ who, /** @type {HTMLSelectElement} */ control) => {
    const before = members.data?.find((/** @type {any} */ row) => row.email_or_login === who)?.role ?? ""
    const wanted = control.value
    const agreed = who !== me || await confirmAct({
      title: t("members.ownTitle"), text: t("members.ownAsk", { role: t(`role.${wanted}`) }), act: t("members.ownAct"), danger: true,
    })
    const isDone = agreed && await attempt(async () => {
      await call("add_member", { site: site.id, email_or_login: who, role: wanted })
      return t("members.changed", { who: plain(who), role: t(`role.${wanted}`) })
    })
    if (!isDone) control.value = before
    await members.refresh()
    if (isDone && who === me) await site.load()
  }
  const remove = async (/** @type {string} */ who) => {
    const agreed = await confirmAct({
      title: t("members.removeTitle", { who: plain(who) }), text: t(who === me ? "members.leaveAsk" : "members.removeAsk"), act: t("members.remove"), danger: true,
    })
    if (!agreed) return
    const isDone = await attempt(async () => {
      await call("remove_member", { site: site.id, email_or_login: who })
      return t("members.removed", { who: plain(who) })
    })
    if (isDone && who === me) location.assign("/crm")
    else await members.refresh()
  }

  const list = table({
    caption: t("settings.members"),
    rowKey: (row) => row.email_or_login,
    columns: [
      { key: "email_or_login", title: t("members.who"), narrow: true, draw: (row) => row.email_or_login === me
        ? h("span", {}, plain(me), " ", h("span", { class: "badge" }, t("members.you"))) : plain(row.email_or_login) },
      { key: "role", title: t("members.role"), narrow: true, draw: roleOf },
      { key: "created_at", title: t("members.since"), kind: "date" },
      ...(site.isOwner ? [{
        key: "acts", title: t("settings.acts"), narrow: true, width: "1%",
        draw: (/** @type {any} */ { email_or_login: who }) => rowButton(t("members.remove"), t("members.removeOf", { who: plain(who) }), () => remove(who), true),
      }] : []),
    ],
  })
  const nodes = [panel({
    title: t("settings.members"), store: members, csv: "members",
    controls: site.isOwner ? [adder(page, "member", t("members.invite"))] : [],
    draw(_, rows) {
      list.rows = rows
      return list
    },
  })]
  if (site.isOwner) nodes.push(invitationsPanel())
  return { nodes, dialogs: site.isOwner ? { member: inviteDialog } : {} }
}

function invitationsPanel() {
  const cancel = async (/** @type {string} */ email) => {
    await confirmed({
      title: t("invitations.cancelTitle", { who: plain(email) }), text: t("invitations.cancelAsk"), act: t("invitations.cancel"), danger: true,
    }, async () => {
      await call("cancel_invitation", { site: site.id, email })
      return t("invitations.cancelled")
    }, invitations)
  }
  const list = table({
    caption: t("invitations.title"),
    rowKey: (row) => row.email,
    columns: [
      { key: "email", title: t("members.who"), narrow: true },
      { key: "role", title: t("members.role"), draw: (row) => t(`role.${row.role}`), narrow: true },
      { key: "invited_by", title: t("invitations.by") },
      { key: "expires_at", title: t("keys.ends"), kind: "moment" },
      { key: "acts", title: t("settings.acts"), narrow: true, width: "1%", draw: ({ email }) =>
        rowButton(t("invitations.cancel"), t("invitations.cancelOf", { who: plain(email) }), () => cancel(email)) },
    ],
  })
  return panel({
    title: t("invitations.title"), store: invitations, csv: "invitations", height: 80,
    empty: (rows) => rows.length > 0 ? null : { title: t("invitations.none"), text: t("invitations.noneText") },
    draw(_, rows) {
      list.rows = rows
      return list
    },
  })
}

/** @param {() => void} onClose */
function inviteDialog(onClose) {
  const email = h("input", { type: "email", required: true, maxlength: "254", autofocus: true, autocomplete: "off" })
  const role = select(ROLES.map((one) => [one, t(`role.${one}`)]), "viewer")
  const place = h("div", { class: "stack" })
  let wipe = () => {}
  place.append(actForm({
    fields: [field(t("members.email"), email), field(t("members.role"), role, t("members.roles"))],
    act: t("members.inviteAct"),
    async run() {
      const token = await call("invite_member", { site: site.id, email: email.value, role: role.value })
      wipe = showOnce(place, `${location.origin}/invitation#token=${encodeURIComponent(token)}`, t("members.link", { who: plain(email.value) }))
      invitations.refresh()
    },
  }))
  return openDialog({ title: t("members.invite"), body: place, onClose: () => { wipe(); onClose() } })
}

// MARK: Keys

/** @param {Page} page @returns {Section} */
export function keysSection(page) {
  const revoke = async (/** @type {string} */ key_id, /** @type {string} */ name) => {
    await confirmed({ title: t("keys.revokeTitle", { name: plain(name) }), text: t("keys.revokeAsk"), act: t("keys.revoke"), danger: true }, async () => {
      await call("revoke_api_key", { key_id })
      return t("keys.revoked", { name: plain(name) })
    }, keys)
  }
  const isOver = (/** @type {any} */ row) => row.revoked_at !== null || row.expires_at !== null && new Date(row.expires_at) <= new Date()
  const list = table({
    caption: t("settings.keys"),
    rowKey: (row) => row.key_id,
    columns: [
      { key: "name", title: t("keys.name"), narrow: true },
      { key: "scopes", title: t("keys.may"), draw: (row) => t(row.scopes.includes("write") ? "keys.write" : "keys.read") },
      { key: "sites", title: t("keys.sites"), draw: (row) => plain(row.sites?.join(", ")) },
      { key: "requests_per_minute", title: t("keys.rate"), kind: "number" },
      { key: "last_used_at", title: t("keys.used"), draw: (row) => row.last_used_at === null ? t("keys.never") : relative(row.last_used_at) },
      { key: "expires_at", title: t("keys.ends"), draw: (row) => row.revoked_at !== null ? t("keys.wasRevoked", { when: relative(row.revoked_at) })
        : row.expires_at === null ? t("keys.noEnd") : relative(row.expires_at) },
      { key: "acts", title: t("settings.acts"), narrow: true, width: "1%", draw: (row) => isOver(row) ? h("span", { class: "badge" }, t("keys.over"))
        : rowButton(t("keys.revoke"), t("keys.revokeOf", { name: plain(row.name) }), () => revoke(row.key_id, row.name), true) },
    ],
  })
  const add = () => adder(page, "key", t("keys.add"))
  return {
    nodes: [panel({
      title: t("settings.keys"), store: keys, csv: "api-keys", controls: [add()],
      note: h("span", {}, t("keys.note"), " · ", h("a", { href: "/docs" }, t("keys.docs"))),
      empty: (rows) => rows.length > 0 ? null : { title: t("keys.none"), text: t("keys.noneText"), acts: [add()] },
      draw(_, rows) {
        list.rows = rows
        return list
      },
    })],
    dialogs: { key: keyDialog },
  }
}

/** @param {() => void} onClose */
function keyDialog(onClose) {
  const name = h("input", { required: true, maxlength: "100", autofocus: true, autocomplete: "off" })
  const scope = choice(t("keys.may"), "scope", [["read", t("keys.read")], ["write", t("keys.write")]])
  const owned = site.all.filter(({ role }) => role === "owner")
  const sites = h("fieldset", { class: "setting choice" }, h("legend", {}, t("keys.sites")), ...owned.map(({ site_id, name }) =>
    h("label", { class: "check" }, h("input", { type: "checkbox", name: "site", value: String(site_id), checked: site_id === site.current?.site_id }), plain(name))))
  const lasts = select([["30", t("keys.lasts", { n: 30 })], ["90", t("keys.lasts", { n: 90 })], ["365", t("keys.lasts", { n: 365 })], ["", t("keys.noEnd")]], "90")
  const rate = h("input", { type: "number", min: "1", max: "1000000", step: "1", required: true, value: "600" })
  const place = h("div", { class: "stack" })
  let wipe = () => {}
  place.append(actForm({
    fields: [field(t("keys.name"), name, t("keys.nameNote")), scope, owned.length > 1 ? sites : null, field(t("keys.ends"), lasts), field(t("keys.rate"), rate)],
    act: t("keys.create"),
    async run(form) {
      const given = new FormData(form)
      const secret = await call("create_api_key", {
        name: name.value,
        sites: owned.length > 1 ? given.getAll("site") : [site.id],
        scopes: given.get("scope") === "write" ? ["read", "write"] : ["read"],
        requests_per_minute: Number(rate.value),
        expires_at: lasts.value ? new Date(Date.now() + Number(lasts.value) * DAY).toISOString() : null,
      })
      wipe = showOnce(place, secret, t("keys.secret"))
      keys.refresh()
    },
  }))
  return openDialog({ title: t("keys.add"), body: place, onClose: () => { wipe(); onClose() } })
}

// MARK: Sessions

/** @param {Page} page @returns {Section} */
export function sessionsSection(page) {
  const where = (/** @type {any} */ row) => [row.browser, row.os].filter(Boolean).join(" · ") || t("sessions.unknown")
  const end = async (/** @type {string} */ session_id) => {
    await attempt(async () => {
      await call("end_my_session", { session_id })
      return t("sessions.ended")
    })
    await sessions.refresh()
  }
  const endOthers = async () => {
    await confirmed({ title: t("sessions.othersTitle"), text: t("sessions.othersAsk"), act: t("sessions.others"), danger: true }, async () => {
      await session.signOut("others")
      return t("sessions.othersEnded")
    }, sessions)
  }
  const others = h("button", { class: "button small", type: "button", onclick: endOthers }, t("sessions.others"))
  const list = table({
    caption: t("settings.sessions"),
    rowKey: (row) => row.session_id,
    columns: [
      { key: "browser", title: t("sessions.where"), narrow: true, draw: (row) => row.is_current
        ? h("span", {}, where(row), " ", h("span", { class: "badge" }, t("sessions.this"))) : where(row) },
      { key: "address", title: t("sessions.address") },
      { key: "created_at", title: t("sessions.since"), kind: "moment" },
      { key: "method", title: t("sessions.by"), draw: (row) => t(row.method === "recovery" ? "sessions.recovery" : "sessions.password") },
      { key: "expires_at", title: t("keys.ends"), kind: "moment" },
      { key: "session_id", title: t("settings.acts"), narrow: true, width: "1%", draw: (row) => row.is_current ? "–"
        : rowButton(t("sessions.end"), t("sessions.endOf", { where: where(row), when: relative(row.created_at) }), () => end(row.session_id)) },
    ],
  })
  return {
    nodes: [
      panel({
        title: t("settings.sessions"), store: sessions, csv: "sessions", controls: [others], note: t("sessions.note"),
        draw(_, rows) {
          others.disabled = rows.length < 2
          list.rows = rows
          return list
        },
      }),
      passwordPanel(page),
    ],
  }
}

/** @param {Page} page */
function passwordPanel(page) {
  // Password managers want to know whose it is.
  const who = h("input", { type: "email", autocomplete: "username", value: page.user?.email ?? "", readonly: true })
  const password = h("input", { type: "password", autocomplete: "new-password", minlength: "8", required: true })
  const again = h("input", { type: "password", autocomplete: "new-password", required: true })
  const match = () => again.setCustomValidity(again.value === password.value ? "" : t("sessions.differ"))
  password.addEventListener("input", match)
  again.addEventListener("input", match)
  const form = actForm({
    fields: [field(t("members.email"), who), field(t("sessions.new"), password, t("sessions.newNote")), field(t("sessions.again"), again)],
    act: t("sessions.change"),
    async run() {
      try {
        await session.changePassword(password.value)
      } finally {
        password.value = again.value = ""
      }
      await sessions.refresh()
      return t("sessions.changed")
    },
  })
  return panel({ title: t("sessions.passwordTitle"), draw: () => form })
}

addWords({
  en: {
    "settings.acts": "Actions",
    "role.viewer": "Viewer",
    "role.member": "Member",
    "role.owner": "Owner",
    "members.who": "Who",
    "members.you": "you",
    "members.role": "Role",
    "members.roles": "Viewers read. Members also write. Owners also change settings and members.",
    "members.roleOf": "Role of {who}",
    "members.since": "Since",
    "members.invite": "Invite",
    "members.inviteAct": "Make the invitation",
    "members.email": "E-mail",
    "members.link": "Send this link to {who}. It works once, within seven days, for this e-mail only, and is shown this once.",
    "members.changed": "{who}: {role}",
    "members.ownTitle": "Change your own role?",
    "members.ownAsk": "You will be: {role}. Only another owner can change this back.",
    "members.ownAct": "Change my role",
    "members.remove": "Remove",
    "members.removeOf": "Remove {who}",
    "members.removeTitle": "Remove {who}?",
    "members.removeAsk": "They lose the site at once, and so do API keys and invitations that they made for it.",
    "members.leaveAsk": "You lose the site at once, and so do API keys and invitations that you made for it.",
    "members.removed": "{who} was removed",
    "invitations.title": "Invitations",
    "invitations.by": "Invited by",
    "invitations.none": "Nobody is invited",
    "invitations.noneText": "Invitations that were not accepted yet stand here.",
    "invitations.cancel": "Cancel",
    "invitations.cancelOf": "Cancel the invitation of {who}",
    "invitations.cancelTitle": "Cancel the invitation of {who}?",
    "invitations.cancelAsk": "The link that was sent no longer works.",
    "invitations.cancelled": "Invitation cancelled",
    "keys.add": "New key",
    "keys.name": "Name",
    "keys.nameNote": "What the program is called that uses it.",
    "keys.may": "May",
    "keys.read": "read",
    "keys.write": "read and write",
    "keys.sites": "Sites",
    "keys.rate": "Requests a minute",
    "keys.used": "Last used",
    "keys.never": "never",
    "keys.ends": "Ends",
    "keys.noEnd": "never",
    "keys.over": "ended",
    "keys.lasts": "in {n} days",
    "keys.create": "Create key",
    "keys.secret": "This is the key. It is shown this once: copy it now.",
    "keys.note": "for programs; a key ends with its maker's ownership", "keys.docs": "what they can ask",
    "keys.none": "No keys yet",
    "keys.noneText": "A key lets a program read this site, or also write to it, without a password.",
    "keys.revoke": "Revoke",
    "keys.revokeOf": "Revoke key {name}",
    "keys.revokeTitle": "Revoke key {name}?",
    "keys.revokeAsk": "Programs that use it are refused from their next request on. This cannot be undone.",
    "keys.revoked": "Key {name} was revoked",
    "keys.wasRevoked": "revoked {when}",
    "sessions.note": "where you are signed in",
    "sessions.where": "Where",
    "sessions.this": "this one",
    "sessions.unknown": "unknown",
    "sessions.address": "Address",
    "sessions.since": "Signed in",
    "sessions.by": "By",
    "sessions.password": "password",
    "sessions.recovery": "reset link",
    "sessions.end": "End",
    "sessions.endOf": "End the session {where}, {when}",
    "sessions.ended": "Session ended",
    "sessions.others": "End all others",
    "sessions.othersTitle": "End all other sessions?",
    "sessions.othersAsk": "Everywhere but here you are signed out at once.",
    "sessions.othersEnded": "All other sessions have ended",
    "sessions.passwordTitle": "Change password",
    "sessions.new": "New password",
    "sessions.newNote": "At least 8 characters. All other sessions end.",
    "sessions.again": "New password again",
    "sessions.differ": "The two are not the same.",
    "sessions.change": "Change password",
    "sessions.changed": "Password changed; all other sessions have ended",
  },
  pt: {
    "settings.acts": "Ações",
    "role.viewer": "Leitor",
    "role.member": "Membro",
    "role.owner": "Proprietário",
    "members.who": "Quem",
    "members.you": "você",
    "members.role": "Papel",
    "members.roles": "Leitores leem. Membros também gravam. Proprietários também mudam configurações e membros.",
    "members.roleOf": "Papel de {who}",
    "members.since": "Desde",
    "members.invite": "Convidar",
    "members.inviteAct": "Criar convite",
    "members.email": "E-mail",
    "members.link": "Envie este link para {who}. Funciona uma vez, em até sete dias, só para este e-mail, e é mostrado só agora.",
    "members.changed": "{who}: {role}",
    "members.ownTitle": "Mudar o próprio papel?",
    "members.ownAsk": "Você será: {role}. Só outro proprietário pode desfazer isto.",
    "members.ownAct": "Mudar meu papel",
    "members.remove": "Remover",
    "members.removeOf": "Remover {who}",
    "members.removeTitle": "Remover {who}?",
    "members.removeAsk": "A pessoa perde o site na hora, e também as chaves de API e convites que criou para ele.",
    "members.leaveAsk": "Você perde o site na hora, e também as chaves de API e convites que criou para ele.",
    "members.removed": "{who} foi removido",
    "invitations.title": "Convites",
    "invitations.by": "Convidado por",
    "invitations.none": "Ninguém está convidado",
    "invitations.noneText": "Convites ainda não aceitos ficam aqui.",
    "invitations.cancel": "Cancelar",
    "invitations.cancelOf": "Cancelar o convite de {who}",
    "invitations.cancelTitle": "Cancelar o convite de {who}?",
    "invitations.cancelAsk": "O link enviado deixa de funcionar.",
    "invitations.cancelled": "Convite cancelado",
    "keys.add": "Nova chave",
    "keys.name": "Nome",
    "keys.nameNote": "Como se chama o programa que a usa.",
    "keys.may": "Pode",
    "keys.read": "ler",
    "keys.write": "ler e gravar",
    "keys.sites": "Sites",
    "keys.rate": "Pedidos por minuto",
    "keys.used": "Último uso",
    "keys.never": "nunca",
    "keys.ends": "Termina",
    "keys.noEnd": "nunca",
    "keys.over": "encerrada",
    "keys.lasts": "em {n} dias",
    "keys.create": "Criar chave",
    "keys.secret": "Esta é a chave. Ela é mostrada só agora: copie já.",
    "keys.note": "para programas; uma chave acaba quando quem a criou deixa de ser proprietário", "keys.docs": "o que podem perguntar",
    "keys.none": "Ainda não há chaves",
    "keys.noneText": "Uma chave deixa um programa ler este site, ou também gravar nele, sem senha.",
    "keys.revoke": "Revogar",
    "keys.revokeOf": "Revogar a chave {name}",
    "keys.revokeTitle": "Revogar a chave {name}?",
    "keys.revokeAsk": "Programas que a usam são recusados a partir do próximo pedido. Não pode ser desfeito.",
    "keys.revoked": "A chave {name} foi revogada",
    "keys.wasRevoked": "revogada {when}",
    "sessions.note": "onde você entrou",
    "sessions.where": "Onde",
    "sessions.this": "esta",
    "sessions.unknown": "desconhecido",
    "sessions.address": "Endereço",
    "sessions.since": "Entrou",
    "sessions.by": "Por",
    "sessions.password": "senha",
    "sessions.recovery": "link de redefinição",
    "sessions.end": "Encerrar",
    "sessions.endOf": "Encerrar a sessão {where}, {when}",
    "sessions.ended": "Sessão encerrada",
    "sessions.others": "Encerrar todas as outras",
    "sessions.othersTitle": "Encerrar todas as outras sessões?",
    "sessions.othersAsk": "Em todo lugar menos aqui, você sai na hora.",
    "sessions.othersEnded": "Todas as outras sessões foram encerradas",
    "sessions.passwordTitle": "Mudar senha",
    "sessions.new": "Nova senha",
    "sessions.newNote": "Pelo menos 8 caracteres. Todas as outras sessões acabam.",
    "sessions.again": "Nova senha outra vez",
    "sessions.differ": "As duas não são iguais.",
    "sessions.change": "Mudar senha",
    "sessions.changed": "Senha mudada; todas as outras sessões acabaram",
  },
})
