-- Import of history: what Umami, PostHog, GA4 and plain files say becomes visitors, visits and events; every rule that a record
-- can break; once and again. The layouts are those of the tools' public documentation; the records are made here.
set time zone 'UTC';
set datestyle = iso;
\set VERBOSITY terse
select vibe.create_site('shop', 'shop.example', 'America/Sao_Paulo', 'BRL') as shop \gset
select vibe.create_site('other') as other \gset
create view kept as
    select i.import_id, r.line, r.field, left(r.value, 25) as value, r.reason
    from vibe.imports as i join vibe.import_rejects as r using (site_id, import_id);
create view people as
    select u.site_id, u.anonymous_id, u.external_id, u.name, u.email, m.anonymous_id as merged_into, u.first_seen_at, u.last_seen_at
    from vibe.site_users as u left join vibe.site_users as m on m.site_id = u.site_id and m.user_id = u.merged_into;
create view visits as
    select u.site_id, u.anonymous_id, s.started_at, s.last_seen_at, s.page_views, s.events, s.host, s.entry_page, s.entry_query, s.exit_page,
        s.referrer, s.channel, concat_ws('/', s.utm_source, s.utm_medium, s.utm_campaign) as utm, s.click_ids,
        concat_ws('/', s.device, s.browser, s.os) as client, s.is_bot
    from vibe.site_sessions as s join vibe.site_users as u using (site_id, user_id);
create view moments as
    select e.site_id, e.occurred_at, u.anonymous_id, e.event_name, e.page, e.query, e.referrer, e.title, e.properties
    from vibe.user_events as e join vibe.site_users as u using (site_id, user_id);

-- Umami, as its cloud writes it: a mark of UTF-8, CR LF, \N, a quoted line break, unicode; and columns that are not ours.
select import_id, command from vibe.begin_event_import('shop', 'umami') \gset
\echo :command
\copy import_lines (record) from stdin with (format csv, delimiter e'\x01', quote e'\x02', encoding 'latin1')
﻿website_id,session_id,visit_id,event_id,hostname,browser,os,device,screen,language,country,region,city,url_path,url_query,utm_source,referrer_path,referrer_query,referrer_domain,page_title,gclid,event_type,event_name,tag,distinct_id,created_at,job_id
w,s1,v1,6f1c1f6e-0000-4000-8000-000000000001,shop.example,edge-chromium,Windows 10,laptop,1x1,pt-BR,BR,SP,São Paulo,/,utm_source=news&utm_medium=email,news,/s,q=1,mail.example,"Início, ""a loja""",,1,,\N,\N,2024-01-31 23:50:00,\N
w,s1,v1,6f1c1f6e-0000-4000-8000-000000000002,shop.example,edge-chromium,Windows 10,laptop,1x1,pt-BR,BR,SP,São Paulo,/cart,,,/,,shop.example,"two
lines 日本",,2,add to cart,sale,ana,2024-02-01 00:10:00.123+00,
w,s1,v1,6f1c1f6e-0000-4000-8000-000000000003,shop.example,edge-chromium,Windows 10,laptop,1x1,pt-BR,BR,SP,São Paulo,/cart,,,/,,shop.example,Cart,,5,,,,2024-02-01 00:20:00,
w,s1,v2,6f1c1f6e-0000-4000-8000-000000000004,shop.example,edge-chromium,Windows 10,laptop,1x1,pt-BR,BR,SP,São Paulo,/late,,,,,,Late,,1,,,,2024-02-01 00:50:00.001,

w,s2,v3,6f1c1f6e-0000-4000-8000-000000000005,,ios,iOS,mobile,1x1,pt-BR,BR,SP,São Paulo,/x,gclid=1,,,,google.com,X,1,1,,,ana,2024-02-01 00:00:00,
w,s2,v3,not-a-uuid,,ios,iOS,mobile,1x1,pt-BR,BR,SP,São Paulo,/x,,,,,,X,,3,,,ana,2024-02-01 00:01:00,
w,s2,v3,6f1c1f6e-0000-4000-8000-000000000007,,ios,iOS,mobile,1x1,pt-BR,BR,SP,São Paulo,/x,,,,,,X,,9,,,ana,2024-02-01 00:02:00,
\.
select jsonb_pretty(vibe.finish_event_import(:import_id) - 'import_id') as umami;
select anonymous_id, external_id, merged_into, first_seen_at, last_seen_at from people order by anonymous_id;
select * from visits order by anonymous_id, started_at \gx
select * from moments order by occurred_at;
select line, field, value, reason from kept order by import_id, line;

-- PostHog: a browser before and after it is identified, its second browser, what the shop's server sent, properties as text.
select jsonb_pretty(vibe.import_events('shop', 'posthog', $$
{"uuid":"018daf23-89b3-7cf8-a4f1-000000000001","event":"$pageview","distinct_id":"dev-1","timestamp":"2024-05-22T17:09:29.220000+00:00","properties":{"$current_url":"https://shop.example/x?fbclid=abc#top","$referrer":"$direct","$device_id":"dev-1","$browser":"Mobile Safari","$os":"iOS","$device_type":"Mobile","plan":"pro","nested":{"a":[1,2]},"token":"x","title":"X"},"person_properties":{}}
{"uuid":"018daf23-89b3-7cf8-a4f1-000000000002","event":"$identify","distinct_id":"user-1","timestamp":"2024-05-22T17:10:29.220Z","properties":{"$anon_distinct_id":"dev-1","$device_id":"dev-1"},"person_properties":{"email":"a@shop.example","name":"Ana"}}
{"uuid":"018daf23-89b3-7cf8-a4f1-000000000003","event":"bought","distinct_id":"user-1","timestamp":"2024-05-22 14:11:29.22-03","properties":"{\"$device_id\":\"dev-1\",\"$is_identified\":true,\"value\":12.5}","person_properties":{"email":"a@shop.example","name":"Ana"}}
{"uuid":"018daf23-89b3-7cf8-a4f1-000000000004","event":"$pageleave","distinct_id":"user-1","timestamp":"2024-05-22T17:20:00Z","properties":{"$device_id":"dev-1","$current_url":"https://shop.example/x"}}
{"uuid":"018daf23-89b3-7cf8-a4f1-000000000005","event":"$pageview","distinct_id":"user-1","timestamp":"2024-05-22T18:00:00Z","properties":{"$device_id":"dev-2","$current_url":"https://shop.example/y","$referrer":"https://www.google.com/","$raw_user_agent":"Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"}}
{"uuid":"018daf23-89b3-7cf8-a4f1-000000000006","event":"$pageview","distinct_id":"crawler","timestamp":"2024-05-22T18:00:00Z","properties":{"$current_url":"https://shop.example/y","$raw_user_agent":"Mozilla/5.0 (compatible; Googlebot/2.1)"}}
{"uuid":"018daf23-89b3-7cf8-a4f1-000000000007","event":"invoice paid","distinct_id":"user-1","timestamp":"2024-05-22T19:00:00Z","properties":{}}
{"uuid":"018daf23-89b3-7cf8-a4f1-000000000007","event":"invoice paid","distinct_id":"user-1","timestamp":"2024-05-22T19:00:00Z","properties":{}}
{"event":"$pageview","distinct_id":"dev-3","properties":{"$current_url":"https://shop.example/y"}}
{"distinct_id":"dev-3","timestamp":"2024-05-22T19:00:00Z"}
$$) - 'import_id') as posthog;
select anonymous_id, external_id, name, email, merged_into from people where anonymous_id like 'posthog%' order by anonymous_id;
select anonymous_id, started_at, last_seen_at, page_views, events, entry_page, entry_query, referrer, channel, click_ids, client, is_bot
from visits where anonymous_id like 'posthog%' order by anonymous_id, started_at;
select occurred_at, anonymous_id, event_name, page, query, referrer, title, properties from moments where anonymous_id like 'posthog%' order by occurred_at, anonymous_id;
select line, field, value, reason from kept where import_id = (select max(import_id) from vibe.imports) order by line;

-- GA4: whole numbers as text or as numbers, nulls written out or left out, a campaign that the address does not show.
select jsonb_pretty(vibe.import_events('shop', 'ga4', $$
{"event_date":"20240501","event_timestamp":"1714557600000000","event_name":"session_start","event_params":[{"key":"page_location","value":{"string_value":"https://shop.example/l?a=1"}}],"user_pseudo_id":"12.34","device":{"category":"mobile","operating_system":"Android","web_info":{"browser":"Samsung Internet"}},"collected_traffic_source":{"manual_source":"google","manual_medium":"cpc","manual_campaign_name":"50% a b&c"}}
{"event_date":"20240501","event_timestamp":"1714557600000000","event_name":"page_view","event_params":[{"key":"page_location","value":{"string_value":"https://shop.example/l?a=1"}},{"key":"page_referrer","value":{"string_value":"https://www.google.com/"}},{"key":"ga_session_id","value":{"int_value":"1714557600"}},{"key":"page_title","value":{"string_value":"L"}},{"key":"x","value":{"string_value":null,"int_value":"5","float_value":null,"double_value":null}},{"key":"none","value":{}},{"value":{"int_value":1}},7],"user_pseudo_id":"12.34","user_id":"7","device":{"category":"mobile","operating_system":"Android","web_info":{"browser":"Samsung Internet"}},"collected_traffic_source":{"manual_source":"google","manual_medium":"cpc","manual_campaign_name":"50% a b&c"},"batch_event_index":"1"}
{"event_date":"20240501","event_timestamp":1714557600000000,"event_name":"page_view","event_params":[{"key":"page_location","value":{"string_value":"https://shop.example/l?a=1"}}],"user_pseudo_id":"12.34","batch_event_index":"2"}
{"event_date":"20240501","event_timestamp":"1714557610500001","event_name":"purchase","event_params":[{"key":"page_location","value":{"string_value":"https://shop.example/done"}},{"key":"value","value":{"double_value":5.5}},{"key":"transaction_id","value":{"string_value":"T1"}}],"user_pseudo_id":"12.34","user_id":"7","items":[{"item_id":"a"}]}
{"event_date":"20240501","event_timestamp":"1714557610500001","event_name":"purchase","event_params":[{"key":"page_location","value":{"string_value":"https://shop.example/done"}},{"key":"value","value":{"double_value":5.5}}],"user_pseudo_id":"12.34","user_id":"7"}
{"event_date":"20240501","event_timestamp":"1714557620000000","event_name":"user_engagement","user_pseudo_id":"12.34"}
{"event_date":"20240501","event_timestamp":"17145576","event_name":"page_view","user_pseudo_id":"12.34"}
{"event_date":"20240501","event_timestamp":"soon","event_name":"page_view","user_pseudo_id":"12.34"}
{"event_date":"20240501","event_timestamp":"1714557620000000","event_name":"page_view","user_pseudo_id":null}
$$) - 'import_id') as ga4;
select anonymous_id, external_id, started_at, v.last_seen_at, page_views, events, entry_page, entry_query, exit_page, referrer, channel, utm, client
from visits as v join people using (site_id, anonymous_id) where anonymous_id like 'ga4%' order by 1, 3;
select occurred_at, event_name, page, query, referrer, title, properties from moments where anonymous_id like 'ga4%' order by occurred_at, properties::text;
select line, field, value, reason from kept where import_id = (select max(import_id) from vibe.imports) order by line;

-- Plain files, with names of one's own; equal rows without an id are as many events.
select vibe.import_events('shop', 'csv', e'quando;quem;endereço;nome\n31/12/2023 23:30;plain-1;/a;\n31/12/2023 23:31;plain-1;https://shop.example/b;comprou\n31/12/2023 23:31;plain-1;https://shop.example/b;comprou\n1704076320000;plain-1;/c;\n',
    '{"columns": {"time": "quando", "visitor_id": "quem", "url": "endereço", "event_name": "nome"}, "delimiter": ";", "date_order": "dmy"}') - 'import_id' as csv;
select vibe.import_events('shop', 'ndjson', '{"at": "2023-12-31T23:40:00-03:00", "visitor_id": "plain-1", "event_name": "rated", "properties": {"stars": 5}, "user_id": "undefined"}',
    '{"columns": {"time": "at"}}') - 'import_id' as ndjson;
select occurred_at, event_name, page, properties from moments where anonymous_id = 'plain-1' order by occurred_at, event_name;
select started_at, v.last_seen_at, page_views, events, entry_page, exit_page, external_id from visits as v join people using (site_id, anonymous_id) where anonymous_id = 'plain-1';

-- Again: nothing changes, not even where a row lies.
create temp table events_before as select e.* from vibe.user_events as e;
create temp table visits_before as select s.ctid as place, s.* from vibe.site_sessions as s;
create temp table users_before as select u.ctid as place, u.* from vibe.site_users as u;
select vibe.import_events('shop', 'csv', e'time,visitor_id,url,event_name\n31/12/2023 23:30,plain-1,/a,\n31/12/2023 23:31,plain-1,https://shop.example/b,comprou\n31/12/2023 23:31,plain-1,https://shop.example/b,comprou\n31/12/2023 23:32,plain-1,/c,\n', '{"date_order": "dmy"}') - 'import_id' as csv_again;
select vibe.import_events('shop', 'posthog', $$
{"uuid":"018daf23-89b3-7cf8-a4f1-000000000002","event":"$identify","distinct_id":"user-1","timestamp":"2024-05-22T17:10:29.220Z","properties":{"$anon_distinct_id":"dev-1","$device_id":"dev-1"},"person_properties":{"email":"a@shop.example","name":"Ana"}}
{"uuid":"018daf23-89b3-7cf8-a4f1-000000000003","event":"bought","distinct_id":"user-1","timestamp":"2024-05-22 14:11:29.22-03","properties":"{\"$device_id\":\"dev-1\",\"$is_identified\":true,\"value\":12.5}"}$$) - 'import_id' as posthog_again;
select vibe.import_events('shop', 'ga4', $${"event_timestamp":"1714557610500001","event_name":"purchase","event_params":[{"key":"page_location","value":{"string_value":"https://shop.example/done"}}],"user_pseudo_id":"12.34","user_id":"7"}$$) - 'import_id' as ga4_again;
select count(*) as events from (table events_before except select e.* from vibe.user_events as e) as d;
select count(*) as visits from (select s.ctid as place, s.* from vibe.site_sessions as s except table visits_before) as d;
select count(*) as visitors from (select u.ctid as place, u.* from vibe.site_users as u except table users_before) as d;

-- Visits: 30 minutes of silence end one, 24 hours cut it, midnight does not; a later file goes on with known ones, also in between.
select vibe.import_events('other', 'ndjson', string_agg(format('{"time": %s, "visitor_id": "v", "url": "/%s"}', 1704067200000 + m * 60000, m), e'\n' order by m)) -> 'visits' as visits
from unnest(array[0, 30, 60, 91, 1000]) as m;
select vibe.import_events('other', 'ndjson', string_agg(format('{"time": %s, "visitor_id": "v", "url": "/%s"}', 1704067200000 + m * 60000, m), e'\n')) -> 'visits' as visits
from unnest(array[100, 75, -10, 985, 2000]) as m;
select started_at, last_seen_at, page_views, entry_page, exit_page from visits where site_id = :other order by started_at;
select vibe.import_events('other', 'ndjson', string_agg(format('{"time": %s, "visitor_id": "long", "url": "/%s"}', 1704067200000 + m * 60000, m), e'\n')) -> 'visits' as visits
from generate_series(0, 1470, 29) as m;
select started_at, last_seen_at, page_views from visits where anonymous_id = 'long' order by started_at;
-- The rule of ingest, by ingest itself: the same minutes give the same visits. (Its clock allows a week back, so these are of today.)
select key from vibe.sites where site_id = :other \gset
create temp table minutes as select m, floor(extract(epoch from now() - interval '6 days') * 1000)::bigint + m * 60000 as at
from unnest(array[0, 10, 45, 76, 90, 300, 301, 331, 362, 363, 1800, 1829] || array(select generate_series(3000, 4600, 20))) as m;
select status from vibe_private.ingest(
    (select array[jsonb_build_object('site', :'key', 'visitor', 'ingested-1', 'sent_at', floor(extract(epoch from now()) * 1000)::bigint, 'items',
        jsonb_agg(jsonb_build_object('type', 'page_view', 'id', gen_random_uuid(), 'time', at, 'url', 'https://shop.example/' || m)))::text] from minutes), array[null::jsonb]);
select vibe.import_events('other', 'ndjson', string_agg(format('{"time": %s, "visitor_id": "imported-1", "url": "https://shop.example/%s"}', at, m), e'\n')) -> 'imported' as imported from minutes;
select count(*) as visits, count(distinct (page_views, entry_page, exit_page)) as different
from visits where anonymous_id in ('ingested-1', 'imported-1');

-- Who is who: the first claim makes a browser known, another is refused with one warning however often it is imported.
select vibe.import_events('other', 'csv', e'time,visitor_id,url,user_id,name,email\n2024-03-01,b1,/,u1,Uma,u1@x.example\n2024-03-02,b2,/,u1,,\n2024-03-03,b1,/,u2,,\n2024-03-03,b3,/,Guest,,\n') -> 'imported' as imported;
select vibe.import_events('other', 'csv', e'time,visitor_id,url,user_id\n2024-03-04,b1,/,u2\n2024-03-04,b3,/,u3\n') -> 'imported' as imported;
select anonymous_id, external_id, name, email, merged_into, first_seen_at, last_seen_at from people where anonymous_id ~ '^b[123]$' order by 1;
select external_id, claimed_id from vibe.identity_warnings where site_id = :other;
select count(*) as merges from vibe.user_merges where site_id = :other and undone_at is null;
-- A name alone is news too: readers of the feed load again.
delete from vibe_private.changes;
select vibe.import_events('shop', 'posthog', $${"uuid":"018daf23-89b3-7cf8-a4f1-000000000009","event":"$identify","distinct_id":"user-9","timestamp":"2024-05-22T18:00:00Z","properties":{"$device_id":"crawler"}}$$) -> 'imported' as imported;
select table_name, records is null as load_again from vibe_private.changes where site_id = :shop order by 1;
select external_id from people where anonymous_id = 'posthog:crawler';
