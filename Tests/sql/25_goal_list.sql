-- The list of goals with what was met so far, against a plain recount of all events; and deleting one.
set time zone 'UTC';
set datestyle = iso;
\set VERBOSITY terse
select vibe.create_site('shop', null, 'America/Sao_Paulo', 'BRL') as shop \gset
select vibe.create_site('other') as other \gset

-- 30 visitors over the last eight days, 10, 20 and 30 are visitor 1, visitor 7 is a bot; half of the events are of today or yesterday.
set role vibe_owner;
insert into vibe.site_users (site_id, user_id, anonymous_id, first_seen_at, last_seen_at)
select :shop, n, 'visitor-' || n, now() - interval '9 days', now() from generate_series(1, 30) as n;
update vibe.site_users set merged_into = 1 where user_id % 10 = 0;
insert into vibe.site_sessions (site_id, session_id, user_id, started_at, last_seen_at, page_views, is_bot, bot_reasons)
select :shop, n, n, now() - interval '9 days', now() - interval '9 days', 1, n = 7, case when n = 7 then array['user_agent:crawler'] end
from generate_series(1, 30) as n;
insert into vibe.user_events (site_id, occurred_at, user_id, session_id, event_name, page, properties, is_bot)
select :shop, now() - interval '1 minute' - case when n % 2 = 0 then n % 8 * interval '1 day' else n % 9 * interval '1 hour' end,
    1 + n % 30, 1 + n % 30, case when n % 3 = 0 then 'buy' else 'page_view' end, '/' || n % 5,
    case when n % 3 = 0 then jsonb_build_object('total', case n % 4 when 0 then '12.345'::jsonb when 1 then '"7"' when 2 then '-5' else '1e300' end) else '{}' end,
    1 + n % 30 = 7
from generate_series(1, 400) as n;
reset role;

select vibe.create_goal('shop', 'Buy', 'buy', value_property => 'total') as buy \gset
select vibe.create_goal('shop', 'Page 3', page_pattern => '/3%', value => 2.50) as page \gset
select vibe.create_goal('shop', 'Never', 'never', value => 1) as never \gset

-- "12.345" is worth 12.35 (rounded for each), texts, negative and absurd numbers nothing.
create temp view recount as
select true as is_r, g.name, count(e.user_id) as conversions,
    count(distinct case when e.user_id % 10 = 0 then 1 else e.user_id end) as users,
    coalesce(sum(case g.name when 'Buy' then case when e.properties ->> 'total' = '12.345' then 12.35 else 0 end else 2.50 end)
        filter (where e.user_id is not null), 0) as worth,
    coalesce(max((e.occurred_at at time zone 'America/Sao_Paulo')::date), 'infinity') as last_day
from vibe.goals as g
left join vibe.user_events as e on e.site_id = g.site_id and e.user_id <> 7
    and case g.name when 'Buy' then e.event_name = 'buy' when 'Page 3' then e.event_name = 'page_view' and e.page = '/3' else false end
group by g.name;
create temp view differing as
select count(*) filter (where r.is_r is null or l.is_l is null) as differing, count(*) as goals, sum(l.conversions) > 50 as "not few"
from recount as r
full join (select true as is_l, name, conversions, users, worth, coalesce(last_day, 'infinity') as last_day from vibe.get_goals('shop')) as l
    using (name, conversions, users, worth, last_day);

-- Nothing is counted by day yet; then all days to yesterday; then the nightly work is two days behind.
select count(*) as days from vibe.daily_user_stats;
select * from differing;
select vibe.calculate_daily_stats('shop', (now() at time zone 'America/Sao_Paulo')::date - 10, (now() at time zone 'America/Sao_Paulo')::date - 1) as days;
select * from differing;
set role vibe_owner;
delete from vibe.daily_user_stats where day >= (now() at time zone 'America/Sao_Paulo')::date - 2;
delete from vibe.goal_conversions where day >= (now() at time zone 'America/Sao_Paulo')::date - 2;
reset role;
select * from differing;
select name, event_name, page_pattern, value, value_property, currency, conversions > 0 as met, last_day is null as "no day" from vibe.get_goals('shop');
select count(*) as goals from vibe.get_goals('other');

-- A deleted goal takes its days along; those of other sites are out of reach.
select vibe.delete_goal('shop', :page);
select name from vibe.get_goals('shop');
select count(*) as left_over from vibe.goal_conversions where goal_id = :page;
select vibe.delete_goal('shop', :page);
select vibe.delete_goal('other', :buy);
select vibe.delete_goal('shop', null);
select vibe.delete_goal('nowhere', :buy);
create role golden_reader login in role vibe_analyst;
select vibe.add_member('other', 'golden_reader', 'viewer');
set session authorization golden_reader;
select count(*) as goals from vibe.get_goals();
select count(*) from vibe.get_goals('shop');
select vibe.delete_goal('other', :buy);
reset session authorization;
drop role golden_reader;
