-- Figures of days are stored as the nights counted them. Who turned out since to be the same person is few among all: only
-- the days of these are looked at again.
create function vibe.merged_since_count(of_site integer, first_day date, last_day date)
returns table (day date, change bigint)
language sql stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
    with counted as materialized (
        select d.day, d.calculated_at, min(d.calculated_at) over () as since
        from vibe.daily_user_stats as d
        where d.site_id = of_site and d.day between first_day and last_day
    ), touched as materialized (
        select distinct m.into_user_id as person_id
        from vibe.user_merges as m
        where m.site_id = of_site
          and (m.merged_at >= (select c.since from counted as c limit 1) or m.undone_at >= (select c.since from counted as c limit 1))
    ), visitors as materialized (
        select t.person_id as visitor_id from touched as t
        union
        select m.user_id from vibe.user_merges as m join touched as t on t.person_id = m.into_user_id where m.site_id = of_site
    ), persons as (
        select
            c.day,
            coalesce((
                select m.into_user_id from vibe.user_merges as m
                where m.site_id = of_site and m.user_id = v.visitor_id
                  and m.merged_at < c.calculated_at and (m.undone_at is null or m.undone_at >= c.calculated_at)
                order by m.merged_at desc limit 1
            ), v.visitor_id) as then_person,
            (select coalesce(u.merged_into, u.user_id) from vibe.site_users as u where u.site_id = of_site and u.user_id = v.visitor_id) as now_person
        from visitors as v
        join vibe.user_days as d on d.site_id = of_site and d.user_id = v.visitor_id and d.day between first_day and last_day
        join counted as c on c.day = d.day
    )
    select p.day, count(distinct p.now_person) - count(distinct p.then_person)
    from persons as p
    group by p.day
    having count(distinct p.now_person) <> count(distinct p.then_person)
$$;
comment on function vibe.merged_since_count(integer, date, date) is
'by how many the active users of each day differ from those that the nightly work counted, because visitors turned out to be one person, or not to be, since; days without a difference give no row';
grant execute on function vibe.merged_since_count(integer, date, date) to vibe_analyst;
