-- Tenancy: who sees which site. Roles are the installed ones; logins of this test are dropped at its end.
\pset format unaligned
\set SHOW_CONTEXT never
create role test_analyst login;
create role test_stranger login;
create role test_writer login;
create role test_operator login;
grant vibe_analyst to test_analyst, test_stranger;
grant vibe_member to test_writer;
grant vibe_operator to test_operator;

select vibe.create_site('alpha', 'alpha.example', 'America/Sao_Paulo', 'BRL') as alpha \gset
select vibe.create_site('beta') as beta \gset
select name, domain, time_zone, currency, length(key) as key from vibe.sites order by name;
select vibe.create_site('alpha');
select vibe.create_site('12');
select vibe.create_site(' x');
select vibe.create_site(null);
select vibe.create_site('x', time_zone => 'Mars/Olympus');
select vibe.create_site('x', currency => 'usd');

-- Users of the server.
select vibe.create_user(name || '@example.com', 'correct horse') is not null as made
from unnest(array['viewer', 'member', 'owner', 'outsider', 'boss']) as name;
update vibe_private.users set is_operator = true where email = 'boss@example.com';
select vibe.add_member('alpha', role || '@Example.com', role) from unnest(array['viewer', 'member', 'owner']) as role;
select vibe.add_member('alpha', 'nobody@example.com', 'viewer');
select vibe.add_member('alpha', 'no_such_login', 'viewer');
select vibe.add_member('alpha', 'viewer@example.com', 'king');
select vibe.add_member('gamma', 'viewer@example.com', 'viewer');
-- Database logins read only.
select vibe.add_member('alpha', 'test_analyst', 'viewer'), vibe.add_member('beta', 'test_writer', 'viewer');
select vibe.add_member('alpha', 'test_analyst', 'owner');

with made as (
    insert into vibe_private.sessions (user_id, expires_at)
    select user_id, now() + interval '1 hour' from vibe_private.users returning *
)
select count(*) from made;
create table public.signed_in as
select split_part(u.email, '@', 1) as name, vibe_private.session_claims(s.session_id, 60) as claims
from vibe_private.sessions as s join vibe_private.users as u using (user_id);
grant select on public.signed_in to public;
create function public.become(who text) returns text language sql as $$
    select who from set_config('request.jwt.claims', (select claims::text from public.signed_in where name = who), false)
$$;

-- Through the server: the claims' session decides, at each level.
set session authorization vibe_server;
set role vibe_member;
select public.become('viewer');
select at_least, array(select vibe.my_sites(at_least)) from unnest(array['viewer', 'member', 'owner']) as at_least;
select public.become('member');
select at_least, array(select vibe.my_sites(at_least)) from unnest(array['viewer', 'member', 'owner']) as at_least;
select public.become('owner');
select at_least, array(select vibe.my_sites(at_least)) from unnest(array['viewer', 'member', 'owner']) as at_least;
select vibe.my_sites('king');
select public.become('outsider');
select count(*) from vibe.my_sites();
select public.become('boss');
select count(*) from vibe.my_sites('owner');
set "request.jwt.claims" = '';
select count(*) from vibe.my_sites();
set "request.jwt.claims" = '{"role": "vibe_operator", "sub": "00000000-0000-0000-0000-000000000000"}';
select count(*) from vibe.my_sites();
-- The server's own login is no operator, whatever roles it may take.
set role vibe_operator;
select count(*) from vibe.my_sites();

-- Names and ids; another tenant's site and none at all answer alike.
set role vibe_member;
select public.become('viewer');
select vibe.site_id('alpha') = vibe.site_id(), vibe.site_id() = vibe.site_id(vibe.site_id()::text), vibe.site_ids(null) = array[vibe.site_id()];
select vibe.site_id('beta');
select vibe.site_id('gamma');
select vibe.site_id('alpha', 'member');
\echo :LAST_ERROR_SQLSTATE
select vibe.site_id(vibe.site_id()::text, 'owner');
select vibe.site_id(null, 'member');
-- Who sees nothing there hears the same of a site that is and of one that is not.
select vibe.site_id('beta', 'member');
select vibe.site_id('gamma', 'member');
\echo :LAST_ERROR_SQLSTATE
select vibe.site_ids('beta');
select count(*) from vibe.sites;
select count(*) from vibe.site_members;
select vibe.add_member('alpha', 'outsider@example.com', 'viewer');
insert into vibe.sites (name) values ('mine');
select public.become('boss');
select vibe.site_id();
\echo :LAST_ERROR_SQLSTATE
select public.become('outsider');
select vibe.site_id();

-- A signed-in user owns the site they make, and may let others in.
select vibe.create_site('gamma') > 0 as made;
select s.name, m.role from vibe.site_members as m join vibe.sites as s using (site_id);
-- Owners invite; whether an e-mail has an account, they are not told.
select vibe.add_member('gamma', 'viewer@example.com', 'viewer');
select vibe.add_member('gamma', 'ghost@example.com', 'viewer');
select vibe.add_member('gamma', 'test_analyst', 'viewer');
select length(vibe.invite_member('gamma', ' Viewer@Example.com', 'viewer')) as first, length(vibe.invite_member('gamma', 'ghost@example.com', 'member')) as ghost;
select vibe.invite_member('gamma', 'nobody', 'viewer');
select vibe.invite_member('gamma', 'viewer@example.com', 'king');
select vibe.invite_member('gamma', 'outsider@example.com', 'viewer');
select vibe.invite_member('beta', 'viewer@example.com', 'viewer');
-- A second invitation takes the first one's place.
select vibe.invite_member('gamma', 'viewer@example.com', 'viewer') as t1 \gset
select vibe.invite_member('gamma', 'viewer@example.com', 'viewer') as t \gset
select email, role, invited_by, expires_at - created_at as lasts from vibe.get_invitations('gamma');
-- Only the invited e-mail, only once, only somebody signed in; nobody else sees who is invited.
select vibe.accept_invitation(:'t');
select public.become('member');
select vibe.accept_invitation(:'t');
select vibe.get_invitations('gamma');
set "request.jwt.claims" = '';
select vibe.accept_invitation(:'t');
select public.become('viewer');
select vibe.accept_invitation(:'t1');
select vibe.accept_invitation(null);
select vibe.accept_invitation(:'t') > 0 as joined;
select vibe.accept_invitation(:'t');
select vibe.invite_member('gamma', 'member@example.com', 'viewer');
select email_or_login, role from vibe.get_members('gamma');
select public.become('member');
select email_or_login, role from vibe.get_members('gamma');
-- Taken back, run out, or from somebody who is no owner any more: worth nothing.
select public.become('outsider');
select vibe.invite_member('gamma', 'viewer@example.com', 'member');
select vibe.invite_member('gamma', 'member@example.com', 'viewer') as t \gset
select vibe.cancel_invitation('gamma', 'Member@example.com');
select vibe.cancel_invitation('gamma', 'member@example.com');
select public.become('member');
select vibe.accept_invitation(:'t');
select public.become('outsider');
select vibe.invite_member('gamma', 'member@example.com', 'viewer') as t \gset
reset session authorization;
update vibe_private.one_time_tokens set expires_at = now() where email = 'member@example.com';
set session authorization vibe_server;
set role vibe_member;
select email from vibe.get_invitations('gamma');
select public.become('member');
select vibe.accept_invitation(:'t');
select public.become('outsider');
select vibe.invite_member('gamma', 'member@example.com', 'viewer') as t \gset
-- The last owner stays; between two, one may go.
select vibe.remove_member('gamma', 'outsider@example.com');
select vibe.add_member('gamma', 'outsider@example.com', 'viewer');
select vibe.add_member('gamma', 'viewer@example.com', 'owner');
select vibe.add_member('gamma', 'outsider@example.com', 'viewer');
select public.become('member');
select vibe.accept_invitation(:'t');
select public.become('viewer');
select email from vibe.get_invitations('gamma');
select vibe.add_member('gamma', 'outsider@example.com', 'owner');
select email from vibe.get_invitations('gamma');
select public.become('outsider');
select vibe.add_member('gamma', 'viewer@example.com', 'member');
select m.role, count(*) from vibe.site_members as m group by 1 order by 1;
select public.become('viewer');
select vibe.site_id();
-- Leaving acts at once, inside the same session.
select public.become('outsider');
select vibe.remove_member('gamma', 'viewer@example.com');
select vibe.remove_member('gamma', 'viewer@example.com');
select public.become('viewer');
select count(*) from vibe.my_sites();
-- So does the end of the session.
reset session authorization;
update vibe_private.sessions set revoked_at = now()
where session_id = (select (claims ->> 'session_id')::uuid from public.signed_in where name = 'viewer');
set session authorization vibe_server;
set role vibe_member;
select count(*) from vibe.my_sites();

-- Database logins: by name, and settings they make up change nothing.
set session authorization test_analyst;
set "request.jwt.claims" = '';
select array_agg(name) from vibe.sites;
select public.become('boss');
select array_agg(name) from vibe.sites;
select count(*) from vibe.my_sites('member');
select vibe.create_site('delta');
set session authorization test_writer;
select vibe.create_site('delta');
select array_agg(name) from vibe.sites;
select count(*) from vibe.my_sites('member');
set session authorization test_stranger;
select count(*) from vibe.sites;
select vibe.site_id('alpha');
set session authorization test_operator;
select count(*) from vibe.my_sites('owner');
reset session authorization;
select count(*) from vibe.my_sites('owner');

-- Rights of a session for realtime: the same rule.
select s.name, x.role from public.signed_in as s, lateral vibe_private.session_sites(s.claims) as x
join vibe.sites as n using (site_id) where n.name = 'alpha' order by 1;

-- The policy is an InitPlan, asked once, and an index condition (a planner that would rather scan two rows is told not to).
set enable_seqscan = off;
set session authorization test_analyst;
explain (costs off) select * from vibe.sites;
explain (costs off) select * from vibe.site_members where member_id = 1;
-- Tenancy holds in parallel workers too, and does not keep queries from using them.
set enable_seqscan = on;
set enable_bitmapscan = off;
set enable_indexscan = off;
set enable_indexonlyscan = off;
set min_parallel_table_scan_size = 0;
set parallel_setup_cost = 0;
set parallel_tuple_cost = 0;
explain (costs off) select count(name) from vibe.sites;
select array_agg(name) from vibe.sites;
set session authorization vibe_server;
set role vibe_member;
select public.become('member');
select array_agg(name), vibe.site_id() = min(site_id) as mine from vibe.sites;
reset session authorization;
reset all;

drop owned by test_analyst, test_stranger, test_writer, test_operator;
drop role test_analyst, test_stranger, test_writer, test_operator;
