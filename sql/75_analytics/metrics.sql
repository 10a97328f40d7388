-- The figures of the cards. What was counted of past days is read from vibe.daily_user_stats; only what came since is counted here.
create function vibe.get_crm_metrics(site text default null)
returns table (
    metric text, value numeric, previous numeric, change numeric, format text, better text, currency text,
    range_start timestamptz, range_end timestamptz, previous_start timestamptz, previous_end timestamptz, trend numeric[]
)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select
        m.metric, m.value, m.previous, vibe.metric_change(m.value, m.previous, m.format), m.format, m.better, m.currency,
        m.range_start, m.range_end, m.previous_start, m.previous_end, m.trend
    from (
        select
            k.place, k.metric,
            -- Amounts of several currencies have no sum; a share of nobody is unknown.
            case k.format
                when 'rate' then round(sum(f.value) / nullif(sum(f.whole), 0), 4)
                when 'money' then case when count(distinct f.currency) <= 1 then coalesce(sum(f.value), 0) end
                else coalesce(sum(f.value), 0)
            end as value,
            case k.format
                when 'rate' then round(sum(f.previous) / nullif(sum(f.previous_whole), 0), 4)
                when 'money' then case when count(distinct f.currency) <= 1 then sum(f.previous) end
                else sum(f.previous)
            end as previous,
            k.format, k.better,
            case when k.format = 'money' and count(distinct f.currency) = 1 then min(f.currency) end as currency,
            min(f.range_start) as range_start, max(f.range_end) as range_end, min(f.previous_start) as previous_start, max(f.previous_end) as previous_end,
            case when k.format <> 'money' or count(distinct f.currency) <= 1 then (
                select array_agg(d.value order by d.place)
                from (
                    select t.place, case
                        when k.format = 'rate' then round(sum(t.part) / nullif(sum(t.whole), 0), 4)
                        else coalesce(sum(t.part), 0)
                    end as value
                    from unnest(vibe.site_ids(get_crm_metrics.site)) as s (site_id)
                    cross join lateral vibe.site_trend(s.site_id, k.trend) as t
                    where k.trend is not null
                    group by t.place
                ) as d
                having count(d.value) > 1
            ) end as trend
        from (
            values
                (1, 'total_users', 'integer', 'up', 'total_users'),
                (2, 'online_now', 'integer', 'up', 'users'),
                (3, 'new_this_week', 'integer', 'up', 'new_users'),
                (4, 'churn_rate', 'rate', 'down', 'churn_rate'),
                (5, 'revenue', 'money', 'up', 'revenue'),
                (6, 'customers', 'integer', 'up', null),
                (7, 'total_visitors', 'integer', 'up', null)
        ) as k (place, metric, format, better, trend)
        left join (
            select f.* from unnest(vibe.site_ids(get_crm_metrics.site)) as s (site_id) cross join lateral vibe.site_metrics(s.site_id) as f
        ) as f on f.metric = k.metric
        group by k.place, k.metric, k.format, k.better, k.trend
    ) as m
    order by m.place
$$;
comment on function vibe.get_crm_metrics(text) is
'figures of the CRM cards as of now, each with the one to compare it with, how it changed since (see vibe.metric_change()), its format (integer, rate of 1, money in currency) and which way is better: total_users (merged) and total_visitors (anonymous ids) against 30 days ago; online_now; new_this_week, users first seen in this ISO week, against as much of the last week; churn_rate, of the users active in the 30 days before the last 30 counted ones those not seen in these, against 30 days earlier; revenue of the running month up to the last full hour against as much of the month before; customers with an order, against 30 days ago. trend has the last 30 whole days, the oldest first: total_users, users active on the day (beside online_now), new users, churn_rate, revenue as vibe.stats_series() counts them; null for fewer than two known days. All by the site''s calendar; for all my sites, sums';
grant execute on function vibe.get_crm_metrics(text) to vibe_analyst;

create function vibe.site_metrics(of_site integer)
returns table (
    metric text, value numeric, whole numeric, previous numeric, previous_whole numeric, currency text,
    range_start timestamptz, range_end timestamptz, previous_start timestamptz, previous_end timestamptz
)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_column
declare
    zone text;
    money text;
    clock timestamp;
    week_start date;
    month_start timestamp;
    until timestamp;
    until_before timestamp;
    before record;
    recent record;
    earlier record;
begin
    select s.time_zone, s.currency, now() at time zone s.time_zone into zone, money, clock from vibe.sites as s where s.site_id = of_site;
    select * into recent from vibe.people_at(of_site, now());
    select * into earlier from vibe.people_at(of_site, (clock - interval '30 days') at time zone zone);
    return query
    select m.metric, m.value::numeric, null::numeric, m.previous::numeric, null::numeric, null::text,
        (clock - interval '30 days') at time zone zone, now(), null::timestamptz, (clock - interval '30 days') at time zone zone
    from (values ('total_users', recent.users, earlier.users), ('total_visitors', recent.visitors, earlier.visitors)) as m (metric, value, previous);

    return query
    select 'online_now', vibe.online_now(of_site)::numeric, null::numeric, null::numeric, null::numeric, null::text,
        null::timestamptz, now(), null::timestamptz, null::timestamptz;

    week_start := date_trunc('week', clock)::date;
    return query
    select 'new_this_week', vibe.new_users_between(of_site, r.starts, now())::numeric, null::numeric,
        vibe.new_users_between(of_site, r.starts_before, r.ends_before)::numeric, null::numeric, null::text,
        r.starts, now(), r.starts_before, r.ends_before
    from (
        select vibe.day_start(week_start, zone) as starts, vibe.day_start(week_start - 7, zone) as starts_before,
            (clock - interval '7 days') at time zone zone as ends_before
    ) as r;

    -- Who was there in 60 days and not in the last 30, of those who were there in the 30 days before these.
    select d.day into before from vibe.daily_user_stats as d
    where d.site_id = of_site and d.time_zone = zone and d.users_60_days is not null order by d.day desc limit 1;
    return query
    select 'churn_rate', (n.users_60_days - n.users_30_days)::numeric, b.users_30_days::numeric,
        (b.users_60_days - b.users_30_days)::numeric, c.users_30_days::numeric, null::text,
        vibe.day_start(before.day - 29, zone), vibe.day_start(before.day + 1, zone),
        vibe.day_start(before.day - 59, zone), vibe.day_start(before.day - 29, zone)
    from vibe.daily_user_stats as n
    left join vibe.daily_user_stats as b on b.site_id = of_site and b.day = n.day - 30
    left join vibe.daily_user_stats as c on c.site_id = of_site and c.day = n.day - 60
    where n.site_id = of_site and n.day = before.day;

    until := date_trunc('hour', clock);
    month_start := date_trunc('month', until);
    until_before := least(month_start - interval '1 month' + (until - month_start), month_start);
    return query
    select 'revenue', v.revenue, null::numeric, p.revenue, null::numeric, money, r.starts, r.ends, r.starts_before, r.ends_before
    from (
        select vibe.day_start(month_start::date, zone) as starts, until at time zone zone as ends,
            vibe.day_start((month_start - interval '1 month')::date, zone) as starts_before, until_before at time zone zone as ends_before
    ) as r
    cross join lateral vibe.revenue_between(of_site, r.starts, r.ends) as v
    cross join lateral vibe.revenue_between(of_site, r.starts_before, r.ends_before) as p;

    return query
    select 'customers', count(*)::numeric, null::numeric,
        (count(*) filter (where c.first_purchase_at < (clock - interval '30 days') at time zone zone))::numeric, null::numeric, null::text,
        (clock - interval '30 days') at time zone zone, now(), null::timestamptz, (clock - interval '30 days') at time zone zone
    from vibe.customers as c
    where c.site_id = of_site and c.order_count > 0;
end
$$;
comment on function vibe.site_metrics(integer) is
'the figures of vibe.get_crm_metrics() for one site; rates as part and whole, so that sites can be added up';
grant execute on function vibe.site_metrics(integer) to vibe_analyst;

create function vibe.site_trend(of_site integer, metric text)
returns table (place integer, part numeric, whole numeric)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
    zone constant text := (select s.time_zone from vibe.sites as s where s.site_id = of_site);
    yesterday constant date := (now() at time zone zone)::date - 1;
begin
    return query execute
        'select n, sum(c.part)::numeric, sum(c.whole)::numeric from generate_series(1, cardinality($1) - 1) as n left join ('
        || vibe.series_query(of_site, metric, yesterday - 29, yesterday, 'day', zone)
        || ') as c (place, part, whole) on c.place = n group by n'
    using vibe.step_starts(yesterday - 29, yesterday, 'day', zone);
end
$$;
comment on function vibe.site_trend(integer, text) is
'a figure of vibe.stats_series() on each of the last 30 whole days of one site; rates as part and whole, so that sites can be added up';
grant execute on function vibe.site_trend(integer, text) to vibe_analyst;

-- From the last day counted before the instant, those who came since, and those who became one person since that count. A visitor
-- who was counted as a program's and now comes as a person joins when the days are counted again.
create function vibe.people_at(of_site integer, at timestamptz, out users bigint, out visitors bigint)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    zone constant text := (select s.time_zone from vibe.sites as s where s.site_id = of_site);
    base record;
    since timestamptz;
    joined bigint;
begin
    select d.* into base from vibe.daily_user_stats as d
    where d.site_id = of_site and d.time_zone = zone and d.day < (at at time zone zone)::date order by d.day desc limit 1;
    if not found then
        select count(distinct v.user_id), count(*) into users, visitors
        from vibe.visitors as v where v.site_id = of_site and v.first_seen_at < at;
        return;
    end if;
    since := vibe.day_start(base.day + 1, zone);
    visitors := base.total_visitors + (select count(*) from vibe.visitors_between(of_site, since, at));
    -- Persons of the days counted, as they were then and as they are now, among those whom a merge touched since.
    with touched as materialized (
        select distinct m.into_user_id as person_id
        from vibe.user_merges as m
        where m.site_id = of_site and (m.merged_at >= base.calculated_at or m.undone_at >= base.calculated_at)
    ), members as (
        select t.person_id, t.person_id as visitor_id, true as was_merged from touched as t
        union
        select m.into_user_id, m.user_id,
            bool_or(m.merged_at < base.calculated_at and (m.undone_at is null or m.undone_at >= base.calculated_at))
        from vibe.user_merges as m
        join touched as t on t.person_id = m.into_user_id
        where m.site_id = of_site
        group by m.into_user_id, m.user_id
    ), known as (
        select
            case when m.was_merged then m.person_id else m.visitor_id end as then_person,
            (select coalesce(u.merged_into, u.user_id) from vibe.site_users as u where u.site_id = of_site and u.user_id = m.visitor_id) as now_person
        from members as m
        where vibe.is_visitor(of_site, m.visitor_id, since)
    )
    select count(distinct k.now_person) - count(distinct k.then_person) into joined from known as k;
    users := base.total_users + joined + vibe.new_users_between(of_site, since, at);
end
$$;
comment on function vibe.people_at(integer, timestamptz) is
'users (merged as of now) and visitors of a site first seen up to an instant, bots left out';
grant execute on function vibe.people_at(integer, timestamptz) to vibe_analyst;

create function vibe.new_users_between(of_site integer, starts_at timestamptz, ends_at timestamptz) returns bigint
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    zone constant text := (select s.time_zone from vibe.sites as s where s.site_id = of_site);
    first_whole constant date := (starts_at at time zone zone)::date
        + (vibe.day_start((starts_at at time zone zone)::date, zone) < starts_at)::integer;
    -- Whole days that are counted one after the other; what lies around them is counted here.
    counted_to date;
    counted bigint;
begin
    select max(d.day), sum(d.new_users) into counted_to, counted
    from (
        select d.day, d.new_users, row_number() over (order by d.day) as place
        from vibe.daily_user_stats as d
        where d.site_id = of_site and d.time_zone = zone and d.day >= first_whole and d.day < (ends_at at time zone zone)::date
    ) as d
    where d.day = first_whole + d.place::integer - 1;
    if counted_to is null then
        return vibe.count_new_users(of_site, starts_at, ends_at);
    end if;
    return counted + vibe.count_new_users(of_site, starts_at, vibe.day_start(first_whole, zone))
        + vibe.count_new_users(of_site, vibe.day_start(counted_to + 1, zone), ends_at);
end
$$;
comment on function vibe.new_users_between(integer, timestamptz, timestamptz) is
'users of a site first seen from starts_at up to, not including, ends_at: of days that the nightly work has counted as it did, of others as of now';
grant execute on function vibe.new_users_between(integer, timestamptz, timestamptz) to vibe_analyst;

create function vibe.count_new_users(of_site integer, starts_at timestamptz, ends_at timestamptz) returns bigint
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select count(*) from vibe.first_visits(of_site, starts_at, ends_at)
$$;
comment on function vibe.count_new_users(integer, timestamptz, timestamptz) is
'users of a site first seen from starts_at up to, not including, ends_at, counted from the visitors';
grant execute on function vibe.count_new_users(integer, timestamptz, timestamptz) to vibe_analyst;

create function vibe.first_visits(of_site integer, starts_at timestamptz, ends_at timestamptz)
returns table (user_id bigint, first_seen_at timestamptz)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select v.user_id, min(v.first_seen_at)
    from vibe.visitors_between(of_site, starts_at, ends_at) as v
    -- Nobody whose other browser came before.
    where (
        select true
        from (
            select u.user_id from vibe.site_users as u
            where v.user_id <> v.visitor_id and u.site_id = of_site and u.user_id = v.user_id and u.first_seen_at < starts_at
            union all
            select u.user_id from vibe.site_users as u where u.site_id = of_site and u.merged_into = v.user_id and u.first_seen_at < starts_at
        ) as o
        where vibe.is_visitor(of_site, o.user_id, starts_at) limit 1
    ) is null
    group by v.user_id
$$;
comment on function vibe.first_visits(integer, timestamptz, timestamptz) is
'users of a site first seen from starts_at up to, not including, ends_at, and when';
grant execute on function vibe.first_visits(integer, timestamptz, timestamptz) to vibe_analyst;

-- Looked up one by one: joined to vibe.visitors, a plan by estimates compares each with all bots.
create function vibe.visitors_between(of_site integer, starts_at timestamptz, ends_at timestamptz)
returns table (visitor_id bigint, user_id bigint, first_seen_at timestamptz)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select u.user_id, coalesce(u.merged_into, u.user_id), u.first_seen_at
    from vibe.site_users as u
    where u.site_id = of_site and u.first_seen_at >= starts_at and u.first_seen_at < ends_at
      and ((
            select true from vibe.site_sessions as b where b.site_id = of_site and b.user_id = u.user_id and b.is_bot limit 1
        ) is null or (
            select true from vibe.site_sessions as h where h.site_id = of_site and h.user_id = u.user_id and not h.is_bot limit 1
        ))
$$;
comment on function vibe.visitors_between(integer, timestamptz, timestamptz) is
'vibe.visitors of a site first seen from starts_at up to, not including, ends_at';
grant execute on function vibe.visitors_between(integer, timestamptz, timestamptz) to vibe_analyst;

create function vibe.is_visitor(of_site integer, visitor_id bigint, before timestamptz) returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select exists (select from vibe.site_users as u where u.site_id = of_site and u.user_id = is_visitor.visitor_id and u.first_seen_at < before)
        and ((
            select true from vibe.site_sessions as b where b.site_id = of_site and b.user_id = is_visitor.visitor_id and b.is_bot limit 1
        ) is null or (
            select true from vibe.site_sessions as h where h.site_id = of_site and h.user_id = is_visitor.visitor_id and not h.is_bot limit 1
        ))
$$;
comment on function vibe.is_visitor(integer, bigint, timestamptz) is 'whether a visitor is in vibe.visitors and was first seen before an instant';
grant execute on function vibe.is_visitor(integer, bigint, timestamptz) to vibe_analyst;
