-- Series against recounts with generate_series and sub-queries (S4-39, S4-62; A-17, A-18), on a demo site of which the last three
-- days are not counted yet, and around both changes of clocks of New York.
set time zone 'UTC';
set datestyle = iso;
\set VERBOSITY terse
select vibe.create_demo_site('demo', 300, 40) as demo \gset
select vibe.create_site('dst', null, 'America/New_York') as dst \gset
select vibe.create_site('empty') as empty \gset
set role vibe_owner;
delete from vibe.daily_user_stats where day > current_date - 4;
delete from vibe.user_days where day > current_date - 4;
insert into vibe.site_users (site_id, user_id, anonymous_id, first_seen_at, last_seen_at)
select :dst, 100000 + n, 'visitor-' || n, '2024-03-08 12:00Z', '2024-11-05' from generate_series(1, 5) as n;
insert into vibe.user_events (site_id, occurred_at, user_id, event_name)
select :dst, at, 100000 + 1 + abs(hashint8(extract(epoch from at)::bigint)) % 5, 'page_view'
from generate_series(timestamptz '2024-03-09 05:00Z', '2024-03-12', '17 minutes') as at
union all
select :dst, at, 100000 + 1 + abs(hashint8(extract(epoch from at)::bigint)) % 5, 'page_view'
from generate_series(timestamptz '2024-11-02 04:00Z', '2024-11-05', '17 minutes') as at;
reset role;

-- The recount: every figure of every step by a sub-query of its own.
create function recount(of_site integer, metric text, begins timestamptz, ends timestamptz) returns numeric language sql stable as $$
    with people as (
        select u.user_id as visitor, coalesce(u.merged_into, u.user_id) as person, u.first_seen_at
        from vibe.site_users as u where u.site_id = of_site
          and (exists (select from vibe.site_sessions as s where s.site_id = of_site and s.user_id = u.user_id and not s.is_bot)
            or not exists (select from vibe.site_sessions as s where s.site_id = of_site and s.user_id = u.user_id))
    ), e as (
        select e.*, p.person from vibe.user_events as e join people as p on p.visitor = e.user_id
        where e.site_id = of_site and e.occurred_at >= begins and e.occurred_at < ends and not e.is_bot
    ), s as (
        select s.* from vibe.site_sessions as s where s.site_id = of_site and s.started_at >= begins and s.started_at < ends and not s.is_bot
    )
    select case metric
        when 'users' then (select count(distinct e.person) from e)
        when 'new_users' then (select count(*) from (select min(p.first_seen_at) as at from people as p group by p.person) as n where n.at >= begins and n.at < ends)
        when 'total_users' then (select count(distinct p.person) from people as p where p.first_seen_at < ends)
        when 'sessions' then (select count(*) from s)
        when 'page_views' then (select count(*) from e where e.event_name = 'page_view')
        when 'events' then (select count(*) from e where e.event_name <> 'page_view')
        when 'bounce_rate' then (select round(avg((s.page_views < 2 and s.events = 0)::integer), 4) from s)
        when 'conversions' then (select count(*) from e join vibe.goals as g on g.site_id = of_site
            where g.event_name = e.event_name and e.page like coalesce(g.page_pattern, '%'))
        when 'revenue' then (select coalesce(sum(p.amount), 0) from vibe.purchases as p where p.site_id = of_site and not p.is_cancelled
            and p.purchased_at >= begins and p.purchased_at < ends and p.currency = (select z.currency from vibe.sites as z where z.site_id = of_site))
        when 'session_seconds' then (select round(sum(floor(extract(epoch from s.last_seen_at - s.started_at) * 1000)) / 1000 / nullif(count(*), 0), 0) from s)
    end
$$;
insert into vibe.purchases (site_id, external_id, purchased_at, amount, currency, is_refund, is_cancelled)
select :demo, 'x' || n, now() - n * interval '20 hours', case when n = 2 then -17 else 31 end, case when n = 3 then 'XXX' else s.currency end, n = 2, n = 4
from vibe.sites as s cross join generate_series(2, 5) as n where s.site_id = :demo;
select count(*) > 0 as has_goals, (select count(*) > 0 from vibe.purchases where site_id = :demo and is_refund) as has_refunds from vibe.goals where site_id = :demo;
select m.metric, p.step, count(*) > 0 and max(s.value) > 0 as steps,
    count(*) filter (where case m.metric when 'session_seconds' then round(s.value, 0) else s.value end is distinct from recount(:demo, m.metric, s.starts_at, s.ends_at)
        and not (m.metric = 'session_seconds' and abs(s.value - recount(:demo, m.metric, s.starts_at, s.ends_at)) <= 1)) as differing
from unnest(array['users', 'new_users', 'total_users', 'sessions', 'page_views', 'events', 'bounce_rate', 'session_seconds', 'conversions', 'revenue']) with ordinality as m (metric, place)
cross join (values ('hour', 5), ('day', 40), ('week', 40), ('month', 40)) as p (step, length)
cross join lateral vibe.stats_series('demo', m.metric, current_date - p.length, current_date - 1, p.step) as s
where s.starts_at < now()
group by m.metric, m.place, p.step, p.length order by m.place, p.length, p.step;
-- Merged and taken apart since the days were counted: users of each day are those of now.
begin;
set local role vibe_owner;
create temp table pairs on commit drop as
select distinct on (one.user_id) one.user_id, other.user_id as into_user_id
from vibe.user_days as one join vibe.user_days as other on other.site_id = one.site_id and other.day = one.day and other.user_id < one.user_id
join vibe.site_users as u on u.site_id = one.site_id and u.user_id = one.user_id and u.merged_into is null and u.external_id is null
join vibe.site_users as v on v.site_id = other.site_id and v.user_id = other.user_id and v.merged_into is null
where one.site_id = :demo and one.user_id % 2 = 1 and other.user_id % 2 = 0
  and not exists (select from vibe.site_users as w where w.site_id = :demo and w.merged_into = one.user_id)
order by one.user_id, other.user_id;
update vibe.site_users as u set merged_into = p.into_user_id from pairs as p where u.site_id = :demo and u.user_id = p.user_id;
insert into vibe.user_merges (site_id, user_id, into_user_id, merged_at) select :demo, p.user_id, p.into_user_id, clock_timestamp() from pairs as p;
with apart as (
    update vibe.site_users as u set merged_into = null
    where u.site_id = :demo and u.merged_into is not null and u.user_id not in (select p.user_id from pairs as p) returning u.user_id
)
update vibe.user_merges as m set undone_at = clock_timestamp() from apart as a where m.site_id = :demo and m.user_id = a.user_id;
select count(*) > 0 as has_changes, min(m.change) < 0 as has_fewer from vibe.merged_since_count(:demo, current_date - 40, current_date - 1) as m;
select count(*) filter (where s.value is distinct from recount(:demo, 'users', s.starts_at, s.ends_at)) as differing
from vibe.stats_series('demo', 'users', current_date - 40, current_date - 1, 'day') as s;
-- A day that was never counted between days that were.
delete from vibe.daily_user_stats where site_id = :demo and day = current_date - 20;
select count(*) filter (where s.value is distinct from recount(:demo, 'users', s.starts_at, s.ends_at)) as differing
from vibe.stats_series('demo', 'users', current_date - 40, current_date - 1, 'day') as s;
rollback;
-- Churn as of the last counted day of each step: who was there in the 30 days before the last 30 and not in these.
with days as (
    select distinct coalesce(u.merged_into, u.user_id) as person, (e.occurred_at at time zone 'America/New_York')::date as day
    from vibe.user_events as e join vibe.site_users as u using (site_id, user_id) where e.site_id = :demo and not e.is_bot
), steps as (
    select p.step, s.value, (
        select max(c.day) from vibe.daily_user_stats as c where c.site_id = :demo
          and c.day >= (s.starts_at at time zone 'America/New_York')::date and c.day < (s.ends_at at time zone 'America/New_York')::date
    ) as day
    from unnest(array['day', 'week', 'month', null]) as p (step)
    cross join lateral vibe.stats_series('demo', 'churn_rate', current_date - 25, current_date - 1, p.step) as s
)
select s.step, count(s.value) > 0 as has_rates, s.step in ('week', 'month') or count(*) filter (where s.day is null and s.value is null) > 0 as has_unknown,
    count(*) filter (where s.value is distinct from case when s.day is not null then (
        select round(count(distinct b.person) filter (where not exists (
            select from days as a where a.person = b.person and a.day between s.day - 29 and s.day
        )) / count(distinct b.person)::numeric, 4)
        from days as b where b.day between s.day - 59 and s.day - 30
    ) end) as differing
from steps as s group by s.step order by s.step;
-- The users of tomorrow are unknown; before the first one there is nobody.
select count(*) filter (where s.value is null) as unknown, count(*) filter (where s.value = 0) as nobody, min(s.value), max(s.value)
from vibe.stats_series('dst', 'total_users', '2024-03-05', '2024-03-10', 'day') as s;
select bool_and((s.starts_at > now()) = (s.value is null)) as only_to_come from vibe.stats_series('empty', 'total_users', current_date - 1, current_date, 'hour') as s;
-- Steps follow each other without a gap; the range before lies beside.
select count(*) as steps, count(*) filter (where s.gap) as gaps, sum((s.previous is distinct from recount(:demo, 'sessions', s.starts_at - interval '10 days', s.ends_at - interval '10 days'))::integer) < 3 as previous
from (
    select s.*, lag(s.ends_at) over (order by s.starts_at) <> s.starts_at as gap
    from vibe.stats_series('demo', 'sessions', current_date - 10, current_date - 1, 'day', true) as s
) as s;
-- The step is chosen by the length.
select d.days, min(s.ends_at - s.starts_at) as shortest, count(*)
from (values (1), (2), (3), (92), (93), (730), (731)) as d (days)
cross join lateral vibe.stats_series('empty', 'users', date '2024-12-31' - d.days + 1, '2024-12-31') as s
group by d.days order by d.days;
-- A day of 23 hours and one of 25; 01:00 comes twice, 02:00 never.
select s.day, count(*) as hours, sum(h.value) as views, sum(h.value) = (select count(*) from vibe.user_events as e where e.site_id = :dst
    and (e.occurred_at at time zone 'America/New_York')::date = s.day) as complete,
    string_agg(to_char(h.starts_at at time zone 'America/New_York', 'HH24'), ' ' order by h.starts_at) as clock
from (values (date '2024-03-10'), (date '2024-11-03')) as s (day)
cross join lateral vibe.stats_series('dst', 'page_views', s.day, s.day, 'hour') as h group by s.day order by s.day;
select s.starts_at, s.value, s.value = recount(:dst, 'users', s.starts_at, s.ends_at) as right from vibe.stats_series('dst', 'users', '2024-03-09', '2024-03-11') as s;
-- Nothing is zero, a share of nothing unknown.
select * from vibe.stats_series('empty', 'sessions', '2024-01-01', '2024-01-03', 'day', true);
select * from vibe.stats_series('empty', 'bounce_rate', '2024-01-01', '2024-01-01', 'day');

select vibe.stats_series('demo', 'x');
select vibe.stats_series('demo', null);
select vibe.stats_series('demo', 'churn_rate', step => 'hour');
select count(*) as days from vibe.stats_series('demo', 'churn_rate', current_date - 1, current_date - 1);
select vibe.stats_series('demo', step => 'minute');
select vibe.stats_series('demo', 'users', '2024-01-01', '2024-03-01', 'hour');
select vibe.stats_series('demo', 'users', '2024-03-02', '2024-03-01');
select vibe.stats_series('demo', 'users', 'infinity');
select vibe.stats_series('nobody');
