create function vibe_private.check_history_options(format text, options jsonb) returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    wrong record;
    named text;
begin
    if options is null or jsonb_typeof(options) <> 'object' then
        perform vibe_private.fail(format('options is %s', coalesce(left(options::text, 100), 'null')), hint => 'a JSON object; {} for none');
    end if;
    for wrong in
        select o.key, o.value, r.rule
        from jsonb_each(options) as o
        left join (values
            ('before', 'umami posthog ga4 csv ndjson plausible', 'string', null, 'a date or time such as "2026-03-01T00:00:00Z"'),
            ('time_zone', 'umami csv ndjson', 'string', null, 'an IANA name such as "America/Sao_Paulo"'),
            ('encoding', 'umami posthog ga4 csv ndjson plausible', 'string', '^(UTF8|LATIN1|WIN1252)$', '"UTF8", "LATIN1" or "WIN1252"'),
            ('columns', 'csv ndjson', 'object', null, 'an object {"our name": "name in the file"}'),
            ('delimiter', 'csv', 'string', '^[ !#-~\t]$', 'one ASCII character other than a quote'),
            ('date_order', 'csv', 'string', '^(ymd|dmy|mdy)$', '"ymd", "dmy" or "mdy"')
        ) as r (name, formats, type, pattern, rule)
            on r.name = o.key and check_history_options.format = any (string_to_array(r.formats, ' '))
        where r.name is null
           or jsonb_typeof(o.value) <> r.type
           or (r.type = 'string' and r.pattern is not null and o.value #>> '{}' !~ r.pattern)
           or (o.key = 'time_zone' and not exists (select from pg_catalog.pg_timezone_names as z where z.name = o.value #>> '{}'))
           or (o.key = 'before' and vibe_private.csv_instant(o.value #>> '{}', 0, 'UTC') is null)
        order by o.key
        limit 1
    loop
        if wrong.rule is null then
            perform vibe_private.fail(format('option "%s" is unknown to format %s', left(wrong.key, 100), format),
                hint => 'the comment of vibe.begin_event_import() lists the options');
        end if;
        perform vibe_private.fail(format('option "%s" is %s', wrong.key, left(wrong.value::text, 100)), hint => wrong.rule);
    end loop;
    for named in select k from jsonb_object_keys(options -> 'columns') as k order by k loop
        if not exists (select from vibe_private.history_columns(format) as c where c.name = named) then
            perform vibe_private.fail(format('option "columns" has "%s"', left(named, 100)),
                hint => 'an event has ' || (select string_agg(c.name, ', ' order by c.place) from vibe_private.history_columns(format) as c));
        elsif jsonb_typeof(options #> array['columns', named]) <> 'string' or btrim(options #>> array['columns', named]) = '' then
            perform vibe_private.fail(format('option "columns" has %s for "%s"', left((options #> array['columns', named])::text, 100), named),
                hint => 'the name of the column in the file');
        end if;
    end loop;
end
$$;
comment on function vibe_private.check_history_options(text, jsonb) is 'raises what is wrong with the options of an import of history';

-- Where each column of history_columns() stands in the file, from 1, 0 for none.
create function vibe_private.history_places(format text, options jsonb, header text[]) returns integer[]
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
        select c.name, c.is_needed, coalesce(options #>> array['columns', c.name], c.name) as called, options #> array['columns', c.name] is not null as is_named
        from vibe_private.history_columns(history_places.format) as c
        order by c.place
    loop
        found_at := vibe_private.header_place(header, wanted.called);
        if found_at = 0 and (wanted.is_needed or wanted.is_named) then
            perform vibe_private.fail(
                format('the header has no "%s"', wanted.called),
                detail => left(format('The header is %s.', (select string_agg(coalesce(quote_ident(h), '""'), ', ') from unnest(header) as h)), 1000),
                hint => case history_places.format
                    when 'umami' then 'of Umami''s export only website_event.csv has events'
                    when 'plausible' then 'of Plausible''s export only imported_visitors_….csv can be imported'
                    else 'option "columns" says which column is which, "delimiter" what stands between them' end,
                errcode => '42703'
            );
        end if;
        places := places || found_at;
    end loop;
    return places;
end
$$;
comment on function vibe_private.history_places(text, jsonb, text[]) is
'where the columns of history_columns() stand in the file, from 1, 0 for none; raises what is missing or there twice';

-- The first day whose events the site keeps; null where it keeps all of them.
create function vibe_private.history_begins(into_site integer) returns date
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select greatest(s.events_from, (now() at time zone s.time_zone)::date - s.keep_events_days)
    from vibe.sites as s where s.site_id = into_site
$$;
comment on function vibe_private.history_begins(integer) is
'the first day of which a site still keeps events: what is older would be removed the next night and is in no figure any more; null for no such day';
