-- Where a person is signed in: they see and end their own sessions, and nobody else's.
\pset format unaligned
\set SHOW_CONTEXT never
select vibe.create_user(name || '@example.com', 'correct horse') is not null as made from unnest(array['ann', 'bob']) as name;
create table public.signed_in (name text, session_id uuid);
with made as (
    insert into vibe_private.sessions as s (session_id, user_id, created_at, expires_at, revoked_at, method, address, user_agent)
    select ('00000000-0000-0000-0000-00000000000' || o.age)::uuid, u.user_id, now() - o.age * interval '1 hour', now() + o.lasts, case when o.ended then now() end, o.method, '192.0.2.' || o.age, o.agent
    from vibe_private.users as u
    join (values
        ('ann', 1, interval '1 day', false, 'password', 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36'),
        ('ann', 2, interval '1 day', false, 'recovery', 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1'),
        ('ann', 3, interval '1 day', false, 'password', null),
        ('ann', 4, interval '1 day', true, 'password', 'ended'),
        ('ann', 5, interval '-1 second', false, 'password', 'over'),
        ('bob', 6, interval '1 day', false, 'password', '<b>curl</b>')
    ) as o (name, age, lasts, ended, method, agent) on u.email = o.name || '@example.com'
    returning s.session_id, s.address
)
insert into public.signed_in select address, session_id from made;
create function public.become(which text) returns text language sql security definer as $$
    select which from set_config('request.jwt.claims',
        coalesce((select vibe_private.session_claims(session_id, 60)::text from public.signed_in where name = which), ''), false)
$$;
create function public.session_of(which text) returns uuid language sql security definer as
    $$ select session_id from public.signed_in where name = which $$;
create function public.mine() returns table (address text, is_current boolean, method text, device text, browser text, os text, days int)
language sql as $$
    select s.address, s.is_current, s.method, s.device, s.browser, s.os, ceil(extract(epoch from s.expires_at - now()) / 86400)::int
    from vibe.get_my_sessions() as s
$$;
set session authorization vibe_server;
set role vibe_member;

-- The one that asks first, then the youngest; those that ended or are over are not there.
select public.become('192.0.2.2');
select * from public.mine();
select public.become('192.0.2.6');
select * from public.mine();

-- Ending: one's own that lives, once.
select vibe.end_my_session(public.session_of('192.0.2.1'));
select public.become('192.0.2.2');
select vibe.end_my_session(public.session_of('192.0.2.1'));
select vibe.end_my_session(public.session_of('192.0.2.4'));
select vibe.end_my_session(public.session_of('192.0.2.5'));
select vibe.end_my_session(null);
select address from public.mine();
select vibe.end_my_session(public.session_of('192.0.2.2'));
select * from public.mine();
-- Keys of programs and database logins have none.
select public.become('nobody');
select * from public.mine();
select vibe.end_my_session(public.session_of('192.0.2.3'));
reset role;
reset session authorization;
select * from public.mine();
select name as alive from public.signed_in join vibe_private.sessions using (session_id) where revoked_at is null order by name;
