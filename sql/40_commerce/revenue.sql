-- One definition of a day's revenue, for the roll-up and for days that were written to since.
-- A day is a stretch of the index by time, however many days the planner takes the array for; code is not worth compiling.

create function vibe.count_revenue(of_site integer, days date[])
returns table (
    day date,
    orders integer,
    refunds integer,
    buyers integer,
    revenue numeric,
    refunded numeric,
    foreign_orders integer
)
language sql
stable
set search_path = pg_catalog, pg_temp
set jit = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
    -- Once for a day and not for each of its orders.
    with spans as materialized (
        select
            d.day, s.site_id, s.currency,
            vibe.day_start(d.day, s.time_zone) as starts_at,
            vibe.day_start(d.day + 1, s.time_zone) as ends_at
        from (select distinct u.day from unnest(days) as u (day)) as d
        join vibe.sites as s on s.site_id = of_site
    )
    -- Each day by itself: its customers are sorted in the cache, a year of them on disk.
    select s.day, c.orders, c.refunds, c.buyers, c.revenue, c.refunded, c.foreign_orders
    from spans as s
    cross join lateral (
        select
            (count(*) filter (where not p.is_refund))::integer as orders,
            (count(*) filter (where p.is_refund))::integer as refunds,
            (count(distinct p.customer_id) filter (where not p.is_refund))::integer as buyers,
            coalesce(sum(p.amount) filter (where p.currency = s.currency), 0) as revenue,
            coalesce(-sum(p.amount) filter (where p.is_refund and p.currency = s.currency), 0) as refunded,
            (count(*) filter (where not p.is_refund and p.currency <> s.currency))::integer as foreign_orders
        from vibe.purchases as p
        where p.site_id = s.site_id
          and p.purchased_at >= s.starts_at
          and p.purchased_at < s.ends_at
          and not p.is_cancelled
    ) as c
    where c.orders + c.refunds > 0
$$;
comment on function vibe.count_revenue(integer, date[]) is
'what these days of a site sold, counted from the purchases; days without orders and refunds give no row. Money is in the site''s currency, orders in another one are counted in foreign_orders';
grant execute on function vibe.count_revenue(integer, date[]) to vibe_analyst;

create function vibe.count_category_revenue(of_site integer, days date[])
returns table (day date, category text, orders integer, quantity bigint, revenue numeric)
language sql
stable
set search_path = pg_catalog, pg_temp
set jit = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
    -- Once for a day and not for each of its orders.
    with spans as materialized (
        select
            d.day, s.site_id, s.currency,
            vibe.day_start(d.day, s.time_zone) as starts_at,
            vibe.day_start(d.day + 1, s.time_zone) as ends_at
        from (select distinct u.day from unnest(days) as u (day)) as d
        join vibe.sites as s on s.site_id = of_site
    )
    select s.day, c.category, c.orders, c.quantity, c.revenue
    from spans as s
    cross join lateral (
        select
            coalesce(i.category, '') as category,
            (count(distinct p.purchase_id) filter (where not p.is_refund))::integer as orders,
            coalesce(sum(i.quantity), 0)::bigint as quantity,
            coalesce(sum(i.amount), 0) as revenue
        from vibe.purchases as p
        join vibe.purchase_items as i on i.site_id = p.site_id and i.purchase_id = p.purchase_id
        where p.site_id = s.site_id
          and p.purchased_at >= s.starts_at
          and p.purchased_at < s.ends_at
          and p.currency = s.currency
          and not p.is_cancelled
        group by coalesce(i.category, '')
    ) as c
$$;
comment on function vibe.count_category_revenue(integer, date[]) is
'what these days of a site sold by category ('''' for items without one), counted from the items of purchases in the site''s currency';
grant execute on function vibe.count_category_revenue(integer, date[]) to vibe_analyst;

-- Two steps: a mark that the first one sees stands for rows that the second one sees; later marks stay for the next time.
create function vibe_private.refresh_revenue(of_site integer) returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
    due date[];
begin
    perform vibe_private.take_turn(of_site, 'revenue');
    with gone as (
        delete from vibe.revenue_marks as m where m.site_id = of_site returning m.day
    )
    select coalesce(array_agg(distinct g.day), '{}') into due from gone as g;
    if due = '{}' then
        return 0;
    end if;
    delete from vibe.daily_revenue as r where r.site_id = of_site and r.day = any (due);
    insert into vibe.daily_revenue (site_id, day, orders, refunds, buyers, revenue, refunded, foreign_orders)
    select of_site, c.day, c.orders, c.refunds, c.buyers, c.revenue, c.refunded, c.foreign_orders
    from vibe.count_revenue(of_site, due) as c
    order by c.day;
    delete from vibe.daily_category_revenue as r where r.site_id = of_site and r.day = any (due);
    insert into vibe.daily_category_revenue (site_id, day, category, orders, quantity, revenue)
    select of_site, c.day, c.category, c.orders, c.quantity, c.revenue
    from vibe.count_category_revenue(of_site, due) as c
    order by c.day, c.category;
    return cardinality(due);
end
$$;
comment on function vibe_private.refresh_revenue(integer) is
'counts the days of a site that were written to into vibe.daily_revenue and vibe.daily_category_revenue; returns how many they were';

-- Whole days are added up as vibe.revenue_by_day has them, and marked ones counted only if they are asked for (the view
-- would count all of them); the rest of a day on either side is counted.
create function vibe.revenue_between(of_site integer, starts_at timestamptz, ends_at timestamptz)
returns table (orders bigint, refunds bigint, revenue numeric, refunded numeric, foreign_orders bigint)
language sql
stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
    with days as materialized (
        select
            s.site_id,
            s.currency,
            s.time_zone,
            (starts_at at time zone s.time_zone)::date
                + (vibe.day_start((starts_at at time zone s.time_zone)::date, s.time_zone) < starts_at)::integer as first_day,
            (ends_at at time zone s.time_zone)::date as end_day
        from vibe.sites as s where s.site_id = of_site
    ), edges as materialized (
        select d.site_id, d.currency, starts_at as lower, least(vibe.day_start(d.first_day, d.time_zone), ends_at) as upper
        from days as d
        union all
        -- Within one day there is but one stretch.
        select d.site_id, d.currency, vibe.day_start(d.end_day, d.time_zone), ends_at
        from days as d
        where d.first_day <= d.end_day
    ), parts as (
        select r.orders, r.refunds, r.revenue, r.refunded, r.foreign_orders
        from days as d
        join vibe.daily_revenue as r on r.site_id = d.site_id and r.day >= d.first_day and r.day < d.end_day
        where not exists (select from vibe.revenue_marks as m where m.site_id = r.site_id and m.day = r.day)
        union all
        select c.orders, c.refunds, c.revenue, c.refunded, c.foreign_orders
        from (
            select d.site_id, array_agg(distinct m.day) as days
            from days as d
            join vibe.revenue_marks as m on m.site_id = d.site_id and m.day >= d.first_day and m.day < d.end_day
            group by d.site_id
        ) as m
        cross join lateral vibe.count_revenue(m.site_id, m.days) as c
        union all
        select
            count(*) filter (where not p.is_refund),
            count(*) filter (where p.is_refund),
            sum(p.amount) filter (where p.currency = d.currency),
            -sum(p.amount) filter (where p.is_refund and p.currency = d.currency),
            count(*) filter (where not p.is_refund and p.currency <> d.currency)
        from edges as d
        join vibe.purchases as p on p.site_id = d.site_id and p.purchased_at >= d.lower and p.purchased_at < d.upper
        where not p.is_cancelled
    )
    select
        coalesce(sum(p.orders), 0)::bigint, coalesce(sum(p.refunds), 0)::bigint, coalesce(sum(p.revenue), 0),
        coalesce(sum(p.refunded), 0), coalesce(sum(p.foreign_orders), 0)::bigint
    from parts as p
$$;
comment on function vibe.revenue_between(integer, timestamptz, timestamptz) is
'what a site sold from starts_at up to, not including, ends_at: orders, refunds, revenue less refunds, money given back, and orders in another currency; always one row';
grant execute on function vibe.revenue_between(integer, timestamptz, timestamptz) to vibe_analyst;
