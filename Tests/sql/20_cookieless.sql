-- Visitors without storage, told apart by the day; engaged time of heartbeats. Expected values follow from what is sent.
\pset format unaligned
set timezone = 'UTC';
select vibe.create_site('shop') as shop, vibe.create_site('other') as other \gset
update vibe.sites set key = name || '-key';
create function public.send(address text, browser text, kind text, more jsonb default '{}', site text default 'shop-key', visitor text default 'cookieless')
returns jsonb
language sql as $$
    select i.body - 'errors' from vibe_private.ingest(
        array[jsonb_build_object('site', site, 'visitor', visitor, 'sent_at', 1700000000000, 'items', jsonb_build_array(jsonb_build_object(
            'type', kind, 'time', 1700000000000, 'id', gen_random_uuid(), 'url', 'https://shop.example/') || more))::text],
        array[jsonb_build_object('address', address, 'user_agent', browser)]
    ) as i
$$;
create view public.visits as
select s.site_id = (select site_id from vibe.sites where name = 'shop') as shop, u.anonymous_id ~ '^day-[0-9a-f]{32}$' as is_daily,
    s.page_views, s.engaged_seconds
from vibe.site_sessions as s join vibe.site_users as u using (site_id, user_id) order by s.session_id;

-- The same address and browser is the same visitor of one site; another address, browser or site is another.
select public.send('192.0.2.1', 'Firefox', 'page_view');
select public.send('192.0.2.1', 'Firefox', 'page_view');
select public.send('192.0.2.2', 'Firefox', 'page_view');
select public.send('192.0.2.1', 'Chrome', 'page_view');
select public.send('192.0.2.1', 'Firefox', 'page_view', site => 'other-key');
select * from public.visits;

-- Several in one transaction, a stranger with an id of their own and nonsense among them.
select i.status, i.body ->> 'accepted' as accepted, i.body ->> 'message' as message
from vibe_private.ingest(array[
    '{"site": "shop-key", "visitor": "cookieless", "sent_at": 1, "items": [{"type": "heartbeat", "time": 1}]}',
    '{"site": "shop-key", "visitor": "visitor-17", "sent_at": 1, "items": [{"type": "heartbeat", "time": 1}]}',
    '{"site": 7, "visitor": "cookieless"}', '{"site": "nowhere", "visitor": "cookieless"}', '7', 'no json'
], array_fill('{"address": "192.0.2.1", "user_agent": "Firefox"}'::jsonb, array[6])) as i;
select count(*) from vibe.site_users;
delete from vibe.site_users where anonymous_id = 'visitor-17';

-- At midnight a visit that runs stays one, a new one gets a new name.
update vibe_private.visitor_salts set day = day - 1;
select public.send('192.0.2.1', 'Firefox', 'page_view');
update vibe.site_sessions set started_at = started_at - interval '1 hour', last_seen_at = last_seen_at - interval '40 minutes'
where site_id = :shop and page_views = 3;
select public.send('192.0.2.1', 'Firefox', 'page_view');
select * from public.visits;
select day - (now() at time zone 'UTC')::date as day, length(salt) from vibe_private.visitor_salts order by day;

-- A salt lives two days at most.
update vibe_private.visitor_salts set day = day - 1;
select vibe_private.forget_old_tracking();
select day - (now() at time zone 'UTC')::date as day from vibe_private.visitor_salts;

-- Engaged time adds up, alone and among others; what is no sane number counts nothing, a day is the most.
select public.send('192.0.2.9', 'Firefox', 'page_view', visitor => 'engaged-one');
select public.send('192.0.2.9', 'Firefox', 'heartbeat', '{"properties": {"engaged": 12}}', visitor => 'engaged-one');
select public.send('192.0.2.9', 'Firefox', 'heartbeat', '{"properties": {"engaged": 7.6}}', visitor => 'engaged-one');
select public.send('192.0.2.9', 'Firefox', 'heartbeat', format('{"properties": {"engaged": %s}}', engaged)::jsonb, visitor => 'engaged-one')
from unnest(array['-5', '"9"', '[]', 'null', '1e300']) as engaged;
select public.send('192.0.2.9', 'Firefox', 'event', '{"name": "x", "properties": {"engaged": 12}}', visitor => 'engaged-one');
select i.body ->> 'accepted' as accepted from vibe_private.ingest(array[
    '{"site": "shop-key", "visitor": "engaged-one", "sent_at": 1, "items": [
        {"type": "heartbeat", "time": 1, "properties": {"engaged": 1}}, {"type": "heartbeat", "time": 1, "properties": {"engaged": 2}}]}',
    '{"site": "shop-key", "visitor": "engaged-two", "sent_at": 1, "items": [{"type": "heartbeat", "time": 1, "properties": {"engaged": 30}}]}'
], array['{}'::jsonb, '{}']) as i;
select u.anonymous_id, s.engaged_seconds, s.events from vibe.sessions as s join vibe.site_users as u on u.user_id = s.visitor_id
where u.anonymous_id like 'engaged%' order by 1;
update vibe.site_sessions set engaged_seconds = 86399 where engaged_seconds = 30;
select public.send('192.0.2.9', 'Firefox', 'heartbeat', '{"properties": {"engaged": 30}}', visitor => 'engaged-two');
select max(engaged_seconds) from vibe.site_sessions;
