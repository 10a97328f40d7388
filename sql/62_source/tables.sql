-- Where data come from beside the tracker: shops, ERPs, CRMs, models. Each delivery is kept as it came, then applied.
create table vibe.sources (
    site_id integer not null references vibe.sites (site_id) on delete cascade,
    source_id bigint generated always as identity,
    kind text not null check (kind in ('woocommerce', 'bling', 'crm', 'ai_model')),
    name text not null check (name ~ '^\S(.{0,98}\S)?$'),
    base_url text check (length(base_url) <= 300),
    id_prefix text not null default '' check (length(id_prefix) <= 110),
    settings jsonb not null default '{}',
    stale_after interval check (stale_after >= interval '1 minute'),
    is_active boolean not null default true,
    changed_at timestamptz not null default now(),
    created_at timestamptz not null default now(),
    primary key (site_id, source_id),
    constraint sources_name_key unique (site_id, kind, name)
);
comment on table vibe.sources is 'shops, ERPs, CRMs and models whose data a site takes in; written by vibe.connect_… and vibe.disconnect_source()';
comment on column vibe.sources.source_id is 'number of the source';
comment on column vibe.sources.kind is 'woocommerce, bling, crm or ai_model';
comment on column vibe.sources.name is 'what people call it; unique for its site and kind';
comment on column vibe.sources.base_url is 'where it is asked, without a slash at the end; null if it only sends';
comment on column vibe.sources.id_prefix is 'stands before its numbers of orders and customers, so that two sources cannot mean the same; empty for the first of a site';
comment on column vibe.sources.settings is 'what is special about it and no secret, such as {"adapter": "twenty"}';
comment on column vibe.sources.stale_after is 'a last success older than this makes it stale; null: it is never expected';
comment on column vibe.sources.is_active is 'false once disconnected: nothing is taken in or asked';
comment on column vibe.sources.changed_at is 'when it was connected or disconnected last';
create unique index sources_id_prefix on vibe.sources (site_id, id_prefix) where kind in ('woocommerce', 'bling');
comment on index vibe.sources_id_prefix is 'no two sources of orders share numbers';
alter table vibe.sources enable row level security;
create policy read on vibe.sources for select using (site_id = any (array(select vibe.my_sites())));
comment on policy read on vibe.sources is 'rows of a site are seen by its members';
grant select on vibe.sources to vibe_analyst;

-- Apart from vibe.sources, whose rows every delivery's key holds: this one is written by each batch.
create table vibe.source_states (
    site_id integer not null,
    source_id bigint not null,
    last_success_at timestamptz,
    ok_since timestamptz,
    last_error_at timestamptz,
    last_error text,
    error_since timestamptz,
    applied bigint not null default 0,
    ignored bigint not null default 0,
    cursor jsonb not null default '{}',
    primary key (site_id, source_id),
    constraint source_states_source_fkey foreign key (site_id, source_id)
        references vibe.sources (site_id, source_id) on delete cascade
) with (fillfactor = 50);
comment on table vibe.source_states is 'how each source has fared; read vibe.source_status';
comment on column vibe.source_states.source_id is 'the source, as in vibe.sources';
comment on column vibe.source_states.last_success_at is 'when it last answered, or a delivery of it was applied';
comment on column vibe.source_states.ok_since is 'first success since the last error';
comment on column vibe.source_states.last_error_at is 'when asking it last failed';
comment on column vibe.source_states.last_error is 'why';
comment on column vibe.source_states.error_since is 'first error since the last success; null while all is well';
comment on column vibe.source_states.applied is 'deliveries applied until now';
comment on column vibe.source_states.ignored is 'deliveries that had nothing new or nothing for us';
comment on column vibe.source_states.cursor is 'where the next import begins, in the source''s own terms';
alter table vibe.source_states enable row level security;
create policy read on vibe.source_states for select using (site_id = any (array(select vibe.my_sites())));
comment on policy read on vibe.source_states is 'rows of a site are seen by its members';
grant select on vibe.source_states to vibe_analyst;

create table vibe_private.source_secrets (
    site_id integer not null,
    source_id bigint not null,
    name text not null,
    value text not null,
    expires_at timestamptz,
    primary key (site_id, source_id, name),
    constraint source_secrets_source_fkey foreign key (site_id, source_id)
        references vibe.sources (site_id, source_id) on delete cascade
);
comment on table vibe_private.source_secrets is 'what signs the deliveries of a source and what opens its doors: webhook_secret, consumer_key, refresh_token …';
comment on column vibe_private.source_secrets.expires_at is 'when it stops working, where the source says so';

-- What is told about a delivery; its bytes are in vibe_private.inbox, so that a new status does not write them again.
create table vibe.source_deliveries (
    site_id integer not null,
    delivery_id bigint generated always as identity,
    source_id bigint not null,
    topic text not null check (length(topic) <= 100),
    external_id text,
    received_at timestamptz not null default now(),
    modified_at timestamptz,
    sha256 bytea not null,
    size integer not null,
    status text not null default 'new' check (status in ('new', 'applied', 'ignored', 'failed')),
    attempts integer not null default 0,
    error text,
    applied_at timestamptz,
    customer_id bigint,
    primary key (site_id, delivery_id),
    constraint source_deliveries_source_fkey foreign key (site_id, source_id)
        references vibe.sources (site_id, source_id) on delete cascade
) with (fillfactor = 85);
comment on table vibe.source_deliveries is 'what sources delivered and what became of it, without the content';
comment on column vibe.source_deliveries.delivery_id is 'number of the delivery, in the order in which they came; what the sender calls it is in the headers and may repeat';
comment on column vibe.source_deliveries.source_id is 'the source, as in vibe.sources';
comment on column vibe.source_deliveries.topic is 'what the sender says it is about: order.updated, contact.upserted …';
comment on column vibe.source_deliveries.external_id is 'what it is about, by the source''s number; null until it was read';
comment on column vibe.source_deliveries.received_at is 'when it came';
comment on column vibe.source_deliveries.modified_at is 'the version that it tells: when the source changed it last; null until it was read';
comment on column vibe.source_deliveries.sha256 is 'of the content: a repeat has the same';
comment on column vibe.source_deliveries.size is 'bytes of the content';
comment on column vibe.source_deliveries.status is 'new: waits; applied; ignored: nothing new or nothing for us, error says why; failed: error says why, vibe.reapply_deliveries() tries again';
comment on column vibe.source_deliveries.attempts is 'how often it was tried';
comment on column vibe.source_deliveries.error is 'why it failed or was ignored';
comment on column vibe.source_deliveries.applied_at is 'when the status was settled';
comment on column vibe.source_deliveries.customer_id is 'whom it is about, where that is a customer';
create index source_deliveries_waiting on vibe.source_deliveries (site_id, source_id, delivery_id) where status = 'new';
comment on index vibe.source_deliveries_waiting is 'what is to be applied, in its order';
create index source_deliveries_failed on vibe.source_deliveries (site_id, source_id, delivery_id) where status = 'failed';
comment on index vibe.source_deliveries_failed is 'what could not be applied';
create index source_deliveries_by_source on vibe.source_deliveries (site_id, source_id, delivery_id);
comment on index vibe.source_deliveries_by_source is 'the last deliveries of a source, and its removal';
create index source_deliveries_by_customer on vibe.source_deliveries (site_id, customer_id) where customer_id is not null;
comment on index vibe.source_deliveries_by_customer is 'what was delivered about a customer, for export and erasure';
alter table vibe.source_deliveries enable row level security;
create policy read on vibe.source_deliveries for select using (site_id = any (array(select vibe.my_sites())));
comment on policy read on vibe.source_deliveries is 'rows of a site are seen by its members';
grant select on vibe.source_deliveries to vibe_analyst;

create table vibe_private.inbox (
    site_id integer not null,
    delivery_id bigint not null,
    headers jsonb,
    body bytea not null,
    primary key (site_id, delivery_id),
    constraint inbox_delivery_fkey foreign key (site_id, delivery_id)
        references vibe.source_deliveries (site_id, delivery_id) on delete cascade
);
comment on table vibe_private.inbox is 'the deliveries of vibe.source_deliveries as they came, byte for byte; personal data of any kind';
comment on column vibe_private.inbox.headers is 'by small names, without credentials';
-- A body is written once and read once: no time for compressing it.
alter table vibe_private.inbox alter body set storage external;

-- The newest version of each thing that a source told: an older one that comes later changes nothing.
create table vibe_private.source_records (
    site_id integer not null,
    source_id bigint not null,
    kind text not null check (kind in ('order', 'customer')),
    external_id text not null,
    modified_at timestamptz not null,
    sha256 bytea,
    is_deleted boolean not null default false,
    customer_id bigint,
    refunds jsonb,
    primary key (site_id, source_id, kind, external_id),
    constraint source_records_source_fkey foreign key (site_id, source_id)
        references vibe.sources (site_id, source_id) on delete cascade,
    constraint source_records_customer_fkey foreign key (site_id, customer_id)
        references vibe.customers (site_id, customer_id) on delete set null (customer_id)
) with (fillfactor = 85);
comment on table vibe_private.source_records is 'the newest version of each order and customer that a source told; guests are customers called @address';
comment on column vibe_private.source_records.external_id is 'the source''s number, without prefix';
comment on column vibe_private.source_records.refunds is 'of an order: when (Unix seconds) each of its refunds, by the source''s number, was first told of';
comment on column vibe_private.source_records.sha256 is 'of the content that told it: the same again has nothing new';
create index source_records_by_customer on vibe_private.source_records (site_id, customer_id) where customer_id is not null;
comment on index vibe_private.source_records_by_customer is 'what sources call a customer';

create index customers_by_email on vibe.customers (site_id, lower(email)) where email is not null;
comment on index vibe.customers_by_email is 'guests of shops, who are known by their address';

alter table vibe.purchases add constraint purchases_source_fkey foreign key (site_id, source_id)
    references vibe.sources (site_id, source_id) on delete set null (source_id);
create index purchases_by_source on vibe.purchases (site_id, source_id, purchased_at) where source_id is not null;
comment on index vibe.purchases_by_source is 'the orders of a source in a period, and its removal';

create table vibe.interactions (
    site_id integer not null references vibe.sites (site_id) on delete cascade,
    interaction_id bigint generated always as identity,
    source_id bigint,
    customer_id bigint,
    external_id text check (length(external_id) between 1 and 200),
    kind text not null check (length(kind) between 1 and 100),
    at timestamptz not null check (at >= '1900-01-01 00:00:00+00' and at < '2200-01-01 00:00:00+00'),
    data jsonb not null default '{}',
    primary key (site_id, interaction_id),
    constraint interactions_external_id_key unique (site_id, source_id, external_id),
    constraint interactions_source_fkey foreign key (site_id, source_id)
        references vibe.sources (site_id, source_id) on delete set null (source_id),
    constraint interactions_customer_fkey foreign key (site_id, customer_id)
        references vibe.customers (site_id, customer_id) on delete cascade
);
comment on table vibe.interactions is 'what a CRM tells about its dealings with a customer: calls, letters, meetings, deals';
comment on column vibe.interactions.interaction_id is 'number of the interaction';
comment on column vibe.interactions.source_id is 'the CRM, as in vibe.sources';
comment on column vibe.interactions.external_id is 'its number there: sent again, it is the same interaction';
comment on column vibe.interactions.kind is 'as the CRM calls it: call, email, meeting, deal.updated …';
comment on column vibe.interactions.at is 'when it happened';
comment on column vibe.interactions.data is 'what else the CRM says';
create index interactions_by_customer on vibe.interactions (site_id, customer_id, at);
comment on index vibe.interactions_by_customer is 'the history of a customer';
create index interactions_by_time on vibe.interactions (site_id, at);
comment on index vibe.interactions_by_time is 'a period''s interactions';
create index interactions_by_source on vibe.interactions (site_id, source_id) where source_id is not null;
comment on index vibe.interactions_by_source is 'the removal of a source';
alter table vibe.interactions enable row level security;
create policy read on vibe.interactions for select using (site_id = any (array(select vibe.my_sites())));
comment on policy read on vibe.interactions is 'rows of a site are seen by its members';
grant select on vibe.interactions to vibe_analyst;

create table vibe.ai_model_events (
    site_id integer not null references vibe.sites (site_id) on delete cascade,
    event_id bigint generated always as identity,
    source_id bigint,
    customer_id bigint,
    external_id text check (length(external_id) between 1 and 200),
    model text not null check (length(model) between 1 and 100),
    version text not null default '' check (length(version) <= 100),
    event_type text not null check (event_type in ('activation', 'result')),
    at timestamptz not null check (at >= '1900-01-01 00:00:00+00' and at < '2200-01-01 00:00:00+00'),
    value numeric(24, 6),
    metadata jsonb not null default '{}',
    primary key (site_id, event_id),
    constraint ai_model_events_external_id_key unique (site_id, source_id, external_id),
    constraint ai_model_events_source_fkey foreign key (site_id, source_id)
        references vibe.sources (site_id, source_id) on delete set null (source_id),
    constraint ai_model_events_customer_fkey foreign key (site_id, customer_id)
        references vibe.customers (site_id, customer_id) on delete cascade
);
comment on table vibe.ai_model_events is 'when a model was used (activation) and what came of it (result)';
comment on column vibe.ai_model_events.event_id is 'number of the event';
comment on column vibe.ai_model_events.source_id is 'who told it, as in vibe.sources';
comment on column vibe.ai_model_events.external_id is 'its number there: sent again, it is the same event';
comment on column vibe.ai_model_events.model is 'name of the model';
comment on column vibe.ai_model_events.version is 'of the model; empty if it has none';
comment on column vibe.ai_model_events.event_type is 'activation or result';
comment on column vibe.ai_model_events.at is 'when it happened';
comment on column vibe.ai_model_events.value is 'what the result was worth, in the model''s own unit: money, a score, 1 for a hit and 0 for a miss';
comment on column vibe.ai_model_events.metadata is 'what else the sender says';
create index ai_model_events_by_time on vibe.ai_model_events (site_id, model, version, at);
comment on index vibe.ai_model_events_by_time is 'a model''s events';
create index ai_model_events_by_customer on vibe.ai_model_events (site_id, customer_id) where customer_id is not null;
comment on index vibe.ai_model_events_by_customer is 'events about a customer, for export and erasure';
create index ai_model_events_by_source on vibe.ai_model_events (site_id, source_id) where source_id is not null;
comment on index vibe.ai_model_events_by_source is 'the removal of a source';
alter table vibe.ai_model_events enable row level security;
create policy read on vibe.ai_model_events for select using (site_id = any (array(select vibe.my_sites())));
comment on policy read on vibe.ai_model_events is 'rows of a site are seen by its members';
grant select on vibe.ai_model_events to vibe_analyst;

insert into vibe_private.queue_kinds (kind, step_function, every, subjects_function, keep) values
    ('apply_inbox', 'step_apply_inbox', '1 second', 'waiting_sources', '1 hour'),
    ('import_woocommerce', 'step_import_woocommerce', '1 hour', 'woocommerce_sources', '30 days');

insert into vibe.routes (method, path, function_name, role, statuses) values
    ('POST', '/webhooks/woocommerce/{site}', 'receive_woocommerce', 'vibe_anon', '{}'),
    ('POST', '/webhooks/crm/{site}', 'receive_crm', 'vibe_anon', '{202}'),
    ('POST', '/webhooks/ai-models/{site}', 'receive_ai_model', 'vibe_anon', '{202}');
