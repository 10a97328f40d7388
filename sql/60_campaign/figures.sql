-- Figures of campaigns by day: what was reported, and what is counted where nothing was.
create function vibe.campaign_range(of_site integer, start_date date, end_date date, out begins timestamptz, out ends timestamptz)
language plpgsql
stable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
    zone text := (select s.time_zone from vibe.sites as s where s.site_id = of_site);
    bad record;
begin
    select r.* into bad
    from (values
        ('start_date', start_date, coalesce(start_date >= '1900-01-01' and start_date < '2200-01-01', true), 'must be in the years 1900 to 2199'),
        ('end_date', end_date, coalesce(end_date >= '1900-01-01' and end_date < '2200-01-01', true), 'must be in the years 1900 to 2199'),
        ('end_date', end_date, coalesce(end_date >= start_date, true), format('must not be before start_date %s', start_date))
    ) as r (field, given, is_good, rule)
    where not r.is_good
    limit 1;
    if found then
        raise exception '% is %', bad.field, bad.given
            using errcode = 'invalid_parameter_value', detail = format('%s %s.', bad.field, bad.rule);
    end if;
    begins := coalesce(vibe.day_start(start_date, zone), '-infinity');
    ends := coalesce(vibe.day_start(end_date + 1, zone), 'infinity');
end
$$;
comment on function vibe.campaign_range(integer, date, date) is
'the instants [begins, ends) of the days from start_date to end_date by the site''s clock; null is without end';
grant execute on function vibe.campaign_range(integer, date, date) to vibe_analyst;

create function vibe.campaign_daily(of_site integer, campaigns bigint[], start_date date, end_date date)
returns table (
    campaign_id bigint, day date, total_events bigint, conversion_events bigint,
    impressions bigint, clicks bigint, conversions numeric, revenue numeric, cost numeric
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
set enable_nestloop = off
set jit = off
as $$
#variable_conflict use_column
declare
    zone text := (select s.time_zone from vibe.sites as s where s.site_id = of_site);
    setting record;
    span record;
    wanted bigint[] := coalesce(campaigns, array(select c.campaign_id from vibe.campaigns as c where c.site_id = of_site));
begin
    select * into setting from vibe.campaign_setting(of_site);
    select * into span from vibe.campaign_range(of_site, campaign_daily.start_date, campaign_daily.end_date);
    return query
        with told as (
            select
                e.campaign_id, vibe.local_day(e.occurred_at, zone) as day, e.event_type, e.value, e.cost,
                e.event_type = any (setting.conversion_types) as is_conversion,
                -- An order that the shop knows is counted itself. Asked one by one, or all orders there are would be read.
                e.order_id is not null and (
                    select p.purchase_id from vibe.purchases as p where p.site_id = of_site and p.external_id = e.order_id
                ) is not null as is_order
            from vibe.campaign_events as e
            where e.site_id = of_site
              and e.campaign_id = any (wanted)
              and e.occurred_at >= span.begins
              and e.occurred_at < span.ends
        ), events as (
            select
                e.campaign_id,
                e.day,
                count(*) as total_events,
                count(*) filter (where e.is_conversion) as conversion_events,
                count(*) filter (where e.event_type = 'impression') as impressions,
                count(*) filter (where e.event_type = 'click') as clicks,
                count(*) filter (where e.is_conversion and not e.is_order) as conversions,
                sum(e.value) filter (where e.is_conversion and not e.is_order) as revenue,
                sum(e.cost) as cost
            from told as e
            group by e.campaign_id, e.day
        ), orders as (
            select r.campaign_id, vibe.local_day(r.purchased_at, zone) as day, sum(r.credit) as conversions, sum(r.revenue) as revenue
            from vibe.campaign_credits(of_site, span.begins, span.ends) as r
            where r.campaign_id = any (wanted)
            group by 1, 2
        ), reported as (
            select p.*
            from vibe.campaign_performance as p
            where p.site_id = of_site
              and p.campaign_id = any (wanted)
              and p.date >= coalesce(campaign_daily.start_date, '-infinity')
              and p.date <= coalesce(campaign_daily.end_date, 'infinity')
        ), days as (
            select e.campaign_id, e.day from events as e
            union
            select o.campaign_id, o.day from orders as o
            union
            select r.campaign_id, r.date from reported as r
        )
        select
            d.campaign_id,
            d.day,
            coalesce(e.total_events, 0),
            coalesce(e.conversion_events, 0),
            coalesce(r.impressions, e.impressions, 0),
            coalesce(r.clicks, e.clicks, 0),
            coalesce(r.conversions, coalesce(e.conversions, 0) + coalesce(o.conversions, 0)),
            coalesce(r.revenue, coalesce(e.revenue, 0) + coalesce(o.revenue, 0)),
            coalesce(r.cost, e.cost, 0)
        from days as d
        left join events as e on e.campaign_id = d.campaign_id and e.day = d.day
        left join orders as o on o.campaign_id = d.campaign_id and o.day = d.day
        left join reported as r on r.campaign_id = d.campaign_id and r.date = d.day;
end
$$;
comment on function vibe.campaign_daily(integer, bigint[], date, date) is
'figures of these campaigns (all for null) by day of the site''s calendar, days without any left out. impressions, clicks, conversions, revenue and cost are as reported in vibe.campaign_performance; what was not reported is counted: events of the types impression and click, conversions of the site''s types and the orders attributed to the campaign, their worth, and the cost of events. conversion_events are those of total_events that are conversions';
grant execute on function vibe.campaign_daily(integer, bigint[], date, date) to vibe_analyst;

create function vibe.campaign_reach(of_site integer, campaigns bigint[], start_date date, end_date date, by_day boolean)
returns table (campaign_id bigint, day date, exposed bigint, converted bigint)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
set enable_nestloop = off
set jit = off
as $$
#variable_conflict use_column
declare
    zone text := (select s.time_zone from vibe.sites as s where s.site_id = of_site);
    within interval;
    span record;
begin
    select make_interval(hours => 24 * s.window_days) into within from vibe.campaign_setting(of_site) as s;
    select * into span from vibe.campaign_range(of_site, campaign_reach.start_date, campaign_reach.end_date);
    return query
        with touches as materialized (
            select t.campaign_id, t.subject, t.at, t.is_conversion
            from vibe.campaign_touches(of_site, campaigns, span.begins, span.ends + within) as t
        ), exposures as materialized (
            select t.campaign_id, case when by_day then vibe.local_day(t.at, zone) end as day, t.subject, t.at
            from touches as t
            where t.at < span.ends
        ), buyers as materialized (
            select distinct o.subject, o.purchased_at as at
            from vibe.campaign_orders(of_site, span.begins, span.ends + within) as o
            where o.subject is not null
        ), converted as (
            select x.campaign_id, x.day, x.subject
            from exposures as x
            join buyers as b on b.subject = x.subject and b.at >= x.at and b.at < x.at + within
            union
            select x.campaign_id, x.day, x.subject
            from exposures as x
            join touches as t on t.campaign_id = x.campaign_id and t.subject = x.subject and t.is_conversion
                and t.at >= x.at and t.at < x.at + within
        )
        select x.campaign_id, x.day, x.subjects, coalesce(c.subjects, 0)
        from (
            select e.campaign_id, e.day, count(distinct e.subject) as subjects from exposures as e group by e.campaign_id, e.day
        ) as x
        left join (
            select v.campaign_id, v.day, count(*) as subjects from converted as v group by v.campaign_id, v.day
        ) as c on c.campaign_id = x.campaign_id and c.day is not distinct from x.day;
end
$$;
comment on function vibe.campaign_reach(integer, bigint[], date, date, boolean) is
'how many different people these campaigns (all for null) met in the range or on each of its days, and how many of those had a conversion of the campaign or bought within the site''s window afterwards, so that the share is never above 1. People whose browser was merged or who are the same customer are one; events without a person are in neither';
grant execute on function vibe.campaign_reach(integer, bigint[], date, date, boolean) to vibe_analyst;
