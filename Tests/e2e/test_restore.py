"""Dump and restore (DESIGN §4): an ordinary pg_dump, restored in one transaction, gives every row and every figure back.

Also into a new cluster, where the roles are missing, whose clock is three months ahead, so that every partition is old.
"""
import json
import os
import pathlib
import secrets
import subprocess

import pytest
from psycopg import sql

from clusters import by_clock, own_cluster
from conftest import connect

BIN = pathlib.Path(os.environ["VIBE_PG_BINDIR"])


def run(*command, **environment):
    subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True, env=os.environ | environment)


def track(connection, visitor):
    """One page view now; the partition it lies in."""
    key = connection.execute("select key from vibe.sites where name = 'shop'").fetchone()[0]
    event = str(connection.execute("select gen_random_uuid()").fetchone()[0])
    envelope = {"site": key, "visitor": visitor, "sent_at": 5, "items": [
        {"type": "page_view", "id": event, "time": 5, "url": "https://shop.example/after"},
        {"type": "identify", "id": str(connection.execute("select gen_random_uuid()").fetchone()[0]), "time": 5, "user_id": visitor}]}
    status = connection.execute("select status from vibe_private.ingest(%s, null)", [[json.dumps(envelope)]]).fetchone()[0]
    assert status == 202
    return connection.execute("select tableoid::regclass::text from vibe.user_events where event_id = %s", [event]).fetchone()[0]


@pytest.fixture
def dumped(database, tmp_path):
    """A database with rows in every topic, and its dump: (name, file)."""
    with connect(database) as admin:
        admin.execute("set client_min_messages = error")
        admin.execute("select vibe.create_demo_site('shop', 1, 200, 70)")
        admin.execute("select vibe.calculate_daily_stats('shop', current_date - 30, current_date - 1)")
        admin.execute("select vibe.calculate_funnel_days('shop')")
        admin.execute("select vibe.calculate_rfm('shop', current_date - 70, current_date - 1)")
        admin.execute("select vibe.create_user('owner@example.com', 'correct horse')")
        admin.execute("select vibe.add_member('shop', 'owner@example.com', 'owner')")
        admin.execute("select * from vibe_private.auth('password', '{\"email\": \"owner@example.com\", \"password\": \"correct horse\"}', '{}')")
        for visitor in ("visitor-one", "visitor-two"):
            track(admin, visitor)
        # An old event waits in the default partition, and another has a month of its own.
        admin.execute("""insert into vibe.user_events (site_id, user_id, event_name, occurred_at)
            select site_id, 1, 'history', t from vibe.sites, unnest(array['2001-02-03Z', '2002-03-04Z']::timestamptz[]) as t""")
        admin.execute("select vibe_private.add_partition('2001-02-01')")
        # What owners of the data add themselves must survive too.
        admin.execute("create index my_index on vibe.purchases (amount)")
        admin.execute("create view public.my_view as select count(*) as events from vibe.user_events")
    file = tmp_path / "vibe.dump"
    run(BIN / "pg_dump", "-Fc", "-f", file, database)
    return database, file


def figures(connection):
    """Every table's rows as a checksum, and totals that functions and views derive from them at fixed dates."""
    connection.execute("set timezone = 'UTC'")
    tables = [row[0] for row in connection.execute("""
        select c.oid::regclass::text from pg_class as c
        where c.relkind in ('r', 'p') and c.relnamespace::regnamespace::text like 'vibe%%' order by 1""").fetchall()]
    found = {}
    for table in tables:
        found[table] = connection.execute(
            sql.SQL("select count(*), md5(string_agg(t::text, '|' order by t::text)) from {} as t").format(sql.SQL(table))).fetchone()
    for query in (
        "select sum(page_views), sum(events), sum(sessions) from vibe.daily_stats",
        "select count(*), sum(amount) from vibe.transactions",
        "select array_agg(f::text order by f.step) from vibe.calculate_funnel_conversion('shop', 'checkout', '{first}', '{last}') as f",
        "select array_agg((select r::text from vibe.calculate_rfm('shop', c.customer_id, '{first}', '{last}') as r) order by c.customer_id)"
        " from vibe.customers as c",
        "select count(*) from vibe.visitors",
        "select * from public.my_view",
        "select array_agg(x::text order by x::text) from (select polname, polrelid::regclass, pg_get_expr(polqual, polrelid) from pg_policy) as x",
        "select array_agg(pg_get_triggerdef(oid) order by pg_get_triggerdef(oid)) from pg_trigger where not tgisinternal",
        "select array_agg(indexrelid::regclass::text order by indexrelid::regclass::text) from pg_index where indrelid::regclass::text like 'vibe%%'",
        "select array_agg(x::text order by x::text) from (select oid::regclass, relacl::text, relrowsecurity, reloptions, obj_description(oid)"
        " from pg_class where relnamespace::regnamespace::text like 'vibe%%' and relkind <> 't') as x",
    ):
        first, last = connection.dates
        found[query] = connection.execute(query.format(first=first, last=last)).fetchone()
    assert found["vibe.user_events"][0] > 500 and found["vibe.purchases"][0] > 0 and found["vibe.user_days"][0] > 0
    return found


def compare(dumped, restored):
    """Both databases have the same figures; dates are those of the dumped one, whatever the clock of the other says."""
    with connect(dumped) as before:
        before.dates = before.execute("select (current_date - 40)::text, (current_date - 2)::text").fetchone()
        expected = figures(before)
        restored.dates = before.dates
        found = figures(restored)
    assert list(found) == list(expected)
    for name in expected:
        assert found[name] == expected[name], name


def test_restore_gives_everything_back(dumped, tmp_path):
    database, file = dumped
    fresh = f"vibe_test_{secrets.token_hex(4)}"
    with connect() as admin:
        admin.execute(sql.SQL("create database {}").format(sql.Identifier(fresh)))
    try:
        run(BIN / "pg_restore", "--exit-on-error", "-1", "-d", fresh, file)
        with connect(fresh) as restored:
            compare(database, restored)
            # It goes on: ids continue, repeats are still known, partitions are still made.
            assert track(restored, "visitor-new").startswith("vibe_private.user_events_2")
            restored.execute("call vibe.install()")
            restored.execute("call vibe.upgrade()")
            assert restored.execute("select vibe_private.add_partitions()").fetchone()[0] == 1, "the default partition is drained"
            assert restored.execute("select count(*) from vibe_private.user_events_default").fetchone()[0] == 0
            # Imports go on where nobody else may make temporary tables.
            restored.execute(sql.SQL("revoke temporary on database {} from public").format(sql.Identifier(fresh)))
            answer = restored.execute("select vibe.import_csv('shop', 'orders', e'order_id,purchased_at,amount\n1,2024-01-01,1')").fetchone()[0]
            assert answer["imported"] == 1
    finally:
        with connect() as admin:
            admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(fresh)))


@pytest.fixture
def later():
    """The socket directory and port of a new cluster whose clock is three months ahead."""
    with own_cluster(**by_clock("+3 months")) as (environment, _):
        yield {"host": environment["PGHOST"], "port": environment["PGPORT"]}


def test_restore_into_a_new_cluster_three_months_later(dumped, later):
    database, file = dumped
    with connect(**later) as admin:
        assert admin.execute("select count(*) from pg_roles where rolname like 'vibe%'").fetchone()[0] == 0
        admin.execute("create database vibe")
    run(BIN / "pg_restore", "--exit-on-error", "-1", "-d", "vibe", file, PGHOST=later["host"], PGPORT=later["port"])
    with connect(database) as now, connect("vibe", **later) as restored:
        days = (restored.execute("select now()").fetchone()[0] - now.execute("select now()").fetchone()[0]).days
        assert 85 <= days <= 95
        compare(database, restored)
        # The months made ahead have passed but for one; new ones are made, and events go there, not into the default partition.
        assert restored.execute("select vibe_private.add_partitions()").fetchone()[0] >= 3
        month = restored.execute("select to_char(now() at time zone 'UTC', 'YYYY_MM')").fetchone()[0]
        assert track(restored, "visitor-later") == f"vibe_private.user_events_{month}"
        # A visitor of three months ago is still the same, and opens a new session.
        track(restored, "visitor-one")
        assert restored.execute("""select count(*) from vibe.site_sessions join vibe.site_users using (site_id, user_id)
            where anonymous_id = 'visitor-one'""").fetchone()[0] == 2
        # Change-feed rows and cursors of the other cluster do not mislead a reader here.
        cursor = restored.execute("select next from vibe_private.changes_since(null)").fetchone()[0]
        assert restored.execute("select resync, site_id from vibe_private.changes_since(%s)", [cursor]).fetchall() == [(False, None)]
        restored.execute("call vibe.run_due()")
