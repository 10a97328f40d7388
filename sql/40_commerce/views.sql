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
        p.external_id as order_id
    from vibe.purchases as p
    join vibe.sites as s using (site_id)
    where not p.is_cancelled;
comment on view vibe.transactions is 'orders and refunds that count, dated by the calendar of their site; sum(amount) is revenue in one currency';
grant select on vibe.transactions to vibe_analyst;
