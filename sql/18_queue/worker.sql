-- What servers call. A server knows how to ask over HTTP and nothing of the work: each step is decided here.
-- The lease is short and told anew every few seconds, so that the jobs of a server that died wait for seconds only,
-- however long the answer it waited for may take.
create function vibe_private.queue_lease() returns interval
language sql immutable
as $$ select interval '20 seconds' $$;
comment on function vibe_private.queue_lease() is 'how long after its last sign of life a server keeps its jobs';

create function vibe_private.queue_claim(worker uuid, up_to int) returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '2s'
set jit = off
as $$
declare
    due record;
    claimed jsonb := '[]';
    next_at timestamptz;
begin
    -- Before install() there are no tables yet.
    if to_regclass('vibe.queue_jobs') is null then
        return jsonb_build_object('jobs', claimed, 'wait_ms', 10000);
    end if;
    perform vibe_private.queue_tick();
    for due in
        select j.job_id, j.kind, j.steps, j.status = 'running' as was_lost
        from vibe.queue_jobs as j
        where j.status in ('queued', 'running') and coalesce(j.lease_until, j.run_at) <= clock_timestamp()
        order by coalesce(j.lease_until, j.run_at)
        limit greatest(up_to, 0)
        for no key update skip locked
    loop
        if due.was_lost and not vibe_private.queue_fail(
            due.job_id, '{"code": "server_lost", "message": "the server that worked on it ended or lost the database"}', '0'
        ) then
            continue;
        end if;
        update vibe.queue_jobs as j set
            status = 'running', worker = queue_claim.worker, lease_until = clock_timestamp() + vibe_private.queue_lease(),
            started_at = coalesce(j.started_at, clock_timestamp())
        where j.job_id = due.job_id and j.run_at <= clock_timestamp();
        if found then
            claimed := claimed || jsonb_build_object('job_id', due.job_id, 'kind', due.kind, 'steps', due.steps);
        end if;
    end loop;
    select min(n.at) into next_at
    from (
        (
            select coalesce(j.lease_until, j.run_at) as at
            from vibe.queue_jobs as j
            where j.status in ('queued', 'running') and coalesce(j.lease_until, j.run_at) > clock_timestamp()
            order by 1
            limit 1
        )
        union all
        -- Null: another server is just at it for the first time.
        select k.ticked_at + least(k.every, interval '1 minute')
        from vibe_private.queue_kinds as k
        where k.every is not null
    ) as n;
    return jsonb_build_object(
        'jobs', claimed,
        'wait_ms', least(greatest(coalesce(extract(epoch from next_at - clock_timestamp()), 60), 0.05), 60) * 1000
    );
end
$$;
comment on function vibe_private.queue_claim(uuid, int) is
'takes up to so many jobs that are due for this server and says when to ask again: {"jobs": [{"job_id", "kind", "steps"}], "wait_ms"}; also begins what begins by itself. Two servers never get the same job. Definer: the server writes no table';
grant execute on function vibe_private.queue_claim(uuid, int) to vibe_server;

create function vibe_private.queue_keep(worker uuid, jobs bigint[]) returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    -- A row that is locked is just being worked on: nobody else can take it.
    update vibe.queue_jobs as j set lease_until = clock_timestamp() + vibe_private.queue_lease()
    where j.job_id in (
        select q.job_id from vibe.queue_jobs as q
        where q.job_id = any (queue_keep.jobs) and q.status = 'running' and q.worker = queue_keep.worker
        for no key update skip locked
    );
end
$$;
comment on function vibe_private.queue_keep(uuid, bigint[]) is
'a server''s sign of life: it keeps these of its jobs for another vibe_private.queue_lease(). Definer: the server writes no table';
grant execute on function vibe_private.queue_keep(uuid, bigint[]) to vibe_server;

create function vibe_private.queue_release(worker uuid) returns int
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    given int;
begin
    -- A step that still runs is not waited for: its job is lost to the others a little later.
    update vibe.queue_jobs as j set status = 'queued', worker = null, lease_until = null
    where j.job_id in (
        select q.job_id from vibe.queue_jobs as q
        where q.status = 'running' and q.worker = queue_release.worker
        for no key update skip locked
    );
    get diagnostics given = row_count;
    if given > 0 then
        perform pg_notify('vibe_queue', '');
    end if;
    return given;
end
$$;
comment on function vibe_private.queue_release(uuid) is
'a server that stops gives its jobs to the others, which go on from their last step; returns how many. Definer: the server writes no table';
grant execute on function vibe_private.queue_release(uuid) to vibe_server;

create function vibe_private.queue_step(job_id bigint, worker uuid, answer jsonb default null, step int default null) returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '1min'
set jit = off
as $$
declare
    job record;
    kind record;
    decision jsonb;
    problem text;
    is_cancelled boolean;
begin
    -- The site before the job, as whoever deletes a site does.
    perform from vibe.sites as s
    where s.site_id = (select j.site_id from vibe.queue_jobs as j where j.job_id = queue_step.job_id)
    for key share;
    select j.* into job from vibe.queue_jobs as j
    where j.job_id = queue_step.job_id and j.status = 'running' and j.worker = queue_step.worker
    for no key update;
    if not found then
        return jsonb_build_object('do', 'stop', 'status', 'lost');
    end if;
    -- The server lost the connection and does not know that this step was done: it goes on from there.
    if queue_step.step <= job.steps then
        return '{"do": "again"}';
    end if;
    update vibe.queue_jobs as j set steps = j.steps + 1 where j.job_id = job.job_id;
    is_cancelled := exists (select from vibe_private.queue_cancels as c where c.job_id = job.job_id);
    -- An answer is always heard: it may hold what cannot be asked for twice.
    if is_cancelled and answer is null then
        return vibe_private.queue_end(job.job_id, 'cancelled');
    end if;
    select k.* into kind from vibe_private.queue_kinds as k where k.kind = job.kind;
    begin
        if kind.kind is null then
            raise exception 'kind "%" of job is unknown', job.kind;
        end if;
        execute format('select vibe_private.%I($1, $2)', kind.step_function) into decision using job.job_id, answer;
        decision := vibe_private.checked_decision(decision);
    exception when query_canceled or assert_failure or others then
        get stacked diagnostics problem = message_text;
        decision := jsonb_build_object('do', 'retry', 'code', 'step_failed', 'message', format('%s: %s', sqlstate, problem));
    end;
    if (select j.processed > job.processed from vibe.queue_jobs as j where j.job_id = job.job_id) then
        update vibe.queue_jobs as j set attempts = 0, error = null where j.job_id = job.job_id and j.attempts > 0;
        perform vibe_private.close_circuit(job.site_id, job.kind, job.subject);
    end if;
    if is_cancelled and decision ->> 'do' not in ('done', 'fail') then
        return vibe_private.queue_end(job.job_id, 'cancelled');
    end if;
    case decision ->> 'do'
        when 'done' then
            perform vibe_private.close_circuit(job.site_id, job.kind, job.subject);
            return vibe_private.queue_end(job.job_id, 'done');
        when 'fail' then
            perform vibe_private.open_circuit(job.job_id, decision - 'do');
            return vibe_private.queue_end(job.job_id, 'failed', vibe_private.queue_error(decision));
        when 'retry' then
            return jsonb_build_object('do', 'stop', 'status', case
                when vibe_private.queue_fail(job.job_id, decision, make_interval(secs => (decision ->> 'after')::float8))
                    then 'queued' else 'failed' end);
        when 'wait' then
            if (decision ->> 'seconds')::float8 > 5 then
                update vibe.queue_jobs as j set
                    status = 'queued', worker = null, lease_until = null,
                    run_at = clock_timestamp() + make_interval(secs => (decision ->> 'seconds')::float8)
                where j.job_id = job.job_id;
                return jsonb_build_object('do', 'stop', 'status', 'queued');
            end if;
        else null;
    end case;
    update vibe.queue_jobs as j set lease_until = clock_timestamp() + vibe_private.queue_lease() where j.job_id = job.job_id;
    return decision;
end
$$;
comment on function vibe_private.queue_step(bigint, uuid, jsonb, int) is
'one step of a job that this server has: calls the step function of its kind with the answer to its last request ({"status", "headers", "body"} or {"error"}; null after a claim, again and wait) and carries out what that says: {"do": "request", "method", "url", "headers", "body", "timeout_ms"} and {"do": "again"} and {"do": "wait", "seconds"} (at most 5) are the server''s to do; {"do": "wait"} for longer, {"do": "retry", "code", "message", "after"}, {"do": "fail", "code", "message"} and {"do": "done"} end its part, as {"do": "stop", "status"} tells it. An error undoes the step and is a retry. step numbers the steps of the job from 1 on: one that was done already is not done twice. Definer: the server writes no table';
grant execute on function vibe_private.queue_step(bigint, uuid, jsonb, int) to vibe_server;

create function vibe_private.checked_decision(decision jsonb) returns jsonb
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    what text := decision ->> 'do';
begin
    if what = 'request' then
        if decision ->> 'url' is null or coalesce(decision ->> 'method', 'GET') not in ('GET', 'POST', 'PUT', 'PATCH', 'DELETE') then
            raise exception 'the step asks for a request without url or with a method that is not GET, POST, PUT, PATCH or DELETE';
        elsif coalesce((decision ->> 'timeout_ms')::int, 1) not between 1 and 300000 then
            raise exception 'the step asks for a request of % ms, where 1 to 300000 are possible', decision ->> 'timeout_ms';
        elsif jsonb_typeof(coalesce(nullif(decision -> 'headers', 'null'), '{}')) <> 'object'
            or exists (select from jsonb_each(nullif(decision -> 'headers', 'null')) as h where jsonb_typeof(h.value) <> 'string') then
            raise exception 'the step asks for a request whose headers are no object of texts';
        end if;
    elsif what = 'wait' and coalesce((decision ->> 'seconds')::float8, -1) not between 0 and 2678400 then
        raise exception 'the step waits for % seconds, where 0 to 2678400 are possible', coalesce(decision ->> 'seconds', 'null');
    elsif what = 'retry' and coalesce((decision ->> 'after')::float8, 0) not between 0 and 2678400 then
        raise exception 'the step is tried again after % seconds, where 0 to 2678400 are possible', decision ->> 'after';
    elsif what is null or what not in ('request', 'again', 'wait', 'retry', 'done', 'fail') then
        raise exception 'the step says "%", which is none of request, again, wait, retry, done, fail', coalesce(what, 'null');
    end if;
    return decision;
end
$$;
comment on function vibe_private.checked_decision(jsonb) is 'what a step function says, or an error when that is nothing a server could do';

create function vibe_private.queue_error(decision jsonb) returns jsonb
language sql immutable
as $$
    select jsonb_build_object(
        'code', left(coalesce(decision ->> 'code', 'failed'), 100),
        'message', left(coalesce(decision ->> 'message', decision ->> 'code', 'no reason was given'), 1000)
    )
$$;
comment on function vibe_private.queue_error(jsonb) is 'code and message of a decision, cut to 100 and 1,000 characters';

create function vibe_private.queue_end(job_id bigint, status text, error jsonb default null) returns jsonb
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    update vibe.queue_jobs as j set
        status = queue_end.status, error = queue_end.error, finished_at = clock_timestamp(), worker = null, lease_until = null
    where j.job_id = queue_end.job_id;
    delete from vibe_private.queue_states as s where s.job_id = queue_end.job_id;
    delete from vibe_private.queue_cancels as c where c.job_id = queue_end.job_id;
    delete from vibe.queue_jobs as o
    using vibe.queue_jobs as j, vibe_private.queue_kinds as k
    where j.job_id = queue_end.job_id and k.kind = j.kind
      and o.site_id = j.site_id and o.kind = j.kind and o.subject = j.subject
      and o.created_at < now() - k.keep and o.finished_at < now() - k.keep and o.job_id <> j.job_id;
    return jsonb_build_object('do', 'stop', 'status', queue_end.status);
end
$$;
comment on function vibe_private.queue_end(bigint, text, jsonb) is 'ends a job: done, failed or cancelled; those before it that are older than its kind keeps them go';

create function vibe_private.queue_fail(job_id bigint, decision jsonb, after interval) returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    job record;
    pause interval;
    opens_at timestamptz;
begin
    select j.site_id, j.kind, j.subject, j.attempts + 1 as attempts, k.max_attempts, k.first_pause, k.longest_pause into job
    from vibe.queue_jobs as j
    left join vibe_private.queue_kinds as k on k.kind = j.kind
    where j.job_id = queue_fail.job_id;
    -- A server that died says nothing about the far side.
    if decision ->> 'code' is distinct from 'server_lost' then
        opens_at := vibe_private.open_circuit(queue_fail.job_id, decision);
    end if;
    if job.attempts >= coalesce(job.max_attempts, 1) then
        update vibe.queue_jobs as j set attempts = job.attempts where j.job_id = queue_fail.job_id;
        perform vibe_private.queue_end(queue_fail.job_id, 'failed', vibe_private.queue_error(decision));
        return false;
    end if;
    -- Shortened at random, so that many that failed together do not come back together; what the far side asked for is not.
    pause := coalesce(
        queue_fail.after * (1 + random() / 10),
        least(job.first_pause * 2 ^ least(job.attempts - 1, 30), job.longest_pause) * (0.5 + random() / 2)
    );
    update vibe.queue_jobs as j set
        status = 'queued', worker = null, lease_until = null, attempts = job.attempts, error = vibe_private.queue_error(decision),
        run_at = greatest(clock_timestamp() + pause, opens_at)
    where j.job_id = queue_fail.job_id;
    return true;
end
$$;
comment on function vibe_private.queue_fail(bigint, jsonb, interval) is
'counts a failed attempt of a job and queues it again: after so long, or (null) after its kind''s pause; later if its circuit is open. False when that was the last attempt and the job has failed';
