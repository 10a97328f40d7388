#!/usr/bin/env python3
"""Daily and rolling active users of 10 million events of 345 thousand users in 90 days.

First the aggregate rolling_users over a narrow table, then active_users() of a site as a viewer under row-level security:
from user_days, with merges and without bots, against the same question asked of user_events in SQL.
"""
import sys

from measure import compare, connect, fill, scaled, viewer
from peers import chdb_own, chdb_over_postgres, duckdb_over_postgres, duckdb_own, polars_own

EVENTS = scaled(10_000_000)
USERS = scaled(350_000)
BOTS = scaled(10_000)
FIRST, LAST = "2025-01-01", "2025-03-31"

# In the order of time, as a tracker writes them: 400 visits at once, of 12 events in an hour each; one in 50 is a bot's.
VISITS = f"""(
    select i / 4800 * 400 + i % 400 as visit, i % 977 as n,
        timestamptz '{FIRST}' + i * (interval '90 days' / {EVENTS}::float8) as at
    from generate_series(0, {EVENTS} - 1) as i
)"""
# A fifth of the users make two thirds of the visits.
USER = f"""1 + case when hashint8extended(e.visit, 3) & 3 <> 0
    then (hashint8extended(e.visit, 1) & 1073741823) % ({USERS} / 5)
    else (hashint8extended(e.visit, 1) & 1073741823) % {USERS} end"""



connection = connect()
connection.execute("set time zone 'UTC'")
good = True


def narrow():
    """The aggregate over any table."""
    fill(connection, f"{EVENTS} narrow events", [
        f"""create table events_narrow as
            select {USER} as user_id, e.at, (array['page_view', 'product_view', 'add_to_cart'])[1 + e.n % 3] as event_name
            from {VISITS} as e""",
        "vacuum (analyze) events_narrow",
    ])
    compare_at_best("exact DAU", rolling("1"), {
        "group by day": DAU.format(USER_DAYS),
        "distinct": DAU.format(USER_DAYS.replace("select", "select distinct", 1).removesuffix("group by 1, 2")),
    }, 3.0, tools(DUCKDB_DAYS, CHDB_DAYS, 1))
    compare_at_best(
        "rolling WAU", rolling("7"), {"lag": LAG.format(USER_DAYS), "lead": LEAD.format(USER_DAYS)}, 8.0,
        tools(DUCKDB_DAYS, CHDB_DAYS, 7))


def rolling(windows):
    """What the aggregate says of these windows."""
    return f"""select users[1] from unnest((
        select vibe.rolling_users(user_id, at, '{FIRST}', '{LAST}', 'UTC', '{{{windows}}}') from events_narrow)) as d order by day"""


def tools(duckdb_days, chdb_days, window):
    """What other tools take for it, out of PostgreSQL and from their own format: the days of each user; for windows then lead()."""
    each_day = "select count(*) as users from d group by day order by day"
    duckdb, chdb = (each_day, each_day) if window == 1 else (
        f"""select users from (select day, sum(sum(change)) over (order by day) as users from (
                select day, 1 as change from d union all select {ends} as day, -1 as change from ({lead}) as g
            ) as c group by day) as s where day <= {last} order by day"""
        for ends, lead, last in (
            (f"least(day + {window}, coalesce(following, day + {window}))",
             "select day, lead(day) over (partition by user_id order by day) as following from d", f"date '{LAST}'"),
            (f"if(following > day and following < day + {window}, following, day + {window})",
             "select day, leadInFrame(day) over (partition by user_id order by day rows between unbounded preceding and unbounded following) as following from d",
             f"toDate('{LAST}')"),
        ))
    duckdb, chdb = f"with d as ({duckdb_days}) {duckdb}", f"with d as ({chdb_days}) {chdb}"
    return {
        "DuckDB out of PostgreSQL": duckdb_over_postgres(duckdb),
        "DuckDB own file": duckdb_own(duckdb, ["events_narrow"]),
        "chdb out of PostgreSQL": chdb_over_postgres(chdb, ["events_narrow"]),
        "chdb own table": chdb_own(chdb, ["events_narrow"], order_by="user_id, at", columns="user_id, at"),
        "polars own frame": polars_own(lambda frame: polars_users(frame, window), "select user_id, at from events_narrow"),
    }


def polars_users(frame, window):
    """The users of each window, with polars: each user's days serve until the next one, at most as long as the window."""
    import polars

    day = polars.col("at").dt.epoch("d").alias("day")
    days = frame.lazy().select("user_id", day).unique()
    if window == 1:
        return days.group_by("day").len().sort("day").select("len").collect().rows()
    days = days.sort("user_id", "day")
    ends = polars.min_horizontal(polars.col("day") + window, polars.col("day").shift(-1).over("user_id"))
    days = days.with_columns(ends.alias("end"))
    changes = polars.concat([
        days.select("day", polars.lit(1).alias("change")),
        days.select(polars.col("end").alias("day"), polars.lit(-1).alias("change")),
    ])
    sums = changes.group_by("day").agg(polars.col("change").sum()).sort("day").collect()
    users = sums.with_columns(polars.col("change").cum_sum().alias("users"))
    return users.head(90).select("users").rows()


def compare_at_best(title, ours, others, target, reported=None, login=None):
    """Ours with two workers against SQL with two workers and without: SQL that sorts may do better alone."""
    global good
    peers = {}
    for name, query in others.items():
        function = f"alone_{abs(hash(query))}"
        kind = "bigint[]" if "array" in query else "bigint"
        connection.execute(f"""create function {function}() returns setof {kind} language sql
            set max_parallel_workers_per_gather = 0 as $$ {query} $$""")
        peers[f"{name}, 2 workers"] = query
        peers[f"{name}, alone"] = f"select * from {function}()"
    connection.execute("set max_parallel_workers_per_gather = 2")
    reported = reported or {}
    good &= compare(
        connection, title, ours, peers | reported, target, rounds=3, targets={name: None for name in reported}, login=login)


DUCKDB_DAYS = 'select distinct user_id, cast("at" as date) as day from events_narrow'
CHDB_DAYS = "select distinct user_id, toDate(at) as day from events_narrow"
# The days of each user once, by a hash aggregate over user and day; date_bin is the fastest day of a UTC time we know.
USER_DAYS = "select user_id, date_bin('1 day', at, timestamptz '2000-01-01') as day from events_narrow group by 1, 2"
DAU = "select count(*) from ({0}) as d group by day order by day"
SUMS = f"""s as (select day, sum(sum(change)) over (order by day)::bigint as users from c group by day)
    select users from s where day between '{FIRST}' and '{LAST}' order by day"""
# Each user's days in order: a day is new to the windows from the later of itself and the end of the previous day's windows.
LAG = """with d as (select user_id, day::date as day from ({0}) as d),
    g as (select day, lag(day) over (partition by user_id order by day) as before from d),
    c as (select greatest(day, before + 7) as day, count(*) as change from g group by 1
          union all select day + 7, -count(*) from g group by 1),""" + SUMS
# The same by lead: a day serves until the next one, at most as long as the window.
LEAD = """with d as (select user_id, day::date as day from ({0}) as d),
    g as (select day, least(day + 7, lead(day) over (partition by user_id order by day)) as ends from d),
    c as (select day, count(*) as change from g group by 1 union all select ends, -count(*) from g group by 1),""" + SUMS


def product():
    """active_users() of a site, from user_days."""
    connection.execute("select vibe.create_site('bench', time_zone => 'America/Sao_Paulo')")
    fill(connection, f"{EVENTS} events", [
        "select vibe_private.add_partition(m::date) from generate_series(date '2025-01-01', '2025-04-01', '1 month') as m",
        # One in 20 visitors turned out to be another user.
        f"""insert into vibe.site_users (site_id, user_id, anonymous_id, first_seen_at, last_seen_at, merged_into)
            select {SITE}, u, 'u' || u, '{FIRST} 03:00Z', '{LAST} 03:00Z', case when u % 20 = 0 and u <= {USERS} then u - 1 end
            from generate_series(1, {USERS} + {BOTS}) as u""",
        f"""insert into vibe.user_events (site_id, occurred_at, received_at, user_id, session_id, event_name, page, query, referrer, title,
                properties, is_bot)
            select {SITE}, e.at, e.at, case when e.visit % 50 = 0 then {USERS} + 1 + e.visit / 50 % {BOTS} else {USER} end, e.visit, (array['page_view', 'product_view', 'add_to_cart'])[1 + e.n % 3],
                '/products/' || e.n, 'from=search', 'https://search.example/',
                'Product ' || e.n, jsonb_build_object('price', e.n % 500, 'list', 'summer'), e.visit % 50 = 0
            from {VISITS} as e""",
        f"""insert into vibe.site_sessions (site_id, session_id, user_id, started_at, last_seen_at, page_views, events, is_bot)
            select site_id, session_id, user_id, min(occurred_at), max(occurred_at), 4, 8, is_bot from vibe.user_events
            group by site_id, session_id, user_id, is_bot""",
        "vacuum (analyze) vibe.site_users, vibe.user_events, vibe.site_sessions",
        f"select vibe.calculate_daily_stats('bench', '{FIRST}', '{LAST}')",
        "vacuum (analyze) vibe.user_days",
    ])
    compare_at_best(
        "active_users() as a viewer", f"select array[dau, wau, mau] from vibe.active_users('bench', '{FIRST}', '{LAST}')",
        {"SQL over user_events": EVENTS_SQL}, 50.0, login=viewer(connection, "bench"))


SITE = "(select site_id from vibe.sites where name = 'bench')"
# One pass over the events for the days of each person, then the three windows by lead(). Sao Paulo's clocks did not change in 2025.
EVENTS_SQL = f"""with d as materialized (
        select coalesce(m.merged_into, e.user_id) as user_id, date_bin('1 day', e.occurred_at, timestamptz '{FIRST} 03:00Z') as day
        from vibe.user_events as e
        left join (select user_id, merged_into from vibe.site_users where site_id = {SITE} and merged_into is not null) as m using (user_id)
        where e.site_id = {SITE} and e.occurred_at >= '{FIRST} 03:00Z' and e.occurred_at < timestamptz '{LAST} 03:00Z' + interval '1 day'
          and not e.is_bot
        group by 1, 2
    ),
    g as (select (day - interval '3 hours')::date as day, (lead(day) over (partition by user_id order by day) - interval '3 hours')::date as next from d),
    w as (select * from (values (1), (7), (30)) as w (length)),
    p as (select day, next, count(*) as users from g group by 1, 2),
    c as (select length, day, users as change from p, w union all select length, least(day + length, next), -users from p, w),
    s as (select length, day, sum(sum(change)) over (partition by length order by day)::bigint as users from c group by length, day)
    select array_agg(users order by length) from s where day between '{FIRST}' and '{LAST}' group by day order by day"""

if "product" not in sys.argv:
    narrow()
if "narrow" not in sys.argv:
    product()
sys.exit(not good)
