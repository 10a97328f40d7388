-- Who calls: the claims the server set, or the login of the database.
create function vibe_private.live_session(claims jsonb)
returns table (session_id uuid, user_id uuid, is_operator boolean)
language plpgsql stable parallel safe security definer rows 1
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select s.session_id, s.user_id, u.is_operator
    from vibe_private.sessions as s
    join vibe_private.users as u using (user_id)
    where s.session_id = (claims ->> 'session_id')::uuid
      and s.revoked_at is null
      and s.expires_at > now();
end
$$;
comment on function vibe_private.live_session(jsonb) is
    'the session named in claims while it lives, else no row. Definer: sessions are secret';

create function vibe_private.check_session(told text) returns void
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    claims jsonb := told::jsonb;
begin
    if claims ? 'key_id' then
        perform from vibe_private.api_keys as k
        where k.key_id = (claims ->> 'key_id')::uuid and k.revoked_at is null and k.expires_at > now()
          and claims ->> 'role' = 'vibe_member';
    else
        perform from vibe_private.sessions as s
        join vibe_private.users as u using (user_id)
        where s.session_id = (claims ->> 'session_id')::uuid and s.revoked_at is null and s.expires_at > now()
          and claims ->> 'role' = case when u.is_operator then 'vibe_operator' else 'vibe_member' end;
    end if;
    if not found then
        perform vibe_private.fail('The session or API key has ended', hint => 'Sign in again.', errcode => 'PT401');
    end if;
end
$$;
comment on function vibe_private.check_session(text) is
    'refuses a request whose session or API key has ended, or whose role is no longer the account''s; the server calls it before it takes the role. Definer: sessions are secret';
grant execute on function vibe_private.check_session(text) to vibe_server;

create function vibe_private.use_api_key(key text) returns table (claims jsonb, requests_per_minute int)
language plpgsql volatile security definer rows 1
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    update vibe_private.api_keys as k set last_used_at = now()
    where k.key_hash = sha256(convert_to(key, 'UTF8')) and k.revoked_at is null and k.expires_at > now()
    returning jsonb_build_object('iss', 'vibe', 'role', 'vibe_member', 'key_id', k.key_id), k.requests_per_minute;
end
$$;
comment on function vibe_private.use_api_key(text) is
    'claims of an API key while it lives, else no row; notes that it was used. Definer: keys are secret';
grant execute on function vibe_private.use_api_key(text) to vibe_server;

create function vibe_private.new_secret() returns text
language sql volatile
as $$
    select translate(encode(public.gen_random_bytes(32), 'base64'), '+/=', '-_')
$$;
comment on function vibe_private.new_secret() is '256 random bits as 43 letters, digits, "-" and "_"';

create function vibe_private.caller_id() returns uuid
language sql stable parallel safe security definer
set search_path = pg_catalog, pg_temp
as $$
    select s.user_id
    from vibe_private.live_session(nullif(current_setting('request.jwt.claims', true), '')::jsonb) as s
    where session_user = 'vibe_server'
$$;
comment on function vibe_private.caller_id() is
    'the signed-in user of this request; null for database logins. Definer: sessions are secret';

create function vibe_private.is_operator() returns boolean
language sql stable parallel safe security definer
set search_path = pg_catalog, pg_temp
as $$
    select case
        when session_user = 'vibe_server' then exists (
            select from vibe_private.live_session(nullif(current_setting('request.jwt.claims', true), '')::jsonb) as s
            where s.is_operator
        )
        else pg_has_role(session_user, 'vibe_operator', 'usage') or pg_has_role(session_user, 'vibe_owner', 'usage')
    end
$$;
comment on function vibe_private.is_operator() is
    'whether the caller runs the installation: superuser, operator login, or a live operator session. Definer: sessions are secret';
