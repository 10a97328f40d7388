-- pg_cron is asked for by name only here, so that the extension works without it.
create function vibe.schedule() returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    home text;
    job_name text := 'vibe ' || current_database();
    command text := 'call vibe.run_due()';
    quarters text := '*/15 * * * *';
    job bigint;
begin
    if not (select r.rolsuper from pg_catalog.pg_roles as r where r.rolname = current_user) then
        raise exception 'only a superuser may let pg_cron work as vibe_jobs'
            using errcode = 'insufficient_privilege', hint = 'call vibe.schedule() as a superuser';
    end if;
    home := current_setting('cron.database_name', true);
    if to_regclass('cron.job') is not null then
        -- Jobs of other logins for the same work, such as a superuser's own.
        execute 'select cron.unschedule(j.jobid) from cron.job as j
            where j.command = $1 and j.database = current_database() and (j.username, j.jobname) is distinct from ($2, $3)'
        using command, 'vibe_jobs', job_name;
        -- pg_cron reads schedules in GMT; every quarter of an hour is the same in all zones.
        execute 'select cron.schedule_in_database($1, $2, $3, current_database(), $4)'
        into job using job_name, quarters, command, 'vibe_jobs';
        return job;
    elsif home is null then
        raise exception 'pg_cron is not loaded'
            using errcode = 'object_not_in_prerequisite_state',
                hint = format('add pg_cron to shared_preload_libraries and restart, or let another scheduler run this every 15 minutes: psql -U vibe_jobs -d %I -c ''%s''', current_database(), command);
    elsif home <> current_database() then
        raise exception 'pg_cron lives in database "%", not in "%"', home, current_database()
            using errcode = 'object_not_in_prerequisite_state',
                hint = format('in database "%s": select cron.schedule_in_database(%L, %L, %L, %L, %L); or set cron.database_name and restart',
                    home, job_name, quarters, command, current_database(), 'vibe_jobs');
    end if;
    raise exception 'pg_cron is loaded but not created in this database'
        using errcode = 'object_not_in_prerequisite_state', hint = 'create extension pg_cron, then call vibe.schedule() again';
end
$$;
comment on function vibe.schedule() is
'lets pg_cron call vibe.run_due() every 15 minutes as vibe_jobs, a login that can do nothing else; returns the job''s id; for a superuser; may be repeated; without pg_cron the error says how to schedule it otherwise';
