create function vibe_private.store_events(items vibe_private.tracked_item[], received timestamptz) returns void
language plpgsql volatile
set enable_hashjoin = off
set enable_mergejoin = off
as $$
begin
    with made as (
        insert into vibe.user_events (
            site_id, occurred_at, event_id, received_at, user_id, session_id, event_name,
            page, query, title, referrer, properties, is_bot
        )
        select
            i.site_id, i.occurred_at, i.event_id, received, i.user_id, i.session_id, i.event_name,
            i.page, vibe_private.url_query(i.url), i.title, i.referrer, i.properties, s.is_bot
        from unnest(items) as i
        join vibe.site_sessions as s on s.site_id = i.site_id and s.session_id = i.session_id
        where i.event_name is not null
        order by i.site_id, i.occurred_at, i.event_id
        returning *
    )
    insert into vibe_private.changes (site_id, table_name, kind, records)
    select m.site_id, 'user_events', 'INSERT', jsonb_agg(to_jsonb(m) order by m.occurred_at, m.event_id)
    from made as m group by m.site_id order by m.site_id;
    -- A day that is over by the site's clock was counted already: note that it must be counted again.
    insert into vibe_private.dirty_days (site_id, day)
    select distinct i.site_id, (i.occurred_at at time zone s.time_zone)::date
    from unnest(items) as i
    join vibe.sites as s on s.site_id = i.site_id
    where i.event_name is not null
      and (i.occurred_at at time zone s.time_zone)::date < (received at time zone s.time_zone)::date
    order by 1, 2
    -- Not "do nothing": the row's lock makes the job that clears the mark wait for these events.
    on conflict (site_id, day) do update set marked_at = excluded.marked_at;
    perform vibe_private.show_online(items, received);
end
$$;
comment on function vibe_private.store_events(vibe_private.tracked_item[], timestamptz) is
    'appends events, marks past days that got some, and moves the online list on';

create function vibe_private.show_online(items vibe_private.tracked_item[], received timestamptz) returns void
language plpgsql volatile
as $$
begin
    with latest as (
        select distinct on (i.site_id, i.user_id)
            i.site_id, i.user_id, i.session_id,
            (array_agg(i.page order by i.occurred_at desc, i.place desc) filter (where i.page is not null))[1] as page,
            bool_or(i.kind = 'heartbeat') as has_heartbeat
        from unnest(items) as i
        group by i.site_id, i.user_id, i.session_id
        order by i.site_id, i.user_id, max(i.occurred_at) desc
    )
    insert into vibe.online_users as o (
        site_id, user_id, session_id, person_id, name, external_id, segment, current_page, referrer,
        device, browser, started_at, last_seen_at, page_views, events, has_heartbeat
    )
    select
        l.site_id, l.user_id, l.session_id, p.user_id, p.name, p.external_id, p.segment, l.page, s.referrer,
        s.device, s.browser, s.started_at, s.last_seen_at, s.page_views, s.events, l.has_heartbeat
    from latest as l
    -- "limit 1" keeps these as look-ups by key; joined freely, a plan without statistics may read a whole site.
    cross join lateral (
        select * from vibe.site_sessions as r where r.site_id = l.site_id and r.session_id = l.session_id limit 1
    ) as s
    cross join lateral (
        select r.merged_into from vibe.site_users as r where r.site_id = l.site_id and r.user_id = l.user_id limit 1
    ) as u
    cross join lateral (
        select * from vibe.site_users as r
        where r.site_id = l.site_id and r.user_id = coalesce(u.merged_into, l.user_id) limit 1
    ) as p
    where not s.is_bot and s.last_seen_at > received - interval '30 minutes'
    order by l.site_id, l.user_id
    on conflict (site_id, user_id) do update set
        session_id = excluded.session_id,
        person_id = excluded.person_id,
        name = excluded.name,
        external_id = excluded.external_id,
        segment = excluded.segment,
        current_page = coalesce(excluded.current_page, o.current_page),
        referrer = excluded.referrer,
        device = excluded.device,
        browser = excluded.browser,
        started_at = excluded.started_at,
        last_seen_at = excluded.last_seen_at,
        page_views = excluded.page_views,
        events = excluded.events,
        has_heartbeat = excluded.has_heartbeat or (o.has_heartbeat and o.session_id = excluded.session_id)
    where excluded.last_seen_at >= o.last_seen_at;
    -- Exact to five minutes, so that a busy visitor's row is seldom written.
    with seen as (
        select i.site_id, i.user_id, min(i.occurred_at) as first_at, max(i.occurred_at) as last_at
        from unnest(items) as i
        group by i.site_id, i.user_id
        order by i.site_id, i.user_id
    ),
    moved as (
        update vibe.site_users as u
        set last_seen_at = greatest(u.last_seen_at, n.last_at), first_seen_at = least(u.first_seen_at, n.first_at)
        from seen as n
        where u.site_id = n.site_id and u.user_id = n.user_id
          and (u.last_seen_at < n.last_at - interval '5 minutes' or u.first_seen_at > n.first_at)
        returning u.*
    )
    insert into vibe_private.changes (site_id, table_name, kind, records)
    select m.site_id, 'site_users', 'UPDATE', jsonb_agg(to_jsonb(m) order by m.user_id)
    from moved as m group by m.site_id order by m.site_id;
end
$$;
comment on function vibe_private.show_online(vibe_private.tracked_item[], timestamptz) is
    'moves the visitors of a batch to the top of the online list; late items and bots leave it alone';

create function vibe_private.mark_past_days() returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    insert into vibe_private.dirty_days (site_id, day)
    select distinct c.site_id, (c.occurred_at at time zone s.time_zone)::date
    from changed_rows as c
    join vibe.sites as s on s.site_id = c.site_id
    where (c.occurred_at at time zone s.time_zone)::date < (now() at time zone s.time_zone)::date
    order by 1, 2
    on conflict (site_id, day) do update set marked_at = excluded.marked_at;
    return null;
end
$$;
comment on function vibe_private.mark_past_days() is
    'statement trigger of user_events: days that are over and got directly written events are counted again. Definer: the marks are nobody''s to write';
