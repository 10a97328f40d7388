-- Many requests of trackers, one transaction, one set-wise statement per table. Rows are always taken in the same order
-- (ledger, identity lock, visitors, sessions, events, online list; by key within each), so that concurrent calls cannot deadlock.
create function vibe_private.ingest(envelopes text[], meta jsonb[])
returns table (ord int, status int, body jsonb)
language sql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
    select * from vibe_private.ingest_parsed(vibe_private.parse_envelopes(envelopes), meta)
$$;
comment on function vibe_private.ingest(text[], jsonb[]) is
    'stores what trackers sent; meta has address, user_agent and origin of each. One row per envelope: 202, or 400, 403, 404. Definer: trackers write tables they may not read';
grant execute on function vibe_private.ingest(text[], jsonb[]) to vibe_server;

create function vibe_private.ingest_parsed(envelopes jsonb[], meta jsonb[])
returns table (ord int, status int, body jsonb)
language plpgsql volatile
as $$
begin
    begin
        return query select * from vibe_private.store_envelopes(envelopes, meta);
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
-- Plans by index, made once per connection, even while the tables are still empty. The steps that update by a list
-- switch off other joins too; look-ups end in "limit 1", which keeps them look-ups.
set plan_cache_mode = 'force_generic_plan'
set enable_seqscan = off
set jit = off
as $$
declare
    received constant timestamptz := clock_timestamp();
    heads vibe_private.envelope_head[];
    items vibe_private.tracked_item[];
begin
    select r.heads, r.items into heads, items from vibe_private.read_envelopes(envelopes, meta, received) as r;
    if items is not null then
        items := vibe_private.drop_repeats(items, received);
    end if;
    if items is not null then
        items := vibe_private.find_visitors(items);
        items := vibe_private.find_sessions(items);
        perform vibe_private.store_sessions(items, meta);
        perform vibe_private.store_events(items, received);
        perform vibe_private.ring_doorbell();
    end if;
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
    from unnest(heads) as h
    left join (select i.ord, count(*) as kept from unnest(items) as i group by i.ord) as k on k.ord = h.ord
    order by h.ord;
end
$$;
comment on function vibe_private.store_envelopes(jsonb[], jsonb[]) is 'the steps of ingest, all or nothing';

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
    envelopes jsonb[], meta jsonb[], received timestamptz,
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
        where e.ord <= cardinality(envelopes)
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
                null, null, null
            )::vibe_private.tracked_item order by e.ord, i.place)
            from item as i
            join envelope as e on e.ord = i.ord
            where i.problem is null
        )
    into heads, items;
end
$$;
comment on function vibe_private.read_envelopes(jsonb[], jsonb[], timestamptz) is
    'checks envelopes and items, and turns what is good into rows; times become the server''s';

create function vibe_private.drop_repeats(items vibe_private.tracked_item[], received timestamptz)
returns vibe_private.tracked_item[]
language plpgsql volatile
as $$
declare
    fresh_items vibe_private.tracked_item[];
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
    select array_agg(o.item order by o.ord, o.place) into fresh_items
    from (
        select
            i as item, i.site_id, i.event_id, i.ord, i.place,
            row_number() over (partition by i.site_id, i.event_id order by i.ord, i.place) as occurrence
        from unnest(items) as i
    ) as o
    where o.event_id is null
       or (o.occurrence = 1 and (o.site_id, o.event_id) in (select f.site_id, f.event_id from fresh as f));
    return fresh_items;
end
$$;
comment on function vibe_private.drop_repeats(vibe_private.tracked_item[], timestamptz) is
    'the items whose id was not seen in 8 days; enters the ids into the ledger';
