-- Sources that send by themselves and are never asked: CRMs and models.

create function vibe_private.connect_sender(
    site text, kind text, name text, adapter text, secret text, out source_id bigint, out delivery_path text, out webhook_secret text
)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    of_site integer := vibe.site_id(site, 'owner');
begin
    if length(secret) not between 16 and 200 then
        perform vibe_private.fail('secret is not 16 to 200 characters long', hint => 'null: one is made');
    end if;
    webhook_secret := coalesce(secret, vibe_private.new_secret());
    source_id := vibe_private.connect_source(
        of_site, kind, name, null, jsonb_build_object('adapter', adapter), null, jsonb_build_object('webhook_secret', webhook_secret)
    );
    delivery_path := format('/webhooks/%s/%s', replace(kind, 'ai_model', 'ai-models'), of_site);
end
$$;
comment on function vibe_private.connect_sender(text, text, text, text, text) is 'connects a source that only sends';

create function vibe.connect_crm(
    site text, name text, adapter text default 'generic', secret text default null,
    out source_id bigint, out delivery_path text, out webhook_secret text
)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    known constant text[] := '{generic,twenty,mautic,hmac_hex,hmac_b64}';
begin
    if adapter is null or adapter <> all (known) then
        perform vibe_private.fail(
            format('adapter "%s" is not offered', coalesce(left(adapter, 60), 'null')), hint => 'one of ' || array_to_string(known, ', ')
        );
    end if;
    select * into source_id, delivery_path, webhook_secret from vibe_private.connect_sender(site, 'crm', name, adapter, secret);
end
$$;
comment on function vibe.connect_crm(text, text, text, text) is
'connects a CRM that sends contacts and interactions: returns the path for its webhooks and their secret (yours, or one that is made), this once. adapter says how it signs: generic (X-Signature: t=seconds,v1=hex of "t.body"), twenty, mautic, or HMAC-SHA256 of the body in X-Signature as hmac_hex or hmac_b64. Owners only. Definer: secrets are nobody''s to read';
grant execute on function vibe.connect_crm(text, text, text, text) to vibe_member;

create function vibe.connect_ai_model(
    site text, name text, secret text default null, out source_id bigint, out delivery_path text, out webhook_secret text
)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    select * into source_id, delivery_path, webhook_secret from vibe_private.connect_sender(site, 'ai_model', name, 'generic', secret);
end
$$;
comment on function vibe.connect_ai_model(text, text, text) is
'connects a program that tells of models: returns the path for its events and the secret that signs them (yours, or one that is made), this once. Owners only. Definer: secrets are nobody''s to read';
grant execute on function vibe.connect_ai_model(text, text, text) to vibe_member;

create function vibe.receive_crm(site text, body bytea, headers jsonb) returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return vibe_private.receive_events('crm', site, body, headers);
end
$$;
comment on function vibe.receive_crm(text, bytea, jsonb) is
'POST /webhooks/crm/{site}: keeps what a CRM tells, one event or {"events": […]}; 202 once it is stored for good, 401 unless signed by a CRM of the site. Definer: who sends has no account, the signature is looked at';
grant execute on function vibe.receive_crm(text, bytea, jsonb) to vibe_anon;

create function vibe.receive_ai_model(site text, body bytea, headers jsonb) returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return vibe_private.receive_events('ai_model', site, body, headers);
end
$$;
comment on function vibe.receive_ai_model(text, bytea, jsonb) is
'POST /webhooks/ai-models/{site}: keeps events of models, one or {"events": […]}; 202 once they are stored for good, 401 unless signed by a model source of the site. Definer: who sends has no account, the signature is looked at';
grant execute on function vibe.receive_ai_model(text, bytea, jsonb) to vibe_anon;

create function vibe_private.receive_events(kind text, site text, body bytea, headers jsonb) returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    of_source record;
    stored bigint;
begin
    select * into of_source from vibe_private.signed_source(kind, site, headers, body);
    select count(vibe_private.receive(of_source.site_id, of_source.source_id, e.topic, null, null, headers, e.content)) into stored
    from vibe_private.split_events(body) as e;
    perform vibe_private.apply_soon(of_source.site_id, of_source.source_id);
    perform set_config('response.status', '202', true);
    return jsonb_build_object('received', true, 'events', stored);
end
$$;
comment on function vibe_private.receive_events(text, text, bytea, jsonb) is 'keeps the events in a signed body, each as a delivery';

create function vibe_private.split_events(body bytea) returns table (topic text, content bytea)
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    told json;
    keys text[];
begin
    begin
        told := convert_from(body, 'UTF8')::json;
        keys := array(select k from json_object_keys(told) as k);
        if json_typeof(told -> 'events') = 'array' then
            return query
            select coalesce(e ->> 'type', e ->> 'event', ''), convert_to(e::text, 'UTF8') from json_array_elements(told -> 'events') as e;
            return;
        elsif exists (select from unnest(keys) as k where k like 'mautic.%') then
            return query
            select t.key, convert_to(e::text, 'UTF8')
            from json_each(told) as t
            cross join json_array_elements(case json_typeof(t.value) when 'array' then t.value else json_build_array(t.value) end) as e
            where t.key like 'mautic.%';
            return;
        end if;
        return query select coalesce(told ->> 'type', told ->> 'event', told ->> 'eventName', ''), body;
        return;
    exception when data_exception or invalid_parameter_value then
        null;
    end;
    -- Kept all the same: the reader says what is wrong.
    return query select '', body;
end
$$;
comment on function vibe_private.split_events(bytea) is 'the events in a body, each with its own text: one, a list called events, or the lists of Mautic''s triggers';

create function vibe_private.read_ai_model(topic text, body jsonb) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    type constant text := vibe_private.read_text(body, '{type}');
    value constant text := body ->> 'value';
begin
    if jsonb_typeof(body) is distinct from 'object' then
        raise exception 'the content is no object' using errcode = '22023';
    elsif type is null or type not in ('activation', 'result') then
        raise exception 'type "%" is neither activation nor result', coalesce(type, 'null') using errcode = '22023';
    elsif vibe_private.read_text(body, '{model}', 100) is null then
        raise exception 'model is missing' using errcode = '22023';
    elsif vibe_private.read_text(body, '{id}') is null then
        raise exception 'id is missing: an event that is sent again could not be known' using errcode = '22023';
    elsif value is not null and value !~ '^-?[0-9]{1,18}([.][0-9]{1,30})?$' then
        raise exception 'value "%" is no number with at most 18 digits before the decimal point', left(value, 60) using errcode = '22023';
    elsif jsonb_typeof(coalesce(body -> 'metadata', '{}')) <> 'object' then
        raise exception 'metadata is no object' using errcode = '22023';
    end if;
    return jsonb_build_object('model_event', jsonb_strip_nulls(jsonb_build_object(
        'external_id', vibe_private.read_text(body, '{id}'),
        'model', vibe_private.read_text(body, '{model}', 100),
        'version', vibe_private.read_text(body, '{version}', 100),
        'event_type', type,
        'at', vibe_private.read_time(body, '{occurredAt}'),
        'value', value::numeric,
        'customer', vibe_private.read_contact(coalesce(body -> 'customer', body -> 'contact'))
    )) || jsonb_build_object('metadata', coalesce(body -> 'metadata', '{}')));
end
$$;
comment on function vibe_private.read_ai_model(text, jsonb) is
'the reader of model events: {"id", "model", "version", "type": "activation" or "result", "occurredAt", "value", "customer": {"externalId", "email"}, "metadata"}';

create function vibe_private.read_contact(told jsonb) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    contact jsonb;
begin
    if coalesce(jsonb_typeof(told), 'null') = 'null' then
        return null;
    elsif jsonb_typeof(told) <> 'object' then
        raise exception 'contact is no object' using errcode = '22023';
    end if;
    contact := jsonb_strip_nulls(jsonb_build_object(
        'external_id', vibe_private.read_text(told, '{externalId}', 100),
        'email', vibe_private.read_text(told, '{email}', 320),
        'name', vibe_private.read_text(told, '{name}', 500),
        'phone', vibe_private.read_text(told, '{phone}', 100),
        'location', vibe_private.read_text(told, '{location}'),
        'registered_at', vibe_private.read_time(told, '{registeredAt}', false)
    ));
    return nullif(contact, '{}');
end
$$;
comment on function vibe_private.read_contact(jsonb) is 'a contact {"externalId", "email", "name", "phone", "location", "registeredAt"} as normal form; null for none';
