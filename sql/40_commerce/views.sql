create or replace view vibe.transactions with (security_invoker = true) as
    select
        p.site_id,
        p.purchase_id as transaction_id,
        p.customer_id,
        (p.purchased_at at time zone s.time_zone)::date as date,
        p.amount,
        p.currency,
        p.is_refund,
        p.purchased_at,
        p.external_id as order_id,
        p.channel
    from vibe.purchases as p
    join vibe.sites as s using (site_id)
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
        (p.purchased_at at time zone s.time_zone)::date as purchase_date,
        p.purchased_at,
        p.channel,
        p.is_refund
    from vibe.purchases as p
    join vibe.sites as s using (site_id)
    left join vibe.purchase_items as i using (site_id, purchase_id)
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
