"""Exports of /api/v1: the rows of the view, streamed as CSV or lines of JSON, with its filters and rights."""
import csv
import io
import json
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest

from conftest import Server, connect, new_database
from test_csv import HOSTILE, resident

PASSWORD = "a long enough password"
MONTH = "2026-03"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One server and database for all tests of this file: none changes what another reads."""
    with new_database() as name:
        running = Server(name, tmp_path_factory.mktemp("server"))
        running.database = name
        running.start()
        yield running
        running.stop()


@pytest.fixture(scope="module")
def shop(server):
    """A site of Ann's with customers who mean harm by their names, orders in two months, stored RFM, a campaign and counted days."""
    with connect(server.database) as admin:
        admin.execute("select vibe.create_user('ann@example.org', %s), vibe.create_user('bob@example.org', %s)", [PASSWORD] * 2)
        admin.execute("select vibe.create_site('shop', time_zone => 'America/Sao_Paulo', currency => 'BRL')")
        admin.execute("select vibe.create_site('elsewhere')")
        admin.execute("select vibe.add_member('shop', 'ann@example.org', 'viewer'), vibe.add_member('elsewhere', 'bob@example.org', 'viewer')")
        for place, name in enumerate(HOSTILE, 1):
            admin.execute("""insert into vibe.customers (site_id, external_id, name, email) values (vibe.site_id('shop'), %s, %s, %s)""",
                          [f"c{place:02}", name, f"c{place}@example.org"])
        admin.execute("""insert into vibe.purchases (site_id, customer_id, external_id, purchased_at, amount, currency, item_count)
            select c.site_id, c.customer_id, c.external_id || m, (m || '-10 12:00Z')::timestamptz + c.customer_id * interval '7 hours', 10.5 * c.customer_id, 'BRL', 1
            from vibe.customers as c, unnest(array['2026-02', '2026-03']) as m""")
        admin.execute("select vibe.calculate_rfm('shop', '2026-02'), vibe.calculate_rfm('shop', '2026-03')")
        for person in ("ann", "bob"):
            status, body = server.request("/auth/v1/token?grant_type=password", {"email": f"{person}@example.org", "password": PASSWORD})
            assert status == 200
            setattr(server, person, body["access_token"])
        yield admin


def fetch(server, path, person="ann", **query):
    """(status, headers, bytes)"""
    request = urllib.request.Request(f"{server.url}/api/v1/{path}?{urllib.parse.urlencode(query)}", headers={"Authorization": f"Bearer {getattr(server, person)}"} if person else {})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def rows(server, path, **query):
    """The rows of both forms, which must agree: a list of dictionaries with JSON's types."""
    status, _, lines = fetch(server, path, format="ndjson", **query)
    assert status == 200, lines
    found = [json.loads(line) for line in lines.decode().splitlines()]
    status, _, text = fetch(server, path, format="csv", **query)
    assert status == 200 and not text.startswith(b"\xef\xbb\xbf") and text.endswith(b"\r\n")
    table = list(csv.DictReader(io.StringIO(text.decode(), newline=""), strict=True))
    assert len(table) == len(found)
    for cells, row in zip(table, found):
        assert list(cells) == list(row)
        for name, value in row.items():
            said = "" if value is None else value if isinstance(value, str) else json.dumps(value)
            is_formula = isinstance(value, str) and value[:1] in tuple("=+-@\t\r\n＝＋－＠") and value
            if not isinstance(value, (dict, list, float)):
                assert cells[name] == ("'" + said if is_formula else said), (name, value, cells[name])
            elif isinstance(value, float):
                assert float(cells[name]) == value
    return found


def listed(server, **query):
    """What the list gives, all of its pages."""
    found, page = [], 1
    while True:
        status, _, body = fetch(server, "customers", page=page, limit=7, **query)
        assert status == 200, body
        found += json.loads(body)["customers"]
        if page >= json.loads(body)["pages"]:
            return found
        page += 1


@pytest.mark.parametrize("query", [
    {}, {"month": "2026-02"}, {"month": MONTH, "sort": "name"}, {"month": MONTH, "sort": "recency.desc"}, {"month": MONTH, "search": "PLA"},
    {"month": MONTH, "search": "%"}, {"month": MONTH, "search": "c0"}, {"month": MONTH, "cluster": "lost"}, {"month": MONTH, "cluster": "champions", "sort": "customer_id.asc"},
    {"as_of": "2026-03-15T12:00:00Z", "month": MONTH}, {"month": "2026-04"}])
def test_customers_are_those_of_the_list(server, shop, query):
    found = rows(server, "customers/export", site="shop", **query)
    expected = listed(server, site="shop", **query)
    assert [{name: row[name] for name in expected[0] if name in row} for row in found] == [
        {name: value for name, value in row.items() if name in found[0]} for row in expected] if expected else found == []
    assert len(found) > 0 or query.get("month") == "2026-04" or "cluster" in query or query.get("search") in ("%", "PLA")


def test_file_and_mark(server, shop):
    status, headers, body = fetch(server, "customers/export", site="shop", month=MONTH, bom="true")
    assert status == 200 and body.startswith(b'\xef\xbb\xbf"customer_id","external_id"')
    assert headers["Content-Type"] == "text/csv; charset=utf-8"
    assert headers["Content-Disposition"] == f'attachment; filename="customers-{MONTH}.csv"'
    assert headers["Cache-Control"] == "no-store" and headers["X-Content-Type-Options"] == "nosniff"
    status, headers, body = fetch(server, "customers/export", site="shop", month=MONTH, format="ndjson", bom="true")
    assert headers["Content-Type"] == "application/x-ndjson; charset=utf-8" and body.startswith(b"{")


def test_events(server, shop):
    shop.execute("""insert into vibe.site_users (site_id, user_id, anonymous_id) overriding system value select vibe.site_id('shop'), n, gen_random_uuid() from generate_series(1, 2) as n""")
    shop.execute("select vibe_private.add_partition(date '2026-03-01')")
    # Midnight in São Paulo is 03:00 UTC.
    shop.execute("""insert into vibe.user_events (site_id, occurred_at, received_at, user_id, event_name, page, properties)
        select vibe.site_id('shop'), at::timestamptz, at::timestamptz, 1 + (n % 2), name, '/=' || n, jsonb_build_object('n', n)
        from (values ('2026-03-10 02:59:59Z', 'a', 1), ('2026-03-10 03:00Z', 'a', 2), ('2026-03-11 02:59:59.999Z', 'b', 3), ('2026-03-11 03:00Z', 'b', 4)) as v (at, name, n)""")
    pick = lambda **query: [row["properties"]["n"] for row in rows(server, "events/export", site="shop", **query)]  # noqa: E731
    assert pick() == [1, 2, 3, 4]
    assert pick(start_date="2026-03-10", end_date="2026-03-10") == [2, 3]
    assert pick(start_date="2026-03-11") == [4] and pick(end_date="2026-03-09") == [1]
    assert pick(event_name="b") == [3, 4] and pick(user_id=2) == [1, 3] and pick(user_id=2, event_name="a") == [1]
    assert pick(start_date="2027-01-01") == []


def test_days_and_campaigns(server, shop):
    shop.execute("select vibe.calculate_daily_stats('shop', '2026-03-01', '2026-03-05')")
    days = rows(server, "daily-stats/export", site="shop", start_date="2026-03-02", end_date="2026-03-04")
    assert [day["day"] for day in days] == ["2026-03-02", "2026-03-03", "2026-03-04"]
    stored = shop.execute("select to_jsonb(d) from vibe.daily_user_stats as d where site_id = vibe.site_id('shop') and day = '2026-03-02'").fetchone()[0]
    assert days[0] == stored
    shop.execute("select vibe.create_campaign('shop', '=Spring', 'email', budget => 100), vibe.create_campaign('shop', 'Autumn', 'search')")
    found = rows(server, "campaigns/export", site="shop", search="spring")
    assert [row["name"] for row in found] == ["=Spring"]
    status, _, body = fetch(server, "campaigns", site="shop")
    assert rows(server, "campaigns/export", site="shop") == json.loads(body)


def test_rights(server, shop):
    for path in ("customers", "campaigns", "events", "daily-stats"):
        assert fetch(server, f"{path}/export", person=None, site="shop")[0] == 401
        status, _, body = fetch(server, f"{path}/export", person="bob", site="shop")
        assert status == 400 and "does not exist or is not yours" in json.loads(body)["error"]["message"]


REFUSED = [
    ("customers", {"cluster": "nobody"}, "cluster"), ("customers", {"sort": "email"}, "sort"), ("customers", {"month": "2026-13"}, "month"),
    ("customers", {"search": "x" * 201}, "search"), ("customers", {"format": "xlsx"}, "format"), ("customers", {"bom": "perhaps"}, "bom"),
    ("customers", {"page": "1"}, "page"), ("events", {"start_date": "yesterday-ish"}, "start_date"), ("events", {"user_id": "x"}, "user_id"),
    ("daily-stats", {"format": ""}, "format"), ("campaigns", {"end_date": "2026-02-30"}, "end_date"),
]


def test_refusals(server, shop):
    for path, query, name in REFUSED:
        status, headers, body = fetch(server, f"{path}/export", site="shop", **query)
        error = json.loads(body)["error"]
        assert status == 400 and error["code"] == "VALIDATION_ERROR" and name in error["message"], (path, query, body)
        assert headers["Content-Disposition"] is None


def test_constant_memory_and_cancel(server, shop):
    """150,000 customers for a slow reader: the server never holds them; and when the reader goes, the query ends."""
    shop.execute("select vibe.create_site('large'), vibe.add_member('large', 'ann@example.org', 'viewer')")
    shop.execute("""insert into vibe.customers (site_id, customer_id, external_id, name) overriding system value
        select vibe.site_id('large'), n, 'm' || n, repeat('x', 400) from generate_series(1001, 151000) as n""")
    shop.execute("""insert into vibe.rfm_analysis (site_id, customer_id, period_start, period_end, recency, frequency, monetary, currency, foreign_orders,
            r_score, f_score, m_score, cluster, map_version, small_n)
        select vibe.site_id('large'), n, a.period_start, a.period_end, 1, 1, n, 'BRL', 0, 1, 1, 1, 'lost', a.map_version, false
        from generate_series(1001, 151000) as n, (select * from vibe.rfm_analysis where period_start = '2026-03-01' limit 1) as a""")
    shop.execute("analyze vibe.customers, vibe.rfm_analysis")
    before, most, size, lines = resident(server.process.pid), 0, 0, 0
    address = f"{server.url}/api/v1/customers/export?site=large&month={MONTH}"
    with urllib.request.urlopen(urllib.request.Request(address, headers={"Authorization": f"Bearer {server.ann}"}), timeout=60) as answer:
        time.sleep(1)
        while piece := answer.read(1 << 20):
            size, lines = size + len(piece), lines + piece.count(b"\r\n")
            most = max(most, resident(server.process.pid) - before)
    assert size > 65_000_000 and lines == 150_001
    assert most < 20_000_000, f"{most / 1e6:.0f} MB"
    running = "select count(*) from pg_stat_activity where datname = current_database() and usename = 'vibe_server' and state = 'active' and query ilike '%cursor_pieces%'"
    answer = urllib.request.urlopen(urllib.request.Request(address, headers={"Authorization": f"Bearer {server.ann}"}), timeout=60)
    assert len(answer.read(1000)) == 1000 and shop.execute(running).fetchone() == (1,)
    answer.close()
    deadline = time.monotonic() + 15
    while shop.execute(running).fetchone() != (0,) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert shop.execute(running).fetchone() == (0,)
