-- The normal forms that readers return, as rows. Values are cast here: what no cast takes fails its delivery alone.

create function vibe_private.form_orders(ids bigint[], forms jsonb[]) returns table (
    delivery_id bigint, external_id text, at timestamptz, modified_at timestamptz, currency text, total numeric, status text, channel text,
    customer jsonb, items jsonb, refunds jsonb, utm jsonb
)
language sql stable
as $$
    select f.id, o.external_id, o.at, coalesce(o.modified_at, o.at), o.currency, o.total, o.status, o.channel, o.customer, o.items, o.refunds, o.utm
    from unnest($1, $2) as f (id, form)
    cross join jsonb_to_record(f.form -> 'order') as o (
        external_id text, at timestamptz, modified_at timestamptz, currency text, total numeric, status text, channel text,
        customer jsonb, items jsonb, refunds jsonb, utm jsonb
    )
    where f.form ? 'order'
$$;
comment on function vibe_private.form_orders(bigint[], jsonb[]) is 'the orders among normal forms';
