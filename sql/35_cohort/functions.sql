-- One definition with vibe.daily_user_stats.active_users: visitors of user_days that are no bots, read through merges.
create function vibe.active_users(site text default null, first_day date default null, last_day date default null)
returns table (day date, dau bigint, wau bigint, mau bigint, is_provisional boolean)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    days record;
begin
    select * into days
    from vibe.chosen_days(site, active_users.first_day, active_users.last_day, '30 days', 3660);
    return query execute vibe.active_days_query(
        format(
            'with r as materialized (
                select coalesce(array_agg(n.visitor_id), ''{}'') as visitors, coalesce(array_agg(n.person_id), ''{}'') as persons
                from (%4$s) as n
            )
            select vibe.rolling_users(v.user_id, v.day, %1$L, %2$L, (select r.visitors from r), (select r.persons from r))
            from (%3$s) as v (user_id, day)',
            days.first_day, days.last_day,
            vibe.visitor_days_query(days.site_id, days.time_zone, days.first_day - 29, days.last_day),
            vibe.renames_query(days.site_id, only_in_days => true)
        ),
        days.first_day, days.last_day, days.time_zone
    );
end
$$;
comment on function vibe.active_users(text, date, date) is
'distinct users of each day from first_day to last_day (the last 30 days and today; at most 3660), both included, by the site''s calendar: of the day (dau), of the 7 (wau) and of the 30 days (mau) that end with it. Visitors who turned out to be one person count once, bots do not count, a day without anybody is zeros. Days that the nightly work has counted come from vibe.user_days, later ones from the events. Provisional until 48 hours after the end of the day, since events may come late';
grant execute on function vibe.active_users(text, date, date) to vibe_analyst;

create function vibe.active_users_of_events(
    site text default null,
    first_day date default null,
    last_day date default null,
    event_names text[] default null,
    page_pattern text default null,
    properties jsonb default null
)
returns table (day date, dau bigint, wau bigint, mau bigint, is_provisional boolean)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    days record;
begin
    select * into days
    from vibe.chosen_days(
        site, active_users_of_events.first_day, active_users_of_events.last_day, '30 days', 3660
    );
    if jsonb_typeof(properties) <> 'object' then
        raise exception 'properties is %', properties
            using errcode = 'invalid_parameter_value', detail = 'It must be an object.';
    end if;
    return query execute vibe.active_days_query(
        format(
            'select vibe.rolling_users(
                case when n.visitor_id is null then e.user_id else n.person_id end, e.occurred_at, %3$L, %4$L, %5$L
             )
             from vibe.user_events as e
             left join (%6$s) as n on n.visitor_id = e.user_id
             where e.site_id = %1$s and e.occurred_at >= %2$L and e.occurred_at < %7$L and not e.is_bot
               and exists (select from vibe.site_users as u where u.site_id = %1$s and u.user_id = e.user_id)',
            days.site_id, vibe.day_start(days.first_day - 29, days.time_zone),
            days.first_day, days.last_day, days.time_zone,
            vibe.renames_query(days.site_id, only_in_days => false),
            vibe.day_start(days.last_day + 1, days.time_zone)
        )
        || coalesce(' and e.event_name = any (' || quote_literal(event_names) || '::text[])', '')
        || coalesce(' and e.page like ' || quote_literal(page_pattern), '')
        || coalesce(' and e.properties @> ' || quote_literal(properties) || '::jsonb', ''),
        days.first_day, days.last_day, days.time_zone
    );
end
$$;
comment on function vibe.active_users_of_events(text, date, date, text[], text, jsonb) is
'vibe.active_users() of those events alone whose name is one of event_names, whose page is like page_pattern and whose properties contain these; what is null is not asked. It reads the events, so it reaches as far back as they do';
grant execute on function vibe.active_users_of_events(text, date, date, text[], text, jsonb) to vibe_analyst;

create function vibe.retention(
    site text default null,
    period text default 'week',
    first_day date default null,
    last_day date default null,
    mode text default 'on'
)
returns table (
    cohort date,
    cohort_users bigint,
    period_number integer,
    period_start date,
    users bigint,
    share numeric,
    is_complete boolean
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    days record;
    begins date;
begin
    perform vibe.site_id(site);
    if period is null or period not in ('day', 'week', 'month') then
        raise exception 'period is %', coalesce(quote_literal(period), 'null')
            using errcode = 'invalid_parameter_value', detail = 'It must be day, week or month.';
    elsif mode is null or mode not in ('on', 'on_or_after') then
        raise exception 'mode is %', coalesce(quote_literal(mode), 'null')
            using errcode = 'invalid_parameter_value', detail = 'It must be on or on_or_after.';
    end if;
    select * into days
    from vibe.chosen_days(
        site, retention.first_day, retention.last_day,
        case period when 'day' then '29 days' when 'week' then '77 days' else '11 months' end::interval,
        case period when 'day' then 1000 else 3660 end
    );
    begins := date_trunc(period, days.first_day::timestamp);
    return query execute format(
        $query$
            select
                r.cohort,
                r.cohort_users,
                r.period_number,
                r.period_start,
                n.users,
                round(n.users::numeric / nullif(r.cohort_users, 0), 4),
                r.period_start + %2$L::interval <= least($2 + 1, $3)
            from unnest(coalesce(
                (
                    with r as materialized (
                        select coalesce(array_agg(n.visitor_id), '{}') as visitors, coalesce(array_agg(n.person_id), '{}') as persons
                        from (%4$s) as n
                    )
                    select vibe.cohort_users(
                        v.user_id, v.day, v.is_entry, %1$L, $1, $2, (select r.visitors from r), (select r.persons from r)
                    )
                    from (%3$s) as v (user_id, day, is_entry)
                ),
                (select vibe.cohort_users(null, null, null, %1$L, $1, $2))
            )) as r
            cross join lateral (select case $4 when 'on' then r.users else r.users_on_or_after end) as n (users)
            order by r.cohort, r.period_number
        $query$,
        period,
        '1 ' || period,
        format(
            'select d.*, false from (%s) as d union all select e.*, true from (%s) as e',
            vibe.visitor_days_query(days.site_id, days.time_zone, begins, days.last_day),
            vibe.entries_query(
                days.site_id, days.time_zone,
                vibe.day_start(begins, days.time_zone), vibe.day_start(days.last_day + 1, days.time_zone)
            )
        ),
        vibe.renames_query(days.site_id, only_in_days => false)
    )
    using days.first_day, days.last_day, days.today, mode;
end
$$;
comment on function vibe.retention(text, text, date, date, text) is
'how many of the users first seen in one period (day, week from Monday, month of the site''s calendar) were active in it and in each later one. Cohorts are the periods that have a day from first_day to last_day (the last 30 days, 12 weeks or 12 months, to today; at most 1000 days, or 3660 by week or month); nothing after last_day is seen. A user''s cohort is that of the first visit ever, of all visitors who turned out to be this person. mode on counts who was active in the period, on_or_after who was active in it or later. share is of 1, null for a cohort without users; a period is complete when it is over; bots do not count';
grant execute on function vibe.retention(text, text, date, date, text) to vibe_analyst;

-- One number over all cohorts: what is unfinished is left out, or the end of the curve would always fall.
create function vibe.retention_curve(
    site text default null,
    period text default 'week',
    first_day date default null,
    last_day date default null,
    mode text default 'on'
)
returns table (period_number integer, cohorts bigint, cohort_users bigint, users bigint, share numeric)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select r.period_number, count(*), sum(r.cohort_users)::bigint, sum(r.users)::bigint,
        round(sum(r.users) / nullif(sum(r.cohort_users), 0), 4)
    from vibe.retention(site, period, first_day, last_day, mode) as r
    where r.is_complete and r.cohort_users > 0
    group by r.period_number
    order by r.period_number
$$;
comment on function vibe.retention_curve(text, text, date, date, text) is
'vibe.retention() over all cohorts together: the share of the users of those cohorts for which a period is complete, by its number; cohorts without users do not count. Arguments as there';
grant execute on function vibe.retention_curve(text, text, date, date, text) to vibe_analyst;
