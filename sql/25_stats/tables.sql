-- Kept by visitor as the events have them: a later identify changes how the rows are read, not the rows. No foreign keys: only
-- the count writes here, for visitors that exist, and asking that of each row again took three times as long as the rest of it.
create table vibe.user_days (
    site_id integer not null,
    day date not null,
    user_id bigint not null,
    page_views integer not null,
    events integer not null,
    last_received_at timestamptz not null,
    primary key (site_id, day, user_id)
);
comment on table vibe.user_days is
'which visitor was active on which day of the site''s calendar; outlives the events, loses erased visitors; bots are left out';
comment on column vibe.user_days.user_id is 'the visitor at the time of the event; read merges through vibe.site_users.merged_into';
comment on column vibe.user_days.events is 'events other than page views';
comment on column vibe.user_days.last_received_at is 'receipt of the last event that is counted';

create index user_days_by_user on vibe.user_days (site_id, user_id, day);
comment on index vibe.user_days_by_user is 'the days of a visitor: first, last, retention, erasure';
create trigger forget_days after delete on vibe.site_users
    referencing old table as gone
    for each statement execute function vibe_private.forget_user_days();
comment on trigger forget_days on vibe.site_users is 'a visitor who is erased loses the days';

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
    median_session_seconds numeric(12, 3),
    page_views bigint not null,
    events bigint not null,
    conversions bigint not null,
    converted_users bigint not null,
    users_30_days bigint,
    users_60_days bigint,
    last_received_at timestamptz,
    time_zone text not null,
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
comment on column vibe.daily_user_stats.median_session_seconds is 'median length of the sessions begun on the day, in seconds; null without sessions';
comment on column vibe.daily_user_stats.conversions is 'events that met a goal, each goal by itself';
comment on column vibe.daily_user_stats.converted_users is 'users who met a goal';
comment on column vibe.daily_user_stats.users_30_days is 'users active on one of the 30 days that end with this one';
comment on column vibe.daily_user_stats.users_60_days is 'users active on one of the 60 days that end with this one';
comment on column vibe.daily_user_stats.time_zone is 'whose calendar the day is of; another one than the site''s after vibe.set_time_zone(), where the events are gone';
comment on column vibe.daily_user_stats.events is 'events other than page views';
comment on column vibe.daily_user_stats.last_received_at is 'receipt of the last event that is counted; null on a day without events';

alter table vibe.daily_user_stats enable row level security;
create policy read on vibe.daily_user_stats for select using (site_id = any (array(select vibe.my_sites())));
comment on policy read on vibe.daily_user_stats is 'rows of a site are seen by its members';
grant select on vibe.daily_user_stats to vibe_analyst;

create index site_sessions_bots on vibe.site_sessions (site_id, user_id) where is_bot;
comment on index vibe.site_sessions_bots is 'visitors who may be bots, for vibe.visitors';

create table vibe.goals (
    site_id integer not null references vibe.sites (site_id) on delete cascade,
    goal_id bigint generated always as identity,
    name text not null check (length(name) between 1 and 100),
    event_name text not null default 'page_view' check (length(event_name) between 1 and 100),
    page_pattern text check (length(page_pattern) between 1 and 2000),
    value numeric(14, 2) check (value >= 0),
    value_property text check (length(value_property) between 1 and 100),
    created_at timestamptz not null default now(),
    primary key (site_id, goal_id),
    constraint goals_name_key unique (site_id, name),
    constraint goals_one_value check (num_nonnulls(value, value_property) <= 1),
    -- Without a pattern every page view would be a conversion.
    constraint goals_page check (event_name <> 'page_view' or page_pattern is not null)
);
comment on table vibe.goals is 'what a site wants its visitors to do: an event, or the view of a page, that counts as a conversion';
comment on column vibe.goals.goal_id is 'number of the goal';
comment on column vibe.goals.name is 'what people call it, unique within the site';
comment on column vibe.goals.event_name is 'name of the event; page_view for goals that are pages';
comment on column vibe.goals.page_pattern is 'the event''s page must be like this (% is any text, _ any character); null for any page';
comment on column vibe.goals.value is 'worth of one conversion in the site''s currency';
comment on column vibe.goals.value_property is 'the property of the event that holds its worth, a number; anything else counts as 0';

alter table vibe.goals enable row level security;
create policy read on vibe.goals for select using (site_id = any (array(select vibe.my_sites())));
comment on policy read on vibe.goals is 'rows of a site are seen by its members';
create policy add on vibe.goals for insert with check (site_id = any (array(select vibe.my_sites('member'))));
comment on policy add on vibe.goals is 'viewers cannot write';
create policy change on vibe.goals for update using (site_id = any (array(select vibe.my_sites('member'))));
comment on policy change on vibe.goals is 'viewers cannot write';
create policy remove on vibe.goals for delete using (site_id = any (array(select vibe.my_sites('member'))));
comment on policy remove on vibe.goals is 'viewers cannot write';
grant select on vibe.goals to vibe_analyst;
grant insert, update, delete on vibe.goals to vibe_member;

-- By visitor, as user_days is: a later identify changes how the rows are read, and an erased visitor takes them along.
create table vibe.goal_conversions (
    site_id integer not null,
    goal_id bigint not null,
    day date not null,
    user_id bigint not null,
    conversions integer not null,
    value numeric(18, 2) not null,
    primary key (site_id, goal_id, day, user_id),
    constraint goal_conversions_goal_fkey foreign key (site_id, goal_id)
        references vibe.goals (site_id, goal_id) on delete cascade,
    constraint goal_conversions_user_fkey foreign key (site_id, user_id)
        references vibe.site_users (site_id, user_id) on delete cascade
);
comment on table vibe.goal_conversions is
'who met which goal on which day of the site''s calendar, written with vibe.daily_user_stats; outlives the events; bots are left out';
comment on column vibe.goal_conversions.goal_id is 'the goal, as in vibe.goals';
comment on column vibe.goal_conversions.user_id is 'the visitor at the time of the event; read merges through vibe.visitors';
comment on column vibe.goal_conversions.conversions is 'events that met the goal';
comment on column vibe.goal_conversions.value is 'worth of the conversions, in the site''s currency';
create index goal_conversions_by_user on vibe.goal_conversions (site_id, user_id);
comment on index vibe.goal_conversions_by_user is 'what a visitor did, and erasure';

alter table vibe.goal_conversions enable row level security;
create policy read on vibe.goal_conversions for select using (site_id = any (array(select vibe.my_sites())));
comment on policy read on vibe.goal_conversions is 'rows of a site are seen by its members';
grant select on vibe.goal_conversions to vibe_analyst;

create trigger wait_to_delete_goals before delete on vibe.goals
    for each statement when (current_user <> 'vibe_owner') execute function vibe_private.wait_to_delete_goals();
comment on trigger wait_to_delete_goals on vibe.goals is 'nobody who counts the days may wait for who deletes a goal';

-- A new or changed goal is counted over the whole past at once; its index makes that cheap.
create trigger count_goal after insert or update or delete on vibe.goals
    for each row execute function vibe_private.count_goal();
comment on trigger count_goal on vibe.goals is 'counts the conversions of the past when a goal is made, changed or removed';

-- What became one person since a day was counted, for figures as of now.
create index user_merges_merged on vibe.user_merges (site_id, merged_at);
comment on index vibe.user_merges_merged is 'the latest merges of a site';
create index user_merges_undone on vibe.user_merges (site_id, undone_at) where undone_at is not null;
comment on index vibe.user_merges_undone is 'the merges last taken back';
