-- Customers, purchases and their import (S0-23, S0-26; A-08).
set time zone 'UTC';
set datestyle = iso;
\set VERBOSITY terse
select vibe.create_site('shop', null, 'America/Sao_Paulo', 'BRL') as shop \gset
select vibe.create_site('other') as other \gset

-- An import: good rows, and one row for each rule that can be broken.
create temp table orders (
    order_id text, customer_id text, name text, email text, purchased_at text, amount text,
    currency text, item_count text, is_refund text, is_cancelled text
);
insert into orders values
    ('1', 'ana', 'Ana', 'ana@example.com', '2024-02-01', '10', null, '2', null, null),
    ('2', 'ana', 'Ana Lima', null, '2024-03-01 23:59:59.5', '20.50', 'EUR', null, 'no', 'f'),
    ('3', 'bia', null, null, '20240301', '0', null, null, null, null),
    ('4', null, null, null, '2024-03-01T00:30:00+02:00', '999999999999.99', null, null, null, null),
    ('5', 'ana', null, null, '2024-01-01', '7', null, null, null, 'yes'),
    ('6', 'ana', null, null, '2024-04-01', '-20.50', 'EUR', null, 'true', null),
    (' 7 ', 'ana', null, null, '2018-11-04', '3.10', null, null, null, null),
    ('', 'x', null, null, '2024-01-01', '1', null, null, null, null),
    (repeat('x', 201), 'x', null, null, '2024-01-01', '1', null, null, null, null),
    ('a', repeat('c', 201), null, null, '2024-01-01', '1', null, null, null, null),
    ('b', 'x', null, null, '2024-02-30', '1', null, null, null, null),
    ('c', 'x', null, null, 'yesterday', '1', null, null, null, null),
    ('d', 'x', null, null, '01/02/2024', '1', null, null, null, null),
    ('e', 'x', null, null, null, '1', null, null, null, null),
    ('f', 'x', null, null, '2999-01-01', '1', null, null, null, null),
    ('fa', 'x', null, null, '1899-12-31', '1', null, null, null, null),
    ('g', 'x', null, null, '2024-01-01', '1.005', null, null, null, null),
    ('h', 'x', null, null, '2024-01-01', '1000000000000', null, null, null, null),
    ('i', 'x', null, null, '2024-01-01', 'NaN', null, null, null, null),
    ('j', 'x', null, null, '2024-01-01', null, null, null, null, null),
    ('k', 'x', null, null, '2024-01-01', '-1', null, null, null, null),
    ('l', 'x', null, null, '2024-01-01', '1', null, null, 'true', null),
    ('m', 'x', null, null, '2024-01-01', '1', 'brl', null, null, null),
    ('n', 'x', null, null, '2024-01-01', '1', null, '-1', null, null),
    ('o', 'x', null, null, '2024-01-01', '1', null, null, 'perhaps', null),
    ('1', 'x', null, null, '2024-01-01', '1', null, null, null, null);
create temp table answer as select vibe.import_purchases('shop', 'orders') as a;
select a - 'errors' as counts from answer;
select e ->> 'row' as row, left(e ->> 'order_id', 5) as order_id, e ->> 'field' as field, left(e ->> 'value', 15) as value, e ->> 'reason' as reason
from answer cross join lateral jsonb_array_elements(a -> 'errors') as e order by (e ->> 'row')::int;
select p.external_id, c.external_id as customer, p.purchased_at, p.amount, p.currency, p.item_count, p.is_refund, p.is_cancelled
from vibe.purchases as p left join vibe.customers as c using (site_id, customer_id) where p.site_id = :shop order by p.external_id;
select external_id, name, email, first_purchase_at, last_purchase_at from vibe.customers where site_id = :shop order by external_id;

-- The view dates by the site's calendar and leaves out what was called off.
select order_id, date, amount, currency, is_refund from vibe.transactions where site_id = :shop order by order_id;

-- Importing again changes nothing, a corrected order changes one row and the customer's dates.
create temp table before as select ctid as place, p.* from vibe.purchases as p;
select vibe.import_purchases('shop', 'orders') - 'errors' as again;
select count(*) as moved from (table before except select ctid, p.* from vibe.purchases as p) as m;
update orders set purchased_at = '2024-05-05', customer_id = 'bia' where order_id = '2';
select vibe.import_purchases('shop', 'orders') - 'errors' as corrected;
select external_id, first_purchase_at, last_purchase_at from vibe.customers where site_id = :shop order by external_id;

-- Another site has order numbers and customers of its own; columns may have any type.
create temp table typed as select 1 as order_id, timestamptz '2024-01-01 05:00+02' as purchased_at, 12.5::numeric(8, 3) as amount, 'ana' as customer_id;
select vibe.import_purchases('other', 'typed') as typed;
select p.site_id = :other as is_other, p.purchased_at, p.amount, p.currency from vibe.purchases as p where p.site_id = :other;
select count(*) from vibe.customers where external_id = 'ana';
create temp table nothing (like typed);
select vibe.import_purchases('other', 'nothing') as empty;

-- Tables that are none.
create temp table lacking (order_id text, total text);
select vibe.import_purchases('shop', 'lacking');
create temp view seen as table typed;
select vibe.import_purchases('shop', 'seen');
select vibe.import_purchases('nowhere', 'typed');

-- Direct writes keep the derived dates too: compared with a recount.
create function wrong_dates() returns bigint language sql as $$
    select count(*) from vibe.customers as c
    where (c.first_purchase_at, c.last_purchase_at) is distinct from (
        (select min(purchased_at) from vibe.purchases as p where p.customer_id = c.customer_id and p.site_id = c.site_id and not is_refund and not is_cancelled),
        (select max(purchased_at) from vibe.purchases as p where p.customer_id = c.customer_id and p.site_id = c.site_id and not is_refund and not is_cancelled))
$$;
insert into vibe.customers (site_id, external_id) select :shop, 'bulk-' || n from generate_series(1, 50) as n;
insert into vibe.purchases (site_id, customer_id, external_id, purchased_at, amount, currency)
select :shop, c.customer_id, c.external_id || '/' || n, timestamptz '2023-01-01' + n * interval '1 day' + hashint4(n + c.customer_id::int) % 86400 * interval '1 second', n, 'BRL'
from vibe.customers as c cross join generate_series(1, 4) as n where c.external_id like 'bulk-%';
select wrong_dates() as after_insert, count(first_purchase_at) from vibe.customers;
update vibe.purchases set is_cancelled = true where external_id like 'bulk-1%/1';
update vibe.purchases as p set customer_id = c.customer_id from vibe.customers as c where c.external_id = 'bulk-7' and c.site_id = p.site_id and p.external_id like 'bulk-8/%';
select wrong_dates() as after_update;
select first_purchase_at, last_purchase_at from vibe.customers where external_id = 'bulk-8';
delete from vibe.purchases where external_id like 'bulk-9/%' or external_id like '%/4';
select wrong_dates() as after_delete;

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
