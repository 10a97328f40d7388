-- Reports on funnels, each from one scan of the events; queries.sql makes the query.

create function vibe.calculate_funnel_conversion(
    site text default null,
    funnel text default null,
    first_day date default null,
    last_day date default null,
    definition jsonb default null,
    breakdown text default null,
    segment text default null
)
returns table (
    step integer,
    name text,
    users bigint,
    conversion_from_start numeric,
    conversion_from_previous numeric,
    drop_off bigint,
    entry_value text,
    drop_off_share numeric,
    is_biggest_drop boolean
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    task record;
begin
    select * into task from vibe.funnel_task(site, funnel, first_day, last_day, definition);
    -- As one statement of its own, so that it may run in parallel.
    return query execute format($query$
        with counted as materialized (%s), reached as (%s)
        select
            s.step,
            s.name,
            coalesce(n.here, 0),
            round(n.here::numeric / nullif(n.at_start, 0), 4),
            round(n.here::numeric / nullif(n.before, 0), 4),
            coalesce(n.before - n.here, 0),
            r.entry_value,
            round(1 - n.here::numeric / nullif(n.before, 0), 4),
            coalesce(n.before > n.here, false)
                and row_number() over (partition by r.entry_value order by n.before - n.here desc nulls last, s.step) = 1
        from reached as r
        cross join vibe.funnel_step_names($6) as s
        cross join lateral (
            select r.users[s.step] as here, r.users[1] as at_start, r.users[greatest(s.step - 1, 1)] as before
        ) as n
        order by r.users[1] desc, r.entry_value, s.step
    $query$,
        vibe.funnel_query(task.site_id, task.asked, breakdown is not null, breakdown, segment),
        case when breakdown is null then 'select c.answer as users, null::text as entry_value from counted as c'
        else format('select array[%s] as users, u.entry_value from counted as c cross join unnest(c.answer) as u group by u.entry_value', (
            select string_agg(format('count(*) filter (where u.depth >= %s)', n), ', ' order by n) from generate_series(1, task.size) as n
        )) end)
    using task.site_id, task.begins, task.ends, task.within, null::timestamptz[], task.asked;
end
$$;
comment on function vibe.calculate_funnel_conversion(text, text, date, date, jsonb, text, text) is
'users who reach each step of a stored funnel (the first one made unless named), or of one given as definition, from first_day to last_day (the last 30 days and today), both included, by the site''s clock. Conversions are shares of 1, null where nobody could convert; drop_off are the users lost since the step before. With breakdown, the name of an event property, for each entry_value: what it was at the first event of the user''s chain (see vibe.funnel_chains); null without it. drop_off_share is that of the users of the step before; is_biggest_drop marks the step before which most users are lost, the first of equals. segment, a name or id, counts only the users who are in it now. Visitors who turned out to be one person count once; bots do not count';
grant execute on function vibe.calculate_funnel_conversion(text, text, date, date, jsonb, text, text) to vibe_analyst;

create function vibe.funnel_times(
    site text default null,
    funnel text default null,
    first_day date default null,
    last_day date default null,
    definition jsonb default null,
    percentiles double precision[] default '{0.25,0.5,0.75,0.9}',
    segment text default null
)
returns table (
    step integer,
    name text,
    users bigint,
    percentile double precision,
    from_start interval,
    from_previous interval
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    task record;
begin
    if percentiles is null or cardinality(percentiles) = 0 or not 0 <= all (percentiles) or not 1 >= all (percentiles) then
        raise exception 'percentiles is %', coalesce(percentiles::text, 'null')
            using errcode = 'invalid_parameter_value', detail = 'It must list numbers from 0 to 1.';
    end if;
    select * into task from vibe.funnel_task(site, funnel, first_day, last_day, definition);
    return query execute format($query$
        with counted as materialized (%s), taken as (
            select n.step, u.step_times[n.step] - u.step_times[1] as since_start,
                u.step_times[n.step] - u.step_times[n.step - 1] as since_previous
            from counted as c
            cross join unnest(c.answer) as u
            cross join generate_series(2, $7) as n (step)
            where n.step <= u.depth
        ), measured as (
            select t.step, count(*) as users,
                percentile_cont($8) within group (order by t.since_start) as from_start,
                percentile_cont($8) within group (order by t.since_previous) as from_previous
            from taken as t
            group by t.step
        )
        select s.step, s.name, coalesce(m.users, 0), p.percentile, m.from_start[p.place], m.from_previous[p.place]
        from vibe.funnel_step_names($6) as s
        cross join unnest($8) with ordinality as p (percentile, place)
        left join measured as m on m.step = s.step
        where s.step > 1
        order by s.step, p.place
    $query$, vibe.funnel_query(task.site_id, task.asked, true, null, segment))
    using task.site_id, task.begins, task.ends, task.within, null::timestamptz[], task.asked, task.size, percentiles;
end
$$;
comment on function vibe.funnel_times(text, text, date, date, jsonb, double precision[], text) is
'how long the users of a funnel take to each step after the first, since their start and since the step before, as percentiles (numbers from 0 to 1, interpolated) over the users who reach it; the times are those of each user''s chain (see vibe.funnel_chains); arguments as vibe.calculate_funnel_conversion()';
grant execute on function vibe.funnel_times(text, text, date, date, jsonb, double precision[], text) to vibe_analyst;

-- Bounds that people think in; those which the window of the funnel cannot reach are left out.
create function vibe.funnel_durations(
    site text default null,
    funnel text default null,
    first_day date default null,
    last_day date default null,
    definition jsonb default null,
    to_step integer default null,
    segment text default null
)
returns table (at_least interval, below interval, users bigint, share numeric)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    task record;
begin
    select * into task from vibe.funnel_task(site, funnel, first_day, last_day, definition);
    if to_step not between 2 and task.size then
        raise exception 'to_step is %', to_step
            using errcode = 'invalid_parameter_value', detail = format('It must be a step after the first, 2 to %s, or null for the last.', task.size);
    end if;
    return query execute format($query$
        with counted as materialized (%s), taken as (
            select width_bucket(u.step_times[$6] - u.step_times[1], $7) as place, count(*) as users
            from counted as c
            cross join unnest(c.answer) as u
            where u.depth >= $6
            group by 1
        )
        select b.at_least, ($7)[b.place + 1], coalesce(t.users, 0), round(coalesce(t.users, 0) / nullif(sum(t.users) over (), 0), 4)
        from unnest($7) with ordinality as b (at_least, place)
        left join taken as t on t.place = b.place
        where b.at_least <= $4 or $4 is null
        order by b.place
    $query$, vibe.funnel_query(task.site_id, task.asked, true, null, segment))
    using task.site_id, task.begins, task.ends, task.within, null::timestamptz[], coalesce(to_step, task.size),
        '{0,1 minute,5 minutes,15 minutes,1 hour,6 hours,1 day,3 days,7 days,14 days,30 days}'::interval[];
end
$$;
comment on function vibe.funnel_durations(text, text, date, date, jsonb, integer, text) is
'how many users of a funnel took how long from its first step to to_step (the last unless given): at_least included, below not, null for any longer; share is of those who reach the step. Other arguments as vibe.funnel_times()';
grant execute on function vibe.funnel_durations(text, text, date, date, jsonb, integer, text) to vibe_analyst;

create function vibe.funnel_trend(
    site text default null,
    funnel text default null,
    first_day date default null,
    last_day date default null,
    definition jsonb default null,
    period text default 'day',
    segment text default null
)
returns table (
    day date,
    step integer,
    name text,
    users bigint,
    conversion_from_start numeric,
    conversion_from_previous numeric,
    is_complete boolean
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    task record;
    length text := period;
    days date[];
    starts timestamptz[];
begin
    if length not in ('day', 'week', 'month') then
        raise exception 'period is %', quote_literal(length)
            using errcode = 'invalid_parameter_value', detail = 'It must be day, week or month, or null.';
    end if;
    select * into task from vibe.funnel_task(site, funnel, first_day, last_day, definition);
    length := coalesce(length, case when task.to_day - task.from_day < 92 then 'day' when task.to_day - task.from_day < 731 then 'week' else 'month' end);
    days := array(
        select greatest(d::date, task.from_day)
        from generate_series(date_trunc(length, task.from_day::timestamp), task.to_day::timestamp, ('1 ' || length)::interval) as d
        order by d
    );
    starts := array(select vibe.day_start(d.day, task.time_zone) from unnest(days) with ordinality as d (day, place) order by d.place) || task.ends;
    return query execute format($query$
        with counted as materialized (%s), entered as (
            select width_bucket(u.step_times[1], $5) as period, u.depth, count(*) as users
            from counted as c
            cross join unnest(c.answer) as u
            group by 1, 2
        ), reached as (
            select d.n, s.step, s.name, coalesce(sum(e.users), 0)::bigint as users
            from generate_series(1, cardinality($7)) as d (n)
            cross join vibe.funnel_step_names($6) as s
            left join entered as e on e.period = d.n and e.depth >= s.step
            group by d.n, s.step, s.name
        )
        select ($7)[r.n], r.step, r.name, r.users,
            round(r.users::numeric / nullif(first_value(r.users) over w, 0), 4),
            round(r.users::numeric / nullif(lag(r.users, 1, r.users) over w, 0), 4),
            ($5)[r.n + 1] + $4 <= now()
        from reached as r
        window w as (partition by r.n order by r.step)
        order by r.n, r.step
    $query$, vibe.funnel_query(task.site_id, task.asked, true, null, segment))
    using task.site_id, task.begins, task.ends + coalesce(task.within, interval '30 days'),
        coalesce(task.within, interval '30 days'), starts, task.asked, days;
end
$$;
comment on function vibe.funnel_trend(text, text, date, date, jsonb, text, text) is
'users by the day on which they enter a funnel, and how many of them reach each step within its window (30 days if it has none), also after last_day; a user who enters on two days counts on both. period may be week (from Monday) or month, null for what suits the range; day is then the first of it within the range. A day is complete when the window of its last entry is over: until then users may still convert. Other arguments as vibe.calculate_funnel_conversion(); the view vibe.funnel_days has the days of stored funnels as of the last night';
grant execute on function vibe.funnel_trend(text, text, date, date, jsonb, text, text) to vibe_analyst;

create function vibe.funnel_users(
    site text default null,
    funnel text default null,
    first_day date default null,
    last_day date default null,
    definition jsonb default null,
    stopped_after integer default null,
    after_user bigint default null,
    at_most integer default 100,
    breakdown text default null,
    segment text default null
)
returns table (
    user_id bigint,
    external_id text,
    name text,
    depth integer,
    last_step text,
    entered_at timestamptz,
    last_step_at timestamptz,
    step_times timestamptz[],
    entry_value text,
    held_value text
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    task record;
begin
    if at_most is null or at_most not between 1 and 10000 then
        raise exception 'at_most is %', coalesce(at_most::text, 'null')
            using errcode = 'invalid_parameter_value', detail = 'It must be 1 to 10000.';
    end if;
    select * into task from vibe.funnel_task(site, funnel, first_day, last_day, definition);
    if stopped_after not between 1 and task.size then
        raise exception 'stopped_after is %', stopped_after
            using errcode = 'invalid_parameter_value', detail = format('It must be a step, 1 to %s, or null.', task.size);
    end if;
    return query execute format($query$
        with counted as materialized (%s), page as (
            select u.*
            from counted as c
            cross join unnest(c.answer) as u
            where ($7 is null or u.depth = $7) and ($8 is null or u.user_id > $8)
            order by u.user_id
            limit $9
        )
        select p.user_id, v.external_id, v.name, p.depth, s.name, p.step_times[1], p.step_times[p.depth],
            p.step_times, p.entry_value, p.held_value
        from page as p
        join vibe.funnel_step_names($6) as s on s.step = p.depth
        left join vibe.site_users as v on v.site_id = $1 and v.user_id = p.user_id
        order by p.user_id
    $query$, vibe.funnel_query(task.site_id, task.asked, true, breakdown, segment))
    using task.site_id, task.begins, task.ends, task.within, null::timestamptz[], task.asked, stopped_after, after_user, at_most;
end
$$;
comment on function vibe.funnel_users(text, text, date, date, jsonb, integer, bigint, integer, text, text) is
'the users who enter a funnel, in the order of user_id: how deep they come and when. stopped_after: only those who take this step and no further one (the last step: those who convert); after_user and at_most (up to 10000) turn pages: give the last user_id of the page before. breakdown, the name of a property, fills entry_value; the chain of a user is that of vibe.funnel_chains; the other arguments as vibe.calculate_funnel_conversion()';
grant execute on function vibe.funnel_users(text, text, date, date, jsonb, integer, bigint, integer, text, text) to vibe_analyst;
