-- Keys of programs: each reads, or reads and writes, some sites, and manages none.
create function vibe.create_api_key(
    name text,
    sites text[] default null,
    scopes text[] default '{read}',
    requests_per_minute int default 600,
    expires_at timestamptz default null
) returns text
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    key text := 'vibe_' || vibe_private.new_secret();
    wanted int[];
    made uuid;
begin
    if coalesce(length(trim(create_api_key.name)), 0) not between 1 and 100 then
        perform vibe_private.fail(format('the name of a key has 1 to 100 characters, not %s', coalesce(length(trim(create_api_key.name)), 0)));
    elsif scopes is null or scopes not in ('{read}', '{read,write}') then
        perform vibe_private.fail(
            format('scopes %s are not offered', coalesce(scopes::text, 'null')), hint => 'scopes are {read} or {read,write}'
        );
    elsif requests_per_minute is null or requests_per_minute not between 1 and 1000000 then
        perform vibe_private.fail(
            format('requests_per_minute is %s', coalesce(requests_per_minute::text, 'null')), hint => 'it must be 1 to 1000000'
        );
    elsif create_api_key.expires_at <= now() then
        perform vibe_private.fail(format('expires_at is %s, which is past', create_api_key.expires_at));
    end if;
    wanted := case when sites is null then array[vibe.site_id(null, 'owner')]
        else array(select distinct vibe.site_id(coalesce(s, ''), 'owner') from unnest(sites) as s) end;
    if wanted = '{}' then
        perform vibe_private.fail('no sites are named for the key', hint => 'name them, or null for your only site');
    end if;
    insert into vibe_private.api_keys (key_hash, name, scopes, requests_per_minute, created_by, expires_at)
    values (
        sha256(convert_to(key, 'UTF8')), trim(create_api_key.name), create_api_key.scopes, create_api_key.requests_per_minute,
        vibe_private.caller_id(), coalesce(create_api_key.expires_at, 'infinity')
    )
    returning key_id into made;
    insert into vibe_private.api_key_sites (site_id, key_id) select w, made from unnest(wanted) as w;
    return key;
end
$$;
comment on function vibe.create_api_key(text, text[], text[], int, timestamptz) is
    'makes a key for programs and returns it, this once: it reads these sites (names or ids; null: your only one), with {read,write} it may do what a member may; so many requests a minute on each server, then 429; until expires_at (null: no end). Owners only; the key ends with its maker''s ownership. Definer: keys are secret';
grant execute on function vibe.create_api_key(text, text[], text[], int, timestamptz) to vibe_member;

create function vibe.get_api_keys(site text default null)
returns table (
    key_id uuid, name text, sites text[], scopes text[], requests_per_minute int, created_by text,
    created_at timestamptz, expires_at timestamptz, revoked_at timestamptz, last_used_at timestamptz
)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    mine int[] := case when site is null then array(select vibe.my_sites('owner')) else array[vibe.site_id(site, 'owner')] end;
begin
    return query
    select
        k.key_id, k.name, r.sites, k.scopes, k.requests_per_minute, u.email,
        k.created_at, nullif(k.expires_at, 'infinity'), k.revoked_at, k.last_used_at
    from vibe_private.api_keys as k
    left join vibe_private.users as u on u.user_id = k.created_by
    cross join lateral (
        select array_agg(s.name order by s.name)
        from vibe_private.api_key_sites as a join vibe.sites as s using (site_id)
        where a.key_id = k.key_id and a.site_id = any (mine) and vibe_private.may_manage(k.created_by, a.site_id)
    ) as r (sites)
    where exists (select from vibe_private.api_key_sites as a where a.key_id = k.key_id and a.site_id = any (mine))
    order by k.created_at, k.key_id;
end
$$;
comment on function vibe.get_api_keys(text) is
    'the API keys of a site, or of all sites that the caller owns: which of these they reach (null: none any more), what they may, when they were last used (to the minute); owners only. Definer: keys are secret';
grant execute on function vibe.get_api_keys(text) to vibe_member;

create function vibe.revoke_api_key(key_id uuid) returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    update vibe_private.api_keys as k set revoked_at = coalesce(k.revoked_at, now())
    where k.key_id = revoke_api_key.key_id
      and exists (
          select from vibe_private.api_key_sites as a
          where a.key_id = k.key_id and a.site_id = any (array(select vibe.my_sites('owner')))
      );
    if not found then
        perform vibe_private.fail(format('API key "%s" does not exist or is not yours', revoke_api_key.key_id));
    end if;
end
$$;
comment on function vibe.revoke_api_key(uuid) is
    'ends an API key from the next request on; an owner of any of its sites may. Definer: keys are secret';
grant execute on function vibe.revoke_api_key(uuid) to vibe_member;

create function vibe_private.key_sites(of_key uuid) returns table (site_id int, role text)
language plpgsql stable parallel safe rows 2
as $$
begin
    return query
    select a.site_id, case when 'write' = any (k.scopes) then 'member' else 'viewer' end
    from vibe_private.api_keys as k
    join vibe_private.api_key_sites as a using (key_id)
    where k.key_id = of_key and k.revoked_at is null and k.expires_at > now()
      and vibe_private.may_manage(k.created_by, a.site_id);
end
$$;
comment on function vibe_private.key_sites(uuid) is 'sites of an API key and what it may do there, while it lives and its maker may manage them';
