-- Whom forms are about. A person is known by the source's number, else by the address: guests of a shop are one customer
-- for each address, the registered one if there is one.

create function vibe_private.form_people(ids bigint[], forms jsonb[]) returns setof vibe_private.form_person
language sql stable
as $$
    select distinct on (1)
        coalesce(c.external_id, '@' || e.email), c.external_id, e.email, nullif(left(trim(c.name), 500), ''),
        nullif(left(trim(c.location), 200), ''), c.registered_at, m.modified_at
    from unnest($1, $2) as f (id, form)
    cross join jsonb_each(f.form) as k (name, value)
    cross join lateral (select case k.name when 'customer' then k.value else k.value -> 'customer' end as told) as t
    cross join jsonb_to_record(case when jsonb_typeof(t.told) = 'object' then t.told else '{}' end) as c (
        external_id text, email text, name text, location text, registered_at timestamptz
    )
    cross join lateral (select vibe_private.clean_email(c.email) as email) as e
    -- Who is only mentioned is made known, but not changed.
    cross join lateral (
        select case when k.name in ('order', 'customer')
            then coalesce(t.told ->> 'modified_at', k.value ->> 'modified_at', k.value ->> 'at', now()::text)::timestamptz
            else '-infinity' end as modified_at
    ) as m
    where c.external_id is not null or e.email is not null
    order by 1, m.modified_at desc, f.id desc
$$;
comment on function vibe_private.form_people(bigint[], jsonb[]) is
'the people in normal forms, each once, as the newest form tells';

create function vibe_private.store_people(site_id integer, source_id bigint, prefix text, ids bigint[], forms jsonb[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    people constant vibe_private.form_person[] := array(select p from vibe_private.form_people(ids, forms) as p);
begin
    -- The registered first: guests may be one of them.
    perform vibe_private.find_registered(site_id, source_id, prefix, people);
    perform vibe_private.merge_guests(site_id, source_id, people);
    perform vibe_private.find_guests(site_id, source_id, people);
    -- What a guest's order says completes a registered customer and changes nothing.
    with newer as materialized (
        select distinct on (r.customer_id) r.customer_id, p.*
        from unnest(people) as p
        join vibe_private.source_records as r
            on r.site_id = store_people.site_id and r.source_id = store_people.source_id and r.kind = 'customer' and r.external_id = p.person
        where p.modified_at >= r.modified_at and r.customer_id is not null
        order by r.customer_id, p.external_id is null, p.modified_at desc
    ), seen as (
        update vibe_private.source_records as r set modified_at = p.modified_at
        from unnest(people) as p
        where r.site_id = store_people.site_id and r.source_id = store_people.source_id and r.kind = 'customer' and r.external_id = p.person
          and p.modified_at > r.modified_at
    )
    update vibe.customers as c
    set name = case when n.external_id is null and c.external_id is not null then coalesce(c.name, n.name) else coalesce(n.name, c.name) end,
        email = coalesce(case when n.external_id is null then c.email end, n.email, c.email),
        location = case when n.external_id is null and c.external_id is not null then coalesce(c.location, n.location) else coalesce(n.location, c.location) end,
        registered_at = coalesce(n.registered_at, c.registered_at)
    from newer as n
    where c.site_id = store_people.site_id and c.customer_id = n.customer_id
      and (c.name, c.email, c.location, c.registered_at) is distinct from (
          case when n.external_id is null and c.external_id is not null then coalesce(c.name, n.name) else coalesce(n.name, c.name) end,
          coalesce(case when n.external_id is null then c.email end, n.email, c.email),
          case when n.external_id is null and c.external_id is not null then coalesce(c.location, n.location) else coalesce(n.location, c.location) end,
          coalesce(n.registered_at, c.registered_at)
      );
end
$$;
comment on function vibe_private.store_people(integer, bigint, text, bigint[], jsonb[]) is
'makes or finds the customers that these forms are about; vibe_private.source_records then has their customer_id';

create function vibe_private.find_registered(of_site integer, of_source bigint, prefix text, people vibe_private.form_person[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    with fresh as materialized (
        select p.*, c.customer_id as known_id
        from unnest(people) as p
        left join vibe_private.source_records as r
            on r.site_id = of_site and r.source_id = of_source and r.kind = 'customer' and r.external_id = p.person
        left join vibe.customers as c on c.site_id = of_site and c.external_id = prefix || p.external_id
        where p.external_id is not null and r.customer_id is null
    ), likely as (
        -- By address: a guest, or somebody whom another source knows and this one does not know by another number.
        select f.person, m.customer_id, row_number() over (partition by m.customer_id order by f.person) as place
        from fresh as f
        cross join lateral (
            select c.customer_id
            from vibe.customers as c
            where c.site_id = of_site and lower(c.email) = f.email
              and (c.external_id is null or exists (
                  select from vibe_private.source_records as o
                  where o.site_id = of_site and o.customer_id = c.customer_id and o.kind = 'customer' and o.source_id <> of_source
              ))
              and not exists (
                  select from vibe_private.source_records as o
                  where o.site_id = of_site and o.customer_id = c.customer_id and o.kind = 'customer' and o.source_id = of_source
                    and o.external_id not like '@%'
              )
            order by c.external_id is null, c.customer_id
            limit 1
        ) as m
        where f.known_id is null
    ), found as materialized (
        select f.*, coalesce(f.known_id, l.customer_id) as customer_id
        from fresh as f
        left join likely as l on l.person = f.person and l.place = 1
    ), added as (
        insert into vibe.customers (site_id, external_id, name, email, location, registered_at)
        select of_site, prefix || f.external_id, f.name, f.email, f.location, f.registered_at
        from found as f where f.customer_id is null
        order by f.external_id
        returning customer_id, external_id
    ), adopted as (
        update vibe.customers as c set external_id = prefix || f.external_id
        from found as f
        where c.site_id = of_site and c.customer_id = f.customer_id and c.external_id is null
    )
    insert into vibe_private.source_records as r (site_id, source_id, kind, external_id, modified_at, customer_id)
    select of_site, of_source, 'customer', f.person, '-infinity', coalesce(f.customer_id, a.customer_id)
    from found as f
    left join added as a on a.external_id = prefix || f.external_id
    order by f.person
    on conflict on constraint source_records_pkey do update set customer_id = excluded.customer_id;
end
$$;
comment on function vibe_private.find_registered(integer, bigint, text, vibe_private.form_person[]) is
'customers for the people with a number of the source: the known one, a guest or another source''s customer of that address, or a new one';

create function vibe_private.find_guests(of_site integer, of_source bigint, people vibe_private.form_person[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    with found as materialized (
        select p.*, m.customer_id
        from unnest(people) as p
        left join vibe_private.source_records as r
            on r.site_id = of_site and r.source_id = of_source and r.kind = 'customer' and r.external_id = p.person
        left join lateral (
            select c.customer_id from vibe.customers as c
            where c.site_id = of_site and lower(c.email) = p.email
            order by c.external_id is null, c.customer_id
            limit 1
        ) as m on true
        where p.external_id is null and r.customer_id is null
    ), added as (
        insert into vibe.customers (site_id, name, email, location)
        select of_site, f.name, f.email, f.location from found as f where f.customer_id is null
        order by f.email
        returning customer_id, email
    )
    insert into vibe_private.source_records as r (site_id, source_id, kind, external_id, modified_at, customer_id)
    select of_site, of_source, 'customer', f.person, '-infinity', coalesce(f.customer_id, a.customer_id)
    from found as f
    left join added as a on a.email = f.email
    order by f.person
    on conflict on constraint source_records_pkey do update set customer_id = excluded.customer_id;
end
$$;
comment on function vibe_private.find_guests(integer, bigint, vibe_private.form_person[]) is
'customers for the people of whom only an address is known: one for each address';

create function vibe_private.merge_guests(of_site integer, of_source bigint, people vibe_private.form_person[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    pair record;
begin
    for pair in
        select g.customer_id as guest, min(r.customer_id) as registered
        from unnest(people) as p
        join vibe_private.source_records as r
            on r.site_id = of_site and r.source_id = of_source and r.kind = 'customer' and r.external_id = p.person
        join vibe.customers as g on g.site_id = of_site and lower(g.email) = p.email and g.external_id is null and g.customer_id <> r.customer_id
        where p.external_id is not null
          and exists (
              select from vibe_private.source_records as o
              where o.site_id = of_site and o.customer_id = g.customer_id and o.kind = 'customer' and o.external_id = '@' || p.email
          )
        group by g.customer_id
        order by g.customer_id
    loop
        update vibe.purchases as t set customer_id = pair.registered where t.site_id = of_site and t.customer_id = pair.guest;
        update vibe.interactions as t set customer_id = pair.registered where t.site_id = of_site and t.customer_id = pair.guest;
        update vibe.ai_model_events as t set customer_id = pair.registered where t.site_id = of_site and t.customer_id = pair.guest;
        update vibe.campaign_events as t set customer_id = pair.registered where t.site_id = of_site and t.customer_id = pair.guest;
        update vibe.source_deliveries as t set customer_id = pair.registered where t.site_id = of_site and t.customer_id = pair.guest;
        update vibe_private.source_records as t set customer_id = pair.registered where t.site_id = of_site and t.customer_id = pair.guest;
        update vibe.site_users as t set customer_id = pair.registered where t.site_id = of_site and t.customer_id = pair.guest;
        delete from vibe.customers as t where t.site_id = of_site and t.customer_id = pair.guest;
    end loop;
end
$$;
comment on function vibe_private.merge_guests(integer, bigint, vibe_private.form_person[]) is
'gives what a guest has to the registered customer of these forms who has the guest''s address';
