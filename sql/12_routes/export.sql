-- CSV of any question that a caller may ask: the same object from which /client.js makes its requests and its SQL.
create function vibe.csv_cell(value text) returns text
language c immutable strict parallel safe
as 'MODULE_PATHNAME', 'vibe_csv_cell';
comment on function vibe.csv_cell(text) is
    'a text as a cell of CSV (RFC 4180), in quotes; what a spreadsheet would take for a formula (=, +, -, @, also full-width, tab, CR or LF first) gets an apostrophe before it';
grant execute on function vibe.csv_cell(text) to vibe_analyst;

create function vibe.csv_line(row_values record) returns text
language c stable strict parallel safe
as 'MODULE_PATHNAME', 'vibe_csv_line';
comment on function vibe.csv_line(record) is
    'a record as a line of CSV (RFC 4180), its end with it: numbers and truth values bare (infinity and NaN are text), null nothing, days and instants in the notation of ISO 8601, all else a text as of vibe.csv_cell()';
grant execute on function vibe.csv_line(record) to vibe_analyst;

create function vibe.csv_source(question jsonb, out source text, out column_names text[], out column_types oid[])
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
    wanted constant text := question ->> 'from';
    given constant text[] := array(select k from jsonb_object_keys(coalesce(question -> 'arguments', '{}')) as k order by 1);
    routine record;
begin
    if not question ? 'arguments' then
        select format('vibe.%I as r', c.relname), a.names, a.types into source, column_names, column_types
        from pg_class as c, lateral (
            select array_agg(t.attname::text order by t.attnum) as names, array_agg(t.atttypid order by t.attnum) as types
            from pg_attribute as t where t.attrelid = c.oid and t.attnum > 0 and not t.attisdropped
        ) as a
        where c.relnamespace = 'vibe'::regnamespace and c.relname = wanted and c.relkind in ('r', 'p', 'v', 'm');
        if not found then
            raise exception 'there is no table or view "%"', wanted using
                errcode = '22023', hint = 'a function has "arguments", if only {}';
        end if;
        return;
    end if;
    -- Of several forms the shortest that takes all these arguments. What writes is not asked, whoever asks.
    select p.oid, p.proname, p.prorettype, y.typrelid, s.names, s.types, s.outer_names, s.outer_types into routine
    from pg_proc as p
    join pg_type as y on y.oid = p.prorettype
    cross join lateral (
        select
            coalesce(array_agg(i.name order by i.place) filter (where i.mode in ('i', 'b', 'v')), '{}') as names,
            coalesce(array_agg(i.type order by i.place) filter (where i.mode in ('i', 'b', 'v')), '{}') as types,
            array_agg(i.name order by i.place) filter (where i.mode in ('o', 'b', 't')) as outer_names,
            array_agg(i.type order by i.place) filter (where i.mode in ('o', 'b', 't')) as outer_types
        from (
            select a.name, a.type, a.place, coalesce(a.mode, 'i') as mode
            from unnest(p.proargnames, coalesce(p.proallargtypes, p.proargtypes::oid[]), p.proargmodes)
                with ordinality as a (name, type, mode, place)
        ) as i
    ) as s
    where p.pronamespace = 'vibe'::regnamespace and p.proname = wanted and p.prokind = 'f' and p.provolatile <> 'v'
      and given <@ s.names and s.names[:p.pronargs - p.pronargdefaults] <@ given
    order by p.pronargs
    limit 1;
    if not found then
        raise exception 'there is no function "%" that reads and takes the arguments (%)', wanted, array_to_string(given, ', ')
            using errcode = '22023';
    end if;
    source := format('vibe.%I(%s) as r', wanted, (
        select string_agg(format('%1$I => a.%1$I', g.name), ', ') from unnest(given) as g (name)
    ));
    if cardinality(given) > 0 then
        source := format('jsonb_to_record($1 -> ''arguments'') as a (%s), lateral %s', (
            select string_agg(format('%I %s', n.name, format_type(n.type, -1)), ', ')
            from unnest(routine.names, routine.types) as n (name, type) where n.name = any (given)
        ), source);
    end if;
    if routine.typrelid <> 0 then
        select array_agg(t.attname::text order by t.attnum), array_agg(t.atttypid order by t.attnum) into column_names, column_types
        from pg_attribute as t where t.attrelid = routine.typrelid and t.attnum > 0 and not t.attisdropped;
    elsif routine.prorettype = 'record'::regtype then
        column_names := routine.outer_names;
        column_types := routine.outer_types;
    else
        column_names := array[coalesce(routine.outer_names[1], wanted)];
        column_types := array[routine.prorettype];
        source := format('%s (%I)', source, column_names[1]);
    end if;
end
$$;
comment on function vibe.csv_source(jsonb) is
    'what a question of vibe.export_csv() reads from, as SQL whose parameter is the question, and the columns that it has';
grant execute on function vibe.csv_source(jsonb) to vibe_analyst;

create function vibe.csv_condition(condition jsonb, place int, column_names text[], column_types oid[]) returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
    name constant text := condition ->> 0;
    operator constant text := condition ->> 1;
    kind text := format_type(column_types[array_position(column_names, name)], -1);
    comparison constant text := '{"eq": "=", "neq": "<>", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}'::jsonb ->> operator;
    truth constant text := '{"null": "null", "not_null": "not null", "true": "true", "false": "false"}'::jsonb ->> coalesce(condition ->> 2, 'null');
begin
    -- Values stay in the question; only names and types of the catalog become part of the query.
    return case
        when kind is null or jsonb_typeof(condition) <> 'array' or jsonb_array_length(condition) <> 3 then null
        when operator = 'is' and truth is not null then format('r.%I is %s', name, truth)
        when operator = 'in' and jsonb_typeof(condition -> 2) = 'array' then
            format('r.%I = any (array(select jsonb_array_elements_text($1 #> ''{where,%s,2}''))::%s[])', name, place, kind)
        when jsonb_typeof(condition -> 2) in ('null', 'array', 'object') then null
        when operator = 'ilike' then format('r.%I::text ilike replace($1 #>> ''{where,%s,2}'', ''*'', ''%%'')', name, place)
        when comparison is not null then format('r.%I %s ($1 #>> ''{where,%s,2}'')::%s', name, comparison, place, kind)
    end;
end
$$;
comment on function vibe.csv_condition(jsonb, int, text[], oid[]) is
    'one condition of a question of vibe.export_csv() as SQL whose parameter is the question; null if it cannot be read';
grant execute on function vibe.csv_condition(jsonb, int, text[], oid[]) to vibe_analyst;

create function vibe.csv_query(question jsonb, format text default 'csv', out text text, out head text)
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
    has record;
    stranger text;
    wanted text[];
    conditions text[];
    keys text[];
begin
    if jsonb_typeof(question) is distinct from 'object' or jsonb_typeof(question -> 'from') is distinct from 'string'
       or jsonb_typeof(coalesce(question -> 'arguments', '{}')) <> 'object' then
        raise exception 'query must be an object with "from" and, for a function, "arguments"' using errcode = '22023';
    end if;
    select p.key into stranger
    from jsonb_each(question) as p
    where p.key <> all ('{from,arguments,select,where,order,limit,offset}')
       or p.key in ('select', 'where', 'order') and jsonb_typeof(p.value) <> 'array'
    order by p.key limit 1;
    if found then
        raise exception 'query has a wrong part "%"', stranger using
            errcode = '22023', hint = 'from, arguments, limit, offset, and the lists select, where, order';
    end if;
    select * into has from vibe.csv_source(question);

    wanted := coalesce((select array_agg(s order by n) from jsonb_array_elements_text(question -> 'select') with ordinality as q (s, n)), has.column_names);
    select s into stranger from unnest(wanted) as s where s <> all (has.column_names) or s is null;
    if found then
        raise exception 'there is no column "%" in "%"', stranger, question ->> 'from' using errcode = '22023';
    end if;

    select array_agg(vibe.csv_condition(q.condition, q.place::int - 1, has.column_names, has.column_types) order by q.place) into conditions
    from jsonb_array_elements(question -> 'where') with ordinality as q (condition, place);
    if array_position(conditions, null) is not null then
        raise exception 'a condition cannot be read: %', question -> 'where' -> (array_position(conditions, null) - 1) using
            errcode = '22023', hint = 'a column, one of eq neq lt lte gt gte in is ilike, and a value';
    end if;

    select q.key into stranger
    from jsonb_array_elements_text(question -> 'order') as q (key)
    where split_part(q.key, '.', 1) <> all (has.column_names) or q.key !~ '^\w+(\.(asc|desc))?(\.(nullsfirst|nullslast))?$';
    if found then
        raise exception 'order by "%" cannot be read', stranger using
            errcode = '22023', hint = 'a column, then .asc or .desc, then .nullsfirst or .nullslast';
    end if;
    select array_agg(
        format('r.%I %s', k.parts[1], translate(array_to_string(k.parts[2:], ' '), '.', ' ')) order by k.place
    ) into keys
    from (
        select q.place, array_remove(regexp_match(q.key, '^(\w+)(?:\.(asc|desc))?(?:\.(nullsfirst|nullslast))?$'), null) as parts
        from jsonb_array_elements_text(question -> 'order') with ordinality as q (key, place)
    ) as k;

    select string_agg(vibe.csv_cell(w.name), ',' order by w.place) || E'\r\n', format(
        case format
            when 'csv' then 'select vibe.csv_line(row(%s)) from %s%s%s limit %s'
            else 'select row_to_json(l)::text || E''\n'' from (select %s from %s%s%s limit %s) as l'
        end,
        -- Lists and records are JSON in CSV too.
        string_agg(format(case when format = 'csv' and t.typcategory in ('A', 'C') then 'to_json(r.%I)::text' else 'r.%I' end, w.name), ', ' order by w.place),
        has.source,
        ' where ' || array_to_string(conditions, ' and '),
        ' order by ' || replace(replace(array_to_string(keys, ', '), 'nullsfirst', 'nulls first'), 'nullslast', 'nulls last'),
        '($1 ->> ''limit'')::bigint offset ($1 ->> ''offset'')::bigint'
    ) into head, text
    from unnest(wanted) with ordinality as w (name, place)
    join unnest(has.column_names, has.column_types) as c (name, type) using (name)
    join pg_type as t on t.oid = c.type;
end
$$;
comment on function vibe.csv_query(jsonb, text) is
    'the query that makes the lines of vibe.export_csv() and vibe.export_rows(), csv or ndjson, whose parameter is the question, and the head of the CSV; errors name what cannot be read';
grant execute on function vibe.csv_query(jsonb, text) to vibe_analyst;

create function vibe.export_csv(query jsonb, name text default 'export') returns setof text
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    lines record;
begin
    perform vibe.set_file_headers(name, 'csv');
    select * into lines from vibe.csv_query(query);
    return next chr(65279) || lines.head;
    return query execute lines.text using query;
end
$$;
comment on function vibe.export_csv(jsonb, text) is
    'the rows of a table, view or reading function as lines of CSV with the caller''s rights, the head first. query: {"from": "stats_series", "arguments": {"site": "shop"}, "select": ["starts_at", "value"], "where": [["value", "gt", 0]], "order": ["value.desc.nullslast"], "limit": 100, "offset": 0}; without "arguments" from is a table or view; operators eq neq lt lte gt gte in is ilike (* stands for %). Lines are those of vibe.csv_line(), lists and records JSON';
grant execute on function vibe.export_csv(jsonb, text) to vibe_analyst;

-- What a function returns as a set is gathered whole before its first row leaves, and so is what FETCH gives.
create function vibe.export_rows(query jsonb, name text default 'export', format text default 'csv', bom boolean default true) returns refcursor
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set cursor_tuple_fraction = 1
as $$
declare
    lines record;
    response refcursor := 'response';
begin
    perform vibe.set_file_headers(name, format);
    select * into lines from vibe.csv_query(query, format);
    open response for execute
        case when format = 'csv' then format('select %L union all (%s)', case when bom then chr(65279) else '' end || lines.head, lines.text) else lines.text end
        using query;
    return response;
end
$$;
comment on function vibe.export_rows(jsonb, text, text, boolean) is
    'rows of a table, view or reading function as a file, with the caller''s rights. query: what vibe.export_csv() takes; name: of the file, without its ending; format: csv or ndjson (one JSON object a line); bom: a byte order mark before CSV, for spreadsheets. Opens the cursor "response", whose rows are the lines: select vibe.cursor_pieces(). GET /api/v1/csv?query=…&name=… sends them while they are made';
grant execute on function vibe.export_rows(jsonb, text, text, boolean) to vibe_analyst;

create function vibe.cursor_pieces(cursor refcursor default 'response') returns setof text
language c volatile strict parallel unsafe
as 'MODULE_PATHNAME', 'vibe_cursor_pieces';
comment on function vibe.cursor_pieces(refcursor) is
    'the rows of an open cursor that has one column of text, joined to pieces of about 32 kB. Called in the select list, it gives each piece while the next is still to be made';
grant execute on function vibe.cursor_pieces(refcursor) to vibe_anon, vibe_analyst;

create function vibe.file_query(rows_query text, column_names text[], format text, bom boolean) returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select case when format = 'csv' then format(
        'select %L union all (select vibe.csv_line(q) from (%s) as q (%s))',
        case when bom then chr(65279) else '' end || string_agg(vibe.csv_cell(n.name), ',' order by n.place) || E'\r\n',
        rows_query, string_agg(quote_ident(n.name), ', ' order by n.place)
    ) else format('select row_to_json(q)::text || E''\n'' from (%s) as q (%s)', rows_query, string_agg(quote_ident(n.name), ', ' order by n.place)) end
    from unnest(column_names) with ordinality as n (name, place)
$$;
comment on function vibe.file_query(text, text[], text, boolean) is
    'the query for the lines of a file, made from one for its rows and the names of their columns; rows without lists or records. For functions that open the cursor of vibe.cursor_pieces() themselves';
grant execute on function vibe.file_query(text, text[], text, boolean) to vibe_analyst;

create function vibe.set_file_headers(name text, format text) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    if name is null or name !~ '^[A-Za-z0-9_-]{1,64}$' then
        raise exception 'name "%" cannot be a file''s name', left(name, 80) using
            errcode = '22023', hint = '1 to 64 of the characters A-Z a-z 0-9 _ -';
    end if;
    if format is null or format not in ('csv', 'ndjson') then
        raise exception 'format "%" is not known', left(format, 80) using errcode = '22023', hint = 'csv or ndjson';
    end if;
    perform set_config('response.headers', jsonb_build_array(
        jsonb_build_object('Content-Type', case format when 'csv' then 'text/csv' else 'application/x-ndjson' end || '; charset=utf-8'),
        jsonb_build_object('Content-Disposition', format('attachment; filename="%s.%s"', name, format)),
        jsonb_build_object('Cache-Control', 'no-store')
    )::text, true);
    -- Who reads slowly keeps the query waiting: that is no fault of the query.
    perform set_config('statement_timeout', '15min', true);
end
$$;
comment on function vibe.set_file_headers(text, text) is 'makes the answer of an endpoint a file to be kept, csv or ndjson; name is without its ending';
grant execute on function vibe.set_file_headers(text, text) to vibe_analyst;
