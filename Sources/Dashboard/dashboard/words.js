// Every word of the pages in English and Portuguese (Brazil). The language is the reader's choice, else the browser's
// first one that we speak; theme.js has put it on the root before the first paint.

/** @typedef {string | { one: string, other: string }} Word by the number `n` where it has two forms */
/** @typedef {{ en: Record<string, Word>, pt: Record<string, Word> }} Words */

/** @type {"en" | "pt"} */
export const language = document.documentElement.lang.startsWith("pt") ? "pt" : "en"

/** What numbers and dates look like: the reader's own region where it is of this language. */
export const locale = navigator.languages.find((tag) => tag.toLowerCase().startsWith(language)) ?? (language === "pt" ? "pt-BR" : "en")

/** Keeps the choice and shows the page in it. @param {"en" | "pt"} chosen */
export function speak(chosen) {
  try {
    localStorage.setItem("vibe.language", chosen)
  } catch { /* then it cannot be kept */ }
  location.reload()
}

const plurals = new Intl.PluralRules(locale)
/** @type {Map<string, Word>} */
const words = new Map()

/** Makes more words known. @param {Words} more */
export function addWords(more) {
  for (const [key, word] of Object.entries(more[language])) words.set(key, word)
}

/**
 * @param {string} key
 * @param {Record<string, string | number>} [given] what stands for {name} in it; numbers as they should be read
 */
export function t(key, given = {}) {
  const word = words.get(key)
  if (word === undefined) {
    console.error(`no word for "${key}" in ${language}`)
    return key
  }
  const text = typeof word === "string" ? word : plurals.select(Number(given.n)) === "one" ? word.one : word.other
  return text.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = given[name]
    return value === undefined ? whole : typeof value === "number" ? new Intl.NumberFormat(locale).format(value) : value
  })
}

/** Why reading failed, in our own words: what the database says is for its log. @param {any} error */
export function why(error) {
  if (error?.status === 0) return t(error.code === "TIMEOUT" ? "error.late" : "error.reach")
  if (error?.status === 403) return t("error.rights")
  if (error?.status === 429) return t("error.often")
  if (error?.status === 504 || error?.code === "57014") return t("error.late")
  return t("error.status", { status: String(error?.status ?? "?") })
}

/** What a refusal means by its SQLSTATE or its class, in front of the database's sentence, which is English. */
const KINDS = /** @type {Record<string, string>} */ ({
  "22": "said.value", "23": "said.conflict", "23502": "said.value", "23505": "said.exists", "23514": "said.value", "40": "said.again",
  "42703": "said.missing", "42704": "said.missing", "42710": "said.exists", "53": "said.again", "55": "said.again",
})

/** What a failed act says in a form or a toast: the sentence that a function wrote for its caller, with its advice. @param {any} error */
export function saidBy(error) {
  const isOurs = error?.status >= 400 && error.status < 500 && ![403, 429].includes(error.status) && error.message
  if (!isOurs) return why(error)
  const sentence = [error.message, error.hint].filter(Boolean).join(". "), code = String(error.code)
  return language === "en" ? sentence : `${t(KINDS[code] ?? KINDS[code.slice(0, 2)] ?? "said.refused")} (${sentence})`
}

addWords({
  en: {
    "page.crm": "CRM",
    "page.analytics": "Analytics",
    "page.campaigns": "Campaigns",
    "page.segmentation": "Segmentation",
    "page.funnels": "Funnels",
    "page.retention": "Retention",
    "page.settings": "Settings",
    "shell.skip": "Skip to content",
    "shell.main": "Main",
    "shell.account": "Account",
    "shell.site": "Site",
    "shell.signOut": "Sign out",
    "shell.language": "Português",
    "shell.theme.auto": "Theme: as the system",
    "shell.theme.light": "Theme: light",
    "shell.theme.dark": "Theme: dark",
    "shell.shortcuts": "Keyboard shortcuts",
    "shell.shortcutsOn": "Single keys act",
    "shell.help": "This list",
    "shell.cannotStart": "The page could not start",
    "shell.zones": "Days in {site} (site) · clock times in {reader}",
    "live.live": "Live",
    "live.polling": "Every few seconds",
    "live.connecting": "Connecting…",
    "live.offline": "Offline",
    "panel.sql": "SQL",
    "panel.sqlOf": "SQL of {title}",
    "panel.sqlText": "The query behind this panel. It gives the same rows in psql, signed in as you.",
    "panel.csv": "CSV",
    "panel.csvOf": "Download {title} as CSV",
    "panel.loading": "Loading {title}",
    "panel.failed": "Could not load data.",
    "panel.retry": "Try again",
    "panel.request": "Request {id}.",
    "panel.stale": "As of {time}; a newer answer could not be had.",
    "panel.broken": "This panel could not be drawn.",
    "error.reach": "The server cannot be reached.",
    "error.late": "The server took too long. A shorter period may help.",
    "error.rights": "You may not do this.",
    "error.status": "The server answered with an error ({status}).",
    "error.often": "Too many requests. Please wait a moment.",
    "copy": "Copy",
    "copied": "Copied",
    "copy.failed": "Copying is not allowed",
    "dialog.type": "Type {word} to confirm",
    "close": "Close",
    "cancel": "Cancel",
    "save": "Save",
    "delete": "Delete",
    "table.empty": "No rows",
    "pager.label": "Pages",
    "pager.range": "{first}–{last} of {total}",
    "pager.previous": "Previous page",
    "pager.next": "Next page",
    "chart.table": "Show as table",
    "chart.this": "This period",
    "chart.previous": "Previous",
    "chart.when": "When",
    "chart.soFar": "so far",
    "chart.none": "{label}: nothing in this period",
    "chart.summary": "{label} from {first} to {last}: lowest {least} ({leastAt}), highest {most} ({mostAt}), latest {latest}",
    "chart.read": "{label}, read point by point with the arrow keys",
    "chart.missing": "The chart could not be drawn; the table below has its figures.",
    "card.new": "new",
    "card.same": "no change",
    "card.versus": "vs {value}",
    "card.points": "{n} pp",
    "card.better": "better",
    "card.worse": "worse",
    "none": "–",
  },
  pt: {
    "page.crm": "CRM",
    "page.analytics": "Análise",
    "page.campaigns": "Campanhas",
    "page.segmentation": "Segmentação",
    "page.funnels": "Funis",
    "page.retention": "Retenção",
    "page.settings": "Configurações",
    "shell.skip": "Ir para o conteúdo",
    "shell.main": "Principal",
    "shell.account": "Conta",
    "shell.site": "Site",
    "shell.signOut": "Sair",
    "shell.language": "English",
    "shell.theme.auto": "Tema: o do sistema",
    "shell.theme.light": "Tema: claro",
    "shell.theme.dark": "Tema: escuro",
    "shell.shortcuts": "Atalhos do teclado",
    "shell.shortcutsOn": "Teclas simples funcionam",
    "shell.help": "Esta lista",
    "shell.cannotStart": "A página não pôde iniciar",
    "shell.zones": "Dias em {site} (site) · horários em {reader}",
    "live.live": "Ao vivo",
    "live.polling": "A cada poucos segundos",
    "live.connecting": "Conectando…",
    "live.offline": "Sem conexão",
    "panel.sql": "SQL",
    "panel.sqlOf": "SQL de {title}",
    "panel.sqlText": "A consulta por trás deste painel. Ela dá as mesmas linhas no psql, com o seu acesso.",
    "panel.csv": "CSV",
    "panel.csvOf": "Baixar {title} em CSV",
    "panel.loading": "Carregando {title}",
    "panel.failed": "Não foi possível carregar os dados.",
    "panel.retry": "Tentar de novo",
    "panel.request": "Pedido {id}.",
    "panel.stale": "Situação de {time}; não houve resposta mais nova.",
    "panel.broken": "Não foi possível desenhar este painel.",
    "error.reach": "O servidor não responde.",
    "error.late": "O servidor demorou demais. Um período menor pode ajudar.",
    "error.rights": "Você não tem permissão para isto.",
    "error.status": "O servidor respondeu com um erro ({status}).",
    "error.often": "Pedidos demais. Espere um momento.",
    "said.value": "Um valor não foi aceito", "said.exists": "Isto já existe", "said.conflict": "Isto não combina com o que está guardado",
    "said.missing": "Isto não existe", "said.again": "Agora não; tente de novo em instantes", "said.refused": "O servidor recusou",
    "copy": "Copiar",
    "copied": "Copiado",
    "copy.failed": "Cópia não permitida",
    "dialog.type": "Digite {word} para confirmar",
    "close": "Fechar",
    "cancel": "Cancelar",
    "save": "Salvar",
    "delete": "Excluir",
    "table.empty": "Nenhuma linha",
    "pager.label": "Páginas",
    "pager.range": "{first}–{last} de {total}",
    "pager.previous": "Página anterior",
    "pager.next": "Próxima página",
    "chart.table": "Mostrar como tabela",
    "chart.this": "Este período",
    "chart.previous": "Anterior",
    "chart.when": "Quando",
    "chart.soFar": "até agora",
    "chart.none": "{label}: nada neste período",
    "chart.summary": "{label} de {first} a {last}: mínimo {least} ({leastAt}), máximo {most} ({mostAt}), último {latest}",
    "chart.read": "{label}, leia ponto a ponto com as setas",
    "chart.missing": "Não foi possível desenhar o gráfico; a tabela abaixo tem os números.",
    "card.new": "novo",
    "card.same": "sem mudança",
    "card.versus": "vs. {value}",
    "card.points": "{n} p.p.",
    "card.better": "melhor",
    "card.worse": "pior",
    "none": "–",
  },
})
