-- The one door of the server's /auth/v1 pages. Failures are answers, not errors: their counters must be committed.
create function vibe_private.auth(action text, request jsonb, meta jsonb)
returns table (status int, body jsonb, claims jsonb)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    case action
        when 'signup' then return query select * from vibe_private.sign_up(request, meta);
        when 'password' then return query select * from vibe_private.sign_in(request, meta);
        when 'refresh' then return query select * from vibe_private.refresh_session(request, meta);
        when 'user' then return query select * from vibe_private.signed_in_user(meta);
        when 'logout' then return query select * from vibe_private.sign_out(request, meta);
        else perform vibe_private.fail(format('auth action "%s" does not exist', action));
    end case;
end
$$;
comment on function vibe_private.auth(text, jsonb, jsonb) is
    'signup, password, refresh, user and logout: HTTP status, body for the client, and the claims to sign. Definer: accounts are secret';
grant execute on function vibe_private.auth(text, jsonb, jsonb) to vibe_server;

create function vibe_private.auth_error(status int, code text, message text)
returns table (status int, body jsonb, claims jsonb)
language sql immutable parallel safe
as $$
    select status, jsonb_build_object('code', status, 'error_code', code, 'msg', message), null::jsonb
$$;
comment on function vibe_private.auth_error(int, text, text) is 'an answer of the auth door that says no';

create function vibe_private.sign_up(request jsonb, meta jsonb)
returns table (status int, body jsonb, claims jsonb)
language plpgsql volatile
as $$
declare
    hour constant interval := '1 hour';
    problem record;
    made uuid;
begin
    select * into problem from vibe_private.credentials_problem(trim(request ->> 'email'), request ->> 'password');
    if found then
        return query select * from vibe_private.auth_error(422, problem.code, problem.reason);
    elsif coalesce(jsonb_typeof(request -> 'data'), 'null') not in ('object', 'null')
        or pg_column_size(request -> 'data') > 8192 then
        return query select * from vibe_private.auth_error(
            422, 'validation_failed', 'data must be an object of at most 8 kB'
        );
    elsif vibe_private.count_attempt('signup', meta ->> 'address', hour) > 20 then
        return query select * from vibe_private.auth_error(429, 'over_request_rate_limit', 'Request rate limit reached');
    else
        made := vibe_private.add_user(
            trim(request ->> 'email'), request ->> 'password', nullif(request -> 'data', 'null'), false
        );
        if made is null then
            return query select * from vibe_private.auth_error(422, 'user_already_exists', 'User already registered');
        else
            return query select * from vibe_private.start_session(made, meta);
        end if;
    end if;
end
$$;
comment on function vibe_private.sign_up(jsonb, jsonb) is 'makes an account and signs it in; at most 20 an hour from one address';

create function vibe_private.sign_in(request jsonb, meta jsonb)
returns table (status int, body jsonb, claims jsonb)
language plpgsql volatile
as $$
declare
    span constant interval := '15 minutes';
    account text := left(lower(trim(coalesce(request ->> 'email', ''))), 254);
    address text := coalesce(meta ->> 'address', '');
    known record;
begin
    if not vibe_private.attempts_left('password of account', account, 20, span)
        or not vibe_private.attempts_left('password from address', address, 100, span) then
        return query select * from vibe_private.auth_error(429, 'over_request_rate_limit', 'Request rate limit reached');
        return;
    end if;
    select u.user_id, u.password_hash into known from vibe_private.users as u where u.email = account;
    if vibe_private.password_matches(coalesce(request ->> 'password', ''), known.password_hash) then
        delete from vibe_private.attempts as a where a.kind = 'password of account' and a.subject = account;
        return query select * from vibe_private.start_session(known.user_id, meta);
    else
        -- Counted after the comparison: no lock is held while bcrypt works.
        perform vibe_private.count_attempt('password of account', account, span),
            vibe_private.count_attempt('password from address', address, span);
        return query select * from vibe_private.auth_error(400, 'invalid_credentials', 'Invalid login credentials');
    end if;
end
$$;
comment on function vibe_private.sign_in(jsonb, jsonb) is
    'signs in by password; 20 failures for an account or 100 from an address within 15 minutes close the door';

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

create function vibe_private.signed_in_user(meta jsonb)
returns table (status int, body jsonb, claims jsonb)
language plpgsql stable parallel safe
as $$
declare
    live record;
begin
    if coalesce(meta #>> '{claims,session_id}', '') = '' then
        return query select * from vibe_private.auth_error(
            401, 'no_authorization', 'This endpoint requires a valid Bearer token'
        );
        return;
    end if;
    select * into live from vibe_private.live_session(meta -> 'claims');
    if found then
        return query select 200, vibe_private.user_body(live.user_id), null::jsonb;
    else
        return query select * from vibe_private.auth_error(
            403, 'session_not_found', 'Session from session_id claim in JWT does not exist'
        );
    end if;
end
$$;
comment on function vibe_private.signed_in_user(jsonb) is 'the account behind the claims, while their session lives';

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
            400, 'validation_failed', format('Unsupported logout scope "%s"', scope)
        );
        return;
    end if;
    select * into live from vibe_private.live_session(meta -> 'claims');
    if not found then
        return query select * from vibe_private.auth_error(
            403, 'session_not_found', 'Session from session_id claim in JWT does not exist'
        );
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
