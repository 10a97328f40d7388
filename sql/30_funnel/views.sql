create or replace view vibe.funnel_days with (security_invoker = true) as
    select
        d.site_id,
        s.name as site,
        d.funnel_id,
        f.name as funnel,
        d.day,
        d.step,
        coalesce(case when f.mode = 'unordered' then format('any %s', d.step) end, t.name) as step_name,
        d.users,
        round(d.users::numeric / nullif(first_value(d.users) over w, 0), 4) as conversion_from_start,
        round(d.users::numeric / nullif(lag(d.users, 1, d.users) over w, 0), 4) as conversion_from_previous,
        lag(d.users, 1, d.users) over w - d.users as drop_off
    from vibe.daily_funnel_stats as d
    join vibe.sites as s using (site_id)
    join vibe.funnels as f using (site_id, funnel_id)
    left join vibe.funnel_steps as t
        on t.site_id = d.site_id and t.funnel_id = d.funnel_id and t.position = d.step and not t.exclusion
    window w as (partition by d.site_id, d.funnel_id, d.day order by d.step);
comment on view vibe.funnel_days is
'stored funnels day by day: users who entered on a day of the site''s calendar, and how many of them reach each step within the funnel''s window; as of the last night';
comment on column vibe.funnel_days.site_id is 'the site';
comment on column vibe.funnel_days.site is 'name of the site';
comment on column vibe.funnel_days.funnel_id is 'the stored funnel';
comment on column vibe.funnel_days.funnel is 'name of the funnel';
comment on column vibe.funnel_days.day is 'the day of the first step, by the site''s clock';
comment on column vibe.funnel_days.step is '1 is the first step';
comment on column vibe.funnel_days.step_name is 'name of the step; of an unordered funnel how many of its steps';
comment on column vibe.funnel_days.users is 'users who enter on the day and reach the step; merged visitors once, no bots';
comment on column vibe.funnel_days.conversion_from_start is 'share of those who enter, of 1';
comment on column vibe.funnel_days.conversion_from_previous is 'share of those who reach the step before, of 1';
comment on column vibe.funnel_days.drop_off is 'users lost since the step before';
grant select on vibe.funnel_days to vibe_analyst;
