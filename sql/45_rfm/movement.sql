-- Both periods go by one map, or a change of the map would look like a change of the customers.
create function vibe.rfm_movement(
    site text,
    from_start date,
    from_end date,
    to_start date,
    to_end date,
    map_version integer default null
)
returns table (from_cluster text, to_cluster text, customers bigint, share numeric)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select
        m.from_cluster,
        m.to_cluster,
        m.customers,
        round(m.customers / sum(m.customers) over (partition by m.from_cluster), 4)
    from (
        select coalesce(a.cluster, 'new') as from_cluster, coalesce(b.cluster, 'gone') as to_cluster, count(*) as customers
        from vibe.rfm_scores(site, from_start, from_end, coalesce(map_version, vibe.rfm_map_version(site, to_start, to_end))) as a
        full join vibe.rfm_scores(site, to_start, to_end, coalesce(map_version, vibe.rfm_map_version(site, to_start, to_end))) as b
            using (customer_id)
        group by 1, 2
    ) as m
    left join vibe.rfm_cluster_labels as f on f.cluster = m.from_cluster
    left join vibe.rfm_cluster_labels as t on t.cluster = m.to_cluster
    order by f.worth desc nulls last, t.worth desc nulls last
$$;
comment on function vibe.rfm_movement(text, date, date, date, date, integer) is
'how many customers went from which cluster in one period to which in another, scored as the purchases are now; "new" ordered in the second period only, "gone" in the first only; share: of those who left the same cluster. Both periods go by one version of the cluster map: map_version, else that of the second period';
grant execute on function vibe.rfm_movement(text, date, date, date, date, integer) to vibe_analyst;

create function vibe.rfm_movement(site text, from_period text, to_period text)
returns table (from_cluster text, to_cluster text, customers bigint, share numeric)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select m.*
    from vibe.rfm_period(from_period) as f
    cross join vibe.rfm_period(to_period) as t
    cross join lateral vibe.rfm_movement(site, f.period_start, f.period_end, t.period_start, t.period_end) as m
$$;
comment on function vibe.rfm_movement(text, text, text) is
'vibe.rfm_movement() between two periods as 2026-01 or 2026-01-05..2026-02-04';
grant execute on function vibe.rfm_movement(text, text, text) to vibe_analyst;

create function vibe.rfm_movers(
    site text,
    from_period text,
    to_period text,
    moved_from text default null,
    moved_to text default null,
    after_customer bigint default null,
    page_size integer default 100
)
returns table (
    customer_id bigint,
    external_id text,
    name text,
    from_cluster text,
    to_cluster text,
    from_monetary numeric,
    to_monetary numeric
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    of_site integer := vibe.site_id(site);
    before record := vibe.rfm_period(from_period);
    since record := vibe.rfm_period(to_period);
    by_map integer := vibe.rfm_map_version(of_site::text, since.period_start, since.period_end);
begin
    if page_size not between 1 and 10000 then
        raise exception 'page_size is %', page_size
            using errcode = 'invalid_parameter_value', detail = 'It must be 1 to 10000, or null for all.';
    end if;
    return query
    select m.customer_id, c.external_id, c.name, m.from_cluster, m.to_cluster, m.from_monetary, m.to_monetary
    from (
        select customer_id, coalesce(a.cluster, 'new') as from_cluster, coalesce(b.cluster, 'gone') as to_cluster,
            a.monetary as from_monetary, b.monetary as to_monetary
        from vibe.rfm_scores(of_site::text, before.period_start, before.period_end, by_map) as a
        full join vibe.rfm_scores(of_site::text, since.period_start, since.period_end, by_map) as b using (customer_id)
    ) as m
    join vibe.customers as c on c.site_id = of_site and c.customer_id = m.customer_id
    where (m.from_cluster = moved_from or moved_from is null and m.from_cluster <> m.to_cluster)
      and (m.to_cluster = moved_to or moved_to is null and m.from_cluster <> m.to_cluster)
      and (m.customer_id > after_customer or after_customer is null)
    order by m.customer_id
    limit page_size;
end
$$;
comment on function vibe.rfm_movers(text, text, text, text, text, bigint, integer) is
'the customers behind vibe.rfm_movement(), by number: who went from cluster moved_from to moved_to; left out, either is any other than the one on the other side. The next page begins after_customer; page_size null gives all';
grant execute on function vibe.rfm_movers(text, text, text, text, text, bigint, integer) to vibe_analyst;
