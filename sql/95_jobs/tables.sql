create table vibe.job_runs (
    job text not null check (job in ('nightly', 'housekeeping')),
    site_id integer references vibe.sites (site_id) on delete cascade,
    done_through date,
    started_at timestamptz not null,
    finished_at timestamptz not null,
    runs bigint not null default 1,
    failures integer not null default 0,
    error text,
    constraint job_runs_key unique nulls not distinct (site_id, job),
    constraint job_runs_site check ((job = 'housekeeping') = (site_id is null))
);
comment on table vibe.job_runs is 'what vibe.run_due() did last: one row per site, and one for the work that belongs to no site';
comment on column vibe.job_runs.job is 'nightly: a site''s figures; housekeeping: the work that belongs to no site';
comment on column vibe.job_runs.started_at is 'when the last run began';
comment on column vibe.job_runs.finished_at is 'when the last run ended';
comment on column vibe.job_runs.runs is 'runs so far';
comment on column vibe.job_runs.done_through is 'the last day of the site''s calendar whose figures are complete; later days are caught up';
comment on column vibe.job_runs.failures is 'failed runs since the last good one';
comment on column vibe.job_runs.error is 'why the last run failed; null when it did not';

alter table vibe.job_runs enable row level security;
create policy read on vibe.job_runs for select using (site_id = any (array(select vibe.my_sites())));
comment on policy read on vibe.job_runs is 'rows of a site are seen by its members';
create policy read_housekeeping on vibe.job_runs for select
    using (site_id is null and pg_has_role(current_user, 'vibe_operator', 'usage'));
comment on policy read_housekeeping on vibe.job_runs is 'the work that belongs to no site is the operator''s';
grant select on vibe.job_runs to vibe_analyst;
