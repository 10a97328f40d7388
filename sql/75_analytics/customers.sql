-- GET /api/v1/customers: the customers of a month, page by page, with what the month is as a whole.
create function vibe.get_customers(
    site text default null,
    month text default null,
    cluster text default null,
    search text default null,
    sort text default 'monetary.desc',
    page integer default 1,
    "limit" integer default 50,
    as_of timestamptz default null
) returns json
language plpgsql stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_variable
declare
    of_site constant integer := vibe.site_id(site);
    asked record;
    source text;
    found bigint[];
    key constant text := split_part(sort, '.', 1);
    summary json;
    sizes jsonb;
    matches bigint;
    matches_found bigint;
    rows_of_page json;
begin
    perform vibe.check_page(page, "limit", search);
    if cluster is not null and not exists (select from vibe.rfm_cluster_labels as l where l.cluster = get_customers.cluster) then
        perform vibe.refuse('cluster', cluster,
            (select 'must be one of ' || string_agg(l.cluster, ', ' order by l.worth desc) from vibe.rfm_cluster_labels as l));
    elsif sort is null or sort !~ '^(monetary|recency|frequency|name|customer_id)(\.(asc|desc))?$' then
        perform vibe.refuse('sort', sort, 'must be monetary, recency, frequency, name or customer_id, then .asc or .desc');
    end if;
    select * into asked from vibe.analytics_month(of_site::text, coalesce(month, vibe.latest_month(of_site, as_of)), as_of);
    source := vibe.month_source(asked.site_id, asked.period_start, asked.period_end, asked.through, asked.map_version, as_of is null);
    select s.sizes, s.summary into sizes, summary from vibe.month_summary(of_site, asked.month, as_of) as s;
    if nullif(search, '') is null then
        matches := coalesce((sizes ->> coalesce(cluster, 'total'))::bigint, 0);
    else
        found := vibe.search_customers(of_site::text, search);
    end if;
    execute vibe.month_page_query(source, key, split_part(sort, '.', 2) = 'desc', matches, page, "limit")
    into rows_of_page, matches_found
    using found, cluster, of_site, asked.period_start, asked.through = asked.period_end, as_of is null;
    if matches is null and matches_found is null and page > 1 then
        -- Behind the last page nothing tells how many they are.
        execute format(
            'select count(*) from unnest($1) as f (customer_id) join %s as a on a.customer_id = f.customer_id where $2 is null or a.cluster = $2', source
        ) into matches using found, cluster;
    end if;
    matches := coalesce(matches, matches_found, 0);
    return json_build_object(
        'site_id', of_site,
        'currency', asked.currency,
        'time_zone', asked.time_zone,
        'as_of', asked.as_of,
        'month', asked.month,
        'is_partial', asked.through < asked.period_end,
        'total', summary -> 'total',
        'revenue', summary -> 'revenue',
        'average_value', summary -> 'average_value',
        'previous', summary -> 'previous',
        'change', summary -> 'change',
        'distribution', summary -> 'distribution',
        'matches', matches,
        'page', page,
        'limit', "limit",
        'pages', ceil(matches::numeric / "limit"),
        'customers', coalesce(rows_of_page, '[]')
    );
end
$$;
comment on function vibe.get_customers(text, text, text, text, text, integer, integer, timestamptz) is
'the customers of a month (as 2026-01; the newest stored one unless given) with their RFM, also GET /api/v1/customers: page and limit (at most 1000) of those in cluster and with search in name, e-mail or the shop''s own number, sorted by monetary, recency, frequency, name or customer_id (.asc or .desc); matches says how many they are. Beside them the whole month: total, revenue, average_value, the month before and the change (while the month is running, as many whole days of it), and the distribution over the six clusters. As stored by vibe.calculate_rfm(), else scored as the orders are; with as_of as of then, without totals of all time';
grant execute on function vibe.get_customers(text, text, text, text, text, integer, integer, timestamptz) to vibe_analyst;

create function vibe.check_page(page integer, "limit" integer, search text default null) returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    if page is null or page not between 1 and 1000000 then
        perform vibe.refuse('page', page::text, 'must be 1 to 1000000');
    elsif "limit" is null or "limit" not between 1 and 1000 then
        perform vibe.refuse('limit', "limit"::text, 'must be 1 to 1000');
    elsif length(search) > 200 then
        perform vibe.refuse('search', search, 'must be at most 200 characters long');
    end if;
end
$$;
comment on function vibe.check_page(integer, integer, text) is 'raises what is wrong with the number of a page, its length or a text to search for';
grant execute on function vibe.check_page(integer, integer, text) to vibe_analyst;

create function vibe.latest_month(of_site integer, as_of timestamptz) returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    -- Nearly always the first row that the key has.
    select a.period
    from vibe.rfm_analysis as a
    where a.site_id = of_site and as_of is null and length(a.period) = length('2026-01')
      and a.period_start <= (select (now() at time zone s.time_zone)::date from vibe.sites as s where s.site_id = of_site)
    order by a.period_start desc, a.period_end desc
    limit 1
$$;
comment on function vibe.latest_month(integer, timestamptz) is 'the newest month that is stored in vibe.rfm_analysis; null with as_of';
grant execute on function vibe.latest_month(integer, timestamptz) to vibe_analyst;

create function vibe.month_source(
    of_site integer, period_start date, period_end date, through date, map_version integer, is_now boolean
) returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    if (is_now or through = period_end) and vibe.stored_map_version(of_site, period_start, period_end) is not null then
        return format(
            '(select * from vibe.rfm_analysis as a where a.site_id = %s and a.period_start = %L and a.period_end = %L)',
            of_site, period_start, period_end
        );
    elsif through <= period_start then
        return '(select * from vibe.rfm_analysis as a where false)';
    end if;
    return format('(select * from vibe.rfm_scores(%L, %L, %L, %s))', of_site, period_start, through, map_version);
end
$$;
comment on function vibe.month_source(integer, date, date, date, integer, boolean) is
'what the customers of a month are read from: the stored rows if there are any and they are meant, else scored as the orders are';
grant execute on function vibe.month_source(integer, date, date, date, integer, boolean) to vibe_analyst;

create function vibe.month_summary(of_site integer, month text, as_of timestamptz, out sizes jsonb, out summary json)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    asked record;
    this record;
    before record;
begin
    select * into asked from vibe.analytics_month(of_site::text, month_summary.month, month_summary.as_of);
    select
        jsonb_object_agg(c.cluster, c.customers) as sizes,
        coalesce(sum(c.customers), 0)::bigint as customers,
        coalesce(sum(c.revenue), 0) as revenue,
        round(sum(c.revenue) / nullif(sum(c.customers), 0), 2) as average_value,
        json_agg(json_build_object('cluster', c.cluster, 'label', c.label, 'value', c.customers, 'color', c.color)) as distribution
    into this
    from vibe.analytics_clusters(of_site::text, month_summary.month, month_summary.as_of) as c;
    if asked.previous_through > asked.previous_start then
        select f.customers, f.monetary as revenue, round(f.monetary / nullif(f.customers, 0), 2) as average_value into before
        from vibe.customers_of_days(of_site, asked.previous_start, asked.previous_through) as f;
    else
        select null::bigint as customers, null::numeric as revenue, null::numeric as average_value into before;
    end if;
    sizes := this.sizes || jsonb_build_object('total', this.customers);
    summary := json_build_object(
        'total', this.customers,
        'revenue', this.revenue,
        'average_value', this.average_value,
        'previous', case when before.customers is not null then json_build_object(
            'month', to_char(asked.previous_start, 'YYYY-MM'),
            'start_date', asked.previous_start,
            'end_date', asked.previous_through - 1,
            'total', before.customers,
            'revenue', before.revenue,
            'average_value', before.average_value
        ) end,
        'change', json_build_object(
            'total', vibe.metric_change(this.customers, before.customers, 'integer'),
            'revenue', vibe.metric_change(this.revenue, before.revenue, 'money'),
            'average_value', vibe.metric_change(this.average_value, before.average_value, 'money')
        ),
        'distribution', this.distribution
    );
end
$$;
comment on function vibe.month_summary(integer, text, timestamptz) is
'what vibe.get_customers() tells of a month as a whole, and the sizes of its clusters';
grant execute on function vibe.month_summary(integer, text, timestamptz) to vibe_analyst;

create function vibe.customers_of_days(of_site integer, first_day date, end_day date, out customers bigint, out monetary numeric)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
as $$
declare
    money char(3);
    starts_at timestamptz;
    ends_at timestamptz;
begin
    select sum(t.customers), sum(t.monetary) into customers, monetary
    from vibe.rfm_totals(of_site, first_day, end_day) as t;
    if customers is null then
        select s.currency, vibe.day_start(first_day, s.time_zone), vibe.day_start(end_day, s.time_zone) into money, starts_at, ends_at
        from vibe.sites as s where s.site_id = of_site;
        select count(*), coalesce(sum(b.monetary), 0) into customers, monetary
        from (
            select sum(p.amount) filter (where p.currency = money) as monetary
            from vibe.purchases as p
            where p.site_id = of_site and p.purchased_at >= starts_at and p.purchased_at < ends_at
              and p.customer_id is not null and not p.is_cancelled
            group by p.customer_id
            having count(*) filter (where not p.is_refund) > 0
        ) as b;
    end if;
end
$$;
comment on function vibe.customers_of_days(integer, date, date) is
'how many customers ordered from first_day up to, not including, end_day, and their money less refunds in the site''s currency: as stored if the days are a stored period, else counted';
grant execute on function vibe.customers_of_days(integer, date, date) to vibe_analyst;

-- From whichever end of the list is nearer: the last page costs what the first one does.
create function vibe.month_page_query(
    source text, sort_key text, is_descending boolean, matches bigint, page integer, page_size integer
) returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    skipped constant bigint := (page - 1)::bigint * page_size;
    here constant bigint := case when matches is null then page_size else greatest(least(page_size, matches - skipped), 0) end;
    -- Who has no name is last by name in either direction, hence not from the other end.
    turned constant boolean := skipped > matches / 2 and sort_key <> 'name';
    direction constant text := case when is_descending <> coalesce(turned, false) then 'desc' else 'asc' end;
begin
    return format($query$
        with picked as materialized (
            select a.*, %2$s as matches
            from %3$s
            %4$s
            where $2 is null or a.cluster = $2
            order by %1$s %5$s %6$s, a.customer_id %5$s
            offset %7$s limit %8$s
        )
        select json_agg(json_build_object(
            'customer_id', p.customer_id, 'external_id', c.external_id, 'name', c.name, 'email', c.email,
            'cluster', p.cluster, 'label', l.label_en, 'label_pt', l.label_pt, 'color', l.color,
            'recency', p.recency, 'frequency', p.frequency, 'monetary', p.monetary,
            'r_score', p.r_score, 'f_score', p.f_score, 'm_score', p.m_score, 'small_n', p.small_n,
            'foreign_orders', p.foreign_orders,
            'previous_cluster', b.cluster, 'previous_monetary', b.monetary,
            'monetary_change', case when $5 and b.monetary > 0 then round(p.monetary / b.monetary - 1, 4) end,
            'order_count', case when $6 then c.order_count end, 'total_spent', case when $6 then c.total_spent end,
            'first_purchase_at', case when $6 then c.first_purchase_at end, 'last_purchase_at', case when $6 then c.last_purchase_at end
        ) order by %9$s %10$s %6$s, p.customer_id %10$s), max(p.matches)
        from picked as p
        join vibe.customers as c on c.site_id = $3 and c.customer_id = p.customer_id
        join vibe.rfm_cluster_labels as l on l.cluster = p.cluster
        left join vibe.rfm_analysis as b
            on b.site_id = $3 and b.customer_id = p.customer_id and b.period_end = $4
            and b.period_start = ($4 - interval '1 month')::date
    $query$,
        case when sort_key = 'name' then 'lower(c.name)' else 'a.' || sort_key end,
        case when matches is null then 'count(*) over ()' else 'null::bigint' end,
        case when matches is null then 'unnest($1) as f (customer_id) join ' || source || ' as a on a.customer_id = f.customer_id'
            else source || ' as a' end,
        case when sort_key = 'name' then 'join vibe.customers as c on c.site_id = $3 and c.customer_id = a.customer_id' end,
        direction,
        case when sort_key = 'name' then 'nulls last' end,
        case when turned then greatest(matches - skipped - here, 0) else skipped end,
        here,
        case when sort_key = 'name' then 'lower(c.name)' else 'p.' || sort_key end,
        case when is_descending then 'desc' else 'asc' end
    );
end
$$;
comment on function vibe.month_page_query(text, text, boolean, bigint, integer, integer) is
'the query for a page of vibe.get_customers(), of the customers found where matches is null; it counts them then: its parameters are the ids found, the cluster, the site, the first day of the month, whether it has ended, and whether totals of all time are told';
grant execute on function vibe.month_page_query(text, text, boolean, bigint, integer, integer) to vibe_analyst;

-- Definer, because an index that finds parts of words cannot be used below a policy; the site is one that the caller may see.
create function vibe.search_customers(site text, search text) returns bigint[]
language plpgsql stable
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
as $$
declare
    of_site constant integer := vibe.site_id(site);
    part constant text := '%' || regexp_replace(lower(search), '([\\%_])', '\\\1', 'g') || '%';
begin
    return array(
        select c.customer_id from vibe.customers as c
        where c.site_id = of_site and (lower(c.name) like part or lower(c.email) like part or lower(c.external_id) like part)
    );
end
$$;
comment on function vibe.search_customers(text, text) is
'ids of the customers with a text in name, e-mail or the shop''s own number, in any case of letters; in no order. Definer: below a policy no index finds parts of words';
grant execute on function vibe.search_customers(text, text) to vibe_analyst;
