-- A kind of job is a row here and a function: the topic that owns the work writes both.
create table vibe_private.queue_kinds (
    kind text primary key,
    step_function text not null,
    max_attempts int not null default 12,
    first_pause interval not null default '5 seconds',
    longest_pause interval not null default '1 hour',
    circuit_after int not null default 5,
    circuit_pause interval not null default '5 minutes',
    every interval,
    subjects_function text,
    keep interval not null default '30 days',
    ticked_at timestamptz,
    problem text,
    constraint queue_kinds_kind check (kind ~ '^[a-z][a-z0-9_]{0,62}$'),
    constraint queue_kinds_attempts check (max_attempts >= 1 and circuit_after >= 1),
    constraint queue_kinds_pauses check (first_pause > '0' and longest_pause >= first_pause and circuit_pause > '0' and keep > '0'),
    constraint queue_kinds_every check (every >= interval '1 second' and (every is null) = (subjects_function is null))
);
comment on table vibe_private.queue_kinds is
'the kinds of jobs that servers work on, see vibe_private.queue_step(); a topic that has such work writes its rows';
comment on column vibe_private.queue_kinds.step_function is
'function of this schema (job_id bigint, answer jsonb) returns jsonb that says what is to be done next';
comment on column vibe_private.queue_kinds.max_attempts is 'failures in a row after which a job has failed; work that got on begins to count anew';
comment on column vibe_private.queue_kinds.first_pause is 'how long the second attempt waits (shortened at random by up to a half); twice as long each time';
comment on column vibe_private.queue_kinds.longest_pause is 'what no pause between attempts exceeds';
comment on column vibe_private.queue_kinds.circuit_after is 'failures in a row, of one job or several, after which the subject is left alone';
comment on column vibe_private.queue_kinds.circuit_pause is 'for how long it is at first; twice as long after each further failure, an hour at most unless this is longer';
comment on column vibe_private.queue_kinds.every is 'how often the work begins by itself, counted from the beginning of the last job; null: only when asked for';
comment on column vibe_private.queue_kinds.subjects_function is
'function of this schema () returns table (site_id int, subject text, input jsonb): for what it begins by itself';
comment on column vibe_private.queue_kinds.keep is 'how long jobs that have ended are kept: older ones go when the next of the subject ends';
comment on column vibe_private.queue_kinds.ticked_at is 'when subjects_function was asked last';
comment on column vibe_private.queue_kinds.problem is 'SQLSTATE and message when that failed; null when it did not';

create table vibe.queue_jobs (
    site_id int not null references vibe.sites (site_id) on delete cascade,
    job_id bigint generated always as identity,
    kind text not null,
    subject text not null default '',
    status text not null default 'queued',
    progress numeric(4, 1) generated always as (
        case when status = 'done' then 100 when total > 0 then least(trunc(100.0 * processed / total, 1), 100) end
    ) stored,
    processed bigint not null default 0,
    total bigint,
    added bigint not null default 0,
    updated bigint not null default 0,
    removed bigint not null default 0,
    run_at timestamptz not null default now(),
    attempts int not null default 0,
    steps int not null default 0,
    worker uuid,
    lease_until timestamptz,
    error jsonb,
    input jsonb not null default '{}',
    created_at timestamptz not null default now(),
    started_at timestamptz,
    finished_at timestamptz,
    primary key (site_id, job_id),
    constraint queue_jobs_status check (status in ('queued', 'running', 'done', 'failed', 'cancelled')),
    constraint queue_jobs_worker check ((status = 'running') = (worker is not null) and (worker is null) = (lease_until is null)),
    constraint queue_jobs_end check ((status in ('queued', 'running')) = (finished_at is null)),
    constraint queue_jobs_counts check (processed >= 0 and total >= 0 and added >= 0 and updated >= 0 and removed >= 0 and attempts >= 0)
);
comment on table vibe.queue_jobs is 'work that the servers do beside answering requests, such as asking other systems; rows of a site are seen by its members';
comment on column vibe.queue_jobs.job_id is 'number of the job, one row of numbers for all sites';
comment on column vibe.queue_jobs.kind is 'what is done';
comment on column vibe.queue_jobs.subject is 'with what, such as the number of a source; empty: with the site. Of each kind and subject at most one job is queued or running';
comment on column vibe.queue_jobs.status is 'queued: begins at run_at; running; done; failed, see error; cancelled';
comment on column vibe.queue_jobs.progress is '0 to 100, known while it runs; null while nobody knows how much there is';
comment on column vibe.queue_jobs.processed is 'things looked at so far';
comment on column vibe.queue_jobs.total is 'things there are; null while unknown';
comment on column vibe.queue_jobs.added is 'rows that were new';
comment on column vibe.queue_jobs.updated is 'rows that changed';
comment on column vibe.queue_jobs.removed is 'rows that went';
comment on column vibe.queue_jobs.run_at is 'when it begins, or tries again';
comment on column vibe.queue_jobs.attempts is 'failures since it last got on; see error for the newest';
comment on column vibe.queue_jobs.steps is 'steps done so far: requests asked and answered, and what was done between them';
comment on column vibe.queue_jobs.worker is 'the server process that is at it; null when none is';
comment on column vibe.queue_jobs.lease_until is 'a server that is heard no more by then has lost the job to the others';
comment on column vibe.queue_jobs.error is '{"code", "message"} of the newest failure, also of one that is tried again; null when there was none';
comment on column vibe.queue_jobs.input is 'what the job was given; holds no secrets';
comment on column vibe.queue_jobs.started_at is 'when a server first took it';
comment on column vibe.queue_jobs.finished_at is 'when it was done, failed or cancelled';

create unique index queue_jobs_id on vibe.queue_jobs (job_id);
comment on index vibe.queue_jobs_id is 'finds a job by its number alone';
create unique index queue_jobs_live on vibe.queue_jobs (site_id, kind, subject) where status in ('queued', 'running');
comment on index vibe.queue_jobs_live is 'one live job of a kind for each subject of a site';
create index queue_jobs_due on vibe.queue_jobs (coalesce(lease_until, run_at)) where status in ('queued', 'running');
comment on index vibe.queue_jobs_due is 'what is to be done next: jobs whose time has come, and those of servers that are gone';
create index queue_jobs_newest on vibe.queue_jobs (site_id, kind, subject, created_at);
comment on index vibe.queue_jobs_newest is 'the last job of each subject';

alter table vibe.queue_jobs enable row level security;
create policy read on vibe.queue_jobs for select using (site_id = any (array(select vibe.my_sites())));
comment on policy read on vibe.queue_jobs is 'rows of a site are seen by its members';
grant select on vibe.queue_jobs to vibe_analyst;

create table vibe_private.queue_states (
    job_id bigint primary key references vibe.queue_jobs (job_id) on delete cascade,
    state jsonb not null
);
comment on table vibe_private.queue_states is 'how far a live job has come: what vibe_private.queue_note() was told last, and from where another server goes on';

-- A table of its own: whoever cancels need not wait for the step that holds the job's row.
create table vibe_private.queue_cancels (
    job_id bigint primary key references vibe.queue_jobs (job_id) on delete cascade,
    asked_at timestamptz not null default now()
);
comment on table vibe_private.queue_cancels is 'running jobs that are to end after their present step';

create table vibe.queue_circuits (
    site_id int not null references vibe.sites (site_id) on delete cascade,
    kind text not null,
    subject text not null,
    failures int not null,
    open_until timestamptz,
    error jsonb not null,
    failed_at timestamptz not null,
    primary key (site_id, kind, subject),
    constraint queue_circuits_failures check (failures > 0)
);
comment on table vibe.queue_circuits is 'subjects whose newest attempt failed: one that fails again and again is left alone for a while; the row goes when work gets on';
comment on column vibe.queue_circuits.kind is 'kind of the jobs, as in vibe.queue_jobs';
comment on column vibe.queue_circuits.subject is 'subject of the jobs, as in vibe.queue_jobs';
comment on column vibe.queue_circuits.failures is 'failed attempts in a row, over all jobs';
comment on column vibe.queue_circuits.open_until is 'no job of the subject runs before; null while it has not failed often enough for that';
comment on column vibe.queue_circuits.error is '{"code", "message"} of the newest failure';
comment on column vibe.queue_circuits.failed_at is 'when that was';
alter table vibe.queue_circuits enable row level security;
create policy read on vibe.queue_circuits for select using (site_id = any (array(select vibe.my_sites())));
comment on policy read on vibe.queue_circuits is 'rows of a site are seen by its members';
grant select on vibe.queue_circuits to vibe_analyst;
