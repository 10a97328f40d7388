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
    -- Whoever sends has a day to learn a new secret.
    insert into vibe_private.source_secrets as t (site_id, source_id, name, value, expires_at)
    select f.site_id, f.source_id, 'former_webhook_secret', f.value, now() + interval '1 day'
    from vibe_private.source_secrets as f
    where f.site_id = into_site and f.source_id = of_source and f.name = 'webhook_secret' and secrets ->> 'webhook_secret' <> f.value
    on conflict on constraint source_secrets_pkey do update set value = excluded.value, expires_at = excluded.expires_at;
    insert into vibe_private.source_secrets as t (site_id, source_id, name, value)
    select into_site, of_source, e.key, e.value from jsonb_each_text(secrets) as e where e.value is not null
    on conflict on constraint source_secrets_pkey do update set value = excluded.value, expires_at = null;
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

create function vibe.import_source(site text, source_id bigint, everything boolean default false) returns bigint
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    of_site integer := vibe.site_id(site, 'member');
    job_kind constant text := '{"woocommerce": "import_woocommerce", "bling": "bling_sync"}'::jsonb ->> vibe_private.active_source(of_site, source_id);
begin
    if job_kind is null then
        perform vibe_private.fail(format('source %s sends by itself and cannot be asked', source_id));
    end if;
    return vibe_private.enqueue(of_site, job_kind, source_id::text, jsonb_build_object('everything', coalesce(everything, false)));
end
$$;
comment on function vibe.import_source(text, bigint, boolean) is
'has a server fetch what changed in a source since it was asked last, or everything; returns the number of the job (vibe.queue_jobs), the running one if there is one. Members. Definer: jobs are nobody''s to write';
grant execute on function vibe.import_source(text, bigint, boolean) to vibe_member;

create function vibe.reapply_deliveries(site text, source_id bigint, delivery_ids bigint[] default null) returns bigint
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    of_site integer := vibe.site_id(site, 'member');
    again bigint;
begin
    perform vibe_private.active_source(of_site, source_id);
    update vibe.source_deliveries as d set status = 'new', error = null, applied_at = null
    where d.site_id = of_site and d.source_id = reapply_deliveries.source_id and d.status = 'failed'
      and (delivery_ids is null or d.delivery_id = any (delivery_ids));
    get diagnostics again = row_count;
    if again > 0 then
        perform vibe_private.apply_soon(of_site, source_id);
    end if;
    return again;
end
$$;
comment on function vibe.reapply_deliveries(text, bigint, bigint[]) is
'has deliveries of a source that failed applied again, all of them or these; returns how many. Members. Definer: deliveries are nobody''s to write';
grant execute on function vibe.reapply_deliveries(text, bigint, bigint[]) to vibe_member;

create function vibe_private.active_source(site_id integer, source_id bigint) returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    found_kind text;
begin
    select s.kind into found_kind from vibe.sources as s
    where s.site_id = active_source.site_id and s.source_id = active_source.source_id and s.is_active;
    if not found then
        perform vibe_private.fail(format('source %s does not exist or is disconnected', coalesce(source_id::text, 'null')));
    end if;
    return found_kind;
end
$$;
comment on function vibe_private.active_source(integer, bigint) is 'kind of a source of the site that is connected; refuses others';
