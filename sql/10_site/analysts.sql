-- Logins for people and BI tools that read their sites by SQL. These functions run with their caller's rights: making a login
-- needs CREATEROLE, which vibe_owner must not have. What holds for such a login whatever it does: it reads through row-level
-- security and writes nothing of vibe, its number of connections, and (where a superuser called) its temporary files. The
-- other settings are defaults: PostgreSQL lets every login change its own, for a session or with "alter role" for good;
-- vibe.get_analysts() shows who did, vibe.reset_analyst() takes it back. Logins may also make temporary tables until
-- "revoke temporary on database … from public", which is for the database's owner to decide.
create function vibe.create_analyst(login text, password text default null, sites text[] default null) returns text
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    secret text;
    known text[];
begin
    perform vibe.check_logins_allowed();
    secret := vibe.analyst_password(password);
    known := coalesce(sites, vibe.analyst_sites(login));
    if login is null or login !~ '^[a-z][a-z0-9_.-]{0,62}$' or login ~ '^(pg|vibe)_' or login in ('public', 'none') then
        raise exception 'login name "%" is not allowed', left(login, 120) using
            errcode = '22023',
            hint = '1 to 63 small letters, digits, "_", "." and "-", beginning with a letter; not pg_…, vibe_…, public or none';
    elsif exists (select from pg_roles where rolname = login) then
        raise exception 'role "%" exists already', login using
            errcode = '42710',
            hint = 'vibe.set_analyst_sites, vibe.set_analyst_password and vibe.reset_analyst change an analyst';
    elsif sites is null and known = '{}' then
        raise exception 'no sites are named for login "%"', login using
            errcode = '22023', hint = 'name them: sites => array[''shop'']; null keeps those of a restored database';
    end if;
    -- The verifier and not the password: statements run here can reach logs and statistics.
    execute format(
        'create role %I login nosuperuser nocreatedb nocreaterole noreplication nobypassrls inherit in role vibe_analyst password %L',
        login, vibe.scram_secret(secret)
    );
    execute format('comment on role %I is %L', login, 'reads sites of vibe; made by vibe.create_analyst');
    perform vibe.reset_analyst(login);
    perform vibe.set_analyst_sites(login, known);
    return case when password is null then secret end;
end
$$;
comment on function vibe.create_analyst(text, text, text[]) is
    'makes a login that reads these sites (names or ids; null for those its name already has, as after a restore) with the limits of role vibe_analyst. Without a password it makes a strong one and returns it, this once; else returns null. Only a SCRAM-SHA-256 verifier is stored, but the call itself is a statement: with a password of yours in it, it may be logged (log_statement, or when it fails). For operators with CREATEROLE and superusers';
grant execute on function vibe.create_analyst(text, text, text[]) to vibe_operator;

create function vibe.set_analyst_sites(login text, sites text[]) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    wanted int[];
    other record;
begin
    perform vibe.check_analyst(login);
    if sites is null or array_position(sites, null) is not null then
        raise exception 'the sites of login "%" must not be null', login using
            errcode = '22023', hint = 'an empty array takes all sites away';
    end if;
    wanted := array(select distinct vibe.site_id(s, 'owner') from unnest(sites) as s order by 1);
    perform vibe.add_member(w::text, login, 'viewer') from unnest(wanted) as w;
    for other in
        select m.site_id from vibe.site_members as m
        where m.login_name = login and m.site_id <> all (wanted)
        order by m.site_id
    loop
        perform vibe.remove_member(other.site_id::text, login);
    end loop;
end
$$;
comment on function vibe.set_analyst_sites(text, text[]) is
    'makes the analyst a viewer of these sites (names or ids) and of no other, from the next statement on. For operators with CREATEROLE and superusers';
grant execute on function vibe.set_analyst_sites(text, text[]) to vibe_operator;

create function vibe.set_analyst_password(login text, password text default null) returns text
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    secret text;
begin
    perform vibe.check_analyst(login);
    secret := vibe.analyst_password(password);
    execute format('alter role %I password %L', login, vibe.scram_secret(secret));
    return case when password is null then secret end;
end
$$;
comment on function vibe.set_analyst_password(text, text) is
    'gives the analyst this password, or a strong new one that it returns; open sessions go on. For operators with CREATEROLE and superusers';
grant execute on function vibe.set_analyst_password(text, text) to vibe_operator;

create function vibe.reset_analyst(login text, connections int default 10) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    elsewhere record;
    setting record;
begin
    perform vibe.check_analyst(login);
    if connections is null or connections not between 1 and 1000 then
        raise exception 'connections is %', coalesce(connections::text, 'null') using
            errcode = '22023', detail = 'An analyst may have 1 to 1000 connections at a time.';
    end if;
    execute format('alter role %I connection limit %s', login, connections);
    execute format('alter role %I reset all', login);
    for elsewhere in
        select b.datname from pg_db_role_setting as d join pg_database as b on b.oid = d.setdatabase
        where d.setrole = (select oid from pg_roles where rolname = login)
    loop
        execute format('alter role %I in database %I reset all', login, elsewhere.datname);
    end loop;
    -- A setting for superusers can be given by them alone, or by whom they let.
    for setting in
        select s.name, s.value from vibe.role_settings('vibe_analyst') as s join pg_settings as p using (name)
        where p.context <> 'superuser' or has_parameter_privilege(s.name, 'set')
    loop
        execute format(
            'alter role %I set %I = %s', login, setting.name,
            -- Lists are kept as they are written.
            case when setting.name in ('search_path', 'temp_tablespaces', 'local_preload_libraries', 'session_preload_libraries')
                then setting.value else quote_literal(setting.value) end
        );
    end loop;
end
$$;
comment on function vibe.reset_analyst(text, int) is
    'gives the analyst so many connections and the settings that role vibe_analyst has now, and takes all others away, also those it gave itself; they count from its next connection on. "alter role vibe_analyst set statement_timeout = …" changes the limits of all, login by login. temp_file_limit is copied only by superusers. For operators with CREATEROLE and superusers';
grant execute on function vibe.reset_analyst(text, int) to vibe_operator;

create function vibe.drop_analyst(login text) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    session record;
begin
    perform vibe.check_analyst(login);
    perform vibe.set_analyst_sites(login, '{}');
    execute format('alter role %I nologin', login);
    for session in select a.pid from pg_stat_activity as a where a.usename = login loop
        if not pg_has_role(current_user, 'pg_signal_backend', 'usage') and not pg_has_role(current_user, login, 'usage') then
            raise exception 'login "%" is connected', login using
                errcode = '55006', hint = 'end its sessions first, or let a superuser drop it';
        end if;
        perform pg_terminate_backend(session.pid, 5000);
    end loop;
    execute format('drop role %I', login);
end
$$;
comment on function vibe.drop_analyst(text) is
    'ends the analyst''s sessions, takes its sites away and drops the login; refused while it owns anything. For operators with CREATEROLE and superusers';
grant execute on function vibe.drop_analyst(text) to vibe_operator;

create function vibe.get_analysts() returns table (
    login text, sites text[], connections int, sessions int, settings text[], changed text[]
)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select
        r.rolname,
        vibe.analyst_sites(r.rolname),
        r.rolconnlimit,
        (select count(*)::int from pg_stat_activity as a where a.usesysid = r.oid),
        s.settings,
        array(
            select coalesce(o.name || '=' || o.value, g.name || ' is missing')
            from vibe.role_settings(r.rolname) as o
            full join vibe.role_settings('vibe_analyst') as g using (name)
            where o.value is distinct from g.value
            order by 1
        )
    from pg_roles as r
    cross join lateral (
        select array(select o.name || '=' || o.value from vibe.role_settings(r.rolname) as o order by o.name)
    ) as s (settings)
    where vibe.is_analyst(r.rolname)
    order by r.rolname
$$;
comment on function vibe.get_analysts() is
    'the analyst logins of the cluster: sites they see here, connection limit, open sessions, settings, and where these are not as role vibe_analyst has them (changed by the login itself, or by an operator). For operators';
grant execute on function vibe.get_analysts() to vibe_operator;

create function vibe.is_analyst(login text) returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select exists (
        select from pg_roles as r
        where r.rolname = login
          and r.rolcanlogin
          and not (r.rolsuper or r.rolcreaterole or r.rolcreatedb or r.rolreplication or r.rolbypassrls)
          and array(select distinct m.roleid::regrole::text from pg_auth_members as m where m.member = r.oid) = array['vibe_analyst']
    )
$$;
comment on function vibe.is_analyst(text) is 'whether a role is a login with the rights of vibe_analyst and no others';
grant execute on function vibe.is_analyst(text) to vibe_operator;

create function vibe.check_analyst(login text) returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    perform vibe.check_logins_allowed();
    if vibe.is_analyst(login) is not true then
        raise exception 'role "%" is not an analyst', left(login, 120) using
            errcode = '22023',
            detail = 'An analyst is a login that is a member of vibe_analyst and of nothing else, without further attributes.',
            hint = 'vibe.get_analysts() lists them';
    end if;
end
$$;
comment on function vibe.check_analyst(text) is 'refuses roles that are no analysts, so that these functions touch nobody else''s';
grant execute on function vibe.check_analyst(text) to vibe_operator;

create function vibe.check_logins_allowed() returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    if not exists (select from pg_roles where rolname = current_user and (rolsuper or rolcreaterole)) then
        raise exception 'role "%" may not change logins', current_user using
            errcode = '42501', detail = 'That needs the attribute CREATEROLE.', hint = 'call this as a superuser, or: alter role … createrole';
    end if;
end
$$;
comment on function vibe.check_logins_allowed() is 'refuses callers who can make no roles, before anything is done';
grant execute on function vibe.check_logins_allowed() to vibe_operator;

create function vibe.analyst_sites(login text) returns text[]
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select array(
        select s.name from vibe.site_members as m join vibe.sites as s using (site_id) where m.login_name = login order by s.name
    )
$$;
comment on function vibe.analyst_sites(text) is 'names of the sites that a login may read, of those that the caller sees';
grant execute on function vibe.analyst_sites(text) to vibe_operator;

create function vibe.analyst_password(password text) returns text
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    if length(password) not between 12 and 256 then
        raise exception 'the password has % characters', length(password) using
            errcode = '22023', detail = 'It must have 12 to 256.', hint = 'null makes a strong one';
    end if;
    -- More than 180 random bits that need no quoting in a connection address.
    return coalesce(password, (
        select translate(encode(substring(string_agg(uuid_send(gen_random_uuid()), '') for 24), 'base64'), '+/', '-_')
        from generate_series(1, 2)
    ));
end
$$;
comment on function vibe.analyst_password(text) is 'the password if its length is allowed; a random one of 32 letters, digits, "-" and "_" for null';
grant execute on function vibe.analyst_password(text) to vibe_operator;

create function vibe.role_settings(role_name text) returns table (name text, value text)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select split_part(s, '=', 1), substr(s, strpos(s, '=') + 1)
    from pg_db_role_setting as d
    cross join unnest(d.setconfig) as s
    where d.setrole = (select oid from pg_roles where rolname = role_name) and d.setdatabase = 0
$$;
comment on function vibe.role_settings(text) is 'the settings that a role has in all databases';
grant execute on function vibe.role_settings(text) to vibe_operator;

create function vibe.scram_secret(password text) returns text
language c volatile strict parallel safe as 'MODULE_PATHNAME', 'vibe_scram_secret';
comment on function vibe.scram_secret(text) is
    'a SCRAM-SHA-256 verifier of the password with a new salt: what "create role … password" stores, without the password in any statement';
grant execute on function vibe.scram_secret(text) to vibe_operator;
