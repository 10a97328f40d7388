-- Normal forms into customers, purchases, items and events: one set-wise upsert for all sources.

create function vibe_private.apply_forms(site_id integer, source_id bigint, ids bigint[], forms jsonb[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    settled record;
    good_ids bigint[];
    good_forms jsonb[];
begin
    update vibe.source_deliveries as d
    set status = case when f.form ? 'problem' then 'failed' else 'ignored' end, attempts = d.attempts + 1, applied_at = now(),
        error = left(coalesce(f.form ->> 'problem', f.form ->> 'ignore', 'the reader made nothing of it'), 1000)
    from unnest(ids, forms) as f (id, form)
    where d.site_id = apply_forms.site_id and d.delivery_id = f.id
      and (f.form is null or f.form ?| '{problem,ignore}');
    select array_agg(f.id order by f.place), array_agg(f.form order by f.place) into good_ids, good_forms
    from unnest(ids, forms) with ordinality as f (id, form, place)
    where f.form is not null and not f.form ?| '{problem,ignore}';
    if good_ids is not null then
        perform vibe_private.try_forms(site_id, source_id, good_ids, good_forms);
    end if;
    -- What came before a failure tells nothing of how the source fares since, and a notice nothing of whether it can be read.
    select
        count(*) filter (where d.status = 'applied') as applied,
        count(*) filter (where d.status = 'ignored') as ignored,
        coalesce(bool_or(d.received_at > e.last_error_at), true) and not exists (
            select from vibe.sources as s
            where s.site_id = apply_forms.site_id and s.source_id = apply_forms.source_id and s.kind = 'bling'
        ) as is_sign
    into settled
    from (
        select max(t.last_error_at) as last_error_at from vibe.source_states as t
        where t.site_id = apply_forms.site_id and t.source_id = apply_forms.source_id
    ) as e
    cross join unnest(ids) as t (id)
    join vibe.source_deliveries as d on d.site_id = apply_forms.site_id and d.delivery_id = t.id;
    if settled.applied + settled.ignored > 0 then
        perform vibe_private.note_source(site_id, source_id, null, settled.applied, settled.ignored, settled.is_sign);
    end if;
end
$$;
comment on function vibe_private.apply_forms(integer, bigint, bigint[], jsonb[]) is
'applies the normal forms of these deliveries of a source and settles the status of each';

create function vibe_private.try_forms(site_id integer, source_id bigint, ids bigint[], forms jsonb[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    half constant integer := cardinality(ids) / 2;
    code text;
    reason text;
begin
    perform vibe_private.store_forms(site_id, source_id, ids, forms);
exception when others then
    get stacked diagnostics code = returned_sqlstate, reason = message_text;
    -- What lies not in the deliveries is tried again as a whole, later.
    if left(code, 2) in ('40', '53', '54', '55', '57', '58', 'XX') then
        raise;
    elsif cardinality(ids) > 1 then
        perform vibe_private.try_forms(site_id, source_id, ids[:half], forms[:half]);
        perform vibe_private.try_forms(site_id, source_id, ids[half + 1:], forms[half + 1:]);
    else
        update vibe.source_deliveries as d
        set status = 'failed', attempts = d.attempts + 1, applied_at = now(), error = left(reason, 1000)
        where d.site_id = try_forms.site_id and d.delivery_id = ids[1];
    end if;
end
$$;
comment on function vibe_private.try_forms(integer, bigint, bigint[], jsonb[]) is
'stores these forms together; if that fails, each half by itself, so that one bad delivery fails alone';

create function vibe_private.store_forms(site_id integer, source_id bigint, ids bigint[], forms jsonb[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    prefix constant text := (select s.id_prefix from vibe.sources as s where s.site_id = store_forms.site_id and s.source_id = store_forms.source_id);
    told record;
begin
    select * into told from vibe_private.newest_forms(site_id, source_id, ids, forms);
    if told.ids is null then
        return;
    end if;
    perform vibe_private.store_people(site_id, source_id, prefix, told.ids, told.forms);
    perform vibe_private.store_source_orders(site_id, source_id, prefix, told.ids, told.forms);
    perform vibe_private.store_source_events(site_id, source_id, told.ids, told.forms);
    update vibe.source_deliveries as d
    set status = 'applied', attempts = d.attempts + 1, applied_at = now(), error = null,
        external_id = coalesce(f.external_id, d.external_id), modified_at = coalesce(f.modified_at, d.modified_at),
        customer_id = r.customer_id
    from vibe_private.form_keys(told.ids, told.forms) as f
    left join vibe_private.source_records as r
        on r.site_id = store_forms.site_id and r.source_id = store_forms.source_id and r.kind = 'customer' and r.external_id = f.person
    where d.site_id = store_forms.site_id and d.delivery_id = f.delivery_id;
end
$$;
comment on function vibe_private.store_forms(integer, bigint, bigint[], jsonb[]) is
'stores the newest version of everything that these forms tell, and settles their deliveries; raises at the first form that cannot be stored';
