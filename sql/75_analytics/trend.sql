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
rows 100
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    if analytics_trend.metric is null or analytics_trend.metric not in (
        'revenue', 'orders', 'customers', 'new_customers', 'average_order_value', 'repeat_rate', 'active_users', 'conversion_rate'
    ) then
        perform vibe.refuse('metric', analytics_trend.metric,
            'must be revenue, orders, customers, new_customers, average_order_value, repeat_rate, active_users or conversion_rate');
    end if;
    return query
    select t.starts_at, t.value, t.previous, t.is_partial
    from vibe.analytics_trends(
        analytics_trend.site, analytics_trend.start_date, analytics_trend.end_date, array[analytics_trend.metric],
        analytics_trend.interval_by, analytics_trend.as_of
    ) as t;
end
$$;
comment on function vibe.analytics_trend(text, date, date, text, text, timestamptz) is
'a figure of vibe.analytics_kpis() from start_date to end_date step by step, beside the same step of the range before (see vibe.analytics_range()), of which for the running step as much counts as has passed of it. interval_by is day (at most 366 days), week (from Monday) or month, chosen by the length of the range unless given; the first and last step end with the range. A step without sales is zero, its averages and rates are null, and so is what has not begun';
grant execute on function vibe.analytics_trend(text, date, date, text, text, timestamptz) to vibe_analyst;

create function vibe.analytics_trends(
    site text, start_date date, end_date date, metrics text[], interval_by text, as_of timestamptz
)
returns table (metric text, starts_at date, value numeric, previous numeric, is_partial boolean)
language plpgsql stable
rows 100
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    asked record;
    step text := analytics_trends.interval_by;
    size integer;
    days date[];
    opens timestamptz[];
    closes timestamptz[];
    until timestamptz[];
    previous_opens timestamptz[];
    previous_until timestamptz[];
begin
    select * into asked from vibe.analytics_range(
        analytics_trends.site, analytics_trends.start_date, analytics_trends.end_date, 'same_elapsed', analytics_trends.as_of
    );
    size := asked.end_date - asked.start_date + 1;
    if step not in ('day', 'week', 'month') then
        perform vibe.refuse('interval_by', step, 'must be day, week or month');
    elsif step = 'day' and size > 366 then
        perform vibe.refuse('interval_by', step, 'must be week or month for more than 366 days');
    end if;
    step := coalesce(step, case when size <= 92 then 'day' when size <= 366 and extract(day from asked.start_date) > 1 then 'week' else 'month' end);
    select array_agg(s.day order by s.day), array_agg(s.opens order by s.day), array_agg(s.closes order by s.day)
    into days, opens, closes
    from vibe.analytics_steps(asked.start_date, asked.end_date, step, asked.time_zone) as s;
    select array_agg(s.opens order by s.day), array_agg(s.closes order by s.day)
    into previous_opens, previous_until
    from vibe.analytics_steps(asked.previous_start_date, asked.start_date - 1, step, asked.time_zone) as s;
    -- What has not begun is an empty range; of the running step as much of the one before counts as has passed of it.
    until := array(
        select greatest(least(u.c, asked.range_end), u.o) from unnest(opens, closes) with ordinality as u (o, c, n) order by u.n
    );
    previous_until := array(
        select case when opens[u.n] <= asked.range_end and closes[u.n] > asked.range_end then greatest(least(u.c, asked.previous_end), u.o) else u.c end
        from unnest(previous_opens, previous_until) with ordinality as u (o, c, n)
        order by u.n
    );
    return query
    with figures as materialized (
        select f.range, f.metric, f.value
        from vibe.range_figures(
            asked.site_id, opens || previous_opens, until || previous_until,
            not metrics && array['active_users', 'conversion_rate']
        ) as f
        where f.metric = any (metrics)
    )
    select
        m.metric, d.day,
        case when opens[d.place] < asked.range_end or d.place = 1 then f.value end,
        p.value,
        closes[d.place] > asked.as_of
    from unnest(metrics) with ordinality as m (metric, n)
    cross join unnest(days) with ordinality as d (day, place)
    left join figures as f on f.metric = m.metric and f.range = d.place
    left join figures as p on p.metric = m.metric and p.range = d.place + cardinality(opens) and d.place <= cardinality(previous_opens)
    order by m.n, d.day;
end
$$;
comment on function vibe.analytics_trends(text, date, date, text[], text, timestamptz) is
'vibe.analytics_trend() of several figures, counted together';
grant execute on function vibe.analytics_trends(text, date, date, text[], text, timestamptz) to vibe_analyst;

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
