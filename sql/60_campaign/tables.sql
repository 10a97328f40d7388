create table vibe.campaigns (
    site_id integer not null references vibe.sites (site_id) on delete cascade,
    campaign_id bigint generated always as identity,
    external_id text check (length(external_id) between 1 and 200),
    name text not null,
    type text not null default 'other' check (type ~ '^\S(.{0,48}\S)?$'),
    status text not null default 'active' check (status in ('draft', 'active', 'paused', 'completed', 'archived')),
    segment_id bigint,
    budget numeric(14, 2) check (budget between 0 and 999999999999),
    start_date date check (start_date >= '2000-01-01' and start_date < '2200-01-01'),
    end_date date check (end_date >= '2000-01-01' and end_date < '2200-01-01'),
    utm_campaign text check (length(utm_campaign) between 1 and 200),
    utm_source text check (length(utm_source) between 1 and 200),
    utm_medium text check (length(utm_medium) between 1 and 200),
    created_at timestamptz not null default now(),
    primary key (site_id, campaign_id),
    constraint campaigns_name_key unique (site_id, name),
    constraint campaigns_external_id_key unique (site_id, external_id),
    constraint campaigns_name check (name ~ '^\S(.{0,198}\S)?$'),
    constraint campaigns_dates check (end_date >= start_date),
    constraint campaigns_utm check (utm_campaign is not null or (utm_source is null and utm_medium is null)),
    -- Compared with the visits' parameters in small letters.
    constraint campaigns_utm_case check ((utm_campaign, utm_source, utm_medium)
        is not distinct from (lower(utm_campaign), lower(utm_source), lower(utm_medium))),
    constraint campaigns_segment_fkey foreign key (site_id, segment_id)
        references vibe.segments (site_id, segment_id) on delete set null (segment_id)
);
comment on table vibe.campaigns is 'what a site does to be known or bought from: an e-mailing, an advertisement, an action in a shop';
comment on column vibe.campaigns.campaign_id is 'number of the campaign';
comment on column vibe.campaigns.external_id is 'what the advertising network or the CRM calls it, unique within the site; null for none';
comment on column vibe.campaigns.name is 'what people call it, unique within the site';
comment on column vibe.campaigns.type is 'email, search, social, display … or what the site calls it';
comment on column vibe.campaigns.status is 'draft, active, paused, completed or archived; told, not checked: a visit by its parameters counts at any time';
comment on column vibe.campaigns.segment_id is 'the segment of customers or users that it is meant for; null for everybody';
comment on column vibe.campaigns.budget is 'what it may cost, in the site''s currency; null for no limit';
comment on column vibe.campaigns.start_date is 'first day, by the site''s calendar';
comment on column vibe.campaigns.end_date is 'last day; null while it has no end';
comment on column vibe.campaigns.utm_campaign is 'visits whose first address says so came by this campaign; in small letters, null for none';
comment on column vibe.campaigns.utm_source is 'only visits whose address says so too; null for any';
comment on column vibe.campaigns.utm_medium is 'only visits whose address says so too; null for any';
create unique index campaigns_utm_key on vibe.campaigns
    (site_id, utm_campaign, coalesce(utm_source, ''), coalesce(utm_medium, '')) where utm_campaign is not null;
comment on index vibe.campaigns_utm_key is 'a visit belongs to one campaign: the one that says most about it';
create index campaigns_by_segment on vibe.campaigns (site_id, segment_id) where segment_id is not null;
comment on index vibe.campaigns_by_segment is 'the campaigns for a segment, and its deletion';

create table vibe.campaign_settings (
    site_id integer primary key references vibe.sites (site_id) on delete cascade,
    attribution_model text not null default 'last' check (attribution_model in ('first', 'last', 'linear')),
    window_days integer not null default 30 check (window_days between 1 and 365),
    conversion_types text[] not null default '{conversion}' check (cardinality(conversion_types) between 1 and 50),
    passive_types text[] not null default '{impression,sent,delivered,bounced,unsubscribed}' check (cardinality(passive_types) <= 50),
    constraint campaign_settings_types check (not conversion_types && passive_types)
);
comment on table vibe.campaign_settings is 'how a site reckons with its campaigns; set by vibe.change_campaign_settings(), without a row as by default';
comment on column vibe.campaign_settings.attribution_model is 'who gets an order: the first campaign that touched the buyer, the last one, or all alike (linear)';
comment on column vibe.campaign_settings.window_days is 'how many times 24 hours a touch counts';
comment on column vibe.campaign_settings.conversion_types is 'types of campaign events that are conversions';
comment on column vibe.campaign_settings.passive_types is 'types of campaign events that expose a person to the campaign, but earn it no order';

create table vibe.campaign_events (
    site_id integer not null,
    campaign_event_id bigint generated always as identity,
    campaign_id bigint not null,
    event_type text not null check (event_type ~ '^\S(.{0,98}\S)?$'),
    occurred_at timestamptz not null default now(),
    customer_id bigint,
    user_id bigint,
    external_id text check (length(external_id) between 1 and 200),
    order_id text check (length(order_id) between 1 and 200),
    value numeric(14, 2) check (value between 0 and 999999999999),
    cost numeric(14, 4) check (cost between 0 and 9999999999),
    metadata jsonb not null default '{}',
    primary key (site_id, campaign_event_id),
    constraint campaign_events_external_id_key unique (site_id, campaign_id, external_id),
    constraint campaign_events_time check (occurred_at >= '2000-01-01 00:00:00+00' and occurred_at < '2200-01-01 00:00:00+00'),
    constraint campaign_events_metadata check (jsonb_typeof(metadata) = 'object'),
    constraint campaign_events_campaign_fkey foreign key (site_id, campaign_id)
        references vibe.campaigns (site_id, campaign_id) on delete cascade,
    constraint campaign_events_customer_fkey foreign key (site_id, customer_id)
        references vibe.customers (site_id, customer_id) on delete set null (customer_id),
    constraint campaign_events_user_fkey foreign key (site_id, user_id)
        references vibe.site_users (site_id, user_id) on delete set null (user_id)
);
comment on table vibe.campaign_events is 'what happened with a campaign: impressions, clicks, conversions and any other type, written by vibe.track_campaign_event()';
comment on column vibe.campaign_events.campaign_event_id is 'number of the event';
comment on column vibe.campaign_events.event_type is 'impression, click, conversion, or what the site calls it';
comment on column vibe.campaign_events.occurred_at is 'when it happened';
comment on column vibe.campaign_events.customer_id is 'the customer it happened to; null if not known';
comment on column vibe.campaign_events.user_id is 'the visitor it happened to, before any merge; null if not known';
comment on column vibe.campaign_events.external_id is 'the sender''s own id of the event: what is sent again is stored once';
comment on column vibe.campaign_events.order_id is 'the order (purchases.external_id) that a conversion is about: where the shop knows it, the order counts and the event does not';
comment on column vibe.campaign_events.value is 'worth of a conversion, in the site''s currency';
comment on column vibe.campaign_events.cost is 'what the event cost, in the site''s currency';
comment on column vibe.campaign_events.metadata is 'all that was told about it';
create index campaign_events_by_time on vibe.campaign_events (site_id, campaign_id, occurred_at);
comment on index vibe.campaign_events_by_time is 'the events of a campaign in a range of days';
create index campaign_events_by_customer on vibe.campaign_events (site_id, customer_id) where customer_id is not null;
comment on index vibe.campaign_events_by_customer is 'what reached a customer, and erasure';
create index campaign_events_by_user on vibe.campaign_events (site_id, user_id) where user_id is not null;
comment on index vibe.campaign_events_by_user is 'what reached a visitor, and erasure';
create index campaign_events_by_order on vibe.campaign_events (site_id, order_id) where order_id is not null;
comment on index vibe.campaign_events_by_order is 'the conversions that name an order';

-- What is not reported (null) is counted from events, visits and purchases: vibe.campaign_days() puts both together.
create table vibe.campaign_performance (
    site_id integer not null,
    campaign_id bigint not null,
    date date not null check (date >= '2000-01-01' and date < '2200-01-01'),
    impressions bigint check (impressions >= 0),
    clicks bigint check (clicks >= 0),
    conversions numeric(14, 2) check (conversions between 0 and 999999999999),
    revenue numeric(14, 2) check (revenue between 0 and 999999999999),
    cost numeric(14, 2) check (cost between 0 and 999999999999),
    ctr numeric generated always as (round(clicks::numeric / nullif(impressions, 0), 6)) stored,
    cpc numeric generated always as (round(cost / nullif(clicks, 0), 4)) stored,
    roas numeric generated always as (round(revenue / nullif(cost, 0), 4)) stored,
    reported_at timestamptz not null default now(),
    primary key (site_id, campaign_id, date),
    constraint campaign_performance_campaign_fkey foreign key (site_id, campaign_id)
        references vibe.campaigns (site_id, campaign_id) on delete cascade
);
comment on table vibe.campaign_performance is
'figures of a campaign''s days as an advertising network or staff report them; what is null is counted instead, see vibe.campaign_days()';
comment on column vibe.campaign_performance.date is 'day of the site''s calendar';
comment on column vibe.campaign_performance.impressions is 'how often it was shown';
comment on column vibe.campaign_performance.clicks is 'how often it was clicked';
comment on column vibe.campaign_performance.conversions is 'conversions; networks report fractions where they share one out';
comment on column vibe.campaign_performance.revenue is 'worth of the conversions, in the site''s currency';
comment on column vibe.campaign_performance.cost is 'what the day cost, in the site''s currency';
comment on column vibe.campaign_performance.ctr is 'clicks per impression; null without impressions';
comment on column vibe.campaign_performance.cpc is 'cost per click; null without clicks';
comment on column vibe.campaign_performance.roas is 'revenue per cost; null without cost';
comment on column vibe.campaign_performance.reported_at is 'when the row was written last';

create index site_sessions_by_campaign on vibe.site_sessions (site_id, lower(utm_campaign), started_at)
    where utm_campaign is not null and not is_bot;
comment on index vibe.site_sessions_by_campaign is 'the visits that a campaign brought';
create index purchases_by_campaign on vibe.purchases (site_id, lower(utm ->> 'campaign'), purchased_at) where utm is not null;
comment on index vibe.purchases_by_campaign is 'the orders that a campaign brought, as the shop says';

do $policies$
declare
    name text;
begin
    foreach name in array array['campaigns', 'campaign_settings', 'campaign_events', 'campaign_performance'] loop
        execute format('alter table vibe.%I enable row level security', name);
        execute format('create policy read on vibe.%I for select using (site_id = any (array(select vibe.my_sites())))', name);
        execute format('comment on policy read on vibe.%I is %L', name, 'rows of a site are seen by its members');
        execute format('create policy add on vibe.%I for insert with check (site_id = any (array(select vibe.my_sites(''member''))))', name);
        execute format('comment on policy add on vibe.%I is %L', name, 'viewers cannot write');
        execute format('create policy change on vibe.%I for update using (site_id = any (array(select vibe.my_sites(''member''))))', name);
        execute format('comment on policy change on vibe.%I is %L', name, 'viewers cannot write');
        execute format('create policy remove on vibe.%I for delete using (site_id = any (array(select vibe.my_sites(''member''))))', name);
        execute format('comment on policy remove on vibe.%I is %L', name, 'viewers cannot write');
    end loop;
end
$policies$;
grant select on vibe.campaigns, vibe.campaign_settings, vibe.campaign_events, vibe.campaign_performance to vibe_analyst;
grant insert (site_id, external_id, name, type, status, segment_id, budget, start_date, end_date, utm_campaign, utm_source, utm_medium),
    update (external_id, name, type, status, segment_id, budget, start_date, end_date, utm_campaign, utm_source, utm_medium), delete
    on vibe.campaigns to vibe_member;
grant insert, update, delete on vibe.campaign_settings to vibe_member;
-- What happened stays as it was told.
grant insert (site_id, campaign_id, event_type, occurred_at, customer_id, user_id, external_id, order_id, value, cost, metadata)
    on vibe.campaign_events to vibe_member;
grant insert (site_id, campaign_id, date, impressions, clicks, conversions, revenue, cost, reported_at),
    update (impressions, clicks, conversions, revenue, cost, reported_at), delete
    on vibe.campaign_performance to vibe_member;

select vibe_private.feed_table('vibe.campaigns');
select vibe_private.feed_table('vibe.campaign_events');
select vibe_private.feed_table('vibe.campaign_performance');

insert into vibe.routes (method, path, function_name, role) values
    ('GET', '/api/v1/campaigns', 'get_campaigns', 'vibe_member'),
    ('POST', '/api/v1/campaigns', 'create_campaign', 'vibe_member'),
    ('GET', '/api/v1/campaigns/attribution', 'campaign_attribution', 'vibe_member'),
    ('GET', '/api/v1/campaigns/{campaign_id}', 'get_campaign', 'vibe_member'),
    ('PATCH', '/api/v1/campaigns/{campaign_id}', 'update_campaign', 'vibe_member'),
    ('DELETE', '/api/v1/campaigns/{campaign_id}', 'delete_campaign', 'vibe_member'),
    ('GET', '/api/v1/campaigns/{campaign_id}/performance', 'get_campaign_performance', 'vibe_member'),
    ('PUT', '/api/v1/campaigns/{campaign_id}/performance', 'report_campaign_day', 'vibe_member'),
    ('GET', '/api/v1/campaigns/{campaign_id}/days', 'campaign_days', 'vibe_member'),
    ('GET', '/api/v1/campaigns/{campaign_id}/events', 'get_campaign_events', 'vibe_member'),
    ('POST', '/api/v1/campaigns/{campaign_id}/events', 'track_campaign_event', 'vibe_member');
