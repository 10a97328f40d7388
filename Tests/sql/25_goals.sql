-- Goals and breakdowns against plain recounts (S4-39, S4-45; every error of both).
set time zone 'UTC';
set datestyle = iso;
\set VERBOSITY terse
select vibe.create_site('shop', null, 'America/Sao_Paulo', 'BRL') as shop \gset
select vibe.create_site('other') as other \gset

-- 60 visitors, 200 visits of one to four pages; visitors 10, 20 … are visitor 1; visitor 7 is a bot.
set role vibe_owner;
insert into vibe.site_users (site_id, user_id, anonymous_id, first_seen_at, last_seen_at)
select :shop, n, 'visitor-' || n, '2025-03-01', '2025-03-11' from generate_series(1, 60) as n;
update vibe.site_users set merged_into = 1 where user_id % 10 = 0;
insert into vibe.site_sessions (site_id, session_id, user_id, started_at, last_seen_at, page_views, events, entry_page,
    device, channel, utm_campaign, is_bot, bot_reasons)
select
    :shop, n, 1 + n * 7 % 60, t.at, t.at + make_interval(mins => 2 + n % 4), 1 + n % 4, n % 3, '/' || n % 5,
    (array['mobile', 'desktop'])[1 + n % 2], (array['direct', 'email', 'paid_search'])[1 + n % 3],
    case when n % 3 = 1 then 'spring' end, 1 + n * 7 % 60 = 7, case when 1 + n * 7 % 60 = 7 then array['user_agent:crawler'] end
from generate_series(1, 200) as n
cross join lateral (select timestamptz '2025-03-01 12:00Z' + n * interval '67 minutes' as at) as t;
insert into vibe.user_events (site_id, occurred_at, user_id, session_id, event_name, page, properties, is_bot)
select s.site_id, s.started_at + e * interval '20 seconds', s.user_id, s.session_id,
    case when e <= s.page_views then 'page_view' else 'buy' end, '/' || (s.session_id + e) % 5,
    case when e > s.page_views then jsonb_build_object('total', case s.session_id % 4
        when 0 then '12.345'::jsonb when 1 then '"7"' when 2 then '-5' else '1e300' end) else '{}' end, s.is_bot
from vibe.site_sessions as s
cross join lateral generate_series(1, s.page_views + s.events) as e
where s.site_id = :shop;
reset role;

-- A goal counts the past when it is made, and days that are recounted keep it.
select vibe.create_goal('shop', 'Buy', 'buy', value_property => 'total') as buy \gset
select vibe.create_goal('shop', 'Page 3', page_pattern => '/3%', value => 2.50) as page \gset
create view recount as
select g.goal_id, (e.occurred_at at time zone 'America/Sao_Paulo')::date as day, count(*) as conversions,
    count(distinct coalesce(u.merged_into, u.user_id)) as users,
    sum(case when g.value is not null then g.value when e.properties ->> 'total' = '12.345' then 12.35 else 0 end) as value
from vibe.user_events as e
join vibe.site_users as u using (site_id, user_id)
join vibe.goals as g on g.site_id = e.site_id and g.event_name = e.event_name and (g.page_pattern is null or e.page ~ '^/3')
where not e.is_bot group by 1, 2;
select count(*) as days, sum(conversions) as conversions, sum(users) as users, sum(value) as value from vibe.goal_stats;
select count(*) as differing from recount full join vibe.goal_stats as d using (goal_id, day, conversions, users, value) where d.site_id is null or recount.users is null;
select vibe.calculate_daily_stats('shop', '2025-02-28', '2025-03-12');
select count(*) as differing from recount full join vibe.goal_stats as d using (goal_id, day, conversions, users, value) where d.site_id is null or recount.users is null;
-- A changed goal is counted anew, a removed one takes its days along; the rate is of the active users.
update vibe.goals set value = 1 where goal_id = :page;
select goal, sum(conversions) as conversions, sum(value) as value,
    bool_and(conversion_rate = round(users::numeric / (select a.active_users from vibe.daily_user_stats as a where a.day = g.day and a.site_id = g.site_id), 4)) as rate
from vibe.goal_stats as g group by goal order by goal;
delete from vibe.goals where goal_id = :page;
select goal_id = :buy as buy, count(distinct day) as days from vibe.goal_conversions group by 1;

select vibe.create_goal('shop', '');
select vibe.create_goal('shop', 'x', ' y');
select vibe.create_goal('shop', 'x');
select vibe.create_goal('shop', 'x', 'page_view');
select vibe.create_goal('shop', 'x', page_pattern => '');
select vibe.create_goal('shop', 'x', 'y', value => -1);
select vibe.create_goal('shop', 'x', 'y', value => 'NaN');
select vibe.create_goal('shop', 'x', 'y', value => 1, value_property => 'z');
select vibe.create_goal('shop', 'x', 'y', value_property => '');
select vibe.create_goal('shop', 'Buy', 'y');

-- Breakdowns: by session, by event, with filters of both kinds, compared with the ten days before.
select * from vibe.stats_breakdown('shop', 'channel', '2025-03-06', '2025-03-10', compare => true);
select s.channel as value, count(distinct coalesce(u.merged_into, u.user_id)) as users, count(*) as sessions, sum(s.page_views) as page_views,
    round(avg((s.page_views <= 1 and s.events = 0)::int), 4) as bounce_rate,
    round(avg(extract(epoch from s.last_seen_at - s.started_at)), 1) as average_session_seconds
from vibe.site_sessions as s join vibe.site_users as u using (site_id, user_id)
where (s.started_at at time zone 'America/Sao_Paulo')::date between '2025-03-06' and '2025-03-10' and not s.is_bot
group by 1 order by 2 desc, 3 desc;
select * from vibe.stats_breakdown('shop', 'page', '2025-03-01', '2025-03-11', '{"channel": "email", "device": ["mobile", "tablet"]}', 3);
select e.page, count(distinct coalesce(u.merged_into, u.user_id)) as users, count(distinct e.session_id) as sessions, count(*) as page_views
from vibe.user_events as e join vibe.site_users as u using (site_id, user_id) join vibe.site_sessions as s using (site_id, session_id)
where e.event_name = 'page_view' and s.channel = 'email' and s.device = 'mobile' and not e.is_bot
group by 1 order by 2 desc, 3 desc, 1 limit 3;
select value, users, sessions from vibe.stats_breakdown('shop', 'utm_campaign', '2025-03-01', '2025-03-11', '{"page": "/2", "event_name": "buy"}');
select s.utm_campaign as value, count(distinct coalesce(u.merged_into, u.user_id)) as users, count(*) as sessions
from vibe.site_sessions as s join vibe.site_users as u using (site_id, user_id)
where not s.is_bot
  and exists (select from vibe.user_events as e where e.session_id = s.session_id and e.page = '/2')
  and exists (select from vibe.user_events as e where e.session_id = s.session_id and e.event_name = 'buy')
group by 1 order by 2 desc;
select value, users, sessions from vibe.stats_breakdown('shop', 'bot_reasons', '2025-03-01', '2025-03-11', '{"bots": "only"}');
select sum(sessions) from vibe.stats_breakdown('shop', 'device', '2025-03-01', '2025-03-11', '{"bots": "include"}');
select value, sessions from vibe.stats_breakdown('shop', 'device', '2025-03-01', '2025-03-11', '{"utm_campaign": [null, "spring''; drop table vibe.sites; --"]}');
select count(*) from vibe.stats_breakdown('other', 'page');

select vibe.stats_breakdown('shop', 'password');
select vibe.stats_breakdown('shop', null);
select vibe.stats_breakdown('shop', 'page', max_rows => 0);
select vibe.stats_breakdown('shop', 'page', filters => '[]');
select vibe.stats_breakdown('shop', 'page', filters => '{"x": 1}');
select vibe.stats_breakdown('shop', 'page', filters => '{"os": 1}');
select vibe.stats_breakdown('shop', 'page', filters => '{"os": []}');
select vibe.stats_breakdown('shop', 'page', filters => '{"bots": true}');
select vibe.stats_breakdown('shop', 'page', '2025-03-02', '2025-03-01');
select vibe.stats_breakdown('shop', 'page', '2010-01-01', '2025-03-01');
select vibe.stats_breakdown('shop', 'page', '-infinity', '2025-03-01');

-- A login of another site sees nothing of this one and cannot make goals.
create role stranger login; grant vibe_analyst to stranger; select vibe.add_member('other', 'stranger', 'viewer');
set session authorization stranger;
select count(*) from vibe.goals; select count(*) from vibe.goal_conversions; select count(*) from vibe.goal_stats;
select vibe.stats_breakdown('shop');
select vibe.create_goal('other', 'x', 'y');
reset session authorization;
drop role stranger;
