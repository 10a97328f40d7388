-- Items that arrive late: what is stored must not depend on the order of arrival. The reference for sessions is a query over
-- all events at once (silence of more than 30 minutes begins another), which knows nothing of how they came.
\pset format unaligned
set timezone = 'UTC';
select vibe.create_site('shop') as shop \gset
update vibe.sites set key = 'shop-key';
create function public.view(minutes_ago numeric) returns jsonb
language sql as $$
    select jsonb_build_object('type', 'page_view', 'time', 1700000000000 - (minutes_ago * 60000)::bigint, 'id', gen_random_uuid(),
        'url', 'https://shop.example/' || minutes_ago)
$$;
create function public.send(visitor text, items jsonb[], agent text default 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36')
returns text
language sql as $$
    select i.body ->> 'accepted' from vibe_private.ingest(
        array[jsonb_build_object('site', 'shop-key', 'visitor', visitor, 'sent_at', 1700000000000, 'items', items)::text],
        array[jsonb_build_object('user_agent', agent)]
    ) as i
$$;
create view public.visits as
select u.anonymous_id as visitor, row_number() over (partition by s.user_id order by s.started_at) as visit,
    round(extract(epoch from now() - s.started_at) / 60) as began, round(extract(epoch from now() - s.last_seen_at) / 60) as ended,
    s.page_views, s.events, s.entry_page, s.exit_page, s.is_bot,
    (select count(*) from vibe.user_events as e where e.site_id = s.site_id and e.session_id = s.session_id) as stored
from vibe.site_sessions as s join vibe.site_users as u using (site_id, user_id);
-- Events whose visit is not there, or not the visitor's.
create view public.strays as
select e.event_id from vibe.user_events as e
where not exists (
    select from vibe.site_sessions as s where s.site_id = e.site_id and s.session_id = e.session_id and s.user_id = e.user_id
        and e.occurred_at between s.started_at and s.last_seen_at
);

-- Twenty minutes after one visit and twenty before the next: they were one.
select public.send('visitor-one', array[public.view(65), public.view(45)]), public.send('visitor-one', array[public.view(5), public.view(0)]);
select * from public.visits where visitor = 'visitor-one' order by visit;
select page_views, current_page, round(extract(epoch from now() - started_at) / 60) as began from vibe.get_online_users('shop');
truncate vibe_private.changes;
select public.send('visitor-one', array[public.view(25)]);
select * from public.visits where visitor = 'visitor-one' order by visit;
select page_views, current_page, round(extract(epoch from now() - started_at) / 60) as began,
    exists (select from vibe.site_sessions as s where s.session_id = o.session_id) as is_there
from vibe.get_online_users('shop') as o;
select table_name, kind, jsonb_array_length(records) as records from vibe_private.changes order by change_id;

-- Three visits, two late items in one request; silence of more than thirty minutes stays.
select public.send('visitor-two', array[public.view(300)]), public.send('visitor-two', array[public.view(245)]), public.send('visitor-two', array[public.view(190)]),
    public.send('visitor-two', array[public.view(128.9)]);
select public.send('visitor-two', array[public.view(272), public.view(218)]);
select * from public.visits where visitor = 'visitor-two' order by visit;
select public.send('visitor-two', array[public.view(159.1)]);
select * from public.visits where visitor = 'visitor-two' order by visit;

-- No visit grows beyond 24 hours: these stay two, with the late item in the first.
select count(public.send('visitor-day', array[public.view(m)])) from generate_series(1600, 800, -20) as m;
select count(public.send('visitor-day', array[public.view(m)])) from generate_series(760, 20, -20) as m;
select public.send('visitor-day', array[public.view(780)]);
select * from public.visits where visitor = 'visitor-day' order by visit;

-- A program's visit does not join a person's.
select public.send('visitor-bot', array[public.view(65)]), public.send('visitor-bot', array[public.view(25)], 'curl/8.0');
select public.send('visitor-bot', array[public.view(45)]);
select * from public.visits where visitor = 'visitor-bot' order by visit;

-- A day that is over and counted two visits is counted again.
truncate vibe_private.dirty_days;
select public.send('visitor-old', array[public.view(5000)]), public.send('visitor-old', array[public.view(4950)]);
truncate vibe_private.dirty_days;
select public.send('visitor-old', array[public.view(4975)]);
select count(distinct day) between 1 and 2 as is_marked from vibe_private.dirty_days;
select count(*) from public.strays;

-- Four hundred moments of three visitors in six days, sent in any order, alone and in batches.
select setseed(0.25);
create table public.moments as
select n, 'random-' || n % 3 as visitor, round((9000 * random())::numeric, 2) as minutes_ago, random() as arrival, (random() * 90)::int as batch
from generate_series(1, 400) as n;
select sum(accepted::int) from (
    select public.send(visitor, array_agg(public.view(minutes_ago) order by arrival)) as accepted
    from public.moments group by visitor, batch order by min(arrival) desc
) as s;
select sum(accepted::int) from (
    select public.send(visitor, array[public.view(minutes_ago + 0.1)]) as accepted from (select * from public.moments order by arrival) as m
) as s;
with stored as (
    select e.user_id, e.occurred_at, e.session_id from vibe.user_events as e
    join vibe.site_users as u using (site_id, user_id) where u.anonymous_id like 'random-%'
),
cut as (
    select s.*, coalesce(s.occurred_at - lag(s.occurred_at) over w > interval '30 minutes', true) as begins
    from stored as s window w as (partition by s.user_id order by s.occurred_at, s.session_id)
),
island as (
    select c.*, count(*) filter (where c.begins) over (partition by c.user_id order by c.occurred_at, c.session_id) as number from cut as c
),
expected as (
    select user_id, min(occurred_at) as started_at, max(occurred_at) as last_seen_at, count(*) as page_views, count(distinct session_id) as ids
    from island group by user_id, number
)
select
    (select count(*) > 100 from expected) as are_many,
    (select max(last_seen_at - started_at) < interval '24 hours' from expected) as are_short,
    (select max(ids) from expected) as ids_of_a_visit,
    (select count(*) from (
        (select user_id, started_at, last_seen_at, page_views::int from expected
         except select user_id, started_at, last_seen_at, page_views from vibe.site_sessions)
        union all
        (select s.user_id, s.started_at, s.last_seen_at, s.page_views from vibe.site_sessions as s
         join vibe.site_users as u using (site_id, user_id) where u.anonymous_id like 'random-%'
         except select user_id, started_at, last_seen_at, page_views::int from expected)
    ) as d) as differences;
select count(*) from public.strays;

-- Who signs in is shown so at once, in every browser, also if the word of it is late and of an earlier visit.
create function public.sign_in(minutes_ago numeric, id text, traits jsonb default '{}') returns jsonb
language sql as $$
    select jsonb_build_object('type', 'identify', 'time', 1700000000000 - (minutes_ago * 60000)::bigint, 'id', gen_random_uuid(),
        'user_id', id, 'traits', traits)
$$;
create view public.online as
select u.anonymous_id as visitor, p.anonymous_id as person, o.name, o.external_id
from vibe.online_users as o join vibe.site_users as u using (site_id, user_id)
join vibe.site_users as p on p.site_id = o.site_id and p.user_id = o.person_id
where u.anonymous_id like 'browser-%' order by 1;
select public.send('browser-one', array[public.view(0)]), public.send('browser-two', array[public.view(0)]);
select public.send('browser-one', array[public.sign_in(120, 'ana')]);
select * from public.online;
select public.send('browser-two', array[public.sign_in(120, 'ana')]);
select * from public.online;
select public.send('browser-one', array[public.sign_in(0, 'ana', '{"name": "Ana"}')]);
select * from public.online;
select vibe.undo_merge('shop', user_id) from vibe.site_users where anonymous_id = 'browser-two';
select * from public.online;
