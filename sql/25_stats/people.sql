-- One person, through all the browsers that turned out to be theirs; any of the ids will do.
create function vibe.user_visitors(site_id integer, user_id bigint) returns bigint[]
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    person bigint;
begin
    select coalesce(u.merged_into, u.user_id) into person
    from vibe.site_users as u
    where u.site_id = user_visitors.site_id and u.user_id = user_visitors.user_id;
    if person is null then
        raise exception 'user_id % does not exist', coalesce(user_visitors.user_id::text, 'null') using errcode = '22023';
    end if;
    return array(
        select u.user_id from vibe.site_users as u
        where u.site_id = user_visitors.site_id and (u.user_id = person or u.merged_into = person)
        order by u.user_id <> person, u.user_id
    );
end
$$;
comment on function vibe.user_visitors(integer, bigint) is
'the visitors (browsers) of the person that this visitor is, the person''s own id first; an error if there is no such user';
grant execute on function vibe.user_visitors(integer, bigint) to vibe_analyst;

create function vibe.user_profile(site text, user_id bigint)
returns table (
    user_id bigint, visitors bigint[], external_id text, name text, email text, traits jsonb, segment text, customer_id bigint,
    first_seen_at timestamptz, last_seen_at timestamptz, sessions bigint, page_views bigint, events bigint,
    average_session_seconds numeric, first_channel text, first_referrer_domain text, first_campaign text, devices text[]
)
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
    -- Asked for by itself, so that a wrong site or id is an error also where there is no row.
    with person as materialized (
        select s.site_id, vibe.user_visitors(s.site_id, user_profile.user_id) as visitors
        from (select vibe.site_id(user_profile.site) as site_id) as s
    ), visits as (
        select v.*
        from vibe.site_sessions as v
        where v.site_id = (select p.site_id from person as p)
          and v.user_id = any (array(select unnest(p.visitors) from person as p))
    )
    select
        u.user_id, p.visitors, u.external_id, u.name, u.email, u.traits, u.segment, u.customer_id,
        l.first_seen_at, greatest(l.last_seen_at, (select max(v.last_seen_at) from visits as v)),
        t.sessions, t.page_views, t.events, t.seconds, f.channel, f.referrer_domain, f.utm_campaign, t.devices
    from person as p
    left join vibe.site_users as u on u.site_id = p.site_id and u.user_id = p.visitors[1]
    cross join lateral (
        select min(b.first_seen_at) as first_seen_at, max(b.last_seen_at) as last_seen_at
        from vibe.site_users as b where b.site_id = p.site_id and b.user_id = any (p.visitors)
    ) as l
    cross join lateral (
        select count(*) as sessions, coalesce(sum(v.page_views), 0) as page_views, coalesce(sum(v.events), 0) as events,
            round(avg(extract(epoch from v.last_seen_at - v.started_at)), 1) as seconds,
            array_agg(distinct v.device order by v.device) filter (where v.device is not null) as devices
        from visits as v
    ) as t
    left join lateral (select v.* from visits as v order by v.started_at, v.session_id limit 1) as f on true
$$;
comment on function vibe.user_profile(text, bigint) is
'one person: ids, traits, first and last activity, sessions, page views, other events, mean session length in seconds and what led to the first visit; any id of a merged visitor will do; an error if there is none';
grant execute on function vibe.user_profile(text, bigint) to vibe_analyst;

create function vibe.user_sessions(site text, user_id bigint, max_rows integer default 20, before timestamptz default null)
returns table (
    session_id bigint, started_at timestamptz, last_seen_at timestamptz, session_seconds integer, page_views integer, events integer,
    entry_page text, exit_page text, channel text, referrer text, utm_campaign text, device text, browser text, os text, is_bot boolean, pages jsonb
)
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
    with person as materialized (
        select s.site_id, vibe.user_visitors(s.site_id, user_sessions.user_id) as visitors
        from (select vibe.site_id(user_sessions.site) as site_id) as s
    )
    select
        v.session_id, v.started_at, v.last_seen_at, extract(epoch from v.last_seen_at - v.started_at)::integer, v.page_views, v.events,
        v.entry_page, v.exit_page, v.channel, v.referrer, v.utm_campaign, v.device, v.browser, v.os, v.is_bot, e.pages
    from (
        select s.*
        from vibe.site_sessions as s
        where s.site_id = (select p.site_id from person as p)
          and s.user_id = any (array(select unnest(p.visitors) from person as p))
          and (before is null or s.started_at < before)
        -- The sum keeps the planner from walking all sessions of the site back in time until it has met enough of this person's.
        order by s.started_at + interval '0' desc, s.session_id desc
        limit least(greatest(max_rows, 0), 1000)
    ) as v
    cross join lateral (
        select coalesce(jsonb_agg(jsonb_build_object('page', p.page, 'title', p.title, 'at', p.occurred_at, 'seconds', p.seconds)
            order by p.occurred_at, p.event_id), '[]') as pages
        from (
            select e.page, e.title, e.occurred_at, e.event_id,
                round(extract(epoch from lead(e.occurred_at, 1, v.last_seen_at) over (order by e.occurred_at, e.event_id) - e.occurred_at), 1) as seconds
            from vibe.user_events as e
            where e.site_id = v.site_id and e.user_id = v.user_id and e.session_id = v.session_id
              and e.occurred_at >= v.started_at and e.occurred_at <= v.last_seen_at and e.event_name = 'page_view'
            order by e.occurred_at, e.event_id
            limit 500
        ) as p
    ) as e
    order by v.started_at desc, v.session_id desc
$$;
comment on function vibe.user_sessions(text, bigint, integer, timestamptz) is
'the visits of one person, the latest first (those that began before a time, for the next page of rows; at most 1000), each with its first 500 pages in order and how long each was open, in seconds';
grant execute on function vibe.user_sessions(text, bigint, integer, timestamptz) to vibe_analyst;

create function vibe.user_timeline(site text, user_id bigint, max_rows integer default 100, before timestamptz default null)
returns table (occurred_at timestamptz, event_name text, page text, title text, properties jsonb, session_id bigint, visitor_id bigint)
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
    with person as materialized (
        select s.site_id, vibe.user_visitors(s.site_id, user_timeline.user_id) as visitors
        from (select vibe.site_id(user_timeline.site) as site_id) as s
    )
    select e.occurred_at, e.event_name, e.page, e.title, e.properties, e.session_id, e.user_id
    from vibe.user_events as e
    where e.site_id = (select p.site_id from person as p)
      and e.user_id = any (array(select unnest(p.visitors) from person as p))
      and (before is null or e.occurred_at < before)
    -- The sum keeps the planner from walking all events of the site back in time until it has met enough of this person's.
    order by e.occurred_at + interval '0' desc, e.event_id desc
    limit least(greatest(max_rows, 0), 1000)
$$;
comment on function vibe.user_timeline(text, bigint, integer, timestamptz) is
'the events of one person, the latest first (those before a time, for the next page of rows; at most 1000), whichever of their browsers they came from';
grant execute on function vibe.user_timeline(text, bigint, integer, timestamptz) to vibe_analyst;
