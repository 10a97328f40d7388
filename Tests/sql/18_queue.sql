-- The queue as a server sees it, without one: what is claimed, what each decision does, who may cancel.
set time zone 'UTC';
\set VERBOSITY terse
select vibe.create_site('shop') as shop \gset
select vibe.create_site('other') as other \gset
\set one '00000000-0000-0000-0000-000000000001'
\set two '00000000-0000-0000-0000-000000000002'
-- Says what its input says at this step; notes what came before.
create function vibe_private.test_step(job_id bigint, answer jsonb) returns jsonb language plpgsql as $$
declare
    n int := coalesce((vibe_private.queue_state(job_id) ->> 'n')::int, 0);
    said jsonb := (select j.input -> n from vibe.queue_jobs as j where j.job_id = test_step.job_id);
begin
    perform vibe_private.queue_note(job_id, jsonb_build_object('n', n + 1, 'heard', answer));
    if said ->> 'do' = 'count' then
        perform vibe_private.queue_note(job_id, total => 3), vibe_private.queue_count(job_id, 1, 2, 3, 4);
        return '{"do": "again"}';
    elsif said ->> 'do' = 'raise' then
        raise exception 'no such shop' using errcode = '22023';
    end if;
    return said;
end
$$;
delete from vibe_private.queue_kinds;
insert into vibe_private.queue_kinds (kind, step_function, max_attempts, circuit_after) values ('say', 'test_step', 3, 5), ('once', 'test_step', 1, 1);
create function say(subject text, variadic decisions text[]) returns bigint language sql as $$
    select vibe_private.enqueue(1, 'say', subject, array_to_json(decisions::jsonb[])::jsonb) $$;
create function claim(worker uuid, up_to int) returns text language plpgsql as $$
declare
    claimed jsonb := vibe_private.queue_claim(worker, up_to);
begin
    return (
        select string_agg(format('%s %s after %s', j ->> 'kind', q.subject, j ->> 'steps'), ', ' order by q.job_id)
        from jsonb_array_elements(claimed -> 'jobs') as j join vibe.queue_jobs as q on q.job_id = (j ->> 'job_id')::bigint
    );
end
$$;
create function step(of_subject text, worker uuid, answer jsonb default null, number int default null) returns text language sql as $$
    select vibe_private.queue_step((select job_id from vibe.queue_jobs where subject = of_subject order by job_id desc limit 1), worker, answer, number)::text $$;
create view jobs as
select subject, status, progress, processed, added, updated, removed, attempts, steps, error ->> 'code' as code,
    worker is not null as is_held, finished_at is not null as is_over from vibe.queue_jobs order by job_id;

-- One live job of a kind and subject; each job goes to one server only, what is due first comes first.
select say('a', '{"do": "again"}') = say('a', '{"do": "done"}') as is_same;
select say('b', '{"do": "done"}') <> say('c', '{"do": "done"}') as is_other;
update vibe.queue_jobs set run_at = now() - interval '1 hour' where subject = 'c';
update vibe.queue_jobs set run_at = now() + interval '1 hour' where subject = 'b';
select claim(:'one', 1);
select claim(:'two', 5);
select claim(:'two', 0), claim(:'two', -1);
select (vibe_private.queue_claim(:'two', 5) ->> 'wait_ms')::float8 between 19000 and 20000 as until_a_lease_ends;
-- Only who has a job does its steps.
select step('a', :'one'), step('b', :'one'), vibe_private.queue_step(99, :'one');
select step('c', :'one');
table jobs;

-- A step told twice is done once: the server goes on from there.
select step('a', :'two', null, 1), step('a', :'two', null, 1), step('a', :'two', '{"status": 200}', 2);
table jobs;
-- Asked again for an earlier time, it comes earlier; for a later time, nothing changes.
select vibe_private.enqueue(1, 'say', 'b', run_at => now() + interval '1 minute') is not null as is_there;
select vibe_private.enqueue(1, 'say', 'b', run_at => now() + interval '1 hour') is not null as is_there;
select count(*) from vibe.queue_jobs where subject = 'b' and run_at < clock_timestamp() + interval '61 seconds';
delete from vibe.queue_jobs;

-- What a step may say.
select say('request', '{"do": "request", "url": "https://x.example/", "headers": {"a": "b"}, "method": "POST", "body": "{}"}', '{"do": "count"}', '{"do": "wait", "seconds": 5}', '{"do": "wait", "seconds": 6}', '{"do": "done"}') is not null as made;
select claim(:'one', 9);
select step('request', :'one');
select step('request', :'one', '{"status": 200, "headers": {}, "body": ""}');
select progress, total from vibe.queue_jobs;
select step('request', :'one'), vibe_private.queue_state(job_id) from vibe.queue_jobs;
select step('request', :'one');
select status, run_at - clock_timestamp() between '5 s' and '6 s' as waits, attempts from vibe.queue_jobs;
update vibe.queue_jobs set run_at = now();
select claim(:'two', 9), step('request', :'two');
table jobs;
select count(*) from vibe_private.queue_states;

-- A retry waits longer each time; after the last one the job has failed. Work that gets on begins to count anew.
select say('retry', '{"do": "retry", "code": "busy", "message": "come back"}', '{"do": "count"}', '{"do": "retry", "after": 100}', '{"do": "retry"}', '{"do": "retry", "code": "busy"}') is not null as made;
select claim(:'one', 9), step('retry', :'one');
select subject, state, attempts, failures, paused_until, error, run_at - clock_timestamp() between '2.4 s' and '5 s' as pause from vibe.queue_status where subject = 'retry';
update vibe.queue_jobs set run_at = now() where subject = 'retry';
select claim(:'one', 9), step('retry', :'one');
select subject, state, attempts, failures, error from vibe.queue_status where subject = 'retry';
select step('retry', :'one');
select attempts, run_at - clock_timestamp() between '99 s' and '110 s' as as_asked, error from vibe.queue_jobs where subject = 'retry';
update vibe.queue_jobs set run_at = now() where subject = 'retry';
select claim(:'one', 9), step('retry', :'one');
select attempts, run_at - clock_timestamp() between '4.9 s' and '10 s' as twice_as_long, error from vibe.queue_jobs where subject = 'retry';
update vibe.queue_jobs set run_at = now() where subject = 'retry';
select claim(:'one', 9), step('retry', :'one');
select subject, state, attempts, failures, error from vibe.queue_status where subject = 'retry';

-- An error undoes the step and is a retry, also one that makes no sense.
select say('raise', '{"do": "raise"}') is not null as made, claim(:'one', 9), step('raise', :'one');
select status, attempts, error from vibe.queue_jobs where subject = 'raise';
select count(*) as nothing_noted from vibe_private.queue_states;
create function problem(decision text) returns text language plpgsql as $$
begin
    return vibe_private.checked_decision(decision::jsonb)::text;
exception when others then
    return sqlerrm;
end
$$;
select problem(d) from unnest(array[
    'null', '{}', '{"do": "dance"}', '{"do": "request"}', '{"do": "request", "url": "u", "method": "TRACE"}', '{"do": "request", "url": "u", "timeout_ms": 0}',
    '{"do": "request", "url": "u", "timeout_ms": 300001}', '{"do": "request", "url": "u", "headers": ["a"]}', '{"do": "request", "url": "u", "headers": {"a": 1}}',
    '{"do": "request", "url": "u", "headers": null, "timeout_ms": 300000}', '{"do": "wait"}', '{"do": "wait", "seconds": -1}', '{"do": "wait", "seconds": 2678401}', '{"do": "retry", "after": -1}', '{"do": "retry", "after": null}'
]) as d;
select vibe_private.queue_error('{}'), length(vibe_private.queue_error(jsonb_build_object('code', repeat('x', 200), 'message', repeat('y', 2000)))::text);

-- A circuit: one failure is enough for this kind. It doubles its pause up to an hour, and new jobs wait for its end.
select vibe_private.enqueue(1, 'once', 'far', '[{"do": "fail", "code": "gone", "message": "no such account"}]') is not null as made, claim(:'one', 9), step('far', :'one');
select state, failures, paused_until - clock_timestamp() between '4.9 minutes' and '5 minutes' as five, error from vibe.queue_status where kind = 'once';
select vibe_private.enqueue(1, 'once', 'far', '[{"do": "done"}]') is not null as made;
select state, run_at = paused_until as at_its_end, error ->> 'code' as code from vibe.queue_status where kind = 'once';
update vibe.queue_circuits set failures = 20;
select vibe_private.open_circuit(max(job_id), '{"code": "gone"}') - clock_timestamp() between '59 minutes' and '1 hour' as an_hour from vibe.queue_jobs where kind = 'once';
select vibe_private.close_circuit(1, 'once', 'far');
select claim(:'one', 9), step('far', :'one');
select state, failures, error from vibe.queue_status where kind = 'once';

-- A server that is heard no more loses its jobs, and that is a failed attempt; a sign of life keeps those it names.
delete from vibe.queue_jobs;
delete from vibe.queue_circuits;
select say('a', '{"do": "again"}') < say('b', '{"do": "again"}') as made, claim(:'one', 9);
update vibe.queue_jobs set lease_until = now() - interval '1 s';
select vibe_private.queue_keep(:'two', array_agg(job_id)) from vibe.queue_jobs;
select vibe_private.queue_keep(:'one', array_agg(job_id)) from vibe.queue_jobs where subject = 'b';
-- Its answer still counts while nobody else has the job.
select step('a', :'one');
update vibe.queue_jobs set lease_until = now() - interval '1 s' where subject = 'a';
select claim(:'two', 9);
select step('a', :'one');
table jobs;
select count(*) as no_circuits from vibe.queue_circuits;
update vibe.queue_jobs set lease_until = now() - interval '1 s', attempts = 2 where subject = 'a';
select claim(:'one', 9);
table jobs;
-- One that stops gives its jobs back.
select vibe_private.queue_release(:'one'), vibe_private.queue_release(:'one');
table jobs;

-- Cancelling.
select claim(:'one', 9), say('late', '{"do": "done"}') is not null as made;
select subject, vibe.cancel_job('shop', job_id) from vibe.queue_jobs order by job_id;
select step('b', :'one', '{"status": 200}');
table jobs;
select vibe.cancel_job('shop', 0);
select vibe.cancel_job('other', max(job_id)) from vibe.queue_jobs;
select vibe.cancel_job('shop', null);
select say('busy', '{"do": "done"}') as job, claim(:'one', 9) \gset
select vibe.cancel_job('shop', :job);
select step('busy', :'one');
select say('heard', '{"do": "done"}') as job, claim(:'one', 9) \gset
select vibe.cancel_job('shop', :job);
-- What is done is done.
select step('heard', :'one', '{"status": 200}');
table jobs;

-- What begins by itself; a kind whose subjects cannot be told stops no other.
delete from vibe.queue_jobs;
create function vibe_private.test_subjects() returns table (site_id int, subject text, input jsonb) language sql as $$ values (1, 'x', '[{"do": "done"}]'::jsonb), (2, 'y', '[{"do": "done"}]') $$;
create function vibe_private.test_no_subjects() returns table (site_id int, subject text, input jsonb) language sql as $$ select 1 / 0, '', '{}'::jsonb $$;
update vibe_private.queue_kinds set every = '1 hour', subjects_function = case kind when 'say' then 'test_subjects' else 'test_no_subjects' end;
select claim(:'one', 9);
select kind, problem, ticked_at is not null as ticked from vibe_private.queue_kinds where kind in ('say', 'once') order by kind;
select step('x', :'one'), step('y', :'one');
-- Not before its time, and not while the last one runs.
update vibe_private.queue_kinds set ticked_at = ticked_at - interval '1 minute' where kind = 'say';
select claim(:'one', 9);
update vibe.queue_jobs set created_at = created_at - interval '1 hour' where subject = 'x';
select claim(:'one', 9);
update vibe_private.queue_kinds set ticked_at = ticked_at - interval '1 minute' where kind = 'say';
select claim(:'one', 9);
update vibe.queue_jobs set created_at = created_at - interval '1 hour';
update vibe_private.queue_kinds set ticked_at = ticked_at - interval '1 minute' where kind = 'say';
select claim(:'one', 9);
-- Old jobs go when the next one of the subject ends.
update vibe.queue_jobs set created_at = created_at - interval '31 days', finished_at = finished_at - interval '31 days' where status = 'done';
select subject, status from vibe.queue_jobs order by job_id;
select step('x', :'one');
select subject, status from vibe.queue_jobs order by job_id;

-- What cannot be queued.
select vibe_private.enqueue(1, 'dance');
select vibe_private.enqueue(1, 'say', null);
select vibe_private.enqueue(1, 'say', repeat('x', 201));
select vibe_private.enqueue(99, 'say');
insert into vibe_private.queue_kinds (kind, step_function, every) values ('odd', 'x', '1 hour');
insert into vibe_private.queue_kinds (kind, step_function) values ('Odd', 'x');

-- Members see the jobs of their sites and write none; with a site go its jobs.
create role test_reader login;
grant vibe_analyst to test_reader;
select vibe.add_member('other', 'test_reader', 'viewer');
set session authorization test_reader;
select site_id = :other as is_other, kind, subject from vibe.queue_status;
select count(*) from vibe.queue_jobs;
update vibe.queue_jobs set status = 'done';
select vibe.cancel_job('other', 1);
select vibe_private.queue_claim(:'one', 1);
reset session authorization;
drop owned by test_reader;
delete from vibe.site_members;
drop role test_reader;
select vibe.delete_site('other', 'other');
select count(*) from vibe.queue_jobs where site_id = :other;
