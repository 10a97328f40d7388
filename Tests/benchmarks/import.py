#!/usr/bin/env python3
"""Import of 5 million orders of 260,000 customers from a CSV file: our door (COPY of numbered lines, then vibe.finish_import)
against a bare COPY of the finished rows into an equal copy of vibe.purchases: same indexes, constraints, keys and triggers.

The bare COPY is given what an import has to find out: typed values, customer ids, rows known to be good and new. Each
round begins with empty tables; both must end with equal rows and equal derived columns of the customers.
"""
import os
import pathlib
import statistics
import sys
import tempfile
import time

from measure import connect, scaled

ORDERS = scaled(5_000_000)
CUSTOMERS = scaled(260_000)
ROUNDS = int(os.environ.get("VIBE_BENCH_ROUNDS", "3"))
CHUNK = 1 << 20
SITE = "(select site_id from vibe.sites where name = 'bench')"

connection = connect()
connection.execute("set work_mem = '128MB'")  # as finish_import() sets it
connection.execute("select vibe.create_site('bench', time_zone => 'America/Sao_Paulo')")

# In the order of time, as a shop writes them; customers and amounts skewed by powers.
connection.execute(f"""
    create unlogged table wanted as
    select 'order-' || i as order_id,
        1 + floor({CUSTOMERS} * power((hashint8extended(i, 1) & 1048575) / 1048576.0::float8, 1.5))::bigint as customer,
        date_trunc('second', timestamptz '2025-01-01 03:00Z' + i * (interval '365 days' / {ORDERS}::float8)) as purchased_at,
        round((5 + 400 * power((hashint8extended(i, 2) & 1048575) / 1048576.0::float8, 3))::numeric, 2) as amount,
        1 + (i % 4)::integer as item_count,
        (hashint8extended(i, 4) & 63) = 0 as is_cancelled
    from generate_series(1, {ORDERS}) as i""")


def save(path, query):
    with path.open("wb") as file, connection.cursor().copy(f"copy ({query}) to stdout (format csv, header)") as rows:
        for block in rows:
            file.write(block)


def load(path, command):
    with path.open("rb") as file, connection.cursor().copy(command) as rows:
        while block := file.read(CHUNK):
            rows.write(block)


def empty():
    connection.execute("truncate vibe.customers, vibe.purchases, vibe.purchase_items, vibe.imports, vibe.import_rejects cascade")
    connection.execute("checkpoint")


def bare(path):
    """Customers are there already; the clock runs for the orders alone."""
    empty()
    connection.execute(f"""insert into vibe.customers (site_id, customer_id, external_id) overriding system value
        select {SITE}, c, 'c' || c from (select distinct customer as c from wanted) as w order by c""")
    connection.execute("analyze vibe.customers")
    began = time.perf_counter()
    load(path, "copy vibe.purchases (site_id, customer_id, external_id, purchased_at, amount, currency, item_count, is_cancelled) "
               "from stdin (format csv, header)")
    return time.perf_counter() - began


def ours(path):
    empty()
    began = time.perf_counter()
    number, command = connection.execute("select * from vibe.begin_import('bench', 'orders')").fetchone()
    load(path, command)
    loaded = time.perf_counter()
    answer = connection.execute("select vibe.finish_import(%s)", [number]).fetchone()[0]
    if (answer["imported"], answer["rejected"]) != (ORDERS, 0):
        raise SystemExit(f"not all was imported: {answer}")
    print(f"      loading lines {loaded - began:.1f} s, finish_import {time.perf_counter() - loaded:.1f} s", flush=True)
    return time.perf_counter() - began


def digest():
    return connection.execute("""
        select count(*), sum(p.amount), min(p.purchased_at), max(p.purchased_at), sum(p.item_count), count(*) filter (where p.is_cancelled),
            sum(hashtextextended(concat_ws('|', p.external_id, c.external_id, p.purchased_at, p.amount, p.currency, p.item_count, p.is_cancelled), 0)::numeric)
        from vibe.purchases as p join vibe.customers as c using (site_id, customer_id)""").fetchone() + connection.execute("""
        select count(*), sum(order_count), sum(total_spent), sum(hashtextextended(concat_ws('|', external_id, first_purchase_at, last_purchase_at,
            order_count, total_spent, foreign_orders, purchase_frequency), 0)::numeric) from vibe.customers""").fetchone()


with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
    rows, file = pathlib.Path(folder, "rows.csv"), pathlib.Path(folder, "orders.csv")
    save(rows, f"select {SITE}, customer, order_id, purchased_at, amount, 'USD', item_count, is_cancelled from wanted")
    save(file, """select order_id, 'c' || customer as customer_id, to_char(purchased_at at time zone 'America/Sao_Paulo', 'YYYY-MM-DD HH24:MI:SS')
        as purchased_at, amount, item_count, is_cancelled from wanted""")
    connection.execute("set synchronous_commit = on")
    times = {"bare COPY": [], "import": []}
    for _ in range(ROUNDS):
        for name, run, path in (("bare COPY", bare, rows), ("import", ours, file)):
            times[name].append(run(path))
            print(f"      {name}: {times[name][-1]:.1f} s", flush=True)
            found = digest()
            if name == "bare COPY":
                expected = found
            elif found != expected:
                raise SystemExit(f"answers differ\n   bare COPY: {expected}\n   import: {found}")

medians = {name: statistics.median(taken) for name, taken in times.items()}
ratio = statistics.median(b / a for a, b in zip(times["bare COPY"], times["import"]))
print(f"   import of {ORDERS} orders: {ratio:.2f} times the time of a bare COPY (at most 2, aim 1.5: {'ok' if ratio <= 2 else 'ABOVE'}); "
      + "medians: " + ", ".join(f"{name} {taken:.1f} s" for name, taken in medians.items()))
sys.exit(ratio > 2)
