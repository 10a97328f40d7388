-- Places are days or periods; the states are sets of (user, place), so that rows may repeat and come in any order.
create function vibe_private.rolling_users_add(
    state internal, "user" bigint, at timestamptz, first_day date, last_day date, time_zone text
) returns internal
language c immutable parallel safe as 'MODULE_PATHNAME', 'vibe_rolling_users_add_at';
comment on function vibe_private.rolling_users_add(internal, bigint, timestamptz, date, date, text) is
'transition of vibe.rolling_users';

create function vibe_private.rolling_users_add(
    state internal, "user" bigint, at timestamptz, first_day date, last_day date, time_zone text, windows integer[]
) returns internal
language c immutable parallel safe as 'MODULE_PATHNAME', 'vibe_rolling_users_add_at';
comment on function vibe_private.rolling_users_add(internal, bigint, timestamptz, date, date, text, integer[]) is
'transition of vibe.rolling_users';

create function vibe_private.rolling_users_add(
    state internal, "user" bigint, day date, first_day date, last_day date
) returns internal
language c immutable parallel safe as 'MODULE_PATHNAME', 'vibe_rolling_users_add_on';
comment on function vibe_private.rolling_users_add(internal, bigint, date, date, date) is
'transition of vibe.rolling_users';

create function vibe_private.rolling_users_add(
    state internal, "user" bigint, day date, first_day date, last_day date, windows integer[]
) returns internal
language c immutable parallel safe as 'MODULE_PATHNAME', 'vibe_rolling_users_add_on';
comment on function vibe_private.rolling_users_add(internal, bigint, date, date, date, integer[]) is
'transition of vibe.rolling_users';

create function vibe_private.rolling_users_add(
    state internal, "user" bigint, day date, first_day date, last_day date, visitors bigint[], persons bigint[]
) returns internal
language c immutable parallel safe as 'MODULE_PATHNAME', 'vibe_rolling_users_add_renamed';
comment on function vibe_private.rolling_users_add(internal, bigint, date, date, date, bigint[], bigint[]) is
'transition of vibe.rolling_users';

create function vibe_private.rolling_users_add(
    state internal, "user" bigint, day date, first_day date, last_day date, visitors bigint[], persons bigint[], windows integer[]
) returns internal
language c immutable parallel safe as 'MODULE_PATHNAME', 'vibe_rolling_users_add_renamed';
comment on function vibe_private.rolling_users_add(internal, bigint, date, date, date, bigint[], bigint[], integer[]) is
'transition of vibe.rolling_users';

create function vibe_private.rolling_users_combine(internal, internal) returns internal
language c immutable parallel safe as 'MODULE_PATHNAME', 'vibe_rolling_users_combine';
comment on function vibe_private.rolling_users_combine(internal, internal) is
'joins the states of two parallel workers of vibe.rolling_users';

create function vibe_private.rolling_users_serialize(internal) returns bytea
language c immutable strict parallel safe as 'MODULE_PATHNAME', 'vibe_rolling_users_serialize';
comment on function vibe_private.rolling_users_serialize(internal) is
'state of vibe.rolling_users as a parallel worker sends it';

create function vibe_private.rolling_users_deserialize(bytea, internal) returns internal
language c immutable strict parallel safe as 'MODULE_PATHNAME', 'vibe_rolling_users_deserialize';
comment on function vibe_private.rolling_users_deserialize(bytea, internal) is
'state of vibe.rolling_users as its leader receives it';

create function vibe_private.rolling_users_final(internal) returns vibe.active_day[]
language c immutable parallel safe as 'MODULE_PATHNAME', 'vibe_rolling_users_final';
comment on function vibe_private.rolling_users_final(internal) is 'result of vibe.rolling_users';

create function vibe_private.rolling_users_final_windows(internal) returns vibe.rolling_day[]
language c immutable parallel safe as 'MODULE_PATHNAME', 'vibe_rolling_users_final';
comment on function vibe_private.rolling_users_final_windows(internal) is 'result of vibe.rolling_users with windows';

-- Over any table: select d.* from unnest((select vibe.rolling_users(…) from events)) as d.
create aggregate vibe.rolling_users("user" bigint, at timestamptz, first_day date, last_day date, time_zone text) (
    sfunc = vibe_private.rolling_users_add,
    stype = internal,
    sspace = 1000000,
    finalfunc = vibe_private.rolling_users_final,
    combinefunc = vibe_private.rolling_users_combine,
    serialfunc = vibe_private.rolling_users_serialize,
    deserialfunc = vibe_private.rolling_users_deserialize,
    parallel = safe
);
comment on aggregate vibe.rolling_users(bigint, timestamptz, date, date, text) is
'exact DAU, WAU and MAU of each day from first_day to last_day (at most 3660 days): an array of vibe.active_day, without gaps; null if there is no row. Days are those of time_zone. Give it rows from 29 days before first_day on, or the first windows lack them; rows outside of that, without user or time, or with an infinite time are left out. Users are bigint: number others first. Memory: 26 to 51 bytes for each user and 64 days in which the user was there, whatever the number of rows, and half as much again while it grows';
grant execute on function vibe.rolling_users(bigint, timestamptz, date, date, text) to vibe_analyst;

create aggregate vibe.rolling_users(
    "user" bigint, at timestamptz, first_day date, last_day date, time_zone text, windows integer[]
) (
    sfunc = vibe_private.rolling_users_add,
    stype = internal,
    sspace = 1000000,
    finalfunc = vibe_private.rolling_users_final_windows,
    combinefunc = vibe_private.rolling_users_combine,
    serialfunc = vibe_private.rolling_users_serialize,
    deserialfunc = vibe_private.rolling_users_deserialize,
    parallel = safe
);
comment on aggregate vibe.rolling_users(bigint, timestamptz, date, date, text, integer[]) is
'vibe.rolling_users with 1 to 16 windows of 1 to 3660 days each instead of 1, 7 and 30: an array of vibe.rolling_day. Rows are needed from the longest window before first_day on. Memory as there';
grant execute on function vibe.rolling_users(bigint, timestamptz, date, date, text, integer[]) to vibe_analyst;

create aggregate vibe.rolling_users("user" bigint, day date, first_day date, last_day date) (
    sfunc = vibe_private.rolling_users_add,
    stype = internal,
    sspace = 1000000,
    finalfunc = vibe_private.rolling_users_final,
    combinefunc = vibe_private.rolling_users_combine,
    serialfunc = vibe_private.rolling_users_serialize,
    deserialfunc = vibe_private.rolling_users_deserialize,
    parallel = safe
);
comment on aggregate vibe.rolling_users(bigint, date, date, date) is
'vibe.rolling_users for rows that have a day instead of a time. Memory as there';
grant execute on function vibe.rolling_users(bigint, date, date, date) to vibe_analyst;

create aggregate vibe.rolling_users("user" bigint, day date, first_day date, last_day date, windows integer[]) (
    sfunc = vibe_private.rolling_users_add,
    stype = internal,
    sspace = 1000000,
    finalfunc = vibe_private.rolling_users_final_windows,
    combinefunc = vibe_private.rolling_users_combine,
    serialfunc = vibe_private.rolling_users_serialize,
    deserialfunc = vibe_private.rolling_users_deserialize,
    parallel = safe
);
comment on aggregate vibe.rolling_users(bigint, date, date, date, integer[]) is
'vibe.rolling_users with windows for rows that have a day instead of a time. Memory as there';
grant execute on function vibe.rolling_users(bigint, date, date, date, integer[]) to vibe_analyst;

create aggregate vibe.rolling_users(
    "user" bigint, day date, first_day date, last_day date, visitors bigint[], persons bigint[]
) (
    sfunc = vibe_private.rolling_users_add,
    stype = internal,
    sspace = 1000000,
    finalfunc = vibe_private.rolling_users_final,
    combinefunc = vibe_private.rolling_users_combine,
    serialfunc = vibe_private.rolling_users_serialize,
    deserialfunc = vibe_private.rolling_users_deserialize,
    parallel = safe
);
comment on aggregate vibe.rolling_users(bigint, date, date, date, bigint[], bigint[]) is
'vibe.rolling_users where the user visitors[i] counts as persons[i], or not at all if that is null: much faster than a join when these are few. The arrays of the first row count for all. Memory as there, and 35 to 60 bytes for each of visitors';
grant execute on function vibe.rolling_users(bigint, date, date, date, bigint[], bigint[]) to vibe_analyst;

create aggregate vibe.rolling_users(
    "user" bigint, day date, first_day date, last_day date, visitors bigint[], persons bigint[], windows integer[]
) (
    sfunc = vibe_private.rolling_users_add,
    stype = internal,
    sspace = 1000000,
    finalfunc = vibe_private.rolling_users_final_windows,
    combinefunc = vibe_private.rolling_users_combine,
    serialfunc = vibe_private.rolling_users_serialize,
    deserialfunc = vibe_private.rolling_users_deserialize,
    parallel = safe
);
comment on aggregate vibe.rolling_users(bigint, date, date, date, bigint[], bigint[], integer[]) is
'vibe.rolling_users of visitors counted as persons, with windows. Memory as there';
grant execute on function vibe.rolling_users(bigint, date, date, date, bigint[], bigint[], integer[]) to vibe_analyst;

create function vibe_private.cohort_users_add(
    state internal, "user" bigint, at timestamptz, period text, first_day date, last_day date, time_zone text
) returns internal
language c immutable parallel safe as 'MODULE_PATHNAME', 'vibe_cohort_users_add_at';
comment on function vibe_private.cohort_users_add(internal, bigint, timestamptz, text, date, date, text) is
'transition of vibe.cohort_users';

create function vibe_private.cohort_users_add(
    state internal, "user" bigint, day date, period text, first_day date, last_day date
) returns internal
language c immutable parallel safe as 'MODULE_PATHNAME', 'vibe_cohort_users_add_on';
comment on function vibe_private.cohort_users_add(internal, bigint, date, text, date, date) is
'transition of vibe.cohort_users';

create function vibe_private.cohort_users_add(
    state internal, "user" bigint, day date, is_entry boolean, period text, first_day date, last_day date
) returns internal
language c immutable parallel safe as 'MODULE_PATHNAME', 'vibe_cohort_users_add_entry';
comment on function vibe_private.cohort_users_add(internal, bigint, date, boolean, text, date, date) is
'transition of vibe.cohort_users';

create function vibe_private.cohort_users_add(
    state internal, "user" bigint, day date, is_entry boolean, period text, first_day date, last_day date,
    visitors bigint[], persons bigint[]
) returns internal
language c immutable parallel safe as 'MODULE_PATHNAME', 'vibe_cohort_users_add_renamed';
comment on function
vibe_private.cohort_users_add(internal, bigint, date, boolean, text, date, date, bigint[], bigint[]) is
'transition of vibe.cohort_users';

create function vibe_private.cohort_users_combine(internal, internal) returns internal
language c immutable parallel safe as 'MODULE_PATHNAME', 'vibe_cohort_users_combine';
comment on function vibe_private.cohort_users_combine(internal, internal) is
'joins the states of two parallel workers of vibe.cohort_users';

create function vibe_private.cohort_users_serialize(internal) returns bytea
language c immutable strict parallel safe as 'MODULE_PATHNAME', 'vibe_cohort_users_serialize';
comment on function vibe_private.cohort_users_serialize(internal) is
'state of vibe.cohort_users as a parallel worker sends it';

create function vibe_private.cohort_users_deserialize(bytea, internal) returns internal
language c immutable strict parallel safe as 'MODULE_PATHNAME', 'vibe_cohort_users_deserialize';
comment on function vibe_private.cohort_users_deserialize(bytea, internal) is
'state of vibe.cohort_users as its leader receives it';

create function vibe_private.cohort_users_final(internal) returns vibe.cohort_period[]
language c immutable parallel safe as 'MODULE_PATHNAME', 'vibe_cohort_users_final';
comment on function vibe_private.cohort_users_final(internal) is 'result of vibe.cohort_users';

create aggregate vibe.cohort_users(
    "user" bigint, at timestamptz, period text, first_day date, last_day date, time_zone text
) (
    sfunc = vibe_private.cohort_users_add,
    stype = internal,
    sspace = 1000000,
    finalfunc = vibe_private.cohort_users_final,
    combinefunc = vibe_private.cohort_users_combine,
    serialfunc = vibe_private.cohort_users_serialize,
    deserialfunc = vibe_private.cohort_users_deserialize,
    parallel = safe
);
comment on aggregate vibe.cohort_users(bigint, timestamptz, text, date, date, text) is
'retention: an array of vibe.cohort_period for the cohorts of all periods (day, week from Monday, month; at most 1000) that have a day from first_day to last_day, each with the periods from its own to the last; null if there is no row. A user belongs to the cohort of the first row: give it all rows, for who has one before first_day''s period is not new and in no cohort. Rows after last_day, without user or time, or with an infinite time are left out. Days are those of time_zone. Memory: 26 to 51 bytes for each user and 64 periods in which the user was there, whatever the number of rows, and half as much again while it grows';
grant execute on function vibe.cohort_users(bigint, timestamptz, text, date, date, text) to vibe_analyst;

create aggregate vibe.cohort_users("user" bigint, day date, period text, first_day date, last_day date) (
    sfunc = vibe_private.cohort_users_add,
    stype = internal,
    sspace = 1000000,
    finalfunc = vibe_private.cohort_users_final,
    combinefunc = vibe_private.cohort_users_combine,
    serialfunc = vibe_private.cohort_users_serialize,
    deserialfunc = vibe_private.cohort_users_deserialize,
    parallel = safe
);
comment on aggregate vibe.cohort_users(bigint, date, text, date, date) is
'vibe.cohort_users for rows that have a day instead of a time. Memory as there';
grant execute on function vibe.cohort_users(bigint, date, text, date, date) to vibe_analyst;

create aggregate vibe.cohort_users(
    "user" bigint, day date, is_entry boolean, period text, first_day date, last_day date
) (
    sfunc = vibe_private.cohort_users_add,
    stype = internal,
    sspace = 1000000,
    finalfunc = vibe_private.cohort_users_final,
    combinefunc = vibe_private.cohort_users_combine,
    serialfunc = vibe_private.cohort_users_serialize,
    deserialfunc = vibe_private.cohort_users_deserialize,
    parallel = safe
);
comment on aggregate vibe.cohort_users(bigint, date, boolean, text, date, date) is
'vibe.cohort_users where entries are rows of their own: is_entry says that the user came in on that day, which is no activity; the earliest counts. Who has no entry is in no cohort. Memory: an entry costs as much as 64 periods';
grant execute on function vibe.cohort_users(bigint, date, boolean, text, date, date) to vibe_analyst;

create aggregate vibe.cohort_users(
    "user" bigint, day date, is_entry boolean, period text, first_day date, last_day date,
    visitors bigint[], persons bigint[]
) (
    sfunc = vibe_private.cohort_users_add,
    stype = internal,
    sspace = 1000000,
    finalfunc = vibe_private.cohort_users_final,
    combinefunc = vibe_private.cohort_users_combine,
    serialfunc = vibe_private.cohort_users_serialize,
    deserialfunc = vibe_private.cohort_users_deserialize,
    parallel = safe
);
comment on aggregate vibe.cohort_users(bigint, date, boolean, text, date, date, bigint[], bigint[]) is
'vibe.cohort_users where the user visitors[i] counts as persons[i], or not at all if that is null. The arrays of the first row count for all. Memory as there, and 35 to 60 bytes for each of visitors';
grant execute on function vibe.cohort_users(bigint, date, boolean, text, date, date, bigint[], bigint[]) to vibe_analyst;
