-- The ranges of answers and what they are compared with, by hand; figures of a shop so small that they are plain to see.
set timezone = 'UTC';
set datestyle = iso;
\set SHOW_CONTEXT never
\set VERBOSITY default
select vibe.create_site('shop', time_zone => 'America/Havana', currency => 'EUR') as shop \gset
select vibe.create_site('other') as other \gset

-- Havana's clocks change at midnight: 10 March 2024 begins at 01:00, 3 November 2024 begins with the earlier of two midnights.
select n.asked, r.range_start, r.range_end, r.previous_start, r.previous_end, r.is_partial, round(r.pro_rata, 3) as pro_rata
from (
    values
        ('whole month', '2024-03-01', '2024-03-31', 'same_elapsed', null),
        ('its first day', '2024-03-01', '2024-03-31', 'same_elapsed', '2024-03-01 05:20Z'),
        ('first hour over', '2024-03-01', '2024-03-31', 'same_elapsed', '2024-03-01 06:20Z'),
        ('on the 29th', '2024-03-01', '2024-03-31', 'same_elapsed', '2024-03-29 16:10Z'),
        ('on the 30th: February has ended', '2024-03-01', '2024-03-31', 'same_elapsed', '2024-03-30 16:10Z'),
        ('against all of it', '2024-03-01', '2024-03-31', 'full_month', '2024-03-11 04:00Z'),
        ('by its share', '2024-03-01', '2024-03-31', 'pro_rata', '2024-03-11 04:00Z'),
        ('alone', '2024-03-01', '2024-03-31', 'none', '2024-03-11 04:00Z'),
        ('a day of 23 hours', '2024-03-10', '2024-03-10', 'same_elapsed', null),
        ('a day of 25 hours', '2024-11-03', '2024-11-03', 'same_elapsed', null),
        ('its second midnight', '2024-11-03', '2024-11-03', 'same_elapsed', '2024-11-03 05:30Z'),
        ('a year', '2024-01-01', '2024-12-31', 'same_elapsed', null),
        ('a year that is running', '2024-01-01', '2024-12-31', 'same_elapsed', '2024-02-29 17:00Z'),
        ('part of a month', '2024-03-01', '2024-03-15', 'same_elapsed', null),
        ('any days', '2024-03-05', '2024-03-11', 'same_elapsed', null)
) as n (asked, first_day, last_day, compare, at)
cross join lateral vibe.analytics_range('shop', n.first_day::date, n.last_day::date, n.compare, n.at::timestamptz) as r;

insert into vibe.customers (site_id, customer_id, external_id) overriding system value
    select :shop, c, 'c' || c from generate_series(1, 4) as c;
insert into vibe.purchases (site_id, customer_id, external_id, purchased_at, amount, currency, is_refund, is_cancelled) values
    (:shop, 1, 'a', '2024-02-03 12:00Z', 100, 'EUR', false, false), (:shop, 2, 'b', '2024-02-29 12:00Z', 50, 'EUR', false, false),
    (:shop, 1, 'c', '2024-03-01 05:00Z', 10, 'EUR', false, false), (:shop, 1, 'd', '2024-03-01 04:59Z', 1, 'EUR', false, false),
    (:shop, 3, 'e', '2024-03-10 05:00Z', 20, 'EUR', false, false), (:shop, 3, 'f', '2024-03-10 05:30Z', 40, 'EUR', false, false),
    (:shop, 4, 'g', '2024-03-20 12:00Z', 999, 'EUR', false, true), (:shop, null, 'h', '2024-03-20 12:00Z', 7, 'EUR', false, false),
    (:shop, 3, 'i', '2024-03-21 12:00Z', -5, 'EUR', true, false), (:shop, 1, 'j', '2024-03-31 12:00Z', 3000, 'USD', false, false);

select k.metric, k.value, k.previous, k.change, k.format, k.better from vibe.analytics_kpis('shop', '2024-03-01', '2024-03-31') as k;
-- Zero before: no share. Nothing at all: averages and rates are unknown, sums are zero.
select k.metric, k.value, k.previous, k.change from vibe.analytics_kpis('shop', '2024-02-01', '2024-02-29') as k;
select k.metric, k.value, k.previous, k.change from vibe.analytics_kpis('shop', '2023-02-01', '2023-02-28') as k;
select k.metric, k.value, k.previous from vibe.analytics_kpis('shop', '2024-03-01', '2024-03-31', 'pro_rata', '2024-03-16 16:00Z') as k where k.metric in ('revenue', 'orders', 'average_order_value');
select t.* from vibe.analytics_trend('shop', '2024-03-08', '2024-03-12') as t;
select t.* from vibe.analytics_trend('shop', '2024-02-01', '2024-03-31', 'customers', 'month', '2024-03-10 06:00Z') as t;
select t.* from vibe.analytics_trend('shop', '2024-03-01', '2024-03-31', 'repeat_rate', 'week') as t;
-- Marked, counted: the same.
create temporary table answers as select vibe.get_analytics('shop', '2024-03-01', '2024-03-31', as_of => '2024-03-25')::text as answer;
select vibe_private.refresh_revenue(:shop) > 0 as days, vibe_private.refresh_customer_days(:shop) > 0 as customers;
select count(*) as different from answers where answer is distinct from vibe.get_analytics('shop', '2024-03-01', '2024-03-31', as_of => '2024-03-25')::text;

-- Clusters: scored, then stored, the same; and as of a day in the month.
create temporary table scored as select * from vibe.analytics_clusters('shop', '2024-03');
select vibe.calculate_rfm('shop', '2024-03'), vibe.calculate_rfm('shop', '2024-02');
select c.cluster, c.customers, c.share, c.revenue, c.average_value, c.previous_customers, c.customers_change from vibe.analytics_clusters('shop', '2024-03') as c;
select count(*) as different from (select * from vibe.analytics_clusters('shop', '2024-03') except select * from scored) as d;
select sum(c.customers) as customers, sum(c.revenue) as revenue, sum(c.previous_customers) as previous from vibe.analytics_clusters('shop', '2024-03', '2024-03-10 05:10Z') as c;

-- Sums of periods are right whoever writes the rows.
create function wrong_totals() returns bigint language sql as $$
    select count(*) from (select distinct site_id, period_start, period_end from vibe.rfm_analysis) as p
    cross join lateral (
        (select * from vibe.rfm_totals(p.site_id, p.period_start, p.period_end) except select * from vibe.count_rfm_totals(p.site_id, p.period_start, p.period_end))
        union all
        (select * from vibe.count_rfm_totals(p.site_id, p.period_start, p.period_end) except select * from vibe.rfm_totals(p.site_id, p.period_start, p.period_end))
    ) as x
$$;
select wrong_totals(), (select count(*) from vibe.rfm_marks) as marks, (select count(*) > 0 from vibe.rfm_period_totals) as has_totals;
delete from vibe.customers where site_id = :shop and customer_id = 3;
select wrong_totals(), (select count(*) > 0 from vibe.rfm_marks) as has_marks;
select vibe_private.refresh_rfm_totals(:shop);
select wrong_totals(), (select count(*) from vibe.rfm_marks) as marks;

-- What is wrong is named: field, value, rule.
select vibe.get_analytics('shop', '2024-03-02', '2024-03-01');
select vibe.get_analytics('shop', compare => 'always');
select vibe.get_analytics('shop', as_of => 'infinity');
select vibe.analytics_trend('shop', metric => 'profit');
select vibe.analytics_trend('shop', '2023-01-01', '2024-12-31', interval_by => 'day');
select vibe.analytics_clusters('shop', '2024-00');
select vibe.get_customers('shop', sort => 'worth');
select vibe.get_customer(4711, 'shop');
select vibe.get_funnel(1, segment => 'nobody', site => 'shop');

-- A login of another site, and one that may only read.
create role answers_stranger login in role vibe_analyst;
insert into vibe.site_members (site_id, login_name, role) values (:other, 'answers_stranger', 'viewer');
set session authorization answers_stranger;
select vibe.get_analytics('shop', '2024-03-01', '2024-03-31');
select (vibe.get_analytics(null, '2024-03-01', '2024-03-31') -> 'revenue') ->> 'total' as own;
select vibe.search_customers('shop', 'c');
select vibe.search_customers(null, 'c');
select vibe.add_segment('mine', '{"version": 1, "all": []}');
reset session authorization;
delete from vibe.site_members where login_name = 'answers_stranger';
drop role answers_stranger;
