-- What a page about one month asks. The rows of a month are found by the key of vibe.rfm_analysis, never by reading all months.
create function vibe.rfm_months(site text default null)
returns table (month text, month_start date, is_complete boolean, is_stored boolean, is_default boolean)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    of_site integer := vibe.site_id(site);
    zone text := (select s.time_zone from vibe.sites as s where s.site_id = of_site);
    today date := (now() at time zone zone)::date;
begin
    return query
    with recursive stored (period_start, period_end) as (
        (
            select a.period_start, a.period_end from vibe.rfm_analysis as a
            where a.site_id = of_site
            order by a.period_start desc, a.period_end desc
            limit 1
        )
        union all
        -- One probe of the key for each period.
        select n.period_start, n.period_end
        from stored as s
        cross join lateral (
            select a.period_start, a.period_end from vibe.rfm_analysis as a
            where a.site_id = of_site and (a.period_start, a.period_end) < (s.period_start, s.period_end)
            order by a.period_start desc, a.period_end desc
            limit 1
        ) as n
    ), sold as (
        select n.day::date as day
        from (
            select (min(p.purchased_at) at time zone zone)::date as first_day, (max(p.purchased_at) at time zone zone)::date as last_day
            from vibe.purchases as p
            where p.site_id = of_site
        ) as r
        cross join lateral generate_series(date_trunc('month', r.first_day::timestamp), least(r.last_day, today)::timestamp, interval '1 month') as n (day)
        where exists (
            select from vibe.purchases as p
            where p.site_id = of_site
              and p.purchased_at >= vibe.day_start(n.day::date, zone)
              and p.purchased_at < vibe.day_start((n.day + interval '1 month')::date, zone)
              and p.customer_id is not null
              and not p.is_refund
              and not p.is_cancelled
        )
    ), months as (
        select s.period_start as day, true as is_stored
        from stored as s
        where extract(day from s.period_start) = 1 and s.period_end = (s.period_start + interval '1 month')::date
        union all
        select s.day, false from sold as s
    ), listed as (
        select m.day, (m.day + interval '1 month')::date <= today as is_complete, bool_or(m.is_stored) as is_stored
        from months as m
        group by m.day
    )
    select
        vibe.rfm_period_name(l.day, (l.day + interval '1 month')::date),
        l.day,
        l.is_complete,
        l.is_stored,
        row_number() over (order by l.is_stored desc, l.is_complete desc, l.day desc) = 1
    from listed as l
    order by l.day desc;
end
$$;
comment on function vibe.rfm_months(text) is
'the months of a site that have customers, newest first: those stored in vibe.rfm_analysis and those with orders that vibe.calculate_rfm() has not seen (is_stored false); is_default is true for the one to begin with, the newest stored one that has ended';
grant execute on function vibe.rfm_months(text) to vibe_analyst;

-- A month that is compared goes by the map of the month it is compared with, or a new map would look like new customers.
create function vibe.rfm_distribution(site text, month text)
returns table (
    cluster text,
    label_en text,
    label_pt text,
    color text,
    customers bigint,
    share numeric,
    orders bigint,
    monetary numeric,
    currency char(3),
    average_value numeric,
    average_recency numeric,
    previous_customers bigint,
    customers_change numeric,
    previous_share numeric,
    is_complete boolean,
    compared_with text
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
    of_site integer := vibe.site_id(site);
    asked record := vibe.rfm_period(month);
    last_start date := (asked.period_start - interval '1 month')::date;
    last_end date := asked.period_start;
    today date;
    by_map integer;
    previous jsonb;
begin
    if asked.period_start is null or month !~ '^\d{4}-\d{2}$' then
        raise exception 'month is %', coalesce(quote_literal(left(month, 100)), 'null')
            using errcode = 'invalid_parameter_value', detail = 'It must be a month as 2026-01.';
    end if;
    select (now() at time zone s.time_zone)::date into today from vibe.sites as s where s.site_id = of_site;
    if today < asked.period_end then
        last_end := least(last_start + (today - asked.period_start), last_end);
    end if;
    by_map := vibe.stored_map_version(of_site, asked.period_start, asked.period_end);
    if by_map is null then
        return;
    end if;
    if last_end = asked.period_start and vibe.stored_map_version(of_site, last_start, last_end) = by_map then
        select jsonb_object_agg(c.cluster, c.customers) into previous
        from (
            select t.cluster, sum(t.customers) as customers from vibe.rfm_totals(of_site, last_start, last_end) as t group by t.cluster
        ) as c;
    elsif last_end > last_start then
        select jsonb_object_agg(c.cluster, c.customers) into previous
        from (
            select s.cluster, count(*) as customers
            from vibe.rfm_scores(of_site::text, last_start, last_end, by_map) as s
            group by s.cluster
        ) as c;
    end if;
    return query
    select
        l.cluster,
        l.label_en,
        l.label_pt,
        l.color,
        coalesce(n.customers, 0),
        round(coalesce(n.customers, 0) / sum(n.customers) over (), 4),
        coalesce(n.orders, 0),
        coalesce(n.monetary, 0),
        s.currency,
        round(n.monetary / n.customers, 2),
        n.average_recency,
        b.customers,
        round(coalesce(n.customers, 0)::numeric / nullif(b.customers, 0) - 1, 4),
        round(b.customers / sum(b.customers) over (), 4),
        asked.period_end <= today,
        case when b.customers is not null then vibe.rfm_period_name(last_start, last_end) end
    from vibe.rfm_cluster_labels as l
    cross join vibe.sites as s
    left join (
        select t.cluster, sum(t.customers)::bigint as customers, sum(t.orders)::bigint as orders, sum(t.monetary) as monetary,
            round(sum(t.recency) / sum(t.customers), 1) as average_recency
        from vibe.rfm_totals(of_site, asked.period_start, asked.period_end) as t
        group by t.cluster
    ) as n on n.cluster = l.cluster
    cross join lateral (
        select case when previous is not null then coalesce((previous ->> l.cluster)::bigint, 0) end as customers
    ) as b
    where s.site_id = of_site
    order by l.worth desc;
end
$$;
comment on function vibe.rfm_distribution(text, text) is
'size and worth of all six RFM clusters of a stored month, best first, and their size in the month before by the same cluster map; while the month is running, in as many whole days of the month before, which compared_with names. share: of the month''s customers; changes are shares; monetary in the site''s currency. No row where the month is not stored';
grant execute on function vibe.rfm_distribution(text, text) to vibe_analyst;

-- No settings and one statement: it becomes part of the query around it, whose filter, order and limit then reach the tables;
-- what stands in sub-selects is looked up for the rows of one page only (for all, if it is sorted by that).
create function vibe.rfm_customers(site text, month text, search text default null)
returns table (
    customer_id bigint,
    user_id bigint,
    external_id text,
    name text,
    email text,
    cluster text,
    label_en text,
    label_pt text,
    color text,
    recency integer,
    frequency integer,
    monetary numeric,
    currency char(3),
    foreign_orders integer,
    r_score integer,
    f_score integer,
    m_score integer,
    small_n boolean,
    previous_cluster text,
    previous_monetary numeric,
    monetary_change numeric
)
language sql
stable
rows 10000
as $$
    select
        a.customer_id,
        (
            select coalesce(u.merged_into, u.user_id) from vibe.site_users as u
            where u.site_id = a.site_id and u.customer_id = a.customer_id
            order by u.last_seen_at desc, u.user_id
            limit 1
        ),
        c.external_id,
        c.name,
        c.email,
        a.cluster,
        l.label_en,
        l.label_pt,
        l.color,
        a.recency,
        a.frequency,
        a.monetary,
        a.currency,
        a.foreign_orders,
        a.r_score,
        a.f_score,
        a.m_score,
        a.small_n,
        (
            select b.cluster from vibe.rfm_analysis as b
            where b.site_id = a.site_id and b.customer_id = a.customer_id and b.period_end = a.period_start
              and b.period_start = (a.period_start - interval '1 month')::date
        ),
        (
            select b.monetary from vibe.rfm_analysis as b
            where b.site_id = a.site_id and b.customer_id = a.customer_id and b.period_end = a.period_start
              and b.period_start = (a.period_start - interval '1 month')::date
        ),
        (
            select round(a.monetary / b.monetary - 1, 4) from vibe.rfm_analysis as b
            where b.site_id = a.site_id and b.customer_id = a.customer_id and b.period_end = a.period_start
              and b.period_start = (a.period_start - interval '1 month')::date
              and b.monetary > 0 and b.currency = a.currency
              and a.period_end <= (
                  select (now() at time zone s.time_zone)::date from vibe.sites as s where s.site_id = vibe.site_id(rfm_customers.site)
              )
        )
    from vibe.rfm_analysis as a
    join vibe.customers as c on c.site_id = a.site_id and c.customer_id = a.customer_id
    join vibe.rfm_cluster_labels as l on l.cluster = a.cluster
    where a.site_id = vibe.site_id(rfm_customers.site)
      and a.period_start = (vibe.rfm_period(rfm_customers.month)).period_start
      and a.period_end = (vibe.rfm_period(rfm_customers.month)).period_end
      and (
          rfm_customers.search is null
          or position(lower(rfm_customers.search) in lower(c.name)) > 0
          or position(lower(rfm_customers.search) in lower(c.email)) > 0
          or position(lower(rfm_customers.search) in lower(c.external_id)) > 0
      )
$$;
comment on function vibe.rfm_customers(text, text, text) is
'the customers of a stored month with their RFM, cluster, the visitor they last came as (user_id, a person after merges) and the month before: cluster, money, and the change of money as a share (null while the month is running and where nothing was spent before). search: part of name, email or the shop''s own number, in any case of letters. Filter, order and page it by the query around it';
grant execute on function vibe.rfm_customers(text, text, text) to vibe_analyst;

create function vibe.rfm_trend(site text, month text, in_cluster text default null, months integer default 12)
returns table (date date, period text, customers bigint, orders bigint, monetary numeric, is_partial boolean)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
    of_site integer := vibe.site_id(site);
    last_month date := (vibe.rfm_period(month)).period_start;
    today date;
begin
    if last_month is null or month !~ '^\d{4}-\d{2}$' then
        raise exception 'month is %', coalesce(quote_literal(left(month, 100)), 'null')
            using errcode = 'invalid_parameter_value', detail = 'It must be a month as 2026-01.';
    elsif months is null or months not between 1 and 60 then
        raise exception 'months is %', coalesce(months::text, 'null')
            using errcode = 'invalid_parameter_value', detail = 'It must be 1 to 60.';
    elsif in_cluster is not null and not exists (select from vibe.rfm_cluster_labels as l where l.cluster = in_cluster) then
        raise exception 'in_cluster is %', quote_literal(left(in_cluster, 100))
            using errcode = 'invalid_parameter_value',
                detail = (select 'It must be one of ' || string_agg(l.cluster, ', ' order by l.worth desc) || '.' from vibe.rfm_cluster_labels as l);
    end if;
    select (now() at time zone s.time_zone)::date into today from vibe.sites as s where s.site_id = of_site;
    return query
    select
        m.starts,
        vibe.rfm_period_name(m.starts, m.ends),
        coalesce(c.customers, 0),
        coalesce(c.orders, 0),
        coalesce(c.monetary, 0),
        m.ends > today
    from generate_series(months - 1, 0, -1) as n (back)
    cross join lateral (
        select (last_month - n.back * interval '1 month')::date as starts, (last_month - (n.back - 1) * interval '1 month')::date as ends
    ) as m
    left join (
        select a.period_start, a.period_end, count(*) as customers, sum(a.frequency)::bigint as orders, sum(a.monetary) as monetary
        from vibe.rfm_analysis as a
        where a.site_id = of_site
          and a.period_start >= (last_month - (months - 1) * interval '1 month')::date
          and a.period_start <= last_month
          and (in_cluster is null or a.cluster = in_cluster)
        group by a.period_start, a.period_end
    ) as c on c.period_start = m.starts and c.period_end = m.ends
    where m.starts >= (select min(a.period_start) from vibe.rfm_analysis as a where a.site_id = of_site)
    order by m.starts;
end
$$;
comment on function vibe.rfm_trend(text, text, text, integer) is
'customers, orders and money (in the site''s currency) of each of the months up to month, from the first stored one on, all clusters or one; 0 for a month that is not stored; is_partial while it is running';
grant execute on function vibe.rfm_trend(text, text, text, integer) to vibe_analyst;

create function vibe.rfm_month_metrics(site text default null, month text default null)
returns table (
    metric text,
    value numeric,
    previous numeric,
    change numeric,
    format text,
    better text,
    currency char(3),
    range_start timestamptz,
    range_end timestamptz,
    compared_with text
)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select
        f.metric,
        f.value,
        f.previous,
        vibe.metric_change(f.value, f.previous, f.format),
        f.format,
        'up',
        case f.format when 'money' then s.currency end,
        vibe.day_start(m.month_start, s.time_zone),
        m.through,
        m.compared_with
    from vibe.rfm_month(rfm_month_metrics.site, rfm_month_metrics.month) as m
    join vibe.sites as s on s.site_id = vibe.site_id(rfm_month_metrics.site)
    cross join lateral (
        values
            (1, 'customers', m.customers::numeric, m.previous_customers::numeric, 'integer'),
            (2, 'orders', m.orders::numeric, m.previous_orders::numeric, 'integer'),
            (3, 'monetary', m.monetary, m.previous_monetary, 'money'),
            (4, 'average_value', m.average_value, m.previous_average_value, 'money')
    ) as f (place, metric, value, previous, format)
    order by f.place
$$;
comment on function vibe.rfm_month_metrics(text, text) is
'vibe.rfm_month() as one row a figure, in the form of vibe.get_crm_metrics()';
grant execute on function vibe.rfm_month_metrics(text, text) to vibe_analyst;

create function vibe.rfm_history(site text, customer_id bigint)
returns table (
    period text,
    period_start date,
    period_end date,
    cluster text,
    label_en text,
    label_pt text,
    color text,
    recency integer,
    frequency integer,
    monetary numeric,
    currency char(3),
    r_score integer,
    f_score integer,
    m_score integer
)
language plpgsql
stable
rows 12
set search_path = pg_catalog, pg_temp
as $$
declare
    -- First of all: for no customer the query would not ask whose site it is.
    of_site constant integer := vibe.site_id(rfm_history.site);
begin
    return query
    select
        a.period, a.period_start, a.period_end, a.cluster, l.label_en, l.label_pt, l.color, a.recency, a.frequency, a.monetary,
        a.currency, a.r_score, a.f_score, a.m_score
    from vibe.rfm_analysis as a
    join vibe.rfm_cluster_labels as l on l.cluster = a.cluster
    where a.site_id = of_site and a.customer_id = rfm_history.customer_id;
end
$$;
comment on function vibe.rfm_history(text, bigint) is
'one customer''s RFM and cluster in each stored period in which they ordered; order it by the query around it';
grant execute on function vibe.rfm_history(text, bigint) to vibe_analyst;
