-- Keys of programs: what they reach, who makes them, and how they end. The server's part (rates, the header) is in the Swift tests.
\pset format unaligned
\set SHOW_CONTEXT never
select vibe.create_site('alpha') as alpha \gset
select vibe.create_site('beta') as beta \gset
select vibe.create_site('gamma') as gamma \gset
select vibe.create_user(name || '@example.com', 'correct horse') is not null as made from unnest(array['owner', 'second', 'member']) as name;
select vibe.add_member(site, who || '@example.com', role) from (values
    ('alpha', 'owner', 'owner'), ('beta', 'owner', 'owner'), ('beta', 'second', 'owner'), ('alpha', 'member', 'member')) as m (site, who, role);
with made as (
    insert into vibe_private.sessions (user_id, expires_at) select user_id, now() + interval '1 hour' from vibe_private.users returning *
)
select count(*) from made;
create table public.signed_in as
select split_part(u.email, '@', 1) as name, vibe_private.session_claims(s.session_id, 60) as claims
from vibe_private.sessions as s join vibe_private.users as u using (user_id);
create function public.become(who text) returns text language sql security definer as $$
    select who from set_config('request.jwt.claims', (select claims::text from public.signed_in where name = who), false)
$$;
create function public.become_key(key text) returns text language sql security definer as $$
    select case when c.claims is null then 'nobody' else c.claims ->> 'role' end
    from (select (select k.claims from vibe_private.use_api_key(key) as k)) as c (claims),
        set_config('request.jwt.claims', coalesce(c.claims::text, ''), false)
$$;
create function public.sites_of_caller() returns table (at_least text, sites text) language sql as $$
    select a, (select string_agg(s.name, ' ' order by s.name) from vibe.my_sites(a) as m join vibe.sites as s on s.site_id = m)
    from unnest(array['viewer', 'member', 'owner']) as a
$$;
set session authorization vibe_server;
set role vibe_member;

-- An owner makes keys for sites of theirs, and nobody else does.
select public.become('owner');
select vibe.create_api_key('reports', '{alpha,beta}') as reader \gset
select vibe.create_api_key(' import ', array['beta'], '{read,write}', 60, now() + interval '1 day') as writer \gset
select :'reader' ~ '^vibe_[A-Za-z0-9_-]{43}$' as form, :'reader' <> :'writer' as differ;
select vibe.create_api_key('x');
select vibe.create_api_key('', '{alpha}');
select vibe.create_api_key('x', '{gamma}');
select vibe.create_api_key('x', array['alpha', null]);
select vibe.create_api_key('x', '{}');
select vibe.create_api_key('x', '{alpha}', '{write}');
select vibe.create_api_key('x', '{alpha}', '{}');
select vibe.create_api_key('x', '{alpha}', requests_per_minute => 0);
select vibe.create_api_key('x', '{alpha}', expires_at => '2020-01-01Z');
select public.become('member');
select vibe.create_api_key('x', '{alpha}');
select name from vibe.get_api_keys();
select vibe.get_api_keys('alpha');
select public.become('second');
select name, sites, scopes, created_by from vibe.get_api_keys();

-- What a key reaches: its sites, to read or also to write, and never to manage.
select public.become_key('vibe_made_up');
select public.become_key(:'reader');
select * from public.sites_of_caller();
select vibe.create_api_key('x', '{alpha}');
select vibe.create_site('mine');
select vibe.invite_member('alpha', 'x@example.com', 'owner');
select vibe.accept_invitation('x');
select public.become_key(:'writer');
select * from public.sites_of_caller();
select public.become('owner');
select name, sites, scopes, requests_per_minute, created_by, expires_at - created_at as lasts, revoked_at, now() - last_used_at < interval '1 minute' as used
from vibe.get_api_keys();

-- It ends when it is revoked, at once; also by another owner of one of its sites.
reset session authorization;
select count(*) from vibe_private.api_keys where key_hash in (convert_to(:'reader', 'UTF8'), convert_to(:'writer', 'UTF8'));
select vibe_private.check_session(claims::text) from vibe_private.use_api_key(:'writer');
select claims as c from vibe_private.use_api_key(:'writer') \gset
create table public.last as select :'c'::jsonb as claims;
create function public.last_claims() returns jsonb language sql security definer as 'select claims from public.last';
select vibe_private.check_session((:'c'::jsonb || '{"role": "vibe_operator"}')::text);
set session authorization vibe_server;
set role vibe_member;
select public.become('member');
do $$ begin
    perform vibe.revoke_api_key((public.last_claims() ->> 'key_id')::uuid);
exception when others then
    raise notice '%', regexp_replace(sqlerrm, '"[0-9a-f-]{36}"', '…');
end $$;
select public.become('second');
select vibe.revoke_api_key((:'c'::jsonb ->> 'key_id')::uuid);
select vibe.revoke_api_key((:'c'::jsonb ->> 'key_id')::uuid);
select name, revoked_at is not null as revoked from vibe.get_api_keys();
select set_config('request.jwt.claims', :'c', false) is not null as claims;
select * from public.sites_of_caller();
select public.become_key(:'writer');
reset session authorization;
select vibe_private.check_session(:'c');
-- Or when its time is over.
select vibe.create_api_key('short', array['beta'], expires_at => now() + interval '1 hour') as short \gset
select claims as c from vibe_private.use_api_key(:'short') \gset
update vibe_private.api_keys set expires_at = now() where name = 'short';
select vibe_private.check_session(:'c');
select count(*) from vibe_private.use_api_key(:'short');
select count(*) from vibe_private.session_sites(:'c');
-- What its maker may manage no longer, it reaches no longer; what an operator made by SQL goes on.
select vibe.create_api_key('operator''s', array['alpha']) as operators \gset
select vibe.add_member('alpha', 'owner@example.com', 'member');
set session authorization vibe_server;
set role vibe_member;
select public.become_key(:'reader');
select * from public.sites_of_caller();
select public.become_key(:'operators');
select * from public.sites_of_caller();
reset session authorization;
select name, sites, created_by from vibe.get_api_keys() order by name;
-- Sites and makers that are deleted take their keys along.
delete from vibe_private.users where email = 'owner@example.com';
select name from vibe_private.api_keys order by name;
