"""CSV of any question: what a file holds, read back by Python's csv module, and who gets it."""
import csv
import io
import json
import time
import urllib.parse
import urllib.request

import psycopg
import pytest

from conftest import connect

PASSWORD = "a long enough password"
HOSTILE = [
    "=1+1", "+1", "-1", "@sum(a1)", "\tx", "\rx", "\nx", "＝1", "＋1", "－1", "＠x", 'say "hi", all', "two\r\nlines", "", "plain", "'quoted",
    "\u202eevil", "ação", "a;b",
]


@pytest.fixture
def shop(server):
    """A site of Ann's, who is a viewer there, with customers whose names mean harm; Bob sees another one."""
    with connect(server.database) as admin:
        for person, name in (("ann", "shop"), ("bob", "elsewhere")):
            admin.execute("select vibe.create_user(%s, %s)", (f"{person}@example.org", PASSWORD))
            admin.execute("select vibe.create_site(%s)", (name,))
            admin.execute("select vibe.add_member(%s, %s, 'viewer')", (name, f"{person}@example.org"))
        for place, name in enumerate(HOSTILE):
            admin.execute(
                """insert into vibe.site_users (site_id, anonymous_id, external_id, name, traits)
                   values (vibe.site_id('shop'), gen_random_uuid(), %s, %s, '{"a": "x"}')""",
                (f"c{place:02}", name),
            )
        yield admin


def token(server, person):
    if person in server.__dict__.setdefault("tokens", {}):
        return server.tokens[person]
    status, body = server.request("/auth/v1/token?grant_type=password", {"email": f"{person}@example.org", "password": PASSWORD})
    assert status == 200, body
    server.tokens[person] = body["access_token"]
    return server.tokens[person]


def ask(server, person, query, name="list"):
    """(status, headers, bytes) of an export."""
    address = "/api/v1/csv?" + urllib.parse.urlencode({"query": query if isinstance(query, str) else json.dumps(query), "name": name})
    request = urllib.request.Request(server.url + address, headers={"Authorization": f"Bearer {token(server, person)}"} if person else {})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def table(body):
    """Rows by column, as a spreadsheet reads them."""
    assert body.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True))


def test_file(server, shop):
    query = {"from": "site_users", "select": ["external_id", "name", "traits"], "order": ["external_id.asc"]}
    status, headers, body = ask(server, "ann", query, "customers-2026")
    assert status == 200
    assert headers["Content-Type"] == "text/csv; charset=utf-8"
    assert headers["Content-Disposition"] == 'attachment; filename="customers-2026.csv"'
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert body.decode("utf-8-sig").startswith('"external_id","name","traits"\r\n') and body.endswith(b"\r\n")
    rows = table(body)
    assert [row["external_id"] for row in rows] == [f"c{place:02}" for place in range(len(HOSTILE))]
    for row, name in zip(rows, HOSTILE):
        is_formula = name[:1] in ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠") and name != ""
        assert row["name"] == ("'" + name if is_formula else name)
        assert json.loads(row["traits"]) == {"a": "x"}


def test_kinds_of_values(server, shop):
    """Numbers are bare, as are truth values and what is not known; all else is text, and infinity is no number."""
    shop.execute(
        """create table vibe.csv_kinds as select -12.50::numeric(9, 2) as a, -5 as b, 1e-9::float8 as c, true as d, null::int as e,
           '2026-03-29 01:30:00Z'::timestamptz as f, '-1 day'::interval as g, array['x', '"'] as h, '-Infinity'::float8 as i, 'NaN'::numeric as j,
           '2026-02-01'::date as k, '-1.50'::money as l, ''::text as m, 'BRL'::char(3) as n"""
    )
    shop.execute("grant select on vibe.csv_kinds to vibe_analyst")
    _, _, body = ask(server, "ann", {"from": "csv_kinds"})
    assert body.decode("utf-8-sig").split("\r\n")[1] == ",".join([
        "-12.50", "-5", "1e-09", "true", "", '"2026-03-29T01:30:00+00:00"', '"\'-1 days"', '"[""x"",""\\"""" ]"'.replace(" ]", "]"),
        '"\'-Infinity"', '"NaN"', '"2026-02-01"', '"\'-$1.50"', '""', '"BRL"',
    ])
    _, _, body = ask(server, "ann", {"from": "csv_kinds", "select": ["n"], "where": [["n", "eq", "BRL"], ["b", "lt", 0], ["d", "is", True]]})
    assert body.decode("utf-8-sig") == '"n"\r\n"BRL"\r\n'


SHAPES = [
    {"where": [["name", "ilike", "*PLA*"]]},
    {"where": [["external_id", "in", ["c03", "c05", 'c"7']], ["name", "neq", "x"]], "order": ["name.desc.nullslast", "external_id"]},
    {"where": [["site_id", "gte", 1], ["segment", "is", None]], "order": ["external_id.desc"], "limit": 4, "offset": 2},
    {"where": [["external_id", "in", []]]},
]


def test_same_rows_as_the_request(server, shop):
    bearer = token(server, "ann")
    for more in SHAPES:
        query = {"from": "site_users", "select": ["external_id", "site_id"], **more}
        status, _, body = ask(server, "ann", query)
        assert status == 200, body
        where = [(column, f"{way}.{'null' if value is None else value}") for column, way, value in more["where"] if way != "in"]
        where += [(column, "in.(" + ",".join(json.dumps(one) for one in value) + ")") for column, way, value in more["where"] if way == "in"]
        shape = [("select", "external_id,site_id"), *where]
        shape += [(name, ",".join(more[name]) if name == "order" else more[name]) for name in ("order", "limit", "offset") if name in more]
        status, rows = server.request("/rest/v1/site_users?" + urllib.parse.urlencode(shape), token=bearer)
        assert status == 200, rows
        assert [(row["external_id"], row["site_id"]) for row in table(body)] == [(row["external_id"], str(row["site_id"])) for row in rows]


def test_functions(server, shop):
    series = {"from": "stats_series", "arguments": {"site": "shop", "metric": "users", "first_day": "2026-01-01", "last_day": "2026-01-03"}}
    status, _, body = ask(server, "ann", series)
    assert status == 200 and [row["value"] for row in table(body)] == ["0", "0", "0"]
    status, _, body = ask(server, "ann", {"from": "count_online_users", "arguments": {"site": "shop"}})
    assert (status, body.decode("utf-8-sig")) == (200, '"count_online_users"\r\n0\r\n')
    status, _, body = ask(server, "ann", {"from": "get_sites", "arguments": {}, "select": ["name", "role"]})
    assert (status, table(body)) == (200, [{"name": "shop", "role": "viewer"}])
    listed = {"from": "funnel_times", "arguments": {"site": "shop", "percentiles": [0.5], "definition": {
        "steps": [{"name": "a", "event_name": "a"}, {"name": "b", "event_name": "b"}]}}, "select": ["step", "percentile"]}
    status, _, body = ask(server, "ann", listed)
    assert (status, table(body)) == (200, [{"step": "2", "percentile": "0.5"}]), body


def test_rights(server, shop):
    assert ask(server, None, {"from": "site_users"})[0] == 401
    status, _, body = ask(server, "bob", {"from": "site_users"})
    assert (status, table(body)) == (200, [])
    status, _, body = ask(server, "bob", {"from": "get_crm_metrics", "arguments": {"site": "shop"}})
    assert status == 400 and "does not exist or is not yours" in json.loads(body)["error"]["message"]
    # What needs a right that a member has not, and what is not of schema vibe.
    assert ask(server, "ann", {"from": "get_analysts", "arguments": {}})[0] == 403
    for query in ({"from": "users"}, {"from": "pg_authid"}, {"from": "pg_read_file", "arguments": {"filename": "/etc/passwd"}}):
        assert ask(server, "ann", query)[0] == 400


REFUSED = [
    ("[]", "query must be an object"),
    ("nonsense", "invalid input syntax for type json"),
    ({"from": 1}, "query must be an object"),
    ({"from": "site_users", "arguments": []}, "query must be an object"),
    ({"from": "site_users", "having": []}, 'a wrong part "having"'),
    ({"from": "site_users", "where": {}}, 'a wrong part "where"'),
    ({"from": "site_users; drop table vibe.customers"}, "there is no table or view"),
    ({"from": "get_sites", "arguments": {"a) --": 1}}, "there is no function"),
    ({"from": "create_site", "arguments": {"name": "x"}}, "there is no function"),
    ({"from": "site_users", "select": ["name", "1; --"]}, 'there is no column "1; --"'),
    ({"from": "site_users", "order": ["name.down"]}, 'order by "name.down" cannot be read'),
    ({"from": "site_users", "order": ["name desc; --"]}, "cannot be read"),
    ({"from": "site_users", "where": [["name", "or 1=1", "x"]]}, "a condition cannot be read"),
    ({"from": "site_users", "where": [["nothing", "eq", "x"]]}, "a condition cannot be read"),
    ({"from": "site_users", "where": [["name", "eq", None]]}, "a condition cannot be read"),
    ({"from": "site_users", "where": [["name", "is", "x"]]}, "a condition cannot be read"),
    ({"from": "site_users", "where": ["name"]}, "a condition cannot be read"),
    ({"from": "site_users", "where": [["site_id", "eq", "1 or true"]]}, "invalid input syntax for type integer"),
    ({"from": "site_users", "limit": "x"}, "invalid input syntax for type bigint"),
    ({"from": "site_users", "limit": -1}, "LIMIT must not be negative"),
]


def test_refusals(server, shop):
    for query, message in REFUSED:
        status, _, body = ask(server, "ann", query)
        assert (status, message in json.loads(body)["error"]["message"]) == (400, True), (query, body)


def test_names(server, shop):
    for name in ("", "a b", "a\r\nSet-Cookie: x", 'a"; filename="b', "../a", "ä", "x" * 65):
        status, headers, body = ask(server, "ann", {"from": "site_users"}, name)
        assert status == 400 and "Set-Cookie" not in headers and "cannot be a file's name" in json.loads(body)["error"]["message"]


def test_analyst(server, shop):
    """The function itself, in psql, with a database login's rights."""
    with psycopg.connect(dbname=server.database, autocommit=True) as session:
        session.execute("set role vibe_analyst")
        lines = session.execute("select * from vibe.export_csv('{\"from\": \"stats_dimensions\", \"arguments\": {}}')").fetchall()
        assert len(lines) == 2 and lines[0][0] == '\ufeff"stats_dimensions"\r\n'


def resident(pid):
    """Bytes of memory that a process holds."""
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS"))


def test_constant_memory(server, shop):
    """100 MB go through the server; it never holds a quarter of them, and the rows are all there."""
    shop.execute("create table vibe.csv_many as select n, repeat('x', 500) as name from generate_series(1, 200000) as n")
    shop.execute("grant select on vibe.csv_many to vibe_analyst")
    bearer = {"Authorization": f"Bearer {token(server, 'ann')}"}
    before, most, size, lines = resident(server.process.pid), 0, 0, 0
    address = "/api/v1/csv?" + urllib.parse.urlencode({"query": json.dumps({"from": "csv_many"})})
    with urllib.request.urlopen(urllib.request.Request(server.url + address, headers=bearer), timeout=60) as answer:
        time.sleep(1)  # a slow reader: nobody may gather the file meanwhile
        while piece := answer.read(1 << 20):
            size, lines = size + len(piece), lines + piece.count(b"\n")
            most = max(most, resident(server.process.pid) - before)
    assert size > 100_000_000 and lines == 200_001
    assert most < 25_000_000, f"{most / 1e6:.0f} MB"


def test_first_row_does_not_wait(server, shop):
    """Rows leave as they are made, and the query ends when its reader goes."""
    shop.execute("create function vibe.a_slow_row(n int) returns text volatile language sql as 'select pg_sleep(0.001) || n::text'")
    shop.execute("create view vibe.csv_slow as select n, repeat('x', 2000) as filler, vibe.a_slow_row(n) as slow from generate_series(1, 1000000) as n")
    shop.execute("grant select on vibe.csv_slow to vibe_analyst")
    address = "/api/v1/csv?" + urllib.parse.urlencode({"query": json.dumps({"from": "csv_slow"})})
    begun = time.monotonic()
    answer = urllib.request.urlopen(urllib.request.Request(server.url + address, headers={"Authorization": f"Bearer {token(server, 'ann')}"}), timeout=20)
    assert answer.read(1000).count(b"\r\n") == 1 and time.monotonic() - begun < 10, "all of it takes at least 1000 s"
    running = "select count(*) from pg_stat_activity where datname = current_database() and usename = 'vibe_server' and state = 'active' and query ilike '%cursor_pieces%'"
    assert shop.execute(running).fetchone() == (1,)
    answer.close()
    deadline = time.monotonic() + 15
    while shop.execute(running).fetchone() != (0,) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert shop.execute(running).fetchone() == (0,)


def test_lines_of_json(server, shop):
    query = {"from": "site_users", "select": ["external_id", "name", "traits", "site_id"], "order": ["external_id"]}
    address = "/api/v1/csv?" + urllib.parse.urlencode({"query": json.dumps(query), "format": "ndjson", "name": "people"})
    answer = urllib.request.urlopen(urllib.request.Request(server.url + address, headers={"Authorization": f"Bearer {token(server, 'ann')}"}))
    assert answer.headers["Content-Type"] == "application/x-ndjson; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="people.ndjson"'
    rows = [json.loads(line) for line in answer.read().decode().splitlines() if line]
    assert [row["name"] for row in rows] == HOSTILE and all(row["traits"] == {"a": "x"} and type(row["site_id"]) is int for row in rows)
