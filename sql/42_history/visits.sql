-- What a visit of history looks like as a whole, from the rows that belong to it.

create function vibe_private.sum_history_visits(into_site integer, home text) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform vibe_private.drop_import_table('import_sessions');
    create temporary table import_sessions as
    with visit as (
        -- Which row is the first or last of its kind: its line, packed below its place on the line of time.
        select
            p.session_id, p.user_id, p.is_new, min(p.starts) as started_at, max(p.starts) as last_seen_at,
            count(*) filter (where p.is_view) as page_views, count(*) filter (where p.is_other) as events,
            min(p.place << 32 | p.line) filter (where p.is_view) & 4294967295 as first_view,
            min(p.place << 32 | p.line) filter (where p.has_url) & 4294967295 as first_page,
            max(p.place << 32 | p.line) filter (where p.has_url) & 4294967295 as last_page,
            min(p.place << 32 | p.line) filter (where p.has_client) & 4294967295 as first_client
        from pg_temp.import_places as p
        group by p.session_id, p.user_id, p.is_new
    )
    select
        v.session_id, v.user_id, v.is_new, v.started_at, v.last_seen_at, v.page_views, v.events,
        vibe_private.url_host(n.url) as host, vibe_private.url_page(f.url) as entry_page, vibe_private.url_query(f.url) as entry_query,
        vibe_private.url_page(l.url) as exit_page, vibe_private.foreign_referrer(w.referrer, w.url, home) as referrer,
        -- Keys are joined by, so they are never null.
        coalesce(case when f.campaign is null or f.url ~ '[?&]utm_source=' then n.url
            else split_part(n.url, '#', 1) || case when n.url like '%?%' then '&' else '?' end || f.campaign end, '') as landing_key,
        coalesce(w.referrer, '') as referrer_key,
        row(c.device, c.browser, c.os, c.user_agent)::text as client_key,
        c.device, c.browser, c.os, c.user_agent, coalesce(o.is_bot, false) as is_bot
    from visit as v
    left join pg_temp.import_rows as w on w.line = v.first_view
    left join pg_temp.import_rows as f on f.line = v.first_page
    left join pg_temp.import_rows as l on l.line = v.last_page
    left join pg_temp.import_rows as c on c.line = v.first_client
    left join vibe.site_sessions as o on not v.is_new and o.site_id = into_site and o.session_id = v.session_id
    -- A path alone does not say whose referrer is foreign.
    cross join lateral (select case when f.url like '/%' then coalesce(home || f.url, f.url) else f.url end) as n (url);
    analyze pg_temp.import_sessions;
    perform vibe_private.class_history_visits();
end
$$;
comment on function vibe_private.sum_history_visits(integer, text) is
'makes pg_temp.import_sessions: the visits of pg_temp.import_places with counts, first and last page, source and client';

-- Sources and clients repeat: each is read once.
create function vibe_private.class_history_visits() returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform vibe_private.drop_import_table('import_sources');
    create temporary table import_sources as
    select
        d.landing_key, d.referrer_key, t.referrer_domain, t.channel, t.utm_source, t.utm_medium, t.utm_campaign, t.utm_term, t.utm_content, t.click_ids
    from (select distinct s.landing_key, s.referrer_key from pg_temp.import_sessions as s where s.is_new) as d
    cross join lateral vibe_private.traffic_source(d.landing_key, d.referrer_key) as t;
    analyze pg_temp.import_sources;
    perform vibe_private.drop_import_table('import_clients');
    create temporary table import_clients as
    select
        d.client_key,
        coalesce(vibe_private.device_class(d.device), a.device) as device,
        coalesce(vibe_private.browser_class(d.browser), a.browser) as browser,
        coalesce(vibe_private.os_class(d.os), a.os) as os,
        b.reasons as bot_reasons, coalesce(vibe_private.is_bot(b.reasons), false) as is_bot
    from (select distinct on (s.client_key) s.client_key, s.device, s.browser, s.os, s.user_agent from pg_temp.import_sessions as s where s.is_new) as d
    cross join lateral vibe_private.user_agent_class(d.user_agent) as a
    cross join lateral (
        select case when d.user_agent is not null then vibe_private.bot_reasons(jsonb_build_object('user_agent', d.user_agent)) end
    ) as b (reasons);
    analyze pg_temp.import_clients;
    update pg_temp.import_sessions as s set is_bot = true
    from pg_temp.import_clients as c
    where s.is_new and c.is_bot and c.client_key = s.client_key;
end
$$;
comment on function vibe_private.class_history_visits() is
'makes pg_temp.import_sources and pg_temp.import_clients: what the new visits of pg_temp.import_sessions came from and with';
