create function vibe.user_segments(site text, user_id bigint)
returns table (segment_id bigint, segment text, kind text, subject text, entered_at timestamptz)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    with person as materialized (
        select s.site_id, vibe.user_visitors(s.site_id, user_segments.user_id) as visitors
        from (select vibe.site_id(user_segments.site) as site_id) as s
    ), ids as materialized (
        select p.site_id, p.visitors, array(
            select u.customer_id from vibe.site_users as u
            where u.site_id = p.site_id and u.user_id = any (p.visitors) and u.customer_id is not null
        ) as customers
        from person as p
    )
    select g.segment_id, g.name, g.kind, g.subject, min(m.entered_at)
    from ids as i
    join vibe.segment_members as m on m.site_id = i.site_id and m.subject_id = any (i.visitors || i.customers) and m.left_at is null
    join vibe.segments as g on g.site_id = m.site_id and g.segment_id = m.segment_id
    where m.subject_id = any (case g.subject when 'user' then i.visitors else i.customers end)
    group by g.segment_id, g.name, g.kind, g.subject
    order by g.name, g.segment_id
$$;
comment on function vibe.user_segments(text, bigint) is
'the segments that a person is in now, as a user or as the customer they are known to be, and since when; any id of a merged visitor will do; an error if there is none';
grant execute on function vibe.user_segments(text, bigint) to vibe_analyst;
