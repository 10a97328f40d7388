create or replace view vibe.segment_sizes with (security_invoker = true) as
    select
        g.site_id,
        s.name as site,
        g.segment_id,
        g.name as segment,
        g.kind,
        g.subject,
        g.tier,
        g.size,
        g.sized_at,
        g.error
    from vibe.segments as g
    join vibe.sites as s using (site_id);
comment on view vibe.segment_sizes is 'the segments of each site and their sizes, for BI tools';
comment on column vibe.segment_sizes.size is 'members at sized_at';
comment on column vibe.segment_sizes.error is 'why the last nightly refresh failed; null when it did not';
grant select on vibe.segment_sizes to vibe_analyst;

create or replace view vibe.current_segment_members with (security_invoker = true) as
    select
        m.site_id,
        s.name as site,
        m.segment_id,
        g.name as segment,
        g.subject,
        case g.subject when 'customer' then m.subject_id end as customer_id,
        case g.subject when 'user' then m.subject_id end as user_id,
        m.entered_at
    from vibe.segment_members as m
    join vibe.segments as g using (site_id, segment_id)
    join vibe.sites as s using (site_id)
    where m.left_at is null;
comment on view vibe.current_segment_members is 'who is in which segment now, since when';
grant select on vibe.current_segment_members to vibe_analyst;

create or replace view vibe.segment_sizes_by_month with (security_invoker = true) as
    with changes as (
        select
            m.site_id,
            m.segment_id,
            date_trunc('month', e.at at time zone s.time_zone)::date as month,
            sum(e.entered) as entered,
            sum(e.departed) as departed
        from vibe.segment_members as m
        join vibe.sites as s using (site_id)
        cross join lateral (values (m.entered_at, 1, 0), (m.left_at, 0, 1)) as e (at, entered, departed)
        where e.at is not null
        group by 1, 2, 3
    )
    select
        g.site_id,
        s.name as site,
        g.segment_id,
        g.name as segment,
        g.kind,
        g.subject,
        t.month::date as month,
        coalesce(c.entered, 0)::bigint as entered,
        coalesce(c.departed, 0)::bigint as departed,
        (sum(coalesce(c.entered, 0) - coalesce(c.departed, 0)) over (partition by g.site_id, g.segment_id order by t.month))::bigint as size
    from vibe.segments as g
    join vibe.sites as s using (site_id)
    cross join lateral generate_series(
        date_trunc('month', g.created_at at time zone s.time_zone),
        date_trunc('month', now() at time zone s.time_zone),
        interval '1 month'
    ) as t (month)
    left join changes as c on c.site_id = g.site_id and c.segment_id = g.segment_id and c.month = t.month;
comment on view vibe.segment_sizes_by_month is
'members of each segment at the end of each month of the site''s calendar (the running month: now), and who entered and left in it; erased subjects are not counted';
grant select on vibe.segment_sizes_by_month to vibe_analyst;
