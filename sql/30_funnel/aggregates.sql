create function vibe_private.funnel_add(
    state internal, "user" bigint, occurred_at timestamptz, matches boolean[], within interval
) returns internal
language c immutable parallel safe as 'MODULE_PATHNAME', 'vibe_funnel_add_matches';
comment on function vibe_private.funnel_add(internal, bigint, timestamptz, boolean[], interval) is
'transition of vibe.funnel';

create function vibe_private.funnel_add(
    state internal, "user" bigint, occurred_at timestamptz, matches boolean[], within interval, options jsonb
) returns internal
language c immutable parallel safe as 'MODULE_PATHNAME', 'vibe_funnel_add_matches';
comment on function vibe_private.funnel_add(internal, bigint, timestamptz, boolean[], interval, jsonb) is
'transition of vibe.funnel';

create function vibe_private.funnel_add(
    state internal, "user" bigint, occurred_at timestamptz, event_name text, steps text[], within interval
) returns internal
language c immutable parallel safe as 'MODULE_PATHNAME', 'vibe_funnel_add_name';
comment on function vibe_private.funnel_add(internal, bigint, timestamptz, text, text[], interval) is
'transition of vibe.funnel';

create function vibe_private.funnel_add(
    state internal, "user" bigint, occurred_at timestamptz, event_name text, steps text[], within interval, options jsonb
) returns internal
language c immutable parallel safe as 'MODULE_PATHNAME', 'vibe_funnel_add_name';
comment on function vibe_private.funnel_add(internal, bigint, timestamptz, text, text[], interval, jsonb) is
'transition of vibe.funnel';

create function vibe_private.funnel_add(
    state internal, "user" bigint, occurred_at timestamptz, step_bits integer, steps integer, within interval
) returns internal
language c immutable parallel safe as 'MODULE_PATHNAME', 'vibe_funnel_add';
comment on function vibe_private.funnel_add(internal, bigint, timestamptz, integer, integer, interval) is
'transition of vibe.funnel';

create function vibe_private.funnel_add(
    state internal, "user" bigint, occurred_at timestamptz, step_bits integer, exclusion_bits integer, hold text, steps integer, within interval, options jsonb
) returns internal
language c immutable parallel safe as 'MODULE_PATHNAME', 'vibe_funnel_add_held';
comment on function vibe_private.funnel_add(internal, bigint, timestamptz, integer, integer, text, integer, interval, jsonb) is
'transition of vibe.funnel';

create function vibe_private.funnel_depth_add(
    state internal, occurred_at timestamptz, matches boolean[], within interval
) returns internal
language c immutable parallel safe as 'MODULE_PATHNAME', 'vibe_funnel_depth_add_matches';
comment on function vibe_private.funnel_depth_add(internal, timestamptz, boolean[], interval) is
'transition of vibe.funnel_depth';

create function vibe_private.funnel_depth_add(
    state internal, occurred_at timestamptz, matches boolean[], within interval, options jsonb
) returns internal
language c immutable parallel safe as 'MODULE_PATHNAME', 'vibe_funnel_depth_add_matches';
comment on function vibe_private.funnel_depth_add(internal, timestamptz, boolean[], interval, jsonb) is
'transition of vibe.funnel_depth';

create function vibe_private.funnel_depth_add(
    state internal, occurred_at timestamptz, step_bits integer, steps integer, within interval
) returns internal
language c immutable parallel safe as 'MODULE_PATHNAME', 'vibe_funnel_depth_add';
comment on function vibe_private.funnel_depth_add(internal, timestamptz, integer, integer, interval) is
'transition of vibe.funnel_depth';

create function vibe_private.funnel_depth_add(
    state internal, occurred_at timestamptz, step_bits integer, exclusion_bits integer, hold text, steps integer, within interval, options jsonb
) returns internal
language c immutable parallel safe as 'MODULE_PATHNAME', 'vibe_funnel_depth_add_held';
comment on function vibe_private.funnel_depth_add(internal, timestamptz, integer, integer, text, integer, interval, jsonb) is
'transition of vibe.funnel_depth';

create function vibe_private.funnel_chains_add(
    state internal, "user" bigint, occurred_at timestamptz, step_bits integer, exclusion_bits integer, hold text, entry_value text, steps integer, within interval, options jsonb, periods timestamptz[]
) returns internal
language c immutable parallel safe as 'MODULE_PATHNAME', 'vibe_funnel_chains_add';
comment on function vibe_private.funnel_chains_add(internal, bigint, timestamptz, integer, integer, text, text, integer, interval, jsonb, timestamptz[]) is
'transition of vibe.funnel_chains';

create function vibe_private.funnel_combine(internal, internal) returns internal
language c immutable parallel safe as 'MODULE_PATHNAME', 'vibe_funnel_combine';
comment on function vibe_private.funnel_combine(internal, internal) is
'joins the states of two parallel workers of the funnel aggregates';

create function vibe_private.funnel_serialize(internal) returns bytea
language c immutable strict parallel safe as 'MODULE_PATHNAME', 'vibe_funnel_serialize';
comment on function vibe_private.funnel_serialize(internal) is
'state of a funnel aggregate as a parallel worker sends it';

create function vibe_private.funnel_deserialize(bytea, internal) returns internal
language c immutable strict parallel safe as 'MODULE_PATHNAME', 'vibe_funnel_deserialize';
comment on function vibe_private.funnel_deserialize(bytea, internal) is
'state of a funnel aggregate as its leader receives it';

create function vibe_private.funnel_final(internal) returns bigint[]
language c immutable parallel safe as 'MODULE_PATHNAME', 'vibe_funnel_final';
comment on function vibe_private.funnel_final(internal) is
'result of vibe.funnel';

create function vibe_private.funnel_depth_final(internal) returns integer
language c immutable parallel safe as 'MODULE_PATHNAME', 'vibe_funnel_depth_final';
comment on function vibe_private.funnel_depth_final(internal) is
'result of vibe.funnel_depth';

create function vibe_private.funnel_chains_final(internal) returns vibe.funnel_chain[]
language c immutable parallel safe as 'MODULE_PATHNAME', 'vibe_funnel_chains_final';
comment on function vibe_private.funnel_chains_final(internal) is
'result of vibe.funnel_chains';

create aggregate vibe.funnel("user" bigint, occurred_at timestamptz, matches boolean[], within interval) (
    sfunc = vibe_private.funnel_add,
    stype = internal,
    sspace = 1000000,
    finalfunc = vibe_private.funnel_final,
    combinefunc = vibe_private.funnel_combine,
    serialfunc = vibe_private.funnel_serialize,
    deserialfunc = vibe_private.funnel_deserialize,
    parallel = safe
);
comment on aggregate vibe.funnel(bigint, timestamptz, boolean[], interval) is
'how many users reach each step, in order and within one interval (null for any) from their first step: bigint[], one element a step. matches tells for each of 2 to 32 steps whether the row can be it, as in array[event_name = ''view'', event_name = ''buy'']; one event satisfies one step, the best start counts, events of one instant are taken by their lowest step first. Rows without user or finite time, or that can be no step, are left out; null if there is no row. Memory: 24 bytes a row that is kept, then as much again and up to 70 bytes a user while it counts';
grant execute on function vibe.funnel(bigint, timestamptz, boolean[], interval) to vibe_analyst;

create aggregate vibe.funnel(
    "user" bigint, occurred_at timestamptz, matches boolean[], within interval, options jsonb
) (
    sfunc = vibe_private.funnel_add,
    stype = internal,
    sspace = 1000000,
    finalfunc = vibe_private.funnel_final,
    combinefunc = vibe_private.funnel_combine,
    serialfunc = vibe_private.funnel_serialize,
    deserialfunc = vibe_private.funnel_deserialize,
    parallel = safe
);
comment on aggregate vibe.funnel(bigint, timestamptz, boolean[], interval, jsonb) is
'vibe.funnel with options: {"mode": "ordered"} (or "strict": no other row of the user between two steps, so give it all rows; or "unordered": any order, and step n means any n of the steps), {"ties": "allow"} (or "strict": a next step must be at a later instant). Memory as vibe.funnel; strict keeps every row';
grant execute on function vibe.funnel(bigint, timestamptz, boolean[], interval, jsonb) to vibe_analyst;

create aggregate vibe.funnel(
    "user" bigint, occurred_at timestamptz, event_name text, steps text[], within interval
) (
    sfunc = vibe_private.funnel_add,
    stype = internal,
    sspace = 1000000,
    finalfunc = vibe_private.funnel_final,
    combinefunc = vibe_private.funnel_combine,
    serialfunc = vibe_private.funnel_serialize,
    deserialfunc = vibe_private.funnel_deserialize,
    parallel = safe
);
comment on aggregate vibe.funnel(bigint, timestamptz, text, text[], interval) is
'vibe.funnel over names, the fastest: a row can be the steps whose names equal event_name byte by byte; no filter is needed, other rows cost little. Memory: 24 bytes a row whose name is a step, then as much again and up to 70 bytes a user while it counts';
grant execute on function vibe.funnel(bigint, timestamptz, text, text[], interval) to vibe_analyst;

create aggregate vibe.funnel(
    "user" bigint, occurred_at timestamptz, event_name text, steps text[], within interval, options jsonb
) (
    sfunc = vibe_private.funnel_add,
    stype = internal,
    sspace = 1000000,
    finalfunc = vibe_private.funnel_final,
    combinefunc = vibe_private.funnel_combine,
    serialfunc = vibe_private.funnel_serialize,
    deserialfunc = vibe_private.funnel_deserialize,
    parallel = safe
);
comment on aggregate vibe.funnel(bigint, timestamptz, text, text[], interval, jsonb) is
'vibe.funnel over names with options mode and ties. Memory: 24 bytes a row whose name is a step (strict: every row), then as much again and up to 70 bytes a user while it counts';
grant execute on function vibe.funnel(bigint, timestamptz, text, text[], interval, jsonb) to vibe_analyst;

create aggregate vibe.funnel(
    "user" bigint, occurred_at timestamptz, step_bits integer, steps integer, within interval
) (
    sfunc = vibe_private.funnel_add,
    stype = internal,
    sspace = 1000000,
    finalfunc = vibe_private.funnel_final,
    combinefunc = vibe_private.funnel_combine,
    serialfunc = vibe_private.funnel_serialize,
    deserialfunc = vibe_private.funnel_deserialize,
    parallel = safe
);
comment on aggregate vibe.funnel(bigint, timestamptz, integer, integer, interval) is
'vibe.funnel with the steps of a row as bits: 1 is the first step, 2 the second, 4 the third; null is 0. Memory: 24 bytes a row with bits, then as much again and up to 70 bytes a user while it counts';
grant execute on function vibe.funnel(bigint, timestamptz, integer, integer, interval) to vibe_analyst;

create aggregate vibe.funnel(
    "user" bigint, occurred_at timestamptz, step_bits integer, exclusion_bits integer, hold text, steps integer, within interval, options jsonb
) (
    sfunc = vibe_private.funnel_add,
    stype = internal,
    sspace = 1000000,
    finalfunc = vibe_private.funnel_final,
    combinefunc = vibe_private.funnel_combine,
    serialfunc = vibe_private.funnel_serialize,
    deserialfunc = vibe_private.funnel_deserialize,
    parallel = safe
);
comment on aggregate vibe.funnel(bigint, timestamptz, integer, integer, text, integer, interval, jsonb) is
'vibe.funnel with all it can do. exclusion_bits: bit i says that the row ends a chain that stands after step i + 1 and does not take the row as its next step (a user keeps the depth reached before); between steps f and t that is 2^(t-1) - 2^(f-1). hold: all steps of a chain carry the same value (null is a value); the best of a user counts. options: mode and ties. Memory: 32 bytes a row with bits (strict: every row) and 48 bytes and its length for each distinct value of hold (an exact dictionary, no hash), then 32 bytes a row again and up to 70 a user while it counts';
grant execute on function vibe.funnel(bigint, timestamptz, integer, integer, text, integer, interval, jsonb) to vibe_analyst;

create aggregate vibe.funnel_depth(occurred_at timestamptz, matches boolean[], within interval) (
    sfunc = vibe_private.funnel_depth_add,
    stype = internal,
    sspace = 512,
    finalfunc = vibe_private.funnel_depth_final,
    combinefunc = vibe_private.funnel_combine,
    serialfunc = vibe_private.funnel_serialize,
    deserialfunc = vibe_private.funnel_deserialize,
    parallel = safe
);
comment on aggregate vibe.funnel_depth(timestamptz, boolean[], interval) is
'the deepest funnel step that the rows of one user reach, 0 for none; for group by user, by the rules of vibe.funnel. Memory: 24 bytes a row that can be a step, up to 48 more while it counts; at least 600 a group';
grant execute on function vibe.funnel_depth(timestamptz, boolean[], interval) to vibe_analyst;

create aggregate vibe.funnel_depth(
    occurred_at timestamptz, matches boolean[], within interval, options jsonb
) (
    sfunc = vibe_private.funnel_depth_add,
    stype = internal,
    sspace = 512,
    finalfunc = vibe_private.funnel_depth_final,
    combinefunc = vibe_private.funnel_combine,
    serialfunc = vibe_private.funnel_serialize,
    deserialfunc = vibe_private.funnel_deserialize,
    parallel = safe
);
comment on aggregate vibe.funnel_depth(timestamptz, boolean[], interval, jsonb) is
'vibe.funnel_depth with options mode and ties, as vibe.funnel has them. Memory as there; strict keeps every row';
grant execute on function vibe.funnel_depth(timestamptz, boolean[], interval, jsonb) to vibe_analyst;

create aggregate vibe.funnel_depth(
    occurred_at timestamptz, step_bits integer, steps integer, within interval
) (
    sfunc = vibe_private.funnel_depth_add,
    stype = internal,
    sspace = 512,
    finalfunc = vibe_private.funnel_depth_final,
    combinefunc = vibe_private.funnel_combine,
    serialfunc = vibe_private.funnel_serialize,
    deserialfunc = vibe_private.funnel_deserialize,
    parallel = safe
);
comment on aggregate vibe.funnel_depth(timestamptz, integer, integer, interval) is
'vibe.funnel_depth with the steps of a row as bits: 1 is the first step, 2 the second, 4 the third. Memory: 24 bytes a row with bits, up to 48 more while it counts; at least 600 a group';
grant execute on function vibe.funnel_depth(timestamptz, integer, integer, interval) to vibe_analyst;

create aggregate vibe.funnel_depth(
    occurred_at timestamptz, step_bits integer, exclusion_bits integer, hold text, steps integer, within interval, options jsonb
) (
    sfunc = vibe_private.funnel_depth_add,
    stype = internal,
    sspace = 512,
    finalfunc = vibe_private.funnel_depth_final,
    combinefunc = vibe_private.funnel_combine,
    serialfunc = vibe_private.funnel_serialize,
    deserialfunc = vibe_private.funnel_deserialize,
    parallel = safe
);
comment on aggregate vibe.funnel_depth(timestamptz, integer, integer, text, integer, interval, jsonb) is
'vibe.funnel_depth with all that vibe.funnel can do: exclusion_bits, hold, and options mode and ties. Memory: 32 bytes a row with bits (strict: every row) and 48 and its length for each distinct value of hold, up to 48 a row more while it counts; at least 600 a group';
grant execute on function vibe.funnel_depth(timestamptz, integer, integer, text, integer, interval, jsonb) to vibe_analyst;

create aggregate vibe.funnel_chains(
    "user" bigint, occurred_at timestamptz, step_bits integer, exclusion_bits integer, hold text, entry_value text, steps integer, within interval, options jsonb, periods timestamptz[]
) (
    sfunc = vibe_private.funnel_chains_add,
    stype = internal,
    sspace = 1000000,
    finalfunc = vibe_private.funnel_chains_final,
    combinefunc = vibe_private.funnel_combine,
    serialfunc = vibe_private.funnel_serialize,
    deserialfunc = vibe_private.funnel_deserialize,
    parallel = safe
);
comment on aggregate vibe.funnel_chains(bigint, timestamptz, integer, integer, text, text, integer, interval, jsonb, timestamptz[]) is
'one chain of each user who takes the first step: vibe.funnel_chain[] in the order of user, for unnest. Of the chains that reach the user''s depth it is the one that completes first, of these the one that starts last, then the lowest held value; each step between is the earliest that can be, seen from the end (unordered: the latest, and step_times are in the order of time). With periods (ascending instants: where the first begins, then where each ends) one chain for each period in which the user starts, its later steps at any time within the window; null is all time as one. entry_value is the first event''s. The rest as vibe.funnel has it. Memory: 32 bytes a row with bits (strict: every row) and 48 and its length for each distinct value of hold and of entry_value (an exact dictionary, no hash); then 64 bytes a row, 70 a user, 40 a chain and 16 a step taken, and the result';
grant execute on function vibe.funnel_chains(bigint, timestamptz, integer, integer, text, text, integer, interval, jsonb, timestamptz[]) to vibe_analyst;
