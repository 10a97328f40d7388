create table vibe_private.users (
    user_id uuid primary key default gen_random_uuid(),
    email text not null unique,
    password_hash text,
    is_operator boolean not null default false,
    metadata jsonb not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    last_sign_in_at timestamptz,
    constraint users_email check (email = lower(email))
);
comment on table vibe_private.users is 'people who sign in through the server';
comment on column vibe_private.users.password_hash is 'bcrypt; null for the built-in service user, who has no password';
comment on column vibe_private.users.metadata is 'what the user gave at sign-up; shown to clients as user_metadata';

create table vibe_private.sessions (
    session_id uuid primary key default gen_random_uuid(),
    user_id uuid not null references vibe_private.users on delete cascade,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    revoked_at timestamptz,
    address text,
    user_agent text
);
comment on table vibe_private.sessions is 'signed-in sessions; an access token counts only while its session lives';
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
