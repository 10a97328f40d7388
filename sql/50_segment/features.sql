create function vibe.customer_features(site text default null, as_of timestamptz default now())
returns table (
    customer_id bigint,
    measured_at timestamptz,
    feature_version integer,
    recency_days integer,
    tenure_days integer,
    order_count bigint,
    total_spent numeric,
    average_order numeric,
    purchase_frequency numeric,
    foreign_orders bigint,
    age integer,
    sessions_90d bigint,
    page_views_90d bigint
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    of_site integer := vibe.site_id(customer_features.site);
begin
    return query
    with s as materialized (
        select s.site_id, s.currency, s.time_zone, (customer_features.as_of at time zone s.time_zone)::date as today
        from vibe.sites as s
        where s.site_id = of_site
    ), bought as (
        select
            p.customer_id,
            count(*) filter (where not p.is_refund) as orders,
            coalesce(sum(p.amount) filter (where p.currency = s.currency), 0) as spent,
            sum(p.amount) filter (where p.currency = s.currency and not p.is_refund) as ordered,
            count(*) filter (where p.currency <> s.currency and not p.is_refund) as foreign_orders,
            min(p.purchased_at) filter (where not p.is_refund) as first_at,
            max(p.purchased_at) filter (where not p.is_refund) as last_at
        from s
        join vibe.purchases as p using (site_id)
        where p.purchased_at < customer_features.as_of
          and p.customer_id is not null
          and not p.is_cancelled
        group by p.customer_id
        having count(*) filter (where not p.is_refund) > 0
    ), visits as (
        select o.customer_id, count(*) as sessions, sum(n.page_views) as page_views
        from s
        join vibe.site_sessions as n using (site_id)
        join vibe.site_users as u using (site_id, user_id)
        join vibe.site_users as o on o.site_id = u.site_id and o.user_id = coalesce(u.merged_into, u.user_id)
        where n.started_at >= customer_features.as_of - interval '90 days'
          and n.started_at < customer_features.as_of
          and not n.is_bot
          and o.customer_id is not null
        group by o.customer_id
    )
    select
        b.customer_id,
        customer_features.as_of,
        1,
        s.today - (b.last_at at time zone s.time_zone)::date,
        s.today - (b.first_at at time zone s.time_zone)::date,
        b.orders,
        b.spent,
        round(b.ordered / nullif(b.orders - b.foreign_orders, 0), 2),
        case when b.orders > 1 then
            round((b.orders - 1) * 30 / greatest(extract(epoch from b.last_at - b.first_at) / 86400, 1), 4)
        end,
        b.foreign_orders,
        extract(year from pg_catalog.age(s.today, c.birth_date))::integer,
        coalesce(v.sessions, 0),
        coalesce(v.page_views, 0)::bigint
    from s
    join vibe.customers as c using (site_id)
    join bought as b using (customer_id)
    left join visits as v using (customer_id);
end
$$;
comment on function vibe.customer_features(text, timestamptz) is
'what models know about each customer who had ordered before as_of, from what was bought and visited before as_of alone: recency_days and tenure_days = days from the last and first order to as_of, by the site''s calendar; order_count = orders neither refunded rows nor cancelled; total_spent = orders less refunds in the site''s currency, average_order before refunds; purchase_frequency = orders per 30 days between first (not counted) and last order, null before the second; foreign_orders are in another currency and count as no money; age in years, null if unknown; visits and page views of the last 90 days, bots left out. measured_at repeats as_of; feature_version changes when a meaning does';
grant execute on function vibe.customer_features(text, timestamptz) to vibe_analyst;
