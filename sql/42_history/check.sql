-- What becomes of records that cannot be stored, or are there already.

create function vibe_private.keep_history_rejects(into_site integer, of_import bigint) returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    notes constant jsonb := vibe_private.import_notes();
    rejected bigint;
begin
    execute format(
        $query$
        insert into vibe.import_rejects (site_id, import_id, line, record, field, value, reason)
        select $1, $2, r.line, left(vibe_private.csv_text(l.record, $3), 10000), nullif(split_part(r.problem, '|', 1), ''),
            left(case split_part(r.problem, '|', 1) %s end, 1000),
            case when r.problem <> '|' then split_part(r.problem, '|', 2)
                when $4 then vibe_private.json_problem(l.record, $3)
                else vibe_private.csv_problem(l.record, $5, $3, $6) end
        from pg_temp.import_rows as r
        join pg_temp.%I as l using (line)
        where r.problem is not null
        order by r.line
        $query$,
        (
            select string_agg(format('when %L then r.%I::text', f.field, f.name), ' ')
            from (values ('time', 'written_time'), ('visitor_id', 'visitor'), ('user_id', 'person'), ('event_name', 'event_name'),
                ('url', 'url'), ('referrer', 'referrer'), ('title', 'title'), ('event_id', 'source_id'), ('properties', 'properties'),
                ('date', 'written_time')) as f (field, name)
            where exists (
                select from pg_catalog.pg_attribute as a where a.attrelid = to_regclass('pg_temp.import_rows') and a.attname = f.name
            )
        ),
        notes ->> 'lines'
    ) using into_site, of_import, (notes ->> 'encoding')::integer, (notes ->> 'is_json')::boolean, notes ->> 'delimiter', (notes ->> 'width')::integer;
    get diagnostics rejected = row_count;
    return vibe_private.count_records(into_site, of_import, rejected);
end
$$;
comment on function vibe_private.keep_history_rejects(integer, bigint) is
'moves the rows of an import of history that broke a rule to vibe.import_rejects and counts them by reason';

-- An event is known again by its id and time: the id that its tool gave it or, where it gave none, a hash of what it says. Of
-- equal rows without an id each is an event: the second one's id is made of the hash and "2".
create function vibe_private.drop_known_events(into_site integer) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    span record;
    repeated bigint := 0;
    known bigint := 0;
begin
    if (select count(*) > count(distinct r.event_id) from pg_temp.import_rows as r where r.is_event) then
        update pg_temp.import_rows as r
        set event_id = md5(r.event_id::text || n.place)::uuid
        from (
            select o.line, row_number() over (partition by o.event_id order by o.line) as place
            from pg_temp.import_rows as o where o.is_event and o.source_id is null and o.identity is null
        ) as n
        where n.place > 1 and n.line = r.line;
        delete from pg_temp.import_rows as r
        using (
            select o.line, row_number() over (partition by o.event_id order by o.line) as place
            from pg_temp.import_rows as o where o.is_event
        ) as n
        where n.place > 1 and n.line = r.line;
        get diagnostics repeated = row_count;
    end if;
    select min(r.occurred_at) as first_at, max(r.occurred_at) as last_at into span from pg_temp.import_rows as r where r.is_event;
    if exists (
        select from vibe.user_events as e
        where e.site_id = into_site and e.occurred_at >= span.first_at and e.occurred_at <= span.last_at
    ) then
        -- The ends stand as constants, so that other months are not even planned.
        execute format(
            'delete from pg_temp.import_rows as r using vibe.user_events as e
             where r.is_event and e.site_id = %s and e.occurred_at >= %L and e.occurred_at <= %L
               and e.occurred_at = r.occurred_at and e.event_id = r.event_id',
            into_site, span.first_at, span.last_at
        );
        get diagnostics known = row_count;
    end if;
    return repeated + known;
end
$$;
comment on function vibe_private.drop_known_events(integer) is
'removes events from pg_temp.import_rows that the file repeats or the site has already; returns how many';
