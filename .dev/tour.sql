select site_id, user_id, name, current_page, device, session_seconds from get_online_users() limit 5;
select site, day, active_users, sessions, page_views, events from daily_stats where site = 'demo' order by day desc limit 5;
select * from calculate_funnel_conversion('demo', 'checkout');
