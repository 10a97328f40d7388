create function vibe.rfm_month(site text default null, month text default null, as_of timestamptz default now())
returns table (
    month_start date,
    through timestamptz,
    is_complete boolean,
    customers bigint,
    orders bigint,
    monetary numeric,
    average_value numeric,
    previous_customers bigint,
    previous_orders bigint,
    previous_monetary numeric,
    previous_average_value numeric,
    customers_change numeric,
    average_value_change numeric,
    compared_with text
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
as $$
declare
    of_site integer := vibe.site_id(site);
    zone text;
    money char(3);
    clock timestamp;
    first_day date;
    next_month date;
    last_month date;
    until timestamp;
    until_before timestamp;
    last_begins timestamptz;
    last_ends timestamptz;
    begins timestamptz;
    ends timestamptz;
begin
    select s.time_zone, s.currency into zone, money from vibe.sites as s where s.site_id = of_site;
    clock := date_trunc('hour', as_of at time zone zone);
    first_day := coalesce((vibe.rfm_period(month)).period_start, date_trunc('month', clock)::date);
    if month is not null and month <> to_char(first_day, 'YYYY-MM') or as_of is null or not isfinite(as_of) or first_day > clock then
        raise exception 'month is %, as_of %', coalesce(quote_literal(month), 'null'), coalesce(as_of::text, 'null')
            using errcode = 'invalid_parameter_value', detail = 'It must be a month as 2026-01 that has begun at a finite as_of.';
    end if;
    next_month := first_day + interval '1 month';
    last_month := first_day - interval '1 month';
    until := least(clock, next_month);
    until_before := case when until = next_month then first_day else least(last_month + (until - first_day), first_day) end;
    last_begins := vibe.day_start(last_month, zone);
    last_ends := until_before at time zone zone;
    begins := vibe.day_start(first_day, zone);
    ends := until at time zone zone;
    return query
    with figures as (
        select
            f.is_before,
            count(*) as customers,
            sum(f.orders)::bigint as orders,
            coalesce(sum(f.monetary), 0) as monetary,
            round(avg(f.monetary), 2) as average_value
        from (
            select
                p.purchased_at < begins as is_before,
                count(*) filter (where not p.is_refund) as orders,
                sum(case when p.currency = money then p.amount else 0 end) as monetary
            from vibe.purchases as p
            where p.site_id = of_site
              and p.purchased_at >= last_begins
              and p.purchased_at < ends
              and (p.purchased_at < last_ends or p.purchased_at >= begins)
              and p.customer_id is not null
              and not p.is_cancelled
            group by 1, p.customer_id
            having count(*) filter (where not p.is_refund) > 0
        ) as f
        group by f.is_before
    )
    select
        first_day,
        ends,
        until = next_month,
        coalesce(n.customers, 0),
        coalesce(n.orders, 0),
        coalesce(n.monetary, 0),
        n.average_value,
        coalesce(b.customers, 0),
        coalesce(b.orders, 0),
        coalesce(b.monetary, 0),
        b.average_value,
        round(coalesce(n.customers, 0)::numeric / b.customers - 1, 4),
        round(n.average_value / nullif(b.average_value, 0) - 1, 4),
        case
            when until = next_month then to_char(last_month, 'YYYY-MM')
            else format('%s up to %s', to_char(last_month, 'YYYY-MM'), to_char(until_before, 'YYYY-MM-DD HH24:MI'))
        end
    from (select) as one
    left join figures as n on not n.is_before
    left join figures as b on b.is_before;
end
$$;
comment on function vibe.rfm_month(text, text, timestamptz) is
'a site''s customers of a month (the running one if left out): how many ordered, their orders, money less refunds in the site''s currency, and average value per customer; beside it the month before, up to the same day and full hour while the month is running, which compared_with tells; changes are shares of the month before. Orders after as_of are not seen';
grant execute on function vibe.rfm_month(text, text, timestamptz) to vibe_analyst;
