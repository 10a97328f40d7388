-- BI tools read these by site; the functions behind them reckon anew each time.
create or replace view vibe.retention_by_day with (security_invoker = true) as
    select
        s.site_id,
        s.name as site,
        r.cohort,
        r.cohort_users,
        r.period_number,
        r.period_start,
        r.users,
        r.share,
        r.is_complete
    from vibe.sites as s
    cross join lateral vibe.retention(s.site_id::text, 'day') as r;
comment on view vibe.retention_by_day is
'vibe.retention() of each site for the new users of the last 30 days of its calendar, for BI tools; name the site in the where clause, or all of yours are counted';
comment on column vibe.retention_by_day.site_id is 'id of the site';
comment on column vibe.retention_by_day.site is 'name of the site';
comment on column vibe.retention_by_day.cohort is 'first day of the period in which these users were first seen';
comment on column vibe.retention_by_day.cohort_users is 'users of the cohort';
comment on column vibe.retention_by_day.period_number is '0 is the period of the cohort itself';
comment on column vibe.retention_by_day.period_start is 'first day of the period that is counted';
comment on column vibe.retention_by_day.users is 'users of the cohort who were active in that period';
comment on column vibe.retention_by_day.share is 'users / cohort_users, of 1; null for a cohort without users';
comment on column vibe.retention_by_day.is_complete is 'false while the period is not over';
grant select on vibe.retention_by_day to vibe_analyst;

create or replace view vibe.retention_by_week with (security_invoker = true) as
    select
        s.site_id,
        s.name as site,
        r.cohort,
        r.cohort_users,
        r.period_number,
        r.period_start,
        r.users,
        r.share,
        r.is_complete
    from vibe.sites as s
    cross join lateral vibe.retention(s.site_id::text, 'week') as r;
comment on view vibe.retention_by_week is
'vibe.retention() of each site for the new users of the last 12 weeks (from Monday) of its calendar, for BI tools; name the site in the where clause, or all of yours are counted';
comment on column vibe.retention_by_week.site_id is 'id of the site';
comment on column vibe.retention_by_week.site is 'name of the site';
comment on column vibe.retention_by_week.cohort is 'first day of the period in which these users were first seen';
comment on column vibe.retention_by_week.cohort_users is 'users of the cohort';
comment on column vibe.retention_by_week.period_number is '0 is the period of the cohort itself';
comment on column vibe.retention_by_week.period_start is 'first day of the period that is counted';
comment on column vibe.retention_by_week.users is 'users of the cohort who were active in that period';
comment on column vibe.retention_by_week.share is 'users / cohort_users, of 1; null for a cohort without users';
comment on column vibe.retention_by_week.is_complete is 'false while the period is not over';
grant select on vibe.retention_by_week to vibe_analyst;

create or replace view vibe.retention_by_month with (security_invoker = true) as
    select
        s.site_id,
        s.name as site,
        r.cohort,
        r.cohort_users,
        r.period_number,
        r.period_start,
        r.users,
        r.share,
        r.is_complete
    from vibe.sites as s
    cross join lateral vibe.retention(s.site_id::text, 'month') as r;
comment on view vibe.retention_by_month is
'vibe.retention() of each site for the new users of the last 12 months of its calendar, for BI tools; name the site in the where clause, or all of yours are counted';
comment on column vibe.retention_by_month.site_id is 'id of the site';
comment on column vibe.retention_by_month.site is 'name of the site';
comment on column vibe.retention_by_month.cohort is 'first day of the period in which these users were first seen';
comment on column vibe.retention_by_month.cohort_users is 'users of the cohort';
comment on column vibe.retention_by_month.period_number is '0 is the period of the cohort itself';
comment on column vibe.retention_by_month.period_start is 'first day of the period that is counted';
comment on column vibe.retention_by_month.users is 'users of the cohort who were active in that period';
comment on column vibe.retention_by_month.share is 'users / cohort_users, of 1; null for a cohort without users';
comment on column vibe.retention_by_month.is_complete is 'false while the period is not over';
grant select on vibe.retention_by_month to vibe_analyst;
