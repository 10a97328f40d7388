-- The score is a half-life average of days, so that tomorrow's follows from today's: score' = score / 2^(1/7) + share of a
-- full day. It says the same of a person whatever others do, and reads only the roll-up of days, which outlives events.
create function vibe.user_engagement(site text default null, as_of date default null)
returns table (
    user_id bigint, day date, last_active_day date, active_days integer, sessions bigint, page_views bigint, events bigint,
    average_session_seconds numeric, score numeric, level text
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    of_site constant integer := vibe.site_id(user_engagement.site);
    zone constant text := (select s.time_zone from vibe.sites as s where s.site_id = of_site);
    yesterday constant date := (now() at time zone zone)::date - 1;
    last_day constant date := coalesce(user_engagement.as_of, yesterday);
    seen_days constant integer := 28;
    -- Eight half-lives: what is older would weigh less than half a percent.
    scored_days constant integer := 56;
    full_day constant numeric := 10;
    half_life constant numeric := 7;
begin
    if not last_day between date '2000-01-01' and yesterday then
        raise exception 'as_of % is not a day from 2000-01-01 to %', last_day, yesterday
            using errcode = 'invalid_parameter_value', detail = 'The last day must be over by the site''s calendar.';
    end if;
    return query
    with person_days as (
        select v.user_id, d.day, sum(d.page_views) as page_views, sum(d.events) as events
        from vibe.user_days as d
        join vibe.visitors as v on v.site_id = d.site_id and v.visitor_id = d.user_id
        where d.site_id = of_site and d.day > last_day - scored_days and d.day <= last_day
        group by v.user_id, d.day
    ), active as (
        select
            p.user_id,
            max(p.day) as last_active_day,
            count(*) filter (where p.day > last_day - seen_days) as active_days,
            coalesce(sum(p.page_views) filter (where p.day > last_day - seen_days), 0) as page_views,
            coalesce(sum(p.events) filter (where p.day > last_day - seen_days), 0) as events,
            sum(power(0.5, (last_day - p.day) / half_life) * least(1, (p.page_views + p.events) / full_day)) as decayed
        from person_days as p
        group by p.user_id
    ), visits as (
        select
            v.user_id,
            count(*) as sessions,
            round(avg(extract(epoch from s.last_seen_at - s.started_at)), 1) as average_session_seconds
        from vibe.site_sessions as s
        join vibe.visitors as v on v.site_id = s.site_id and v.visitor_id = s.user_id
        where s.site_id = of_site
          and s.started_at >= vibe.day_start(last_day - seen_days + 1, zone)
          and s.started_at < vibe.day_start(last_day + 1, zone)
          and not s.is_bot
        group by v.user_id
    ), scored as (
        -- The sum that a full day every day would give makes it a share.
        select a.*, round(100 * a.decayed / (
            select sum(power(0.5, n / half_life)) from generate_series(0, scored_days - 1) as n
        ), 1) as score
        from active as a
    )
    select
        s.user_id, last_day, s.last_active_day, s.active_days::integer, coalesce(v.sessions, 0), s.page_views::bigint, s.events::bigint,
        v.average_session_seconds, s.score,
        case when s.score >= 30 then 'high' when s.score >= 10 then 'medium' else 'low' end
    from scored as s
    left join visits as v on v.user_id = s.user_id
    order by s.score desc, s.user_id;
end
$$;
comment on function vibe.user_engagement(text, date) is
'behaviour of each user (merged, bots left out) who was active in the 56 days up to as_of (yesterday by the site''s calendar unless given): active days, sessions, page views, other events and mean session length in seconds of the last 28 days, and the engagement score: each day counts least(1, (page views + events) / 10) and half as much for every 7 days that it lies back; the sum as a percentage of what ten a day on all 56 days would give. level: high from 30, medium from 10, else low. Nothing after as_of is looked at, except merges';
grant execute on function vibe.user_engagement(text, date) to vibe_analyst;
