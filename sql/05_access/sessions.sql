-- What a session gives its holder: claims for the server to sign, a refresh token, and the account as clients read it.
create function vibe_private.start_session(user_id uuid, meta jsonb, method text default 'password')
returns table (status int, body jsonb, claims jsonb)
language plpgsql volatile
as $$
declare
    made uuid;
begin
    update vibe_private.users as u set last_sign_in_at = now() where u.user_id = start_session.user_id;
    insert into vibe_private.sessions (user_id, expires_at, method, address, user_agent)
    values (start_session.user_id, now() + interval '30 days', start_session.method, meta ->> 'address', left(meta ->> 'user_agent', 500))
    returning session_id into made;
    return query select * from vibe_private.continue_session(made, meta);
end
$$;
comment on function vibe_private.start_session(uuid, jsonb, text) is 'opens a session for a user who proved who they are';

create function vibe_private.continue_session(session_id uuid, meta jsonb)
returns table (status int, body jsonb, claims jsonb)
language plpgsql volatile
as $$
declare
    in_cookie boolean := coalesce((meta ->> 'cookie')::boolean, false);
    -- A cookie's token lasts as long as its session, for nobody can refresh it.
    lasts int := case when in_cookie then 30 * 86400 else coalesce((meta ->> 'token_minutes')::int, 60) * 60 end;
    refresh_token text := vibe_private.new_secret();
    fresh jsonb := vibe_private.session_claims(continue_session.session_id, lasts);
begin
    body := jsonb_build_object(
        'token_type', case when in_cookie then 'cookie' else 'bearer' end,
        'expires_in', lasts,
        'expires_at', fresh -> 'exp',
        'user', vibe_private.user_body((fresh ->> 'sub')::uuid)
    );
    if not in_cookie then
        insert into vibe_private.refresh_tokens (token_hash, session_id)
        values (sha256(convert_to(refresh_token, 'UTF8')), continue_session.session_id);
        body := body || jsonb_build_object('refresh_token', refresh_token);
    end if;
    return query select 200, body, fresh;
end
$$;
comment on function vibe_private.continue_session(uuid, jsonb) is
    'claims for a session and what its holder reads, a new refresh token with it unless meta.cookie; the server signs the claims. meta.token_minutes says how long, else 60';

create function vibe_private.session_claims(session_id uuid, lasts int) returns jsonb
language sql volatile
as $$
    select jsonb_build_object(
        'iss', 'vibe',
        'aud', 'authenticated',
        'sub', u.user_id,
        'jti', gen_random_uuid(),
        'email', u.email,
        'phone', '',
        'role', case when u.is_operator then 'vibe_operator' else 'vibe_member' end,
        'session_id', s.session_id,
        'aal', 'aal1',
        'amr', jsonb_build_array(
            jsonb_build_object('method', s.method, 'timestamp', floor(extract(epoch from s.created_at)))
        ),
        'is_anonymous', false,
        'iat', floor(extract(epoch from now())),
        'exp', floor(extract(epoch from now())) + lasts
    )
    from vibe_private.sessions as s
    join vibe_private.users as u using (user_id)
    where s.session_id = session_claims.session_id
$$;
comment on function vibe_private.session_claims(uuid, int) is 'claims of an access token that lasts so many seconds';

create function vibe_private.user_body(user_id uuid) returns jsonb
language sql stable parallel safe
as $$
    select vibe_private.account_body(to_jsonb(u)) from vibe_private.users as u where u.user_id = user_body.user_id
$$;
comment on function vibe_private.user_body(uuid) is 'an account in the form that clients of /auth/v1 read';

create function vibe_private.account_body(account jsonb) returns jsonb
language sql immutable parallel safe
as $$
    select jsonb_build_object(
        'id', account -> 'user_id',
        'aud', 'authenticated',
        'role', 'authenticated',
        'email', account -> 'email',
        'phone', '',
        'email_confirmed_at', account -> 'confirmed_at',
        'confirmed_at', account -> 'confirmed_at',
        'last_sign_in_at', account -> 'last_sign_in_at',
        'app_metadata', jsonb_build_object(
            'provider', 'email', 'providers', array['email'], 'is_operator', account -> 'is_operator'
        ),
        'user_metadata', account -> 'metadata',
        'identities', jsonb_build_array(jsonb_build_object(
            'identity_id', account -> 'user_id',
            'id', account -> 'user_id',
            'user_id', account -> 'user_id',
            'identity_data', jsonb_build_object('sub', account -> 'user_id', 'email', account -> 'email'),
            'provider', 'email',
            'last_sign_in_at', account -> 'last_sign_in_at',
            'created_at', account -> 'created_at',
            'updated_at', account -> 'updated_at'
        )),
        'created_at', account -> 'created_at',
        'updated_at', account -> 'updated_at',
        'is_anonymous', false
    )
$$;
comment on function vibe_private.account_body(jsonb) is 'a row of users, as JSON, in the form that clients of /auth/v1 read';

create function vibe_private.create_secret_session() returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    ten_years constant int := 10 * 365 * 86400;
    service uuid;
    made uuid;
begin
    insert into vibe_private.users as u (email, is_operator) values ('service@vibe.invalid', true)
    on conflict (email) do update set is_operator = true, password_hash = null
    returning u.user_id into service;
    insert into vibe_private.sessions (user_id, expires_at, user_agent)
    values (service, now() + make_interval(secs => ten_years), 'secret API key')
    returning session_id into made;
    return vibe_private.session_claims(made, ten_years);
end
$$;
comment on function vibe_private.create_secret_session() is
    'claims for a new secret key: an operator session of the built-in service user, ten years long. Definer: accounts are secret';
grant execute on function vibe_private.create_secret_session() to vibe_server;
