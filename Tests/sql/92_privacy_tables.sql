-- Every table there is: either erasing a person empties it of them, and here they are in it before, or it says why it cannot
-- hold a person. A table that is made later fails this test until it is in the list.
set time zone 'UTC';
\set VERBOSITY terse
create table place (name text primary key, reason text);
insert into place values
    ('vibe.campaign_events', null),
    ('vibe.customers', null),
    ('vibe.goal_conversions', null),
    ('vibe.identity_warnings', null),
    ('vibe.import_rejects', null),
    ('vibe.online_users', null),
    ('vibe.purchases', null),
    ('vibe.rfm_analysis', null),
    ('vibe.segment_members', null),
    ('vibe.site_sessions', null),
    ('vibe.site_users', null),
    ('vibe.user_days', null),
    ('vibe.user_events', null),
    ('vibe.user_merges', null),
    ('vibe_private.changes', null),
    ('vibe_private.expired_funnel_users', null),
    ('vibe.ai_model_events', null),
    ('vibe.interactions', null),
    ('vibe.source_deliveries', null),
    ('vibe_private.inbox', 'contents of vibe.source_deliveries, which go with them; counted below'),
    ('vibe_private.source_records', null),
    ('vibe.queue_circuits', 'of sources'),
    ('vibe.queue_jobs', 'of sources'),
    ('vibe_private.queue_cancels', 'of jobs'),
    ('vibe_private.queue_kinds', 'of the installation'),
    ('vibe_private.queue_states', 'where jobs are, no content'),
    ('vibe.source_states', 'of sites'),
    ('vibe.sources', 'made by staff'),
    ('vibe_private.source_secrets', 'of sites'),
    ('vibe.campaign_performance', 'sums of a day'),
    ('vibe.campaign_settings', 'of sites'),
    ('vibe.campaigns', 'made by staff'),
    ('vibe.customer_days', 'sums of a day'),
    ('vibe.customer_marks', 'days'),
    ('vibe.customer_months', 'sums of a month'),
    ('vibe.daily_category_revenue', 'sums of a day'),
    ('vibe.daily_funnel_stats', 'sums of a day'),
    ('vibe.daily_revenue', 'sums of a day'),
    ('vibe.daily_user_stats', 'sums of a day'),
    ('vibe_private.demo_sites', 'of sites'),
    ('vibe.funnel_steps', 'made by staff; one that names the person is told in not_reached'),
    ('vibe.funnels', 'made by staff'),
    ('vibe.goals', 'made by staff'),
    ('vibe.imported_days', 'sums of a day'),
    ('vibe.imports', 'numbers of records, and how the file is written'),
    ('vibe.job_runs', 'of sites'),
    ('vibe.products', 'articles and stock'),
    ('vibe.purchase_items', 'articles of an order, whose buyer is in vibe.purchases'),
    ('vibe.revenue_marks', 'days'),
    ('vibe.rfm_cluster_labels', 'the same for all sites'),
    ('vibe.rfm_map_cells', 'the same for all sites'),
    ('vibe.rfm_maps', 'the same for all sites'),
    ('vibe.rfm_marks', 'periods'),
    ('vibe.rfm_period_totals', 'sums of a period'),
    ('vibe.rfm_settings', 'of sites'),
    ('vibe.routes', 'of the installation'),
    ('vibe.schema_version', 'of the installation'),
    ('vibe.segmentations', 'centroids over all customers; told in not_reached'),
    ('vibe.segments', 'made by staff; a rule that names the person is told in not_reached'),
    ('vibe.site_members', 'staff'),
    ('vibe.sites', 'of sites'),
    ('vibe_private.api_key_sites', 'of sites'),
    ('vibe_private.api_keys', 'made by staff'),
    ('vibe_private.attempts', 'addresses and accounts of those who sign in, for a day'),
    ('vibe_private.bling_accounts', 'of sites'),
    ('vibe_private.bling_hosts', 'of the installation'),
    ('vibe_private.bling_states', 'of sites'),
    ('vibe_private.bling_tasks', 'numbers of orders, articles and contacts; a contact''s goes with the customer'),
    ('vibe_private.dirty_days', 'days'),
    ('vibe_private.event_ids', 'random numbers of events, for 8 days: what is sent again must not come back'),
    ('vibe_private.invitations', 'staff'),
    ('vibe_private.one_time_tokens', 'staff'),
    ('vibe_private.refresh_tokens', 'staff'),
    ('vibe_private.sessions', 'staff'),
    ('vibe_private.turns', 'of sites'),
    ('vibe_private.users', 'staff'),
    ('vibe_private.visitor_salts', 'random numbers, for two days');
create view tables as
select c.oid::regclass::text as name from pg_class as c
where c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace in (select oid from pg_namespace where nspname like 'vibe%');
select t.name as not_in_the_list from tables as t left join place as p using (name) where p.name is null;
select p.name as no_such_table from place as p left join tables as t using (name) where t.name is null;

-- Ids that no other number here is.
alter table vibe.customers alter customer_id restart 770001;
alter table vibe.site_users alter user_id restart 880001;
select vibe.create_site('shop') as shop \gset
update vibe.sites set key = 'shop-key', created_at = now() - interval '50 days' where site_id = :shop;
select vibe.create_goal('shop', 'Buy', 'purchase') is not null as goal;
select vibe.create_funnel('shop', 'path', '[{"event_name": "page_view"}, {"event_name": "purchase"}]') is not null as funnel;
-- Days ago: two browsers of hers, one of somebody else's.
insert into vibe.site_users (site_id, anonymous_id, first_seen_at, last_seen_at)
select :shop, b, current_date + interval '-40 days 12:00', current_date + interval '-40 days 12:00' from unnest('{ana-phone,ana-desk,other-browser}'::text[]) as b;
insert into vibe.user_events (site_id, user_id, event_name, page, occurred_at)
select :shop, u.user_id, e.name, '/', current_date + e.at
from vibe.site_users as u
cross join (values ('page_view', interval '-40 days 12:00'), ('purchase', interval '-40 days 12:01'), ('page_view', interval '-5 days 12:00')) as e (name, at);
insert into vibe.site_sessions (site_id, user_id, started_at, last_seen_at)
select :shop, u.user_id, current_date + interval '-40 days 12:00', current_date + interval '-40 days 12:01' from vibe.site_users as u;
-- Now: she signs in on both, and on one of them as somebody else too.
create function send(visitor text, items jsonb) returns text language sql as $$
    select body ->> 'accepted' from vibe_private.ingest(array[jsonb_build_object('site', 'shop-key', 'visitor', visitor, 'sent_at', 5, 'items',
        (select jsonb_agg(jsonb_build_object('id', gen_random_uuid(), 'time', 5) || i) from jsonb_array_elements(items) as i))::text], array['{"user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "address": "192.0.2.1"}'::jsonb])
$$;
select send('ana-phone', '[{"type": "page_view", "url": "https://shop.example/ana-page"}, {"type": "event", "name": "purchase"},
    {"type": "identify", "user_id": "ana-number", "traits": {"email": "ana@mail.example", "name": "Ana Anders"}}]') as accepted;
select send('ana-desk', '[{"type": "page_view", "url": "https://shop.example/"}, {"type": "identify", "user_id": "ana-number"},
    {"type": "identify", "user_id": "claimed"}]') as accepted;
select send('other-browser', '[{"type": "page_view", "url": "https://shop.example/"}, {"type": "identify", "user_id": "other-number"}]') as accepted;
-- The shop knows her, and one order of an old browser that nobody merged.
select vibe.import_csv('shop', 'orders', e'order_id,customer_id,purchased_at,amount\nO1,ana-c,2026-01-05,10\nO2,other-c,2026-01-06,20\nO3,ana-c,never,10\nO4,other-c,never,5\nO5,other-c,2026-01-09,nothing for ana@mail.example\nO6,banana-c,2026-01-09,x\n') ->> 'rejected' as rejected;
update vibe.customers set email = 'ana@mail.example', name = 'Ana Anders' where external_id = 'ana-c';
update vibe.site_users set customer_id = (select customer_id from vibe.customers where external_id = 'ana-c') where external_id = 'ana-number';
insert into vibe.site_users (site_id, anonymous_id, customer_id) select :shop, 'ana-old', customer_id from vibe.customers where external_id = 'ana-c';
select vibe.calculate_rfm('shop', '2026-01') as customers;
-- Campaigns met her by her number, in her browser, by an order of hers, by her address alone; and somebody else.
select vibe.create_campaign('shop', 'Letter') as letter \gset
select count(vibe.track_campaign_event(:letter, 'sent', e.metadata)) as campaign_events
from (values ('{"customer": "ana-c"}'::jsonb), ('{"visitor": "ana-phone"}'), ('{"order": "O1"}'), ('{"to": "Ana Anders <ana@mail.example>"}'),
    ('{"customer": "other-c"}'), ('{"to": "banana@mail.example"}')) as e (metadata);
select vibe.create_segment('shop', 'buyers', '{"version": 1, "all": [{"customer": "order_count", "op": "ge", "value": 1}]}') is not null as segment;
select vibe.create_segment('shop', 'her', '{"version": 1, "all": [{"customer": "name", "op": "eq", "value": "Ana Anders"}]}') is not null as segment;
select count(*) as segments from vibe.refresh_segments('shop');
select vibe.calculate_daily_stats('shop', current_date - 45, current_date) as days;
select vibe.calculate_funnel_days('shop', current_date - 45, current_date - 1) > 0 as funnel_days;
select vibe.keep_events('shop', 30);
select vibe_private.expire_events(:shop) as expired;

-- Sources tell of her: two versions of an order, one that cannot be read, one of somebody else, a contact, a call, a model.
select source_id as store from vibe.connect_woocommerce('shop', 'https://store.example', name => 'store') \gset
select source_id as hub from vibe.connect_crm('shop', 'hub') \gset
select source_id as scoring from vibe.connect_ai_model('shop', 'scoring') \gset
select count(vibe_private.receive(:shop, d.source_id, d.topic, null, null, '{}', convert_to(d.body, 'UTF8'))) as deliveries
from (values
    (:store, 'order.updated', '{"id": 70, "status": "processing", "currency": "USD", "total": "5.00", "date_created_gmt": "2026-01-05T10:00:00", "date_modified_gmt": "2026-01-05T11:00:00", "billing": {"email": "ANA@mail.example", "first_name": "Ana", "last_name": "Anders"}}'),
    (:store, 'order.updated', '{"id": 70, "status": "pending", "currency": "USD", "total": "5.00", "date_created_gmt": "2026-01-05T10:00:00", "billing": {"email": "ana@mail.example"}}'),
    (:store, 'order.updated', '{"id": 71, "status": "processing", "currency": "USD", "total": "none", "billing": {"email": "ana@mail.example"}}'),
    (:store, 'order.updated', '{"id": 72, "status": "processing", "currency": "USD", "total": "6.00", "date_created_gmt": "2026-01-05T10:00:00", "billing": {"email": "other@mail.example"}}'),
    (:hub, 'contact.upserted', '{"id": "h1", "type": "contact.upserted", "occurredAt": "2026-01-05T10:00:00Z", "contact": {"externalId": "p1", "email": "ana@mail.example"}}'),
    (:hub, 'interaction.created', '{"id": "h2", "type": "interaction.created", "occurredAt": "2026-01-05T10:00:00Z", "contact": {"externalId": "p1"}, "data": {"kind": "call", "note": "ana-phone"}}'),
    (:scoring, 'result', '{"id": "m1", "type": "result", "model": "churn", "occurredAt": "2026-01-05T10:00:00Z", "value": 1, "customer": {"email": "ana@mail.example"}}')
) as d (source_id, topic, body);
select vibe_private.apply_batch(:shop, s.source_id) as applied from vibe.sources as s order by s.source_id;
select status, count(*) from vibe.source_deliveries group by 1 order by 1;

create view her_names as select '(?<![a-z])(ana-(phone|desk|old|number|c|page)|ana@mail\.example|Ana Anders)' as pattern;
-- Rows by any column with an id of hers, or any text with a name of hers.
create function of_hers() returns table (name text, n bigint) language plpgsql as $$
declare
    keys text;
begin
    for name in select t.name from tables as t order by 1 loop
        select coalesce(string_agg(format('%s r.%I in (select id from her_ids)', 'or', a.attname), ' '), '') into keys
        from pg_attribute as a
        where a.attrelid = name::regclass and a.attnum > 0 and not a.attisdropped and a.atttypid = 'int8'::regtype;
        execute format('select count(*) from %s as r where r::text ~ (select pattern from her_names) %s', name, keys) into n;
        if n > 0 then return next; end if;
    end loop;
end
$$;
create table her_ids as
select user_id as id from vibe.site_users where anonymous_id like 'ana-%'
union select customer_id from vibe.customers where external_id = 'ana-c';
select count(*) as ids from her_ids;
create table before as select * from of_hers();
-- She is wherever a person can be, and nowhere else but in the rule that names her.
select p.name as proves_nothing from place as p where p.reason is null and p.name not in (select name from before);
select b.name as not_meant_to from before as b join place as p using (name) where p.reason is not null;

select jsonb_object_keys(vibe.export_user('shop', 880002)) as exported order by 1;
select e.key, jsonb_array_length(e.value) as rows from jsonb_each(vibe.export_customer('shop', 770001) - 'site' - 'exported_at') as e order by 1;
select jsonb_pretty(vibe.erase_user('shop', 880002));
select name as still_in from of_hers();
-- Others are as they were.
select metadata from vibe.campaign_events order by campaign_event_id;
select record from vibe.import_rejects order by line;
select external_id, order_count from vibe.customers;
select anonymous_id, external_id from vibe.site_users;
select external_id, customer_id is null as anonymous, amount from vibe.purchases order by 1;
select step, users from vibe.daily_funnel_stats where day = current_date - 40 order by step;
select topic, external_id, status from vibe.source_deliveries order by delivery_id;
select count(*) as contents from vibe_private.inbox;
select records is null as reload, table_name, kind from vibe_private.changes order by change_id desc limit 1;

-- A customer who was never on the site.
select vibe.import_csv('shop', 'orders', e'order_id,customer_id,purchased_at,amount\nO7,ana-c,2026-01-05,10\n') ->> 'imported' as imported;
select customer_id as again from vibe.customers where external_id = 'ana-c' \gset
select vibe.calculate_rfm('shop', '2026-01') as customers;
select vibe.erase_customer('shop', :again, true) - 'not_reached' as erased;
select name as still_in from of_hers();
select external_id from vibe.purchases order by 1;
select vibe.erase_customer('shop', :again);
select vibe.erase_customer('shop', null);
select vibe.export_customer('shop', 1);
select vibe.erase_user('shop', 880003, null);
