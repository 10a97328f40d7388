-- From lines of text to rows in pg_temp.import_rows, each with the first rule it breaks ("field|reason") or null.

create function vibe_private.read_history(into_site integer, of_import bigint) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    format text;
    options jsonb;
    lines text := 'import_lines';
    encoding integer;
    source text;
    header_line bigint;
    header text[] := '{}';
begin
    select i.options ->> 'format', jsonb_build_object('encoding', 'UTF8', 'delimiter', ',')
        -- Umami's times are UTC; what people write themselves is by their own clocks.
        || jsonb_build_object('time_zone', case i.options ->> 'format' when 'umami' then 'UTC' else s.time_zone end) || i.options
    into format, options
    from vibe.imports as i join vibe.sites as s using (site_id)
    where i.site_id = into_site and i.import_id = of_import;
    encoding := pg_char_to_encoding(options ->> 'encoding');
    if not exists (select from pg_temp.import_lines as l where btrim(l.record, e' \t\r') <> '') then
        perform vibe_private.fail('the file is empty', hint => 'load it by the command that begin_event_import() gives');
    end if;
    if format in ('csv', 'umami', 'plausible') then
        lines := vibe_private.join_quoted_lines(options ->> 'delimiter');
        select h.line, h.fields into header_line, header from vibe_private.import_header(lines, options ->> 'delimiter', encoding) as h;
        source := format(
            'select l.line, vibe_private.csv_fields(l.record, %L, %s, %s, %L) as f from pg_temp.%I as l
             where l.line > %s and btrim(l.record, e'' \t\r\n'') <> ''''',
            options ->> 'delimiter', encoding, cardinality(header),
            vibe_private.history_places(format, options, header), lines, header_line
        );
    else
        source := format(
            'select l.line, vibe_private.json_record(case when l.line = 1 then regexp_replace(l.record, ''^\u00ef\u00bb\u00bf'', '''') else l.record end, %s) as j
             from pg_temp.import_lines as l where btrim(l.record, e'' \t\r'') <> ''''', encoding
        );
    end if;
    perform vibe_private.drop_import_table('import_rows');
    if format = 'plausible' then
        execute vibe_private.days_query(source, into_site, options ->> 'before');
    else
        execute vibe_private.history_rows_query(format, options, source, into_site);
    end if;
    execute format('comment on table pg_temp.import_rows is %L', jsonb_build_object(
        'lines', lines, 'delimiter', options ->> 'delimiter', 'encoding', encoding, 'is_json', format in ('ndjson', 'posthog', 'ga4'),
        'width', cardinality(header)
    ));
end
$$;
comment on function vibe_private.read_history(integer, bigint) is 'makes pg_temp.import_rows of pg_temp.import_lines';

create function vibe_private.history_rows_query(format text, options jsonb, source text, into_site integer) returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    begins date := vibe_private.history_begins(into_site);
    zone text := (select s.time_zone from vibe.sites as s where s.site_id = into_site);
    before timestamptz := vibe_private.csv_instant(options ->> 'before', 0, zone);
    is_json constant boolean := history_rows_query.format in ('ndjson', 'posthog', 'ga4');
begin
    return format(
        $query$
        create temporary table import_rows as
        with r as (%1$s offset 0)
        select
            w.*,
            case
                when w.source_id is null then md5(coalesce(w.identity, row(
                    w.visitor, extract(epoch from w.occurred_at), w.event_name, w.url, w.referrer, w.title, w.properties
                )::text))::uuid
                when vibe_private.is_uuid(w.source_id) then w.source_id::uuid
                else md5(%2$L || w.source_id)::uuid
            end as event_id,
            case
                when w.is_broken then '|'
                when w.occurred_at is null then 'time|must be a date or time'
                when w.occurred_at < '2000-01-01 00:00:00+00' then 'time|lies before 2000'
                when w.occurred_at > now() + interval '60 seconds' then 'time|lies in the future'
                when w.occurred_at >= %3$L then 'time|does not lie before the option "before"'
                when w.occurred_at < %4$L then %5$L
                when w.visitor is null then 'visitor_id|must not be empty'
                when length(w.visitor) > 200 or w.visitor ~ '[\u0001-\u001f\u007f-\u009f]'
                    then 'visitor_id|must be at most 200 characters, none of them control characters'
                when length(w.person) > 200 or w.person ~ '[\u0001-\u001f\u007f-\u009f]'
                    then 'user_id|must be at most 200 characters, none of them control characters'
                when w.event_name is null or length(w.event_name) not between 1 and 100 or w.event_name ~ '^\s|\s$|[\u0001-\u001f\u007f-\u009f]'
                    then 'event_name|must be 1 to 100 characters, no control characters and no space at either end'
                when w.url is null and w.event_name = 'page_view' and w.is_event then 'url|must not be empty in a page view'
                when length(w.url) > 4096 or w.url !~* '^(https?://[^\s/?#]|/)[^\u0001-\u001f\u007f]*$'
                    then 'url|must be an http or https address or a path, at most 4096 characters, none of them control characters'
                when length(w.referrer) > 4096 then 'referrer|must be at most 4096 characters'
                when length(w.title) > 1000 then 'title|must be at most 1000 characters'
                when length(w.source_id) > 200 then 'event_id|must be at most 200 characters'
                when w.properties <> '{}' and not vibe_private.is_small_object(w.properties)
                    then 'properties|' || vibe_private.object_problem(w.properties)
            end as problem
        from (
            select r.line, %6$s as is_broken, %7$s
            offset 0
        ) as w
        $query$,
        source,
        history_rows_query.format || ':',
        coalesce(before, 'infinity'),
        coalesce(vibe.day_start(begins, zone), '-infinity'),
        format('time|lies before %s, from when on the site keeps events', begins),
        case when is_json then 'r.j is null' else 'r.f is null' end,
        vibe_private.history_query(history_rows_query.format, options)
    );
end
$$;
comment on function vibe_private.history_rows_query(text, jsonb, text, integer) is
'the statement that makes pg_temp.import_rows of the records of a file';
