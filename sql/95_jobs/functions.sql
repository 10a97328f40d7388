-- Plain: a procedure that is definer or has a SET may not commit. It commits after each site, so that a site's figures
-- are seen at once, locks are short and a crash loses one site's work at most.
create procedure vibe.run_due()
language plpgsql
as $$
declare
    of_site integer;
begin
    perform vibe_private.keep_house();
    commit;
    foreach of_site in array vibe_private.due_sites() loop
        perform vibe_private.run_nightly(of_site);
        commit;
    end loop;
end
$$;
comment on procedure vibe.run_due() is
'does all work that is due: partitions, pruning, and for each site past its own midnight the daily figures and RFM, missed nights included; a site that fails is recorded and does not stop the others; for pg_cron, every 15 minutes, as vibe_owner or a superuser';

create function vibe_private.due_sites() returns integer[]
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(array_agg(s.site_id order by s.site_id), '{}')
    from vibe.sites as s
    where vibe_private.first_due_day(s.site_id) is not null
$$;
comment on function vibe_private.due_sites() is 'sites with nightly work to do now';

-- Late events make their day due again, once an hour at most, so that a busy site is not counted all day long.
create function vibe_private.first_due_day(of_site integer) returns date
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select case
        when r.done_through is null then s.opening
        when r.done_through < s.today - 1 then greatest(s.opening, least(r.done_through, d.day))
        when r.finished_at < now() - interval '1 hour' then d.day
    end
    from (
        select
            p.site_id,
            (now() at time zone p.time_zone)::date as today,
            (least(p.created_at, (
                select min(u.first_seen_at) from vibe.site_users as u where u.site_id = p.site_id
            )) at time zone p.time_zone)::date as opening
        from vibe.sites as p
        where p.site_id = of_site
    ) as s
    left join vibe.job_runs as r on r.site_id = s.site_id and r.job = 'nightly'
    left join lateral (
        select min(m.day) as day from vibe_private.dirty_days as m where m.site_id = s.site_id and m.day < s.today
    ) as d on true
$$;
comment on function vibe_private.first_due_day(integer) is
'the first day that must be counted (again): missed nights, the day before them (its sessions may have run on), late events; null when nothing is due';

create function vibe_private.run_nightly(of_site integer) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    began timestamptz := clock_timestamp();
    first_due date;
    yesterday date;
    problem text;
    message text;
begin
    -- Whoever does not get the lock leaves the site to the other; whoever gets it late finds nothing due.
    if not pg_try_advisory_xact_lock('vibe.job_runs'::regclass::oid::integer, of_site) then
        return;
    end if;
    first_due := vibe_private.first_due_day(of_site);
    if first_due is null then
        return;
    end if;
    select (now() at time zone s.time_zone)::date - 1 into yesterday from vibe.sites as s where s.site_id = of_site;
    begin
        perform vibe_private.calculate_nightly(of_site, first_due, yesterday);
    exception when others then
        get stacked diagnostics message = message_text;
        problem := format('%s: %s', sqlstate, message);
    end;
    insert into vibe.job_runs as r (job, site_id, done_through, started_at, finished_at, failures, error)
    values (
        'nightly', of_site, case when problem is null then yesterday end,
        began, clock_timestamp(), case when problem is null then 0 else 1 end, problem
    )
    on conflict on constraint job_runs_key do update set
        done_through = coalesce(excluded.done_through, r.done_through),
        started_at = excluded.started_at,
        finished_at = excluded.finished_at,
        runs = r.runs + 1,
        failures = case when excluded.error is null then 0 else r.failures + 1 end,
        error = excluded.error;
end
$$;
comment on function vibe_private.run_nightly(integer) is
'the nightly work of one site if it is due and nobody else is at it; records how it went';

create function vibe_private.calculate_nightly(of_site integer, first_due date, yesterday date) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    -- A site that opened today has no day to count. Ten years are the most that calculate_daily_stats() takes.
    if first_due <= yesterday then
        perform vibe.calculate_daily_stats(of_site::text, greatest(first_due, yesterday - 3650), yesterday);
        perform vibe.calculate_funnel_days(of_site::text, greatest(first_due, yesterday - 3650), yesterday);
        -- Older days are not counted: their marks would make these ten years due again every hour.
        delete from vibe_private.dirty_days as m where m.site_id = of_site and m.day < yesterday - 3650;
    end if;
    -- The running month, the one before it, and any that were missed.
    perform vibe.calculate_rfm(of_site::text, m::date, (m + interval '1 month')::date)
    from generate_series(
        date_trunc('month', greatest(first_due, yesterday - 366)::timestamp) - interval '1 month',
        date_trunc('month', (yesterday + 1)::timestamp),
        interval '1 month'
    ) as m;
    perform vibe_private.refresh_clusters(of_site);
    -- After RFM and clusters, which rules may ask for.
    perform vibe_private.refresh_segments(of_site);
    -- Last, when all that is counted of events has been counted.
    perform vibe_private.expire_events(of_site);
end
$$;
comment on function vibe_private.calculate_nightly(integer, date, date) is
'daily figures from first_due to yesterday, RFM of the months they touch, the month before and the running one, then customers scored by the stored cluster models and the members of segments';

create function vibe_private.keep_house() returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    began timestamptz := clock_timestamp();
    problem text;
    message text;
begin
    if not pg_try_advisory_xact_lock('vibe.job_runs'::regclass::oid::integer, 0) then
        return;
    end if;
    begin
        perform vibe_private.add_partitions();
        perform vibe_private.drop_empty_partitions();
        perform vibe_private.forget_old_tracking();
        perform vibe_private.refresh_all_revenue();
    exception when others then
        get stacked diagnostics message = message_text;
        problem := format('%s: %s', sqlstate, message);
    end;
    insert into vibe.job_runs as r (job, started_at, finished_at, failures, error)
    values ('housekeeping', began, clock_timestamp(), case when problem is null then 0 else 1 end, problem)
    on conflict on constraint job_runs_key do update set
        started_at = excluded.started_at,
        finished_at = excluded.finished_at,
        runs = r.runs + 1,
        failures = case when excluded.error is null then 0 else r.failures + 1 end,
        error = excluded.error;
end
$$;
comment on function vibe_private.keep_house() is
'makes partitions ahead, drops empty old ones and removes what machinery no longer needs; records how it went';
