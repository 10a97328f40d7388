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
        k.metric, k.value, k.previous, vibe.relative_change(k.value, k.previous),
        asked.range_start, asked.range_end, asked.previous_start, asked.previous_end, asked.is_partial, k.format, 'up'
    from (
        select
            f.place,
            f.metric,
            f.format,
            max(f.value) filter (where not r.is_before) as value,
            max(case when asked.compare = 'pro_rata' and f.is_sum then round(f.value * asked.pro_rata, 2) else f.value end)
                filter (where r.is_before) as previous
        from (
            values (false, asked.range_start, asked.range_end), (true, asked.previous_start, asked.previous_end)
        ) as r (is_before, starts_at, ends_at)
        cross join lateral vibe.range_figures(asked.site_id, r.starts_at, r.ends_at) as f
        where r.starts_at is not null
        group by f.place, f.metric, f.format
    ) as k
    order by k.place;
end
$$;
comment on function vibe.analytics_kpis(text, date, date, text, timestamptz) is
'key figures of a site for the days start_date to end_date, with those of the range that they are compared with: revenue (orders less refunds) and average_order_value (before refunds) in the site''s currency, orders, customers (different ones with an order), new_customers (whose first order it was), repeat_rate (share of the customers with an order that was not their first), active_users (merged), conversion_rate (share of these who met a goal; null without goals). change is a share of previous, null from zero. format is money, integer or rate. The range and what compare does: see vibe.analytics_range(). Nothing after as_of is seen';
grant execute on function vibe.analytics_kpis(text, date, date, text, timestamptz) to vibe_analyst;

create function vibe.relative_change(value numeric, previous numeric) returns numeric
language sql immutable strict parallel safe
return round((value - previous) / nullif(abs(previous), 0), 4);
comment on function vibe.relative_change(numeric, numeric) is
'by what share of previous value is above it (below zero: under it), four digits; null from zero';
grant execute on function vibe.relative_change(numeric, numeric) to vibe_analyst;

create function vibe.range_figures(of_site integer, starts_at timestamptz, ends_at timestamptz)
returns table (place integer, metric text, value numeric, format text, is_sum boolean)
language sql stable
rows 8
set search_path = pg_catalog, pg_temp
as $$
    select f.place, f.metric, f.value, f.format, f.is_sum
    from vibe.revenue_between(of_site, starts_at, ends_at) as r
    cross join vibe.customers_between(of_site, starts_at, ends_at) as c
    cross join vibe.visitors_active_between(of_site, starts_at, ends_at) as v
    cross join lateral (
        values
            (1, 'revenue', r.revenue, 'money', true),
            (2, 'orders', r.orders, 'integer', true),
            (3, 'customers', c.customers, 'integer', true),
            (4, 'new_customers', c.new_customers, 'integer', true),
            (5, 'average_order_value', round((r.revenue + r.refunded) / nullif(r.orders - r.foreign_orders, 0), 2), 'money', false),
            (6, 'repeat_rate', round(c.repeat_customers::numeric / nullif(c.customers, 0), 4), 'rate', false),
            (7, 'active_users', v.active_users, 'integer', true),
            (8, 'conversion_rate', round(v.converted_users::numeric / nullif(v.active_users, 0), 4), 'rate', false)
    ) as f (place, metric, value, format, is_sum)
$$;
comment on function vibe.range_figures(integer, timestamptz, timestamptz) is
'the figures of vibe.analytics_kpis() for the instants from starts_at, at which a day begins, up to, not including, ends_at';
grant execute on function vibe.range_figures(integer, timestamptz, timestamptz) to vibe_analyst;
