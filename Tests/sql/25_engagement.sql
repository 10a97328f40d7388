-- Engagement of users; the score is compared with the recurrence that the formula promises, counted day by day.
set time zone 'UTC';
set datestyle = iso;
\set VERBOSITY terse
select vibe.create_site('shop', time_zone => 'America/Sao_Paulo') as shop \gset
select vibe.create_site('other') as other \gset
select * from vibe.user_engagement('shop');
set role vibe_owner;
-- Visitor 2 turned out to be person 1; 3 comes once; 4 is a bot; 5 was here before the 56 days; 6 is a page view a second.
insert into vibe.site_users (site_id, user_id, anonymous_id, external_id, first_seen_at, last_seen_at, merged_into)
select :shop, n, 'v' || n, case n when 1 then 'c-1' end, '2025-01-01', '2025-06-30', case n when 2 then 1 end from generate_series(1, 6) as n;
insert into vibe.user_days (site_id, day, user_id, page_views, events, last_received_at)
select :shop, d.day, d.user_id, d.page_views, d.events, d.day + interval '30 hours'
from (values
    (date '2025-06-30', 1, 3, 1), ('2025-06-30', 2, 2, 0), ('2025-06-23', 2, 9, 9), ('2025-06-10', 1, 4, 0), ('2025-05-06', 1, 1, 0),
    ('2025-07-01', 1, 50, 50), ('2025-06-02', 3, 1, 0), ('2025-06-30', 4, 100, 0), ('2025-05-05', 5, 10, 0)
) as d (day, user_id, page_views, events);
insert into vibe.user_days (site_id, day, user_id, page_views, events, last_received_at)
select :shop, date '2025-06-30' - n, 6, 86400, 0, now() from generate_series(0, 99) as n;
insert into vibe.site_sessions (site_id, user_id, started_at, last_seen_at, page_views, is_bot)
values (:shop, 1, '2025-06-30 12:00', '2025-06-30 12:05', 3, false), (:shop, 2, '2025-06-30 15:00', '2025-06-30 15:00:30', 2, false),
    -- By the site's calendar the first of July begins at 03:00, and the 28 days on the third of June at 03:00.
    (:shop, 1, '2025-07-01 03:00', '2025-07-01 04:00', 3, false), (:shop, 3, '2025-06-03 02:59', '2025-06-03 02:59', 1, false),
    (:shop, 4, '2025-06-30 12:00', '2025-06-30 12:00', 100, true);
reset role;
select * from vibe.user_engagement('shop', '2025-06-30');
-- The same day by day: half of the sum is left after a week.
with recursive days as (
    select v.user_id, d.day, least(1, sum(d.page_views + d.events) / 10.0) as share
    from vibe.user_days as d join vibe.visitors as v on v.visitor_id = d.user_id and v.site_id = d.site_id
    where d.site_id = :shop and d.day between '2025-05-06' and '2025-06-30' group by 1, 2
), walk as (
    select u.user_id, date '2025-05-06' as day, coalesce((select share from days as d where d.user_id = u.user_id and d.day = '2025-05-06'), 0)::numeric as sum, 1::numeric as whole
    from (select distinct user_id from days) as u
    union all
    select w.user_id, w.day + 1, w.sum * power(0.5, 1 / 7.0) + coalesce((select share from days as d where d.user_id = w.user_id and d.day = w.day + 1), 0),
        w.whole * power(0.5, 1 / 7.0) + 1
    from walk as w where w.day < '2025-06-30'
)
select w.user_id, round(100 * w.sum / w.whole, 1) as score, round(100 * w.sum / w.whole, 1) = e.score as same
from walk as w left join vibe.user_engagement('shop', '2025-06-30') as e using (user_id)
where w.day = '2025-06-30' order by 1;
-- As of an earlier day nothing later is seen.
select user_id, last_active_day, active_days, sessions, score, level from vibe.user_engagement('shop', '2025-06-23');
select * from vibe.user_engagement('shop', '2025-06-30') as e where e.user_id = 5;
select count(*) from vibe.user_engagement('other', '2025-06-30');
-- A day that is not over, and no day; the message names yesterday, which moves.
create function refused(day date) returns text language plpgsql as $$
begin
    perform vibe.user_engagement('shop', day);
    return 'accepted';
exception when invalid_parameter_value then
    return regexp_replace(sqlerrm, '\d{4}-\d\d-\d\d$', 'yesterday');
end $$;
select day, refused(day::date) from unnest(array['2199-01-01', 'infinity', '-infinity', '1999-12-31', '2000-01-01']) as day;
select refused((now() at time zone 'America/Sao_Paulo')::date - 1), refused((now() at time zone 'America/Sao_Paulo')::date) like 'as_of %' as today;
drop function refused(date);

create role stranger login; grant vibe_analyst to stranger; select vibe.add_member('other', 'stranger', 'viewer');
set session authorization stranger;
select count(*) from vibe.user_engagement('shop', '2025-06-30');
select count(*) from vibe.user_engagement(null, '2025-06-30');
reset session authorization;
drop role stranger;
