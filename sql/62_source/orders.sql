create function vibe_private.store_source_orders(site_id integer, source_id bigint, prefix text, ids bigint[], forms jsonb[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if exists (select from unnest(forms) as f (form) where f.form ? 'delete') then
        perform vibe_private.cancel_deleted(site_id, source_id, prefix, forms);
    end if;
    if not exists (select from unnest(forms) as f (form) where f.form ? 'order') then
        return;
    end if;
    insert into vibe.purchases as p (
        site_id, customer_id, external_id, purchased_at, amount, currency, item_count, channel, is_cancelled, source_id, utm
    )
    select
        store_source_orders.site_id, r.customer_id, prefix || o.external_id, o.at, o.total, o.currency, i.pieces, o.channel,
        o.status <> 'paid', store_source_orders.source_id, o.utm
    from vibe_private.form_orders(ids, forms) as o
    left join vibe_private.source_records as r
        on r.site_id = store_source_orders.site_id and r.source_id = store_source_orders.source_id and r.kind = 'customer' and r.external_id = o.person
    left join lateral (select sum((i ->> 'quantity')::integer) as pieces from jsonb_array_elements(o.items) as i) as i on true
    order by 3
    on conflict on constraint purchases_external_id_key do update set
        customer_id = coalesce(excluded.customer_id, p.customer_id), purchased_at = excluded.purchased_at, amount = excluded.amount,
        currency = excluded.currency, item_count = coalesce(excluded.item_count, p.item_count), channel = coalesce(excluded.channel, p.channel),
        is_cancelled = excluded.is_cancelled, source_id = excluded.source_id, utm = coalesce(excluded.utm, p.utm)
    where (p.customer_id, p.purchased_at, p.amount, p.currency, p.item_count, p.channel, p.is_cancelled, p.source_id, p.utm) is distinct from (
        coalesce(excluded.customer_id, p.customer_id), excluded.purchased_at, excluded.amount, excluded.currency,
        coalesce(excluded.item_count, p.item_count), coalesce(excluded.channel, p.channel), excluded.is_cancelled, excluded.source_id,
        coalesce(excluded.utm, p.utm)
    );
    perform vibe_private.store_source_refunds(site_id, source_id, prefix, ids, forms);
    perform vibe_private.store_source_items(site_id, prefix, ids, forms);
end
$$;
comment on function vibe_private.store_source_orders(integer, bigint, text, bigint[], jsonb[]) is
'makes the orders of these forms, their refunds and items what the forms say; writes only what differs';

create function vibe_private.store_source_refunds(site_id integer, source_id bigint, prefix text, ids bigint[], forms jsonb[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if not exists (select from unnest(forms) as f (form) where jsonb_array_length(f.form #> '{order,refunds}') > 0)
        and not exists (
            select from vibe_private.source_records as r
            where r.site_id = store_source_refunds.site_id and r.source_id = store_source_refunds.source_id and r.kind = 'order'
              and r.external_id = any (array(select f.form #>> '{order,external_id}' from unnest(forms) as f (form))) and r.refunds is not null
        ) then
        return;
    end if;
    -- Refunds that the source has taken back count no more.
    update vibe.purchases as p set is_cancelled = true
    from vibe_private.form_orders(ids, forms) as o
    join vibe_private.source_records as r
        on r.site_id = store_source_refunds.site_id and r.source_id = store_source_refunds.source_id and r.kind = 'order' and r.external_id = o.external_id
    cross join jsonb_object_keys(r.refunds) as known (refund)
    where p.site_id = store_source_refunds.site_id and p.external_id = prefix || o.external_id || '-refund-' || known.refund and not p.is_cancelled
      and not exists (select from jsonb_array_elements(o.refunds) as t where t ->> 'external_id' = known.refund);
    if not exists (select from unnest(forms) as f (form) where jsonb_array_length(f.form #> '{order,refunds}') > 0) then
        return;
    end if;
    -- A source that does not say when gave the money back when it first told of it.
    insert into vibe.purchases as p (site_id, customer_id, external_id, purchased_at, amount, currency, channel, is_refund, is_cancelled, source_id, utm)
    select
        store_source_refunds.site_id, c.customer_id, prefix || o.external_id || '-refund-' || (f ->> 'external_id'),
        coalesce((f ->> 'at')::timestamptz, to_timestamp((r.refunds ->> (f ->> 'external_id'))::numeric)),
        -abs((f ->> 'total')::numeric), o.currency, o.channel, true, o.status <> 'paid', store_source_refunds.source_id, o.utm
    from vibe_private.form_orders(ids, forms) as o
    cross join jsonb_array_elements(o.refunds) as f
    left join vibe_private.source_records as c
        on c.site_id = store_source_refunds.site_id and c.source_id = store_source_refunds.source_id and c.kind = 'customer' and c.external_id = o.person
    join vibe_private.source_records as r
        on r.site_id = store_source_refunds.site_id and r.source_id = store_source_refunds.source_id and r.kind = 'order' and r.external_id = o.external_id
    order by 3
    on conflict on constraint purchases_external_id_key do update set
        customer_id = coalesce(excluded.customer_id, p.customer_id), purchased_at = excluded.purchased_at, amount = excluded.amount,
        currency = excluded.currency, channel = coalesce(excluded.channel, p.channel), is_cancelled = excluded.is_cancelled,
        source_id = excluded.source_id, utm = coalesce(excluded.utm, p.utm)
    where (p.customer_id, p.purchased_at, p.amount, p.currency, p.channel, p.is_cancelled, p.source_id, p.utm) is distinct from (
        coalesce(excluded.customer_id, p.customer_id), excluded.purchased_at, excluded.amount, excluded.currency,
        coalesce(excluded.channel, p.channel), excluded.is_cancelled, excluded.source_id, coalesce(excluded.utm, p.utm)
    );
end
$$;
comment on function vibe_private.store_source_refunds(integer, bigint, text, bigint[], jsonb[]) is
'a purchase below zero for each refund of these orders, called order-refund-number';

create function vibe_private.store_source_items(site_id integer, prefix text, ids bigint[], forms jsonb[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    with wanted as materialized (
        select * from vibe_private.form_items(store_source_items.site_id, prefix, ids, forms)
    ), stored as (
        select i.purchase_id, i.line, i.product_id, i.name, i.category, i.quantity, i.amount
        from vibe.purchase_items as i
        where i.site_id = store_source_items.site_id and i.purchase_id in (select w.purchase_id from wanted as w)
    )
    delete from vibe.purchase_items as i
    where i.site_id = store_source_items.site_id and i.purchase_id in (
        select d.purchase_id from ((table stored except table wanted) union all (table wanted except table stored)) as d
    );
    insert into vibe.purchase_items (site_id, purchase_id, line, product_id, name, category, quantity, amount)
    select store_source_items.site_id, w.purchase_id, w.line, w.product_id, w.name, w.category, w.quantity, w.amount
    from vibe_private.form_items(store_source_items.site_id, prefix, ids, forms) as w
    where not exists (
        select from vibe.purchase_items as i where i.site_id = store_source_items.site_id and i.purchase_id = w.purchase_id
    )
    order by w.purchase_id, w.line;
end
$$;
comment on function vibe_private.store_source_items(integer, text, bigint[], jsonb[]) is
'makes the items of these orders what the forms say, writing only orders whose items differ';

create function vibe_private.cancel_deleted(site_id integer, source_id bigint, prefix text, forms jsonb[]) returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
    update vibe.purchases as p set is_cancelled = true
    from unnest($4) as f (form)
    left join vibe_private.source_records as r
        on r.site_id = $1 and r.source_id = $2 and r.kind = 'order' and r.external_id = f.form #>> '{delete,order}'
    cross join lateral (
        select $3 || (f.form #>> '{delete,order}') as external_id
        union all
        select $3 || r.external_id || '-refund-' || u.refund from jsonb_object_keys(r.refunds) as u (refund)
    ) as t
    where f.form ? 'delete' and p.site_id = $1 and p.external_id = t.external_id and not p.is_cancelled
$$;
comment on function vibe_private.cancel_deleted(integer, bigint, text, jsonb[]) is
'orders that the source has deleted count no more, nor do their refunds';
