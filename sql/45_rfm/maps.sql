create function vibe.rfm_cluster(r_score integer, f_score integer, m_score integer) returns text
language c
immutable
strict
parallel safe
as 'MODULE_PATHNAME', 'vibe_rfm_cluster';
comment on function vibe.rfm_cluster(integer, integer, integer) is
'the cluster of three scores of 1 to 5 by version 1 of the map, which aggregate vibe.rfm uses: champions r>=4 and f>=4 and m>=4; else loyal r>=3 and f+m>=6, opportunists r>=3, at_risk f+m>=6, hibernating r=2, lost r=1';
grant execute on function vibe.rfm_cluster(integer, integer, integer) to vibe_analyst;

create function vibe.rfm_cluster_label(cluster text, language text default 'en') returns text
language sql
stable
parallel safe
as $$
    select case language when 'pt' then l.label_pt else l.label_en end
    from vibe.rfm_cluster_labels as l
    where l.cluster = rfm_cluster_label.cluster
$$;
comment on function vibe.rfm_cluster_label(text, text) is
'what people call a cluster, in English or Portuguese (pt); null for an unknown one';
grant execute on function vibe.rfm_cluster_label(text, text) to vibe_analyst;

create function vibe.rfm_map(version integer) returns text[]
language plpgsql
stable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
    clusters text[] := array(
        select c.cluster from vibe.rfm_map_cells as c
        where c.version = rfm_map.version
        order by c.r_score, c.f_score, c.m_score
    );
begin
    if cardinality(clusters) = 0 then
        raise exception 'there is no version % of the cluster map', coalesce(version::text, 'null')
            using errcode = 'invalid_parameter_value',
                hint = format('versions are %s', (select string_agg(m.version::text, ', ' order by m.version) from vibe.rfm_maps as m));
    end if;
    return clusters;
end
$$;
comment on function vibe.rfm_map(integer) is
'the clusters of the 125 cells by a version of the map, in the order of r, f and m score, as vibe.rfm_unpack() takes them';
grant execute on function vibe.rfm_map(integer) to vibe_analyst;

create function vibe.rfm_map_version(
    site text default null,
    period_start date default null,
    period_end date default null
) returns integer
language plpgsql
stable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
    of_site integer := vibe.site_id(site);
begin
    return coalesce(
        vibe.stored_map_version(of_site, rfm_map_version.period_start, rfm_map_version.period_end),
        (select s.map_version from vibe.rfm_settings as s where s.site_id = of_site),
        1
    );
end
$$;
comment on function vibe.rfm_map_version(text, date, date) is
'the version of the cluster map that a period of a site goes by: the one it is stored under, else the one the site uses now';
grant execute on function vibe.rfm_map_version(text, date, date) to vibe_analyst;

create function vibe.stored_map_version(of_site integer, period_start date, period_end date) returns integer
language sql
stable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
    select a.map_version
    from vibe.rfm_analysis as a
    where a.site_id = of_site
      and a.period_start = stored_map_version.period_start
      and a.period_end = stored_map_version.period_end
    -- In the order of the key: a plan that expects many rows would read the table from its beginning.
    order by a.customer_id
    limit 1
$$;
comment on function vibe.stored_map_version(integer, date, date) is
'the version of the cluster map under which a period of a site is stored in vibe.rfm_analysis; null if it is not';
grant execute on function vibe.stored_map_version(integer, date, date) to vibe_analyst;

-- Definer, because nobody may write maps directly: this function is what keeps every map total and monotone.
create function vibe.create_rfm_map(description text, clusters text[]) returns integer
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    bad record;
    made integer;
begin
    if description is null or length(description) not between 1 and 500 then
        perform vibe_private.fail(
            format('description is %s', coalesce(quote_literal(left(description, 100)), 'null')),
            detail => 'It must be 1 to 500 characters long.'
        );
    elsif clusters is null or cardinality(clusters) <> 125 or array_ndims(clusters) <> 1 then
        perform vibe_private.fail(
            format('clusters has %s elements', coalesce(cardinality(clusters)::text, 'no')),
            detail => 'It must name the cluster of each of the 125 cells, in one dimension, in the order of r, f and m score.'
        );
    end if;
    select c.r, c.f, c.m, c.cluster, b.r as better_r, b.f as better_f, b.m as better_m, b.cluster as better_cluster,
        c.worth is null as is_unknown
    into bad
    from vibe_private.rfm_cells(clusters) as c
    left join vibe_private.rfm_cells(clusters) as b
        on (b.r, b.f, b.m) in ((c.r + 1, c.f, c.m), (c.r, c.f + 1, c.m), (c.r, c.f, c.m + 1)) and b.worth < c.worth
    where c.worth is null or b.worth is not null
    order by c.worth is null desc, c.r, c.f, c.m, b.r, b.f, b.m
    limit 1;
    if bad.is_unknown then
        perform vibe_private.fail(
            format('the cluster of cell %s-%s-%s is %s', bad.r, bad.f, bad.m, coalesce(quote_literal(left(bad.cluster, 100)), 'null')),
            detail => format('It must be one of %s.', (
                select string_agg(l.cluster, ', ' order by l.worth desc) from vibe.rfm_cluster_labels as l
            ))
        );
    elsif bad is not null then
        perform vibe_private.fail(
            format('cell %s-%s-%s is %s, and cell %s-%s-%s is %s', bad.r, bad.f, bad.m, bad.cluster,
                bad.better_r, bad.better_f, bad.better_m, bad.better_cluster),
            detail => 'A better score must never give a worse cluster.'
        );
    end if;
    -- Maps are made one after the other, so that versions have no gaps.
    lock table vibe.rfm_maps in share row exclusive mode;
    insert into vibe.rfm_maps (version, description)
    select max(m.version) + 1, create_rfm_map.description from vibe.rfm_maps as m
    returning version into made;
    insert into vibe.rfm_map_cells (version, r_score, f_score, m_score, cluster)
    select made, c.r, c.f, c.m, c.cluster
    from vibe_private.rfm_cells(clusters) as c
    order by c.r, c.f, c.m;
    return made;
end
$$;
comment on function vibe.create_rfm_map(text, text[]) is
'adds a version of the cluster map and returns its number. clusters: codes of the 125 cells in the order of r, f and m score, as array(select … order by r, f, m) gives them; refuses one that leaves a cell out or gives a worse cluster for a better score';
grant execute on function vibe.create_rfm_map(text, text[]) to vibe_operator;

create function vibe_private.rfm_cells(clusters text[])
returns table (r integer, f integer, m integer, cluster text, worth integer)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select ((c.place - 1) / 25 + 1)::integer, ((c.place - 1) / 5 % 5 + 1)::integer, ((c.place - 1) % 5 + 1)::integer, c.cluster, l.worth
    from unnest(clusters) with ordinality as c (cluster, place)
    left join vibe.rfm_cluster_labels as l on l.cluster = c.cluster
$$;
comment on function vibe_private.rfm_cells(text[]) is
'an array of 125 clusters as cells of scores; worth is null for an unknown cluster';

-- Definer, because settings are written by this function only; the site is one that the caller owns.
create function vibe.use_rfm_map(site text, version integer) returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    of_site integer := vibe.site_id(site, 'owner');
begin
    perform vibe.rfm_map(version);
    insert into vibe.rfm_settings as s (site_id, map_version)
    values (of_site, use_rfm_map.version)
    on conflict (site_id) do update set map_version = excluded.map_version;
end
$$;
comment on function vibe.use_rfm_map(text, integer) is
'chooses the version of the cluster map for a site''s periods from now on; what is stored keeps its version until calculate_rfm() is given another one';
grant execute on function vibe.use_rfm_map(text, integer) to vibe_member;
