-- All that is kept by day is that of the site's calendar: with another clock it goes, and is counted again from what it was counted of.
-- Days that are not there are counted live by every report, so that nothing is ever shown that mixes two calendars.
create function vibe.set_time_zone(site text, time_zone text, at_once boolean default null) returns boolean
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    of_site integer := vibe.site_id(site, 'owner');
    old_zone text;
    kept_from date;
    opening date;
    yesterday date;
begin
    if not exists (select from pg_catalog.pg_timezone_names as z where z.name = time_zone) then
        perform vibe_private.fail(
            format('time zone "%s" is unknown', coalesce(time_zone, 'null')), hint => 'use an IANA name such as America/Sao_Paulo'
        );
    end if;
    yesterday := (now() at time zone time_zone)::date - 1;
    perform vibe_private.take_all_turns(of_site);
    select s.time_zone, s.events_from into old_zone, kept_from from vibe.sites as s where s.site_id = of_site for no key update;
    if old_zone = time_zone then
        return true;
    end if;
    -- The first day of the new calendar whose events are all there.
    kept_from := kept_from + (vibe.day_start(kept_from, time_zone) < vibe.day_start(kept_from, old_zone))::integer;
    -- The trigger of commerce marks all days of revenue.
    update vibe.sites as s set time_zone = time_zone, events_from = kept_from where s.site_id = of_site;
    at_once := coalesce(at_once, (
        select count(*) from (select from vibe.user_days as d where d.site_id = of_site limit 100001) as d
    ) <= 100000);
    perform vibe_private.forget_days(of_site, coalesce(kept_from, '-infinity'));
    -- Months are few and their figures made of orders alone.
    perform vibe.calculate_rfm(of_site::text, p.period_start, p.period_end)
    from (select distinct a.period_start, a.period_end from vibe.rfm_analysis as a where a.site_id = of_site) as p
    where p.period_start <= yesterday + 1;
    select greatest(kept_from, least((s.created_at at time zone time_zone)::date, (
        (select min(u.first_seen_at) from vibe.site_users as u where u.site_id = of_site) at time zone time_zone
    )::date)) into opening from vibe.sites as s where s.site_id = of_site;
    if at_once then
        perform vibe_private.refresh_revenue(of_site), vibe_private.refresh_customer_days(of_site);
        perform vibe_private.calculate_nightly(of_site, opening, yesterday);
    end if;
    update vibe.job_runs as r
    -- The job begins with the last day that it has done.
    set done_through = case when at_once then yesterday else kept_from end, error = null, failures = 0, next_try_at = null
    where r.site_id = of_site and r.job = 'nightly';
    return at_once;
end
$$;
comment on function vibe.set_time_zone(text, text, boolean) is
'gives a site another clock and counts everything kept by day again: visitors'' days, daily figures, conversions, funnels, revenue, RFM periods. Small sites (100,000 days of visitors; all, none with at_once true, false) at once: true; larger ones by the next vibe.run_due(), false: until then reports count from events, and daily_stats has no such days. Days whose events were removed stay those of the old clock and are provisional for ever. Owners only. Definer: nobody may write sites directly';
grant execute on function vibe.set_time_zone(text, text, boolean) to vibe_member;

create function vibe_private.forget_days(of_site integer, since date) returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
    delete from vibe.daily_user_stats as d where d.site_id = of_site and d.day >= since;
    delete from vibe.user_days as d where d.site_id = of_site and d.day >= since;
    delete from vibe.goal_conversions as d where d.site_id = of_site and d.day >= since;
    delete from vibe.daily_funnel_stats as d where d.site_id = of_site and d.day >= since;
    delete from vibe_private.dirty_days as d where d.site_id = of_site
$$;
comment on function vibe_private.forget_days(integer, date) is 'takes away what was counted of a site''s days that can be counted again';
