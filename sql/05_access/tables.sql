create table vibe_private.users (
    user_id uuid primary key default gen_random_uuid(),
    email text not null unique,
    password_hash text,
    is_operator boolean not null default false,
    metadata jsonb not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    confirmed_at timestamptz default now(),
    last_sign_in_at timestamptz,
    constraint users_email check (email = lower(email))
);
comment on table vibe_private.users is 'people who sign in through the server';
comment on column vibe_private.users.password_hash is 'bcrypt; null for the built-in service user, who has no password';
comment on column vibe_private.users.confirmed_at is 'when the e-mail was taken for the person''s own; null: may not sign in yet';
comment on column vibe_private.users.metadata is 'what the user gave at sign-up; shown to clients as user_metadata';

create table vibe_private.sessions (
    session_id uuid primary key default gen_random_uuid(),
    user_id uuid not null references vibe_private.users on delete cascade,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    revoked_at timestamptz,
    method text not null default 'password',
    address text,
    user_agent text
);
comment on table vibe_private.sessions is 'signed-in sessions; an access token counts only while its session lives';
comment on column vibe_private.sessions.method is 'how the person proved who they are: password or recovery';
create index sessions_user on vibe_private.sessions (user_id);
comment on index vibe_private.sessions_user is 'finds the sessions that a logout everywhere ends';

create table vibe_private.refresh_tokens (
    token_hash bytea primary key,
    session_id uuid not null references vibe_private.sessions on delete cascade,
    created_at timestamptz not null default now(),
    used_at timestamptz
);
comment on table vibe_private.refresh_tokens is 'refresh tokens by SHA-256; used ones stay as long as the session, to notice theft';
create index refresh_tokens_session on vibe_private.refresh_tokens (session_id);
comment on index vibe_private.refresh_tokens_session is 'follows a session that is deleted';

create table vibe_private.one_time_tokens (
    token_hash bytea primary key,
    kind text not null,
    email text not null,
    expires_at timestamptz not null,
    constraint one_time_tokens_kind check (kind in ('recovery', 'invitation'))
);
comment on table vibe_private.one_time_tokens is 'what lets a person in once without a password, by SHA-256: deleted when it is used';
comment on column vibe_private.one_time_tokens.email is 'whose it is, in small letters; there may be no account yet';

-- Unlogged: after a crash the counters begin anew, which harms nobody.
create unlogged table vibe_private.attempts (
    kind text not null,
    subject text not null,
    began_at timestamptz not null default now(),
    attempts int not null default 1,
    primary key (kind, subject)
);
comment on table vibe_private.attempts is 'counters behind the limits on sign-in, sign-up and anonymous tracking';
comment on column vibe_private.attempts.subject is 'the account or address that is counted';
comment on column vibe_private.attempts.began_at is 'start of the running window';

create table vibe_private.api_keys (
    key_id uuid primary key default gen_random_uuid(),
    key_hash bytea not null unique,
    name text not null,
    scopes text[] not null,
    requests_per_minute int not null,
    created_by uuid references vibe_private.users on delete cascade,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null default 'infinity',
    revoked_at timestamptz,
    last_used_at timestamptz,
    constraint api_keys_scopes check (scopes in ('{read}', '{read,write}')),
    constraint api_keys_rate check (requests_per_minute between 1 and 1000000)
);
comment on table vibe_private.api_keys is 'keys of programs by SHA-256; the sites of each are in api_key_sites';
comment on column vibe_private.api_keys.created_by is 'the user who made it, and whose rights it needs to go on; null: an operator, by SQL';
comment on column vibe_private.api_keys.last_used_at is 'to the minute: a server asks for a key once a minute';
create index api_keys_creator on vibe_private.api_keys (created_by);
comment on index vibe_private.api_keys_creator is 'follows a user who is deleted';
