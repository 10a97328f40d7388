-- A request of one item, as browsers send them all day: a visitor who is known goes on with the visit that runs. Here that
-- is a handful of look-ups by key, a third of what the set-wise steps take to start. Everything else is left to them.
create function vibe_private.try_single(envelope jsonb, meta jsonb) returns jsonb
language plpgsql volatile
as $$
begin
    if envelope ->> 'visitor' = 'cookieless' then
        envelope := vibe_private.tell_apart(envelope, meta);
    end if;
    return vibe_private.store_single(envelope, meta);
exception when data_exception or integrity_constraint_violation or program_limit_exceeded then
    -- It breaks a rule that the checks do not know; the steps for many requests find out and say so.
    return null;
end
$$;
comment on function vibe_private.try_single(jsonb, jsonb) is 'store_single(), or null and nothing done where it fails';

create function vibe_private.store_single(envelope jsonb, meta jsonb) returns jsonb
language plpgsql volatile
set plan_cache_mode = 'force_generic_plan'
set enable_seqscan = off
set jit = off
as $$
declare
    received constant timestamptz := clock_timestamp();
    site record;
    plain record;
    item vibe_private.tracked_item;
begin
    -- What is no object gives null here and below, and finds no site.
    select s.site_id, s.time_zone into site
    from vibe.sites as s
    where s.key = case jsonb_typeof(envelope -> 'site') when 'string' then envelope ->> 'site' end
      and (cardinality(s.allowed_origins) = 0 or meta ->> 'origin' = any (s.allowed_origins));
    if not found then
        return null;
    end if;
    plain := vibe_private.read_plain(array[envelope], array[site.site_id], received);
    if plain.item_counts[1] is distinct from 1 then
        return null;
    end if;
    item := plain.items[1];
    if item.event_id is not null then
        insert into vibe_private.event_ids (site_id, event_id, received_at) values (item.site_id, item.event_id, received)
        on conflict do nothing;
        if not found then
            return vibe_private.receipt(0, 1);
        end if;
    end if;
    if not vibe_private.go_on(item, received, site.time_zone) then
        perform vibe_private.store_items(plain.items, array[meta], received, received);
    end if;
    return vibe_private.receipt(1, 0);
end
$$;
comment on function vibe_private.store_single(jsonb, jsonb) is
    'stores an envelope that is plain and has one item, and answers it; null, and nothing done, for any other';

create function vibe_private.receipt(accepted int, duplicate int) returns jsonb
language sql immutable parallel safe
as $$
    select jsonb_build_object('accepted', accepted, 'duplicate', duplicate, 'rejected', 0, 'errors', '[]'::jsonb)
$$;
comment on function vibe_private.receipt(int, int) is 'the answer to an envelope without faults';

create function vibe_private.go_on(item vibe_private.tracked_item, received timestamptz, time_zone text) returns boolean
language plpgsql volatile
as $$
declare
    visitor record;
    known record;
    visit vibe.site_sessions;
    event vibe.user_events;
    is_view constant boolean := item.kind = 'page_view';
    is_event constant boolean := item.event_name is not null;
begin
    -- The lock that hold_visitors() takes, for the same reason.
    select u.user_id, u.merged_into, u.name, u.external_id, u.segment, u.first_seen_at, u.last_seen_at into visitor
    from vibe.site_users as u
    where u.site_id = item.site_id and u.anonymous_id = item.anonymous_id
    for no key update;
    if not found or visitor.merged_into is not null
        or visitor.last_seen_at < item.occurred_at - interval '5 minutes' or visitor.first_seen_at > item.occurred_at
        or is_event and vibe.local_day(item.occurred_at, time_zone) < vibe.local_day(received, time_zone) then
        return false;
    end if;
    -- The rule of find_sessions().
    select count(*) as number, min(s.session_id) as session_id, min(s.started_at) as started_at, max(s.last_seen_at) as last_seen_at
    into known
    from (
        select s.session_id, s.started_at, s.last_seen_at
        from vibe.site_sessions as s
        where s.site_id = item.site_id
          and (s.user_id, s.started_at) >= (visitor.user_id, item.occurred_at - interval '24 hours 30 minutes')
          and (s.user_id, s.started_at) <= (visitor.user_id, item.occurred_at + interval '30 minutes')
          and s.last_seen_at >= item.occurred_at - interval '30 minutes'
        limit 2
    ) as s;
    if known.number <> 1 or item.occurred_at < known.started_at or item.occurred_at > known.last_seen_at + interval '30 minutes'
        or item.occurred_at >= known.started_at + interval '24 hours' then
        return false;
    end if;
    update vibe.site_sessions as s
    set last_seen_at = greatest(s.last_seen_at, item.occurred_at),
        page_views = s.page_views + is_view::int,
        events = s.events + (is_event and not is_view)::int,
        engaged_seconds = least(s.engaged_seconds + vibe_private.engaged_seconds(item.kind, item.properties), 86400),
        entry_page = coalesce(s.entry_page, item.page),
        exit_page = case
            when vibe_private.is_latest(item.occurred_at, case when is_view then item.occurred_at end, s.last_seen_at) then coalesce(item.page, s.exit_page)
            else s.exit_page
        end
    where s.site_id = item.site_id and s.session_id = known.session_id
    returning s.* into visit;
    if is_event then
        insert into vibe.user_events (
            occurred_at, received_at, user_id, session_id, site_id, event_id, is_bot, event_name,
            page, query, title, referrer, properties
        ) values (
            item.occurred_at, received, visitor.user_id, visit.session_id, item.site_id, item.event_id, visit.is_bot, item.event_name,
            item.page, item.query, item.title, item.referrer, item.properties
        ) returning * into event;
        insert into vibe_private.changes (site_id, table_name, kind, records) values
            (item.site_id, 'site_sessions', 'UPDATE', to_jsonb(array[visit])),
            (item.site_id, 'user_events', 'INSERT', to_jsonb(array[event]));
    else
        insert into vibe_private.changes (site_id, table_name, kind, records)
        values (item.site_id, 'site_sessions', 'UPDATE', to_jsonb(array[visit]));
    end if;
    -- Names and segment are kept by those who change them.
    update vibe.online_users as o
    set current_page = coalesce(visit.exit_page, o.current_page),
        last_seen_at = visit.last_seen_at,
        page_views = visit.page_views,
        events = visit.events,
        has_heartbeat = o.has_heartbeat or item.kind = 'heartbeat'
    where o.site_id = item.site_id and o.user_id = visitor.user_id and o.session_id = visit.session_id
      and o.last_seen_at <= visit.last_seen_at and visit.last_seen_at > received - interval '30 minutes' and not visit.is_bot;
    if not found then
        perform vibe_private.show_online(
            array[row(
                item.site_id, visitor.user_id, item.anonymous_id, item.occurred_at, item.occurred_at, visitor.user_id,
                visitor.name, visitor.external_id, visitor.segment
            )::vibe_private.held_visitor],
            array[row(
                visit.site_id, visit.session_id, visit.user_id, visit.started_at, visit.last_seen_at, visit.page_views, visit.events,
                visit.referrer, visit.device, visit.browser, visit.is_bot, visit.exit_page, item.kind = 'heartbeat'
            )::vibe_private.touched_visit],
            received
        );
    end if;
    perform vibe_private.ring_doorbell();
    return true;
end
$$;
comment on function vibe_private.go_on(vibe_private.tracked_item, timestamptz, text) is
    'stores an item of a known visitor whose only visit near it runs on; false, and nothing done, where more is to be decided';
