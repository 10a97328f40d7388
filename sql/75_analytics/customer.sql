-- GET /api/v1/customers/{id}
create function vibe.get_customer(id bigint, site text default null) returns json
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    of_site constant integer := vibe.site_id(site);
    answer json;
begin
    select json_build_object(
        'site_id', of_site,
        'customer_id', c.customer_id,
        'external_id', c.external_id,
        'name', c.name,
        'email', c.email,
        'birth_date', c.birth_date,
        'gender', c.gender,
        'location', c.location,
        'income_range', c.income_range,
        'registered_at', c.registered_at,
        'created_at', c.created_at,
        'currency', s.currency,
        'order_count', c.order_count,
        'total_spent', c.total_spent,
        'foreign_orders', c.foreign_orders,
        'average_order_value', round(c.total_spent / nullif(c.order_count - c.foreign_orders, 0), 2),
        'purchase_frequency', c.purchase_frequency,
        'first_purchase_at', c.first_purchase_at,
        'last_purchase_at', c.last_purchase_at,
        'preferred_category', c.preferred_category,
        'rfm', (
            select coalesce(json_agg(h order by h.period_end desc, h.period_start), '[]')
            from vibe.rfm_history(of_site::text, c.customer_id) as h
        ),
        'purchases', (
            select coalesce(json_agg(p order by p.purchased_at desc, p.purchase_id desc), '[]')
            from (
                select p.purchase_id, p.external_id, p.purchased_at, p.amount, p.currency, p.item_count, p.channel, p.is_refund, p.is_cancelled
                from vibe.purchases as p
                where p.site_id = of_site and p.customer_id = c.customer_id
                order by p.purchased_at desc, p.purchase_id desc
                limit 50
            ) as p
        ),
        'segments', (
            select coalesce(json_agg(json_build_object(
                'segment_id', g.segment_id, 'name', g.name, 'kind', g.kind, 'entered_at', m.entered_at) order by g.name), '[]')
            from vibe.segment_members as m
            join vibe.segments as g on g.site_id = m.site_id and g.segment_id = m.segment_id and g.subject = 'customer'
            where m.site_id = of_site and m.subject_id = c.customer_id and m.left_at is null
        ),
        'users', (
            select coalesce(json_agg(json_build_object(
                'user_id', u.user_id, 'first_seen_at', u.first_seen_at, 'last_seen_at', u.last_seen_at) order by u.last_seen_at desc, u.user_id), '[]')
            from vibe.site_users as u
            where u.site_id = of_site and u.customer_id = c.customer_id
        )
    ) into answer
    from vibe.customers as c
    join vibe.sites as s on s.site_id = c.site_id
    where c.site_id = of_site and c.customer_id = id;
    if not found then
        perform vibe.refuse_unknown('customer', id::text);
    end if;
    return answer;
end
$$;
comment on function vibe.get_customer(bigint, text) is
'one customer, also GET /api/v1/customers/{id}: what the shop knows, totals of all time, RFM of each stored period (the newest first), the last 50 purchases, the segments and the visitors that the customer is';
grant execute on function vibe.get_customer(bigint, text) to vibe_analyst;

create function vibe.refuse_unknown(what text, id text) returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception '% % does not exist', what, coalesce(quote_literal(left(id, 100)), 'null')
        using errcode = 'PT404', detail = json_build_object('field', 'id', 'value', left(id, 100), 'rule', format('must be the id of a %s', what));
end
$$;
comment on function vibe.refuse_unknown(text, text) is
'raises that there is no such thing (SQLSTATE PT404: an HTTP answer has the status 404); detail as of vibe.refuse()';
grant execute on function vibe.refuse_unknown(text, text) to vibe_analyst;
