-- Roles are shared by the databases of a cluster and are missing in a new one: make those that are not there.
do $roles$
declare
    wanted record;
    setting text;
    value text;
begin
    for wanted in
        select * from (values
            ('vibe_owner', 'nologin', null, 'owns every object of vibe'),
            ('vibe_anon', 'nologin', array['statement_timeout=3s'], 'a caller without a login: may send events and sign in'),
            -- A role's settings do not reach its members: vibe.create_analyst() copies these to each login it makes.
            -- What the planner misjudges: a shared hash of millions of rows is slower on few cores than reading two indexes in turn;
            -- and the array of sites in the policies counts as ten descents of an index, so these are made a fifth of their price.
            ('vibe_analyst', 'nologin', array[
                'statement_timeout=1min', 'lock_timeout=10s', 'idle_in_transaction_session_timeout=5min',
                'idle_session_timeout=4h', 'default_transaction_read_only=on', 'work_mem=64MB', 'temp_file_limit=5GB',
                'random_page_cost=1.1', 'jit=off', 'enable_parallel_hash=off', 'cpu_operator_cost=0.0005',
                'search_path=vibe, public'
            ], 'reads tables, views and reports of its sites'),
            ('vibe_member', 'nologin', array['statement_timeout=30s'], 'an analyst who may also write, where policies let it'),
            ('vibe_operator', 'nologin', array['statement_timeout=5min'], 'runs the installation: every site, spend included'),
            ('vibe_server', 'login noinherit', null, 'the HTTP server: becomes anon, member or operator per request'),
            ('vibe_jobs', 'login', null, 'the scheduled work: may call vibe.run_due() and reads no table')
        ) as r(name, options, settings, purpose)
    loop
        if not exists (select from pg_catalog.pg_roles where rolname = wanted.name) then
            execute format('create role %I %s', wanted.name, wanted.options);
            execute format('comment on role %I is %L', wanted.name, wanted.purpose);
            -- Only at birth: an operator's own choice must outlive the next database of the cluster.
            foreach setting in array coalesce(wanted.settings, '{}') loop
                value := split_part(setting, '=', 2);
                execute format(
                    'alter role %I set %I = %s', wanted.name, split_part(setting, '=', 1),
                    case when setting like 'search_path=%' then value else quote_literal(value) end
                );
            end loop;
        end if;
    end loop;
end
$roles$;
grant vibe_analyst to vibe_member;
grant vibe_member to vibe_operator;
grant vibe_anon, vibe_member, vibe_operator to vibe_server;
