-- The line of time of each visitor: the moments of a file and the visits that are known already.

-- The rule of vibe_private.find_sessions(), for a whole file: moments and known visits of one visitor lie on one line, which
-- silence of more than 30 minutes cuts, and each piece is cut again every 24 hours.
create function vibe_private.line_up_history(into_site integer, known_round boolean) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform vibe_private.drop_import_table('import_moments');
    create temporary table import_moments as
    with moment as (
        select
            v.user_id, r.occurred_at as starts, r.occurred_at as ends, null::bigint as known, r.line,
            r.is_event and r.event_name = 'page_view' as is_view, r.is_event and r.event_name <> 'page_view' as is_other,
            r.url is not null as has_url, coalesce(r.device, r.browser, r.os, r.user_agent) is not null as has_client
        from pg_temp.import_rows as r
        join pg_temp.import_visitors as v using (visitor)
        where v.is_known = known_round
        union all
        select s.user_id, s.started_at, s.last_seen_at, s.session_id, null, false, false, false, false
        from pg_temp.import_visitors as v
        join vibe.site_sessions as s
            on s.site_id = into_site and s.user_id = v.user_id
            and s.started_at >= v.first_at - interval '24 hours 30 minutes' and s.started_at <= v.last_at + interval '30 minutes'
            and s.last_seen_at >= v.first_at - interval '30 minutes'
        where known_round and v.is_known
    ),
    silence as (
        select m.*, coalesce(m.starts - max(m.ends) over (
            partition by m.user_id order by m.starts, m.known, m.line rows between unbounded preceding and 1 preceding
        ) > interval '30 minutes', true) as begins
        from moment as m
    ),
    piece as (
        select
            s.*,
            max(s.starts) filter (where s.begins) over w as piece,
            count(s.known) over w as known_place,
            row_number() over (order by s.user_id, s.starts, s.known, s.line) as place
        from silence as s
        window w as (partition by s.user_id order by s.starts, s.known, s.line rows unbounded preceding)
    )
    select p.*, floor(extract(epoch from p.starts - p.piece) / 86400)::integer as day
    from piece as p;
    analyze pg_temp.import_moments;
end
$$;
comment on function vibe_private.line_up_history(integer, boolean) is
'makes pg_temp.import_moments: in which piece of a visitor''s line each row of an import and each known visit lies';

create function vibe_private.join_history_visits(into_site integer) returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    part record;
    is_any boolean := false;
begin
    for part in
        with joining as (
            select distinct m.user_id
            from pg_temp.import_moments as m
            group by m.user_id, m.piece
            having count(m.known) > 1 and count(m.line) > 0
        ),
        item as (
            select m.user_id, m.starts from pg_temp.import_moments as m join joining as j using (user_id) where m.line is not null
        )
        select array_agg(jsonb_populate_record(null::vibe_private.tracked_item, jsonb_build_object(
            'site_id', into_site, 'user_id', i.user_id, 'occurred_at', i.starts
        ))) as items
        from item as i
        group by i.user_id
        order by i.user_id
    loop
        perform vibe_private.join_sessions(part.items);
        is_any := true;
    end loop;
    return is_any;
end
$$;
comment on function vibe_private.join_history_visits(integer) is
'makes one of known visits that lie within 30 minutes of a moment of pg_temp.import_moments, as late items of the tracker do; whether there may have been any';
