-- Aggregates rolling_users and cohort_users against count(distinct) over sets made in plain SQL: exact, in any order, in any parts.
set time zone 'UTC';
set datestyle = iso;
\set VERBOSITY default
\set SHOW_CONTEXT never

-- Two users over a week end, by hand. Users without name or time, infinite times and days outside of all windows do not count.
create table few (who bigint, at timestamptz);
insert into few values
    (-9223372036854775808, '2026-01-01 23:59:59.999999'), (9223372036854775807, '2026-01-02'), (1, '2026-01-02 12:00'),
    (1, '2026-01-02 13:00'), (1, '2025-12-28'), (7, '2025-12-03'), (8, '2025-12-02'), (9, '2026-01-05'),
    (null, '2026-01-02'), (5, null), (5, 'infinity'), (5, '-infinity'), (5, '0044-03-15 BC'), (5, '9999-12-31');
select d.* from unnest((select vibe.rolling_users(who, at, '2026-01-01', '2026-01-04', 'UTC') from few)) as d;
select d.* from unnest((select vibe.rolling_users(who, at, '2026-01-01', '2026-01-02', 'UTC', '{31,1,2,1}') from few)) as d;
-- The same instants are other days in Auckland.
select d.* from unnest((select vibe.rolling_users(who, at, '2026-01-01', '2026-01-04', 'Pacific/Auckland') from few)) as d;
select d.* from unnest((select vibe.rolling_users(who, at::date, '2026-01-01', '2026-01-04') from few)) as d;
select d.* from unnest((select vibe.rolling_users(who, day, '2026-01-01', '2026-01-02', '{1,3660}')
    from (values (1::bigint, date 'infinity'), (1, '-infinity'), (2, '2025-12-31'), (3, '2016-01-01')) as v (who, day))) as d;
-- No row is null; rows that do not count are days of zeros.
select vibe.rolling_users(who, at, '2026-01-01', '2026-01-02', 'UTC') is null as nothing from few where who = 1000;
select vibe.rolling_users(null, null::date, '2026-01-01', '2026-01-02');
select vibe.cohort_users(null, null::date, 'week', '2026-01-01', '2026-01-05');

-- 30,000 visits around the clock changes of Sao Paulo (no midnight on 2018-11-04, a day of 25 hours on 2018-02-17), in no order.
create table visits as
select hashint8extended(i, 1) % 400 as who,
    timestamptz '2018-01-20 00:00Z' + (hashint8extended(i, 2) & 1073741823) % (310 * 86400) * interval '1 second' as at,
    hashint8extended(i, 3) & 1 as shop
from generate_series(1, 30000) as i
where (hashint8extended(i, 4) & 127) > abs(hashint8extended(i, 1) % 100);
alter table visits set (parallel_workers = 2);
analyze visits;
create view days as select who, shop, (at at time zone 'America/Sao_Paulo')::date as day from visits;

-- The reference: a set of users for every day and window.
create table expected as
select e.day::date, array(
    select (select count(distinct d.who) from days as d where d.day between e.day::date - w + 1 and e.day::date)
    from unnest('{1,7,30,100}'::integer[]) with ordinality as w (w, n)
    order by n
) as users
from generate_series(timestamp '2018-02-10', '2018-11-10', '3 days') as e (day);
set max_parallel_workers_per_gather = 0;
create table alone as select d.* from unnest((
    select vibe.rolling_users(who, at, '2018-02-10', '2018-11-10', 'America/Sao_Paulo', '{1,7,30,100}') from visits
)) as d;
select count(*) as days, sum(users[1]) > 1000 as has_users, count(distinct users) > 50 as differ from alone;
select count(*) as compared, count(*) filter (where e.users is distinct from a.users) as different
from expected as e left join alone as a using (day);
-- The usual windows, by time and by day, twice the rows, in another order.
select count(*) as different from (
    select a.day, a.users[1] as dau, a.users[2] as wau, a.users[3] as mau from alone as a
    except
    (select d.* from unnest((select vibe.rolling_users(who, at, '2018-02-10', '2018-11-10', 'America/Sao_Paulo')
        from (select * from visits union all select * from visits order by at desc) as v)) as d
    intersect
    select d.* from unnest((select vibe.rolling_users(who, day, '2018-02-10', '2018-11-10') from days)) as d)
) as x;
-- Parallel workers, and groups of their own.
set max_parallel_workers_per_gather = 2;
set parallel_setup_cost = 0;
set parallel_tuple_cost = 0;
explain (costs off)
select vibe.rolling_users(who, at, '2018-02-10', '2018-11-10', 'America/Sao_Paulo', '{1,7,30,100}') from visits;
select count(*) as different from (
    table alone except select d.* from unnest((
        select vibe.rolling_users(who, at, '2018-02-10', '2018-11-10', 'America/Sao_Paulo', '{1,7,30,100}') from visits
    )) as d
) as x;
explain (costs off)
select shop, vibe.rolling_users(who, at, '2018-02-10', '2018-11-10', 'America/Sao_Paulo') from visits group by shop;
with shops as (
    select shop, vibe.rolling_users(who, at, '2018-02-10', '2018-11-10', 'America/Sao_Paulo') as answer from visits group by shop
)
select count(*) as days, count(*) filter (where u.mau <> (
    select count(distinct d.who) from days as d where d.shop = s.shop and d.day between u.day - 29 and u.day
)) as different
from shops as s cross join lateral unnest(s.answer) as u
where extract(day from u.day) in (3, 4, 17);

-- Retention: cohorts by the first visit of all, not the first of the range; the reference asks for every cell.
create view first_days as select who, min(day) as first_day from days group by who;
create function expected_cells(period text, first_day date, last_day date)
returns table (cohort date, cohort_users bigint, period_number integer, period_start date, users bigint, users_on_or_after bigint)
language sql as $$
    with starts as (
        select s::date as start, (row_number() over (order by s))::integer as n
        from generate_series(date_trunc(period, first_day::timestamp), last_day, ('1 ' || period)::interval) as s
    ), seen as (select * from days where day <= last_day),
    people as (select who, date_trunc(period, min(day)::timestamp)::date as cohort from seen group by who)
    select c.start,
        (select count(*) from people as p where p.cohort = c.start),
        s.n - c.n, s.start,
        (select count(distinct d.who) from seen as d join people as p using (who)
         where p.cohort = c.start and date_trunc(period, d.day::timestamp) = s.start),
        (select count(distinct d.who) from seen as d join people as p using (who)
         where p.cohort = c.start and date_trunc(period, d.day::timestamp) >= s.start)
    from starts as c join starts as s on s.n >= c.n
$$;
create table cells as
select p.*, e.* from (values
    ('day', date '2018-01-25', date '2018-02-20'), ('week', '2018-02-01', '2018-04-18'), ('month', '2018-01-31', '2018-11-10')
) as p (period, first_day, last_day), lateral expected_cells(p.period, p.first_day, p.last_day) as e;
create view answers as
select p.period, a.* from (select distinct period, first_day, last_day from cells) as p
cross join lateral unnest((
    select vibe.cohort_users(who, at, p.period, p.first_day, p.last_day, 'America/Sao_Paulo') from visits
)) as a;
select period, count(*) as cells, sum(users) > 300 as has_users from answers group by period order by period;
select count(*) as different from (
    (select period, cohort, cohort_users, period_number, period_start, users, users_on_or_after from cells except table answers)
    union all
    (table answers except select period, cohort, cohort_users, period_number, period_start, users, users_on_or_after from cells)
) as x;
explain (costs off) select vibe.cohort_users(who, at, 'week', '2018-02-01', '2018-04-18', 'America/Sao_Paulo') from visits;
select count(*) as different from (
    select 'week', a.* from unnest((select vibe.cohort_users(who, at, 'week', '2018-02-01', '2018-04-18', 'America/Sao_Paulo') from visits)) as a
    except
    (select * from answers intersect
     select 'week', a.* from unnest((select vibe.cohort_users(who, day, 'week', '2018-02-01', '2018-04-18') from days)) as a)
) as x;
-- Entries as rows of their own give the same when they are the first days, also in parallel.
select count(*) as different from (
    select a.* from unnest((select vibe.cohort_users(who, day, 'week', '2018-02-01', '2018-04-18') from days)) as a
    except
    select a.* from unnest((
        select vibe.cohort_users(who, day, is_entry, 'week', '2018-02-01', '2018-04-18')
        from (select who, day, false from days union all select who, first_day, true from first_days) as r (who, day, is_entry)
    )) as a
) as x;
-- An entry is no activity; the earliest counts; who has none is in no cohort; activity before it is not seen.
select a.* from unnest((
    select vibe.cohort_users(who, day, is_entry, 'month', '2026-01-15', '2026-03-01')
    from (values (1::bigint, date '2026-02-10', true), (1, '2026-03-09', true), (1, '2026-01-20', false), (1, '2026-03-01', false),
        (2, '2026-01-01', true), (3, '2026-01-01', false), (4, '2025-12-31', true), (4, '2026-01-01', false), (5, '2026-03-02', true)
    ) as v (who, day, is_entry)
)) as a;
-- Weeks begin on Monday, also before the year 2000.
select a.cohort, a.cohort_users from unnest((
    select vibe.cohort_users(1, day, 'week', '1999-12-20', '2000-01-10') from (values (date '2000-01-02'), ('2000-01-03')) as v (day)
)) as a where a.period_number = 0;
reset parallel_setup_cost;
reset parallel_tuple_cost;

-- As window functions, which call the final function again and again over one state; arguments are compared there.
select who, at, (vibe.rolling_users(who, at, '2026-01-02', '2026-01-02', 'UTC') over (order by at))[1] as day
from few where at between '2025-12-28' and '2026-01-02 12:00' order by at;

-- Visitors who count as others, or as nobody: of one that comes twice the first person counts, and persons are not looked up again.
create table renames as
select array_agg(v order by n) as visitors, array_agg(p order by n) as persons
from (values (1, 10, 20), (2, 11, null), (3, 20, 30), (4, 10, 30), (5, 999, 1)) as r (n, v, p);
create view renamed_days as
select coalesce(r.person, d.who) as who, d.day
from (values (10, date '2026-01-01'), (11, '2026-01-01'), (20, '2026-01-02'), (20, '2026-01-01'), (12, '2026-01-02'), (null, '2026-01-02')) as d (who, day)
left join (values (10, 20, false), (11, null, true), (20, 30, false)) as r (visitor, person, is_nobody) on r.visitor = d.who
where r.is_nobody is not true;
select d.*, (select count(distinct e.who) from renamed_days as e where e.day between d.day - 29 and d.day) as expected_mau
from renames as n cross join lateral unnest((
    select vibe.rolling_users(v.who, v.day, '2026-01-01', '2026-01-03', n.visitors, n.persons)
    from (values (10::bigint, date '2026-01-01'), (11, '2026-01-01'), (20, '2026-01-02'), (20, '2026-01-01'), (12, '2026-01-02'),
        (null, '2026-01-02'), (13, null)) as v (who, day)
)) as d;
-- With windows of their own too: those of 30 days are mau, those of a day dau.
select bool_and(w.users = array[d.dau, d.mau]) as equal, count(*) as days
from renames as n
cross join lateral unnest((
    select vibe.rolling_users(v.who, v.day, '2026-01-01', '2026-01-03', n.visitors, n.persons) from (values (10::bigint, date '2026-01-01'), (11, '2026-01-01'), (20, '2026-01-02'), (12, '2025-12-20')) as v (who, day))) as d
join lateral unnest((
    select vibe.rolling_users(v.who, v.day, '2026-01-01', '2026-01-03', n.visitors, n.persons, '{1,30}') from (values (10::bigint, date '2026-01-01'), (11, '2026-01-01'), (20, '2026-01-02'), (12, '2025-12-20')) as v (who, day))) as w using (day);
select vibe.rolling_users(1, date '2026-01-01', '2026-01-01', '2026-01-01', '{}', '{}', '{0}');
select vibe.rolling_users(1, date '2026-01-01', '2026-01-01', '2026-01-01', '{}', '{}', null);
-- Nobody renamed is the aggregate without; visits all of nobody's are days of zeros.
select count(*) as different from (
    select d.* from unnest((select vibe.rolling_users(who, day, '2018-02-10', '2018-11-10') from days)) as d
    except
    select d.* from unnest((select vibe.rolling_users(who, day, '2018-02-10', '2018-11-10', '{}', '{}') from days)) as d
) as x;
select vibe.rolling_users(7, date '2026-01-01', '2026-01-01', '2026-01-02', '{7}', '{null}');

-- Bad input names the field, the value and the rule.
select vibe.rolling_users(who, at, null, '2026-01-02', 'UTC') from few;
select vibe.rolling_users(who, at, '2026-01-01', null, 'UTC') from few;
select vibe.rolling_users(who, at, '-infinity', '2026-01-02', 'UTC') from few;
select vibe.rolling_users(who, at, '2026-01-01', 'infinity', 'UTC') from few;
select vibe.rolling_users(who, at, '2026-01-03', '2026-01-02', 'UTC') from few;
select vibe.rolling_users(who, at, '2016-01-01', '2026-01-08', 'UTC') from few;
select cardinality(vibe.rolling_users(who, at, '2016-01-01', '2026-01-07', 'UTC')) from few;
select vibe.rolling_users(who, at, '4713-01-01 BC', '5874897-12-31', 'UTC') from few;
select vibe.rolling_users(who, at, '2026-01-01', '2026-01-02', null) from few;
select vibe.rolling_users(who, at, '2026-01-01', '2026-01-02', 'Middle/Earth') from few;
select vibe.rolling_users(who, at, '2026-01-01', '2026-01-02', 'UTC', null) from few;
select vibe.rolling_users(who, at, '2026-01-01', '2026-01-02', 'UTC', '{}') from few;
select vibe.rolling_users(who, at, '2026-01-01', '2026-01-02', 'UTC', '{1,0}') from few;
select vibe.rolling_users(who, at, '2026-01-01', '2026-01-02', 'UTC', '{-7}') from few;
select vibe.rolling_users(who, at, '2026-01-01', '2026-01-02', 'UTC', '{3661}') from few;
select vibe.rolling_users(who, at, '2026-01-01', '2026-01-02', 'UTC', '{1,null}') from few;
select vibe.rolling_users(who, at, '2026-01-01', '2026-01-02', 'UTC', '{{1,7}}') from few;
select vibe.rolling_users(who, at, '2026-01-01', '2026-01-02', 'UTC', array_fill(1, '{17}')) from few;
select vibe.rolling_users(who, at, date '2026-01-01' - (who = 1)::integer, '2026-01-02', 'UTC') from few where who in (1, 7);
select vibe.rolling_users(who, at, '2026-01-01', date '2026-01-02' + (who = 1)::integer, 'UTC') from few where who in (1, 7);
select vibe.rolling_users(who, at, '2026-01-01', '2026-01-02', case who when 1 then 'UTC' else 'Asia/Tokyo' end) from few where who in (1, 7);
select vibe.rolling_users(who, at, '2026-01-01', '2026-01-02', 'UTC', array[1, who]::integer[]) from few where who in (1, 7);
select vibe.rolling_users(1, date '2026-01-01', '2026-01-01', '2026-01-02', null, '{}');
select vibe.rolling_users(1, date '2026-01-01', '2026-01-01', '2026-01-02', '{}', null);
select vibe.rolling_users(1, date '2026-01-01', '2026-01-01', '2026-01-02', '{1,2}', '{3}');
select vibe.rolling_users(1, date '2026-01-01', '2026-01-01', '2026-01-02', '{1}', '{}');
select vibe.rolling_users(1, date '2026-01-01', '2026-01-01', '2026-01-02', '{1,null}', '{3,4}');
select vibe.rolling_users(1, date '2026-01-01', '2026-01-01', '2026-01-02', '{{1,2}}', '{3,4}');
select vibe.rolling_users(1, date '2026-01-01', '2026-01-01', '2026-01-02', '{1,2}', '{{3,4}}');
select vibe.rolling_users(1, date '2026-01-01', null, '2026-01-02', '{1}', '{2}');
select vibe.rolling_users(1, date '2026-01-01', '2026-01-03', '2026-01-02', '{1}', '{2}');
select vibe.cohort_users(1, date '2026-01-01', false, 'week', '2026-01-01', '2026-01-02', null, '{}');
select vibe.cohort_users(1, date '2026-01-01', false, 'week', '2026-01-01', '2026-01-02', '{1,2}', '{3}');
select vibe.cohort_users(1, date '2026-01-01', false, 'week', '2026-01-01', '2026-01-02', '{1,null}', '{3,4}');
select vibe.cohort_users(who, at, 'year', '2026-01-01', '2026-01-02', 'UTC') from few;
select vibe.cohort_users(who, at, null, '2026-01-01', '2026-01-02', 'UTC') from few;
select vibe.cohort_users(who, at, 'week', '2026-01-01', '2026-01-02', null) from few;
select vibe.cohort_users(who, at, 'week', '2026-01-02', '2026-01-01', 'UTC') from few;
select vibe.cohort_users(who, at, 'day', '2023-01-01', '2026-01-01', 'UTC') from few;
select vibe.cohort_users(who, at, 'month', '4713-01-01 BC', '5874897-12-31', 'UTC') from few;
select vibe.cohort_users(who, at, case who when 1 then 'day' else 'week' end, '2026-01-01', '2026-01-02', 'UTC') from few where who in (1, 7);
select vibe.cohort_users(who, at, 'day', date '2026-01-01' - (who = 1)::integer, '2026-01-02', 'UTC') from few where who in (1, 7);

-- Memory is bounded by users and days, not by rows; past the setting the error names it and the session goes on.
set max_parallel_workers_per_gather = 0;
set vibe.max_kernel_memory = '1MB';
select (vibe.rolling_users(i % 1000, date '2026-01-01' + (i % 30)::integer, '2026-01-01', '2026-01-30'))[30]
from generate_series(1, 300000) as i;
select vibe.rolling_users(i, date '2026-01-01', '2026-01-01', '2026-01-30') from generate_series(1, 300000) as i;
select cardinality(vibe.cohort_users(i, date '2026-01-01', 'day', '2023-06-01', '2026-01-30')) from generate_series(1, 3) as i;
reset vibe.max_kernel_memory;
select (vibe.rolling_users(i, date '2026-01-01', '2026-01-01', '2026-01-30'))[30] from generate_series(1, 300000) as i;

-- A timeout ends a run in time, wherever it is.
create function overshoot(query text) returns boolean language plpgsql as $$
declare
    started timestamptz := clock_timestamp();
begin
    execute query;
    return null;
exception when query_canceled then
    return clock_timestamp() - started > interval '500 milliseconds';
end
$$;
set statement_timeout = '50ms';
select overshoot($$
    select vibe.rolling_users(who + n * 1000, at, '2018-01-20', '2018-11-30', 'America/Sao_Paulo') from visits, generate_series(1, 400) as n
$$) as too_late;
select overshoot($$
    select vibe.cohort_users(who + n * 1000, at, 'day', '2018-01-20', '2018-11-30', 'America/Sao_Paulo') from visits, generate_series(1, 400) as n
$$) as too_late;
reset statement_timeout;
