-- The funnel aggregates against self-joins in plain SQL, and the product functions.
set timezone = 'UTC';
\set SHOW_CONTEXT never

-- By hand: one row a case. Times in seconds, steps as digits, window 10 s.
create temporary table cases (user_id bigint, what text, events text, expected integer);
insert into cases values
    (1, 'straight', '0:1 1:2 2:3', 3),
    (2, 'wrong order', '0:3 1:2 2:1', 1),
    (3, 'no first step', '0:2 1:3', 0),
    (4, 'window ends with the last step', '0:1 5:2 10:3', 3),
    (5, 'a second too late', '0:1 5:2 11:3', 2),
    (6, 'a later start reaches deeper', '0:1 8:1 9:2 15:3', 3),
    (7, 'the earlier start is the better one', '0:1 3:2 9:1 10:3', 3),
    (8, 'one instant converts', '5:3 5:1 5:2', 3),
    (9, 'one event is one step', '0:12 1:3', 1),
    (10, 'two events of two steps each', '0:12 1:12 2:3', 3),
    (11, 'noise between', '0:1 1:3 2:2 3:2 4:1 5:3', 3);
create temporary table case_events as
    select c.user_id,
        timestamptz '2026-01-01' + split_part(e, ':', 1)::integer * interval '1 second' as at,
        (select array_agg(split_part(e, ':', 2) like '%' || s || '%' order by s) from generate_series(1, 3) as s) as matches
    from cases as c
    cross join lateral regexp_split_to_table(c.events, ' ') as e;
select c.what, c.expected, vibe.funnel_depth(e.at, e.matches, interval '10 seconds') as depth
from cases as c
join case_events as e using (user_id)
group by c.user_id, c.what, c.expected
order by c.user_id;
select vibe.funnel(user_id, at, matches, interval '10 seconds') from case_events;
-- Without a window, and as bits.
select vibe.funnel(user_id, at, matches, null) from case_events;
select vibe.funnel(user_id, at, matches[1]::integer + 2 * matches[2]::integer + 4 * matches[3]::integer, 3, interval '10 seconds')
from case_events;

-- By reference: 20,000 events of 1,024 users, many of them at one instant, against joins; one step an event.
create temporary table events as
    select hashint8extended(i, 1) & 1023 as user_id,
        timestamptz '2026-01-01' + (hashint8extended(i, 2) & 4095) * interval '1 minute' as at,
        (hashint8extended(i, 3) & 7)::integer as kind
    from generate_series(1, 20000) as i;
create temporary table reference as
    select hours, array[
        (select count(distinct user_id) from events where kind = 1),
        (select count(distinct a.user_id) from events as a
         join events as b on b.user_id = a.user_id and b.kind = 2 and b.at between a.at and a.at + make_interval(hours => hours)
         where a.kind = 1),
        (select count(distinct a.user_id) from events as a
         join events as b on b.user_id = a.user_id and b.kind = 2 and b.at between a.at and a.at + make_interval(hours => hours)
         join events as c on c.user_id = a.user_id and c.kind = 3 and c.at between b.at and a.at + make_interval(hours => hours)
         where a.kind = 1),
        (select count(distinct a.user_id) from events as a
         join events as b on b.user_id = a.user_id and b.kind = 2 and b.at between a.at and a.at + make_interval(hours => hours)
         join events as c on c.user_id = a.user_id and c.kind = 3 and c.at between b.at and a.at + make_interval(hours => hours)
         join events as d on d.user_id = a.user_id and d.kind = 4 and d.at between c.at and a.at + make_interval(hours => hours)
         where a.kind = 1)
    ] as users
    from (values (0), (1), (6), (24), (100)) as w (hours);
select r.hours, r.users as expected, f.users = r.users as by_array, b.users = r.users as by_bits, g.users = r.users as by_depth
from reference as r
cross join lateral (
    select vibe.funnel(user_id, at, array[kind = 1, kind = 2, kind = 3, kind = 4], make_interval(hours => r.hours)) as users from events
) as f
cross join lateral (
    select vibe.funnel(user_id, at, case when kind between 1 and 4 then 1 << (kind - 1) end, 4, make_interval(hours => r.hours)) as users
    from events
) as b
cross join lateral (
    with depths as materialized (
        select vibe.funnel_depth(at, case when kind between 1 and 4 then 1 << (kind - 1) end, 4, make_interval(hours => r.hours)) as depth
        from events group by user_id
    )
    select array[count(*) filter (where depth >= 1), count(*) filter (where depth >= 2),
        count(*) filter (where depth >= 3), count(*) filter (where depth >= 4)] as users
    from depths
) as g
order by r.hours;

-- Row order does not matter.
select count(distinct vibe_funnel) as answers from (
    select vibe.funnel(user_id, at, array[kind = 1, kind = 2, kind = 3], interval '6 hours') as vibe_funnel
    from (select * from events order by at desc) as e
    union all
    select vibe.funnel(user_id, at, array[kind = 1, kind = 2, kind = 3], interval '6 hours')
    from (select * from events order by kind, user_id) as e
    union all
    select vibe.funnel(user_id, at, array[kind = 1, kind = 2, kind = 3], interval '6 hours')
    from (select * from events order by at, user_id) as e
) as f;

-- Edges: nothing, nothing that counts, 32 steps, nulls, the ends of time.
select vibe.funnel(1, now(), array[true, true], null) from generate_series(1, 0);
select vibe.funnel(1, now(), array[false, null], interval '1 day') from generate_series(1, 3);
select vibe.funnel(1, timestamptz '2026-01-01' + i * interval '1 second', (1 << (i - 1)), 32, interval '31 seconds')
from generate_series(1, 32) as i;
select vibe.funnel(u, t, 3, 2, null) from (values
    (null, timestamptz '2026-01-01'), (1, null), (1, 'infinity'), (1, '-infinity'),
    (2, '4713-01-01 BC'), (2, '294276-12-31')
) as e (u, t);
select vibe.funnel(2, t, 3, 2, interval '1 day') from (values
    (timestamptz '4713-01-01 BC'), (timestamptz '294276-12-31')
) as e (t);

-- What is refused, and how.
select vibe.funnel(1, now(), array[true], null);
select vibe.funnel(1, now(), 1, 33, null);
select vibe.funnel(1, now(), 8, 3, null);
select vibe.funnel(1, now(), array_fill(true, array[33]), null);
select vibe.funnel(1, now(), array[true, true], interval '1 month');
select vibe.funnel(1, now(), array[true, true], interval '-1 hour');
select vibe.funnel(1, now(), case i when 1 then array[true, true] else array[true, true, true] end, null)
from generate_series(1, 2) as i;
-- The window too must be the same for all rows; 24 hours are a day.
select vibe.funnel(1, now(), array[true, true], case i when 1 then interval '1 day' else interval '2 days' end) from generate_series(1, 2) as i;
select vibe.funnel(1, now(), array[true, true], case i when 1 then interval '1 day' end) from generate_series(1, 2) as i;
select vibe.funnel_depth(now(), 3, 2, case i when 2 then interval '1 day' end) from generate_series(1, 2) as i;
select vibe.funnel(1, now(), 3, 2, case i when 1 then interval '1 day' else interval '24 hours' end) from generate_series(1, 2) as i;
select vibe.funnel(1, now(), array[true, true], interval '106751992 days');

-- Stored funnels. The shop's clock is three hours behind, so that its days are not UTC's.
select vibe.create_site('shop', time_zone => 'America/Sao_Paulo') as site_id;
insert into vibe.site_users (site_id, user_id, anonymous_id, external_id)
    overriding system value
    select 1, u, 'visitor-' || u, case when u = 1 then 'known' end from generate_series(1, 6) as u;
update vibe.site_users set merged_into = 1 where user_id = 6;
select vibe_private.add_partition('2026-03-01') is not null as has_partition;
insert into vibe.user_events (site_id, occurred_at, user_id, event_name, page, is_bot) values
    (1, '2026-03-10 12:00Z', 1, 'page_view', '/products/1', false),
    (1, '2026-03-10 12:01Z', 6, 'add_to_cart', '/cart', false),
    (1, '2026-03-10 12:02Z', 1, 'purchase', '/thanks', false),
    (1, '2026-03-10 13:00Z', 2, 'page_view', '/products/2', false),
    (1, '2026-03-10 13:05Z', 2, 'add_to_cart', '/cart', false),
    (1, '2026-03-10 14:00Z', 3, 'page_view', '/about', false),
    (1, '2026-03-10 14:05Z', 3, 'add_to_cart', '/cart', false),
    (1, '2026-03-10 15:00Z', 4, 'page_view', '/products/3', true),
    (1, '2026-03-11 02:59Z', 5, 'page_view', '/products/3', false),
    (1, '2026-03-11 03:00Z', 5, 'add_to_cart', '/cart', false);
select vibe.create_funnel('shop', 'checkout', '[
    {"name": "Product", "event_name": "page_view", "page_pattern": "/products/%"},
    {"event_name": "add_to_cart"},
    {"name": "Paid", "event_name": "purchase"}
]', interval '1 day') as funnel_id;
select * from vibe.calculate_funnel_conversion('shop', 'checkout', '2026-03-10', '2026-03-10');
select * from vibe.calculate_funnel_conversion(first_day => '2026-03-10', last_day => '2026-03-11');
select * from vibe.calculate_funnel_conversion('shop', 'checkout', '2025-01-01', '2025-01-01');

-- Two steps of one event, where a visitor must do it twice.
select vibe.create_funnel('shop', 'again', '[{"event_name": "page_view"}, {"event_name": "page_view"}]') as funnel_id;
insert into vibe.user_events (site_id, occurred_at, user_id, event_name, page) values (1, '2026-03-10 16:00Z', 3, 'page_view', '/');
select step, name, users from vibe.calculate_funnel_conversion('shop', 'again', '2026-03-10', '2026-03-10');

select vibe.create_funnel('shop', 'checkout', '[{"event_name": "a"}, {"event_name": "b"}]');
select vibe.create_funnel('shop', 'bad', '[{"event_name": "a"}]');
select vibe.create_funnel('shop', 'bad', '[{"event_name": "a"}, {"name": "b"}]');
select vibe.create_funnel('shop', 'bad', '[{"event_name": "a"}, {"event": "b"}]');
select vibe.create_funnel('shop', 'bad', '[{"event_name": "a"}, {"event_name": 5}]');
select vibe.create_funnel('shop', 'bad', '[{"event_name": "a"}, {"event_name": ""}]');
select vibe.create_funnel('shop', 'bad', '[{"event_name": "a"}, "b"]');
select vibe.create_funnel('shop', '', '[{"event_name": "a"}, {"event_name": "b"}]');
select vibe.create_funnel('shop', 'bad', '[{"event_name": "a"}, {"event_name": "b"}]', '1 month');
select * from vibe.calculate_funnel_conversion('shop', 'nothing');
select * from vibe.calculate_funnel_conversion('shop', 'checkout', '2026-03-11', '2026-03-10');

-- Steps that members wrote one by one: none, a hole, only one; and a funnel that is not there.
\set VERBOSITY terse
insert into vibe.funnels (site_id, name) values (1, 'own');
select * from vibe.calculate_funnel_conversion('shop', 'own');
insert into vibe.funnel_steps (site_id, funnel_id, position, name, event_name) select 1, max(funnel_id), 1, 'a', 'a' from vibe.funnels;
select * from vibe.calculate_funnel_conversion('shop', 'own');
insert into vibe.funnel_steps (site_id, funnel_id, position, name, event_name) select 1, max(funnel_id), 5, 'b', 'b' from vibe.funnels;
select * from vibe.calculate_funnel_conversion('shop', 'own');
update vibe.funnel_steps set position = 2 where position = 5;
select * from vibe.calculate_funnel_conversion('shop', 'own', '2026-03-10', '2026-03-10');
select vibe.funnel_definition(1, 99);
\set VERBOSITY default

-- Rights: a login that is a viewer of another site sees nothing here, and a viewer writes nothing.
create role funnel_viewer in role vibe_analyst;
select vibe.create_site('other') as site_id;
insert into vibe.site_members (site_id, login_name, role) values (2, 'funnel_viewer', 'viewer');
set session authorization funnel_viewer;
select count(*) as funnels_seen from vibe.funnels;
select vibe.calculate_funnel_conversion('other');
select vibe.create_funnel('other', 'mine', '[{"event_name": "a"}, {"event_name": "b"}]');
insert into vibe.funnels (site_id, name) values (2, 'mine');
reset session authorization;
drop owned by funnel_viewer;
drop role funnel_viewer;
