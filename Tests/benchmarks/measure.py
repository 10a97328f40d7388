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
    """The answer of a query, or of a function that gives rows, and the wall time it took."""
    began = time.perf_counter()
    answer = query() if callable(query) else connection.execute(query).fetchall()
    return answer, time.perf_counter() - began


def compare(connection, title, ours, others, target, rounds=5, targets={}):
    """Prints how many times faster `ours` is than the best of `others` (name → query or function); false if below `target`.

    A peer in `targets` has its own (None: only reported) and is not among the best; one that is None is not installed.
    Each round runs every query once; unequal answers end the program.
    """
    times = {name: [] for name, query in {"ours": ours, **others}.items() if query is not None}
    seconds(connection, ours)  # warm caches, for whoever comes first
    for _ in range(rounds):
        expected, took = seconds(connection, ours)
        times["ours"].append(took)
        for name in list(times)[1:]:
            answer, took = seconds(connection, others[name])
            if answer != expected:
                raise SystemExit(f"{title}: answers differ\n   ours: {expected}\n   {name}: {answer}")
            times[name].append(took)
    medians = {name: statistics.median(all_) for name, all_ in times.items()}
    best = min((name for name in list(times)[1:] if name not in targets), key=medians.get)
    shown = ", ".join(f"{name} {median:.3f} s" for name, median in medians.items())
    good = True
    print(f"   {title}; medians: {shown}", flush=True)
    for name, wanted in {best: target, **{name: targets[name] for name in targets if name in times}}.items():
        ratio = medians[name] / medians["ours"]
        verdict = "only reported" if wanted is None else f"target {wanted}: {'ok' if ratio >= wanted else 'BELOW'}"
        good &= wanted is None or ratio >= wanted
        print(f"      {ratio:.2f} times as fast as {name} ({verdict})", flush=True)
    for name in others.keys() - times.keys():
        print(f"      {name}: not installed", flush=True)
    return good
