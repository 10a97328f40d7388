"""Paired measurements: queries of one meaning take turns, must give equal answers, and are compared by their medians."""
import os
import statistics
import time

import psycopg

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


def seconds(connection, query):
    """The answer of a query and the wall time it took."""
    began = time.perf_counter()
    answer = connection.execute(query).fetchall()
    return answer, time.perf_counter() - began


def compare(connection, title, ours, others, target, rounds=5):
    """Prints how many times faster `ours` is than the best of `others` (name → query); false if below `target`.

    Each round runs every query once; unequal answers end the program.
    """
    times = {name: [] for name in ["ours", *others]}
    seconds(connection, ours)  # warm caches, for whoever comes first
    for _ in range(rounds):
        expected, took = seconds(connection, ours)
        times["ours"].append(took)
        for name, query in others.items():
            answer, took = seconds(connection, query)
            if answer != expected:
                raise SystemExit(f"{title}: answers differ\n   ours: {expected}\n   {name}: {answer}")
            times[name].append(took)
    medians = {name: statistics.median(all_) for name, all_ in times.items()}
    best = min(others, key=medians.get)
    ratio = medians[best] / medians["ours"]
    shown = ", ".join(f"{name} {median:.3f} s" for name, median in medians.items())
    verdict = "ok" if ratio >= target else "BELOW"
    print(f"   {title}: {ratio:.2f} times as fast as {best} (target {target}: {verdict}); medians: {shown}", flush=True)
    return ratio >= target
