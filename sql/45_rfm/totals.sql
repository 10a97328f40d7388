-- What a stored period is as a whole, cluster by cluster: counted once, and again after its rows were written.
create function vibe.rfm_totals(of_site integer, period_start date, period_end date)
returns table (cluster text, map_version integer, customers bigint, orders bigint, monetary numeric, recency bigint)
language plpgsql stable
rows 6
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    if exists (
        select from vibe.rfm_marks as m
        where m.site_id = of_site and m.period_start = rfm_totals.period_start and m.period_end = rfm_totals.period_end
    ) then
        return query select c.* from vibe.count_rfm_totals(of_site, rfm_totals.period_start, rfm_totals.period_end) as c;
    else
        return query
        select t.cluster, t.map_version, t.customers::bigint, t.orders, t.monetary, t.recency
        from vibe.rfm_period_totals as t
        where t.site_id = of_site and t.period_start = rfm_totals.period_start and t.period_end = rfm_totals.period_end;
    end if;
end
$$;
comment on function vibe.rfm_totals(integer, date, date) is
'for each cluster of a stored period how many customers it has, their orders, money and days of recency added up; no row where nothing is stored. Current at any time';
grant execute on function vibe.rfm_totals(integer, date, date) to vibe_analyst;

create function vibe.count_rfm_totals(of_site integer, period_start date, period_end date)
returns table (cluster text, map_version integer, customers bigint, orders bigint, monetary numeric, recency bigint)
language sql stable
rows 6
set search_path = pg_catalog, pg_temp
as $$
    select a.cluster, a.map_version, count(*), sum(a.frequency)::bigint, sum(a.monetary), sum(a.recency)::bigint
    from vibe.rfm_analysis as a
    where a.site_id = of_site and a.period_start = count_rfm_totals.period_start and a.period_end = count_rfm_totals.period_end
    group by a.cluster, a.map_version
$$;
comment on function vibe.count_rfm_totals(integer, date, date) is 'vibe.rfm_totals() counted from vibe.rfm_analysis';
grant execute on function vibe.count_rfm_totals(integer, date, date) to vibe_analyst;

create function vibe_private.mark_rfm_periods() returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    -- Each branch names only the transition tables that its kind of statement has. Sites that are just going leave no marks.
    if tg_op = 'INSERT' then
        insert into vibe.rfm_marks (site_id, period_start, period_end)
        select distinct r.site_id, r.period_start, r.period_end from new_rows as r join vibe.sites as s using (site_id);
    else
        insert into vibe.rfm_marks (site_id, period_start, period_end)
        select distinct r.site_id, r.period_start, r.period_end from old_rows as r join vibe.sites as s using (site_id);
    end if;
    return null;
end
$$;
comment on function vibe_private.mark_rfm_periods() is
'statement trigger of vibe.rfm_analysis: marks the periods that were written (no update moves a row to another one). Definer: marks are nobody''s to write';

-- Two steps: a mark that the first one sees stands for rows that the second one sees; later marks stay for the next time.
create function vibe_private.refresh_rfm_totals(of_site integer) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    due record;
begin
    perform vibe_private.take_turn(of_site, 'rfm_totals');
    for due in
        with gone as (
            delete from vibe.rfm_marks as m where m.site_id = of_site returning m.period_start, m.period_end
        )
        select distinct g.period_start, g.period_end from gone as g
    loop
        delete from vibe.rfm_period_totals as t
        where t.site_id = of_site and t.period_start = due.period_start and t.period_end = due.period_end;
        insert into vibe.rfm_period_totals (site_id, period_start, period_end, cluster, map_version, customers, orders, monetary, recency)
        select of_site, due.period_start, due.period_end, c.cluster, c.map_version, c.customers, c.orders, c.monetary, c.recency
        from vibe.count_rfm_totals(of_site, due.period_start, due.period_end) as c
        order by c.cluster, c.map_version;
    end loop;
end
$$;
comment on function vibe_private.refresh_rfm_totals(integer) is
'counts the periods of a site whose RFM was written into vibe.rfm_period_totals';
