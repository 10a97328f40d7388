-- The last part of the script: what was not granted is not to be had, and nothing belongs to the superuser who ran this.
do $$
declare
    item record;
begin
    for item in
        select d.classid, d.objid from pg_catalog.pg_depend as d
        where d.refclassid = 'pg_catalog.pg_extension'::regclass
          and d.refobjid = (select e.oid from pg_catalog.pg_extension as e where e.extname = 'vibe')
          and d.deptype = 'e'
    loop
        case item.classid
            when 'pg_catalog.pg_proc'::regclass then
                execute format('revoke all on routine %s from public', item.objid::regprocedure);
                execute format('alter routine %s owner to vibe_owner', item.objid::regprocedure);
            when 'pg_catalog.pg_type'::regclass then
                if (select t.typtype in ('b', 'c', 'd', 'e') and t.typelem = 0 from pg_catalog.pg_type as t where t.oid = item.objid) then
                    execute format('alter type %s owner to vibe_owner', item.objid::regtype);
                end if;
            when 'pg_catalog.pg_namespace'::regclass then
                execute format('alter schema %s owner to vibe_owner', item.objid::regnamespace);
            else null;
        end case;
    end loop;
end
$$;
