-- Rules that a record breaks together with others, and what becomes of those that broke one.

create function vibe_private.refuse_repeated(key text) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    is_repeated boolean;
begin
    -- Equal keys have equal hashes: where no hash comes twice, no key does. Sorting 8 bytes each is cheap.
    execute format(
        'select count(*) > count(distinct hashtextextended(r.%I, 0)) from pg_temp.import_rows as r where r.problem is null', key
    ) into is_repeated;
    if is_repeated then
        execute format($query$
            update pg_temp.import_rows as r
            set problem = %2$L || f.first_line
            from (
                select n.line, n.first_line
                from (
                    select o.line, first_value(o.line) over w as first_line, row_number() over w as place
                    from pg_temp.import_rows as o where o.problem is null
                    window w as (partition by o.%1$I order by o.line)
                ) as n
                where n.place > 1
            ) as f
            where r.line = f.line
        $query$, key, key || '|is that of line ');
    end if;
end
$$;
comment on function vibe_private.refuse_repeated(text) is 'refuses rows whose key is that of an earlier line';

-- An order's lines stand or fall together, or its total would be wrong; a repeated line falls alone.
create function vibe_private.gather_import_orders(into_site integer, of_import bigint) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    analyze pg_temp.import_rows;
    if vibe_private.import_notes() ->> 'duplicate_lines' = 'reject' then
        update pg_temp.import_rows as r
        set problem = 'order_id|repeats line ' || f.first_line
        from (
            select n.line, n.first_line
            from (
                select o.line, first_value(o.line) over w as first_line, row_number() over w as place
                from pg_temp.import_rows as o where o.problem is null
                window w as (
                    partition by o.order_id, o.product_id, o.quantity, o.amount, o.unit_price, o.product, o.category, o.customer_id,
                        o.purchased_at, o.currency, o.channel, o.name, o.email, o.location, o.is_refund, o.is_cancelled
                    order by o.line
                )
            ) as n
            where n.place > 1
        ) as f
        where r.line = f.line;
    end if;
    perform vibe_private.drop_import_table('import_orders');
    create temporary table import_orders as
    select
        min(r.line) filter (where r.problem is null) as line,
        r.order_id,
        max(r.customer_id) filter (where r.problem is null) as customer_id,
        min(r.purchased_at) filter (where r.problem is null) as purchased_at,
        sum(r.amount) filter (where r.problem is null) as amount,
        abs(sum(r.quantity) filter (where r.problem is null)) as item_count,
        max(r.channel) filter (where r.problem is null) as channel,
        max(r.currency) filter (where r.problem is null) as currency,
        bool_or(r.is_refund) filter (where r.problem is null) as is_refund,
        bool_or(r.is_cancelled) filter (where r.problem is null) as is_cancelled,
        case
            when count(*) filter (where r.problem not like 'order\_id|repeats line %') > 0 then
                'order_id|line ' || min(r.line) filter (where r.problem not like 'order\_id|repeats line %') || ' of the same order is refused'
            when min(r.customer_id) <> max(r.customer_id) then 'customer_id|differs between lines of the order'
            when min(r.currency) <> max(r.currency) then 'currency|differs between lines of the order'
            when bool_or(r.is_refund) <> bool_and(r.is_refund) then 'is_refund|differs between lines of the order'
            when bool_or(r.is_refund) and sum(r.amount) filter (where r.problem is null) > 0 then 'amount|must add up to zero or below in a refund'
            when not bool_or(r.is_refund) and sum(r.amount) filter (where r.problem is null) < 0 then
                'amount|must add up to zero or above unless the order is a refund'
            when abs(sum(r.amount) filter (where r.problem is null)) >= 1000000000000 then 'amount|adds up to more than 12 digits'
            when abs(sum(r.quantity) filter (where r.problem is null)) > 999999999 then 'quantity|adds up to more than 999999999'
        end as problem
    from pg_temp.import_rows as r
    where r.order_id is not null
    group by r.order_id;
    update pg_temp.import_rows as r
    set problem = o.problem
    from pg_temp.import_orders as o
    where r.problem is null and o.problem is not null and o.order_id = r.order_id;
end
$$;
comment on function vibe_private.gather_import_orders(integer, bigint) is
'makes pg_temp.import_orders of lines and refuses the lines of orders that cannot be stored';

create function vibe_private.import_notes() returns jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select obj_description(to_regclass('pg_temp.import_rows'), 'pg_class')::jsonb
$$;
comment on function vibe_private.import_notes() is 'how the records of the import at hand are taken apart, as read_import() found';

create function vibe_private.keep_rejects(into_site integer, of_import bigint) returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    notes jsonb := vibe_private.import_notes();
    kind text;
    rejected bigint;
begin
    select i.kind into kind from vibe.imports as i where i.site_id = into_site and i.import_id = of_import;
    execute format($query$
        insert into vibe.import_rejects (site_id, import_id, line, record, field, value, reason)
        select $1, $2, b.line, left(vibe_private.csv_text(b.record, $4), 10000), b.field, left(b.fields[c.place], 1000),
            coalesce(vibe_private.csv_problem(b.record, $3, $4, $5), b.reason)
        from (
            select r.line, l.record, nullif(split_part(r.problem, '|', 1), '') as field, split_part(r.problem, '|', 2) as reason,
                vibe_private.csv_fields(l.record, $3, $4, $5, $6) as fields
            from pg_temp.import_rows as r
            join pg_temp.%I as l using (line)
            where r.problem is not null
        ) as b
        left join vibe_private.import_columns($7) as c on c.name = b.field
        order by b.line
    $query$, notes ->> 'lines')
    using into_site, of_import, notes ->> 'delimiter', (notes ->> 'encoding')::integer, (notes ->> 'width')::integer,
        array(select p::integer from jsonb_array_elements_text(notes -> 'places') as p), kind;
    get diagnostics rejected = row_count;
    if rejected > 0 and kind = 'lines' then
        delete from pg_temp.import_orders as o where o.problem is not null;
    end if;
    return vibe_private.count_records(into_site, of_import, rejected);
end
$$;
comment on function vibe_private.keep_rejects(integer, bigint) is
'moves the rows of the import that broke a rule to vibe.import_rejects and counts them by reason';
