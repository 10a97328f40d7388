-- Which visit each item belongs to. Nearly always the answer is at hand: the visitor has one visit, which runs, or none.
create function vibe_private.find_sessions(
    items vibe_private.tracked_item[], visitors vibe_private.held_visitor[],
    out placed_items vibe_private.tracked_item[], out are_new boolean
)
language plpgsql volatile
as $$
declare
    others vibe_private.tracked_item[];
begin
    with visitor as materialized (
        select
            v.site_id, v.user_id, v.anonymous_id, k.session_id, k.is_bot,
            k.number = 1 and v.first_at >= k.started_at and v.last_at <= k.last_seen_at + interval '30 minutes'
                and v.last_at < k.started_at + interval '24 hours' as goes_on,
            case when k.number = 0 and v.last_at <= v.first_at + interval '30 minutes'
                then nextval('vibe.site_sessions_session_id_seq') end as opened
        from unnest(visitors) as v
        cross join lateral (
            select count(*) as number, min(s.session_id) as session_id, min(s.started_at) as started_at,
                max(s.last_seen_at) as last_seen_at, bool_or(s.is_bot) as is_bot
            from (
                select s.session_id, s.started_at, s.last_seen_at, s.is_bot
                from vibe.site_sessions as s
                where s.site_id = v.site_id
                  -- As a pair, because only the index by visitor fits it.
                  and (s.user_id, s.started_at) >= (v.user_id, v.first_at - interval '24 hours 30 minutes')
                  and (s.user_id, s.started_at) <= (v.user_id, v.last_at + interval '30 minutes')
                  and s.last_seen_at >= v.first_at - interval '30 minutes'
                limit 2
            ) as s
        ) as k
    ),
    placed as materialized (
        select
            row(
                i.ord, i.place, i.site_id, i.kind, i.event_id, i.occurred_at, i.anonymous_id, i.event_name, i.page, i.url,
                i.referrer, i.title, i.properties, i.external_id, i.traits, v.user_id,
                case when v.goes_on then v.session_id else v.opened end, v.opened is not null,
                i.query, case when v.goes_on then v.is_bot end
            )::vibe_private.tracked_item as item,
            v.goes_on or v.opened is not null as is_known,
            v.opened is not null as is_opened
        from unnest(items) as i
        join visitor as v on v.site_id = i.site_id and v.anonymous_id = i.anonymous_id
    )
    select array_agg(p.item) filter (where p.is_known), array_agg(p.item) filter (where not p.is_known), bool_or(p.is_opened)
    into placed_items, others, are_new
    from placed as p;
    if others is not null then
        perform vibe_private.join_sessions(others);
        placed_items := placed_items || vibe_private.place_items(others);
        are_new := exists (select from unnest(placed_items) as i where i.starts_session);
    end if;
end
$$;
comment on function vibe_private.find_sessions(vibe_private.tracked_item[], vibe_private.held_visitor[]) is
    'gives each item its visitor and session: 30 minutes of silence or 24 hours end one, midnight does not; are_new: some begin here';

create function vibe_private.open_sessions(items vibe_private.tracked_item[], meta jsonb[]) returns vibe_private.touched_visit[]
language plpgsql volatile
as $$
declare
    visits vibe_private.touched_visit[];
begin
    with visit as (
        select
            i.site_id, i.session_id, i.user_id,
            min(i.occurred_at) as started_at,
            max(i.occurred_at) as last_seen_at,
            count(*) filter (where i.kind = 'page_view') as page_views,
            count(*) filter (where i.kind = 'event') as events,
            sum(vibe_private.engaged_seconds(i.kind, i.properties)) as engaged_seconds,
            (array_agg(i.page order by i.occurred_at, i.place) filter (where i.page is not null))[1] as entry_page,
            (array_agg(i.page order by i.occurred_at desc, i.place desc) filter (where i.page is not null))[1] as exit_page,
            (array_agg(i.referrer order by i.occurred_at, i.place) filter (where i.kind = 'page_view'))[1] as referrer,
            (array_agg(i.url order by i.occurred_at, i.place) filter (where i.url is not null))[1] as url,
            left(meta[min(i.ord)] ->> 'user_agent', 500) as user_agent,
            vibe_private.bot_reasons(meta[min(i.ord)]) as bot_reasons,
            bool_or(i.kind = 'heartbeat') as has_heartbeat
        from unnest(items) as i
        where i.starts_session
        group by i.site_id, i.session_id, i.user_id
    ),
    made as (
        insert into vibe.site_sessions (
            site_id, session_id, user_id, started_at, last_seen_at, page_views, events, engaged_seconds,
            host, entry_page, entry_query, exit_page, referrer, referrer_domain, channel,
            utm_source, utm_medium, utm_campaign, utm_term, utm_content, click_ids,
            device, browser, os, user_agent, is_bot, bot_reasons
        )
        select
            v.site_id, v.session_id, v.user_id, v.started_at, v.last_seen_at, v.page_views, v.events, least(v.engaged_seconds, 86400),
            vibe_private.url_host(v.url), v.entry_page, vibe_private.url_query(v.url), v.exit_page, v.referrer, t.referrer_domain, t.channel,
            t.utm_source, t.utm_medium, t.utm_campaign, t.utm_term, t.utm_content, t.click_ids,
            c.device, c.browser, c.os, v.user_agent, vibe_private.is_bot(v.bot_reasons), v.bot_reasons
        from visit as v
        cross join lateral vibe_private.user_agent_class(v.user_agent) as c
        cross join lateral vibe_private.traffic_source(v.url, v.referrer) as t
        order by v.site_id, v.session_id
        returning *
    ),
    fed as (
        insert into vibe_private.changes (site_id, table_name, kind, records)
        select m.site_id, 'site_sessions', 'INSERT', to_jsonb(array_agg(m order by m.session_id))
        from made as m group by m.site_id order by m.site_id
    )
    select array_agg(row(
        m.site_id, m.session_id, m.user_id, m.started_at, m.last_seen_at, m.page_views, m.events, m.referrer, m.device, m.browser,
        m.is_bot, m.exit_page, v.has_heartbeat
    )::vibe_private.touched_visit order by m.site_id, m.session_id)
    into visits
    from made as m
    join visit as v on v.site_id = m.site_id and v.session_id = m.session_id;
    return visits;
end
$$;
comment on function vibe_private.open_sessions(vibe_private.tracked_item[], jsonb[]) is 'writes the visits that begin with these items';

-- Times are told by arrival, and what a page sends when it is left may arrive after the next page's view.
create function vibe_private.is_latest(occurred_at timestamptz, viewed_at timestamptz, last_seen_at timestamptz) returns boolean
language sql immutable parallel safe
as $$
    select is_latest.occurred_at >= is_latest.last_seen_at or is_latest.viewed_at >= is_latest.last_seen_at - interval '2 seconds'
$$;
comment on function vibe_private.is_latest(timestamptz, timestamptz, timestamptz) is
'whether the page of items up to an instant, with the last page view at another, is the one that somebody seen until last_seen_at looks at';

create function vibe_private.move_sessions(items vibe_private.tracked_item[]) returns vibe_private.touched_visit[]
language plpgsql volatile
as $$
declare
    visits vibe_private.touched_visit[];
begin
    with visit as (
        select
            i.site_id, i.session_id,
            min(i.occurred_at) as first_at,
            max(i.occurred_at) as last_at,
            max(i.occurred_at) filter (where i.kind = 'page_view') as viewed_at,
            count(*) filter (where i.kind = 'page_view') as page_views,
            count(*) filter (where i.kind = 'event') as events,
            sum(vibe_private.engaged_seconds(i.kind, i.properties)) as engaged_seconds,
            (array_agg(i.page order by i.occurred_at desc, i.place desc) filter (where i.page is not null))[1] as page,
            bool_or(i.kind = 'heartbeat') as has_heartbeat
        from unnest(items) as i
        where not i.starts_session
        group by i.site_id, i.session_id
        order by i.site_id, i.session_id
    ),
    moved as (
        update vibe.site_sessions as s
        set started_at = least(s.started_at, v.first_at),
            last_seen_at = greatest(s.last_seen_at, v.last_at),
            page_views = s.page_views + v.page_views,
            events = s.events + v.events,
            engaged_seconds = least(s.engaged_seconds + v.engaged_seconds, 86400),
            entry_page = coalesce(s.entry_page, v.page),
            exit_page = case when vibe_private.is_latest(v.last_at, v.viewed_at, s.last_seen_at) then coalesce(v.page, s.exit_page) else s.exit_page end
        from visit as v
        where s.site_id = v.site_id and s.session_id = v.session_id
        returning s as visit, v.has_heartbeat
    ),
    fed as (
        insert into vibe_private.changes (site_id, table_name, kind, records)
        select (m.visit).site_id, 'site_sessions', 'UPDATE', to_jsonb(array_agg(m.visit order by (m.visit).session_id))
        from moved as m group by (m.visit).site_id order by (m.visit).site_id
    )
    select array_agg(row(
        v.site_id, v.session_id, v.user_id, v.started_at, v.last_seen_at, v.page_views, v.events, v.referrer, v.device, v.browser,
        v.is_bot, v.exit_page, m.has_heartbeat
    )::vibe_private.touched_visit order by v.site_id, v.session_id)
    into visits
    from moved as m
    cross join lateral (select (m.visit).*) as v;
    return visits;
end
$$;
comment on function vibe_private.move_sessions(vibe_private.tracked_item[]) is 'moves running visits on, one write each';
