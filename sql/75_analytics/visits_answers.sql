-- /api/v1 answers about visits: each is a report of a lower topic, with its days checked as all answers check them.
create function vibe.answer_days(
    site text, inout start_date date, inout end_date date, usual_length interval, longest integer,
    out site_id integer, out time_zone text, out today date
)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    select s.site_id, s.time_zone, (now() at time zone s.time_zone)::date into site_id, time_zone, today
    from vibe.sites as s where s.site_id = vibe.site_id(site);
    if not isfinite(start_date) then
        perform vibe.refuse('start_date', start_date::text, 'must be a day');
    elsif not isfinite(end_date) then
        perform vibe.refuse('end_date', end_date::text, 'must be a day');
    elsif start_date > end_date then
        perform vibe.refuse('start_date', start_date::text, format('must not be after end_date %s', end_date));
    elsif start_date > today then
        perform vibe.refuse('start_date', start_date::text, format('must have begun: it is %s in %s', today, time_zone));
    elsif least(start_date, end_date) < '1900-01-01' then
        perform vibe.refuse(case when end_date < '1900-01-01' then 'end_date' else 'start_date' end,
            least(start_date, end_date)::text, 'must not be before 1900-01-01');
    end if;
    end_date := least(coalesce(end_date, today), today);
    start_date := coalesce(start_date, greatest((end_date - usual_length)::date, '1900-01-01'));
    if end_date - start_date >= longest then
        perform vibe.refuse('start_date', start_date::text, format('must be less than %s days before end_date %s', longest, end_date));
    end if;
end
$$;
comment on function vibe.answer_days(text, date, date, interval, integer) is
'the site and the days of an answer, both included, up to today; errors name field, value and rule';
grant execute on function vibe.answer_days(text, date, date, interval, integer) to vibe_analyst;

create function vibe.get_funnel(
    id bigint, start_date date default null, end_date date default null, segment text default null, site text default null
) returns json
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    asked record;
    wanted record;
    steps json;
    entered bigint;
    converted bigint;
begin
    select * into asked from vibe.answer_days(site, start_date, end_date, '30 days', 3660);
    select f.funnel_id, f.name into wanted from vibe.funnels as f where f.site_id = asked.site_id and f.funnel_id = id;
    if not found then
        perform vibe.refuse_unknown('funnel', id::text);
    end if;
    if segment is not null and not exists (
        select from vibe.segments as s where s.site_id = asked.site_id and (s.name = segment or s.segment_id::text = segment)
    ) then
        perform vibe.refuse('segment', segment, 'must be the name or id of a segment');
    end if;
    select
        json_agg(json_build_object(
            'step', c.step, 'name', c.name, 'users', c.users, 'conversion_from_start', c.conversion_from_start,
            'conversion_from_previous', c.conversion_from_previous, 'drop_off', c.drop_off, 'drop_off_share', c.drop_off_share,
            'is_biggest_drop', c.is_biggest_drop
        ) order by c.step),
        max(c.users) filter (where c.step = 1),
        (array_agg(c.users order by c.step desc))[1]
    into steps, entered, converted
    from vibe.calculate_funnel_conversion(asked.site_id::text, wanted.name, asked.start_date, asked.end_date, segment => segment) as c;
    return json_build_object(
        'site_id', asked.site_id,
        'funnel_id', wanted.funnel_id,
        'name', wanted.name,
        'definition', vibe.funnel_definition(asked.site_id, id),
        'range', json_build_object('start_date', asked.start_date, 'end_date', asked.end_date),
        'entered', entered,
        'converted', converted,
        'conversion_rate', round(converted::numeric / nullif(entered, 0), 4),
        'steps', steps
    );
end
$$;
comment on function vibe.get_funnel(bigint, date, date, text, text) is
'a stored funnel with its users step by step, also GET /api/v1/funnels/{id}; see vibe.calculate_funnel_conversion()';
grant execute on function vibe.get_funnel(bigint, date, date, text, text) to vibe_analyst;

create function vibe.get_retention(
    period text default 'week', start_date date default null, end_date date default null, mode text default 'on', site text default null
) returns json
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    asked record;
begin
    if period is null or period not in ('day', 'week', 'month') then
        perform vibe.refuse('period', period, 'must be day, week or month');
    elsif mode is null or mode not in ('on', 'on_or_after') then
        perform vibe.refuse('mode', mode, 'must be on or on_or_after');
    end if;
    select * into asked from vibe.answer_days(
        site, start_date, end_date,
        case period when 'day' then '29 days' when 'week' then '77 days' else '11 months' end::interval,
        case period when 'day' then 1000 else 3660 end
    );
    return json_build_object(
        'site_id', asked.site_id,
        'period', period,
        'mode', mode,
        'range', json_build_object('start_date', asked.start_date, 'end_date', asked.end_date),
        'cohorts', (
            select coalesce(json_agg(json_build_object(
                'cohort', c.cohort, 'users', c.cohort_users, 'periods', c.periods
            ) order by c.cohort), '[]')
            from (
                select r.cohort, r.cohort_users, json_agg(json_build_object(
                    'period_number', r.period_number, 'starts_at', r.period_start, 'users', r.users, 'share', r.share,
                    'is_complete', r.is_complete
                ) order by r.period_number) as periods
                from vibe.retention(asked.site_id::text, period, asked.start_date, asked.end_date, mode) as r
                group by r.cohort, r.cohort_users
            ) as c
        )
    );
end
$$;
comment on function vibe.get_retention(text, date, date, text, text) is
'how many of the users first seen in a period came back in each later one, also GET /api/v1/retention; see vibe.retention()';
grant execute on function vibe.get_retention(text, date, date, text, text) to vibe_analyst;

create function vibe.get_online("limit" integer default 50, site text default null) returns json
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    of_site constant integer := vibe.site_id(site);
begin
    perform vibe.check_page(1, "limit");
    return json_build_object(
        'site_id', of_site,
        'as_of', now(),
        'online', vibe.online_now(of_site),
        'users', (
            select coalesce(json_agg(to_jsonb(o) - 'site_id' order by o.last_seen_at desc, o.session_id), '[]')
            from (select * from vibe.get_online_users(of_site::text) as u limit "limit") as o
        )
    );
end
$$;
comment on function vibe.get_online(integer, text) is
'how many users are online now, and the latest of their visits (50, at most 1000), also GET /api/v1/online; see vibe.get_online_users()';
grant execute on function vibe.get_online(integer, text) to vibe_analyst;

create function vibe.online_now(of_site integer) returns bigint
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select count(distinct o.user_id) from vibe.get_online_users(of_site::text) as o
$$;
comment on function vibe.online_now(integer) is 'how many users of a site are online: persons, not visits';
grant execute on function vibe.online_now(integer) to vibe_analyst;

create function vibe.get_metrics(site text default null) returns json
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    of_site constant integer := vibe.site_id(site);
begin
    return json_build_object(
        'site_id', of_site,
        'as_of', now(),
        'metrics', (
            select json_agg(m)
            from vibe.get_crm_metrics(of_site::text) as m
        )
    );
end
$$;
comment on function vibe.get_metrics(text) is
'the figures of the CRM cards of a site, also GET /api/v1/metrics; see vibe.get_crm_metrics()';
grant execute on function vibe.get_metrics(text) to vibe_analyst;

create function vibe.get_series(
    metric text default 'users', start_date date default null, end_date date default null, interval_by text default null,
    compare boolean default false, site text default null
) returns json
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    asked record;
begin
    if metric is null or metric not in (
        'users', 'new_users', 'total_users', 'churn_rate', 'sessions', 'page_views', 'events', 'bounce_rate', 'session_seconds',
        'conversions', 'revenue'
    ) then
        perform vibe.refuse('metric', metric,
            'must be users, new_users, total_users, churn_rate, sessions, page_views, events, bounce_rate, session_seconds, conversions or revenue');
    elsif interval_by not in ('hour', 'day', 'week', 'month') then
        perform vibe.refuse('interval_by', interval_by, 'must be hour, day, week or month');
    elsif interval_by = 'hour' and metric = 'churn_rate' then
        perform vibe.refuse('interval_by', interval_by, 'must be day, week or month for churn_rate');
    end if;
    select * into asked from vibe.answer_days(site, start_date, end_date, '29 days', 3660);
    if interval_by = 'hour' and asked.end_date - asked.start_date >= 31 then
        perform vibe.refuse('interval_by', interval_by, 'must be day, week or month for more than 31 days');
    end if;
    return json_build_object(
        'site_id', asked.site_id,
        'metric', metric,
        'interval_by', interval_by,
        'range', json_build_object('start_date', asked.start_date, 'end_date', asked.end_date),
        'points', (
            select json_agg(p order by p.starts_at)
            from vibe.stats_series(asked.site_id::text, metric, asked.start_date, asked.end_date, interval_by, coalesce(compare, false)) as p
        )
    );
end
$$;
comment on function vibe.get_series(text, date, date, text, boolean, text) is
'a figure over time, also GET /api/v1/series; see vibe.stats_series(), whose step is interval_by here, null if chosen by the length of the range';
grant execute on function vibe.get_series(text, date, date, text, boolean, text) to vibe_analyst;
