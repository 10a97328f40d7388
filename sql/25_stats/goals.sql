-- No settings and one statement: it becomes part of the query around it.
create function vibe.goal_events(of_site integer, starts_at timestamptz, ends_at timestamptz)
returns table (goal_id bigint, occurred_at timestamptz, user_id bigint, worth numeric)
language sql
stable
as $$
    select
        g.goal_id,
        e.occurred_at,
        e.user_id,
        case
            when g.value_property is null then coalesce(g.value, 0)
            -- Anything that is not a sane number of money is worth nothing.
            when jsonb_typeof(e.properties -> g.value_property) = 'number'
                and (e.properties -> g.value_property) between '0' and '999999999999'
                then round((e.properties ->> g.value_property)::numeric, 2)
            else 0
        end
    from vibe.goals as g
    join vibe.user_events as e
        on e.site_id = g.site_id and e.event_name = g.event_name and (g.page_pattern is null or e.page like g.page_pattern)
    where g.site_id = of_site
      and e.site_id = of_site
      and e.occurred_at >= starts_at
      and e.occurred_at < ends_at
      and e.event_name in (select n.event_name from vibe.goals as n where n.site_id = of_site)
      and not e.is_bot
$$;
comment on function vibe.goal_events(integer, timestamptz, timestamptz) is
'the events from starts_at up to, not including, ends_at that meet a goal of a site, one row for each goal, and what each is worth in the site''s currency; without bots';
grant execute on function vibe.goal_events(integer, timestamptz, timestamptz) to vibe_analyst;

create function vibe_private.calculate_goal_conversions(of_site integer, only_goal bigint, first_day date, starts timestamptz[]) returns void
language sql
set search_path = pg_catalog, pg_temp
set enable_nestloop = off
as $$
    with counted as materialized (
        select m.goal_id, first_day + width_bucket(m.occurred_at, starts) - 1 as day, m.user_id, count(*) as conversions, sum(m.worth) as value
        from vibe.goal_events(of_site, starts[1], starts[array_upper(starts, 1)]) as m
        where (only_goal is null or m.goal_id = only_goal)
          and exists (select from vibe.site_users as u where u.site_id = of_site and u.user_id = m.user_id)
        group by 1, 2, 3
    ), gone as (
        delete from vibe.goal_conversions as d
        where d.site_id = of_site
          and (only_goal is null or d.goal_id = only_goal)
          and d.day between first_day and first_day + array_upper(starts, 1) - 2
          and not exists (select from counted as c where (c.goal_id, c.day, c.user_id) = (d.goal_id, d.day, d.user_id))
    )
    insert into vibe.goal_conversions as d (site_id, goal_id, day, user_id, conversions, value)
    select of_site, c.goal_id, c.day, c.user_id, c.conversions, c.value
    from counted as c
    order by c.goal_id, c.day, c.user_id
    on conflict (site_id, goal_id, day, user_id) do update
        set conversions = excluded.conversions, value = excluded.value
        where (d.conversions, d.value) is distinct from (excluded.conversions, excluded.value)
$$;
comment on function vibe_private.calculate_goal_conversions(integer, bigint, date, timestamptz[]) is
'recounts vibe.goal_conversions of one site, of one goal or all, for the days that begin at starts';

-- Definer, because counted figures are not the members' to write; the goal's row has passed the policies of its table.
create function vibe_private.count_goal() returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    zone text;
    first_day date;
    today date;
begin
    if tg_op = 'DELETE' then
        -- The keys have taken the conversions along; nothing is left to lock or count where the whole site goes.
        if exists (select from vibe.sites as s where s.site_id = old.site_id) then
            perform vibe_private.take_turn(old.site_id, 'stats');
            perform vibe_private.sum_conversions(old.site_id);
        end if;
        return null;
    end if;
    select s.time_zone, (now() at time zone s.time_zone)::date,
        ((select min(e.occurred_at) from vibe.user_events as e where e.site_id = new.site_id and e.event_name = new.event_name)
            at time zone s.time_zone)::date
    into zone, today, first_day
    from vibe.sites as s where s.site_id = new.site_id;
    perform vibe_private.take_turn(new.site_id, 'stats');
    delete from vibe.goal_conversions as d where d.site_id = new.site_id and d.goal_id = new.goal_id;
    if first_day <= today then
        perform vibe_private.calculate_goal_conversions(new.site_id, new.goal_id, first_day, vibe.day_starts(first_day, today, zone));
    end if;
    perform vibe_private.sum_conversions(new.site_id);
    return null;
end
$$;
comment on function vibe_private.count_goal() is
'trigger of vibe.goals: counts the conversions of all days that have events. Definer: counted figures are nobody''s to write';

create function vibe_private.sum_conversions(of_site integer) returns void
language sql
set search_path = pg_catalog, pg_temp
set enable_nestloop = off
as $$
    update vibe.daily_user_stats as d
    set conversions = coalesce(c.conversions, 0), converted_users = coalesce(c.users, 0)
    from vibe.daily_user_stats as k
    left join (
        select g.day, sum(g.conversions) as conversions, count(distinct u.user_id) as users
        from vibe.goal_conversions as g
        join vibe.visitors as u on u.site_id = g.site_id and u.visitor_id = g.user_id
        where g.site_id = of_site
        group by g.day
    ) as c on c.day = k.day
    where k.site_id = of_site and d.site_id = of_site and d.day = k.day
      and (d.conversions, d.converted_users) is distinct from (coalesce(c.conversions, 0), coalesce(c.users, 0))
$$;
comment on function vibe_private.sum_conversions(integer) is 'the conversions of all counted days of a site, after a goal was made, changed or removed';

-- Before a row is touched: who counts conversions has the turn and waits for goals that are being deleted. A statement does not
-- say of which site they are, so it takes the turns of all that it could reach. Definer, as above.
create function vibe_private.wait_to_delete_goals() returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    perform vibe_private.take_turn(s.site_id, 'stats')
    from (
        select distinct g.site_id from vibe.goals as g where g.site_id = any (array(select vibe.my_sites('member'))) order by g.site_id
    ) as s;
    return null;
end
$$;
comment on function vibe_private.wait_to_delete_goals() is
'statement trigger of vibe.goals: takes the turn of those who count days before goals are locked. Definer: turns are nobody''s to take';

create function vibe.create_goal(
    site text,
    name text,
    event_name text default null,
    page_pattern text default null,
    value numeric default null,
    value_property text default null
) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    of_site integer := vibe.site_id(site, 'member');
    made bigint;
    bad record;
begin
    select r.* into bad
    from (values
        ('name', name, coalesce(length(name), 0) between 1 and 100, 'must be 1 to 100 characters long'),
        ('event_name', event_name, event_name is null or event_name ~ '^\S(.{0,98}\S)?$',
            'must be 1 to 100 characters, no space at either end'),
        ('page_pattern', page_pattern, page_pattern is null or length(page_pattern) between 1 and 2000, 'must be 1 to 2000 characters long'),
        ('page_pattern', page_pattern, page_pattern is not null or coalesce(event_name, 'page_view') <> 'page_view',
            'must be given unless event_name names another event than page_view'),
        ('value', value::text, value is null or value between 0 and 999999999999, 'must be 0 to 999999999999'),
        ('value_property', value_property, value_property is null or length(value_property) between 1 and 100, 'must be 1 to 100 characters long'),
        ('value_property', value_property, value is null or value_property is null, 'cannot be given together with value')
    ) as r (field, given, is_good, rule)
    where not r.is_good
    limit 1;
    if found then
        raise exception '% is %', bad.field, coalesce(quote_literal(left(bad.given, 100)), 'null')
            using errcode = 'invalid_parameter_value', detail = format('%s %s.', bad.field, bad.rule);
    end if;
    insert into vibe.goals as g (site_id, name, event_name, page_pattern, value, value_property)
    values (of_site, name, coalesce(event_name, 'page_view'), page_pattern, value, value_property)
    on conflict on constraint goals_name_key do nothing
    returning g.goal_id into made;
    if made is null then
        raise exception 'goal "%" exists already', name
            using errcode = 'unique_violation', hint = 'delete it from vibe.goals first, or choose another name';
    end if;
    return made;
end
$$;
comment on function vibe.create_goal(text, text, text, text, numeric, text) is
'makes a goal and counts the conversions of the past; returns its id. event_name and page_pattern (as in like) say which events meet it, value or value_property what one is worth';
grant execute on function vibe.create_goal(text, text, text, text, numeric, text) to vibe_member;
