-- The key figures of a range and of the one before, in the form of vibe.get_crm_metrics().
create function vibe.analytics_kpis(
    site text default null,
    start_date date default null,
    end_date date default null,
    compare text default 'same_elapsed',
    as_of timestamptz default null
)
returns table (
    metric text, value numeric, previous numeric, change numeric,
    range_start timestamptz, range_end timestamptz, previous_start timestamptz, previous_end timestamptz,
    is_partial boolean, format text, better text
)
language plpgsql stable
rows 8
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    asked record;
begin
    select * into asked from vibe.analytics_range(
        analytics_kpis.site, analytics_kpis.start_date, analytics_kpis.end_date, analytics_kpis.compare, analytics_kpis.as_of
    );
    return query
    select
        k.metric, k.value, k.previous, vibe.metric_change(k.value, k.previous, k.format),
        asked.range_start, asked.range_end, asked.previous_start, asked.previous_end, asked.is_partial, k.format, 'up'
    from (
        select
            f.place,
            f.metric,
            f.format,
            max(f.value) filter (where f.range = 1) as value,
            max(case when asked.compare = 'pro_rata' and f.is_sum then round(f.value * asked.pro_rata, 2) else f.value end)
                filter (where f.range = 2) as previous
        from vibe.range_figures(
            asked.site_id,
            array_remove(array[asked.range_start, asked.previous_start], null),
            array_remove(array[asked.range_end, asked.previous_end], null)
        ) as f
        group by f.place, f.metric, f.format
    ) as k
    order by k.place;
end
$$;
comment on function vibe.analytics_kpis(text, date, date, text, timestamptz) is
'key figures of a site for the days start_date to end_date, with those of the range that they are compared with: revenue (orders less refunds) and average_order_value (before refunds) in the site''s currency, orders, customers (different ones with an order), new_customers (whose first order it was), repeat_rate (share of the customers with an order that was not their first), active_users (merged), conversion_rate (share of these who met a goal; null without goals). change is told as by vibe.metric_change(). format is money, integer or rate. The range and what compare does: see vibe.analytics_range(). Nothing after as_of is seen';
grant execute on function vibe.analytics_kpis(text, date, date, text, timestamptz) to vibe_analyst;

create function vibe.range_figures(of_site integer, starts timestamptz[], ends timestamptz[], only_sales boolean default false)
returns table (range integer, place integer, metric text, value numeric, format text, is_sum boolean)
language plpgsql stable
rows 16
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    select r.place, f.place, f.metric, f.value, f.format, f.is_sum
    from vibe.revenue_of_ranges(of_site, starts, ends) as r
    join vibe.customers_of_ranges(of_site, starts, ends) as c on c.place = r.place
    cross join lateral (
        values
            (1, 'revenue', r.revenue, 'money', true),
            (2, 'orders', r.orders, 'integer', true),
            (3, 'customers', c.customers, 'integer', true),
            (4, 'new_customers', c.new_customers, 'integer', true),
            (5, 'average_order_value', round((r.revenue + r.refunded) / nullif(r.orders - r.foreign_orders, 0), 2), 'money', false),
            (6, 'repeat_rate', round(c.repeat_customers::numeric / nullif(c.customers, 0), 4), 'rate', false)
    ) as f (place, metric, value, format, is_sum);
    if only_sales then
        return;
    end if;
    return query
    select u.place::integer, f.place, f.metric, f.value, f.format, f.is_sum
    from unnest(starts, ends) with ordinality as u (starts_at, ends_at, place)
    cross join lateral vibe.visitors_active_between(of_site, u.starts_at, u.ends_at) as v
    cross join lateral (
        values
            (7, 'active_users', v.active_users, 'integer', true),
            (8, 'conversion_rate', round(v.converted_users::numeric / nullif(v.active_users, 0), 4), 'rate', false)
    ) as f (place, metric, value, format, is_sum);
end
$$;
comment on function vibe.range_figures(integer, timestamptz[], timestamptz[], boolean) is
'the figures of vibe.analytics_kpis() for many ranges at once, the nth from starts[n], at which a day begins, up to, not including, ends[n]; only_sales leaves out those of users';
grant execute on function vibe.range_figures(integer, timestamptz[], timestamptz[], boolean) to vibe_analyst;
