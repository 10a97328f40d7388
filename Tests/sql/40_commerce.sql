-- Customers, purchases and their import (S0-23, S0-26; A-08).
set time zone 'UTC';
set datestyle = iso;
\set VERBOSITY terse
select vibe.create_site('shop', null, 'America/Sao_Paulo', 'BRL') as shop \gset
select vibe.create_site('other') as other \gset

-- Orders, one in a foreign currency with its refund, one by a guest, one cancelled. (The import has its own test.)
select vibe.import_csv('shop', 'orders', e'order_id,customer_id,purchased_at,amount,currency,is_refund,is_cancelled\n1,ana,2024-02-01,10,,,\n2,ana,2024-03-01 23:59:59.5,20.50,EUR,,\n3,bia,2024-03-01,0,,,\n4,,2024-03-01T00:30+02,99.99,,,\n5,ana,2024-01-01,7,,,true\n6,ana,2024-04-01,-20.50,EUR,true,\n7,ana,2018-11-04,3.10,,,\n8,ana,2024-04-02,-1,,true,')
    ->> 'imported' as imported;
select external_id, order_count, total_spent, foreign_orders, purchase_frequency, first_purchase_at, last_purchase_at
from vibe.customers where site_id = :shop order by external_id;

-- The view dates by the site's calendar and leaves out what was called off.
select order_id, date, amount, currency, is_refund from vibe.transactions where site_id = :shop order by order_id;

-- Another site has order numbers and customers of its own.
select vibe.import_csv('other', 'orders', e'order_id,customer_id,purchased_at,amount\n1,ana,2024-01-01 05:00+02,12.5') ->> 'imported' as imported;
select p.site_id = :other as is_other, p.purchased_at, p.amount, p.currency from vibe.purchases as p where p.site_id = :other;
select count(*) from vibe.customers where external_id = 'ana';

-- Direct writes keep the derived columns too: compared with a slow recount, customer by customer.
create function wrong_customers() returns bigint language sql as $$
    select count(*) from vibe.customers as c join vibe.sites as s using (site_id)
    where (c.first_purchase_at, c.last_purchase_at, c.order_count, c.total_spent, c.foreign_orders, c.preferred_category) is distinct from (
        (select min(purchased_at) from vibe.purchases as p where p.customer_id = c.customer_id and p.site_id = c.site_id and not is_refund and not is_cancelled),
        (select max(purchased_at) from vibe.purchases as p where p.customer_id = c.customer_id and p.site_id = c.site_id and not is_refund and not is_cancelled),
        (select count(*) from vibe.purchases as p where p.customer_id = c.customer_id and p.site_id = c.site_id and not is_refund and not is_cancelled),
        (select coalesce(sum(amount), 0) from vibe.purchases as p where p.customer_id = c.customer_id and p.site_id = c.site_id and p.currency = s.currency and not is_cancelled),
        (select count(*) from vibe.purchases as p where p.customer_id = c.customer_id and p.site_id = c.site_id and p.currency <> s.currency and not is_refund and not is_cancelled),
        (select i.category from vibe.purchases as p join vibe.purchase_items as i using (site_id, purchase_id)
            where p.customer_id = c.customer_id and p.site_id = c.site_id and not is_refund and not is_cancelled and i.category is not null
            group by i.category order by sum(i.quantity) desc, i.category collate "C" limit 1))
    or c.purchase_frequency is distinct from case when c.order_count > 1 then round((c.order_count - 1) * 30 / greatest(extract(epoch from c.last_purchase_at - c.first_purchase_at) / 86400, 1), 4) end
$$;
insert into vibe.customers (site_id, external_id) select :shop, 'bulk-' || n from generate_series(1, 50) as n;
insert into vibe.purchases (site_id, customer_id, external_id, purchased_at, amount, currency)
select :shop, c.customer_id, c.external_id || '/' || n, timestamptz '2023-01-01' + n * interval '1 day' + hashint4(n + c.customer_id::int) % 86400 * interval '1 second', n, 'BRL'
from vibe.customers as c cross join generate_series(1, 4) as n where c.external_id like 'bulk-%';
select wrong_customers() as after_insert, count(first_purchase_at) from vibe.customers;
update vibe.purchases set is_cancelled = true where external_id like 'bulk-1%/1';
update vibe.purchases as p set customer_id = c.customer_id from vibe.customers as c where c.external_id = 'bulk-7' and c.site_id = p.site_id and p.external_id like 'bulk-8/%';
select wrong_customers() as after_update;
select first_purchase_at, last_purchase_at from vibe.customers where external_id = 'bulk-8';
delete from vibe.purchases where external_id like 'bulk-9/%' or external_id like '%/4';
select wrong_customers() as after_delete;

-- A thousand random writes: orders and items are added, changed, moved, cancelled and deleted, some many at once.
do $$
declare
    draw int;
    wrong bigint;
begin
    perform setseed(0.4);
    insert into vibe.customers (site_id, external_id) select s.site_id, 'r-' || n from vibe.sites as s, generate_series(1, 20) as n;
    for n in 1..1000 loop
        draw := floor(random() * 10);
        case
            when draw < 4 then
                with p as (
                    insert into vibe.purchases (site_id, customer_id, external_id, purchased_at, amount, currency, is_refund)
                    select c.site_id, c.customer_id, 'r-' || n || '-' || c.customer_id, timestamptz '2024-01-01' + random() * interval '1 year',
                        case when n % 5 = 0 then -1 else 1 end * round((random() * 100)::numeric, 2), (array['BRL', 'USD', 'EUR'])[1 + floor(random() * 3)::int], n % 5 = 0
                    from vibe.customers as c where c.external_id like 'r-%' and random() < 0.1
                    returning site_id, purchase_id
                )
                insert into vibe.purchase_items (site_id, purchase_id, line, category, quantity, amount)
                select p.site_id, p.purchase_id, l, (array['a', 'b', 'B', null])[1 + floor(random() * 4)::int], floor(random() * 4)::int, 1
                from p, generate_series(1, 2) as l;
            when draw = 4 then update vibe.purchases set amount = round(amount * 0.9, 2), is_cancelled = random() < 0.3 where external_id like 'r-%' and random() < 0.2;
            when draw = 5 then update vibe.purchases as p set customer_id = (
                    select customer_id from vibe.customers as c where c.site_id = p.site_id and c.external_id = 'r-' || (1 + n % 20))
                where external_id like 'r-%' and random() < 0.1;
            when draw = 6 then update vibe.purchases set currency = 'USD', customer_id = nullif(customer_id, n % 20) where external_id like 'r-%' and random() < 0.1;
            when draw = 7 then delete from vibe.purchases where external_id like 'r-%' and random() < 0.1;
            when draw = 8 then delete from vibe.purchase_items where random() < 0.1;
            else update vibe.purchase_items set category = 'c', quantity = quantity + 1 where random() < 0.05;
        end case;
        if n % 100 = 0 then
            select wrong_customers() into wrong;
            if wrong > 0 then raise exception '% customers are wrong after % writes', wrong, n; end if;
        end if;
    end loop;
end
$$;
select wrong_customers() as after_random_writes, count(*) > 10 as with_category from vibe.customers where preferred_category is not null;
-- Totals are in the site's currency, whichever it is.
set role vibe_owner;
update vibe.sites set currency = 'EUR' where site_id = :shop;
select wrong_customers() as after_change_of_currency;
update vibe.sites set currency = 'BRL' where site_id = :shop;
reset role;
delete from vibe.purchases where external_id like 'r-%';
delete from vibe.customers where external_id like 'r-%';

-- Erasing a customer or a visitor keeps the money; the site stays with the row.
insert into vibe.site_users (site_id, anonymous_id, customer_id)
select :shop, 'visitor', customer_id from vibe.customers where site_id = :shop and external_id = 'ana';
update vibe.purchases set user_id = (select user_id from vibe.site_users where anonymous_id = 'visitor') where site_id = :shop and external_id = '1';
set role vibe_owner;
delete from vibe.customers where site_id = :shop and external_id = 'ana';
select site_id = :shop as same_site, customer_id, user_id is not null as has_visitor from vibe.purchases where site_id = :shop and external_id = '1';
select site_id = :shop as same_site, customer_id from vibe.site_users where anonymous_id = 'visitor';
delete from vibe.site_users where anonymous_id = 'visitor';
select site_id = :shop as same_site, customer_id, user_id from vibe.purchases where site_id = :shop and external_id = '1';
reset role;

-- Rules of the table itself.
insert into vibe.purchases (site_id, external_id, purchased_at, amount, currency) values (:shop, 'z', now(), -1, 'BRL');
insert into vibe.purchases (site_id, external_id, purchased_at, amount, currency, is_refund) values (:shop, 'z', now(), 1, 'BRL', true);
insert into vibe.purchases (site_id, external_id, purchased_at, amount, currency) values (:shop, 'z', now(), 1, 'R$ ');
insert into vibe.purchases (site_id, external_id, purchased_at, amount, currency) values (:shop, 'z', 'infinity', 1, 'BRL');
insert into vibe.purchases (site_id, external_id, purchased_at, amount, currency) values (:shop, '3', now(), 1, 'BRL');
insert into vibe.purchases (site_id, customer_id, external_id, purchased_at, amount, currency)
select :other, customer_id, 'z', now(), 1, 'BRL' from vibe.customers where site_id = :shop and external_id = 'bia';

-- Rights: members write what is theirs, not the derived columns; strangers see nothing.
begin;
set local role vibe_member;
update vibe.customers set first_purchase_at = now();
rollback;
begin;
set local role vibe_member;
update vibe.customers set total_spent = 1;
rollback;
begin;
set local role vibe_analyst;
select count(*) > 0 as reads from vibe.transactions;
delete from vibe.purchases;
rollback;
create role commerce_viewer login in role vibe_member;
select vibe.add_member('other', 'commerce_viewer', 'viewer');
set session authorization commerce_viewer;
select count(*) as purchases, count(distinct site_id) as sites from vibe.purchases;
select count(*) as transactions from vibe.transactions;
select count(*) as customers from vibe.customers;
insert into vibe.purchases (site_id, external_id, purchased_at, amount, currency) values (:other, 'mine', now(), 1, 'USD');
update vibe.purchases set amount = 0;
delete from vibe.customers;
-- The policy is asked once and is an index condition (a planner that would rather scan a small table is told not to).
set enable_seqscan = off;
set enable_bitmapscan = off;
explain (costs off) select * from vibe.purchases where purchased_at >= '2024-01-01' and purchased_at < '2024-02-01';
reset enable_seqscan;
reset enable_bitmapscan;
reset session authorization;
select count(*) as purchases, sum(amount) as amount from vibe.purchases where site_id = :other;
drop owned by commerce_viewer;
delete from vibe.site_members where login_name = 'commerce_viewer';
drop role commerce_viewer;
