-- A site that changes its clock must say what a site says that had that clock from the start: every table that is kept by day, and the
-- reports over them (S4-16, S4-63; A-18). The twin has the same visitors, events, goals, funnel and orders.
set time zone 'UTC';
set datestyle = iso;
\set VERBOSITY terse
select vibe.create_site('moved', null, 'UTC', 'BRL') as moved \gset
select vibe.create_site('twin', null, 'America/Sao_Paulo', 'BRL') as twin \gset
select vibe.create_site('large', null, 'Asia/Tehran', 'BRL') as large \gset
set role vibe_owner;
select count(vibe_private.add_partition(m::date)) > 0 as made from generate_series(date_trunc('month', now() - interval '80 days'), now(), '1 month') as m;
update vibe.sites set created_at = now() - interval '60 days' where site_id in (:moved, :twin, :large);
insert into vibe.site_users (site_id, user_id, anonymous_id, first_seen_at, last_seen_at)
select s, n, 'visitor-' || n, now() - interval '60 days' + n * interval '5 hours', now() from unnest(array[:moved, :twin, :large]) as s cross join generate_series(1, 80) as n;
update vibe.site_users set merged_into = 1 where user_id % 9 = 0;
insert into vibe.site_sessions (site_id, session_id, user_id, started_at, last_seen_at, page_views, events, is_bot)
select s, n, 1 + n * 7 % 80, now() - interval '60 days' + n * interval '97 minutes', now() - interval '60 days' + n * interval '97 minutes' + make_interval(mins => n % 20),
    1 + n % 3, n % 2, 1 + n * 7 % 80 = 13
from unnest(array[:moved, :twin, :large]) as s cross join generate_series(0, 880) as n;
insert into vibe.user_events (site_id, occurred_at, received_at, user_id, session_id, event_name, page, is_bot)
select s.site_id, s.started_at + e * interval '11 seconds', s.started_at + e * interval '11 seconds', s.user_id, s.session_id,
    case when e <= s.page_views then 'page_view' else 'buy' end, '/' || (s.session_id + e) % 4, s.is_bot
from vibe.site_sessions as s cross join lateral generate_series(1, s.page_views + s.events) as e;
insert into vibe.customers (site_id, customer_id, external_id) overriding system value
select s, 1000 * s + n, 'c' || n from unnest(array[:moved, :twin, :large]) as s cross join generate_series(1, 30) as n;
insert into vibe.purchases (site_id, customer_id, external_id, purchased_at, amount, currency)
select s, 1000 * s + 1 + n % 30, 'o' || n, now() - n * interval '7 hours', 10 + n, 'BRL' from unnest(array[:moved, :twin, :large]) as s cross join generate_series(0, 190) as n;
reset role;
select count(vibe.create_goal(s.name, 'Buy', 'buy', value => 3)), count(vibe.create_funnel(s.name, 'way',
    '[{"event_name": "page_view"}, {"event_name": "buy"}]', '1 day')) from vibe.sites as s;
call vibe.run_due();
select count(distinct site_id) as sites, count(*) > 100 as has_days from vibe.daily_user_stats;

-- Everything that is kept by day or month, without the numbers of site, goal and customer.
create view kept as
select site_id, 'daily_user_stats' as kind, to_jsonb(d) - '{site_id,calculated_at}'::text[] as row from vibe.daily_user_stats as d
union all select site_id, 'user_days', to_jsonb(d) - 'site_id' from vibe.user_days as d
-- Of whole days: a new goal counts the running one as far as it has come, too.
union all select d.site_id, 'goal_conversions', to_jsonb(d) - '{site_id,goal_id}'::text[] from vibe.goal_conversions as d
join vibe.sites as s on s.site_id = d.site_id and d.day < (now() at time zone s.time_zone)::date
union all select site_id, 'daily_funnel_stats', to_jsonb(d) - '{site_id,funnel_id,calculated_at}'::text[] from vibe.daily_funnel_stats as d
union all select site_id, 'revenue', to_jsonb(d) - '{site_id,site}'::text[] from vibe.revenue_by_day as d
union all select site_id, 'rfm', jsonb_build_array(d.period_start, d.period_end, d.customer_id - 1000 * d.site_id, d.recency, d.frequency, d.monetary, d.cluster)
from vibe.rfm_analysis as d
union all select s.site_id, 'active_users', to_jsonb(d) from vibe.sites as s cross join lateral vibe.active_users(s.name, current_date - 30, current_date - 1) as d
union all select s.site_id, 'series', to_jsonb(d) from vibe.sites as s cross join lateral vibe.stats_series(s.name, 'sessions', current_date - 50, current_date - 1, 'day') as d
union all select s.site_id, 'retention', to_jsonb(d) from vibe.sites as s cross join lateral vibe.retention(s.name, 'week', current_date - 50, current_date - 1) as d
union all select s.site_id, 'metrics', to_jsonb(d) from vibe.sites as s cross join lateral vibe.get_crm_metrics(s.name) as d;
create function differing(one integer, other integer) returns table (kind text, rows bigint, missing bigint, surplus bigint) language sql as $$
    select k.kind, k.rows,
        (select count(*) from (select a.row from kept as a where a.site_id = one and a.kind = k.kind
            except select b.row from kept as b where b.site_id = other and b.kind = k.kind) as x),
        (select count(*) from (select b.row from kept as b where b.site_id = other and b.kind = k.kind
            except select a.row from kept as a where a.site_id = one and a.kind = k.kind) as x)
    from (select a.kind, count(*) as rows from kept as a where a.site_id = one group by a.kind) as k order by k.kind
$$;
select kind, rows > 0 as has_rows, missing > 0 and surplus > 0 as differs from differing(:moved, :twin)
where kind in ('daily_user_stats', 'user_days', 'goal_conversions', 'daily_funnel_stats', 'revenue');
select vibe.set_time_zone('moved', 'America/Sao_Paulo') as at_once;
select kind, rows > 0 as has_rows, missing, surplus from differing(:moved, :twin);
select state, runs from vibe.job_status where job = 'nightly' order by site;
-- The same clock again changes nothing.
select vibe.set_time_zone('moved', 'America/Sao_Paulo');

-- A large site is left to the job. Until then no day is shown and reports count from the events: the same figures.
select vibe.set_time_zone('large', 'America/Sao_Paulo', false) as at_once;
select count(*) as days from vibe.daily_stats where site = 'large';
select kind, rows > 0 as has_rows, missing, surplus from differing(:large, :twin)
where kind in ('revenue', 'rfm', 'active_users', 'series', 'retention') order by 1;
call vibe.run_due();
select kind, rows > 0 as has_rows, missing, surplus from differing(:large, :twin);

-- Where events were removed, days stay what they were and are not final; from the first whole day on they are the new clock's.
select vibe.keep_events('large', 30);
set role vibe_owner;
select vibe_private.expire_events(:large) > 0 as removed;
reset role;
create temp table before as select * from vibe.daily_user_stats where site_id = :large;
create temp table kept_from as select events_from as day from vibe.sites where site_id = :large;
select vibe.set_time_zone('large', 'Asia/Tehran');
select (select events_from from vibe.sites where site_id = :large) - k.day as later,
    count(*) filter (where d.day <= k.day and d.time_zone = 'America/Sao_Paulo' and to_jsonb(d) - 'calculated_at' = to_jsonb(b) - 'calculated_at')
        = count(*) filter (where d.day <= k.day) as are_as_before,
    count(*) filter (where d.day <= k.day) > 20 as are_some,
    count(*) filter (where d.day > k.day and d.time_zone <> 'Asia/Tehran') as old_after
from vibe.daily_user_stats as d join before as b using (site_id, day) cross join kept_from as k group by k.day;
select d.time_zone, bool_and(v.is_provisional) as never_final from vibe.daily_user_stats as d join vibe.daily_stats as v using (site_id, day)
where d.site_id = :large and d.day < current_date - 10 group by 1 order by 1;

-- Only owners, only zones.
select vibe.set_time_zone('moved', 'Mars/Olympus');
select vibe.set_time_zone('moved', null);
select vibe.set_time_zone('nowhere', 'UTC');
create role zone_viewer login in role vibe_member;
insert into vibe.site_members (site_id, login_name, role) values (:moved, 'zone_viewer', 'viewer');
set session authorization zone_viewer;
select vibe.set_time_zone('moved', 'UTC');
reset session authorization;
drop role zone_viewer;
