-- What a page about segments asks: how they are called, who is in them, what clusters are like and who went from one to another.
create function vibe.cluster_label(place integer, clusters integer, language text default 'en') returns text
language sql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
    select case
        when place is null or clusters is null or place not between 1 and clusters then null
        when language = 'pt' then case
            when place = 1 and clusters > 1 then 'Alto valor'
            when place = clusters and clusters > 1 then 'Baixo valor'
            when clusters <= 3 then 'Médio valor'
            else format('Médio valor %s de %s', place - 1, clusters - 2)
        end
        when place = 1 and clusters > 1 then 'High value'
        when place = clusters and clusters > 1 then 'Low value'
        when clusters <= 3 then 'Medium value'
        else format('Medium value %s of %s', place - 1, clusters - 2)
    end
$$;
comment on function vibe.cluster_label(integer, integer, text) is
'name of the cluster at a place in the order of value (1 is the best) among so many; language pt, else English; null for a place that is none';
grant execute on function vibe.cluster_label(integer, integer, text) to vibe_analyst;

-- Definer, because ranking clusters is private machinery; the site is one that the caller may see.
create function vibe.segmentation_profiles(site text default null, of_segmentation text default null)
returns table (
    segmentation text,
    segment_id bigint,
    segment text,
    place integer,
    label_en text,
    label_pt text,
    color text,
    tier text,
    customers bigint,
    share numeric,
    centroid jsonb,
    calculated_at timestamptz
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    of_site integer := vibe.site_id(site);
begin
    return query
    select
        g.name,
        s.segment_id,
        s.name,
        r.place,
        vibe.cluster_label(r.place, (g.model).clusters, 'en'),
        vibe.cluster_label(r.place, (g.model).clusters, 'pt'),
        -- Okabe and Ito again: the best as the best of RFM, the worst as the worst.
        case
            when r.place = 1 then '#009E73'
            when r.place = (g.model).clusters then '#D55E00'
            else (array['#0072B2', '#56B4E9', '#E69F00', '#CC79A7'])[1 + (r.place - 2) % 4]
        end,
        s.tier,
        s.size,
        round(s.size::numeric / nullif(g.scored, 0), 4),
        (
            select jsonb_object_agg(n.feature, round((g.model).centroids[s.cluster_number][n.place]::numeric, 2))
            from unnest(g.features) with ordinality as n (feature, place)
        ),
        g.calculated_at
    from vibe.segmentations as g
    cross join lateral vibe_private.ranked_clusters(g.model, g.features) as r
    join vibe.segments as s
        on s.site_id = g.site_id and s.segmentation_id = g.segmentation_id and s.cluster_number = r.cluster
    where g.site_id = of_site
      and (of_segmentation is null or g.name = of_segmentation)
      and (g.model).k is not null
    order by g.name, r.place;
end
$$;
comment on function vibe.segmentation_profiles(text, text) is
'the clusters of a segmentation that vibe.calculate_clusters() made (of all of them if left out), best first: names, colour, tier, customers, their share of those scored, and the centroid in the features'' own units; no row where none was made. Definer: ranking clusters is private';
grant execute on function vibe.segmentation_profiles(text, text) to vibe_analyst;

create function vibe.segment_list(site text default null)
returns table (
    segment_id bigint,
    name text,
    name_pt text,
    description text,
    kind text,
    subject text,
    tier text,
    criteria jsonb,
    size bigint,
    entered_30_days bigint,
    departed_30_days bigint,
    sized_at timestamptz,
    error text,
    segmentation text,
    created_at timestamptz
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    of_site integer := vibe.site_id(site);
begin
    return query
    select
        s.segment_id,
        s.name,
        coalesce(case when p.segmentation = 'value' then p.label_pt else p.segmentation || ': ' || p.label_pt end, s.name),
        s.description,
        s.kind,
        s.subject,
        s.tier,
        s.criteria,
        s.size,
        coalesce(m.entered, 0),
        coalesce(m.departed, 0),
        s.sized_at,
        s.error,
        p.segmentation,
        s.created_at
    from vibe.segments as s
    left join vibe.segmentation_profiles(of_site::text) as p on p.segment_id = s.segment_id
    left join (
        select
            m.segment_id,
            count(*) filter (where m.entered_at >= now() - interval '30 days') as entered,
            count(*) filter (where m.left_at >= now() - interval '30 days') as departed
        from vibe.segment_members as m
        where m.site_id = of_site
        group by m.segment_id
    ) as m on m.segment_id = s.segment_id
    where s.site_id = of_site
    order by s.name;
end
$$;
comment on function vibe.segment_list(text) is
'the segments of a site by name, with who entered and who left in the last 30 days; name_pt is the Portuguese name of a cluster, of other segments the name people gave them; who comes back enters again';
grant execute on function vibe.segment_list(text) to vibe_analyst;

-- One statement without settings, so that filter, order and limit of the query around it reach the tables.
create function vibe.segment_people(site text, segment text, search text default null)
returns table (
    subject_id bigint,
    subject text,
    customer_id bigint,
    user_id bigint,
    external_id text,
    name text,
    email text,
    entered_at timestamptz
)
language sql
stable
rows 10000
as $$
    select
        m.subject_id,
        g.subject,
        c.customer_id,
        coalesce(u.user_id, (
            select coalesce(v.merged_into, v.user_id) from vibe.site_users as v
            where v.site_id = m.site_id and v.customer_id = c.customer_id
            order by v.last_seen_at desc, v.user_id
            limit 1
        )),
        coalesce(c.external_id, u.external_id),
        coalesce(c.name, u.name),
        coalesce(c.email, u.email),
        m.entered_at
    from vibe.segment_members as m
    join vibe.segments as g on g.site_id = m.site_id and g.segment_id = m.segment_id
    left join vibe.customers as c on g.subject = 'customer' and c.site_id = m.site_id and c.customer_id = m.subject_id
    left join vibe.site_users as u on g.subject = 'user' and u.site_id = m.site_id and u.user_id = m.subject_id
    where m.site_id = vibe.site_id(segment_people.site)
      and m.segment_id = vibe.segment_id(vibe.site_id(segment_people.site), segment_people.segment)
      and m.left_at is null
      and (
          segment_people.search is null
          or position(lower(segment_people.search) in lower(coalesce(c.name, u.name))) > 0
          or position(lower(segment_people.search) in lower(coalesce(c.email, u.email))) > 0
          or position(lower(segment_people.search) in lower(coalesce(c.external_id, u.external_id))) > 0
      )
$$;
comment on function vibe.segment_people(text, text, text) is
'who is in a segment now, since when, and the visitor (user_id) that a customer last came as. search: part of name, email or the shop''s own number, in any case of letters. Filter, order and page it by the query around it';
grant execute on function vibe.segment_people(text, text, text) to vibe_analyst;

create function vibe.segmentation_moves(site text, from_month text, to_month text, segmentation text default 'value')
returns table (customer_id bigint, from_segment text, to_segment text)
language plpgsql
stable
rows 10000
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
    of_site integer := vibe.site_id(site);
    zone text := (select s.time_zone from vibe.sites as s where s.site_id = of_site);
    before timestamptz := vibe.day_start((vibe.rfm_period(from_month)).period_end, zone);
    since timestamptz := vibe.day_start((vibe.rfm_period(to_month)).period_end, zone);
    segment_ids bigint[] := array(
        select s.segment_id
        from vibe.segments as s
        join vibe.segmentations as g on g.site_id = s.site_id and g.segmentation_id = s.segmentation_id
        where s.site_id = of_site and g.name = segmentation_moves.segmentation
    );
begin
    if before is null or since is null then
        raise exception 'the months are % and %', coalesce(from_month, 'null'), coalesce(to_month, 'null')
            using errcode = 'invalid_parameter_value', detail = 'They must be months as 2026-01.';
    end if;
    return query
    select coalesce(a.subject_id, b.subject_id), coalesce(x.name, 'new'), coalesce(y.name, 'gone')
    from (
        select m.subject_id, m.segment_id from vibe.segment_members as m
        where m.site_id = of_site and m.segment_id = any (segment_ids) and m.entered_at < before
          and (m.left_at is null or m.left_at >= before)
    ) as a
    full join (
        select m.subject_id, m.segment_id from vibe.segment_members as m
        where m.site_id = of_site and m.segment_id = any (segment_ids) and m.entered_at < since
          and (m.left_at is null or m.left_at >= since)
    ) as b on b.subject_id = a.subject_id
    left join vibe.segments as x on x.site_id = of_site and x.segment_id = a.segment_id
    left join vibe.segments as y on y.site_id = of_site and y.segment_id = b.segment_id;
end
$$;
comment on function vibe.segmentation_moves(text, text, text, text) is
'the cluster of a segmentation that each customer was in at the end of from_month and of to_month (now, where a month is running); "new" was in none before, "gone" is in none after; who stayed is among them';
grant execute on function vibe.segmentation_moves(text, text, text, text) to vibe_analyst;

create function vibe.segmentation_movement(site text, from_month text, to_month text, segmentation text default 'value')
returns table (from_segment text, to_segment text, customers bigint, share numeric)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select m.from_segment, m.to_segment, m.customers, round(m.customers / sum(m.customers) over (partition by m.from_segment), 4)
    from (
        select n.from_segment, n.to_segment, count(*) as customers
        from vibe.segmentation_moves(site, from_month, to_month, segmentation) as n
        group by n.from_segment, n.to_segment
    ) as m
    left join vibe.segmentation_profiles(site, segmentation) as f on f.segment = m.from_segment
    left join vibe.segmentation_profiles(site, segmentation) as t on t.segment = m.to_segment
    order by f.place nulls last, t.place nulls last
$$;
comment on function vibe.segmentation_movement(text, text, text, text) is
'how many customers went from which cluster of a segmentation to which, by vibe.segmentation_moves(); share: of those who left the same cluster';
grant execute on function vibe.segmentation_movement(text, text, text, text) to vibe_analyst;

create function vibe.segmentation_movers(
    site text, from_month text, to_month text, segmentation text default 'value', moved_from text default null, moved_to text default null
)
returns table (customer_id bigint, external_id text, name text, from_segment text, to_segment text)
language plpgsql
stable
rows 10000
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
    of_site integer := vibe.site_id(site);
begin
    return query
    select c.customer_id, c.external_id, c.name, m.from_segment, m.to_segment
    from vibe.segmentation_moves(of_site::text, from_month, to_month, segmentation) as m
    join vibe.customers as c on c.site_id = of_site and c.customer_id = m.customer_id
    where (m.from_segment = moved_from or moved_from is null and m.from_segment <> m.to_segment)
      and (m.to_segment = moved_to or moved_to is null and m.from_segment <> m.to_segment)
    order by c.customer_id;
end
$$;
comment on function vibe.segmentation_movers(text, text, text, text, text, text) is
'the customers behind vibe.segmentation_movement(), by number: who went from cluster moved_from to moved_to (names of segments); left out, either is any other than the one on the other side';
grant execute on function vibe.segmentation_movers(text, text, text, text, text, text) to vibe_analyst;
