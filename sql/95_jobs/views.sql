create or replace view vibe.job_status with (security_invoker = true) as
    select
        w.job,
        w.site_id,
        w.site,
        case
            when vibe.job_is_running(r.session_pid, r.started_at) then 'running'
            when r.error is not null or r.session_pid is not null then 'failed'
            when w.job = 'nightly' and (r.done_through is null or r.done_through < w.today - 1) then 'due'
            else 'done'
        end as state,
        r.done_through,
        r.started_at,
        r.finished_at,
        case
            when vibe.job_is_running(r.session_pid, r.started_at) then clock_timestamp() - r.started_at
            else r.finished_at - r.started_at
        end as took,
        coalesce(r.runs, 0) as runs,
        coalesce(r.failures, 0) as failures,
        r.error,
        r.next_try_at
    from (
        select 'nightly' as job, s.site_id, s.name as site, (now() at time zone s.time_zone)::date as today
        from vibe.sites as s
        union all
        select o.job, o.site_id, s.name, null
        from vibe.job_runs as o
        left join vibe.sites as s on s.site_id = o.site_id
        where o.job <> 'nightly'
    ) as w
    left join vibe.job_runs as r on r.job = w.job and r.site_id is not distinct from w.site_id;
comment on view vibe.job_status is
'how the work of vibe.run_due() stands: for each site its nightly work and revenue, when they ran, why they failed and when they are tried again; operators also see what belongs to no site';
comment on column vibe.job_status.state is
'done; due: a day that is over has no figures yet; running; failed: the last run did, or its session ended on the way';
comment on column vibe.job_status.took is 'how long the last run took, or the running one has';
grant select on vibe.job_status to vibe_analyst;
