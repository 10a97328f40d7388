-- Active users of 30 and of 60 days beside the figures of each day, for the churn rate: a trigger, because the aggregate that
-- counts them belongs to a later topic than the table.
create function vibe_private.count_windows() returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
    each record;
begin
    for each in
        select c.site_id, min(c.day) as first_day, max(c.day) as last_day from changed_rows as c group by c.site_id order by c.site_id
    loop
        execute format($query$
            with r as materialized (
                select coalesce(array_agg(n.visitor_id), '{}') as visitors, coalesce(array_agg(n.person_id), '{}') as persons from (%1$s) as n
            ), counted as materialized (
                select w.day, w.users
                from unnest((
                    select vibe.rolling_users(d.user_id, d.day, $2, $3, (select r.visitors from r), (select r.persons from r), '{30,60}')
                    from vibe.user_days as d
                    where d.site_id = $1 and d.day between $2 - 59 and $3
                )) as w
            )
            update vibe.daily_user_stats as d
            set users_30_days = coalesce(c.users[1], 0), users_60_days = coalesce(c.users[2], 0)
            from vibe.daily_user_stats as k
            left join counted as c on c.day = k.day
            where k.site_id = $1 and k.day between $2 and $3
              and d.site_id = $1 and d.day = k.day
              and (d.users_30_days, d.users_60_days) is distinct from (coalesce(c.users[1], 0), coalesce(c.users[2], 0))
        $query$, vibe.renames_query(each.site_id, only_in_days => true))
        using each.site_id, each.first_day, each.last_day;
    end loop;
    return null;
end
$$;
comment on function vibe_private.count_windows() is
'statement trigger of vibe.daily_user_stats: the users active in the 30 and 60 days to each day that was counted. Definer: counted figures are nobody''s to write';
