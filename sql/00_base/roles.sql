-- Roles are shared by the databases of a cluster and are missing in a new one: make those that are not there.
do $roles$
declare
    wanted record;
begin
    for wanted in
        select * from (values
            ('vibe_owner', 'nologin', 'owns every object of vibe'),
            ('vibe_anon', 'nologin', 'a caller without a login: may send events and sign in'),
            ('vibe_analyst', 'nologin', 'reads tables, views and reports of its sites'),
            ('vibe_member', 'nologin', 'an analyst who may also write, where policies let it'),
            ('vibe_operator', 'nologin', 'runs the installation: every site, spend included'),
            ('vibe_server', 'login noinherit', 'the HTTP server: becomes anon, member or operator per request')
        ) as r(name, options, purpose)
    loop
        if not exists (select from pg_catalog.pg_roles where rolname = wanted.name) then
            execute format('create role %I %s', wanted.name, wanted.options);
            execute format('comment on role %I is %L', wanted.name, wanted.purpose);
        end if;
    end loop;
end
$roles$;
grant vibe_analyst to vibe_member;
grant vibe_member to vibe_operator;
grant vibe_anon, vibe_member, vibe_operator to vibe_server;
alter role vibe_anon set statement_timeout = '3s';
alter role vibe_member set statement_timeout = '30s';
alter role vibe_operator set statement_timeout = '5min';
