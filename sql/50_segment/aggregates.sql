create function vibe_private.kmeans_add(state internal, k integer, options jsonb, variadic features float8[]) returns internal
language c immutable parallel safe as 'MODULE_PATHNAME', 'vibe_kmeans_add';
comment on function vibe_private.kmeans_add(internal, integer, jsonb, float8[]) is 'transition of vibe.kmeans';

create function vibe_private.kmeans_combine(internal, internal) returns internal
language c immutable parallel safe as 'MODULE_PATHNAME', 'vibe_kmeans_combine';
comment on function vibe_private.kmeans_combine(internal, internal) is 'joins the states of two parallel workers of vibe.kmeans';

create function vibe_private.kmeans_serialize(internal) returns bytea
language c immutable strict parallel safe as 'MODULE_PATHNAME', 'vibe_kmeans_serialize';
comment on function vibe_private.kmeans_serialize(internal) is 'state of vibe.kmeans as a parallel worker sends it';

create function vibe_private.kmeans_deserialize(bytea, internal) returns internal
language c immutable strict parallel safe as 'MODULE_PATHNAME', 'vibe_kmeans_deserialize';
comment on function vibe_private.kmeans_deserialize(bytea, internal) is 'state of vibe.kmeans as its leader receives it';

create function vibe_private.kmeans_final(internal) returns vibe.kmeans_model
language c immutable parallel safe as 'MODULE_PATHNAME', 'vibe_kmeans_final';
comment on function vibe_private.kmeans_final(internal) is 'result of vibe.kmeans';

create aggregate vibe.kmeans(k integer, options jsonb, variadic features float8[]) (
    sfunc = vibe_private.kmeans_add,
    stype = internal,
    sspace = 1000000,
    finalfunc = vibe_private.kmeans_final,
    combinefunc = vibe_private.kmeans_combine,
    serialfunc = vibe_private.kmeans_serialize,
    deserialfunc = vibe_private.kmeans_deserialize,
    parallel = safe
);
comment on aggregate vibe.kmeans(integer, jsonb, float8[]) is
'divides rows of 1 to 64 features into at most k (1 to 256) clusters by Lloyd''s algorithm to the end; a vibe.kmeans_model, the same to the bit for any order of rows and number of workers and threads; null if no row counts. Options (JSON): start = array of k arrays of features (default: greedy k-means++), seed (0), restarts (1), normalise = none | zscore | minmax | log1p_zscore (none), tolerance (0.0001), max_iterations (300), weighted = true if the last argument is the row''s weight (0 or 1e-15 to 1e15). Rows with a feature that is null, NaN or infinite are left out and counted; a value beyond 1e140, and with log1p_zscore one of -1 or less, is an error. Memory: 8 bytes a feature and row while rows come in; at the end once more as much and 16 bytes a row, and 8 bytes a row for k-means++; twice that with weights';
grant execute on function vibe.kmeans(integer, jsonb, float8[]) to vibe_analyst;

-- Up to 8 features can be given without making an array of each row, which would take longer than all the rest.
do $$
declare
    arguments text;
    types text;
begin
    for n in 1..8 loop
        select string_agg(format('feature_%s float8', i), ', ' order by i), string_agg('float8', ', ')
        into arguments, types
        from generate_series(1, n) as i;
        execute format(
            $f$create function vibe_private.kmeans_add(state internal, k integer, options jsonb, %s) returns internal
            language c immutable parallel safe as 'MODULE_PATHNAME', 'vibe_kmeans_add_columns'$f$, arguments);
        execute format(
            $f$comment on function vibe_private.kmeans_add(internal, integer, jsonb, %s) is 'transition of vibe.kmeans'$f$, types);
        execute format(
            $f$create aggregate vibe.kmeans(k integer, options jsonb, %s) (
                sfunc = vibe_private.kmeans_add,
                stype = internal,
                sspace = 1000000,
                finalfunc = vibe_private.kmeans_final,
                combinefunc = vibe_private.kmeans_combine,
                serialfunc = vibe_private.kmeans_serialize,
                deserialfunc = vibe_private.kmeans_deserialize,
                parallel = safe
            )$f$, arguments);
        execute format(
            $f$comment on aggregate vibe.kmeans(integer, jsonb, %s) is 'vibe.kmeans(k, options, variadic features) of %s; the quicker form'$f$,
            types, n);
        execute format('grant execute on function vibe.kmeans(integer, jsonb, %s) to vibe_analyst', types);
    end loop;
end
$$;
