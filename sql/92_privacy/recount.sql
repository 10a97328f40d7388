create function vibe_private.recount_without(
    of_site integer, since date, first_day date, last_day date, period_starts date[], period_ends date[]
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    kept record;
    days record;
begin
    select s.time_zone, coalesce(s.events_from, '-infinity') as events_from,
        (select min(d.day) from vibe.daily_user_stats as d where d.site_id = of_site) as first_counted,
        (select max(d.day) from vibe.daily_user_stats as d where d.site_id = of_site) as last_counted
    into kept
    from vibe.sites as s where s.site_id = of_site;
    -- Only days on which the person did something can be the days of an entry; older ones have been seen to already.
    select greatest(first_day, kept.events_from, last_day - 3660) as first,
        (select least(last_day, max(d.day)) from vibe.daily_funnel_stats as d where d.site_id = of_site) as last
    into days;
    if days.first <= days.last then
        perform vibe.calculate_funnel_days(of_site::text, days.first, days.last);
    end if;
    -- From the roll-ups alone, which have just lost the person: that also serves days whose events are gone. To the last day,
    -- since the totals of users run on.
    since := greatest(since, kept.first_counted);
    while since <= kept.last_counted loop
        perform vibe_private.calculate_day_figures(
            of_site, since, vibe.day_starts(since, least(kept.last_counted, since + 999), kept.time_zone)
        );
        since := since + 1000;
    end loop;
    perform vibe.calculate_rfm(of_site::text, p.period_start, p.period_end)
    from unnest(period_starts, period_ends) as p (period_start, period_end);
    perform vibe_private.refresh_revenue(of_site), vibe_private.refresh_customer_days(of_site);
    perform vibe_private.refresh_clusters(of_site);
    perform vibe_private.refresh_segments(of_site);
end
$$;
comment on function vibe_private.recount_without(integer, date, date, date, date[], date[]) is
'after an erasure: counts the daily figures since a day, funnels from first_day to last_day, RFM of these periods, revenue, clusters'' members and segments of one site again';
