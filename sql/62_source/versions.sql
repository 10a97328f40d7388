-- Deliveries repeat and overtake each other. The newest version counts, whenever it comes.
create function vibe_private.newest_forms(
    site_id integer, source_id bigint, inout ids bigint[], inout forms jsonb[]
)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    kept bigint[];
begin
    if exists (select from unnest(newest_forms.forms) as f (form) where jsonb_array_length(f.form #> '{order,refunds}') > 0) then
        perform vibe_private.note_refunds(site_id, source_id, newest_forms.ids, newest_forms.forms);
    end if;
    with told as materialized (
        select
            k.delivery_id, k.kind, k.external_id, coalesce(k.modified_at, d.received_at) as modified_at, d.sha256, k.is_deleted,
            first_value(k.delivery_id) over newest as newest_id, first_value(d.sha256) over newest as newest_sha256
        from vibe_private.form_keys(newest_forms.ids, newest_forms.forms) as k
        join vibe.source_deliveries as d on d.site_id = newest_forms.site_id and d.delivery_id = k.delivery_id
        window newest as (
            partition by k.kind, k.external_id, case when k.kind not in ('order', 'customer') then k.delivery_id end
            order by coalesce(k.modified_at, d.received_at) desc, k.delivery_id desc
        )
    ), judged as materialized (
        select t.*, case
            when t.newest_id <> t.delivery_id and t.sha256 = t.newest_sha256 then 'repeats another delivery'
            when t.newest_id <> t.delivery_id or r.modified_at > t.modified_at then 'a newer version is known'
            when r.modified_at = t.modified_at and r.sha256 = t.sha256 then 'repeats another delivery'
        end as reason
        from told as t
        left join vibe_private.source_records as r
            on r.site_id = newest_forms.site_id and r.source_id = newest_forms.source_id and r.kind = t.kind and r.external_id = t.external_id
    ), passed as (
        update vibe.source_deliveries as d
        set status = 'ignored', attempts = d.attempts + 1, applied_at = now(), error = j.reason,
            external_id = j.external_id, modified_at = j.modified_at
        from judged as j
        where j.reason is not null and d.site_id = newest_forms.site_id and d.delivery_id = j.delivery_id
    ), remembered as (
        insert into vibe_private.source_records as r (site_id, source_id, kind, external_id, modified_at, sha256, is_deleted)
        select newest_forms.site_id, newest_forms.source_id, j.kind, j.external_id, j.modified_at, j.sha256, j.is_deleted
        from judged as j
        where j.reason is null and j.kind = 'order'
        order by j.external_id
        on conflict on constraint source_records_pkey do update
            set modified_at = excluded.modified_at, sha256 = excluded.sha256, is_deleted = excluded.is_deleted
    )
    select array_agg(j.delivery_id order by j.delivery_id) into kept from judged as j where j.reason is null;
    select array_agg(f.id order by f.id), array_agg(f.form order by f.id) into ids, forms
    from unnest(ids, forms) as f (id, form)
    where f.id = any (kept);
end
$$;
comment on function vibe_private.newest_forms(integer, bigint, bigint[], jsonb[]) is
'leaves of these forms those that tell something newer than is known, and remembers their versions; the deliveries of the others are settled as ignored';

-- An older version changes nothing, but for this: it may know of a refund from an earlier time on.
create function vibe_private.note_refunds(of_site integer, of_source bigint, ids bigint[], forms jsonb[]) returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
    with told as (
        select t.external_id, jsonb_object_agg(t.refund, t.at) as refunds
        from (
            select o.external_id, f ->> 'external_id' as refund, extract(epoch from min(o.modified_at)) as at
            from vibe_private.form_orders(ids, forms) as o
            cross join jsonb_array_elements(o.refunds) as f
            group by 1, 2
        ) as t
        group by t.external_id
    ), noted as (
        insert into vibe_private.source_records as r (site_id, source_id, kind, external_id, modified_at, refunds)
        select of_site, of_source, 'order', t.external_id, '-infinity', t.refunds from told as t order by t.external_id
        on conflict on constraint source_records_pkey do update set refunds = (
            select jsonb_object_agg(e.key, e.at)
            from (
                select k.key, min(k.value::numeric) as at
                from (select * from jsonb_each_text(r.refunds) union all select * from jsonb_each_text(excluded.refunds)) as k
                group by k.key
            ) as e
        )
        returning r.external_id, r.refunds
    )
    update vibe.purchases as p set purchased_at = to_timestamp((n.refunds ->> (f ->> 'external_id'))::numeric)
    from noted as n
    join vibe_private.form_orders(ids, forms) as o using (external_id)
    cross join jsonb_array_elements(o.refunds) as f
    where p.site_id = of_site
      and p.external_id = (select s.id_prefix from vibe.sources as s where s.site_id = of_site and s.source_id = of_source)
          || o.external_id || '-refund-' || (f ->> 'external_id')
      and not f ? 'at' and p.purchased_at > to_timestamp((n.refunds ->> (f ->> 'external_id'))::numeric)
$$;
comment on function vibe_private.note_refunds(integer, bigint, bigint[], jsonb[]) is
'remembers when the refunds of these orders, also of old versions of them, were first told of, for sources that do not say when money was given back';

create function vibe_private.form_keys(ids bigint[], forms jsonb[])
returns table (delivery_id bigint, kind text, external_id text, modified_at timestamptz, is_deleted boolean, person text)
language sql stable
as $$
    select
        f.id,
        case k.name when 'delete' then 'order' else k.name end,
        case k.name when 'delete' then f.form #>> '{delete,order}' when 'customer' then p.person else f.form #>> array[k.name, 'external_id'] end,
        -- A deletion says no time: it counts from when it came.
        coalesce(f.form #>> array[k.name, 'modified_at'], case when k.name = 'order' then f.form #>> '{order,at}' end)::timestamptz,
        k.name = 'delete',
        p.person
    from unnest($1, $2) as f (id, form)
    cross join jsonb_object_keys(f.form) as k (name)
    cross join lateral (select case k.name when 'customer' then f.form -> 'customer' else f.form -> k.name -> 'customer' end as told) as c
    cross join lateral (
        select coalesce(c.told ->> 'external_id', '@' || vibe_private.clean_email(c.told ->> 'email')) as person
    ) as p
$$;
comment on function vibe_private.form_keys(bigint[], jsonb[]) is
'what normal forms are about: kind, number and version of each, and the key of the person in it, which is the source''s number or @address';

create function vibe_private.clean_email(email text) returns text
language sql immutable parallel safe
return case when trim(email) ~ '^[^@[:space:]]+@[^@[:space:]]+$' then lower(trim(email)) end;
comment on function vibe_private.clean_email(text) is 'an address as people are known by it: small letters; null for what is none';
