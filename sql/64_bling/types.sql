-- The row of vibe_private.bling_accounts as functions hand it on: tables are not there yet when functions are made.
create type vibe_private.bling_account as (
    site_id int,
    source_id bigint,
    client_id text,
    code_sent_at timestamptz,
    token_asked_at timestamptz,
    last_answer_at timestamptz,
    broken_at timestamptz,
    broken_why text,
    requests_per_second numeric,
    requests_per_day int,
    next_request_at timestamptz,
    day date,
    day_requests int,
    import_from date,
    listed_until date,
    currency text,
    skip_stores text[],
    status_map jsonb,
    statuses jsonb,
    statuses_read_at timestamptz
);
comment on type vibe_private.bling_account is 'a locked row of vibe_private.bling_accounts';
