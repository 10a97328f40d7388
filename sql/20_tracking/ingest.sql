-- Many requests of trackers, one transaction, one set-wise statement per table. Rows are always taken in the same order
-- (ledger, identity lock, visitors, sessions, events, online list; by key within each), so that concurrent calls cannot deadlock.
create function vibe_private.ingest(envelopes text[], meta jsonb[])
returns table (ord int, status int, body jsonb)
-- Not sql: a function of that language that cannot be put in line is planned anew by every call.
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    parsed constant jsonb[] := vibe_private.parse_envelopes(envelopes);
begin
    if cardinality(parsed) = 1 then
        body := vibe_private.try_single(parsed[1], meta[1]);
        if body is not null then
            ord := 1;
            status := 202;
            return next;
            return;
        end if;
    end if;
    return query select * from vibe_private.ingest_parsed(parsed, meta);
end
$$;
comment on function vibe_private.ingest(text[], jsonb[]) is
    'stores what trackers sent; meta has address, user_agent and origin of each. One row per envelope: 202, or 400, 403, 404. Definer: trackers write tables they may not read';
grant execute on function vibe_private.ingest(text[], jsonb[]) to vibe_server;

create function vibe_private.ingest_parsed(envelopes jsonb[], meta jsonb[])
returns table (ord int, status int, body jsonb)
language plpgsql volatile
as $$
begin
    if exists (select from unnest(envelopes) as e where e ->> 'visitor' = 'cookieless') then
        envelopes := array(
            select case when e.body ->> 'visitor' = 'cookieless' then vibe_private.tell_apart(e.body, e.meta) else e.body end
            from unnest(envelopes, meta) with ordinality as e (body, meta, ord)
            where e.ord <= cardinality(envelopes)
            order by e.ord
        );
    end if;
    begin
        return query select s.* from vibe_private.store_envelopes(envelopes, meta) as s order by s.ord;
        return;
    exception when data_exception or integrity_constraint_violation or program_limit_exceeded then
        -- One of them breaks a rule that the checks do not know. Locks and lost connections are not caught: send again.
        null;
    end;
    for place in 1 .. cardinality(envelopes) loop
        return query select place, a.status, a.body from vibe_private.store_alone(envelopes[place], meta[place]) as a;
    end loop;
end
$$;
comment on function vibe_private.ingest_parsed(jsonb[], jsonb[]) is 'ingest, after the texts were read';

create function vibe_private.store_envelopes(envelopes jsonb[], meta jsonb[])
returns table (ord int, status int, body jsonb)
language plpgsql volatile
-- Plans by index, made once per connection, even while the tables are still empty; look-ups end in "limit 1", which keeps
-- them look-ups. Here, because each step that had settings of its own would pay for them.
set plan_cache_mode = 'force_generic_plan'
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
    received constant timestamptz := clock_timestamp();
    sites int[];
    day_began timestamptz;
    plain record;
    items vibe_private.tracked_item[];
    odd record;
    are_odd boolean;
begin
    -- A site that is unknown or closed to this origin is null: such requests are not plain.
    select coalesce(array_agg(s.site_id order by e.ord), '{}'), max(s.day_began) into sites, day_began
    from unnest(envelopes, meta) with ordinality as e (body, meta, ord)
    left join lateral (
        select
            s.site_id,
            -- Three hours for clocks that are set forward: it must not be later than the day's true beginning.
            received - greatest(t.now - date_trunc('day', t.now) - interval '3 hours', interval '0') as day_began
        from vibe.sites as s
        cross join lateral (select vibe.local_time(received, s.time_zone)) as t (now)
        where s.key = case jsonb_typeof(e.body -> 'site') when 'string' then e.body ->> 'site' end
          and (cardinality(s.allowed_origins) = 0 or e.meta ->> 'origin' = any (s.allowed_origins))
        limit 1
    ) as s on true
    where e.ord <= cardinality(envelopes);
    plain := vibe_private.read_plain(envelopes, sites, received);
    items := plain.items;
    are_odd := array_position(plain.item_counts, null) is not null;
    if are_odd then
        odd := vibe_private.read_envelopes(envelopes, meta, received, plain.item_counts);
        items := items || odd.items;
    end if;
    if items is not null then
        items := vibe_private.drop_repeats(items, received);
    end if;
    if items is not null then
        perform vibe_private.store_items(items, meta, received, day_began);
    end if;
    return query
    select c.ord::int, 202, jsonb_build_object(
        'accepted', coalesce(k.kept, 0), 'duplicate', c.count - coalesce(k.kept, 0), 'rejected', 0, 'errors', '[]'::jsonb
    )
    from unnest(plain.item_counts) with ordinality as c (count, ord)
    left join (select i.ord, count(*) as kept from unnest(items) as i group by i.ord) as k on k.ord = c.ord
    where c.count is not null
    order by c.ord;
    if are_odd then
        return query
        select
            h.ord,
            coalesce((h.problem ->> 'status')::int, 202),
            coalesce(h.problem - 'status', jsonb_build_object(
                'accepted', coalesce(k.kept, 0),
                'duplicate', h.item_count - coalesce(k.kept, 0) - jsonb_array_length(h.errors),
                'rejected', jsonb_array_length(h.errors),
                'errors', h.errors
            ))
        from unnest(odd.heads) as h
        left join (select i.ord, count(*) as kept from unnest(items) as i group by i.ord) as k on k.ord = h.ord
        order by h.ord;
    end if;
end
$$;
comment on function vibe_private.store_envelopes(jsonb[], jsonb[]) is
    'the steps of ingest, all or nothing; plain envelopes are answered first, others after them';

create function vibe_private.store_items(
    items vibe_private.tracked_item[], meta jsonb[], received timestamptz, day_began timestamptz
) returns void
language plpgsql volatile
as $$
declare
    visitors vibe_private.held_visitor[];
    visits vibe_private.touched_visit[];
    placed record;
    are_stale boolean;
    oldest timestamptz;
begin
    select h.visitors, h.are_stale, h.oldest into visitors, are_stale, oldest from vibe_private.find_visitors(items) as h;
    placed := vibe_private.find_sessions(items, visitors);
    items := placed.placed_items;
    if placed.are_new then
        visits := vibe_private.open_sessions(items, meta);
    end if;
    visits := visits || vibe_private.move_sessions(items);
    perform vibe_private.store_events(items, visits, received);
    if oldest < day_began then
        perform vibe_private.mark_late_days(items, received);
    end if;
    perform vibe_private.show_online(visitors, visits, received);
    if are_stale then
        perform vibe_private.touch_visitors(visitors);
    end if;
    perform vibe_private.ring_doorbell();
end
$$;
comment on function vibe_private.store_items(vibe_private.tracked_item[], jsonb[], timestamptz, timestamptz) is
    'stores checked items that are no repeats; day_began is not later than the beginning of the running day of any site of them';

create function vibe_private.read_plain(
    envelopes jsonb[], sites int[], received timestamptz, out item_counts int[], out items vibe_private.tracked_item[]
)
language c immutable strict parallel safe as 'MODULE_PATHNAME', 'vibe_read_plain';
comment on function vibe_private.read_plain(jsonb[], int[], timestamptz) is
    'the items of envelopes that are certainly good, in the time of a few expressions; item_counts is null for envelopes left to read_envelopes()';

create function vibe_private.refusal(problem text[], value jsonb) returns jsonb
language sql stable parallel safe
as $$
    select jsonb_build_object(
        'status', problem[1]::int,
        'code', case problem[1] when '400' then '22023' else 'PT' || problem[1] end,
        'message', problem[2] || ' ' || problem[3],
        'details', vibe_private.shown(value),
        'hint', null
    )
$$;
comment on function vibe_private.refusal(text[], jsonb) is 'the answer to an envelope that is refused whole';

create function vibe_private.read_envelopes(
    envelopes jsonb[], meta jsonb[], received timestamptz, read int[],
    out heads vibe_private.envelope_head[], out items vibe_private.tracked_item[]
)
language plpgsql stable parallel safe
as $$
begin
    with envelope as materialized (
        select
            e.ord::int, e.body, s.site_id,
            vibe_private.envelope_problem(e.body, s.site_id, s.allowed_origins, e.meta ->> 'origin') as problem,
            e.meta
        from unnest(envelopes, meta) with ordinality as e (body, meta, ord)
        left join vibe.sites as s on s.key = case jsonb_typeof(e.body -> 'site') when 'string' then e.body ->> 'site' end
        where e.ord <= cardinality(envelopes) and read[e.ord] is null
    ),
    item as materialized (
        select e.ord, (i.place - 1)::int as place, i.item, vibe_private.item_problem(i.item) as problem
        from envelope as e
        cross join lateral jsonb_array_elements(case when e.problem is null then e.body -> 'items' else '[]' end)
            with ordinality as i (item, place)
    ),
    refused as (
        select i.ord, jsonb_agg(jsonb_build_object(
            'index', i.place, 'field', i.problem[1],
            'value', vibe_private.shown(case i.problem[1] when 'item' then i.item else i.item -> i.problem[1] end),
            'reason', i.problem[2]
        ) order by i.place) as errors
        from item as i
        where i.problem is not null
        group by i.ord
    )
    select
        (
            select array_agg(row(
                e.ord, e.site_id, case when e.problem is null then jsonb_array_length(e.body -> 'items') end,
                case when e.problem is not null then vibe_private.refusal(
                    e.problem, case e.problem[2] when 'origin' then e.meta -> 'origin' else e.body -> e.problem[2] end
                ) end,
                coalesce(r.errors, '[]')
            )::vibe_private.envelope_head order by e.ord)
            from envelope as e
            left join refused as r on r.ord = e.ord
        ),
        (
            select array_agg(row(
                e.ord, i.place, e.site_id, i.item ->> 'type',
                case when i.item ->> 'type' <> 'heartbeat' then (i.item ->> 'id')::uuid end,
                -- The two readings of the visitor's clock cancel its error; what is left is held to a sane range.
                greatest(received - interval '7 days', least(received + interval '60 seconds',
                    received - ((e.body ->> 'sent_at')::bigint - (i.item ->> 'time')::bigint) * interval '1 millisecond')),
                e.body ->> 'visitor',
                case i.item ->> 'type' when 'event' then i.item ->> 'name' when 'page_view' then 'page_view' end,
                coalesce(nullif(substring(i.item ->> 'url' from '^[^/]+//[^/?#]*([^?#]*)'), ''),
                    case when i.item ->> 'url' is not null then '/' end),
                i.item ->> 'url',
                case when vibe_private.url_domain(i.item ->> 'referrer') = vibe_private.url_domain(i.item ->> 'url') then null
                    else nullif(i.item ->> 'referrer', '') end,
                i.item ->> 'title',
                coalesce(nullif(i.item -> 'properties', 'null'), '{}'),
                case i.item ->> 'type' when 'identify' then i.item ->> 'user_id' end,
                coalesce(nullif(i.item -> 'traits', 'null'), '{}'),
                null, null, null, vibe_private.url_query(i.item ->> 'url'), null
            )::vibe_private.tracked_item order by e.ord, i.place)
            from item as i
            join envelope as e on e.ord = i.ord
            where i.problem is null
        )
    into heads, items;
end
$$;
comment on function vibe_private.read_envelopes(jsonb[], jsonb[], timestamptz, int[]) is
    'checks envelopes and items that were not read yet, and turns what is good into rows; times become the server''s';

create function vibe_private.drop_repeats(items vibe_private.tracked_item[], received timestamptz)
returns vibe_private.tracked_item[]
language plpgsql volatile
as $$
declare
    fresh record;
begin
    with fresh as (
        insert into vibe_private.event_ids (site_id, event_id, received_at)
        select distinct i.site_id, i.event_id, received
        from unnest(items) as i
        where i.event_id is not null
        order by i.site_id, i.event_id
        on conflict do nothing
        returning site_id, event_id
    )
    select array_agg(f.site_id) as sites, array_agg(f.event_id) as ids, count(*) as number,
        (select count(i.event_id) from unnest(items) as i) as sent
    into fresh
    from fresh as f;
    if fresh.number = fresh.sent then
        return items;
    end if;
    return array_agg(o.item order by o.ord, o.place)
    from (
        select
            i as item, i.site_id, i.event_id, i.ord, i.place,
            row_number() over (partition by i.site_id, i.event_id order by i.ord, i.place) as occurrence
        from unnest(items) as i
    ) as o
    where o.event_id is null
       or (o.occurrence = 1 and (o.site_id, o.event_id) in (select f.site_id, f.event_id from unnest(fresh.sites, fresh.ids) as f (site_id, event_id)));
end
$$;
comment on function vibe_private.drop_repeats(vibe_private.tracked_item[], timestamptz) is
    'the items whose id was not seen in 8 days; enters the ids into the ledger';
