#!/usr/bin/env python3
"""Funnels over 10 million events: the aggregate over a narrow table, the product function over vibe.user_events as a viewer.

With "narrow" or "product" only that part. Peers are the best plain SQL we know (windows and joins, with and without a
covering index), DuckDB and ClickHouse (chDB).
"""
import re
import sys

from measure import compare, connect, fill, seconds, viewer
from peers import chdb_over_postgres, chdb_own, duckdb_over_postgres, duckdb_own
from shape import STEPS, USERS, events_narrow, product_events


def step(column):
    """The number of the step that an event is."""
    return f"case {column} " + " ".join(f"when '{name}' then {n}" for n, name in enumerate(STEPS, 1)) + " end"


def windows(events, within):
    """One sort; each level carries the latest start that leads to it as a running maximum over the levels before."""
    return f"""
        with e as ({events}),
        l1 as (select *, max(at) filter (where step = 1) over w as s1 from e window w as (partition by user_id order by at, step)),
        l2 as (select *, max(s1) filter (where step = 2 and at <= s1 + interval '{within}') over w as s2 from l1
               window w as (partition by user_id order by at, step)),
        l3 as (select *, max(s2) filter (where step = 3 and at <= s2 + interval '{within}') over w as s3 from l2
               window w as (partition by user_id order by at, step)),
        d as (select user_id, max(case when step = 4 and at <= s3 + interval '{within}' then 4 when s3 is not null then 3
                when s2 is not null then 2 when s1 is not null then 1 else 0 end) as depth from l3 group by user_id)
        select array[count(*) filter (where depth >= 1), count(*) filter (where depth >= 2),
            count(*) filter (where depth >= 3), count(*) filter (where depth >= 4)] from d"""


def joins(sources, within, before=""):
    """One hash join a step, each keeping the latest start for an event."""
    chain = [f"c1 as materialized (select user_id, at, at as start from {sources[0]} as s)"] + [
        f"""c{n} as materialized (select n.user_id, n.at, max(p.start) as start from c{n - 1} as p join {source} as n
            on n.user_id = p.user_id and n.at >= p.at and n.at <= p.start + interval '{within}' group by n.user_id, n.at)"""
        for n, source in enumerate(sources[1:], 2)
    ]
    return f"""with {before} {", ".join(chain)}
        select array[{", ".join(f"(select count(distinct user_id) from c{n})" for n in range(1, 5))}]"""


def both_joins(events, within):
    """The events of all steps read once, or each step's by itself."""
    together = joins([f"(select user_id, at from e where step = {n})" for n in range(1, 5)], within, f"e as materialized ({events}),")
    separate = joins([f"(select user_id, at from ({events}) as x where step = {n})" for n in range(1, 5)], within)
    return {"joins, a scan a step": separate, "joins, one scan": together}


def narrow(connection):
    """The aggregate over a table as narrow as can be."""
    events_narrow(connection)
    names = ", ".join(f"'{name}'" for name in STEPS)
    events = f"select user_id, at, {step('event_name')} as step from events_narrow where event_name in ({names})"
    usual = {"window functions": windows(events, "7 days"), **both_joins(events, "7 days")}
    ours = call(STEPS)
    # "at" is a word of DuckDB's own.
    duck = re.sub(r"\bat\b", '"at"', usual["window functions"])
    clickhouse = f"""
        select [countIf(depth >= 1), countIf(depth >= 2), countIf(depth >= 3), countIf(depth >= 4)] from (
            select windowFunnel(604800000000)(toUInt64(toUnixTimestamp64Micro(at)), {", ".join(f"event_name = '{name}'" for name in STEPS)}) as depth
            from events_narrow where event_name in ({names}) group by user_id
        )"""
    good = compare(connection, "aggregate, narrow table", ours, {
        **usual,
        "duckdb over postgres": duckdb_over_postgres(duck),
        "chdb over postgres": chdb_over_postgres(clickhouse, ["events_narrow"]),
        "duckdb own file": duckdb_own(duck, ["events_narrow"]),
        "chdb own table": chdb_own(clickhouse, ["events_narrow"], order_by="user_id, at"),
    }, 8.0, targets={"duckdb over postgres": 2.0, "chdb over postgres": 2.0, "duckdb own file": None, "chdb own table": None})
    flat(connection)
    connection.execute("create index on events_narrow (user_id, at, event_name)")
    connection.execute("vacuum (analyze) events_narrow")
    good &= compare(connection, "aggregate, narrow table, SQL with a covering index", ours, usual, 4.0)
    return good


def call(steps):
    """The aggregate over the narrow table."""
    return f"select vibe.funnel(user_id, at, event_name, array[{', '.join(repr(s) for s in steps)}], interval '7 days') from events_narrow"


def flat(connection):
    """Says how time grows with steps: the same events, which are taken again and again."""
    took = {}
    for _ in range(5):
        for count in (4, 8, 16, 32):
            took.setdefault(count, []).append(seconds(connection, call((STEPS * 8)[:count]))[1])
    four = sorted(took[4])[2]
    print("   steps: " + ", ".join(f"{n}: {sorted(t)[2]:.3f} s ({sorted(t)[2] / four:.2f} times four steps)" for n, t in took.items()), flush=True)


def product(connection):
    """vibe.calculate_funnel_conversion over events as the tracker writes them, by a login that is a viewer."""
    product_events(connection)
    site = connection.execute("select site_id from vibe.sites where name = 'bench'").fetchone()[0]
    fill(connection, "one visitor in twenty turned out to be another one", [
        f"""insert into vibe.site_users (site_id, user_id, anonymous_id, merged_into) overriding system value
            select {site}, i, 'visitor-' || i, case when i % 20 = 0 then i - 1 end from generate_series(1, {USERS}) as i""",
        "vacuum (analyze) vibe.site_users",
    ])
    connection.execute("""select vibe.create_funnel('bench', jsonb_build_object('name', 'buy', 'within', '1 day', 'steps', (
        select jsonb_agg(jsonb_build_object('event_name', s) order by n) from unnest(%s::text[]) with ordinality as u (s, n))))""", [STEPS])
    connection.execute(f"set session authorization {viewer(connection, 'bench')}")
    ours = "select array_agg(users::bigint order by step) from vibe.calculate_funnel_conversion('bench', 'buy', '2025-01-01', '2025-03-31')"
    events = f"""select coalesce(m.merged_into, e.user_id) as user_id, e.occurred_at as at, {step('e.event_name')} as step
        from vibe.user_events as e
        left join (select u.user_id, u.merged_into from vibe.site_users as u where u.site_id = {site} and u.merged_into is not null) as m
            on m.user_id = e.user_id
        where e.site_id = {site} and e.occurred_at >= '2025-01-01' and e.occurred_at < '2025-04-01' and not e.is_bot
            and e.event_name = any ('{{{','.join(STEPS)}}}')"""
    good = compare(connection, "calculate_funnel_conversion, viewer",
                   ours, {"window functions": windows(events, "1 day"), **both_joins(events, "1 day")}, 4.0)
    for report in ("funnel_times('bench', 'buy', '2025-01-01', '2025-03-31')", "funnel_trend('bench', 'buy', '2025-01-01', '2025-03-31')",
                   "funnel_users('bench', 'buy', '2025-01-01', '2025-03-31', stopped_after => 2)",
                   "calculate_funnel_conversion('bench', 'buy', '2025-01-01', '2025-03-31', breakdown => 'list')"):
        print(f"   {report.split('(')[0]}: {seconds(connection, f'select * from vibe.{report}')[1]:.3f} s", flush=True)
    connection.execute("reset session authorization")
    took = seconds(connection, "select vibe.calculate_funnel_days('bench', '2025-01-01', '2025-03-31')")[1]
    view = seconds(connection, "select * from vibe.funnel_days", viewer(connection, "bench"))[1]
    print(f"   calculate_funnel_days of 90 days: {took:.3f} s; the view: {view:.3f} s", flush=True)
    return good


def main():
    connection = connect()
    connection.execute("set max_parallel_workers_per_gather = 2")
    parts = [narrow, product]
    good = [part(connection) for part in parts if part.__name__ in (sys.argv[1:] or ["narrow", "product"])]
    return 0 if all(good) else 1


sys.exit(main())
