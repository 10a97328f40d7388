-- The staging table is read through jsonb, so its columns may be of any type and only three of them must be there.
create function vibe.import_purchases(site text, orders regclass) returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    into_site integer := vibe.site_id(site, 'member');
    zone text;
    money char(3);
    missing text;
    answer jsonb;
begin
    if (select c.relkind from pg_catalog.pg_class as c where c.oid = orders) <> 'r' then
        raise exception 'orders is %, which is not a plain table', orders using errcode = 'wrong_object_type';
    end if;
    select string_agg(w.name, ', ' order by w.place) into missing
    from (values (1, 'order_id'), (2, 'purchased_at'), (3, 'amount')) as w (place, name)
    where not exists (
        select from pg_catalog.pg_attribute as a
        where a.attrelid = orders and a.attname = w.name and not a.attisdropped
    );
    if missing is not null then
        raise exception 'orders is %, which lacks the column %', orders, missing
            using errcode = 'undefined_column',
                hint = 'order_id, purchased_at and amount are needed; customer_id, name, email, currency, item_count, is_refund and is_cancelled may be there';
    end if;
    select s.time_zone, s.currency into zone, money from vibe.sites as s where s.site_id = into_site;

    execute format($query$
        with staged as (
            select row_number() over (order by o.ctid) as row, to_jsonb(o) as fields from %s as o
        ), checked as materialized (
            select s.row, c.* from staged as s cross join lateral vibe.read_order(s.fields, $2, $3) as c
        ), judged as materialized (
            select
                c.*,
                case when c.reason is not null then c.field when r.place > 1 then 'order_id' end as bad_field,
                case when c.reason is not null then c.reason when r.place > 1 then 'is in the import more than once' end as why
            from checked as c
            left join (
                select row, row_number() over (partition by order_id order by row) as place
                from checked where reason is null
            ) as r using (row)
        ), buyers as materialized (
            -- The last word on each counts.
            select
                customer_id,
                (array_agg(name order by row desc) filter (where name is not null))[1] as name,
                (array_agg(email order by row desc) filter (where email is not null))[1] as email
            from judged where why is null and customer_id is not null
            group by customer_id
        ), known as materialized (
            select b.customer_id as external_id, c.customer_id, b.name, b.email,
                (coalesce(b.name, c.name), coalesce(b.email, c.email)) is distinct from (c.name, c.email) as differs
            from buyers as b
            left join vibe.customers as c on c.site_id = $1 and c.external_id = b.customer_id
        ), written as (
            insert into vibe.customers as c (site_id, external_id, name, email)
            select $1, k.external_id, k.name, k.email
            from known as k where k.customer_id is null or k.differs
            order by k.external_id
            on conflict on constraint customers_external_id_key do update
                set name = coalesce(excluded.name, c.name), email = coalesce(excluded.email, c.email)
            returning c.customer_id, c.external_id
        ), customers as (
            select customer_id, external_id from written
            union
            select customer_id, external_id from known where customer_id is not null
        ), stored as (
            insert into vibe.purchases as p (
                site_id, customer_id, external_id, purchased_at, amount, currency, item_count, is_refund, is_cancelled
            )
            select $1, c.customer_id, j.order_id, j.purchased_at, j.amount, j.currency, j.item_count, j.is_refund, j.is_cancelled
            from judged as j
            left join customers as c on c.external_id = j.customer_id
            where j.why is null
            order by j.order_id
            on conflict on constraint purchases_external_id_key do update set
                customer_id = excluded.customer_id,
                purchased_at = excluded.purchased_at,
                amount = excluded.amount,
                currency = excluded.currency,
                item_count = excluded.item_count,
                is_refund = excluded.is_refund,
                is_cancelled = excluded.is_cancelled
            where (p.customer_id, p.purchased_at, p.amount, p.currency, p.item_count, p.is_refund, p.is_cancelled)
                is distinct from (excluded.customer_id, excluded.purchased_at, excluded.amount, excluded.currency,
                    excluded.item_count, excluded.is_refund, excluded.is_cancelled)
            returning p.xmax = 0 as is_new
        )
        select jsonb_build_object(
            'imported', (select count(*) from stored where is_new),
            'changed', (select count(*) from stored where not is_new),
            'unchanged', count(*) filter (where j.why is null) - (select count(*) from stored),
            'rejected', count(*) filter (where j.why is not null),
            'errors', coalesce(jsonb_agg(
                jsonb_build_object('row', j.row, 'order_id', j.order_id, 'field', j.bad_field, 'value', j.value, 'reason', j.why)
                order by j.row
            ) filter (where j.why is not null and j.error_place <= 1000), '[]')
        )
        from (
            select j.row, j.order_id, j.bad_field, j.why,
                case when j.reason is null then j.order_id else j.value end as value,
                row_number() over (partition by j.why is null order by j.row) as error_place
            from judged as j
        ) as j
    $query$, orders)
    into answer
    using into_site, zone, money;
    return answer;
end
$$;
comment on function vibe.import_purchases(text, regclass) is
'imports orders from a staging table in one statement: answers how many were imported, changed, unchanged and rejected, with field, value and reason of the first 1000 rejects; repeating it changes nothing. Columns: order_id, purchased_at (the site''s zone unless it has an offset), amount; customer_id, name, email, currency (the site''s), item_count, is_refund, is_cancelled';
grant execute on function vibe.import_purchases(text, regclass) to vibe_member;

-- In schema vibe, since the import runs with the caller's rights (it reads the caller's table).
create function vibe.read_order(
    fields jsonb,
    time_zone text,
    default_currency char(3),
    out order_id text,
    out customer_id text,
    out name text,
    out email text,
    out purchased_at timestamptz,
    out amount numeric,
    out currency char(3),
    out item_count integer,
    out is_refund boolean,
    out is_cancelled boolean,
    out field text,
    out value text,
    out reason text
)
language plpgsql
stable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
    flags constant text := '^(t|true|f|false|y|yes|n|no|0|1)$';
begin
    order_id := nullif(btrim(fields ->> 'order_id'), '');
    customer_id := nullif(btrim(fields ->> 'customer_id'), '');
    name := nullif(btrim(fields ->> 'name'), '');
    email := nullif(btrim(fields ->> 'email'), '');

    for field, value, reason in
        select r.field, fields ->> r.field, r.reason
        from (values
            ('order_id', coalesce(length(order_id), 0) between 1 and 200, 'must be 1 to 200 characters long'),
            ('customer_id', length(customer_id) <= 200, 'must be at most 200 characters long'),
            ('name', length(name) <= 500, 'must be at most 500 characters long'),
            ('email', length(email) <= 320, 'must be at most 320 characters long'),
            ('amount', coalesce(btrim(fields ->> 'amount'), '') ~ '^[-+]?[0-9]{1,12}([.][0-9]{1,2}0*)?$',
                'must be a number with at most 12 digits before the point and 2 after it'),
            ('currency', coalesce(btrim(fields ->> 'currency'), default_currency) ~ '^[A-Z]{3}$',
                'must be three capital letters, as in ISO 4217'),
            ('item_count', btrim(fields ->> 'item_count') ~ '^[0-9]{1,9}$', 'must be a whole number, zero or above'),
            ('is_refund', lower(btrim(fields ->> 'is_refund')) ~ flags, 'must be true or false'),
            ('is_cancelled', lower(btrim(fields ->> 'is_cancelled')) ~ flags, 'must be true or false')
        ) as r (field, is_good, reason)
        where not r.is_good
        limit 1
    loop
        return;
    end loop;

    amount := btrim(fields ->> 'amount')::numeric;
    currency := coalesce(btrim(fields ->> 'currency'), default_currency);
    item_count := btrim(fields ->> 'item_count')::integer;
    is_refund := coalesce(lower(btrim(fields ->> 'is_refund'))::boolean, false);
    is_cancelled := coalesce(lower(btrim(fields ->> 'is_cancelled'))::boolean, false);
    purchased_at := vibe.read_instant(btrim(fields ->> 'purchased_at'), time_zone);
    if purchased_at is null then
        field := 'purchased_at';
        reason := 'must be a date or time as 2024-12-31, 20241231, 2024-12-31 23:59:59 or 2024-12-31T23:59:59+01:00';
    elsif purchased_at > now() + interval '1 day' then
        field := 'purchased_at';
        reason := 'lies in the future';
    elsif purchased_at < '1900-01-01 00:00:00+00' then
        field := 'purchased_at';
        reason := 'lies before 1900';
    elsif is_refund and amount > 0 then
        field := 'amount';
        reason := 'must be zero or below in a refund';
    elsif not is_refund and amount < 0 then
        field := 'amount';
        reason := 'must be zero or above unless is_refund is true';
    end if;
    value := fields ->> field;
end
$$;
comment on function vibe.read_order(jsonb, text, char) is
'one row of an order import as typed values, or the first field that breaks a rule with its value and the rule';
grant execute on function vibe.read_order(jsonb, text, char) to vibe_member;

create function vibe.read_instant(value text, time_zone text) returns timestamptz
language plpgsql
stable
strict
parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
    -- The pattern keeps out words such as "now" and dates whose reading depends on DateStyle.
    if value !~ '^[0-9]{4}(-[0-9]{2}-[0-9]{2}|[0-9]{4})([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?( ?(Z|[-+][0-9]{2}(:?[0-9]{2})?))?)?$' then
        return null;
    elsif value ~ '[ T].*(Z|[-+][0-9:]+)$' then
        return value::timestamptz;
    end if;
    return value::timestamp at time zone time_zone;
exception when datetime_field_overflow or invalid_datetime_format or invalid_time_zone_displacement_value then
    return null;
end
$$;
comment on function vibe.read_instant(text, text) is
'an ISO 8601 date or time as an instant, in time_zone unless it has an offset; null if it is none';
grant execute on function vibe.read_instant(text, text) to vibe_member;
