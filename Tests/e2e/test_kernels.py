"""What every aggregate over a kernel owes the server, for all of them by one table: a new kernel is one line of RUNS.

Equal answers with any number of workers and under interrupts that are no cancel; an end by timeout and by the limit of memory
that leaves nothing behind; memory a row as the comment says it.
"""
import pathlib
import re
import threading
import time

import psycopg
import pytest
from conftest import connect, new_database

ROWS = 150_000
RFM = "customer, at, amount, is_refund, '2026-02-01'"
POINT = "customer::float8, amount::float8, extract(epoch from at)::float8"
# name → a select with one row; and the most bytes a row may take in the state, or None where it goes by users and not by rows.
RUNS = {
    "funnel by array": ("vibe.funnel(customer, at, array[kind = 1, kind = 2, kind = 3], interval '1 day')", 24),
    "funnel by array, options": ("""vibe.funnel(customer, at, array[kind = 1, kind = 2], null, '{"mode": "strict"}')""", 24),
    "funnel by name": ("vibe.funnel(customer, at, name, array['a', 'b', 'c'], interval '1 day')", 24),
    "funnel by name, options": ("""vibe.funnel(customer, at, name, array['a', 'b', 'c'], null, '{"mode": "unordered"}')""", 24),
    "funnel by bits": ("vibe.funnel(customer, at, 1 + kind & 7, 3, interval '1 day')", 24),
    "funnel with all": ("vibe.funnel(customer, at, 1 + kind & 7, 1, name, 3, interval '1 day', '{}')", 32),
    "funnel_depth by array": ("vibe.funnel_depth(at, array[kind = 1, kind = 2, kind = 3], interval '1 day')", 24),
    "funnel_depth by array, options": ("""vibe.funnel_depth(at, array[kind = 1, kind = 2], null, '{"ties": "strict"}')""", 24),
    "funnel_depth by bits": ("vibe.funnel_depth(at, 1 + kind & 7, 3, null)", 24),
    "funnel_depth with all": ("vibe.funnel_depth(at, 1 + kind & 7, 1, name, 3, null, '{}')", 32),
    "funnel_chains": ("vibe.funnel_chains(customer, at, 1 + kind & 7, 0, null, name, 3, interval '1 day', '{}', null)", 32),
    "rfm by time": (f"vibe.rfm({RFM}, 'Asia/Tokyo')", None),
    "rfm, foreign": (f"vibe.rfm({RFM}, 'Asia/Tokyo', kind = 3)", None),
    "rfm_pack": (f"vibe.rfm_pack({RFM}, 'Asia/Tokyo', kind = 3)", None),
    "rfm by date": ("vibe.rfm(customer, at::date, amount, is_refund, '2026-02-01')", None),
    "rolling_users by time": ("vibe.rolling_users(customer, at, '2026-01-01', '2026-01-07', 'Asia/Tokyo')", None),
    "rolling_users by time, windows": ("vibe.rolling_users(customer, at, '2026-01-01', '2026-01-07', 'Asia/Tokyo', array[2, 5])", None),
    "rolling_users by day": ("vibe.rolling_users(customer, at::date, '2026-01-01', '2026-01-07')", None),
    "rolling_users by day, windows": ("vibe.rolling_users(customer, at::date, '2026-01-01', '2026-01-07', array[2, 5])", None),
    "rolling_users by day, merged": ("vibe.rolling_users(customer, at::date, '2026-01-01', '2026-01-07', array[1, 2, 3], array[4, null, 4])", None),
    "rolling_users by day, merged, windows": (
        "vibe.rolling_users(customer, at::date, '2026-01-01', '2026-01-07', array[1, 2, 3], array[4, null, 4], array[2, 5])", None),
    "cohort_users by time": ("vibe.cohort_users(customer, at, 'day', '2026-01-01', '2026-01-07', 'Asia/Tokyo')", None),
    "cohort_users by day": ("vibe.cohort_users(customer, at::date, 'day', '2026-01-01', '2026-01-07')", None),
    "cohort_users, entries": ("vibe.cohort_users(customer, at::date, kind = 7, 'day', '2026-01-01', '2026-01-07')", None),
    "cohort_users, merged": ("vibe.cohort_users(customer, at::date, kind = 7, 'day', '2026-01-01', '2026-01-07', array[1, 2, 3], array[4, null, 4])", None),
    "kmeans by array": (f"vibe.kmeans(4, '{{}}', variadic array[{POINT}])", 24),
    **{f"kmeans of {n}": (f"vibe.kmeans(4, '{{\"max_iterations\": 20}}', {', '.join(['amount::float8', 'customer'] * 4).rsplit(', ', 8 - n)[0]})", 8 * n)
       for n in range(1, 9)},
}


@pytest.fixture(scope="module")
def rows():
    """The name of a database with one table of rows for all kernels."""
    with new_database() as name:
        with connect(name) as connection:
            connection.execute(f"""create table visits as
                select (hashint8extended(i, 1) & 131071) as customer, 'abcdefgh'::text as name, (hashint8extended(i, 3) & 7)::int as kind,
                    timestamptz '2026-01-01' + (hashint8extended(i, 2) & 524287) * interval '1 second' as at,
                    ((hashint8extended(i, 4) & 65535)::numeric / 100) as amount, (hashint8extended(i, 5) & 31) = 0 as is_refund
                from generate_series(1, {ROWS}) as i""")
            connection.execute("update visits set name = substr(name, 1 + kind, 1)")
            connection.execute("alter table visits set (parallel_workers = 4)")
            connection.execute("vacuum (full, analyze) visits")
        yield name


@pytest.fixture
def session(rows):
    """A connection that plans without workers."""
    with connect(rows) as connection:
        connection.execute("set max_parallel_workers_per_gather = 0")
        connection.execute("set parallel_setup_cost = 0")
        connection.execute("set parallel_tuple_cost = 0")
        connection.execute("set jit = off")
        yield connection


def query(name):
    # Text, for a composite result must be made and read in full.
    return f"select md5(({RUNS[name][0]})::text) from visits"


def left_over(session):
    return session.execute("select count(*) from pg_backend_memory_contexts where name like 'vibe%'").fetchone()[0]


def resident(session):
    """kB of memory of the backend, without what it shares."""
    return int(re.search(r"RssAnon:\s+(\d+)", pathlib.Path(f"/proc/{session.info.backend_pid}/status").read_text())[1])


def take_timeout_away(session):
    """A timeout of a few milliseconds may strike this very statement."""
    try:
        session.execute("set statement_timeout = 0")
    except psycopg.errors.QueryCanceled:
        take_timeout_away(session)


def test_every_aggregate_is_here(session):
    """A run of each form: a view over a run depends on the aggregate that was meant."""
    called = set()
    for name in RUNS:
        session.execute(f"create or replace temp view run as select {RUNS[name][0]} as answer from visits")
        called |= {row[0] for row in session.execute("""
            select p.oid::regprocedure::text from pg_depend as d join pg_rewrite as r on r.oid = d.objid join pg_proc as p on p.oid = d.refobjid
            where d.classid = 'pg_rewrite'::regclass and d.refclassid = 'pg_proc'::regclass and r.ev_class = 'run'::regclass and p.prokind = 'a'""")}
        session.execute("drop view run")
    every = {row[0] for row in session.execute(
        "select oid::regprocedure::text from pg_proc where pronamespace = 'vibe'::regnamespace and prokind = 'a'")}
    assert every - called == set()


def test_comments_state_memory(session):
    """The comment says bytes, or refers to the form that does: "… Memory as there", "vibe.rfm for …"."""
    silent = session.execute("""
        select p.oid::regprocedure::text from pg_proc as p
        where p.pronamespace = 'vibe'::regnamespace and p.prokind = 'a'
            and coalesce(obj_description(p.oid, 'pg_proc'), '') !~ 'Memory: .*(byte|costs as much)|Memory as |^vibe\\.(rfm|kmeans)\\M'
        order by 1""").fetchall()
    assert silent == []


@pytest.mark.parametrize("name", RUNS)
def test_workers_change_nothing(session, name):
    expected = session.execute(query(name)).fetchone()
    assert expected[0] is not None
    for workers in (1, 2, 4):
        session.execute(f"set max_parallel_workers_per_gather = {workers}")
        plan = session.execute("explain (analyze, costs off, timing off) " + query(name)).fetchall()
        assert f"Workers Launched: {workers}" in str(plan)
        assert session.execute(query(name)).fetchone() == expected


@pytest.mark.parametrize("name", RUNS)
def test_interrupts_change_nothing(session, name):
    expected = session.execute(query(name)).fetchone()
    done, sent = threading.Event(), []

    def disturb():
        with connect(session.info.dbname) as other:
            while not done.wait(0.005):
                sent.append(other.execute("select pg_log_backend_memory_contexts(%s)", [session.info.backend_pid]).fetchone()[0])

    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        answers = {session.execute(query(name)).fetchone() for _ in range(2)}
        while len(sent) < 3:
            answers.add(session.execute(query(name)).fetchone())
    finally:
        done.set()
        thread.join()
    assert answers == {expected}


@pytest.mark.parametrize("name", RUNS)
def test_memory_ends_in_an_error_and_is_given_back(session, name):
    """From little to enough: every refusal is 53200, names the setting, and leaves nothing; what succeeds is right."""
    expected = session.execute(query(name)).fetchone()
    before, refused = resident(session), 0
    for megabytes in (1, 2, 4, 6, 8, 10, 12, 16, 24, 32, 64):
        session.execute(f"set vibe.max_kernel_memory = '{megabytes}MB'")
        try:
            assert session.execute(query(name)).fetchone() == expected
        except psycopg.errors.OutOfMemory as error:
            refused += 1
            assert error.sqlstate == "53200" and "vibe.max_kernel_memory" in str(error)
        assert left_over(session) == 0
    session.execute("reset vibe.max_kernel_memory")
    assert refused >= 1
    assert resident(session) - before < 20_000, "kB; eleven runs that leaked their states would be more"
    assert session.execute(query(name)).fetchone() == expected


@pytest.mark.parametrize("name", [name for name in RUNS if RUNS[name][1]])
def test_memory_of_a_row_is_as_stated(session, name):
    """The least setting under which the rows are collected: a state of these bytes a row, and no more than a block of slack."""
    bytes_a_row = RUNS[name][1]

    def refused(kilobytes):
        session.execute(f"set vibe.max_kernel_memory = '{kilobytes}kB'")
        try:
            session.execute(query(name))
        except psycopg.errors.OutOfMemory:
            return True
        return False

    enough = bytes_a_row * ROWS * 5 // 1024
    assert not refused(enough), "five times the state is enough for the scratch too"
    if "funnel" not in name or "bits" in name or "with all" in name or "chains" in name:
        assert refused(bytes_a_row * ROWS * 3 // 4 // 1024), "three quarters of what is stated cannot be enough"


@pytest.mark.parametrize("name", RUNS)
def test_timeouts_leave_nothing(session, name):
    began = time.monotonic()
    expected = session.execute(query(name)).fetchone()
    whole = 1000 * (time.monotonic() - began)
    cancelled = 0
    for share in (0.02, 0.1, 0.3, 0.5, 0.7, 0.9):
        session.execute(f"set statement_timeout = {max(1, int(whole * share))}")
        try:
            session.execute(query(name))
        except psycopg.errors.QueryCanceled:
            cancelled += 1
        take_timeout_away(session)
        assert left_over(session) == 0
    assert cancelled >= 1
    assert session.execute(query(name)).fetchone() == expected
