-- The six RFM clusters of a month as an answer has them.
create function vibe.analytics_clusters(site text default null, month text default null, as_of timestamptz default null)
returns table (
    cluster text, label text, color text, customers bigint, share numeric, revenue numeric, average_value numeric,
    previous_customers bigint, customers_change numeric
)
language plpgsql stable
rows 6
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    asked record;
begin
    select * into asked from vibe.analytics_month(analytics_clusters.site, analytics_clusters.month, analytics_clusters.as_of);
    if analytics_clusters.as_of is null or asked.through = asked.period_end then
        return query
        select
            d.cluster, d.label_en, d.color, d.customers, d.share, d.monetary, d.average_value, d.previous_customers, d.customers_change
        from vibe.rfm_distribution(asked.site_id::text, asked.month) as d;
        if found then
            return;
        end if;
    end if;
    -- Not stored, or seen from another day: scored as the orders are.
    return query
    with now_scored as (
        select s.cluster, count(*) as customers, sum(s.monetary) as monetary
        from vibe.rfm_scores(asked.site_id::text, asked.period_start, asked.through, asked.map_version) as s
        where asked.through > asked.period_start
        group by s.cluster
    ), before_scored as (
        select s.cluster, count(*) as customers
        from vibe.rfm_scores(asked.site_id::text, asked.previous_start, asked.previous_through, asked.map_version) as s
        where asked.previous_through > asked.previous_start
        group by s.cluster
    )
    select
        l.cluster,
        l.label_en,
        l.color,
        coalesce(n.customers, 0),
        round(coalesce(n.customers, 0) / sum(n.customers) over (), 4),
        coalesce(n.monetary, 0),
        round(n.monetary / n.customers, 2),
        c.customers,
        vibe.metric_change(coalesce(n.customers, 0), c.customers, 'integer')
    from vibe.rfm_cluster_labels as l
    left join now_scored as n on n.cluster = l.cluster
    left join before_scored as b on b.cluster = l.cluster
    -- On its first day a month is compared with nothing.
    cross join lateral (select case when asked.previous_through > asked.previous_start then coalesce(b.customers, 0) end as customers) as c
    order by l.worth desc;
end
$$;
comment on function vibe.analytics_clusters(text, text, timestamptz) is
'size and worth of all six RFM clusters of a month (as 2026-01; the one of as_of unless given), best first, beside their size in the month before: as vibe.rfm_distribution() has the month if it is stored and as_of is not given; else scored as the orders are, of the whole days before as_of against as many of the month before. revenue in the site''s currency';
grant execute on function vibe.analytics_clusters(text, text, timestamptz) to vibe_analyst;

create function vibe.analytics_month(
    site text, inout month text, inout as_of timestamptz,
    out site_id integer, out time_zone text, out currency text, out map_version integer,
    out period_start date, out period_end date, out through date, out previous_start date, out previous_through date
)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    today date;
begin
    select s.site_id, s.time_zone, s.currency into site_id, time_zone, currency
    from vibe.sites as s where s.site_id = vibe.site_id(site);
    if as_of > now() + interval '1 minute' or not isfinite(as_of) then
        perform vibe.refuse('as_of', as_of::text, 'must be an instant that has come');
    end if;
    as_of := least(coalesce(as_of, now()), now());
    today := (as_of at time zone time_zone)::date;
    if month is null then
        month := to_char(today, 'YYYY-MM');
    elsif month !~ '^(19|2\d)\d\d-(0[1-9]|1[0-2])$' then
        perform vibe.refuse('month', month, 'must be a month as 2026-01');
    end if;
    period_start := (month || '-01')::date;
    if period_start > today then
        perform vibe.refuse('month', month, format('must have begun: it is %s in %s', today, time_zone));
    end if;
    period_end := period_start + interval '1 month';
    previous_start := period_start - interval '1 month';
    through := least(period_end, today);
    previous_through := case when today < period_end then least(previous_start + (through - period_start), period_start) else period_start end;
    map_version := vibe.rfm_map_version(site_id::text, period_start, period_end);
end
$$;
comment on function vibe.analytics_month(text, text, timestamptz) is
'a month of a site (as 2026-01; the one of as_of unless given) as the days [period_start, through): all of it or, while it was running as of then, its whole days; and as many of the month before';
grant execute on function vibe.analytics_month(text, text, timestamptz) to vibe_analyst;
