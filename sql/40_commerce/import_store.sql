-- Good rows into customers, purchases and items; what is stored already is left alone.

create function vibe_private.store_import(
    into_site integer,
    kind text,
    columns text[],
    out imported bigint,
    out changed bigint,
    out unchanged bigint,
    out foreign_orders bigint
)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    -- Of an order's lines the first stands for it.
    orders text := case kind when 'lines' then 'pg_temp.import_orders' else 'pg_temp.import_rows' end;
    violated text;
    attempts integer := 0;
begin
    loop
        begin
            if kind = 'customers' then
                select s.* into imported, changed, unchanged from vibe_private.store_customers(into_site, columns) as s;
                return;
            end if;
            if 'customer_id' = any (columns) then
                perform vibe_private.store_customers(into_site, columns);
            end if;
            select s.* into imported, changed, unchanged from vibe_private.store_orders(into_site, orders, columns) as s;
            exit;
        exception when unique_violation then
            -- Somebody else has written one of these orders or customers meanwhile: now it can be seen.
            get stacked diagnostics violated = constraint_name;
            attempts := attempts + 1;
            if attempts > 4 or violated not in ('purchases_external_id_key', 'customers_external_id_key') then
                raise;
            end if;
        end;
    end loop;
    execute format(
        'select count(*) from %s as r where r.currency <> (select currency from vibe.sites where site_id = $1)', orders
    ) into foreign_orders using into_site;
end
$$;
comment on function vibe_private.store_import(integer, text, text[]) is
'stores the good rows of an import and counts orders (or customers); begins again where another writer was faster';

-- Of what a file says about a customer the last word counts; nothing said changes nothing.
create function vibe_private.store_customers(into_site integer, columns text[], out imported bigint, out changed bigint, out unchanged bigint)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    traits text[] := array(
        select c from unnest(columns) as c
        where c in ('name', 'email', 'location', 'birth_date', 'gender', 'income_range', 'registered_at')
    );
begin
    perform vibe_private.drop_import_table('import_customers');
    execute format(
        'create temporary table import_customers as select r.customer_id as external_id%s
         from pg_temp.import_rows as r where r.customer_id is not null group by r.customer_id',
        (select string_agg(format(', max(r.line) filter (where r.%1$I is not null) as %1$I', t), '') from unnest(traits) as t)
    );
    analyze pg_temp.import_customers;
    changed := 0;
    if cardinality(traits) > 0 then
        execute format(
            'with said as (select b.external_id%1$s from pg_temp.import_customers as b%2$s),
             differing as materialized (
                 select c.customer_id%3$s
                 from vibe.customers as c join said as s on c.external_id = s.external_id
                 where c.site_id = $1 and (%4$s) is distinct from (%5$s)
                 order by c.customer_id for no key update of c
             )
             update vibe.customers as c set %6$s from differing as d where c.site_id = $1 and c.customer_id = d.customer_id',
            (select string_agg(format(', %1$I.%1$I', t), '') from unnest(traits) as t),
            (select string_agg(format(' left join pg_temp.import_rows as %1$I on %1$I.line = b.%1$I', t), '') from unnest(traits) as t),
            (select string_agg(format(', coalesce(s.%1$I, c.%1$I) as %1$I', t), '') from unnest(traits) as t),
            (select string_agg(format('c.%I', t), ', ') from unnest(traits) as t),
            (select string_agg(format('coalesce(s.%1$I, c.%1$I)', t), ', ') from unnest(traits) as t),
            (select string_agg(format('%1$I = d.%1$I', t), ', ') from unnest(traits) as t)
        ) using into_site;
        get diagnostics changed = row_count;
    end if;
    execute format(
        'insert into vibe.customers (site_id, external_id%1$s)
         select $1, b.external_id%2$s from pg_temp.import_customers as b%3$s
         where not exists (select from vibe.customers as c where c.site_id = $1 and c.external_id = b.external_id)
         order by b.external_id',
        (select string_agg(format(', %I', t), '') from unnest(traits) as t),
        (select string_agg(format(', %1$I.%1$I', t), '') from unnest(traits) as t),
        (select string_agg(format(' left join pg_temp.import_rows as %1$I on %1$I.line = b.%1$I', t), '') from unnest(traits) as t)
    ) using into_site;
    get diagnostics imported = row_count;
    perform vibe_private.analyze_after_growth('vibe.customers', imported);
    select count(*) - imported - changed into unchanged from pg_temp.import_customers;
    perform vibe_private.drop_import_table('import_known');
    create temporary table import_known as
    select c.external_id, c.customer_id
    from vibe.customers as c
    where c.site_id = into_site and c.external_id in (select b.external_id from pg_temp.import_customers as b);
    analyze pg_temp.import_known;
end
$$;
comment on function vibe_private.store_customers(integer, text[]) is 'adds the customers of an import and what it says about them; pg_temp.import_known then has their customer_id';

create function vibe_private.store_orders(
    into_site integer, orders text, columns text[], out imported bigint, out changed bigint, out unchanged bigint
)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    -- Into an empty site nothing has to be compared.
    is_first boolean := not exists (select from vibe.purchases as p where p.site_id = into_site);
    source text := format(
        '(select r.order_id, c.customer_id, r.purchased_at, r.amount, r.currency::char(3) as currency,
             r.item_count::integer as item_count, r.channel, r.is_refund, r.is_cancelled, r.line
         from %s as r %s)',
        orders,
        case when 'customer_id' = any (columns)
            then 'left join pg_temp.import_known as c on c.external_id = r.customer_id'
            else 'cross join (select null::bigint as customer_id) as c' end
    );
    -- A file that lacks a column says nothing about it; without currency and is_refund it says what is usual.
    told text[] := array['purchased_at', 'amount', 'currency', 'is_refund']
        || array(select c from unnest(columns) as c where c in ('customer_id', 'item_count', 'channel', 'is_cancelled'))
        || case when orders = 'pg_temp.import_orders' then array['item_count'] else '{}' end;
begin
    perform vibe_private.drop_import_table('import_touched');
    create temporary table import_touched (purchase_id bigint);
    if not is_first then
        execute format(
            'with differing as materialized (
                 select p.purchase_id%1$s
                 from vibe.purchases as p join %4$s as r on p.external_id = r.order_id
                 where p.site_id = $1 and (%2$s) is distinct from (%3$s)
                 order by p.purchase_id for no key update of p
             ), written as (
                 update vibe.purchases as p set %5$s from differing as d
                 where p.site_id = $1 and p.purchase_id = d.purchase_id
                 returning p.purchase_id
             )
             insert into pg_temp.import_touched select w.purchase_id from written as w',
            (select string_agg(format(', r.%I', t), '') from unnest(told) as t),
            (select string_agg(format('p.%I', t), ', ') from unnest(told) as t),
            (select string_agg(format('r.%I', t), ', ') from unnest(told) as t),
            source,
            (select string_agg(format('%1$I = d.%1$I', t), ', ') from unnest(told) as t)
        ) using into_site;
    end if;
    -- In the order of the file, which mostly is that of time and of keys.
    execute format(
        'insert into vibe.purchases (
             site_id, customer_id, external_id, purchased_at, amount, currency, item_count, channel, is_refund, is_cancelled
         )
         select $1, r.customer_id, r.order_id, r.purchased_at, r.amount, r.currency, r.item_count, r.channel, r.is_refund, r.is_cancelled
         from %s as r %s',
        source,
        case when is_first then ''
            else 'where not exists (select from vibe.purchases as p where p.site_id = $1 and p.external_id = r.order_id)' end
    ) using into_site;
    get diagnostics imported = row_count;
    if columns && array['product_id', 'product', 'category', 'quantity', 'unit_price'] then
        perform vibe_private.analyze_after_growth('vibe.purchases', imported);
        perform vibe_private.store_items(into_site, orders, columns, is_first);
    end if;
    select count(distinct t.purchase_id) into changed from pg_temp.import_touched as t;
    execute format('select count(*) - $1 - $2 from %s as r', orders) into unchanged using imported, changed;
end
$$;
comment on function vibe_private.store_orders(integer, text, text[]) is
'adds the orders of an import and changes those that differ; their purchase_id are then in pg_temp.import_touched';

create function vibe_private.store_items(into_site integer, orders text, columns text[], is_first boolean) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform vibe_private.drop_import_table('import_items');
    execute format(
        'create temporary table import_items as
         select p.purchase_id, row_number() over (partition by p.purchase_id order by r.line)::integer as line,
             r.product_id, r.product as name, r.category, %s as quantity, r.amount::numeric(14, 2) as amount
         from pg_temp.import_rows as r
         join vibe.purchases as p on p.site_id = $1 and p.external_id = r.order_id',
        case when orders = 'pg_temp.import_orders' then 'r.quantity::integer'
            else 'case when r.is_refund then -1 else 1 end * coalesce(r.item_count::integer, 1)' end
    ) using into_site;
    if not is_first then
        analyze pg_temp.import_items;
        with stored as (
            select i.purchase_id, i.line, i.product_id, i.name, i.category, i.quantity, i.amount
            from vibe.purchase_items as i
            where i.site_id = into_site and i.purchase_id in (select n.purchase_id from pg_temp.import_items as n)
        ), wanted as (
            select n.purchase_id, n.line, n.product_id, n.name, n.category, n.quantity, n.amount from pg_temp.import_items as n
        ), differing as materialized (
            select d.purchase_id from ((table stored except table wanted) union all (table wanted except table stored)) as d
        ), gone as (
            delete from vibe.purchase_items as i
            where i.site_id = into_site and i.purchase_id in (select d.purchase_id from differing as d)
            returning i.purchase_id
        ), touched as (
            insert into pg_temp.import_touched select distinct g.purchase_id from gone as g
        )
        -- What is left is to be written.
        delete from pg_temp.import_items as n
        where n.purchase_id not in (select d.purchase_id from differing as d);
    end if;
    insert into vibe.purchase_items (site_id, purchase_id, line, product_id, name, category, quantity, amount)
    select into_site, n.purchase_id, n.line, n.product_id, n.name, n.category, n.quantity, n.amount
    from pg_temp.import_items as n
    order by n.purchase_id, n.line;
end
$$;
comment on function vibe_private.store_items(integer, text, text[], boolean) is
'makes the items of the orders of an import what the file says, writing only orders whose items differ';

-- Each row is looked up by a foreign key's check right after. An analyze by autovacuum sees nothing of a transaction under
-- way and makes the planner take a full table for an empty one, where any index seems as good as the right one; ours sees
-- the rows, and its lock keeps others out until we commit.
create function vibe_private.analyze_after_growth(grown regclass, added bigint) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if added > 1000 and added > (select c.reltuples from pg_class as c where c.oid = grown) then
        execute format('analyze %s', grown);
    end if;
end
$$;
comment on function vibe_private.analyze_after_growth(regclass, bigint) is 'analyzes a table that an import has more than doubled';
