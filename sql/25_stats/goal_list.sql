-- Stored as far as days are counted, and counted from events since: what was done a minute ago is in it.
create function vibe.get_goals(site text default null)
returns table (
    goal_id bigint, name text, event_name text, page_pattern text, value numeric, value_property text, created_at timestamptz,
    conversions bigint, users bigint, worth numeric, currency text, last_day date
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    of_site integer := vibe.site_id(get_goals.site);
    zone text;
    money text;
    today date;
    live_from date;
begin
    select s.time_zone, s.currency, (now() at time zone s.time_zone)::date into zone, money, today
    from vibe.sites as s where s.site_id = of_site;
    select max(d.day) + 1 into live_from from vibe.daily_user_stats as d where d.site_id = of_site and d.day < today;
    return query
    with met as (
        select c.goal_id, c.day, c.user_id, c.conversions::bigint as conversions, c.value
        from vibe.goal_conversions as c
        where c.site_id = of_site and c.day < live_from
        union all
        select m.goal_id, vibe.local_day(m.occurred_at, zone), m.user_id, 1, m.worth
        from vibe.goal_events(
            of_site, coalesce(vibe.day_start(live_from, zone), '-infinity'), vibe.day_start(today + 1, zone)
        ) as m
    ), counted as (
        select
            m.goal_id, sum(m.conversions)::bigint as conversions, count(distinct coalesce(u.merged_into, u.user_id)) as users,
            sum(m.value) as worth, max(m.day) as last_day
        from met as m
        join vibe.site_users as u on u.site_id = of_site and u.user_id = m.user_id
        group by m.goal_id
    )
    select
        g.goal_id, g.name, g.event_name, g.page_pattern, g.value, g.value_property, g.created_at,
        coalesce(c.conversions, 0), coalesce(c.users, 0), coalesce(c.worth, 0), money, c.last_day
    from vibe.goals as g
    left join counted as c on c.goal_id = g.goal_id
    where g.site_id = of_site
    order by g.name;
end
$$;
comment on function vibe.get_goals(text) is
'the goals of a site and how often each was met so far, today included: events, users (merged), their worth in the site''s currency, and the last day; bots are left out';
grant execute on function vibe.get_goals(text) to vibe_analyst;

create function vibe.delete_goal(site text, goal_id bigint) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    of_site integer := vibe.site_id(delete_goal.site, 'member');
begin
    delete from vibe.goals as g where g.site_id = of_site and g.goal_id = delete_goal.goal_id;
    if not found then
        raise exception 'goal_id % does not exist', coalesce(delete_goal.goal_id::text, 'null') using errcode = 'invalid_parameter_value';
    end if;
end
$$;
comment on function vibe.delete_goal(text, bigint) is
'deletes a goal with all its conversions, past days included. For members of the site; a goal made again is counted from the events that are still there';
grant execute on function vibe.delete_goal(text, bigint) to vibe_member;
