-- A far side that fails again and again is left alone: asking it more often helps nobody.
create function vibe_private.open_circuit(job_id bigint, decision jsonb) returns timestamptz
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    opens_at timestamptz;
begin
    insert into vibe.queue_circuits as c (site_id, kind, subject, failures, error, failed_at)
    select j.site_id, j.kind, j.subject, 1, vibe_private.queue_error(decision), clock_timestamp()
    from vibe.queue_jobs as j
    where j.job_id = open_circuit.job_id
    on conflict on constraint queue_circuits_pkey do update set
        failures = c.failures + 1, error = excluded.error, failed_at = excluded.failed_at;
    update vibe.queue_circuits as c set
        open_until = clock_timestamp() + least(
            k.circuit_pause * 2 ^ least(c.failures - k.circuit_after, 20), greatest(k.circuit_pause, interval '1 hour')
        )
    from vibe.queue_jobs as j
    join vibe_private.queue_kinds as k on k.kind = j.kind
    where j.job_id = open_circuit.job_id and c.site_id = j.site_id and c.kind = j.kind and c.subject = j.subject
      and c.failures >= k.circuit_after
    returning c.open_until into opens_at;
    return opens_at;
end
$$;
comment on function vibe_private.open_circuit(bigint, jsonb) is
'counts a failure of a job''s subject; returns until when the subject is left alone, null while it has not failed often enough';

create function vibe_private.close_circuit(site_id int, kind text, subject text) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    delete from vibe.queue_circuits as c
    where c.site_id = close_circuit.site_id and c.kind = close_circuit.kind and c.subject = close_circuit.subject;
    if found then
        -- What waited for it: a job that has not begun to fail itself, or that somebody has repaired the reason of.
        update vibe.queue_jobs as j set run_at = clock_timestamp()
        where j.site_id = close_circuit.site_id and j.kind = close_circuit.kind and j.subject = close_circuit.subject
          and j.status = 'queued' and j.run_at > clock_timestamp();
        if found then
            perform pg_notify('vibe_queue', '');
        end if;
    end if;
end
$$;
comment on function vibe_private.close_circuit(int, text, text) is
'forgets the failures of a subject, because its work got on or its owner has repaired something (new credentials); what waited begins at once';
