create function vibe_private.funnel_add(
    state internal, "user" bigint, occurred_at timestamptz, step_bits integer, steps integer, within interval
) returns internal
language c immutable parallel safe as 'MODULE_PATHNAME', 'vibe_funnel_add';
comment on function vibe_private.funnel_add(internal, bigint, timestamptz, integer, integer, interval) is
'transition of vibe.funnel';

create function vibe_private.funnel_add(
    state internal, "user" bigint, occurred_at timestamptz, matches boolean[], within interval
) returns internal
language c immutable parallel safe as 'MODULE_PATHNAME', 'vibe_funnel_add_matches';
comment on function vibe_private.funnel_add(internal, bigint, timestamptz, boolean[], interval) is
'transition of vibe.funnel';

create function vibe_private.funnel_depth_add(
    state internal, occurred_at timestamptz, step_bits integer, steps integer, within interval
) returns internal
language c immutable parallel safe as 'MODULE_PATHNAME', 'vibe_funnel_depth_add';
comment on function vibe_private.funnel_depth_add(internal, timestamptz, integer, integer, interval) is
'transition of vibe.funnel_depth';

create function vibe_private.funnel_depth_add(
    state internal, occurred_at timestamptz, matches boolean[], within interval
) returns internal
language c immutable parallel safe as 'MODULE_PATHNAME', 'vibe_funnel_depth_add_matches';
comment on function vibe_private.funnel_depth_add(internal, timestamptz, boolean[], interval) is
'transition of vibe.funnel_depth';

create function vibe_private.funnel_combine(internal, internal) returns internal
language c immutable parallel safe as 'MODULE_PATHNAME', 'vibe_funnel_combine';
comment on function vibe_private.funnel_combine(internal, internal) is
'joins the states of two parallel workers of vibe.funnel';

create function vibe_private.funnel_serialize(internal) returns bytea
language c immutable strict parallel safe as 'MODULE_PATHNAME', 'vibe_funnel_serialize';
comment on function vibe_private.funnel_serialize(internal) is 'state of vibe.funnel as a parallel worker sends it';

create function vibe_private.funnel_deserialize(bytea, internal) returns internal
language c immutable strict parallel safe as 'MODULE_PATHNAME', 'vibe_funnel_deserialize';
comment on function vibe_private.funnel_deserialize(bytea, internal) is 'state of vibe.funnel as its leader receives it';

create function vibe_private.funnel_final(internal) returns bigint[]
language c immutable parallel safe as 'MODULE_PATHNAME', 'vibe_funnel_final';
comment on function vibe_private.funnel_final(internal) is 'result of vibe.funnel';

create function vibe_private.funnel_depth_final(internal) returns integer
language c immutable parallel safe as 'MODULE_PATHNAME', 'vibe_funnel_depth_final';
comment on function vibe_private.funnel_depth_final(internal) is 'result of vibe.funnel_depth';

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
'how many users reach each step, in order and within one interval (null for any) from their first step: bigint[], one element a step. matches tells for each of 2 to 32 steps whether the row can be it, as in array[event_name = ''view'', event_name = ''buy'']; one event satisfies one step, the best start counts, events of one instant are taken by their lowest step first';
grant execute on function vibe.funnel(bigint, timestamptz, boolean[], interval) to vibe_analyst;

create aggregate vibe.funnel("user" bigint, occurred_at timestamptz, step_bits integer, steps integer, within interval) (
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
'vibe.funnel, faster: bit i of step_bits says that the row can be step i + 1, so 1 is the first step, 2 the second, 4 the third';
grant execute on function vibe.funnel(bigint, timestamptz, integer, integer, interval) to vibe_analyst;

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
'the deepest funnel step that the rows of one user reach, 0 for none; for group by user, by the rules of vibe.funnel';
grant execute on function vibe.funnel_depth(timestamptz, boolean[], interval) to vibe_analyst;

create aggregate vibe.funnel_depth(occurred_at timestamptz, step_bits integer, steps integer, within interval) (
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
'vibe.funnel_depth with the steps of a row as bits: 1 is the first step, 2 the second, 4 the third';
grant execute on function vibe.funnel_depth(timestamptz, integer, integer, interval) to vibe_analyst;
