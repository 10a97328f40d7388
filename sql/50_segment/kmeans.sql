create function vibe.kmeans_assign(model vibe.kmeans_model, variadic features float8[]) returns integer
language c immutable strict parallel safe cost 5 as 'MODULE_PATHNAME', 'vibe_kmeans_assign';
comment on function vibe.kmeans_assign(vibe.kmeans_model, float8[]) is
'the number (from 1) of the cluster whose centroid is nearest to a row, by the scaling of the model, the lowest one of several; null if a feature is null, NaN or infinite; an error for a wrong number of features and for what vibe.kmeans would not take';
grant execute on function vibe.kmeans_assign(vibe.kmeans_model, float8[]) to vibe_analyst;

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
            $f$create function vibe.kmeans_assign(model vibe.kmeans_model, %s) returns integer
            language c immutable strict parallel safe cost 5 as 'MODULE_PATHNAME', 'vibe_kmeans_assign_columns'$f$, arguments);
        execute format(
            $f$comment on function vibe.kmeans_assign(vibe.kmeans_model, %s) is 'vibe.kmeans_assign(model, variadic features) of %s; the quicker form'$f$,
            types, n);
        execute format('grant execute on function vibe.kmeans_assign(vibe.kmeans_model, %s) to vibe_analyst', types);
    end loop;
end
$$;
