-- Revenue by day, month and category (S0-38, S1-40; A-05): against plain counts, at any state of the roll-up.
set time zone 'UTC';
set datestyle = iso;
\set VERBOSITY terse
select vibe.create_site('shop', null, 'America/Sao_Paulo', 'BRL') as shop \gset
select vibe.create_site('other', null, 'Europe/Lisbon', 'EUR') as other \gset
select vibe.create_site('empty') as empty \gset

-- Orders around midnights and months of the site's clock, a day of 23 hours (2018-11-04), a refund, a foreign and a cancelled order.
select vibe.import_csv('shop', 'orders', e'order_id,customer_id,purchased_at,amount,currency,item_count,category,is_refund,is_cancelled
1,ana,2018-11-03 23:59:59,10,,1,tea,,
2,ana,2018-11-04 01:00,20,,2,tea,,
3,bia,2018-11-04 23:59:59,30,,1,pots,,
4,,2018-11-05,5,,1,,,
5,bia,2018-11-30 23:59:59,100,,1,pots,,
6,bia,2018-12-01,50,USD,1,pots,,
7,bia,2018-12-02,-30,,1,pots,true,
8,ana,2018-12-03,7,,1,tea,,true
9,ana,2019-02-01,42,,1,tea,,') ->> 'imported' as imported;
-- An import leaves its days counted; from here on as if the orders had come one by one since.
select (select count(*) from vibe.daily_revenue where site_id = :shop) as days, (select count(*) from vibe.revenue_marks where site_id = :shop) as marks;
delete from vibe.daily_revenue where site_id = :shop;
delete from vibe.daily_category_revenue where site_id = :shop;
insert into vibe.revenue_marks (site_id, day)
select site_id, (purchased_at at time zone 'America/Sao_Paulo')::date from vibe.purchases where site_id = :shop;
select day, day_start, orders, refunds, buyers, revenue, refunded, foreign_orders, average_order_value from vibe.revenue_by_day where site_id = :shop order by day;
select month, range_start, range_end, orders, revenue, refunded, foreign_orders, average_order_value, comparison, previous_range_start, previous_revenue, revenue_change
from vibe.revenue_by_month where site_id = :shop and month < '2019-05-01' order by month;
select month, category, orders, quantity, revenue, share from vibe.revenue_by_category where site_id = :shop order by month, category;
select customers, buyers, orders, total_spent, foreign_orders, average_order_value, average_customer_value from vibe.customer_totals order by site_id;

-- Orders and lines, against the tables and "at time zone"; an order without lines is a line of its own, one with two is two.
insert into vibe.purchase_items (site_id, purchase_id, line, category, quantity, amount)
select site_id, purchase_id, 2, 'pots', 1, 3 from vibe.purchases where site_id = :shop and external_id = '3';
create view slow_lines as
select p.site_id, p.purchase_id, i.line, i.category, coalesce(i.amount, p.amount) as amount, coalesce(i.quantity, p.item_count) as quantity,
    (p.purchased_at at time zone (select s.time_zone from vibe.sites as s where s.site_id = p.site_id))::date as day
from (select * from vibe.purchases where is_cancelled is not true) as p
left join vibe.purchase_items as i on (i.site_id, i.purchase_id) = (p.site_id, p.purchase_id);
create function strange_lines() returns text language sql as $$
    select format('%s orders and %s lines are wrong; %s lines of %s orders',
        (select count(*) from (select distinct site_id, purchase_id, day from slow_lines
            except select site_id, transaction_id, date from vibe.transactions) as d),
        (select count(*) from (
            (table slow_lines except all select site_id, id, line, category, amount, quantity, purchase_date from vibe.purchase_lines) union all
            (select site_id, id, line, category, amount, quantity, purchase_date from vibe.purchase_lines except all table slow_lines)) as d),
        (select count(*) from slow_lines), (select count(*) from vibe.transactions))
$$;
select strange_lines();
-- Counting them does not look at the site.
explain (costs off) select count(*) from vibe.transactions;

-- The roll-up and the marks: the views say the same before and after, and after every kind of write.
create function slow_days() returns table (site_id int, day date, orders bigint, refunds bigint, buyers bigint, revenue numeric, refunded numeric, foreign_orders bigint)
language sql as $$
    select p.site_id, (p.purchased_at at time zone s.time_zone)::date, count(*) filter (where not is_refund), count(*) filter (where is_refund),
        count(distinct customer_id) filter (where not is_refund), coalesce(sum(amount) filter (where p.currency = s.currency), 0),
        coalesce(sum(-amount) filter (where is_refund and p.currency = s.currency), 0), count(*) filter (where not is_refund and p.currency <> s.currency)
    from vibe.purchases as p join vibe.sites as s using (site_id) where not is_cancelled group by 1, 2
$$;
create view slow_days_now as select * from slow_days();
create function differences() returns text language sql as $$
    select format('%s by day, %s by category',
        (select count(*) from (
            (table slow_days_now except select site_id, day, orders, refunds, buyers, revenue, refunded, foreign_orders from vibe.revenue_by_day) union all
            (select site_id, day, orders, refunds, buyers, revenue, refunded, foreign_orders from vibe.revenue_by_day except table slow_days_now)) as d),
        (select count(*) from (
            select r.site_id, r.month, r.category, r.quantity, r.revenue from vibe.revenue_by_category as r
            except
            select p.site_id, date_trunc('month', p.purchased_at at time zone s.time_zone)::date, i.category, sum(i.quantity), sum(i.amount)
            from vibe.purchases as p join vibe.sites as s using (site_id) join vibe.purchase_items as i using (site_id, purchase_id)
            where not p.is_cancelled and p.currency = s.currency group by 1, 2, 3) as d))
$$;
select differences() as marked, (select count(*) from vibe.daily_revenue) as rolled_up;
select vibe_private.refresh_revenue(:shop) as days, vibe_private.refresh_revenue(:shop) as nothing_left;
select differences() as rolled_up, (select count(*) from vibe.revenue_marks where site_id = :shop) as marks;
update vibe.purchases set amount = 11 where site_id = :shop and external_id = '1';
select differences() as after_update, (select count(distinct day) from vibe.revenue_marks where site_id = :shop) as marked_days;
update vibe.purchases set purchased_at = purchased_at + interval '1 year', is_cancelled = true where site_id = :shop and external_id in ('2', '3');
delete from vibe.purchases where site_id = :shop and external_id = '5';
select differences() as after_delete;
select vibe_private.refresh_revenue(:shop) as days;
select differences() as rolled_up;
update vibe.purchase_items set category = 'cups', quantity = 9 where site_id = :shop and category = 'tea';
select differences() as after_items, (select count(*) > 0 from vibe.revenue_marks) as has_marks;
select vibe_private.refresh_revenue(:shop) > 0 as had_work;
select differences() as rolled_up, (select count(*) from vibe.revenue_marks) as marks;
set role vibe_owner;
update vibe.sites set time_zone = 'Asia/Tokyo' where site_id = :shop;
reset role;
select differences() as by_another_clock;
select vibe_private.refresh_revenue(:shop) > 0 as had_work;
select differences() as rolled_up;
-- Random days of two years, half of them rolled up.
insert into vibe.purchases (site_id, external_id, purchased_at, amount, currency, is_refund)
select s.site_id, 'n' || n, timestamptz '2020-01-01' + (hashint4(n) & 1048575) / 1048576.0 * interval '730 days', case when n % 9 = 0 then -1 else 1 end * (n % 100),
    case n % 7 when 0 then 'USD' else s.currency end, n % 9 = 0
from vibe.sites as s, generate_series(1, 2000) as n where s.site_id <> :empty;
select strange_lines();
select vibe_private.refresh_revenue(:shop) > 500 as days;
select differences() as random_days;
select vibe_private.refresh_revenue(:other) > 500 as days;
analyze vibe.purchases, vibe.daily_revenue, vibe.revenue_marks;

-- Any stretch of time: whole days as the view has them, the rest by counting; also where every third day is marked and its roll-up wrong.
create function stretches(of_site integer) returns text language sql as $$
    select format('%s of %s wrong', count(*) filter (where (b.orders, b.revenue, b.refunds) is distinct from (c.orders, c.revenue, c.refunds)), count(*))
    from generate_series(1, 20) as n
    cross join lateral (select timestamptz '2019-12-30' + (hashint4(n) & 65535) / 65536.0 * interval '700 days' as lower) as l
    cross join lateral (select l.lower + (hashint4(-n) & 65535) / 65536.0 * case when n % 3 = 0 then interval '20 hours' else interval '60 days' end as upper) as u
    cross join lateral vibe.revenue_between(of_site, l.lower, u.upper) as b
    cross join lateral (
        select count(*) filter (where not is_refund) as orders, count(*) filter (where is_refund) as refunds, coalesce(sum(amount) filter (where currency = 'EUR'), 0) as revenue
        from vibe.purchases where site_id = of_site and not is_cancelled and purchased_at >= l.lower and purchased_at < u.upper
    ) as c
$$;
select stretches(:other);
insert into vibe.revenue_marks (site_id, day) select site_id, day from vibe.daily_revenue, generate_series(1, 2) where extract(day from day)::integer % 3 = 0;
update vibe.daily_revenue set revenue = revenue + 1000000 where extract(day from day)::integer % 3 = 0;
select stretches(:other), differences();
select vibe_private.refresh_revenue(:shop) > 100 as shop, vibe_private.refresh_revenue(:other) > 100 as other;
select stretches(:other), differences();
select count(*) as of_a_day_asked_twice from vibe.count_revenue(:other, array(select day from vibe.daily_revenue where site_id = :other limit 1) || array(select day from vibe.daily_revenue where site_id = :other limit 1));
select * from vibe.revenue_between(:other, '2020-02-02 10:00Z', '2020-02-02 10:00Z');
select * from vibe.revenue_between(:empty, '2020-01-01', '2021-01-01');

-- Month over month at any moment: the running month ends at the last full hour and is held against as much of the month
-- before, at most all of it. now() stands still within a transaction, so orders are put around the ends of both ranges.
insert into vibe.purchases (site_id, external_id, purchased_at, amount, currency)
select :other, 'e' || row_number() over (), e.at at time zone 'Europe/Lisbon', e.amount, 'EUR'
from (select date_trunc('month', date_trunc('hour', now() at time zone 'Europe/Lisbon')) as running, date_trunc('hour', now() at time zone 'Europe/Lisbon') as until) as c
cross join lateral (values
    (c.running, 1), (c.until - interval '1 second', 10), (c.until, 100),
    (c.running - interval '1 month', 1000), (least(c.running, c.running - interval '1 month' + (c.until - c.running)) - interval '1 second', 10000),
    (least(c.running, c.running - interval '1 month' + (c.until - c.running)), 100000)
) as e (at, amount)
where e.at >= c.running - interval '1 month' and (e.at < c.until or e.amount = 100);
select r.range_end = date_trunc('hour', now()) as ends_at_full_hour, r.comparison,
    r.revenue = (select sum(amount) from vibe.purchases where site_id = :other and currency = 'EUR' and not is_cancelled and purchased_at >= r.range_start and purchased_at < r.range_end) as revenue,
    r.previous_revenue = (select sum(amount) from vibe.purchases where site_id = :other and currency = 'EUR' and not is_cancelled and purchased_at >= r.previous_range_start and purchased_at < r.previous_range_end) as previous,
    r.previous_range_end <= r.range_start as clamped
from vibe.revenue_by_month as r where r.site_id = :other and r.month = date_trunc('month', now() at time zone 'Europe/Lisbon')::date;
select count(*) = 1 as one_running, bool_and(month <= now()) as none_ahead from vibe.revenue_by_month where site_id = :other and comparison = 'same elapsed part';
select count(*) as months_of_empty from vibe.revenue_by_month where site_id = :empty;

-- Tenants: a viewer sees one site in each view, and the functions give nothing of the other.
create role revenue_viewer login in role vibe_analyst;
select vibe.add_member('other', 'revenue_viewer', 'viewer');
set session authorization revenue_viewer;
select (select count(distinct site_id) from vibe.revenue_by_day) as days, (select count(distinct site_id) from vibe.revenue_by_month) as months,
    (select count(*) from vibe.revenue_by_category) as categories, (select count(*) from vibe.customer_totals) as totals,
    (select count(*) from vibe.count_revenue(:shop, array['2020-01-01'::date, '2020-01-02'])) as strange_days,
    (select revenue from vibe.revenue_between(:shop, '2018-01-01', '2022-01-01')) as strange_revenue,
    (select count(*) from vibe.customer_profiles) as profiles, (select count(distinct site_id) from vibe.purchase_lines) as lines;
reset session authorization;
drop owned by revenue_viewer;
delete from vibe.site_members where login_name = 'revenue_viewer';
drop role revenue_viewer;
