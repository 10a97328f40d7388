-- Who calls: the claims the server set, or the login of the database.
create function vibe_private.live_session(claims jsonb)
returns table (session_id uuid, user_id uuid, is_operator boolean)
language sql stable parallel safe security definer rows 1
set search_path = pg_catalog, pg_temp
as $$
    select s.session_id, s.user_id, u.is_operator
    from vibe_private.sessions as s
    join vibe_private.users as u using (user_id)
    where s.session_id = (claims ->> 'session_id')::uuid
      and s.revoked_at is null
      and s.expires_at > now()
$$;
comment on function vibe_private.live_session(jsonb) is
    'the session named in claims while it lives, else no row. Definer: sessions are secret';

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
