-- The range that an answer is about and the one that it is compared with (A-05), once for all answers.
create function vibe.refuse(field text, value text, rule text) returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception '% is %: it %', field, coalesce(quote_literal(left(value, 100)), 'null'), rule
        using errcode = 'invalid_parameter_value',
            detail = json_build_object('field', field, 'value', left(value, 100), 'rule', rule);
end
$$;
comment on function vibe.refuse(text, text, text) is
'raises the error of a value that breaks a rule (SQLSTATE 22023); its detail is a JSON object with field, value and rule, which an HTTP answer has as error.details';
grant execute on function vibe.refuse(text, text, text) to vibe_analyst;

-- The last full hour before the instant, counted back in time: where clocks go back, an hour's name stands for two.
create function vibe.full_hour(at timestamptz, time_zone text) returns timestamptz
language sql stable strict parallel safe
set search_path = pg_catalog, pg_temp
as $$
    select at - (l.clock - date_trunc('hour', l.clock)) from (select at at time zone time_zone) as l (clock)
$$;
comment on function vibe.full_hour(timestamptz, text) is
'the latest instant, not after at, at which the clocks of a time zone show a full hour; never later than at, also where an hour comes twice';
grant execute on function vibe.full_hour(timestamptz, text) to vibe_analyst;

create function vibe.analytics_range(
    site text,
    inout start_date date,
    inout end_date date,
    inout compare text,
    inout as_of timestamptz,
    out site_id integer,
    out time_zone text,
    out currency text,
    out range_start timestamptz,
    out range_end timestamptz,
    out previous_start_date date,
    out previous_start timestamptz,
    out previous_end timestamptz,
    out pro_rata numeric,
    out is_partial boolean
)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    today date;
    begins timestamp;
    until timestamp;
    until_month timestamp;
    months integer;
    closes timestamp;
begin
    select s.site_id, s.time_zone, s.currency into site_id, time_zone, currency
    from vibe.sites as s where s.site_id = vibe.site_id(site);
    if as_of > now() + interval '1 minute' or not isfinite(as_of) then
        perform vibe.refuse('as_of', as_of::text, 'must be an instant that has come');
    elsif compare is null or compare not in ('same_elapsed', 'full_month', 'pro_rata', 'none') then
        perform vibe.refuse('compare', compare, 'must be same_elapsed, full_month, pro_rata or none');
    elsif not isfinite(start_date) then
        perform vibe.refuse('start_date', start_date::text, 'must be a day');
    elsif not isfinite(end_date) then
        perform vibe.refuse('end_date', end_date::text, 'must be a day');
    end if;
    as_of := least(coalesce(as_of, now()), now());
    today := (as_of at time zone time_zone)::date;
    end_date := coalesce(end_date, greatest(today, start_date));
    start_date := coalesce(start_date, date_trunc('month', end_date::timestamp)::date);
    if start_date > end_date then
        perform vibe.refuse('start_date', start_date::text, format('must not be after end_date %s', end_date));
    elsif end_date - start_date > 3660 then
        perform vibe.refuse('start_date', start_date::text, format('must be at most 3660 days before end_date %s', end_date));
    elsif start_date > today then
        perform vibe.refuse('start_date', start_date::text, format('must have begun: it is %s in %s', today, time_zone));
    elsif start_date < '1900-01-01' then
        perform vibe.refuse('start_date', start_date::text, 'must not be before 1900-01-01');
    end if;

    range_start := vibe.day_start(start_date, time_zone);
    range_end := vibe.day_start(end_date + 1, time_zone);
    is_partial := range_end > as_of;
    begins := start_date;
    until := end_date + 1;
    if is_partial then
        range_end := greatest(vibe.full_hour(as_of, time_zone), range_start);
        until := greatest(range_end at time zone time_zone, begins);
    end if;
    if extract(day from start_date) = 1 then
        months := (extract(year from end_date) - extract(year from start_date)) * 12
            + extract(month from end_date) - extract(month from start_date) + 1;
        previous_start_date := begins - make_interval(months => months);
        closes := begins + make_interval(months => months);
        -- As many days and hours of the last month, all of it where it is shorter.
        until_month := date_trunc('month', until);
        until := least(
            until_month - make_interval(months => months) + (until - until_month),
            until_month - make_interval(months => months - 1)
        );
    else
        previous_start_date := start_date - (end_date - start_date + 1);
        closes := end_date + 1;
        until := until - make_interval(days => end_date - start_date + 1);
    end if;
    previous_start := vibe.day_start(previous_start_date, time_zone);
    pro_rata := case
        when is_partial then extract(epoch from (range_end at time zone time_zone) - begins) / extract(epoch from closes - begins)
        else extract(epoch from (end_date + 1)::timestamp - begins) / extract(epoch from closes - begins)
    end;
    previous_end := case
        when compare in ('full_month', 'pro_rata') then range_start
        when until = until::date then vibe.day_start(until::date, time_zone)
        else until at time zone time_zone
    end;
    if compare = 'none' then
        previous_start := null;
        previous_end := null;
    end if;
end
$$;
comment on function vibe.analytics_range(text, date, date, text, timestamptz) is
'the instants [range_start, range_end) of the days start_date to end_date (the running month up to today unless given) by the site''s clock, up to the last full hour before as_of (now unless given) if that lies in them, which is_partial tells; and those they are compared with: from the first of a month as many months before, else as many days. compare: same_elapsed takes as much of them as has passed of the range, at most to the end of the month; full_month all; pro_rata all, of which sums count for the share that pro_rata tells; none nothing. Errors name field, value and rule';
grant execute on function vibe.analytics_range(text, date, date, text, timestamptz) to vibe_analyst;
