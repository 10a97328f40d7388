-- Items of one visitor and the sessions already known lie on one line of time. Silence of more than 30 minutes cuts the line;
-- each piece is cut again every 24 hours. A piece that holds a known session goes on with it, another opens a new one.
create function vibe_private.find_sessions(items vibe_private.tracked_item[]) returns vibe_private.tracked_item[]
language plpgsql volatile
as $$
declare
    placed_items vibe_private.tracked_item[];
begin
    with visitor as (
        select i.site_id, i.user_id, min(i.occurred_at) as first_at, max(i.occurred_at) as last_at
        from unnest(items) as i
        group by i.site_id, i.user_id
    ),
    line as (
        select
            i.site_id, i.user_id, i.occurred_at as starts, i.occurred_at as ends, null::bigint as session_id,
            i.ord, i.place, i as item
        from unnest(items) as i
        union all
        select s.site_id, s.user_id, s.started_at, s.last_seen_at, s.session_id, null, null, null
        from visitor as v
        cross join lateral (
            select * from vibe.site_sessions as s
            where s.site_id = v.site_id
              -- As a pair, because only the index by visitor fits it.
              and (s.user_id, s.started_at) >= (v.user_id, v.first_at - interval '24 hours 30 minutes')
              and (s.user_id, s.started_at) <= (v.user_id, v.last_at + interval '30 minutes')
              and s.last_seen_at >= v.first_at - interval '30 minutes'
            limit 1000
        ) as s
    ),
    silence as (
        select l.*, l.starts - max(l.ends) over (
            partition by l.site_id, l.user_id order by l.starts, l.session_id, l.ord, l.place
            rows between unbounded preceding and 1 preceding
        ) > interval '30 minutes' as cut
        from line as l
    ),
    piece as (
        select s.*, count(*) filter (where s.cut) over (
            partition by s.site_id, s.user_id order by s.starts, s.session_id, s.ord, s.place rows unbounded preceding
        ) as piece
        from silence as s
    ),
    day as (
        select p.*, floor(extract(epoch from p.starts - min(p.starts) over (
            partition by p.site_id, p.user_id, p.piece
        )) / 86400) as day
        from piece as p
    ),
    known as (
        select
            d.*,
            array_agg(d.session_id) filter (where d.session_id is not null) over (
                partition by d.site_id, d.user_id, d.piece, d.day order by d.starts, d.session_id, d.ord, d.place
                rows unbounded preceding
            ) as earlier,
            min(d.session_id) over same as any_session,
            row_number() over (
                partition by d.site_id, d.user_id, d.piece, d.day order by d.starts, d.session_id, d.ord, d.place
            ) as position
        from day as d
        window same as (partition by d.site_id, d.user_id, d.piece, d.day)
    ),
    numbered as (
        select k.*, case when k.any_session is null and k.position = 1
            then nextval('vibe.site_sessions_session_id_seq') end as opened
        from known as k
    ),
    placed as (
        select
            n.item, n.ord, n.place,
            coalesce(
                n.earlier[cardinality(n.earlier)], n.any_session,
                max(n.opened) over (partition by n.site_id, n.user_id, n.piece, n.day)
            ) as session_id,
            n.any_session is null as starts_session
        from numbered as n
    )
    select array_agg(row(
        (p.item).ord, (p.item).place, (p.item).site_id, (p.item).kind, (p.item).event_id, (p.item).occurred_at,
        (p.item).anonymous_id, (p.item).event_name, (p.item).page, (p.item).url, (p.item).referrer, (p.item).title,
        (p.item).properties, (p.item).external_id, (p.item).traits, (p.item).user_id, p.session_id, p.starts_session
    )::vibe_private.tracked_item order by p.ord, p.place) into placed_items
    from placed as p
    where p.ord is not null;
    return placed_items;
end
$$;
comment on function vibe_private.find_sessions(vibe_private.tracked_item[]) is
    'gives each item its session: 30 minutes of silence or 24 hours end one, midnight does not';

create function vibe_private.store_sessions(items vibe_private.tracked_item[], meta jsonb[]) returns void
language plpgsql volatile
set enable_hashjoin = off
set enable_mergejoin = off
as $$
begin
    with visit as (
        select
            i.site_id, i.session_id, i.user_id,
            min(i.occurred_at) as started_at,
            max(i.occurred_at) as last_seen_at,
            count(*) filter (where i.kind = 'page_view') as page_views,
            count(*) filter (where i.kind = 'event') as events,
            (array_agg(i.page order by i.occurred_at, i.place) filter (where i.page is not null))[1] as entry_page,
            (array_agg(i.page order by i.occurred_at desc, i.place desc) filter (where i.page is not null))[1] as exit_page,
            (array_agg(i.referrer order by i.occurred_at, i.place) filter (where i.kind = 'page_view'))[1] as referrer,
            (array_agg(i.url order by i.occurred_at, i.place) filter (where i.url is not null))[1] as url,
            left(meta[min(i.ord)] ->> 'user_agent', 500) as user_agent,
            vibe_private.bot_reasons(meta[min(i.ord)]) as bot_reasons
        from unnest(items) as i
        where i.starts_session
        group by i.site_id, i.session_id, i.user_id
    ),
    made as (
        insert into vibe.site_sessions (
            site_id, session_id, user_id, started_at, last_seen_at, page_views, events,
            host, entry_page, entry_query, exit_page, referrer, referrer_domain, channel,
            utm_source, utm_medium, utm_campaign, utm_term, utm_content, click_ids,
            device, browser, os, user_agent, is_bot, bot_reasons
        )
        select
            v.site_id, v.session_id, v.user_id, v.started_at, v.last_seen_at, v.page_views, v.events,
            vibe_private.url_host(v.url), v.entry_page, vibe_private.url_query(v.url), v.exit_page, v.referrer, t.referrer_domain, t.channel,
            t.utm_source, t.utm_medium, t.utm_campaign, t.utm_term, t.utm_content, t.click_ids,
            c.device, c.browser, c.os, v.user_agent, vibe_private.is_bot(v.bot_reasons), v.bot_reasons
        from visit as v
        cross join lateral vibe_private.user_agent_class(v.user_agent) as c
        cross join lateral vibe_private.traffic_source(v.url, v.referrer) as t
        order by v.site_id, v.session_id
        returning *
    )
    insert into vibe_private.changes (site_id, table_name, kind, records)
    select m.site_id, 'site_sessions', 'INSERT', jsonb_agg(to_jsonb(m) order by m.session_id)
    from made as m group by m.site_id order by m.site_id;
    with visit as (
        select
            i.site_id, i.session_id,
            min(i.occurred_at) as first_at,
            max(i.occurred_at) as last_at,
            count(*) filter (where i.kind = 'page_view') as page_views,
            count(*) filter (where i.kind = 'event') as events,
            (array_agg(i.page order by i.occurred_at desc, i.place desc) filter (where i.page is not null))[1] as page
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
            entry_page = coalesce(s.entry_page, v.page),
            exit_page = case when v.last_at >= s.last_seen_at then coalesce(v.page, s.exit_page) else s.exit_page end
        from visit as v
        where s.site_id = v.site_id and s.session_id = v.session_id
        returning s.*
    )
    insert into vibe_private.changes (site_id, table_name, kind, records)
    select m.site_id, 'site_sessions', 'UPDATE', jsonb_agg(to_jsonb(m) order by m.session_id)
    from moved as m group by m.site_id order by m.site_id;
end
$$;
comment on function vibe_private.store_sessions(vibe_private.tracked_item[], jsonb[]) is 'opens new sessions and moves running ones on, one write each';
