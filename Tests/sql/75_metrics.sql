-- The cards against a plain recount of all visitors, events and orders (S4-35..38; A-04, A-05, A-19..21), with days counted and not,
-- and merges made and undone after the count.
set time zone 'UTC';
set datestyle = iso;
\set VERBOSITY terse
select vibe.create_site('cards', null, 'Asia/Kolkata', 'INR') as cards \gset
select vibe.create_site('empty') as empty \gset
select vibe.create_site('euro', null, 'Australia/Sydney', 'EUR') as euro \gset

-- 300 visitors of 70 days, every ninth a bot, every fifth merged into the one before it; orders of 40 of them.
set role vibe_owner;
select vibe_private.add_partition(m::date) is not null as made from generate_series(date_trunc('month', now() - interval '80 days'), now(), '1 month') as m group by 1;
create temp table numbers as
select s.site_id, n, now() - interval '70 days' + n * interval '336 minutes' as since, n % 9 = 0 as is_bot
from unnest(array[:cards, :euro]) as s (site_id) cross join generate_series(1, 299) as n;
insert into vibe.site_users (site_id, user_id, anonymous_id, first_seen_at, last_seen_at)
select site_id, n, 'visitor-' || n, since, since from numbers;
insert into vibe.site_sessions (site_id, user_id, started_at, last_seen_at, page_views, is_bot)
select site_id, n, since, since, 1, is_bot from numbers;
insert into vibe.user_events (site_id, occurred_at, user_id, event_name, page, is_bot)
select c.site_id, c.since + v * interval '13 days', c.n, 'page_view', '/', c.is_bot
from numbers as c cross join generate_series(0, 4) as v where c.since + v * interval '13 days' < now() and c.n % (v + 1) = 0;
update vibe.site_users set merged_into = user_id - 1 where user_id % 5 = 0;
insert into vibe.user_merges (site_id, user_id, into_user_id, merged_at)
select u.site_id, u.user_id, u.merged_into, now() - interval '3 days' from vibe.site_users as u where u.merged_into is not null;
insert into vibe.online_users (site_id, user_id, session_id, person_id, started_at, last_seen_at)
values (:cards, 2, 1, 2, now(), now()), (:cards, 3, 2, 2, now(), now()), (:cards, 1, 3, 1, now() - interval '1 hour', now() - interval '6 minutes');
insert into vibe.customers (site_id, customer_id, external_id) overriding system value select :cards, n, 'c' || n from generate_series(1, 41) as n;
insert into vibe.purchases (site_id, customer_id, external_id, purchased_at, amount, currency)
select :cards, 1 + n % 40, 'o' || n, now() - n * interval '9 hours', 10 + n, case when n % 7 = 0 then 'USD' else 'INR' end from generate_series(0, 200) as n;
reset role;

create function recount(of_site integer) returns table (metric text, value numeric, previous numeric) language plpgsql as $$
declare
    zone text := (select time_zone from vibe.sites where site_id = of_site);
    clock timestamp := now() at time zone zone;
    ago timestamptz := (clock - interval '30 days') at time zone zone;
    week timestamptz := date_trunc('week', clock) at time zone zone;
    last_week timestamptz := (date_trunc('week', clock) - interval '7 days') at time zone zone;
    hour timestamp := date_trunc('hour', clock);
    month timestamp := date_trunc('month', clock);
    yesterday date := clock::date - 1;
begin
    create temp table people on commit drop as
    select u.user_id as visitor, coalesce(u.merged_into, u.user_id) as person, u.first_seen_at as since
    from vibe.site_users as u where u.site_id = of_site and u.user_id % 9 <> 0;
    create temp table persons on commit drop as select p.person, min(p.since) as since from people as p group by 1;
    create temp table active on commit drop as
    select distinct p.person, yesterday - (e.occurred_at at time zone zone)::date as days_ago
    from vibe.user_events as e join people as p on p.visitor = e.user_id where e.site_id = of_site;
    return query
    select 'total_users', (select count(*) from persons)::numeric, (select count(distinct p.person) from people as p where p.since <= ago)::numeric
    union all select 'total_visitors', (select count(*) from people), (select count(*) from people as p where p.since <= ago)
    union all select 'new_this_week', (select count(*) from persons as p where p.since >= week),
        (select count(*) from persons as p where p.since >= last_week and p.since < (clock - interval '7 days') at time zone zone)
    union all select 'churn_rate', round(r.lost::numeric / nullif(r.base, 0), 4), round(r.lost_before::numeric / nullif(r.base_before, 0), 4)
    from (
        select
            count(distinct a.person) filter (where a.days_ago between 30 and 59) as base,
            count(distinct a.person) filter (where a.days_ago between 30 and 59
                and not exists (select from active as b where b.person = a.person and b.days_ago between 0 and 29)) as lost,
            count(distinct a.person) filter (where a.days_ago between 60 and 89) as base_before,
            count(distinct a.person) filter (where a.days_ago between 60 and 89
                and not exists (select from active as b where b.person = a.person and b.days_ago between 30 and 59)) as lost_before
        from active as a
    ) as r
    union all select 'revenue',
        (select coalesce(sum(p.amount), 0) from vibe.purchases as p join vibe.sites as s using (site_id, currency)
         where p.site_id = of_site and p.purchased_at at time zone zone >= month and p.purchased_at at time zone zone < hour),
        (select coalesce(sum(p.amount), 0) from vibe.purchases as p join vibe.sites as s using (site_id, currency)
         where p.site_id = of_site and p.purchased_at at time zone zone >= month - interval '1 month'
           and p.purchased_at at time zone zone < least(month - interval '1 month' + (hour - month), month))
    union all select 'customers', (select count(distinct p.customer_id) from vibe.purchases as p where p.site_id = of_site),
        (select count(distinct p.customer_id) from vibe.purchases as p where p.site_id = of_site and p.purchased_at < ago);
    drop table people, persons, active;
end
$$;
create function differences(of_site integer) returns setof text language sql as $$
    select format('%s: %s and %s, recounted %s and %s', r.metric, m.value, m.previous, r.value, r.previous)
    from recount(of_site) as r left join vibe.get_crm_metrics(of_site::text) as m using (metric)
    where (m.value, m.previous) is distinct from (r.value, r.previous)
$$;

-- Without a day counted (there is no churn rate yet), with all counted, and with the last days missing.
select differences(:cards) ~ '^churn_rate: +and +, recounted' as only_churn;
select vibe.calculate_daily_stats(s.name, t.today - 75, t.today - 1) > 0 as counted
from vibe.sites as s cross join lateral (select (now() at time zone s.time_zone)::date) as t (today) where s.name in ('cards', 'euro');
select differences(:cards);
select differences(:euro);
select metric, value > 0 as has_value, previous > 0 as has_previous from vibe.get_crm_metrics('cards')
where metric in ('churn_rate', 'customers', 'total_users', 'total_visitors') order by metric;

-- What was, changed so, is what is; a change by hand: a half more, points of a rate, from below zero, from and to nothing, unknown.
select metric, change is null or abs(case format when 'rate' then previous + change else previous + abs(previous) * change end - value) <= abs(previous) * 0.0001 as is_change
from vibe.get_crm_metrics('cards') order by metric;
select c.*, vibe.metric_change(value, previous, format) as change
from (values (3.0, 2.0, 'integer'), (0.25, 0.2, 'rate'), (-5, -10, 'money'), (5, 0, 'integer'), (0, 5, 'integer'), (null, 5, 'integer'), (5, null, 'rate'), (0.1, 0, 'rate'),
    (4, 3, 'integer')) as c (value, previous, format);

-- The trends are the series of the last 30 whole days; of several sites the sums; none without two known days.
select m.metric, cardinality(m.trend) as days, m.trend = array(
    select s.value from vibe.stats_series('cards', t.of, t.yesterday - 29, t.yesterday, 'day') as s order by s.starts_at
) as is_series, max(v) > 0 as has_values
from vibe.get_crm_metrics('cards') as m
join (
    select t.*, (now() at time zone 'Asia/Kolkata')::date - 1 as yesterday
    from (values ('total_users', 'total_users'), ('online_now', 'users'), ('new_this_week', 'new_users'), ('churn_rate', 'churn_rate'), ('revenue', 'revenue')) as t (metric, of)
) as t using (metric)
cross join lateral unnest(m.trend) as v
group by m.metric, m.trend, t.of, t.yesterday order by m.metric;
select m.metric, m.trend = array(
    select x.one + x.other from unnest(c.trend, e.trend) with ordinality as x (one, other, place) order by x.place
) as is_sum
from (select * from vibe.get_crm_metrics()) as m
join vibe.get_crm_metrics('cards') as c using (metric) join vibe.get_crm_metrics('euro') as e using (metric)
where m.metric in ('total_users', 'new_this_week') order by 1;
select metric from vibe.get_crm_metrics() where trend is null order by 1;

-- Merged since the count: into one of those days, into one who came later, and one taken apart again. People who came before the count
-- are counted as of it where a figure is of past days.
begin;
set local role vibe_owner;
delete from vibe.daily_user_stats where site_id = :cards and day > (now() at time zone 'Asia/Kolkata')::date - 3;
update vibe.site_users set merged_into = 1 where site_id = :cards and user_id in (2, 3, 11);
insert into vibe.user_merges (site_id, user_id, into_user_id, merged_at) select :cards, n, 1, clock_timestamp() from unnest(array[2, 3, 11]) as n;
update vibe.site_users set merged_into = 298 where site_id = :cards and user_id in (7, 8);
insert into vibe.user_merges (site_id, user_id, into_user_id, merged_at) select :cards, n, 298, clock_timestamp() from unnest(array[7, 8]) as n;
update vibe.site_users set merged_into = null where site_id = :cards and user_id = 50;
update vibe.user_merges set undone_at = clock_timestamp() where site_id = :cards and user_id = 50;
reset role;
select m.metric, m.value = r.value as is_right from recount(:cards) as r join vibe.get_crm_metrics('cards') as m using (metric)
where metric in ('total_users', 'total_visitors') order by 1;
rollback;

-- A site without anything; several sites are added up, except amounts of several currencies; a stranger sees nothing.
select metric, value, previous, change, format, better, currency from vibe.get_crm_metrics('empty');
select m.metric, m.value = sum(s.value) as is_sum
from vibe.get_crm_metrics() as m
join (select n.metric, n.value from vibe.sites as s cross join lateral vibe.get_crm_metrics(s.name) as n) as s using (metric)
where m.format = 'integer' group by m.metric, m.value order by m.metric;
select metric, value, currency from vibe.get_crm_metrics() where format = 'money';
select vibe.get_crm_metrics('nowhere');
create role cards_stranger login in role vibe_analyst;
set session authorization cards_stranger;
select vibe.get_crm_metrics('cards');
select count(*) from vibe.site_metrics(:cards) where value > 0;
reset session authorization;
drop role cards_stranger;
