-- Active users and retention of sites against count(distinct) over the events, with merges, bots, clock changes and another tenant.
set time zone 'UTC';
set datestyle = iso;
\set VERBOSITY default
\set SHOW_CONTEXT never

-- A site around the end of summer time, with 90 days of visits up to two days ago; one without anything; one of another tenant.
select vibe.create_site('lisboa', null, 'Europe/Lisbon', 'EUR') as lisboa \gset
select vibe.create_site('empty', null, 'Asia/Tokyo') as empty \gset
select vibe.create_site('other') as other \gset
create function make_visits(of_site integer, zone text, last date, visitors integer, visits integer) returns void language sql as $$
    insert into vibe.site_users (site_id, user_id, anonymous_id, first_seen_at)
    select of_site, v, 'v' || v, timestamptz '2200-01-01' - interval '1 day' from generate_series(1, visitors) as v;
    insert into vibe.site_sessions (site_id, session_id, user_id, started_at, last_seen_at, is_bot)
    select of_site, i, v.visitor, v.at, v.at,
        -- 13 is a bot; 14 is one now and then; 15 is a bot of whom one event was taken for a person's.
        v.visitor in (13, 15) or v.visitor = 14 and i % 2 = 0
    from generate_series(1, visits) as i
    cross join lateral (
        select 1 + (hashint8extended(i, of_site) & 1073741823) % visitors as visitor, vibe.day_start(last - 89, zone)
            + (hashint8extended(i, 7) & 1073741823) % (90 * 86400) * interval '1 second' as at
    ) as v
    -- Later visitors come later, or every cohort would be the first.
    where v.at >= vibe.day_start(last - 89, zone) + v.visitor % 80 * interval '1 day';
    insert into vibe.user_events (site_id, occurred_at, user_id, session_id, event_name, page, properties, is_bot)
    select s.site_id, s.started_at + e * interval '10 minutes', s.user_id, s.session_id,
        case when e = 0 then 'page_view' else 'buy' end, '/p/' || s.session_id % 5, jsonb_build_object('n', s.session_id % 3),
        s.is_bot and not (s.user_id = 15 and e = 1)
    from vibe.site_sessions as s cross join generate_series(0, 1) as e
    where s.site_id = of_site;
    update vibe.site_users as u set first_seen_at = e.at, last_seen_at = e.at
    from (select user_id, min(occurred_at) as at from vibe.user_events where site_id = of_site group by user_id) as e
    where u.site_id = of_site and u.user_id = e.user_id;
    delete from vibe.site_users as u where u.site_id = of_site and u.first_seen_at > '2199-01-01';
$$;
set role vibe_owner;
select public.make_visits(:lisboa, 'Europe/Lisbon', '2024-11-12', 200, 6000);
select public.make_visits(:other, 'UTC', (now() at time zone 'UTC')::date, 30, 900);
-- Visitors 20, 40 … turned out to be the visitor before; 16 is the bot 13 on another browser.
update vibe.site_users set merged_into = user_id - 1 where user_id % 20 = 0;
update vibe.site_users set merged_into = 13 where site_id = :lisboa and user_id = 16;
reset role;
select count(*) as days from (select vibe.calculate_daily_stats('lisboa', '2024-08-10', '2024-11-15')) as d;

-- The reference: persons of the events, days by the clock, nothing shared with the functions but vibe.visitors.
create view person_events as
select e.site_id, v.user_id as person, (e.occurred_at at time zone s.time_zone)::date as day, e.event_name, e.page, e.properties
from vibe.user_events as e
join vibe.visitors as v on v.site_id = e.site_id and v.visitor_id = e.user_id
join vibe.sites as s on s.site_id = e.site_id
where not e.is_bot;
create function users_of(of_site integer, last date, days integer, names text[] default null, pages text default null, props jsonb default null)
returns bigint language sql stable as $$
    select count(distinct person) from person_events as p
    where site_id = of_site and day between last - days + 1 and last
      and (names is null or event_name = any (names)) and (pages is null or page like pages) and (props is null or properties @> props)
$$;

-- Every day of a quarter, from the roll-up and from the events; what daily_user_stats says is the same figure.
create table answer as select * from vibe.active_users('lisboa', '2024-08-16', '2024-11-14');
select count(*) as days, sum(dau) > 2000 as has_users, min(dau) as least, bool_or(is_provisional) as provisional from answer;
select day, dau, wau, mau from answer where day >= '2024-11-11' order by day;
select count(*) as different from answer as a
where (a.dau, a.wau, a.mau) is distinct from (users_of(:lisboa, a.day, 1), users_of(:lisboa, a.day, 7), users_of(:lisboa, a.day, 30));
select count(*) as different from answer as a left join vibe.daily_user_stats as d on d.site_id = :lisboa and d.day = a.day
where d.active_users is distinct from a.dau;
select count(*) as different from (table answer except select * from vibe.active_users_of_events('lisboa', '2024-08-16', '2024-11-14')) as x;
-- A day of its own has the windows of the days before it.
select count(*) as different from (
    select * from vibe.active_users('lisboa', '2024-10-27', '2024-10-27') except table answer
) as x;
-- The bot of whom an event was taken for a person's is in the roll-up; a merge and its undoing count at once.
select count(distinct user_id) as bots from vibe.user_days where site_id = :lisboa and user_id in (13, 15);
update vibe.site_users set merged_into = 1 where site_id = :lisboa and user_id between 101 and 119;
select count(*) > 50 as changed, count(*) filter (where a.mau <> users_of(:lisboa, a.day, 30)) as different
from vibe.active_users('lisboa', '2024-08-16', '2024-11-14') as a join answer as b using (day) where a.mau < b.mau;
update vibe.site_users set merged_into = null where site_id = :lisboa and user_id between 101 and 119;
select count(*) as different from (table answer except select * from vibe.active_users('lisboa', '2024-08-16', '2024-11-14')) as x;

-- Only some events.
select count(*) filter (where e.dau > 0) > 50 as has_users, count(*) filter (where (e.dau, e.wau, e.mau) is distinct from (
    users_of(:lisboa, e.day, 1, '{buy}', '/p/3%', '{"n": 1}'), users_of(:lisboa, e.day, 7, '{buy}', '/p/3%', '{"n": 1}'),
    users_of(:lisboa, e.day, 30, '{buy}', '/p/3%', '{"n": 1}')
)) as different
from vibe.active_users_of_events('lisboa', '2024-08-16', '2024-11-14', '{buy}', '/p/3%', '{"n": 1}') as e;
select sum(dau) from vibe.active_users_of_events('lisboa', '2024-11-01', '2024-11-02', '{}');
select sum(dau) from vibe.active_users_of_events('lisboa', '2024-11-01', '2024-11-02', '{"it''s, \"quoted\""}', 'it''s\%');

-- Days that have no figures yet, today among them, come from the events; unless told otherwise it is the last 30 days and today.
create table running as select * from vibe.active_users('other');
select count(*) as days, sum(dau) > 0 as has_users, max(day) = (now() at time zone 'UTC')::date as with_today,
    count(*) filter (where is_provisional) as provisional from running;
select count(*) as different from running as a
where (a.dau, a.wau, a.mau) is distinct from (users_of(:other, a.day, 1), users_of(:other, a.day, 7), users_of(:other, a.day, 30));
-- Figures of some days, with a hole before the last of them.
select vibe.calculate_daily_stats('other', current_date - 40, current_date - 8), vibe.calculate_daily_stats('other', current_date - 2, current_date - 2);
select count(*) as different from (table running except select * from vibe.active_users('other')) as x;
select * from vibe.active_users('empty', '2024-02-28', '2024-03-01');
select count(*) as days, sum(mau) as users from vibe.active_users('empty');

-- Retention: a person's cohort is that of the first visit of all, whatever the range; every cell is asked for by itself.
create function cells(of_site integer, zone text, period text, first_day date, last_day date, mode text)
returns table (cohort date, cohort_users bigint, period_number integer, period_start date, users bigint)
language sql stable as $$
    with starts as (
        select s::date as start, row_number() over (order by s) as n
        from generate_series(date_trunc(period, first_day::timestamp), last_day, ('1 ' || period)::interval) as s
    ), people as (
        select user_id as person, date_trunc(period, min(first_seen_at at time zone zone))::date as cohort
        from vibe.visitors where site_id = of_site group by user_id
        having (min(first_seen_at) at time zone zone)::date <= last_day
    )
    select c.start, (select count(*) from people as p where p.cohort = c.start), (s.n - c.n)::integer, s.start, (
        select count(distinct e.person) from person_events as e join people as p using (person)
        where e.site_id = of_site and p.cohort = c.start and e.day <= last_day
          and case mode when 'on' then date_trunc(period, e.day::timestamp) = s.start else date_trunc(period, e.day::timestamp) >= s.start end
    )
    from starts as c join starts as s on s.n >= c.n
$$;
create table asked as
select a.*, r.*, row_number() over () as place from (values
    ('day', date '2024-09-20', date '2024-10-15', 'on'), ('week', '2024-09-04', '2024-11-14', 'on'), ('week', '2024-08-01', '2024-10-30', 'on_or_after'),
    ('month', '2024-09-30', '2024-11-01', 'on'), ('day', '2024-11-02', '2024-11-06', 'on_or_after')
) as a (asked_period, first_day, last_day, mode)
cross join lateral vibe.retention('lisboa', a.asked_period, a.first_day, a.last_day, a.mode) as r;
select asked_period, mode, count(*) as cells, sum(users) > 50 as has_users, count(*) filter (where not is_complete) as running
from asked group by asked_period, mode, first_day order by 1, 2, 3;
select count(*) as different from (
    select asked_period, mode, first_day, cohort, cohort_users, period_number, period_start, users from asked
    except
    select a.asked_period, a.mode, a.first_day, c.* from (select distinct asked_period, first_day, last_day, mode from asked) as a
    cross join lateral cells(:lisboa, 'Europe/Lisbon', a.asked_period, a.first_day, a.last_day, a.mode) as c
) as x;
select count(*) as wrong from asked where share is distinct from round(users::numeric / nullif(cohort_users, 0), 4);
select cohort, cohort_users, period_number, users, share, is_complete from asked
where asked_period = 'month' order by cohort, period_number;
-- The users of a day's cohort are that day's new users.
select count(*) as different from vibe.retention('lisboa', 'day', '2024-09-01', '2024-11-15') as r
join vibe.daily_user_stats as d on d.site_id = :lisboa and d.day = r.cohort
where r.period_number = 0 and r.cohort_users <> d.new_users;
-- Without the visits of before the range many would look new; merged visitors neither.
select (select sum(cohort_users) from vibe.retention('lisboa', 'week', '2024-10-01', '2024-11-10') where period_number = 0)
    < (select count(distinct person) / 2 from person_events where site_id = :lisboa and day between '2024-10-01' and '2024-11-10') as only_new;
-- The running periods are those of today; unless told otherwise 12 weeks to now.
select count(*) as cells, count(distinct cohort) as cohorts, count(*) filter (where not is_complete) as running, sum(users) > 0 as has_users
from vibe.retention('other');
select count(*) as different from (
    select cohort, cohort_users, period_number, period_start, users from vibe.retention('other')
    except select * from cells(:other, 'UTC', 'week', current_date - 77, current_date, 'on')
) as x;
select * from vibe.retention('empty', 'month', '2024-01-15', '2024-02-15');

-- Views for BI.
select count(*) as cells, count(distinct cohort) as cohorts from vibe.retention_by_week where site = 'other';
select count(*) as cells, count(distinct cohort) as cohorts from vibe.retention_by_day where site = 'other';
select count(*) as cells, count(distinct cohort) as cohorts from vibe.retention_by_month where site = 'empty';
select count(*) as different from (
    select cohort, users from vibe.retention_by_week where site = 'other' except select cohort, users from vibe.retention('other')
) as x;

-- The roll-up is read by workers, from its index alone; what is looked up for merges and bots is looked up once.
vacuum (analyze) vibe.user_days, vibe.site_users, vibe.site_sessions;
set parallel_setup_cost = 0;
set parallel_tuple_cost = 0;
set min_parallel_index_scan_size = 0;
set min_parallel_table_scan_size = 0;
set enable_seqscan = off;
set enable_bitmapscan = off;
explain (costs off)
with r as materialized (
    select coalesce(array_agg(u.user_id), '{}') as visitors, coalesce(array_agg(u.merged_into), '{}') as persons
    from vibe.site_users as u where u.site_id = :lisboa and u.merged_into is not null
)
select vibe.rolling_users(d.user_id, d.day, '2024-08-16', '2024-11-14', (select r.visitors from r), (select r.persons from r))
from vibe.user_days as d where d.site_id = :lisboa and d.day between '2024-07-18' and '2024-11-14';
select count(*) as different from (table answer except select * from vibe.active_users('lisboa', '2024-08-16', '2024-11-14')) as x;
reset enable_seqscan;
reset enable_bitmapscan;
reset min_parallel_index_scan_size;
reset min_parallel_table_scan_size;
reset parallel_setup_cost;
reset parallel_tuple_cost;

-- Another tenant's login sees its own site and nothing of the rest, through functions, views and the texts of queries.
create role cohort_viewer login in role vibe_analyst;
select vibe.add_member('other', 'cohort_viewer', 'viewer');
grant select on answer, running to cohort_viewer;
set session authorization cohort_viewer;
select count(*) as different from (table running except select * from vibe.active_users()) as x;
select count(distinct site) as sites, min(site) as site, sum(users) > 0 as has_users from vibe.retention_by_week;
select * from vibe.active_users('lisboa');
select * from vibe.retention('lisboa');
select * from vibe.active_users_of_events('lisboa');
select vibe.visitor_days_query(:lisboa, 'Europe/Lisbon', '2024-10-01', '2024-10-02') as query \gset
:query;
select vibe.renames_query(:lisboa, false) as query \gset
:query;
select vibe.entries_query(:lisboa, 'Europe/Lisbon', '2024-01-01', '2025-01-01') as query \gset
:query;
reset session authorization;
drop owned by cohort_viewer;
drop role cohort_viewer;
create role cohort_stranger login in role vibe_analyst;
set session authorization cohort_stranger;
select * from vibe.active_users();
select count(*) from vibe.retention_by_week;
reset session authorization;
drop role cohort_stranger;

-- Bad input names the field, the value and the rule.
select * from vibe.active_users('nowhere');
select * from vibe.active_users('lisboa', '2024-10-02', '2024-10-01');
\set VERBOSITY terse
select * from vibe.active_users('lisboa', '2024-10-02', '9999-01-01');
\set VERBOSITY default
select * from vibe.active_users('lisboa', '-infinity', '2024-10-01');
select * from vibe.active_users('lisboa', '2024-10-02', 'infinity');
select * from vibe.active_users('lisboa', '2000-01-01', '2024-10-01');
select * from vibe.active_users_of_events('lisboa', '2024-10-02', '2024-10-02', properties => '[1]');
select * from vibe.retention('lisboa', 'year');
select * from vibe.retention('lisboa', null);
select * from vibe.retention('lisboa', 'week', mode => 'after');
select * from vibe.retention('lisboa', 'day', '2020-01-01', '2024-10-01');
select * from vibe.retention('lisboa', 'week', '2024-10-02', '2024-10-01');

-- All cohorts together: what is not complete does not count, nor does a cohort without users.
select c.*, (c.cohorts, c.cohort_users, c.users) = (
    select count(*), sum(r.cohort_users), sum(r.users) from vibe.retention('lisboa', 'week', '2024-10-01', '2024-11-14', 'on_or_after') as r
    where r.period_number = c.period_number and r.is_complete and r.cohort_users > 0
) as same
from vibe.retention_curve('lisboa', 'week', '2024-10-01', '2024-11-14', 'on_or_after') as c;
select count(*) as curve_of_nobody from vibe.retention_curve('empty', 'day');
select vibe.retention_curve('lisboa', 'year');
