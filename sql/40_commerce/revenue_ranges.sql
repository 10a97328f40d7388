-- vibe.revenue_between() for many ranges at once, in one plan that a session keeps.
create function vibe.revenue_of_ranges(of_site integer, starts timestamptz[], ends timestamptz[])
returns table (place integer, orders bigint, refunds bigint, revenue numeric, refunded numeric, foreign_orders bigint)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set jit = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
    zone text;
    money char(3);
    first_of_all date;
    end_of_all date;
    marked date[];
begin
    select s.time_zone, s.currency into zone, money from vibe.sites as s where s.site_id = of_site;
    select (min(t) at time zone zone)::date into first_of_all from unnest(starts) as t;
    select (max(t) at time zone zone)::date into end_of_all from unnest(ends) as t;
    marked := array(
        select distinct m.day from vibe.revenue_marks as m where m.site_id = of_site and m.day >= first_of_all and m.day < end_of_all
    );
    return query
    with ranges as materialized (
        select
            u.place::integer as place, u.starts_at, u.ends_at,
            d.first_day + (vibe.day_start(d.first_day, zone) < u.starts_at)::integer as first_day,
            d.end_day
        from unnest(starts, ends) with ordinality as u (starts_at, ends_at, place)
        cross join lateral (select (u.starts_at at time zone zone)::date as first_day, (u.ends_at at time zone zone)::date as end_day) as d
    ), edges as (
        select r.place, r.starts_at as lower, least(vibe.day_start(r.first_day, zone), r.ends_at) as upper from ranges as r
        union all
        -- Within one day there is but one stretch.
        select r.place, vibe.day_start(r.end_day, zone), r.ends_at from ranges as r where r.first_day <= r.end_day
    ), parts as (
        select r.place, d.orders, d.refunds, d.revenue, d.refunded, d.foreign_orders
        from ranges as r
        join vibe.daily_revenue as d on d.site_id = of_site and d.day >= r.first_day and d.day < r.end_day
        where d.day <> all (marked)
        union all
        select r.place, c.orders, c.refunds, c.revenue, c.refunded, c.foreign_orders
        from (select * from vibe.count_revenue(of_site, marked) where cardinality(marked) > 0) as c
        join ranges as r on c.day >= r.first_day and c.day < r.end_day
        union all
        select
            e.place,
            count(*) filter (where not p.is_refund),
            count(*) filter (where p.is_refund),
            sum(p.amount) filter (where p.currency = money),
            -sum(p.amount) filter (where p.is_refund and p.currency = money),
            count(*) filter (where not p.is_refund and p.currency <> money)
        from edges as e
        join vibe.purchases as p on p.site_id = of_site and p.purchased_at >= e.lower and p.purchased_at < e.upper
        where e.lower < e.upper and not p.is_cancelled
        group by e.place
    )
    select
        r.place, coalesce(sum(p.orders), 0)::bigint, coalesce(sum(p.refunds), 0)::bigint, coalesce(sum(p.revenue), 0),
        coalesce(sum(p.refunded), 0), coalesce(sum(p.foreign_orders), 0)::bigint
    from ranges as r
    left join parts as p on p.place = r.place
    group by r.place
    order by r.place;
end
$$;
comment on function vibe.revenue_of_ranges(integer, timestamptz[], timestamptz[]) is
'vibe.revenue_between() for many ranges at once: the nth begins at starts[n] and ends at ends[n]';
grant execute on function vibe.revenue_of_ranges(integer, timestamptz[], timestamptz[]) to vibe_analyst;
