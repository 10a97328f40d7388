-- Import of history: what another tool has recorded becomes visitors, visits and events, by the rules of ingest but without
-- its clock. The lines come by COPY as those of orders do (40_commerce/import_shared.sql).
-- Definer functions, because visitors, visits, identity, imports and rejects are not the members' to write; each asks for
-- membership first, and reads no table but those it made itself.

create function vibe.begin_event_import(site text, format text, options jsonb default '{}', out import_id bigint, out command text)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    into_site integer := vibe.site_id(site, 'member');
begin
    if begin_event_import.format is null or begin_event_import.format <> all (vibe_private.history_formats()) then
        perform vibe_private.fail(
            format('format is %s', coalesce(quote_literal(left(begin_event_import.format, 100)), 'null')),
            hint => 'one of ' || array_to_string(vibe_private.history_formats(), ', ')
        );
    end if;
    perform vibe_private.check_history_options(begin_event_import.format, begin_event_import.options);
    select o.import_id, o.command into begin_event_import.import_id, begin_event_import.command
    from vibe_private.open_import(
        into_site, case begin_event_import.format when 'plausible' then 'days' else 'events' end,
        begin_event_import.options || jsonb_build_object('format', begin_event_import.format)
    ) as o;
end
$$;
comment on function vibe.begin_event_import(text, text, jsonb) is
'opens an import of history; format says what wrote the file: csv, ndjson (our own fields), umami (website_event.csv), posthog (events as JSON lines), ga4 (BigQuery export as JSON lines), plausible (imported_visitors_….csv: days, no events). Then load the file by `command` in the same session and call finish_event_import(import_id). Options: before (only what happened before this instant, e.g. when the tracker went live), time_zone (of times without an offset), encoding (UTF8); of csv and ndjson also columns {"our name": "name in the file"}; of csv also delimiter (,) and date_order (ymd, dmy, mdy)';
grant execute on function vibe.begin_event_import(text, text, jsonb) to vibe_member;

create function vibe.finish_event_import(import_id bigint) returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set jit = off
set work_mem = '128MB'
set enable_nestloop = on
as $$
declare
    into_site integer := vibe_private.claim_import(finish_event_import.import_id, array['events', 'days'], 'vibe.finish_import()');
    answer jsonb;
begin
    if (select i.kind from vibe.imports as i where i.site_id = into_site and i.import_id = finish_event_import.import_id) = 'days' then
        answer := vibe_private.import_days(into_site, finish_event_import.import_id);
    else
        answer := vibe_private.import_history(into_site, finish_event_import.import_id);
    end if;
    perform vibe_private.drop_import_tables();
    return answer;
end
$$;
comment on function vibe.finish_event_import(bigint) is
'checks and stores the lines that were loaded since begin_event_import() and answers how many records there were: imported, unchanged (there already, or twice in the file), rejected, by reason, skipped (records that are no events, such as GA4''s session_start; they count for visits and identity); and the visitors, visits and days that are new. Each reject is kept in vibe.import_rejects. Importing a file again changes nothing. Days and months get their figures by the nightly work, or at once by vibe.calculate_daily_stats()';
grant execute on function vibe.finish_event_import(bigint) to vibe_member;

create function vibe.import_events(site text, format text, content text, options jsonb default '{}') returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    opened bigint;
begin
    perform vibe.site_id(site, 'member');
    if content is null then
        perform vibe_private.fail('content is null', hint => 'the text of a file');
    elsif options ? 'encoding' then
        perform vibe_private.fail('options has encoding', hint => 'content is text already; only files have an encoding');
    end if;
    select b.import_id into opened from vibe.begin_event_import(site, format, options) as b;
    perform vibe_private.load_import_lines(content);
    return vibe.finish_event_import(opened);
end
$$;
comment on function vibe.import_events(text, text, text, jsonb) is
'imports the text of a file of history in one call, for programs that come through the server; else as begin_event_import() and finish_event_import()';
grant execute on function vibe.import_events(text, text, text, jsonb) to vibe_member;

-- The whole of an import of events; the tables it makes on the way stand beside import_lines.
create function vibe_private.import_history(into_site integer, of_import bigint) returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    answer jsonb;
    repeated bigint;
    skipped bigint;
    stored record;
begin
    perform vibe_private.read_history(into_site, of_import);
    answer := vibe_private.keep_history_rejects(into_site, of_import);
    repeated := vibe_private.drop_known_events(into_site);
    select count(*) filter (where not r.is_event) into skipped from pg_temp.import_rows as r;
    select s.* into stored from vibe_private.store_history(into_site) as s;
    return vibe_private.close_import(into_site, of_import, answer || jsonb_build_object(
        'imported', stored.events, 'unchanged', repeated, 'skipped', skipped,
        'visitors', stored.visitors, 'visits', stored.visits, 'first_day', stored.first_day, 'last_day', stored.last_day
    ));
end
$$;
comment on function vibe_private.import_history(integer, bigint) is 'reads, checks and stores the events in pg_temp.import_lines';
