-- The nightly work (S4-61, S4-63, S3-85; A-18): what is due, what a failure does, what is caught up.
set time zone 'UTC';
\set VERBOSITY terse
select vibe.create_site('good', null, 'Pacific/Tongatapu', 'TOP') as good \gset
select vibe.create_site('bad', null, 'America/Sao_Paulo', 'BRL') as bad \gset
select vibe.create_site('fresh') as fresh \gset
update vibe.sites set created_at = now() - interval '5 days' where name in ('good', 'bad');
create view state as
select s.site, s.state, s.done_through = (now() at time zone t.time_zone)::date - 1 as through_yesterday, s.runs, s.failures, s.error,
    (select count(*) from vibe.daily_user_stats as d where d.site_id = s.site_id) as days
from vibe.job_status as s join vibe.sites as t on t.site_id = s.site_id where s.job = 'nightly' order by s.site;
table state;

-- A site that fails is recorded and stops nobody; what it had written before is undone.
create function spoil() returns trigger language plpgsql as $$ begin raise exception 'no space left for site %', new.site_id using errcode = '53100'; end $$;
create trigger spoil after insert on vibe.daily_user_stats for each row when (new.site_id = 2) execute function spoil();
select :bad as must_be_2;
call vibe.run_due();
table state;
select job, site_id, state, error, runs from vibe.job_status where site_id is null order by job;

-- Done work is left alone, failed work is tried again.
call vibe.run_due();
table state;
drop trigger spoil on vibe.daily_user_stats;
update vibe.job_runs set next_try_at = now() where site_id = :bad;
call vibe.run_due();
table state;

-- Each failure after the first doubles the wait before the next try, up to six hours; a good run ends it.
create trigger spoil after insert or update on vibe.daily_user_stats for each row when (new.site_id = 2) execute function spoil();
update vibe.job_runs set done_through = done_through - 1 where site_id = :bad;
create view tries as
select state, failures, date_trunc('minute', next_try_at - finished_at + interval '30 seconds') as wait from vibe.job_status where job = 'nightly' and site = 'bad';
call vibe.run_due();
table tries;
call vibe.run_due();
table tries;
call vibe.run_due();
table tries;
update vibe.job_runs set next_try_at = now() where site_id = :bad;
call vibe.run_due();
table tries;
update vibe.job_runs set next_try_at = now(), failures = 9 where site_id = :bad;
call vibe.run_due();
table tries;
update vibe.job_runs set next_try_at = now(), failures = 2000000000 where site_id = :bad;
call vibe.run_due();
table tries;
-- It is tried again by itself when its time has come; what has not failed is done before it.
insert into vibe_private.dirty_days (site_id, day) select :good, (now() at time zone 'Pacific/Tongatapu')::date - 1;
update vibe.job_runs set finished_at = now() - interval '61 minutes' where site_id = :good;
update vibe.job_runs set next_try_at = now() where site_id = :bad;
select site_id = :bad as is_bad from vibe_private.due_jobs() where job = 'nightly';
drop trigger spoil on vibe.daily_user_stats;
call vibe.run_due();
table tries;

-- A session that ended on the way (its number is nobody's): noted, and tried again at once.
update vibe.job_runs set session_pid = -1, done_through = done_through - 1 where job = 'nightly' and site_id = :bad;
select state from vibe.job_status where job = 'nightly' and site = 'bad';
create function note_failures() returns trigger language plpgsql as $$ begin raise notice '% %', old.failures, old.error; return new; end $$;
create trigger note before update on vibe.job_runs for each row when (new.session_pid is not null and new.site_id = 2) execute function note_failures();
call vibe.run_due();
drop trigger note on vibe.job_runs;
table tries;
-- A number from before the server started is nobody's, whoever has it now; our own session cannot be at it, since it is here.
update vibe.job_runs set session_pid = pg_backend_pid(), started_at = pg_postmaster_start_time() - interval '1 second', done_through = done_through - 1
where job = 'nightly' and site_id = :bad;
select state from vibe.job_status where job = 'nightly' and site = 'bad';
update vibe.job_runs set started_at = now() where job = 'nightly' and site_id = :bad;
select state from vibe.job_status where job = 'nightly' and site = 'bad';
call vibe.run_due();
select state, runs from vibe.job_status where job = 'nightly' and site = 'bad';
update vibe.job_runs set session_pid = null where site_id = :bad;
call vibe.run_due();

-- Past their own midnight: two sites whose clocks stand at ten past and at ten to twelve; both are done through the same day.
update vibe.sites as s
set time_zone = to_char(make_interval(mins => (
    1430 + extract(hour from now() at time zone 'UTC') * 60 + extract(minute from now() at time zone 'UTC')
)::integer % 1440 + case s.name when 'good' then 0 else 20 end), '"<A>+"HH24:MI')
where s.name in ('good', 'bad');
select name, to_char(now() at time zone time_zone, 'HH24') as hour from vibe.sites where name in ('good', 'bad') order by name;
update vibe.job_runs as r set done_through = (select min((now() at time zone s.time_zone)::date) - 1 from vibe.sites as s where s.name in ('good', 'bad'))
where r.job = 'nightly';
select s.name from vibe_private.due_jobs() as d join vibe.sites as s using (site_id) where d.job = 'nightly' and s.name in ('good', 'bad');
update vibe.sites set time_zone = case name when 'good' then 'Pacific/Tongatapu' else 'America/Sao_Paulo' end where name in ('good', 'bad');
-- Whatever day it is there now.
update vibe.job_runs as r set done_through = done_through - 1 where r.job = 'nightly';
call vibe.run_due();

-- Missed nights are caught up: the machine was off for three.
delete from vibe.daily_user_stats as d using vibe.sites as s
where s.site_id = d.site_id and s.name = 'good' and d.day > (now() at time zone s.time_zone)::date - 4;
update vibe.job_runs set done_through = done_through - 3 where site_id = :good;
table state;
call vibe.run_due();
table state;

-- A late event makes its day due again, within the hour after the last run at the latest.
insert into vibe_private.dirty_days (site_id, day) select :good, (now() at time zone 'Pacific/Tongatapu')::date - 3;
update vibe.daily_user_stats set calculated_at = '2000-01-01' where site_id = :good;
call vibe.run_due();
select count(*) as recounted from vibe.daily_user_stats where site_id = :good and calculated_at > '2000-01-01';
update vibe.job_runs set finished_at = now() - interval '61 minutes' where site_id = :good;
call vibe.run_due();
select count(*) as recounted from vibe.daily_user_stats where site_id = :good and calculated_at > '2000-01-01';
select count(*) as marks from vibe_private.dirty_days;
-- A mark from before the ten years that are counted is dropped, or those would be counted again every hour.
insert into vibe_private.dirty_days (site_id, day) values (:good, '2001-02-03');
update vibe.job_runs set finished_at = now() - interval '61 minutes' where site_id = :good;
call vibe.run_due();
select count(*) as marks from vibe_private.dirty_days;

-- RFM of the running and of the month before.
insert into vibe.customers (site_id, external_id) select :fresh, 'c' || n from generate_series(1, 3) as n;
insert into vibe.purchases (site_id, customer_id, external_id, purchased_at, amount, currency)
select c.site_id, c.customer_id, c.external_id || p.at, p.at, 10, 'USD'
from vibe.customers as c
cross join unnest(array[now() - interval '1 second', date_trunc('month', now()) - interval '1 second', date_trunc('month', now()) - interval '2 months']) as p (at)
where c.site_id = :fresh;
update vibe.job_runs set done_through = done_through - 1 where site_id = :fresh;
call vibe.run_due();
select period_start = date_trunc('month', now())::date as running, count(*), sum(monetary) as monetary
from vibe.rfm_analysis where site_id = :fresh group by period_start order by period_start;

-- One night does all of it for a site: figures, funnels, segments, clusters, revenue, expiry; the month that is empty then goes next time.
select vibe.create_site('whole') as whole \gset
select vibe.create_goal('whole', 'Buy', 'purchase') is not null as goal,
    vibe.create_funnel('whole', 'path', '[{"event_name": "page_view"}, {"event_name": "purchase"}]') is not null as funnel,
    vibe.create_segment('whole', 'buyers', '{"version": 1, "all": [{"customer": "order_count", "op": "ge", "value": 1}]}') is not null as segment;
select vibe_private.add_partition((date_trunc('month', current_date) - interval '5 months')::date) as month;
insert into vibe.site_users (site_id, anonymous_id, first_seen_at, last_seen_at)
select :whole, 'visitor-' || n, current_date - interval '140 days', now() from generate_series(1, 3) as n;
insert into vibe.user_events (site_id, user_id, event_name, page, occurred_at)
select :whole, u.user_id, e.name, '/', a.day + e.at
from vibe.site_users as u
cross join (values ('page_view', interval '12:00'), ('purchase', interval '12:01')) as e (name, at)
cross join (values (date_trunc('month', current_date) - interval '5 months'), (current_date - interval '2 days')) as a (day)
where u.site_id = :whole;
insert into vibe.customers (site_id, external_id) select :whole, 'c' || n from generate_series(1, 4) as n;
insert into vibe.purchases (site_id, customer_id, external_id, purchased_at, amount, currency)
select site_id, customer_id, external_id, now() - interval '1 hour' * right(external_id, 1)::integer, 10 * right(external_id, 1)::integer, 'USD'
from vibe.customers where site_id = :whole and external_id <> 'c4';
select count(*) as clusters from vibe.calculate_clusters('whole', 'kinds', 2, '{total_spent}');
select vibe.keep_events('whole', 60);
call vibe.run_due();
select job, state, failures from vibe.job_status where site = 'whole' order by job;
select (select sum(page_views) from vibe.daily_user_stats where site_id = :whole) as page_views,
    (select sum(conversions) from vibe.goal_conversions where site_id = :whole) as conversions,
    (select sum(users) from vibe.daily_funnel_stats where site_id = :whole and day >= current_date - 60) as funnel_users,
    (select size from vibe.segments where site_id = :whole and name = 'buyers') as buyers,
    (select scored from vibe.segmentations where site_id = :whole) as scored,
    (select sum(revenue) from vibe.daily_revenue where site_id = :whole) as revenue,
    (select count(*) from vibe.revenue_marks where site_id = :whole) as marks,
    (select count(*) from vibe.user_events where site_id = :whole) as events_left,
    (select events_from = current_date - 60 from vibe.sites where site_id = :whole) as from_sixty_days;
select to_regclass(to_char(date_trunc('month', current_date) - interval '5 months', '"vibe_private.user_events_"YYYY"_"MM')) is not null as month_is_there;
call vibe.run_due();
select to_regclass(to_char(date_trunc('month', current_date) - interval '5 months', '"vibe_private.user_events_"YYYY"_"MM')) is not null as month_is_there;
-- Revenue that cannot be counted for one site is counted for the other.
create trigger spoil after insert on vibe.daily_revenue for each row when (new.site_id = 3) execute function spoil();
select :fresh as must_be_3;
update vibe.purchases set amount = amount + 1 where site_id in (:fresh, :whole);
call vibe.run_due();
select job, site, state, error from vibe.job_status where job = 'revenue' order by site;
drop trigger spoil on vibe.daily_revenue;
call vibe.run_due();
select job, site, state, error from vibe.job_status where job = 'revenue' order by site;

-- Housekeeping: old machinery goes, what is still needed stays, partitions are made ahead.
insert into vibe_private.changes (at, site_id, table_name, kind, records)
select now() - a, :good, 'site_users', 'INSERT', '[]' from unnest('{9 minutes, 12 minutes, 1 day}'::interval[]) as a;
insert into vibe_private.event_ids (site_id, event_id, received_at)
select :good, gen_random_uuid(), now() - a from unnest('{7 days 23 hours, 8 days 1 minute}'::interval[]) as a;
set role vibe_owner;
insert into vibe.site_users (site_id, user_id, anonymous_id) select :good, n, n from generate_series(1, 2) as n;
insert into vibe.online_users (site_id, user_id, session_id, person_id, started_at, last_seen_at)
select :good, n, n, n, now() - interval '1 day', now() - n * interval '40 minutes' from generate_series(1, 2) as n;
reset role;
select to_char(date_trunc('month', now()) + interval '3 months', '"vibe_private.user_events_"YYYY"_"MM') as ahead \gset
drop table :ahead;
call vibe.run_due();
select (select count(*) from vibe_private.changes where records = '[]' and table_name = 'site_users') as changes, (select count(*) from vibe_private.event_ids) as event_ids,
    (select count(*) from vibe.online_users) as online, to_regclass(:'ahead') is not null as partition_is_back;
-- Each failure is recorded and the rest is done all the same.
alter table vibe_private.event_ids rename to event_ids_away;
update vibe.job_runs set done_through = done_through - 1 where site_id = :good;
call vibe.run_due();
alter table vibe_private.event_ids_away rename to event_ids;
select job, state, left(error, 5) as sqlstate, failures from vibe.job_status where site_id is null order by job;
select site, state, through_yesterday from state where site = 'good';

-- Who may run it, and who sees what.
begin;
set local role vibe_operator;
select job, count(*) from vibe.job_status group by job order by job;
call vibe.run_due();
rollback;
begin;
set local role vibe_operator;
select vibe.schedule();
rollback;
set session authorization vibe_jobs;
call vibe.run_due();
select count(*) from vibe.sites;
select count(*) from vibe_private.turns;
select vibe.calculate_daily_stats('good');
set role vibe_owner;
reset session authorization;
create role jobs_viewer login in role vibe_analyst;
select vibe.add_member('good', 'jobs_viewer', 'viewer');
set session authorization jobs_viewer;
select job, site, state from vibe.job_status;
update vibe.job_runs set error = null;
reset session authorization;
delete from vibe.site_members where login_name = 'jobs_viewer';
drop role jobs_viewer;
