-- Whole days that are counted come from the roll-up, the hours of the last day from the events.
create function vibe.visitors_active_between(of_site integer, starts_at timestamptz, ends_at timestamptz)
returns table (active_users bigint, converted_users bigint)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
    zone constant text := (select s.time_zone from vibe.sites as s where s.site_id = of_site);
    first_day constant date := (starts_at at time zone zone)::date;
    end_day constant date := (ends_at at time zone zone)::date;
    -- Conversions are counted at night.
    live_from date := (
        select d.day + 1 from vibe.daily_user_stats as d where d.site_id = of_site and d.day < end_day order by d.day desc limit 1
    );
begin
    if ends_at <= starts_at then
        return query select 0::bigint, 0::bigint;
        return;
    end if;
    live_from := greatest(coalesce(live_from, first_day), first_day);
    return query execute format($query$
        with renamed as materialized (
            %1$s
        ), there as (
            select v.user_id from (%2$s) as v (user_id, day)
            union all
            select e.user_id from vibe.user_events as e
            where e.site_id = $1 and e.occurred_at >= $2 and e.occurred_at < $3 and not e.is_bot
        ), met as (
            select c.user_id from vibe.goal_conversions as c where c.site_id = $1 and c.day >= $4 and c.day < $5
            union all
            select m.user_id from vibe.goal_events($1, $6, $3) as m
        )
        select
            (
                select count(*) from (
                    select distinct case when r.visitor_id is null then t.user_id else r.person_id end as person_id
                    from there as t left join renamed as r on r.visitor_id = t.user_id
                ) as p where p.person_id is not null
            ),
            case when exists (select from vibe.goals as g where g.site_id = $1) then (
                select count(distinct coalesce(u.merged_into, u.user_id))
                from (select distinct m.user_id from met as m) as m
                join vibe.site_users as u on u.site_id = $1 and u.user_id = m.user_id
            ) end
    $query$,
        vibe.renames_query(of_site, false),
        vibe.visitor_days_query(of_site, zone, first_day, end_day - 1)
    ) using of_site, vibe.day_start(end_day, zone), ends_at, first_day, live_from, vibe.day_start(live_from, zone);
end
$$;
comment on function vibe.visitors_active_between(integer, timestamptz, timestamptz) is
'users (merged, without bots) who were active from the beginning of a day up to, not including, ends_at, and those of them who met a goal; null converted_users where the site has no goals';
grant execute on function vibe.visitors_active_between(integer, timestamptz, timestamptz) to vibe_analyst;
