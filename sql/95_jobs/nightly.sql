-- Late events make their day due again, once an hour at most, so that a busy site is not counted all day long.
create function vibe_private.first_due_day(of_site integer) returns date
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select case
        when r.done_through is null then least(s.opening, d.day)
        when r.done_through < s.today - 1 then least(greatest(s.opening, r.done_through), d.day)
        when r.error is not null or r.finished_at < now() - interval '1 hour' then d.day
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
    perform vibe_private.expire_deliveries(of_site);
end
$$;
comment on function vibe_private.calculate_nightly(integer, date, date) is
'daily figures and funnels from first_due to yesterday, RFM of the months they touch, the month before and the running one, then customers scored by the stored cluster models, the members of segments, and the expiry of events and deliveries';
