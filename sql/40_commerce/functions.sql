-- Definer, because the derived columns are not the members' to write; it touches only customers of the written purchases.
create function vibe_private.keep_purchase_dates() returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    sites integer[];
    customers bigint[];
begin
    -- Each branch names only the transition tables that its kind of statement has.
    if tg_op = 'INSERT' then
        select array_agg(n.site_id), array_agg(n.customer_id) into sites, customers
        from (select distinct site_id, customer_id from new_purchases where customer_id is not null) as n;
    elsif tg_op = 'DELETE' then
        select array_agg(o.site_id), array_agg(o.customer_id) into sites, customers
        from (select distinct site_id, customer_id from old_purchases where customer_id is not null) as o;
    else
        select array_agg(b.site_id), array_agg(b.customer_id) into sites, customers
        from (
            select site_id, customer_id from new_purchases where customer_id is not null
            union
            select site_id, customer_id from old_purchases where customer_id is not null
        ) as b;
    end if;
    perform vibe_private.refresh_purchase_dates(sites, customers);
    return null;
end
$$;
comment on function vibe_private.keep_purchase_dates() is
'statement trigger of vibe.purchases: keeps first_purchase_at and last_purchase_at of the customers it touched';

-- Two statements: the second one's snapshot begins after the locks, so it sees what a concurrent writer has committed.
create function vibe_private.refresh_purchase_dates(sites integer[], customers bigint[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform 1
    from vibe.customers as c
    join unnest(sites, customers) as t (site_id, customer_id) using (site_id, customer_id)
    order by c.site_id, c.customer_id
    for no key update of c;

    update vibe.customers as c
    set first_purchase_at = f.first_at, last_purchase_at = f.last_at
    from (
        select t.site_id, t.customer_id, min(p.purchased_at) as first_at, max(p.purchased_at) as last_at
        from unnest(sites, customers) as t (site_id, customer_id)
        left join vibe.purchases as p
            on p.site_id = t.site_id and p.customer_id = t.customer_id and not p.is_refund and not p.is_cancelled
        group by t.site_id, t.customer_id
    ) as f
    where c.site_id = f.site_id
      and c.customer_id = f.customer_id
      and (c.first_purchase_at, c.last_purchase_at) is distinct from (f.first_at, f.last_at);
end
$$;
comment on function vibe_private.refresh_purchase_dates(integer[], bigint[]) is
'sets first and last purchase of these customers from vibe.purchases, locking them in key order';
