-- Every rule that a record of history can break, every mistake of a caller, who may import, and what figures make of it.
set time zone 'UTC';
set datestyle = iso;
\set VERBOSITY terse
select vibe.create_site('shop', 'shop.example', 'America/Sao_Paulo', 'BRL') as shop \gset
select vibe.create_site('other') as other \gset
create view kept as
    select i.import_id, r.line, r.field, left(r.value, 25) as value, r.reason
    from vibe.imports as i join vibe.import_rejects as r using (site_id, import_id);

-- Fields, one rule a line; the header is line 1, and good lines stand between bad ones.
select vibe.import_events('shop', 'csv', e'time,visitor_id,event_id,user_id,event_name,url,referrer,title,properties\n' || string_agg(l, e'\n' order by n))
    - 'import_id' - 'reasons' - 'first_day' - 'last_day' as rules
from (values
    (2, '2024-01-01,v,,,,/,,,'),
    (3, ',v,,,,/,,,'), (4, 'yesterday,v,,,,/,,,'), (5, '2024-02-30,v,,,,/,,,'), (6, '2024-01-01 24:00,v,,,,/,,,'),
    (7, '1900-01-01,v,,,,/,,,'), (8, '2200-01-01,v,,,,/,,,'), (9, '9999999999999999,v,,,,/,,,'), (10, '1999-12-31T23:59:59.999999Z,v,,,,/,,,'),
    (11, '2024-01-01,,,,,/,,,'), (12, '2024-01-01,' || repeat('v', 201) || ',,,,/,,,'), (13, e'2024-01-01,v\x08v,,,,/,,,'),
    (14, '2024-01-01,v,,' || repeat('u', 201) || ',,/,,,'), (15, e'2024-01-01,v,,u\x1fu,,/,,,'),
    (16, '2024-01-01,v,,,' || repeat('n', 101) || ',/,,,'), (17, e'2024-01-01,v,,,a\x7fb,/,,,'),
    (18, '2024-01-01,v,,,,,,,'), (19, '2024-01-01,v,,,,ftp://shop.example,,,'), (20, '2024-01-01,v,,,,' || repeat('/', 4097) || ',,,'), (21, '2024-01-01,v,,,,https://,,,'),
    (22, '2024-01-01,v,,,,/,' || repeat('r', 4097) || ',,'), (23, '2024-01-01,v,,,,/,,' || repeat('t', 1001) || ','),
    (24, '2024-01-01,v,' || repeat('i', 201) || ',,,/,,,'),
    (25, '2024-01-01,v,,,,/,,,[1]'), (26, '2024-01-01,v,,,,/,,,no'), (27, '2024-01-01,v,,,,/,,,"{""a"": ""' || repeat('p', 8192) || '""}"'),
    (28, '2024-01-01,v,,,,/,,,"{""a"":{""b"":{""c"":{""d"":{""e"":{""f"":1}}}}}}"'), (29, '2024-01-01,v,,,,/,,,"{""' || repeat('k', 101) || '"":1}"'),
    (30, '2024-01-01,v,,,,/,,,"' || (select replace(jsonb_object_agg(k, 1)::text, '"', '""') from generate_series(1, 101) as k) || '"'),
    (31, '2024-01-01,v,,,,/,,,"{""a"":""\u0000""}"'), (32, '2024-01-01,v,,,,/,,,"{""a"":1e400}"'),
    (33, '2024-01-01,v,,,,/'), (34, '2024-01-01,v,,,,/,,,,one too many'), (35, '2024-01-01,"v"v,,,,/,,,'),
    (36, '2024-01-02,v,,,,/,,' || repeat('t', 1000) || ',"{""a"":{""b"":{""c"":{""d"":{""e"":1}}}}}"'),
    (37, '2024-01-03,v,,,,/,,' || repeat('x', 1048577) || ','),
    (38, '2024-01-01,v,,,,/,,,'),
    (39, '"2024-01-01,v,,,,/,,,')
) as r (n, l);
select line, field, value, reason from kept order by line;
select reason, count from jsonb_each(vibe.import_events('shop', 'csv', e'time,visitor_id,url\nx,v,/\ny,v,/\n') -> 'reasons') as r (reason, count);

-- The JSON of lines.
select vibe.import_events('shop', 'ndjson', string_agg(l, e'\n' order by n)) - 'import_id' - 'reasons' as rules
from (values
    (1, '{"time": "2024-01-04T00:00:00Z", "visitor_id": "v", "url": "/"}'),
    (2, '{"time": "2024-01-04T00:00:00Z", "visitor_id": "v", "url": "/"'), (3, '["2024-01-04"]'), (4, '"x"'), (5, 'null'), (6, 'time,visitor_id'), (7, '{} {}'),
    (8, '{"a": ' || repeat('[', 100) || repeat(']', 100) || '}'), (9, repeat('[', 1000000)), (10, repeat('{"a":', 150000)),
    (11, '{"title": "\u0000"}'), (12, '{"title": "\ud83d"}'), (13, '{"title": "\uZZZZ"}'), (14, '{"n": 1e400}'), (15, '{"n": 1e-400}'), (16, '{"n": 0.' || repeat('1', 20000) || '}'),
    (17, '{"title": "' || repeat('x', 1048576) || '"}'), (18, '{"title": "tab' || e'\t' || '"}'), (19, '{"n": NaN}'), (20, '{"time": 1, "time": 2}'),
    (21, '{"time": {"a": 1}, "visitor_id": "v", "url": "/"}'), (22, '{"time": "2024-01-04T00:00:00Z", "visitor_id": "v", "url": "/", "properties": "text"}'),
    (23, '{"time": "2024-01-04T00:00:00Z", "visitor_id": "v", "url": "/", "properties": null, "title": "\ud83d\ude00 日本", "n": 1e308}')
) as r (n, l);
select line, field, value, reason from kept where import_id = (select max(import_id) from vibe.imports) order by line;
-- Three million characters of one line, rejected with the first ten thousand of them.
select vibe.import_events('shop', 'ndjson', '{"visitor_id": "' || repeat('é', 3000000) || '"}') -> 'reasons' as long_line;
select max(length(record)) as kept from vibe.import_rejects;

-- The functions in C; the rule of small objects also as SQL says it.
select count(*) as cases, count(*) filter (where vibe_private.is_small_object(v) is distinct from (
    jsonb_typeof(v) = 'object' and octet_length(v::text) <= 8192 and not jsonb_path_exists(v, 'strict $.**{6 to last}')
    and not jsonb_path_exists(v, 'strict $.** ? (@.type() == "object").keyvalue().key ? (@ like_regex "^.{101}" flag "s")')
    and (select count(*) from jsonb_object_keys(case jsonb_typeof(v) when 'object' then v else '{}' end)) <= 100
)) as differences
from (
    select jsonb_build_object('a', repeat('x', n)) from generate_series(8170, 8200) as n
    union all select jsonb_build_object('a', repeat('é', n)) from generate_series(4080, 4096) as n
    union all select jsonb_build_object(repeat(c, n), 1) from generate_series(99, 102) as n, unnest(array['k', 'é', '日', '"']) as c
    union all select jsonb_build_object('o', jsonb_build_object(repeat('é', n), 1)) from generate_series(99, 102) as n
    union all select (select jsonb_object_agg(k, d) from generate_series(1, n) as k) from generate_series(98, 102) as n, unnest(array['1', '{}', '{"a": 1}']::jsonb[]) as d
    union all select (repeat('{"a":', n) || d || repeat('}', n))::jsonb from generate_series(0, 9) as n, unnest(array['1', '{}', '[]', '[[]]', '[1]', '{"b": [{}]}']) as d
    union all select jsonb_build_object('n', n) from unnest(array[1e307, -1e307, 1e-307, 0.1]) as n
) as c (v);
select vibe_private.json_parameters(v::jsonb) as parameters from unnest(array['[]', '{}', '1', 'null', '[1, {}, {"key": "k"}, {"key": "k", "value": 1}, {"key": 5, "value": {"int_value": 1}}]',
    '[{"key": "a", "value": {"int_value": "9223372036854775807"}}, {"key": "b", "value": {"int_value": "9223372036854775808"}}, {"key": "c", "value": {"int_value": "x"}}, {"key": "d", "value": {"int_value": ""}}]',
    '[{"key": "a", "value": {"string_value": "", "int_value": 1}}, {"key": "a", "value": {"string_value": null, "float_value": 0.5}}, {"key": "é", "value": {"double_value": "NaN"}}, {"key": "o", "value": {"string_value": {}}}]']) as v;
select vibe_private.json_own_keys(v::jsonb, '$') as own from unnest(array['{"$a": 1, "b": {"$c": [2]}, "": 3, "$": 4, "a$": [{"d": null}]}', '{}', '[]', '1']) as v;

-- Mistakes of callers.
select vibe.begin_event_import('shop', null);
select vibe.begin_event_import('shop', 'matomo');
select vibe.begin_event_import('nowhere', 'csv');
select vibe.begin_event_import('shop', 'csv', null);
select vibe.begin_event_import('shop', 'csv', '[]');
select vibe.begin_event_import('shop', 'csv', '{"separator": ";"}');
select vibe.begin_event_import('shop', 'ga4', '{"columns": {}}');
select vibe.begin_event_import('shop', 'csv', '{"delimiter": ";;"}');
select vibe.begin_event_import('shop', 'csv', '{"date_order": "ydm"}');
select vibe.begin_event_import('shop', 'csv', '{"time_zone": "Brazil"}');
select vibe.begin_event_import('shop', 'csv', '{"encoding": "EBCDIC"}');
select vibe.begin_event_import('shop', 'csv', '{"before": "soon"}');
select vibe.begin_event_import('shop', 'csv', '{"before": 5}');
select vibe.begin_event_import('shop', 'csv', '{"columns": {"id": "x"}}');
select vibe.begin_event_import('shop', 'csv', '{"columns": {"time": 1}}');
select vibe.begin_event_import('shop', 'csv', '{"columns": {"time": " "}}');
select vibe.import_events('shop', 'csv', null);
select vibe.import_events('shop', 'csv', 'x', '{"encoding": "LATIN1"}');
select vibe.import_events('shop', 'csv', '');
select vibe.import_events('shop', 'ndjson', e'\n \r\n');
select vibe.import_events('shop', 'csv', 'time,"visitor_id');
select vibe.import_events('shop', 'csv', e'time,url\n2024-01-01,/');
select vibe.import_events('shop', 'csv', e'time,visitor_id,TIME\n');
select vibe.import_events('shop', 'csv', e'time,visitor_id\n', '{"columns": {"title": "Titel"}}');
select vibe.import_events('shop', 'umami', e'website_id,event_id,data_key\n');
select vibe.import_events('shop', 'plausible', e'date,page,visitors\n');
select vibe.import_events('shop', 'csv', 'time,visitor_id') - 'import_id' as header_alone;
select vibe.finish_event_import(null);
select vibe.finish_event_import(9999);
select import_id as orders from vibe.begin_import('shop', 'orders') \gset
select vibe.finish_event_import(:orders);
select import_id as events from vibe.begin_event_import('shop', 'csv') \gset
select vibe.finish_import(:events);
select import_id as newer from vibe.begin_event_import('shop', 'csv') \gset
select vibe.finish_event_import(:events);
\copy import_lines (record) from stdin with (format csv, delimiter e'\x01', quote e'\x02', encoding 'latin1')
time,visitor_id,url
2024-01-05,w,/
\.
select vibe.finish_event_import(:newer) -> 'imported' as imported;
select vibe.finish_event_import(:newer);
create temp table import_moments (x int);
select vibe.import_events('shop', 'csv', e'time,visitor_id,url\n2024-01-06,w,/');
drop table import_moments;

-- Until when: what the tracker saw is not imported a second time. From when: events that the site would not keep are refused.
select vibe.import_events('shop', 'csv', e'time,visitor_id,url\n2024-01-06 23:59,w,/\n2024-01-07,w,/', '{"before": "2024-01-07"}') -> 'reasons' as before;
update vibe.sites set keep_events_days = 30 where site_id = :other;
select vibe.import_events('other', 'csv', format(e'time,visitor_id,url\n%s,w,/\n%s,w,/', now() - interval '29 days', now() - interval '31 days')) -> 'imported' as young;
select regexp_replace(reason, '\d{4}-\d\d-\d\d', '…') as old from kept where import_id = (select max(import_id) from vibe.imports);
update vibe.sites set keep_events_days = null, events_from = '2024-03-01' where site_id = :other;
select vibe.import_events('other', 'csv', e'time,visitor_id,url\n2024-02-29 23:59,w,/\n2024-03-01,w,/') -> 'reasons' as gone;
update vibe.sites set events_from = null where site_id = :other;

-- Figures follow: every day from the first imported one to yesterday is to be counted again, since totals are of all days before.
select count(distinct day) = max(day) - min(day) + 1 as every_day, min(day) as first_day, max(day) = (now() at time zone 'America/Sao_Paulo')::date - 1 as to_yesterday
from vibe_private.dirty_days where site_id = :shop;
select vibe.calculate_daily_stats('shop', '2024-01-01', '2024-01-08') as days;
select day, total_visitors, new_users, visitors, sessions, page_views, events from vibe.daily_stats where site_id = :shop order by day;
select count(*) as months from pg_inherits as i join pg_class as c on c.oid = i.inhrelid where c.relname in ('user_events_2024_01', 'user_events_2024_03');
select count(*) as waiting from vibe_private.user_events_default;
-- Readers of the feed load again; they are not told a million rows.
select table_name, kind, bool_and(records is null) as load_again from vibe_private.changes where site_id = :shop group by 1, 2 order by 1, 2;

-- Plausible: days, before the site has its own.
select jsonb_pretty(vibe.import_events('shop', 'plausible', e'"date","visitors","pageviews","bounces","visits","visit_duration"\n"2023-12-30",10,20,5,12,600\n"2023-12-31",1,2,,1,\n2023-12-31,1,2,0,1,0\n2024-01-01,1,2,0,1,0\n1999-12-31,1,1,1,1,1\n2023-13-01,1,1,1,1,1\nsoon,1,1,1,1,1\n2023-12-01,-1,1,1,1,1\n2023-12-01,1.5,1,1,1,1\n2023-12-01,,1,1,1,1\n2023-12-01,1\n') - 'import_id') as plausible;
select line, field, value, reason from kept where import_id = (select max(import_id) from vibe.imports) order by line;
select vibe.import_events('shop', 'plausible', e'date,visitors,pageviews,bounces,visits,visit_duration\n2023-12-30,10,20,5,12,600\n2023-12-31,2,2,0,2,10\n') - 'import_id' as again;
select day, source, visitors, sessions, page_views, bounce_rate, average_session_seconds from vibe.traffic_by_day where site_id = :shop and day < '2024-01-03' order by day;
select kind, options ->> 'format' as format, count(*) as files, sum(records) = sum(accepted) + sum(rejected) as adds_up from vibe.imports where finished_at is not null group by 1, 2 order by 1, 2;

-- Who may: members by the server's session, operators; a viewer reads what was imported into their own site and nothing else.
create role vibe_golden_viewer login in role vibe_member;
create role vibe_golden_operator login in role vibe_operator;
select vibe.add_member('other', 'vibe_golden_viewer', 'viewer');
set session authorization vibe_golden_viewer;
select vibe.begin_event_import('other', 'csv');
select vibe.import_events('other', 'csv', 'x');
select count(distinct site_id) as sites, min(site_id) = :other as mine from vibe.imports;
select count(*) filter (where site_id <> :other) as foreign_rejects, count(*) > 0 as own from vibe.import_rejects;
select count(*) as foreign_days from vibe.imported_days;
select count(*) as foreign_days from vibe.traffic_by_day where site_id <> :other;
select vibe_private.import_history(1, 1);
reset session authorization;
set session authorization vibe_golden_operator;
select vibe.import_events('shop', 'csv', e'time,visitor_id,url\n2024-01-08,op,/') -> 'imported' as imported;
select import_id from vibe.begin_event_import('shop', 'csv') \gset
\copy import_lines (record) from stdin with (format csv, delimiter e'\x01', quote e'\x02', encoding 'latin1')
time,visitor_id,url
2024-01-08,op2,/
\.
select vibe.finish_event_import(:import_id) -> 'imported' as imported;
reset session authorization;
drop role vibe_golden_viewer;
drop role vibe_golden_operator;

-- A month that an import made is the month that the job makes.
select vibe_private.add_partition('2025-02-01');
create function leaf(name text) returns text language sql as $$
    select replace(concat_ws(' | ', c.relreplident, c.relowner::regrole, obj_description(c.oid, 'pg_class'), (
        select string_agg(pg_get_indexdef(i.indexrelid) || coalesce(obj_description(i.indexrelid, 'pg_class'), ''), ', ' order by 1)
        from pg_index as i where i.indrelid = c.oid
    ), (select string_agg(conname || pg_get_constraintdef(oid) || coninhcount, ', ' order by conname) from pg_constraint where conrelid = c.oid)),
        right(name, 7), '…')
    from pg_class as c where c.oid = ('vibe_private.' || name)::regclass
$$;
select regexp_replace(leaf('user_events_2024_01'), '\d{4}-\d\d', '') = regexp_replace(leaf('user_events_2025_02'), '\d{4}-\d\d', '') as same,
    length(leaf('user_events_2024_01')) > 500 as told;
select count(*) from pg_class where relname = 'import_months';
