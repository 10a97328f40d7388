"""Plans of the tracking tables as people get them, under row-level security: two sites, five months, a member and an analyst.

Each question may touch only the months that it names, by the index that is meant for it; the caller's sites are asked once
(an InitPlan), never row by row; no month is read from end to end. The plans of queries inside functions are read too
(auto_explain writes them as notices).
"""
import datetime
import json
import re

import psycopg
import pytest

from conftest import connect, new_database

LOGIN = "test_plans_analyst"
MONTHS = 5
FILL = """
set session_replication_role = replica;
insert into vibe.site_users (site_id, anonymous_id, first_seen_at, last_seen_at)
select s.site_id, 'visitor-' || n, now() - interval '150 days', now() from vibe.sites as s, generate_series(1, 2000) as n;
insert into vibe.site_sessions (site_id, user_id, started_at, last_seen_at, page_views, events, channel, device, entry_page)
select u.site_id, u.user_id, t.at, t.at + interval '10 minutes', 4, 1, 'direct', 'mobile', '/'
from vibe.site_users as u cross join lateral (
    select now() - interval '150 days' * ((u.user_id * 7919 + n * 104729) % 10007) / 10007.0 - interval '15 minutes' as at from generate_series(1, 6) as n) as t;
insert into vibe.user_events (site_id, occurred_at, received_at, user_id, session_id, event_name, page, title, properties)
select s.site_id, s.started_at + n * interval '2 minutes', s.started_at, s.user_id, s.session_id,
    case when n = 4 then (array['add_to_cart', 'purchase', 'search'])[1 + s.session_id % 3] else 'page_view' end,
    '/' || (s.session_id + n) % 50, repeat('title ', 10), '{"sku": "A-1", "price": 10}'
from vibe.site_sessions as s, generate_series(0, 4) as n;
insert into vibe.online_users (site_id, user_id, person_id, session_id, started_at, last_seen_at)
select u.site_id, u.user_id, u.user_id, 1, now(), now() from vibe.site_users as u;
reset session_replication_role;
"""


@pytest.fixture(scope="module")
def shops():
    """The name of a database with two sites of 60,000 events each, the second caller's other than the first."""
    with new_database() as name:
        with connect(name) as database:
            database.execute(f"drop role if exists {LOGIN}")
            database.execute("select vibe.create_site('shop', time_zone => 'America/Sao_Paulo'), vibe.create_site('other')")
            database.execute("""select vibe_private.add_partition((date_trunc('month', now()) - make_interval(months => n))::date)
                                from generate_series(1, 6) as n""")
            database.execute(FILL)
            database.execute("select vibe.create_user('member@example.com', 'correct horse')")
            database.execute("select vibe.add_member('shop', 'member@example.com', 'member')")
            database.execute("insert into vibe_private.sessions (user_id, expires_at) select user_id, now() + interval '1 hour' from vibe_private.users")
            database.execute("select vibe.create_analyst(%s, 'correct horse battery', array['shop'])", [LOGIN])
            database.execute("vacuum analyze")
        yield name
        with connect(name) as database:
            database.execute("select vibe.drop_analyst(%s)", [LOGIN])


@pytest.fixture(params=["member", "analyst"])
def caller(shops, request):
    """A connection of somebody who may see one of the two sites, which tells the plans of all that it runs."""
    with connect(shops) as session:
        session.execute("load 'auto_explain'")
        session.execute("""set auto_explain.log_min_duration = 0; set auto_explain.log_analyze = on; set auto_explain.log_timing = off;
                           set auto_explain.log_nested_statements = on; set auto_explain.log_format = json;
                           set client_min_messages = log; set jit = off; set max_parallel_workers_per_gather = 0""")
        if request.param == "member":
            claims = session.execute("select vibe_private.session_claims(session_id, 60)::text from vibe_private.sessions").fetchone()[0]
            session.execute("set session authorization vibe_server")
            session.execute("set role vibe_member")
            session.execute("select set_config('request.jwt.claims', %s, false)", [claims])
        else:
            session.execute(f"set session authorization {LOGIN}")
        session.notices = []
        session.add_notice_handler(lambda notice: session.notices.append(notice.message_primary))
        assert session.execute("select count(*) from vibe.sites").fetchone()[0] == 1
        yield session


def plans(session, query, **given):
    """The nodes of all plans of a query and of the queries within its functions."""
    session.notices.clear()
    session.execute(query, given)
    found = []
    for text in session.notices:
        if "{" in text and text.startswith("duration"):
            walk(json.loads(text[text.index("{"):])["Plan"], found)
    return found


def walk(node, found):
    found.append(node)
    for below in node.get("Plans", []):
        walk(below, found)


def is_events(node):
    return re.match(r"user_events_(\d{4}_\d{2}|default)", node.get("Relation Name", ""))


def rows_read(node):
    """How many rows a scan looked at; empty months are scanned as they are, which costs nothing."""
    return (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]


def months(nodes):
    """Which months' tables the executor came to."""
    return {node["Relation Name"][-7:] for node in nodes if is_events(node) and node["Actual Loops"]} - {"default"}


def indexes(nodes, table):
    """The endings of the names of the indexes by which a table is read; 'user_events' stands for all its months."""
    chosen = {node["Index Name"] for node in nodes if "Index Name" in node and (
        re.match(r"user_events", node["Index Name"]) if table == "user_events" else node.get("Relation Name", node["Index Name"]).startswith(table))}
    return {re.sub(r"user_events_(\d{4}_\d{2}|default)_", "", name) for name in chosen}


def held(nodes):
    """What every plan keeps: no event table is read from end to end, and who may see what is asked once."""
    assert [node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan" and is_events(node) and rows_read(node)] == []
    assert any(node.get("Parent Relationship") == "InitPlan" for node in nodes), "no InitPlan"
    # As a filter my_sites would be compared with each row that the index found.
    by_site = [node for node in nodes if node["Node Type"] in ("Index Scan", "Index Only Scan", "Bitmap Index Scan")
               and (is_events(node) or node["Index Name"].startswith(("site_", "user_events_")))]
    assert by_site and all("site_id" in node.get("Index Cond", "") for node in by_site)
    assert not [node for node in nodes if "SubPlan" in str(node.get("Filter", "")) and "my_sites" in str(node.get("Filter", ""))]


NOW = datetime.datetime.now(datetime.timezone.utc)
DAY = datetime.timedelta(days=1)
MONTH = (NOW.replace(day=1) - 16 * DAY).replace(hour=12)  # amid the last month
RANGE = {"since": MONTH, "until": MONTH + 3 * DAY}
ONE = f"{MONTH:%Y_%m}"


@pytest.mark.parametrize("query", [
    "select * from vibe.user_events where occurred_at >= %(since)s and occurred_at < %(until)s",
    "select event_id, event_name, page, user_id from vibe.events where occurred_at >= %(since)s and occurred_at < %(until)s",
    "select day, count(*), count(distinct user_id) from vibe.events where site = 'shop' and occurred_at >= %(since)s and occurred_at < %(until)s group by 1",
    "select count(*) from vibe.events where event_name = 'page_view' and occurred_at >= %(since)s and occurred_at < %(until)s"])
def test_events_of_a_time(caller, query):
    nodes = plans(caller, query, **RANGE)
    held(nodes)
    assert months(nodes) == {ONE}
    assert indexes(nodes, "user_events") == {"time"}


def test_events_by_name(caller):
    nodes = plans(caller, """select count(distinct user_id) from vibe.events
        where event_name = 'purchase' and occurred_at >= %(since)s and occurred_at < %(until)s""", **RANGE | {"until": MONTH + 10 * DAY})
    held(nodes)
    assert months(nodes) == {ONE}
    assert indexes(nodes, "user_events") == {"name"}


@pytest.mark.parametrize("query", [
    "select * from vibe.user_events where user_id = %(visitor)s",
    "select * from vibe.user_events where user_id = %(visitor)s order by occurred_at desc limit 20",
    "select occurred_at, page from vibe.user_events where user_id = %(visitor)s and occurred_at >= %(since)s and occurred_at < %(until)s"])
def test_events_of_a_visitor(caller, query):
    visitor = caller.execute("select max(user_id) from vibe.site_users").fetchone()[0]
    nodes = plans(caller, query, visitor=visitor, **RANGE)
    held(nodes)
    assert indexes(nodes, "user_events") == {"user"}
    if "since" in query:
        assert months(nodes) == {ONE}


@pytest.mark.parametrize("query, index", [
    ("select * from vibe.site_sessions where user_id = %(visitor)s order by started_at desc limit 20", "site_sessions_user"),
    ("select * from vibe.sessions where visitor_id = %(visitor)s", "site_sessions_user"),
    ("select * from vibe.site_sessions where session_id = %(visit)s", "site_sessions_pkey"),
    ("select channel, count(*) from vibe.sessions where started_at >= %(since)s and started_at < %(until)s group by 1", "site_sessions_started")])
def test_sessions(caller, query, index):
    visitor, visit = caller.execute("select user_id, session_id from vibe.site_sessions order by session_id desc limit 1").fetchone()
    nodes = plans(caller, query, visitor=visitor, visit=visit, **RANGE)
    held(nodes)
    assert indexes(nodes, "site_sessions") == {index}
    assert [node for node in nodes if node.get("Relation Name") == "site_sessions" and node["Node Type"] == "Seq Scan"] == []


@pytest.mark.parametrize("query", [
    "select * from vibe.user_sessions('shop', %(visitor)s)",
    "select * from vibe.user_timeline('shop', %(visitor)s)",
    "select * from vibe.user_profile('shop', %(visitor)s)"])
def test_functions_about_one_person(caller, query):
    visitor = caller.execute("select max(user_id) from vibe.site_users").fetchone()[0]
    nodes = plans(caller, query, visitor=visitor)
    held(nodes)
    assert indexes(nodes, "user_events") <= {"user"}
    assert sum(rows_read(node) for node in nodes if node.get("Relation Name")) < 1_000


@pytest.mark.parametrize("query", [
    "select * from vibe.stats_breakdown('shop', 'page', %(first)s, %(last)s)",
    "select * from vibe.stats_breakdown('shop', 'channel', %(first)s, %(last)s)",
    "select * from vibe.page_paths('shop', first_day => %(first)s, last_day => %(last)s)",
    "select * from vibe.stats_series('shop', 'page_views', %(first)s, %(last)s)",
    "select * from vibe.stats_series('shop', 'events', %(first)s, %(first)s, 'hour')"])
def test_functions_of_statistics(caller, query):
    counted(plans(caller, query, first=MONTH.date(), last=(MONTH + 3 * DAY).date()))


def test_daily_stats(caller):
    query = "select vibe.calculate_daily_stats('shop', %(first)s, %(last)s)"
    days = {"first": MONTH.date(), "last": (MONTH + 3 * DAY).date()}
    if caller.execute("select current_user").fetchone()[0] == LOGIN:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            caller.execute(query, days)
    else:
        counted(plans(caller, query, **days))


def test_a_name_reaches_the_online_list_by_key(caller):
    visitor = caller.execute("select max(user_id) from vibe.site_users").fetchone()[0]
    query = "update vibe.site_users set name = 'Ada' where site_id = vibe.site_id('shop') and user_id = %(visitor)s"
    if caller.execute("select current_user").fetchone()[0] == LOGIN:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            caller.execute(query, {"visitor": visitor})
    else:
        nodes = plans(caller, query, visitor=visitor)
        assert sum(rows_read(node) for node in nodes if node.get("Relation Name") in ("site_users", "online_users")) < 20
        assert caller.execute("select name from vibe.online_users where user_id = %s", [visitor]).fetchone() == ("Ada",)


def counted(nodes):
    """Counting some days reads their month only, and not from end to end."""
    assert [node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan" and is_events(node) and rows_read(node)] == []
    assert nodes and months(nodes) <= {ONE}
