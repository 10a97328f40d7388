create table vibe.products (
    site_id integer not null,
    source_id bigint not null,
    product_id text not null check (length(product_id) between 1 and 200),
    code text check (length(code) <= 200),
    name text check (length(name) <= 500),
    price numeric(14, 2),
    currency char(3) not null check (currency ~ '^[A-Z]{3}$'),
    is_active boolean not null default true,
    stock numeric(16, 4),
    physical_stock numeric(16, 4),
    stock_read_at timestamptz,
    read_at timestamptz not null default now(),
    created_at timestamptz not null default now(),
    primary key (site_id, source_id, product_id),
    constraint products_source_fkey foreign key (site_id, source_id) references vibe.sources (site_id, source_id) on delete cascade
);
comment on table vibe.products is 'articles of a shop and how many of them there are, as an outside source tells';
comment on column vibe.products.source_id is 'the source that told, as in vibe.sources';
comment on column vibe.products.product_id is 'the source''s own article number, as in vibe.purchase_items';
comment on column vibe.products.code is 'what the shop calls the article (SKU)';
comment on column vibe.products.name is 'of the article';
comment on column vibe.products.price is 'of one piece, in currency';
comment on column vibe.products.currency is 'three capital letters (ISO 4217)';
comment on column vibe.products.is_active is 'whether the source still has and offers it';
comment on column vibe.products.stock is 'pieces that can be sold: those there are less those reserved; null until read';
comment on column vibe.products.physical_stock is 'pieces on the shelves of all depots; null until read';
comment on column vibe.products.stock_read_at is 'when the stock was read from the source; null before';
comment on column vibe.products.read_at is 'when the article was last read from the source';
comment on column vibe.products.created_at is 'when the row was made here';
alter table vibe.products enable row level security;
create policy read on vibe.products for select using (site_id = any (array(select vibe.my_sites())));
comment on policy read on vibe.products is 'rows of a site are seen by its members';
grant select on vibe.products to vibe_analyst;

create table vibe_private.bling_accounts (
    site_id integer not null,
    source_id bigint not null,
    authorize_url text not null,
    client_id text not null,
    code_sent_at timestamptz,
    token_asked_at timestamptz,
    last_answer_at timestamptz,
    connected_at timestamptz,
    broken_at timestamptz,
    broken_why text,
    requests_per_second numeric not null check (requests_per_second > 0 and requests_per_second <= 100),
    requests_per_day integer not null check (requests_per_day between 100 and 10000000),
    next_request_at timestamptz not null default '-infinity',
    day date not null default '-infinity',
    day_requests integer not null default 0,
    import_from date not null,
    listed_until date,
    currency char(3) not null,
    skip_stores text[] not null,
    status_map jsonb not null,
    statuses jsonb,
    statuses_read_at timestamptz,
    primary key (site_id, source_id),
    constraint bling_accounts_source_fkey foreign key (site_id, source_id) references vibe.sources (site_id, source_id) on delete cascade
);
comment on table vibe_private.bling_accounts is
    'a Bling account that a source reads: its rates and how far it was read; its secrets are in vibe_private.source_secrets, and whoever uses or changes those locks this row';
comment on column vibe_private.bling_accounts.code_sent_at is 'when the code of the consent page left for Bling; it never leaves twice, since Bling takes that for theft';
comment on column vibe_private.bling_accounts.token_asked_at is 'when a new token was asked for whose answer has not come; nobody asks again for a minute';
comment on column vibe_private.bling_accounts.last_answer_at is 'when Bling last answered what was asked';
comment on column vibe_private.bling_accounts.broken_at is 'when Bling ended the consent: an owner must connect again; null while it stands';
comment on column vibe_private.bling_accounts.next_request_at is 'nothing is asked before; the servers share this row';
comment on column vibe_private.bling_accounts.day is 'Bling''s day (America/Sao_Paulo) that day_requests counts';
comment on column vibe_private.bling_accounts.listed_until is 'the day before which all changes of orders were listed; null before the first import';
comment on column vibe_private.bling_accounts.skip_stores is 'Bling''s ids of stores whose orders come from a source of their own';
comment on column vibe_private.bling_accounts.status_map is 'Bling''s status id to paid, pending or cancelled, where it differs from the rule';
comment on column vibe_private.bling_accounts.statuses is 'Bling''s status ids to their names and what they descend from';

-- What is to be read one by one. A row stays when it was done, so that the same version is not read again.
create table vibe_private.bling_tasks (
    site_id integer not null,
    source_id bigint not null,
    kind text not null check (kind in ('order', 'contact', 'product', 'stock')),
    external_id text not null,
    urgency smallint not null default 1,
    wanted_at timestamptz,
    fingerprint text,
    attempts smallint not null default 0,
    done_at timestamptz,
    error text,
    primary key (site_id, source_id, kind, external_id),
    constraint bling_tasks_account_fkey foreign key (site_id, source_id)
        references vibe_private.bling_accounts (site_id, source_id) on delete cascade
);
comment on table vibe_private.bling_tasks is 'orders, contacts, articles and stocks of a Bling account to be read, and those that were';
comment on column vibe_private.bling_tasks.urgency is '0 what a webhook told of, 1 what a list named';
comment on column vibe_private.bling_tasks.wanted_at is 'null when there is nothing to do';
comment on column vibe_private.bling_tasks.fingerprint is 'of the list''s entry when it was queued last: an entry like it is not read again';
comment on column vibe_private.bling_tasks.error is 'why reading it was given up; null else';
create index bling_tasks_wanted on vibe_private.bling_tasks (site_id, source_id, urgency, wanted_at) where wanted_at is not null;
comment on index vibe_private.bling_tasks_wanted is 'the next task';

create table vibe_private.bling_states (
    state_hash bytea primary key,
    site_id integer not null,
    source_id bigint not null,
    expires_at timestamptz not null,
    constraint bling_states_account_fkey foreign key (site_id, source_id)
        references vibe_private.bling_accounts (site_id, source_id) on delete cascade
);
comment on table vibe_private.bling_states is 'consents that were begun: the hash of the state that Bling gives back, used once and within ten minutes';
create index bling_states_account on vibe_private.bling_states (site_id, source_id);
comment on index vibe_private.bling_states_account is 'follows an account that is deleted';

-- Bling bans addresses, whatever account they read, so the servers share these limits too.
create table vibe_private.bling_hosts (
    host text not null,
    kind text not null check (kind in ('token', 'read')),
    due timestamptz not null default '-infinity',
    primary key (host, kind)
);
comment on table vibe_private.bling_hosts is 'the pace of all requests from here to a host of Bling: tokens and the rest';
comment on column vibe_private.bling_hosts.due is 'when the requests so far would be through at an even pace';

create trigger bling_forgets after delete on vibe_private.source_records
    referencing old table as gone
    for each statement execute function vibe_private.forget_bling_contacts();
comment on trigger bling_forgets on vibe_private.source_records is 'Bling''s number of an erased customer is not kept';

insert into vibe_private.queue_kinds (kind, step_function, max_attempts, first_pause, every, subjects_function, keep) values
    ('bling_connect', 'bling_connect_step', 3, '1 second', null, null, '7 days'),
    ('bling_sync', 'bling_sync_step', 12, '5 seconds', '1 hour', 'bling_due', '7 days'),
    ('bling_read', 'bling_read_step', 12, '5 seconds', null, null, '7 days');

insert into vibe.routes (method, path, function_name, role, writes, answer) values
    ('GET', '/api/bling/callback', 'bling_callback', 'vibe_anon', true,
     '{"type": "object", "required": ["message"], "properties": {"message": {"type": "string"}}}'),
    ('POST', '/webhooks/bling/{source}', 'receive_bling', 'vibe_anon', false,
     '{"type": "object", "required": ["received"], "properties": {"received": {"const": true}}}');
