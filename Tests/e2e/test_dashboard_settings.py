"""The page /settings: every section in a real browser against the real server, and what each role may do there."""
import json
import re

import pytest
from playwright.sync_api import expect

import dashboard
from browsing import USER_AGENT, eventually
from dashboard import PASSWORD, PEOPLE, board, visit  # noqa: F401  fixtures

SECTIONS = {
    "site": ["General", "Clock and currency", "Keeping events"], "install": ["Install the tracker", "Site key"],
    "members": ["Members", "Invitations"], "keys": ["API keys"], "goals": ["Goals"], "sessions": ["Sessions"], "danger": [],
}
LINKS = {"owner": ["Site", "Install", "Members", "API keys", "Goals", "Sessions", "Danger"],
         "member": ["Site", "Install", "Members", "Goals", "Sessions", "Danger"], "viewer": ["Site", "Install", "Members", "Goals", "Sessions"]}


@pytest.fixture(scope="module", autouse=True)
def furnished(board):  # noqa: F811
    """A goal with a hostile name, a key and an invitation on the shop."""
    board.one("select vibe.create_goal('shop', %s, 'purchase', value_property => 'total')", dashboard.HOSTILE[0])
    board.one("select vibe.create_api_key('nightly report', '{shop}')")
    board.one("select vibe.invite_member('shop', 'asked@example.org', 'viewer')")


@pytest.fixture
def plot(board):  # noqa: F811
    """Makes sites to be changed: `plot("name", member="viewer")` has the owner as an owner, and others in the roles given."""
    def make(name, **roles):
        made = board.one("select vibe.create_site(%s)", name)
        board.afterwards += [(f"delete from vibe.{table} where site_id = %s", [made]) for table in ("sites", "user_events")]
        for who, role in ({"owner": "owner"} | roles).items():
            board.one("select vibe.add_member(%s, %s, %s)::text", str(made), PEOPLE[who], role)
        return made

    return make


def said(page, text):
    """A toast, or the refusal that stands in a form."""
    return expect(page.locator(".toast, .problem").filter(has_text=text).last).to_be_visible()


def agree(page, act, word=None):
    """Says yes to the question that lies over the page."""
    question = page.get_by_role("dialog").last
    if word is not None:
        expect(question.get_by_role("button", name=act)).to_be_disabled()
        question.get_by_role("textbox").fill(word)
    question.get_by_role("button", name=act).click()


def arrived(page):
    """The code of a section comes when it is opened: its panels are there and have their answers."""
    expect(page.locator("main data-panel").first).to_be_visible()
    return dashboard.settle(page)


def settings(visit, path, who="owner", **options):  # noqa: F811
    return arrived(visit(f"/settings?{path}", who=who, **options))


# -- What is shown ---------------------------------------------------------------------------------------------------


def test_sql_and_csv_of_every_panel_say_what_the_page_says(board, visit):  # noqa: F811
    page = visit("/settings")
    for section, titles in SECTIONS.items():
        page.goto(f"{board.url}/settings?section={section}")
        arrived(page)
        if titles:
            assert dashboard.check_sql(board, page) == titles
    for section, title, head in (("members", "Members", "email_or_login"), ("goals", "Goals", "goal_id"), ("keys", "API keys", "key_id"),
                                 ("sessions", "Sessions", "session_id")):
        page.goto(f"{board.url}/settings?section={section}")
        arrived(page)
        rows = dashboard.csv_of(page, title)
        assert rows[0][0] == head and len(rows) - 1 == len(dashboard.shown_rows(page, title)) > 0
    page.goto(f"{board.url}/settings?section=goals")
    recount = "select count(*) from vibe.user_events where site_id = %s and event_name = 'purchase' and not is_bot"
    hostile = page.get_by_role("row").filter(has_text="<img src=x")
    expect(hostile.locator("td").nth(3)).to_have_attribute("title", f"{board.one(recount, board.site_id):,}")
    assert page.title() == "Settings · Vibe", "a hostile name stays text"


@pytest.mark.parametrize("section", SECTIONS)
def test_looks(visit, section):  # noqa: F811
    looks = dashboard.LOOKS if section == "members" else [(1440, "dark"), (390, "light")] if section in ("site", "keys", "danger") else [(1440, "light"), (390, "dark")]
    dashboard.check_looks(settings(visit, f"section={section}"), arrived, looks=looks)


def test_looks_of_dialogs(visit):  # noqa: F811
    for section, name in (("members", "member"), ("keys", "key"), ("goals", "goal")):
        page = settings(visit, f"section={section}&add={name}", width=390)
        expect(page.get_by_role("dialog")).to_be_visible()
        dashboard.check_axe(page)


def test_weight(visit):  # noqa: F811
    for section in ("members", "install"):
        dashboard.check_weight(visit, f"/settings?section={section}")


def test_sections_are_in_the_address(board, visit):  # noqa: F811
    page = settings(visit, "section=keys")
    expect(page.get_by_role("heading", name="API keys", level=2)).to_be_visible()
    page.get_by_role("link", name="Goals", exact=True).click()
    expect(page).to_have_url(re.compile("section=goals$"))
    page.get_by_role("button", name="New goal").click()
    expect(page).to_have_url(re.compile("add=goal"))
    expect(page.get_by_role("dialog")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.go_back()
    expect(page.get_by_role("heading", name="API keys", level=2)).to_be_visible()
    expect(page.get_by_role("link", name="API keys", exact=True)).to_have_attribute("aria-current", "page")
    page.get_by_role("button", name="New key").click()
    page.keyboard.press("Escape")
    expect(page).to_have_url(f"{board.url}/settings?section=keys")
    page.get_by_role("link", name="Site", exact=True).click()
    expect(page).to_have_url(f"{board.url}/settings")
    # What is no section, and what one may not see, is the first one.
    for path, who in (("section=constructor", "owner"), ("section=keys", "viewer")):
        expect(settings(visit, path, who=who).get_by_role("heading", name="General")).to_be_visible()


def test_portuguese(visit):  # noqa: F811
    """Every word: one that is missing is an error in the console, which fails the test."""
    page = settings(visit, "", locale="pt-BR")
    for link, heading in (("Instalação", "Instalar o rastreador"), ("Membros", "Convites"), ("Chaves de API", "Chaves de API"),
                          ("Metas", "Metas"), ("Sessões", "Mudar senha"), ("Perigo", "Excluir este site"), ("Site", "Relógio e moeda")):
        page.get_by_role("navigation", name="Seções").get_by_role("link", name=link, exact=True).click()
        expect(page.get_by_role("heading", name=heading, level=2)).to_be_visible()
        arrived(page)
        assert not re.search(r"\b(settings|members|keys|goals|sessions|person|danger|install|invitations)\.[a-z]", page.locator("main").inner_text())


def test_a_failing_panel_stands_alone(visit):  # noqa: F811
    page = visit("/settings")
    page.route("**/rpc/get_invitations*", lambda route: route.abort())
    page.get_by_role("link", name="Members", exact=True).click()
    failed = dashboard.panel(page, "Invitations")
    expect(failed.get_by_role("alert")).to_contain_text("cannot be reached")
    expect(dashboard.panel(page, "Members").get_by_role("row")).to_have_count(4)
    page.unroute("**/rpc/get_invitations*")
    failed.get_by_role("button", name="Try again").click()
    expect(failed.get_by_role("cell", name="asked@example.org", exact=True)).to_be_visible()
    assert all("ERR_FAILED" in problem for problem in page.problems)
    page.problems.clear()


# -- Rights ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", LINKS)
def test_each_role_sees_what_it_may(visit, who):  # noqa: F811
    page = settings(visit, "", who=who)
    menu = page.get_by_role("navigation", name="Sections").get_by_role("link")
    expect(menu).to_have_text(LINKS[who])
    mine, writes = who == "owner", who != "viewer"
    expect(page.get_by_role("button", name="Save")).to_have_count(3 if mine else 0)
    for section, button, is_there in (("Install", "Make a new key", mine), ("Members", "Invite", mine), ("Goals", "New goal", writes), ("Goals", re.compile("^Delete"), writes)):
        page.get_by_role("link", name=section, exact=True).click()
        arrived(page)
        expect(page.locator("main").get_by_role("button", name=button)).to_have_count(1 if is_there and isinstance(button, str) else page.locator("tbody tr").count() if is_there else 0)
    if who == "member":
        page.get_by_role("link", name="Danger", exact=True).click()
        expect(page.get_by_role("button", name="Export as JSON")).to_be_visible()
        for button in ("Erase", "Delete site"):
            expect(page.get_by_role("button", name=button, exact=True)).to_have_count(0)


def test_what_the_server_refuses_is_said(board, visit, plot):  # noqa: F811
    """An owner who has lost the right while the page was open: nothing is done, and the page says why."""
    site = plot("lost")
    board.one("select vibe.add_member(%s, %s, 'owner')::text", str(site), PEOPLE["stranger"])
    page = settings(visit, "site=lost")
    board.one("select vibe.add_member(%s, %s, 'viewer')::text", str(site), PEOPLE["owner"])
    page.get_by_label("Name", exact=True).fill("mine")
    page.get_by_role("button", name="Save").first.click()
    said(page, "You may not do this.")
    assert board.one("select name from vibe.sites where site_id = %s", site) == "lost"
    page.get_by_role("link", name="Members", exact=True).click()
    page.get_by_label(f"Role of {PEOPLE['stranger']}").select_option("viewer")
    said(page, "You may not do this.")
    expect(page.get_by_label(f"Role of {PEOPLE['stranger']}")).to_have_value("owner")
    page.get_by_role("button", name="Invite").click()
    page.get_by_role("dialog").get_by_label("E-mail").fill("x@example.org")
    page.get_by_role("button", name="Make the invitation").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_have_text("You may not do this.")
    assert all(re.search("40[03]", problem) for problem in page.problems)
    page.problems.clear()


# -- Site ------------------------------------------------------------------------------------------------------------


def test_site_is_renamed_and_limited_to_origins(board, visit, plot):  # noqa: F811
    site = plot("before")
    page = settings(visit, "site=before")
    row = "select name, domain, allowed_origins, keep_events_days from vibe.sites where site_id = %s"
    page.get_by_label("Name", exact=True).fill("after & <b>all</b>")
    page.get_by_label("Domain").fill("after.example")
    page.get_by_label("Allowed origins").fill("https://After.example/\nhttps://after.example, http://localhost:3000")
    page.get_by_role("button", name="Save").first.click()
    said(page, "Saved")
    assert board.one(row, site) == ("after & <b>all</b>", "after.example", ["https://after.example", "http://localhost:3000"], None)
    # The page shows what was kept, the frame the new name, and so does the address.
    expect(page.get_by_label("Allowed origins")).to_have_value("https://after.example\nhttp://localhost:3000")
    expect(page.get_by_label("Site", exact=True).locator("option:checked")).to_have_text("after & <b>all</b>")
    page.reload()
    expect(page.get_by_label("Name", exact=True)).to_have_value("after & <b>all</b>")
    # What is refused is said, and what was written stays.
    for label, wrong, words in (("Allowed origins", "https://after.example/path", "no path"), ("Name", "shop", "This name is taken.")):
        page.get_by_label(label, exact=True).fill(wrong)
        page.get_by_role("button", name="Save").first.click()
        expect(page.locator(".problem").first).to_contain_text(words)
        expect(page.get_by_label(label, exact=True)).to_have_value(wrong)
        page.reload()
        arrived(page)
    # Keeping less asks; 29 days are refused by the browser already.
    days = page.get_by_label("Days that events are kept")
    days.fill("29")
    page.get_by_role("button", name="Save").last.click()
    assert days.evaluate("(input) => input.validity.rangeUnderflow")
    days.fill("90")
    page.get_by_role("button", name="Save").last.click()
    agree(page, "Save")
    said(page, "Saved")
    assert board.one(row, site)[3] == 90
    days.fill("")
    page.get_by_role("button", name="Save").last.click()
    assert eventually(page, lambda: board.one(row, site)[3], None) is None
    assert all("400" in problem or "409" in problem for problem in page.problems)
    page.problems.clear()


def test_another_clock_and_currency_are_asked_about(board, visit, plot):  # noqa: F811
    site = plot("clock")
    page = settings(visit, "site=clock")
    page.get_by_label("Time zone", exact=True).select_option("America/Sao_Paulo")
    page.get_by_label("Currency", exact=True).select_option("BRL")
    for _ in range(2):
        page.get_by_role("button", name="Save").nth(1).click()
        expect(page.get_by_role("dialog")).to_contain_text("by the clock of America/Sao_Paulo")
        expect(page.get_by_role("dialog")).to_contain_text("counted again in BRL")
        if _ == 0:
            page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
            assert board.one("select time_zone, currency from vibe.sites where site_id = %s", site) == ("UTC", "USD")
    agree(page, "Count again")
    said(page, "Saved and counted again")
    assert board.one("select time_zone, currency from vibe.sites where site_id = %s", site) == ("America/Sao_Paulo", "BRL")
    expect(page.locator(".page-foot")).to_contain_text("Days in America/Sao_Paulo")


# -- Install ---------------------------------------------------------------------------------------------------------


def test_the_light_tells_of_the_first_event(board, visit, plot):  # noqa: F811
    site = plot("fresh")
    page = settings(visit, "site=fresh&section=install", permissions=["clipboard-read", "clipboard-write"])
    key = "select key from vibe.sites where site_id = %s"
    tag = '<script async src="{}/tracker.js" data-site="{}"></script>'
    light = page.locator(".first-event")
    expect(light).to_have_text("Waiting for the first event")
    expect(page.get_by_label("Tracking code of this site")).to_have_text(tag.format(board.url, board.one(key, site)))
    page.get_by_role("button", name="Copy").first.click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == tag.format(board.url, board.one(key, site))
    view = {"type": "page_view", "id": "018f0000-0000-7000-8000-000000000001", "time": 5, "url": "https://x.test/<b>hello"}
    board.one("select vibe.track(%s)::text", json.dumps({"site": board.one(key, site), "visitor": "visitor-1", "sent_at": 5, "items": [view]}))
    expect(light).to_contain_text("The last one: page_view on /")
    expect(light).to_contain_text("hello")
    expect(light).to_have_attribute("data-state", "on")

    # A new key: the snippet has it at once, the old one writes no more.
    old = board.one(key, site)
    page.get_by_role("button", name="Make a new key").click()
    agree(page, "Make a new key")
    said(page, "The site has a new key")
    new = board.one(key, site)
    assert new != old
    expect(page.get_by_label("Tracking code of this site")).to_have_text(tag.format(board.url, new))
    expect(dashboard.panel(page, "Site key").locator("code")).to_have_text(new)
    beat = {"visitor": "visitor-1", "sent_at": 5, "items": [{"type": "heartbeat", "time": 5}]}
    assert [board.server.request("/track", {"site": one} | beat)[0] < 300 for one in (old, new)] == [False, True]


# -- Members ---------------------------------------------------------------------------------------------------------


def test_members_are_invited_changed_and_removed(board, visit, plot):  # noqa: F811
    site = plot("team", viewer="viewer")
    page = settings(visit, "site=team&section=members")
    page.get_by_label(f"Role of {PEOPLE['viewer']}").select_option("member")
    said(page, f"{PEOPLE['viewer']}: Member")
    roles = "select array_agg(role order by role) from vibe.site_members where site_id = %s"
    assert board.one(roles, site) == ["member", "owner"]
    # The last owner stays one.
    page.get_by_label(f"Role of {PEOPLE['owner']}").select_option("viewer")
    agree(page, "Change my role")
    said(page, "The site would have no owner")
    expect(page.get_by_label(f"Role of {PEOPLE['owner']}")).to_have_value("owner")

    # The link is shown once; with the dialog it leaves the page.
    page.get_by_role("button", name="Invite").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("E-mail").fill(PEOPLE["stranger"].upper())
    dialog.get_by_label("Role").select_option("member")
    dialog.get_by_role("button", name="Make the invitation").click()
    link = dialog.locator("code.secret").inner_text()
    assert (found := re.fullmatch(re.escape(board.url) + r"/invitation#token=([\w-]{43})", link))
    token = found[1]
    expect(dashboard.panel(page, "Invitations").get_by_role("cell", name=PEOPLE["stranger"], exact=True)).to_be_visible()
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_have_count(0)
    assert token not in page.content() and token not in page.url
    # It works, by the page that it leads to.
    guest = visit(link.removeprefix(board.url), who="stranger")
    guest.get_by_role("button", name="Join", exact=True).click()
    expect(guest).to_have_url(re.compile(r"/crm\?site=team$"))
    dashboard.settle(guest)
    page.reload()
    expect(page.get_by_label(f"Role of {PEOPLE['stranger']}")).to_have_value("member")
    expect(page.get_by_text("Nobody is invited")).to_be_visible()

    page.get_by_role("button", name=f"Remove {PEOPLE['stranger']}").click()
    agree(page, "Remove")
    said(page, "was removed")
    expect(page.get_by_role("cell", name=PEOPLE["stranger"], exact=True)).to_have_count(0)
    assert board.one(roles, site) == ["member", "owner"]
    # An invitation is taken back.
    board.one("select vibe.invite_member(%s, 'late@example.org', 'viewer')", str(site))
    page.reload()
    page.get_by_role("button", name="Cancel the invitation of late@example.org").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel", exact=True).last.click()
    expect(page.get_by_text("Nobody is invited")).to_be_visible()
    assert board.one("select count(*) from vibe_private.invitations where site_id = %s", site) == 0
    assert all("400" in problem for problem in page.problems)
    page.problems.clear()


# -- Keys ------------------------------------------------------------------------------------------------------------


def test_a_key_is_shown_once_and_revoked(board, visit, plot):  # noqa: F811
    plot("program")
    page = settings(visit, "site=program&section=keys")
    expect(page.get_by_text("No keys yet")).to_be_visible()
    page.get_by_role("button", name="New key").last.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("checkbox", name="program")).to_be_checked()
    dialog.get_by_label("Name").fill("importer")
    dialog.get_by_label("read and write").check()
    dialog.get_by_label("Ends").select_option("30")
    dialog.get_by_role("button", name="Create key").click()
    secret = dialog.locator("code.secret").inner_text()
    assert re.fullmatch(r"vibe_[\w-]{43}", secret)
    row = page.locator("tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("read and write")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert eventually(page, lambda: secret in page.content(), False) is False
    assert board.server.request("/rest/v1/sites?select=name", token=secret, headers={"apikey": secret}) == (200, [{"name": "program"}])
    page.reload()
    expect(row.locator("td").nth(4)).to_have_text(re.compile("now|ago"))
    page.get_by_role("button", name="Revoke key importer").click()
    agree(page, "Revoke")
    said(page, "Key importer was revoked")
    expect(row).to_contain_text("ended")
    revoked = lambda: board.server.request("/rest/v1/sites?select=name", token=secret, headers={"apikey": secret})[0]  # noqa: E731
    assert eventually(page, revoked, 401) == 401


# -- Goals -----------------------------------------------------------------------------------------------------------


def test_goals_are_made_counted_and_deleted(board, visit, plot):  # noqa: F811
    site = plot("shopping", member="member")
    key = board.one("select key from vibe.sites where site_id = %s", site)
    items = [{"type": "page_view", "id": f"018f0000-0000-7000-8000-00000000001{n}", "time": 5, "url": f"https://x.test/thanks/{n}"} for n in range(3)]
    items += [{"type": "event", "id": "018f0000-0000-7000-8000-000000000020", "time": 5, "url": "https://x.test/", "name": "order", "properties": {"total": 12.5}}]
    board.one("select vibe.track(%s)::text", json.dumps({"site": key, "visitor": "visitor-1", "sent_at": 5, "items": items}))
    page = settings(visit, "site=shopping&section=goals", who="member")
    expect(page.get_by_text("No goals yet")).to_be_visible()
    rows = page.locator("tbody tr")
    dialog = page.get_by_role("dialog")
    page.get_by_role("button", name="New goal").last.click()
    dialog.get_by_label("Name", exact=True).fill("Ordered")
    dialog.get_by_label("Name of the event").fill("order")
    dialog.get_by_label("Worth of one").select_option("a property of the event")
    dialog.get_by_label("Name of the property").fill("total")
    dialog.get_by_role("button", name="Create goal").click()
    expect(dialog).to_have_count(0)
    expect(rows.locator("td").nth(3)).to_have_text("1")
    expect(rows.locator("td").nth(5)).to_have_text("$12.50")
    page.get_by_role("button", name="New goal").click()
    dialog.get_by_label("Name", exact=True).fill("Ordered")
    dialog.get_by_label("The view of a page").check()
    dialog.get_by_label("Path of the page").fill("/thanks/%")
    dialog.get_by_role("button", name="Create goal").click()
    expect(dialog.get_by_role("alert")).to_have_text("This name is taken.")
    dialog.get_by_label("Name", exact=True).fill("Thanked")
    dialog.get_by_label("Worth of one").select_option("always the same")
    dialog.get_by_label("Worth in USD").fill("2.5")
    dialog.get_by_role("button", name="Create goal").click()
    expect(rows).to_have_count(2)
    expect(rows.nth(1).locator("td")).to_have_text(["Thanked", "page /thanks/%", "$2.50", "3", "1", "$7.50", re.compile("[A-Z][a-z]{2} \\d+"), "Delete"])
    page.get_by_role("button", name="Delete goal Ordered").click()
    agree(page, "Delete")
    said(page, "Goal deleted")
    expect(rows).to_have_count(1)
    assert board.one("select array_agg(name) from vibe.goals where site_id = %s", site) == ["Thanked"]
    assert all("409" in problem for problem in page.problems)
    page.problems.clear()


# -- Sessions --------------------------------------------------------------------------------------------------------


def test_sessions_end_and_the_password_changes(board, visit):  # noqa: F811
    board.one("select vibe.create_user('roamer@example.org', %s)", PASSWORD)
    board.one("select vibe.add_member('empty', 'roamer@example.org', 'viewer')::text")
    contexts = [board.chromium.new_context(user_agent=USER_AGENT, locale="en-US") for _ in range(3)]
    pages = [context.new_page() for context in contexts]
    for other in pages:
        dashboard.sign_in(other, board.url, "roamer@example.org", "/settings?section=sessions")
        arrived(other)
    here, there, elsewhere = pages
    problems = []
    here.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    here.reload()
    rows = here.locator("tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text("this one")
    expect(rows.first).to_contain_text("Chrome")
    rows.nth(1).get_by_role("button").click()  # the youngest: elsewhere
    said(here, "Session ended")
    expect(rows).to_have_count(2)
    elsewhere.reload()
    expect(elsewhere).to_have_url(re.compile("/login"))
    here.get_by_role("button", name="End all others").click()
    agree(here, "End all others")
    said(here, "All other sessions have ended")
    expect(rows).to_have_count(1)
    there.reload()
    expect(there).to_have_url(re.compile("/login"))

    password = here.get_by_label("New password", exact=True)
    again = here.get_by_label("New password again")
    password.fill("another long password")
    again.fill("another long passwort")
    here.get_by_role("button", name="Change password").click()
    assert again.evaluate("(input) => input.validationMessage") == "The two are not the same."
    again.fill("another long password")
    here.get_by_role("button", name="Change password").click()
    said(here, "Password changed")
    expect(password).to_have_value("")
    signed = lambda given: board.server.request("/auth/v1/token?grant_type=password", {"email": "roamer@example.org", "password": given})[0]  # noqa: E731
    assert (signed(PASSWORD), signed("another long password")) == (400, 200)
    password.fill("another long password")
    again.fill("another long password")
    here.get_by_role("button", name="Change password").click()
    said(here, "This is the password you have.")
    assert all("422" in problem for problem in problems)
    for context in contexts:
        context.close()


# -- Danger ----------------------------------------------------------------------------------------------------------


def test_a_person_is_exported_and_erased(board, visit, plot):  # noqa: F811
    site = plot("people")
    key = board.one("select key from vibe.sites where site_id = %s", site)
    items = [{"type": "page_view", "id": "018f0000-0000-7000-8000-000000000031", "time": 5, "url": "https://x.test/"},
             {"type": "identify", "id": "018f0000-0000-7000-8000-000000000032", "time": 5, "user_id": "c1", "traits": {"name": "Ada <b>"}}]
    board.one("select vibe.track(%s)::text", json.dumps({"site": key, "visitor": "visitor-1", "sent_at": 5, "items": items}))
    person = board.one("select max(user_id) from vibe.site_users where site_id = %s", site)
    page = settings(visit, "site=people&section=danger")
    page.get_by_label("Number of the person").fill(str(person))
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Export as JSON").click()
    assert waiting.value.suggested_filename == f"user-{person}.json"
    with open(waiting.value.path(), encoding="utf-8") as file:
        data = json.load(file)
    assert data["site"] == "people" and len(data["events"]) >= 1 and any(one["name"] == "Ada <b>" for one in data["visitors"])
    page.get_by_role("button", name="Erase", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text("Ada <b>")
    agree(page, "Erase", word=str(person))
    expect(page.get_by_text("Erased", exact=True)).to_be_visible()
    assert board.one("select count(*) from vibe.site_users where site_id = %s", site) == 0
    page.get_by_label("Number of the person").fill("999999999")
    page.get_by_role("button", name="Export as JSON").click()
    said(page, "There is nobody with this number.")
    assert all("400" in problem for problem in page.problems)
    page.problems.clear()


def test_a_site_is_deleted_by_its_name(board, visit, plot):  # noqa: F811
    site = plot("goes away")
    page = settings(visit, "site=goes+away&section=danger")
    page.get_by_role("button", name="Delete site").click()
    question = page.get_by_role("dialog")
    question.get_by_role("textbox").fill("goes awa")
    expect(question.get_by_role("button", name="Delete site")).to_be_disabled()
    agree(page, "Delete site", word="goes away")
    expect(page).to_have_url(f"{board.url}/crm")
    assert board.one("select count(*) from vibe.sites where site_id = %s", site) == 0
