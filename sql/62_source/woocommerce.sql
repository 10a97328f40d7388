-- WooCommerce: what it delivers and lists, as normal forms. Money are texts, times in UTC without a zone, names escaped for HTML.

create function vibe_private.read_woocommerce(topic text, body jsonb) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    resource constant text := split_part(topic, '.', 1);
begin
    if jsonb_typeof(body) is distinct from 'object' then
        raise exception 'the content is no object' using errcode = '22023';
    elsif resource not in ('order', 'customer') then
        return jsonb_build_object('ignore', format('topic "%s" is nothing for us', topic));
    elsif vibe_private.read_text(body, '{id}', 20) !~ '^[0-9]+$' or not body ? 'id' then
        raise exception 'id "%" is no number', coalesce(left(body ->> 'id', 60), 'null') using errcode = '22023';
    elsif split_part(topic, '.', 2) = 'deleted' then
        return case resource when 'order' then jsonb_build_object('delete', jsonb_build_object('order', body ->> 'id'))
            else jsonb_build_object('ignore', 'an account was closed; vibe.erase_customer() forgets the customer') end;
    end if;
    return case resource when 'order' then jsonb_build_object('order', vibe_private.read_woocommerce_order(body))
        else jsonb_build_object('customer', vibe_private.read_woocommerce_customer(body)) end;
end
$$;
comment on function vibe_private.read_woocommerce(text, jsonb) is
'the reader of WooCommerce: orders and customers by webhook (order.created …) or from its lists; other topics are ignored';

create function vibe_private.read_woocommerce_order(body jsonb) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    at constant timestamptz := vibe_private.read_time(body, '{date_created_gmt}');
    status constant text := vibe_private.read_text(body, '{status}');
    currency constant text := body ->> 'currency';
    account constant text := nullif(vibe_private.read_text(body, '{customer_id}', 20), '0');
    billing constant jsonb := case jsonb_typeof(body -> 'billing') when 'object' then body -> 'billing' else '{}' end;
begin
    if currency is null or currency !~ '^[A-Z]{3}$' then
        raise exception 'currency "%" is unknown', coalesce(left(currency, 60), 'null') using
            errcode = '22023', hint = 'three capital letters such as BRL';
    elsif status is null then
        raise exception 'status is missing' using errcode = '22023';
    elsif vibe_private.read_money(body, '{total}') < 0 then
        raise exception 'total "%" is below zero', body ->> 'total' using errcode = '22023';
    end if;
    return jsonb_build_object(
        'external_id', body ->> 'id',
        'at', at,
        'modified_at', coalesce(vibe_private.read_time(body, '{date_modified_gmt}', false), at),
        'currency', currency,
        'total', vibe_private.read_money(body, '{total}'),
        -- Shops make statuses of their own; money that came says what they mean.
        'status', case
            when status in ('processing', 'completed', 'refunded') then 'paid'
            when status in ('cancelled', 'failed', 'trash') then 'cancelled'
            when status not in ('pending', 'on-hold', 'checkout-draft', 'auto-draft') and body ->> 'date_paid_gmt' is not null then 'paid'
            else 'pending' end,
        'channel', case vibe_private.read_text(body, '{created_via}', 100)
            when 'checkout' then 'web' when 'store-api' then 'web' else coalesce(vibe_private.read_text(body, '{created_via}', 100), 'web') end,
        'customer', jsonb_strip_nulls(jsonb_build_object(
            'external_id', account,
            'email', vibe_private.read_text(billing, '{email}', 320),
            'name', nullif(concat_ws(' ', vibe_private.read_text(billing, '{first_name}', 250), vibe_private.read_text(billing, '{last_name}', 250)), ''),
            'phone', vibe_private.read_text(billing, '{phone}', 100),
            'location', vibe_private.woocommerce_place(billing)
        )),
        'items', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'product_id', nullif(vibe_private.read_text(i.item, '{product_id}'), '0'),
                'name', left(vibe_private.read_text(i.item, '{name}', 10000), 500),
                'quantity', round((i.item ->> 'quantity')::numeric),
                -- As the buyer pays it, like the order's total.
                'amount', vibe_private.read_money(i.item, '{total}')
                    + case when coalesce(i.item ->> 'total_tax', '') <> '' then vibe_private.read_money(i.item, '{total_tax}') else 0 end
            ) order by i.place), '[]')
            from jsonb_array_elements(vibe_private.read_list(body, 'line_items')) with ordinality as i (item, place)
        ),
        'refunds', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'external_id', vibe_private.read_text(r.refund, '{id}', 20), 'total', abs(vibe_private.read_money(r.refund, '{total}'))
            )), '[]')
            from jsonb_array_elements(vibe_private.read_list(body, 'refunds')) as r (refund)
        ),
        'utm', (
            select jsonb_object_agg(substr(m.meta ->> 'key', 27), left(m.meta ->> 'value', 300))
            from jsonb_array_elements(vibe_private.read_list(body, 'meta_data')) as m (meta)
            where m.meta ->> 'key' ~ '^_wc_order_attribution_utm_(source|medium|campaign|content|term)$' and m.meta ->> 'value' <> ''
        )
    );
end
$$;
comment on function vibe_private.read_woocommerce_order(jsonb) is
'an order of WooCommerce; paid are processing, completed and refunded, and statuses of the shop''s own once it was paid';

create function vibe_private.read_woocommerce_customer(body jsonb) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    billing constant jsonb := case jsonb_typeof(body -> 'billing') when 'object' then body -> 'billing' else '{}' end;
begin
    return jsonb_strip_nulls(jsonb_build_object(
        'external_id', body ->> 'id',
        'email', coalesce(vibe_private.read_text(body, '{email}', 320), vibe_private.read_text(billing, '{email}', 320)),
        'name', coalesce(
            nullif(concat_ws(' ', vibe_private.read_text(body, '{first_name}', 250), vibe_private.read_text(body, '{last_name}', 250)), ''),
            nullif(concat_ws(' ', vibe_private.read_text(billing, '{first_name}', 250), vibe_private.read_text(billing, '{last_name}', 250)), ''),
            vibe_private.read_text(body, '{username}', 500)
        ),
        'location', vibe_private.woocommerce_place(billing),
        'registered_at', vibe_private.read_time(body, '{date_created_gmt}', false),
        'modified_at', coalesce(vibe_private.read_time(body, '{date_modified_gmt}', false), vibe_private.read_time(body, '{date_created_gmt}', false))
    ));
end
$$;
comment on function vibe_private.read_woocommerce_customer(jsonb) is 'an account of WooCommerce';

create function vibe_private.woocommerce_place(billing jsonb) returns text
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return nullif(left(concat_ws(', ', vibe_private.read_text(billing, '{city}'), vibe_private.read_text(billing, '{country}')), 200), '');
end
$$;
comment on function vibe_private.woocommerce_place(jsonb) is 'town and country of an address of WooCommerce';

create function vibe.connect_woocommerce(
    site text, base_url text, consumer_key text default null, consumer_secret text default null, name text default null,
    out source_id bigint, out delivery_path text, out webhook_secret text
)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    of_site integer := vibe.site_id(site, 'owner');
    secret constant text := vibe_private.new_secret();
begin
    if base_url is null then
        perform vibe_private.fail('base_url is null', hint => 'the address of the shop, such as https://shop.example');
    elsif (consumer_key is null) <> (consumer_secret is null) or consumer_key ~ '[[:space:]:[:cntrl:]]' or consumer_secret ~ '[[:space:][:cntrl:]]'
        or length(consumer_key) not between 1 and 200 or length(consumer_secret) not between 1 and 200 then
        perform vibe_private.fail(
            'consumer_key and consumer_secret are not both given as WooCommerce shows them',
            hint => 'WooCommerce, Settings, Advanced, REST API; both null if only webhooks are to come'
        );
    end if;
    webhook_secret := secret;
    source_id := vibe_private.connect_source(
        of_site, 'woocommerce', coalesce(name, left(regexp_replace(base_url, '^https?://|/+$', '', 'g'), 100)), base_url, '{}',
        case when consumer_key is not null then interval '3 hours' end,
        jsonb_build_object('consumer_key', consumer_key, 'consumer_secret', consumer_secret, 'webhook_secret', secret)
    );
    delivery_path := format('/webhooks/woocommerce/%s', of_site);
    if consumer_key is not null then
        perform vibe_private.close_circuit(of_site, 'import_woocommerce', source_id::text);
    end if;
end
$$;
comment on function vibe.connect_woocommerce(text, text, text, text, text) is
'connects a shop of WooCommerce: base_url is its address, consumer_key and consumer_secret (read access) let the server fetch what webhooks did not bring, each hour. Returns the path for its webhooks and their secret, this once; connected again it has a new one, and the former works for another day. Owners only. Definer: secrets are nobody''s to read';
grant execute on function vibe.connect_woocommerce(text, text, text, text, text) to vibe_member;

create function vibe.receive_woocommerce(site text, body bytea, headers jsonb) returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    of_source record;
begin
    -- How WooCommerce asks whether anybody is there, before it saves a webhook: no signature, and no word about who is.
    if headers ->> 'x-wc-webhook-signature' is null and substr(body, 1, 11) = convert_to('webhook_id=', 'UTF8') and octet_length(body) < 40 then
        return '{"received": true}';
    end if;
    select * into of_source from vibe_private.signed_source('woocommerce', site, headers, body);
    perform vibe_private.receive(
        of_source.site_id, of_source.source_id, coalesce(headers ->> 'x-wc-webhook-topic', ''), null, null, headers, body
    );
    perform vibe_private.apply_soon(of_source.site_id, of_source.source_id);
    return '{"received": true}';
end
$$;
comment on function vibe.receive_woocommerce(text, bytea, jsonb) is
'POST /webhooks/woocommerce/{site}: keeps a delivery of WooCommerce that is signed with the secret of one of the site''s shops. 200 once it is stored for good; an unsigned ping is answered 200 too; 401 for everything else. Definer: who sends has no account, the signature is looked at';
grant execute on function vibe.receive_woocommerce(text, bytea, jsonb) to vibe_anon;
