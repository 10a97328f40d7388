-- What a stored period is as a whole, cluster by cluster.
create function vibe.rfm_totals(of_site integer, period_start date, period_end date)
returns table (cluster text, map_version integer, customers bigint, orders bigint, monetary numeric, recency bigint)
language sql stable
rows 6
set search_path = pg_catalog, pg_temp
as $$
    select a.cluster, a.map_version, count(*), sum(a.frequency)::bigint, sum(a.monetary), sum(a.recency)::bigint
    from vibe.rfm_analysis as a
    where a.site_id = of_site and a.period_start = rfm_totals.period_start and a.period_end = rfm_totals.period_end
    group by a.cluster, a.map_version
$$;
comment on function vibe.rfm_totals(integer, date, date) is
'for each cluster of a stored period how many customers it has, their orders, money and days of recency added up; no row where nothing is stored';
grant execute on function vibe.rfm_totals(integer, date, date) to vibe_analyst;
