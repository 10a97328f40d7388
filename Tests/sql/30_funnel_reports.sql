-- Reports on stored and ad-hoc funnels: every rule of a definition, breakdown, times, trend, users, days; against plain SQL.
set timezone = 'UTC';
\set SHOW_CONTEXT never

-- Two shops with the same visitors' numbers; Havana's clocks change on 2026-03-08 at midnight.
select vibe.create_site('shop', time_zone => 'America/Havana') as shop, vibe.create_site('other') as other;
insert into vibe.site_users (site_id, user_id, anonymous_id, external_id, name)
    overriding system value
    select s, u, 'visitor-' || u, case when s = 1 and u <= 5 then 'customer-' || u end, case when u = 1 then 'Zoë' end
    from generate_series(1, 2) as s, generate_series(1, 40) as u;
update vibe.site_users set merged_into = user_id - 30 where site_id = 1 and user_id between 31 and 33;
select vibe_private.add_partition('2026-03-01') is not null as has_partition;
-- 1,500 events in 8 days, of which some are bots'; half of them at full hours.
insert into vibe.user_events (site_id, occurred_at, user_id, event_name, page, properties, is_bot)
    select 1 + (i % 5 = 0)::integer,
        timestamptz '2026-03-05 00:00Z' + ((hashint8extended(i, 2) & 1023) % 768) * interval '15 minutes',
        1 + (hashint8extended(i, 1) & 1023) % 40,
        (array['page_view', 'page_view', 'add_to_cart', 'checkout', 'purchase', 'logout', 'page_view', 'add_to_cart'])[1 + (hashint8extended(i, 3) & 7)],
        (array['/products/1', '/products/2', '/about'])[1 + (hashint8extended(i, 4) & 1023) % 3],
        case (hashint8extended(i, 5) & 3) when 0 then '{}' else jsonb_build_object(
            'list', (array['summer', 'winter', null])[(hashint8extended(i, 5) & 3)],
            'price', (hashint8extended(i, 6) & 255)) end,
        hashint8extended(i, 7) & 15 = 0
    from generate_series(1, 1500) as i;

select vibe.create_funnel('shop', '{
    "name": "checkout", "within": "2 days", "ties": "strict",
    "steps": [
        {"name": "Product", "event_name": "page_view", "page_pattern": "/products/%"},
        {"event_name": "add_to_cart", "properties": {"price": {">=": 40, "<": 250}}},
        {"name": "Paid", "event_name": "purchase"}
    ],
    "exclusions": [{"event_name": "logout", "from_step": 1, "to_step": 2}]
}') as funnel_id;
select name, mode, within, ties, hold from vibe.funnels;
select position, name, event_name, page_pattern, properties, exclusion, from_step, to_step from vibe.funnel_steps order by exclusion, position;
select vibe.funnel_definition(1, 1);

-- What follows is found a second time by joins over these events: visitors merged, no bots, numbered by person.
create temporary view facts as
    select coalesce(u.merged_into, u.user_id) as who, e.occurred_at as at, e.event_name, e.page, e.properties
    from vibe.user_events as e
    join vibe.site_users as u using (site_id, user_id)
    where e.site_id = 1 and not e.is_bot;
create temporary view chains as
    with a as (select * from facts where event_name = 'page_view' and page ~ '^/products/'),
    b as (select * from facts where event_name = 'add_to_cart' and jsonb_typeof(properties -> 'price') = 'number'
        and (properties ->> 'price')::numeric >= 40 and (properties ->> 'price')::numeric < 250),
    c as (select * from facts where event_name = 'purchase')
    select a.who, a.at as t1, b.at as t2, c.at as t3, a.properties ->> 'list' as list
    from a
    left join b on b.who = a.who and b.at > a.at and b.at <= a.at + interval '2 days' and not exists (
        select from facts as x where x.who = a.who and x.event_name = 'logout' and x.at > a.at and x.at < b.at
    )
    left join c on c.who = b.who and c.at > b.at and c.at <= a.at + interval '2 days';
select * from vibe.calculate_funnel_conversion('shop', 'checkout', '2026-03-01', '2026-03-31');
select count(distinct who) as one, count(distinct who) filter (where t2 is not null) as two, count(distinct who) filter (where t3 is not null) as three
from chains;
-- The chain of each user: deepest, completed first, started last, then its second step as early as can be.
create temporary table told as
    select distinct on (who) who, case when t3 is not null then 3 when t2 is not null then 2 else 1 end as depth, t1, t2, t3, list
    from chains
    order by who, t3 is null, t2 is null, coalesce(t3, t2, t1), t1 desc, t2;
select count(*) as users, count(*) filter (where u.depth = t.depth) as same_depth,
    count(*) filter (where u.step_times = array_remove(array[t.t1, case when t.depth > 1 then t.t2 end, case when t.depth > 2 then t.t3 end], null)) as same_times
from vibe.funnel_users('shop', 'checkout', '2026-03-01', '2026-03-31', at_most => 1000) as u
join told as t on t.who = u.user_id;
select r.*, round(extract(epoch from e.from_start)) = round(extract(epoch from r.from_start)) as same_start,
    round(extract(epoch from e.from_previous)) = round(extract(epoch from r.from_previous)) as same_previous
from vibe.funnel_times('shop', 'checkout', '2026-03-01', '2026-03-31', percentiles => '{0.5,0.9}') as r
cross join lateral (
    select percentile_cont(r.percentile) within group (order by case r.step when 2 then t2 - t1 else t3 - t1 end) as from_start,
        percentile_cont(r.percentile) within group (order by case r.step when 2 then t2 - t1 else t3 - t2 end) as from_previous
    from told where depth >= r.step
) as e
order by r.step, r.percentile;
select r.step, r.users, r.conversion_from_start, r.entry_value, r.users = (
    select count(*) from told as t where t.list is not distinct from r.entry_value and t.depth >= r.step
) as same
from vibe.calculate_funnel_conversion('shop', 'checkout', '2026-03-01', '2026-03-31', breakdown => 'list') as r
order by r.entry_value, r.step;
-- By entry day, where a user may enter on many days.
select r.day, r.users, r.users = e.users as same
from (
    select day, array_agg(users order by step) as users
    from vibe.funnel_trend('shop', 'checkout', '2026-03-04', '2026-03-14') group by day
) as r
cross join lateral (
    select array[count(distinct who), count(distinct who) filter (where t2 is not null), count(distinct who) filter (where t3 is not null)] as users
    from chains where (t1 at time zone 'America/Havana')::date = r.day
) as e
order by r.day;

-- Pages of those who stopped after the first step.
select user_id, external_id, name, depth, last_step, entered_at = last_step_at as at_once
from vibe.funnel_users('shop', 'checkout', '2026-03-01', '2026-03-31', stopped_after => 2, at_most => 3);
select user_id from vibe.funnel_users('shop', 'checkout', '2026-03-01', '2026-03-31', stopped_after => 2, after_user => 6, at_most => 2);
select count(*) as all_who_stopped_after_2 from vibe.funnel_users('shop', 'checkout', '2026-03-01', '2026-03-31', stopped_after => 2, at_most => 1000);

-- Ad hoc: every mode, with hold; entry values; conditions of each kind against their meaning in SQL.
select mode, array_agg(users order by step) as users, array_agg(name order by step) as names
from unnest(array['ordered', 'strict', 'unordered']) as mode
cross join lateral vibe.calculate_funnel_conversion('shop', null, '2026-03-01', '2026-03-31', jsonb_build_object(
    'mode', mode, 'hold', 'list', 'within', '3 days',
    'steps', '[{"event_name": "page_view"}, {"event_name": "add_to_cart"}, {"event_name": "purchase", "name": "Paid"}]'::jsonb
)) as f
group by mode order by mode;
select held_value, count(*) from vibe.funnel_users('shop', null, '2026-03-01', '2026-03-31', at_most => 1000, definition =>
    '{"hold": "list", "steps": [{"event_name": "page_view"}, {"event_name": "purchase"}]}') group by held_value order by held_value;
select c.rule, f.users, f.users = (
    select count(distinct who) from facts as e where e.event_name = 'page_view' and case c.n
        when 1 then e.properties ->> 'list' = 'summer'
        when 2 then e.properties ->> 'list' in ('summer', 'winter')
        when 3 then e.properties ->> 'list' is null
        when 4 then e.properties ->> 'list' like '%mm%'
        when 5 then (e.properties ->> 'price')::numeric > 10 and (e.properties ->> 'price')::numeric <= 30
        when 6 then (e.properties ->> 'price')::numeric between 0 and 99
        when 7 then (e.properties ->> 'price')::numeric = 7
        when 8 then (e.properties ->> 'price')::numeric in (7, 8)
        when 9 then e.properties ->> 'list' >= 't'
        when 10 then e.properties ->> 'list' is null or e.properties ->> 'list' <> 'summer'
        else false
    end
) as same
from (values (1, '{"list": "summer"}'), (2, '{"list": ["summer", "winter"]}'), (3, '{"list": null}'), (4, '{"list": {"like": "%mm%"}}'),
    (5, '{"price": {">": 10, "<=": 30}}'), (6, '{"price": {"!=": null, ">=": 0, "<": 100}, "list": {"!=": "a''b"}}'), (7, '{"price": 7}'),
    (8, '{"price": [7, 8]}'), (9, '{"list": {">=": "t"}}'), (10, '{"list": {"!=": "summer"}}'), (11, '{"it''s": "a\\"}')) as c (n, rule)
cross join lateral vibe.calculate_funnel_conversion('shop', null, '2026-03-01', '2026-03-31', jsonb_build_object('steps', jsonb_build_array(
    jsonb_build_object('event_name', 'page_view', 'properties', c.rule::jsonb), '{"event_name": "x"}'::jsonb))) as f
where f.step = 1
order by c.n;

-- By days in a table: as the trend says, again and again; a late event, a changed definition, a funnel that goes.
select vibe.calculate_funnel_days('shop', '2026-03-04', '2026-03-14') > 0 as written;
select count(*) as differences from (
    select day, step, users from vibe.funnel_days where funnel = 'checkout' and day between '2026-03-04' and '2026-03-14'
    except select day, step, users from vibe.funnel_trend('shop', 'checkout', '2026-03-04', '2026-03-14')
) as d;
select * from vibe.funnel_days where day = '2026-03-08' order by step;
select vibe.calculate_funnel_days('shop', '2026-03-04', '2026-03-14') as written_again;
insert into vibe.user_events (site_id, occurred_at, user_id, event_name, page) values
    (1, '2026-03-13 12:00Z', 40, 'page_view', '/products/9'), (1, '2026-03-15 12:00Z', 2, 'purchase', null);
insert into vibe.user_events (site_id, occurred_at, user_id, event_name, properties) values (1, '2026-03-13 13:00Z', 40, 'add_to_cart', '{"price": 41}');
select vibe.calculate_funnel_days('shop', '2026-03-14', '2026-03-14') as written;
select day, step, users from vibe.funnel_days where day = '2026-03-13' order by step;
update vibe.funnel_steps set page_pattern = '/products/2' where position = 1 and not exclusion;
select count(*) as days_after_a_change from vibe.daily_funnel_stats;
select vibe.calculate_funnel_days('shop', '2026-03-14', '2026-03-14') = 90 * 3 as counted_from_the_start;
select day, step, users from vibe.funnel_days where day = '2026-03-13' order by step;
update vibe.funnels set name = 'renamed';
select count(distinct day) as days_after_a_rename, min(funnel) as funnel from vibe.funnel_days;
update vibe.funnels set within = null;
select count(*) as days_without_a_window from vibe.daily_funnel_stats;
select vibe_private.calculate_nightly(1, '2026-03-12', '2026-03-14');
select count(distinct day) as counted_at_night from vibe.funnel_days;
delete from vibe.funnels;
select count(*) as left_over from vibe.daily_funnel_stats;
select vibe.calculate_funnel_days('shop') as nothing_to_do;

-- What is wrong with a definition is named.
create function pg_temp.refused(definition jsonb) returns text language plpgsql as $$
declare
    message text;
    rule text;
begin
    perform vibe.check_funnel(definition);
    return 'accepted';
exception when invalid_parameter_value then
    get stacked diagnostics message = message_text, rule = pg_exception_detail;
    return format('%s: %s', message, rule);
end
$$;
select pg_temp.refused(d::jsonb) from (values
    (null), ('[]'), ('{}'), ('{"steps": {}}'), ('{"steps": [{"event_name": "a"}]}'), ('{"steps": null}'),
    ('{"step": 1, "steps": [{"event_name": "a"}, {"event_name": "b"}]}'),
    ('{"mode": "any", "steps": [{"event_name": "a"}, {"event_name": "b"}]}'),
    ('{"mode": null, "ties": null, "hold": null, "within": null, "name": null, "exclusions": null, "steps": [{"event_name": "a"}, {"event_name": "b"}]}'),
    ('{"ties": true, "steps": [{"event_name": "a"}, {"event_name": "b"}]}'),
    ('{"hold": "", "steps": [{"event_name": "a"}, {"event_name": "b"}]}'),
    ('{"within": "soon", "steps": [{"event_name": "a"}, {"event_name": "b"}]}'),
    ('{"within": 5, "steps": [{"event_name": "a"}, {"event_name": "b"}]}'),
    ('{"within": "1 year", "steps": [{"event_name": "a"}, {"event_name": "b"}]}'),
    ('{"within": "-1 day", "steps": [{"event_name": "a"}, {"event_name": "b"}]}'),
    ('{"within": "106751992 days", "steps": [{"event_name": "a"}, {"event_name": "b"}]}'),
    ('{"exclusions": {}, "steps": [{"event_name": "a"}, {"event_name": "b"}]}'),
    ('{"exclusions": [{"event_name": "x"}], "steps": [{"event_name": "a"}, {"event_name": "b"}]}'),
    ('{"exclusions": [{"event_name": "x", "from_step": 0, "to_step": 2}], "steps": [{"event_name": "a"}, {"event_name": "b"}]}'),
    ('{"exclusions": [{"event_name": "x", "from_step": 1.5, "to_step": 2}], "steps": [{"event_name": "a"}, {"event_name": "b"}]}'),
    ('{"exclusions": [{"event_name": "x", "from_step": "1", "to_step": 2}], "steps": [{"event_name": "a"}, {"event_name": "b"}]}'),
    ('{"exclusions": [{"event_name": "x", "from_step": 2, "to_step": 2}], "steps": [{"event_name": "a"}, {"event_name": "b"}]}'),
    ('{"mode": "unordered", "exclusions": [{"event_name": "x", "from_step": 1, "to_step": 2}], "steps": [{"event_name": "a"}, {"event_name": "b"}, {"event_name": "c"}]}'),
    ('{"steps": [{"event_name": "a", "from_step": 1}, {"event_name": "b"}]}'),
    ('{"steps": [{"event_name": null}, {"event_name": "b"}]}'),
    ('{"steps": [{"event_name": "a", "properties": []}, {"event_name": "b"}]}'),
    ('{"steps": [{"event_name": "a", "properties": {"p": []}}, {"event_name": "b"}]}'),
    ('{"steps": [{"event_name": "a", "properties": {"p": [[1]]}}, {"event_name": "b"}]}'),
    ('{"steps": [{"event_name": "a", "properties": {"p": {}}}, {"event_name": "b"}]}'),
    ('{"steps": [{"event_name": "a", "properties": {"p": {"~": 1}}}, {"event_name": "b"}]}'),
    ('{"steps": [{"event_name": "a", "properties": {"p": {"<": true}}}, {"event_name": "b"}]}'),
    ('{"steps": [{"event_name": "a", "properties": {"p": {"like": 5}}}, {"event_name": "b"}]}')
) as v (d);
select vibe.create_funnel('shop', '{"steps": [{"event_name": "a"}, {"event_name": "b"}]}');
select * from vibe.calculate_funnel_conversion('shop', 'checkout', definition => '{}');
select * from vibe.calculate_funnel_conversion('shop', definition => '{"steps": 5}');
select * from vibe.calculate_funnel_conversion('shop', first_day => '-infinity', definition => '{"steps": [{"event_name": "a"}, {"event_name": "b"}]}');
select * from vibe.funnel_trend('shop', null, '2000-01-01', '2026-01-01', '{"steps": [{"event_name": "a"}, {"event_name": "b"}]}');
select * from vibe.funnel_times('shop', definition => '{"steps": [{"event_name": "a"}, {"event_name": "b"}]}', percentiles => '{0.5,1.5}');
select * from vibe.funnel_times('shop', definition => '{"steps": [{"event_name": "a"}, {"event_name": "b"}]}', percentiles => '{}');
select * from vibe.funnel_users('shop', definition => '{"steps": [{"event_name": "a"}, {"event_name": "b"}]}', stopped_after => 3);
select * from vibe.funnel_users('shop', definition => '{"steps": [{"event_name": "a"}, {"event_name": "b"}]}', at_most => 0);
select vibe.calculate_funnel_days('shop', '2026-03-02', '2026-03-01');
select vibe.calculate_funnel_days('shop', '2000-03-02', '2026-03-01');
select vibe.calculate_funnel_days('shop', null, '2199-01-01');
insert into vibe.funnels (site_id, name) values (1, 'own');
insert into vibe.funnel_steps (site_id, funnel_id, position, name, event_name, exclusion, from_step) select 1, funnel_id, 1, 'x', 'x', true, 1 from vibe.funnels;

-- A viewer of the other site: theirs only, and nothing is theirs to write.
select vibe.create_funnel('other', '{"name": "theirs", "steps": [{"event_name": "page_view"}, {"event_name": "purchase"}]}') > 0 as made;
select vibe.calculate_funnel_days('other', '2026-03-04', '2026-03-14') > 0 as written;
create role funnel_viewer in role vibe_analyst;
insert into vibe.site_members (site_id, login_name, role) values (2, 'funnel_viewer', 'viewer');
set session authorization funnel_viewer;
select site, sum(users) > 0 as has_users from vibe.funnel_days group by site;
select array_agg(users order by step) as users from vibe.funnel_trend(first_day => '2026-03-04', last_day => '2026-03-14');
select count(*) > 0 as has_times from vibe.funnel_times(first_day => '2026-03-04', last_day => '2026-03-14');
select vibe.funnel_users('shop');
select vibe.calculate_funnel_days('other');
delete from vibe.daily_funnel_stats;
reset session authorization;
drop owned by funnel_viewer;
drop role funnel_viewer;
