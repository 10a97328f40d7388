-- bling_sync: pages of statuses, orders and articles. Lists have no total: a page that is not full is the last.
create function vibe_private.next_of_bling_lists(
    account vibe_private.bling_account, inout state jsonb, out asked jsonb, out query text
)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    today constant date := (now() at time zone 'America/Sao_Paulo')::date;
    name text;
begin
    if not state ? 'phase' then
        state := state || jsonb_build_object('phase', case
            when coalesce(account.statuses_read_at, '-infinity') < now() - interval '1 day' then 'statuses' else 'orders' end);
    end if;
    if state ->> 'phase' = 'statuses' then
        asked := jsonb_build_object('what', 'statuses', 'path', case
            when state ? 'module' then '/situacoes/modulos/' || (state ->> 'module') else '/situacoes/modulos' end);
        query := '';
        return;
    elsif state ->> 'phase' = 'orders' then
        -- At first by the day of the order, then by the day of the last change, both a month at a time: Bling takes a year at
        -- most, and the fewer pages a list has, the less can slip between two of them. A day is read twice for safety.
        if not state ? 'from' then
            state := state || jsonb_build_object(
                'began', today, 'page', 1,
                'by', case when account.listed_until is null or state ? 'everything' then 'data' else 'dataAlteracao' end,
                'from', case when state ? 'everything' then account.import_from else coalesce(account.listed_until - 1, account.import_from) end
            );
        end if;
        if (state ->> 'from')::date <= today + 1 then
            name := state ->> 'by';
            asked := jsonb_build_object('what', 'orders', 'path', '/pedidos/vendas');
            query := format('?pagina=%s&limite=100&%sInicial=%s&%sFinal=%s', state ->> 'page', name, state ->> 'from', name,
                ((state ->> 'from')::date + interval '1 month' - interval '1 day')::date);
            return;
        end if;
        update vibe_private.bling_accounts as a set listed_until = (state ->> 'began')::date
        where a.site_id = account.site_id and a.source_id = account.source_id;
        state := state - '{from,by}'::text[] || jsonb_build_object('phase', 'products', 'page', 1, 'products_since', clock_timestamp());
    end if;
    if state ->> 'phase' = 'products' then
        asked := '{"what": "products", "path": "/produtos"}';
        query := format('?pagina=%s&limite=100&criterio=5', state ->> 'page');
    end if;
end
$$;
comment on function vibe_private.next_of_bling_lists(vibe_private.bling_account, jsonb) is
    'which page is read next, and the state with that; asked is null when all have been read';

create function vibe_private.take_bling_list(
    job_id bigint, account vibe_private.bling_account, state jsonb, asked jsonb, content jsonb, problem jsonb
) returns jsonb
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    entries constant int := case when jsonb_typeof(content -> 'data') = 'array' then jsonb_array_length(content -> 'data') else 0 end;
begin
    perform vibe_private.queue_count(take_bling_list.job_id, entries);
    case asked ->> 'what'
        when 'statuses' then
            return vibe_private.take_bling_statuses(account, state, content, problem);
        when 'orders' then
            perform vibe_private.take_bling_orders(account, content -> 'data');
            if entries >= 100 then
                return state || jsonb_build_object('page', (state ->> 'page')::int + 1);
            end if;
            return state || jsonb_build_object('page', 1, 'from', ((state ->> 'from')::date + interval '1 month')::date);
        when 'products' then
            perform vibe_private.take_bling_products(account, content -> 'data');
            if entries >= 100 then
                return state || jsonb_build_object('page', (state ->> 'page')::int + 1);
            end if;
            return state || '{"phase": "end"}';
    end case;
end
$$;
comment on function vibe_private.take_bling_list(bigint, vibe_private.bling_account, jsonb, jsonb, jsonb, jsonb) is
    'keeps what a page tells; returns the state that leads to the next one';

create function vibe_private.take_bling_statuses(account vibe_private.bling_account, state jsonb, content jsonb, problem jsonb) returns jsonb
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    module text;
begin
    -- What the app may not read is no reason to read nothing: standard statuses are known.
    if problem is null and not state ? 'module' then
        select m ->> 'id' into module
        from jsonb_path_query(content, '$.data[*]') as m
        where m ->> 'nome' ~* '^vendas$' and m ->> 'id' ~ '^[0-9]{1,20}$'
        limit 1;
        if module is not null then
            return state || jsonb_build_object('module', module);
        end if;
    end if;
    update vibe_private.bling_accounts as a set
        statuses_read_at = clock_timestamp(),
        statuses = case when problem is not null then a.statuses else (
            select jsonb_object_agg(s ->> 'id', jsonb_build_object('name', left(s ->> 'nome', 200), 'from', s ->> 'idHerdado'))
            from jsonb_path_query(content, '$.data[*]') as s
            where s ->> 'id' is not null
        ) end
    where a.site_id = account.site_id and a.source_id = account.source_id;
    return state - 'module' || '{"phase": "orders"}';
end
$$;
comment on function vibe_private.take_bling_statuses(vibe_private.bling_account, jsonb, jsonb, jsonb) is
    'keeps the names of an account''s statuses and what they descend from';

create function vibe_private.take_bling_orders(account vibe_private.bling_account, entries jsonb) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    gone record;
begin
    for gone in
        delete from vibe_private.bling_tasks as t
        using jsonb_array_elements(entries) as e
        where t.site_id = account.site_id and t.source_id = account.source_id and t.kind = 'order' and t.external_id = e ->> 'id'
          and e #>> '{loja,id}' = any (account.skip_stores)
        returning t.external_id, t.done_at
    loop
        if gone.done_at is not null then
            perform vibe_private.receive_bling_read(account, 'order.gone', gone.external_id, '{"why": "its store is left out"}');
        end if;
    end loop;
    insert into vibe_private.bling_tasks as t (site_id, source_id, kind, external_id, wanted_at, fingerprint)
    select distinct on (e ->> 'id') account.site_id, account.source_id, 'order', e ->> 'id', clock_timestamp(), md5(e::text)
    from jsonb_array_elements(entries) as e
    where e ->> 'id' ~ '^[0-9]{1,20}$' and coalesce(e #>> '{loja,id}', '') <> all (account.skip_stores)
    order by e ->> 'id'
    on conflict on constraint bling_tasks_pkey do update set
        wanted_at = excluded.wanted_at, fingerprint = excluded.fingerprint, attempts = 0, error = null
    where t.fingerprint is distinct from excluded.fingerprint;
    if found then
        perform vibe_private.read_bling_soon(account.site_id, account.source_id);
    end if;
end
$$;
comment on function vibe_private.take_bling_orders(vibe_private.bling_account, jsonb) is
    'queues the orders of a page that are new or look different from the last time';

create function vibe_private.finish_bling_sync(account vibe_private.bling_account, state jsonb) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    -- A list that is read to its end has all articles there are.
    update vibe.products as p set is_active = false
    where p.site_id = account.site_id and p.source_id = account.source_id and p.is_active
      and p.read_at < (state ->> 'products_since')::timestamptz;
    if exists (
        select from vibe_private.bling_tasks as t
        where t.site_id = account.site_id and t.source_id = account.source_id and t.wanted_at is not null
    ) then
        perform vibe_private.read_bling_soon(account.site_id, account.source_id);
    end if;
end
$$;
comment on function vibe_private.finish_bling_sync(vibe_private.bling_account, jsonb) is
    'articles that the list did not name are offered no more; what is to be read one by one goes on';

create function vibe_private.bling_due() returns table (site_id int, subject text, input jsonb)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select a.site_id, a.source_id::text, '{}'::jsonb
    from vibe_private.bling_accounts as a
    join vibe.sources as s on s.site_id = a.site_id and s.source_id = a.source_id
    join vibe_private.source_secrets as t on t.site_id = a.site_id and t.source_id = a.source_id and t.name = 'refresh_token'
    where s.is_active and a.broken_at is null
$$;
comment on function vibe_private.bling_due() is 'the Bling accounts that are read every hour: connected and not ended by Bling';
