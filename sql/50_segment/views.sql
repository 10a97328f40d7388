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
comment on column vibe.segment_sizes.site_id is 'the site';
comment on column vibe.segment_sizes.site is 'name of the site';
comment on column vibe.segment_sizes.segment_id is 'as in vibe.segments';
comment on column vibe.segment_sizes.segment is 'name of the segment';
comment on column vibe.segment_sizes.kind is 'rule, cluster or static';
comment on column vibe.segment_sizes.subject is 'what its members are: customer or user';
comment on column vibe.segment_sizes.tier is 'what marketing calls a cluster: Premium, Standard or Value; null for others';
comment on column vibe.segment_sizes.size is 'members at sized_at';
comment on column vibe.segment_sizes.sized_at is 'when the segment was last refreshed or its members changed';
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
comment on column vibe.current_segment_members.site_id is 'the site';
comment on column vibe.current_segment_members.site is 'name of the site';
comment on column vibe.current_segment_members.segment_id is 'as in vibe.segments';
comment on column vibe.current_segment_members.segment is 'name of the segment';
comment on column vibe.current_segment_members.subject is 'what its members are: customer or user';
comment on column vibe.current_segment_members.customer_id is 'the member, where they are customers';
comment on column vibe.current_segment_members.user_id is 'the member, where they are users (persons after merges)';
comment on column vibe.current_segment_members.entered_at is 'member since';
grant select on vibe.current_segment_members to vibe_analyst;

create or replace view vibe.segment_sizes_by_month with (security_invoker = true) as
    -- By instant first: a refresh lets many in at one.
    with instants as (
        select m.site_id, m.segment_id, m.entered_at as at, count(*) as entered, 0 as departed
        from vibe.segment_members as m
        group by m.site_id, m.segment_id, m.entered_at
        union all
        select m.site_id, m.segment_id, m.left_at, 0, count(*)
        from vibe.segment_members as m
        where m.left_at is not null
        group by m.site_id, m.segment_id, m.left_at
    ), changes as (
        select
            i.site_id,
            i.segment_id,
            date_trunc('month', i.at at time zone s.time_zone) as month,
            sum(i.entered) as entered,
            sum(i.departed) as departed
        from instants as i
        join vibe.sites as s using (site_id)
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
comment on column vibe.segment_sizes_by_month.site_id is 'the site';
comment on column vibe.segment_sizes_by_month.site is 'name of the site';
comment on column vibe.segment_sizes_by_month.segment_id is 'as in vibe.segments';
comment on column vibe.segment_sizes_by_month.segment is 'name of the segment';
comment on column vibe.segment_sizes_by_month.kind is 'rule, cluster or static';
comment on column vibe.segment_sizes_by_month.subject is 'what its members are: customer or user';
comment on column vibe.segment_sizes_by_month.month is 'first day of the month';
comment on column vibe.segment_sizes_by_month.entered is 'entries in the month; who comes back enters again';
comment on column vibe.segment_sizes_by_month.departed is 'exits in the month';
comment on column vibe.segment_sizes_by_month.size is 'members at the end of the month, or now';
grant select on vibe.segment_sizes_by_month to vibe_analyst;
