-- Clock, sessions and identity at their exact borders. All items of one request have the same receipt, so differences between
-- them are exact to the millisecond. What is expected stands beside each case; the tables end up empty where all are met.
\pset format unaligned
set timezone = 'UTC';
select vibe.create_site('shop', time_zone => 'America/Sao_Paulo') as shop, vibe.create_site('twin') as twin \gset
update vibe.sites set key = name || '-key';
create function public.send(visitor text, items jsonb, sent_at bigint default 1700000000000, site text default 'shop') returns jsonb
language sql as $$
    select i.body - 'errors' from vibe_private.ingest(array[jsonb_build_object(
        'site', site || '-key', 'visitor', visitor, 'sent_at', sent_at, 'items', items)::text], null) as i
$$;

-- The clock: received - (sent_at - time), held to [received - 7 days, received + 60 s], whatever the visitor's clock says.
create table public.clocks (name text, sent_at bigint);
insert into public.clocks values
    ('1970', 700000000), ('right', 1700000000000), ('in 2096', 4000000000000), ('in 5138', 99999999939998);
create table public.skews (said_ms bigint, stored_ms bigint);
insert into public.skews values
    (0, 0), (1, 1), (999, 999), (1000, 1000), (3600000, 3600000), (604799999, 604799999), (604800000, 604800000), (604800001, 604800000),
    (691200000, 604800000), (-1, -1), (-59999, -59999), (-60000, -60000), (-60001, -60000);
select c.name, public.send('clock-' || c.name, (
    select jsonb_agg(jsonb_build_object('type', 'event', 'id', gen_random_uuid(), 'time', c.sent_at - s.said_ms, 'name', s.said_ms::text) order by s.said_ms)
    from public.skews as s), c.sent_at)
from (select replace(name, ' ', '-') as name, sent_at from public.clocks) as c order by c.sent_at;
select count(*) as events, count(*) filter (where received_at - occurred_at = s.stored_ms * interval '1 millisecond') as as_the_rule_says
from vibe.user_events as e join public.skews as s on e.event_name = s.said_ms::text;

-- Sessions: milliseconds of the items of one visitor, and of each the number of its visit.
create table public.lines (name text, ms bigint[], visits int[]);
insert into public.lines values
    ('30 minutes', '{0, 1800000}', '{1, 1}'),
    ('30 minutes and 1 ms', '{0, 1800001}', '{1, 2}'),
    ('twice 30 minutes', '{0, 1800000, 3600000}', '{1, 1, 1}'),
    ('a pause between two visits', '{0, 60000, 1860001, 1920001}', '{1, 1, 2, 2}'),
    ('in no order', '{3600000, 0, 1800000}', '{1, 1, 1}'),
    ('at the same time', '{5, 5, 5}', '{1, 1, 1}'),
    -- Every 25 minutes; 24 hours after the first a new one begins, at 24:00:00.000 and not at 23:59:59.999.
    ('24 hours less 1 ms', array(select generate_series(0, 84000000, 1500000)) || '{85400000, 86399999}', array_fill(1, array[59])),
    ('24 hours', array(select generate_series(0, 84000000, 1500000)) || '{85400000, 86400000}', array_fill(1, array[58]) || 2),
    -- Every 30 minutes for 49 hours: three visits, of 24, 24 and 1 hours.
    ('49 hours', array(select generate_series(0, 176400000, 1800000)), array_fill(1, array[48]) || array_fill(2, array[48]) || array_fill(3, array[3])),
    -- A new 24 hours begin with the visit, not with the day: 23.5 hours hold a midnight of every zone.
    ('over midnight', array(select generate_series(0, 84600000, 1800000)), array_fill(1, array[48]));
create function public.visits_of(line text) returns int[] language sql as $$
    select array_agg(v.visit order by v.place) from (
        select e.event_name::int as place, dense_rank() over (order by s.started_at) as visit
        from vibe.user_events as e join vibe.site_sessions as s using (site_id, session_id)
        join vibe.site_users as u on (u.site_id, u.user_id) = (e.site_id, e.user_id) where u.anonymous_id = visits_of.line
    ) as v
$$;
-- All items in one request.
select count(public.send('once-' || md5(l.name), (
    select jsonb_agg(jsonb_build_object('type', 'event', 'id', gen_random_uuid(), 'time', 1500000000000 + m.ms, 'name', m.place::text) order by m.place)
    from unnest(l.ms) with ordinality as m (ms, place)), 1500200000000)) as lines
from public.lines as l;
select l.name, l.visits, public.visits_of('once-' || md5(l.name)) from public.lines as l where public.visits_of('once-' || md5(l.name)) is distinct from l.visits;
-- Each in a request of its own, in the order given. Requests are milliseconds apart, so these keep away from the borders.
truncate public.lines;
insert into public.lines values
    ('29:50', '{0, 1790000}', '{1, 1}'), ('30:10', '{0, 1810000}', '{1, 2}'), ('29:50, backwards', '{1790000, 0}', '{1, 1}'),
    ('30:10, backwards', '{1810000, 0}', '{2, 1}'), ('the same item''s time again', '{5, 5, 5}', '{1, 1, 1}'),
    ('23:59', array(select generate_series(0, 84000000, 1500000)) || '{85400000, 86340000}', array_fill(1, array[59])),
    -- What comes late may move a visit's beginning back, but not make it longer than 24 hours.
    ('late, 23:59', array(select generate_series(1500000, 84000000, 1500000)) || '{85400000, 86340000, 0}', array_fill(1, array[59])),
    ('late, 24:10', array(select generate_series(1500000, 84000000, 1500000)) || '{85400000, 87000000, 0}', array_fill(2, array[58]) || 1),
    ('late, twice', array(select generate_series(1500000, 84000000, 1500000)) || '{85400000, 87000000, 0, -1500000}', array_fill(2, array[58]) || '{1, 1}'),
    ('24:01', array(select generate_series(0, 84000000, 1500000)) || '{85400000, 86460000}', array_fill(1, array[58]) || 2);
do $$
declare
    line record;
begin
    for line in select l.name, m.ms, m.place from public.lines as l, unnest(l.ms) with ordinality as m (ms, place) order by 1, 3 loop
        perform public.send('each-' || md5(line.name), jsonb_build_array(jsonb_build_object(
            'type', 'event', 'id', gen_random_uuid(), 'time', 1500000000000 + line.ms, 'name', line.place::text)), 1500200000000);
    end loop;
end
$$;
select l.name, l.visits, public.visits_of('each-' || md5(l.name)) from public.lines as l where public.visits_of('each-' || md5(l.name)) is distinct from l.visits;
-- A heartbeat keeps a visit alive as an event does, and is none.
select public.send('heart-beater', '[{"type": "event", "id": "00000000-0000-0000-0000-000000000001", "time": 1500000000000, "name": "1"},
    {"type": "heartbeat", "time": 1500001800000}, {"type": "event", "id": "00000000-0000-0000-0000-000000000002", "time": 1500003600000, "name": "2"}]', 1500200000000);
select public.visits_of('heart-beater'), s.page_views, s.events, s.last_seen_at - s.started_at as lasted
from vibe.site_sessions as s join vibe.site_users as u using (site_id, user_id) where u.anonymous_id = 'heart-beater';
-- Every session of all these: at most 24 hours, events within it, counters as counted.
select count(*) filter (where s.last_seen_at - s.started_at > interval '24 hours') as too_long,
    count(*) filter (where s.events <> (select count(*) from vibe.user_events as e where e.site_id = s.site_id and e.session_id = s.session_id
        and e.occurred_at between s.started_at and s.last_seen_at)) as miscounted
from vibe.site_sessions as s;

-- Identity: each step says who claims which id, and what the visitor is then: itself (bearer) or merged into whom.
create table public.claims (step int, visitor text, claim text, external_id text, merged_into text, merges int, warnings int);
insert into public.claims values
    (1, 'browser-one', 'ana', 'ana', null, 0, 0),               -- the first bears the id
    (2, 'browser-one', 'ana', 'ana', null, 0, 0),               -- again: nothing new
    (3, 'browser-two', 'ana', null, 'browser-one', 1, 0),       -- a second browser of the same person
    (4, 'browser-two', 'ana', null, 'browser-one', 1, 0),       -- again: no second merge
    (5, 'browser-two', 'bob', null, 'browser-one', 1, 1),       -- known into known is refused
    (6, 'browser-one', 'bob', 'ana', null, 0, 1),               -- the bearer too
    (7, 'browser-six', 'Ana', 'Ana', null, 0, 0),               -- letters count
    (8, 'browser-ten', 'bob', 'bob', null, 0, 0),               -- a refused id was given to nobody
    (9, 'browser-one', 'Ana', 'ana', null, 0, 2),               -- known into known, both bearers
    (10, 'browser-xii', 'bob', null, 'browser-ten', 1, 0);
create view public.standing as
select u.anonymous_id as visitor, u.external_id, k.anonymous_id as merged_into,
    (select count(*)::int from vibe.user_merges as m where m.site_id = u.site_id and m.user_id = u.user_id) as merges,
    (select count(*)::int from vibe.identity_warnings as w where w.site_id = u.site_id and w.user_id = u.user_id) as warnings, u.site_id
from vibe.site_users as u left join vibe.site_users as k on k.site_id = u.site_id and k.user_id = u.merged_into;
do $$
declare
    c public.claims;
    is_so record;
begin
    for c in select * from public.claims order by step loop
        perform public.send(c.visitor, jsonb_build_array(jsonb_build_object(
            'type', 'identify', 'id', gen_random_uuid(), 'time', 1700000000000, 'user_id', c.claim)));
        select s.external_id, s.merged_into, s.merges, s.warnings into is_so from public.standing as s where s.visitor = c.visitor;
        if (is_so.external_id, is_so.merged_into, is_so.merges, is_so.warnings)
            is distinct from (c.external_id, c.merged_into, c.merges, c.warnings) then
            raise warning 'step % came to %', c.step, is_so;
        end if;
    end loop;
end
$$;
-- The same id on another site is another person.
select public.send('browser-one', '[{"type": "identify", "id": "00000000-0000-0000-0000-0000000000aa", "time": 1700000000000, "user_id": "ana"}]', site => 'twin');
select count(*) as bearers_of_ana from vibe.site_users where external_id = 'ana';
-- What was done before and after the merge is the person's; the visitor's own id stays beside it, and undoing gives it back.
select public.send('browser-two', '[{"type": "event", "id": "00000000-0000-0000-0000-0000000000bb", "time": 1699990000000, "name": "before"},
    {"type": "event", "id": "00000000-0000-0000-0000-0000000000cc", "time": 1700000000000, "name": "after"}]');
create view public.doers as
select e.event_name, p.anonymous_id as person, v.anonymous_id as visitor from vibe.events as e
join vibe.site_users as p on (p.site_id, p.user_id) = (e.site_id, e.user_id) join vibe.site_users as v on (v.site_id, v.user_id) = (e.site_id, e.visitor_id)
where e.event_name in ('before', 'after');
select * from public.doers order by 1;
select vibe.undo_merge('shop', user_id) from vibe.site_users where site_id = :shop and anonymous_id = 'browser-two';
select * from public.doers order by 1;
-- Then it may become somebody else; the history keeps both.
select public.send('browser-two', '[{"type": "identify", "id": "00000000-0000-0000-0000-0000000000dd", "time": 1700000000000, "user_id": "bob"}]');
select external_id, merged_into, merges, warnings from public.standing where visitor = 'browser-two';
select v.anonymous_id, k.anonymous_id as merged_into, m.undone_at is not null as undone from vibe.user_merges as m
join vibe.site_users as v using (site_id, user_id) join vibe.site_users as k on (k.site_id, k.user_id) = (m.site_id, m.into_user_id) order by m.merge_id;
-- Whoever is merged stays one step away from the person, and nobody known is merged.
select count(*) from vibe.site_users as u join vibe.site_users as k on k.user_id = u.merged_into where k.merged_into is not null or u.external_id is not null;
select claimed_id, external_id, count(*) from vibe.identity_warnings group by 1, 2 order by 1, 2;
