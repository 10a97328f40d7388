-- Instants by the clocks of a zone: always the value of "at time zone", which is the reference here.
\pset format unaligned
\set VERBOSITY terse
set timezone = 'UTC';
select vibe.local_time('2026-03-08 06:59:59.999999Z', 'America/New_York'), vibe.local_time('2026-03-08 07:00Z', 'America/New_York');
select vibe.local_day('2026-01-01 02:59:59Z', 'America/Sao_Paulo'), vibe.local_day('2026-01-01 03:00Z', 'America/Sao_Paulo');
select vibe.local_time(null, 'UTC'), vibe.local_day(now(), null);

-- Every 37 minutes of 44 years, zones mixed row by row, forwards and backwards.
select count(*), count(*) filter (where local_time is distinct from at at time zone zone) as wrong_times,
    count(*) filter (where local_day is distinct from (at at time zone zone)::date) as wrong_days
from (
    select at, zone, vibe.local_time(at, zone) as local_time, vibe.local_day(at, zone) as local_day
    from (
        select timestamptz '1985-01-01Z' + case when i % 2 = 0 then i else 600000 - i end * interval '37 min 11.123457 s' as at,
            (array['America/Sao_Paulo', 'Europe/London', 'America/Havana', 'Pacific/Apia', 'Asia/Kathmandu', 'Australia/Lord_Howe'])[1 + i % 6] as zone
        from generate_series(0, 600000) as i
    ) as s
) as t;

-- The ends of the calendar.
select at, vibe.local_time(at, zone) = at at time zone zone as same_time, vibe.local_day(at, zone) = (at at time zone zone)::date as same_day
from (values
    (timestamptz 'infinity', 'UTC'),
    ('-infinity', 'Asia/Tokyo'),
    ('4713-01-01 BC', 'Asia/Tokyo'),
    ('294276-12-31 23:59:59Z', 'UTC'),
    ('1850-01-01', 'America/Sao_Paulo')
) as ends (at, zone);
select vibe.local_time('294276-12-31 23:59:59Z', 'Asia/Tokyo');
select vibe.local_time(now(), 'Mars/Olympus');
select vibe.local_day(now(), '');
