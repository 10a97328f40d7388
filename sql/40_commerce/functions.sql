-- The derived columns of customers. Definer functions, because those columns are not the members' to write; each touches
-- only customers of the rows that were written.
create function vibe_private.keep_customers() returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    sites integer[];
    customers bigint[];
    sites_of_orders integer[];
    customers_of_orders bigint[];
    times timestamptz[];
begin
    -- Each branch names only the transition tables that its kind of statement has.
    if tg_op <> 'UPDATE' then
        select array_agg(c.site_id), array_agg(c.customer_id) into sites, customers
        from (select distinct site_id, customer_id from changed_purchases where customer_id is not null) as c;
        insert into vibe.revenue_marks (site_id, day)
        select distinct p.site_id, vibe.local_day(p.purchased_at, s.time_zone)
        from changed_purchases as p join vibe.sites as s using (site_id);
        select array_agg(p.site_id), array_agg(p.customer_id), array_agg(p.purchased_at) into sites_of_orders, customers_of_orders, times
        from changed_purchases as p
        where p.customer_id is not null and not p.is_refund and not p.is_cancelled;
    else
        select array_agg(b.site_id), array_agg(b.customer_id) into sites, customers
        from (
            select site_id, customer_id from new_purchases where customer_id is not null
            union
            select site_id, customer_id from old_purchases where customer_id is not null
        ) as b;
        insert into vibe.revenue_marks (site_id, day)
        select distinct p.site_id, vibe.local_day(p.purchased_at, s.time_zone)
        from (
            select site_id, purchased_at from new_purchases
            union all
            select site_id, purchased_at from old_purchases
        ) as p
        join vibe.sites as s using (site_id);
        select array_agg(p.site_id), array_agg(p.customer_id), array_agg(p.purchased_at) into sites_of_orders, customers_of_orders, times
        from (
            select site_id, customer_id, purchased_at from new_purchases where customer_id is not null and not is_refund and not is_cancelled
            union
            select site_id, customer_id, purchased_at from old_purchases where customer_id is not null and not is_refund and not is_cancelled
        ) as p;
    end if;
    perform vibe_private.refresh_customers(sites, customers);
    perform vibe_private.mark_customer_days(sites_of_orders, customers_of_orders, times);
    return null;
end
$$;
comment on function vibe_private.keep_customers() is
'statement trigger of vibe.purchases: keeps the derived columns of the customers it touched and marks the days';

create function vibe_private.keep_customers_of_items() returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    sites integer[];
    orders bigint[];
    customers bigint[];
begin
    -- Orders that go take their items along and are no longer found; the trigger of vibe.purchases sees to them.
    if tg_op <> 'UPDATE' then
        select array_agg(distinct i.site_id), array_agg(i.purchase_id) into sites, orders
        from (select distinct site_id, purchase_id from changed_items) as i;
    else
        select array_agg(distinct i.site_id), array_agg(i.purchase_id) into sites, orders
        from (select site_id, purchase_id from new_items union select site_id, purchase_id from old_items) as i;
    end if;
    insert into vibe.revenue_marks (site_id, day)
    select distinct p.site_id, vibe.local_day(p.purchased_at, s.time_zone)
    from vibe.purchases as p join vibe.sites as s using (site_id)
    where p.site_id = any (sites) and p.purchase_id = any (orders);
    select array_agg(b.site_id), array_agg(b.customer_id) into sites, customers
    from (
        select distinct p.site_id, p.customer_id
        from vibe.purchases as p
        where p.site_id = any (sites) and p.purchase_id = any (orders) and p.customer_id is not null
    ) as b;
    perform vibe_private.refresh_customers(sites, customers);
    return null;
end
$$;
comment on function vibe_private.keep_customers_of_items() is
'statement trigger of vibe.purchase_items: keeps the derived columns of the customers whose orders it touched and marks the days';

create function vibe_private.keep_customers_of_site() returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    -- Totals are in the currency, and know no days.
    if new.currency <> old.currency then
        perform vibe_private.refresh_customers(array_agg(c.site_id), array_agg(c.customer_id))
        from vibe.customers as c where c.site_id = new.site_id;
    end if;
    delete from vibe.daily_revenue as r where r.site_id = new.site_id;
    delete from vibe.daily_category_revenue as r where r.site_id = new.site_id;
    insert into vibe.customer_marks (site_id, day, onwards) values (new.site_id, '0001-01-01', true);
    insert into vibe.revenue_marks (site_id, day)
    select distinct p.site_id, vibe.local_day(p.purchased_at, new.time_zone) from vibe.purchases as p where p.site_id = new.site_id;
    return null;
end
$$;
comment on function vibe_private.keep_customers_of_site() is
'trigger of vibe.sites: computes the totals of customers and days again when the site''s currency or clock changes';

-- Two statements: the second one's snapshot begins after the locks, so it sees what a concurrent writer has committed.
create function vibe_private.refresh_customers(sites integer[], customers bigint[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = auto
as $$
begin
    if coalesce(cardinality(sites), 0) = 0 then
        return;
    elsif cardinality(sites) > 1000 then
        -- The kept plan looks up each customer's orders, which is right for few of them.
        perform set_config('plan_cache_mode', 'force_custom_plan', true);
    end if;
    perform 1
    from vibe.customers as c
    join unnest(sites, customers) as t (site_id, customer_id) using (site_id, customer_id)
    order by c.site_id, c.customer_id
    for no key update of c;

    with touched as materialized (
        select t.site_id, t.customer_id, s.currency
        from unnest(sites, customers) as t (site_id, customer_id)
        join vibe.sites as s using (site_id)
    ), figures as (
        select
            t.site_id,
            t.customer_id,
            min(p.purchased_at) filter (where not p.is_refund) as first_at,
            max(p.purchased_at) filter (where not p.is_refund) as last_at,
            count(*) filter (where not p.is_refund) as orders,
            coalesce(sum(p.amount) filter (where p.currency = t.currency), 0) as spent,
            count(*) filter (where not p.is_refund and p.currency <> t.currency) as foreign_orders
        from touched as t
        left join vibe.purchases as p
            on p.site_id = t.site_id and p.customer_id = t.customer_id and not p.is_cancelled
        group by t.site_id, t.customer_id
    ), likings as (
        select distinct on (b.site_id, b.customer_id) b.site_id, b.customer_id, b.category
        from (
            select t.site_id, t.customer_id, i.category, sum(i.quantity) as pieces
            from touched as t
            join vibe.purchases as p
                on p.site_id = t.site_id and p.customer_id = t.customer_id and not p.is_cancelled and not p.is_refund
            join vibe.purchase_items as i on i.site_id = p.site_id and i.purchase_id = p.purchase_id
            where i.category is not null
            group by t.site_id, t.customer_id, i.category
        ) as b
        order by b.site_id, b.customer_id, b.pieces desc, b.category collate "C"
    )
    update vibe.customers as c
    set first_purchase_at = f.first_at,
        last_purchase_at = f.last_at,
        order_count = f.orders,
        total_spent = f.spent,
        foreign_orders = f.foreign_orders,
        preferred_category = l.category
    from figures as f
    left join likings as l using (site_id, customer_id)
    where c.site_id = f.site_id
      and c.customer_id = f.customer_id
      and (c.first_purchase_at, c.last_purchase_at, c.order_count, c.total_spent, c.foreign_orders, c.preferred_category)
          is distinct from (f.first_at, f.last_at, f.orders, f.spent, f.foreign_orders, l.category);
end
$$;
comment on function vibe_private.refresh_customers(integer[], bigint[]) is
'computes the derived columns of these customers from vibe.purchases and vibe.purchase_items, locking them in key order';
