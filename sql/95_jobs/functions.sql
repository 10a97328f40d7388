-- Plain: a procedure that is definer or has a SET may not commit. It commits after each piece of work, so that a site's figures
-- are seen at once, locks are short and a crash loses one site's work at most. All it does is done by three definer functions.
create procedure vibe.run_due()
language plpgsql
as $$
declare
    due record;
    is_cancelled boolean;
begin
    for due in select d.job, d.site_id from vibe_private.due_jobs() as d loop
        if vibe_private.begin_job(due.job, due.site_id) then
            commit;
            is_cancelled := vibe_private.do_job(due.job, due.site_id);
            commit;
            if is_cancelled then
                -- Recorded above like any failure; here it ends the whole call, as whoever cancelled it wants.
                raise exception 'canceled during % of site %', due.job, due.site_id using errcode = 'query_canceled';
            end if;
        end if;
    end loop;
end
$$;
comment on procedure vibe.run_due() is
'does all work that is due: partitions, pruning, revenue, and for each site past its own midnight the daily figures, funnels, RFM, segments and expiry, missed nights included; a site that fails is recorded in vibe.job_status and does not stop the others. For a scheduler, every 15 minutes, as vibe_jobs; two at once share the work';
grant execute on procedure vibe.run_due() to vibe_jobs;

-- Definer as the two below: the login vibe_jobs has no other right than to call these. What failed before comes last, so that
-- a site which takes its session down with it takes no other site's night.
create function vibe_private.due_jobs() returns table (job text, site_id integer)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select w.job, w.site_id
    from (
        values (1, 'partitions', null::integer), (2, 'old_partitions', null), (3, 'cleaning', null)
        union all
        select 4, 'revenue', s.site_id
        from vibe.sites as s
        where exists (select from vibe.revenue_marks as m where m.site_id = s.site_id)
           or exists (select from vibe.customer_marks as m where m.site_id = s.site_id)
        union all
        select 5, 'nightly', s.site_id
        from vibe.sites as s
        where vibe_private.first_due_day(s.site_id) is not null
    ) as w (place, job, site_id)
    left join vibe.job_runs as r on r.job = w.job and r.site_id is not distinct from w.site_id
    where r.next_try_at is null or r.next_try_at <= clock_timestamp()
    order by coalesce(r.failures, 0) > 0 or r.session_pid is not null, w.place, w.site_id
$$;
comment on function vibe_private.due_jobs() is
'work to do now, in order. Definer: called by vibe_jobs, which reads no table';
grant execute on function vibe_private.due_jobs() to vibe_jobs;

create function vibe.job_is_running(session_pid integer, started_at timestamptz) returns boolean
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    -- A number from before the server's start says nothing.
    select coalesce(started_at >= pg_postmaster_start_time() and exists (
        select from pg_catalog.pg_stat_activity as a where a.pid = session_pid and a.datname = current_database()
    ), false)
$$;
comment on function vibe.job_is_running(integer, timestamptz) is
'whether the session that began a job then is still there; of rows of vibe.job_runs';
grant execute on function vibe.job_is_running(integer, timestamptz) to vibe_analyst;

-- A transaction of its own before the work: should that take the session down, it is known what did.
create function vibe_private.begin_job(of_job text, of_site integer) returns boolean
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '5s'
as $$
declare
    run record;
begin
    begin
        insert into vibe.job_runs (job, site_id, started_at)
        values (of_job, of_site, clock_timestamp())
        on conflict on constraint job_runs_key do nothing;
    exception when foreign_key_violation or lock_not_available then
        -- The site was deleted since due_jobs() saw it, or is just being.
        return false;
    end;
    -- Only vibe_owner may lock the row; who comes at the same moment leaves it to us.
    select * into run from vibe.job_runs as r
    where r.job = of_job and r.site_id is not distinct from of_site
    for no key update skip locked;
    if not found or (run.session_pid <> pg_backend_pid() and vibe.job_is_running(run.session_pid, run.started_at)) then
        return false;
    end if;
    if run.session_pid is not null then
        perform vibe_private.end_job(of_job, of_site, null, '57P01: the session ended before the work was done');
        select * into run from vibe.job_runs as r where r.job = of_job and r.site_id is not distinct from of_site;
    end if;
    -- Somebody else may have done it, or failed, since due_jobs().
    if run.next_try_at > clock_timestamp() or (of_job = 'nightly' and vibe_private.first_due_day(of_site) is null) then
        return false;
    end if;
    update vibe.job_runs as r set started_at = clock_timestamp(), session_pid = pg_backend_pid()
    where r.job = of_job and r.site_id is not distinct from of_site;
    return true;
end
$$;
comment on function vibe_private.begin_job(text, integer) is
'notes that this session now does a job, unless another one does or it is no longer due: false then. Definer: called by vibe_jobs, which writes no table';
grant execute on function vibe_private.begin_job(text, integer) to vibe_jobs;

-- Longer than a minute nothing is waited for: an open transaction somewhere must not cost the other sites their night. Code is
-- not worth compiling: that would be most of the time of a small site.
create function vibe_private.do_job(of_job text, of_site integer) returns boolean
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '1min'
set jit = off
as $$
declare
    through date;
    problem text;
    message text;
begin
    -- The note is the lock: whoever would delete the site takes the turns that this is about to take first, and this row after them.
    if not exists (
        select from vibe.job_runs as r
        where r.job = of_job and r.site_id is not distinct from of_site and r.session_pid = pg_backend_pid()
    ) then
        return false;
    end if;
    begin
        case of_job
            when 'partitions' then
                -- Who reads all events waits behind us, and months are made long before they are needed.
                perform set_config('lock_timeout', '1s', true), vibe_private.add_partitions();
            when 'old_partitions' then perform vibe_private.drop_empty_partitions();
            when 'cleaning' then perform vibe_private.forget_old_tracking();
            when 'revenue' then perform vibe_private.refresh_revenue(of_site), vibe_private.refresh_customer_days(of_site);
            when 'nightly' then
                select (now() at time zone s.time_zone)::date - 1 into through from vibe.sites as s where s.site_id = of_site;
                perform vibe_private.calculate_nightly(of_site, vibe_private.first_due_day(of_site), through);
        end case;
    exception when query_canceled or assert_failure or others then
        get stacked diagnostics message = message_text;
        problem := format('%s: %s', sqlstate, message);
    end;
    perform vibe_private.end_job(of_job, of_site, case when problem is null then through end, problem);
    return coalesce(problem like '57014:%', false);
end
$$;
comment on function vibe_private.do_job(text, integer) is
'does a job that begin_job() has noted for this session, and records how it went; a failure undoes all of it. True if it was canceled. Definer: called by vibe_jobs, which has no right on any table';
grant execute on function vibe_private.do_job(text, integer) to vibe_jobs;

create function vibe_private.end_job(of_job text, of_site integer, through date, problem text) returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
    update vibe.job_runs as r set
        done_through = coalesce(through, r.done_through),
        finished_at = clock_timestamp(),
        session_pid = null,
        runs = r.runs + 1,
        failures = case when problem is null then 0 else r.failures + 1 end,
        error = problem,
        next_try_at = case
            when problem is null then null
            when r.failures = 0 then clock_timestamp()
            else clock_timestamp() + least(interval '10 minutes' * 2 ^ least(r.failures - 1, 10), interval '6 hours')
        end
    where r.job = of_job and r.site_id is not distinct from of_site
$$;
comment on function vibe_private.end_job(text, integer, date, text) is
'records the end of a run: good, with the day it is done through, or failed, with the problem and when to try again';
