create table vibe.job_runs (
    job text not null check (job in ('partitions', 'old_partitions', 'cleaning', 'revenue', 'nightly')),
    site_id integer references vibe.sites (site_id) on delete cascade,
    done_through date,
    started_at timestamptz not null,
    finished_at timestamptz,
    session_pid integer,
    runs bigint not null default 0,
    failures integer not null default 0,
    error text,
    next_try_at timestamptz,
    constraint job_runs_key unique nulls not distinct (site_id, job),
    constraint job_runs_site check ((job in ('revenue', 'nightly')) = (site_id is not null))
);
comment on table vibe.job_runs is 'what vibe.run_due() did last: rows per site, and some for the work that belongs to no site';
comment on column vibe.job_runs.job is
'partitions: months of events made ahead; old_partitions: empty months dropped; cleaning: what machinery needs no longer; revenue: days of a site that got orders; nightly: a site''s figures';
comment on column vibe.job_runs.started_at is 'when the last run began';
comment on column vibe.job_runs.finished_at is 'when the last run ended, or was found to have died; null before the first has';
comment on column vibe.job_runs.session_pid is 'the session that is at it; null when none is';
comment on column vibe.job_runs.runs is 'runs so far that ended, well or not';
comment on column vibe.job_runs.done_through is 'nightly: the last day of the site''s calendar whose figures are complete; later days are caught up';
comment on column vibe.job_runs.failures is 'failed runs since the last good one';
comment on column vibe.job_runs.error is 'SQLSTATE and message of the last run if it failed; null when it did not';
comment on column vibe.job_runs.next_try_at is
'a failed run is repeated by the first vibe.run_due() after this: at once, then after 10 minutes, twice as long each time, 6 hours at most; null when the last run was good';

alter table vibe.job_runs enable row level security;
create policy read on vibe.job_runs for select using (site_id = any (array(select vibe.my_sites())));
comment on policy read on vibe.job_runs is 'rows of a site are seen by its members';
create policy read_housekeeping on vibe.job_runs for select
    using (site_id is null and pg_has_role(current_user, 'vibe_operator', 'usage'));
comment on policy read_housekeeping on vibe.job_runs is 'the work that belongs to no site is the operator''s';
grant select on vibe.job_runs to vibe_analyst;
