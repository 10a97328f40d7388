-- Ranges of days as reports take them: both ends included, by the site's clock, with the equally long range before.
create function vibe.stats_range(
    of_site integer,
    inout first_day date,
    inout last_day date,
    out begins timestamptz,
    out ends timestamptz,
    out previous_first_day date,
    out previous_last_day date,
    out previous_begins timestamptz,
    out previous_ends timestamptz,
    out time_zone text
)
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
    select s.time_zone into time_zone from vibe.sites as s where s.site_id = of_site;
    last_day := coalesce(last_day, greatest((now() at time zone time_zone)::date, first_day));
    first_day := coalesce(first_day, last_day - 29);
    if not isfinite(first_day) or not isfinite(last_day) or first_day > last_day then
        raise exception 'first_day % is after last_day %', first_day, last_day using errcode = 'invalid_parameter_value';
    elsif last_day - first_day > 3660 then
        raise exception 'first_day % is more than 3660 days before last_day %', first_day, last_day
            using errcode = 'invalid_parameter_value', hint = 'ask for ten years at a time';
    end if;
    previous_last_day := first_day - 1;
    previous_first_day := first_day - (last_day - first_day + 1);
    begins := vibe.day_start(first_day, time_zone);
    ends := vibe.day_start(last_day + 1, time_zone);
    previous_begins := vibe.day_start(previous_first_day, time_zone);
    previous_ends := begins;
end
$$;
comment on function vibe.stats_range(integer, date, date) is
'the days of a report, its instants [begins, ends) by the site''s clock and the equally long range before; the last 30 days up to today unless given; errors: first_day after last_day, more than 3660 days';
grant execute on function vibe.stats_range(integer, date, date) to vibe_analyst;
