-- Accounts, passwords and sessions. Statuses and error codes are those of GoTrue, which clients of /auth/v1 test for.
\pset format unaligned
\set SHOW_CONTEXT never
create function pg_temp.auth(action text, request jsonb, claims jsonb default null)
returns table (status int, code text, says text)
language sql as $$
    select a.status, a.body ->> 'error_code', coalesce(a.body ->> 'msg', a.body #>> '{user,email}', a.body ->> 'email')
    from vibe_private.auth(action, request, jsonb_build_object('address', '192.0.2.1', 'claims', claims)) as a
$$;

-- Sign-up signs in at once; the password is kept as bcrypt of cost 12.
select * from pg_temp.auth('signup', '{"email": " Ann@Example.com ", "password": "correct horse", "data": {"name": "Ann"}}');
select email, substr(password_hash, 1, 7) as kind, is_operator, metadata from vibe_private.users;
select * from pg_temp.auth('signup', '{"email": "ann@example.com", "password": "another one"}');
select * from pg_temp.auth('signup', '{"email": "nobody", "password": "another one"}');
select * from pg_temp.auth('signup', '{"email": "bob@example.com", "password": "short"}');
-- bcrypt would cut it at 72 bytes; 36 letters of two bytes each still fit, one more does not.
select * from pg_temp.auth('signup', jsonb_build_object('email', 'bob@example.com', 'password', repeat('é', 37)));
select * from pg_temp.auth('signup', jsonb_build_object('email', 'bob@example.com', 'password', repeat('é', 36)));
select * from pg_temp.auth('password', jsonb_build_object('email', 'bob@example.com', 'password', repeat('é', 36) || 'x'));
select * from pg_temp.auth('signup', '{"email": "c@example.com", "password": "long enough", "data": [1]}');
select * from pg_temp.auth('signup', '{}');
select * from pg_temp.auth('dance', '{}');

-- A wrong password and an unknown account look the same, also by the clock (both do one bcrypt).
select * from pg_temp.auth('password', '{"email": "ANN@example.com", "password": "correct horse"}');
select * from pg_temp.auth('password', '{"email": "ann@example.com", "password": "wrong horse"}');
select * from pg_temp.auth('password', '{"email": "ghost@example.com", "password": "wrong horse"}');
select * from pg_temp.auth('password', '{"password": 7}');
create function pg_temp.milliseconds(email text) returns numeric language plpgsql as $$
declare
    began timestamptz := clock_timestamp();
begin
    perform pg_temp.auth('password', jsonb_build_object('email', email, 'password', 'wrong horse'));
    return extract(epoch from clock_timestamp() - began) * 1000;
end
$$;
select min(k.ms) / min(g.ms) between 0.3 and 3 as "same time"
from (select pg_temp.milliseconds('ann@example.com') as ms from generate_series(1, 3)) as k,
    (select pg_temp.milliseconds('ghost2@example.com') as ms from generate_series(1, 3)) as g;

-- Twenty failures close the door of one account, even to the right password; of others not. Success clears the count.
select * from pg_temp.auth('password', '{"email": "ann@example.com", "password": "correct horse"}');
select count(*) from vibe_private.attempts where subject = 'ann@example.com';
select count(*) from (select vibe_private.count_attempt('password of account', 'ann@example.com', '15 minutes') from generate_series(1, 20)) as c;
select * from pg_temp.auth('password', '{"email": "ann@example.com", "password": "correct horse"}');
update vibe_private.attempts set began_at = now() - interval '16 minutes' where subject = 'ann@example.com';
select * from pg_temp.auth('password', '{"email": "ann@example.com", "password": "correct horse"}');
-- A hundred failures close it to one address.
select count(*) from (select vibe_private.count_attempt('password from address', '192.0.2.1', '15 minutes') from generate_series(1, 100)) as c;
select * from pg_temp.auth('password', '{"email": "ann@example.com", "password": "correct horse"}');
delete from vibe_private.attempts;

-- The session: claims to sign, and a body in GoTrue's shape.
select status, body as b, claims as c from vibe_private.auth(
    'password', '{"email": "ann@example.com", "password": "correct horse"}', '{"address": "192.0.2.1", "token_minutes": 5}'
) \gset
select array(select k from jsonb_object_keys(:'b'::jsonb) as k order by k) as body,
    array(select k from jsonb_object_keys(:'b'::jsonb -> 'user') as k order by k) as "user",
    array(select k from jsonb_object_keys(:'c'::jsonb) as k order by k) as claims;
select :'c'::jsonb ->> 'role' as role, (:'c'::jsonb ->> 'exp')::int - (:'c'::jsonb ->> 'iat')::int as lasts,
    :'b'::jsonb ->> 'expires_in' as expires_in, :'b'::jsonb -> 'user' -> 'user_metadata' as metadata;
select * from pg_temp.auth('user', '{}', :'c');
select * from pg_temp.auth('user', '{}');
-- Neither the password nor the refresh token is in the tables as it was sent.
select count(*) from vibe_private.refresh_tokens where token_hash = convert_to(:'b'::jsonb ->> 'refresh_token', 'UTF8');

-- Refresh: each token once; two tabs within ten seconds are forgiven; later it was stolen and the session ends.
select :'b'::jsonb ->> 'refresh_token' as t1 \gset
select body ->> 'refresh_token' as t2, status from vibe_private.auth('refresh', jsonb_build_object('refresh_token', :'t1'), '{}') \gset
select :'t1' <> :'t2' as rotated, :status as status;
select status from vibe_private.auth('refresh', jsonb_build_object('refresh_token', :'t1'), '{}');
select status from vibe_private.auth('refresh', jsonb_build_object('refresh_token', :'t2'), '{}');
update vibe_private.refresh_tokens set used_at = used_at - interval '11 seconds' where used_at is not null;
select * from pg_temp.auth('refresh', jsonb_build_object('refresh_token', :'t1'));
select * from pg_temp.auth('user', '{}', :'c');
select * from pg_temp.auth('refresh', '{"refresh_token": "made up"}');
select * from pg_temp.auth('refresh', '{}');

-- Logout: this session, all but this one, all.
create temp table login as
select n, a.claims from generate_series(1, 4) as n,
    vibe_private.auth('password', '{"email": "ann@example.com", "password": "correct horse"}', jsonb_build_object('user_agent', n)) as a;
create function pg_temp.alive() returns text language sql as $$
    select string_agg(n::text, ' ' order by n) from login where exists (select from vibe_private.live_session(claims))
$$;
select count(distinct claims ->> 'session_id') from login;
select a.status, pg_temp.alive() from login, pg_temp.auth('logout', '{"scope": "local"}', claims) as a where n = 1;
select pg_temp.alive();
select a.status, a.code from login, pg_temp.auth('logout', '{"scope": "local"}', claims) as a where n = 1;
select a.status from login, pg_temp.auth('logout', '{"scope": "others"}', claims) as a where n = 2;
select pg_temp.alive();
select a.status, a.code, a.says from login, pg_temp.auth('logout', '{"scope": "wide"}', claims) as a where n = 2;
select a.status from login, pg_temp.auth('logout', '{}', claims) as a where n = 2;
select pg_temp.alive();
-- A session that is too old is dead as well.
select claims as c from vibe_private.auth('password', '{"email": "ann@example.com", "password": "correct horse"}', '{}') \gset
update vibe_private.sessions set expires_at = now() - interval '1 second';
select * from pg_temp.auth('user', '{}', :'c');

-- Operators are made by SQL only, and only by operators.
select vibe.create_user('root@example.com', 'correct horse', true) is not null as made;
select vibe.create_user('root@example.com', 'correct horse');
select vibe.create_user('x@example.com', 'short');
select claims as c from vibe_private.auth('password', '{"email": "root@example.com", "password": "correct horse"}', '{}') \gset
select :'c'::jsonb ->> 'role' as role;
set session authorization vibe_server;
begin;
select set_config('request.jwt.claims', :'c', true) is not null as claims;
set local role vibe_operator;
select vibe.create_user('staff@example.com', 'correct horse') is not null as made;
savepoint s;
select vibe.create_user('root2@example.com', 'correct horse', true);
rollback to s;
-- The role alone is not enough: the claims' session must be an operator's.
select set_config('request.jwt.claims', '{}', true);
select vibe.create_user('staff2@example.com', 'correct horse');
rollback;
reset session authorization;

-- The secret API key.
select vibe_private.create_secret_session() as c \gset
select :'c'::jsonb ->> 'role' as role, s.is_operator from vibe_private.live_session(:'c') as s;
select (:'c'::jsonb ->> 'exp')::bigint - (:'c'::jsonb ->> 'iat')::bigint = 10 * 365 * 86400 as "ten years";
select * from pg_temp.auth('password', '{"email": "service@vibe.invalid", "password": ""}');
