-- Segmentations by k-means over vibe.customer_features. Each feature that tells a customer's worth has a direction;
-- clusters are ranked by their centroids along all of these, never by their numbers.
create function vibe.cluster_features() returns table (feature text, direction integer)
language sql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
    values
        ('recency_days', -1),
        ('order_count', 1),
        ('total_spent', 1),
        ('average_order', 1),
        ('purchase_frequency', 1),
        ('sessions_90d', 1),
        ('page_views_90d', 1),
        ('tenure_days', 0),
        ('age', 0)
$$;
comment on function vibe.cluster_features() is
'features that vibe.calculate_clusters takes, and whether more of it means a better customer (1), a worse one (-1) or neither (0)';
grant execute on function vibe.cluster_features() to vibe_analyst;

-- Money below nothing (more refunded than bought in the time seen) is no logarithm's business.
create function vibe_private.feature_columns(features text[]) returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select string_agg(format('case when f.%1$I < 0 then 0 else f.%1$I end::float8', n.feature), ', ' order by n.place)
    from unnest(features) with ordinality as n (feature, place)
$$;
comment on function vibe_private.feature_columns(text[]) is
'arguments of vibe.kmeans for these columns of vibe.customer_features, as SQL; all of them are 0 or more';

create function vibe_private.check_clusters(name text, k integer, features text[], options jsonb, as_of timestamptz) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    wrong text;
begin
    if name is null or name !~ '^\S(.{0,58}\S)?$' then
        perform vibe_private.fail(format('name is %s', coalesce(quote_literal(name), 'null')),
            'It must have 1 to 60 characters and neither begin nor end with a blank.');
    end if;
    if k is null or k not between 1 and 256 then
        perform vibe_private.fail(format('k is %s', coalesce(k::text, 'null')), 'It must be 1 to 256.');
    end if;
    if as_of is null or not isfinite(as_of) then
        perform vibe_private.fail(format('as_of is %s', coalesce(as_of::text, 'null')), 'It must be a finite time.');
    end if;
    if options is null or jsonb_typeof(options) <> 'object' then
        perform vibe_private.fail(format('options is %s', coalesce(options::text, 'null')), 'It must be a JSON object.');
    end if;
    if options ? 'weighted' then
        perform vibe_private.fail('there is no option "weighted"', 'Customers count alike.');
    end if;
    if coalesce(cardinality(features), 0) = 0 then
        perform vibe_private.fail('features is empty', 'It must name features of vibe.cluster_features().');
    end if;
    select n.feature into wrong
    from unnest(features) as n (feature)
    where not exists (select from vibe.cluster_features() as c where c.feature = n.feature)
    limit 1;
    if found then
        perform vibe_private.fail(
            format('there is no feature %s', coalesce(quote_literal(wrong), 'null')),
            (select 'The features are ' || string_agg(c.feature, ', ') || '.' from vibe.cluster_features() as c)
        );
    end if;
    if cardinality(features) <> (select count(distinct n.feature) from unnest(features) as n (feature)) then
        perform vibe_private.fail('features names one twice');
    end if;
    if not exists (select from vibe.cluster_features() as c where c.feature = any (features) and c.direction <> 0) then
        perform vibe_private.fail('features has none that tells what a customer is worth',
            'Clusters could not be ranked: give one whose direction in vibe.cluster_features() is not 0.');
    end if;
end
$$;
comment on function vibe_private.check_clusters(text, integer, text[], jsonb, timestamptz) is
'raises what is wrong with the parameters of vibe.calculate_clusters';

create function vibe_private.row_value(model vibe.kmeans_model, directions integer[], feature_values float8[]) returns float8
language sql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
    select sum(
        n.direction
        * (case when model.normalise = 'log1p_zscore' then ln(1 + n.value) else n.value end - model.shift[n.place])
        * model.scale[n.place]
        order by n.place
    )
    from unnest(directions, feature_values) with ordinality as n (direction, value, place)
$$;
comment on function vibe_private.row_value(vibe.kmeans_model, integer[], float8[]) is
'what a customer with these features is worth: the sum of the normalised features, each in its direction';

-- k customers from the least worth to the most, in even steps of rank.
create function vibe_private.value_starts(of_site integer, k integer, features text[], directions integer[], options jsonb, as_of timestamptz)
returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    columns text := vibe_private.feature_columns(features);
    scaling vibe.kmeans_model;
    starts jsonb;
begin
    execute format('select (vibe.kmeans(1, $1, variadic array[%s])).* from vibe.customer_features($2, $3) as f', columns)
    into scaling
    using jsonb_build_object('normalise', options -> 'normalise', 'max_iterations', 0), of_site::text, as_of;
    execute format($starts$
        with f as materialized (
            select v.feature_values, vibe_private.row_value($1, $2, v.feature_values) as worth
            from vibe.customer_features($3, $4) as f
            cross join lateral (select array[%s] as feature_values) as v
            where array_position(v.feature_values, null) is null
        ), ranked as (
            select f.feature_values, row_number() over (order by f.worth, f.feature_values) as place, count(*) over () as n from f
        )
        select jsonb_agg(to_jsonb(r.feature_values) order by s.step)
        from generate_series(0, $5 - 1) as s (step)
        join ranked as r on r.place = 1 + case when $5 = 1 then (r.n - 1) / 2 else s.step * (r.n - 1) / ($5 - 1) end
    $starts$, columns)
    into starts
    using scaling, directions, of_site::text, as_of, k;
    return starts;
end
$$;
comment on function vibe_private.value_starts(integer, integer, text[], integer[], jsonb, timestamptz) is
'starts for vibe.kmeans: the customers of the least, the greatest and evenly ranked worth between, by the sum of normalised features';

create function vibe_private.ranked_clusters(model vibe.kmeans_model, features text[]) returns table (cluster integer, place integer)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select c.cluster, row_number() over (
        order by vibe_private.row_value(model, d.directions, array(
            select model.centroids[c.cluster][i]
            from generate_series(1, model.features) as i
            order by i
        )) desc, c.cluster
    )::integer
    from generate_series(1, model.clusters) as c (cluster)
    cross join (
        select array_agg(f.direction order by n.place) as directions
        from unnest(ranked_clusters.features) with ordinality as n (feature, place)
        join vibe.cluster_features() as f using (feature)
    ) as d
$$;
comment on function vibe_private.ranked_clusters(vibe.kmeans_model, text[]) is
'the clusters of a model by the worth of their centroids, the best at place 1';

create function vibe_private.cluster_name(segmentation text, place integer, clusters integer) returns text
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select case when segmentation = 'value' then '' else segmentation || ': ' end
        || vibe.cluster_label(place, clusters)
$$;
comment on function vibe_private.cluster_name(text, integer, integer) is
'name of the cluster at a place in the order of value, 1 being the best';
