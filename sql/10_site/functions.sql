-- Which sites a session may see. Everything else about tenancy asks this one function, and it asks the tables each time,
-- so that a removed member or an ended session counts at once.
create function vibe.my_sites(at_least text default 'viewer') returns setof int
language plpgsql stable parallel safe security definer rows 4
set search_path = pg_catalog, pg_temp
as $$
declare
    roles constant text[] := array['viewer', 'member', 'owner'];
    accepted text[] := roles[array_position(roles, at_least):];
begin
    if at_least is null or at_least <> all (roles) then
        perform vibe_private.fail(
            format('site role "%s" is unknown', at_least), hint => 'roles are viewer, member and owner'
        );
    end if;
    if session_user = 'vibe_server' then
        return query
        select s.site_id
        from vibe_private.session_sites(nullif(current_setting('request.jwt.claims', true), '')::jsonb) as s
        where s.role = any (accepted);
    elsif session_user = 'vibe_jobs' or pg_has_role(session_user, 'vibe_operator', 'usage') or pg_has_role(session_user, 'vibe_owner', 'usage') then
        return query select s.site_id from vibe.sites as s;
    else
        return query
        select m.site_id from vibe.site_members as m
        where m.login_name = session_user and m.role = any (accepted);
    end if;
end
$$;
comment on function vibe.my_sites(text) is
    'ids of the sites where the caller has at least this role: by signed-in session on the server, by login name elsewhere, all for operators and the nightly work. Definer: policies ask it, so it must see members itself';
grant execute on function vibe.my_sites(text) to vibe_analyst;

-- plpgsql, like all that runs in each request: it keeps its plans, where a function in SQL would be planned at every call.
create function vibe_private.session_sites(claims jsonb) returns table (site_id int, role text)
language plpgsql stable parallel safe security definer rows 4
set search_path = pg_catalog, pg_temp
as $$
declare
    live record;
begin
    if claims ? 'key_id' then
        return query select k.site_id, k.role from vibe_private.key_sites((claims ->> 'key_id')::uuid) as k;
        return;
    end if;
    select * into live from vibe_private.live_session(claims);
    if live.is_operator then
        return query select a.site_id, 'owner' from vibe.sites as a;
    else
        return query select m.site_id, m.role from vibe.site_members as m where m.user_id = live.user_id;
    end if;
end
$$;
comment on function vibe_private.session_sites(jsonb) is
    'sites and roles of the claims'' live session or API key; nothing when it has ended. Definer: reads members for realtime and my_sites()';

create function vibe.site_ids(site text default null) returns int[]
language plpgsql stable parallel safe
as $$
begin
    if site is null then
        return array(select vibe.my_sites() order by 1);
    end if;
    return array[vibe.site_id(site)];
end
$$;
comment on function vibe.site_ids(text) is 'the site named (name or id), or all sites of the caller for null';
grant execute on function vibe.site_ids(text) to vibe_analyst;

create function vibe.site_id(site text default null, at_least text default 'viewer') returns int
language plpgsql stable parallel safe
as $$
declare
    mine int[] := array(select vibe.my_sites(at_least));
    found_id int;
begin
    if site is not null then
        select s.site_id into found_id
        from vibe.sites as s
        where s.site_id = any (mine) and (s.name = site or s.site_id::text = site);
        if found_id is null then
            if at_least <> 'viewer' and exists (
                select from vibe.sites as s where s.site_id in (select vibe.my_sites()) and (s.name = site or s.site_id::text = site)
            ) then
                raise exception 'this takes the role % of site "%"', at_least, site using
                    errcode = '42501', hint = 'ask an owner of the site';
            end if;
            -- One answer for both, or names of other tenants could be guessed.
            raise exception 'site "%" does not exist or is not yours', site using errcode = '22023';
        end if;
        return found_id;
    end if;
    if at_least <> 'viewer' and cardinality(mine) = 0 and exists (select vibe.my_sites()) then
        raise exception 'this takes the role % of a site', at_least using
            errcode = '42501', hint = 'ask an owner of the site';
    end if;
    if cardinality(mine) <> 1 then
        raise exception 'you have % sites; name one', cardinality(mine) using
            errcode = '22023',
            hint = coalesce((
                select string_agg(quote_literal(s.name), ', ' order by s.name)
                from (select name from vibe.sites where site_id = any (mine) order by name limit 20) as s
            ), 'create one with vibe.create_site, or ask an owner to add you');
    end if;
    return mine[1];
end
$$;
comment on function vibe.site_id(text, text) is 'id of the site named (name or id), or of the caller''s only site; refuses a site where the caller may only do less (42501), and all others as if there were none (22023)';
grant execute on function vibe.site_id(text, text) to vibe_analyst;

create function vibe.get_sites()
returns table (
    site_id int, name text, key text, role text, domain text, time_zone text, currency char(3),
    allowed_origins text[], keep_events_days int, events_from date, created_at timestamptz
)
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
    owned constant int[] := array(select vibe.my_sites('owner'));
    written constant int[] := array(select vibe.my_sites('member'));
begin
    return query
    select
        s.site_id, s.name, s.key,
        case when s.site_id = any (owned) then 'owner' when s.site_id = any (written) then 'member' else 'viewer' end,
        s.domain, s.time_zone, s.currency, s.allowed_origins, s.keep_events_days, s.events_from, s.created_at
    from vibe.sites as s
    order by s.site_id;
end
$$;
comment on function vibe.get_sites() is 'the sites that the caller may see, the oldest first, and what they may do there: role is viewer, member or owner';
grant execute on function vibe.get_sites() to vibe_analyst;

create function vibe.create_site(
    name text,
    domain text default null,
    time_zone text default 'UTC',
    currency text default 'USD'
) returns int
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    creator uuid := vibe_private.caller_id();
    made int;
begin
    if creator is null and not vibe_private.is_operator() then
        perform vibe_private.fail(
            'a database login cannot create sites',
            hint => 'ask an operator, or sign in through the server', errcode => '42501'
        );
    end if;
    perform vibe_private.check_site_name(create_site.name);
    perform vibe_private.check_currency(create_site.currency);
    if not exists (select from pg_catalog.pg_timezone_names as z where z.name = create_site.time_zone) then
        perform vibe_private.fail(
            format('time zone "%s" is unknown', create_site.time_zone), hint => 'use an IANA name such as America/Sao_Paulo'
        );
    end if;
    insert into vibe.sites (name, domain, time_zone, currency)
    values (create_site.name, create_site.domain, create_site.time_zone, create_site.currency)
    on conflict do nothing
    returning site_id into made;
    if made is null then
        perform vibe_private.fail(format('site "%s" exists already', create_site.name), errcode => '23505');
    end if;
    if creator is not null then
        insert into vibe.site_members (site_id, user_id, role) values (made, creator, 'owner');
    end if;
    return made;
end
$$;
comment on function vibe.create_site(text, text, text, text) is
    'makes a site and its caller the owner; returns its id. Definer: nobody may write sites directly';
grant execute on function vibe.create_site(text, text, text, text) to vibe_member;
