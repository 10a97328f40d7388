-- What sources delivered about a person: found by customer, by order, and in what could not be read by the person's names.

create function vibe_private.person_deliveries(of_site integer, visitors bigint[], customers bigint[]) returns setof bigint
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    words constant text := vibe_private.person_words(of_site, visitors, customers);
begin
    return query
    select d.delivery_id from vibe.source_deliveries as d where d.site_id = of_site and d.customer_id = any (customers)
    union
    -- Older versions and deletions of an order were passed over before anybody looked whose it is.
    select d.delivery_id
    from vibe.person_orders(of_site, visitors, customers) as o (number)
    join vibe.sources as s on s.site_id = of_site and o.number like s.id_prefix || '%'
    join vibe.source_deliveries as d
        on d.site_id = of_site and d.source_id = s.source_id and s.id_prefix || d.external_id = o.number
        and d.topic !~* '^(customer|contact|contato|person|lead)'
    union
    select d.delivery_id
    from vibe_private.source_records as r
    join vibe.source_deliveries as d
        on d.site_id = of_site and d.source_id = r.source_id and d.external_id = r.external_id and d.topic ~* '^(customer|contact|contato|person|lead)'
    where r.site_id = of_site and r.customer_id = any (customers) and r.kind = 'customer'
    union
    select d.delivery_id
    from vibe.source_deliveries as d
    join vibe_private.inbox as i using (site_id, delivery_id)
    where d.site_id = of_site and (d.status in ('new', 'failed') or d.external_id is null) and vibe_private.delivered_text(i.body) ~* words;
end
$$;
comment on function vibe_private.person_deliveries(integer, bigint[], bigint[]) is
'the deliveries about these visitors and customers, read or not';

create function vibe_private.person_words(of_site integer, visitors bigint[], customers bigint[]) returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    -- Numbers alone stand in every delivery.
    select vibe.words_pattern(array_agg(n.name))
    from (
        select v.name from vibe.site_users as u cross join lateral (values (u.external_id), (u.email), (u.name)) as v (name)
        where u.site_id = of_site and u.user_id = any (visitors)
        union
        select v.name from vibe.customers as c cross join lateral (values (c.external_id), (c.email), (c.name)) as v (name)
        where c.site_id = of_site and c.customer_id = any (customers)
        union
        select regexp_replace(r.external_id, '^@', '') from vibe_private.source_records as r
        where r.site_id = of_site and r.customer_id = any (customers) and r.kind = 'customer'
    ) as n
    where length(n.name) > 2 and n.name !~ '^[0-9]{1,7}$'
$$;
comment on function vibe_private.person_words(integer, bigint[], bigint[]) is
'regular expression for text that names these visitors and customers by address, name or an id that is no short number; null if they have none';

create function vibe_private.delivered_text(body bytea) returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    told text;
begin
    begin
        told := convert_from(body, 'UTF8');
        told := told::jsonb::text;
    exception when others then
        told := coalesce(told, convert_from(body, 'LATIN1'));
    end;
    return vibe_private.plain_text(told);
end
$$;
comment on function vibe_private.delivered_text(bytea) is 'the content of a delivery as text, without the escapes of JSON and HTML where it is such';

create function vibe_private.erase_deliveries(of_site integer, visitors bigint[], customers bigint[]) returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    answer jsonb;
begin
    with gone as (
        delete from vibe.source_deliveries as d
        where d.site_id = of_site and d.delivery_id in (select vibe_private.person_deliveries(of_site, visitors, customers))
        returning 1
    )
    select jsonb_build_object('deliveries', count(*)) into answer from gone;
    with gone as (
        delete from vibe.interactions as i where i.site_id = of_site and i.customer_id = any (customers) returning 1
    )
    select answer || jsonb_build_object('interactions', count(*)) into answer from gone;
    with gone as (
        delete from vibe.ai_model_events as e where e.site_id = of_site and e.customer_id = any (customers) returning 1
    )
    select answer || jsonb_build_object('ai_model_events', count(*)) into answer from gone;
    -- Of orders number and version stay: an old version that comes late must not bring the person back.
    delete from vibe_private.source_records as r
    where r.site_id = of_site and r.customer_id = any (customers) and r.kind = 'customer';
    return answer;
end
$$;
comment on function vibe_private.erase_deliveries(integer, bigint[], bigint[]) is
'erases what sources delivered about these visitors and customers, while their purchases are still theirs; returns how much';

create function vibe.person_deliveries(of_site integer, visitors bigint[], customers bigint[]) returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    perform vibe.site_id(of_site::text, 'member');
    return (
        select coalesce(jsonb_agg(
            to_jsonb(d) - '{site_id,sha256}'::text[] || jsonb_build_object('content', vibe_private.delivered_text(i.body)) order by d.delivery_id
        ), '[]')
        from vibe.source_deliveries as d
        join vibe_private.inbox as i using (site_id, delivery_id)
        where d.site_id = of_site and d.delivery_id in (select vibe_private.person_deliveries(of_site, visitors, customers))
    );
end
$$;
comment on function vibe.person_deliveries(integer, bigint[], bigint[]) is
'what sources delivered about these visitors and customers, with its content, for vibe.export_user() and vibe.export_customer(). For members of the site. Definer: contents are nobody''s to read otherwise';
grant execute on function vibe.person_deliveries(integer, bigint[], bigint[]) to vibe_member;

create function vibe_private.expire_deliveries(of_site integer) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    removed bigint;
begin
    delete from vibe.source_deliveries as d
    where d.site_id = of_site and d.status in ('applied', 'ignored') and d.applied_at < now() - interval '30 days'
       or d.site_id = of_site and d.status = 'failed' and d.applied_at < now() - interval '90 days';
    get diagnostics removed = row_count;
    return removed;
end
$$;
comment on function vibe_private.expire_deliveries(integer) is
'removes deliveries that were settled 30 days ago, 90 where they failed: what they told is in the tables. Returns how many';
