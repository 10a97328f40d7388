-- From lines of text to typed rows in pg_temp.import_rows, each with the first rule it breaks ("field|reason") or null.
-- Statements are put together from import_columns(), so that a file pays for the columns it has.

create function vibe_private.read_import(into_site integer, of_import bigint) returns text[]
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    kind text;
    options jsonb;
    lines text;
    delimiter text;
    encoding integer;
    header text[];
    header_line bigint;
    places integer[];
begin
    select i.kind, s.defaults || i.options into kind, options
    from vibe.imports as i
    cross join lateral (
        select jsonb_build_object(
            'delimiter', ',', 'decimal_mark', '.', 'date_order', 'ymd', 'encoding', 'UTF8', 'duplicate_lines', 'reject',
            'time_zone', t.time_zone, 'currency', t.currency
        ) as defaults
        from vibe.sites as t where t.site_id = i.site_id
    ) as s
    where i.site_id = into_site and i.import_id = of_import;
    delimiter := options ->> 'delimiter';
    encoding := pg_char_to_encoding(options ->> 'encoding');
    lines := vibe_private.join_quoted_lines(delimiter);
    select h.line, h.fields into header_line, header from vibe_private.import_header(lines, delimiter, encoding) as h;
    if header_line is null then
        perform vibe_private.fail('the file is empty', hint => 'load it by the command that begin_import() gives');
    end if;
    places := vibe_private.import_places(kind, options, header);
    perform vibe_private.drop_import_table('import_rows');
    execute format(
        'create temporary table import_rows as
         select %2$s, case when r.is_broken then ''|'' %3$s end as problem
         from (
             select r.line, %4$s, r.f is null as is_broken, r.raw
             from (
                 select l.line, l.record as raw, vibe_private.csv_fields(l.record, %5$L, %6$s, %7$s, %8$L) as f
                 from pg_temp.%1$I as l where l.record <> '''' and l.line > %9$s offset 0
             ) as r
             where r.f is not null or btrim(r.raw, e'' \t\r\n'') <> '''' offset 0
         ) as r',
        lines,
        'r.line' || (select string_agg(', r.' || quote_ident(c.name), '' order by c.place) from vibe_private.import_columns(kind) as c),
        (select string_agg(t.test, '' order by t.place) from vibe_private.import_tests(kind, options, places) as t),
        (select string_agg(t.value, ', ' order by t.place) from vibe_private.import_values(kind, options, places) as t),
        delimiter, encoding, cardinality(header), places, header_line
    );
    execute format('comment on table pg_temp.import_rows is %L', jsonb_build_object(
        'lines', lines, 'delimiter', delimiter, 'encoding', encoding, 'width', cardinality(header), 'places', to_jsonb(places),
        'duplicate_lines', options ->> 'duplicate_lines'
    ));
    return array(select c.name from vibe_private.import_columns(kind) as c where places[c.place] > 0 order by c.place);
end
$$;
comment on function vibe_private.read_import(integer, bigint) is
'makes pg_temp.import_rows of pg_temp.import_lines and returns the columns that the file has, by our names';

-- A quoted field may hold line breaks; only then are lines put together, since that takes a sort.
create function vibe_private.join_quoted_lines(delimiter text) returns text
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if not exists (
        select from pg_temp.import_lines as l where vibe_private.csv_ends_in_quotes(false, l.record, delimiter)
    ) then
        return 'import_lines';
    end if;
    perform vibe_private.drop_import_table('import_records');
    create temporary table import_records as
    select min(n.line) as line, string_agg(coalesce(n.record, ''), e'\n' order by n.line) as record
    from (
        select m.line, m.record, count(*) filter (where not m.goes_on) over (order by m.line) as number
        from (
            select s.line, s.record, lag(s.is_open, 1, false) over (order by s.line) as goes_on
            from (
                select l.line, l.record, vibe_private.csv_in_quotes(l.record, delimiter) over (order by l.line) as is_open
                from pg_temp.import_lines as l
            ) as s
        ) as m
    ) as n
    group by n.number;
    return 'import_records';
end
$$;
comment on function vibe_private.join_quoted_lines(text) is
'the temporary table that holds whole records: import_lines, or import_records where quoted fields hold line breaks';

create function vibe_private.import_header(lines text, delimiter text, encoding integer, out line bigint, out fields text[])
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    execute format(
        -- The mark of UTF-8 at the beginning of a file, as Latin 1 reads it.
        'select l.line, vibe_private.csv_fields(case when l.line = 1 then regexp_replace(l.record, ''^\u00ef\u00bb\u00bf'', '''') else l.record end, $1, $2, -1, ''{}'')
         from pg_temp.%I as l where btrim(l.record, e'' \t\r'') <> '''' order by l.line limit 1', lines
    ) into line, fields using delimiter, encoding;
    if line is not null and fields is null then
        perform vibe_private.fail('the header of the file cannot be read', hint => 'see the options delimiter and encoding');
    end if;
end
$$;
comment on function vibe_private.import_header(text, text, integer) is 'the first line of a CSV file that is not empty, and its fields; nulls where every line is empty';

create function vibe_private.import_values(kind text, options jsonb, places integer[])
returns table (place integer, value text)
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select
        c.place,
        case
            when places[c.place] = 0 and c.type = 'flag' then
                case when c.name = 'is_refund' and options ? 'refund_prefix'
                    then format('starts_with(r.f[1], %L)', options ->> 'refund_prefix') else 'false' end
            when places[c.place] = 0 and c.type = 'currency' then format('%L::text', options ->> 'currency')
            when c.type = 'quantity' and places[c.place] = 0 then '1::numeric'
            when c.name = 'amount' and kind = 'lines' and places[c.place] = 0 then
                -- Of the price, which may have more decimals than money has.
                format('round(vibe_private.csv_decimal(r.f[%s], %L, 6) * %s, 2)', p.price_place, options ->> 'decimal_mark',
                    case when places[p.quantity_place] = 0 then '1'
                        else format('vibe_private.csv_decimal(r.f[%s], %L, 0)', p.quantity_place, options ->> 'decimal_mark') end)
            when places[c.place] = 0 then 'null::' || case c.type
                when 'text' then 'text' when 'instant' then 'timestamptz' when 'date' then 'date' else 'numeric' end
            when c.type = 'text' then format('r.f[%s]', c.place)
            when c.type in ('instant', 'date') then format(
                case c.type when 'date' then '(vibe_private.csv_instant(r.f[%s], %s, ''UTC'') at time zone ''UTC'')::date'
                    else 'vibe_private.csv_instant(r.f[%s], %s, %L)' end,
                c.place, array_position(array['ymd', 'dmy', 'mdy'], options ->> 'date_order') - 1, options ->> 'time_zone')
            when c.type in ('money', 'price', 'quantity', 'count') then format(
                'vibe_private.csv_decimal(r.f[%s], %L, %s)', c.place, options ->> 'decimal_mark',
                case c.type when 'money' then 2 when 'price' then 6 else 0 end)
            when c.type = 'currency' then format('coalesce(r.f[%s], %L)', c.place, options ->> 'currency')
            when c.type = 'flag' then format(
                'case when r.f[%1$s] is null then %2$s when lower(r.f[%1$s]) in (''t'', ''true'', ''y'', ''yes'', ''1'') then true
                    when lower(r.f[%1$s]) in (''f'', ''false'', ''n'', ''no'', ''0'') then false end',
                c.place, case when c.name = 'is_refund' and options ? 'refund_prefix'
                    then format('coalesce(starts_with(r.f[1], %L), false)', options ->> 'refund_prefix') else 'false' end)
        end
        || ' as ' || quote_ident(c.name)
        -- What was written, where a value may be null because it could not be read.
        || case when places[c.place] > 0 and (c.type in ('instant', 'date', 'money', 'price', 'quantity', 'count'))
            then format(', r.f[%s] is not null as has_%s', c.place, c.name) else '' end
    from vibe_private.import_columns(kind) as c
    cross join (
        select max(k.place) filter (where k.name = 'unit_price') as price_place, max(k.place) filter (where k.name = 'quantity') as quantity_place
        from vibe_private.import_columns(kind) as k
    ) as p
$$;
comment on function vibe_private.import_values(text, jsonb, integer[]) is
'how each column of an import is read from the fields r.f of its record, as SQL';

create function vibe_private.import_tests(kind text, options jsonb, places integer[])
returns table (place integer, test text)
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select row_number() over (order by t.step, t.place)::integer,
        format(' when %s then %L', t.is_bad, t.name || '|' || t.reason)
    from (
        select 1 as step, c.place, c.name, format('r.%I is null', c.name) as is_bad, 'must not be empty' as reason
        from vibe_private.import_columns(kind) as c
        where c.is_needed and c.type = 'text'
        union all
        select 1, c.place, c.name, format('length(r.%I) > %s', c.name, c.longest), format('must be at most %s characters long', c.longest)
        from vibe_private.import_columns(kind) as c
        where places[c.place] > 0 and c.type = 'text'
        union all
        select 1, c.place, c.name,
            format('r.%I is null', c.name) || case when c.is_needed or c.type = 'flag' then '' else format(' and r.has_%s', c.name) end,
            case c.type
                when 'flag' then 'must be true or false'
                when 'money' then 'must be a number with at most 12 digits before the decimal mark and 2 after it'
                when 'price' then 'must be a number with at most 12 digits before the decimal mark and 6 after it'
                when 'date' then 'must be a date, its parts in the order ' || (options ->> 'date_order')
                when 'instant' then 'must be a date or time, its parts in the order ' || (options ->> 'date_order')
                else 'must be a whole number'
            end
        from vibe_private.import_columns(kind) as c
        where places[c.place] > 0 and c.type not in ('text', 'currency')
        union all
        select 2, c.place, c.name, format('r.%I > now() + interval ''1 day''', c.name), 'lies in the future'
        from vibe_private.import_columns(kind) as c
        where places[c.place] > 0 and c.type in ('instant', 'date')
        union all
        select 2, c.place, c.name, format('r.%I < %L', c.name, case c.type when 'date' then '1850-01-01' else '1900-01-01 00:00:00+00' end),
            format('lies before %s', case c.type when 'date' then 1850 else 1900 end)
        from vibe_private.import_columns(kind) as c
        where places[c.place] > 0 and c.type in ('instant', 'date')
        union all
        select 2, c.place, c.name, format('r.%I !~ ''^[A-Z]{3}$''', c.name), 'must be three capital letters, as in ISO 4217'
        from vibe_private.import_columns(kind) as c
        where places[c.place] > 0 and c.type = 'currency'
        union all
        select 2, c.place, c.name, format('r.%1$I not between %2$s and 999999999', c.name, case c.type when 'count' then 0 else -999999999 end),
            case c.type when 'count' then 'must be between 0 and 999999999' else 'must be between -999999999 and 999999999' end
        from vibe_private.import_columns(kind) as c
        where places[c.place] > 0 and c.type in ('count', 'quantity')
        union all
        select 3, s.place, s.name, s.is_bad, s.reason
        from (values
            (1, 'orders', 'amount', 'r.is_refund and r.amount > 0', 'must be zero or below in a refund'),
            (2, 'orders', 'amount', 'not r.is_refund and r.amount < 0', 'must be zero or above unless the order is a refund'),
            (3, 'lines', 'quantity', 'not r.is_refund and r.quantity <= 0', 'must be above zero unless the order is a refund'),
            (4, 'lines', 'amount', 'r.amount is null', 'must not be empty'),
            (5, 'lines', 'amount', 'abs(r.amount) >= 1000000000000', 'has more than 12 digits before the decimal mark')
        ) as s (place, kind, name, is_bad, reason)
        where s.kind = import_tests.kind
    ) as t
$$;
comment on function vibe_private.import_tests(text, jsonb, integer[]) is
'what makes a row of an import bad, as SQL, the first that holds counting';
