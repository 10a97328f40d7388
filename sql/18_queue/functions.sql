-- What the owners of kinds call: put a job into the queue, tell how far it is, cancel it.
create function vibe_private.enqueue(
    site_id int, kind text, subject text default '', input jsonb default '{}', run_at timestamptz default now()
) returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    starts_at timestamptz := coalesce(enqueue.run_at, now());
    found_id bigint;
    is_idle boolean;
    opens_at timestamptz;
begin
    if not exists (select from vibe_private.queue_kinds as k where k.kind = enqueue.kind) then
        perform vibe_private.fail(format('kind "%s" of job is unknown', enqueue.kind));
    elsif enqueue.subject is null or length(enqueue.subject) > 200 then
        perform vibe_private.fail('the subject of a job is null or longer than 200 characters');
    end if;
    loop
        select j.job_id, j.status = 'queued' and j.attempts = 0 and j.run_at > starts_at into found_id, is_idle
        from vibe.queue_jobs as j
        where j.site_id = enqueue.site_id and j.kind = enqueue.kind and j.subject = enqueue.subject and j.status in ('queued', 'running');
        exit when found and not is_idle;
        select greatest(starts_at, c.open_until) into opens_at
        from vibe.queue_circuits as c
        where c.site_id = enqueue.site_id and c.kind = enqueue.kind and c.subject = enqueue.subject;
        if found_id is not null then
            -- It was to begin later, and not because something failed.
            update vibe.queue_jobs as j set run_at = coalesce(opens_at, starts_at)
            where j.job_id = found_id and j.status = 'queued' and j.run_at > coalesce(opens_at, starts_at);
        else
            insert into vibe.queue_jobs (site_id, kind, subject, input, run_at)
            values (enqueue.site_id, enqueue.kind, enqueue.subject, coalesce(enqueue.input, '{}'), coalesce(opens_at, starts_at))
            on conflict do nothing
            returning queue_jobs.job_id into found_id;
            -- Somebody else was quicker: theirs is seen now.
            continue when found_id is null;
        end if;
        perform pg_notify('vibe_queue', '');
        exit;
    end loop;
    return found_id;
end
$$;
comment on function vibe_private.enqueue(int, text, text, jsonb, timestamptz) is
'puts a job into the queue and returns its number, or that of the job of this kind and subject which is queued or running already (it begins at the earlier of both times; its input stays). A subject that fails again and again begins when its circuit closes';

create function vibe_private.queue_state(job_id bigint) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return coalesce((select s.state from vibe_private.queue_states as s where s.job_id = queue_state.job_id), '{}');
end
$$;
comment on function vibe_private.queue_state(bigint) is 'how far a job has come, as it last told vibe_private.queue_note(); {} at its beginning';

create function vibe_private.queue_note(
    job_id bigint,
    state jsonb default null,
    processed bigint default null,
    total bigint default null,
    added bigint default null,
    updated bigint default null,
    removed bigint default null
) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    if queue_note.state is not null then
        insert into vibe_private.queue_states as s (job_id, state) values (queue_note.job_id, queue_note.state)
        on conflict on constraint queue_states_pkey do update set state = excluded.state;
    end if;
    if num_nonnulls(queue_note.processed, queue_note.total, queue_note.added, queue_note.updated, queue_note.removed) > 0 then
        update vibe.queue_jobs as j set
            processed = coalesce(queue_note.processed, j.processed),
            total = coalesce(queue_note.total, j.total),
            added = coalesce(queue_note.added, j.added),
            updated = coalesce(queue_note.updated, j.updated),
            removed = coalesce(queue_note.removed, j.removed)
        where j.job_id = queue_note.job_id;
    end if;
end
$$;
comment on function vibe_private.queue_note(bigint, jsonb, bigint, bigint, bigint, bigint, bigint) is
'a step notes how far its job has come: the state from which it would go on (no secrets), and counts as they now are; null leaves what was';

create function vibe_private.queue_count(
    job_id bigint, processed bigint, added bigint default 0, updated bigint default 0, removed bigint default 0
) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    update vibe.queue_jobs as j set
        processed = j.processed + coalesce(queue_count.processed, 0),
        added = j.added + coalesce(queue_count.added, 0),
        updated = j.updated + coalesce(queue_count.updated, 0),
        removed = j.removed + coalesce(queue_count.removed, 0)
    where j.job_id = queue_count.job_id;
end
$$;
comment on function vibe_private.queue_count(bigint, bigint, bigint, bigint, bigint) is
'a step adds what it did to the counts of its job; a job whose processed grows gets on, so that its failures count anew';

create function vibe.cancel_job(site text, job_id bigint) returns text
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    of_site int := vibe.site_id(site, 'member');
    now_status text;
begin
    update vibe.queue_jobs as j set status = 'cancelled', finished_at = clock_timestamp()
    where j.site_id = of_site
      and j.job_id = (
          select q.job_id from vibe.queue_jobs as q
          where q.site_id = of_site and q.job_id = cancel_job.job_id and q.status = 'queued'
          for no key update skip locked
      );
    if found then
        delete from vibe_private.queue_states as s where s.job_id = cancel_job.job_id;
        return 'cancelled';
    end if;
    select j.status into now_status from vibe.queue_jobs as j where j.site_id = of_site and j.job_id = cancel_job.job_id;
    if not found then
        perform vibe_private.fail(format('job %s does not exist in this site', coalesce(cancel_job.job_id::text, 'null')));
    elsif now_status in ('queued', 'running') then
        insert into vibe_private.queue_cancels (job_id) values (cancel_job.job_id) on conflict do nothing;
        return 'cancelling';
    end if;
    return now_status;
end
$$;
comment on function vibe.cancel_job(text, bigint) is
'cancels a job and returns its status: a queued one is cancelled at once; a running one (cancelling) ends after its present step, and what it has stored stays; one that has ended is left alone. For members. Definer: nobody may write jobs directly';
grant execute on function vibe.cancel_job(text, bigint) to vibe_member;
