-- Which visit an item belongs to where the answer is not at hand, and visits that turn out to be one.

-- Each piece of a visitor's line is cut again every 24 hours. A part that holds a known visit goes on with it, another opens a
-- new one.
create function vibe_private.place_items(items vibe_private.tracked_item[]) returns vibe_private.tracked_item[]
language plpgsql volatile
as $$
declare
    placed_items vibe_private.tracked_item[];
begin
    with reach as (
        select
            p.*,
            -- A late item that would make the first known visit longer than 24 hours is not of it.
            p.session_id is null and min(p.ends) filter (where p.session_id is not null) over (
                partition by p.site_id, p.user_id, p.piece
            ) - p.starts >= interval '24 hours' as is_before
        from vibe_private.line_up(items) as p
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
        with piece as (
            select l.site_id, l.user_id, l.starts, l.ends, l.session_id, l.is_bot, l.piece from vibe_private.line_up(items) as l
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
            engaged_seconds = least(s.engaged_seconds + later.engaged_seconds, 86400),
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

-- The line of time of a visitor: items and the visits already known. Silence of more than 30 minutes cuts it into pieces.
-- In line in the statements that ask for it.
create function vibe_private.line_up(items vibe_private.tracked_item[])
returns table (
    site_id int, user_id bigint, starts timestamptz, ends timestamptz, session_id bigint, is_bot boolean,
    ord int, place int, item vibe_private.tracked_item, piece bigint
)
language sql stable
as $$
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
    )
    select s.site_id, s.user_id, s.starts, s.ends, s.session_id, s.is_bot, s.ord, s.place, s.item, count(*) filter (where s.cut) over (
        partition by s.site_id, s.user_id order by s.starts, s.session_id, s.ord, s.place rows unbounded preceding
    )
    from silence as s
$$;
comment on function vibe_private.line_up(vibe_private.tracked_item[]) is
    'items and the known visits near them, which have session_id, each with the piece of its visitor''s line that it lies in';
