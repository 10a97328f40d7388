create or replace view vibe.rfm_clusters with (security_invoker = true) as
    select
        s.site_id,
        s.name as site,
        a.period,
        a.period_start,
        a.period_end,
        a.cluster,
        l.label_en as label,
        l.label_pt,
        l.color,
        a.customers,
        round(a.customers / sum(a.customers) over (partition by s.site_id, a.period_start, a.period_end), 4) as share,
        a.average_recency,
        a.orders,
        a.monetary,
        a.currency,
        a.map_version
    from (
        select
            r.site_id,
            min(r.period) as period,
            r.period_start,
            r.period_end,
            r.cluster,
            r.currency,
            r.map_version,
            count(*) as customers,
            round(avg(r.recency), 1) as average_recency,
            sum(r.frequency) as orders,
            sum(r.monetary) as monetary
        from vibe.rfm_analysis as r
        group by r.site_id, r.period_start, r.period_end, r.cluster, r.currency, r.map_version
    ) as a
    join vibe.sites as s on s.site_id = a.site_id
    join vibe.rfm_cluster_labels as l on l.cluster = a.cluster;
comment on view vibe.rfm_clusters is 'size and worth of each RFM cluster per site and stored period';
comment on column vibe.rfm_clusters.period is 'month as 2026-01, or first and last day';
comment on column vibe.rfm_clusters.period_end is 'the day after the last one';
comment on column vibe.rfm_clusters.cluster is 'stable code';
comment on column vibe.rfm_clusters.label is 'name in English';
comment on column vibe.rfm_clusters.label_pt is 'name in Portuguese';
comment on column vibe.rfm_clusters.color is 'RGB; the cluster''s colour in every chart';
comment on column vibe.rfm_clusters.customers is 'customers in the cluster';
comment on column vibe.rfm_clusters.share is 'of the period''s customers, 0 to 1';
comment on column vibe.rfm_clusters.average_recency is 'days from the last order to period_end, mean';
comment on column vibe.rfm_clusters.orders is 'orders of these customers in the period';
comment on column vibe.rfm_clusters.monetary is 'money of these customers in the period, less refunds';
comment on column vibe.rfm_clusters.map_version is 'version of the cluster map';
comment on column vibe.rfm_clusters.site_id is 'the site';
comment on column vibe.rfm_clusters.site is 'name of the site';
comment on column vibe.rfm_clusters.period_start is 'first day';
comment on column vibe.rfm_clusters.currency is 'of monetary, the site''s';
grant select on vibe.rfm_clusters to vibe_analyst;

-- A customer's latest row is one probe of an index; sorting all rows would take longer the more months are stored.
create or replace view vibe.customer_rfm with (security_invoker = true) as
    select
        c.site_id,
        s.name as site,
        c.customer_id,
        c.external_id,
        c.name,
        c.email,
        c.first_purchase_at,
        c.last_purchase_at,
        c.order_count,
        c.total_spent,
        r.period,
        r.period_start,
        r.period_end,
        r.recency,
        r.frequency,
        r.monetary,
        r.currency,
        r.foreign_orders,
        r.r_score,
        r.f_score,
        r.m_score,
        r.cluster,
        l.label_en as label,
        l.label_pt,
        l.color,
        r.small_n,
        r.map_version
    from vibe.customers as c
    join vibe.sites as s on s.site_id = c.site_id
    left join lateral (
        select a.* from vibe.rfm_analysis as a
        where a.site_id = c.site_id and a.customer_id = c.customer_id
        order by a.period_end desc, a.period_start desc
        limit 1
    ) as r on true
    left join vibe.rfm_cluster_labels as l on l.cluster = r.cluster;
comment on view vibe.customer_rfm is
'customers with the RFM of the latest stored period in which they ordered; null where they never did in one';
comment on column vibe.customer_rfm.name is 'of the person';
comment on column vibe.customer_rfm.external_id is 'the shop''s own customer number';
comment on column vibe.customer_rfm.first_purchase_at is 'first order of all';
comment on column vibe.customer_rfm.last_purchase_at is 'last order of all';
comment on column vibe.customer_rfm.order_count is 'orders of all time';
comment on column vibe.customer_rfm.total_spent is 'money of all time in the site''s currency, less refunds';
comment on column vibe.customer_rfm.period is 'month as 2026-01, or first and last day';
comment on column vibe.customer_rfm.period_end is 'the day after the last one; recency is measured to it';
comment on column vibe.customer_rfm.recency is 'days from the last order to period_end';
comment on column vibe.customer_rfm.frequency is 'orders in the period';
comment on column vibe.customer_rfm.monetary is 'money in the period, less refunds';
comment on column vibe.customer_rfm.foreign_orders is 'orders in another currency: part of frequency, not of monetary';
comment on column vibe.customer_rfm.r_score is '1 (worst) to 5 (best) among the period''s customers';
comment on column vibe.customer_rfm.f_score is '1 (worst) to 5 (best) among the period''s customers';
comment on column vibe.customer_rfm.m_score is '1 (worst) to 5 (best) among the period''s customers';
comment on column vibe.customer_rfm.cluster is 'stable code';
comment on column vibe.customer_rfm.label is 'name of the cluster in English';
comment on column vibe.customer_rfm.label_pt is 'name of the cluster in Portuguese';
comment on column vibe.customer_rfm.color is 'RGB; the cluster''s colour in every chart';
comment on column vibe.customer_rfm.small_n is 'a score could not be ranked and is 3';
comment on column vibe.customer_rfm.map_version is 'version of the cluster map';
comment on column vibe.customer_rfm.site_id is 'the site';
comment on column vibe.customer_rfm.site is 'name of the site';
comment on column vibe.customer_rfm.customer_id is 'the customer';
comment on column vibe.customer_rfm.name is 'as the shop knows it';
comment on column vibe.customer_rfm.email is 'as the shop knows it';
comment on column vibe.customer_rfm.period_start is 'first day';
comment on column vibe.customer_rfm.currency is 'of monetary, the site''s';
grant select on vibe.customer_rfm to vibe_analyst;

create or replace view vibe.rfm_sizes_by_month with (security_invoker = true) as
    -- What is no month is taken out after counting: a condition on every row would be slow, and guessed wrong.
    with periods as (
        select
            a.site_id,
            a.period_start as month,
            min(a.period) as period,
            a.cluster,
            a.currency,
            count(*) as customers,
            sum(a.frequency) as orders,
            sum(a.monetary) as monetary
        from vibe.rfm_analysis as a
        group by a.site_id, a.period_start, a.period_end, a.cluster, a.currency
    ), sizes as (
        select * from periods where length(period) = length('2026-01')
    ), totals as (
        select site_id, month, sum(customers)::bigint as customers, sum(monetary) as monetary
        from sizes
        group by site_id, month
    )
    select
        s.site_id,
        s.name as site,
        n.month,
        n.period,
        w.is_complete,
        n.cluster,
        l.label_en as label,
        l.label_pt,
        l.color,
        n.customers,
        round(n.customers::numeric / t.customers, 4) as share,
        n.orders,
        n.monetary,
        n.currency,
        round(n.monetary / n.customers, 2) as average_value,
        t.customers as total_customers,
        t.monetary as total_monetary,
        round(t.monetary / t.customers, 2) as total_average_value,
        b.customers as previous_total_customers,
        case when b.customers is not null then coalesce(p.customers, 0) end as previous_customers,
        round(n.customers::numeric / p.customers - 1, 4) as customers_change,
        round(t.customers::numeric / b.customers - 1, 4) as total_customers_change,
        round(t.monetary / t.customers / nullif(b.monetary / b.customers, 0) - 1, 4) as total_average_value_change
    from sizes as n
    join totals as t on t.site_id = n.site_id and t.month = n.month
    join vibe.sites as s on s.site_id = n.site_id
    join vibe.rfm_cluster_labels as l on l.cluster = n.cluster
    cross join lateral (
        select (n.month + interval '1 month')::date <= (now() at time zone s.time_zone)::date as is_complete
    ) as w
    left join totals as b
        on w.is_complete and b.site_id = n.site_id and b.month = (n.month - interval '1 month')::date
    left join sizes as p
        on w.is_complete and p.site_id = n.site_id and p.month = (n.month - interval '1 month')::date and p.cluster = n.cluster
        and p.currency = n.currency;
comment on view vibe.rfm_sizes_by_month is
'size and worth of each RFM cluster per site and stored calendar month, with the month''s totals and the change against the whole month before; a running month is compared with nothing here, see vibe.rfm_month()';
comment on column vibe.rfm_sizes_by_month.month is 'first day of the month';
comment on column vibe.rfm_sizes_by_month.period is 'the month as 2026-01';
comment on column vibe.rfm_sizes_by_month.is_complete is 'false while the month is running, by the site''s clock';
comment on column vibe.rfm_sizes_by_month.cluster is 'stable code';
comment on column vibe.rfm_sizes_by_month.label is 'name of the cluster in English';
comment on column vibe.rfm_sizes_by_month.label_pt is 'name of the cluster in Portuguese';
comment on column vibe.rfm_sizes_by_month.color is 'RGB; the cluster''s colour in every chart';
comment on column vibe.rfm_sizes_by_month.customers is 'customers in the cluster';
comment on column vibe.rfm_sizes_by_month.share is 'of the month''s customers, 0 to 1';
comment on column vibe.rfm_sizes_by_month.orders is 'orders of these customers in the month';
comment on column vibe.rfm_sizes_by_month.monetary is 'money of these customers in the month, less refunds';
comment on column vibe.rfm_sizes_by_month.average_value is 'monetary per customer of the cluster';
comment on column vibe.rfm_sizes_by_month.total_customers is 'customers of all clusters in the month';
comment on column vibe.rfm_sizes_by_month.total_monetary is 'money of all clusters in the month';
comment on column vibe.rfm_sizes_by_month.total_average_value is 'total_monetary per customer';
comment on column vibe.rfm_sizes_by_month.previous_customers is 'customers in the cluster in the month before; null if that is not stored';
comment on column vibe.rfm_sizes_by_month.previous_total_customers is 'customers in the month before; null if that is not stored';
comment on column vibe.rfm_sizes_by_month.customers_change is 'of the cluster, as a share of the month before; null if it had none';
comment on column vibe.rfm_sizes_by_month.total_customers_change is 'as a share of the month before';
comment on column vibe.rfm_sizes_by_month.total_average_value_change is 'as a share of the month before';
comment on column vibe.rfm_sizes_by_month.site_id is 'the site';
comment on column vibe.rfm_sizes_by_month.site is 'name of the site';
comment on column vibe.rfm_sizes_by_month.currency is 'of monetary, the site''s';
grant select on vibe.rfm_sizes_by_month to vibe_analyst;
