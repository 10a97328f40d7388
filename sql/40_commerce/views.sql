-- Every row has its site. In this view and the next, an outer join over a key is left out where it is not needed, and not taken for a filter.
create or replace view vibe.transactions with (security_invoker = true) as
    select
        p.site_id,
        p.purchase_id as transaction_id,
        p.customer_id,
        vibe.local_day(p.purchased_at, s.time_zone) as date,
        p.amount,
        p.currency,
        p.is_refund,
        p.purchased_at,
        p.external_id as order_id,
        p.channel
    from vibe.purchases as p
    left join vibe.sites as s on s.site_id = p.site_id
    where not p.is_cancelled;
comment on view vibe.transactions is 'orders and refunds that count, dated by the calendar of their site; sum(amount) is revenue in one currency';
comment on column vibe.transactions.transaction_id is 'purchase_id of vibe.purchases';
comment on column vibe.transactions.date is 'day of purchased_at in the site''s calendar';
comment on column vibe.transactions.order_id is 'the shop''s own order number';
grant select on vibe.transactions to vibe_analyst;

create or replace view vibe.purchase_lines with (security_invoker = true) as
    select
        p.site_id,
        p.purchase_id as id,
        p.customer_id,
        i.line,
        i.product_id,
        i.name as product,
        i.category,
        coalesce(i.amount, p.amount) as amount,
        p.currency,
        coalesce(i.quantity, p.item_count) as quantity,
        vibe.local_day(p.purchased_at, s.time_zone) as purchase_date,
        p.purchased_at,
        p.channel,
        p.is_refund
    from vibe.purchases as p
    left join vibe.sites as s on s.site_id = p.site_id
    left join vibe.purchase_items as i on i.site_id = p.site_id and i.purchase_id = p.purchase_id
    where not p.is_cancelled;
comment on view vibe.purchase_lines is 'lines of orders and refunds that count; an order without lines is one line of its whole amount';
comment on column vibe.purchase_lines.id is 'the order, purchase_id of vibe.purchases';
comment on column vibe.purchase_lines.product is 'name of the article';
comment on column vibe.purchase_lines.amount is 'of the whole line, in currency; below zero where money was given back';
comment on column vibe.purchase_lines.quantity is 'pieces; below zero where they come back';
comment on column vibe.purchase_lines.category is 'of the article, as the shop sorts them; null where it is not known';
comment on column vibe.purchase_lines.purchase_date is 'day of purchased_at in the site''s calendar';
grant select on vibe.purchase_lines to vibe_analyst;

create or replace view vibe.customer_profiles with (security_invoker = true) as
    select
        c.site_id,
        c.customer_id,
        c.external_id,
        c.name,
        c.email,
        extract(year from age((now() at time zone s.time_zone)::date, c.birth_date))::integer as age,
        c.gender,
        c.location,
        c.income_range,
        (coalesce(c.registered_at, c.first_purchase_at, c.created_at) at time zone s.time_zone)::date as registration_date,
        (c.last_purchase_at at time zone s.time_zone)::date as last_purchase_date,
        c.order_count,
        c.total_spent,
        s.currency,
        c.foreign_orders,
        round(c.total_spent / nullif(c.order_count - c.foreign_orders, 0), 2) as average_order_value,
        c.purchase_frequency,
        c.preferred_category
    from vibe.customers as c
    join vibe.sites as s using (site_id);
comment on view vibe.customer_profiles is 'customers with who they are and what they bought, as of now, dated by the calendar of their site';
comment on column vibe.customer_profiles.age is 'in whole years today; null without birth_date';
comment on column vibe.customer_profiles.registration_date is 'day of signing up, else of the first order, else of the row';
comment on column vibe.customer_profiles.last_purchase_date is 'day of the last order; null before the first';
comment on column vibe.customer_profiles.average_order_value is 'total_spent by orders in the site''s currency; null without any';
grant select on vibe.customer_profiles to vibe_analyst;

create or replace view vibe.revenue_by_day with (security_invoker = true) as
    select
        s.site_id,
        s.name as site,
        r.day,
        vibe.day_start(r.day, s.time_zone) as day_start,
        r.orders,
        r.refunds,
        r.buyers,
        r.revenue,
        r.refunded,
        s.currency,
        r.foreign_orders,
        round((r.revenue + r.refunded) / nullif(r.orders - r.foreign_orders, 0), 2) as average_order_value
    from (
        select d.site_id, d.day, d.orders, d.refunds, d.buyers, d.revenue, d.refunded, d.foreign_orders
        from vibe.daily_revenue as d
        where not exists (select from vibe.revenue_marks as m where m.site_id = d.site_id and m.day = d.day)
        union all
        select m.site_id, c.day, c.orders, c.refunds, c.buyers, c.revenue, c.refunded, c.foreign_orders
        from (select n.site_id, array_agg(distinct n.day) as days from vibe.revenue_marks as n group by n.site_id) as m
        cross join lateral vibe.count_revenue(m.site_id, m.days) as c
    ) as r
    join vibe.sites as s using (site_id);
comment on view vibe.revenue_by_day is 'what each site sold each day of its calendar; days without orders and refunds have no row';
comment on column vibe.revenue_by_day.day_start is 'the instant at which the day begins, for time axes';
comment on column vibe.revenue_by_day.orders is 'orders, neither refund nor cancelled, in any currency';
comment on column vibe.revenue_by_day.refunds is 'refunds, in any currency';
comment on column vibe.revenue_by_day.buyers is 'different customers with an order on the day; guests are not counted';
comment on column vibe.revenue_by_day.revenue is 'orders less refunds of the day, in currency';
comment on column vibe.revenue_by_day.refunded is 'money given back on the day, in currency, above zero';
comment on column vibe.revenue_by_day.foreign_orders is 'orders in another currency, left out of revenue';
comment on column vibe.revenue_by_day.average_order_value is 'per order in currency, before refunds; null without orders';
grant select on vibe.revenue_by_day to vibe_analyst;

-- The running month ends at the last full hour and is compared with as much of the month before (A-05), by the site's clock.
create or replace view vibe.revenue_by_month with (security_invoker = true) as
    with clocks as (
        select
            s.site_id, s.name, s.time_zone, s.currency,
            date_trunc('hour', now() at time zone s.time_zone) as until,
            date_trunc('month', date_trunc('hour', now() at time zone s.time_zone)) as running
        from vibe.sites as s
    ), totals as (
        select
            d.site_id, date_trunc('month', d.day::timestamp) as month, sum(d.orders) as orders, sum(d.refunds) as refunds,
            sum(d.revenue) as revenue, sum(d.refunded) as refunded, sum(d.foreign_orders) as foreign_orders
        from vibe.revenue_by_day as d
        group by d.site_id, date_trunc('month', d.day::timestamp)
    ), ranges as (
        select
            c.site_id, c.name, c.time_zone, c.currency, m.month,
            m.month = c.running as is_running,
            case when m.month = c.running then c.until else m.month + interval '1 month' end as until,
            m.month - interval '1 month' as previous_month,
            case when m.month = c.running then least(m.month - interval '1 month' + (c.until - c.running), m.month) else m.month end as previous_until
        from clocks as c
        join (select t.site_id, min(t.month) as first from totals as t group by t.site_id) as f using (site_id)
        cross join lateral generate_series(f.first, greatest(c.running, f.first), interval '1 month') as m (month)
        where m.month <= c.running
    ), figures as (
        select
            r.site_id, r.name, r.currency, r.time_zone, r.month, r.is_running, r.until, r.previous_month, r.previous_until,
            coalesce(g.orders, t.orders, 0) as orders,
            coalesce(g.refunds, t.refunds, 0) as refunds,
            coalesce(g.revenue, t.revenue, 0) as revenue,
            coalesce(g.refunded, t.refunded, 0) as refunded,
            coalesce(g.foreign_orders, t.foreign_orders, 0) as foreign_orders,
            coalesce(h.orders, p.orders, 0) as previous_orders,
            coalesce(h.revenue, p.revenue, 0) as previous_revenue
        from ranges as r
        left join totals as t on t.site_id = r.site_id and t.month = r.month
        left join totals as p on p.site_id = r.site_id and p.month = r.previous_month
        left join lateral vibe.revenue_between(
            case when r.is_running then r.site_id end, r.month at time zone r.time_zone, r.until at time zone r.time_zone) as g on r.is_running
        left join lateral vibe.revenue_between(
            case when r.is_running then r.site_id end, r.previous_month at time zone r.time_zone, r.previous_until at time zone r.time_zone) as h on r.is_running
    )
    select
        f.site_id,
        f.name as site,
        f.month::date as month,
        f.month at time zone f.time_zone as range_start,
        f.until at time zone f.time_zone as range_end,
        f.orders::bigint as orders,
        f.refunds::bigint as refunds,
        f.revenue,
        f.refunded,
        f.currency,
        f.foreign_orders::bigint as foreign_orders,
        round((f.revenue + f.refunded) / nullif(f.orders - f.foreign_orders, 0), 2) as average_order_value,
        case when f.is_running then 'same elapsed part' else 'whole month' end as comparison,
        f.previous_month at time zone f.time_zone as previous_range_start,
        f.previous_until at time zone f.time_zone as previous_range_end,
        f.previous_orders::bigint as previous_orders,
        f.previous_revenue,
        round((f.revenue - f.previous_revenue) / nullif(abs(f.previous_revenue), 0), 4) as revenue_change
    from figures as f;
comment on view vibe.revenue_by_month is 'what each site sold each month of its calendar, from its first to the running one, each compared with the month before';
comment on column vibe.revenue_by_month.month is 'first day of the month';
comment on column vibe.revenue_by_month.range_start is 'the instant at which the month begins by the site''s clock';
comment on column vibe.revenue_by_month.range_end is 'up to, not including; the last full hour in the running month';
comment on column vibe.revenue_by_month.orders is 'orders, neither refund nor cancelled, in any currency';
comment on column vibe.revenue_by_month.refunds is 'refunds, in any currency';
comment on column vibe.revenue_by_month.revenue is 'orders less refunds of the range, in currency';
comment on column vibe.revenue_by_month.refunded is 'money given back in the range, in currency, above zero';
comment on column vibe.revenue_by_month.foreign_orders is 'orders in another currency, left out of revenue';
comment on column vibe.revenue_by_month.average_order_value is 'per order in currency, before refunds; null without orders';
comment on column vibe.revenue_by_month.comparison is '"whole month", or "same elapsed part" in the running month: as many days and hours of the month before, or all of it where it is shorter';
comment on column vibe.revenue_by_month.previous_range_start is 'the instant at which the month before begins';
comment on column vibe.revenue_by_month.previous_range_end is 'up to, not including; before the end of the month where only a part is compared';
comment on column vibe.revenue_by_month.previous_orders is 'orders of the previous range';
comment on column vibe.revenue_by_month.previous_revenue is 'orders less refunds of the previous range, in currency';
comment on column vibe.revenue_by_month.revenue_change is 'share by which revenue is above (below zero: under) previous_revenue; null where that was zero';
grant select on vibe.revenue_by_month to vibe_analyst;

create or replace view vibe.revenue_by_category with (security_invoker = true) as
    select
        s.site_id,
        s.name as site,
        r.month,
        nullif(r.category, '') as category,
        r.orders,
        r.quantity,
        r.revenue,
        s.currency,
        round(r.revenue / nullif(sum(r.revenue) over (partition by r.site_id, r.month), 0), 4) as share
    from (
        select
            c.site_id, date_trunc('month', c.day::timestamp)::date as month, c.category, sum(c.orders)::bigint as orders,
            sum(c.quantity)::bigint as quantity, sum(c.revenue) as revenue
        from (
            select d.site_id, d.day, d.category, d.orders, d.quantity, d.revenue
            from vibe.daily_category_revenue as d
            where not exists (select from vibe.revenue_marks as m where m.site_id = d.site_id and m.day = d.day)
            union all
            select m.site_id, c.day, c.category, c.orders, c.quantity, c.revenue
            from (select n.site_id, array_agg(distinct n.day) as days from vibe.revenue_marks as n group by n.site_id) as m
            cross join lateral vibe.count_category_revenue(m.site_id, m.days) as c
        ) as c
        group by c.site_id, date_trunc('month', c.day::timestamp), c.category
    ) as r
    join vibe.sites as s using (site_id);
comment on view vibe.revenue_by_category is 'what each site sold each month by category, from the items of orders and refunds in the site''s currency';
comment on column vibe.revenue_by_category.month is 'first day of the month';
comment on column vibe.revenue_by_category.category is 'null for items without one';
comment on column vibe.revenue_by_category.orders is 'orders with an item of the category; an order may count in several';
comment on column vibe.revenue_by_category.quantity is 'pieces sold less those that came back';
comment on column vibe.revenue_by_category.revenue is 'of the items, less refunds, in currency';
comment on column vibe.revenue_by_category.share is 'of the revenue of all items of the month';
grant select on vibe.revenue_by_category to vibe_analyst;

create or replace view vibe.customer_totals with (security_invoker = true) as
    select
        s.site_id,
        s.name as site,
        count(c.customer_id) as customers,
        count(*) filter (where c.order_count > 0) as buyers,
        coalesce(sum(c.order_count), 0)::bigint as orders,
        coalesce(sum(c.total_spent), 0) as total_spent,
        s.currency,
        coalesce(sum(c.foreign_orders), 0)::bigint as foreign_orders,
        round(sum(c.total_spent) / nullif(sum(c.order_count - c.foreign_orders), 0), 2) as average_order_value,
        round(sum(c.total_spent) / nullif(count(*) filter (where c.order_count > 0), 0), 2) as average_customer_value
    from vibe.sites as s
    left join vibe.customers as c using (site_id)
    group by s.site_id, s.name, s.currency;
comment on view vibe.customer_totals is 'each site''s customers and what they are worth, as of now; orders of guests are not in it';
comment on column vibe.customer_totals.customers is 'customers the shop knows, with orders or without';
comment on column vibe.customer_totals.buyers is 'customers with at least one order';
comment on column vibe.customer_totals.orders is 'their orders, neither refund nor cancelled, in any currency';
comment on column vibe.customer_totals.total_spent is 'orders less refunds of customers, in currency';
comment on column vibe.customer_totals.average_order_value is 'total_spent per order in currency; null without orders';
comment on column vibe.customer_totals.average_customer_value is 'total_spent per buyer; null without buyers';
grant select on vibe.customer_totals to vibe_analyst;
