-- Kept by visitor as the events have them: a later identify changes how the rows are read, not the rows.
create table vibe.user_days (
    site_id integer not null references vibe.sites (site_id) on delete cascade,
    day date not null,
    user_id bigint not null,
    page_views integer not null,
    events integer not null,
    last_received_at timestamptz not null,
    primary key (site_id, day, user_id),
    constraint user_days_user_fkey foreign key (site_id, user_id)
        references vibe.site_users (site_id, user_id) on delete cascade
);
comment on table vibe.user_days is
'which visitor was active on which day of the site''s calendar; outlives the events, loses erased visitors; bots are left out';
comment on column vibe.user_days.user_id is 'the visitor at the time of the event; read merges through vibe.site_users.merged_into';
comment on column vibe.user_days.events is 'events other than page views';
comment on column vibe.user_days.last_received_at is 'receipt of the last event that is counted';

create index user_days_by_user on vibe.user_days (site_id, user_id, day);
comment on index vibe.user_days_by_user is 'the days of a visitor: first, last, retention, erasure';

alter table vibe.user_days enable row level security;
create policy read on vibe.user_days for select using (site_id = any (array(select vibe.my_sites())));
comment on policy read on vibe.user_days is 'rows of a site are seen by its members';
grant select on vibe.user_days to vibe_analyst;

create table vibe.daily_user_stats (
    site_id integer not null references vibe.sites (site_id) on delete cascade,
    day date not null,
    total_visitors bigint not null,
    total_users bigint not null,
    new_users bigint not null,
    visitors bigint not null,
    active_users bigint not null,
    returning_users bigint not null,
    sessions bigint not null,
    bounced_sessions bigint not null,
    session_seconds bigint not null,
    page_views bigint not null,
    events bigint not null,
    last_received_at timestamptz,
    calculated_at timestamptz not null,
    primary key (site_id, day)
);
comment on table vibe.daily_user_stats is
'figures of each day of a site''s calendar, written by vibe.calculate_daily_stats(); bots are left out; a day without traffic is a row of zeros';
comment on column vibe.daily_user_stats.total_visitors is 'anonymous ids first seen before the end of the day';
comment on column vibe.daily_user_stats.total_users is 'users (anonymous ids merged by identify count once) first seen before the end of the day';
comment on column vibe.daily_user_stats.new_users is 'users first seen on the day';
comment on column vibe.daily_user_stats.visitors is 'anonymous ids with an event on the day';
comment on column vibe.daily_user_stats.active_users is 'users with an event on the day';
comment on column vibe.daily_user_stats.returning_users is 'active users first seen before the day';
comment on column vibe.daily_user_stats.sessions is 'sessions begun on the day, wherever they end';
comment on column vibe.daily_user_stats.bounced_sessions is 'sessions begun on the day with at most one page view and no other event';
comment on column vibe.daily_user_stats.session_seconds is 'whole length of the sessions begun on the day, in seconds';
comment on column vibe.daily_user_stats.events is 'events other than page views';
comment on column vibe.daily_user_stats.last_received_at is 'receipt of the last event that is counted; null on a day without events';

alter table vibe.daily_user_stats enable row level security;
create policy read on vibe.daily_user_stats for select using (site_id = any (array(select vibe.my_sites())));
comment on policy read on vibe.daily_user_stats is 'rows of a site are seen by its members';
grant select on vibe.daily_user_stats to vibe_analyst;

create index site_sessions_bots on vibe.site_sessions (site_id, user_id) where is_bot;
comment on index vibe.site_sessions_bots is 'visitors who may be bots, for vibe.visitors';
