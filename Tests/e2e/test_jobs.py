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
    return dict(db.execute("select site, runs from vibe.job_status where job = 'nightly'").fetchall())


def states(db):
    return dict(db.execute("select site, state from vibe.job_status where job = 'nightly'").fetchall())


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
            assert states(db) == {"first": "done", "second": "running", "third": "due"}
            db.execute("select pg_terminate_backend(%s)", [pid])
            doomed.join(30)
        assert outcome == ["AdminShutdown"]
        assert states(db) == {"first": "done", "second": "failed", "third": "due"}
        # What was there of the second site is gone with its transaction; the next call notes the end, and does it.
        assert db.execute("select count(*) from vibe.daily_user_stats where site_id = vibe.site_id('second')").fetchone()[0] == 0
        db.execute("call vibe.run_due()")
        assert states(db) == dict.fromkeys(("first", "second", "third"), "done")
        assert runs(db) == {"first": 1, "second": 2, "third": 1}


def test_a_site_that_takes_its_session_down_again_and_again_keeps_no_other_from_its_night(database):
    with connect(database) as db:
        make_sites(db, "first", "second", "third")
        for failures in (0, 1):
            outcome = []
            with close_gate(db, "second"):
                doomed = run_in_background(database, outcome)
                pid = wait_for_gate(db)
                # The one that failed before comes last.
                assert states(db) == {"first": "done", "second": "running", "third": "done" if failures else "due"}
                db.execute("select pg_terminate_backend(%s)", [pid])
                doomed.join(30)
            db.execute("drop trigger gate on vibe.daily_user_stats")
            db.execute("drop function gate()")
        # The second time it is given ten minutes.
        db.execute("call vibe.run_due()")
        status = db.execute("select state, failures, error from vibe.job_status where job = 'nightly' and site = 'second'").fetchone()
        assert status == ("failed", 2, "57P01: the session ended before the work was done")


def test_a_timeout_is_recorded_and_the_next_call_begins_with_the_others(database):
    with connect(database) as db:
        make_sites(db, "first", "second", "third")
        with close_gate(db, "second"):
            with connect(database, user="vibe_jobs") as scheduler:
                scheduler.execute("set statement_timeout = '2s'")
                with pytest.raises(psycopg.errors.QueryCanceled):
                    scheduler.execute("call vibe.run_due()")
                assert states(db) == {"first": "done", "second": "failed", "third": "due"}
                error, retry = db.execute(
                    "select error, next_try_at from vibe.job_status where job = 'nightly' and site = 'second'").fetchone()
                assert error == "57014: canceling statement due to statement timeout"
                assert retry is not None
                with pytest.raises(psycopg.errors.QueryCanceled):
                    scheduler.execute("call vibe.run_due()")
                assert states(db) == {"first": "done", "second": "failed", "third": "done"}
                # Twice failed: not tried for ten minutes, so the call has nothing to do.
                scheduler.execute("call vibe.run_due()")
        assert runs(db) == {"first": 1, "second": 2, "third": 1}


def test_an_open_transaction_elsewhere_costs_one_site_only(database):
    """Nothing is waited for longer than a minute (here: two seconds), and the reason is to be read."""
    with connect(database) as db:
        make_sites(db, "first", "second", "third")
        db.execute("alter function vibe_private.do_job(text, integer) set lock_timeout = '2s'")
        with connect(database, autocommit=False) as holder:
            holder.execute("select vibe.calculate_daily_stats('second')")
            with connect(database, user="vibe_jobs") as scheduler:
                scheduler.execute("call vibe.run_due()")
            assert states(db) == {"first": "done", "second": "failed", "third": "done"}
            error = db.execute("select error from vibe.job_status where job = 'nightly' and site = 'second'").fetchone()[0]
            assert error == "55P03: canceling statement due to lock timeout"
        db.execute("call vibe.run_due()")
        assert states(db) == dict.fromkeys(("first", "second", "third"), "done")


def test_no_login_can_hold_the_locks(database):
    """Advisory locks are anybody's; those of the work are rows that only vibe_owner may lock."""
    with connect(database) as db, connect(database, user="vibe_jobs") as jobs:
        make_sites(db, "first")
        for lock in ("vibe_private.turns", "vibe.job_runs", "vibe.sites"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                jobs.execute(f"select * from {lock} for update")
        with connect(database, autocommit=False) as watcher:
            watcher.execute("select vibe.calculate_daily_stats('first'), vibe.calculate_rfm('first', '2026-01'), vibe.calculate_funnel_days('first')")
            watcher.execute("select vibe_private.add_partitions(), vibe_private.refresh_revenue(vibe.site_id('first'))")
            assert db.execute("select count(*) from pg_locks where locktype = 'advisory'").fetchone()[0] == 0
            held = watcher.execute("select array_agg(work order by work) from vibe_private.turns").fetchone()[0]
            assert held == ["funnels", "revenue", "rfm", "rfm_totals", "stats"]


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


def test_schedule_runs_the_work_as_a_login_that_can_do_nothing_else(cron):
    make_sites(cron, "ticking")
    # A superuser's own job for the same work goes, or it would be done twice, and by a superuser.
    cron.execute("select cron.schedule('mine', '*/5 * * * *', 'call vibe.run_due()')")
    job = cron.execute("select vibe.schedule()").fetchone()[0]
    assert cron.execute("select vibe.schedule()").fetchone()[0] == job
    assert cron.execute("select jobid, jobname, schedule, command, active, username, database from cron.job").fetchall() == [
        (job, f"vibe {CRON_DATABASE}", "*/15 * * * *", "call vibe.run_due()", True, "vibe_jobs", CRON_DATABASE)
    ]
    # What runs inside of the work finds out who it is, and tries to become the superuser.
    cron.execute("create table public.found (session_name text, current_name text, superuser text, escapes text[])")
    cron.execute("grant insert on public.found to vibe_owner")
    cron.execute("""
        create function public.escape() returns trigger language plpgsql as $$
        declare
            attempt text;
            escaped text[] := '{}';
        begin
            foreach attempt in array array[
                'set local session authorization postgres', 'set local role postgres', 'reset session authorization',
                'alter role vibe_jobs superuser', 'create role intruder', $copy$copy (select 1) to program 'true'$copy$
            ] loop
                begin
                    execute attempt;
                    if attempt !~ '^reset' or current_setting('is_superuser') = 'on' then
                        escaped := escaped || attempt;
                    end if;
                exception when insufficient_privilege or invalid_parameter_value then
                    null;
                end;
            end loop;
            insert into public.found values (session_user, current_user, current_setting('is_superuser'), escaped);
            return null;
        end $$""")
    cron.execute("create trigger escape after insert on vibe.daily_user_stats for each statement execute function public.escape()")
    try:
        # A quarter of an hour is long for a test: the same job, every minute.
        cron.execute("select cron.alter_job(%s, schedule => '* * * * *')", [job])
        deadline = time.monotonic() + 150
        while time.monotonic() < deadline and runs(cron)["ticking"] == 0:
            time.sleep(1)
        details = cron.execute("select username, status, return_message from cron.job_run_details order by runid").fetchall()
        assert runs(cron)["ticking"] == 1, details
        states = cron.execute("select job, state, error from vibe.job_status").fetchall()
        assert {state for _, state, _ in states} == {"done"}, states
        assert {user for user, _, _ in details} == {"vibe_jobs"}
        assert cron.execute("select * from public.found").fetchall() == [("vibe_jobs", "vibe_owner", "off", [])]
    finally:
        cron.execute("drop trigger escape on vibe.daily_user_stats")
        cron.execute("drop function public.escape")
        cron.execute("drop table public.found")


def test_only_a_superuser_schedules(cron):
    cron.execute("grant usage on schema cron to vibe_owner")
    cron.execute("set role vibe_owner")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="only a superuser may let pg_cron work as vibe_jobs"):
        cron.execute("select vibe.schedule()")
    cron.execute("reset role")
    assert cron.execute("select count(*) from cron.job").fetchone()[0] == 0


def test_schedule_says_what_to_do_elsewhere(cron, database):
    with connect(database) as db, pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState) as refusal:
        db.execute("select vibe.schedule()")
    assert refusal.value.diag.message_primary == f'pg_cron lives in database "{CRON_DATABASE}", not in "{database}"'
    advice = re.search(r": (select .*); or", refusal.value.diag.message_hint).group(1)
    cron.execute(advice)
    # A name of its own: the jobs of one login are told apart by it.
    assert cron.execute("select jobname, command, database, username from cron.job").fetchall() == [
        (f"vibe {database}", "call vibe.run_due()", database, "vibe_jobs")
    ]


def test_the_work_needs_no_pg_cron(database):
    """CREATE EXTENSION and install() made the template without it; any scheduler calls the procedure as vibe_jobs."""
    with connect(database) as db:
        assert db.execute("select count(*) from pg_extension where extname = 'pg_cron'").fetchone()[0] == 0
        make_sites(db, "alone")
        with connect(database, user="vibe_jobs") as scheduler:
            scheduler.execute("call vibe.run_due()")
        assert runs(db) == {"alone": 1}
