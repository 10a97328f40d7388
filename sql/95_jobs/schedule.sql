-- pg_cron is asked for by name only here, so that the extension works without it.
create function vibe.schedule() returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    home text := current_setting('cron.database_name', true);
    job bigint;
begin
    if to_regclass('cron.job') is not null then
        -- pg_cron reads schedules in GMT; every quarter of an hour is the same in all zones.
        execute 'select cron.schedule($1, $2, $3)' into job using 'vibe', '*/15 * * * *', 'call vibe.run_due()';
        return job;
    elsif home is null then
        raise exception 'pg_cron is not loaded'
            using errcode = 'object_not_in_prerequisite_state',
                hint = format('add pg_cron to shared_preload_libraries and restart, or let another scheduler run this every 15 minutes: psql -d %I -c ''call vibe.run_due()''', current_database());
    elsif home <> current_database() then
        raise exception 'pg_cron lives in database "%", not in "%"', home, current_database()
            using errcode = 'object_not_in_prerequisite_state',
                hint = format('in database "%s": select cron.schedule_in_database(''vibe'', ''*/15 * * * *'', ''call vibe.run_due()'', %L); or set cron.database_name and restart', home, current_database());
    end if;
    raise exception 'pg_cron is loaded but not created in this database'
        using errcode = 'object_not_in_prerequisite_state', hint = 'create extension pg_cron, then call vibe.schedule() again';
end
$$;
comment on function vibe.schedule() is
'lets pg_cron run vibe.run_due() every 15 minutes as the caller (vibe_owner or a superuser); returns the job''s id; may be repeated; without pg_cron the error says how to schedule it otherwise';
