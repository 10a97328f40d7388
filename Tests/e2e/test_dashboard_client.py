"""/client.js in a real browser: what a page gets from it, against the real server and database."""
import csv
import io
import json
import os
import subprocess

import pytest

from browsing import eventually
from conftest import connect

PASSWORD = "a long enough password"
OWNER = "owner@example.org"
ANALYST = "client_analyst"
HOSTILE = ["O'Hara", "'; drop table vibe.sites; --", "a\\'b\\", '"quoted", {x}', "$1 :name %s", "two\nlines", "a*c", "ação\u202e", "per%cent", "", "a,b)"]


@pytest.fixture
def shop(server):
    """Two sites of an owner, the first with visitors of hostile names; the database as a superuser."""
    with connect(server.database) as admin:
        admin.execute("select vibe.create_user(%s, %s)", (OWNER, PASSWORD))
        for name in ("shop", "other"):
            admin.execute("select vibe.create_site(%s, time_zone => 'America/Sao_Paulo')", (name,))
            admin.execute("select vibe.add_member(%s, %s, 'owner')", (name, OWNER))
        for place, name in enumerate(HOSTILE):
            admin.execute(
                "insert into vibe.site_users (site_id, anonymous_id, external_id, name) values (vibe.site_id('shop'), gen_random_uuid(), %s, %s)",
                (f"c{place:02}", name),
            )
        admin.execute("select vibe.create_analyst(%s, null, '{shop}')", (ANALYST,))
        yield admin
        admin.execute("select vibe.drop_analyst(%s)", (ANALYST,))


def open_client(page, server):
    """A page that is signed in and has loaded its sites; `client` is the module."""
    page.goto(server.url + "/login")
    page.evaluate(
        """async ([email, password]) => {
            window.client = await import("/client.js")
            await client.session.signIn(email, password)
            await client.site.load()
        }""",
        [OWNER, PASSWORD],
    )
    return page


def in_psql(server, text):
    """The rows of a query as JSON, typed as an analyst into psql."""
    wrapped = f"select coalesce(json_agg(q), '[]') from (\n{text.rstrip(';')}\n) as q;"
    printed = subprocess.run(
        ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", ANALYST, "-d", server.database], input=wrapped,
        env=os.environ | {"PATH": os.environ["VIBE_PG_BINDIR"] + ":" + os.environ["PATH"], "PGTZ": "UTC"}, capture_output=True, text=True,
    )
    assert printed.returncode == 0, f"{printed.stderr}\n{text}"
    return json.loads(printed.stdout)


def cells(rows):
    """Rows as a CSV shows them."""
    def cell(value):
        if value is None or isinstance(value, str):
            text = value or ""
            return "'" + text if text[:1] in tuple("=+-@\t\r\n") and text else text
        return json.dumps(value) if not isinstance(value, (list, dict)) else value
    return [[cell(value) for value in row.values()] for row in rows]


USERS = {"from": "site_users", "select": ["external_id", "name", "site_id"], "order": ["external_id"]}
QUESTIONS = [
    USERS,
    *({**USERS, "where": [["name", "eq", name]]} for name in HOSTILE),
    {**USERS, "where": [["name", "in", HOSTILE]]},
    {**USERS, "where": [["name", "in", []]]},
    {**USERS, "where": [["name", "ilike", "A*"], ["site_id", "gte", 1]]},
    {**USERS, "where": [["name", "neq", "O'Hara"], ["email", "is", None]], "limit": 4, "offset": 2, "order": ["name.desc.nullslast", "external_id.asc"]},
    {"from": "stats_series", "arguments": {"site": "shop", "metric": "users", "first_day": "2026-01-01", "last_day": "2026-02-01", "compare": True},
     "select": ["starts_at", "value", "previous", "is_partial"], "where": [["value", "lt", 5]], "order": ["starts_at.desc"], "limit": 7},
    {"from": "count_online_users", "arguments": {"site": "shop"}},
    {"from": "get_sites", "arguments": {}, "select": ["name", "site_id", "time_zone"], "where": [["name", "eq", "shop"]]},
    {"from": "calculate_funnel_conversion", "arguments": {"site": "shop", "definition": {
        "name": "it's", "steps": [{"name": "O'Hara", "event_name": "a\\b"}, {"name": '"b"', "event_name": "b"}]}}, "select": ["step", "name", "users"]},
    {"from": "funnel_times", "arguments": {"site": "shop", "percentiles": [0.5, 0.9], "definition": {
        "steps": [{"name": "a", "event_name": "a"}, {"name": "b", "event_name": "b"}]}}, "select": ["step", "percentile", "users"]},
]


def test_one_question_three_forms(server, shop, person):
    """Rows of the request, of its SQL in an analyst's psql, and of its CSV are the same."""
    page = open_client(person(), server)
    told = page.evaluate(
        """(questions) => Promise.all(questions.map(async (question) => {
            const query = new client.Query(question)
            const { rows, total } = await query.run({ count: true })
            return { sql: query.sql(), rows, total, csv: await (await fetch(query.csv("x"))).text() }
        }))""",
        QUESTIONS,
    )
    for question, answer in zip(QUESTIONS, told):
        rows = answer["rows"]
        assert rows == in_psql(server, answer["sql"]), answer["sql"]
        head, *lines = csv.reader(io.StringIO(answer["csv"].removeprefix("\ufeff"), newline=""), strict=True)
        assert lines == [[str(value) for value in row] for row in cells(rows)], answer["csv"]
        if rows:
            assert head == list(rows[0])
        if "limit" not in question:
            assert answer["total"] == len(rows)
    # Each hostile name was found by itself, and the limits counted what they left out.
    assert [len(answer["rows"]) for answer in told[1:1 + len(HOSTILE)]] == [1] * len(HOSTILE)
    assert (told[-6]["total"], len(told[-6]["rows"])) == (len(HOSTILE) - 1, 4)
    assert page.problems == []


def test_visitors_are_heard_of(server, shop, person):
    page = open_client(person(), server)
    page.evaluate("void client.onlineUsers.subscribe(() => {})")
    assert eventually(page, lambda: page.evaluate("[client.live.state, client.onlineUsers.data?.total]"), ["live", 0]) == ["live", 0]
    key = shop.execute("select key from vibe.sites where name = 'shop'").fetchone()[0]
    visitor = person()
    visitor.goto(f"{server.url}/shop?site={key}")
    assert eventually(page, lambda: page.evaluate("client.onlineUsers.data.total"), 1) == 1
    [row] = page.evaluate("client.onlineUsers.data.rows")
    assert "/shop" in row["current_page"]
    # The other site's reader sees nobody, at once.
    assert page.evaluate("[client.site.use('other'), client.onlineUsers.data]") == [True, None]
    assert eventually(page, lambda: page.evaluate("client.onlineUsers.data?.total"), 0) == 0
    assert page.problems == []


def test_tabs_share_a_stream(server, shop, person):
    """Three tabs, one stream; the tab that holds it is closed, and the others still hear."""
    first = open_client(person(), server)
    tabs = [first] + [first.context.new_page() for _ in range(2)]
    streams = []
    for tab in tabs:
        tab.on("request", lambda request: streams.append(request.url) if "/realtime/" in request.url else None)
        if tab is not first:
            open_client(tab, server)
        tab.evaluate("void (window.people = client.store(() => new client.Query({ from: 'site_users', where: [['site_id', 'eq', client.site.current.site_id]] }), { tables: ['site_users'] })).subscribe(() => {})")
    state = "[client.live.state, window.people.data?.length]"
    for tab in tabs:
        assert eventually(tab, lambda: tab.evaluate(state), ["live", len(HOSTILE)]) == ["live", len(HOSTILE)]
    assert len(streams) == 1

    def add():
        shop.execute("insert into vibe.site_users (site_id, anonymous_id) values (vibe.site_id('shop'), gen_random_uuid())")

    add()
    for tab in tabs:
        assert eventually(tab, lambda: tab.evaluate("people.data.length"), len(HOSTILE) + 1) == len(HOSTILE) + 1
    first.close()
    assert eventually(tabs[1], lambda: len(streams), 2) == 2
    add()
    for tab in tabs[1:]:
        assert eventually(tab, lambda: tab.evaluate(state), ["live", len(HOSTILE) + 2]) == ["live", len(HOSTILE) + 2]
    assert len(streams) == 2


def test_session(server, shop, person):
    page = open_client(person(), server)
    told = page.evaluate(
        """async () => {
            const said = []
            client.session.subscribe(() => said.push("ended"))
            said.push((await client.session.user()).email)
            said.push(client.site.all.map(({ name, role }) => `${name} ${role}`).join(", "))
            await client.session.changePassword("another long password")
            await client.session.signOut()
            await client.session.user().catch(({ status }) => said.push(status))
            await client.session.signIn("owner@example.org", "a wrong password").catch(({ status, code }) => said.push(code))
            await client.session.signIn("owner@example.org", "another long password")
            const error = await client.call("create_site", { name: "shop" }).catch((error) => error)
            said.push(error.status, error.code, error instanceof client.ApiError, error.requestId?.length > 5)
            return said
        }"""
    )
    assert told == [OWNER, "shop owner, other owner", "ended", 401, "invalid_credentials", 409, "23505", True, True]
    page.problems.clear()  # the browser logs refused requests


def test_a_lost_password(server, shop, person):
    token = shop.execute("select vibe.create_password_reset(%s)", (OWNER,)).fetchone()[0]
    page = person()
    page.goto(server.url + "/login")
    email = page.evaluate(
        """async (token) => {
            const { session } = await import("/client.js")
            await session.resetPassword(token, "a third long password")
            return (await session.user()).email
        }""",
        token,
    )
    assert email == OWNER
