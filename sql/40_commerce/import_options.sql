-- What the columns of a file mean, and how it is written.

create function vibe_private.import_columns(kind text)
returns table (place integer, name text, type text, longest integer, is_needed boolean)
language sql
immutable
parallel safe
as $$
    select row_number() over (partition by w.kind order by w.place)::integer, w.name, w.type, w.longest, w.is_needed
    from (
        select unnest(string_to_array(c.kinds, ' ')) as kind, c.place, c.name, c.type, c.longest, c.is_needed
        from (values
            (1, 'orders lines', 'order_id', 'text', 200, true),
            (2, 'orders lines', 'customer_id', 'text', 200, false),
            (3, 'customers', 'customer_id', 'text', 200, true),
            (4, 'orders lines customers', 'name', 'text', 500, false),
            (5, 'orders lines customers', 'email', 'text', 320, false),
            (6, 'orders lines customers', 'location', 'text', 200, false),
            (7, 'customers', 'birth_date', 'date', null, false),
            (8, 'customers', 'gender', 'text', 50, false),
            (9, 'customers', 'income_range', 'text', 100, false),
            (10, 'customers', 'registered_at', 'instant', null, false),
            (11, 'orders lines', 'purchased_at', 'instant', null, true),
            (12, 'orders', 'amount', 'money', null, true),
            (13, 'lines', 'amount', 'money', null, false),
            (14, 'lines', 'unit_price', 'price', null, false),
            (15, 'lines', 'quantity', 'quantity', null, false),
            (16, 'orders', 'item_count', 'count', null, false),
            (17, 'orders lines', 'product_id', 'text', 200, false),
            (18, 'orders lines', 'product', 'text', 500, false),
            (19, 'orders lines', 'category', 'text', 200, false),
            (20, 'orders lines', 'channel', 'text', 100, false),
            (21, 'orders lines', 'currency', 'currency', null, false),
            (22, 'orders lines', 'is_refund', 'flag', null, false),
            (23, 'orders lines', 'is_cancelled', 'flag', null, false)
        ) as c (place, kinds, name, type, longest, is_needed)
    ) as w
    where w.kind = import_columns.kind
    order by w.place
$$;
comment on function vibe_private.import_columns(text) is 'the columns that an import of this kind knows, by our names';

create function vibe_private.check_import_options(kind text, options jsonb) returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    named text;
    wrong record;
begin
    if options is null or jsonb_typeof(options) <> 'object' then
        perform vibe_private.fail(format('options is %s', coalesce(options::text, 'null')), hint => 'a JSON object; {} for none');
    end if;
    for wrong in
        select o.key, o.value, r.rule
        from jsonb_each(options) as o
        left join (values
            ('columns', 'object', null, 'an object {"our name": "name in the header"}'),
            ('delimiter', 'string', '^[ !#-~\t]$', 'one ASCII character other than a quote'),
            ('decimal_mark', 'string', '^[.,]$', '"." or ","'),
            ('date_order', 'string', '^(ymd|dmy|mdy)$', '"ymd", "dmy" or "mdy"'),
            ('time_zone', 'string', null, 'an IANA name such as "America/Sao_Paulo"'),
            ('currency', 'string', '^[A-Z]{3}$', 'three capital letters, as in ISO 4217'),
            ('encoding', 'string', '^(UTF8|LATIN1|WIN1252)$', '"UTF8", "LATIN1" or "WIN1252"'),
            ('refund_prefix', 'string', '.', 'what order numbers of refunds begin with'),
            ('duplicate_lines', 'string', '^(reject|keep)$', '"reject" or "keep"')
        ) as r (key, type, pattern, rule) using (key)
        where r.key is null
           or jsonb_typeof(o.value) <> r.type
           or (o.value #>> '{}') !~ r.pattern
           or (o.key = 'time_zone' and not exists (select from pg_timezone_names as z where z.name = o.value #>> '{}'))
        order by o.key
    loop
        if wrong.rule is null then
            perform vibe_private.fail(
                format('option "%s" is unknown', wrong.key),
                hint => 'columns, delimiter, decimal_mark, date_order, time_zone, currency, encoding, refund_prefix, duplicate_lines'
            );
        end if;
        perform vibe_private.fail(format('option "%s" is %s', wrong.key, wrong.value), hint => wrong.rule);
    end loop;
    for named in select c.key from jsonb_each(options -> 'columns') as c order by c.key loop
        if not exists (select from vibe_private.import_columns(check_import_options.kind) as c where c.name = named) then
            perform vibe_private.fail(
                format('option "columns" has "%s", which is no column of %s', named, check_import_options.kind),
                hint => (select string_agg(c.name, ', ' order by c.place) from vibe_private.import_columns(check_import_options.kind) as c)
            );
        elsif jsonb_typeof(options #> array['columns', named]) <> 'string' then
            perform vibe_private.fail(
                format('option "columns" has %s for "%s"', options #> array['columns', named], named),
                hint => 'the name of the column in the header of the file'
            );
        end if;
    end loop;
end
$$;
comment on function vibe_private.check_import_options(text, jsonb) is 'raises what is wrong with the options of an import';

-- Where each of our columns stands in the file; 0 where it has none.
create function vibe_private.import_places(kind text, options jsonb, header text[]) returns integer[]
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    wanted record;
    places integer[] := '{}';
    found_at integer;
begin
    for wanted in
        select c.name, c.is_needed, coalesce(options #>> array['columns', c.name], c.name) as called,
            options #>> array['columns', c.name] is not null as is_named
        from vibe_private.import_columns(import_places.kind) as c
        order by c.place
    loop
        found_at := vibe_private.header_place(header, wanted.called);
        if found_at = 0 and (wanted.is_needed or wanted.is_named) then
            perform vibe_private.fail(
                format('the header has no "%s"', wanted.called) || case when wanted.is_named then ', which is to be ' || wanted.name else '' end,
                detail => format('The header is %s.', (select string_agg(coalesce(quote_ident(h), '""'), ', ') from unnest(header) as h)),
                hint => 'option "columns" says which column is which, "delimiter" what stands between them', errcode => '42703'
            );
        end if;
        places := places || found_at;
    end loop;
    if import_places.kind = 'lines' and (
        select sum(places[c.place]) from vibe_private.import_columns('lines') as c where c.name in ('amount', 'unit_price')
    ) = 0 then
        perform vibe_private.fail('the header has neither "amount" nor "unit_price"', errcode => '42703',
            hint => 'option "columns" says which column is which');
    end if;
    return places;
end
$$;
comment on function vibe_private.import_places(text, jsonb, text[]) is
'where the columns of import_columns() stand in the file, from 1, 0 for none; raises what is missing or there twice';

create function vibe_private.header_place(header text[], called text) returns integer
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    found_at integer[] := array(
        select h.place from unnest(header) with ordinality as h (title, place) where lower(h.title) = lower(btrim(called))
    );
begin
    if cardinality(found_at) > 1 then
        perform vibe_private.fail(format('the header has "%s" %s times', called, cardinality(found_at)), errcode => '42701');
    end if;
    return coalesce(found_at[1], 0);
end
$$;
comment on function vibe_private.header_place(text[], text) is
'where a header has this title, in any case of its letters, from 1; 0 for nowhere; raises where it has it more than once';
