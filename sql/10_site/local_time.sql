-- "at time zone" looks its zone up by name for each row; over ten million rows that is seconds.
create function vibe.local_time(at timestamptz, time_zone text) returns timestamp
language c stable strict parallel safe as 'MODULE_PATHNAME', 'vibe_local_time';
comment on function vibe.local_time(timestamptz, text) is
    'what the clocks of a time zone (IANA name) show at an instant: the value of "at time zone" in a tenth of its time';
grant execute on function vibe.local_time(timestamptz, text) to vibe_analyst;

create function vibe.local_day(at timestamptz, time_zone text) returns date
language c stable strict parallel safe as 'MODULE_PATHNAME', 'vibe_local_day';
comment on function vibe.local_day(timestamptz, text) is
    'the calendar day of an instant in a time zone (IANA name); a site''s days are those of sites.time_zone';
grant execute on function vibe.local_day(timestamptz, text) to vibe_analyst;
