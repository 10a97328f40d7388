-- Who was reached by a campaign, when, and what they bought afterwards. A subject is a person: minus the customer_id of
-- whoever is known as a customer, else the visitor after merges; so browsers and the shop's own records meet.

-- One select and no settings, so that the planner takes it apart.
create function vibe.campaign_subjects(of_site integer) returns table (user_id bigint, subject bigint)
language sql
stable
as $$
    select
        u.user_id,
        coalesce(
            -coalesce(u.customer_id, h.customer_id, (
                select min(m.customer_id) from vibe.site_users as m
                where m.site_id = u.site_id and m.merged_into = coalesce(u.merged_into, u.user_id)
            )),
            u.merged_into,
            u.user_id
        )
    from vibe.site_users as u
    left join vibe.site_users as h on h.site_id = u.site_id and h.user_id = u.merged_into
    where u.site_id = of_site
$$;
comment on function vibe.campaign_subjects(integer) is
'who each visitor of a site is to campaigns: minus a customer_id where one of the person''s browsers is known as a customer, else the user_id after merges';
grant execute on function vibe.campaign_subjects(integer) to vibe_analyst;

create function vibe.campaign_visits(of_site integer, begins timestamptz, ends timestamptz)
returns table (campaign_id bigint, user_id bigint, customer_id bigint, purchase_id bigint, at timestamptz)
language plpgsql
stable
rows 100000
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
set enable_nestloop = on
set jit = off
as $$
#variable_conflict use_column
begin
    return query
        with claims as materialized (
            select
                c.campaign_id, c.utm_campaign, c.utm_source, c.utm_medium,
                (c.utm_source is not null)::integer * 2 + (c.utm_medium is not null)::integer as says
            from vibe.campaigns as c
            where c.site_id = of_site and c.utm_campaign is not null
        ), came as (
            select
                c.*, s.user_id, null::bigint as customer_id, null::bigint as purchase_id, s.started_at as at,
                lower(s.utm_source) as source, lower(s.utm_medium) as medium
            from claims as c
            join vibe.site_sessions as s
                on s.site_id = of_site and s.utm_campaign is not null and not s.is_bot and lower(s.utm_campaign) = c.utm_campaign
            where s.started_at >= campaign_visits.begins
              and s.started_at < campaign_visits.ends
            union all
            select
                c.*, p.user_id, p.customer_id, p.purchase_id, p.purchased_at, lower(p.utm ->> 'source'), lower(p.utm ->> 'medium')
            from claims as c
            join vibe.purchases as p on p.site_id = of_site and p.utm is not null and lower(p.utm ->> 'campaign') = c.utm_campaign
            where p.purchased_at >= campaign_visits.begins
              and p.purchased_at < campaign_visits.ends
              and not p.is_refund
              and not p.is_cancelled
        )
        select v.campaign_id, v.user_id, v.customer_id, v.purchase_id, v.at
        from came as v
        where (v.utm_source is null or v.utm_source = v.source)
          and (v.utm_medium is null or v.utm_medium = v.medium)
          -- Of several campaigns the one that says most about the visit; no two say the same.
          and not exists (
              select from claims as b
              where b.utm_campaign = v.utm_campaign
                and b.says > v.says
                and (b.utm_source is null or b.utm_source = v.source)
                and (b.utm_medium is null or b.utm_medium = v.medium)
          );
end
$$;
comment on function vibe.campaign_visits(integer, timestamptz, timestamptz) is
'the visits of [begins, ends) that campaigns brought, by the parameters of their first address, and the orders of which the shop says so (purchases.utm), with their purchase_id; programs'' visits are left out';
grant execute on function vibe.campaign_visits(integer, timestamptz, timestamptz) to vibe_analyst;

create function vibe.campaign_touches(of_site integer, campaigns bigint[], begins timestamptz, ends timestamptz)
returns table (campaign_id bigint, subject bigint, at timestamptz, is_passive boolean, is_conversion boolean)
language plpgsql
stable
rows 100000
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
set enable_nestloop = on
set jit = off
as $$
#variable_conflict use_column
declare
    setting record;
    -- As a list they and a range of time are one condition of the index.
    wanted bigint[] := coalesce(campaigns, array(select c.campaign_id from vibe.campaigns as c where c.site_id = of_site));
begin
    select * into setting from vibe.campaign_setting(of_site);
    return query
        with met as materialized (
            select
                v.campaign_id, v.user_id, v.customer_id, v.at, false as is_passive, false as is_conversion,
                v.purchase_id is null as is_visit, v.purchase_id is not null as is_order
            from vibe.campaign_visits(of_site, campaign_touches.begins, campaign_touches.ends) as v
            where v.campaign_id = any (wanted)
            union all
            select
                e.campaign_id, e.user_id, e.customer_id, e.occurred_at,
                e.event_type = any (setting.passive_types), e.event_type = any (setting.conversion_types), false, false
            from vibe.campaign_events as e
            where e.site_id = of_site
              and e.campaign_id = any (wanted)
              and e.occurred_at >= campaign_touches.begins
              and e.occurred_at < campaign_touches.ends
              and (e.customer_id is not null or e.user_id is not null)
        ), persons as materialized (
            select m.*, coalesce(-m.customer_id, s.subject) as subject
            from met as m
            left join vibe.campaign_subjects(of_site) as s on s.user_id = m.user_id
            where m.customer_id is not null or s.subject is not null
        )
        select p.campaign_id, p.subject, p.at, p.is_passive, p.is_conversion
        from persons as p
        where not p.is_order
        union all
        -- What the shop says of an order is the visit that led to it, where that was tracked.
        select p.campaign_id, p.subject, p.at, p.is_passive, p.is_conversion
        from persons as p
        where p.is_order
          and not exists (
              select from persons as v
              where v.is_visit
                and v.campaign_id = p.campaign_id
                and v.subject = p.subject
                and v.at <= p.at
                and v.at > p.at - interval '24 hours'
          );
end
$$;
comment on function vibe.campaign_touches(integer, bigint[], timestamptz, timestamptz) is
'when these campaigns (all for null) met whom in [begins, ends): visits by their parameters, orders by the shop''s where no visit of the last 24 hours says the same, and campaign events; all whose person is known';
grant execute on function vibe.campaign_touches(integer, bigint[], timestamptz, timestamptz) to vibe_analyst;

create function vibe.campaign_orders(of_site integer, begins timestamptz, ends timestamptz)
returns table (purchase_id bigint, external_id text, purchased_at timestamptz, amount numeric, subject bigint, buyer bigint)
language plpgsql
stable
rows 100000
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
set enable_nestloop = on
set jit = off
as $$
#variable_conflict use_column
begin
    return query
        with orders as materialized (
            select
                p.purchase_id, p.external_id, p.purchased_at, case when p.currency = s.currency then p.amount else 0 end as amount,
                p.customer_id, p.user_id
            from vibe.purchases as p
            join vibe.sites as s using (site_id)
            where p.site_id = of_site
              and p.purchased_at >= campaign_orders.begins
              and p.purchased_at < campaign_orders.ends
              and not p.is_refund
              and not p.is_cancelled
        ), buyers as (
            select o.purchase_id, -o.customer_id as subject from orders as o where o.customer_id is not null
            union
            select o.purchase_id, s.subject
            from orders as o
            join vibe.campaign_subjects(of_site) as s on s.user_id = o.user_id
        )
        select o.purchase_id, o.external_id, o.purchased_at, o.amount, b.subject, min(b.subject) over (partition by o.purchase_id)
        from orders as o
        left join buyers as b on b.purchase_id = o.purchase_id;
end
$$;
comment on function vibe.campaign_orders(integer, timestamptz, timestamptz) is
'the orders of [begins, ends), neither refund nor cancelled, each with its buyer: two rows where it was bought in a browser that is not known to be the customer''s, of which buyer is one, null for nobody. amount is 0 in another currency than the site''s';
grant execute on function vibe.campaign_orders(integer, timestamptz, timestamptz) to vibe_analyst;

create function vibe.campaign_credits(
    of_site integer, begins timestamptz, ends timestamptz, model text default null, window_days integer default null
)
returns table (campaign_id bigint, purchase_id bigint, purchased_at timestamptz, buyer bigint, credit numeric, revenue numeric)
language plpgsql
stable
rows 100000
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
set jit = off
as $$
#variable_conflict use_column
declare
    setting record;
    span interval;
begin
    select * into setting from vibe.campaign_setting(of_site);
    model := coalesce(campaign_credits.model, setting.attribution_model);
    -- Hours and not days, whose length depends on the clock of whoever asks.
    span := make_interval(hours => 24 * coalesce(campaign_credits.window_days, setting.window_days));
    return query
        with orders as materialized (
            select * from vibe.campaign_orders(of_site, campaign_credits.begins, campaign_credits.ends)
        ), touched as (
            select o.purchase_id, o.purchased_at, o.buyer, o.amount, t.campaign_id, t.at, false as is_named
            from vibe.campaign_touches(of_site, null, campaign_credits.begins - span, campaign_credits.ends) as t
            join orders as o on o.subject = t.subject
            where t.at <= o.purchased_at
              and t.at > o.purchased_at - span
              and not t.is_passive
              and not t.is_conversion
            union all
            -- A guest's order, of which only the shop says how it came.
            select o.purchase_id, o.purchased_at, o.buyer, o.amount, v.campaign_id, o.purchased_at, false
            from orders as o
            join vibe.campaign_visits(of_site, campaign_credits.begins, campaign_credits.ends) as v on v.purchase_id = o.purchase_id
            where o.buyer is null
            union all
            -- A conversion that names the order is the last touch, whenever it was told.
            select o.purchase_id, o.purchased_at, o.buyer, o.amount, e.campaign_id, o.purchased_at, true
            from orders as o
            join vibe.campaign_events as e on e.site_id = of_site and e.order_id = o.external_id
            where e.event_type = any (setting.conversion_types)
              and o.subject is not distinct from o.buyer
        ), ranked as (
            select
                t.*,
                row_number() over (partition by t.purchase_id order by t.at, t.is_named, t.campaign_id) as place,
                row_number() over (partition by t.purchase_id order by t.at desc, t.is_named desc, t.campaign_id) as place_from_end,
                count(*) over (partition by t.purchase_id) as touches
            from touched as t
        ), shares as (
            select
                r.purchase_id, r.purchased_at, r.buyer, r.amount, r.campaign_id,
                case model when 'linear' then r.place - 1 else 0 end as from_place,
                case model when 'linear' then r.place else 1 end as to_place,
                case model when 'linear' then r.touches else 1 end as touches
            from ranked as r
            where case model when 'first' then r.place = 1 when 'last' then r.place_from_end = 1 else true end
        )
        select
            s.campaign_id, s.purchase_id, s.purchased_at, s.buyer,
            count(*)::numeric / s.touches,
            -- Cents are dealt out so that the shares of an order add up to it.
            sum(round(s.amount * s.to_place / s.touches, 2) - round(s.amount * s.from_place / s.touches, 2))
        from shares as s
        group by s.campaign_id, s.purchase_id, s.purchased_at, s.buyer, s.touches;
end
$$;
comment on function vibe.campaign_credits(integer, timestamptz, timestamptz, text, integer) is
'which campaigns get the orders of [begins, ends): credit is the share of an order (1 but with linear), revenue that share of its amount in the site''s currency; Touches up to window_days times 24 hours before the order count; a conversion that names the order is its last touch. Model and window are the site''s unless given; refunds take nothing away, since they name no order';
grant execute on function vibe.campaign_credits(integer, timestamptz, timestamptz, text, integer) to vibe_analyst;
