create type vibe.active_day as (
    day date,
    dau bigint,
    wau bigint,
    mau bigint
);
comment on type vibe.active_day is
'distinct users of the day, of the 7 and of the 30 days that end with it; what aggregate vibe.rolling_users finds out about one day';

create type vibe.rolling_day as (
    day date,
    users bigint[]
);
comment on type vibe.rolling_day is
'distinct users of each window that ends with the day, in the order of the windows that vibe.rolling_users was called with';

create type vibe.cohort_period as (
    cohort date,
    cohort_users bigint,
    period_number integer,
    period_start date,
    users bigint,
    users_on_or_after bigint
);
comment on type vibe.cohort_period is
'a cohort (first day of its period, its users) in one period: users who were there then, and users who were there then or in a later period; what aggregate vibe.cohort_users finds out';
