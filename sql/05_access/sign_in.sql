-- Ways to a session: a new account, a password, a one-time token.
create function vibe_private.sign_up(request jsonb, meta jsonb)
returns table (status int, body jsonb, claims jsonb)
language plpgsql volatile
as $$
declare
    hour constant interval := '1 hour';
    -- open: signed in at once; confirm: an operator confirms the e-mail first; closed: for the invited only.
    door text := coalesce(meta ->> 'signup', 'open');
    address text := vibe_private.counted_address(meta ->> 'address');
    given text := lower(trim(request ->> 'email'));
    password text := case when jsonb_typeof(request -> 'password') = 'string' then request ->> 'password' end;
    data jsonb := coalesce(nullif(request -> 'data', 'null'), '{}');
    invited boolean;
    made uuid;
begin
    invited := exists (
        select from vibe_private.one_time_tokens as t
        where t.token_hash = sha256(convert_to(coalesce(data ->> 'invitation', ''), 'UTF8'))
          and t.kind = 'invitation' and t.email = given and t.expires_at > now()
    );
    if coalesce(given, '') = '' and coalesce(request ->> 'phone', '') <> '' then
        return query select * from vibe_private.auth_error(422, 'phone_provider_disabled', 'Phone signups are disabled');
    elsif coalesce(given, '') = '' then
        return query select * from vibe_private.auth_error(
            422, 'anonymous_provider_disabled', 'Anonymous sign-ins are disabled'
        );
    elsif door = 'closed' and not invited then
        return query select * from vibe_private.auth_error(422, 'signup_disabled', 'Signups not allowed for this instance');
    elsif vibe_private.email_problem(given) is not null then
        return query select * from vibe_private.auth_error(422, 'validation_failed', vibe_private.email_problem(given));
    elsif vibe_private.password_problem(password) is not null then
        return query select * from vibe_private.refuse_password(password);
    elsif jsonb_typeof(data) <> 'object' or pg_column_size(data) > 8192 then
        return query select * from vibe_private.auth_error(
            422, 'validation_failed', 'data must be an object of at most 8 kB'
        );
    elsif not vibe_private.attempts_left('signup', address, 20, hour) then
        return query select * from vibe_private.refuse_haste();
    else
        data := data - 'invitation';
        made := vibe_private.add_user(given, password, data, false, door = 'open' or invited);
        -- After bcrypt, so that no lock is held while it works.
        perform vibe_private.count_attempt('signup', address, hour);
        if made is null and door = 'confirm' and not invited then
            -- The same answer as to a new account: nobody learns here which e-mails have one.
            return query select 200, vibe_private.account_body(jsonb_build_object(
                'user_id', gen_random_uuid(), 'email', given, 'metadata', data, 'is_operator', false,
                'created_at', now(), 'updated_at', now()
            )), null::jsonb;
        elsif made is null then
            return query select * from vibe_private.auth_error(422, 'user_already_exists', 'User already registered');
        elsif door = 'confirm' and not invited then
            return query select 200, vibe_private.user_body(made), null::jsonb;
        else
            return query select * from vibe_private.start_session(made, meta);
        end if;
    end if;
end
$$;
comment on function vibe_private.sign_up(jsonb, jsonb) is
    'makes an account and signs it in, as meta.signup lets (open, confirm, closed); data.invitation, the token of an invitation to this e-mail, opens every door; at most 20 an hour from one address';

create function vibe_private.sign_up_company(request jsonb, meta jsonb)
returns table (status int, body jsonb, claims jsonb)
language plpgsql volatile
as $$
declare
    company text := trim(request ->> 'company');
    made record;
    code text;
begin
    if company is null or length(company) not between 1 and 100 then
        return query select 400, jsonb_build_object('error', jsonb_build_object(
            'code', 'VALIDATION_FAILED', 'message', 'company must have 1 to 100 characters',
            'details', jsonb_build_object('field', 'company')
        )), null::jsonb;
        return;
    end if;
    select * into made from vibe_private.sign_up(
        jsonb_build_object(
            'email', coalesce(nullif(request ->> 'email', ''), '-'), 'password', request -> 'password',
            'data', jsonb_build_object('company', company)
        ), meta
    );
    if made.status = 200 then
        return query select 200, jsonb_build_object(
            'success', true, 'redirectTo', case when made.claims is null then '/login' else '/onboarding/start' end
        ), made.claims;
    else
        code := made.body ->> 'error_code';
        return query select
            case code when 'user_already_exists' then 409 when 'signup_disabled' then 403 when 'over_request_rate_limit' then 429 else 400 end,
            jsonb_build_object('error', jsonb_build_object('code', upper(code), 'message', made.body -> 'msg') || case
                when made.body ->> 'msg' like 'Password%' then '{"details": {"field": "password"}}'::jsonb
                when code in ('user_already_exists', 'validation_failed') then '{"details": {"field": "email"}}'
                else '{}'
            end),
            null::jsonb;
    end if;
end
$$;
comment on function vibe_private.sign_up_company(jsonb, jsonb) is
    'sign-up of a company in the words of /api: success and where to go on, or error.code, message and details.field';

create function vibe_private.sign_in(request jsonb, meta jsonb)
returns table (status int, body jsonb, claims jsonb)
language plpgsql volatile
as $$
declare
    span constant interval := '15 minutes';
    account text := left(lower(trim(coalesce(request ->> 'email', ''))), 254);
    address text := vibe_private.counted_address(meta ->> 'address');
    known record;
begin
    if not vibe_private.attempts_left('password of account', account, 20, span)
        or not vibe_private.attempts_left('password from address', address, 100, span) then
        return query select * from vibe_private.refuse_haste();
        return;
    end if;
    select u.user_id, u.password_hash, u.confirmed_at into known from vibe_private.users as u where u.email = account;
    if vibe_private.password_matches(coalesce(request ->> 'password', ''), known.password_hash) then
        delete from vibe_private.attempts as a where a.kind = 'password of account' and a.subject = account;
        if known.confirmed_at is null then
            return query select * from vibe_private.auth_error(400, 'email_not_confirmed', 'Email not confirmed');
        else
            return query select * from vibe_private.start_session(known.user_id, meta);
        end if;
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

create function vibe_private.use_one_time_token(request jsonb, meta jsonb)
returns table (status int, body jsonb, claims jsonb)
language plpgsql volatile
as $$
declare
    span constant interval := '15 minutes';
    address text := vibe_private.counted_address(meta ->> 'address');
    given text := coalesce(request ->> 'token_hash', request ->> 'token', '');
    person text;
    known uuid;
begin
    if request ->> 'type' is distinct from 'recovery' then
        return query select * from vibe_private.auth_error(
            422, 'feature_disabled', 'Only tokens of type recovery can be verified'
        );
        return;
    elsif not vibe_private.attempts_left('token from address', address, 100, span) then
        return query select * from vibe_private.refuse_haste();
        return;
    end if;
    delete from vibe_private.one_time_tokens as t
    where t.token_hash = sha256(convert_to(given, 'UTF8')) and t.kind = 'recovery' and t.expires_at > now()
    returning t.email into person;
    update vibe_private.users as u set confirmed_at = coalesce(u.confirmed_at, now())
    where u.email = person
    returning u.user_id into known;
    if known is null then
        perform vibe_private.count_attempt('token from address', address, span);
        return query select * from vibe_private.auth_error(403, 'otp_expired', 'Email link is invalid or has expired');
    else
        delete from vibe_private.attempts as a where a.kind = 'password of account' and a.subject = person;
        return query select * from vibe_private.start_session(known, meta, 'recovery');
    end if;
end
$$;
comment on function vibe_private.use_one_time_token(jsonb, jsonb) is
    'signs in once by a token of vibe.create_password_reset, so that a new password can be set; the e-mail counts as confirmed';
