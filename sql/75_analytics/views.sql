-- BI tools want a real instant for their time axis, hence day_start beside the day. Days of another clock than the site's are
-- never final: vibe.set_time_zone() leaves them where the events are gone.
create or replace view vibe.daily_stats with (security_invoker = true) as
    select
        s.name as site,
        d.site_id,
        d.day,
        vibe.day_start(d.day, d.time_zone) as day_start,
        d.total_visitors,
        d.total_users,
        d.new_users,
        d.visitors,
        d.active_users,
        d.returning_users,
        d.sessions,
        d.page_views,
        d.events,
        round(d.bounced_sessions::numeric / nullif(d.sessions, 0), 4) as bounce_rate,
        round(d.session_seconds::numeric / nullif(d.sessions, 0), 1) as average_session_seconds,
        round(d.median_session_seconds, 1) as median_session_seconds,
        d.conversions,
        d.converted_users,
        round(d.converted_users::numeric / nullif(d.active_users, 0), 4) as conversion_rate,
        coalesce(r.orders, 0) as orders,
        coalesce(r.revenue, 0) as revenue,
        s.currency,
        now() < vibe.day_start(d.day + 1, s.time_zone) + interval '48 hours'
            or d.time_zone <> s.time_zone
            or (d.site_id, d.day) in (select l.site_id, l.day from vibe.late_days() as l) as is_provisional
    from vibe.daily_user_stats as d
    join vibe.sites as s using (site_id)
    left join vibe.revenue_by_day as r on r.site_id = d.site_id and r.day = d.day;
comment on view vibe.daily_stats is
'figures of each day of each site for BI tools; provisional until 48 hours after the end of the day, since events may come late, and again from a late event until the day is counted again';
comment on column vibe.daily_stats.day_start is 'the instant at which the day begins: a time axis for BI tools';
comment on column vibe.daily_stats.bounce_rate is 'share of the sessions with at most one page view and no other event, 0 to 1; null without sessions';
comment on column vibe.daily_stats.average_session_seconds is 'mean length of the sessions begun on the day; null without sessions';
comment on column vibe.daily_stats.median_session_seconds is 'median length of the sessions begun on the day; null without sessions';
comment on column vibe.daily_stats.conversion_rate is 'share of the active users who met a goal, 0 to 1; null without users';
comment on column vibe.daily_stats.orders is 'orders of the day, neither refund nor cancelled, as of now';
comment on column vibe.daily_stats.revenue is 'orders less refunds of the day, in currency, as of now';
comment on column vibe.daily_stats.is_provisional is
'figures may still change: the day ended less than 48 hours ago or got a late event since it was counted, or it is a day of another clock than the site''s';
grant select on vibe.daily_stats to vibe_analyst;
