-- What calculate_daily_stats() keeps: who was active on which day, and from that the figures of each day.
-- starts are the vibe.day_starts() of the days: the nth is where the nth day begins, the last one the end of them all.

-- The events are read once, and only what differs from the last count is written.
create function vibe_private.calculate_user_days(of_site integer, first_day date, starts timestamptz[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set jit = off
set plan_cache_mode = force_custom_plan
-- Whole ranges are read, so hash joins are right; nested loops chosen by stale estimates would be quadratic.
set enable_nestloop = off
set enable_mergejoin = off
as $$
declare
    begins constant timestamptz := starts[1];
    ends constant timestamptz := starts[array_upper(starts, 1)];
    last_day constant date := first_day + array_upper(starts, 1) - 2;
begin
    with counted as materialized (
        select
            first_day + width_bucket(e.occurred_at, starts) - 1 as day,
            e.user_id,
            count(*) filter (where e.event_name = 'page_view') as page_views,
            count(*) filter (where e.event_name <> 'page_view') as events,
            max(e.received_at) as last_received_at
        from vibe.user_events as e
        where e.site_id = of_site and e.occurred_at >= begins and e.occurred_at < ends and not e.is_bot
        group by 1, 2
    ), gone as (
        delete from vibe.user_days as d
        where d.site_id = of_site
          and d.day between first_day and last_day
          and not exists (select from counted as c where c.day = d.day and c.user_id = d.user_id)
    )
    insert into vibe.user_days as d (site_id, day, user_id, page_views, events, last_received_at)
    select of_site, c.day, c.user_id, c.page_views, c.events, c.last_received_at
    from (
        select c.* from counted as c
        where not exists (
                select from vibe.user_days as k
                where k.site_id = of_site and k.day between first_day and last_day
                  and k.day = c.day and k.user_id = c.user_id
                  and k.page_views = c.page_views and k.events = c.events and k.last_received_at = c.last_received_at
            )
        order by c.day, c.user_id
        offset 0
    ) as c
    -- Looked up, in order, and only those that are written: a day's visitors are few among all.
    where (select true from vibe.site_users as u where u.site_id = of_site and u.user_id = c.user_id)
    on conflict (site_id, day, user_id) do update set
        page_views = excluded.page_views,
        events = excluded.events,
        last_received_at = excluded.last_received_at;
end
$$;
comment on function vibe_private.calculate_user_days(integer, date, timestamptz[]) is
'recounts vibe.user_days of one site for the days that begin at starts, from its events';

-- Users are counted by what can be counted cheaply: all visitors by an index, then bots and the few who are merged apart.
create function vibe_private.calculate_day_figures(of_site integer, first_day date, starts timestamptz[]) returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
set jit = off
set plan_cache_mode = force_custom_plan
set enable_nestloop = off
set enable_mergejoin = off
-- All visitors are counted by their index.
set random_page_cost = 1.1
as $$
declare
    ends constant timestamptz := starts[array_upper(starts, 1)];
    last_day constant date := first_day + array_upper(starts, 1) - 2;
    written integer;
begin
    with bots as materialized (
        -- As vibe.visitors leaves them out: every session is a program's.
        select u.user_id, u.first_seen_at
        from (select distinct s.user_id from vibe.site_sessions as s where s.site_id = of_site and s.is_bot) as b
        cross join lateral (
            select v.user_id, v.first_seen_at from vibe.site_users as v where v.site_id = of_site and v.user_id = b.user_id limit 1
        ) as u
        where (
            select true from vibe.site_sessions as h where h.site_id = of_site and h.user_id = b.user_id and not h.is_bot limit 1
        ) is null
    ), recent as materialized (
        -- All others came before the first day, and when does not matter.
        select u.user_id, u.first_seen_at from vibe.site_users as u where u.site_id = of_site and u.first_seen_at >= starts[1]
    ), members as materialized (
        select u.user_id, u.merged_into as person_id, u.first_seen_at
        from vibe.site_users as u
        where u.site_id = of_site and u.merged_into is not null and u.user_id not in (select b.user_id from bots as b)
    ), persons as materialized (
        -- Who is more than one visitor: since when as a person, and as the visitor of that name unless that one is a bot.
        select p.person_id, least(p.members_since, p.own_since) as since, p.own_since
        from (
            select g.person_id, g.since as members_since,
                case when b.user_id is null then coalesce(r.first_seen_at, '-infinity') end as own_since
            from (select m.person_id, min(m.first_seen_at) as since from members as m group by m.person_id) as g
            left join recent as r on r.user_id = g.person_id
            left join bots as b on b.user_id = g.person_id
        ) as p
    ), arrivals as (
        -- Place 0 holds everybody who came before the first day.
        select 0 as place, count(*) as visitors, count(*) as users
        from vibe.site_users as u where u.site_id = of_site and u.first_seen_at < starts[1]
        union all
        select width_bucket(r.first_seen_at, starts), count(*), count(*) from recent as r group by 1
        union all
        select width_bucket(b.first_seen_at, starts), -count(*), -count(*) from bots as b group by 1
        union all
        select width_bucket(m.first_seen_at, starts), 0, -count(*) from members as m group by 1
        union all
        select width_bucket(p.own_since, starts), 0, -count(*) from persons as p where p.own_since is not null group by 1
        union all
        select width_bucket(p.since, starts), 0, count(*) from persons as p group by 1
        union all
        select n, 0, 0 from generate_series(1, array_upper(starts, 1) - 1) as n
    ), totals as (
        select
            a.place,
            sum(a.users) as new_users,
            sum(sum(a.visitors)) over (order by a.place) as total_visitors,
            sum(sum(a.users)) over (order by a.place) as total_users
        from arrivals as a
        where a.place < array_upper(starts, 1)
        group by a.place
    ), activity as (
        select
            d.day - first_day + 1 as place,
            count(*) as visitors,
            count(*) filter (where p.person_id is null) + count(distinct p.person_id) as active_users,
            count(*) filter (where p.person_id is null and (r.first_seen_at < starts[d.day - first_day + 1]) is not false)
                + count(distinct p.person_id) filter (where p.since < starts[d.day - first_day + 1]) as returning_users,
            sum(d.page_views) as page_views,
            sum(d.events) as events,
            max(d.last_received_at) as last_received_at
        from vibe.user_days as d
        left join recent as r on r.user_id = d.user_id
        left join members as m on m.user_id = d.user_id
        left join persons as p on p.person_id = coalesce(m.person_id, d.user_id)
        where d.site_id = of_site and d.day between first_day and last_day
          and d.user_id not in (select b.user_id from bots as b)
        group by 1
    ), visits as (
        select
            width_bucket(s.started_at, starts) as place,
            count(*) as sessions,
            count(*) filter (where s.page_views <= 1 and s.events = 0) as bounced_sessions,
            sum(extract(epoch from s.last_seen_at - s.started_at)) as session_seconds,
            percentile_cont(0.5) within group (order by date_part('epoch', s.last_seen_at - s.started_at)) as median_session_seconds
        from vibe.site_sessions as s
        where s.site_id = of_site and s.started_at >= starts[1] and s.started_at < ends and not s.is_bot
        group by 1
    ), met as (
        select c.day - first_day + 1 as place, sum(c.conversions) as conversions,
            count(distinct coalesce(u.merged_into, u.user_id)) as converted_users
        from vibe.goal_conversions as c
        cross join lateral (
            select v.user_id, v.merged_into from vibe.site_users as v where v.site_id = of_site and v.user_id = c.user_id limit 1
        ) as u
        where c.site_id = of_site and c.day between first_day and last_day
          and c.user_id not in (select b.user_id from bots as b)
        group by 1
    )
    insert into vibe.daily_user_stats as d (
        site_id, day, total_visitors, total_users, new_users, visitors, active_users, returning_users,
        sessions, bounced_sessions, session_seconds, median_session_seconds, page_views, events, conversions, converted_users,
        last_received_at, time_zone, calculated_at
    )
    select
        of_site,
        first_day + t.place - 1,
        t.total_visitors,
        t.total_users,
        t.new_users,
        coalesce(a.visitors, 0),
        coalesce(a.active_users, 0),
        coalesce(a.returning_users, 0),
        coalesce(v.sessions, 0),
        coalesce(v.bounced_sessions, 0),
        coalesce(v.session_seconds, 0),
        v.median_session_seconds,
        coalesce(a.page_views, 0),
        coalesce(a.events, 0),
        coalesce(m.conversions, 0),
        coalesce(m.converted_users, 0),
        a.last_received_at,
        s.time_zone,
        now()
    from totals as t
    join vibe.sites as s on s.site_id = of_site
    left join activity as a using (place)
    left join visits as v using (place)
    left join met as m using (place)
    where t.place > 0
    order by t.place
    on conflict (site_id, day) do update set
        total_visitors = excluded.total_visitors,
        total_users = excluded.total_users,
        new_users = excluded.new_users,
        visitors = excluded.visitors,
        active_users = excluded.active_users,
        returning_users = excluded.returning_users,
        sessions = excluded.sessions,
        bounced_sessions = excluded.bounced_sessions,
        session_seconds = excluded.session_seconds,
        median_session_seconds = excluded.median_session_seconds,
        page_views = excluded.page_views,
        events = excluded.events,
        conversions = excluded.conversions,
        converted_users = excluded.converted_users,
        last_received_at = excluded.last_received_at,
        -- A day whose events are gone is still that of the clock it was counted by.
        time_zone = case when d.day < (select s.events_from from vibe.sites as s where s.site_id = of_site)
            then d.time_zone else excluded.time_zone end,
        calculated_at = excluded.calculated_at;
    get diagnostics written = row_count;
    return written;
end
$$;
comment on function vibe_private.calculate_day_figures(integer, date, timestamptz[]) is
'recounts vibe.daily_user_stats of one site for the days that begin at starts, from its visitors, their days, sessions and conversions';

-- Visitors' rows go only with an erasure or the whole site; both hold the site's turn of "stats" or its row.
create function vibe_private.forget_user_days() returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    delete from vibe.user_days as d
    using gone as g
    where d.site_id = g.site_id and d.user_id = g.user_id;
    return null;
end
$$;
comment on function vibe_private.forget_user_days() is
'statement trigger of vibe.site_users: the days of visitors go with them. Definer: counted figures are nobody''s to write';

-- Definer: marks are in no schema that a login reads; only sites of the caller are told.
create function vibe.late_days() returns table (site_id integer, day date)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select distinct d.site_id, d.day from vibe_private.dirty_days as d where d.site_id = any (array(select vibe.my_sites()))
$$;
comment on function vibe.late_days() is
'days of my sites that got events after they were counted, until they are counted again. Definer: the marks are machinery''s';
grant execute on function vibe.late_days() to vibe_analyst;
