-- Deliveries come in (receive), are applied in batches (apply_batch), and tell how the source fares (note_source).

create function vibe_private.receive(
    site_id integer, source_id bigint, topic text, external_id text, modified_at timestamptz, headers jsonb, body bytea
) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    of_delivery bigint;
begin
    insert into vibe.source_deliveries as d (site_id, source_id, topic, external_id, modified_at, sha256, size)
    values (
        receive.site_id, receive.source_id, left(receive.topic, 100), receive.external_id, receive.modified_at, sha256(body), octet_length(body)
    )
    returning d.delivery_id into of_delivery;
    insert into vibe_private.inbox (site_id, delivery_id, headers, body)
    values (receive.site_id, of_delivery, receive.headers - '{authorization,proxy-authorization,cookie,apikey}'::text[], receive.body);
    return of_delivery;
end
$$;
comment on function vibe_private.receive(integer, bigint, text, text, timestamptz, jsonb, bytea) is
'keeps one delivery as it came, also an element of a page that was asked for; it is applied by vibe_private.apply_batch(). external_id and modified_at may be null: the reader finds them';

create function vibe_private.apply_batch(site_id integer, source_id bigint, up_to integer default 500) returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    taken bigint[];
    forms jsonb[];
begin
    -- Imports and erasures write the same rows: one after the other.
    perform vibe_private.take_turn(apply_batch.site_id, 'imports');
    taken := array(
        select d.delivery_id from vibe.source_deliveries as d
        where d.site_id = apply_batch.site_id and d.source_id = apply_batch.source_id and d.status = 'new'
        order by d.delivery_id limit up_to
        for no key update
    );
    if taken = '{}' then
        return 0;
    end if;
    forms := array(
        select vibe_private.read_delivery(s.kind, d.topic, i.body)
        from unnest(taken) with ordinality as t (delivery_id, place)
        join vibe.source_deliveries as d on d.site_id = apply_batch.site_id and d.delivery_id = t.delivery_id
        join vibe_private.inbox as i on i.site_id = apply_batch.site_id and i.delivery_id = t.delivery_id
        join vibe.sources as s on s.site_id = apply_batch.site_id and s.source_id = apply_batch.source_id
        order by t.place
    );
    perform vibe_private.apply_forms(apply_batch.site_id, apply_batch.source_id, taken, forms);
    perform vibe_private.keep_up_statistics();
    return cardinality(taken);
end
$$;
comment on function vibe_private.apply_batch(integer, bigint, integer) is
'applies the oldest waiting deliveries of a source, up_to so many, and settles the status of each; returns how many there were';

-- A busy shop fills empty tables in seconds. Plans that were made for them as they were would read them whole, batch after batch,
-- until autovacuum comes; ours come each time a table has doubled, and every session makes its plans anew.
create function vibe_private.keep_up_statistics() returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    grown regclass;
begin
    for grown in
        select c.oid::regclass
        from pg_class as c
        where c.oid = any ('{vibe.customers,vibe.purchases,vibe.purchase_items,vibe.source_deliveries,vibe_private.inbox,vibe_private.source_records}'::regclass[])
          and pg_relation_size(c.oid) > 2 * 8192 * greatest(c.relpages, 8)
        order by c.oid
    loop
        execute format('analyze %s', grown);
    end loop;
end
$$;
comment on function vibe_private.keep_up_statistics() is 'analyzes the tables that deliveries go to and that have doubled since they were analyzed';

create function vibe_private.read_delivery(kind text, topic text, body bytea) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    content jsonb;
begin
    begin
        content := convert_from(body, 'UTF8')::jsonb;
    exception when others then
        return jsonb_build_object('problem', 'is no JSON: ' || sqlerrm);
    end;
    -- Each by itself: an expression must know all functions in it.
    if kind = 'woocommerce' then
        return vibe_private.read_woocommerce(topic, content);
    elsif kind = 'bling' then
        return vibe_private.read_bling(topic, content);
    elsif kind = 'crm' then
        return vibe_private.read_crm(topic, content);
    end if;
    return vibe_private.read_ai_model(topic, content);
exception when others then
    return jsonb_build_object('problem', sqlerrm);
end
$$;
comment on function vibe_private.read_delivery(text, text, bytea) is
'the normal form of a delivery (order, customer, delete, interaction, model_event, ignore) by the reader of its kind; {"problem": why} where it cannot be read';

create function vibe_private.note_source(
    site_id integer, source_id bigint, error text default null, applied bigint default 0, ignored bigint default 0, is_sign boolean default true
) returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
    insert into vibe.source_states as t (site_id, source_id, last_success_at, ok_since, last_error_at, last_error, error_since, applied, ignored)
    values (
        $1, $2, case when $3 is null and $6 then now() end, case when $3 is null and $6 then now() end,
        case when $3 is not null then now() end, left($3, 1000), case when $3 is not null then now() end, $4, $5
    )
    on conflict (site_id, source_id) do update set
        last_success_at = coalesce(excluded.last_success_at, t.last_success_at),
        ok_since = case when $3 is null and $6 then case when t.error_since is null then coalesce(t.ok_since, now()) else now() end else t.ok_since end,
        last_error_at = coalesce(excluded.last_error_at, t.last_error_at),
        last_error = coalesce(excluded.last_error, t.last_error),
        error_since = case when $3 is not null then coalesce(t.error_since, now()) when not $6 then t.error_since end,
        applied = t.applied + excluded.applied,
        ignored = t.ignored + excluded.ignored
$$;
comment on function vibe_private.note_source(integer, bigint, text, bigint, bigint, boolean) is
'notes that a source answered or delivered, or, with an error, that it failed, for vibe.source_status; only counts unless is_sign';
