-- What every import has in common, whatever it brings: the row that tells of it, its lines, who may finish it.

create function vibe_private.open_import(into_site integer, kind text, options jsonb, out import_id bigint, out command text)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    insert into vibe.imports as i (site_id, kind, options)
    values (into_site, open_import.kind, open_import.options)
    returning i.import_id into open_import.import_id;
    perform vibe_private.drop_import_table('import_lines');
    -- Temporary: no log is written for it, no other session sees it, and it goes with this one.
    create temporary table import_lines (line bigint generated always as identity (cache 1000), record text);
    execute format('comment on table pg_temp.import_lines is %L', open_import.import_id);
    grant select, insert on pg_temp.import_lines to public;
    command := 'copy import_lines (record) from stdin (format csv, delimiter e''\x01'', quote e''\x02'', encoding ''latin1'')';
end
$$;
comment on function vibe_private.open_import(integer, text, jsonb) is
'begins an import into a site: its row in vibe.imports, pg_temp.import_lines and the command that loads them';

create function vibe_private.claim_import(import_id bigint, kinds text[], other_door text) returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    into_site integer;
    kind text;
    is_finished boolean;
begin
    select i.site_id, i.kind into into_site, kind from vibe.imports as i
    where i.import_id = claim_import.import_id and i.site_id in (select vibe.my_sites('member'));
    if not found then
        perform vibe_private.fail(format('import %s does not exist or is not yours', coalesce(claim_import.import_id::text, 'null')));
    elsif kind <> all (kinds) then
        perform vibe_private.fail(format('import %s is of %s', claim_import.import_id, kind), hint => 'finish it by ' || other_door);
    end if;
    -- Two imports of a site would write the same rows.
    perform vibe_private.take_turn(into_site, 'imports');
    select i.finished_at is not null into is_finished from vibe.imports as i
    where i.site_id = into_site and i.import_id = claim_import.import_id;
    if is_finished then
        perform vibe_private.fail(format('import %s is finished already', claim_import.import_id));
    end if;
    if not exists (
        select from pg_class as c
        where c.oid = to_regclass('pg_temp.import_lines')
          and c.relowner = 'vibe_owner'::regrole
          and obj_description(c.oid, 'pg_class') = claim_import.import_id::text
    ) then
        perform vibe_private.fail(
            format('import %s has no lines in this session', claim_import.import_id),
            hint => 'to begin, to copy and to finish an import belong into one session'
        );
    end if;
    return into_site;
end
$$;
comment on function vibe_private.claim_import(bigint, text[], text) is
'the site of an import that the caller may finish now, and nobody else meanwhile; raises why not';

create function vibe_private.load_import_lines(content text) returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
    insert into pg_temp.import_lines (record)
    select t.line
    from string_to_table(
        -- As a file is loaded: each byte a character.
        convert_from(convert_to(replace(replace(content, e'\r\n', e'\n'), e'\r', e'\n'), 'UTF8'), 'LATIN1'), e'\n'
    ) with ordinality as t (line, place)
    order by t.place
$$;
comment on function vibe_private.load_import_lines(text) is 'loads text into pg_temp.import_lines as the copy command loads a file';

create function vibe_private.count_records(into_site integer, of_import bigint, rejected bigint) returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    accepted bigint;
begin
    if rejected > 0 then
        delete from pg_temp.import_rows as r where r.problem is not null;
    end if;
    select count(*) into accepted from pg_temp.import_rows;
    -- The planner knows nothing of tables this young, and a plan for a thousand records is none for millions.
    analyze pg_temp.import_rows;
    if accepted > 10000 then
        perform set_config('enable_nestloop', 'off', true);
    end if;
    return jsonb_build_object(
        'import_id', of_import, 'records', accepted + rejected, 'accepted', accepted, 'rejected', rejected,
        -- What differs from line to line is no reason of its own.
        'reasons', (
            select coalesce(jsonb_object_agg(g.reason, g.records), '{}')
            from (
                select coalesce(j.field || ' ', '') || regexp_replace(j.reason, '^((is that of|repeats) )?line [0-9]+( of the same order is refused)?$',
                    '\1another line\3') as reason, count(*) as records
                from vibe.import_rejects as j
                where j.site_id = into_site and j.import_id = of_import
                group by 1
            ) as g
        )
    );
end
$$;
comment on function vibe_private.count_records(integer, bigint, bigint) is
'leaves only good rows in pg_temp.import_rows once the rejected ones are kept; the beginning of the answer about an import';

create function vibe_private.close_import(into_site integer, of_import bigint, answer jsonb) returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    update vibe.imports as i
    set finished_at = clock_timestamp(),
        records = a.records,
        accepted = a.accepted,
        rejected = a.rejected,
        imported = a.imported,
        changed = a.changed,
        unchanged = a.unchanged,
        foreign_orders = a.foreign_orders
    from jsonb_to_record('{"changed": 0, "foreign_orders": 0}' || answer) as a (
        records bigint, accepted bigint, rejected bigint, imported bigint, changed bigint, unchanged bigint, foreign_orders bigint
    )
    where i.site_id = into_site and i.import_id = of_import;
    return answer;
end
$$;
comment on function vibe_private.close_import(integer, bigint, jsonb) is 'notes in vibe.imports what became of an import, and returns it';

create function vibe_private.drop_import_tables() returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    name text;
begin
    foreach name in array array[
        'import_lines', 'import_records', 'import_rows', 'import_orders', 'import_customers', 'import_known', 'import_items', 'import_touched',
        'import_visitors', 'import_moments', 'import_visits', 'import_places', 'import_sessions', 'import_sources', 'import_clients'
    ] loop
        perform vibe_private.drop_import_table(name);
    end loop;
end
$$;
comment on function vibe_private.drop_import_tables() is 'removes every temporary table that an import made';

create function vibe_private.drop_import_table(name text) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set client_min_messages = warning
as $$
begin
    -- A caller's own table of that name might come with policies or triggers that run as we do.
    if exists (
        select from pg_class as c where c.oid = to_regclass('pg_temp.' || name) and c.relowner <> 'vibe_owner'::regrole
    ) then
        perform vibe_private.fail(format('the temporary table %s is in the way', name), errcode => '42P07', hint => 'drop it');
    end if;
    execute format('drop table if exists pg_temp.%I', name);
end
$$;
comment on function vibe_private.drop_import_table(text) is 'removes a temporary table of an import; refuses one that somebody else made';
