#!/usr/bin/env python3
"""A funnel of four steps over 10 million events in vibe.user_events: the stored funnel against the best plain SQL we know."""
import sys

from measure import compare, connect, fill, scaled

EVENTS = scaled(10_000_000)
USERS = scaled(350_000)
SITE = "(select site_id from vibe.sites where name = 'bench')"
STEPS = ["product_view", "add_to_cart", "checkout", "purchase"]

connection = connect()
connection.execute("select vibe.create_site('bench')")
connection.execute("""select vibe.create_funnel('bench', 'buy', (
    select jsonb_agg(jsonb_build_object('event_name', s) order by n) from unnest(%s::text[]) with ordinality as u (s, n)), '1 day')""", [STEPS])
fill(connection, f"{EVENTS} events", [
    "select vibe_private.add_partition(m::date) from generate_series(date '2025-01-01', '2025-03-01', '1 month') as m",
    # In the order of time, as a tracker writes them: 400 visits at once, of 12 events in an hour each. 45 % of them only look
    # around, 30 % look at products, 15 % fill a cart, 6 % come to the checkout, 4 % pay: 24 % of the events are steps.
    f"""insert into vibe.user_events (site_id, occurred_at, received_at, user_id, session_id, event_name, page, url, referrer, title, properties, is_bot)
        select {SITE}, e.at, e.at, 1 + (hashint8extended(e.visit, 1) & 1073741823) % {USERS}, e.visit,
            case
                when e.turn in (2, 4, 5, 7) and v.intent >= 45 then 'product_view'
                when e.turn in (6, 8) and v.intent >= 75 then 'add_to_cart'
                when e.turn = 9 and v.intent >= 90 then 'checkout'
                when e.turn = 10 and v.intent >= 96 then 'purchase'
                else 'page_view'
            end,
            '/products/' || e.n, 'https://shop.example/products/' || e.n || '?from=search', 'https://search.example/', 'Product ' || e.n,
            jsonb_build_object('price', e.n % 500, 'list', 'summer'), v.intent = 10
        from (
            select i / 4800 * 400 + i % 400 as visit, i % 4800 / 400 as turn, i % 977 as n,
                timestamptz '2025-01-01' + i * (interval '90 days' / {EVENTS}::float8) as at
            from generate_series(0, {EVENTS} - 1) as i
        ) as e
        cross join lateral (select (hashint8extended(e.visit, 2) & 1048575) % 100 as intent) as v""",
    "vacuum (analyze) vibe.user_events",
])

OURS = "select array_agg(users::bigint order by step) from vibe.calculate_funnel_conversion('bench', 'buy', '2025-01-01', '2025-03-31')"
ROWS = f"""vibe.user_events as e where e.site_id = {SITE} and e.occurred_at >= '2025-01-01' and e.occurred_at < '2025-04-01' and not e.is_bot"""
STEP = "case e.event_name " + " ".join(f"when '{name}' then {n}" for n, name in enumerate(STEPS, 1)) + " end"
# One sort; each level carries the latest start that leads to it as a running maximum over the levels before.
WINDOWS = f"""
    with e as (select e.user_id, e.occurred_at as at, {STEP} as step from {ROWS} and e.event_name = any ('{{{",".join(STEPS)}}}')),
    l1 as (select *, max(at) filter (where step = 1) over w as s1 from e window w as (partition by user_id order by at, step)),
    l2 as (select *, max(s1) filter (where step = 2 and at <= s1 + interval '1 day') over w as s2 from l1
           window w as (partition by user_id order by at, step)),
    l3 as (select *, max(s2) filter (where step = 3 and at <= s2 + interval '1 day') over w as s3 from l2
           window w as (partition by user_id order by at, step)),
    d as (select user_id, max(case when step = 4 and at <= s3 + interval '1 day' then 4 when s3 is not null then 3
            when s2 is not null then 2 when s1 is not null then 1 else 0 end) as depth from l3 group by user_id)
    select array[count(*) filter (where depth >= 1), count(*) filter (where depth >= 2),
        count(*) filter (where depth >= 3), count(*) filter (where depth >= 4)] from d"""
# One hash join a step, each keeping the latest start for an event; the events of all steps read once, or each step's by itself.
JOIN = """select n.user_id, n.at, max(p.start) as start from {0} as p join {1} as n
    on n.user_id = p.user_id and n.at >= p.at and n.at <= p.start + interval '1 day' group by n.user_id, n.at"""
CHAIN = """
    c1 as materialized (select user_id, at, at as start from {0} as s),
    c2 as materialized ({1}), c3 as materialized ({2}), c4 as materialized ({3})
    select array[(select count(distinct user_id) from c1), (select count(distinct user_id) from c2),
        (select count(distinct user_id) from c3), (select count(distinct user_id) from c4)]"""


def joins(steps):
    """The chain of joins over these four sources of events."""
    return CHAIN.format(steps[0], *(JOIN.format(f"c{n}", step) for n, step in enumerate(steps[1:], 1)))


SEPARATE = "with " + joins([f"(select e.user_id, e.occurred_at as at from {ROWS} and e.event_name = '{name}')" for name in STEPS])
TOGETHER = f"""with e as materialized (
    select e.user_id, e.occurred_at as at, {STEP} as step from {ROWS} and e.event_name = any ('{{{",".join(STEPS)}}}')
),""" + joins([f"(select user_id, at from e where step = {n})" for n in range(1, 5)])

good = True
for workers in (0, 2):
    connection.execute(f"set max_parallel_workers_per_gather = {workers}")
    good &= compare(connection, f"funnel, {workers} workers", OURS, {"window functions": WINDOWS, "joins, a scan a step": SEPARATE, "joins, one scan": TOGETHER}, 4.0)
sys.exit(not good)
