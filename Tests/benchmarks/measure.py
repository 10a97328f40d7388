"""Paired measurements: programs of one meaning take turns, must give equal answers, and are compared by their medians.

    compare(connection, "rfm", OURS, {"rank()": RANKS, "duckdb over postgres": duckdb_over_postgres(QUERY),
        "duckdb own file": duckdb_own(QUERY, ["purchases_narrow"])},
        target=4.0, targets={"duckdb over postgres": 2.5, "duckdb own file": None})

`ours` and each of the others is SQL for `connection`, or a callable that returns rows (peers.py makes them of other tools).
`shape.py` makes the data; `viewer` and `as_login` put product functions under row-level security.
"""
import contextlib
import os
import statistics
import time
from decimal import Decimal

import psycopg

from peers import Apart, Missing

SHARE = float(os.environ.get("VIBE_BENCH_SHARE", "1"))


def connect(**options):
    """A connection to the benchmark's database (PGHOST, PGPORT, PGDATABASE …), autocommit, with room to sort and hash."""
    connection = psycopg.connect(autocommit=True, **options)
    connection.execute("set work_mem = '512MB'")
    connection.execute("set jit = off")
    return connection


def scaled(rows):
    """The number of rows at the chosen share of the full size."""
    return max(1000, int(rows * SHARE))


def fill(connection, description, statements):
    """Runs the statements that make the data, without triggers and foreign keys; the data keep all other rules."""
    began = time.monotonic()
    connection.execute("set session_replication_role = replica")
    for statement in statements:
        connection.execute(statement)
    connection.execute("reset session_replication_role")
    print(f"   {description}: made in {time.monotonic() - began:.0f} s", flush=True)


def viewer(connection, site, login="vibe_bench_viewer"):
    """Makes a database login that is viewer of this site and has the rights of vibe_member; gives its name."""
    if not connection.execute("select from pg_roles where rolname = %s", [login]).fetchall():
        connection.execute(f"create role {login} login in role vibe_member")
    connection.execute("""insert into vibe.site_members (site_id, login_name, role) select site_id, %s, 'viewer' from vibe.sites
        where name = %s on conflict do nothing""", [login, site])
    return login


@contextlib.contextmanager
def as_login(connection, login):
    """What runs inside is this login's, under row-level security: the owner bypasses policies and would prove nothing."""
    if login:
        connection.execute(f"set session authorization {login}")
    try:
        yield
    finally:
        if login:
            connection.execute("reset session authorization")


def processor_time(process):
    """Seconds that a backend has run, whatever else the machine does; 0 where its server is not on this machine."""
    try:
        with open(f"/proc/{process}/schedstat", encoding="ascii") as file:
            return int(file.read().split()[0]) / 1e9
    except OSError:
        return 0.0


def plain(value):
    """An answer in one form whatever tool gave it: lists, whole numbers as int, others to nine digits, times as text in UTC."""
    if isinstance(value, (list, tuple)):
        return [plain(element) for element in value]
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, (int, float, Decimal)):
        return int(value) if value == value and abs(value) != float("inf") and value == int(value) else float(f"{value:.9g}")
    if hasattr(value, "tzinfo") and value.tzinfo:
        return (value - value.utcoffset()).replace(tzinfo=None).isoformat(" ", "microseconds")
    return value if isinstance(value, str) else str(value)


def seconds(connection, query, login=None):
    """The answer of a query or callable and the wall time it took."""
    if callable(query):
        began = time.perf_counter()
        return query(), time.perf_counter() - began
    with as_login(connection, login):
        began = time.perf_counter()
        answer = connection.execute(query).fetchall()
        return answer, time.perf_counter() - began


def compare(connection, title, ours, others, target=None, rounds=5, targets=None, normalise=plain, login=None):
    """Prints how many times faster `ours` is than each of `others` (name → SQL or callable); false if a target is missed.

    `target` is for the best of the others that have none of their own in `targets` (name → ratio, or None: reported only);
    `target` None reports those too. Each round runs every program once, in turn; answers that differ after `normalise`
    (which is given the rows) end the program. `login` runs `ours` as that login, the SQL of others as the superuser that
    connected: their filter on the site is in their text. A peer whose library is missing (or that is None) is said and left out.
    """
    others = _present(title, others)
    targets = targets or {}
    times = {name: [] for name in ["ours", *others]}
    seconds(connection, ours, login)  # warm caches, for whoever comes first
    for round_number in range(rounds):
        answer, took = seconds(connection, ours, login)
        expected = normalise(answer)
        times["ours"].append(took)
        for name, query in others.items():
            if round_number == 0 and callable(query):
                seconds(connection, query)
            answer, took = seconds(connection, query)
            if (found := normalise(answer)) != expected:
                raise SystemExit(f"{title}: answers differ\n   ours: {_short(expected)}\n   {name}: {_short(found)}")
            times[name].append(took)
    medians = {name: statistics.median(all_) for name, all_ in times.items()}
    ratios = {name: medians[name] / medians["ours"] for name in others}
    print(f"   {title}: ours {medians['ours']:.3f} s", flush=True)
    wanted = {name: targets[name] for name in others if name in targets}
    common = [name for name in others if name not in targets]
    if common:
        wanted[min(common, key=medians.get)] = target
    for name in sorted(others, key=medians.get):
        verdict = f"target {wanted[name]}: {'ok' if ratios[name] >= wanted[name] else 'BELOW'}" if wanted.get(name) else "reported"
        print(f"      {ratios[name]:8.2f} times as fast as {name}, {medians[name]:.3f} s ({verdict})", flush=True)
    return all(ratios[name] >= ratio for name, ratio in wanted.items() if ratio)


def _present(title, others):
    """The others without those whose library is missing; those that are processes of their own are started."""
    present = {}
    for name, query in others.items():
        try:
            if query is None:
                raise Missing("not installed")
            present[name] = query.start() if isinstance(query, Apart) else query
        except Missing as missing:
            print(f"   {title}: without {name}: {missing}", flush=True)
    return present


def _short(answer):
    text = repr(answer)
    return text if len(text) < 2000 else text[:2000] + " …"
