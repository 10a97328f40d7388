-- Ingest, sessions, identity, the online list and partitions. Items say how many minutes ago they happened; what is
-- expected follows from the rules: 30 minutes of silence or 24 hours end a session, an id counts once in 8 days.
\pset format unaligned
\set SHOW_CONTEXT never
set timezone = 'UTC';
set datestyle = 'ISO';
select vibe.create_site('shop', time_zone => 'America/Sao_Paulo') as shop, vibe.create_site('other') as other \gset
update vibe.sites set key = name || '-key';
create function public.item(type text, minutes_ago numeric, id int default null, more jsonb default '{}') returns jsonb
language sql as $$
    select jsonb_build_object(
        'type', type, 'time', 1700000000000 - (minutes_ago * 60000)::bigint,
        'id', lpad(coalesce(id, (random() * 1e9)::int + 1000)::text, 32, '0')::uuid, 'url', 'https://shop.example/?q=1'
    ) || more
$$;
create function public.send(visitor text, variadic items jsonb[]) returns jsonb
language sql as $$
    select i.body from vibe_private.ingest(
        array[jsonb_build_object('site', 'shop-key', 'visitor', visitor, 'sent_at', 1700000000000, 'items', items)::text],
        array['{"user_agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36"}'::jsonb]
    ) as i
$$;
create view public.visits as
select u.anonymous_id as visitor, row_number() over (partition by s.user_id order by s.started_at) as visit,
    round(extract(epoch from now() - s.started_at) / 60) as began, round(extract(epoch from now() - s.last_seen_at) / 60) as ended,
    s.page_views, s.events, s.entry_page, s.exit_page
from vibe.site_sessions as s join vibe.site_users as u using (site_id, user_id);

-- A wrong name is an error also while nobody is online.
select * from vibe.get_online_users('nowhere');
select vibe.count_online_users('nowhere');

-- One visit: a page view, an event, a heartbeat.
select public.send('visitor-one', public.item('page_view', 3, 1, '{"url": "https://shop.example/a?x#y", "referrer": "https://find.example/", "title": "A"}'),
    public.item('event', 2, 2, '{"name": "add_to_cart", "properties": {"sku": 7}}'),
    public.item('heartbeat', 1), public.item('page_view', 0, 3, '{"url": "https://shop.example"}'));
select * from public.visits;
select event_name, page, query, referrer, title, properties, is_bot, received_at >= occurred_at as past from vibe.user_events order by occurred_at;
select site_id = :shop as shop, name, current_page, referrer, device, browser, session_seconds, page_views, events from vibe.get_online_users();
select vibe.count_online_users() as all_sites, vibe.count_online_users('shop') as shop, vibe.count_online_users('other') as other, vibe.count_online_users('shop', '0', '0') as none;
select table_name, kind, count(*), sum(jsonb_array_length(records)) from vibe_private.changes where table_name in ('site_users', 'site_sessions', 'user_events') group by 1, 2 order by 1, 2;

-- Repeats: in the same request, in a later one whatever its time says, but not on another site.
select public.send('visitor-one', public.item('event', 1, 2, '{"name": "add_to_cart"}'), public.item('event', 0, 4, '{"name": "x"}'), public.item('event', 0, 4, '{"name": "x"}'));
select status, body - 'errors' as body from vibe_private.ingest(array['{"site": "other-key", "visitor": "visitor-one", "sent_at": 5, "items": [{"type": "event", "id": "00000000-0000-0000-0000-000000000002", "time": 5, "name": "x"}]}'], null);
select site_id = :shop as shop, event_name, count(*) from vibe.user_events group by 1, 2 order by 1, 2;

-- Sessions: items of one request may span several; late ones find theirs; the later request goes on with the last.
select public.send('visitor-two', public.item('page_view', 200), public.item('page_view', 171), public.item('heartbeat', 142), public.item('page_view', 111), public.item('event', 5, null, '{"name": "e"}'));
select * from public.visits where visitor = 'visitor-two' order by visit;
select public.send('visitor-two', public.item('page_view', 0), public.item('page_view', 120), public.item('page_view', 190), public.item('page_view', 1000));
select * from public.visits where visitor = 'visitor-two' order by visit;
-- An item from before a visit, within 30 minutes, moves its beginning.
select public.send('visitor-two', public.item('page_view', 1010, null, '{"url": "https://shop.example/early"}'));
select * from public.visits where visitor = 'visitor-two' and visit = 1;
-- Twenty-four hours end a session that never falls silent: 25.0 hours of a beat every 20 minutes.
select count(*) from (select public.send('visitor-day', public.item('page_view', m)) from generate_series(1500, 0, -20) as m) as s;
select * from public.visits where visitor = 'visitor-day' order by visit;
-- The same in one request of 76 items cuts at the same place.
select public.send('visitor-dax', variadic array(select public.item('page_view', m) from generate_series(1500, 0, -20) as m)) - 'errors';
select * from public.visits where visitor = 'visitor-dax' order by visit;

-- The clock: the server's, corrected by the difference of the visitor's two readings, held to a week back and a minute ahead.
select public.send('visitor-clk', public.item('event', 60 * 24 * 30, null, '{"name": "ancient"}'), public.item('event', -60, null, '{"name": "future"}'));
select event_name, round(extract(epoch from received_at - occurred_at)) as seconds from vibe.user_events where event_name in ('ancient', 'future') order by 1;
-- Days that are over and got events are to be counted again; today is not. Sao Paulo is three hours behind UTC.
select array(select distinct day from vibe_private.dirty_days where site_id = :shop order by 1) = array(
    select distinct (occurred_at at time zone 'America/Sao_Paulo')::date from vibe.user_events
    where site_id = :shop and (occurred_at at time zone 'America/Sao_Paulo')::date < (now() at time zone 'America/Sao_Paulo')::date
    order by 1
) as "past days with events";

-- Identity. The first identify makes a visitor known.
select public.send('browser-a', public.item('page_view', 9));
select public.send('browser-a', public.item('identify', 8, 50, '{"user_id": "u1", "traits": {"name": "Una", "email": "una@example.com", "plan": "pro"}}'));
select external_id, name, email, traits, merged_into, verified_fields from vibe.site_users where anonymous_id = 'browser-a';
-- The same id on another browser: one person.
select public.send('browser-b', public.item('page_view', 7), public.item('identify', 6, 51, '{"user_id": "u1", "traits": {"plan": "max"}}'), public.item('page_view', 5));
select v.anonymous_id, v.external_id, k.anonymous_id as merged_into, k.traits from vibe.site_users as v join vibe.site_users as k on k.user_id = v.merged_into order by 1;
select public.send('browser-a', public.item('heartbeat', 0)), public.send('browser-b', public.item('heartbeat', 0));
select count(distinct o.user_id) as people, count(*) as rows, min(o.name), max(o.name) from vibe.get_online_users('shop') as o where o.external_id = 'u1';
select count(distinct user_id) from vibe.user_events join vibe.site_users using (site_id, user_id) where anonymous_id like 'browser-%';
-- Known into known is refused and noted, for the bearer and for the merged browser; the trait does not arrive.
select public.send('browser-a', public.item('identify', 4, 52, '{"user_id": "u2", "traits": {"name": "Eve"}}'));
select public.send('browser-b', public.item('identify', 4, 53, '{"user_id": "u3"}'), public.item('identify', 3, 54, '{"user_id": "u1", "traits": {"name": "Una B"}}'));
select v.anonymous_id, w.external_id, w.claimed_id, w.event_id from vibe.identity_warnings as w join vibe.site_users as v using (site_id, user_id) order by w.event_id;
select external_id, name, email, traits from vibe.site_users where external_id is not null order by 1;
-- Several claims in one request: the first in time counts.
select public.send('browser-c', public.item('identify', 1, 55, '{"user_id": "late"}'), public.item('identify', 2, 56, '{"user_id": "early"}'));
select external_id from vibe.site_users where anonymous_id = 'browser-c';
-- Two visitors claim the same unknown id in one transaction: the first bears it, the other is merged.
select count(*) from vibe_private.ingest(array(
    select jsonb_build_object('site', 'shop-key', 'visitor', 'twin-' || n || '-x', 'sent_at', 1700000000000,
        'items', jsonb_build_array(public.item('identify', n, 56 + n, '{"user_id": "twin"}')))::text from generate_series(1, 2) as n), null);
select v.anonymous_id, v.external_id, k.anonymous_id as merged_into from vibe.site_users as v left join vibe.site_users as k on k.user_id = v.merged_into where v.anonymous_id like 'twin-%' order by 1;
-- What staff wrote stays; what they did not write is learnt.
update vibe.site_users set name = 'Una Staff', traits = traits || '{"plan": "gold"}' where external_id = 'u1';
select public.send('browser-a', public.item('identify', 1, 59, '{"user_id": "u1", "traits": {"name": "Mallory", "plan": "free", "shoe": 44}}'));
select name, email, traits, verified_fields from vibe.site_users where external_id = 'u1';
select distinct name from vibe.get_online_users('shop') where external_id = 'u1';
-- A merge can be undone.
select vibe.undo_merge('shop', user_id) from vibe.site_users where anonymous_id = 'browser-b';
select vibe.undo_merge('shop', user_id) from vibe.site_users where anonymous_id = 'browser-b';
select merged_into is null as alone, (select count(*) from vibe.user_merges where undone_at is not null) as undone from vibe.site_users where anonymous_id = 'browser-b';

-- Programs are flagged, and are not online.
select a.agent, c.* from unnest(array[
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.0 Mobile/15E148 Safari/604.1',
    'Mozilla/5.0 (iPad; CPU OS 16_0 like Mac OS X) AppleWebKit/605.1.15 CriOS/120.0 Mobile/15E148 Safari/604.1',
    'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36',
    'Mozilla/5.0 (Linux; Android 13; SM-X700) AppleWebKit/537.36 SamsungBrowser/23.0 Chrome/115.0 Safari/537.36',
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36 Edg/120.0',
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 14.1; rv:120.0) Gecko/20100101 Firefox/120.0',
    'Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/119.0 Safari/537.36 OPR/105.0',
    'Mozilla/5.0 (X11; CrOS x86_64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36',
    'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/120.0 Safari/537.36',
    'curl/8.0', 'Cubot phone browser', '', null]) with ordinality as a (agent, place), vibe_private.user_agent_class(a.agent) as c order by a.place;
-- Bots: one clear sign, or two weak ones; a request whose headers nobody looked at shows none.
select a.client, b.reasons, vibe_private.is_bot(b.reasons)
from unnest(array[
    '{"user_agent": "Mozilla/5.0 (compatible; Googlebot/2.1)", "accept_language": null, "sec_fetch_mode": null}',
    '{"user_agent": "Mozilla/5.0 HeadlessChrome/120.0", "accept_language": "en", "sec_fetch_mode": "cors"}',
    '{"user_agent": "curl/8.0"}', '{"user_agent": "Cubot phone browser"}', '{}', null,
    '{"user_agent": "Mozilla/5.0 Chrome/120.0", "accept_language": null, "sec_fetch_mode": null}',
    '{"user_agent": null, "accept_language": "pt-BR", "sec_fetch_mode": "cors"}', '{"user_agent": null, "accept_language": null}'
]::jsonb[]) with ordinality as a (client, place)
cross join lateral (select vibe_private.bot_reasons(a.client)) as b (reasons)
order by a.place;
-- Where visits come from: address and referrer of the first page.
select a.url, a.referrer, t.referrer_domain, t.channel, t.utm_source, t.utm_medium, t.utm_campaign, t.click_ids
from (values
    (1, 'https://shop.example/', null),
    (2, 'https://shop.example/', 'https://www.shop.example/before'),
    (3, 'https://shop.example/', 'https://www.google.com.br/'),
    (4, 'https://shop.example/?utm_source=Google&utm_medium=cpc&utm_campaign=natal%20feliz%C3%A3+x&gclid=abc', 'https://www.google.com/'),
    (5, 'https://shop.example/?msclkid=1', null),
    (6, 'https://shop.example/?fbclid=x', 'https://l.facebook.com/'),
    (7, 'https://shop.example/?UTM_MEDIUM=paid&utm_source=instagram', null),
    (8, 'https://shop.example/?utm_source=x.com&utm_medium=banner', null),
    (9, 'https://shop.example/?utm_source=newsletter', null),
    (10, 'https://shop.example/', 'https://mail.google.com/mail/u/0'),
    (11, 'https://shop.example/', 'https://chatgpt.com/'),
    (12, 'https://shop.example/', 'https://m.youtube.com/watch?v=1'),
    (13, 'https://shop.example/', 'https://blog.example:8443/post?x#y'),
    (14, 'https://shop.example/?utm_source=partner&utm_medium=affiliate', null),
    (15, 'https://shop.example/?utm_source=app&utm_medium=web_push', null),
    (16, 'https://shop.example/?utm_source=google&utm_medium=cpc&utm_campaign=summer-shop', null),
    (17, 'https://shop.example/?utm_source=somewhere', null),
    (18, 'https://shop.example/?utm_source=%ff%00&utm_medium=%zz%&&=&utm_campaign=&utm_source=second', null),
    (19, 'https://shop.example/#?utm_source=fragment', 'no address'),
    (20, null, null)
) as a (place, url, referrer)
cross join lateral vibe_private.traffic_source(a.url, a.referrer) as t
order by a.place;
select status, body - 'errors' as body from vibe_private.ingest(
    array['{"site": "shop-key", "visitor": "robot-one", "sent_at": 5, "items": [{"type": "page_view", "id": "00000000-0000-0000-0000-000000000099", "time": 5, "url": "https://shop.example/"}, {"type": "heartbeat", "time": 5}]}'],
    array['{"user_agent": "Googlebot/2.1"}'::jsonb]);
select s.is_bot, s.bot_reasons, e.is_bot, (select count(*) from vibe.online_users as o where o.user_id = s.user_id) as online
from vibe.site_sessions as s join vibe.user_events as e using (site_id, session_id) where s.user_agent = 'Googlebot/2.1';

-- Bad items: each has its reason, the others are stored.
select body - 'errors' as body, e ->> 'index' as index, e ->> 'field' as field, e ->> 'value' as value, e ->> 'reason' as reason
from vibe_private.ingest(array[jsonb_build_object('site', 'shop-key', 'visitor', 'visitor-bad', 'sent_at', 1700000000000, 'items', array[
    '5', '{}', '{"type": "dance"}', '{"type": "heartbeat"}', '{"type": "heartbeat", "time": "5"}', '{"type": "heartbeat", "time": 1.5}',
    '{"type": "heartbeat", "time": 1e300}', '{"type": "heartbeat", "time": -1}', '{"type": "heartbeat", "time": 5}',
    '{"type": "event", "time": 5, "name": "x"}', '{"type": "event", "time": 5, "name": "x", "id": "7"}',
    public.item('page_view', 0, null, '{"url": null}'), public.item('page_view', 0, null, '{"url": "javascript:alert(1)"}'),
    public.item('page_view', 0, null, '{"url": "https:///path"}'),
    public.item('page_view', 0, null, jsonb_build_object('url', 'https://a.example/' || repeat('x', 4096))),
    public.item('page_view', 0, null, '{"referrer": 5}'), public.item('page_view', 0, null, jsonb_build_object('title', repeat('x', 1001))),
    public.item('event', 0), public.item('event', 0, null, '{"name": ""}'), public.item('event', 0, null, '{"name": " x"}'),
    public.item('event', 0, null, '{"name": "page_view"}'), public.item('event', 0, null, jsonb_build_object('name', repeat('é', 101))),
    public.item('event', 0, null, jsonb_build_object('name', repeat('é', 100))),
    public.item('event', 0, null, '{"name": "x", "properties": [1]}'),
    public.item('event', 0, null, jsonb_build_object('name', 'x', 'properties', jsonb_build_object('a', repeat('x', 8192)))),
    public.item('event', 0, null, '{"name": "x", "properties": {"1": {"2": {"3": {"4": {"5": 6}}}}}}'),
    public.item('event', 0, null, '{"name": "x", "properties": {"1": {"2": {"3": {"4": {"5": {}}}}}}}'),
    public.item('event', 0, null, '{"name": "x", "properties": {"1": [[[[[6]]]]]}}'),
    public.item('identify', 0), public.item('identify', 0, null, '{"user_id": 5}'), public.item('identify', 0, null, '{"user_id": "Undefined"}'),
    public.item('identify', 0, null, '{"user_id": "ok", "traits": "x"}')
]::jsonb[])::text], null) as i left join lateral jsonb_array_elements(i.body -> 'errors') as e on true order by (e ->> 'index')::int;
select event_name = repeat('é', 100) as long, properties from vibe.user_events join vibe.site_users using (site_id, user_id) where anonymous_id = 'visitor-bad' order by 1, 2;

-- Bad envelopes: each alone, in a batch whose good ones are stored.
update vibe.sites set allowed_origins = '{https://other.example}' where name = 'other';
select i.ord, i.status, i.body ->> 'code' as code, coalesce(i.body ->> 'message', 'accepted ' || (i.body ->> 'accepted')) as says, i.body ->> 'details' as details
from vibe_private.ingest(array[
    '{"site": "shop-key", "visitor": "batch-one", "sent_at": 5, "items": [{"type": "heartbeat", "time": 5}]}',
    '{"site": "shop-key", "visitor": "batch-\u0000", "sent_at": 5, "items": [{"type": "heartbeat", "time": 5}]}',
    'not json', '', null, '5', '[]', 'null', '{}', '{"site": 5}', '{"site": "no-such-key"}',
    '{"site": "shop-key"}', '{"site": "shop-key", "visitor": "short"}', '{"site": "shop-key", "visitor": "with space"}',
    '{"site": "shop-key", "visitor": "batch-two"}', '{"site": "shop-key", "visitor": "batch-two", "sent_at": 1e999999}',
    '{"site": "shop-key", "visitor": "batch-two", "sent_at": 5}', '{"site": "shop-key", "visitor": "batch-two", "sent_at": 5, "items": []}',
    '{"site": "shop-key", "visitor": "batch-two", "sent_at": 5, "items": [' || repeat('5,', 500) || '5]}',
    '{"site": "shop-key", "visitor": "batch-two", "sent_at": 5, "items": [' || repeat('{},', 400000) || '5]}',
    repeat('[', 100000) || repeat(']', 100000),
    '{"site": "other-key", "visitor": "batch-two", "sent_at": 5, "items": [{"type": "heartbeat", "time": 5}]}',
    '{"site": "other-key", "visitor": "batch-two", "sent_at": 5, "items": [{"type": "heartbeat", "time": 5}]}',
    '{"site": "shop-key", "visitor": "batch-three", "sent_at": 5, "items": [{"type": "heartbeat", "time": 5}]}'
], array_fill('{"origin": "https://evil.example"}'::jsonb, array[22]) || array['{"origin": "https://other.example"}'::jsonb, null]) as i order by i.ord;
select * from vibe_private.ingest('{}', '{}');
-- A rule of the tables that the checks do not know breaks one envelope, not the batch.
alter table vibe.user_events add constraint test_rule check (event_name <> 'forbidden');
select i.ord, i.status, regexp_replace((i.body - 'errors')::text, 'user_events_\w+', 'month') as body from vibe_private.ingest(array(
    select jsonb_build_object('site', 'shop-key', 'visitor', 'fallback-' || n, 'sent_at', 5, 'items', jsonb_build_array(
        jsonb_build_object('type', 'event', 'id', gen_random_uuid(), 'time', 5, 'name', n)))::text
    from unnest(array['fine', 'forbidden', 'good']) as n), null) as i order by i.ord;
select anonymous_id from vibe.site_users where anonymous_id like 'fallback-%' order by 1;
alter table vibe.user_events drop constraint test_rule;

-- vibe.track: the door for pages that call through REST.
set session authorization vibe_server;
set role vibe_anon;
set vibe.client = '{"address": "192.0.2.7", "user_agent": "Googlebot/2.1", "origin": "https://other.example"}';
select vibe.track('{"site": "other-key", "visitor": "track-one", "sent_at": 5, "items": [{"type": "event", "id": "00000000-0000-0000-0000-0000000000aa", "time": 5, "name": "tracked"}, 5]}');
set vibe.client = '{"address": "192.0.2.7", "origin": "https://evil.example"}';
select vibe.track('{"site": "other-key", "visitor": "track-one", "sent_at": 5, "items": [{"type": "heartbeat", "time": 5}]}');
\echo :LAST_ERROR_SQLSTATE
select vibe.track('{"site": "no-such-key"}');
\echo :LAST_ERROR_SQLSTATE
select vibe.track('[]');
select count(*) from vibe.user_events;
reset session authorization;
select is_bot from vibe.user_events where event_name = 'tracked';
update vibe_private.attempts set attempts = 600 where kind = 'track from address';
set session authorization vibe_server;
set role vibe_anon;
select vibe.track('{"site": "shop-key", "visitor": "track-one", "sent_at": 5, "items": [{"type": "heartbeat", "time": 5}]}');
\echo :LAST_ERROR_SQLSTATE
reset session authorization;

-- Who is online: 90 s of silence where there are heartbeats, else 5 min; both can be told.
truncate vibe.online_users;
insert into vibe.online_users (site_id, user_id, session_id, person_id, started_at, last_seen_at, has_heartbeat, current_page)
select site_id, user_id, 1, user_id, now() - interval '1 hour', now() - x.silence, x.beats, x.page
from (select site_id, user_id, row_number() over (order by user_id) as n from vibe.site_users where site_id = :shop) as u
join (values (1, interval '89 s', true, '/beats 89 s'), (2, '91 s', true, '/beats 91 s'), (3, '299 s', false, '/silent 299 s'), (4, '301 s', false, '/silent 301 s')) as x (n, silence, beats, page) using (n);
select current_page from vibe.get_online_users();
select current_page from vibe.get_online_users('shop', '2 minutes', '1 minute');
select count(*) from vibe.get_online_users('other');
select * from vibe.get_online_users('nowhere');

-- Direct writes by people: only to their sites, only by members, only to columns of theirs.
select vibe.create_user('member@example.com', 'correct horse') is not null, vibe.create_user('viewer@example.com', 'correct horse') is not null;
select vibe.add_member('shop', 'member@example.com', 'member'), vibe.add_member('shop', 'viewer@example.com', 'viewer');
insert into vibe_private.sessions (user_id, expires_at) select user_id, now() + interval '1 hour' from vibe_private.users;
create table public.claims as
select split_part(u.email, '@', 1) as name, vibe_private.session_claims(s.session_id, 60) as claims
from vibe_private.sessions as s join vibe_private.users as u using (user_id);
grant select on public.claims to public;
insert into vibe.site_users (site_id, anonymous_id, name) values (:other, 'other-user', 'Otto');
set session authorization vibe_server;
set role vibe_member;
select set_config('request.jwt.claims', claims::text, false) is not null as member from public.claims where name = 'member';
insert into vibe.site_users (site_id, anonymous_id, name, first_seen_at, last_seen_at) values (:shop, 'by-hand', 'Hanna', now() - interval '1 day', now() - interval '1 day');
insert into vibe.site_sessions (site_id, user_id, started_at, last_seen_at) select :shop, user_id, now() - interval '10 minutes', now() - interval '10 minutes' from vibe.site_users where anonymous_id = 'by-hand';
insert into vibe.user_events (site_id, user_id, session_id, event_name, page)
select s.site_id, s.user_id, s.session_id, e.name, '/hand' from vibe.site_sessions as s join vibe.site_users as u using (site_id, user_id), unnest(array['page_view', 'page_view', 'call']) as e (name) where u.anonymous_id = 'by-hand';
-- update_user_activity: the session counts and moves on, the user is seen.
select s.page_views, s.events, s.last_seen_at > now() - interval '1 minute' as moved, u.last_seen_at > now() - interval '1 minute' as seen, u.verified_fields
from vibe.site_sessions as s join vibe.site_users as u using (site_id, user_id) where u.anonymous_id = 'by-hand';
update vibe.site_users set email = 'hanna@example.com' where anonymous_id = 'by-hand' returning verified_fields;
insert into vibe.site_users (site_id, anonymous_id) values (:other, 'intruder');
insert into vibe.user_events (site_id, user_id, event_name) values (:other, 1, 'intruder');
update vibe.site_users set name = 'taken' where anonymous_id = 'other-user';
update vibe.site_users set site_id = :other where anonymous_id = 'by-hand';
update vibe.site_users set merged_into = 1 where anonymous_id = 'by-hand';
update vibe.site_users set verified_fields = '{}' where anonymous_id = 'by-hand';
update vibe.user_events set event_name = 'rewritten';
delete from vibe.user_events;
delete from vibe.site_users;
insert into vibe.online_users (site_id) values (:shop);
select count(*) from vibe.site_users where site_id = :other;
select vibe.undo_merge('other', 1);
select set_config('request.jwt.claims', claims::text, false) is not null as viewer from public.claims where name = 'viewer';
select count(*) > 0 as reads from vibe.user_events;
insert into vibe.site_users (site_id, anonymous_id) values (:shop, 'by-viewer');
update vibe.site_users set name = 'x' where anonymous_id = 'by-hand';
insert into vibe.user_events (site_id, user_id, event_name) values (:shop, 1, 'by viewer');
select vibe.undo_merge('shop', 1);

-- Tenancy is asked once per policy (InitPlan) and an index condition in every table and partition (the planner is told not to scan small tables).
create function pg_temp.plan(query text) returns setof text language plpgsql as $$
declare
    line text;
begin
    for line in execute 'explain (costs off) ' || query loop
        if line ~ 'InitPlan|Index Cond|Filter' then
            return next trim(regexp_replace(line, 'user_events_\w+', 'month', 'g'));
        end if;
    end loop;
end
$$;
reset session authorization;
insert into vibe.site_users (site_id) select :other from generate_series(1, 5000);
analyze vibe.site_users;
set session authorization vibe_server;
set role vibe_member;
set enable_seqscan = off;
select distinct p from pg_temp.plan('select * from vibe.site_users where user_id = 5') as p order by 1;
select distinct p from pg_temp.plan('select * from vibe.site_sessions where session_id = 5') as p order by 1;
select distinct p from pg_temp.plan('select * from vibe.user_events where occurred_at >= ''2026-01-01''') as p order by 1;
select distinct p from pg_temp.plan('select * from vibe.online_users where user_id = 5') as p order by 1;
select distinct p from pg_temp.plan('update vibe.site_users set name = null where user_id = 5') as p order by 1;
reset enable_seqscan;
reset session authorization;

-- Partitions: made ahead with their own indexes; early rows wait in the default one and are moved.
select count(*) >= 4 as ahead, bool_and(pg_get_expr(c.relpartbound, c.oid) ~ '-01 00:00:00\+00' or c.relname ~ 'default') as utc_months
from pg_inherits join pg_class as c on c.oid = inhrelid where inhparent = 'vibe.user_events'::regclass;
select count(*) from pg_index where indrelid = 'vibe.user_events'::regclass;
select vibe_private.add_partitions();
insert into vibe.user_events (site_id, user_id, event_name, occurred_at)
select :shop, 1, 'history', t from unnest(array['2001-01-31 23:59:59.999999Z', '2001-02-01 00:00Z', '2001-02-28 23:59Z', '2001-03-01 00:00Z']::timestamptz[]) as t;
select distinct day from vibe_private.dirty_days where day < '2002-01-01' order by 1;
select tableoid::regclass::text, count(*) from vibe.user_events where event_name = 'history' group by 1 order by 1;
select vibe_private.add_partition('2001-02-17'), vibe_private.add_partition('2001-02-01');
select tableoid::regclass::text, count(*) from vibe.user_events where event_name = 'history' group by 1 order by 1;
select regexp_replace(pg_get_indexdef(indexrelid), 'user_events_2001_02', 'month', 'g') from pg_index where indrelid = 'vibe_private.user_events_2001_02'::regclass order by 1;
select vibe_private.add_partitions();
select tableoid::regclass::text, count(*) from vibe.user_events where event_name = 'history' group by 1 order by 1;
insert into vibe.user_events (site_id, user_id, event_name, occurred_at) values (:shop, 1, 'history', '2001-02-02Z') returning tableoid::regclass;
-- What members write themselves cannot keep the months of all sites from being made: no times at the ends of the calendar.
-- Repeats of an id are moved as they are; what lies beyond the months made ahead waits there.
\set VERBOSITY terse
insert into vibe.user_events (site_id, user_id, event_name, occurred_at) values (:shop, 1, 'odd', 'infinity');
insert into vibe.user_events (site_id, user_id, event_name, occurred_at) values (:shop, 1, 'odd', '1999-12-31Z');
insert into vibe.user_events (site_id, user_id, event_name, occurred_at) values (:shop, 1, 'odd', '2200-01-01Z');
insert into vibe.user_events (site_id, user_id, event_name, occurred_at, event_id) select :shop, 1, 'odd', '2002-05-05Z', '00000000-0000-0000-0000-00000000000a' from generate_series(1, 2);
insert into vibe.site_users (site_id, first_seen_at) values (:shop, '-infinity');
insert into vibe.site_users (site_id, last_seen_at) values (:shop, 'infinity');
insert into vibe.site_sessions (site_id, user_id, last_seen_at) values (:shop, 1, 'infinity');
insert into vibe.site_sessions (site_id, user_id, started_at) values (:shop, 1, '-infinity');
insert into vibe.user_events (site_id, user_id, event_name, occurred_at) values (:shop, 1, 'odd', '2150-01-01Z');
select vibe_private.add_partitions();
select tableoid::regclass::text, count(*) from vibe.user_events where event_name = 'odd' group by 1 order by 1;
-- A session said to end in a century does not break the online list of those who see many sites.
begin;
update vibe.online_users as o set last_seen_at = '2150-01-01Z' where site_id = :shop;
select distinct session_seconds from vibe.get_online_users() where last_seen_at > '2149-01-01Z';
rollback;
\set VERBOSITY default

-- What machinery no longer needs is removed; what it still needs is not.
update vibe_private.event_ids set received_at = now() - interval '8 days 1 minute' where event_id = '00000000-0000-0000-0000-000000000001';
update vibe_private.event_ids set received_at = now() - interval '7 days 23 hours' where event_id = '00000000-0000-0000-0000-000000000002';
update vibe_private.changes set at = now() - interval '12 minutes' where table_name = 'site_users';
select vibe_private.forget_old_tracking();
select event_id from vibe_private.event_ids where event_id in ('00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000002') and site_id = :shop;
select distinct table_name from vibe_private.changes order by 1;
