-- vibe.rfm against the same rule in plain SQL (window rank() is the smallest rank of equals), and the product functions.
set timezone = 'UTC';
\set SHOW_CONTEXT never

-- By hand: ten customers, one order each, later and dearer with their number; 1 and 2 are the lowest fifth.
select s.* from unnest((
    select vibe.rfm(c, date '2026-01-01' + c, c * 10, false, '2026-02-01') from generate_series(1, 10) as c
)) as s;

-- By reference: 6,000 rows of 512 customers in New York, refunds among them, half of the year after the end.
create temporary table orders as
    select (hashint8extended(i, 1) & 511) as customer,
        timestamptz '2025-01-01' + (hashint8extended(i, 2) & 524287) * interval '1 minute' as at,
        ((hashint8extended(i, 3) & 2047)::numeric / 100) * (hashint8extended(i, 1) & 3) as amount,
        (hashint8extended(i, 4) & 15) = 0 as is_refund
    from generate_series(1, 6000) as i;
create temporary view kernel as
    select s.* from unnest((
        select vibe.rfm(customer, at, amount, is_refund, '2025-07-01', 'America/New_York') from orders
    )) as s;
create temporary view reference as
    with customers as (
        select customer,
            date '2025-07-01' - max((at at time zone 'America/New_York')::date) filter (where not is_refund) as recency,
            count(*) filter (where not is_refund) as frequency,
            sum(case when is_refund then -amount else amount end) as monetary
        from orders
        where (at at time zone 'America/New_York')::date < '2025-07-01'
        group by customer
        having count(*) filter (where not is_refund) > 0
    ), scores as (
        select *,
            1 + 5 * (rank() over (order by recency desc) - 1) / count(*) over () as r,
            1 + 5 * (rank() over (order by frequency) - 1) / count(*) over () as f,
            1 + 5 * (rank() over (order by monetary) - 1) / count(*) over () as m
        from customers
    )
    select customer, recency, frequency, monetary, r, f, m,
        case
            when r >= 4 and f >= 4 and m >= 4 then 'champions'
            when r >= 3 and f + m >= 6 then 'loyal'
            when r >= 3 then 'opportunists'
            when f + m >= 6 then 'at_risk'
            when r = 2 then 'hibernating'
            else 'lost'
        end as cluster,
        false as small_n
    from scores;
select count(*) as customers, count(*) filter (where to_jsonb(k) is distinct from to_jsonb(r)) as different
from (select customer_id as customer, recency, frequency, monetary::numeric(18, 4), r_score, f_score, m_score, cluster, small_n
      from kernel) as k
full join (select customer, recency, frequency, monetary::numeric(18, 4), r as r_score, f as f_score, m as m_score,
                cluster, small_n
           from reference) as r using (customer);
select cluster, count(*) from kernel group by cluster order by cluster;

-- The same by day, in any order of rows; and customers come in order.
select count(distinct answer) as answers, bool_and(answer = (select array_agg(a order by (a).customer_id) from unnest(answer) as a)) as in_order
from (
    select vibe.rfm(customer, at, amount, is_refund, '2025-07-01', 'America/New_York') as answer
    from (select * from orders order by at) as o
    union all
    select vibe.rfm(customer, at, amount, is_refund, '2025-07-01', 'America/New_York')
    from (select * from orders order by amount, at desc) as o
    union all
    select vibe.rfm(customer, (at at time zone 'America/New_York')::date, amount, is_refund, '2025-07-01')
    from orders
) as a;

-- Groups are scored each for itself, whether their rows come together or not.
select count(*) as groups, count(*) filter (where g.answer is distinct from (
    select vibe.rfm(customer, at, amount, is_refund, '2025-07-01', 'America/New_York') from orders where customer % 100 = g.rest)) as different
from (select customer % 100 as rest, vibe.rfm(customer, at, amount, is_refund, '2025-07-01', 'America/New_York') as answer from orders group by 1) as g;

-- Every cell of scores has one cluster, and a better score never a worse one.
create temporary table cells as
    select r, f, m, vibe.rfm_cluster(r, f, m) as cluster,
        array_position(array['lost', 'hibernating', 'at_risk', 'opportunists', 'loyal', 'champions'], vibe.rfm_cluster(r, f, m)) as worth
    from generate_series(1, 5) as r, generate_series(1, 5) as f, generate_series(1, 5) as m;
select cluster, count(*) as cells, vibe.rfm_cluster_label(cluster) as en, vibe.rfm_cluster_label(cluster, 'pt') as pt
from cells group by cluster order by min(worth) desc;
select count(*) as worse_for_better from cells as a
join cells as b on b.r >= a.r and b.f >= a.f and b.m >= a.m
where b.worth < a.worth;
select vibe.rfm_cluster(0, 1, 1);

-- Edges: nothing, no order, too few, all equal, refunds only, the end of the period, nulls.
select vibe.rfm(1, date '2026-01-01', 1, false, '2026-02-01') from generate_series(1, 0);
select vibe.rfm(1, date '2026-01-01', 1, true, '2026-02-01');
select vibe.rfm(c, date '2026-01-01' + c, c, false, '2026-02-01') from generate_series(1, 4) as c;
select vibe.rfm(c, date '2026-01-01', 5, false, '2026-02-01') from generate_series(1, 5) as c;
select vibe.rfm(c, d, a, false, '2026-02-01') from (values
    (1, date '2026-01-31', 1.5), (1, '2026-02-01', 100), (2, '2026-02-01', 1), (3, 'infinity', 1), (4, '-infinity', 1),
    (null, '2026-01-01', 1), (5, null, 1), (6, '2026-01-01', null)
) as o (c, d, a);
-- The last second of the period in Tokyo is in the middle of a day elsewhere.
select vibe.rfm(c, at, 1, false, '2026-02-01', 'Asia/Tokyo') from (values
    (1, timestamptz '2026-01-31 14:59:59Z'), (2, '2026-01-31 15:00:00Z'), (3, '2026-01-30 15:00:00Z'), (4, '2026-01-30 14:59:59Z')
) as o (c, at);
-- Clocks change: local days by the kernel and by Postgres over a year of half hours.
select count(*) as customers, count(*) filter (where s.recency <> date '2026-01-01' - (o.at at time zone 'Europe/Lisbon')::date) as different
from unnest((
    select vibe.rfm(i, timestamptz '2025-01-01' + i * interval '30 minutes', 1, false, '2026-01-01', 'Europe/Lisbon')
    from generate_series(0, 17519) as i
)) as s
join lateral (select timestamptz '2025-01-01' + s.customer_id * interval '30 minutes' as at) as o on true;
-- Money is exact: 30,000 times a tenth; and what it does not take.
select s.monetary = 3000 as is_exact from unnest((
    select vibe.rfm(1, date '2026-01-01', 0.1, false, '2026-02-01') from generate_series(1, 30000)
)) as s;
select s.customer_id, s.monetary from unnest((
    select vibe.rfm(i, date '2026-01-01', a, false, '2026-02-01') from unnest(array[
        922337203685477.5807, -922337203685477.5808, 0.0001, -10000, 12345678.9, 0, 100000000.0001, 0.5
    ]) with ordinality as v (a, i)
)) as s;
-- The numbers that come back are stored as Postgres itself would store them, at 20,000 random amounts and the edges.
create temporary table amounts as
    select i as customer, case i % 2 when 0 then -1 else 1 end
        * round(power(10::numeric, i % 19) * (hashint8extended(i, 1) & 1048575) / 1048576 / 10000, (hashint8extended(i, 2) & 4)::integer) as amount
    from generate_series(1, 20000) as i
    union all
    select 20000 + i, a from unnest(array[922337203685477.5807, -922337203685477.5808, 0.0001, -0.01, 10000, 99999999, 0, -1, 100000000.0001])
        with ordinality as v (a, i);
select count(*) as amounts, count(*) filter (where s.monetary <> a.amount
    or numeric_send(s.monetary) not in (numeric_send(round(a.amount, 2)), numeric_send(round(a.amount, 4)))
    or pg_column_size(s.monetary) <> pg_column_size(a.amount) or hash_numeric(s.monetary) <> hash_numeric(a.amount)) as different
from amounts as a
join (select u.* from unnest((select vibe.rfm(customer, date '2026-01-01', amount, false, '2026-02-01') from amounts)) as u) as s
    on s.customer_id = a.customer;
select vibe.rfm(1, date '2026-01-01', 0.00001, false, '2026-02-01');
select vibe.rfm(1, date '2026-01-01', 'NaN', false, '2026-02-01');
select vibe.rfm(1, date '2026-01-01', '-Infinity', false, '2026-02-01');
select vibe.rfm(1, date '2026-01-01', 922337203685477.5808, false, '2026-02-01');
select vibe.rfm(1, date '2026-01-01', 1e30, false, '2026-02-01');
select vibe.rfm(1, date '2026-01-01', 922337203685477, false, '2026-02-01') from generate_series(1, 2);
select vibe.rfm(1, date '2026-01-01', 1, false, null);
select vibe.rfm(1, date '2026-01-01', 1, false, date '2026-02-01' + i) from generate_series(1, 2) as i;
select vibe.rfm(1, now(), 1, false, '2026-02-01', 'Mars/Olympus');
select vibe.rfm(1, now(), 1, false, '2026-02-01', null);
select vibe.rfm(1, now(), 1, false, '2026-02-01', zone) from unnest(array['UTC', 'Asia/Tokyo']) as zone;

-- The stored analysis.
select vibe.create_site('shop', time_zone => 'America/Sao_Paulo', currency => 'BRL') as site_id;
insert into vibe.customers (site_id, customer_id, external_id) overriding system value
    select 1, c, 'c' || c from generate_series(1, 7) as c;
insert into vibe.purchases (site_id, customer_id, external_id, purchased_at, amount, currency, is_refund, is_cancelled) values
    (1, 1, 'o1', '2026-01-05 12:00Z', 100, 'BRL', false, false),
    (1, 1, 'o2', '2026-01-20 12:00Z', 50, 'BRL', false, false),
    (1, 1, 'r1', '2026-01-25 12:00Z', -30, 'BRL', true, false),
    (1, 2, 'o3', '2026-01-10 12:00Z', 80, 'BRL', false, false),
    (1, 2, 'o4', '2026-01-28 12:00Z', 70, 'BRL', false, true),
    (1, 3, 'o5', '2026-02-01 02:59Z', 10, 'BRL', false, false),
    (1, 3, 'o6', '2026-02-01 03:00Z', 999, 'BRL', false, false),
    (1, 4, 'o7', '2026-01-01 03:00Z', 20, 'BRL', false, false),
    (1, 4, 'o8', '2026-01-01 02:59Z', 999, 'BRL', false, false),
    (1, 5, 'o9', '2026-01-15 12:00Z', 40, 'USD', false, false),
    (1, 6, 'r2', '2026-01-15 12:00Z', -40, 'BRL', true, false),
    (1, null, 'o10', '2026-01-15 12:00Z', 40, 'BRL', false, false);
select vibe.calculate_rfm('shop', '2026-01-01', '2026-02-01') as customers;
select customer_id, recency, frequency, monetary, currency, r_score, f_score, m_score, cluster, small_n
from vibe.rfm_analysis order by customer_id;
select * from vibe.calculate_rfm('1', 1, '2026-01-01', '2026-02-01');
select count(*) as rows_of_a_stranger from vibe.calculate_rfm('shop', 7, '2026-01-01', '2026-02-01');
-- Repeating it changes nothing, not even when it was calculated.
create temporary table before as select * from vibe.rfm_analysis;
select vibe.calculate_rfm('shop', '2026-01-01', '2026-02-01') as customers;
select count(*) as changed from (select * from vibe.rfm_analysis except select * from before) as c;
-- What comes later is not seen; who has no order any more goes.
insert into vibe.purchases (site_id, customer_id, external_id, purchased_at, amount, currency)
    values (1, 7, 'o11', '2026-02-10 12:00Z', 5, 'BRL');
update vibe.purchases set is_cancelled = true where customer_id = 2;
select vibe.calculate_rfm('shop', '2026-01-01', '2026-02-01') as customers;
select customer_id from vibe.rfm_analysis order by customer_id;
select site, period_start, cluster, label, customers, share, orders, monetary from vibe.rfm_clusters order by cluster;
select vibe.calculate_rfm('shop', '2024-01-01', '2024-02-01') as customers;
select vibe.calculate_rfm('shop', '2026-02-01', '2026-02-01');
select vibe.calculate_rfm('shop', null, '2026-02-01');
\set VERBOSITY terse
select vibe.calculate_rfm('nowhere', '2026-01-01', '2026-02-01');

-- Repeating it takes about as long as doing it, though the planner knows nothing about 30,000 new rows.
select vibe.create_site('crowd') as site_id;
insert into vibe.customers (site_id, customer_id, external_id) overriding system value
    select 2, c, 'c' || c from generate_series(1, 30000) as c;
insert into vibe.purchases (site_id, customer_id, external_id, purchased_at, amount, currency)
    select 2, c, 'o' || c, timestamptz '2026-01-05 12:00Z' + c * interval '1 minute', c, 'USD' from generate_series(1, 30000) as c;
set statement_timeout = '8s';
select vibe.calculate_rfm('crowd', '2026-01-01', '2026-02-01') as customers;
select vibe.calculate_rfm('crowd', '2026-01-01', '2026-02-01') as customers;
reset statement_timeout;

-- Rights: viewers read their own site's figures and calculate none; members write them by the function only.
create role rfm_viewer in role vibe_analyst;
insert into vibe.site_members (site_id, login_name, role) values (1, 'rfm_viewer', 'viewer');
create role rfm_stranger in role vibe_member;
set session authorization rfm_viewer;
select count(*) as seen from vibe.rfm_analysis;
select frequency from vibe.calculate_rfm('shop', 1, '2026-01-01', '2026-02-01');
select vibe.calculate_rfm('shop', '2026-01-01', '2026-02-01');
reset session authorization;
set session authorization rfm_stranger;
select count(*) as seen from vibe.rfm_analysis;
select vibe.calculate_rfm('shop', '2026-01-01', '2026-02-01');
delete from vibe.rfm_analysis;
reset session authorization;
drop owned by rfm_viewer, rfm_stranger;
drop role rfm_viewer, rfm_stranger;
