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
