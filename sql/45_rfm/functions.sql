create function vibe.rfm_unpack(scores bytea, clusters text[] default null) returns setof vibe.rfm_score
language c
stable
parallel safe
rows 100000
as 'MODULE_PATHNAME', 'vibe_rfm_unpack';
comment on function vibe.rfm_unpack(bytea, text[]) is
'the rows in a value of vibe.rfm_pack, in the order of customer; clusters: names for the 125 cells in the order of r, f and m score, as vibe.rfm_map() gives them, instead of those of version 1';
grant execute on function vibe.rfm_unpack(bytea, text[]) to vibe_analyst;

-- A plan is made for the period that is asked for: one for any period would take it for a few orders.
create function vibe.rfm_packed(site text, period_start date, period_end date) returns bytea
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
as $$
declare
    of_site integer := vibe.site_id(site);
    zone text;
    money char(3);
    starts timestamptz;
    ends timestamptz;
    packed bytea;
begin
    if period_start is null or period_end is null or not isfinite(period_start) or not isfinite(period_end)
        or period_start >= period_end then
        raise exception 'the period from % to % has no day', coalesce(rfm_packed.period_start::text, 'null'),
            coalesce(rfm_packed.period_end::text, 'null')
            using errcode = 'invalid_parameter_value', hint = 'period_end is the day after the last one';
    end if;
    select s.time_zone, s.currency, vibe.day_start(rfm_packed.period_start, s.time_zone), vibe.day_start(rfm_packed.period_end, s.time_zone)
    into zone, money, starts, ends
    from vibe.sites as s
    where s.site_id = of_site;
    select vibe.rfm_pack(
        p.customer_id, p.purchased_at, p.amount, p.is_refund, rfm_packed.period_end, zone, p.currency <> money
    )
    into packed
    from vibe.purchases as p
    where p.site_id = of_site
      and p.purchased_at >= starts
      and p.purchased_at < ends
      and p.customer_id is not null
      and not p.is_cancelled;
    return packed;
end
$$;
comment on function vibe.rfm_packed(text, date, date) is
'the scores that vibe.rfm_scores() unpacks';
grant execute on function vibe.rfm_packed(text, date, date) to vibe_analyst;

create function vibe.rfm_scores(site text, period_start date, period_end date, map_version integer default null)
returns table (
    customer_id bigint,
    recency integer,
    frequency integer,
    monetary numeric,
    r_score integer,
    f_score integer,
    m_score integer,
    cluster text,
    small_n boolean,
    foreign_orders integer
)
language sql
stable
rows 100000
as $$
    select s.customer_id, s.recency, s.frequency, s.monetary, s.r_score, s.f_score, s.m_score, s.cluster, s.small_n, s.foreign_orders
    from vibe.rfm_unpack(
        vibe.rfm_packed(site, period_start, period_end),
        vibe.rfm_map(coalesce(map_version, vibe.rfm_map_version(site, period_start, period_end)))
    ) as s
$$;
comment on function vibe.rfm_scores(text, date, date, integer) is
'scores the customers who ordered from period_start up to, not including, period_end (days of the site''s clock), in the order of customer; stores nothing. Refunds lower monetary and are no orders; orders in another currency than the site''s are orders without money, counted by foreign_orders; guests and cancelled orders are left out. map_version: of the cluster map, else vibe.rfm_map_version()';
grant execute on function vibe.rfm_scores(text, date, date, integer) to vibe_analyst;

create function vibe.rfm_scores(site text, period text)
returns table (
    customer_id bigint,
    recency integer,
    frequency integer,
    monetary numeric,
    r_score integer,
    f_score integer,
    m_score integer,
    cluster text,
    small_n boolean,
    foreign_orders integer
)
language sql
stable
rows 100000
as $$
    select s.*
    from vibe.rfm_period(period) as p
    cross join lateral vibe.rfm_scores(site, p.period_start, p.period_end) as s
$$;
comment on function vibe.rfm_scores(text, text) is 'vibe.rfm_scores() of a period as 2026-01 or 2026-01-05..2026-02-04';
grant execute on function vibe.rfm_scores(text, text) to vibe_analyst;
