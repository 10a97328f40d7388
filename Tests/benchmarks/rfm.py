#!/usr/bin/env python3
"""RFM of 5 million purchases of 260,000 customers in vibe.purchases: vibe.rfm against the best plain SQL we know."""
import sys

from measure import compare, connect, fill, scaled

PURCHASES = scaled(5_000_000)
CUSTOMERS = scaled(260_000)
SITE = "(select site_id from vibe.sites where name = 'bench')"

connection = connect()
connection.execute("select vibe.create_site('bench', time_zone => 'America/Sao_Paulo')")
fill(connection, f"{PURCHASES} purchases", [
    f"""insert into vibe.customers (site_id, customer_id, external_id) overriding system value
        select {SITE}, c, 'c' || c from generate_series(1, {CUSTOMERS}) as c""",
    # In the order of time, as a shop writes them; customers and amounts skewed by squaring.
    f"""insert into vibe.purchases (site_id, customer_id, external_id, purchased_at, amount, currency, item_count, is_refund, is_cancelled)
        select {SITE},
            1 + floor({CUSTOMERS} * power((hashint8extended(i, 1) & 1048575) / 1048576.0::float8, 1.5))::bigint,
            'order-' || i,
            timestamptz '2025-01-01 03:00Z' + i * (interval '365 days' / {PURCHASES}::float8),
            case when (hashint8extended(i, 3) & 31) = 0 then -1 else 1 end
                * round((5 + 400 * power((hashint8extended(i, 2) & 1048575) / 1048576.0::float8, 3))::numeric, 2),
            'USD', 1 + (i % 4)::integer, (hashint8extended(i, 3) & 31) = 0, (hashint8extended(i, 4) & 63) = 0
        from generate_series(1, {PURCHASES}) as i""",
    "vacuum (analyze) vibe.purchases",
])

# The digest takes in every column of every row.
DIGEST = """select count(*), sum(recency), sum(frequency), sum(monetary), sum(length(cluster)),
    sum(customer_id * (100 * r_score + 10 * f_score + m_score)) from ({}) as a"""
ROWS = f"""vibe.purchases as p where p.site_id = {SITE} and p.customer_id is not null and not p.is_cancelled
    and p.purchased_at >= '2025-01-01 03:00Z' and p.purchased_at < '2026-01-01 03:00Z'"""
OURS = DIGEST.format(f"""select s.* from unnest((
    select vibe.rfm(p.customer_id, p.purchased_at, p.amount, p.is_refund, '2026-01-01', 'America/Sao_Paulo') from {ROWS})) as s""")
PER_CUSTOMER = f"""
    select customer_id,
        date '2026-01-01' - (max(purchased_at) filter (where not is_refund) at time zone 'America/Sao_Paulo')::date as recency,
        count(*) filter (where not is_refund) as frequency, sum(amount) as monetary
    from {ROWS} group by customer_id having count(*) filter (where not is_refund) > 0"""
CLUSTER = """case when r_score >= 4 and f_score >= 4 and m_score >= 4 then 'champions' when r_score >= 3 and f_score + m_score >= 6 then 'loyal'
    when r_score >= 3 then 'opportunists' when f_score + m_score >= 6 then 'at_risk' when r_score = 2 then 'hibernating' else 'lost' end"""
RANKS = DIGEST.format(f"""
    select *, {CLUSTER} as cluster from (
        select *,
            1 + 5 * (rank() over (order by recency desc) - 1) / count(*) over () as r_score,
            1 + 5 * (rank() over (order by frequency) - 1) / count(*) over () as f_score,
            1 + 5 * (rank() over (order by monetary) - 1) / count(*) over () as m_score
        from ({PER_CUSTOMER}) as c) as s""")
# percentile_disc(k / 5) is the value at place ceil(k n / 5): a score is one more than the cuts that are exceeded.
CUTS = "percentile_disc(array[0.2, 0.4, 0.6, 0.8]) within group (order by {})"
PERCENTILES = DIGEST.format(f"""
    with c as materialized ({PER_CUSTOMER}),
    q as (select {CUTS.format('-recency')} as r, {CUTS.format('frequency')} as f, {CUTS.format('monetary')} as m from c)
    select *, {CLUSTER} as cluster from (
        select c.*,
            1 + (-recency > r[1])::int + (-recency > r[2])::int + (-recency > r[3])::int + (-recency > r[4])::int as r_score,
            1 + (frequency > f[1])::int + (frequency > f[2])::int + (frequency > f[3])::int + (frequency > f[4])::int as f_score,
            1 + (monetary > m[1])::int + (monetary > m[2])::int + (monetary > m[3])::int + (monetary > m[4])::int as m_score
        from c cross join q) as s""")

good = True
for workers in (0, 2):
    connection.execute(f"set max_parallel_workers_per_gather = {workers}")
    good &= compare(connection, f"rfm, {workers} workers", OURS, {"rank()": RANKS, "percentile_disc()": PERCENTILES}, 2.5)
sys.exit(not good)
