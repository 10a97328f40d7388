create function vibe_private.take_bling_products(account vibe_private.bling_account, entries jsonb) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    seen text[];
begin
    with told as (
        select distinct on (e ->> 'id')
            e ->> 'id' as id, nullif(left(e ->> 'codigo', 200), '') as code, left(e ->> 'nome', 500) as name,
            case when jsonb_typeof(e -> 'preco') = 'number' and abs((e ->> 'preco')::numeric) < 1e12 then round((e ->> 'preco')::numeric, 2) end as price,
            coalesce(e ->> 'situacao', 'A') = 'A' as is_active,
            case when jsonb_typeof(e #> '{estoque,saldoVirtualTotal}') = 'number' and abs((e #>> '{estoque,saldoVirtualTotal}')::numeric) < 1e12
                then (e #>> '{estoque,saldoVirtualTotal}')::numeric end as stock
        from jsonb_array_elements(entries) as e
        where e ->> 'id' ~ '^[0-9]{1,20}$'
    ), written as (
        insert into vibe.products as p (site_id, source_id, product_id, code, name, price, currency, is_active, stock, stock_read_at, read_at)
        select
            account.site_id, account.source_id, t.id, t.code, t.name, t.price, account.currency, t.is_active, t.stock,
            case when t.stock is not null then clock_timestamp() end, clock_timestamp()
        from told as t
        order by t.id
        on conflict on constraint products_pkey do update set
            code = excluded.code, name = excluded.name, price = excluded.price, currency = excluded.currency, is_active = excluded.is_active,
            stock = coalesce(excluded.stock, p.stock), stock_read_at = coalesce(excluded.stock_read_at, p.stock_read_at), read_at = excluded.read_at
        returning p.product_id, p.is_active
    )
    select array_agg(w.product_id order by w.product_id) filter (where w.is_active) into seen from written as w;
    -- The shelves are told apart, in lists of ids.
    insert into vibe_private.bling_tasks as t (site_id, source_id, kind, external_id, wanted_at)
    select account.site_id, account.source_id, 'stock', s.id, clock_timestamp() from unnest(seen) as s (id) order by s.id
    on conflict on constraint bling_tasks_pkey do update set wanted_at = excluded.wanted_at, attempts = 0, error = null
    where t.wanted_at is null;
    if found then
        perform vibe_private.read_bling_soon(account.site_id, account.source_id);
    end if;
end
$$;
comment on function vibe_private.take_bling_products(vibe_private.bling_account, jsonb) is
    'keeps articles as Bling lists them, and queues the reading of their stock';

create function vibe_private.take_bling_stock(account vibe_private.bling_account, entries jsonb) returns void
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
    update vibe.products as p set
        stock = coalesce(t.available, p.stock), physical_stock = t.physical, stock_read_at = clock_timestamp()
    from (
        select distinct on (e #>> '{produto,id}')
            e #>> '{produto,id}' as id,
            case when jsonb_typeof(e -> 'saldoVirtualTotal') = 'number' and abs((e ->> 'saldoVirtualTotal')::numeric) < 1e12
                then (e ->> 'saldoVirtualTotal')::numeric end as available,
            case when jsonb_typeof(e -> 'saldoFisicoTotal') = 'number' and abs((e ->> 'saldoFisicoTotal')::numeric) < 1e12
                then (e ->> 'saldoFisicoTotal')::numeric end as physical
        from jsonb_array_elements($2) as e
    ) as t
    where p.site_id = ($1).site_id and p.source_id = ($1).source_id and p.product_id = t.id
$$;
comment on function vibe_private.take_bling_stock(vibe_private.bling_account, jsonb) is 'keeps the stock of articles';
