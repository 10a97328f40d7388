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

create function vibe.day_starts(first_day date, last_day date, time_zone text) returns timestamptz[]
language sql
stable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
    select array(
        select vibe.day_start(first_day + n, time_zone) from generate_series(0, last_day - first_day + 1) as n order by n
    )
$$;
comment on function vibe.day_starts(date, date, text) is
'the instants at which the days from first_day to last_day begin in a time zone, and as the last one the end of the range';
grant execute on function vibe.day_starts(date, date, text) to vibe_analyst;

create function vibe.metric_change(value numeric, previous numeric, format text) returns numeric
language sql
immutable
parallel safe
as $$
    select case
        when format = 'rate' then value - previous
        when previous <> 0 then round((value - previous) / abs(previous), 4)
    end
$$;
comment on function vibe.metric_change(numeric, numeric, text) is
'how a figure changed: a rate of 1 by so much (0.01 is one percentage point), others by this share of what they were (0.5 is half as much again); null from zero and where one of the two is unknown';
grant execute on function vibe.metric_change(numeric, numeric, text) to vibe_analyst;

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

create function vibe_private.calculate_site_days(of_site integer, time_zone text, first_day date, last_day date)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    starts timestamptz[] := vibe.day_starts(first_day, last_day, time_zone);
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
