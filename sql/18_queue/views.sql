create or replace view vibe.queue_status with (security_invoker = true) as
    select distinct on (j.site_id, j.kind, j.subject)
        j.site_id,
        s.name as site,
        j.kind,
        j.subject,
        j.job_id,
        case when j.status = 'queued' and j.run_at < c.open_until + interval '1 second' then 'paused'
            when j.status = 'queued' and j.attempts > 0 then 'retrying'
            else j.status
        end as state,
        j.progress,
        j.attempts,
        j.run_at,
        coalesce(c.failures, 0) as failures,
        case when c.open_until > now() then c.open_until end as paused_until,
        coalesce(j.error, c.error) as error,
        j.created_at,
        j.started_at,
        j.finished_at
    from vibe.queue_jobs as j
    join vibe.sites as s on s.site_id = j.site_id
    left join vibe.queue_circuits as c on c.site_id = j.site_id and c.kind = j.kind and c.subject = j.subject
    order by j.site_id, j.kind, j.subject, j.created_at desc, j.job_id desc;
comment on view vibe.queue_status is 'the newest job of each kind and subject, and how the servers stand with it';
comment on column vibe.queue_status.kind is 'what is done';
comment on column vibe.queue_status.subject is 'with what, as in vibe.queue_jobs';
comment on column vibe.queue_status.state is
'queued, running, done, failed, cancelled; retrying: failed and is tried again at run_at; paused: failed so often that the subject is left alone until then';
comment on column vibe.queue_status.failures is 'failed attempts in a row, over all jobs of the subject';
comment on column vibe.queue_status.paused_until is 'until when the subject is left alone; null when it is not';
comment on column vibe.queue_status.error is '{"code", "message"} of the newest failure since work last got on';
grant select on vibe.queue_status to vibe_analyst;
