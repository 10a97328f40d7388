-- Different customers of a range from sums over days, against counting them one by one, while orders come, change, move to
-- other customers and days, are called off and go, in a zone whose clocks change.
set timezone = 'UTC';
\set SHOW_CONTEXT never
select vibe.create_site('shop', time_zone => 'America/Sao_Paulo') as shop \gset
select vibe.create_site('other') as other \gset
update vibe.sites set time_zone = 'Europe/Lisbon' where site_id = :shop;
insert into vibe.customers (site_id, customer_id, external_id) overriding system value
    select s, c + s * 1000, 'c' || c from generate_series(1, 90) as c, unnest(array[:shop, :other]) as s;
insert into vibe.purchases (site_id, customer_id, external_id, purchased_at, amount, currency, is_refund, is_cancelled)
    select s, nullif((hashint8extended(i, 1) & 127) % 91, 0) + s * 1000, 'o' || i,
        timestamptz '2025-01-20 03:00Z' + (hashint8extended(i, 2) & 16383) * interval '1 hour',
        case when (hashint8extended(i, 3) & 15) = 0 then -1 else 1 end * 10, 'USD',
        (hashint8extended(i, 3) & 15) = 0, (hashint8extended(i, 4) & 15) = 0
    from generate_series(1, 1200) as i, unnest(array[:shop, :other]) as s;

-- The reference is written as people would ask: different customers, those without an order before, those with another order.
create function differences() returns bigint language sql as $$
    select count(*)
    from (values ('2025-03-01', '2025-04-01'), ('2025-03-01', '2026-03-01'), ('2025-03-15', '2025-03-16'), ('2025-03-30', '2025-03-31'),
            ('2025-10-26', '2025-10-27'), ('2025-02-10', '2026-01-05'), ('2024-01-01', '2028-01-01'), ('2025-06-01', '2025-06-20'),
            ('2025-12-31', '2026-01-01'), ('2027-01-01', '2027-02-01')) as d (first_day, end_day)
    cross join (values (interval '0'), (interval '13 hours')) as h (hours)
    join vibe.sites as s on s.name = 'shop'
    cross join lateral (
        select vibe.day_start(d.first_day::date, s.time_zone) as starts_at, vibe.day_start(d.end_day::date, s.time_zone) + h.hours as ends_at
    ) as r
    cross join lateral vibe.customers_between(s.site_id, r.starts_at, r.ends_at) as f
    where (f.customers, f.new_customers, f.repeat_customers) is distinct from (
        select row (
            count(distinct p.customer_id) filter (where p.purchased_at >= r.starts_at),
            count(distinct p.customer_id) filter (where p.purchased_at >= r.starts_at and p.nth = 1),
            count(distinct p.customer_id) filter (where p.purchased_at >= r.starts_at and p.nth > 1)
        )::record
        from (
            select o.customer_id, o.purchased_at, row_number() over (partition by o.customer_id order by o.purchased_at, o.purchase_id) as nth
            from vibe.purchases as o
            where o.site_id = s.site_id and o.customer_id is not null and not o.is_refund and not o.is_cancelled
        ) as p
        where p.purchased_at < r.ends_at
    )
$$;
create function stored_differences() returns bigint language sql as $$
    select count(*)
    from vibe.sites as s
    cross join lateral (
        select array_agg(distinct vibe.local_day(p.purchased_at, s.time_zone)) as days from vibe.purchases as p where p.site_id = s.site_id
    ) as a
    cross join lateral (
        (select d.day, d.previous_day, d.customers::bigint, d.second_orders::bigint from vibe.customer_days as d where d.site_id = s.site_id
         except all select * from vibe.count_customer_days(s.site_id, a.days))
        union all
        (select * from vibe.count_customer_days(s.site_id, a.days)
         except all select d.day, d.previous_day, d.customers::bigint, d.second_orders::bigint from vibe.customer_days as d where d.site_id = s.site_id)
    ) as x
    where s.name = 'shop'
$$;
select differences() as not_counted, (select count(*) from vibe.customer_marks where onwards) as marks;
select vibe_private.refresh_customer_days(:shop) > 0 as had_work, vibe_private.refresh_customer_days(:shop) as nothing_left;
select differences() as counted, stored_differences() as stored, (select count(*) from vibe.customer_months) > 100 as has_months;

-- A few at a time: marks are days, and the days of the next two orders.
insert into vibe.purchases (site_id, customer_id, external_id, purchased_at, amount, currency)
    select :shop, :shop * 1000 + c, 'late' || c, timestamptz '2025-01-02 12:00Z' + c * interval '40 days', 5, 'USD' from generate_series(1, 12) as c;
select count(*) > 12 as has_next_days, bool_or(onwards) as onwards from vibe.customer_marks where site_id = :shop;
select differences() as marked;
update vibe.purchases set is_cancelled = not is_cancelled where site_id = :shop and external_id in ('o7', 'o8', 'o500');
update vibe.purchases set purchased_at = purchased_at - interval '100 days' where site_id = :shop and external_id in ('o9', 'o10');
update vibe.purchases set customer_id = :shop * 1000 + 3 where site_id = :shop and external_id in ('o11', 'o12');
delete from vibe.purchases where site_id = :shop and external_id in ('o13', 'o14', 'late5');
select differences() as marked;
select vibe_private.refresh_customer_days(:shop) between 12 and 100 as days;
select differences() as counted, stored_differences() as stored, (select count(*) from vibe.customer_marks where site_id = :shop) as marks;
-- First orders go with their customer, or become nobody's.
delete from vibe.customers where site_id = :shop and customer_id in (:shop * 1000 + 20, :shop * 1000 + 21);
select differences() as marked;
select vibe_private.refresh_customer_days(:shop) > 0 as had_work;
select differences() as counted, stored_differences() as stored;
-- Many at once, and days of another clock.
update vibe.purchases set purchased_at = purchased_at + interval '1 day' where site_id = :shop;
select differences() as marked;
update vibe.sites set time_zone = 'Asia/Kolkata' where site_id = :shop;
select differences() as marked;
select vibe_private.refresh_customer_days(:shop) > 0 as had_work;
select differences() as counted, stored_differences() as stored;
-- A range that does not begin with a day, and an empty one.
select count(*) as different
from vibe.customers_between(:shop, '2025-05-05 11:11Z', '2025-07-01 01:01Z') as a
where row (a.*) is distinct from (select row (b.*) from vibe.count_customers(:shop, '2025-05-05 11:11Z', '2025-07-01 01:01Z') as b);
select * from vibe.customers_between(:shop, '2025-07-01', '2025-07-01');

-- Others see nothing of it.
create role customer_days_stranger login in role vibe_analyst;
set session authorization customer_days_stranger;
select count(*) from vibe.customer_days;
reset session authorization;
drop role customer_days_stranger;
