-- What a signed-in person reads and changes of their own account.
create function vibe_private.signed_in_user(meta jsonb)
returns table (status int, body jsonb, claims jsonb)
language plpgsql stable parallel safe
as $$
declare
    live record;
begin
    select * into live from vibe_private.live_session(meta -> 'claims');
    if found then
        return query select 200, vibe_private.user_body(live.user_id), null::jsonb;
    else
        return query select * from vibe_private.refuse_session(meta -> 'claims');
    end if;
end
$$;
comment on function vibe_private.signed_in_user(jsonb) is 'the account behind the claims, while their session lives';

create function vibe_private.update_user(request jsonb, meta jsonb)
returns table (status int, body jsonb, claims jsonb)
language plpgsql volatile
as $$
declare
    live record;
    account record;
    merged jsonb;
begin
    select * into live from vibe_private.live_session(meta -> 'claims');
    if not found then
        return query select * from vibe_private.refuse_session(meta -> 'claims');
        return;
    end if;
    select u.email, u.metadata into account from vibe_private.users as u where u.user_id = live.user_id;
    if coalesce(lower(request ->> 'email'), account.email) <> account.email or coalesce(request ->> 'phone', '') <> '' then
        return query select * from vibe_private.auth_error(
            422, 'feature_disabled', 'E-mail and phone of an account cannot be changed'
        );
        return;
    end if;
    merged := vibe_private.merged_metadata(account.metadata, nullif(request -> 'data', 'null'));
    if merged is null then
        return query select * from vibe_private.auth_error(
            422, 'validation_failed', 'data must be an object; all of it together has at most 8 kB'
        );
        return;
    end if;
    if coalesce(request -> 'password', 'null') <> 'null' then
        return query select * from vibe_private.change_password(live.user_id, live.session_id, request -> 'password');
        if found then
            return;
        end if;
    end if;
    update vibe_private.users as u set metadata = merged, updated_at = now() where u.user_id = live.user_id;
    return query select 200, vibe_private.user_body(live.user_id), null::jsonb;
end
$$;
comment on function vibe_private.update_user(jsonb, jsonb) is
    'sets a new password, which ends all other sessions of the user, and merges data into what is kept of them (null removes a key)';

create function vibe_private.merged_metadata(old jsonb, added jsonb) returns jsonb
language plpgsql immutable
as $$
declare
    merged jsonb;
begin
    if jsonb_typeof(added) <> 'object' then
        return null;
    end if;
    select coalesce(jsonb_object_agg(m.key, m.value), '{}') into merged
    from jsonb_each(old || coalesce(added, '{}')) as m
    where added is null or m.value <> 'null' or not added ? m.key;
    return case when pg_column_size(merged) <= 8192 then merged end;
end
$$;
comment on function vibe_private.merged_metadata(jsonb, jsonb) is 'old with what was added, without keys that were given null; null if that is no object or too large';

create function vibe_private.change_password(of_user uuid, kept_session uuid, given jsonb)
returns table (status int, body jsonb, claims jsonb)
language plpgsql volatile
as $$
declare
    hour constant interval := '1 hour';
    password text := case when jsonb_typeof(given) = 'string' then given #>> '{}' end;
    account record;
begin
    if vibe_private.password_problem(password) is not null then
        return query select * from vibe_private.refuse_password(password);
        return;
    elsif vibe_private.count_attempt('change of password', of_user::text, hour) > 20 then
        return query select * from vibe_private.refuse_haste();
        return;
    end if;
    select u.email, u.password_hash into account from vibe_private.users as u where u.user_id = of_user;
    if vibe_private.password_matches(password, account.password_hash) then
        return query select * from vibe_private.auth_error(
            422, 'same_password', 'New password should be different from the old password.'
        );
        return;
    end if;
    update vibe_private.users as u set password_hash = vibe_private.password_hash(password) where u.user_id = of_user;
    -- Whoever else was signed in may be the reason for the change.
    update vibe_private.sessions as s set revoked_at = now()
    where s.user_id = of_user and s.session_id <> kept_session and s.revoked_at is null;
    delete from vibe_private.one_time_tokens as t where t.email = account.email and t.kind = 'recovery';
end
$$;
comment on function vibe_private.change_password(uuid, uuid, jsonb) is 'sets the password and ends the user''s other sessions; gives a row only when it is refused';

-- What an operator does for people who cannot get in, or should not.
create function vibe_private.account_of(email text) returns uuid
language plpgsql stable
as $$
declare
    found_user uuid;
begin
    if not vibe_private.is_operator() then
        perform vibe_private.fail('only an operator may look after accounts', errcode => '42501');
    end if;
    select u.user_id into found_user from vibe_private.users as u where u.email = lower(account_of.email);
    if found_user is null then
        perform vibe_private.fail(format('user "%s" does not exist', account_of.email));
    end if;
    return found_user;
end
$$;
comment on function vibe_private.account_of(text) is 'the user of this e-mail, for operators only';

create function vibe.create_password_reset(email text) returns text
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    account uuid := vibe_private.account_of(create_password_reset.email);
    token text := vibe_private.new_secret();
begin
    if session_user = 'vibe_server' and (select u.is_operator from vibe_private.users as u where u.user_id = account) then
        perform vibe_private.fail(
            'passwords of operators are reset by SQL only',
            hint => 'run vibe.create_password_reset as a superuser of the database', errcode => '42501'
        );
    end if;
    delete from vibe_private.one_time_tokens as t
    where t.email = lower(create_password_reset.email) and t.kind = 'recovery';
    insert into vibe_private.one_time_tokens (token_hash, kind, email, expires_at)
    values (sha256(convert_to(token, 'UTF8')), 'recovery', lower(create_password_reset.email), now() + interval '24 hours');
    return token;
end
$$;
comment on function vibe.create_password_reset(text) is
    'a token by which the user signs in once within 24 hours to set a new password (POST /auth/v1/verify, then PUT /auth/v1/user); shown this once, and the one before it ends; operators only. Definer: accounts are secret';
grant execute on function vibe.create_password_reset(text) to vibe_operator;

create function vibe.confirm_user(email text) returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    account uuid := vibe_private.account_of(confirm_user.email);
begin
    update vibe_private.users as u set confirmed_at = coalesce(u.confirmed_at, now()) where u.user_id = account;
end
$$;
comment on function vibe.confirm_user(text) is
    'lets a user sign in whose e-mail waits to be confirmed (VIBE_SIGNUP=confirm); operators only. Definer: accounts are secret';
grant execute on function vibe.confirm_user(text) to vibe_operator;

create function vibe.end_sessions(email text) returns int
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    account uuid := vibe_private.account_of(end_sessions.email);
    ended int;
begin
    update vibe_private.sessions as s set revoked_at = now()
    where s.user_id = account and s.revoked_at is null and s.expires_at > now();
    get diagnostics ended = row_count;
    return ended;
end
$$;
comment on function vibe.end_sessions(text) is
    'signs a user out everywhere and returns how many sessions ended; of service@vibe.invalid it ends all secret keys; operators only. Definer: sessions are secret';
grant execute on function vibe.end_sessions(text) to vibe_operator;
