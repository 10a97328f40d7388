create function vibe_private.read_crm(topic text, body jsonb) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    if jsonb_typeof(body) is distinct from 'object' then
        raise exception 'the content is no object' using errcode = '22023';
    elsif topic like 'mautic.%' then
        return vibe_private.read_mautic(topic, body);
    elsif body ?| '{event,eventName}' and not body ? 'type' then
        return vibe_private.read_twenty(body);
    end if;
    return vibe_private.read_crm_event(body);
end
$$;
comment on function vibe_private.read_crm(text, jsonb) is
'the reader of CRMs: our own events, those of Twenty and of Mautic';

create function vibe_private.read_crm_event(body jsonb) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    type constant text := vibe_private.read_text(body, '{type}', 100);
    at constant timestamptz := vibe_private.read_time(body, '{occurredAt}');
    contact constant jsonb := vibe_private.read_contact(body -> 'contact');
    data constant jsonb := coalesce(nullif(body -> 'data', 'null'), '{}');
begin
    if type is null then
        raise exception 'type is missing' using errcode = '22023';
    elsif jsonb_typeof(data) <> 'object' then
        raise exception 'data is no object' using errcode = '22023';
    elsif type in ('contact.upserted', 'contact.created', 'contact.updated') then
        return jsonb_build_object('customer', vibe_private.known_contact(contact) || jsonb_build_object('modified_at', at));
    elsif type = 'contact.deleted' then
        return '{"ignore": "a contact was deleted; vibe.erase_customer() forgets the customer"}';
    elsif vibe_private.read_text(body, '{id}') is null then
        raise exception 'id is missing: an event that is sent again could not be known' using errcode = '22023';
    elsif type = 'campaign.event' then
        if vibe_private.read_text(data, '{campaign}') is null or vibe_private.read_text(data, '{event}', 100) is null then
            raise exception 'data.campaign or data.event is missing' using errcode = '22023';
        end if;
        return jsonb_build_object('campaign_event', jsonb_build_object(
            'external_id', vibe_private.read_text(body, '{id}'), 'campaign', vibe_private.read_text(data, '{campaign}'),
            'event_type', vibe_private.read_text(data, '{event}', 100), 'at', at, 'customer', contact, 'metadata', data - '{campaign,event}'::text[]
        ));
    end if;
    return jsonb_build_object('interaction', jsonb_build_object(
        'external_id', vibe_private.read_text(body, '{id}'),
        'kind', case when type = 'interaction.created' then coalesce(vibe_private.read_text(data, '{kind}', 100), 'interaction') else type end,
        'at', at, 'customer', contact, 'data', data
    ));
end
$$;
comment on function vibe_private.read_crm_event(jsonb) is
'{"id", "type", "occurredAt", "contact": {"externalId", "email", "name", "phone", "location"}, "data"}: contact.upserted tells of a customer, campaign.event of something that happened with the campaign data.campaign (its name or outside number): data.event; every other type is an interaction; the kind of interaction.created is in data.kind';

create function vibe_private.known_contact(contact jsonb) returns jsonb
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    if contact is null or not contact ? 'external_id' and vibe_private.clean_email(contact ->> 'email') is null then
        raise exception 'contact has neither a number nor an e-mail address' using errcode = '22023';
    end if;
    return contact;
end
$$;
comment on function vibe_private.known_contact(jsonb) is 'the contact, if it says who it is; raises if not';

create function vibe_private.read_twenty(body jsonb) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    event constant text := coalesce(vibe_private.read_text(body, '{event}', 100), vibe_private.read_text(body, '{eventName}', 100));
    data constant jsonb := coalesce(body -> 'data', body -> 'record');
    at timestamptz;
begin
    if jsonb_typeof(data) is distinct from 'object' then
        raise exception 'data is no object' using errcode = '22023';
    end if;
    at := coalesce(vibe_private.read_time(body, '{timestamp}', false), vibe_private.read_time(body, '{eventDate}'));
    if event in ('person.created', 'person.updated', 'person.restored') then
        return jsonb_build_object('customer', vibe_private.known_contact(jsonb_strip_nulls(jsonb_build_object(
            'external_id', vibe_private.read_text(data, '{id}', 100),
            'email', coalesce(vibe_private.read_text(data, '{emails,primaryEmail}', 320), case jsonb_typeof(data -> 'email') when 'string' then data ->> 'email' end),
            'name', nullif(concat_ws(' ', vibe_private.read_text(data, '{name,firstName}', 250), vibe_private.read_text(data, '{name,lastName}', 250)), ''),
            'location', vibe_private.read_text(data, '{city}'),
            'registered_at', vibe_private.read_time(data, '{createdAt}', false)
        ))) || jsonb_build_object('modified_at', coalesce(vibe_private.read_time(data, '{updatedAt}', false), at)));
    elsif event like 'person.%' then
        return '{"ignore": "a person was deleted; vibe.erase_customer() forgets the customer"}';
    end if;
    return jsonb_build_object('interaction', jsonb_build_object(
        'external_id', event || ':' || coalesce(vibe_private.read_text(data, '{id}', 60), '') || ':' || extract(epoch from at),
        'kind', event, 'at', at, 'data', data,
        'customer', nullif(jsonb_strip_nulls(jsonb_build_object('external_id', coalesce(
            vibe_private.read_text(data, '{personId}', 100), vibe_private.read_text(data, '{pointOfContactId}', 100)
        ))), '{}')
    ));
end
$$;
comment on function vibe_private.read_twenty(jsonb) is
'{"event", "data", "timestamp"} as the CRM Twenty sends it: people are customers, other objects interactions with the person they name';

create function vibe_private.read_mautic(trigger text, body jsonb) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    contact constant jsonb := coalesce(
        body -> 'contact', body -> 'lead', body #> '{stat,contact}', body #> '{stat,lead}', body #> '{submission,lead}', body #> '{hit,lead}'
    );
    fields constant jsonb := coalesce(contact #> '{fields,core}', '{}');
    at constant timestamptz := vibe_private.read_time(body, '{timestamp}');
    person jsonb;
begin
    person := nullif(jsonb_strip_nulls(jsonb_build_object(
        'external_id', vibe_private.read_text(contact, '{id}', 100),
        'email', vibe_private.read_text(fields, '{email,value}', 320),
        'name', nullif(concat_ws(' ', vibe_private.read_text(fields, '{firstname,value}', 250), vibe_private.read_text(fields, '{lastname,value}', 250)), ''),
        'location', nullif(left(concat_ws(', ', vibe_private.read_text(fields, '{city,value}'), vibe_private.read_text(fields, '{country,value}')), 200), '')
    )), '{}');
    if trigger ~ '^mautic\.lead_post_delete' then
        return '{"ignore": "a contact was deleted; vibe.erase_customer() forgets the customer"}';
    elsif trigger ~ '^mautic\.lead_' then
        return jsonb_build_object('customer', vibe_private.known_contact(person) || jsonb_build_object('modified_at', at));
    end if;
    return jsonb_build_object('interaction', jsonb_build_object(
        'external_id', left(trigger || ':' || extract(epoch from at) || ':' || md5(body::text), 200),
        'kind', substr(trigger, 8), 'at', at, 'customer', person, 'data', body - '{contact,lead}'::text[]
    ));
end
$$;
comment on function vibe_private.read_mautic(text, jsonb) is
'an event of one of Mautic''s triggers: those of contacts tell of customers, others (e-mail opened, form sent …) are interactions';
