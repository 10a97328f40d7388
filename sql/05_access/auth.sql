-- The one door of the server's /auth/v1 pages. Failures are answers, not errors: their counters must be committed.
create function vibe_private.answer_auth(action text, request text, meta jsonb)
returns table (status int, body jsonb, claims jsonb)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    parsed jsonb;
begin
    -- Read here and not by the caller's cast: its error would put the text, with the password in it, into the database's log.
    begin
        parsed := coalesce(nullif(request, ''), '{}')::jsonb;
    exception when others then
        parsed := null;
    end;
    if jsonb_typeof(parsed) = 'object' then
        return query select * from vibe_private.auth(action, parsed, meta);
    else
        return query select * from vibe_private.auth_error(400, 'bad_json', 'The request body must be a JSON object');
    end if;
end
$$;
comment on function vibe_private.answer_auth(text, text, jsonb) is
    'vibe_private.auth for a body as it came. Definer: accounts are secret';
grant execute on function vibe_private.answer_auth(text, text, jsonb) to vibe_server;

create function vibe_private.auth(action text, request jsonb, meta jsonb)
returns table (status int, body jsonb, claims jsonb)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    case action
        when 'signup' then return query select * from vibe_private.sign_up(request, meta);
        when 'company' then return query select * from vibe_private.sign_up_company(request, meta);
        when 'password' then return query select * from vibe_private.sign_in(request, meta);
        when 'refresh' then return query select * from vibe_private.refresh_session(request, meta);
        when 'verify' then return query select * from vibe_private.use_one_time_token(request, meta);
        when 'user' then return query select * from vibe_private.signed_in_user(meta);
        when 'update' then return query select * from vibe_private.update_user(request, meta);
        when 'logout' then return query select * from vibe_private.sign_out(request, meta);
        else perform vibe_private.fail(format('auth action "%s" does not exist', action));
    end case;
end
$$;
comment on function vibe_private.auth(text, jsonb, jsonb) is
    'signup, company, password, refresh, verify, user, update and logout: HTTP status, body for the client, and the claims to sign. Definer: accounts are secret';

create function vibe_private.auth_error(status int, code text, message text, more jsonb default '{}')
returns table (status int, body jsonb, claims jsonb)
language sql immutable parallel safe
as $$
    select status, jsonb_build_object('code', status, 'error_code', code, 'msg', message) || more, null::jsonb
$$;
comment on function vibe_private.auth_error(int, text, text, jsonb) is 'an answer of the auth door that says no, in GoTrue''s words';

create function vibe_private.refuse_password(password text)
returns table (status int, body jsonb, claims jsonb)
language sql immutable parallel safe
as $$
    select e.*
    from (select vibe_private.password_problem(password), octet_length(password) > 72) as p (problem, too_long)
    cross join lateral vibe_private.auth_error(
        422, case when p.too_long then 'validation_failed' else 'weak_password' end, p.problem,
        case when p.too_long then '{}' else '{"weak_password": {"reasons": ["length"]}}'::jsonb end
    ) as e
    where p.problem is not null
$$;
comment on function vibe_private.refuse_password(text) is 'the answer to a password that is too short or too long, or no row';

create function vibe_private.refuse_haste()
returns table (status int, body jsonb, claims jsonb)
language sql immutable parallel safe
as $$
    select * from vibe_private.auth_error(429, 'over_request_rate_limit', 'Request rate limit reached')
$$;
comment on function vibe_private.refuse_haste() is 'the answer to too many attempts';

create function vibe_private.refuse_session(told jsonb)
returns table (status int, body jsonb, claims jsonb)
language sql immutable parallel safe
as $$
    select e.*
    from (values
        (401, 'no_authorization', 'This endpoint requires a valid Bearer token', true),
        (403, 'session_not_found', 'Session from session_id claim in JWT does not exist', false)
    ) as p (status, code, message, without)
    cross join lateral vibe_private.auth_error(p.status, p.code, p.message) as e
    where p.without = (told ->> 'session_id' is null)
$$;
comment on function vibe_private.refuse_session(jsonb) is 'the answer to who has no session, or one that has ended';

create function vibe_private.refresh_session(request jsonb, meta jsonb)
returns table (status int, body jsonb, claims jsonb)
language plpgsql volatile
as $$
declare
    -- Two tabs may refresh with the same token at once; later than this it was stolen.
    grace constant interval := '10 seconds';
    token record;
begin
    select t.token_hash, t.session_id, t.used_at into token
    from vibe_private.refresh_tokens as t
    where t.token_hash = sha256(convert_to(coalesce(request ->> 'refresh_token', ''), 'UTF8'))
    for update;
    if not found then
        return query select * from vibe_private.auth_error(
            400, 'refresh_token_not_found', 'Invalid Refresh Token: Refresh Token Not Found'
        );
    elsif not exists (select from vibe_private.live_session(jsonb_build_object('session_id', token.session_id))) then
        return query select * from vibe_private.auth_error(400, 'session_expired', 'Invalid Refresh Token: Session Expired');
    elsif token.used_at < clock_timestamp() - grace then
        update vibe_private.sessions as s set revoked_at = now() where s.session_id = token.session_id;
        return query select * from vibe_private.auth_error(
            400, 'refresh_token_already_used', 'Invalid Refresh Token: Already Used'
        );
    else
        update vibe_private.refresh_tokens as t set used_at = coalesce(t.used_at, clock_timestamp())
        where t.token_hash = token.token_hash;
        update vibe_private.sessions as s set expires_at = now() + interval '30 days' where s.session_id = token.session_id;
        return query select * from vibe_private.continue_session(token.session_id, meta);
    end if;
end
$$;
comment on function vibe_private.refresh_session(jsonb, jsonb) is
    'exchanges a refresh token for a new one; a token used twice ends the session';

create function vibe_private.sign_out(request jsonb, meta jsonb)
returns table (status int, body jsonb, claims jsonb)
language plpgsql volatile
as $$
declare
    scope text := coalesce(request ->> 'scope', 'global');
    live record;
begin
    if scope not in ('global', 'local', 'others') then
        return query select * from vibe_private.auth_error(
            400, 'validation_failed', format('Unsupported logout scope "%s"', left(scope, 100))
        );
        return;
    end if;
    select * into live from vibe_private.live_session(meta -> 'claims');
    if not found then
        return query select * from vibe_private.refuse_session(meta -> 'claims');
        return;
    end if;
    update vibe_private.sessions as s set revoked_at = now()
    where s.user_id = live.user_id and s.revoked_at is null
      and case scope
          when 'local' then s.session_id = live.session_id
          when 'others' then s.session_id <> live.session_id
          else true
      end;
    return query select 204, null::jsonb, null::jsonb;
end
$$;
comment on function vibe_private.sign_out(jsonb, jsonb) is
    'ends this session (local), all of the user (global, the default) or all but this one (others)';
