create function vibe.analytics_trend(
    site text default null,
    start_date date default null,
    end_date date default null,
    metric text default 'revenue',
    interval_by text default null,
    as_of timestamptz default null
)
returns table (starts_at date, value numeric, previous numeric, is_partial boolean)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    asked record;
    step text := analytics_trend.interval_by;
    size integer;
begin
    select * into asked from vibe.analytics_range(
        analytics_trend.site, analytics_trend.start_date, analytics_trend.end_date, 'same_elapsed', analytics_trend.as_of
    );
    size := asked.end_date - asked.start_date + 1;
    if analytics_trend.metric is null or analytics_trend.metric not in (
        'revenue', 'orders', 'customers', 'new_customers', 'average_order_value', 'repeat_rate', 'active_users', 'conversion_rate'
    ) then
        perform vibe.refuse('metric', analytics_trend.metric,
            'must be revenue, orders, customers, new_customers, average_order_value, repeat_rate, active_users or conversion_rate');
    elsif step not in ('day', 'week', 'month') then
        perform vibe.refuse('interval_by', step, 'must be day, week or month');
    elsif step = 'day' and size > 366 then
        perform vibe.refuse('interval_by', step, 'must be week or month for more than 366 days');
    end if;
    step := coalesce(step, case when size <= 92 then 'day' when size <= 366 and extract(day from asked.start_date) > 1 then 'week' else 'month' end);
    return query
    with steps as materialized (
        select n.day, n.is_before, n.opens, n.closes, row_number() over (partition by n.is_before order by n.day) as place
        from (
            select s.day, b.is_before, s.opens, s.closes
            from (
                values (false, asked.start_date, asked.end_date), (true, asked.previous_start_date, asked.start_date - 1)
            ) as b (is_before, first_day, last_day)
            cross join lateral vibe.analytics_steps(b.first_day, b.last_day, step, asked.time_zone) as s
        ) as n
    )
    select
        n.day,
        case when n.opens < asked.range_end or n.opens = asked.range_start then
            vibe.figure_between(asked.site_id, analytics_trend.metric, n.opens, least(n.closes, asked.range_end))
        end,
        -- Of the step that is running as much as has passed of it.
        case when p.day is not null then
            vibe.figure_between(asked.site_id, analytics_trend.metric, p.opens, case
                when n.opens <= asked.range_end and n.closes > asked.range_end then greatest(least(p.closes, asked.previous_end), p.opens)
                else p.closes
            end)
        end,
        n.closes > asked.as_of
    from steps as n
    left join steps as p on p.is_before and p.place = n.place
    where not n.is_before
    order by n.day;
end
$$;
comment on function vibe.analytics_trend(text, date, date, text, text, timestamptz) is
'a figure of vibe.analytics_kpis() from start_date to end_date step by step, beside the same step of the range before (see vibe.analytics_range()), of which for the running step as much counts as has passed of it. interval_by is day (at most 366 days), week (from Monday) or month, chosen by the length of the range unless given; the first and last step end with the range. A step without sales is zero, its averages and rates are null, and so is what has not begun';
grant execute on function vibe.analytics_trend(text, date, date, text, text, timestamptz) to vibe_analyst;

create function vibe.analytics_steps(first_day date, last_day date, step text, time_zone text)
returns table (day date, opens timestamptz, closes timestamptz)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select n.day, vibe.day_start(n.day, time_zone), vibe.day_start(lead(n.day, 1, last_day + 1) over (order by n.day), time_zone)
    from (
        select greatest(d::date, first_day) as day
        from generate_series(date_trunc(step, first_day::timestamp), last_day::timestamp, ('1 ' || step)::interval) as d
    ) as n
$$;
comment on function vibe.analytics_steps(date, date, text, text) is
'the days, weeks or months of a range and the instants at which they begin and end; the first and last one end with the range';
grant execute on function vibe.analytics_steps(date, date, text, text) to vibe_analyst;

create function vibe.figure_between(of_site integer, metric text, starts_at timestamptz, ends_at timestamptz) returns numeric
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    if metric in ('revenue', 'orders', 'average_order_value') then
        return (
            select case metric
                when 'revenue' then r.revenue
                when 'orders' then r.orders
                else round((r.revenue + r.refunded) / nullif(r.orders - r.foreign_orders, 0), 2)
            end
            from vibe.revenue_between(of_site, starts_at, ends_at) as r
        );
    elsif metric in ('active_users', 'conversion_rate') then
        return (
            select case metric
                when 'active_users' then v.active_users
                else round(v.converted_users::numeric / nullif(v.active_users, 0), 4)
            end
            from vibe.visitors_active_between(of_site, starts_at, ends_at) as v
        );
    end if;
    return (
        select case metric
            when 'customers' then c.customers
            when 'new_customers' then c.new_customers
            else round(c.repeat_customers::numeric / nullif(c.customers, 0), 4)
        end
        from vibe.customers_between(of_site, starts_at, ends_at) as c
    );
end
$$;
comment on function vibe.figure_between(integer, text, timestamptz, timestamptz) is
'one figure of vibe.range_figures(), without counting the others';
grant execute on function vibe.figure_between(integer, text, timestamptz, timestamptz) to vibe_analyst;
