-- Lays the plan of a demo site into the tables; each function is one set-wise statement ordered by its table's keys.

create function vibe_private.demo_site_steps(of_site integer)
returns table (
    seed integer,
    visitor integer,
    visit integer,
    visitor_id text,
    started_at timestamptz,
    step integer,
    occurred_at timestamptz,
    event_name text,
    page text,
    title text,
    product integer,
    quantity integer,
    is_bot boolean,
    is_live boolean
)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select
        d.seed, p.visitor, p.visit, vibe_private.demo_id(d.seed, 'visitor', p.visitor)::text, p.started_at, p.step, p.occurred_at,
        p.event_name, p.page, p.title, p.product, p.quantity, p.is_bot, p.is_live
    from vibe_private.demo_sites as d
    join vibe.sites as s using (site_id)
    cross join lateral vibe_private.demo_steps(d.seed, d.visitors, d.days, d.ends, s.time_zone) as p
    where d.site_id = of_site
$$;
comment on function vibe_private.demo_site_steps(integer) is 'the steps of one demo site; visitor_id is the anonymous id';

-- Who reaches the checkout has said who he is; who has bought is a customer.
create function vibe_private.write_demo_users(of_site integer) returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
    with people as materialized (
        select
            p.*,
            n.name,
            lower(replace(n.name, ' ', '.')) || '.' || p.visitor || '@mail.example' as email
        from (
            select
                s.seed,
                s.visitor,
                s.visitor_id,
                min(s.occurred_at) as first_seen_at,
                max(s.occurred_at) as last_seen_at,
                min(s.occurred_at) filter (where s.event_name = 'purchase') as customer_since,
                bool_or(s.event_name in ('checkout', 'purchase'))
                    or not bool_or(s.is_bot) and vibe_private.demo_chance(s.seed, 'known', s.visitor) < 0.06 as is_known
            from vibe_private.demo_site_steps(of_site) as s
            group by s.seed, s.visitor, s.visitor_id
        ) as p
        cross join lateral vibe_private.demo_name(p.seed, p.visitor) as n (name)
    ), buyers as (
        insert into vibe.customers (site_id, external_id, name, email, created_at)
        select of_site, p.email, p.name, p.email, p.customer_since
        from people as p
        where p.customer_since is not null
        order by p.visitor
        returning customer_id, external_id
    )
    insert into vibe.site_users (
        site_id, anonymous_id, external_id, name, email, customer_id, segment, first_seen_at, last_seen_at
    )
    select
        of_site,
        p.visitor_id,
        case when p.is_known then p.email end,
        case when p.is_known then p.name end,
        case when p.is_known then p.email end,
        b.customer_id,
        case when b.customer_id is not null then 'customer' when p.is_known then 'lead' end,
        p.first_seen_at,
        p.last_seen_at
    from people as p
    left join buyers as b on b.external_id = p.email
    order by p.visitor
$$;
comment on function vibe_private.write_demo_users(integer) is 'customers and visitors of a demo site';

create function vibe_private.write_demo_sessions(of_site integer) returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
    insert into vibe.site_sessions (
        site_id, user_id, started_at, last_seen_at, page_views, events, host, entry_page, entry_query, exit_page,
        referrer, referrer_domain, channel, utm_source, utm_medium, utm_campaign,
        device, browser, os, user_agent, is_bot, bot_reasons
    )
    select
        of_site,
        u.user_id,
        v.started_at,
        v.last_seen_at,
        v.page_views,
        v.events,
        'hearth-and-hill.example',
        v.entry_page,
        nullif(substr(c.query, 2), ''),
        v.exit_page,
        c.referrer,
        t.referrer_domain,
        t.channel,
        t.utm_source,
        t.utm_medium,
        t.utm_campaign,
        d.device,
        d.browser,
        d.os,
        case when v.is_bot then 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)' else d.user_agent end,
        v.is_bot,
        case when v.is_bot then array['user_agent:crawler'] end
    from (
        select
            s.visitor,
            s.visit,
            s.visitor_id,
            s.started_at,
            -- The last page is read for a while, unless that would lie in the future.
            max(s.occurred_at) + case when s.is_live then interval '0' else interval '20 seconds' end as last_seen_at,
            count(*) filter (where s.event_name = 'page_view') as page_views,
            count(*) filter (where s.event_name <> 'page_view') as events,
            (array_agg(s.page order by s.step))[1] as entry_page,
            (array_agg(s.page order by s.step desc))[1] as exit_page,
            s.is_bot,
            vibe_private.demo_chance(s.seed, 'channel', s.visitor, s.visit) as channel,
            vibe_private.demo_chance(s.seed, 'device', s.visitor) as device
        from vibe_private.demo_site_steps(of_site) as s
        group by s.seed, s.visitor, s.visit, s.visitor_id, s.started_at, s.is_bot, s.is_live
    ) as v
    join vibe.site_users as u on u.site_id = of_site and u.anonymous_id = v.visitor_id
    cross join lateral (select * from vibe_private.demo_channels() where upto > v.channel order by upto limit 1) as c
    cross join lateral (select * from vibe_private.demo_devices() where upto > v.device order by upto limit 1) as d
    cross join lateral vibe_private.traffic_source('https://demo.example' || v.entry_page || c.query, c.referrer) as t
    order by v.started_at, v.visitor
$$;
comment on function vibe_private.write_demo_sessions(integer) is 'sessions of a demo site';

create function vibe_private.write_demo_events(of_site integer) returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
    insert into vibe.user_events (
        site_id, occurred_at, event_id, received_at, user_id, session_id, event_name, page, query, referrer, title, properties, is_bot
    )
    select
        of_site,
        s.occurred_at,
        vibe_private.demo_id(s.seed, 'event', s.visitor, s.visit, s.step),
        s.occurred_at + interval '200 milliseconds',
        u.user_id,
        v.session_id,
        s.event_name,
        s.page,
        case when s.step = 1 then nullif(substr(c.query, 2), '') when s.page = '/shop/product.html' then 'id=' || p.id end,
        case when s.step = 1 then v.referrer end,
        case when s.page = '/shop/product.html' and s.event_name = 'page_view' then p.title || ' · ' || s.title else s.title end,
        case s.event_name
            when 'add_to_cart' then jsonb_build_object('product', p.id, 'price', p.price, 'quantity', s.quantity)
            when 'checkout' then jsonb_build_object('total', p.price * s.quantity, 'currency', 'USD')
            when 'purchase' then jsonb_build_object(
                'order', vibe_private.demo_order(s.visitor, s.visit), 'total', p.price * s.quantity, 'currency', 'USD',
                'items', jsonb_build_array(jsonb_build_object('product', p.id, 'quantity', s.quantity))
            )
            else '{}'
        end,
        s.is_bot
    from vibe_private.demo_site_steps(of_site) as s
    join vibe.site_users as u on u.site_id = of_site and u.anonymous_id = s.visitor_id
    join vibe.site_sessions as v on v.site_id = of_site and v.user_id = u.user_id and v.started_at = s.started_at
    cross join lateral (
        select query from vibe_private.demo_channels()
        where upto > vibe_private.demo_chance(s.seed, 'channel', s.visitor, s.visit)
        order by upto limit 1
    ) as c
    left join vibe_private.demo_products() as p on p.place = s.product
    order by s.occurred_at, s.visitor
$$;
comment on function vibe_private.write_demo_events(integer) is 'page views and events of a demo site';

create function vibe_private.demo_order(visitor integer, visit integer) returns text
language sql
immutable
parallel safe
as $$
    select 'D-' || visitor || '-' || visit
$$;
comment on function vibe_private.demo_order(integer, integer) is 'order number of a visit that ends in a purchase';

-- Some orders are called off, some are given back between then and now; an order is pieces of one product.
create function vibe_private.write_demo_purchases(of_site integer) returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
    with orders as materialized (
        select
            s.*,
            p.id as product_id,
            p.title as product_name,
            p.category,
            p.price,
            u.user_id,
            u.customer_id,
            vibe_private.demo_order(s.visitor, s.visit) as order_id,
            vibe_private.demo_chance(s.seed, 'regret', s.visitor, s.visit) as regret,
            case when vibe_private.demo_chance(s.seed, 'app', s.visitor) < 0.2 then 'app' else 'web' end as channel
        from vibe_private.demo_site_steps(of_site) as s
        join vibe_private.demo_products() as p on p.place = s.product
        join vibe.site_users as u on u.site_id = of_site and u.anonymous_id = s.visitor_id
        where s.event_name = 'purchase'
    ), papers as materialized (
        select o.order_id, o.occurred_at, o.quantity, o.price * o.quantity as amount, false as is_refund, o.regret < 0.02 as is_cancelled,
            o.customer_id, o.user_id, o.channel, o.product_id, o.product_name, o.category
        from orders as o
        union all
        select o.order_id || '-R', o.occurred_at + (d.ends - o.occurred_at) * 0.4, -1, -o.price, true, false,
            o.customer_id, o.user_id, o.channel, o.product_id, o.product_name, o.category
        from orders as o
        cross join vibe_private.demo_sites as d
        where d.site_id = of_site and o.regret > 0.96
    ), written as (
        insert into vibe.purchases (
            site_id, customer_id, user_id, external_id, purchased_at, amount, currency, item_count, channel, is_refund, is_cancelled
        )
        select of_site, p.customer_id, p.user_id, p.order_id, p.occurred_at, p.amount, 'USD', abs(p.quantity), p.channel, p.is_refund, p.is_cancelled
        from papers as p
        order by p.occurred_at, p.order_id
        returning purchase_id, external_id
    )
    insert into vibe.purchase_items (site_id, purchase_id, line, product_id, name, category, quantity, amount)
    select of_site, w.purchase_id, 1, p.product_id, p.product_name, p.category, p.quantity, p.amount
    from written as w
    join papers as p on p.order_id = w.external_id
    order by w.purchase_id
$$;
comment on function vibe_private.write_demo_purchases(integer) is 'orders, cancelled orders and refunds of a demo site, with what they consist of';

-- One visitor in thirty who never said who he is turns out to be a known one on another device.
create function vibe_private.write_demo_merges(of_site integer) returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
    with known as (
        select u.user_id, row_number() over (order by u.user_id) - 1 as place, count(*) over () as total
        from vibe.site_users as u
        where u.site_id = of_site and u.external_id is not null
    ), merged as (
        update vibe.site_users as u
        set merged_into = k.user_id
        from vibe_private.demo_sites as d
        cross join lateral vibe_private.demo_visitors(d.seed, d.visitors, d.days) as v
        join known as k on k.place = floor(k.total * vibe_private.demo_chance(d.seed, 'device of', v.visitor))
        where d.site_id = of_site
          and u.site_id = of_site
          and u.anonymous_id = vibe_private.demo_id(d.seed, 'visitor', v.visitor)::text
          and u.external_id is null
          and not v.is_bot
          and vibe_private.demo_chance(d.seed, 'second device', v.visitor) < 0.033
        returning u.user_id, u.merged_into, u.last_seen_at
    )
    insert into vibe.user_merges (site_id, user_id, into_user_id, merged_at)
    select of_site, m.user_id, m.merged_into, m.last_seen_at from merged as m order by m.user_id
$$;
comment on function vibe_private.write_demo_merges(integer) is 'second devices of a demo site''s known users';

create function vibe_private.write_demo_online(of_site integer) returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
    insert into vibe.online_users (
        site_id, user_id, session_id, person_id, name, external_id, segment, current_page, referrer, device, browser,
        started_at, last_seen_at, page_views, events
    )
    select
        s.site_id, s.user_id, s.session_id, p.user_id, p.name, p.external_id, p.segment, s.exit_page, s.referrer, s.device, s.browser,
        s.started_at, s.last_seen_at, s.page_views, s.events
    from vibe_private.demo_sites as d
    join vibe.site_sessions as s using (site_id)
    join vibe.site_users as u using (site_id, user_id)
    join vibe.site_users as p on p.site_id = u.site_id and p.user_id = coalesce(u.merged_into, u.user_id)
    where d.site_id = of_site and s.last_seen_at > d.ends - interval '5 minutes' and not s.is_bot
    order by s.site_id, s.user_id
$$;
comment on function vibe_private.write_demo_online(integer) is 'who is in the demo shop right now';

-- Past days, the months that are over, and the goal and funnel every shop asks for first.
create function vibe_private.calculate_demo(of_site integer) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    clock timestamp;
    opening timestamp;
begin
    select max(d.ends) at time zone s.time_zone, min(v.started_at) at time zone s.time_zone into clock, opening
    from vibe_private.demo_sites as d
    join vibe.sites as s using (site_id)
    join vibe.site_sessions as v using (site_id)
    where d.site_id = of_site
    group by s.time_zone;

    analyze vibe.user_events, vibe.purchases;
    perform vibe_private.refresh_revenue(of_site), vibe_private.refresh_customer_days(of_site);
    perform vibe.create_goal(of_site::text, 'Purchase', 'purchase', value_property => 'total');
    if opening::date < clock::date then
        perform vibe.calculate_daily_stats(of_site::text, opening::date, clock::date - 1);
    end if;
    perform vibe.calculate_rfm(of_site::text, m::date, (m + interval '1 month')::date)
    from generate_series(date_trunc('month', opening), date_trunc('month', clock) - interval '1 month', '1 month') as m;
    perform vibe.create_funnel(of_site::text, 'checkout', '[
        {"name": "Product", "event_name": "page_view", "page_pattern": "/shop/product%"},
        {"name": "Cart", "event_name": "add_to_cart"},
        {"name": "Checkout", "event_name": "checkout"},
        {"name": "Purchase", "event_name": "purchase"}
    ]', interval '7 days');
    perform vibe.calculate_funnel_days(of_site::text);
end
$$;
comment on function vibe_private.calculate_demo(integer) is 'figures of a demo site''s past, its goal and its funnel';
