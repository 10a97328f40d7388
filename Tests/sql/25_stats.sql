-- Daily figures against a recount in plain SQL (S4-13, S4-16, S4-35..37, S4-62, S4-63; A-17, A-18, A-20, A-21, A-24).
set time zone 'UTC';
set datestyle = iso;
\set VERBOSITY terse

-- Where a day begins and how long it is. Expected: the tz database.
select
    z.zone,
    z.day,
    vibe.day_start(z.day, z.zone) as begins,
    vibe.day_start(z.day + 1, z.zone) - vibe.day_start(z.day, z.zone) as length
from (
    values
        ('America/Sao_Paulo', date '2018-02-17'),   -- midnight comes twice, the day has 25 hours
        ('America/Sao_Paulo', date '2018-11-04'),   -- there is no midnight, the day begins at one
        ('Europe/Lisbon', date '2024-03-31'),
        ('Europe/Lisbon', date '2024-10-27'),
        ('America/Havana', date '2018-11-04'),      -- the hour after midnight comes twice
        ('Australia/Lord_Howe', date '2024-04-07'), -- half an hour
        ('Pacific/Apia', date '2011-12-30'),        -- was skipped
        ('UTC', date '2024-02-29')
) as z (zone, day)
order by z.zone, z.day;

-- Every quarter of an hour of three years lies in the day that its own clock shows.
select z.zone, count(*) filter (where t.at < vibe.day_start(c.day, z.zone) or t.at >= vibe.day_start(c.day + 1, z.zone)) as misplaced
from (values ('America/Sao_Paulo'), ('America/Havana'), ('Europe/Lisbon'), ('Asia/Beirut'), ('UTC')) as z (zone)
cross join generate_series(timestamptz '2017-01-01', '2020-01-01', '15 minutes') as t (at)
cross join lateral (select (t.at at time zone z.zone)::date) as c (day)
group by z.zone
order by z.zone;

-- Two busy sites around a change of clocks, one without anything, one with a single event.
select vibe.create_site('paulista', null, 'America/Sao_Paulo', 'BRL') as paulista \gset
select vibe.create_site('lisboa', null, 'Europe/Lisbon', 'EUR') as lisboa \gset
select vibe.create_site('empty') as empty \gset
select vibe.create_site('single', null, 'Asia/Tokyo', 'JPY') as single \gset

set role vibe_owner;
create temp table visits as
select
    s.site_id,
    n as visit,
    1 + abs(hashint4(n * 7 + s.site_id)) % 40 as visitor,
    s.begins + make_interval(secs => abs(hashint4(n * 13 + s.site_id)) % (10 * 86400)) as at,
    1 + abs(hashint4(n * 17)) % 5 as events
from (values (:paulista, timestamptz '2018-10-30 12:00'), (:lisboa, '2024-10-22 12:00')) as s (site_id, begins)
cross join generate_series(1, 300) as n;

insert into vibe.site_users (site_id, user_id, anonymous_id, first_seen_at, last_seen_at)
select v.site_id, v.visitor, 'visitor-' || v.visitor, min(v.at), max(v.at)
from visits as v group by v.site_id, v.visitor order by 1, 2;
-- Visitors 4, 8, … turn out to be visitor 1; visitors 40 and 39 are bots, 39 only now and then.
update vibe.site_users set merged_into = 1 where user_id % 4 = 0 and user_id < 40;
insert into vibe.site_sessions (site_id, session_id, user_id, started_at, last_seen_at, page_views, events, is_bot)
select
    v.site_id, v.visit, v.visitor, v.at, v.at + make_interval(secs => 30 * (v.events - 1)),
    (v.events + 1) / 2, v.events / 2, v.visitor = 40 or v.visitor = 39 and v.visit % 2 = 0
from visits as v;
insert into vibe.user_events (site_id, occurred_at, received_at, user_id, session_id, event_name, page, is_bot)
select
    v.site_id, v.at + make_interval(secs => 30 * (e - 1)), v.at + make_interval(secs => 30 * (e - 1) + 1), v.visitor, v.visit,
    case when e % 2 = 1 then 'page_view' else 'click' end, '/', v.visitor = 40 or v.visitor = 39 and v.visit % 2 = 0
from visits as v
cross join lateral generate_series(1, v.events) as e;
-- Exactly at a midnight, and the microsecond before it.
insert into vibe.site_users (site_id, user_id, anonymous_id, first_seen_at, last_seen_at)
select :single, 1, 'visitor-1', '2024-05-01 14:59:59.999999', '2024-05-01 15:00';
insert into vibe.user_events (site_id, occurred_at, received_at, user_id, event_name)
select :single, at, at, 1, 'page_view' from unnest('{2024-05-01 14:59:59.999999, 2024-05-01 15:00}'::timestamptz[]) as at;
reset role;
select vibe.create_goal('paulista', 'Click', 'click') is not null as paulista, vibe.create_goal('lisboa', 'Click', 'click') is not null as lisboa,
    vibe.create_goal('lisboa', 'Visit', page_pattern => '%') is not null as of_pages;

select vibe.calculate_daily_stats('paulista', '2018-10-29', '2018-11-12') as paulista,
    vibe.calculate_daily_stats('lisboa', '2024-10-21', '2024-11-03') as lisboa,
    vibe.calculate_daily_stats('empty', '2024-01-01', '2024-01-03') as empty,
    vibe.calculate_daily_stats('single', '2024-05-01', '2024-05-02') as single;

-- The recount: one sub-query per figure, days by the clock of the site, nothing shared with the function.
create view recount as
with people as (
    select
        u.site_id,
        u.user_id as visitor_id,
        coalesce(u.merged_into, u.user_id) as user_id,
        (u.first_seen_at at time zone s.time_zone)::date as day
    from vibe.site_users as u
    join vibe.sites as s using (site_id)
    where u.user_id <> 40
), users as (
    select site_id, user_id, min(day) as day from people group by 1, 2
), events as (
    select e.*, (e.occurred_at at time zone s.time_zone)::date as day, p.user_id as person_id
    from vibe.user_events as e
    join vibe.sites as s using (site_id)
    join people as p on p.site_id = e.site_id and p.visitor_id = e.user_id
    where not e.is_bot
), sessions as (
    select v.*, (v.started_at at time zone s.time_zone)::date as day
    from vibe.site_sessions as v join vibe.sites as s using (site_id) where not v.is_bot
)
select
    d.site_id,
    d.day,
    (select count(*) from people as p where p.site_id = d.site_id and p.day <= d.day) as total_visitors,
    (select count(*) from users as u where u.site_id = d.site_id and u.day <= d.day) as total_users,
    (select count(*) from users as u where u.site_id = d.site_id and u.day = d.day) as new_users,
    (select count(distinct e.user_id) from events as e where e.site_id = d.site_id and e.day = d.day) as visitors,
    (select count(distinct e.person_id) from events as e where e.site_id = d.site_id and e.day = d.day) as active_users,
    (select count(distinct e.person_id) from events as e join users as u on u.site_id = e.site_id and u.user_id = e.person_id
     where e.site_id = d.site_id and e.day = d.day and u.day < d.day) as returning_users,
    (select count(*) from sessions as v where v.site_id = d.site_id and v.day = d.day) as sessions,
    (select count(*) from sessions as v where v.site_id = d.site_id and v.day = d.day and v.page_views < 2 and v.events = 0) as bounced_sessions,
    (select coalesce(sum(extract(epoch from v.last_seen_at) - extract(epoch from v.started_at)), 0)::bigint
     from sessions as v where v.site_id = d.site_id and v.day = d.day) as session_seconds,
    -- The middle one, or halfway between the two in the middle.
    (select round(avg(m.seconds), 3)::numeric(12, 3)
     from (
        select extract(epoch from v.last_seen_at) - extract(epoch from v.started_at) as seconds,
            row_number() over (order by v.last_seen_at - v.started_at) as place, count(*) over () as n
        from sessions as v where v.site_id = d.site_id and v.day = d.day
     ) as m where m.place in ((m.n + 1) / 2, m.n / 2 + 1)) as median_session_seconds,
    (select count(*) from events as e where e.site_id = d.site_id and e.day = d.day and e.event_name = 'page_view') as page_views,
    (select count(*) from events as e where e.site_id = d.site_id and e.day = d.day and e.event_name <> 'page_view') as events,
    -- The goals below: every click, and every page view of Lisbon.
    (select count(*) from events as e where e.site_id = d.site_id and e.day = d.day
     and (e.event_name = 'click' or d.site_id = (select s.site_id from vibe.sites as s where s.name = 'lisboa') and e.event_name = 'page_view')) as conversions,
    (select count(distinct e.person_id) from events as e where e.site_id = d.site_id and e.day = d.day
     and (e.event_name = 'click' or d.site_id = (select s.site_id from vibe.sites as s where s.name = 'lisboa') and e.event_name = 'page_view')) as converted_users,
    (select count(distinct e.person_id) from events as e where e.site_id = d.site_id and e.day between d.day - 29 and d.day) as users_30_days,
    (select count(distinct e.person_id) from events as e where e.site_id = d.site_id and e.day between d.day - 59 and d.day) as users_60_days,
    (select max(e.received_at) from events as e where e.site_id = d.site_id and e.day = d.day) as last_received_at
from vibe.daily_user_stats as d;

create function differences() returns setof record language sql as $$
    select * from (select * from recount except select
        site_id, day, total_visitors, total_users, new_users, visitors, active_users, returning_users, sessions,
        bounced_sessions, session_seconds, median_session_seconds, page_views, events, conversions, converted_users,
        users_30_days, users_60_days, last_received_at from vibe.daily_user_stats) as d
$$;
select count(*) as days, sum(page_views + events) > 1000 as has_traffic from vibe.daily_user_stats;
select count(*) as different from (select differences()) as d;

select day, total_visitors, total_users, new_users, visitors, active_users, returning_users, sessions, bounced_sessions, page_views, events
from vibe.daily_user_stats where site_id = :paulista order by day;
select day, day_start, active_users, bounce_rate, average_session_seconds, is_provisional
from vibe.daily_stats where site = 'lisboa' and day between '2024-10-26' and '2024-10-28' order by day;
select site, day, total_users, new_users, returning_users, page_views from vibe.daily_stats where site in ('empty', 'single') order by site, day;

-- A second run writes the same; the roll-up has one row per visitor and day.
create temp table before as table vibe.daily_user_stats;
select vibe.calculate_daily_stats('paulista', '2018-10-29', '2018-11-12');
select count(*) as changed from (
    select to_jsonb(b) - 'calculated_at' from before as b except select to_jsonb(d) - 'calculated_at' from vibe.daily_user_stats as d
) as c;
select count(*), sum(page_views) as page_views, sum(events) as events from vibe.user_days where site_id = :paulista;

-- A late event, an event taken away and a merge count after the next run, and the mark of the day is gone.
set role vibe_owner;
insert into vibe.user_events (site_id, occurred_at, received_at, user_id, event_name)
values (:paulista, '2018-11-04 03:30+00', '2018-11-09', 2, 'page_view');
insert into vibe_private.dirty_days (site_id, day) values (:paulista, '2018-11-04'), (:paulista, '2018-12-01');
delete from vibe.user_events where site_id = :lisboa and user_id = 3;
update vibe.site_users set merged_into = 1 where site_id = :lisboa and user_id = 5;
reset role;
select vibe.calculate_daily_stats('paulista', '2018-11-04', '2018-11-04'), vibe.calculate_daily_stats('lisboa', '2024-10-21', '2024-11-03');
select count(*) as different from (select differences()) as d;
select day, last_received_at from vibe.daily_user_stats where site_id = :paulista and day = '2018-11-04';
select count(*) as days_of_visitor_3 from vibe.user_days where site_id = :lisboa and user_id = 3;
select day from vibe_private.dirty_days order by day;

-- A goal that is changed, removed or made is in the days at once.
select sum(conversions) as conversions, sum(converted_users) as users from vibe.daily_user_stats where site_id = :lisboa;
update vibe.goals set event_name = 'none' where site_id = :lisboa and event_name = 'click';
select sum(conversions) as conversions, sum(converted_users) as users from vibe.daily_user_stats where site_id = :lisboa;
delete from vibe.goals where site_id = :lisboa;
select sum(conversions) as conversions, sum(converted_users) as users from vibe.daily_user_stats where site_id = :lisboa;
select count(vibe.create_goal('lisboa', n, n, p)) from (values ('click', null), ('page_view', '%')) as g (n, p);
select count(*) as different from (select differences()) as d;

-- Provisional: two days after the day's end, and again from a late event to the next count.
select day, is_provisional from vibe.daily_stats where site = 'paulista' and day between '2018-11-03' and '2018-11-04' order by day;
insert into vibe.user_events (site_id, occurred_at, user_id, event_name) values (:paulista, '2018-11-03 12:00+00', 2, 'page_view');
select day, is_provisional from vibe.daily_stats where site = 'paulista' and day between '2018-11-03' and '2018-11-04' order by day;
select site_id = :paulista as paulista, day from vibe.late_days() order by day;
select vibe.calculate_daily_stats('paulista', '2018-11-03', '2018-11-12');
select day, is_provisional from vibe.daily_stats where site = 'paulista' and day between '2018-11-03' and '2018-11-04' order by day;
select vibe.calculate_daily_stats('empty', (now() at time zone 'UTC')::date - 4, (now() at time zone 'UTC')::date);
select (now() at time zone 'UTC')::date - day as days_ago, is_provisional from vibe.daily_stats
where site = 'empty' and day >= (now() at time zone 'UTC')::date - 4 order by day;

-- Unless told otherwise it is yesterday, of all my sites, each by its own clock.
select vibe.calculate_daily_stats();
select s.name from vibe.daily_user_stats as d join vibe.sites as s using (site_id)
where d.day = (now() at time zone s.time_zone)::date - 1 order by s.name;

-- Bad input names the field, the value and the rule.
select vibe.calculate_daily_stats('paulista', '2018-11-05', '2018-11-04');
select vibe.calculate_daily_stats('paulista', '1990-01-01', '2018-11-04');
select vibe.calculate_daily_stats('nowhere');
select vibe.calculate_daily_stats('empty', '9999-01-01', '9999-01-01');

-- Figures are read by analysts and written by the function alone; nobody sees a site that is not theirs.
begin;
set local role vibe_member;
insert into vibe.daily_user_stats select * from vibe.daily_user_stats;
rollback;
begin;
set local role vibe_analyst;
select vibe.calculate_daily_stats('empty');
rollback;
create role stats_stranger login in role vibe_analyst;
set session authorization stats_stranger;
select count(*) from vibe.daily_user_stats;
select count(*) from vibe.user_days;
select count(*) from vibe.daily_stats;
select count(*) from vibe.visitors;
select count(*) from vibe.late_days();
-- The policy is asked once and is an index condition (a planner that would rather scan a small table is told not to).
set enable_seqscan = off;
set enable_bitmapscan = off;
explain (costs off) select * from vibe.daily_user_stats where day = '2024-01-01';
explain (costs off) select * from vibe.user_days where day = '2024-01-01';
reset session authorization;
drop role stats_stranger;
