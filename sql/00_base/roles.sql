-- Roles are shared by the databases of a cluster and are missing in a new one: make those that are not there.
do $roles$
declare
    wanted record;
begin
    for wanted in
        select * from (values
            ('vibe_owner', 'nologin', null, 'owns every object of vibe'),
            ('vibe_anon', 'nologin', '3s', 'a caller without a login: may send events and sign in'),
            ('vibe_analyst', 'nologin', null, 'reads tables, views and reports of its sites'),
            ('vibe_member', 'nologin', '30s', 'an analyst who may also write, where policies let it'),
            ('vibe_operator', 'nologin', '5min', 'runs the installation: every site, spend included'),
            ('vibe_server', 'login noinherit', null, 'the HTTP server: becomes anon, member or operator per request')
        ) as r(name, options, statement_timeout, purpose)
    loop
        if not exists (select from pg_catalog.pg_roles where rolname = wanted.name) then
            execute format('create role %I %s', wanted.name, wanted.options);
            execute format('comment on role %I is %L', wanted.name, wanted.purpose);
            -- Only at birth: an operator's own choice must outlive the next database of the cluster.
            if wanted.statement_timeout is not null then
                execute format('alter role %I set statement_timeout = %L', wanted.name, wanted.statement_timeout);
            end if;
        end if;
    end loop;
end
$roles$;
grant vibe_analyst to vibe_member;
grant vibe_member to vibe_operator;
grant vibe_anon, vibe_member, vibe_operator to vibe_server;
