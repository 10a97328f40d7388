"""What the tests of the dashboard's pages share: a small site full of data, people signed in through the real form, and checks.

    from dashboard import board, visit  # noqa: F401  fixtures

    def test_x(board, visit):
        page = visit("/funnels?period=90d", who="viewer")
        dashboard.check_sql(board, page)

At the end of a test every page that `visit` opened must have had no console error and no request off origin;
what a test provokes on purpose it takes out of `page.problems`.
"""
import contextlib
import csv
import io
import json
import os
import re
import subprocess
import time
import types

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from psycopg.types.json import Jsonb

from browsing import USER_AGENT
from conftest import Server, connect, new_database

# A busy machine may take long; what never comes is found all the same.
expect.set_options(timeout=20_000)
PASSWORD = "a long enough password"
PEOPLE = {who: f"{who}@example.org" for who in ("owner", "member", "viewer", "stranger")}
LOOKS = [(width, scheme) for width in (1440, 390) for scheme in ("light", "dark")]
# Names that visitors chose: they must stay text.
HOSTILE = ["<img src=x onerror=\"document.title='owned'\">", "=HYPERLINK(\"http://evil.example\")", "gpj.\u202eexe", "A" * 180, "javascript:alert(1)"]
# Counts how far things that were there have moved, as a browser tells it.
SHIFT = """
window.shifted = 0
new PerformanceObserver((list) => { for (const entry of list.getEntries()) if (!entry.hadRecentInput) shifted += entry.value })
  .observe({ type: "layout-shift", buffered: true })
"""


class Board:
    """A server with the site `shop` (the demo's past, with `HOSTILE` names) and `empty` (nothing), each of PEOPLE but the stranger in both."""

    def __init__(self, server, chromium):
        self.server, self.url, self.chromium = server, server.url, chromium
        self.database = connect(server.database)
        self.states = {}
        self.afterwards = []  # statements for when a test's pages are closed: an open one may ask again at any time
        self.site_id = self.one("select vibe.create_demo_site('shop', visitors => 300, days => 60)")
        self.empty_id = self.one("select vibe.create_site('empty', time_zone => 'America/Sao_Paulo')")
        self.key = self.one("select key from vibe.sites where name = 'shop'")
        for who, email in PEOPLE.items():
            self.one("select vibe.create_user(%s, %s)", email, PASSWORD)
            for site in ("shop", "empty") if who != "stranger" else ():
                self.one("select vibe.add_member(%s, %s, %s)::text", site, email, who)
        self.one("select vibe.create_site('elsewhere')")
        self.one("select vibe.add_member('elsewhere', %s, 'owner')::text", PEOPLE["stranger"])
        self.one("select vibe.create_segment('shop', 'Big spenders', %s)", Jsonb({"version": 1, "all": [{"customer": "total_spent", "op": "ge", "value": 100}]}))
        online = "select distinct user_id from vibe.online_users where site_id = %s order by user_id limit 5"
        for name, (user_id,) in zip(HOSTILE, self.database.execute(online, [self.site_id]).fetchall()):
            self.database.execute("update vibe.site_users set name = %s where site_id = %s and user_id = %s", [name, self.site_id, user_id])

    def one(self, query, *given):
        row = self.database.execute(query, given or None).fetchone()
        return row[0] if row and len(row) == 1 else row

    def signed_in(self, who):
        """The cookies of a person who has signed in through the form, once."""
        if who not in self.states:
            context = self.chromium.new_context(user_agent=USER_AGENT, locale="en-US")
            page = context.new_page()
            sign_in(page, self.url, PEOPLE[who])
            self.states[who] = context.storage_state()
            context.close()
        return self.states[who]

    def claims(self, who):
        """What the server tells the database about the person's session."""
        session, user = self.one("select session_id, user_id from vibe_private.sessions join vibe_private.users using (user_id)"
                                 " where email = %s and revoked_at is null order by sessions.created_at desc limit 1", PEOPLE[who])
        return json.dumps({"session_id": str(session), "sub": str(user), "role": "vibe_member"})


@pytest.fixture(scope="module")
def board(chromium, tmp_path_factory):
    """One server and database for all tests of a file."""
    with new_database() as name:
        server = Server(name, tmp_path_factory.mktemp("server"))
        server.database = name
        server.start()
        try:
            made = Board(server, chromium)
            yield made
            made.database.close()
        finally:
            server.stop()


@pytest.fixture
def visit(board):
    """`visit("/crm", who="viewer", width=390, scheme="dark", locale="pt-BR")` opens a page; `who=None` is nobody."""
    opened, contexts = [], contextlib.ExitStack()

    def go(path="/crm", who="owner", width=1440, scheme="light", locale="en-US", **options):
        state = board.signed_in(who) if who else None
        context = board.chromium.new_context(**{
            "user_agent": USER_AGENT, "viewport": {"width": width, "height": 900}, "color_scheme": scheme, "locale": locale,
            "reduced_motion": "reduce", "storage_state": state, "accept_downloads": True} | options)
        contexts.callback(context.close)
        context.add_init_script(SHIFT)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.who, page.visit, page.problems, page.foreign = who, go, [], []
        page.provoked = re.compile("(?!)")  # a test that fails something again and again says what of it
        page.on("pageerror", lambda error: page.problems.append(f"thrown: {error}"))
        page.on("console", lambda message: page.problems.append(f"console: {message.text}") if message.type == "error" else None)
        page.on("request", lambda request: page.foreign.append(request.url) if not request.url.startswith((board.url, "data:", "blob:")) else None)
        opened.append(page)
        page.goto(board.url + path)
        return page

    yield go
    found = [(page.url, problems, page.foreign) for page in opened
             if (problems := [problem for problem in page.problems if not page.provoked.search(problem)]) or page.foreign]
    contexts.close()
    while board.afterwards:
        board.database.execute(*board.afterwards.pop())
    assert not found, found


def sign_in(page, url, email, path="/crm"):
    """Through the real form, to the page that was asked for."""
    page.goto(url + path)
    expect(page).to_have_url(re.compile("/login"))
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(url + path)


def panel(page, title):
    """The panel with this heading."""
    return page.locator("data-panel").filter(has=page.get_by_role("heading", name=title, exact=True, level=2))


def settle(page):
    """Waits until every panel has its first answer, whatever it is, and every chart its picture."""
    expect(page.locator("main[data-state]")).to_be_visible()
    expect(page.locator("data-panel[data-state=loading]")).to_have_count(0, timeout=30_000)
    expect(page.locator("line-chart[data-points]:not([data-state=drawn]):not([data-points='0'])")).to_have_count(0, timeout=30_000)
    return page


# -- The SQL of a panel ----------------------------------------------------------------------------------------------


def sql_of(page, title):
    """What the panel's SQL button shows."""
    open_before = page.get_by_role("dialog").count()  # the panel may itself be in one
    panel(page, title).get_by_role("button", name=f"SQL of {title}").click()
    dialog = page.get_by_role("dialog").nth(open_before)
    text = dialog.locator("pre.sql").inner_text()
    dialog.get_by_role("button", name="Close", exact=True).click()
    expect(dialog).to_have_count(0)
    return text


def as_person(board, who, text):
    """(rows as JSON, number of rows that psql prints) of a query run with the person's rights."""
    preamble = f"set role vibe_member; select set_config('request.jwt.claims', '{board.claims(who)}', false) \\g /dev/null\n"
    printed = subprocess.run(
        ["psql", "-X", "-q", "--csv", "-v", "ON_ERROR_STOP=1", "-U", "vibe_server", "-d", board.server.database], input=preamble + text,
        env=os.environ | {"PATH": os.environ["VIBE_PG_BINDIR"] + ":" + os.environ["PATH"]}, capture_output=True, text=True)
    assert printed.returncode == 0, f"{printed.stderr}\n{text}"
    with connect(board.server.database, user="vibe_server") as session:
        session.execute("set role vibe_member")
        session.execute("select set_config('request.jwt.claims', %s, false)", [board.claims(who)])
        inner = text.strip().rstrip(";")
        [rows] = session.execute(f"select coalesce(jsonb_agg(to_jsonb(q)), '[]') from ({inner}) as q").fetchone()
    return rows, len(list(csv.reader(io.StringIO(printed.stdout)))) - 1


def shown_rows(page, title):
    """The rows that the panel's picture was made of."""
    data = panel(page, title).evaluate("(element) => JSON.parse(JSON.stringify(element.data ?? null))")
    return data["rows"] if isinstance(data, dict) and "rows" in data else data


def check_sql(board, page, titles=None, ignore=(), seconds=20):
    """Each panel's SQL, run in psql with the person's rights, gives the rows that the page shows.

    `titles`: the panels, all with an SQL button unless given; `ignore`: columns that run with the clock. A live panel may
    be read just before a change: it is compared until both agree, or the time is up.
    """
    found = titles or page.locator("data-panel:has(button[aria-label^='SQL of']) h2").all_inner_texts()
    assert found, "no panel has an SQL button"
    for title in found:
        deadline = time.monotonic() + seconds
        while True:
            rows, printed = as_person(board, page.who, sql_of(page, title))
            shown = shown_rows(page, title)
            # The page's rows may have more columns, made for the picture.
            wanted = [{key: value for key, value in row.items() if key not in ignore} for row in rows]
            got = [{key: row.get(key, "(not there)") for key in want} for row, want in zip(shown or [], wanted)]
            if (same(got, wanted) and len(shown or []) == len(rows) == printed) or time.monotonic() > deadline:
                break
            page.wait_for_timeout(300)
        assert len(shown or []) == len(rows) == printed, f"{title}: {len(shown or [])} rows on the page, {len(rows)} by SQL, {printed} printed"
        assert same(got, wanted), f"{title}: {next((g, w) for g, w in zip(got, wanted) if not same(g, w))}"
    return found


def same(one, other):
    """Equality that takes 3 for 3.0 and forgives the last bits of a floating number."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    numbers = (int, float)
    if isinstance(one, numbers) and isinstance(other, numbers) and not isinstance(one, bool) and not isinstance(other, bool):
        return one == other or abs(one - other) <= 1e-9 * max(abs(one), abs(other))
    return one == other


def csv_of(page, title):
    """The rows of the panel's CSV, as a spreadsheet reads them: lists of text, the head first."""
    with page.expect_download() as waiting:
        panel(page, title).get_by_role("link", name=f"Download {title} as CSV").click()
    with open(waiting.value.path(), encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


# -- Looks, weight, manners ------------------------------------------------------------------------------------------


def check_looks(page, ready=None, looks=LOOKS):
    """The page's address at both widths and in both themes: no violation that axe finds, nothing wider than the screen, nothing that jumps.

    `ready(page)` brings a page into the state to be looked at; the default waits for its panels.
    """
    path = re.sub(r"^https?://[^/]+", "", page.url)
    for width, scheme in looks:
        other = page.visit(path, who=page.who, width=width, scheme=scheme)
        (ready or settle)(other)
        check_axe(other)
        assert other.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} scrolls sideways at {width} px"
        assert (shifted := other.evaluate("shifted")) < 0.05, f"{path} jumps by {shifted} at {width} px, {scheme}"
        other.context.close()


def check_axe(page):
    """WCAG 2.2 AA, as far as axe can tell."""
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], "resultTypes": ["violations"]})
    violations = [(one["id"], node["target"], node.get("failureSummary")) for one in found.response["violations"] for node in one["nodes"]]
    assert violations == [], f"{page.url} at {page.viewport_size}: {violations[:5]}"


def weight(visit, path, who="owner"):
    """What a first visit costs: requests, and bytes of the bodies as they came (gzip) of scripts, own scripts and styles.

    A question that is asked again, as changes make a live page do, counts once."""
    page = visit("/dashboard/icon.svg", who=who)
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    kinds, sizes, asked = {}, {}, set()
    session.on("Network.responseReceived", lambda event: kinds.update({event["requestId"]: (event["type"], event["response"]["url"])}))
    session.on("Network.requestWillBeSent", lambda event: asked.add((event["request"]["url"], event["request"].get("postData"))))
    session.on("Network.dataReceived", lambda event: sizes.update({event["requestId"]: sizes.get(event["requestId"], 0) + event["encodedDataLength"]}))
    page.goto(re.sub(r"/dashboard/icon.svg$", "", page.url) + path)
    settle(page)
    scripts = {key: url for key, (kind, url) in kinds.items() if kind == "Script"}
    total = lambda keys: sum(sizes.get(key, 0) for key in keys)  # noqa: E731
    return types.SimpleNamespace(
        requests=len(asked), addresses=sorted(url for url, _ in asked), js=total(scripts),
        own=total(key for key, url in scripts.items() if "/vendor/" not in url),
        css=total(key for key, (kind, _) in kinds.items() if kind == "Stylesheet"))


def check_weight(visit, path, who="owner"):
    """The budgets of a page."""
    found = weight(visit, path, who)
    assert found.requests <= 30, f"{path}: {found.requests} requests: {found.addresses}"
    assert found.js <= 120_000 and found.own <= 45_000, f"{path}: {found.js} bytes of scripts, {found.own} of them our own"
    assert found.css <= 12_000, f"{path}: {found.css} bytes of styles"
    return found
