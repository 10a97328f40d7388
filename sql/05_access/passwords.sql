-- Passwords, and accounts made by operators.
create function vibe_private.email_problem(email text) returns text
language sql immutable parallel safe
as $$
    select 'Unable to validate email address: invalid format'
    -- What ends in .invalid can be nobody's (RFC 6761): the built-in service user is an operator.
    where email is null or length(email) > 254 or email !~ '^[^@\s]+@[^@\s]+\.[^@\s]+$' or email ~* '\.invalid$'
$$;
comment on function vibe_private.email_problem(text) is 'why nobody can have this e-mail, or null';

create function vibe_private.password_problem(password text) returns text
language sql immutable parallel safe
as $$
    select case
        when coalesce(length(password), 0) < 8 then 'Password should be at least 8 characters'
        -- bcrypt reads 72 bytes; a longer password would be cut in silence.
        when octet_length(password) > 72 then 'Password cannot be longer than 72 bytes'
    end
$$;
comment on function vibe_private.password_problem(text) is 'why this cannot be a password, or null';

create function vibe_private.password_hash(password text) returns text
language sql volatile
as $$
    select public.crypt(password, public.gen_salt('bf', 12))
$$;
comment on function vibe_private.password_hash(text) is 'bcrypt of cost 12 with a new salt: about a quarter of a second of one processor';

create function vibe_private.add_user(
    email text, password text, metadata jsonb, is_operator boolean, confirmed boolean default true
) returns uuid
language sql volatile
as $$
    insert into vibe_private.users (email, password_hash, metadata, is_operator, confirmed_at)
    values (
        lower(email), vibe_private.password_hash(password), coalesce(metadata, '{}'), is_operator,
        case when confirmed then now() end
    )
    on conflict do nothing
    returning user_id
$$;
comment on function vibe_private.add_user(text, text, jsonb, boolean, boolean) is
    'makes an account; null when the e-mail has one already, after the same work';

create function vibe.create_user(email text, password text, is_operator boolean default false) returns uuid
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    problem text := coalesce(
        vibe_private.email_problem(create_user.email), vibe_private.password_problem(create_user.password)
    );
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
    if problem is not null then
        perform vibe_private.fail(problem, detail => format('user "%s"', create_user.email));
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
