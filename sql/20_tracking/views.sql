-- For BI tools. The joins are outer ones over keys, so that a query which needs none of their columns does without them.
create or replace view vibe.sessions with (security_invoker = true) as
    select
        s.site_id,
        p.name as site,
        s.session_id,
        coalesce(u.merged_into, s.user_id) as user_id,
        s.user_id as visitor_id,
        s.started_at,
        s.last_seen_at as ended_at,
        vibe.local_time(s.started_at, p.time_zone) as local_time,
        vibe.local_day(s.started_at, p.time_zone) as day,
        date_part('epoch', s.last_seen_at - s.started_at) as session_seconds,
        s.page_views,
        s.events,
        s.engaged_seconds,
        s.page_views <= 1 and s.events = 0 as is_bounce,
        s.host,
        s.entry_page,
        s.entry_query,
        s.exit_page,
        s.referrer,
        s.referrer_domain,
        s.channel,
        s.utm_source,
        s.utm_medium,
        s.utm_campaign,
        s.utm_term,
        s.utm_content,
        s.device,
        s.browser,
        s.os
    from vibe.site_sessions as s
    left join vibe.sites as p on p.site_id = s.site_id
    left join vibe.site_users as u on u.site_id = s.site_id and u.user_id = s.user_id
    where not s.is_bot;
comment on view vibe.sessions is
    'visits, one row each, bots left out; as daily_stats counts them. Filter on started_at, which has an index';
comment on column vibe.sessions.user_id is 'who it was: the known user where the visitor was merged into one';
comment on column vibe.sessions.visitor_id is 'the anonymous id of the browser, before merges';
comment on column vibe.sessions.started_at is 'first event';
comment on column vibe.sessions.ended_at is 'last event or heartbeat; a visit may still be running';
comment on column vibe.sessions.local_time is 'started_at by the clocks of the site';
comment on column vibe.sessions.day is 'day of started_at in the site''s calendar';
comment on column vibe.sessions.session_seconds is 'from started_at to ended_at';
comment on column vibe.sessions.engaged_seconds is 'how long a page was in front and had the focus; 0 where the page sends no heartbeats';
comment on column vibe.sessions.is_bounce is 'at most one page view and no other event';
comment on column vibe.sessions.host is 'host of the first page';
comment on column vibe.sessions.entry_query is 'what follows the ? in the address of the first page; null for nothing';
comment on column vibe.sessions.entry_page is 'path of the first page';
comment on column vibe.sessions.exit_page is 'path of the last page';
comment on column vibe.sessions.referrer is 'the page of another site that led to the first page view; null for none';
grant select on vibe.sessions to vibe_analyst;

-- The visit is asked in subqueries: a join would name session_id, which the index that most counts can be read from has not.
create or replace view vibe.events with (security_invoker = true) as
    select
        e.site_id,
        p.name as site,
        e.event_id,
        e.event_name,
        e.occurred_at,
        vibe.local_time(e.occurred_at, p.time_zone) as local_time,
        vibe.local_day(e.occurred_at, p.time_zone) as day,
        coalesce(u.merged_into, e.user_id) as user_id,
        e.user_id as visitor_id,
        e.session_id,
        e.page,
        e.query,
        e.title,
        e.referrer,
        e.properties,
        (select s.device from vibe.site_sessions as s where s.site_id = e.site_id and s.session_id = e.session_id) as device,
        (select s.browser from vibe.site_sessions as s where s.site_id = e.site_id and s.session_id = e.session_id) as browser,
        (select s.os from vibe.site_sessions as s where s.site_id = e.site_id and s.session_id = e.session_id) as os
    from vibe.user_events as e
    left join vibe.sites as p on p.site_id = e.site_id
    left join vibe.site_users as u on u.site_id = e.site_id and u.user_id = e.user_id
    where not e.is_bot;
comment on view vibe.events is
    'everything visitors did, one row each, page views included, bots left out. Filter on occurred_at: it selects the months that are read';
comment on column vibe.events.occurred_at is 'when it happened by the server''s clock';
comment on column vibe.events.local_time is 'occurred_at by the clocks of the site';
comment on column vibe.events.day is 'day of occurred_at in the site''s calendar';
comment on column vibe.events.user_id is 'who it was: the known user where the visitor was merged into one';
comment on column vibe.events.visitor_id is 'the anonymous id of the browser, before merges';
comment on column vibe.events.query is 'what follows the ? in the address of the page; null for nothing';
comment on column vibe.events.referrer is 'the address on another site that the page was opened from; null for none';
comment on column vibe.events.device is 'of the session';
comment on column vibe.events.browser is 'of the session';
comment on column vibe.events.os is 'of the session';
grant select on vibe.events to vibe_analyst;
