-- One figure over time. Days that the nightly work has counted come from vibe.daily_user_stats, users with what merges have
-- changed since; later days, and hours, from the events and sessions themselves; distinct users of longer steps from vibe.user_days.
create function vibe.stats_series(
    site text default null,
    metric text default 'users',
    first_day date default null,
    last_day date default null,
    step text default null,
    compare boolean default false
)
returns table (starts_at timestamptz, ends_at timestamptz, value numeric, previous numeric, is_partial boolean)
language plpgsql stable
set search_path = pg_catalog, pg_temp
-- Its many small expressions would be compiled for longer than they run.
set jit = off
as $$
#variable_conflict use_column
declare
    days record;
    size integer;
    chosen text := stats_series.step;
    begins timestamptz[];
begin
    select * into days from vibe.chosen_days(site, stats_series.first_day, stats_series.last_day, '29 days', 3660);
    size := days.last_day - days.first_day + 1;
    if metric is null or metric not in (
        'users', 'new_users', 'total_users', 'churn_rate', 'sessions', 'page_views', 'events', 'bounce_rate', 'session_seconds',
        'conversions', 'revenue'
    ) then
        raise exception 'metric is %', coalesce(quote_literal(metric), 'null')
            using errcode = 'invalid_parameter_value',
                detail = 'It must be users, new_users, total_users, churn_rate, sessions, page_views, events, bounce_rate, session_seconds, conversions or revenue.';
    elsif chosen not in ('hour', 'day', 'week', 'month') then
        raise exception 'step is %', quote_literal(chosen)
            using errcode = 'invalid_parameter_value', detail = 'It must be hour, day, week or month.';
    elsif chosen = 'hour' and size > 31 then
        raise exception 'the range from % to % is too long for hours', days.first_day, days.last_day
            using errcode = 'invalid_parameter_value', detail = 'It must have at most 31 days.';
    end if;
    if chosen = 'hour' and metric = 'churn_rate' then
        raise exception 'churn_rate has no hours'
            using errcode = 'invalid_parameter_value', detail = 'It is counted of whole days: step must be day, week or month.';
    end if;
    chosen := coalesce(chosen, case when size <= 2 and metric <> 'churn_rate' then 'hour' when size <= 92 then 'day' when size <= 730 then 'week' else 'month' end);
    begins := vibe.step_starts(days.first_day, days.last_day, chosen, days.time_zone);
    return query execute format($query$
        with counted as (
            select c.place, case when sum(c.whole) is null then sum(c.part) else sum(c.part) / nullif(sum(c.whole), 0) end as value
            from (%s) as c (place, part, whole)
            group by c.place
        )
        select
            ($1)[n], ($1)[n + 1],
            -- Nothing is zero, but a share of nothing is unknown.
            case
                when $3 in ('bounce_rate', 'session_seconds', 'churn_rate') then round(c.value, 4)
                -- Nobody knows how many will have come.
                when $3 = 'total_users' then c.value
                else coalesce(c.value, 0)
            end,
            p.value,
            ($1)[n + 1] > now()
        from generate_series(1, cardinality($1) - 1) as n
        left join counted as c on c.place = n
        left join (
            select b.value, row_number() over (order by b.starts_at) as place
            from vibe.stats_series($4, $3, $5, $6, $2, false) as b
            where $7
        ) as p on p.place = n
        order by n
    $query$, vibe.series_query(days.site_id, metric, days.first_day, days.last_day, chosen, days.time_zone))
    using begins, chosen, metric, days.site_id::text, days.first_day - size, days.first_day - 1, compare and days.first_day - size > '-infinity';
end
$$;
comment on function vibe.stats_series(text, text, date, date, text, boolean) is
'a figure from first_day to last_day (the last 30 days, to today), step by step: users (distinct, merged), new_users, total_users (all first seen up to the end of the step or now), churn_rate (as of the last counted day of the step, see vibe.get_crm_metrics()), sessions, page_views, events (other than page views), bounce_rate, session_seconds (mean), conversions (of all goals), revenue (less refunds, in the site''s currency). step is hour (at most 31 days), day, week (from Monday) or month, chosen by the length of the range unless given; the first and last step end with the range. A step without anything is zero, its rates are null, as are total_users to come. compare adds the equally long range before, step by step. Bots do not count';
grant execute on function vibe.stats_series(text, text, date, date, text, boolean) to vibe_analyst;

create function vibe.step_starts(first_day date, last_day date, step text, time_zone text) returns timestamptz[]
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
    select case
        -- An hour is an hour, also where the clock shows it twice.
        -- Where clocks change by half an hour, the last step of a range is half an hour.
        when step = 'hour' then array(
            select h from generate_series(
                vibe.day_start(first_day, time_zone), vibe.day_start(last_day + 1, time_zone) - interval '1 microsecond', interval '1 hour'
            ) as h order by h
        ) || vibe.day_start(last_day + 1, time_zone)
        else array(
            select vibe.day_start(greatest(d::date, first_day), time_zone)
            from generate_series(date_trunc(step, first_day::timestamp), last_day::timestamp, ('1 ' || step)::interval) as d
            order by d
        ) || vibe.day_start(last_day + 1, time_zone)
    end
$$;
comment on function vibe.step_starts(date, date, text, text) is
'the instants at which the steps of a range begin, and as the last one the end of the range';
grant execute on function vibe.step_starts(date, date, text, text) to vibe_analyst;

-- Columns: the step's place, what is summed, and for rates what it is divided by. Parameter $1: where the steps begin.
create function vibe.series_query(of_site integer, metric text, first_day date, last_day date, step text, time_zone text) returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    counted_to date := first_day - 1;
    since timestamptz;
    stored text;
    live text;
begin
    if step <> 'hour' then
        select coalesce(max(d.day), counted_to) into counted_to
        from vibe.daily_user_stats as d where d.site_id = of_site and d.day between first_day and last_day;
    end if;
    since := vibe.day_start(counted_to + 1, time_zone);
    if metric = 'users' and step = 'hour' then
        return format(
            'select width_bucket(e.occurred_at, $1), count(distinct case when r.visitor_id is null then e.user_id else r.person_id end), null::bigint
             from vibe.user_events as e
             left join (%s) as r on r.visitor_id = e.user_id
             where e.site_id = %s and e.occurred_at >= %L and e.occurred_at < ($1)[cardinality($1)] and not e.is_bot
             group by 1',
            vibe.renames_query(of_site, false), of_site, since
        );
    elsif metric = 'users' then
        if step = 'day' then
            -- Up to the first day that is missing.
            select coalesce(max(c.day), first_day - 1) into counted_to
            from (
                select d.day, row_number() over (order by d.day)::integer as place
                from vibe.daily_user_stats as d where d.site_id = of_site and d.day between first_day and last_day
            ) as c
            where c.day = first_day + c.place - 1;
            stored := format(
                'select width_bucket(vibe.day_start(d.day, %1$L), $1), d.active_users + coalesce(m.change, 0), null::bigint
                 from vibe.daily_user_stats as d left join vibe.merged_since_count(%2$s, %3$L, %4$L) as m on m.day = d.day
                 where d.site_id = %2$s and d.day between %3$L and %4$L',
                time_zone, of_site, first_day, counted_to
            );
            if counted_to = last_day then
                return stored;
            end if;
        else
            counted_to := first_day - 1;
        end if;
        -- The place of a day is worked out once, not for each of its visitors.
        return concat(stored || ' union all ', format(
            'select p.place, count(distinct case when r.visitor_id is null then v.user_id else r.person_id end), null::bigint
             from (%1$s) as v (user_id, day)
             join (
                select %2$L::date + n as day, width_bucket(vibe.day_start(%2$L::date + n, %3$L), $1) as place
                from generate_series(0, %4$L::date - %2$L::date) as n offset 0
             ) as p on p.day = v.day
             left join (%5$s) as r on r.visitor_id = v.user_id
             group by 1',
            vibe.visitor_days_query(of_site, time_zone, counted_to + 1, last_day), counted_to + 1, time_zone, last_day,
            vibe.renames_query(of_site, false)
        ));
    end if;
    if metric = 'revenue' then
        return case step
            when 'hour' then format(
                'select width_bucket(p.purchased_at, $1), sum(p.amount), null::bigint
                 from vibe.purchases as p join vibe.sites as s on s.site_id = p.site_id and s.currency = p.currency
                 where p.site_id = %s and p.purchased_at >= ($1)[1] and p.purchased_at < ($1)[cardinality($1)] and not p.is_cancelled
                 group by 1', of_site
            )
            else format(
                'select width_bucket(vibe.day_start(r.day, %L), $1), sum(r.revenue), null::bigint
                 from vibe.revenue_by_day as r where r.site_id = %s and r.day between %L and %L group by 1',
                time_zone, of_site, first_day, last_day
            )
        end;
    end if;
    if metric = 'total_users' then
        return format(
            'select n, coalesce(d.total_users, 0), null::bigint
             from generate_series(1, cardinality($1) - 1) as n
             left join lateral (
                select c.total_users from vibe.daily_user_stats as c
                where c.site_id = %1$s and c.day < (($1)[n + 1] at time zone %2$L)::date order by c.day desc limit 1
             ) as d on true
             where ($1)[n + 1] <= %3$L
             union all
             select l.n, %4$s + sum(count(f.user_id)) over (order by l.n), null
             from generate_series(1, cardinality($1) - 1) as l (n)
             left join vibe.first_visits(%1$s, %3$L, ($1)[cardinality($1)]) as f on width_bucket(f.first_seen_at, $1) = l.n
             where ($1)[l.n + 1] > %3$L and ($1)[l.n] <= now()
             group by l.n',
            of_site, time_zone, since, (select p.users from vibe.people_at(of_site, since) as p)
        );
    elsif metric = 'churn_rate' then
        return format(
            'select n, d.users_60_days - d.users_30_days, b.users_30_days
             from generate_series(1, cardinality($1) - 1) as n
             cross join lateral (
                select c.* from vibe.daily_user_stats as c
                where c.site_id = %1$s and c.day >= (($1)[n] at time zone %2$L)::date and c.day < (($1)[n + 1] at time zone %2$L)::date
                  and c.users_60_days is not null
                order by c.day desc limit 1
             ) as d
             join vibe.daily_user_stats as b on b.site_id = %1$s and b.day = d.day - 30',
            of_site, time_zone
        );
    end if;
    stored := case metric
        when 'new_users' then 'd.new_users, null::bigint'
        when 'sessions' then 'd.sessions, null::bigint'
        when 'page_views' then 'd.page_views, null::bigint'
        when 'events' then 'd.events, null::bigint'
        when 'bounce_rate' then 'd.bounced_sessions, d.sessions'
        when 'session_seconds' then 'd.session_seconds, d.sessions'
        when 'conversions' then 'd.conversions, null::bigint'
    end;
    live := case
        when metric = 'new_users' then
            'select width_bucket(f.first_seen_at, $1), count(*), null::bigint
             from vibe.first_visits(%1$s, %2$L, ($1)[cardinality($1)]) as f group by 1'
        when metric = 'conversions' then
            'select width_bucket(e.occurred_at, $1), count(*), null::bigint
             from vibe.goals as g
             join vibe.user_events as e
                on e.site_id = g.site_id and e.event_name = g.event_name and (g.page_pattern is null or e.page like g.page_pattern)
             where g.site_id = %1$s and e.site_id = %1$s and e.occurred_at >= %2$L and e.occurred_at < ($1)[cardinality($1)] and not e.is_bot
             group by 1'
        when metric in ('page_views', 'events') then
            'select width_bucket(e.occurred_at, $1), count(*), null::bigint
             from vibe.user_events as e
             where e.site_id = %1$s and e.occurred_at >= %2$L and e.occurred_at < ($1)[cardinality($1)] and not e.is_bot
               and (e.event_name = ''page_view'') = ' || quote_literal(metric = 'page_views') || ' group by 1'
        else
            'select width_bucket(s.started_at, $1), ' || case metric
                when 'sessions' then 'count(*), null::bigint'
                when 'bounce_rate' then 'count(*) filter (where s.page_views <= 1 and s.events = 0), count(*)'
                else 'sum(extract(epoch from s.last_seen_at - s.started_at)), count(*)'
            end || '
             from vibe.site_sessions as s
             where s.site_id = %1$s and s.started_at >= %2$L and s.started_at < ($1)[cardinality($1)] and not s.is_bot group by 1'
    end;
    return format(
        'select width_bucket(vibe.day_start(d.day, %L), $1), %s from vibe.daily_user_stats as d
         where d.site_id = %s and d.day between %L and %L union all ',
        time_zone, stored, of_site, first_day, counted_to
    ) || format(live, of_site, since);
end
$$;
comment on function vibe.series_query(integer, text, date, date, text, text) is
'the query that counts a figure by steps for vibe.stats_series()';
grant execute on function vibe.series_query(integer, text, date, date, text, text) to vibe_analyst;
