-- What pages and programs ask of campaigns. Rates of a range are ratios of its sums, never means of days.
create function vibe.get_campaigns(
    site text default null, start_date date default null, end_date date default null, search text default null
)
returns table (
    campaign_id bigint, name text, type text, status text, target_segment text, budget numeric, start_date date, end_date date,
    impressions bigint, clicks bigint, conversions numeric, revenue numeric, cost numeric, ctr numeric, cpc numeric, roas numeric,
    conversion_rate numeric, total_events bigint
)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    -- Arguments by number: some have the names of columns of the answer.
    with asked as materialized (select vibe.site_id($1) as site_id)
    select
        c.campaign_id, c.name, c.type, c.status, g.name, c.budget, c.start_date, c.end_date,
        coalesce(n.impressions, 0), coalesce(n.clicks, 0), round(coalesce(n.conversions, 0), 2), round(coalesce(n.revenue, 0), 2),
        round(coalesce(n.cost, 0), 2),
        round(n.clicks::numeric / nullif(n.impressions, 0), 6),
        round(n.cost / nullif(n.clicks, 0), 4),
        round(n.revenue / nullif(n.cost, 0), 4),
        round(r.converted::numeric / nullif(r.exposed, 0), 6),
        coalesce(n.total_events, 0)
    from asked as a
    join vibe.campaigns as c on c.site_id = a.site_id
    left join vibe.segments as g on g.site_id = c.site_id and g.segment_id = c.segment_id
    left join (
        select
            d.campaign_id, sum(d.total_events)::bigint as total_events, sum(d.impressions)::bigint as impressions,
            sum(d.clicks)::bigint as clicks, sum(d.conversions) as conversions, sum(d.revenue) as revenue, sum(d.cost) as cost
        from asked as a
        cross join lateral vibe.campaign_daily(a.site_id, null, $2, $3) as d
        group by d.campaign_id
    ) as n on n.campaign_id = c.campaign_id
    left join (
        select p.campaign_id, p.exposed, p.converted
        from asked as a
        cross join lateral vibe.campaign_reach(a.site_id, null, $2, $3, false) as p
    ) as r on r.campaign_id = c.campaign_id
    where $4 is null or strpos(lower(concat_ws(' ', c.name, c.type, c.utm_campaign, g.name)), lower($4)) > 0
    order by c.start_date desc nulls last, c.campaign_id desc
$$;
comment on function vibe.get_campaigns(text, date, date, text) is
'the campaigns of a site, the latest first, with their figures of the days from start_date to end_date (all days for null); search is part of the name, type, utm_campaign or segment. See vibe.get_campaign_performance() for the figures';
grant execute on function vibe.get_campaigns(text, date, date, text) to vibe_analyst;

create function vibe.get_campaign(campaign_id bigint) returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    of_site integer := vibe.campaign_site(get_campaign.campaign_id);
begin
    return (
        select to_jsonb(c) - '{site_id,segment_id}'::text[] || jsonb_build_object('site', s.name, 'currency', s.currency, 'target_segment', g.name)
        from vibe.campaigns as c
        join vibe.sites as s using (site_id)
        left join vibe.segments as g on g.site_id = c.site_id and g.segment_id = c.segment_id
        where c.site_id = of_site and c.campaign_id = get_campaign.campaign_id
    );
end
$$;
comment on function vibe.get_campaign(bigint) is 'a campaign as it was made, as JSON: the columns of vibe.campaigns, with site, currency and target_segment by name';
grant execute on function vibe.get_campaign(bigint) to vibe_analyst;

create function vibe.get_campaign_performance(
    campaign_id bigint,
    start_date date default null,
    end_date date default null,
    out total_events bigint,
    out exposed bigint,
    out converted bigint,
    out conversion_rate numeric,
    out event_conversion_rate numeric,
    out impressions bigint,
    out clicks bigint,
    out conversions numeric,
    out revenue numeric,
    out cost numeric,
    out ctr numeric,
    out cpc numeric,
    out roas numeric
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    of_site integer := vibe.campaign_site(get_campaign_performance.campaign_id);
begin
    select
        n.total_events, coalesce(r.exposed, 0), coalesce(r.converted, 0),
        round(r.converted::numeric / nullif(r.exposed, 0), 6),
        round(n.conversion_events::numeric / nullif(n.total_events, 0), 6),
        n.impressions, n.clicks, round(n.conversions, 2), round(n.revenue, 2), round(n.cost, 2),
        round(n.clicks::numeric / nullif(n.impressions, 0), 6),
        round(n.cost / nullif(n.clicks, 0), 4),
        round(n.revenue / nullif(n.cost, 0), 4)
    into total_events, exposed, converted, conversion_rate, event_conversion_rate, impressions, clicks, conversions, revenue, cost, ctr, cpc, roas
    from (
        select
            coalesce(sum(d.total_events), 0)::bigint as total_events, coalesce(sum(d.conversion_events), 0) as conversion_events,
            coalesce(sum(d.impressions), 0)::bigint as impressions, coalesce(sum(d.clicks), 0)::bigint as clicks,
            coalesce(sum(d.conversions), 0) as conversions, coalesce(sum(d.revenue), 0) as revenue, coalesce(sum(d.cost), 0) as cost
        from vibe.campaign_daily(
            of_site, array[get_campaign_performance.campaign_id], get_campaign_performance.start_date, get_campaign_performance.end_date
        ) as d
    ) as n
    left join vibe.campaign_reach(
        of_site, array[get_campaign_performance.campaign_id], get_campaign_performance.start_date, get_campaign_performance.end_date, false
    ) as r on true;
end
$$;
comment on function vibe.get_campaign_performance(bigint, date, date) is
'figures of a campaign over the days from start_date to end_date (all for null): conversion_rate is converted ÷ exposed, different people both, see vibe.campaign_reach(); event_conversion_rate is the share of its events that are conversions; the rest as in vibe.campaign_daily(), with ctr = clicks ÷ impressions, cpc = cost ÷ clicks, roas = revenue ÷ cost, null where nothing is to divide by';
grant execute on function vibe.get_campaign_performance(bigint, date, date) to vibe_analyst;

create function vibe.campaign_days(campaign_id bigint, start_date date default null, end_date date default null)
returns table (
    date date, total_events bigint, exposed bigint, converted bigint, conversion_rate numeric, event_conversion_rate numeric,
    impressions bigint, clicks bigint, conversions numeric, revenue numeric, cost numeric, ctr numeric, cpc numeric, roas numeric
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    of_site integer := vibe.campaign_site(campaign_days.campaign_id);
    zone text := (select s.time_zone from vibe.sites as s where s.site_id = of_site);
    last_day date := coalesce(campaign_days.end_date, greatest((now() at time zone zone)::date, campaign_days.start_date));
    first_day date := coalesce(campaign_days.start_date, last_day - 29);
begin
    perform vibe.campaign_range(of_site, first_day, last_day);
    if last_day - first_day > 3660 then
        raise exception 'start_date is %', first_day
            using errcode = 'invalid_parameter_value', detail = format('start_date must be at most 3660 days before end_date %s.', last_day);
    end if;
    return query
        select
            (first_day + g.n)::date,
            coalesce(d.total_events, 0), coalesce(r.exposed, 0), coalesce(r.converted, 0),
            round(r.converted::numeric / nullif(r.exposed, 0), 6),
            round(d.conversion_events::numeric / nullif(d.total_events, 0), 6),
            coalesce(d.impressions, 0), coalesce(d.clicks, 0), round(coalesce(d.conversions, 0), 2), round(coalesce(d.revenue, 0), 2),
            round(coalesce(d.cost, 0), 2),
            round(d.clicks::numeric / nullif(d.impressions, 0), 6),
            round(d.cost / nullif(d.clicks, 0), 4),
            round(d.revenue / nullif(d.cost, 0), 4)
        from generate_series(0, last_day - first_day) as g (n)
        left join vibe.campaign_daily(of_site, array[campaign_days.campaign_id], first_day, last_day) as d
            on d.day = first_day + g.n
        left join vibe.campaign_reach(of_site, array[campaign_days.campaign_id], first_day, last_day, true) as r
            on r.day = first_day + g.n
        order by g.n;
end
$$;
comment on function vibe.campaign_days(bigint, date, date) is
'figures of a campaign on each day from start_date to end_date, both included (the last 30 unless given), as vibe.get_campaign_performance() has them. Who is met on several days is exposed on each, so exposed and converted do not add up to the range''s';
grant execute on function vibe.campaign_days(bigint, date, date) to vibe_analyst;

create function vibe.campaign_attribution(
    site text default null,
    start_date date default null,
    end_date date default null,
    model text default null,
    window_days integer default null
)
returns table (campaign_id bigint, name text, orders numeric, customers bigint, revenue numeric)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    of_site integer := vibe.site_id(site);
    span record;
begin
    if model not in ('first', 'last', 'linear') then
        raise exception 'model is %', quote_literal(left(model, 120))
            using errcode = 'invalid_parameter_value', detail = 'model must be first, last or linear.';
    elsif window_days not between 1 and 365 then
        raise exception 'window_days is %', window_days
            using errcode = 'invalid_parameter_value', detail = 'window_days must be 1 to 365.';
    end if;
    select * into span from vibe.campaign_range(of_site, campaign_attribution.start_date, campaign_attribution.end_date);
    return query
        select c.campaign_id, c.name, round(coalesce(r.orders, 0), 4), coalesce(r.customers, 0), round(coalesce(r.revenue, 0), 2)
        from vibe.campaigns as c
        left join (
            select k.campaign_id, sum(k.credit) as orders, count(distinct k.buyer) as customers, sum(k.revenue) as revenue
            from vibe.campaign_credits(of_site, span.begins, span.ends, model, window_days) as k
            group by k.campaign_id
        ) as r on r.campaign_id = c.campaign_id
        where c.site_id = of_site
        order by coalesce(r.revenue, 0) desc, coalesce(r.orders, 0) desc, c.campaign_id;
end
$$;
comment on function vibe.campaign_attribution(text, date, date, text, integer) is
'what the orders of the days from start_date to end_date (all for null) are due to: first, last or linear share by the campaigns that touched the buyer in the window_days times 24 hours before; model and window are the site''s settings unless given. orders are shares of orders with linear, customers the different buyers, revenue in the site''s currency. Orders that no campaign touched are in no row';
grant execute on function vibe.campaign_attribution(text, date, date, text, integer) to vibe_analyst;

create function vibe.report_campaign_day(
    campaign_id bigint,
    date date,
    impressions bigint default null,
    clicks bigint default null,
    conversions numeric default null,
    revenue numeric default null,
    cost numeric default null
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    of_site integer := vibe.campaign_site(report_campaign_day.campaign_id, 'member');
    bad record;
begin
    select r.* into bad
    from (values
        ('date', report_campaign_day.date::text,
            coalesce(report_campaign_day.date >= '2000-01-01' and report_campaign_day.date < '2200-01-01', false), 'must be in the years 2000 to 2199'),
        ('impressions', report_campaign_day.impressions::text, coalesce(report_campaign_day.impressions >= 0, true), 'must be 0 or more'),
        ('clicks', report_campaign_day.clicks::text, coalesce(report_campaign_day.clicks >= 0, true), 'must be 0 or more'),
        ('conversions', report_campaign_day.conversions::text, coalesce(report_campaign_day.conversions between 0 and 999999999999, true), 'must be 0 to 999999999999'),
        ('revenue', report_campaign_day.revenue::text, coalesce(report_campaign_day.revenue between 0 and 999999999999, true), 'must be 0 to 999999999999'),
        ('cost', report_campaign_day.cost::text, coalesce(report_campaign_day.cost between 0 and 999999999999, true), 'must be 0 to 999999999999')
    ) as r (field, given, is_good, rule)
    where not r.is_good
    limit 1;
    if found then
        raise exception '% is %', bad.field, coalesce(bad.given, 'null')
            using errcode = 'invalid_parameter_value', detail = format('%s %s.', bad.field, bad.rule);
    end if;
    insert into vibe.campaign_performance as p (site_id, campaign_id, date, impressions, clicks, conversions, revenue, cost)
    values (
        of_site, report_campaign_day.campaign_id, report_campaign_day.date, report_campaign_day.impressions, report_campaign_day.clicks,
        report_campaign_day.conversions, report_campaign_day.revenue, report_campaign_day.cost
    )
    on conflict on constraint campaign_performance_pkey do update set
        impressions = excluded.impressions, clicks = excluded.clicks, conversions = excluded.conversions,
        revenue = excluded.revenue, cost = excluded.cost, reported_at = now();
end
$$;
comment on function vibe.report_campaign_day(bigint, date, bigint, bigint, numeric, numeric, numeric) is
'stores what an advertising network or staff say of a campaign''s day, in place of what was said before; null is not known and counted instead';
grant execute on function vibe.report_campaign_day(bigint, date, bigint, bigint, numeric, numeric, numeric) to vibe_member;
