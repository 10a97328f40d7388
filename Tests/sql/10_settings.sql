-- What owners change of a site: name, domain, origins, key and currency; what of it reaches the doors and the figures.
\pset format unaligned
\set SHOW_CONTEXT never
select vibe.create_site('alpha', currency => 'USD') as alpha \gset
select vibe.create_site('beta') as beta \gset
select vibe.create_user(name || '@example.com', 'correct horse') is not null as made from unnest(array['owner', 'member']) as name;
select vibe.add_member('alpha', who || '@example.com', who) from unnest(array['owner', 'member']) as who;
create table public.signed_in as
with made as (
    insert into vibe_private.sessions (user_id, expires_at) select user_id, now() + interval '1 hour' from vibe_private.users returning *
)
select split_part(u.email, '@', 1) as name, m.session_id from made as m join vibe_private.users as u using (user_id);
create function public.become(who text) returns text language sql security definer as $$
    select who from set_config('request.jwt.claims',
        (select vibe_private.session_claims(session_id, 60)::text from public.signed_in where name = who), false)
$$;
set session authorization vibe_server;
set role vibe_member;

-- Null leaves a field as it is; the empty text and the empty list take away.
select public.become('owner');
select vibe.change_site('alpha', 'Alfa & Ômega', 'shop.example', '{https://Shop.example/,http://localhost:8080,HTTPS://shop.example:443}');
select name, domain, allowed_origins, time_zone, currency from vibe.sites;
select vibe.change_site(:'alpha');
select vibe.change_site(:'alpha', domain => '');
select name, domain, allowed_origins from vibe.sites;
select vibe.change_site(:'alpha', allowed_origins => '{capacitor://localhost,https://[::1]:8443}');
select allowed_origins from vibe.sites;
select vibe.change_site(:'alpha', 'alpha', allowed_origins => '{}');
select name, allowed_origins from vibe.sites;

-- What is refused leaves everything as it was; the names of others are taken, whoever has them.
select vibe.change_site('alpha', 'beta');
select vibe.change_site('alpha', '42');
select vibe.change_site('alpha', ' x');
select vibe.change_site('alpha', '');
select vibe.change_site('alpha', domain => 'two words');
select vibe.change_site('alpha', 'gamma', allowed_origins => '{https://good.example,https://bad.example/path}');
select vibe.change_site('alpha', allowed_origins => '{shop.example}');
select vibe.change_site('alpha', allowed_origins => '{https://loja.ção.example}');
select vibe.change_site('alpha', allowed_origins => '{javascript://x/%0aalert(1)}');
select vibe.change_site('alpha', allowed_origins => '{*}');
select vibe.change_site('alpha', allowed_origins => array['https://a.example', null]);
select vibe.change_site('alpha', allowed_origins => (select array_agg('https://a' || n || '.example') from generate_series(1, 101) as n));
select vibe.change_site('beta', 'mine');
select vibe.set_currency('alpha', 'usd');
select vibe.set_currency('alpha', null);
select vibe.set_currency('beta', 'EUR');
select vibe.change_site_key('beta');
select name, domain, allowed_origins, currency from vibe.sites;

-- A member may do none of it.
select public.become('member');
select vibe.change_site('alpha', 'taken');
select vibe.change_site_key('alpha');
select vibe.set_currency('alpha', 'EUR');
select public.become('owner');

-- A new key: it works, and the old one no longer does.
reset role;
reset session authorization;
select key as old_key from vibe.sites where name = 'alpha' \gset
select vibe.change_site_key('alpha') as new_key \gset
select :'new_key' ~ '^[0-9a-f]{32}$' as form, :'new_key' <> :'old_key' as differ,
    (select s.key = :'new_key' from vibe.sites as s where s.site_id = :alpha) as kept;
create function pg_temp.beat(key text) returns text language plpgsql as $$
begin
    return vibe.track(jsonb_build_object('site', key, 'visitor', 'visitor-1', 'sent_at', 5,
        'items', jsonb_build_array(jsonb_build_object('type', 'heartbeat', 'time', 5)))) - 'server_time';
exception when others then
    return sqlerrm;
end
$$;
select pg_temp.beat(:'old_key') as old, pg_temp.beat(:'new_key') as new;

-- Another currency: the orders in it become the money, of customers, days and RFM periods. By hand: 10 + 20 USD, 7 EUR.
insert into vibe.customers (site_id, external_id) values (:alpha, 'c1'), (:alpha, 'c2');
insert into vibe.purchases (site_id, customer_id, external_id, purchased_at, amount, currency)
select :alpha, c.customer_id, o.id, now() - interval '3 days', o.amount, o.currency
from (values ('c1', 'o1', 10, 'USD'), ('c1', 'o2', 20, 'USD'), ('c2', 'o3', 7, 'EUR')) as o (who, id, amount, currency)
join vibe.customers as c on c.site_id = :alpha and c.external_id = o.who;
select vibe.calculate_rfm('alpha', current_date - 30, current_date);
create temp view money as
select s.currency,
    (select array_agg(t.total_spent order by t.external_id) from vibe.customers as t where t.site_id = s.site_id) as spent,
    (select sum(r.revenue) from vibe.revenue_by_day as r where r.site_id = s.site_id) as revenue,
    (select array_agg(a.monetary || ' ' || a.currency || ' ' || a.foreign_orders order by c.external_id)
     from vibe.rfm_analysis as a join vibe.customers as c using (site_id, customer_id) where a.site_id = s.site_id) as rfm
from vibe.sites as s where s.site_id = :alpha;
select * from money;
select vibe.set_currency('alpha', 'EUR');
select * from money;
select vibe.set_currency('alpha', 'EUR');
select * from money;
