create function vibe_private.store_source_events(site_id integer, source_id bigint, ids bigint[], forms jsonb[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if exists (select from unnest(forms) as f (form) where f.form ? 'interaction') then
        insert into vibe.interactions as t (site_id, source_id, customer_id, external_id, kind, at, data)
        select distinct on (coalesce(o.external_id, f.id::text))
            store_source_events.site_id, store_source_events.source_id, r.customer_id, o.external_id, o.kind, o.at, coalesce(o.data, '{}')
        from unnest(ids, forms) as f (id, form)
        cross join jsonb_to_record(f.form -> 'interaction') as o (external_id text, kind text, at timestamptz, data jsonb)
        join vibe_private.form_keys(ids, forms) as k on k.delivery_id = f.id
        left join vibe_private.source_records as r
            on r.site_id = store_source_events.site_id and r.source_id = store_source_events.source_id and r.kind = 'customer' and r.external_id = k.person
        where f.form ? 'interaction'
        order by coalesce(o.external_id, f.id::text), f.id desc
        on conflict on constraint interactions_external_id_key do update set
            customer_id = coalesce(excluded.customer_id, t.customer_id), kind = excluded.kind, at = excluded.at, data = excluded.data;
    end if;
    if exists (select from unnest(forms) as f (form) where f.form ? 'campaign_event') then
        perform vibe_private.store_campaign_events(site_id, source_id, ids, forms);
    end if;
    if exists (select from unnest(forms) as f (form) where f.form ? 'model_event') then
        insert into vibe.ai_model_events as t (site_id, source_id, customer_id, external_id, model, version, event_type, at, value, metadata)
        select distinct on (coalesce(o.external_id, f.id::text))
            store_source_events.site_id, store_source_events.source_id, r.customer_id, o.external_id, o.model, coalesce(o.version, ''),
            o.event_type, o.at, o.value, coalesce(o.metadata, '{}')
        from unnest(ids, forms) as f (id, form)
        cross join jsonb_to_record(f.form -> 'model_event') as o (
            external_id text, model text, version text, event_type text, at timestamptz, value numeric, metadata jsonb
        )
        join vibe_private.form_keys(ids, forms) as k on k.delivery_id = f.id
        left join vibe_private.source_records as r
            on r.site_id = store_source_events.site_id and r.source_id = store_source_events.source_id and r.kind = 'customer' and r.external_id = k.person
        where f.form ? 'model_event'
        order by coalesce(o.external_id, f.id::text), f.id desc
        on conflict on constraint ai_model_events_external_id_key do update set
            customer_id = coalesce(excluded.customer_id, t.customer_id), model = excluded.model, version = excluded.version,
            event_type = excluded.event_type, at = excluded.at, value = excluded.value, metadata = excluded.metadata;
    end if;
end
$$;
comment on function vibe_private.store_source_events(integer, bigint, bigint[], jsonb[]) is
'the interactions and model events among these forms; one that is known by its number is made what the form says';

create function vibe_private.store_campaign_events(of_site integer, of_source bigint, ids bigint[], forms jsonb[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    stranger text;
begin
    select f.form #>> '{campaign_event,campaign}' into stranger
    from unnest(forms) as f (form)
    where f.form ? 'campaign_event' and not exists (
        select from vibe.campaigns as c
        where c.site_id = of_site and f.form #>> '{campaign_event,campaign}' in (c.external_id, c.name)
    )
    limit 1;
    if found then
        perform vibe_private.fail(format('campaign "%s" is unknown', stranger), hint => 'create it and apply the delivery again');
    end if;
    insert into vibe.campaign_events (site_id, campaign_id, event_type, occurred_at, customer_id, external_id, order_id, value, cost, metadata)
    select distinct on (c.campaign_id, o.external_id)
        of_site, c.campaign_id, o.event_type, o.at, r.customer_id, o.external_id, e.order_id, e.value, e.cost, coalesce(o.metadata, '{}')
    from unnest(ids, forms) as f (id, form)
    cross join jsonb_to_record(f.form -> 'campaign_event') as o (external_id text, campaign text, event_type text, at timestamptz, metadata jsonb)
    cross join lateral (
        select c.campaign_id from vibe.campaigns as c
        where c.site_id = of_site and o.campaign in (c.external_id, c.name)
        order by c.external_id = o.campaign desc nulls last, c.campaign_id
        limit 1
    ) as c
    cross join lateral vibe.campaign_event_fields(of_site, coalesce(o.metadata, '{}')) as e
    join vibe_private.form_keys(ids, forms) as k on k.delivery_id = f.id
    left join vibe_private.source_records as r
        on r.site_id = of_site and r.source_id = of_source and r.kind = 'customer' and r.external_id = k.person
    where f.form ? 'campaign_event'
    order by c.campaign_id, o.external_id, f.id
    on conflict on constraint campaign_events_external_id_key do nothing;
end
$$;
comment on function vibe_private.store_campaign_events(integer, bigint, bigint[], jsonb[]) is
'the campaign events among these forms, each once; raises where a campaign is unknown';
