-- bling_read: what lists and webhooks named, one request each (stocks fifty at a time). Lists of orders have no items and no
-- addresses, so that an import is as many requests as there are orders and customers.
create function vibe_private.want_from_bling(of_site int, of_source bigint, kind text, ids text[]) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    -- A job that is about to end holds its row: it either sees the task, or we see that it has ended.
    perform from vibe.queue_jobs as j
    where j.site_id = of_site and j.kind = 'bling_read' and j.subject = of_source::text and j.status in ('queued', 'running')
    for no key update;
    insert into vibe_private.bling_tasks as t (site_id, source_id, kind, external_id, urgency, wanted_at)
    select of_site, of_source, want_from_bling.kind, i.id, 0, clock_timestamp()
    from (select distinct u.id from unnest(ids) as u (id)) as i
    order by i.id
    on conflict on constraint bling_tasks_pkey do update set
        urgency = 0, wanted_at = excluded.wanted_at, attempts = 0, error = null;
    if exists (select from vibe_private.bling_due() as d where d.site_id = of_site and d.subject = of_source::text) then
        perform vibe_private.read_bling_soon(of_site, of_source);
    end if;
end
$$;
comment on function vibe_private.want_from_bling(int, bigint, text, text[]) is
    'queues what a webhook named, before all that lists named';

create function vibe_private.read_bling_soon(of_site int, of_source bigint) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    -- One that waits, for tomorrow or after failures, has its reasons.
    if not exists (
        select from vibe.queue_jobs as j
        where j.site_id = of_site and j.kind = 'bling_read' and j.subject = of_source::text and j.status in ('queued', 'running')
    ) then
        perform vibe_private.enqueue(of_site, 'bling_read', of_source::text);
    end if;
end
$$;
comment on function vibe_private.read_bling_soon(int, bigint) is 'has what is queued read one by one, if nobody is at it';

create function vibe_private.next_bling_task(
    account vibe_private.bling_account, out state jsonb, out asked jsonb, out query text
)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    task record;
    ids text[];
begin
    select t.kind, t.external_id, t.wanted_at, t.urgency into task
    from vibe_private.bling_tasks as t
    where t.site_id = account.site_id and t.source_id = account.source_id and t.wanted_at is not null
    order by t.urgency, t.wanted_at, t.kind, t.external_id
    limit 1;
    if not found then
        return;
    end if;
    query := '';
    if task.kind = 'stock' then
        select array_agg(s.external_id order by s.external_id) into ids
        from (
            select t.external_id from vibe_private.bling_tasks as t
            where t.site_id = account.site_id and t.source_id = account.source_id and t.kind = 'stock' and t.wanted_at is not null
            order by t.urgency, t.wanted_at, t.external_id
            limit 50
        ) as s;
        asked := '{"path": "/estoques/saldos"}';
        query := '?' || (select string_agg('idsProdutos%5B%5D=' || i.id, '&' order by i.id) from unnest(ids) as i (id));
    else
        ids := array[task.external_id];
        asked := jsonb_build_object('path', case task.kind
            when 'order' then '/pedidos/vendas/' when 'contact' then '/contatos/' when 'product' then '/produtos/' end || task.external_id);
    end if;
    asked := asked || jsonb_build_object('what', task.kind, 'ids', ids, 'at', clock_timestamp(), 'is_urgent', task.urgency = 0);
end
$$;
comment on function vibe_private.next_bling_task(vibe_private.bling_account) is 'what is read next; asked is null when there is nothing';

create function vibe_private.put_off_bling_task(account vibe_private.bling_account, asked jsonb, problem jsonb) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    -- Others first. Given up is only what fails while others succeed, so an hour of failures loses nothing.
    update vibe_private.bling_tasks as t set
        attempts = least(t.attempts + 1, 1000),
        wanted_at = case when t.attempts >= 4 and account.last_answer_at > t.wanted_at then null else clock_timestamp() end,
        error = case when t.attempts >= 4 and account.last_answer_at > t.wanted_at then problem ->> 'message' end
    where t.site_id = account.site_id and t.source_id = account.source_id and t.kind = asked ->> 'what'
      and asked ? 'ids' and t.external_id in (select jsonb_array_elements_text(asked -> 'ids')) and t.wanted_at <= (asked ->> 'at')::timestamptz;
end
$$;
comment on function vibe_private.put_off_bling_task(vibe_private.bling_account, jsonb, jsonb) is
    'puts what could not be read behind all else, and gives it up after five failures between which other things could be read';

create function vibe_private.take_bling_task(
    job_id bigint, account vibe_private.bling_account, asked jsonb, content jsonb, problem jsonb
) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    id constant text := asked #>> '{ids,0}';
    told constant jsonb := content -> 'data';
    refusal constant text := case when problem ->> 'do' in ('refused', 'fail') then problem ->> 'message' end;
begin
    if refusal is null then
        case asked ->> 'what'
            when 'order' then
                if problem is not null then
                    perform vibe_private.receive_bling_read(account, 'order.gone', id, '{"why": "Bling does not know it any more"}');
                else
                    perform vibe_private.take_bling_order(account, id, told);
                end if;
            when 'contact' then
                if problem is null then
                    perform vibe_private.receive_bling_read(account, 'contact.read', id, jsonb_build_object('contact', told));
                end if;
            when 'product' then
                if problem is null then
                    perform vibe_private.take_bling_products(account, jsonb_build_array(told));
                else
                    update vibe.products as p set is_active = false, read_at = clock_timestamp()
                    where p.site_id = account.site_id and p.source_id = account.source_id and p.product_id = id;
                end if;
            when 'stock' then
                perform vibe_private.take_bling_stock(account, told);
        end case;
    end if;
    -- What was wanted again while it was read is read again.
    update vibe_private.bling_tasks as t set
        wanted_at = case when t.wanted_at > (asked ->> 'at')::timestamptz then t.wanted_at end,
        urgency = 1, attempts = 0, done_at = clock_timestamp(), error = refusal
    where t.site_id = account.site_id and t.source_id = account.source_id and t.kind = asked ->> 'what'
      and t.external_id in (select jsonb_array_elements_text(asked -> 'ids'));
    perform vibe_private.queue_count(take_bling_task.job_id, jsonb_array_length(asked -> 'ids'));
    perform vibe_private.queue_note(take_bling_task.job_id, total => (
        select j.processed + (
            select count(*) from vibe_private.bling_tasks as t
            where t.site_id = account.site_id and t.source_id = account.source_id and t.wanted_at is not null
        ) from vibe.queue_jobs as j where j.job_id = take_bling_task.job_id
    ));
    if asked ->> 'what' in ('order', 'contact') and (asked ->> 'is_urgent')::boolean then
        perform vibe_private.apply_soon(account.site_id, account.source_id);
    end if;
end
$$;
comment on function vibe_private.take_bling_task(bigint, vibe_private.bling_account, jsonb, jsonb, jsonb) is
    'keeps what was read, or that it is gone (problem 404) or was refused, and settles its task';

create function vibe_private.take_bling_order(account vibe_private.bling_account, id text, told jsonb) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    contact constant text := told #>> '{contato,id}';
begin
    if told #>> '{loja,id}' = any (account.skip_stores) then
        return;
    end if;
    perform vibe_private.receive_bling_read(account, 'order.read', id, jsonb_build_object(
        'order', told,
        'status', vibe_private.bling_status(account, told #>> '{situacao,id}'),
        'currency', account.currency,
        'time_zone', (select s.time_zone from vibe.sites as s where s.site_id = account.site_id)
    ));
    -- Addresses and telephone numbers are only in the contact; they seldom change.
    if contact ~ '^[1-9][0-9]{0,19}$' then
        insert into vibe_private.bling_tasks as t (site_id, source_id, kind, external_id, wanted_at)
        values (account.site_id, account.source_id, 'contact', contact, clock_timestamp())
        on conflict on constraint bling_tasks_pkey do update set wanted_at = excluded.wanted_at, attempts = 0, error = null
        where t.wanted_at is null and t.done_at < now() - interval '30 days';
    end if;
end
$$;
comment on function vibe_private.take_bling_order(vibe_private.bling_account, text, jsonb) is
    'keeps an order as it was read, and queues its contact';

create function vibe_private.receive_bling_read(account vibe_private.bling_account, topic text, id text, content jsonb) returns void
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
    select vibe_private.receive(
        ($1).site_id, ($1).source_id, $2, $3, now(), null, convert_to((jsonb_build_object('id', $3, 'read_at', now()) || $4)::text, 'UTF8')
    )
$$;
comment on function vibe_private.receive_bling_read(vibe_private.bling_account, text, text, jsonb) is
    'keeps what was read from Bling as a delivery of its source, with what its reader has to know';

create function vibe_private.bling_status(account vibe_private.bling_account, id text) returns text
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
    -- Standard: 6 Em aberto, 9 Atendido, 12 Cancelado, 15 Em andamento, 18 Venda Agenciada, 21 Em digitação, 24 Verificado.
    select coalesce(
        ($1).status_map ->> $2,
        known.standard ->> $2,
        ($1).status_map ->> own.ancestor,
        known.standard ->> own.ancestor,
        case
            when own.name ~* 'cancel|devol|estorn' then 'cancelled'
            when own.name ~* 'abert|digita|aguard|pendent|or[cç]amento' then 'pending'
            else 'paid'
        end
    )
    from (select '{"6": "pending", "9": "paid", "12": "cancelled", "15": "paid", "18": "paid", "21": "pending", "24": "paid"}'::jsonb as standard) as known
    cross join (select ($1).statuses #>> array[$2, 'from'] as ancestor, ($1).statuses #>> array[$2, 'name'] as name) as own
$$;
comment on function vibe_private.bling_status(vibe_private.bling_account, text) is
    'what a status id means for an account: paid, pending or cancelled, by its settings, else by Bling''s own statuses, else by the status from which it descends, else by its name';

create function vibe_private.forget_bling_contacts() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    delete from vibe_private.bling_tasks as t
    using gone as g
    where g.kind = 'customer' and t.site_id = g.site_id and t.source_id = g.source_id and t.kind = 'contact' and t.external_id = g.external_id;
    return null;
end
$$;
comment on function vibe_private.forget_bling_contacts() is 'statement trigger of vibe_private.source_records: a customer who is erased is no task any more';
