"""run_due() is killed in the middle, by SIGTERM, by SIGKILL and with all of PostgreSQL; the next call catches up.

The reference is the same database, where one call was left in peace.
"""
import json
import os
import random
import signal
import threading
import time

import psycopg
from psycopg import sql
from test_kill import cluster, crash  # noqa: F401  a cluster of its own, which may be killed

from conftest import TEMPLATE, connect

SITES = [f"site {number}" for number in range(10)]
# When it was, and numbers that run on.
TIMES = {"calculated_at", "sized_at", "entered_at", "left_at", "created_at", "started_at", "finished_at", "runs", "failures", "session_pid", "next_try_at", "error"}


def prepare():
    with connect() as admin:
        admin.execute(f"create database loaded template {TEMPLATE}")
    with connect("loaded") as db:
        for name in SITES:
            db.execute("select vibe.create_demo_site(%s, visitors => 400, days => 40)", [name])
            db.execute("select vibe.create_segment(%s, 'buyers', %s::jsonb)",
                       [name, json.dumps({"version": 1, "all": [{"customer": "order_count", "op": "ge", "value": 1}]})])
            db.execute("select vibe.keep_events(%s, 30)", [name])
        # As if the nights had been missed. What the demo has counted goes, so that there is something to be seen.
        db.execute("delete from vibe.job_runs; delete from vibe.daily_user_stats; delete from vibe.user_days; delete from vibe.rfm_analysis; "
                   "delete from vibe.daily_funnel_stats; insert into vibe.revenue_marks select site_id, day from vibe.daily_revenue; delete from vibe.daily_revenue")


def fresh(name):
    with connect() as admin:
        admin.execute(sql.SQL("create database {} template loaded").format(sql.Identifier(name)))
    return name


def everything(db):
    tables = [row[0] for row in db.execute("""
        select c.oid::regclass::text from pg_class as c where c.relkind in ('r', 'p') and not c.relispartition
          and c.relnamespace in ('vibe'::regnamespace, 'vibe_private'::regnamespace)
          and c.oid::regclass::text not in ('vibe_private.changes', 'vibe_private.turns') order by 1""").fetchall()]
    return {table: sorted(json.dumps({k: v for k, v in row[0].items() if k not in TIMES}, sort_keys=True)
                          for row in db.execute(f"select to_jsonb(r) from {table} as r").fetchall()) for table in tables}


def run_and_kill(cluster, name, how, delay):
    """What the killed session said; None if it was quicker than we."""
    said, pid = [], []

    def run():
        try:
            with connect(name, user="vibe_jobs") as session:
                pid.append(session.info.backend_pid)
                session.execute("call vibe.run_due()")
                said.append(None)
        except psycopg.Error as error:
            said.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    while not pid:
        time.sleep(0.001)
    time.sleep(delay)
    if how == "crash":
        crash(cluster)
    else:
        try:
            os.kill(pid[0], getattr(signal, how))
        except ProcessLookupError:
            pass
    thread.join(60)
    return said[0]


def connect_patiently(name):
    """PostgreSQL ends all sessions when a backend died, a moment after it, and takes nobody while it recovers."""
    for _ in range(200):
        try:
            time.sleep(0.2)
            session = connect(name)
            time.sleep(0.2)
            session.execute("select 1")
            return session
        except psycopg.OperationalError:
            pass
    raise AssertionError("PostgreSQL does not come back")


def test_what_was_interrupted_is_caught_up(cluster):  # noqa: F811
    prepare()
    with connect(fresh("peaceful")) as db:
        began = time.monotonic()
        db.execute("call vibe.run_due()")
        whole = time.monotonic() - began
        db.execute("call vibe.run_due()")
        reference = everything(db)
        assert len(reference["vibe.daily_user_stats"]) > 10 * 30 and reference["vibe.rfm_analysis"] and reference["vibe.segment_members"]
    dice = random.Random(7)
    killed = 0
    for number, how in enumerate(["SIGTERM", "SIGKILL", "crash"] * 2):
        name = fresh(f"killed_{number}")
        killed += run_and_kill(cluster, name, how, dice.uniform(0, 0.7 * whole)) is not None
        with connect_patiently(name) as db:
            # All of a site's night, or nothing of it; and who is at it is not said of the dead.
            for site, done, days, expired in db.execute("""
                    select s.name, r.done_through is not null, (select count(*) from vibe.daily_user_stats as d where d.site_id = s.site_id),
                        s.events_from is not null
                    from vibe.sites as s left join vibe.job_runs as r on r.site_id = s.site_id and r.job = 'nightly'""").fetchall():
                assert done == (days > 0) == expired, f"{how}: {site} is half done"
            assert db.execute("select count(*) from vibe.job_status where state = 'running'").fetchone()[0] == 0
            db.execute("call vibe.run_due()")
            assert db.execute("select array_agg(distinct state) from vibe.job_status").fetchone()[0] == ["done"]
            # One more, since months that became empty go with the next call.
            db.execute("call vibe.run_due()")
            found = everything(db)
            assert {table for table in reference if found[table] != reference[table]} == set(), how
        with connect() as admin:
            admin.execute(f"drop database {name} with (force)")
    assert killed >= 3, "nearly all calls were quicker than the kill"
