create function vibe.segment_members_at(site text, segment text, at timestamptz default null)
returns table (subject_id bigint, entered_at timestamptz)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    of_site integer := vibe.site_id(site);
    of_segment bigint := vibe.segment_id(of_site, segment);
    instant timestamptz := coalesce(segment_members_at.at, clock_timestamp());
begin
    return query
    select m.subject_id, m.entered_at
    from vibe.segment_members as m
    where m.site_id = of_site
      and m.segment_id = of_segment
      and m.entered_at <= instant
      and (m.left_at is null or m.left_at > instant)
    order by m.subject_id;
end
$$;
comment on function vibe.segment_members_at(text, text, timestamptz) is
'who was in a segment at an instant (now unless given), and since when';
grant execute on function vibe.segment_members_at(text, text, timestamptz) to vibe_analyst;

create function vibe.segment_movement(site text, segment text, first_day date default null, last_day date default null)
returns table (day date, entered bigint, departed bigint, size bigint)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    of_site integer := vibe.site_id(site);
    of_segment bigint := vibe.segment_id(of_site, segment);
    zone text;
    days record;
begin
    select s.time_zone into zone from vibe.sites as s where s.site_id = of_site;
    select coalesce(segment_movement.last_day, (now() at time zone zone)::date) as until into days;
    select coalesce(segment_movement.first_day, days.until - 30) as since, days.until into days;
    if not isfinite(days.since) or not isfinite(days.until) or days.since > days.until or days.until - days.since > 3660 then
        raise exception 'the days from % to % cannot be shown', days.since, days.until
            using errcode = 'invalid_parameter_value', detail = 'They must be 1 to 3661 days, the first not after the last.';
    end if;
    return query
    with changes as (
        select greatest((e.at at time zone zone)::date, days.since - 1) as day, sum(e.entered) as entered, sum(e.departed) as departed
        from vibe.segment_members as m
        cross join lateral (values (m.entered_at, 1, 0), (m.left_at, 0, 1)) as e (at, entered, departed)
        where m.site_id = of_site and m.segment_id = of_segment and e.at is not null
        group by 1
    ), filled as (
        select d.day, coalesce(c.entered, 0) as entered, coalesce(c.departed, 0) as departed,
            sum(coalesce(c.entered, 0) - coalesce(c.departed, 0)) over (order by d.day) as size
        from (select days.since + n as day from generate_series(-1, days.until - days.since) as n) as d
        left join changes as c using (day)
    )
    select f.day, f.entered::bigint, f.departed::bigint, f.size::bigint
    from filled as f
    where f.day >= days.since
    order by f.day;
end
$$;
comment on function vibe.segment_movement(text, text, date, date) is
'who entered and who left a segment on each day of the site''s calendar (the last 30 days and today unless given), and its size at the end of the day; erased subjects are not counted';
grant execute on function vibe.segment_movement(text, text, date, date) to vibe_analyst;

create function vibe.segment_user_ids(site text, segment text) returns setof bigint
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    of_site integer := vibe.site_id(site);
    of_segment bigint := vibe.segment_id(of_site, segment);
begin
    if (select s.subject = 'user' from vibe.segments as s where s.site_id = of_site and s.segment_id = of_segment) then
        return query
        select m.subject_id
        from vibe.segment_members as m
        where m.site_id = of_site and m.segment_id = of_segment and m.left_at is null;
    else
        return query
        select distinct coalesce(u.merged_into, u.user_id)
        from vibe.segment_members as m
        join vibe.site_users as u on u.site_id = m.site_id and u.customer_id = m.subject_id
        where m.site_id = of_site and m.segment_id = of_segment and m.left_at is null;
    end if;
end
$$;
comment on function vibe.segment_user_ids(text, text) is
'ids of the users in a segment now: its members, or the users known to be its customers';
grant execute on function vibe.segment_user_ids(text, text) to vibe_analyst;

-- A few people are online and a segment may be large, so each is looked up by key.
create function vibe.get_online_users_in_segment(site text, in_segment text)
returns table (
    site_id int,
    user_id bigint,
    session_id bigint,
    name text,
    external_id text,
    segment text,
    current_page text,
    referrer text,
    device text,
    browser text,
    started_at timestamptz,
    last_seen_at timestamptz,
    session_seconds int,
    page_views int,
    events int
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
    of_site integer := vibe.site_id(site);
    of_segment bigint := vibe.segment_id(of_site, in_segment);
begin
    if (select s.subject = 'user' from vibe.segments as s where s.site_id = of_site and s.segment_id = of_segment) then
        return query
        select o.*
        from vibe.get_online_users(of_site::text) as o
        where exists (
                select from vibe.segment_members as m
                where m.site_id = of_site and m.segment_id = of_segment and m.subject_id = o.user_id and m.left_at is null
            )
        order by o.last_seen_at desc, o.session_id desc;
    else
        return query
        select o.*
        from vibe.get_online_users(of_site::text) as o
        where exists (
                select from vibe.site_users as u
                join vibe.segment_members as m on m.subject_id = u.customer_id
                where u.site_id = of_site
                  and (u.user_id = o.user_id or u.merged_into = o.user_id)
                  and m.site_id = of_site
                  and m.segment_id = of_segment
                  and m.left_at is null
            )
        order by o.last_seen_at desc, o.session_id desc;
    end if;
end
$$;
comment on function vibe.get_online_users_in_segment(text, text) is
'vibe.get_online_users() of those who are in a segment now, themselves or as its customers';
grant execute on function vibe.get_online_users_in_segment(text, text) to vibe_analyst;
