"""The frame of the dashboard: its parts on a page of this test's own, the sign-in pages, and what every page must keep to."""
import re

import pytest
from playwright.sync_api import expect

import dashboard
from dashboard import PEOPLE, board, visit  # noqa: F401  fixtures
from browsing import eventually
from conftest import ROOT

HTML = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Try</title>
<script src="/dashboard/theme.js"></script><link rel="stylesheet" href="/dashboard/styles/parts.css"><script type="module" src="/dashboard/try.js"></script></head>
<body><main id="main"></main></body></html>"""
SCRIPT = """
import { openPage } from "/dashboard/shell.js"
import { panel } from "/dashboard/panel.js"
import { pager, table } from "/dashboard/table.js"
import { lineChart } from "/dashboard/chart.js"
import { bars } from "/dashboard/bars.js"
import { metricCard } from "/dashboard/card.js"
import { confirmAct, toast } from "/dashboard/dialog.js"
import { chartData, crmMetrics, Query, site, store } from "/client.js"

const words = { en: { users: { one: "{n} user", other: "{n} users" } }, pt: { users: { one: "{n} usuário", other: "{n} usuários" } } }
openPage({ name: "crm", words, build({ t, main, toolbar, state, shortcut }) {
  const card = metricCard({ label: "Total users" })
  crmMetrics.subscribe(() => { card.metric = crmMetrics.data?.find(({ metric }) => metric === "total_users") })
  const chart = lineChart({ label: "Users per day" })
  const people = store(() => new Query({ from: "site_users", select: ["user_id", "name", "email"],
    where: [["site_id", "eq", site.current.site_id]], order: [state.get("sort", "user_id.asc").replace(".asc", "")], limit: 8 }), { count: true })
  const list = table({
    caption: "People", rowKey: (row) => row.user_id, sort: state.get("sort", "user_id.asc"), onSort: (sort) => state.set({ sort }),
    columns: [{ key: "name", title: "Name", sort: "name", narrow: true }, { key: "user_id", title: "Id", kind: "number", sort: "user_id" }, { key: "email", title: "Mail" }],
    open: async (row) => toast(String(await confirmAct({ title: "Delete", text: "For ever.", act: "Delete it", danger: true, word: "yes" }))),
  })
  state.watch(["sort"], () => { list.sort = state.get("sort"); people.refresh() })
  const turns = pager({ limit: 8, go() {} })
  chartData.set({ compare: true })
  main.append(card,
    panel({ title: "Users", store: chartData, height: 300, csv: "users", draw: (_, points) => { chart.points = points; return chart } }),
    panel({ title: "Shares", store: crmMetrics, draw: () => bars([{ label: "Loyal\\u202e", value: 18120, share: 0.27, color: 2 }, { label: "Lost", value: 3, share: 1 }]) }),
    panel({ title: "People", store: people, csv: "people", empty: ({ total }) => total ? null : { title: "Nobody yet", text: "Nothing." },
      draw: (body, { rows, total }) => { list.rows = rows; turns.show(total, 0); body.replaceChildren(list, turns) } }),
    panel({ title: "Broken", store: crmMetrics, draw: () => { throw new Error("on purpose") } }))
  toolbar.append(t("users", { n: 1 }), "/", t("users", { n: 1234 }))
  shortcut("x", "Compare", () => toast("compared"))
  window.parts = { chart, list, state, card, site, people }
} })
"""
PAGES = sorted(path.stem for path in (ROOT / "Sources/Dashboard/dashboard").glob("*.html"))
FRAMED = [name for name in PAGES if name in ("crm", "analytics", "campaigns", "segmentation", "funnels", "retention", "settings")]


@pytest.fixture
def trial(board, visit):
    """Opens the page of this test, under the policy of the real ones."""
    def go(path="/try", **options):
        page = visit("/dashboard/icon.svg", **options)
        page.provoked = re.compile("on purpose")  # the last panel is broken
        real = page.request.get(board.url + "/login").headers
        policy = {name: real[name] for name in ("content-security-policy", "referrer-policy")}
        page.context.route("**/try*", lambda route: route.fulfill(body=HTML, content_type="text/html", headers=policy))
        page.context.route("**/dashboard/try.js", lambda route: route.fulfill(body=SCRIPT, content_type="text/javascript"))
        page.goto(board.url + path)
        dashboard.settle(page)
        return page

    return go


def test_sql_of_a_panel_is_what_it_shows(board, trial):
    page = trial()
    assert dashboard.check_sql(board, page, ["Users", "People"]) == ["Users", "People"]
    page.problems.clear()


# -- Parts -----------------------------------------------------------------------------------------------------------


def test_words_by_number_and_language(trial):
    expect(trial().locator(".toolbar")).to_have_text("1 user/1,234 users")
    page = trial(locale="pt-BR")
    expect(page.locator(".toolbar")).to_have_text("1 usuário/1.234 usuários")
    expect(page.locator("html")).to_have_attribute("lang", "pt-BR")
    expect(page.get_by_role("link", name="Segmentação")).to_be_visible()
    # The choice outlasts the page, and comes before the browser's wish.
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("link", name="Segmentation")).to_be_visible()
    page.goto(page.url)
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.problems.clear()


def test_a_failing_panel_takes_nothing_with_it(trial):
    page = trial()
    expect(dashboard.panel(page, "Broken")).to_have_attribute("data-state", "error")
    expect(dashboard.panel(page, "Broken").get_by_role("alert")).to_have_text("This panel could not be drawn.")
    for title in ("Users", "Shares", "People"):
        expect(dashboard.panel(page, title)).to_have_attribute("data-state", "ready")
    # An answer that fails leaves the old picture, says so, and can be asked for again.
    page.route("**/rest/v1/site_users*", lambda route: route.fulfill(status=500, body='{"message": "secret detail"}', headers={"X-Request-Id": "r-77"}))
    page.get_by_role("columnheader", name="Name").get_by_role("button").click()
    expect(dashboard.panel(page, "People")).to_have_attribute("data-state", "stale")
    expect(dashboard.panel(page, "People").get_by_role("status")).to_contain_text("a newer answer could not be had")
    expect(dashboard.panel(page, "People").get_by_role("row")).to_have_count(9)
    page.reload()
    alert = dashboard.panel(page, "People").get_by_role("alert")
    expect(alert).to_contain_text("Could not load data. The server answered with an error (500). Request r-77.")
    expect(alert).not_to_contain_text("secret")
    page.unroute("**/rest/v1/site_users*")
    dashboard.panel(page, "People").get_by_role("button", name="Try again").click()
    expect(dashboard.panel(page, "People")).to_have_attribute("data-state", "ready")
    page.problems.clear()


def test_address_holds_the_order_and_back_undoes_what_was_pushed(board, trial):
    page = trial("/try?sort=name.desc")
    expect(page.get_by_role("columnheader", name="Name")).to_have_attribute("aria-sort", "descending")
    page.get_by_role("columnheader", name="Id").get_by_role("button").click()
    expect(page).to_have_url(f"{board.url}/try?sort=user_id.desc")
    page.get_by_role("columnheader", name="Id").get_by_role("button").click()
    expect(page).to_have_url(f"{board.url}/try")  # the default stands in no address
    page.evaluate("parts.state.push({ tab: 'b' })")
    expect(page).to_have_url(f"{board.url}/try?tab=b")
    page.go_back()
    expect(page).to_have_url(f"{board.url}/try")
    assert page.evaluate("parts.state.get('tab', 'a')") == "a"
    page.problems.clear()


def test_table_keeps_focus_and_hands_it_on(trial):
    page = trial()
    rows = "[1, 2, 3].map((id) => ({ user_id: id, name: `n${id}`, email: null }))"
    page.evaluate(f"parts.people.data = null; parts.list.rows = {rows}")
    page.get_by_role("button", name="n2").focus()
    page.evaluate("parts.list.rows = [3, 2, 1].map((id) => ({ user_id: id, name: `n${id}`, email: 'x' }))")
    expect(page.get_by_role("button", name="n2")).to_be_focused()
    page.evaluate("parts.list.rows = [3, 1].map((id) => ({ user_id: id, name: `n${id}`, email: 'x' }))")
    expect(page.get_by_role("button", name="n1")).to_be_focused()
    # Hostile text stays text, and every invisible character is seen.
    page.evaluate("parts.list.rows = [{ user_id: 9, name: '<img src=x onerror=alert(1)>\\u202e', email: 'x'.repeat(200) }]")
    expect(page.get_by_role("button", name="<img src=x onerror=alert(1)>␣")).to_be_visible()
    expect(page.locator("data-table img")).to_have_count(0)
    page.problems.clear()


def test_question_before_an_act_that_cannot_be_undone(trial):
    page = trial()
    first = dashboard.panel(page, "People").locator("tbody button").first
    first.click()
    dialog = page.get_by_role("dialog", name="Delete")
    expect(dialog.get_by_role("button", name="Delete it")).to_be_disabled()
    dashboard.check_axe(page)
    page.keyboard.press("Escape")
    expect(page.locator(".toast")).to_have_text("false")
    expect(first).to_be_focused()
    first.click()
    dialog.get_by_label("Type yes to confirm").fill("yes")
    dialog.get_by_role("button", name="Delete it").click()
    expect(page.locator(".toast").last).to_have_text("true")
    page.problems.clear()


def test_chart_is_read_by_keys_and_as_a_table(trial):
    page = trial()
    chart = page.locator("line-chart")
    expect(chart.get_by_role("img")).to_have_attribute("aria-label", re.compile("^Users per day from .* lowest .* highest .* latest "))
    reader = chart.get_by_role("slider")
    reader.focus()
    page.keyboard.press("End")
    expect(reader).to_have_attribute("aria-valuetext", re.compile(r"\(so far\): [\d,]+; Previous [\d,]+$"))
    page.keyboard.press("Home")
    points = page.evaluate("parts.chart.points")
    expect(reader).to_have_attribute("aria-valuetext", re.compile(f": {points[0]['value']:,}; Previous {points[0]['previous']:,}$"))
    page.keyboard.press("ArrowRight")
    expect(reader).to_have_attribute("aria-valuenow", "1")
    chart.get_by_text("Show as table").click()
    expect(chart.locator("tbody tr")).to_have_count(len(points))
    assert [text.replace(",", "") for text in chart.locator("tbody td:nth-child(2)").all_inner_texts()] == [str(point["value"]) for point in points]
    # The colours are those of the theme, also when it changes under the page.
    painted = """([red, green, blue]) => {
      const canvas = document.querySelector("line-chart canvas")
      const bytes = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data
      for (let i = 0; i < bytes.length; i += 4) if (bytes[i + 3] > 200 && bytes[i] === red && bytes[i + 1] === green && bytes[i + 2] === blue) return true
      return false }"""
    assert page.evaluate(painted, [0x0b, 0x62, 0xd6])
    page.get_by_role("button", name="Theme: as the system").click()
    page.get_by_role("button", name="Theme: light").click()
    expect(page.get_by_role("button", name="Theme: dark")).to_be_visible()
    assert eventually(page, lambda: page.evaluate(painted, [0x6a, 0xab, 0xff]), True)
    page.problems.clear()


def test_changes_of_cards(trial):
    page = trial()
    said = page.evaluate("""async () => {
      const { delta } = await import("/dashboard/card.js")
      const of = (value, previous, change, format, better) => {
        const d = delta({ value, previous, change, format, better })
        return d && [d.text, d.way, d.isGood]
      }
      return [of(110, 100, 0.1, "integer", "up"), of(90, 100, -0.1, "integer", "up"), of(0.031, 0.035, -0.004, "rate", "down"), of(0.2, 0, 0.2, "rate", "up"),
        of(5, 0, null, "integer", "up"), of(0, 0, null, "money", "up"), of(null, 3, null, "rate", "up"), of(3, null, null, "rate", "up"), of("12.5", "10", "0.25", "money", "up")]
    }""")
    assert said == [["10%", "up", True], ["10%", "down", False], ["0.4 pp", "down", True], ["20 pp", "up", True],
                    ["new", "up", True], ["no change", "same", True], None, None, ["25%", "up", True]]
    page.problems.clear()


# -- The frame -------------------------------------------------------------------------------------------------------


def test_switcher_keeps_what_means_the_same_elsewhere(board, visit):
    page = dashboard.settle(visit("/crm?period=90d&user=1"))
    page.goto(board.url + "/crm?period=90d")
    dashboard.settle(page)
    page.get_by_role("combobox", name="Site").select_option("empty")
    expect(page).to_have_url(f"{board.url}/crm?period=90d&site=empty")
    expect(page.get_by_text("Days in America/Sao_Paulo (site)")).to_be_visible()
    expect(page.get_by_role("link", name="Funnels")).to_have_attribute("href", re.compile(r"/funnels\?period=90d&site=empty"))
    page.goto(board.url + "/crm?site=elsewhere")  # another's site: as if it did not exist
    expect(page.get_by_role("combobox", name="Site")).to_have_value("shop")
    dashboard.settle(page)


def test_keys_act_and_can_be_turned_off(board, trial):
    page = trial()
    page.keyboard.press("x")
    expect(page.locator(".toast")).to_have_text("compared")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_contain_text("Compare")
    dashboard.check_axe(page)
    dialog.get_by_role("checkbox").uncheck()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.keyboard.press("?")
    expect(dialog).to_have_count(0)
    page.problems.clear()


def test_theme_is_kept_and_painted_first(board, visit):
    page = dashboard.settle(visit("/crm"))
    page.get_by_role("button", name="Theme: as the system").click()
    page.get_by_role("button", name="Theme: light").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.route("**/dashboard/shell.js", lambda route: route.abort())
    page.goto(board.url + "/crm")  # before any module has run
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(15, 17, 21)"
    page.problems.clear()


@pytest.mark.parametrize("name", FRAMED)
def test_budgets(visit, name):
    dashboard.check_weight(visit, f"/{name}")


@pytest.mark.parametrize("name", PAGES)
def test_page_preloads_exactly_what_it_imports(name):
    root = ROOT / "Sources/Dashboard"
    text = (root / f"dashboard/{name}.html").read_text()
    seen, todo = set(), re.findall(r'<script type="module" src="([^"]+)"', text)
    started = set(todo)  # what asks before the page is there, and the page
    while todo:
        url = todo.pop()
        script = re.sub(r"/\*.*?\*/", "", (root / ("client/client.js" if url == "/client.js" else url[1:])).read_text(), flags=re.S)
        for found in re.findall(r'^(?:import|export)\b[^;"\']*?from\s*"([^"]+)"|^import\s+"([^"]+)"', script, flags=re.M):
            target = next(filter(None, found))
            target = url.rsplit("/", 1)[0] + target[1:] if target.startswith("./") else target
            if target not in seen:
                seen.add(target)
                todo.append(target)
    # The chart library too, where a chart stands on the page from the start.
    assert sorted(set(re.findall(r'modulepreload" href="([^"]+)"', text)) - {"/vendor/chart.js"}) == sorted(seen - started)


def test_scripts_have_no_text_that_looks_like_a_comment():
    # The server leaves out lines that are only comment; a line of a text between backquotes must not look like one.
    for path in (ROOT / "Sources/Dashboard").rglob("*.js"):
        inside = False
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if line.strip().startswith(("//", "/**", "*")):
                assert not inside, f"{path.name}:{number}"
            elif line.replace("\\`", "").count("`") % 2 == 1:
                inside = not inside


# -- Before the dashboard --------------------------------------------------------------------------------------------


def refused(page):
    """The browser logs every refusal; those that a test provokes are taken out."""
    page.problems[:] = [problem for problem in page.problems if not re.search("status of 4", problem)]


def test_signing_in_leads_back_and_never_away(board, visit):
    page = visit("/funnels?period=90d", who=None)
    expect(page).to_have_url(f"{board.url}/login?next=%2Ffunnels%3Fperiod%3D90d")
    page.get_by_label("Email").fill(PEOPLE["viewer"])
    page.get_by_label("Password").fill("a wrong password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("Invalid login credentials")
    page.get_by_label("Password").fill(dashboard.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{board.url}/funnels?period=90d")
    dashboard.settle(page)
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(f"{board.url}/login")
    refused(page)
    for evil in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"):
        page.goto(f"{board.url}/login?next={evil}")
        page.get_by_label("Email").fill(PEOPLE["viewer"])
        page.get_by_label("Password").fill(dashboard.PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page).to_have_url(f"{board.url}/crm")
    refused(page)


def test_a_lost_password_is_set_anew_once(board, visit):
    board.one("select vibe.create_user('lost@example.org', %s)", dashboard.PASSWORD)
    token = board.one("select vibe.create_password_reset('lost@example.org')")
    page = visit(f"/reset#token={token}", who=None)
    page.get_by_label("New password").fill("another long password")
    page.get_by_role("button", name="Set password and sign in").click()
    expect(page).to_have_url(f"{board.url}/crm")
    page = visit(f"/reset#token={token}", who=None, locale="pt-BR")
    page.get_by_label("Nova senha").fill("yet another password")
    page.get_by_role("button", name="Definir senha e entrar").click()
    expect(page.get_by_role("alert")).to_contain_text("Este link já foi usado ou venceu.")
    refused(page)
    page = visit("/reset", who=None)
    expect(page.get_by_role("alert")).to_have_text("This link is not complete. Copy it whole, or ask for a new one.")


def test_an_invitation_is_accepted_by_a_new_account_and_by_a_known_one(board, visit):
    def invite(email):
        with dashboard.connect(board.server.database, user="vibe_server") as session:
            session.execute("set role vibe_member")
            session.execute("select set_config('request.jwt.claims', %s, false)", [board.claims("owner")])
            return session.execute("select vibe.invite_member('shop', %s, 'viewer')", [email]).fetchone()[0]

    board.signed_in("owner")
    page = visit(f"/invitation#token={invite('new@example.org')}", who=None)
    page.get_by_label("Email").fill("new@example.org")
    page.get_by_label("Password").fill(dashboard.PASSWORD)
    page.get_by_role("button", name="Create an account and join").click()
    expect(page).to_have_url(f"{board.url}/crm?site=shop")
    expect(page.get_by_role("heading", name="CRM", level=1)).to_be_visible()
    refused(page)
    page = visit(f"/invitation#token={invite(PEOPLE['stranger'])}", who="stranger")
    expect(page.get_by_text("You are signed in as stranger@example.org.")).to_be_visible()
    page.get_by_role("button", name="Join").click()
    expect(page).to_have_url(f"{board.url}/crm?site=shop")
    page = visit("/invitation#token=never-made", who="stranger")
    page.get_by_role("button", name="Join").click()
    expect(page.get_by_role("alert")).to_have_text("This invitation has been used, has ended or is for another e-mail.")
    refused(page)
    board.one("select vibe.remove_member('shop', %s)::text", PEOPLE["stranger"])


@pytest.mark.parametrize("path", ["/login", "/signup", "/reset#token=x", "/invitation#token=x"])
def test_looks_of_the_pages_before(board, visit, path):
    page = visit(path, who=None)
    dashboard.check_looks(page, ready=lambda other: (expect(other.locator("main h1")).to_be_visible(), refused(other)))
    refused(page)


def test_looks_of_the_parts(board, trial):
    for width, scheme in dashboard.LOOKS:
        page = trial(width=width, scheme=scheme)
        dashboard.check_axe(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.evaluate("shifted") < 0.05
        page.problems.clear()
        page.context.close()


def test_headers(board, visit):
    page = visit("/login", who=None)
    for name in PAGES:
        headers = page.request.get(f"{board.url}/{name}").headers
        assert "require-trusted-types-for 'script'; trusted-types 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"] and "script-src 'self'" in headers["content-security-policy"]
        assert headers["permissions-policy"].startswith("camera=()") and headers["content-encoding"] == "gzip"
        assert headers["cache-control"] == "no-cache" and headers["vary"] == "Accept-Encoding"
    # The policy holds in the browser: no script of a text, no markup of one.
    tries = """() => ["innerHTML", "script", "eval"].map((way) => { try {
      if (way === "innerHTML") document.body.innerHTML = "<b>x</b>"
      if (way === "script") document.body.append(Object.assign(document.createElement("script"), { src: "/dashboard/try.js" }))
      if (way === "eval") setTimeout("1")
      return "done" } catch (error) { return error.name } })"""
    assert page.evaluate(tries) == ["TypeError", "TypeError", "TypeError"]
    page.problems.clear()
