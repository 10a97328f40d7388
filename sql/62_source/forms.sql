-- The normal forms that readers return, as rows. Values are cast here: what no cast takes fails its delivery alone.

create function vibe_private.form_orders(ids bigint[], forms jsonb[]) returns table (
    delivery_id bigint, external_id text, at timestamptz, modified_at timestamptz, currency text, total numeric, status text, channel text,
    person text, items jsonb, refunds jsonb, utm jsonb
)
language sql stable
as $$
    select
        f.id, o.external_id, o.at, coalesce(o.modified_at, o.at), o.currency, o.total, o.status, o.channel,
        coalesce(o.customer ->> 'external_id', '@' || vibe_private.clean_email(o.customer ->> 'email')),
        case when jsonb_typeof(o.items) = 'array' then o.items else '[]' end,
        case when jsonb_typeof(o.refunds) = 'array' then o.refunds else '[]' end,
        nullif(nullif(o.utm, '{}'), 'null')
    from unnest($1, $2) as f (id, form)
    cross join jsonb_to_record(f.form -> 'order') as o (
        external_id text, at timestamptz, modified_at timestamptz, currency text, total numeric, status text, channel text,
        customer jsonb, items jsonb, refunds jsonb, utm jsonb
    )
    where f.form ? 'order'
$$;
comment on function vibe_private.form_orders(bigint[], jsonb[]) is
'the orders among normal forms; person is the key of the buyer in vibe_private.source_records, null for a stranger';

create function vibe_private.form_items(site_id integer, prefix text, ids bigint[], forms jsonb[])
returns table (purchase_id bigint, line integer, product_id text, name text, category text, quantity integer, amount numeric)
language sql stable
as $$
    select p.purchase_id, i.line::integer, t.product_id, left(t.name, 500), left(t.category, 200), coalesce(t.quantity, 1), t.amount::numeric(14, 2)
    from vibe_private.form_orders($3, $4) as o
    join vibe.purchases as p on p.site_id = $1 and p.external_id = $2 || o.external_id
    cross join jsonb_array_elements(o.items) with ordinality as i (item, line)
    cross join jsonb_to_record(i.item) as t (product_id text, name text, category text, quantity integer, amount numeric)
$$;
comment on function vibe_private.form_items(integer, text, bigint[], jsonb[]) is
'the items of the orders among normal forms, which are stored already';
