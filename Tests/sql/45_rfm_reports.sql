-- What a page about one month asks: its months, clusters, customers and trend.
-- The references are plain counts over vibe.rfm_analysis and, while a month runs, over vibe.rfm_scores() of as many days.
set timezone = 'UTC';
\set SHOW_CONTEXT never
select vibe.create_site('shop', time_zone => 'America/Sao_Paulo', currency => 'BRL') as shop \gset
select vibe.create_site('empty') as empty \gset
insert into vibe.customers (site_id, customer_id, external_id, name, email) overriding system value
    select :shop, c, 'c' || c, case when c % 7 > 0 then 'Ana ' || c end, 'C' || c || '@example.org' from generate_series(1, 200) as c;
insert into vibe.purchases (site_id, customer_id, external_id, purchased_at, amount, currency, is_refund)
    select :shop, nullif((hashint8extended(i, 1) & 255) % 190, 0), 'o' || i,
        timestamptz '2025-12-20' + (hashint8extended(i, 2) & 2047) * interval '1 hour',
        case when (hashint8extended(i, 3) & 15) = 0 then -1 else 1 end * (hashint8extended(i, 4) & 31) * 12.5, 'BRL',
        (hashint8extended(i, 3) & 15) = 0
    from generate_series(1, 1500) as i;

-- Months with orders, stored ones among them; a period that is no month is none.
select * from vibe.rfm_months('empty');
select vibe.calculate_rfm('shop', m) from unnest(array['2026-01', '2026-02', '2026-01-10..2026-02-09']) as m;
select * from vibe.rfm_months('shop');

-- All six clusters, also those without anybody, and the month before.
select cluster, label_en, label_pt, color, customers, share, orders, monetary, currency, average_value, previous_customers, customers_change,
    is_complete, compared_with
from vibe.rfm_distribution('shop', '2026-02');
select count(*) as different
from vibe.rfm_distribution('shop', '2026-02') as d
left join (
    select cluster, count(*) filter (where period = '2026-02') as n, count(*) filter (where period = '2026-01') as b,
        sum(monetary) filter (where period = '2026-02') as monetary, round(avg(recency) filter (where period = '2026-02'), 1) as recency
    from vibe.rfm_analysis group by cluster
) as r using (cluster)
where (d.customers, d.previous_customers, d.monetary, d.average_recency)
    is distinct from (coalesce(r.n, 0), coalesce(r.b, 0), coalesce(r.monetary, 0), r.recency);
select sum(share), sum(previous_share), sum(customers) = (select count(*) from vibe.rfm_analysis where period = '2026-02') as is_whole
from vibe.rfm_distribution('shop', '2026-02');
-- The month before is not stored: it is scored as the orders are.
select count(*) as different
from vibe.rfm_distribution('shop', '2026-01') as d
left join (select cluster, count(*) as n from vibe.rfm_scores('shop', '2025-12') group by cluster) as r using (cluster)
where d.previous_customers is distinct from coalesce(r.n, 0);
-- Not stored, no month at all, another map.
select * from vibe.rfm_distribution('shop', '2025-12');
select vibe.rfm_distribution('shop', '2026-01-10..2026-02-09');
select vibe.rfm_distribution('shop', null);
select vibe.create_rfm_map('everybody is loyal', array_fill('loyal'::text, array[125])) as other \gset
select vibe.calculate_rfm('shop', '2026-02-01', '2026-03-01', :other);
select cluster, customers, previous_customers from vibe.rfm_distribution('shop', '2026-02') where cluster = 'loyal';
select vibe.calculate_rfm('shop', '2026-02-01', '2026-03-01', 1);

-- Customers: the rows of the month, with the month before and the visitor.
insert into vibe.site_users (site_id, user_id, anonymous_id, customer_id, merged_into, last_seen_at) overriding system value values
    (:shop, 1, 'laptop', 5, null, '2026-02-01'), (:shop, 2, 'phone', null, 1, '2026-02-02'), (:shop, 3, 'new phone', 5, null, '2026-02-03');
select count(*) as customers, count(*) filter (where (c.cluster, c.recency, c.frequency, c.monetary, c.r_score, c.f_score, c.m_score)
        is distinct from (a.cluster, a.recency, a.frequency, a.monetary, a.r_score, a.f_score, a.m_score)) as different,
    count(*) filter (where (c.previous_cluster, c.previous_monetary) is distinct from (b.cluster, b.monetary)) as different_before,
    count(*) filter (where c.monetary_change is distinct from case when b.monetary > 0 then round(a.monetary / b.monetary - 1, 4) end) as different_change,
    count(*) filter (where b.monetary <= 0) as without_money_before
from vibe.rfm_customers('shop', '2026-02') as c
full join (select * from vibe.rfm_analysis where period = '2026-02') as a using (customer_id)
left join vibe.rfm_analysis as b on b.customer_id = a.customer_id and b.period = '2026-01';
select customer_id, user_id, external_id, name, email from vibe.rfm_customers('shop', '2026-02', 'C5@EX');
select count(*) from vibe.rfm_customers('shop', '2026-02', 'ana 1') where name !~ '^Ana 1';
select count(*) from vibe.rfm_customers('shop', '2026-02', '%');
select count(*) from vibe.rfm_customers('shop', '2024-02');
-- The query around it reaches the tables: no scan of a function, and the month is found by the key.
create function pg_temp.plan(query text) returns setof text language plpgsql as $$ begin return query execute 'explain ' || query; end $$;
select count(*) filter (where line like '%Function Scan%') as function_scans, bool_or(line like '%rfm_analysis_pkey%') as by_key
from pg_temp.plan($$select customer_id, previous_cluster from vibe.rfm_customers('shop', '2026-02') order by monetary desc limit 10$$) as p (line);

select period, cluster, label_pt, color, recency, frequency, monetary, currency, r_score, f_score, m_score from vibe.rfm_history('shop', 5) order by period_end;
select count(*) from vibe.rfm_history('empty', 5);

-- The trend begins with the first stored month.
select * from vibe.rfm_trend('shop', '2026-03');
select t.customers = d.customers as is_equal from vibe.rfm_trend('shop', '2026-02', 'lost', 1) as t, vibe.rfm_distribution('shop', '2026-02') as d where d.cluster = 'lost';
select vibe.rfm_trend('shop', '2026-02', 'best');
select vibe.rfm_trend('shop', '2026-02', months => 0);
select vibe.rfm_trend('shop', 'February');
select metric, value, previous, change, format, better, currency, compared_with from vibe.rfm_month_metrics('shop', '2026-02');

-- A running month is compared with as many whole days of the month before.
insert into vibe.purchases (site_id, customer_id, external_id, purchased_at, amount, currency)
    select :shop, i, 'n' || i, date_trunc('month', now() at time zone 'America/Sao_Paulo') at time zone 'America/Sao_Paulo', i, 'BRL' from generate_series(1, 50) as i;
insert into vibe.purchases (site_id, customer_id, external_id, purchased_at, amount, currency)
    select :shop, 50 + i % 40, 'm' || i, (date_trunc('month', now() at time zone 'America/Sao_Paulo') - interval '1 month') at time zone 'America/Sao_Paulo' + i % 28 * interval '1 day', i, 'BRL'
    from generate_series(1, 100) as i;
select to_char(now() at time zone 'America/Sao_Paulo', 'YYYY-MM') as running, (now() at time zone 'America/Sao_Paulo')::date as today \gset
select vibe.calculate_rfm('shop', :'running') as customers;
select is_complete, is_stored, is_default from vibe.rfm_months('shop') where month = :'running';
select count(*) as different, bool_or(d.is_complete) as is_complete
from vibe.rfm_distribution('shop', :'running') as d
left join (
    select s.cluster, count(*) as n from (select date_trunc('month', date :'today')::date as first_day) as m
    cross join lateral vibe.rfm_scores('shop', (m.first_day - interval '1 month')::date,
        greatest(least((m.first_day - interval '1 month')::date + (date :'today' - m.first_day), m.first_day), (m.first_day - interval '1 month')::date + 1)) as s
    where date :'today' > m.first_day
    group by s.cluster
) as r using (cluster)
where d.previous_customers is distinct from case when date :'today' > date_trunc('month', date :'today') then coalesce(r.n, 0) end;
select count(*) filter (where monetary_change is not null) as changes from vibe.rfm_customers('shop', :'running');
