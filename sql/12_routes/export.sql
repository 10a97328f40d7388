-- CSV of any question that a caller may ask: the same object from which /client.js makes its requests and its SQL.
create function vibe.csv_cell(value text) returns text
language sql immutable strict parallel safe
return '"' || case when value ~ '^[-=+@\t\r\n＝＋－＠]' then '''' else '' end || replace(value, '"', '""') || '"';
comment on function vibe.csv_cell(text) is
    'a text as a cell of CSV (RFC 4180), in quotes; what a spreadsheet would take for a formula (=, +, -, @, also full-width, tab, CR or LF first) gets an apostrophe before it';
grant execute on function vibe.csv_cell(text) to vibe_analyst;

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

create function vibe.csv_query(question jsonb, out text text, out head text)
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

    select
        string_agg(vibe.csv_cell(w.name), ',' order by w.place),
        format(
            'select %s || E''\r\n'' from %s%s%s limit ($1 ->> ''limit'')::bigint offset ($1 ->> ''offset'')::bigint',
            string_agg(format('coalesce(%s, '''')', case
                when c.type = any ('{int2,int4,int8,bool}'::regtype[]) then format('r.%I::text', w.name)
                -- Infinities are no numbers to a spreadsheet.
                when t.typcategory = 'N' then format('case when r.%1$I::text ~ ''^-?[0-9]'' then r.%1$I::text else vibe.csv_cell(r.%1$I::text) end', w.name)
                -- Days and instants in the notation of ISO 8601, lists and records as JSON: as the REST door gives them.
                when t.typcategory = 'D' then format('vibe.csv_cell(to_json(r.%I) #>> ''{}'')', w.name)
                when t.typcategory in ('A', 'C') then format('vibe.csv_cell(to_json(r.%I)::text)', w.name)
                else format('vibe.csv_cell(r.%I::text)', w.name)
            end), ' || '','' || ' order by w.place),
            has.source,
            ' where ' || array_to_string(conditions, ' and '),
            ' order by ' || replace(replace(array_to_string(keys, ', '), 'nullsfirst', 'nulls first'), 'nullslast', 'nulls last')
        )
    into head, text
    from unnest(wanted) with ordinality as w (name, place)
    join unnest(has.column_names, has.column_types) as c (name, type) using (name)
    join pg_type as t on t.oid = c.type;
end
$$;
comment on function vibe.csv_query(jsonb) is
    'the query that makes the lines of vibe.export_csv(), whose parameter is the question, and their head; errors name what cannot be read';
grant execute on function vibe.csv_query(jsonb) to vibe_analyst;

create function vibe.export_csv(query jsonb, name text default 'export') returns setof text
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    lines record;
begin
    if name is null or name !~ '^[A-Za-z0-9_-]{1,64}$' then
        raise exception 'name "%" cannot be a file''s name', left(name, 80) using
            errcode = '22023', hint = '1 to 64 of the characters A-Z a-z 0-9 _ -';
    end if;
    select * into lines from vibe.csv_query(query);
    perform set_config('response.headers', jsonb_build_array(
        jsonb_build_object('Content-Type', 'text/csv; charset=utf-8'),
        jsonb_build_object('Content-Disposition', format('attachment; filename="%s.csv"', name)),
        jsonb_build_object('Cache-Control', 'no-store')
    )::text, true);
    return next chr(65279) || lines.head || E'\r\n';
    return query execute lines.text using query;
end
$$;
comment on function vibe.export_csv(jsonb, text) is
    'the rows of a table, view or reading function as lines of CSV with the caller''s rights, the head first; also GET /api/v1/csv?query=…&name=…, which sends them as a file. query: {"from": "stats_series", "arguments": {"site": "shop"}, "select": ["starts_at", "value"], "where": [["value", "gt", 0]], "order": ["value.desc.nullslast"], "limit": 100, "offset": 0}; without "arguments" from is a table or view; operators eq neq lt lte gt gte in is ilike (* stands for %). Numbers stay numbers, texts are quoted by vibe.csv_cell(), times are ISO 8601, lists and records JSON';
grant execute on function vibe.export_csv(jsonb, text) to vibe_analyst;
