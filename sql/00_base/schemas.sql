-- The schemas belong to the extension, so that a dump restores them together with the roles that own them.
create schema vibe;
comment on schema vibe is 'the contract: tables with row-level security, views, functions and aggregates';
create schema vibe_private;
comment on schema vibe_private is 'secrets and machinery; no login but the server may look inside';
create schema vibe_operator;
comment on schema vibe_operator is 'what only the operator of the installation may see';

alter schema vibe owner to vibe_owner;
alter schema vibe_private owner to vibe_owner;
alter schema vibe_operator owner to vibe_owner;
grant usage on schema vibe to vibe_anon, vibe_analyst, vibe_server, vibe_jobs;
grant usage on schema vibe_private to vibe_server, vibe_jobs;
grant usage on schema vibe_operator to vibe_operator;

-- Imports work in temporary tables, also where only few may make them: "revoke temporary on database … from public".
do $grant$
begin
    execute format('grant temporary on database %I to vibe_owner', current_database());
end
$grant$;
