-- Immutable, for a generated column: to_char() and date::text depend on settings of the session.
create function vibe.rfm_period_name(period_start date, period_end date) returns text
language sql
immutable
parallel safe
as $$
    select case
        when extract(day from period_start) = 1 and period_end = (period_start + interval '1 month')::date
            then lpad(extract(year from period_start)::text, 4, '0') || '-' || lpad(extract(month from period_start)::text, 2, '0')
        else lpad(extract(year from period_start)::text, 4, '0') || '-' || lpad(extract(month from period_start)::text, 2, '0')
            || '-' || lpad(extract(day from period_start)::text, 2, '0') || '..'
            || lpad(extract(year from period_end - 1)::text, 4, '0') || '-' || lpad(extract(month from period_end - 1)::text, 2, '0')
            || '-' || lpad(extract(day from period_end - 1)::text, 2, '0')
    end
$$;
comment on function vibe.rfm_period_name(date, date) is
'how a period is called: 2026-01 for a calendar month, else first and last day as 2026-01-05..2026-02-04';
grant execute on function vibe.rfm_period_name(date, date) to vibe_analyst;

create function vibe.rfm_period(period text, out period_start date, out period_end date)
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
    -- Numbers alone, so that no setting changes how a day is read.
    parts text[] := regexp_match(
        period, '^([1-9]\d{3})-(\d{2})(?:-(\d{2})\.\.([1-9]\d{3})-(\d{2})-(\d{2}))?$'
    );
begin
    if period is null then
        return;
    end if;
    if parts is null then
        raise datetime_field_overflow;
    end if;
    period_start := make_date(parts[1]::integer, parts[2]::integer, coalesce(parts[3]::integer, 1));
    period_end := case
        when parts[3] is null then (period_start + interval '1 month')::date
        else make_date(parts[4]::integer, parts[5]::integer, parts[6]::integer) + 1
    end;
exception when datetime_field_overflow then
    raise exception 'period is "%"', left(period, 100)
        using errcode = 'invalid_parameter_value',
            detail = 'It must be a month as 2026-01, or two days as 2026-01-05..2026-02-04, both included.';
end
$$;
comment on function vibe.rfm_period(text) is
'the first day of a period as vibe.rfm_period_name() writes it, and the day after its last one';
grant execute on function vibe.rfm_period(text) to vibe_analyst;
