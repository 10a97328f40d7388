-- Funnels are kept by day alone. When the events of a day go, this stays of them, so that an erased person can still be
-- taken out of the day's figures.
create table vibe_private.expired_funnel_users (
    site_id integer not null,
    funnel_id bigint not null,
    day date not null,
    user_id bigint not null,
    step integer not null,
    primary key (site_id, funnel_id, day, user_id),
    constraint expired_funnel_users_day_fkey foreign key (site_id, funnel_id, day, step)
        references vibe.daily_funnel_stats (site_id, funnel_id, day, step) on delete cascade,
    constraint expired_funnel_users_user_fkey foreign key (site_id, user_id)
        references vibe.site_users (site_id, user_id) on delete cascade
);
comment on table vibe_private.expired_funnel_users is
'who entered a funnel on a day whose events were removed since, and the last step they reached';
create index expired_funnel_users_by_user on vibe_private.expired_funnel_users (site_id, user_id);
comment on index vibe_private.expired_funnel_users_by_user is 'the days of one user, for erasure';
