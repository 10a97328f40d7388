-- Stored funnels are changed, listed and deleted; reports by segment, by week, by time taken; what events there are.
set timezone = 'UTC';
\set SHOW_CONTEXT never

select vibe.create_site('shop', time_zone => 'America/Havana') as shop, vibe.create_site('other') as other;
insert into vibe.site_users (site_id, user_id, anonymous_id)
    overriding system value
    select s, u, 'visitor-' || u from generate_series(1, 2) as s, generate_series(1, 40) as u;
update vibe.site_users set merged_into = user_id - 30 where site_id = 1 and user_id between 31 and 33;
select vibe_private.add_partition('2026-03-01') is not null as has_partition;
insert into vibe.user_events (site_id, occurred_at, user_id, event_name, page, properties, is_bot)
    select 1 + (i % 5 = 0)::integer,
        timestamptz '2026-03-05 00:00Z' + ((hashint8extended(i, 2) & 1023) % 768) * interval '15 minutes',
        1 + (hashint8extended(i, 1) & 1023) % 40,
        (array['page_view', 'page_view', 'add_to_cart', 'checkout', 'purchase', 'logout', 'page_view', 'add_to_cart'])[1 + (hashint8extended(i, 3) & 7)],
        (array['/products/1', '/products/2', '/about'])[1 + (hashint8extended(i, 4) & 1023) % 3],
        case when i % 3 = 0 then '{}' else '{"list": "summer", "price": 5}' end::jsonb,
        hashint8extended(i, 7) & 15 = 0
    from generate_series(1, 1500) as i;

-- What was stored comes back, to be changed and stored again.
select vibe.create_funnel('shop', '{
    "name": "checkout", "within": "2 days", "ties": "strict", "hold": "list",
    "steps": [
        {"name": "Product", "event_name": "page_view", "page_pattern": "/products/%"},
        {"event_name": "add_to_cart", "properties": {"price": {">=": 4}, "list": null}},
        {"name": "Paid", "event_name": "purchase"}
    ],
    "exclusions": [{"event_name": "logout", "from_step": 1, "to_step": 2}]
}') as funnel_id, vibe.create_funnel('shop', 'plain', '[{"event_name": "page_view"}, {"event_name": "purchase"}]') as second,
    vibe.create_funnel('other', 'plain', '[{"event_name": "a"}, {"event_name": "b"}]') as others;
select * from (select funnel_id, name, steps, mode, within, definition from vibe.stored_funnels('shop')) as f;
select vibe.update_funnel('shop', 'checkout', f.definition) as same_id from vibe.stored_funnels('shop') as f where f.name = 'checkout';
select definition from vibe.stored_funnels('shop') where name = 'checkout';
select vibe.calculate_funnel_days('shop', '2026-03-04', '2026-03-14') > 0 as written;
select vibe.update_funnel('shop', 'plain', '{"name": "short", "mode": "unordered", "within": "1 day",
    "steps": [{"event_name": "page_view"}, {"event_name": "add_to_cart"}, {"event_name": "purchase"}]}') as funnel_id;
select funnel_id, name, definition from vibe.stored_funnels('shop') where funnel_id = 2;
select count(*) as days_of_another_definition from vibe.daily_funnel_stats where site_id = 1 and funnel_id = 2;
-- Nothing is half done: refused by name, by rule, by right; the other site's funnel of the same name stays.
select vibe.update_funnel('shop', 'short', '{"name": "checkout", "steps": [{"event_name": "x"}, {"event_name": "y"}]}');
select vibe.update_funnel('shop', 'short', '{"name": "short", "steps": [{"event_name": "x"}]}');
select vibe.update_funnel('shop', 'plain', '{"steps": [{"event_name": "x"}, {"event_name": "y"}]}');
select vibe.delete_funnel('shop', 'plain');
select name, definition -> 'steps' as steps from vibe.stored_funnels('shop') where funnel_id = 2;
select name from vibe.stored_funnels('other');
-- A funnel whose steps were taken away can still be seen and mended.
begin;
delete from vibe.funnel_steps where funnel_id = 2;
select name, steps, definition from vibe.stored_funnels('shop') where funnel_id = 2;
rollback;

-- The biggest drop: of all, the first of equals; none where nobody is lost.
select step, users, drop_off, drop_off_share, is_biggest_drop
from vibe.calculate_funnel_conversion('shop', null, '2026-03-01', '2026-03-31',
    '{"steps": [{"event_name": "page_view"}, {"event_name": "purchase"}, {"event_name": "logout"}, {"event_name": "never"}, {"event_name": "never"}]}');
select step, users, drop_off, drop_off_share, is_biggest_drop
from vibe.calculate_funnel_conversion('shop', null, '2026-05-01', '2026-05-31', '{"steps": [{"event_name": "a"}, {"event_name": "b"}]}');
select entry_value, count(*) filter (where is_biggest_drop) as biggest
from vibe.calculate_funnel_conversion('shop', null, '2026-03-01', '2026-03-31',
    '{"within": "1 day", "steps": [{"event_name": "page_view"}, {"event_name": "purchase"}, {"event_name": "logout"}]}', breakdown => 'list') as f
group by entry_value order by entry_value;

-- By segment: the same as if the site had these users only. 31 and 32 are the persons 1 and 2.
insert into vibe.segments (site_id, name, kind, subject) values (1, 'by hand', 'static', 'user');
select vibe.add_to_segment('shop', 'by hand', array[1, 2, 5, 6, 7]) as added;
create temporary table chosen as
    select coalesce(u.merged_into, u.user_id) as who, e.occurred_at as at, e.event_name
    from vibe.user_events as e join vibe.site_users as u using (site_id, user_id)
    where e.site_id = 1 and not e.is_bot and e.occurred_at < '2026-04-01' and coalesce(u.merged_into, u.user_id) in (1, 2, 5, 6, 7);
create temporary view first_paths as
    select v.who, v.at as t1, min(p.at) as t2
    from chosen as v
    left join chosen as p on p.who = v.who and p.event_name = 'purchase' and p.at > v.at and p.at <= v.at + interval '1 day'
    where v.event_name = 'page_view' group by v.who, v.at;
\set paid '''{"within": "1 day", "ties": "strict", "steps": [{"event_name": "page_view"}, {"event_name": "purchase"}]}'''
select f.users, (select array[count(distinct who), count(distinct who) filter (where t2 is not null)] from first_paths) as reference
from (select array_agg(users order by step) as users
    from vibe.calculate_funnel_conversion('shop', null, '2026-03-01', '2026-03-31', :paid, segment => 'by hand')) as f;
select array_agg(user_id) as users from vibe.funnel_users('shop', null, '2026-03-01', '2026-03-31', :paid, segment => 'by hand');
select (select count(*) from vibe.funnel_times('shop', null, '2026-03-01', '2026-03-31', :paid, segment => 'by hand') where users <= 5) as times;
select vibe.calculate_funnel_conversion('shop', null, '2026-03-01', '2026-03-31', :paid, segment => 'nobody''s');

-- By week and month: users once a period, whole weeks from Monday, cut at the ends of the range.
select t.day, t.users, t.is_complete, t.users = array[e.one, e.two] as same
from (
    select day, array_agg(users order by step) as users, bool_and(is_complete) as is_complete
    from vibe.funnel_trend('shop', null, '2026-03-04', '2026-03-14', :paid, period => 'week', segment => 'by hand') group by day
) as t
cross join lateral (
    select count(distinct who) as one, count(distinct who) filter (where t2 is not null) as two from first_paths
    where date_trunc('week', t1 at time zone 'America/Havana') = date_trunc('week', t.day::timestamp)
) as e
order by t.day;
select day, users, is_complete from vibe.funnel_trend('shop', null, '2026-03-04', '2026-03-14', :paid, period => 'month') order by day, step;
select count(distinct day) as days from vibe.funnel_trend('shop', null, '2026-03-01', '2026-03-31', :paid, period => null);
select count(distinct day) as weeks from vibe.funnel_trend('shop', null, '2025-04-01', '2026-03-31', :paid, period => null);
select bool_or(is_complete) as over from vibe.funnel_trend('shop', null, current_date, current_date, :paid);
select vibe.funnel_trend('shop', null, '2026-03-04', '2026-03-14', :paid, period => 'hour');

-- Times in bounds, against the chains themselves.
select d.at_least, d.below, d.users, d.share, d.users = (
    select count(*) from vibe.funnel_users('shop', null, '2026-03-01', '2026-03-31', :paid, at_most => 1000) as u
    where u.depth = 2 and u.step_times[2] - u.step_times[1] >= d.at_least and (d.below is null or u.step_times[2] - u.step_times[1] < d.below)
) as same
from vibe.funnel_durations('shop', null, '2026-03-01', '2026-03-31', :paid) as d;
select sum(d.users) = (
    select users from vibe.calculate_funnel_conversion('shop', 'checkout', '2026-03-01', '2026-03-31') where step = 2
) as all_of_step_2
from vibe.funnel_durations('shop', 'checkout', '2026-03-01', '2026-03-31', to_step => 2) as d;
select count(*) as bounds, max(at_least) as longest, sum(users) as users, count(share) as shares
from vibe.funnel_durations('shop', null, '2026-05-01', '2026-05-31', '{"steps": [{"event_name": "a"}, {"event_name": "b"}]}');
select vibe.funnel_durations('shop', 'checkout', to_step => 1);
select vibe.funnel_durations('shop', 'checkout', to_step => 4);

-- What to choose from, against counts.
select p.kind, p.name, p.events, p.events = case p.kind
    when 'event' then (select count(*) from vibe.user_events as e where e.site_id = 1 and not e.is_bot and e.event_name = p.name)
    when 'page' then (select count(*) from vibe.user_events as e where e.site_id = 1 and not e.is_bot and e.page = p.name)
    else (select count(*) from vibe.user_events as e where e.site_id = 1 and not e.is_bot and e.properties ? p.name)
end as same
from vibe.event_parts('shop') as p;

select vibe.delete_funnel('shop', 'short');
select name from vibe.stored_funnels('shop');
