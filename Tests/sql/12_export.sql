-- CSV of a question: the query that is made of it, and what it never becomes.
load 'vibe';
set timezone = 'UTC';
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never

-- Cells. The apostrophe stands before what a spreadsheet would calculate, and nowhere else.
select string_agg(vibe.csv_cell(t), ' ' order by n)
from unnest(array['a', '', 'a"b', '=1', '+1', '-1', '@a', '＝1', '＋1', '－1', '＠a', 'a=1', ' =1', '''a', '1-1', null]) with ordinality as u (t, n);
select quote_literal(vibe.csv_cell(E'\tx')), quote_literal(vibe.csv_cell(E'\rx')), quote_literal(vibe.csv_cell(E'\nx')), quote_literal(vibe.csv_cell(E'x\n'));

-- Values stay in the question: the text of the query has names and types of the catalog only.
select text from vibe.csv_query('{"from": "sites", "select": ["name"], "where": [["name", "eq", "''; drop table vibe.sites; --"]]}');
select text from vibe.csv_query('{"from": "sites", "select": ["name", "site_id"], "where": [["site_id", "in", ["1"]], ["domain", "is", null], ["name", "ilike", "a*"], ["keep_events_days", "gte", 30]], "order": ["name.desc.nullslast", "site_id", "key.asc.nullsfirst"], "limit": 5}');
select text from vibe.csv_query('{"from": "page_paths", "arguments": {"site": "a", "pages": 2}, "select": ["path", "users"]}');
select text from vibe.csv_query('{"from": "my_sites", "arguments": {}}');
select text from vibe.csv_query('{"from": "user_visitors", "arguments": {"site_id": 1, "user_id": 2}}');

-- The form of a function is chosen by its arguments; what writes has none.
select source, column_names from vibe.csv_source('{"from": "get_online_users_in_segment", "arguments": {"site": "a", "in_segment": "b"}}');
select vibe.csv_source('{"from": "get_online_users_in_segment", "arguments": {"site": "a"}}');
select vibe.csv_source('{"from": "delete_site", "arguments": {"site": "a"}}');
select vibe.csv_source('{"from": "get_sites"}');
select vibe.csv_source('{"from": "sites", "arguments": {}}');

-- Lines. Numbers and truth are bare, all else is text; what is no number to a spreadsheet is text too, and null is nothing.
create domain pg_temp.share as numeric(4, 2) check (value >= 0);
create table pg_temp.lines (a int, gone text, b text, c pg_temp.share, d timestamptz);
insert into pg_temp.lines values (-1, 'x', '=a"b', 0.5, '2026-03-29 01:30Z'), (null, 'y', null, null, null), (2, 'z', '', 'NaN', 'infinity');
alter table pg_temp.lines drop column gone;
select replace(vibe.csv_line(l), E'\r\n', '|') from pg_temp.lines as l;
select replace(vibe.csv_line(row(true, 'NaN'::float8, '-Infinity'::float8, 1e300, -0.0::float8, 'b'::"char", date '2026-01-31', time '01:02', interval '-1 day')), E'\r\n', '|');
select replace(vibe.csv_line(v), E'\r\n', '|') from (values (1, 'a'), (2, '＝b')) as v (n, t);
select replace(vibe.csv_line(row()), E'\r\n', '|'), vibe.csv_line(null) is null;
-- A place that sees records of several shapes.
select replace(vibe.csv_line(r), E'\r\n', '|') from (select row(1, 'a'::text) as r union all select row('b'::text, 2.5, null)) as q;

-- The rows of a cursor, in pieces that hold them all, in order.
begin;
declare response cursor for select n::text || ' ' from generate_series(1, 40000) as n;
select count(*) > 5, max(length(p)) < 40000, md5(string_agg(p, '' order by place)) = (select md5(string_agg(n::text || ' ', '' order by n)) from generate_series(1, 40000) as n)
from (select vibe.cursor_pieces() as p) as q, lateral (select row_number() over () as place) as r;
select count(*) from (select vibe.cursor_pieces()) as q;
rollback;
begin;
declare response cursor for select null::text union all select repeat('x', 100000) union all select 'y';
select length(p) from (select vibe.cursor_pieces() as p) as q;
rollback;
begin;
declare "another one" cursor for select 'a'::text where false;
select vibe.cursor_pieces('another one');
select vibe.cursor_pieces(null);
savepoint before;
select vibe.cursor_pieces('nothing');
rollback to before;
declare response cursor for select 1;
select vibe.cursor_pieces();
rollback to before;
declare response cursor for select 'a'::text, 'b'::text;
select vibe.cursor_pieces();
rollback to before;
-- What fails in the query fails here, and the limit on time holds.
declare response cursor for select (1 / (n - 3))::text from generate_series(1, 5) as n;
select vibe.cursor_pieces();
rollback to before;
declare response cursor for select pg_sleep(60)::text;
set local statement_timeout = 100;
select vibe.cursor_pieces();
rollback;

-- With the caller's rights: nobody's sites are nobody's rows.
select vibe.create_site('one', currency => 'BRL');
select replace(line, E'\r\n', '|') from vibe.export_csv('{"from": "sites", "select": ["site_id", "name", "currency", "allowed_origins", "domain"]}') as line;
set session authorization vibe_server;
set role vibe_member;
select replace(line, E'\r\n', '|') from vibe.export_csv('{"from": "sites", "select": ["name"]}') as line;
select current_setting('response.headers', true) = '' or current_setting('response.headers', true) is null;
begin;
select count(*) from vibe.export_csv('{"from": "sites"}', 'all-sites');
select current_setting('response.headers');
rollback;
select * from vibe.export_csv('{"from": "sites"}', null);
select * from vibe.export_csv(null);
select * from vibe.export_csv('{"from": "get_analysts", "arguments": {}}');

-- Files.
reset role;
reset session authorization;
begin;
select vibe.export_rows('{"from": "sites", "select": ["name", "currency"]}', 'all', 'ndjson');
select vibe.cursor_pieces();
select current_setting('response.headers'), current_setting('statement_timeout');
rollback;
begin;
select vibe.export_rows('{"from": "sites", "select": ["name"]}', bom => false);
select replace(vibe.cursor_pieces(), E'\r\n', '|');
rollback;
select vibe.export_rows('{"from": "sites"}', format => 'xml');
select vibe.export_rows('{"from": "sites"}', 'a/b');
select vibe.file_query('select 1, 2', '{"a b",c}', 'csv', false), vibe.file_query('select 1, 2', '{"a b",c}', 'ndjson', false);
