create procedure vibe.install()
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    caller text := current_setting('role');
begin
    if to_regclass('vibe.schema_version') is not null then
        raise notice 'vibe is already installed; call vibe.upgrade() brings its tables up to date';
        return;
    end if;
    perform set_config('role', 'vibe_owner', true);
    execute vibe_private.tables_script();
    execute vibe_private.views_script();
    insert into vibe.schema_version (version)
    select generate_series(1, coalesce(max(c.version), 1)) from vibe_private.table_changes() as c;
    perform set_config('role', caller, true);
end
$$;
comment on procedure vibe.install() is
'makes the tables, views, policies and seed rows of vibe as ordinary objects of vibe_owner; run once per database, after create extension; does nothing when they exist';

create procedure vibe.upgrade()
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    caller text := current_setting('role');
    change record;
    name text;
begin
    if to_regclass('vibe.schema_version') is null then
        raise exception 'vibe has no tables in this database'
            using errcode = 'object_not_in_prerequisite_state', hint = 'call vibe.install() first';
    end if;
    perform set_config('role', 'vibe_owner', true);
    foreach name in array array(
        select v.view_name from unnest(vibe_private.view_names()) with ordinality as v (view_name, place)
        where v.view_name is not null order by v.place desc
    ) loop
        execute 'drop view if exists ' || name;
    end loop;
    for change in
        select c.version, c.script from vibe_private.table_changes() as c
        where c.version > (select max(v.version) from vibe.schema_version as v)
        order by c.version
    loop
        execute change.script;
        insert into vibe.schema_version (version) values (change.version);
    end loop;
    execute vibe_private.views_script();
    perform set_config('role', caller, true);
end
$$;
comment on procedure vibe.upgrade() is
'after alter extension vibe update: applies the table changes that this database has not seen and makes all views again; an error names a view of yours that depends on one of them';
