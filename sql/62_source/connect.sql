create function vibe_private.connect_source(
    into_site integer, kind text, name text, base_url text, settings jsonb, stale_after interval, secrets jsonb
) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    of_source bigint;
    address text := rtrim(base_url, '/');
begin
    if name is null or name !~ '^\S(.{0,98}\S)?$' then
        perform vibe_private.fail(
            format('name "%s" is not allowed', left(coalesce(name, 'null'), 120)), hint => '1 to 100 characters, no space at either end'
        );
    elsif address !~ '^https?://[^\s/@?#]+(/[^\s?#]*)?$' or length(address) > 300 then
        perform vibe_private.fail(
            format('base_url "%s" is not allowed', left(base_url, 120)),
            hint => 'write scheme and host as in https://shop.example, at most 300 characters, no name, password or question in it'
        );
    end if;
    -- The first source of orders has the shop's own numbers; those of each further one begin with its name.
    insert into vibe.sources as s (site_id, kind, name, base_url, id_prefix, settings, stale_after)
    values (
        into_site, connect_source.kind, connect_source.name, address,
        case when connect_source.kind in ('woocommerce', 'bling') and not exists (
            select from vibe.sources as o where o.site_id = into_site and o.kind in ('woocommerce', 'bling') and o.id_prefix = ''
        ) then '' else connect_source.name || ':' end,
        connect_source.settings, connect_source.stale_after
    )
    on conflict on constraint sources_name_key do update set
        base_url = excluded.base_url, settings = excluded.settings, stale_after = excluded.stale_after, is_active = true,
        changed_at = case when s.is_active then s.changed_at else now() end
    returning source_id into of_source;
    insert into vibe_private.source_secrets as t (site_id, source_id, name, value)
    select into_site, of_source, e.key, e.value from jsonb_each_text(secrets) as e
    on conflict (site_id, source_id, name) do update set value = excluded.value, expires_at = null;
    return of_source;
end
$$;
comment on function vibe_private.connect_source(integer, text, text, text, jsonb, interval, jsonb) is
'makes a source or connects the one of that kind and name again, with these secrets by name; returns its source_id. For the connect_… functions, which ask who calls';

create function vibe.disconnect_source(site text, source_id bigint) returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    of_site integer := vibe.site_id(site, 'owner');
begin
    update vibe.sources as s set is_active = false, changed_at = case when s.is_active then now() else s.changed_at end
    where s.site_id = of_site and s.source_id = disconnect_source.source_id;
    if not found then
        perform vibe_private.fail(format('source %s does not exist', coalesce(source_id::text, 'null')));
    end if;
    delete from vibe_private.source_secrets as t where t.site_id = of_site and t.source_id = disconnect_source.source_id;
end
$$;
comment on function vibe.disconnect_source(text, bigint) is
'ends a source: its deliveries are refused, its secrets forgotten; what it told stays. Owners only. Definer: nobody may write sources directly';
grant execute on function vibe.disconnect_source(text, bigint) to vibe_member;
