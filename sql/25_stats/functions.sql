-- "at time zone" takes the later of two midnights when clocks go back at one o'clock (Havana); the day begins with the earlier.
create function vibe.day_start(day date, time_zone text) returns timestamptz
language sql
stable
strict
parallel safe
as $$
    select case
        when ((m.midnight - interval '1 hour') at time zone time_zone)::date = day then m.midnight - interval '1 hour'
        else m.midnight
    end
    from (select day::timestamp at time zone time_zone) as m (midnight)
$$;
comment on function vibe.day_start(date, text) is
'the instant at which a calendar day begins in a time zone; a day is [day_start(day), day_start(day + 1)) and 23 to 25 hours long where clocks change';
grant execute on function vibe.day_start(date, text) to vibe_analyst;

-- Definer, because derived figures are not the members' to write; sites are limited to those the caller may write.
create function vibe.calculate_daily_stats(
    site text default null,
    first_day date default null,
    last_day date default null
) returns integer
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    chosen integer[] := case
        when site is null then array(select vibe.my_sites('member'))
        else array[vibe.site_id(site, 'member')]
    end;
    each record;
    written integer := 0;
begin
    for each in
        select
            s.site_id,
            s.time_zone,
            coalesce(first_day, last_day, t.today - 1) as first_day,
            coalesce(last_day, t.today - 1) as last_day,
            t.today
        from vibe.sites as s
        cross join lateral (select (now() at time zone s.time_zone)::date) as t (today)
        where s.site_id = any (chosen)
        order by s.site_id
    loop
        if each.last_day > each.today then
            raise exception 'last_day % has not begun', each.last_day
                using errcode = 'invalid_parameter_value',
                    detail = format('It is %s in %s.', each.today, each.time_zone);
        elsif each.first_day > each.last_day then
            raise exception 'first_day % is after last_day %', each.first_day, each.last_day
                using errcode = 'invalid_parameter_value';
        elsif each.first_day < each.last_day - 3660 then
            raise exception 'first_day % is more than 3660 days before last_day %', each.first_day, each.last_day
                using errcode = 'invalid_parameter_value', hint = 'calculate ten years at a time';
        end if;
        written := written
            + vibe_private.calculate_site_days(each.site_id, each.time_zone, each.first_day, each.last_day);
    end loop;
    return written;
end
$$;
comment on function vibe.calculate_daily_stats(text, date, date) is
'recounts the days first_day to last_day (yesterday unless given) of one site or all of mine into vibe.daily_user_stats; returns the rows written; may be repeated';
grant execute on function vibe.calculate_daily_stats(text, date, date) to vibe_member;

-- starts[n] below is the beginning of the nth day; its last element is the end of the last day.
create function vibe_private.calculate_site_days(of_site integer, time_zone text, first_day date, last_day date)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    starts timestamptz[] := array(
        select vibe.day_start(first_day + n, time_zone)
        from generate_series(0, last_day - first_day + 1) as n
        order by n
    );
    kept integer := greatest(
        (select s.events_from from vibe.sites as s where s.site_id = of_site) - first_day, 0
    ) + 1;
begin
    -- One at a time per site. The marks go first: an event that comes during the count marks its day again.
    perform vibe_private.take_turn(of_site, 'stats');
    delete from vibe_private.dirty_days as d where d.site_id = of_site and d.day between first_day and last_day;
    -- Where the events of a day were removed, what was counted of them is all there is.
    if kept < cardinality(starts) then
        perform vibe_private.calculate_user_days(of_site, first_day + kept - 1, starts[kept:]);
        perform vibe_private.calculate_goal_conversions(of_site, null, first_day + kept - 1, starts[kept:]);
    end if;
    return vibe_private.calculate_day_figures(of_site, first_day, starts);
end
$$;
comment on function vibe_private.calculate_site_days(integer, text, date, date) is
'recounts the days first_day to last_day of one site: first who was active, then the figures';

-- Both counts read a whole range, so hash joins are right; nested loops chosen by stale estimates would be quadratic.
create function vibe_private.calculate_user_days(of_site integer, first_day date, starts timestamptz[]) returns void
language sql
set search_path = pg_catalog, pg_temp
set enable_nestloop = off
as $$
    with counted as materialized (
        select
            first_day + width_bucket(e.occurred_at, starts) - 1 as day,
            e.user_id,
            count(*) filter (where e.event_name = 'page_view') as page_views,
            count(*) filter (where e.event_name <> 'page_view') as events,
            max(e.received_at) as last_received_at
        from vibe.user_events as e
        where e.site_id = of_site
          and e.occurred_at >= starts[1]
          and e.occurred_at < starts[array_upper(starts, 1)]
          and not e.is_bot
        group by 1, 2
    ), dropped as (
        delete from vibe.user_days as d
        where d.site_id = of_site
          and d.day between first_day and first_day + array_upper(starts, 1) - 2
          and not exists (select from counted as c where c.day = d.day and c.user_id = d.user_id)
    )
    insert into vibe.user_days as d (site_id, day, user_id, page_views, events, last_received_at)
    select of_site, c.day, c.user_id, c.page_views, c.events, c.last_received_at
    from counted as c
    where exists (select from vibe.site_users as u where u.site_id = of_site and u.user_id = c.user_id)
    order by c.day, c.user_id
    on conflict (site_id, day, user_id) do update set
        page_views = excluded.page_views,
        events = excluded.events,
        last_received_at = excluded.last_received_at
    where (d.page_views, d.events, d.last_received_at)
        is distinct from (excluded.page_views, excluded.events, excluded.last_received_at)
$$;
comment on function vibe_private.calculate_user_days(integer, date, timestamptz[]) is
'recounts vibe.user_days of one site for the days that begin at starts, from its events';

create function vibe_private.calculate_day_figures(of_site integer, first_day date, starts timestamptz[]) returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_nestloop = off
as $$
declare
    ends timestamptz := starts[array_upper(starts, 1)];
    last_day date := first_day + array_upper(starts, 1) - 2;
    written integer;
begin
    with users as materialized (
        select
            v.visitor_id,
            v.user_id,
            v.first_seen_at as visitor_since,
            min(v.first_seen_at) over (partition by v.user_id) as user_since
        from vibe.visitors as v
        where v.site_id = of_site
    ), activity as (
        select
            d.day,
            count(distinct u.visitor_id) as visitors,
            count(distinct u.user_id) as active_users,
            count(distinct u.user_id) filter (where u.user_since < starts[d.day - first_day + 1]) as returning_users,
            sum(d.page_views) as page_views,
            sum(d.events) as events,
            max(d.last_received_at) as last_received_at
        from vibe.user_days as d
        join users as u on u.visitor_id = d.user_id
        where d.site_id = of_site and d.day between first_day and last_day
        group by d.day
    ), arrivals as (
        -- Bucket 0, the day before the first, holds everybody who came earlier.
        select
            first_day + width_bucket(u.visitor_since, starts) - 1 as day,
            count(*) as visitors,
            0::bigint as users
        from users as u
        where u.visitor_since < ends
        group by 1
        union all
        select first_day + width_bucket(u.user_since, starts) - 1, 0, count(distinct u.user_id)
        from users as u
        where u.user_since < ends
        group by 1
        union all
        select first_day + n, 0, 0
        from generate_series(0, last_day - first_day) as n
    ), totals as (
        select
            a.day,
            sum(a.users) as new_users,
            sum(sum(a.visitors)) over (order by a.day) as total_visitors,
            sum(sum(a.users)) over (order by a.day) as total_users
        from arrivals as a
        group by a.day
    ), visits as (
        select
            first_day + width_bucket(s.started_at, starts) - 1 as day,
            count(*) as sessions,
            count(*) filter (where s.page_views <= 1 and s.events = 0) as bounced_sessions,
            sum(extract(epoch from s.last_seen_at - s.started_at)) as session_seconds
        from vibe.site_sessions as s
        where s.site_id = of_site
          and s.started_at >= starts[1]
          and s.started_at < ends
          and not s.is_bot
        group by 1
    )
    insert into vibe.daily_user_stats (
        site_id, day, total_visitors, total_users, new_users, visitors, active_users, returning_users,
        sessions, bounced_sessions, session_seconds, page_views, events, last_received_at, calculated_at
    )
    select
        of_site,
        t.day,
        t.total_visitors,
        t.total_users,
        t.new_users,
        coalesce(a.visitors, 0),
        coalesce(a.active_users, 0),
        coalesce(a.returning_users, 0),
        coalesce(v.sessions, 0),
        coalesce(v.bounced_sessions, 0),
        coalesce(v.session_seconds, 0),
        coalesce(a.page_views, 0),
        coalesce(a.events, 0),
        a.last_received_at,
        now()
    from totals as t
    left join activity as a using (day)
    left join visits as v using (day)
    where t.day >= first_day
    order by t.day
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
        page_views = excluded.page_views,
        events = excluded.events,
        last_received_at = excluded.last_received_at,
        calculated_at = excluded.calculated_at;
    get diagnostics written = row_count;
    return written;
end
$$;
comment on function vibe_private.calculate_day_figures(integer, date, timestamptz[]) is
'recounts vibe.daily_user_stats of one site for the days that begin at starts, from its visitors, their days and their sessions';

create function vibe.get_crm_metrics(site text default null) returns table (metric text, value numeric)
language sql
stable
as $$
    -- Site by site, so that each is found by its index.
    with counted as (
        select
            coalesce(sum(u.users), 0) as total_users,
            coalesce(sum(u.visitors), 0) as total_visitors,
            coalesce(sum(u.new_users), 0) as new_this_week
        from vibe.sites as s
        cross join lateral (
            select vibe.day_start(date_trunc('week', now() at time zone s.time_zone)::date, s.time_zone)
        ) as w (week_start)
        cross join lateral (
            select
                count(*) as users,
                sum(p.visitors) as visitors,
                count(*) filter (where p.first_seen_at >= w.week_start) as new_users
            from (
                select v.user_id, min(v.first_seen_at) as first_seen_at, count(*) as visitors
                from vibe.visitors as v
                where v.site_id = s.site_id
                group by v.user_id
            ) as p
        ) as u
        where s.site_id = any (vibe.site_ids(site))
    )
    select m.metric, m.value
    from counted as c
    cross join lateral (
        values
            (1, 'total_users', c.total_users),
            (2, 'online_now', (select count(distinct (o.site_id, o.user_id)) from vibe.get_online_users(site) as o)),
            (3, 'new_this_week', c.new_this_week),
            (4, 'total_visitors', c.total_visitors)
    ) as m (place, metric, value)
    order by m.place
$$;
comment on function vibe.get_crm_metrics(text) is
'figures of the CRM cards as of now: users (merged), users online, users first seen in this ISO week of the site''s calendar, visitors (anonymous ids)';
grant execute on function vibe.get_crm_metrics(text) to vibe_analyst;
