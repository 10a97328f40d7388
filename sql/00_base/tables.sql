-- install() fills this in and upgrade() adds one row per table change it has done.
create table vibe.schema_version (
    version int primary key,
    installed_at timestamptz not null default now()
);
comment on table vibe.schema_version is 'the table changes this database has seen, one row each';
comment on column vibe.schema_version.version is 'number of the change; 1 is the installation';
comment on column vibe.schema_version.installed_at is 'when it was made';
alter table vibe.schema_version enable row level security;
create policy read on vibe.schema_version for select using (true);
comment on policy read on vibe.schema_version is 'which version is installed is no secret between tenants';
grant select on vibe.schema_version to vibe_analyst;
