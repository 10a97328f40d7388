#!/usr/bin/env python3
"""RFM of 5 million purchases of 260,000 customers against the best plain SQL we know, and against DuckDB.

First the aggregate on a narrow table, then vibe.rfm_scores() on vibe.purchases as a viewer of the site, under row-level security.
"""
import sys

from measure import compare, connect, fill, scaled
from peers import duckdb_over_postgres, duckdb_own

PURCHASES = scaled(5_000_000)
CUSTOMERS = scaled(260_000)
SITE = "(select site_id from vibe.sites where name = 'bench')"
CUSTOMER = f"1 + floor({CUSTOMERS} * power((hashint8extended(i, 1) & 1048575) / 1048576.0::float8, 1.5))::bigint"
AT = f"timestamptz '2025-01-01 03:00Z' + (i - 1) * (interval '365 days' / {PURCHASES}::float8)"
AMOUNT = "round((5 + 400 * power((hashint8extended(i, 2) & 1048575) / 1048576.0::float8, 3))::numeric, 2)"

connection = connect()
connection.execute("select vibe.create_site('bench', time_zone => 'America/Sao_Paulo')")
# In the order of time, as a shop writes them; customers and amounts skewed by powers.
fill(connection, f"{PURCHASES} purchases, twice", [
    "create table public.purchases_narrow (customer_id int8, purchased_at timestamptz, amount numeric(12, 2))",
    f"insert into public.purchases_narrow select {CUSTOMER}, {AT}, {AMOUNT} from generate_series(1, {PURCHASES}) as i",
    f"""insert into vibe.customers (site_id, customer_id, external_id) overriding system value
        select {SITE}, c, 'c' || c from generate_series(1, {CUSTOMERS}) as c""",
    f"""insert into vibe.purchases (site_id, customer_id, external_id, purchased_at, amount, currency, item_count, is_refund, is_cancelled)
        select {SITE}, {CUSTOMER}, 'order-' || i, {AT}, case when (hashint8extended(i, 3) & 31) = 0 then -1 else 1 end * {AMOUNT},
            case when (hashint8extended(i, 5) & 63) = 0 then 'EUR' else 'USD' end,
            1 + (i % 4)::integer, (hashint8extended(i, 3) & 31) = 0, (hashint8extended(i, 4) & 63) = 0
        from generate_series(1, {PURCHASES}) as i""",
    "vacuum (analyze) public.purchases_narrow",
    "vacuum (analyze) vibe.purchases",
    "drop role if exists vibe_bench_viewer",
    "create role vibe_bench_viewer login in role vibe_analyst",
    f"insert into vibe.site_members (site_id, login_name, role) values ({SITE}, 'vibe_bench_viewer', 'viewer')",
])

# The digest takes in every column of every row.
DIGEST = """select count(*), sum(recency)::int8, sum(frequency)::int8, sum(monetary), sum(length(cluster))::int8,
    sum(customer_id * (100 * r_score + 10 * f_score + m_score))::int8{} from ({}) as a"""
CLUSTER = """case when r_score >= 4 and f_score >= 4 and m_score >= 4 then 'champions' when r_score >= 3 and f_score + m_score >= 6 then 'loyal'
    when r_score >= 3 then 'opportunists' when f_score + m_score >= 6 then 'at_risk' when r_score = 2 then 'hibernating' else 'lost' end"""


def by_rank(per_customer, more="", divide="/"):
    return DIGEST.format(more, f"""
        select *, {CLUSTER} as cluster from (
            select *,
                1 + 5 * (rank() over (order by recency desc) - 1) {divide} count(*) over () as r_score,
                1 + 5 * (rank() over (order by frequency) - 1) {divide} count(*) over () as f_score,
                1 + 5 * (rank() over (order by monetary) - 1) {divide} count(*) over () as m_score
            from ({per_customer}) as c) as s""")


def by_cuts(per_customer, more=""):
    """percentile_disc(k / 5) is the value at place ceil(k n / 5): a score is one more than the cuts that are exceeded."""
    cuts = "percentile_disc(array[0.2, 0.4, 0.6, 0.8]) within group (order by {})"
    score = "1 + ({0} > {1}[1])::int + ({0} > {1}[2])::int + ({0} > {1}[3])::int + ({0} > {1}[4])::int as {1}_score"
    return DIGEST.format(more, f"""
        with c as materialized ({per_customer}),
        q as (select {cuts.format('-recency')} as r, {cuts.format('frequency')} as f, {cuts.format('monetary')} as m from c)
        select *, {CLUSTER} as cluster from (
            select c.*, {score.format('-recency', 'r')}, {score.format('frequency', 'f')}, {score.format('monetary', 'm')}
            from c cross join q) as s""")


NARROW = """select customer_id, date '2026-01-01' - (max(purchased_at) at time zone 'America/Sao_Paulo')::date as recency,
    count(*) as frequency, sum(amount) as monetary from {} group by customer_id"""
SHAPED = """select customer_id,
        date '2026-01-01' - (max(purchased_at) filter (where not is_refund) at time zone 'America/Sao_Paulo')::date as recency,
        count(*) filter (where not is_refund) as frequency,
        sum(case when currency = 'USD' then amount else 0 end) as monetary,
        count(*) filter (where not is_refund and currency <> 'USD') as foreign_orders
    from vibe.purchases
    where site_id = vibe.site_id('bench') and customer_id is not null and not is_cancelled
      and purchased_at >= '2025-01-01 03:00Z' and purchased_at < '2026-01-01 03:00Z'
    group by customer_id having count(*) filter (where not is_refund) > 0"""
PACK = """select * from vibe.rfm_unpack((
    select vibe.rfm_pack(customer_id, purchased_at, amount, false, '2026-01-01', 'America/Sao_Paulo', false) from public.purchases_narrow))"""
DUCKDB = by_rank(NARROW.format("purchases_narrow"), divide="//")

good = True
for workers in (0, 2):
    connection.execute(f"set max_parallel_workers_per_gather = {workers}")
    good &= compare(
        connection, f"rfm_pack on the narrow table, {workers} workers", DIGEST.format("", PACK),
        {
            "rank()": by_rank(NARROW.format("public.purchases_narrow")),
            "percentile_disc()": by_cuts(NARROW.format("public.purchases_narrow")),
            "duckdb over postgres": duckdb_over_postgres(DUCKDB),
            "duckdb on its own file": duckdb_own(DUCKDB, ["purchases_narrow"]),
        },
        4, targets={"duckdb over postgres": 2.5, "duckdb on its own file": None})

viewer = connect(user="vibe_bench_viewer")
MORE = ", sum(foreign_orders)"
for workers in (0, 2):
    viewer.execute(f"set max_parallel_workers_per_gather = {workers}")
    good &= compare(
        viewer, f"rfm_scores() of a viewer, {workers} workers",
        DIGEST.format(MORE, "select * from vibe.rfm_scores('bench', '2025-01-01', '2026-01-01')"),
        {"rank()": by_rank(SHAPED, MORE), "percentile_disc()": by_cuts(SHAPED, MORE)}, 2.5)
connection.execute("drop owned by vibe_bench_viewer")
connection.execute("drop role vibe_bench_viewer")
sys.exit(not good)
