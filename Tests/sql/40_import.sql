-- Import of CSV files (S2-7, S2-8, S2-19): every rule that a record can break, every way of writing one.
set time zone 'UTC';
set datestyle = iso;
\set VERBOSITY terse
select vibe.create_site('shop', null, 'America/Sao_Paulo', 'BRL') as shop \gset
select vibe.create_site('other') as other \gset
create view kept as
    select i.import_id, r.line, r.field, left(r.value, 25) as value, r.reason
    from vibe.imports as i join vibe.import_rejects as r using (site_id, import_id);

-- A good file as a client sends it: by COPY, with a mark of UTF-8, quotes, doubled quotes, delimiters and line breaks in
-- fields, blanks around fields, an empty line, and columns that are not ours.
select import_id, command from vibe.begin_import('shop', 'orders') \gset
\echo :command
\copy import_lines (record) from stdin with (format csv, delimiter e'\x01', quote e'\x02', encoding 'latin1')
﻿Order_ID,customer_id, name ,email,purchased_at,amount,currency,item_count,channel,is_refund,is_cancelled,remark
1,ana,Ana,ana@example.com,2024-02-01,10,,2,web,,,"a ""quoted"" word, and a comma"
2,ana,Ana Lima,,2024-03-01 23:59:59.5,20.50,EUR,,,no,f,"two
lines

and a blank one"
 3 , bia ,"João ""Zé"" 日本 😀",,20240301,0,,,,,,5" disk

4,,,,2024-03-01T00:30:00+02:00,999999999999.99,,,,,,
5,ana,,,2024-01-01,7,,,,,yes,
6,ana,,,2024-04-01,-20.50,EUR,,,true,,
7,ana,,,2018-11-04,"3.10",BRL,0,  ,N,1,
\.
select vibe.finish_import(:import_id);
select p.external_id, c.external_id as customer, p.purchased_at, p.amount, p.currency, p.item_count, p.channel, p.is_refund, p.is_cancelled
from vibe.purchases as p left join vibe.customers as c using (site_id, customer_id) where p.site_id = :shop order by p.external_id;
select external_id, name, email, order_count, total_spent, foreign_orders, first_purchase_at, last_purchase_at
from vibe.customers where site_id = :shop order by external_id;
select kind, records, accepted, rejected, imported, changed, unchanged, foreign_orders, finished_at is not null as is_finished from vibe.imports;

-- Every rule of an order, one record each; the lines are those of the file.
select vibe.import_csv('shop', 'orders', e'order_id,customer_id,name,email,location,purchased_at,amount,currency,item_count,channel,is_refund,is_cancelled,product_id,product,category\n' || string_agg(l, e'\n' order by n))
from (values
    (2, ',x,,,,2024-01-01,1,,,,,,,,'),
    (3, repeat('x', 201) || ',x,,,,2024-01-01,1,,,,,,,,'),
    (4, 'a4,' || repeat('c', 201) || ',,,,2024-01-01,1,,,,,,,,'),
    (5, 'a5,x,' || repeat('n', 501) || ',,,2024-01-01,1,,,,,,,,'),
    (6, 'a6,x,,' || repeat('e', 321) || ',,2024-01-01,1,,,,,,,,'),
    (7, 'a7,x,,,,2024-02-30,1,,,,,,,,'),
    (8, 'a8,x,,,,yesterday,1,,,,,,,,'),
    (9, 'a9,x,,,,01/02/2024,1,,,,,,,,'),
    (10, 'b0,x,,,,,1,,,,,,,,'),
    (11, 'b1,x,,,,2999-01-01,1,,,,,,,,'),
    (12, 'b2,x,,,,1899-12-31,1,,,,,,,,'),
    (13, 'b3,x,,,,2024-01-01 24:00,1,,,,,,,,'),
    (14, 'b4,x,,,,2024-01-01,1.005,,,,,,,,'),
    (15, 'b5,x,,,,2024-01-01,1000000000000,,,,,,,,'),
    (16, 'b6,x,,,,2024-01-01,NaN,,,,,,,,'),
    (17, 'b7,x,,,,2024-01-01,,,,,,,,,'),
    (18, 'b8,x,,,,2024-01-01,-1,,,,,,,,'),
    (19, 'b9,x,,,,2024-01-01,1,,,,true,,,,'),
    (20, 'c0,x,,,,2024-01-01,1,brl,,,,,,,'),
    (21, 'c1,x,,,,2024-01-01,1,,-1,,,,,,'),
    (22, 'c2,x,,,,2024-01-01,1,,1.5,,,,,,'),
    (23, 'c3,x,,,,2024-01-01,1,,1000000000,,,,,,'),
    (24, 'c4,x,,,,2024-01-01,1,,,,perhaps,,,,'),
    (25, 'c5,x,,,,2024-01-01,1,,,,,2,,,'),
    (26, 'c6,x,,,,2024-01-01,1,,,' || repeat('k', 101) || ',,,,,'),
    (27, 'c7,x,,,,2024-01-01,1,,,,,,,' || repeat('k', 501) || ','),
    (28, 'c8,x,,,,2024-01-01,1,,,,,,,,' || repeat('k', 201)),
    (29, 'good,x,,,,2024-01-01,1,,,,,,,,'),
    (30, 'good,x,,,,2024-01-01,1,,,,,,,,'),
    (31, 'd1,x,,,,2024-01-01,1'),
    (32, 'd2,x,,,,2024-01-01,1,,,,,,,,,,one too many'),
    (33, 'd3,"x"y,,,,2024-01-01,1,,,,,,,,'),
    (34, '"d4,x,,,,2024-01-01,1,,,,,,,,')
) as r (n, l);
select line, field, value, reason from kept where import_id = (select max(import_id) from vibe.imports) order by line;

-- Importing a file again changes nothing; an order that was corrected, cancelled later or refunded counts as changed; what
-- a file does not mention stays.
select vibe.import_csv('shop', 'orders', e'order_id,customer_id,purchased_at,amount,channel\nr1,rui,2024-05-01,10,web\nr2,rui,2024-05-02,20,web\n') - 'import_id' - 'reasons' as first;
create temp table before as select ctid as place, p.* from vibe.purchases as p;
select vibe.import_csv('shop', 'orders', e'order_id,customer_id,purchased_at,amount,channel\r\nr1,rui,2024-05-01,10,web\r\nr2,rui,2024-05-02,20,web') - 'import_id' - 'reasons' as again;
select count(*) as moved from (table before except select ctid, p.* from vibe.purchases as p) as m;
select vibe.import_csv('shop', 'orders', e'order_id,customer_id,purchased_at,amount\nr1,rui,2024-05-01,10\nr2,rui,2024-05-03,21.5\nr3,rui,2024-05-04,1') - 'import_id' - 'reasons' as corrected;
select vibe.import_csv('shop', 'orders', e'order_id,purchased_at,amount,is_cancelled\nr1,2024-05-01,10,true') - 'import_id' - 'reasons' as cancelled;
select p.external_id, c.external_id as customer, p.purchased_at, p.amount, p.channel, p.is_cancelled
from vibe.purchases as p join vibe.customers as c using (site_id, customer_id) where c.external_id = 'rui' order by 1;
select order_count, total_spent, first_purchase_at from vibe.customers where external_id = 'rui';

-- Other ways to write: semicolons, decimal commas, days first, a time zone, names of one's own.
select vibe.import_csv('shop', 'orders', e'Pedido;Data;Valor;Cliente\np1;31/12/2023 23:30;"1.234,50";caio\np2;1.2.2024;0,5;caio\np3;01-02-2024;1234,5;caio\np4;2024-01-01;1;caio\np5;01/02/2024;1.50;caio\np6;01/02/2024;1.234.5,00;caio\np7;31/12/23;1;caio',
    '{"columns": {"order_id": "Pedido", "purchased_at": "Data", "amount": "Valor", "customer_id": "cliente"}, "delimiter": ";", "decimal_mark": ",", "date_order": "dmy", "time_zone": "Europe/Lisbon"}')
    - 'import_id';
select external_id, purchased_at, amount from vibe.purchases where external_id like 'p_' order by 1;
select line, field, value, reason from kept where import_id = (select max(import_id) from vibe.imports) order by line;
select vibe.import_csv('shop', 'orders', e'order_id\tpurchased_at\tamount\nm1\t12/31/2023 11:59:59 PM\t"1,234.50"\nm2\t2/1/2024 12:05 am\t+1\nm3\t31/12/2023\t1', '{"delimiter": "\t", "date_order": "mdy"}') - 'import_id';
select external_id, purchased_at, amount from vibe.purchases where external_id like 'm_' order by 1;

-- Clock changes. Sao Paulo skipped midnight to one on 2018-11-04 and had 23 to 24
-- twice on 2018-02-17: what was skipped is an hour later, of what came twice the second counts, as in PostgreSQL.
select vibe.import_csv('shop', 'orders', e'order_id,purchased_at,amount\nz1,2018-11-04 00:30,1\nz2,2018-02-17 23:30,1\nz3,2018-02-17 23:30-02,1\nz4,2018-02-17 22:59:59,1') - 'import_id' - 'reasons';
select external_id, purchased_at, purchased_at = case external_id
    when 'z1' then timestamp '2018-11-04 00:30' at time zone 'America/Sao_Paulo' when 'z2' then timestamp '2018-02-17 23:30' at time zone 'America/Sao_Paulo' end as as_postgres
from vibe.purchases where external_id like 'z_' order by 1;

-- Encodings. A byte that is none of UTF-8's is its record's fault alone; nothing that can be loaded is lost.
select import_id from vibe.begin_import('shop', 'orders') \gset
insert into import_lines (record) values ('order_id,customer_id,name,purchased_at,amount'),
    ('u1,u1,' || convert_from('\x4a6fc3a36f', 'LATIN1') || ',2024-01-01,1'), ('u2,u2,' || convert_from('\x4a6fe36f', 'LATIN1') || ',2024-01-01,1'),
    ('u3,u3,日本,2024-01-01,1');
select vibe.finish_import(:import_id) - 'import_id';
select import_id from vibe.begin_import('shop', 'orders', '{"encoding": "WIN1252"}') \gset
insert into import_lines (record) values ('order_id,customer_id,name,purchased_at,amount'),
    ('w1,w1,' || convert_from('\x4a6fe36f2080', 'LATIN1') || ',2024-01-01,1'), ('w2,w2,' || convert_from('\x81', 'LATIN1') || ',2024-01-01,1');
select vibe.finish_import(:import_id) - 'import_id';
select import_id from vibe.begin_import('shop', 'orders', '{"encoding": "LATIN1"}') \gset
insert into import_lines (record) values ('order_id,customer_id,name,purchased_at,amount'), ('l1,l1,' || convert_from('\x4a6fe36f', 'LATIN1') || ',2024-01-01,1');
select vibe.finish_import(:import_id) - 'import_id';
select external_id, name from vibe.customers where external_id in ('u1', 'w1', 'l1') order by 1;
-- Each byte from 3 on, but for line breaks and the quote, comes back as it was.
select import_id from vibe.begin_import('shop', 'orders', '{"encoding": "LATIN1", "delimiter": ";"}') \gset
insert into import_lines (record) values ('order_id;customer_id;name;purchased_at;amount');
insert into import_lines (record)
select format('byte-%s;byte-%s;<%s>;2024-01-01;1', b, b, convert_from(set_byte('\x00', 0, b), 'LATIN1'))
from generate_series(3, 255) as b where b not in (10, 13, 34, 59) order by b;
select vibe.finish_import(:import_id) - 'import_id';
select count(*) as same from vibe.customers as c
where c.external_id like 'byte-%' and convert_to(c.name, 'LATIN1') = '\x3c'::bytea || set_byte('\x00', 0, substr(c.external_id, 6)::int) || '\x3e'::bytea;

-- Lines of orders: one order is all its lines or nothing.
\set lines 'invoice,sku,title,kind,qty,price,day,who,country\nL1,A,Mug,kitchen,2,1.255,2024-06-01,lia,PT\nL1,B,Lamp,light,1,10,2024-06-01 10:00,lia,PT\nL1,B,Lamp,light,1,10,2024-06-01 10:00,lia,PT\nL2,A,Mug,kitchen,1,1,2024-06-02,lia,BR\nL2,A,Mug,kitchen,-1,1,2024-06-02,lia,BR\nL3,D,Discount,,1,-5,2024-06-03,lia,\nC4,A,Mug,kitchen,-2,1.255,2024-06-04,lia,\nL5,A,Mug,kitchen,1,1,2024-06-05,lia,\nL5,A,Mug,kitchen,2,1,2024-06-05,mia,\nC6,A,Mug,kitchen,1,1,2024-06-05,lia,\nL7,A,Mug,kitchen,1,,2024-06-05,lia,\nL8,A,Mug,kitchen,0,1,2024-06-05,lia,\nL9,A,Mug,kitchen,1.5,1,2024-06-05,lia,\nL0,A,Mug,kitchen,999999999,100000,2024-06-05,lia,'
\set columns '{"columns": {"order_id": "invoice", "product_id": "sku", "product": "title", "category": "kind", "quantity": "qty", "unit_price": "price", "purchased_at": "day", "customer_id": "who", "location": "country"}, "refund_prefix": "C"}'
select vibe.import_csv('other', 'lines', replace(:'lines', '\n', e'\n'), :'columns');
select line, field, value, reason from kept where import_id = (select max(import_id) from vibe.imports) order by line;
select external_id, purchased_at, amount, item_count, is_refund from vibe.purchases where site_id = :other order by 1;
select p.external_id, i.line, i.product_id, i.name, i.category, i.quantity, i.amount
from vibe.purchase_items as i join vibe.purchases as p using (site_id, purchase_id) where i.site_id = :other order by 1, 2;
select external_id, location, order_count, total_spent, preferred_category from vibe.customers where site_id = :other order by 1;
select vibe.import_csv('other', 'lines', replace(:'lines', '\n', e'\n'), :'columns') - 'import_id' - 'reasons' as again;
select vibe.import_csv('other', 'lines', replace(replace(:'lines', 'Lamp,light', 'Lamp,lights'), '\n', e'\n'), :'columns') - 'import_id' - 'reasons' as corrected;
select vibe.import_csv('other', 'lines', replace(:'lines', '\n', e'\n'), :'columns'::jsonb || '{"duplicate_lines": "keep"}') - 'import_id' - 'reasons' as kept_double;
select external_id, amount, item_count from vibe.purchases where site_id = :other and external_id = 'L1';
select vibe.import_csv('other', 'lines', e'order_id,purchased_at,quantity,amount,currency,is_refund\nM1,2024-01-01,1,5,USD,\nM1,2024-01-01,1,5,EUR,\nM2,2024-01-01,1,5,,true\nM2,2024-01-01,1,5,,\nM3,2024-01-01,1,5,,true\nM4,2024-01-01,1,999999999999.99,,\nM4,2024-01-01,2,1,,\nM5,2024-01-01,1,-5,,\nM6,2024-01-01,1,,,');
select line, field, reason from kept where import_id = (select max(import_id) from vibe.imports) order by line;
-- An order with one product says it in its own record.
select vibe.import_csv('other', 'orders', e'order_id,purchased_at,amount,item_count,product_id,category,is_refund\nO1,2024-01-01,5,2,A,kitchen,\nO2,2024-01-01,-5,1,A,kitchen,true') - 'import_id' - 'reasons';
select p.external_id, i.line, i.product_id, i.category, i.quantity, i.amount from vibe.purchase_items as i join vibe.purchases as p using (site_id, purchase_id) where p.external_id like 'O_' order by 1;

-- Customers: who they are, without orders.
select vibe.import_csv('other', 'customers', e'customer_id,name,birth_date,gender,location,income_range,registered_at\nlia,Lia,1990-02-28,f,Porto,20-30k,2020-01-01\nnew,,,,,,\n,x,,,,,\nlia,Lia,1990-02-28,f,Porto,20-30k,2020-01-01\nold,,1800-01-01,,,,\nodd,,soon,,,,');
select line, field, value, reason from kept where import_id = (select max(import_id) from vibe.imports) order by line;
select external_id, name, birth_date, gender, location, income_range, registered_at, order_count from vibe.customers where external_id in ('lia', 'new') order by 1;
select vibe.import_csv('other', 'customers', e'customer_id,gender,location\nlia,,Lisboa') - 'import_id' as changed;
select name, gender, location from vibe.customers where external_id = 'lia';

-- Files that are none, and options that are wrong.
select vibe.import_csv('other', 'orders', '');
select vibe.import_csv('other', 'orders', null);
select vibe.import_csv('other', 'orders', e'order_id,purchased_at,amount\n') - 'import_id' as header_only;
select vibe.import_csv('other', 'orders', 'order_id,purchased_at');
select vibe.import_csv('other', 'orders', 'order_id;purchased_at;amount');
select vibe.import_csv('other', 'orders', 'order_id,purchased_at,amount,Amount');
select vibe.import_csv('other', 'orders', 'order_id,purchased_at,"amount');
select vibe.import_csv('other', 'lines', 'order_id,purchased_at');
select vibe.import_csv('other', 'orders', 'x', '{"columns": {"order_id": "nr"}}');
select vibe.import_csv('other', 'orders', 'x', '{"columns": {"sku": "nr"}}');
select vibe.import_csv('other', 'orders', 'x', '{"columns": {"order_id": 1}}');
select vibe.import_csv('other', 'orders', 'x', '{"columns": "order_id"}');
select vibe.import_csv('other', 'orders', 'x', '{"delimiter": "::"}');
select vibe.import_csv('other', 'orders', 'x', '{"delimiter": "\""}');
select vibe.import_csv('other', 'orders', 'x', '{"decimal_mark": ";"}');
select vibe.import_csv('other', 'orders', 'x', '{"date_order": "ydm"}');
select vibe.import_csv('other', 'orders', 'x', '{"time_zone": "Mars/Olympus"}');
select vibe.import_csv('other', 'orders', 'x', '{"currency": "usd"}');
select vibe.import_csv('other', 'orders', 'x', '{"encoding": "UTF8"}');
select vibe.begin_import('other', 'orders', '{"encoding": "EBCDIC"}');
select vibe.import_csv('other', 'orders', 'x', '{"refund_prefix": ""}');
select vibe.import_csv('other', 'orders', 'x', '{"duplicate_lines": true}');
select vibe.import_csv('other', 'orders', 'x', '{"speed": "fast"}');
select vibe.import_csv('other', 'orders', 'x', '[]');
select vibe.import_csv('other', 'orders', 'x', null);
select vibe.import_csv('other', 'parcels', 'x');
select vibe.import_csv('other', null, 'x');
select vibe.import_csv('nowhere', 'orders', 'x');
select vibe.finish_import(null);
select vibe.finish_import(999999);
select vibe.finish_import(1);
select import_id from vibe.begin_import('other', 'orders') \gset
select import_id as later from vibe.begin_import('other', 'orders') \gset
-- The number depends on the errors above, which used some up.
\set VERBOSITY sqlstate
select vibe.finish_import(:import_id);
select vibe.finish_import(:later);
\set VERBOSITY terse
drop table import_lines;
create temp table import_lines (line bigint, record text);
select vibe.begin_import('other', 'orders');
drop table import_lines;
create temp table import_rows (x int);
select vibe.import_csv('other', 'orders', e'order_id,purchased_at,amount\n1,2024-01-01,1');
drop table import_rows;

-- Who may: members of the site through the server (e2e); logins that are operators. Viewers and analysts may not, and
-- nobody sees the rejects of a site that is not theirs.
create role import_viewer login in role vibe_member;
create role import_analyst login in role vibe_analyst;
create role import_operator login in role vibe_operator;
select vibe.add_member('other', 'import_viewer', 'viewer');
set session authorization import_viewer;
select vibe.import_csv('other', 'orders', e'order_id,purchased_at,amount\nv1,2024-01-01,1');
select vibe.begin_import('other', 'orders');
\set VERBOSITY sqlstate
select vibe.finish_import(:later);
\set VERBOSITY terse
select count(distinct site_id) as sites, count(*) > 0 as sees from vibe.imports;
select count(distinct site_id) as sites, count(*) > 0 as sees from vibe.import_rejects;
update vibe.imports set rejected = 0;
delete from vibe.import_rejects;
set session authorization import_analyst;
select vibe.import_csv('other', 'orders', e'order_id,purchased_at,amount\nv1,2024-01-01,1');
select count(*) from vibe.imports;
set session authorization import_operator;
select import_id from vibe.begin_import('shop', 'orders') \gset
\copy import_lines (record) from stdin with (format csv, delimiter e'\x01', quote e'\x02', encoding 'latin1')
order_id,purchased_at,amount
op1,2024-01-01,1
\.
select vibe.finish_import(:import_id) - 'import_id';
reset session authorization;
drop owned by import_viewer, import_analyst, import_operator;
delete from vibe.site_members where login_name like 'import%';
drop role import_viewer, import_analyst, import_operator;

-- After all of this the derived columns are what a recount gives.
select count(*) as customers, count(*) filter (where (c.order_count, c.total_spent, c.foreign_orders, c.first_purchase_at, c.last_purchase_at) is distinct from (
    f.orders, f.spent, f.foreign_orders, f.first_at, f.last_at)) as wrong
from vibe.customers as c join vibe.sites as s using (site_id) cross join lateral (
    select count(*) filter (where not is_refund) as orders, coalesce(sum(amount) filter (where p.currency = s.currency), 0) as spent,
        count(*) filter (where not is_refund and p.currency <> s.currency) as foreign_orders,
        min(purchased_at) filter (where not is_refund) as first_at, max(purchased_at) filter (where not is_refund) as last_at
    from vibe.purchases as p where p.site_id = c.site_id and p.customer_id = c.customer_id and not is_cancelled
) as f;
