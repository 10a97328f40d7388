"""The nightly work with real sessions and a real pg_cron: overlap, a crash on the way, the schedule (S4-61, S3-85)."""
import re
import threading
import time

import psycopg
import pytest
from conftest import connect

CRON_DATABASE = "vibe_cron"
GATE = 4711


def make_sites(db, *names):
    for name in names:
        db.execute("select vibe.create_site(%s)", [name])
    db.execute("update vibe.sites set created_at = now() - interval '3 days'")


def runs(db):
    return dict(db.execute("select site, runs from vibe.job_status where site is not null").fetchall())


def close_gate(db, name):
    """Makes the nightly work of one site wait until nobody holds the advisory lock GATE."""
    db.execute(
        "create function gate() returns trigger language plpgsql as "
        f"$$ begin perform pg_advisory_xact_lock({GATE}); return new; end $$"
    )
    db.execute(
        "create trigger gate before insert on vibe.daily_user_stats for each row "
        f"when (new.site_id = {db.execute('select vibe.site_id(%s)', [name]).fetchone()[0]}) execute function gate()"
    )
    keeper = connect(db.info.dbname)
    keeper.execute("select pg_advisory_lock(%s)", [GATE])
    return keeper


def wait_for_gate(db):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        waiting = db.execute(
            "select l.pid from pg_locks as l join pg_database as d on d.oid = l.database "
            "where l.locktype = 'advisory' and l.objid = %s and not l.granted and d.datname = current_database()", [GATE]
        ).fetchone()
        if waiting:
            return waiting[0]
        time.sleep(0.02)
    raise AssertionError("nobody came to the gate")


def run_in_background(dbname, outcome):
    def run():
        try:
            with connect(dbname) as session:
                session.execute("call vibe.run_due()")
                outcome.append("done")
        except psycopg.Error as error:
            outcome.append(type(error).__name__)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_two_sessions_share_the_work(database):
    with connect(database) as db:
        make_sites(db, "first", "second", "third")
        outcome = []
        with close_gate(db, "second"):
            slow = run_in_background(database, outcome)
            wait_for_gate(db)
            # The other session does what is left and does not wait for the site that is being worked on.
            db.execute("set statement_timeout = '20s'")
            db.execute("call vibe.run_due()")
            assert runs(db) == {"first": 1, "second": 0, "third": 1}
        slow.join(30)
        assert outcome == ["done"]
        assert runs(db) == {"first": 1, "second": 1, "third": 1}
        assert db.execute("select count(*) from vibe.daily_user_stats").fetchone()[0] == 9


def test_what_is_done_stays_done_when_the_session_dies(database):
    with connect(database) as db:
        make_sites(db, "first", "second", "third")
        outcome = []
        with close_gate(db, "second"):
            doomed = run_in_background(database, outcome)
            pid = wait_for_gate(db)
            assert runs(db) == {"first": 1, "second": 0, "third": 0}
            db.execute("select pg_terminate_backend(%s)", [pid])
            doomed.join(30)
        assert outcome == ["AdminShutdown"]
        db.execute("call vibe.run_due()")
        assert runs(db) == {"first": 1, "second": 1, "third": 1}


@pytest.fixture
def cron():
    """The database pg_cron lives in, with pg_cron, as it was before afterwards."""
    with connect("postgres") as db:
        home = db.execute("select current_setting('cron.database_name', true)").fetchone()[0]
    if home != CRON_DATABASE:
        pytest.skip(f"pg_cron is not loaded for database {CRON_DATABASE} (cron.database_name is {home})")
    with connect(CRON_DATABASE) as db:
        db.execute("create extension if not exists pg_cron")
        yield db
        db.execute("select cron.unschedule(jobid) from cron.job")
        db.execute("drop extension pg_cron")
        db.execute("delete from vibe.sites")


def test_schedule_runs_the_work(cron):
    make_sites(cron, "ticking")
    job = cron.execute("select vibe.schedule()").fetchone()[0]
    assert cron.execute("select vibe.schedule()").fetchone()[0] == job
    assert cron.execute("select jobid, schedule, command, active from cron.job").fetchall() == [
        (job, "*/15 * * * *", "call vibe.run_due()", True)
    ]
    # A quarter of an hour is long for a test: the same job, every minute.
    cron.execute("select cron.alter_job(%s, schedule => '* * * * *')", [job])
    deadline = time.monotonic() + 150
    while time.monotonic() < deadline and runs(cron)["ticking"] == 0:
        time.sleep(1)
    details = cron.execute("select status, return_message from cron.job_run_details order by runid").fetchall()
    assert runs(cron)["ticking"] == 1, details
    assert cron.execute("select state from vibe.job_status where job = 'housekeeping'").fetchone()[0] == "done"


def test_schedule_says_what_to_do_elsewhere(cron, database):
    with connect(database) as db, pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState) as refusal:
        db.execute("select vibe.schedule()")
    assert refusal.value.diag.message_primary == f'pg_cron lives in database "{CRON_DATABASE}", not in "{database}"'
    advice = re.search(r": (select .*); or", refusal.value.diag.message_hint).group(1)
    cron.execute(advice)
    assert cron.execute("select command, database from cron.job").fetchall() == [("call vibe.run_due()", database)]
