#!/usr/bin/env python3
"""The first kernel call of a new connection against the first call of a C function of pgcrypto, which is installed already."""
import statistics
import sys
import time

from measure import connect

QUERIES = {
    "kernel": "select vibe.funnel_depth(now(), 1, 2, null)",
    "plain C": "select public.gen_random_bytes(1)",
}


def first_call(query):
    """Milliseconds of a query in a new connection that has answered a trivial one."""
    with connect() as connection:
        connection.execute("select 1 + 1").fetchall()
        began = time.perf_counter()
        connection.execute(query).fetchall()
        return 1000 * (time.perf_counter() - began)


times = {name: [] for name in QUERIES}
for _ in range(60):
    for name, query in QUERIES.items():
        times[name].append(first_call(query))
kernel, plain = (statistics.median(times[name]) for name in QUERIES)
print(f"   first kernel call {kernel:.2f} ms, first plain C call {plain:.2f} ms: {kernel - plain:+.2f} ms (target below 2)")
sys.exit(kernel - plain >= 2)
