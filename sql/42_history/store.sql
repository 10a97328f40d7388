-- Good rows into visitors, visits and events. In two rounds: visitors who are new first, since nobody waits for them, then
-- those the site knows, whose rows (and, where the file says who they are, the site's) are held as ingest holds them.

create function vibe_private.store_history(
    into_site integer, out events bigint, out visitors bigint, out visits bigint, out first_day date, out last_day date
)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    zone text := (select s.time_zone from vibe.sites as s where s.site_id = into_site);
    months date[];
    all_new boolean;
    known_round boolean;
    stored record;
    moved bigint;
begin
    events := 0;
    visits := 0;
    moved := 0;
    select (min(r.occurred_at) at time zone zone)::date, (max(r.occurred_at) at time zone zone)::date into first_day, last_day
    from pg_temp.import_rows as r where r.is_event;
    select m.missing, m.are_all into months, all_new from vibe_private.open_history_months() as m;
    visitors := vibe_private.store_history_visitors(into_site);
    foreach known_round in array array[false, true] loop
        if known_round then
            perform vibe_private.hold_history_visitors(into_site);
        end if;
        if exists (select from pg_temp.import_visitors as v where v.is_known = known_round) then
            perform vibe_private.place_history(into_site, known_round);
            select s.events, s.visits, s.moved into stored from vibe_private.store_history_visits(into_site, months, all_new) as s;
            events := events + stored.events;
            visits := visits + stored.visits;
            moved := moved + stored.moved;
        end if;
    end loop;
    moved := moved + vibe_private.identify_history(into_site);
    perform vibe_private.close_history_months(months);
    if events + visits + visitors + moved > 0 then
        -- A visit counts on the day it began, which may be the day before.
        perform vibe_private.mark_history(into_site, least(first_day, (
            select (min(o.started_at) at time zone zone)::date
            from pg_temp.import_sessions as s
            join vibe.site_sessions as o on o.site_id = into_site and o.session_id = s.session_id
            where not s.is_new
        )), zone);
    end if;
end
$$;
comment on function vibe_private.store_history(integer) is 'stores what is in pg_temp.import_rows';

create function vibe_private.store_history_visitors(into_site integer) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    made bigint;
begin
    perform vibe_private.drop_import_table('import_visitors');
    create temporary table import_visitors as
    select
        g.visitor, coalesce(u.user_id, nextval('vibe.site_users_user_id_seq')) as user_id, u.user_id is not null as is_known,
        g.first_at, g.last_at
    from (
        select r.visitor, min(r.occurred_at) as first_at, max(r.occurred_at) as last_at
        from pg_temp.import_rows as r group by r.visitor
    ) as g
    left join vibe.site_users as u on u.site_id = into_site and u.anonymous_id = g.visitor;
    analyze pg_temp.import_visitors;
    insert into vibe.site_users (site_id, user_id, anonymous_id, first_seen_at, last_seen_at)
    select into_site, v.user_id, v.visitor, v.first_at, v.last_at
    from pg_temp.import_visitors as v
    where not v.is_known
    order by v.visitor
    on conflict do nothing;
    get diagnostics made = row_count;
    -- Tracked for the first time in this very moment.
    update pg_temp.import_visitors as v
    set user_id = u.user_id, is_known = true
    from vibe.site_users as u
    where not v.is_known and u.site_id = into_site and u.anonymous_id = v.visitor and u.user_id <> v.user_id;
    return made;
end
$$;
comment on function vibe_private.store_history_visitors(integer) is
'makes pg_temp.import_visitors of the rows of an import, and the visitors who are new to the site; returns how many';

create function vibe_private.hold_history_visitors(into_site integer) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    -- The order of ingest: who decides who is who holds the site first, then visitors by number.
    if exists (select from pg_temp.import_rows as r where r.person is not null) then
        perform from vibe.sites as s where s.site_id = into_site for no key update;
    end if;
    perform from vibe.site_users as u
    where u.site_id = into_site and u.user_id in (select v.user_id from pg_temp.import_visitors as v where v.is_known)
    order by u.user_id
    for no key update;
    update vibe.site_users as u
    set first_seen_at = least(u.first_seen_at, v.first_at), last_seen_at = greatest(u.last_seen_at, v.last_at)
    from pg_temp.import_visitors as v
    where v.is_known and u.site_id = into_site and u.user_id = v.user_id
      and (u.first_seen_at > v.first_at or u.last_seen_at < v.last_at);
end
$$;
comment on function vibe_private.hold_history_visitors(integer) is
'holds the visitors of an import whom the site knew before, and makes their first and last time right';

create function vibe_private.place_history(into_site integer, known_round boolean) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform vibe_private.line_up_history(into_site, known_round);
    if known_round and vibe_private.join_history_visits(into_site) then
        perform vibe_private.line_up_history(into_site, known_round);
    end if;
    -- Each stretch is one visit: the known one that lies in it, else a new one.
    perform vibe_private.drop_import_table('import_visits');
    create temporary table import_visits as
    select g.user_id, g.piece, g.day, coalesce(g.known, nextval('vibe.site_sessions_session_id_seq')) as session_id, g.known is null as is_new
    from (
        select m.user_id, m.piece, m.day, min(m.known) as known, min(m.place) as place
        from pg_temp.import_moments as m
        group by m.user_id, m.piece, m.day
        having count(m.line) > 0
        order by min(m.place)
    ) as g;
    analyze pg_temp.import_visits;
    -- Where several known visits lie in one stretch, a moment belongs to the one that began last before it.
    perform vibe_private.drop_import_table('import_places');
    create temporary table import_places as
    select
        m.line, m.place, m.user_id, m.starts, m.is_view, m.is_other, m.has_url, m.has_client,
        coalesce(k.known, v.session_id) as session_id, v.is_new
    from pg_temp.import_moments as m
    join pg_temp.import_visits as v using (user_id, piece, day)
    left join pg_temp.import_moments as k
        on not v.is_new and k.known is not null
        and k.user_id = m.user_id and k.known_place = m.known_place and k.piece = m.piece and k.day = m.day
    where m.line is not null;
    analyze pg_temp.import_places;
end
$$;
comment on function vibe_private.place_history(integer, boolean) is
'makes pg_temp.import_places: which visit each row of an import belongs to, of visitors who are new or of those who were known';

create function vibe_private.store_history_visits(into_site integer, months date[], all_new boolean, out events bigint, out visits bigint, out moved bigint)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    home constant text := vibe_private.home_address(into_site);
begin
    perform vibe_private.sum_history_visits(into_site, home);
    insert into vibe.site_sessions (
        site_id, session_id, user_id, started_at, last_seen_at, page_views, events, host, entry_page, entry_query, exit_page,
        referrer, referrer_domain, channel, utm_source, utm_medium, utm_campaign, utm_term, utm_content, click_ids, device, browser, os, user_agent, is_bot, bot_reasons
    )
    select
        into_site, s.session_id, s.user_id, s.started_at, s.last_seen_at, s.page_views, s.events,
        s.host, s.entry_page, s.entry_query, s.exit_page, s.referrer, t.referrer_domain, t.channel, t.utm_source, t.utm_medium, t.utm_campaign, t.utm_term, t.utm_content, t.click_ids,
        c.device, c.browser, c.os, left(s.user_agent, 500), s.is_bot, c.bot_reasons
    from pg_temp.import_sessions as s
    join pg_temp.import_sources as t using (landing_key, referrer_key)
    join pg_temp.import_clients as c using (client_key)
    where s.is_new
    order by s.session_id;
    get diagnostics visits = row_count;
    update vibe.site_sessions as o
    set started_at = least(o.started_at, s.started_at),
        last_seen_at = greatest(o.last_seen_at, s.last_seen_at),
        page_views = o.page_views + s.page_views,
        events = o.events + s.events,
        entry_page = case when s.started_at < o.started_at then coalesce(s.entry_page, o.entry_page) else coalesce(o.entry_page, s.entry_page) end,
        exit_page = case when s.last_seen_at >= o.last_seen_at then coalesce(s.exit_page, o.exit_page) else o.exit_page end
    from pg_temp.import_sessions as s
    where not s.is_new and o.site_id = into_site and o.session_id = s.session_id
      and (s.page_views + s.events > 0 or s.started_at < o.started_at or s.last_seen_at > o.last_seen_at);
    get diagnostics moved = row_count;
    events := 0;
    if not all_new then
        events := vibe_private.append_history('vibe.user_events', into_site, home, months, false);
    end if;
    if cardinality(months) > 0 then
        events := events + vibe_private.append_history('vibe_private.import_months', into_site, home, case when not all_new then months end, true);
    end if;
end
$$;
comment on function vibe_private.store_history_visits(integer, date[], boolean) is
'opens the visits of pg_temp.import_places or moves known ones on, and appends their events';

create function vibe_private.append_history(target regclass, into_site integer, home text, months date[], in_months boolean) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    appended bigint;
begin
    execute format(
        $query$
        insert into %s (
            site_id, occurred_at, event_id, received_at, user_id, session_id, event_name, page, query, title, referrer, properties, is_bot
        )
        select
            $1, r.occurred_at, r.event_id, now(), p.user_id, p.session_id, r.event_name, vibe_private.url_page(r.url),
            case when r.url like '%%?%%' then vibe_private.url_query(r.url) end, r.title,
            vibe_private.foreign_referrer(r.referrer, r.url, $2), r.properties, s.is_bot
        from pg_temp.import_rows as r
        join pg_temp.import_places as p using (line)
        join pg_temp.import_sessions as s using (session_id)
        where r.is_event %s
        order by r.occurred_at, r.event_id
        $query$,
        target,
        case when cardinality(months) > 0 then format(
            'and (date_trunc(''month'', r.occurred_at at time zone ''UTC'')::date = any (%L::date[])) = %L', months, in_months
        ) end
    ) using into_site, home;
    get diagnostics appended = row_count;
    return appended;
end
$$;
comment on function vibe_private.append_history(regclass, integer, text, date[], boolean) is
'appends the events of pg_temp.import_places to a table like user_events: those in these months or in others, all where none are named';
