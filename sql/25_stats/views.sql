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
grant select on vibe.visitors to vibe_analyst;

-- BI tools want a real instant for their time axis, hence day_start beside the day.
create or replace view vibe.daily_stats with (security_invoker = true) as
    select
        s.name as site,
        d.site_id,
        d.day,
        vibe.day_start(d.day, s.time_zone) as day_start,
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
        now() < vibe.day_start(d.day + 1, s.time_zone) + interval '48 hours' as is_provisional
    from vibe.daily_user_stats as d
    join vibe.sites as s using (site_id);
comment on view vibe.daily_stats is
'figures of each day of each site for BI tools; provisional until 48 hours after the end of the day, since events may come late';
grant select on vibe.daily_stats to vibe_analyst;
