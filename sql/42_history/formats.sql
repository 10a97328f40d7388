-- What each tool writes, as its public documentation says: Umami's table website_event (Data export), PostHog's batch exports
-- (Events model, JSON lines), Google's "BigQuery Export schema" of GA4, and fields of our own. All become rows of one shape.

create function vibe_private.history_formats() returns text[]
language sql
immutable
parallel safe
as $$
    select array['csv', 'ndjson', 'umami', 'posthog', 'ga4', 'plausible']
$$;
comment on function vibe_private.history_formats() is 'the files that vibe.begin_event_import() reads';

create function vibe_private.history_columns(format text)
returns table (place integer, name text, is_needed boolean)
language sql
immutable
parallel safe
as $$
    select c.place::integer, rtrim(c.name, '!'), c.name like '%!'
    from unnest(string_to_array(case format
        when 'umami' then 'session_id! created_at! event_id event_type event_name url_path! url_query hostname referrer_domain'
            || ' referrer_path referrer_query page_title distinct_id device browser os tag'
        when 'plausible' then 'date! visitors! pageviews! bounces visits! visit_duration'
        when 'posthog' then ''
        when 'ga4' then ''
        else 'time! visitor_id! event_id user_id event_name url referrer title properties device browser os user_agent name email'
    end, ' ')) with ordinality as c (name, place)
$$;
comment on function vibe_private.history_columns(text) is
'the columns (csv) or fields (ndjson) that an import of this format knows by name';

-- SQL of one row: from r.f, the fields of a CSV record in the order of history_columns(), or r.j, an object.
create function vibe_private.history_query(format text, options jsonb) returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select case history_query.format
        when 'umami' then vibe_private.umami_query(zone)
        when 'posthog' then vibe_private.posthog_query()
        when 'ga4' then vibe_private.ga4_query()
        else vibe_private.plain_query(history_query.format, options, zone)
    end
    from (select options ->> 'time_zone') as o (zone)
$$;
comment on function vibe_private.history_query(text, jsonb) is
'how a record of this format becomes a row: the values from source_id to campaign, then from which sources, as SQL';

create function vibe_private.plain_query(format text, options jsonb, zone text) returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select format($query$
        v.event_id as source_id, null::text as identity, v.time as written_time,
        case when v.time ~ '^[0-9]{11,14}$' then timestamptz 'epoch' + v.time::bigint * interval '1 millisecond'
            else vibe_private.csv_instant(v.time, %s, %L) end as occurred_at,
        v.visitor_id as visitor, v.user_id as person, true as is_event, coalesce(v.event_name, 'page_view') as event_name,
        v.url, v.referrer, v.title, %s as properties, v.device, v.browser, v.os, v.user_agent, v.name, v.email, null::text as campaign
        from r cross join lateral (select %s offset 0) as v$query$,
        array_position(array['ymd', 'dmy', 'mdy'], coalesce(options ->> 'date_order', 'ymd')) - 1, zone,
        case plain_query.format
            when 'csv' then $properties$case when v.properties is null then '{}'::jsonb
                else coalesce(vibe_private.json_record(v.properties, pg_char_to_encoding('LATIN1')), to_jsonb(v.properties)) end$properties$
            else format('coalesce(nullif(r.j -> %L, ''null''), ''{}'')', coalesce(options #>> '{columns,properties}', 'properties'))
        end,
        string_agg(
            case plain_query.format
                when 'csv' then format('r.f[%s] as %I', c.place, c.name)
                else format('nullif(r.j ->> %L, '''') as %I', coalesce(options #>> array['columns', c.name], c.name), c.name)
            end, ', ' order by c.place
        )
    )
    from vibe_private.history_columns(plain_query.format) as c
$$;
comment on function vibe_private.plain_query(text, jsonb, text) is 'history_query() of csv and ndjson';

-- Umami calls a visitor session_id (it changes each month) and a visit visit_id; types are 1 page view, 2 event, 3 link,
-- 4 pixel, 5 performance. ClickHouse, which its cloud exports from, writes \N for null.
create function vibe_private.umami_query(zone text) returns text
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select format($query$
        v.event_id as source_id, null::text as identity, v.created_at as written_time,
        vibe_private.csv_instant(v.created_at, 0, %L) as occurred_at, 'umami:' || v.session_id as visitor, v.distinct_id as person,
        v.event_type is distinct from '5' as is_event,
        case when v.event_type = '1' then 'page_view' when v.event_name is not null then v.event_name
            when v.event_type is null then 'page_view'
            when v.event_type = '3' then 'link' when v.event_type = '4' then 'pixel' when v.event_type = '5' then 'performance' end as event_name,
        coalesce('https://' || v.hostname, '') || coalesce(v.url_path, '/') || coalesce('?' || ltrim(v.url_query, '?'), '') as url,
        'https://' || v.referrer_domain || coalesce('/' || ltrim(v.referrer_path, '/'), '') || coalesce('?' || ltrim(v.referrer_query, '?'), '') as referrer,
        v.page_title as title, case when v.tag is null then '{}'::jsonb else jsonb_build_object('tag', v.tag) end as properties,
        v.device, v.browser, v.os, null::text as user_agent, null::text as name, null::text as email, null::text as campaign
        from r cross join lateral (select %s offset 0) as v$query$,
        zone, string_agg(format('nullif(r.f[%s], ''\N'') as %I', c.place, c.name), ', ' order by c.place)
    )
    from vibe_private.history_columns('umami') as c
$$;
comment on function vibe_private.umami_query(text) is 'history_query() of Umami''s website_event.csv';

-- A browser is $device_id; distinct_id is that until identify, and the user's own id after it. What begins with $ is PostHog's.
create function vibe_private.posthog_query() returns text
language sql
immutable
parallel safe
as $body$
    select $query$
        coalesce(r.j ->> 'uuid', r.j ->> 'id') as source_id, null::text as identity, r.j ->> 'timestamp' as written_time,
        vibe_private.csv_instant(r.j ->> 'timestamp', 0, 'UTC') as occurred_at,
        'posthog:' || coalesce(p.given ->> '$device_id', case when v.event = '$identify' then p.given ->> '$anon_distinct_id' end, v.distinct_id) as visitor,
        coalesce(p.given ->> '$user_id', case when v.event = '$identify' or p.given ->> '$is_identified' = 'true'
            or p.given ->> '$device_id' <> v.distinct_id then v.distinct_id end) as person,
        v.event <> all ('{$identify,$set,$unset,$pageleave,$create_alias,$merge_dangerously,$groupidentify,$feature_flag_called,
            $web_vitals,$opt_in,$snapshot,$$heatmap,$performance_event}') as is_event,
        case when v.event = '$pageview' then 'page_view' else v.event end as event_name,
        coalesce(p.given ->> '$current_url', p.given ->> '$pathname') as url, nullif(p.given ->> '$referrer', '$direct') as referrer,
        p.given ->> 'title' as title,
        coalesce(vibe_private.json_own_keys(p.given, '$') - '{token,distinct_id,time,title}'::text[], p.given) as properties,
        p.given ->> '$device_type' as device, p.given ->> '$browser' as browser, p.given ->> '$os' as os,
        coalesce(p.given ->> '$raw_user_agent', p.given ->> '$user_agent') as user_agent,
        coalesce(r.j #>> '{person_properties,name}', p.given #>> '{$set,name}') as name,
        coalesce(r.j #>> '{person_properties,email}', p.given #>> '{$set,email}') as email, null::text as campaign
        from r
        cross join lateral (select r.j ->> 'event', r.j ->> 'distinct_id' offset 0) as v (event, distinct_id)
        cross join lateral (select case jsonb_typeof(r.j -> 'properties')
            when 'object' then r.j -> 'properties'
            when 'string' then coalesce(vibe_private.json_record(r.j ->> 'properties', pg_char_to_encoding('LATIN1')), r.j -> 'properties')
            else coalesce(nullif(r.j -> 'properties', 'null'), '{}') end offset 0) as p (given)$query$
$body$;
comment on function vibe_private.posthog_query() is 'history_query() of PostHog''s events as JSON lines';

-- An event of GA4 has no id: what names it is the visitor, its microsecond, its name and its place in the batch that was sent.
create function vibe_private.ga4_query() returns text
language sql
immutable
parallel safe
as $$
    select $query$
        null::text as source_id,
        concat(v.visitor, '|', v.time, '|', v.event, '|', r.j ->> 'batch_page_id', '|', r.j ->> 'batch_ordering_id', '|', r.j ->> 'batch_event_index',
            '|', r.j ->> 'event_bundle_sequence_id', '|', p.given ->> 'page_location') as identity,
        v.time as written_time,
        case when v.time ~ '^[0-9]{1,16}$' then timestamptz 'epoch' + v.time::bigint * interval '1 microsecond' end as occurred_at,
        'ga4:' || v.visitor as visitor, r.j ->> 'user_id' as person,
        v.event <> all ('{session_start,first_visit,user_engagement}') as is_event, v.event as event_name,
        p.given ->> 'page_location' as url, nullif(p.given ->> 'page_referrer', '') as referrer, p.given ->> 'page_title' as title,
        p.given - '{page_location,page_referrer,page_title,ga_session_id,ga_session_number,engagement_time_msec,session_engaged,
            engaged_session_event,entrances,ignore_referrer,debug_mode,batch_page_id,batch_ordering_id}'::text[] as properties,
        r.j #>> '{device,category}' as device, coalesce(r.j #>> '{device,web_info,browser}', r.j #>> '{device,browser}') as browser,
        r.j #>> '{device,operating_system}' as os, null::text as user_agent, null::text as name, null::text as email,
        case when v.collected ->> 'manual_source' is not null or v.collected ->> 'gclid' is not null then concat_ws('&',
            'utm_source=' || vibe_private.query_value(v.collected ->> 'manual_source'),
            'utm_medium=' || vibe_private.query_value(v.collected ->> 'manual_medium'),
            'utm_campaign=' || vibe_private.query_value(v.collected ->> 'manual_campaign_name'),
            'utm_term=' || vibe_private.query_value(v.collected ->> 'manual_term'),
            'utm_content=' || vibe_private.query_value(v.collected ->> 'manual_content'),
            'gclid=' || vibe_private.query_value(v.collected ->> 'gclid')) end as campaign
        from r
        cross join lateral (
            select r.j ->> 'event_name', r.j ->> 'user_pseudo_id', r.j ->> 'event_timestamp', r.j -> 'collected_traffic_source' offset 0
        ) as v (event, visitor, time, collected)
        cross join lateral (select vibe_private.json_parameters(coalesce(r.j -> 'event_params', '[]')) offset 0) as p (given)$query$
$$;
comment on function vibe_private.ga4_query() is 'history_query() of GA4''s export to BigQuery as JSON lines';

create function vibe_private.query_value(value text) returns text
language sql
immutable
strict
parallel safe
as $$
    select replace(replace(replace(replace(replace(value, '%', '%25'), '&', '%26'), '#', '%23'), '+', '%2B'), ' ', '+')
$$;
comment on function vibe_private.query_value(text) is 'text as a value in the query of an address';
