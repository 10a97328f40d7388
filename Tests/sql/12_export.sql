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
