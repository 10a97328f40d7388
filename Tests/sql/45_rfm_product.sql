-- RFM of a site: periods, one definition behind three doors, cluster maps, movement, months and views.
-- The references are the same rules in plain SQL over vibe.purchases (rank() for the scores).
set timezone = 'UTC';
\set SHOW_CONTEXT never

select vibe.create_site('shop', time_zone => 'America/Sao_Paulo', currency => 'BRL') as shop \gset
select vibe.create_site('other', currency => 'USD') as other \gset
insert into vibe.customers (site_id, customer_id, external_id, name) overriding system value
    select :shop, c, 'c' || c, 'Ana ' || c from generate_series(1, 300) as c;
insert into vibe.customers (site_id, customer_id, external_id) overriding system value values (:other, 9001, 'x');
-- Half a year of orders, some refunded, cancelled, foreign or a guest's; many at one time, many of one price.
insert into vibe.purchases (site_id, customer_id, external_id, purchased_at, amount, currency, is_refund, is_cancelled)
    select :shop, nullif((hashint8extended(i, 1) & 255) % 290, 0), 'o' || i,
        timestamptz '2025-12-20' + (hashint8extended(i, 2) & 4095) * interval '1 hour',
        case when (hashint8extended(i, 3) & 15) = 0 then -1 else 1 end * (hashint8extended(i, 4) & 31) * 12.5,
        case when (hashint8extended(i, 5) & 15) = 0 then 'USD' else 'BRL' end,
        (hashint8extended(i, 3) & 15) = 0, (hashint8extended(i, 6) & 31) = 0
    from generate_series(1, 4000) as i;

-- The documents' names of a period, and back.
select n.starts, n.ends, vibe.rfm_period_name(n.starts, n.ends), p.*
from (values (date '2026-01-01', date '2026-02-01'), ('2024-02-01', '2024-03-01'), ('2025-12-01', '2026-01-01'), ('2026-01-31', '2026-02-28'),
    ('2026-01-05', '2026-01-06'), ('2025-12-31', '2026-02-01')) as n (starts, ends)
cross join lateral vibe.rfm_period(vibe.rfm_period_name(n.starts, n.ends)) as p;
select * from vibe.rfm_period(null);
select vibe.rfm_period('2026-1');
select vibe.rfm_period('January');
select vibe.rfm_period('2026-13');
select vibe.rfm_period('2026-01-05..2026-02-30');
select vibe.rfm_period('2026-01-05..2026-02-04 ');

-- By reference, January: scores, nothing of the days before and after.
create temporary view reference as
    with rows as (
        select p.customer_id, (p.purchased_at at time zone 'America/Sao_Paulo')::date as day, p.is_refund, p.currency,
            case when p.currency = 'BRL' then p.amount else 0 end as amount
        from vibe.purchases as p
        where p.site_id = 1 and p.customer_id is not null and not p.is_cancelled
    ), customers as (
        select customer_id, date '2026-02-01' - max(day) filter (where not is_refund) as recency, count(*) filter (where not is_refund) as frequency,
            sum(amount) as monetary, count(*) filter (where not is_refund and currency <> 'BRL') as foreign_orders
        from rows where day >= '2026-01-01' and day < '2026-02-01'
        group by customer_id having count(*) filter (where not is_refund) > 0
    )
    select customer_id, recency, frequency::integer, monetary::numeric(18, 2), foreign_orders::integer,
        (1 + 5 * (rank() over (order by recency desc) - 1) / count(*) over ())::integer as r_score,
        (1 + 5 * (rank() over (order by frequency) - 1) / count(*) over ())::integer as f_score,
        (1 + 5 * (rank() over (order by monetary) - 1) / count(*) over ())::integer as m_score
    from customers;
select count(*) as customers, count(*) filter (where s is distinct from r) as different, sum(s.foreign_orders) as foreign_orders,
    count(*) filter (where s.monetary < 0) as owing
from (select customer_id, recency, frequency, monetary::numeric(18, 2), foreign_orders, r_score, f_score, m_score
      from vibe.rfm_scores('shop', '2026-01-01', '2026-02-01')) as s
full join reference as r using (customer_id);

-- Three doors, one answer: for every customer the stored row, the live set, the single one, and the documents' form.
select vibe.calculate_rfm('shop', '2026-01') as customers;
select count(*) as customers,
    count(*) filter (where (a.recency, a.frequency, a.monetary, a.r_score, a.f_score, a.m_score, a.cluster, a.small_n, a.foreign_orders)
        is distinct from (s.recency, s.frequency, s.monetary, s.r_score, s.f_score, s.m_score, s.cluster, s.small_n, s.foreign_orders)) as set_differs,
    count(*) filter (where (s.recency, s.frequency, s.monetary, s.r_score, s.f_score, s.m_score, s.cluster, s.small_n, s.foreign_orders)
        is distinct from (o.recency, o.frequency, o.monetary, o.r_score, o.f_score, o.m_score, o.cluster, o.small_n, o.foreign_orders)) as single_differs,
    count(*) filter (where (s.recency, s.frequency, s.monetary, s.cluster) is distinct from (d.recency, d.frequency, d.monetary, d.cluster)) as documents_differ,
    count(*) filter (where o.currency is distinct from a.currency) as currency_differs
from (select * from vibe.rfm_analysis where site_id = :shop) as a
full join vibe.rfm_scores('shop', '2026-01') as s using (customer_id)
left join lateral vibe.calculate_rfm('shop', customer_id, '2026-01-01', '2026-02-01') as o on true
left join lateral vibe.calculate_rfm(customer_id, '2026-01') as d on true;
select period, count(*) from vibe.rfm_analysis group by period;
-- Without a stored run, and without an order.
select d.* from vibe.rfm_scores('shop', '2026-03-07..2026-03-20') as s
cross join lateral vibe.calculate_rfm(s.customer_id, '2026-03-07..2026-03-20') as d
order by s.customer_id limit 2;
select count(*) as rows_of_who_did_not_order from vibe.calculate_rfm(9001, '2026-01');
select vibe.calculate_rfm(424242, '2026-01');
select vibe.calculate_rfm(null::bigint, '2026-01');
insert into vibe.customers (site_id, customer_id, external_id) overriding system value values (:other, 17, 'y');
select vibe.calculate_rfm(17, '2026-01');
delete from vibe.customers where site_id = :other and customer_id = 17;
select vibe.calculate_rfm(17, '2026-1');
select vibe.rfm_scores('shop', '2026-02-01', '2026-01-01');
select vibe.rfm_scores('shop', null::text);
select vibe.rfm_scores('shop', '2026-01-01', 'infinity');
select vibe.calculate_rfm('shop', null::text);
select vibe.rfm_scores('nowhere', '2026-01');

-- What a refund does: less money, no order; alone it is nobody; more than was spent is less than nothing.
select vibe.create_site('refunds') as refunds \gset
insert into vibe.customers (site_id, customer_id, external_id) overriding system value select :refunds, 8000 + c, 'c' || c from generate_series(1, 6) as c;
insert into vibe.purchases (site_id, customer_id, external_id, purchased_at, amount, currency, is_refund, is_cancelled) values
    (:refunds, 8001, 'a', '2026-01-10', 50, 'USD', false, false), (:refunds, 8001, 'b', '2026-01-31 23:59:59Z', -20, 'USD', true, false),
    (:refunds, 8002, 'c', '2026-01-10', 50, 'USD', false, false), (:refunds, 8002, 'd', '2026-01-12', -80, 'USD', true, false),
    (:refunds, 8003, 'e', '2026-01-10', -80, 'USD', true, false),
    (:refunds, 8004, 'f', '2026-01-10', 50, 'USD', false, true),
    (:refunds, 8005, 'g', '2026-01-10', 50, 'EUR', false, false), (:refunds, 8005, 'h', '2026-01-10', -20, 'EUR', true, false),
    (:refunds, 8006, 'i', '2026-02-01', 50, 'USD', false, false), (:refunds, 8006, 'j', '2025-12-31 23:59:59Z', 50, 'USD', false, false);
select customer_id, recency, frequency, monetary, foreign_orders, small_n from vibe.rfm_scores('refunds', '2026-01');

-- A period that holds a change of the clocks, in a zone where midnight is skipped.
select vibe.create_site('andes', time_zone => 'America/Santiago') as andes \gset
insert into vibe.customers (site_id, customer_id, external_id) overriding system value select :andes, 7000 + c, 'c' || c from generate_series(1, 3) as c;
insert into vibe.purchases (site_id, customer_id, external_id, purchased_at, amount, currency) values
    (:andes, 7001, 'a', '2025-09-07 03:59:59Z', 1, 'USD'), (:andes, 7002, 'b', '2025-09-07 04:00:00Z', 1, 'USD'), (:andes, 7003, 'c', '2025-09-08 02:59:59Z', 1, 'USD');
select customer_id, recency from vibe.rfm_scores('andes', '2025-09-07', '2025-09-08');

-- The first map is the kernel's own; labels and colours are one each.
select count(*) as cells, count(*) filter (where c.cluster <> vibe.rfm_cluster(c.r_score, c.f_score, c.m_score)) as different
from vibe.rfm_map_cells as c where c.version = 1;
select cluster, worth, label_en, label_pt, color from vibe.rfm_cluster_labels order by worth desc;
select vibe.rfm_cluster_label('at_risk', 'pt'), vibe.rfm_cluster_label('at_risk'), vibe.rfm_cluster_label('other');
-- A new version: only the best of all are champions.
select vibe.create_rfm_map('stricter champions', array(
    select case when least(r, f, m) = 5 then 'champions' when vibe.rfm_cluster(r, f, m) = 'champions' then 'loyal' else vibe.rfm_cluster(r, f, m) end
    from generate_series(1, 5) as r, generate_series(1, 5) as f, generate_series(1, 5) as m order by r, f, m)) as version;
select vibe.rfm_map_version('shop', '2026-01-01', '2026-02-01') as january, vibe.rfm_map_version('shop', '2026-02-01', '2026-03-01') as february;
select vibe.use_rfm_map('shop', 2);
select vibe.rfm_map_version('shop', '2026-01-01', '2026-02-01') as january, vibe.rfm_map_version('shop', '2026-02-01', '2026-03-01') as february;
-- What is stored keeps its version until told otherwise, and then all doors go by the other one.
create temporary table before as select * from vibe.rfm_analysis;
select vibe.calculate_rfm('shop', '2026-01') as customers;
select count(*) as changed from (select * from vibe.rfm_analysis except select * from before) as c;
select vibe.calculate_rfm('shop', '2026-01-01', '2026-02-01', 2) as customers;
select a.map_version, a.cluster, count(*), count(*) filter (where a.cluster <> b.cluster) as changed,
    count(*) filter (where a.cluster <> s.cluster) as differ_from_the_set
from vibe.rfm_analysis as a join before as b using (site_id, customer_id, period) join vibe.rfm_scores('shop', '2026-01') as s using (customer_id)
where a.cluster = 'champions' or b.cluster = 'champions'
group by a.map_version, a.cluster order by a.cluster;
select vibe.calculate_rfm('shop', '2026-02') as customers;
select distinct period, map_version from vibe.rfm_analysis order by period;
select vibe.calculate_rfm('shop', '2026-01-01', '2026-02-01', 1) as customers;
select count(*) as changed from (
    select customer_id, cluster, map_version from vibe.rfm_analysis where period = '2026-01' except select customer_id, cluster, map_version from before) as c;
-- What is no map.
select vibe.create_rfm_map('short', array_fill('lost'::text, array[124]));
select vibe.create_rfm_map('none', null);
select vibe.create_rfm_map('square', array_fill('lost'::text, array[5, 25]));
select vibe.create_rfm_map('', array_fill('lost'::text, array[125]));
select vibe.create_rfm_map(null, array_fill('lost'::text, array[125]));
select vibe.create_rfm_map('a hole', array_fill('lost'::text, array[60]) || null::text || array_fill('lost'::text, array[64]));
select vibe.create_rfm_map('unknown', array_fill('lost'::text, array[124]) || 'VIP'::text);
select vibe.create_rfm_map('worse for better', array_fill('loyal'::text, array[124]) || 'lost'::text);
select vibe.create_rfm_map('worse for better', 'loyal'::text || array_fill('lost'::text, array[124]));
select vibe.rfm_map(9);
select vibe.use_rfm_map('shop', 9);
select vibe.use_rfm_map('shop', null);
select vibe.calculate_rfm('shop', '2026-01-01', '2026-02-01', 9);
select vibe.rfm_scores('shop', '2026-01-01', '2026-02-01', 0);
select count(*) as maps from vibe.rfm_maps;

-- Movement: a matrix whose sums are the sizes of both periods, whatever they are; who they are, page by page.
create temporary table moved as select * from vibe.rfm_movement('shop', '2026-01-01', '2026-02-01', '2026-02-01', '2026-03-01', 1);
select from_cluster, to_cluster, customers, share from moved where from_cluster in ('champions', 'new');
select count(*) filter (where before <> first) as first_differs, count(*) filter (where since <> second) as second_differs, sum(before) as first, sum(since) as second
from (
    select l.cluster,
        (select coalesce(sum(customers), 0) from moved where from_cluster = l.cluster) as before,
        (select count(*) from vibe.rfm_scores('shop', '2026-01-01', '2026-02-01', 1) as s where s.cluster = l.cluster) as first,
        (select coalesce(sum(customers), 0) from moved where to_cluster = l.cluster) as since,
        (select count(*) from vibe.rfm_scores('shop', '2026-02-01', '2026-03-01', 1) as s where s.cluster = l.cluster) as second
    from vibe.rfm_cluster_labels as l
) as sizes;
select from_cluster, sum(share) as whole from moved group by from_cluster having round(sum(share), 2) <> 1;
select count(*) as clusters_that_moved from vibe.rfm_movement('shop', '2026-01', '2026-01') where from_cluster <> to_cluster;
select from_cluster, to_cluster, customers from vibe.rfm_movement('refunds', '2026-01', '2026-02');
select from_cluster, to_cluster, customers from vibe.rfm_movement('refunds', '2020-01', '2020-02');
create temporary view movers as select * from vibe.rfm_movers('shop', '2026-01', '2026-02', page_size => 10000);
select count(*) as pairs, count(*) filter (where m.customers <> p.customers) as different
from (select from_cluster, to_cluster, count(*) as customers from movers group by 1, 2) as p
full join (select * from vibe.rfm_movement('shop', '2026-01', '2026-02') where from_cluster <> to_cluster) as m using (from_cluster, to_cluster);
select * from vibe.rfm_movers('shop', '2026-01', '2026-02', 'champions', 'gone', page_size => 2);
select count(*) as on_both_pages from vibe.rfm_movers('shop', '2026-01', '2026-02', page_size => 50) as a
join vibe.rfm_movers('shop', '2026-01', '2026-02', after_customer => (
    select max(customer_id) from vibe.rfm_movers('shop', '2026-01', '2026-02', page_size => 50))) as b using (customer_id);
select count(*) > 0 as has_those_who_stayed from vibe.rfm_movers('shop', '2026-01', '2026-02', 'loyal', 'loyal');
select vibe.rfm_movers('shop', '2026-01', '2026-02', page_size => 0);
select count(*) = (select count(*) from movers) as null_gives_all from vibe.rfm_movers('shop', '2026-01', '2026-02', page_size => null);
select vibe.rfm_movers('shop', '2026-01', 'later');

-- A month beside the one before: whole, or up to the same hour while it runs.
select vibe.calculate_rfm('shop', m) from unnest(array['2026-03', '2026-04']) as m;
select * from vibe.rfm_month('shop', '2026-02', '2026-03-01 03:00Z') \gx
select * from vibe.rfm_month('shop', '2026-03', '2026-03-31 15:20Z') \gx
select compared_with, customers, previous_customers, customers_change from vibe.rfm_month('shop', as_of => '2026-03-01 03:59Z');
select (m.customers, m.orders, m.monetary, m.previous_customers, m.previous_orders, m.previous_monetary) as got, r as expected
from vibe.rfm_month('shop', '2026-03', '2026-03-10 15:20Z') as m
cross join (
    select count(*) filter (where month = 3) as n, sum(orders) filter (where month = 3) as o, sum(money) filter (where month = 3) as a,
        count(*) filter (where month = 2), sum(orders) filter (where month = 2), sum(money) filter (where month = 2)
    from (
        select extract(month from p.purchased_at at time zone 'America/Sao_Paulo') as month, p.customer_id,
            count(*) filter (where not is_refund) as orders, sum(case currency when 'BRL' then amount else 0 end) as money
        from vibe.purchases as p
        where p.site_id = :shop and not p.is_cancelled and p.customer_id is not null
          and date_trunc('year', p.purchased_at at time zone 'America/Sao_Paulo') = '2026-01-01'
          and (p.purchased_at at time zone 'America/Sao_Paulo') - date_trunc('month', p.purchased_at at time zone 'America/Sao_Paulo') < interval '9 days 12 hours'
        group by 1, 2 having count(*) filter (where not is_refund) > 0
    ) as c
) as r;
select customers, average_value, previous_customers, customers_change, average_value_change, compared_with from vibe.rfm_month('shop', '2030-01', '2030-02-01 03:00Z');
select vibe.rfm_month('shop', '2026-03', '2026-02-10');
select vibe.rfm_month('shop', '2026-03-01..2026-03-05', '2026-03-10');
select vibe.rfm_month('shop', '2026-03', null);
select vibe.rfm_month('shop', '2026-03', 'infinity');

-- Views: the latest row of each customer, the sizes of each month.
select count(*) as customers, count(*) filter (where v.period is distinct from a.period or v.monetary is distinct from a.monetary) as different,
    count(*) filter (where v.period is null) as without
from vibe.customer_rfm as v
left join (select distinct on (site_id, customer_id) * from vibe.rfm_analysis order by site_id, customer_id, period_end desc, period_start desc) as a
    using (site_id, customer_id)
where v.site_id = :shop;
select month, is_complete, cluster, label_pt, customers, share, total_customers, previous_customers, previous_total_customers, customers_change, total_customers_change
from vibe.rfm_sizes_by_month where site = 'shop' and cluster in ('champions', 'lost') order by month, cluster;
select m.period, bool_and(m.total_customers = a.customers and m.total_monetary = a.monetary and m.total_average_value = round(a.monetary / a.customers, 2)) as totals,
    sum(m.customers) = a.customers as parts, round(sum(m.share), 3) as share
from vibe.rfm_sizes_by_month as m
join (select period, count(*) as customers, sum(monetary) as monetary from vibe.rfm_analysis group by period) as a using (period)
group by m.period, a.customers order by m.period;
select vibe.calculate_rfm('shop', '2026-03-07..2026-03-20') > 0 as stored;
select count(*) as rows_of_no_month from vibe.rfm_sizes_by_month where period like '%..%';
select site, period, cluster, label, label_pt, color, customers, map_version from vibe.rfm_clusters where period = '2026-03-07..2026-03-20' order by cluster;

-- Packed scores: what unpack refuses.
select vibe.rfm_pack(1, now(), 1, false, '2026-01-01', 'UTC', false) from generate_series(1, 0);
select count(*) as nobody from vibe.rfm_unpack(null);
select vibe.rfm_unpack('\x');
select vibe.rfm_unpack('\x000102030405060708090a0b0c0d0e0f');
select vibe.rfm_unpack(substr(vibe.rfm_packed('shop', '2026-01-01', '2026-02-01'), 1, 100));
select vibe.rfm_unpack(set_byte(vibe.rfm_packed('refunds', '2026-01-01', '2026-02-01'), 40, 77));
select vibe.rfm_unpack(vibe.rfm_packed('refunds', '2026-01-01', '2026-02-01'), '{lost}');
select vibe.rfm_unpack(vibe.rfm_packed('refunds', '2026-01-01', '2026-02-01'), array_fill(null::text, array[125]));
create temporary table packs as select vibe.rfm_packed('shop', '2026-01-01', '2026-02-01') as scores;
select count(*) as customers, count(*) filter (where u is distinct from s) as different
from packs cross join vibe.rfm_unpack(scores, vibe.rfm_map(1)) as u
full join vibe.rfm_scores('shop', '2026-01-01', '2026-02-01', 1) as s using (customer_id);
-- Foreign orders in the aggregate; a parallel plan gives the same.
select s.* from unnest((select vibe.rfm(c, timestamptz '2026-01-05', 10, r, '2026-02-01', 'UTC', f)
    from (values (1, false, false), (1, false, true), (1, true, true), (2, false, null)) as o (c, r, f))) as s;
create table public.many as
    select hashint8extended(i, 1) & 2047 as customer, timestamptz '2026-01-01' + (hashint8extended(i, 2) & 65535) * interval '1 minute' as at,
        (hashint8extended(i, 3) & 1023)::numeric as amount, (hashint8extended(i, 4) & 7) = 0 as is_foreign
    from generate_series(1, 100000) as i;
alter table public.many set (parallel_workers = 2);
analyze public.many;
create temporary table alone as select vibe.rfm_pack(customer, at, amount, false, '2026-02-10', 'UTC', is_foreign) as scores from public.many;
set parallel_setup_cost = 0;
set parallel_tuple_cost = 0;
explain (costs off) select vibe.rfm_pack(customer, at, amount, false, '2026-02-10', 'UTC', is_foreign) from public.many;
select vibe.rfm_pack(customer, at, amount, false, '2026-02-10', 'UTC', is_foreign) = (select scores from alone) as equal from public.many;
reset parallel_setup_cost;
reset parallel_tuple_cost;

-- Rights: another tenant's login sees and learns nothing; a viewer reads all and changes nothing; owners choose, operators make.
create role rfm_reader login in role vibe_analyst;
insert into vibe.site_members (site_id, login_name, role) values (:shop, 'rfm_reader', 'viewer');
create role rfm_neighbour login in role vibe_member;
insert into vibe.site_members (site_id, login_name, role) values (:other, 'rfm_neighbour', 'viewer');
set session authorization rfm_reader;
select count(*) as customers, sum(monetary) as monetary from vibe.rfm_scores('shop', '2026-01');
select cluster from vibe.calculate_rfm(17, '2026-01');
select sum(customers) as moved from vibe.rfm_movement('shop', '2026-01', '2026-02');
select count(distinct site) as sites, count(*) > 0 as has_rows from vibe.rfm_sizes_by_month;
select count(distinct site) as sites, count(*) as customers from vibe.customer_rfm;
select count(*) as labels from vibe.rfm_cluster_labels;
select vibe.calculate_rfm('shop', '2026-01');
select vibe.use_rfm_map('shop', 1);
select vibe.create_rfm_map('mine', array_fill('lost'::text, array[125]));
update vibe.rfm_map_cells set cluster = 'lost';
reset session authorization;
set session authorization rfm_neighbour;
select count(*) as rows from vibe.rfm_analysis;
select count(*) as settings from vibe.rfm_settings;
select count(*) as sizes from vibe.rfm_sizes_by_month;
select count(*) as clusters from vibe.rfm_clusters;
select site, count(*) as customers from vibe.customer_rfm group by site;
select vibe.rfm_scores('shop', '2026-01');
select vibe.rfm_packed('shop', '2026-01-01', '2026-02-01');
select vibe.rfm_movement('shop', '2026-01', '2026-02');
select vibe.rfm_movers('shop', '2026-01', '2026-02');
select vibe.rfm_month('shop', '2026-01');
select vibe.calculate_rfm('shop', 17, '2026-01-01', '2026-02-01');
select vibe.calculate_rfm(17, '2026-01');
select vibe.calculate_rfm('shop', '2026-01-01', '2026-02-01', 1);
select vibe.use_rfm_map('other', 1);
reset session authorization;
drop owned by rfm_reader, rfm_neighbour;
drop role rfm_reader, rfm_neighbour;
