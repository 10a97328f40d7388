"""The library as Postgres loads it: what it shows and needs, how it ends a run, and that it gives memory back."""
import os
import pathlib
import re
import subprocess
import threading
import time

import psycopg
import pytest
from conftest import connect

# One user's rows in no order: most of the time goes into the kernel's sort.
KERNEL = "select vibe.funnel_depth(at, 1 + kind, 2, interval '1 second') from moments"


@pytest.fixture(scope="module")
def library():
    """The installed vibe.so."""
    pg_config = pathlib.Path(os.environ["VIBE_PG_BINDIR"]) / "pg_config"
    return subprocess.run([pg_config, "--pkglibdir"], check=True, capture_output=True, text=True).stdout.strip() + "/vibe.so"


@pytest.fixture
def session(database):
    """A connection with rows for a kernel that runs for some tenths of a second."""
    with connect(database) as connection:
        connection.execute("""create table moments as
            select timestamptz '2026-01-01' + (hashint8extended(i, 1) & 16777215) * interval '1 second' as at, (i & 1)::int as kind
            from generate_series(1, 1500000) as i""")
        connection.execute("set max_parallel_workers_per_gather = 0")
        connection.execute("set jit = off")
        yield connection


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_shows_only_its_own_names(library):
    names = [line.split()[-1] for line in output("nm", "-D", "--defined-only", library).splitlines()]
    assert "_PG_init" in names and any(name.startswith("ks_") for name in names)
    assert [n for n in names if not re.fullmatch(r"pg_finfo_\w+|Pg_magic_func|_PG_init|ks_\w+|vibe_\w+", n)] == []


def test_needs_no_swift_runtime(library):
    needed = re.findall(r"NEEDED.*\[(.+)\]", output("readelf", "-d", library))
    assert set(needed) <= {"libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2"}
    missing = output("nm", "-D", "--undefined-only", library)
    assert "swift" not in missing.lower()


def test_kernels_have_no_trap(library):
    """Swift traps with ud2. The one place where it may be belongs to unwinding, which is never entered."""
    function, trapping = None, set()
    for line in output("objdump", "-d", "--no-show-raw-insn", library).splitlines():
        if heading := re.fullmatch(r"[0-9a-f]+ <(.+)>:", line):
            function = heading[1]
        elif re.search(r"\tud2", line):
            trapping.add(function)
    assert trapping <= {"_swift_exceptionPersonality"}


def test_timeouts_end_a_run_in_time(session):
    # The shortest of several: after one slow run, most timeouts would come too late to end anything.
    lengths = []
    for _ in range(4):
        began = time.monotonic()
        expected = session.execute(KERNEL).fetchone()
        lengths.append(1000 * (time.monotonic() - began))
    whole = min(lengths)
    late = []
    for step in range(1, 25):
        wait = max(1, int(whole * step / 26))
        session.execute(f"set statement_timeout = {wait}")
        began = time.monotonic()
        try:
            session.execute(KERNEL)
        except psycopg.errors.QueryCanceled:
            late.append(1000 * (time.monotonic() - began) - wait)
    session.execute("reset statement_timeout")
    assert len(late) >= 12, "too few runs were cancelled to say anything"
    # The median: a busy machine may hold any single one up.
    assert sorted(late)[len(late) // 2] < 100
    assert session.execute(KERNEL).fetchone() == expected


def test_interrupts_that_are_no_cancel_do_not_disturb(session, database):
    expected = session.execute(KERNEL).fetchone()
    pid = session.info.backend_pid
    done = threading.Event()
    sent = []

    def disturb():
        with connect(database) as other:
            while not done.wait(0.01):
                sent.append(other.execute("select pg_log_backend_memory_contexts(%s)", [pid]).fetchone()[0])

    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        began = time.monotonic()
        answers = {session.execute(KERNEL).fetchone() for _ in range(3)}
        took = time.monotonic() - began
    finally:
        done.set()
        thread.join()
    assert answers == {expected}
    assert len(sent) > 10 and all(sent)
    assert took < 120


def test_failed_runs_give_their_memory_back(session):
    """After runs that were cancelled or refused, nothing of them is left, neither in contexts nor from malloc."""
    pid = session.info.backend_pid

    def resident():
        return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1])

    def failure(setting):
        """The name of the error with which the kernel ends under this setting; None if it got through."""
        try:
            session.execute(setting)
            session.execute(KERNEL)
            return None
        except (psycopg.errors.QueryCanceled, psycopg.errors.OutOfMemory) as error:
            return type(error).__name__
        finally:
            session.execute("reset all")

    def duration():
        began = time.monotonic()
        session.execute(KERNEL)
        return 1000 * (time.monotonic() - began)

    whole = min(duration() for _ in range(3))
    # Rows take 36 MB: the first setting refuses while rows are collected, the second one in the kernel.
    refusals = ["set vibe.max_kernel_memory = '20MB'", "set vibe.max_kernel_memory = '50MB'"]
    cancels = [f"set statement_timeout = {int(whole * share)}" for share in (0.2, 0.4, 0.6, 0.8)]
    rounds = [[(failure(setting), resident()) for setting in refusals + cancels] for _ in range(5)]
    ends = [end for runs in rounds for end, _ in runs]
    # On a machine that suddenly has more time to give, the later cancels may come too late.
    assert ends.count("OutOfMemory") == 10 and ends.count("QueryCanceled") >= 5, ends
    left = session.execute("select count(*) from pg_backend_memory_contexts where name = 'vibe aggregate rows'").fetchone()[0]
    assert left == 0
    # What malloc keeps for the next run comes and goes with each run; what leaks lifts the lowest point of every round, by 20 MB or more.
    # The first round is where malloc finds its sizes.
    lowest = [min(kilobytes for _, kilobytes in runs) for runs in rounds[1:]]
    assert lowest[-1] - lowest[0] < 40_000, rounds
