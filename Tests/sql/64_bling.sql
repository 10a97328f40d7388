-- Bling without Bling: settings, readers, what statuses mean, and the steps of its jobs under answers given here.
set time zone 'UTC';
set datestyle = iso;
\set VERBOSITY terse
select vibe.create_site('shop', null, 'America/Sao_Paulo', 'BRL') as shop \gset
select vibe.create_site('other') as other \gset

-- Settings that are none are named.
select vibe.connect_bling('shop');
select vibe.connect_bling('shop', 'no spaces', 'secret');
select vibe.connect_bling('shop', 'app');
select vibe.connect_bling('shop', 'app', 'secret', name => ' bling');
select vibe.connect_bling('shop', 'app', 'secret', import_from => '1999-12-31');
select vibe.connect_bling('shop', 'app', 'secret', import_from => '2199-01-01');
select vibe.connect_bling('shop', 'app', 'secret', requests_per_second => 0);
select vibe.connect_bling('shop', 'app', 'secret', requests_per_second => 'nan');
select vibe.connect_bling('shop', 'app', 'secret', requests_per_day => 99);
select vibe.connect_bling('shop', 'app', 'secret', currency => 'reais');
select vibe.connect_bling('shop', 'app', 'secret', base_url => 'ftp://bling.example');
select vibe.connect_bling('shop', 'app', 'secret', base_url => 'https://user:pass@bling.example');
select vibe.connect_bling('shop', 'app', 'secret', authorize_url => 'javascript:alert(1)');
select vibe.connect_bling('shop', 'app', 'secret', skip_stores => '{1,x}');
select vibe.connect_bling('shop', 'app', 'secret', statuses => '[]');
select vibe.connect_bling('shop', 'app', 'secret', statuses => '{"6": "maybe"}');
select vibe.connect_bling('elsewhere', 'app', 'secret');
select vibe.start_bling('shop');
select count(*) from vibe.sources;

-- What a form takes as it is, and what not.
select vibe_private.form_value(e'aZ09._~-+/=& é\n€'), vibe_private.form_value('') = '' as empty;

-- Statuses: told by the owner, standard, by descent, by name, else paid.
select s.id, vibe_private.bling_status(row(1, 1, null, null, null, null, null, null, 3, 9, null, null, 0, null, null, 'BRL', '{}',
    '{"15": "pending"}', '{"100": {"name": "Enviado", "from": "9"}, "101": {"name": "Devolvido", "from": "0"}, "102": {"name": "Aguardando pagamento", "from": null}, "103": {"name": "Expedido", "from": "0"}, "104": {"name": "Separando", "from": "15"}}',
    null)::vibe_private.bling_account, s.id) as meaning
from unnest('{6,9,12,15,18,21,24,100,101,102,103,104,999}'::text[]) with ordinality as s (id, place) order by s.place;

-- Readers. A day that the clock skips at midnight (2018-11-04 in São Paulo) has a beginning too.
select jsonb_pretty(vibe_private.read_bling('order.read', '{"id": "77", "read_at": "2026-01-02T03:04:05Z", "status": "paid", "currency": "BRL", "time_zone": "America/Sao_Paulo",
    "order": {"data": "2018-11-04", "total": 105.555, "loja": {"id": 205}, "contato": {"id": 5, "nome": " Zé "},
        "itens": [{"produto": {"id": 9}, "descricao": "Café", "quantidade": 2, "valor": 50, "desconto": 10},
                  {"produto": {"id": 0}, "codigo": "K", "descricao": "Queijo", "quantidade": 0.35, "valor": 39.9}, {"quantidade": 1, "valor": 0.005}]}}'));
select vibe_private.read_bling('order.read', '{"id": "78", "status": "pending", "currency": "BRL", "time_zone": "UTC", "order": {"data": "2026-01-01", "total": 0, "contato": {"id": 0}}}');
select vibe_private.read_bling('order.gone', '{"id": "78"}'), vibe_private.read_bling('notice order.updated', '{}');
select vibe_private.read_bling('contact.read', '{"id": "5", "contact": {"nome": "Zé", "email": " ze@example.com ", "celular": "", "telefone": "11 9", "numeroDocumento": "123.456.789-00",
    "endereco": {"geral": {"municipio": "Campinas", "uf": "SP", "endereco": "Rua"}}}}'), vibe_private.read_bling('contact.read', '{"id": "6", "contact": {}}');
select vibe_private.read_bling('order.read', '{"id": "1", "order": {"data": "0000-00-00", "total": 1}, "time_zone": "UTC"}');
select vibe_private.read_bling('order.read', '{"id": "1", "order": {"data": "2026-02-30", "total": 1}, "time_zone": "UTC"}');
select vibe_private.read_bling('order.read', '{"id": "1", "order": {"total": 1}}');
select vibe_private.read_bling('order.read', '{"id": "1", "order": {"data": "2026-01-01", "total": "1"}}');
select vibe_private.read_bling('order.read', '{"id": "1", "order": {"data": "2026-01-01", "total": -1}}');

-- A server's part, played here. The pace is Bling's business elsewhere; here nothing waits.
create function play(kind text, answer jsonb default null) returns text language plpgsql as $$
declare
    job bigint := (select j.job_id from vibe.queue_jobs as j where j.kind = play.kind order by j.job_id desc limit 1);
    said jsonb;
begin
    update vibe_private.bling_accounts set next_request_at = '-infinity';
    update vibe_private.bling_hosts set due = '-infinity';
    update vibe.queue_jobs as j set status = 'running', worker = '00000000-0000-0000-0000-000000000001', lease_until = now() + interval '1 minute'
    where j.job_id = job and j.status in ('queued', 'running');
    said := vibe_private.queue_step(job, '00000000-0000-0000-0000-000000000001', answer);
    return concat_ws(' ', said ->> 'do', said ->> 'status', said ->> 'method', said ->> 'url', said ->> 'body', said #>> '{headers,authorization}',
        case when said ->> 'do' = 'stop' then (select j.error ->> 'code' from vibe.queue_jobs as j where j.job_id = job) end);
end
$$;
create function page(data jsonb) returns jsonb language sql as $$ select jsonb_build_object('status', 200, 'body', jsonb_build_object('data', data)::text) $$;
create function refused(status int, type text, more jsonb default '{}') returns jsonb language sql as $$
    select jsonb_build_object('status', status, 'headers', '{}'::jsonb, 'body', jsonb_build_object('error', jsonb_build_object('type', type) || more)::text) $$;

select start_url ~ '^https://www.bling.com.br/Api/v3/oauth/authorize\?response_type=code&client_id=app&state=[A-Za-z0-9_-]{43}$' as is_start, callback_path, webhook_path,
    substring(start_url from 'state=(.*)$') as state
from vibe.connect_bling('shop', 'app', 'sécret', import_from => current_date - 10) \gset
select :'is_start' as is_start, :'callback_path' as callback_path;
select status from vibe.source_status;
select vibe.bling_callback('made-up', 'code');
select vibe.bling_callback(:'state', null, 'access_denied');
select vibe.bling_callback(:'state', repeat('x', 4097));
select vibe.bling_callback(:'state', 'c&de');
select vibe.bling_callback(:'state', 'c&de');

-- The code leaves once. The tokens are stored, and that is committed, before anything else is done.
select play('bling_connect');
select play('bling_connect', '{"status": 200, "body": "{\"access_token\": \"A1\", \"refresh_token\": \"R1\", \"expires_in\": 21600}"}');
select name, value, expires_at > now() + interval '5 hours' as is_long from vibe_private.source_secrets order by name collate "C";
select play('bling_connect');
select kind, status from vibe.queue_jobs order by job_id;

-- Lists: statuses, orders by their day a month at a time, articles; what is in them is queued.
select play('bling_sync');
select play('bling_sync', page('[{"id": 5, "nome": "Compras"}, {"id": 98310, "nome": "Vendas"}]'));
select regexp_replace(play('bling_sync', page('[{"id": 100, "nome": "Enviado", "idHerdado": 9}]')), '\d{4}-\d\d-\d\d', 'DAY', 'g') as asked;
select regexp_replace(play('bling_sync', page('[{"id": 1, "loja": {"id": 0}, "total": 5}, {"id": 2, "total": 6}, {"id": 2, "total": 6}, {"nonsense": true}]')), '\?.*?(A1|$)', '?… A1') as asked;
select play('bling_sync', page('[{"id": 9, "nome": "Café", "codigo": "CAFE", "preco": 25.5, "situacao": "A", "estoque": {"saldoVirtualTotal": 3}}, {"id": 10, "nome": "Velho", "situacao": "I"}]'));
select kind, external_id, urgency, wanted_at is not null as is_wanted from vibe_private.bling_tasks order by kind, external_id;
select product_id, code, price, currency, is_active, stock, physical_stock, stock_read_at is not null as is_read from vibe.products order by product_id;
select status, processed from vibe.queue_jobs where kind = 'bling_sync';

-- One by one. An expired token is renewed first; while that is under way nobody else asks.
select play('bling_read');
update vibe_private.source_secrets set expires_at = now() where name = 'access_token';
select play('bling_read', refused(401, 'invalid_token'));
select vibe_private.enqueue(:shop, 'bling_sync', (select source_id from vibe.sources)::text) > 0 as queued;
select play('bling_sync');
select play('bling_read', '{"error": "timeout"}');
select status, last_error from vibe.source_status;
delete from vibe.queue_jobs where kind = 'bling_sync' and status <> 'done';
select play('bling_read');
select play('bling_read', '{"status": 200, "body": "{\"access_token\": \"A2\", \"refresh_token\": \"R2\", \"expires_in\": 21600}"}');
select name, value from vibe_private.source_secrets order by name collate "C";
select play('bling_read');
select play('bling_read', page('{"id": 1, "data": "2026-03-01", "total": 51, "situacao": {"id": 100}, "contato": {"id": 5, "nome": "Zé"}, "itens": [{"produto": {"id": 9}, "descricao": "Café", "quantidade": 2, "valor": 25.5}]}'));
select play('bling_read', refused(404, 'RESOURCE_NOT_FOUND'));
select play('bling_read', page('[{"produto": {"id": 9}, "saldoFisicoTotal": 4, "saldoVirtualTotal": 2.5}, {"produto": {"id": 77}}, {}]'));
select play('bling_read', refused(400, 'VALIDATION_ERROR', '{"fields": [{"msg": "A2 is no word"}]}'));
select kind, external_id, wanted_at is null as is_done, error from vibe_private.bling_tasks order by kind, external_id;
select topic, external_id, status from vibe.source_deliveries order by delivery_id;
select vibe_private.apply_batch(:shop, (select source_id from vibe.sources), 10) as applied;
select p.external_id, p.purchased_at, p.amount, p.channel, p.is_cancelled, c.external_id as customer, c.name from vibe.purchases as p left join vibe.customers as c using (site_id, customer_id);
select product_id, stock, physical_stock from vibe.stock_levels;

-- An order that was read later and is applied together with its contact takes nothing from it.
select vibe_private.apply_forms(:shop, s.source_id, array[
        vibe_private.receive(:shop, s.source_id, 'contact.read', '5', null, null, 'x'), vibe_private.receive(:shop, s.source_id, 'order.read', '8', null, null, 'y')], array[
    vibe_private.read_bling('contact.read', '{"id": "5", "read_at": "2026-03-02T10:00:00Z", "contact": {"nome": "José", "email": "ze@example.com"}}'),
    vibe_private.read_bling('order.read', '{"id": "8", "read_at": "2026-03-02T11:00:00Z", "status": "paid", "currency": "BRL", "time_zone": "UTC",
        "order": {"data": "2026-03-02", "total": 1, "contato": {"id": 5, "nome": "Zé"}}}')])
from vibe.sources as s;
select external_id, name, email, order_count from vibe.customers;

-- A customer who is erased is not a task any more.
select vibe.erase_customer('shop', customer_id) is not null as erased from vibe.customers;
select count(*) from vibe_private.bling_tasks where kind = 'contact';

-- What cannot be an answer is tried again; where the server may not ask, nobody tries.
select vibe_private.bling_problem(a.account, asked, answer) ->> 'code' as code
from (select null::vibe_private.bling_account as account) as a, (values
    ('{"what": "orders"}'::jsonb, page('{}')), ('{"what": "order"}', page('[]')), ('{"what": "order"}', page('{}')), ('{"what": "orders"}', page('[]')),
    ('{"what": "order"}', '{"status": 200, "body": "{\"data\": "}'), ('{"what": "order"}', '{"status": 301, "body": ""}'), ('{"what": "order"}', '{"error": "not_text", "status": 200}'),
    ('{"what": "order"}', '{"error": "not_allowed"}'), ('{"what": "order", "path": "/pedidos/vendas/1"}', refused(403, 'FORBIDDEN')), ('{"what": "order"}', refused(503, 'SERVER_ERROR'))
) as t (asked, answer);

-- Limits: a pause is no failure, the end of the day's share waits for Bling's midnight, and eight pauses in a row are a failure.
select vibe_private.want_from_bling(:shop, (select source_id from vibe.sources), 'order', '{1}');
select play('bling_read');
select regexp_replace(play('bling_read', refused(429, 'TOO_MANY_REQUESTS', '{"period": "second"}')), '\d\.\d+', 'SECONDS') as decision;
select count(*) from (select play('bling_read'), play('bling_read', refused(429, 'TOO_MANY_REQUESTS', '{"period": "second"}')) from generate_series(1, 6)) as again;
select play('bling_read'), play('bling_read', refused(429, 'TOO_MANY_REQUESTS', '{"period": "second"}'));
select attempts, run_at between now() + interval '9 minutes' and now() + interval '13 minutes' as waits from vibe.queue_jobs where kind = 'bling_read' order by job_id desc limit 1;
select play('bling_read');
select play('bling_read', refused(429, 'TOO_MANY_REQUESTS', '{"description": "O limite de requisições por dia foi atingido"}'));
select (run_at at time zone 'America/Sao_Paulo')::date - (now() at time zone 'America/Sao_Paulo')::date as days, attempts
from vibe.queue_jobs where kind = 'bling_read' order by job_id desc limit 1;
update vibe_private.bling_accounts set day = day - 1;

-- 20 tokens in a minute would ban the address: three at once, then one in four seconds.
update vibe_private.bling_hosts set due = '-infinity';
select n, ceil(vibe_private.bling_host_pause(:shop, (select source_id from vibe.sources), 'token')) as pause from generate_series(1, 5) as n;

-- A refresh token that Bling does not take ends the consent; nothing is asked until an owner allows it again.
update vibe_private.source_secrets set expires_at = now() where name = 'access_token';
select play('bling_read');
select play('bling_read', refused(400, 'invalid_grant'));
select is_connected, problem, waiting from vibe.get_bling_account('shop');
select name from vibe_private.source_secrets order by name collate "C";
select status, last_error from vibe.source_status;
select count(*) from vibe_private.bling_due();
select vibe_private.want_from_bling(:shop, (select source_id from vibe.sources), 'order', '{3}');
select kind, status from vibe.queue_jobs where status in ('queued', 'running') and kind <> 'apply_inbox';

-- Notices: signed over the raw body, kept as they came.
create function notice(body text, secret text default 'sécret', header text default null) returns jsonb language sql as $$
    select vibe.receive_bling((select source_id from vibe.sources)::text, convert_to(body, 'UTF8'), jsonb_build_object('x-bling-signature-256',
        coalesce(header, 'sha256=' || encode(public.hmac(convert_to(body, 'UTF8'), convert_to(secret, 'UTF8'), 'sha256'), 'hex')))) $$;
select notice('{"event": "order.created", "data": {"id": 4}}');
select notice('{"event": "order.created", "data": {"id": 4}}', 'secret');
select notice('{"event": "order.created", "data": {"id": 4}}', header => '');
select notice('not json'), notice('[]'), notice('{"event": {"a": 1}, "data": 5}'), notice('{"event": "stock.created", "data": {"produto": {"id": 9}}}');
select kind, external_id, urgency from vibe_private.bling_tasks where urgency = 0 order by kind, external_id;
select topic, external_id from vibe.source_deliveries where topic like 'notice%' order by delivery_id;

-- Disconnected: no job, no notice; what was read stays. Another site has no part in any of it.
select vibe.disconnect_source('shop', (select source_id from vibe.sources));
select notice('{"event": "order.created", "data": {"id": 4}}');
select vibe.start_bling('other', (select source_id from vibe.sources)::text);
select count(*) from vibe.products;
select vibe_private.enqueue(:shop, 'bling_sync', (select source_id from vibe.sources)::text) is not null as queued;
select play('bling_sync');
