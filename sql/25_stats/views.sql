-- A visitor whose every session is a bot's is nobody; one without sessions (entered by staff) counts.
create or replace view vibe.visitors with (security_invoker = true) as
    select
        u.site_id,
        u.user_id as visitor_id,
        coalesce(u.merged_into, u.user_id) as user_id,
        u.first_seen_at,
        u.last_seen_at
    from vibe.site_users as u
    where not exists (
        select from vibe.site_sessions as b
        where b.site_id = u.site_id
          and b.user_id = u.user_id
          and b.is_bot
          and not exists (
                select from vibe.site_sessions as h
                where h.site_id = b.site_id and h.user_id = b.user_id and not h.is_bot
            )
    );
comment on view vibe.visitors is 'anonymous ids that are not bots, each with the user it belongs to after merges';
comment on column vibe.visitors.visitor_id is 'the anonymous id of one browser';
comment on column vibe.visitors.user_id is 'the person: the known user where the visitor was merged into one';
comment on column vibe.visitors.first_seen_at is 'first event of the visitor';
comment on column vibe.visitors.last_seen_at is 'last event of the visitor, exact to five minutes';
grant select on vibe.visitors to vibe_analyst;

create or replace view vibe.goal_stats with (security_invoker = true) as
    select
        s.name as site,
        s.site_id,
        d.day,
        vibe.day_start(d.day, s.time_zone) as day_start,
        g.goal_id,
        g.name as goal,
        d.conversions,
        d.users,
        round(d.users::numeric / nullif(a.active_users, 0), 4) as conversion_rate,
        d.value,
        s.currency
    from (
        select
            c.site_id,
            c.goal_id,
            c.day,
            sum(c.conversions) as conversions,
            count(distinct coalesce(u.merged_into, u.user_id)) as users,
            sum(c.value) as value
        from vibe.goal_conversions as c
        join vibe.site_users as u using (site_id, user_id)
        group by c.site_id, c.goal_id, c.day
    ) as d
    join vibe.goals as g using (site_id, goal_id)
    join vibe.sites as s using (site_id)
    left join vibe.daily_user_stats as a using (site_id, day);
comment on view vibe.goal_stats is 'conversions of each goal by day; days without one have no row';
comment on column vibe.goal_stats.day_start is 'the instant at which the day begins';
comment on column vibe.goal_stats.goal_id is 'the goal, as in vibe.goals';
comment on column vibe.goal_stats.goal is 'name of the goal';
comment on column vibe.goal_stats.conversions is 'events that met the goal; bots are left out';
comment on column vibe.goal_stats.users is 'users (merged) with at least one of them';
comment on column vibe.goal_stats.conversion_rate is 'users who met the goal as a share of the users active that day';
comment on column vibe.goal_stats.value is 'worth of the conversions, in the site''s currency';
grant select on vibe.goal_stats to vibe_analyst;
