create or replace view vibe.job_status with (security_invoker = true) as
    select
        'nightly' as job,
        s.site_id,
        s.name as site,
        case
            when r.error is not null then 'failed'
            when r.done_through is null or r.done_through < s.today - 1 then 'due'
            else 'done'
        end as state,
        r.done_through,
        r.started_at,
        r.finished_at,
        r.finished_at - r.started_at as took,
        coalesce(r.runs, 0) as runs,
        coalesce(r.failures, 0) as failures,
        r.error
    from (
        select
            p.site_id,
            p.name,
            (now() at time zone p.time_zone)::date as today
        from vibe.sites as p
    ) as s
    left join vibe.job_runs as r on r.site_id = s.site_id and r.job = 'nightly'
    union all
    select
        r.job, null, null, case when r.error is not null then 'failed' else 'done' end, null,
        r.started_at, r.finished_at, r.finished_at - r.started_at, r.runs, r.failures, r.error
    from vibe.job_runs as r
    where r.site_id is null;
comment on view vibe.job_status is
'whether the nightly work of each site is done, due or failed, when it ran and why it failed; operators also see the housekeeping';
comment on column vibe.job_status.state is 'done; due: a day that is over has no figures yet; failed: the last run did';
comment on column vibe.job_status.took is 'how long the last run took';
grant select on vibe.job_status to vibe_analyst;
