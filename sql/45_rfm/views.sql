create or replace view vibe.rfm_clusters with (security_invoker = true) as
    select
        s.site_id,
        s.name as site,
        a.period_start,
        a.period_end,
        a.cluster,
        vibe.rfm_cluster_label(a.cluster) as label,
        count(*) as customers,
        round(count(*) / sum(count(*)) over (partition by s.site_id, a.period_start, a.period_end), 4) as share,
        round(avg(a.recency_days), 1) as average_recency_days,
        sum(a.frequency) as orders,
        sum(a.monetary) as monetary,
        a.currency
    from vibe.rfm_analysis as a
    join vibe.sites as s using (site_id)
    group by s.site_id, s.name, a.period_start, a.period_end, a.cluster, a.currency;
comment on view vibe.rfm_clusters is 'size and worth of each RFM cluster per site and period';
grant select on vibe.rfm_clusters to vibe_analyst;
