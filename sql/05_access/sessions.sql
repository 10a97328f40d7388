-- What a session gives its holder: claims for the server to sign, a refresh token, and the account as clients read it.
create function vibe_private.start_session(user_id uuid, meta jsonb)
returns table (status int, body jsonb, claims jsonb)
language plpgsql volatile
as $$
declare
    made uuid;
begin
    update vibe_private.users as u set last_sign_in_at = now() where u.user_id = start_session.user_id;
    insert into vibe_private.sessions (user_id, expires_at, address, user_agent)
    values (start_session.user_id, now() + interval '30 days', meta ->> 'address', left(meta ->> 'user_agent', 500))
    returning session_id into made;
    return query select * from vibe_private.continue_session(made, meta);
end
$$;
comment on function vibe_private.start_session(uuid, jsonb) is 'opens a session for a user whose password was right';

create function vibe_private.continue_session(session_id uuid, meta jsonb)
returns table (status int, body jsonb, claims jsonb)
language plpgsql volatile
as $$
declare
    lasts int := coalesce((meta ->> 'token_minutes')::int, 60) * 60;
    refresh_token text := translate(encode(public.gen_random_bytes(32), 'base64'), '+/=', '-_');
    fresh jsonb := vibe_private.session_claims(continue_session.session_id, lasts);
begin
    insert into vibe_private.refresh_tokens (token_hash, session_id)
    values (sha256(convert_to(refresh_token, 'UTF8')), continue_session.session_id);
    return query select
        200,
        jsonb_build_object(
            'token_type', 'bearer',
            'expires_in', lasts,
            'expires_at', fresh -> 'exp',
            'refresh_token', refresh_token,
            'user', vibe_private.user_body((fresh ->> 'sub')::uuid)
        ),
        fresh;
end
$$;
comment on function vibe_private.continue_session(uuid, jsonb) is
    'a new refresh token and new claims for a session; the server adds access_token. meta.token_minutes says how long, else 60';

create function vibe_private.session_claims(session_id uuid, lasts int) returns jsonb
language sql stable parallel safe
as $$
    select jsonb_build_object(
        'iss', 'vibe',
        'aud', 'authenticated',
        'sub', u.user_id,
        'email', u.email,
        'role', case when u.is_operator then 'vibe_operator' else 'vibe_member' end,
        'session_id', s.session_id,
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
    select jsonb_build_object(
        'id', u.user_id,
        'aud', 'authenticated',
        'role', 'authenticated',
        'email', u.email,
        'phone', '',
        'email_confirmed_at', u.created_at,
        'confirmed_at', u.created_at,
        'last_sign_in_at', u.last_sign_in_at,
        'app_metadata', jsonb_build_object('provider', 'email', 'providers', array['email'], 'is_operator', u.is_operator),
        'user_metadata', u.metadata,
        'identities', '[]'::jsonb,
        'created_at', u.created_at,
        'updated_at', u.updated_at,
        'is_anonymous', false
    )
    from vibe_private.users as u
    where u.user_id = user_body.user_id
$$;
comment on function vibe_private.user_body(uuid) is 'an account in the form that clients of /auth/v1 read';

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
    on conflict (email) do update set is_operator = true
    returning u.user_id into service;
    insert into vibe_private.sessions (user_id, expires_at, user_agent)
    values (service, now() + make_interval(secs => ten_years), 'secret API key')
    returning session_id into made;
    return vibe_private.session_claims(made, ten_years);
end
$$;
comment on function vibe_private.create_secret_session() is
    'claims for a new secret API key: an operator session of the built-in service user, ten years long. Definer: accounts are secret';
grant execute on function vibe_private.create_secret_session() to vibe_server;
