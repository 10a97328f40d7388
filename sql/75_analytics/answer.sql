-- GET /api/v1/analytics: the whole picture of a range in one answer and one snapshot (A-02).
create function vibe.get_analytics(
    site text default null,
    start_date date default null,
    end_date date default null,
    compare text default 'same_elapsed',
    as_of timestamptz default null
) returns json
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    asked record;
    months json;
    kpis json;
    figures jsonb;
begin
    select * into asked from vibe.analytics_range(site, start_date, end_date, compare, as_of);
    select json_agg(k), jsonb_object_agg(k.metric, to_jsonb(k) - 'metric')
    into kpis, figures
    from vibe.analytics_kpis(asked.site_id::text, asked.start_date, asked.end_date, asked.compare, as_of) as k;
    months := vibe.analytics_months(asked.site_id, asked.end_date, asked.compare, as_of);
    return json_build_object(
        'site_id', asked.site_id,
        'currency', asked.currency,
        'time_zone', asked.time_zone,
        'as_of', asked.as_of,
        'range', json_build_object(
            'start_date', asked.start_date, 'end_date', asked.end_date, 'starts_at', asked.range_start, 'ends_at', asked.range_end,
            'is_partial', asked.is_partial
        ),
        'compare', json_build_object(
            'mode', asked.compare, 'starts_at', asked.previous_start, 'ends_at', asked.previous_end
        ),
        'currentMonth', months -> 'current',
        'previousMonth', months -> 'previous',
        'revenue', json_build_object(
            'total', figures #> '{revenue,value}', 'previous', figures #> '{revenue,previous}', 'change', figures #> '{revenue,change}',
            'orders', figures #> '{orders,value}', 'average_order_value', figures #> '{average_order_value,value}'
        ),
        'customers', json_build_object(
            'total', figures #> '{customers,value}', 'previous', figures #> '{customers,previous}', 'change', figures #> '{customers,change}',
            'new', figures #> '{new_customers,value}', 'repeat_rate', figures #> '{repeat_rate,value}'
        ),
        'sources', (
            select json_object_agg(s.source, json_build_object(
                'value', s.value, 'orders', s.orders, 'status', s.status, 'since', s.since, 'code', s.code, 'last_success_at', s.last_success_at
            ))
            from vibe.analytics_sources(asked.site_id::text, asked.start_date, asked.end_date, as_of) as s
        ),
        'kpis', kpis,
        'trends', (
            select json_object_agg(m.metric, m.points)
            from (
                select t.metric, json_agg(json_build_object(
                    'starts_at', t.starts_at, 'value', t.value, 'previous', t.previous, 'is_partial', t.is_partial) order by t.starts_at) as points
                from vibe.analytics_trends(
                    asked.site_id::text, asked.start_date, asked.end_date, array['revenue', 'orders', 'customers'], null, as_of
                ) as t
                group by t.metric
            ) as m
        ),
        'clusters', (
            select json_agg(c) from vibe.analytics_clusters(asked.site_id::text, months #>> '{current,month}', as_of) as c
        )
    );
end
$$;
comment on function vibe.get_analytics(text, date, date, text, timestamptz) is
'the whole picture of a range in one answer, also GET /api/v1/analytics: currentMonth and previousMonth (receita is revenue; the month of end_date and the one before, compared as compare says), kpis (vibe.analytics_kpis()), trends of revenue, orders and customers (vibe.analytics_trend()), clusters of that month (vibe.analytics_clusters()) and sources (vibe.analytics_sources()); all from one snapshot';
grant execute on function vibe.get_analytics(text, date, date, text, timestamptz) to vibe_analyst;

create function vibe.analytics_months(of_site integer, in_day date, compare text, as_of timestamptz) returns json
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    zone constant text := (select s.time_zone from vibe.sites as s where s.site_id = of_site);
    first_day constant date := date_trunc('month', least(in_day, (coalesce(as_of, now()) at time zone zone)::date)::timestamp);
    asked record;
    starts timestamptz[];
    ends timestamptz[];
    figures jsonb;
begin
    select * into asked from vibe.analytics_range(
        of_site::text, first_day, (first_day + interval '1 month')::date - 1, compare, as_of
    );
    starts := array_remove(array[asked.range_start, asked.previous_start], null);
    ends := array_remove(array[asked.range_end, asked.previous_end], null);
    select jsonb_object_agg(m.name, jsonb_build_object(
        'month', to_char(m.first_day, 'YYYY-MM'),
        'receita', m.revenue,
        'revenue', m.revenue,
        'pedidos', m.orders,
        'orders', m.orders,
        'clientes', m.customers,
        'customers', m.customers,
        'average_order_value', m.average_order_value,
        'starts_at', m.starts_at,
        'ends_at', m.ends_at
    )) into figures
    from (
        select
            n.name, n.first_day, n.starts_at, n.ends_at,
            round(s.revenue * n.counts, 2) as revenue,
            case when n.counts = 1 then s.orders else round(s.orders * n.counts, 2) end as orders,
            case when n.counts = 1 then c.customers else round(c.customers * n.counts, 2) end as customers,
            round((s.revenue + s.refunded) / nullif(s.orders - s.foreign_orders, 0), 2) as average_order_value
        from (
            values
                (1, 'current', asked.start_date, asked.range_start, asked.range_end, 1),
                (2, 'previous', asked.previous_start_date, asked.previous_start, asked.previous_end,
                    case when compare = 'pro_rata' then asked.pro_rata else 1 end)
        ) as n (place, name, first_day, starts_at, ends_at, counts)
        join vibe.revenue_of_ranges(of_site, starts, ends) as s on s.place = n.place
        join vibe.customers_of_ranges(of_site, starts, ends) as c on c.place = n.place
    ) as m;
    return json_build_object(
        'current', (figures -> 'current') || jsonb_build_object(
            'is_partial', asked.is_partial,
            'change', vibe.metric_change((figures #>> '{current,revenue}')::numeric, (figures #>> '{previous,revenue}')::numeric, 'money')
        ),
        'previous', figures -> 'previous'
    );
end
$$;
comment on function vibe.analytics_months(integer, date, text, timestamptz) is
'the month of a day and the one before as vibe.get_analytics() tells them';
grant execute on function vibe.analytics_months(integer, date, text, timestamptz) to vibe_analyst;
