insert into vibe.routes (method, path, function_name) values
    ('GET', '/api/v1/customers/export', 'export_customers'),
    ('GET', '/api/v1/campaigns/export', 'export_campaigns'),
    ('GET', '/api/v1/events/export', 'export_events'),
    ('GET', '/api/v1/daily-stats/export', 'export_daily_stats');

create trigger windows_inserted after insert on vibe.daily_user_stats
    referencing new table as changed_rows
    for each statement when (pg_trigger_depth() = 0) execute function vibe_private.count_windows();
comment on trigger windows_inserted on vibe.daily_user_stats is 'counts the users of 30 and 60 days';
create trigger windows_updated after update on vibe.daily_user_stats
    referencing new table as changed_rows
    for each statement when (pg_trigger_depth() = 0) execute function vibe_private.count_windows();
comment on trigger windows_updated on vibe.daily_user_stats is 'counts the users of 30 and 60 days';

insert into vibe.routes (method, path, function_name, statuses) values
    ('POST', '/api/v1/segments', 'add_segment', '{201}');

insert into vibe.routes (method, path, function_name) values
    ('GET', '/api/v1/analytics', 'get_analytics'),
    ('GET', '/api/v1/customers', 'get_customers'),
    ('GET', '/api/v1/customers/{id}', 'get_customer'),
    ('GET', '/api/v1/segments', 'get_segments'),
    ('POST', '/api/v1/segments/preview', 'try_segment'),
    ('GET', '/api/v1/segments/{id}/members', 'get_segment_members'),
    ('GET', '/api/v1/funnels/{id}', 'get_funnel'),
    ('GET', '/api/v1/retention', 'get_retention'),
    ('GET', '/api/v1/online', 'get_online'),
    ('GET', '/api/v1/metrics', 'get_metrics'),
    ('GET', '/api/v1/series', 'get_series');
