-- Bling ERP v3 as a source. What leaves for Bling and what comes back passes the queue; nothing here waits for it.
create function vibe.connect_bling(
    site text default null,
    client_id text default null,
    client_secret text default null,
    name text default 'bling',
    import_from date default null,
    skip_stores text[] default '{}',
    statuses jsonb default '{}',
    requests_per_second numeric default 3,
    requests_per_day int default 100000,
    currency text default 'BRL',
    base_url text default 'https://api.bling.com.br/Api/v3',
    authorize_url text default null,
    out source_id bigint,
    out start_url text,
    out callback_path text,
    out webhook_path text
)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    of_site constant int := vibe.site_id(connect_bling.site, 'owner');
    of_source bigint;
    address constant text := rtrim(connect_bling.base_url, '/');
    known record;
begin
    perform vibe_private.check_bling(connect_bling.client_id, connect_bling.import_from, connect_bling.skip_stores, connect_bling.statuses,
        connect_bling.requests_per_second, connect_bling.requests_per_day, connect_bling.base_url, connect_bling.authorize_url);
    perform vibe_private.check_currency(connect_bling.currency);
    if coalesce(connect_bling.client_secret, '') = '' and not exists (
        select from vibe.sources as s join vibe_private.source_secrets as t using (site_id, source_id)
        where s.site_id = of_site and s.kind = 'bling' and s.name = connect_bling.name and t.name = 'client_secret'
    ) then
        perform vibe_private.fail('client_secret is missing', hint => 'Bling shows it beside client_id in the app''s own page');
    end if;
    of_source := vibe_private.connect_source(
        of_site, 'bling', connect_bling.name, address, '{}', interval '3 hours',
        coalesce(jsonb_build_object('client_secret', nullif(connect_bling.client_secret, '')), '{}') - case
            when coalesce(connect_bling.client_secret, '') = '' then 'client_secret' else '' end
    );
    select
        a.client_id <> connect_bling.client_id as is_other_app,
        (coalesce(connect_bling.import_from, a.import_from), connect_bling.skip_stores, connect_bling.statuses)
            is distinct from (a.import_from, a.skip_stores, a.status_map) as is_read_otherwise
    into known
    from vibe_private.bling_accounts as a where a.site_id = of_site and a.source_id = of_source;
    insert into vibe_private.bling_accounts as a (
        site_id, source_id, authorize_url, client_id, requests_per_second, requests_per_day, import_from, currency, skip_stores, status_map
    ) values (
        of_site, of_source,
        coalesce(connect_bling.authorize_url, case
            when address = 'https://api.bling.com.br/Api/v3' then 'https://www.bling.com.br/Api/v3/oauth/authorize'
            else address || '/oauth/authorize'
        end),
        connect_bling.client_id, connect_bling.requests_per_second, connect_bling.requests_per_day,
        coalesce(connect_bling.import_from, current_date - 730), connect_bling.currency, connect_bling.skip_stores, connect_bling.statuses
    )
    on conflict on constraint bling_accounts_pkey do update set
        authorize_url = excluded.authorize_url,
        client_id = excluded.client_id,
        requests_per_second = excluded.requests_per_second,
        requests_per_day = excluded.requests_per_day,
        import_from = coalesce(connect_bling.import_from, a.import_from),
        currency = excluded.currency,
        skip_stores = excluded.skip_stores,
        status_map = excluded.status_map,
        broken_at = null,
        broken_why = null,
        listed_until = case when known.is_read_otherwise or known.is_other_app then null else a.listed_until end;
    if known.is_other_app then
        delete from vibe_private.source_secrets as t
        where t.site_id = of_site and t.source_id = of_source and t.name in ('access_token', 'refresh_token');
    end if;
    if known.is_read_otherwise then
        -- Every order is read again, since it means something else now.
        update vibe_private.bling_tasks as t set fingerprint = null
        where t.site_id = of_site and t.source_id = of_source and t.kind = 'order';
    end if;
    source_id := of_source;
    start_url := vibe_private.bling_start_url(of_site, of_source);
    callback_path := '/api/bling/callback';
    webhook_path := format('/webhooks/bling/%s', of_source);
end
$$;
comment on function vibe.connect_bling(text, text, text, text, date, text[], jsonb, numeric, int, text, text, text) is
    'makes a Bling account a source of a site (owners only), or changes one: client_id and client_secret are those of your app at Bling (null keeps the secret), whose redirect address is callback_path and whose webhooks go to webhook_path. An owner opens start_url within ten minutes and allows it; then orders since import_from (null: two years), contacts, products and stock are read, and hourly again. skip_stores: Bling''s ids of stores that are sources of their own. statuses: {"15": "pending"} for a status id that is to be paid, pending or cancelled against the rule. requests_per_second and requests_per_day: this account''s share of Bling''s 3 and 120000. Definer: secrets are nobody''s to read';
grant execute on function vibe.connect_bling(text, text, text, text, date, text[], jsonb, numeric, int, text, text, text) to vibe_member;

create function vibe.start_bling(site text default null, source text default 'bling') returns text
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    of_site constant int := vibe.site_id(start_bling.site, 'owner');
begin
    return vibe_private.bling_start_url(of_site, vibe_private.bling_source(of_site, start_bling.source));
end
$$;
comment on function vibe.start_bling(text, text) is
    'the address at which an owner allows Bling to be read, good for ten minutes: for the first time, or again after Bling ended the consent. Definer: it keeps the hash of its state';
grant execute on function vibe.start_bling(text, text) to vibe_member;

create function vibe.get_bling_account(site text default null, source text default 'bling')
returns table (
    source_id bigint, connected_at timestamptz, is_connected boolean, problem text, access_until timestamptz, refresh_until timestamptz,
    client_id text, requests_per_second numeric, requests_per_day int, requests_today int, import_from date, listed_until date,
    skip_stores text[], statuses jsonb, waiting bigint, given_up bigint
)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    of_site constant int := vibe.site_id(get_bling_account.site, 'owner');
    of_source constant bigint := vibe_private.bling_source(of_site, get_bling_account.source);
begin
    return query
    select
        a.source_id, a.connected_at, a.broken_at is null and r.value is not null, a.broken_why, s.expires_at, r.expires_at, a.client_id,
        a.requests_per_second, a.requests_per_day,
        case when a.day = (now() at time zone 'America/Sao_Paulo')::date then a.day_requests else 0 end,
        a.import_from, a.listed_until, a.skip_stores, a.status_map,
        (select count(*) from vibe_private.bling_tasks as t
         where t.site_id = a.site_id and t.source_id = a.source_id and t.wanted_at is not null),
        (select count(*) from vibe_private.bling_tasks as t
         where t.site_id = a.site_id and t.source_id = a.source_id and t.error is not null)
    from vibe_private.bling_accounts as a
    left join vibe_private.source_secrets as s on s.site_id = a.site_id and s.source_id = a.source_id and s.name = 'access_token'
    left join vibe_private.source_secrets as r on r.site_id = a.site_id and r.source_id = a.source_id and r.name = 'refresh_token'
    where a.site_id = of_site and a.source_id = of_source;
end
$$;
comment on function vibe.get_bling_account(text, text) is
    'how a Bling account stands, without its secrets: whether the consent holds, requests of Bling''s day, what waits to be read one by one (waiting) and what Bling''s answer made impossible (given_up); owners only. Definer: it reads beside the secrets';
grant execute on function vibe.get_bling_account(text, text) to vibe_member;

create function vibe_private.bling_source(of_site int, source text) returns bigint
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    found_id bigint;
begin
    select s.source_id into found_id
    from vibe.sources as s
    where s.site_id = of_site and s.kind = 'bling' and (s.name = source or s.source_id::text = source)
    order by (s.name = source) desc
    limit 1;
    if found_id is null then
        perform vibe_private.fail(format('Bling source "%s" does not exist', source), hint => 'vibe.connect_bling() makes one');
    end if;
    return found_id;
end
$$;
comment on function vibe_private.bling_source(int, text) is 'id of a site''s Bling source by name or id; refuses others';

create function vibe_private.bling_start_url(of_site int, of_source bigint) returns text
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    state constant text := vibe_private.new_secret();
    url text;
begin
    delete from vibe_private.bling_states as s where s.expires_at < now();
    insert into vibe_private.bling_states (state_hash, site_id, source_id, expires_at)
    values (sha256(convert_to(state, 'UTF8')), of_site, of_source, now() + interval '10 minutes');
    select format('%s?response_type=code&client_id=%s&state=%s', a.authorize_url, a.client_id, state) into url
    from vibe_private.bling_accounts as a where a.site_id = of_site and a.source_id = of_source;
    return url;
end
$$;
comment on function vibe_private.bling_start_url(int, bigint) is 'the consent page''s address with a state of its own, which serves once and for ten minutes';

create function vibe_private.check_bling(
    client_id text, import_from date, skip_stores text[], statuses jsonb, requests_per_second numeric, requests_per_day int,
    base_url text, authorize_url text
) returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    wrong text;
begin
    if coalesce(client_id, '') !~ '^[A-Za-z0-9_-]{1,200}$' then
        perform vibe_private.fail(format('client_id "%s" is none', left(client_id, 80)), hint => 'letters and digits, as Bling shows it in the app''s own page');
    elsif import_from not between '2000-01-01' and current_date then
        perform vibe_private.fail(format('import_from is %s', import_from), hint => 'a day from 2000-01-01 to today');
    elsif requests_per_second is null or requests_per_second <= 0 or requests_per_second > 100 then
        perform vibe_private.fail(format('requests_per_second is %s', coalesce(requests_per_second::text, 'null')), hint => 'above 0 and at most 100; Bling allows 3');
    elsif requests_per_day is null or requests_per_day not between 100 and 10000000 then
        perform vibe_private.fail(format('requests_per_day is %s', coalesce(requests_per_day::text, 'null')), hint => '100 to 10000000; Bling allows 120000');
    elsif coalesce(base_url, '') !~ '^https?://[^\s/?#@]+(/[^\s?#]*)?$' or length(base_url) > 300 then
        perform vibe_private.fail(format('base_url "%s" is no address', left(base_url, 80)), hint => 'https://api.bling.com.br/Api/v3');
    elsif authorize_url !~ '^https?://[^\s/?#@]+(/[^\s?#]*)?$' or length(authorize_url) > 300 then
        perform vibe_private.fail(format('authorize_url "%s" is no address', left(authorize_url, 80)), hint => 'https://www.bling.com.br/Api/v3/oauth/authorize');
    elsif skip_stores is null or exists (select from unnest(skip_stores) as s where s is null or s !~ '^[0-9]{1,20}$') then
        perform vibe_private.fail(format('skip_stores %s are no ids of stores', coalesce(skip_stores::text, 'null')), hint => 'numbers, as Bling shows them');
    elsif statuses is null or jsonb_typeof(statuses) <> 'object' then
        perform vibe_private.fail('statuses is no object', hint => '{"15": "pending"}');
    end if;
    select s.key into wrong from jsonb_each_text(statuses) as s
    where s.key !~ '^[0-9]{1,20}$' or coalesce(s.value, '') not in ('paid', 'pending', 'cancelled')
    order by s.key limit 1;
    if wrong is not null then
        perform vibe_private.fail(format('statuses has "%s": %s', left(wrong, 80), statuses -> wrong), hint => 'ids of statuses, each paid, pending or cancelled');
    end if;
end
$$;
comment on function vibe_private.check_bling(text, date, text[], jsonb, numeric, int, text, text) is 'refuses settings of a Bling account that are none';
