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

-- Items of one visitor and the sessions already known lie on one line of time. Silence of more than 30 minutes cuts the line;
-- each piece is cut again every 24 hours. A piece that holds a known session goes on with it, another opens a new one.
create function vibe_private.place_items(items vibe_private.tracked_item[]) returns vibe_private.tracked_item[]
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
            i.site_id, i.user_id, i.occurred_at as starts, i.occurred_at as ends, null::bigint as session_id, null::boolean as is_bot,
            i.ord, i.place, i as item
        from unnest(items) as i
        union all
        select s.site_id, s.user_id, s.started_at, s.last_seen_at, s.session_id, s.is_bot, null, null, null
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
    reach as (
        select
            p.*,
            -- A late item that would make the first known visit longer than 24 hours is not of it.
            p.session_id is null and min(p.ends) filter (where p.session_id is not null) over (
                partition by p.site_id, p.user_id, p.piece
            ) - p.starts >= interval '24 hours' as is_before
        from piece as p
    ),
    day as (
        select r.*, floor(extract(epoch from r.starts - min(r.starts) filter (where r.is_before is not true) over (
            partition by r.site_id, r.user_id, r.piece
        )) / 86400) as day
        from reach as r
    ),
    known as (
        select
            d.*,
            array_agg(d.session_id) filter (where d.session_id is not null) over (
                partition by d.site_id, d.user_id, d.piece, d.day order by d.starts, d.session_id, d.ord, d.place
                rows unbounded preceding
            ) as earlier,
            array_agg(d.is_bot) filter (where d.session_id is not null) over (
                partition by d.site_id, d.user_id, d.piece, d.day order by d.starts, d.session_id, d.ord, d.place
                rows unbounded preceding
            ) as earlier_bots,
            bool_or(d.is_bot) over same as any_bot,
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
            coalesce(n.earlier_bots[cardinality(n.earlier_bots)], n.any_bot) as is_bot,
            n.any_session is null as starts_session
        from numbered as n
    )
    select array_agg(row(
        (p.item).ord, (p.item).place, (p.item).site_id, (p.item).kind, (p.item).event_id, (p.item).occurred_at,
        (p.item).anonymous_id, (p.item).event_name, (p.item).page, (p.item).url, (p.item).referrer, (p.item).title,
        (p.item).properties, (p.item).external_id, (p.item).traits, (p.item).user_id, p.session_id, p.starts_session, (p.item).query, p.is_bot
    )::vibe_private.tracked_item order by p.ord, p.place) into placed_items
    from placed as p
    where p.ord is not null;
    return placed_items;
end
$$;
comment on function vibe_private.place_items(vibe_private.tracked_item[]) is
    'the general rule of find_sessions(), for visitors with several visits or long silences';

-- An item that lies within 30 minutes of two visits shows that they were one: the first takes over what the later ones have.
-- Not where that would be longer than 24 hours, nor where a program's visit would join a person's.
create function vibe_private.join_sessions(items vibe_private.tracked_item[]) returns void
language plpgsql volatile
as $$
declare
    pair record;
begin
    for pair in
        with visitor as (
            select i.site_id, i.user_id, min(i.occurred_at) as first_at, max(i.occurred_at) as last_at
            from unnest(items) as i
            group by i.site_id, i.user_id
        ),
        line as (
            select i.site_id, i.user_id, i.occurred_at as starts, i.occurred_at as ends, null::bigint as session_id, null::boolean as is_bot
            from unnest(items) as i
            union all
            select s.site_id, s.user_id, s.started_at, s.last_seen_at, s.session_id, s.is_bot
            from visitor as v
            cross join lateral (
                select * from vibe.site_sessions as s
                where s.site_id = v.site_id
                  and (s.user_id, s.started_at) >= (v.user_id, v.first_at - interval '24 hours 30 minutes')
                  and (s.user_id, s.started_at) <= (v.user_id, v.last_at + interval '30 minutes')
                  and s.last_seen_at >= v.first_at - interval '30 minutes'
                limit 1000
            ) as s
        ),
        silence as (
            select l.*, l.starts - max(l.ends) over (
                partition by l.site_id, l.user_id order by l.starts, l.session_id
                rows between unbounded preceding and 1 preceding
            ) > interval '30 minutes' as cut
            from line as l
        ),
        piece as (
            select s.*, count(*) filter (where s.cut) over (
                partition by s.site_id, s.user_id order by s.starts, s.session_id rows unbounded preceding
            ) as piece
            from silence as s
        ),
        -- The visits of one piece in their order, each with the span from the first of them.
        visit as (
            select
                p.site_id, p.user_id, p.piece, p.session_id, p.is_bot, p.starts,
                first_value(p.session_id) over same as first_id,
                first_value(p.is_bot) over same as first_is_bot,
                max(p.ends) over same - min(p.starts) over same as span
            from piece as p
            where p.session_id is not null
            window same as (partition by p.site_id, p.user_id, p.piece order by p.starts, p.session_id)
        )
        select v.site_id, v.user_id, v.first_id, v.session_id
        from visit as v
        where v.session_id <> v.first_id and v.span < interval '24 hours' and v.is_bot = v.first_is_bot
          and exists (
              select from piece as p
              where p.site_id = v.site_id and p.user_id = v.user_id and p.piece = v.piece and p.session_id is null
          )
        order by v.site_id, v.user_id, v.starts, v.session_id
    loop
        perform vibe_private.join_session(pair.site_id, pair.user_id, pair.first_id, pair.session_id);
    end loop;
end
$$;
comment on function vibe_private.join_sessions(vibe_private.tracked_item[]) is 'makes one of visits that late items join';

create function vibe_private.join_session(of_site int, of_user bigint, first_id bigint, later_id bigint) returns void
language plpgsql volatile
as $$
declare
    later vibe.site_sessions;
    zone text := (select s.time_zone from vibe.sites as s where s.site_id = of_site);
begin
    delete from vibe.site_sessions as s where s.site_id = of_site and s.session_id = later_id returning * into later;
    insert into vibe_private.changes (site_id, table_name, kind, records)
    values (of_site, 'site_sessions', 'DELETE', jsonb_build_array(to_jsonb(later)));
    with moved as (
        update vibe.user_events as e set session_id = first_id
        where e.site_id = of_site and e.user_id = of_user and e.session_id = later_id
          and e.occurred_at >= later.started_at and e.occurred_at <= later.last_seen_at
        returning e.*
    )
    insert into vibe_private.changes (site_id, table_name, kind, records)
    -- More than the feed's thousand: readers load again.
    select of_site, 'user_events', 'UPDATE', case when count(*) <= 1000 then to_jsonb(array_agg(m order by m.occurred_at, m.event_id)) end
    from moved as m
    having count(*) > 0;
    with first_day as (
        select s.started_at from vibe.site_sessions as s where s.site_id = of_site and s.session_id = first_id
    ),
    grown as (
        update vibe.site_sessions as s
        set last_seen_at = greatest(s.last_seen_at, later.last_seen_at),
            page_views = s.page_views + later.page_views,
            events = s.events + later.events,
            entry_page = coalesce(s.entry_page, later.entry_page),
            exit_page = case when later.last_seen_at >= s.last_seen_at then coalesce(later.exit_page, s.exit_page) else s.exit_page end
        where s.site_id = of_site and s.session_id = first_id
        returning s.*
    ),
    fed as (
        insert into vibe_private.changes (site_id, table_name, kind, records)
        select of_site, 'site_sessions', 'UPDATE', jsonb_build_array(to_jsonb(g)) from grown as g
    )
    insert into vibe_private.dirty_days (site_id, day)
    select distinct of_site, (d.at at time zone zone)::date
    from (select f.started_at from first_day as f union all select later.started_at) as d (at)
    where (d.at at time zone zone)::date < (now() at time zone zone)::date
    order by 2;
    update vibe.online_users as o set session_id = first_id
    where o.site_id = of_site and o.user_id = of_user and o.session_id = later_id;
end
$$;
comment on function vibe_private.join_session(int, bigint, bigint, bigint) is
    'the first visit takes over the later one''s events, counts and end; days that counted two are counted again';

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
            count(*) filter (where i.kind = 'page_view') as page_views,
            count(*) filter (where i.kind = 'event') as events,
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
            entry_page = coalesce(s.entry_page, v.page),
            exit_page = case when v.last_at >= s.last_seen_at then coalesce(v.page, s.exit_page) else s.exit_page end
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
