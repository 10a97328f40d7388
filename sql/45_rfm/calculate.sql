-- Definer, because derived figures are not the members' to write; the site is one that the caller may write.
-- The planner takes what a function gives for a fixed number of rows, and would compare each stored row with each new one.
create function vibe.calculate_rfm(site text, period_start date, period_end date, map_version integer default null) returns integer
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_nestloop = off
as $$
#variable_conflict use_column
declare
    of_site integer := vibe.site_id(site, 'member');
    by_map integer;
    customers integer;
begin
    -- Two calculations of a site would write the same rows.
    perform vibe_private.take_turn(of_site, 'rfm');
    by_map := coalesce(
        calculate_rfm.map_version,
        vibe.rfm_map_version(of_site::text, calculate_rfm.period_start, calculate_rfm.period_end)
    );
    with scored as materialized (
        select s.*, c.currency
        from vibe.rfm_scores(of_site::text, calculate_rfm.period_start, calculate_rfm.period_end, by_map) as s
        cross join vibe.sites as c
        where c.site_id = of_site
    ), gone as (
        delete from vibe.rfm_analysis as a
        where a.site_id = of_site
          and a.period_start = calculate_rfm.period_start
          and a.period_end = calculate_rfm.period_end
          and not exists (select from scored as s where s.customer_id = a.customer_id)
    ), written as (
        insert into vibe.rfm_analysis as a (
            site_id, customer_id, period_start, period_end, recency, frequency, monetary, currency, foreign_orders,
            r_score, f_score, m_score, cluster, map_version, small_n
        )
        select
            of_site, s.customer_id, calculate_rfm.period_start, calculate_rfm.period_end, s.recency, s.frequency,
            s.monetary, s.currency, s.foreign_orders, s.r_score, s.f_score, s.m_score, s.cluster, by_map, s.small_n
        from scored as s
        order by s.customer_id
        on conflict (site_id, period_start, period_end, customer_id) do update set
            recency = excluded.recency,
            frequency = excluded.frequency,
            monetary = excluded.monetary,
            currency = excluded.currency,
            foreign_orders = excluded.foreign_orders,
            r_score = excluded.r_score,
            f_score = excluded.f_score,
            m_score = excluded.m_score,
            cluster = excluded.cluster,
            map_version = excluded.map_version,
            small_n = excluded.small_n,
            calculated_at = excluded.calculated_at
        where (a.recency, a.frequency, a.monetary, a.currency, a.foreign_orders, a.r_score, a.f_score, a.m_score,
                a.cluster, a.map_version, a.small_n)
            is distinct from (excluded.recency, excluded.frequency, excluded.monetary, excluded.currency,
                excluded.foreign_orders, excluded.r_score, excluded.f_score, excluded.m_score,
                excluded.cluster, excluded.map_version, excluded.small_n)
    )
    select count(*) into customers from scored;
    perform vibe_private.refresh_rfm_totals(of_site);
    return customers;
end
$$;
comment on function vibe.calculate_rfm(text, date, date, integer) is
'stores vibe.rfm_scores() of a period in vibe.rfm_analysis and returns how many customers they are; repeating it changes nothing, and rows of customers who no longer belong go. A period keeps the version of the cluster map that it was first stored under, unless map_version names another';
grant execute on function vibe.calculate_rfm(text, date, date, integer) to vibe_member;

create function vibe.calculate_rfm(site text, period text) returns integer
language sql
volatile
set search_path = pg_catalog, pg_temp
as $$
    select vibe.calculate_rfm(site, p.period_start, p.period_end) from vibe.rfm_period(period) as p
$$;
comment on function vibe.calculate_rfm(text, text) is 'calculate_rfm() of a period as 2026-01 or 2026-01-05..2026-02-04';
grant execute on function vibe.calculate_rfm(text, text) to vibe_member;

create function vibe.calculate_rfm(site text, customer_id bigint, period_start date, period_end date)
returns table (
    recency integer,
    frequency integer,
    monetary numeric,
    currency char(3),
    r_score integer,
    f_score integer,
    m_score integer,
    cluster text,
    small_n boolean,
    foreign_orders integer
)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select s.recency, s.frequency, s.monetary, c.currency, s.r_score, s.f_score, s.m_score, s.cluster, s.small_n, s.foreign_orders
    from vibe.rfm_scores(calculate_rfm.site, calculate_rfm.period_start, calculate_rfm.period_end) as s
    cross join vibe.sites as c
    where s.customer_id = calculate_rfm.customer_id
      and c.site_id = vibe.site_id(calculate_rfm.site)
$$;
comment on function vibe.calculate_rfm(text, bigint, date, date) is
'one customer''s recency, frequency, monetary value and cluster in a period, as the purchases are now, whether stored or not; no row if the customer did not order then. Scores rank a customer among all, so it costs what vibe.rfm_scores() does';
grant execute on function vibe.calculate_rfm(text, bigint, date, date) to vibe_analyst;

create function vibe.calculate_rfm(customer_id bigint, period text)
returns table (recency integer, frequency integer, monetary numeric, cluster text)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    sites integer[] := array(
        select c.site_id from vibe.customers as c
        where c.customer_id = calculate_rfm.customer_id and c.site_id = any (array(select vibe.my_sites()))
    );
begin
    if cardinality(sites) <> 1 then
        raise exception 'customer % is of % of your sites', coalesce(calculate_rfm.customer_id::text, 'null'), cardinality(sites)
            using errcode = 'invalid_parameter_value',
                hint = case when cardinality(sites) > 1 then 'name the site: calculate_rfm(site, customer_id, period_start, period_end)'
                    else 'vibe.customers lists your customers' end;
    end if;
    return query
    select s.recency, s.frequency, s.monetary, s.cluster
    from vibe.rfm_period(calculate_rfm.period) as p
    cross join lateral vibe.calculate_rfm(sites[1]::text, calculate_rfm.customer_id, p.period_start, p.period_end) as s;
end
$$;
comment on function vibe.calculate_rfm(bigint, text) is
'one customer''s recency, frequency, monetary value and cluster in a period as 2026-01 or 2026-01-05..2026-02-04; the site is the customer''s';
grant execute on function vibe.calculate_rfm(bigint, text) to vibe_analyst;
