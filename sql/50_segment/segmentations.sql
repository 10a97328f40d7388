-- Definer, because clusters and their members are derived; the site is one that the caller may write.
create function vibe.calculate_clusters(
    site text default null,
    name text default 'value',
    k integer default 3,
    features text[] default array['recency_days', 'order_count', 'total_spent'],
    options jsonb default '{}',
    as_of timestamptz default now()
)
returns table (segment_id bigint, segment text, tier text, cluster_number integer, customers bigint, share numeric, centroid jsonb)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    of_site integer := vibe.site_id(site, 'member');
    asked jsonb;
    directions integer[];
    model vibe.kmeans_model;
    of_segmentation bigint;
begin
    perform vibe_private.check_clusters(name, k, features, options, as_of);
    -- Two calculations of a site would write the same rows.
    perform vibe_private.take_turn(of_site, 'clusters');
    select array_agg(c.direction order by n.place) into directions
    from unnest(features) with ordinality as n (feature, place)
    join vibe.cluster_features() as c using (feature);
    asked := jsonb_build_object('normalise', 'log1p_zscore', 'tolerance', 0) || options;
    if asked -> 'start' = '"k-means++"' then
        asked := asked - 'start';
    elsif not asked ?| array['start', 'seed', 'restarts'] then
        asked := asked || jsonb_build_object(
            'start', vibe_private.value_starts(of_site, k, features, directions, asked, as_of));
    end if;
    execute format('select (vibe.kmeans($1, $2, variadic array[%s])).* from vibe.customer_features($3, $4) as f',
        vibe_private.feature_columns(features))
    into model
    using k, jsonb_strip_nulls(asked), of_site::text, as_of;
    if coalesce(model.clusters, 0) < k then
        perform vibe_private.fail(
            format('k is %s, and the site has %s different customers with all features', k, coalesce(model.clusters, 0)),
            hint => 'Import more purchases, ask for fewer clusters, or for features that more customers have.');
    end if;
    insert into vibe.segmentations as s (site_id, name, features, k, options, model, calculated_at)
    values (of_site, name, features, k, options, model, now())
    on conflict on constraint segmentations_name_key do update set
        features = excluded.features,
        k = excluded.k,
        options = excluded.options,
        model = excluded.model,
        calculated_at = excluded.calculated_at
    returning s.segmentation_id into of_segmentation;
    perform vibe_private.write_clusters(of_site, of_segmentation);
    perform vibe_private.score_clusters(of_site, of_segmentation, as_of);
    return query
        select p.segment_id, p.segment, p.tier, p.cluster_number, p.customers, p.share, p.centroid
        from vibe_private.cluster_profiles(of_site, of_segmentation) as p;
end
$$;
comment on function vibe.calculate_clusters(text, text, integer, text[], jsonb, timestamptz) is
'divides the customers of vibe.customer_features(site, as_of) into k clusters, stores the model in vibe.segmentations and each cluster as a segment, and returns the clusters, best first. They are named High, Medium and Low value, with tier Premium, Standard or Value for marketing, by the worth of their centroid (sum of normalised features, each in the direction of vibe.cluster_features()). Options are those of vibe.kmeans; by default the features'' logarithms are normalised (log1p_zscore), the search begins with the customers of least, middle and greatest worth and runs to its end; {"start": "k-means++"}, a seed or restarts begin by chance. Customers without one of the features are in no cluster; less than nothing spent counts as nothing. Repeating it keeps the segments and the history of their members';
grant execute on function vibe.calculate_clusters(text, text, integer, text[], jsonb, timestamptz) to vibe_member;

create function vibe.score_clusters(site text default null, name text default 'value', as_of timestamptz default now()) returns integer
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    of_site integer := vibe.site_id(site, 'member');
    of_segmentation bigint;
begin
    select s.segmentation_id into of_segmentation
    from vibe.segmentations as s
    where s.site_id = of_site and s.name = score_clusters.name and (s.model).k is not null;
    if not found then
        perform vibe_private.fail(format('segmentation %s does not exist', coalesce(quote_literal(score_clusters.name), 'null')),
            hint => 'vibe.calculate_clusters() makes one.', errcode => '42704');
    end if;
    if as_of is null or not isfinite(as_of) then
        perform vibe_private.fail(format('as_of is %s', coalesce(as_of::text, 'null')), 'It must be a finite time.');
    end if;
    return vibe_private.score_clusters(of_site, of_segmentation, as_of);
end
$$;
comment on function vibe.score_clusters(text, text, timestamptz) is
'puts the customers of now, new ones too, into the clusters of a stored segmentation by its model, and returns how many they are; the nightly job does so. Definer: membership is written by functions only';
grant execute on function vibe.score_clusters(text, text, timestamptz) to vibe_member;

-- One segment for each cluster, found again by its name; those of a larger k that was before go.
create function vibe_private.write_clusters(of_site integer, of_segmentation bigint) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    segmentation record;
    clusters integer;
    profile record;
begin
    select * into segmentation
    from vibe.segmentations as g
    where g.site_id = of_site and g.segmentation_id = of_segmentation;
    clusters := (segmentation.model).clusters;
    delete from vibe.segments as s
    where s.site_id = of_site
      and s.segmentation_id = of_segmentation
      and s.name <> all (array(
          select vibe_private.cluster_name(segmentation.name, place, clusters) from generate_series(1, clusters) as place
      ));
    for profile in
        select
            vibe_private.cluster_name(segmentation.name, r.place, clusters) as name,
            case
                when r.place = 1 and clusters > 1 then 'Premium'
                when r.place = clusters and clusters > 1 then 'Value'
                else 'Standard'
            end as tier,
            r.cluster
        from vibe_private.ranked_clusters(segmentation.model, segmentation.features) as r
        order by r.place
    loop
        if exists (
            select from vibe.segments as s
            where s.site_id = of_site and s.name = profile.name and s.segmentation_id is distinct from of_segmentation
        ) then
            perform vibe_private.fail(format('the site has a segment %L that is no cluster of %L', profile.name, segmentation.name),
                hint => 'Rename it, or give the segmentation another name.', errcode => '42710');
        end if;
        insert into vibe.segments as s (site_id, name, kind, subject, segmentation_id, cluster_number, tier)
        values (of_site, profile.name, 'cluster', 'customer', of_segmentation, profile.cluster, profile.tier)
        on conflict on constraint segments_name_key do update set
            cluster_number = excluded.cluster_number,
            tier = excluded.tier;
    end loop;
end
$$;
comment on function vibe_private.write_clusters(integer, bigint) is
'makes the segments of a segmentation from its model, ranked by the worth of their centroids';

create function vibe_private.score_clusters(of_site integer, of_segmentation bigint, as_of timestamptz) returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    segmentation record;
    members record;
    customers integer := 0;
begin
    select * into segmentation
    from vibe.segmentations as s
    where s.site_id = of_site and s.segmentation_id = of_segmentation;
    for members in execute format($members$
        select s.segment_id, coalesce(m.customers, '{}') as customers
        from vibe.segments as s
        left join (
            select c.cluster, array_agg(c.customer_id) as customers
            from (
                select f.customer_id, vibe.kmeans_assign($3, variadic array[%s]) as cluster
                from vibe.customer_features($1::text, $4) as f
            ) as c
            where c.cluster is not null
            group by c.cluster
        ) as m on m.cluster = s.cluster_number
        where s.site_id = $1 and s.segmentation_id = $2
        order by s.segment_id
    $members$, vibe_private.feature_columns(segmentation.features))
    using of_site, of_segmentation, segmentation.model, as_of
    loop
        perform vibe_private.set_segment_members(of_site, members.segment_id, members.customers);
        customers := customers + cardinality(members.customers);
    end loop;
    update vibe.segmentations as s
    set scored = customers
    where s.site_id = of_site and s.segmentation_id = of_segmentation;
    return customers;
end
$$;
comment on function vibe_private.score_clusters(integer, bigint, timestamptz) is
'sets the members of all segments of a segmentation by its stored model; returns how many customers were scored';

create function vibe_private.refresh_clusters(of_site integer) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform vibe_private.score_clusters(of_site, s.segmentation_id, now())
    from vibe.segmentations as s
    where s.site_id = of_site and (s.model).k is not null
    order by s.segmentation_id;
end
$$;
comment on function vibe_private.refresh_clusters(integer) is
'nightly: scores the customers of a site by all of its stored models; the models stay';

create function vibe_private.cluster_profiles(of_site integer, of_segmentation bigint)
returns table (segment_id bigint, segment text, tier text, cluster_number integer, customers bigint, share numeric, centroid jsonb)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select
        s.segment_id,
        s.name,
        s.tier,
        s.cluster_number,
        s.size,
        round(s.size::numeric / nullif(g.scored, 0), 4),
        (
            select jsonb_object_agg(n.feature, round((g.model).centroids[s.cluster_number][n.place]::numeric, 2))
            from unnest(g.features) with ordinality as n (feature, place)
        )
    from vibe.segments as s
    join vibe.segmentations as g using (site_id, segmentation_id)
    cross join lateral vibe_private.ranked_clusters(g.model, g.features) as r
    where s.site_id = of_site and s.segmentation_id = of_segmentation and r.cluster = s.cluster_number
    order by r.place
$$;
comment on function vibe_private.cluster_profiles(integer, bigint) is 'the clusters of a segmentation as vibe.calculate_clusters returns them';
