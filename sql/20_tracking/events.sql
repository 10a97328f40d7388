create function vibe_private.store_events(
    items vibe_private.tracked_item[], visits vibe_private.touched_visit[], received timestamptz
) returns void
language plpgsql volatile
as $$
begin
    with made as (
        insert into vibe.user_events (
            occurred_at, received_at, user_id, session_id, site_id, event_id, is_bot, event_name,
            page, query, title, referrer, properties
        )
        select
            i.occurred_at, received, i.user_id, i.session_id, i.site_id, i.event_id,
            -- Of a visit that begins here it is not known before the visit is written.
            coalesce(i.is_bot, (select v.is_bot from unnest(visits) as v where v.site_id = i.site_id and v.session_id = i.session_id)),
            i.event_name, i.page, i.query, i.title, i.referrer, i.properties
        from unnest(items) as i
        where i.event_name is not null
        order by i.site_id, i.occurred_at, i.event_id
        returning *
    )
    insert into vibe_private.changes (site_id, table_name, kind, records)
    select m.site_id, 'user_events', 'INSERT', to_jsonb(array_agg(m order by m.occurred_at, m.event_id))
    from made as m group by m.site_id order by m.site_id;
end
$$;
comment on function vibe_private.store_events(vibe_private.tracked_item[], vibe_private.touched_visit[], timestamptz) is 'appends events';

create function vibe_private.mark_late_days(items vibe_private.tracked_item[], received timestamptz) returns void
language plpgsql volatile
as $$
begin
    -- A day that is over by the site's clock was counted already: note that it must be counted again.
    insert into vibe_private.dirty_days (site_id, day)
    select distinct i.site_id, (i.occurred_at at time zone s.time_zone)::date
    from unnest(items) as i
    join vibe.sites as s on s.site_id = i.site_id
    where i.event_name is not null
      and (i.occurred_at at time zone s.time_zone)::date < (received at time zone s.time_zone)::date
    order by 1, 2;
end
$$;
comment on function vibe_private.mark_late_days(vibe_private.tracked_item[], timestamptz) is 'marks past days that got events';

create function vibe_private.show_online(
    visitors vibe_private.held_visitor[], visits vibe_private.touched_visit[], received timestamptz
) returns void
language plpgsql volatile
as $$
begin
    insert into vibe.online_users as o (
        site_id, user_id, session_id, person_id, name, external_id, segment, current_page, referrer,
        device, browser, started_at, last_seen_at, page_views, events, has_heartbeat
    )
    select
        l.site_id, l.user_id, l.session_id, p.person_id, p.name, p.external_id, p.segment, l.page, l.referrer,
        l.device, l.browser, l.started_at, l.last_seen_at, l.page_views, l.events, l.has_heartbeat
    from (
        select distinct on (v.site_id, v.user_id) v.*
        from unnest(visits) as v
        where not v.is_bot and v.last_seen_at > received - interval '30 minutes'
        order by v.site_id, v.user_id, v.last_seen_at desc, v.session_id desc
    ) as l
    join unnest(visitors) as p on p.site_id = l.site_id and p.user_id = l.user_id
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
end
$$;
comment on function vibe_private.show_online(vibe_private.held_visitor[], vibe_private.touched_visit[], timestamptz) is
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
    order by 1, 2;
    return null;
end
$$;
comment on function vibe_private.mark_past_days() is
    'statement trigger of user_events: days that are over and got directly written events are counted again. Definer: the marks are nobody''s to write';
