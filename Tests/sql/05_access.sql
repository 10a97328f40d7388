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
-- Nobody can make the service user theirs before there is one.
select * from pg_temp.auth('signup', '{"email": "Service@vibe.Invalid", "password": "another one"}');
select vibe.create_user('service@vibe.invalid', 'another one');
select * from pg_temp.auth('signup', '{"email": "bob@example.com", "password": "short"}');
-- bcrypt would cut it at 72 bytes; 36 letters of two bytes each still fit, one more does not.
select * from pg_temp.auth('signup', jsonb_build_object('email', 'bob@example.com', 'password', repeat('é', 37)));
select * from pg_temp.auth('signup', jsonb_build_object('email', 'bob@example.com', 'password', repeat('é', 36)));
select * from pg_temp.auth('password', jsonb_build_object('email', 'bob@example.com', 'password', repeat('é', 36) || 'x'));
select * from pg_temp.auth('signup', '{"email": "c@example.com", "password": "long enough", "data": [1]}');
select * from pg_temp.auth('signup', '{}');
select * from pg_temp.auth('signup', '{"phone": "+55 11 5555", "password": "long enough"}');
select * from pg_temp.auth('signup', '{"email": "c@example.com", "password": 123456789}');
-- Clients look for the reasons.
select body -> 'weak_password' as weak from vibe_private.auth('signup', '{"email": "c@example.com", "password": "short"}', '{}');
select * from pg_temp.auth('dance', '{}');
-- A body that is no JSON object is answered, not raised: the error would put it into the database's log.
select a.status, a.body from unnest(array['', '{', '[]', 'null', '"x"', '{"password": "\u0000"}']) with ordinality as b (body, place),
    vibe_private.answer_auth('refresh', b.body, '{}') as a order by place;

-- Who may sign up: where an operator confirms, one answer for new and for known e-mails; where it is closed, only the invited.
create function pg_temp.sign_up(door text, request jsonb) returns table (status int, code text, says text, confirmed text, session boolean)
language sql as $$
    select a.status, a.body ->> 'error_code', coalesce(a.body ->> 'msg', a.body ->> 'email', a.body #>> '{user,email}'),
        coalesce(a.body ->> 'confirmed_at', a.body #>> '{user,confirmed_at}') is not null, a.claims is not null
    from vibe_private.auth('signup', request, jsonb_build_object('address', '192.0.2.2', 'signup', door)) as a
$$;
select * from pg_temp.sign_up('confirm', '{"email": "wait@example.com", "password": "long enough"}');
select * from pg_temp.sign_up('confirm', '{"email": "wait@example.com", "password": "long enough"}');
select array(select jsonb_object_keys(a.body)) = array(select jsonb_object_keys(b.body)) as "same keys", a.body ->> 'id' <> b.body ->> 'id' as "made up"
from vibe_private.auth('signup', '{"email": "wait@example.com", "password": "long enough"}', '{"signup": "confirm"}') as a,
    vibe_private.auth('signup', '{"email": "new@example.com", "password": "long enough"}', '{"signup": "confirm"}') as b;
select * from pg_temp.auth('password', '{"email": "wait@example.com", "password": "long enough"}');
select * from pg_temp.auth('password', '{"email": "wait@example.com", "password": "not this"}');
select vibe.confirm_user('Wait@example.com');
select * from pg_temp.auth('password', '{"email": "wait@example.com", "password": "long enough"}');
select vibe.confirm_user('ghost@example.com');
select * from pg_temp.sign_up('closed', '{"email": "asked@example.com", "password": "long enough"}');
insert into vibe_private.one_time_tokens values
    (sha256('asked'), 'invitation', 'asked@example.com', now() + interval '1 day'),
    (sha256('late'), 'invitation', 'late@example.com', now() - interval '1 second');
select * from pg_temp.sign_up('closed', '{"email": "other@example.com", "password": "long enough", "data": {"invitation": "asked"}}');
select * from pg_temp.sign_up('closed', '{"email": "late@example.com", "password": "long enough", "data": {"invitation": "late"}}');
select * from pg_temp.sign_up('closed', '{"email": "asked@example.com", "password": "long enough", "data": {"invitation": "asked", "name": "A"}}');
select metadata from vibe_private.users where email = 'asked@example.com';

-- Twenty accounts an hour from one address; the addresses of one IPv6 network count together.
delete from vibe_private.attempts;
select count(*) from (select vibe_private.count_attempt('signup', '192.0.2.2', '1 hour') from generate_series(1, 20)) as c;
select * from pg_temp.sign_up('open', '{"email": "many@example.com", "password": "long enough"}');
select a, vibe_private.counted_address(a) from unnest(array['192.0.2.7', '2001:db8:1:2:3::4', '2001:db8:1:2:ffff::1', 'x', '', null]) as a;
delete from vibe_private.attempts;

-- The company's sign-up speaks as /api does.
select a.status, a.body, a.claims is not null as signed_in from unnest(array[
    '{"email": "boss@example.com", "password": "long enough", "company": " Acme "}', '{"email": "boss@example.com", "password": "long enough", "company": "Acme"}',
    '{"email": "boss2@example.com", "password": "long enough"}', '{"email": "boss2@example.com", "password": "short", "company": "A"}',
    '{"password": "long enough", "company": "A"}'
]) with ordinality as b (body, place), vibe_private.auth('company', b.body::jsonb, '{"cookie": true}') as a order by place;
select metadata from vibe_private.users where email = 'boss@example.com';
select a.status, a.body from vibe_private.auth('company', '{"email": "x@example.com", "password": "long enough", "company": "A"}', '{"signup": "closed"}') as a;
select a.status, a.body from vibe_private.auth('company', '{"email": "x@example.com", "password": "long enough", "company": "A"}', '{"signup": "confirm"}') as a;

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
select :'b'::jsonb -> 'user' -> 'identities' -> 0 ->> 'id' = :'b'::jsonb -> 'user' ->> 'id' as identity, :'c'::jsonb -> 'amr' -> 0 ->> 'method' as method;
-- A page that keeps its session in a cookie gets no token that a script could read.
select status, body ->> 'token_type' as type, body ? 'refresh_token' as refresh, (claims ->> 'exp')::int - (claims ->> 'iat')::int = 30 * 86400 as "a month"
from vibe_private.auth('password', '{"email": "ann@example.com", "password": "correct horse"}', '{"cookie": true}');
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

-- Changing the account: data are merged, null removes; the e-mail stays.
select claims as c from vibe_private.auth('password', '{"email": "ann@example.com", "password": "correct horse"}', '{}') \gset
select claims as d from vibe_private.auth('password', '{"email": "ann@example.com", "password": "correct horse"}', '{}') \gset
create function pg_temp.update(request jsonb, claims jsonb) returns table (status int, code text, says text)
language sql as $$
    select a.status, a.body ->> 'error_code', coalesce(a.body ->> 'msg', a.body ->> 'user_metadata')
    from vibe_private.auth('update', request, jsonb_build_object('claims', claims)) as a
$$;
select * from pg_temp.update('{"data": {"a": 1, "deep": {"b": null}}}', :'c');
select * from pg_temp.update('{"data": {"name": null, "a": 2}}', :'c');
select * from pg_temp.update('{}', :'c');
select * from pg_temp.update('{"data": [1]}', :'c');
select * from pg_temp.update(jsonb_build_object('data', jsonb_build_object('long', (select string_agg(md5(n::text), '') from generate_series(1, 400) as n))), :'c');
select * from pg_temp.update('{"email": "Ann@Example.com", "data": null}', :'c');
select * from pg_temp.update('{"email": "else@example.com"}', :'c');
select * from pg_temp.update('{"data": {"a": 3}}', null);
select * from pg_temp.update('{"password": "short"}', :'c');
select * from pg_temp.update(jsonb_build_object('password', repeat('é', 37)), :'c');
select * from pg_temp.update('{"password": 123456789}', :'c');
select * from pg_temp.update('{"password": "correct horse"}', :'c');
-- A new password ends the other sessions and the tokens to reset it, not this session.
select vibe.create_password_reset('ann@example.com') as t \gset
select * from pg_temp.update('{"password": "battery staple"}', :'c');
select * from pg_temp.update('{"data": {"a": 4}}', :'d');
select * from pg_temp.auth('verify', jsonb_build_object('type', 'recovery', 'token_hash', :'t'));
select * from pg_temp.auth('password', '{"email": "ann@example.com", "password": "correct horse"}');
select * from pg_temp.auth('password', '{"email": "ann@example.com", "password": "battery staple"}');
select count(*) from (select vibe_private.count_attempt('change of password', user_id::text, '1 hour') from vibe_private.users, generate_series(1, 20) where email = 'ann@example.com') as c;
select * from pg_temp.update('{"password": "one more password"}', :'c');
delete from vibe_private.attempts;

-- Somebody who cannot get in: an operator's token, once, within a day, the last one made.
select vibe.create_password_reset('ghost@example.com');
select vibe.create_password_reset('ANN@example.com') as t1 \gset
select vibe.create_password_reset('ann@example.com') as t \gset
select count(*) from vibe_private.one_time_tokens where token_hash = convert_to(:'t', 'UTF8');
select * from pg_temp.auth('verify', jsonb_build_object('type', 'recovery', 'token_hash', :'t1'));
select * from pg_temp.auth('verify', jsonb_build_object('type', 'signup', 'token_hash', :'t'));
update vibe_private.users set confirmed_at = null where email = 'ann@example.com';
select body #>> '{user,confirmed_at}' is not null as confirmed, claims as c from vibe_private.auth('verify', jsonb_build_object('type', 'recovery', 'token', :'t'), '{}') \gset
select :'confirmed' as confirmed, :'c'::jsonb #>> '{amr,0,method}' as method;
select * from pg_temp.auth('verify', jsonb_build_object('type', 'recovery', 'token_hash', :'t'));
select vibe.create_password_reset('ann@example.com') as t \gset
update vibe_private.one_time_tokens set expires_at = now() - interval '1 second' where kind = 'recovery';
select * from pg_temp.auth('verify', jsonb_build_object('type', 'recovery', 'token_hash', :'t'));
select count(*) from (select vibe_private.count_attempt('token from address', '192.0.2.1', '15 minutes') from generate_series(1, 100)) as c;
select * from pg_temp.auth('verify', jsonb_build_object('type', 'recovery', 'token_hash', :'t'));
delete from vibe_private.attempts;
select vibe.end_sessions('ann@example.com') > 0 as ended;
select * from pg_temp.auth('user', '{}', :'c');

-- What the server asks before it takes the role of a request.
select claims as c from vibe_private.auth('password', '{"email": "ann@example.com", "password": "battery staple"}', '{}') \gset
select vibe_private.check_session(:'c');
select vibe_private.check_session((:'c'::jsonb || '{"role": "vibe_operator"}')::text);
select vibe_private.check_session('{"role": "vibe_member"}');
\echo :LAST_ERROR_SQLSTATE
update vibe_private.users set is_operator = true where email = 'ann@example.com';
select vibe_private.check_session(:'c');
update vibe_private.users set is_operator = false where email = 'ann@example.com';
update vibe_private.sessions set revoked_at = now() where session_id = (:'c'::jsonb ->> 'session_id')::uuid;
select vibe_private.check_session(:'c');

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
select length(vibe.create_password_reset('bob@example.com')) as token;
savepoint s;
select vibe.create_user('root2@example.com', 'correct horse', true);
rollback to s;
select vibe.create_password_reset('root@example.com');
rollback to s;
-- The role alone is not enough: the claims' session must be an operator's.
select set_config('request.jwt.claims', '{}', true);
select vibe.create_user('staff2@example.com', 'correct horse');
rollback to s;
select set_config('request.jwt.claims', '{}', true);
select vibe.create_password_reset('bob@example.com');
rollback to s;
select set_config('request.jwt.claims', '{}', true);
select vibe.confirm_user('bob@example.com');
rollback to s;
select set_config('request.jwt.claims', '{}', true);
select vibe.end_sessions('bob@example.com');
rollback;
reset session authorization;

-- The secret API key.
select vibe_private.create_secret_session() as c \gset
select :'c'::jsonb ->> 'role' as role, s.is_operator from vibe_private.live_session(:'c') as s;
select (:'c'::jsonb ->> 'exp')::bigint - (:'c'::jsonb ->> 'iat')::bigint = 10 * 365 * 86400 as "ten years";
select * from pg_temp.auth('password', '{"email": "service@vibe.invalid", "password": ""}');
