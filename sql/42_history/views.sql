-- A day is told once: by what we counted wherever there are events of our own.
create or replace view vibe.traffic_by_day with (security_invoker = true) as
    select
        s.name as site,
        s.site_id,
        d.day,
        vibe.day_start(d.day, s.time_zone) as day_start,
        d.source,
        d.visitors,
        d.sessions,
        d.page_views,
        round(d.bounced_sessions::numeric / nullif(d.sessions, 0), 4) as bounce_rate,
        round(d.session_seconds::numeric / nullif(d.sessions, 0), 1) as average_session_seconds
    from (
        select c.site_id, c.day, 'vibe' as source, c.visitors, c.sessions, c.page_views, c.bounced_sessions, c.session_seconds
        from vibe.daily_user_stats as c
        where c.sessions > 0
           or not exists (select from vibe.imported_days as i where i.site_id = c.site_id and i.day = c.day)
        union all
        select i.site_id, i.day, i.source, i.visitors, i.sessions, i.page_views, i.bounced_sessions, i.session_seconds
        from vibe.imported_days as i
        where not exists (select from vibe.daily_user_stats as c where c.site_id = i.site_id and c.day = i.day and c.sessions > 0)
    ) as d
    join vibe.sites as s using (site_id);
comment on view vibe.traffic_by_day is
    'visitors, visits and page views of each day, those imported from another tool''s daily figures included; for charts that reach back before our own events';
comment on column vibe.traffic_by_day.day_start is 'the instant at which the day begins';
comment on column vibe.traffic_by_day.source is 'who counted the day: vibe or the tool it was imported from';
comment on column vibe.traffic_by_day.visitors is 'different visitors (anonymous ids) of the day';
comment on column vibe.traffic_by_day.sessions is 'visits begun on the day';
comment on column vibe.traffic_by_day.bounce_rate is 'share of visits with at most one page view and no other event, 0 to 1; null without visits';
comment on column vibe.traffic_by_day.average_session_seconds is 'mean length of the visits; null without visits';
grant select on vibe.traffic_by_day to vibe_analyst;
