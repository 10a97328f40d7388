-- One person's page, and the paths of visits; expected values by hand.
set time zone 'UTC';
set datestyle = iso;
\set VERBOSITY terse
select vibe.create_site('shop') as shop \gset
select vibe.create_site('other') as other \gset
set role vibe_owner;
-- Visitor 2 turned out to be person 1; 3 is somebody else, 4 a bot.
insert into vibe.site_users (site_id, user_id, anonymous_id, external_id, name, traits, first_seen_at, last_seen_at, merged_into)
values (:shop, 1, 'a', 'c-1', 'Ana', '{"plan": "pro"}', '2025-03-02', '2025-03-05', null), (:shop, 2, 'b', null, null, '{}', '2025-03-01', '2025-03-04', 1),
    (:shop, 3, 'c', null, null, '{}', '2025-03-01', '2025-03-01', null), (:shop, 4, 'd', null, null, '{}', '2025-03-01', '2025-03-01', null);
insert into vibe.site_sessions (site_id, session_id, user_id, started_at, last_seen_at, page_views, events, channel, referrer_domain, device, is_bot)
values (:shop, 1, 2, '2025-03-01 10:00', '2025-03-01 10:05', 4, 1, 'email', null, 'mobile', false),
    (:shop, 2, 1, '2025-03-02 23:55', '2025-03-03 00:10', 2, 0, 'referral', 'blog.example', 'desktop', false),
    (:shop, 3, 3, '2025-03-01 12:00', '2025-03-01 12:00', 1, 0, 'direct', null, null, false),
    (:shop, 4, 4, '2025-03-01 12:00', '2025-03-01 12:00', 1, 0, 'direct', null, null, true);
insert into vibe.user_events (site_id, occurred_at, user_id, session_id, event_name, page, title, is_bot)
values (:shop, '2025-03-01 10:00', 2, 1, 'page_view', '/a', 'A', false), (:shop, '2025-03-01 10:01', 2, 1, 'page_view', '/a', 'A', false),
    (:shop, '2025-03-01 10:02', 2, 1, 'page_view', '/b', 'B', false), (:shop, '2025-03-01 10:03', 2, 1, 'click', '/b', null, false),
    (:shop, '2025-03-01 10:04', 2, 1, 'page_view', '/a', 'A', false),
    (:shop, '2025-03-02 23:55', 1, 2, 'page_view', '/a', 'A', false), (:shop, '2025-03-03 00:05', 1, 2, 'page_view', '/b', 'B', false),
    (:shop, '2025-03-01 12:00', 3, 3, 'page_view', '/b', 'B', false), (:shop, '2025-03-01 12:00', 4, 4, 'page_view', '/a', 'A', true);
reset role;

-- By any id of the person.
select p.* from vibe.user_profile('shop', 1) as p;
select count(*) as same from vibe.user_profile('shop', 1) as a join vibe.user_profile('shop', 2) as b on a = b;
select session_id, session_seconds, page_views, channel, device, pages from vibe.user_sessions('shop', 2);
select session_id from vibe.user_sessions('shop', 1, 1);
select session_id from vibe.user_sessions('shop', 1, before => '2025-03-02 23:55');
select * from vibe.user_timeline('shop', 1, 3);
select occurred_at, event_name from vibe.user_timeline('shop', 1, before => '2025-03-01 10:02');
select count(*) from vibe.user_timeline('shop', 1, -1);
select vibe.user_profile('shop', 9);
select vibe.user_sessions('shop', null);
select vibe.user_timeline('shop', 9);

-- Reloads are no step; a visit over midnight belongs to the day it began; /a is looked for wherever it comes first.
select * from vibe.page_paths('shop', '2025-03-01', '2025-03-03');
select * from vibe.page_paths('shop', '2025-03-02', '2025-03-02', 2);
select * from vibe.page_paths('shop', '2025-03-03', '2025-03-03', 2);
select * from vibe.page_paths('shop', '2025-03-01', '2025-03-03', 2, '/b');
select * from vibe.page_paths('shop', '2025-03-01', '2025-03-03', max_rows => 1);
select vibe.page_paths('shop', pages => 1);
select vibe.page_paths('shop', pages => 11);
select vibe.page_paths('shop', max_rows => 0);
select vibe.page_paths('shop', '2025-03-03', '2025-03-01');

-- Another tenant's login learns nothing, not even that the id exists.
create role stranger login; grant vibe_analyst to stranger; select vibe.add_member('other', 'stranger', 'viewer');
set session authorization stranger;
select vibe.user_profile('shop', 1);
select vibe.user_profile('other', 1);
select vibe.user_sessions('other', 1);
select vibe.user_timeline('other', 1);
select count(*) from vibe.page_paths('other');
reset session authorization;
drop role stranger;
