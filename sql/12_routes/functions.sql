-- What the HTTP server has to know about the database, and how it learns of changes.
create function vibe_private.schema_cache() returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    exposed constant regnamespace := 'vibe';
    routes jsonb := '[]';
begin
    -- Before install() there are no tables yet.
    if to_regclass('vibe.routes') is not null then
        select coalesce(jsonb_agg(to_jsonb(r) order by r.path, r.method), '[]') into routes from vibe.routes as r;
    end if;
    return jsonb_build_object(
        'schema', exposed::text,
        'relations', (
            select coalesce(jsonb_agg(vibe_private.relation_shape(c.oid) order by c.relname), '[]')
            from pg_catalog.pg_class as c
            where c.relnamespace = exposed
              and c.relkind in ('r', 'p', 'v', 'm', 'f')
              and not c.relispartition
        ),
        'functions', (
            select coalesce(jsonb_agg(vibe_private.function_shape(p.oid) order by p.proname, p.oid), '[]')
            from pg_catalog.pg_proc as p
            where p.pronamespace = exposed
              and p.prokind = 'f'
              and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype, 'internal'::regtype)
        ),
        'routes', routes,
        'roles', (
            select coalesce(jsonb_object_agg(g.rolname, g.settings), '{}')
            from (
                select
                    r.rolname,
                    coalesce(
                        (
                            select jsonb_object_agg(split_part(s.setting, '=', 1), substr(s.setting, strpos(s.setting, '=') + 1))
                            from pg_catalog.pg_db_role_setting as d, unnest(d.setconfig) as s(setting)
                            where d.setrole = r.oid and d.setdatabase = 0
                        ), '{}'
                    ) || coalesce(
                        (
                            select jsonb_object_agg(split_part(s.setting, '=', 1), substr(s.setting, strpos(s.setting, '=') + 1))
                            from pg_catalog.pg_db_role_setting as d, unnest(d.setconfig) as s(setting)
                            where d.setrole = r.oid
                              and d.setdatabase = (select b.oid from pg_catalog.pg_database as b where b.datname = current_database())
                        ), '{}'
                    ) as settings
                from pg_catalog.pg_auth_members as m
                join pg_catalog.pg_roles as r on r.oid = m.roleid
                where m.member = session_user::regrole
            ) as g
        )
    );
end
$$;
comment on function vibe_private.schema_cache() is
    'relations, functions and routes of schema vibe, and the settings of the roles its caller may take, for the HTTP server. Definer: the server reads it before it has become anyone';
grant execute on function vibe_private.schema_cache() to vibe_server;

create function vibe_private.function_shape(function_oid oid) returns jsonb
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select jsonb_build_object(
        'name', p.proname,
        'arguments', (
            select coalesce(jsonb_agg(
                jsonb_build_object(
                    'name', a.name,
                    'type', format_type(a.type, null),
                    -- Defaults belong to the last of the input arguments.
                    'required', a.place <= p.pronargs - p.pronargdefaults
                ) || case when a.is_variadic then '{"is_variadic": true}'::jsonb else '{}' end order by a.place
            ), '[]')
            from (
                select i.name, i.type, i.mode = 'v' as is_variadic, row_number() over (order by i.position) as place
                from unnest(
                    coalesce(p.proallargtypes, p.proargtypes::oid[]), p.proargnames, p.proargmodes
                ) with ordinality as i(type, name, mode, position)
                where coalesce(i.mode, 'i') in ('i', 'b', 'v')
            ) as a
        ),
        'columns', case
            when t.typrelid <> 0 then (
                select jsonb_agg(
                    jsonb_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod)) order by a.attnum
                )
                from pg_catalog.pg_attribute as a
                where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
            )
            when p.prorettype = 'record'::regtype then (
                select jsonb_agg(jsonb_build_object('name', i.name, 'type', format_type(i.type, null)) order by i.position)
                from unnest(p.proallargtypes, p.proargnames, p.proargmodes) with ordinality as i(type, name, mode, position)
                where i.mode in ('o', 'b', 't')
            )
        end,
        'returns_set', p.proretset,
        'returns_cursor', p.prorettype = 'refcursor'::regtype and not p.proretset,
        'is_void', p.prorettype = 'void'::regtype,
        'is_volatile', p.provolatile = 'v'
    )
    from pg_catalog.pg_proc as p
    join pg_catalog.pg_type as t on t.oid = p.prorettype
    where p.oid = function_shape.function_oid
$$;
comment on function vibe_private.function_shape(oid) is
    'a function''s arguments and result as the HTTP server needs them; columns is null unless it returns rows with columns';

create function vibe_private.reload_schema_cache() returns trigger
language plpgsql volatile
as $$
begin
    perform pg_notify('pgrst', 'reload schema');
    return null;
end
$$;
comment on function vibe_private.reload_schema_cache() is 'statement trigger: tells running servers to read the schema again';

-- NOTIFY takes a lock of the whole cluster at commit, so temporary tables and other schemas must not cause one.
create function vibe_private.watch_ddl() returns event_trigger
language plpgsql volatile
as $$
begin
    if exists (select from pg_event_trigger_ddl_commands() as c where c.schema_name = 'vibe' and c.command_tag <> 'COMMENT') then
        perform pg_notify('pgrst', 'reload schema');
    end if;
end
$$;
comment on function vibe_private.watch_ddl() is 'event trigger: tells running servers that schema vibe has changed';

create function vibe_private.watch_drops() returns event_trigger
language plpgsql volatile
as $$
begin
    if exists (select from pg_event_trigger_dropped_objects() as o where o.schema_name = 'vibe') then
        perform pg_notify('pgrst', 'reload schema');
    end if;
end
$$;
comment on function vibe_private.watch_drops() is 'event trigger: tells running servers that something of schema vibe is gone';

create event trigger vibe_watch_ddl on ddl_command_end execute function vibe_private.watch_ddl();
comment on event trigger vibe_watch_ddl is 'schema changes reach running servers at once';
create event trigger vibe_watch_drops on sql_drop execute function vibe_private.watch_drops();
comment on event trigger vibe_watch_drops is 'schema changes reach running servers at once';
