-- Passwords and the counters that make guessing them slow.
create function vibe_private.credentials_problem(email text, password text)
returns table (code text, reason text)
language sql immutable parallel safe
as $$
    select p.code, p.reason
    from (values
        (1, email is null or length(email) > 254 or email !~ '^[^@\s]+@[^@\s]+\.[^@\s]+$',
         'validation_failed', 'Unable to validate email address: invalid format'),
        (2, coalesce(length(password), 0) < 8, 'weak_password', 'Password should be at least 8 characters'),
        -- bcrypt reads 72 bytes; a longer password would be cut in silence.
        (3, octet_length(password) > 72, 'validation_failed', 'Password cannot be longer than 72 bytes')
    ) as p (place, broken, code, reason)
    where p.broken
    order by p.place
    limit 1
$$;
comment on function vibe_private.credentials_problem(text, text) is 'why an account cannot be made with these, or no row';

create function vibe_private.add_user(email text, password text, metadata jsonb, is_operator boolean) returns uuid
language sql volatile
as $$
    insert into vibe_private.users (email, password_hash, metadata, is_operator)
    values (lower(email), public.crypt(password, public.gen_salt('bf', 12)), coalesce(metadata, '{}'), is_operator)
    on conflict do nothing
    returning user_id
$$;
comment on function vibe_private.add_user(text, text, jsonb, boolean) is
    'makes an account with a bcrypt hash of cost 12; null when the e-mail has one already';

create function vibe.create_user(email text, password text, is_operator boolean default false) returns uuid
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    problem record;
    made uuid;
begin
    if not vibe_private.is_operator() then
        perform vibe_private.fail('only an operator may create users', errcode => '42501');
    end if;
    if create_user.is_operator and session_user = 'vibe_server' then
        perform vibe_private.fail(
            'operators are made by SQL only',
            hint => 'run vibe.create_user as a superuser of the database', errcode => '42501'
        );
    end if;
    select * into problem from vibe_private.credentials_problem(create_user.email, create_user.password);
    if found then
        perform vibe_private.fail(problem.reason, detail => format('user "%s"', create_user.email));
    end if;
    made := vibe_private.add_user(create_user.email, create_user.password, '{}', create_user.is_operator);
    if made is null then
        perform vibe_private.fail(format('user "%s" exists already', create_user.email), errcode => '23505');
    end if;
    return made;
end
$$;
comment on function vibe.create_user(text, text, boolean) is
    'makes a user who can sign in; operators only. Definer: accounts are secret';
grant execute on function vibe.create_user(text, text, boolean) to vibe_operator;

create function vibe_private.password_matches(password text, password_hash text) returns boolean
language sql volatile
as $$
    -- An unknown account is compared with this hash of a forgotten random text, so that it takes as long as a known one.
    select public.crypt(password, coalesce(password_hash, '$2a$12$Ur1OeGTXbY9BAXtb8/mnleOdvWtKko/WBFvUgjKmnWvm/IBezulO2'))
        = coalesce(password_hash, '') and octet_length(password) <= 72
$$;
comment on function vibe_private.password_matches(text, text) is 'compares in the same time whether or not there is a hash';

create function vibe_private.attempts_left(kind text, subject text, most int, span interval) returns boolean
language sql stable parallel safe
as $$
    select not exists (
        select from vibe_private.attempts as a
        where a.kind = attempts_left.kind and a.subject = attempts_left.subject
          and a.attempts >= most and a.began_at > now() - span
    )
$$;
comment on function vibe_private.attempts_left(text, text, int, interval) is
    'whether the subject has made fewer than so many attempts in the running window';

create function vibe_private.count_attempt(kind text, subject text, span interval) returns int
language sql volatile
as $$
    insert into vibe_private.attempts as a (kind, subject)
    select count_attempt.kind, count_attempt.subject where count_attempt.subject is not null
    on conflict (kind, subject) do update set
        began_at = case when a.began_at > now() - span then a.began_at else now() end,
        attempts = case when a.began_at > now() - span then a.attempts + 1 else 1 end
    returning a.attempts
$$;
comment on function vibe_private.count_attempt(text, text, interval) is
    'counts one more attempt and tells how many there are in the running window';
