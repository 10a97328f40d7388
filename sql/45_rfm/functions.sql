-- Definer, because derived figures are not the members' to write; the site is one that the caller may write.
-- The planner takes what unnest() gives for a hundred rows, and would compare each stored row with each new one.
create function vibe.calculate_rfm(site text, period_start date, period_end date) returns integer
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_nestloop = off
as $$
#variable_conflict use_column
declare
    of_site integer := vibe.site_id(site, 'member');
    customers integer;
begin
    if period_start is null or period_end is null or not isfinite(period_start) or not isfinite(period_end)
        or period_start >= period_end then
        raise exception 'the period from % to % has no day', coalesce(calculate_rfm.period_start::text, 'null'),
            coalesce(calculate_rfm.period_end::text, 'null')
            using errcode = 'invalid_parameter_value', hint = 'period_end is the day after the last one';
    end if;
    -- Two calculations of a site would write the same rows.
    perform pg_advisory_xact_lock(hashtext('vibe.rfm_analysis'), of_site);
    with scored as materialized (
        select s.*, c.currency
        from vibe.sites as c
        cross join lateral unnest((
            select vibe.rfm(
                p.customer_id,
                p.purchased_at,
                case when p.currency = c.currency then p.amount else 0 end,
                p.is_refund,
                calculate_rfm.period_end,
                c.time_zone
            )
            from vibe.purchases as p
            where p.site_id = of_site
              and p.purchased_at >= vibe.day_start(calculate_rfm.period_start, c.time_zone)
              and p.purchased_at < vibe.day_start(calculate_rfm.period_end, c.time_zone)
              and p.customer_id is not null
              and not p.is_cancelled
        )) as s
        where c.site_id = of_site
    ), gone as (
        delete from vibe.rfm_analysis as a
        where a.site_id = of_site
          and a.period_start = calculate_rfm.period_start
          and a.period_end = calculate_rfm.period_end
          and not exists (select from scored as s where s.customer_id = a.customer_id)
    ), written as (
        insert into vibe.rfm_analysis as a (
            site_id, customer_id, period_start, period_end, recency_days, frequency, monetary, currency,
            r_score, f_score, m_score, cluster, small_n
        )
        select
            of_site, s.customer_id, calculate_rfm.period_start, calculate_rfm.period_end, s.recency_days, s.frequency,
            s.monetary, s.currency, s.r_score, s.f_score, s.m_score, s.cluster, s.small_n
        from scored as s
        order by s.customer_id
        on conflict (site_id, period_start, period_end, customer_id) do update set
            recency_days = excluded.recency_days,
            frequency = excluded.frequency,
            monetary = excluded.monetary,
            currency = excluded.currency,
            r_score = excluded.r_score,
            f_score = excluded.f_score,
            m_score = excluded.m_score,
            cluster = excluded.cluster,
            small_n = excluded.small_n,
            calculated_at = excluded.calculated_at
        where (a.recency_days, a.frequency, a.monetary, a.currency, a.r_score, a.f_score, a.m_score, a.cluster, a.small_n)
            is distinct from (excluded.recency_days, excluded.frequency, excluded.monetary, excluded.currency,
                excluded.r_score, excluded.f_score, excluded.m_score, excluded.cluster, excluded.small_n)
    )
    select count(*) into customers from scored;
    return customers;
end
$$;
comment on function vibe.calculate_rfm(text, date, date) is
'scores the customers who ordered from period_start up to, not including, period_end (days of the site''s clock) into vibe.rfm_analysis and returns how many they are; repeating it changes nothing, and rows of customers who no longer belong go. Orders in another currency than the site''s count as orders, not as money';
grant execute on function vibe.calculate_rfm(text, date, date) to vibe_member;

create function vibe.calculate_rfm(site text, customer_id bigint, period_start date, period_end date)
returns table (
    recency_days integer,
    frequency integer,
    monetary numeric,
    currency char(3),
    r_score integer,
    f_score integer,
    m_score integer,
    cluster text,
    small_n boolean
)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select a.recency_days, a.frequency, a.monetary, a.currency, a.r_score, a.f_score, a.m_score, a.cluster, a.small_n
    from vibe.rfm_analysis as a
    where a.site_id = vibe.site_id(calculate_rfm.site)
      and a.customer_id = calculate_rfm.customer_id
      and a.period_start = calculate_rfm.period_start
      and a.period_end = calculate_rfm.period_end
$$;
comment on function vibe.calculate_rfm(text, bigint, date, date) is
'one customer''s recency, frequency, monetary value and cluster in a period, as calculate_rfm(site, period_start, period_end) stored it; no row if the customer did not order then';
grant execute on function vibe.calculate_rfm(text, bigint, date, date) to vibe_analyst;

create function vibe.rfm_cluster(r_score integer, f_score integer, m_score integer) returns text
language c
immutable
strict
parallel safe
as 'MODULE_PATHNAME', 'vibe_rfm_cluster';
comment on function vibe.rfm_cluster(integer, integer, integer) is
'the cluster of three scores of 1 to 5: champions r>=4 and f>=4 and m>=4; else loyal r>=3 and f+m>=6, opportunists r>=3, at_risk f+m>=6, hibernating r=2, lost r=1';
grant execute on function vibe.rfm_cluster(integer, integer, integer) to vibe_analyst;

create function vibe.rfm_cluster_label(cluster text, language text default 'en') returns text
language sql
immutable
parallel safe
as $$
    select case language when 'pt' then l.pt else l.en end
    from (values
        ('champions', 'Champions', 'Champions'),
        ('loyal', 'Loyal', 'Fiéis'),
        ('opportunists', 'Opportunists', 'Oportunistas'),
        ('at_risk', 'At risk', 'Em Risco'),
        ('hibernating', 'Hibernating', 'Hibernando'),
        ('lost', 'Lost', 'Perdidos')
    ) as l (code, en, pt)
    where l.code = cluster
$$;
comment on function vibe.rfm_cluster_label(text, text) is
'what people call a cluster, in English or Portuguese (pt); null for an unknown one';
grant execute on function vibe.rfm_cluster_label(text, text) to vibe_analyst;
