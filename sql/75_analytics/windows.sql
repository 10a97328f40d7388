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
    renames record;
    counted vibe.rolling_day[];
begin
    for each in
        select c.site_id, min(c.day) as first_day, max(c.day) as last_day from changed_rows as c group by c.site_id order by c.site_id
    loop
        execute format(
            'select coalesce(array_agg(n.visitor_id), ''{}'') as visitors, coalesce(array_agg(n.person_id), ''{}'') as persons from (%s) as n',
            vibe.renames_query(each.site_id, only_in_days => true)
        ) into renames;
        -- By itself, since a statement that writes is not shared among workers; by execute, which plans for these days.
        execute 'select vibe.rolling_users(d.user_id, d.day, $2, $3, $4, $5, ''{30,60}'')
            from vibe.user_days as d
            where d.site_id = $1 and d.day between $2 - 59 and $3'
        into counted using each.site_id, each.first_day, each.last_day, renames.visitors, renames.persons;
        update vibe.daily_user_stats as d
        set users_30_days = coalesce(c.users[1], 0), users_60_days = coalesce(c.users[2], 0)
        from vibe.daily_user_stats as k
        left join unnest(counted) as c on c.day = k.day
        where k.site_id = each.site_id and k.day between each.first_day and each.last_day
          and d.site_id = each.site_id and d.day = k.day
          and (d.users_30_days, d.users_60_days) is distinct from (coalesce(c.users[1], 0), coalesce(c.users[2], 0));
    end loop;
    return null;
end
$$;
comment on function vibe_private.count_windows() is
'statement trigger of vibe.daily_user_stats: the users active in the 30 and 60 days to each day that was counted. Definer: counted figures are nobody''s to write';
