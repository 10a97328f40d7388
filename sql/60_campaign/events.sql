create function vibe.track_campaign_event(campaign_id bigint, event_type text, metadata jsonb default '{}') returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    of_site integer := vibe.campaign_site(track_campaign_event.campaign_id, 'member');
    told record;
    made bigint;
begin
    if jsonb_typeof(coalesce(track_campaign_event.metadata, '{}')) <> 'object' then
        raise exception 'metadata is %', left(track_campaign_event.metadata::text, 120)
            using errcode = 'invalid_parameter_value', detail = 'metadata must be a JSON object.';
    end if;
    select * into told
    from vibe.campaign_event_fields(of_site, coalesce(track_campaign_event.metadata, '{}'));
    if coalesce(track_campaign_event.event_type, '') !~ '^\S(.{0,98}\S)?$' then
        raise exception 'event_type is %', coalesce(quote_literal(left(track_campaign_event.event_type, 120)), 'null') using
            errcode = 'invalid_parameter_value', detail = 'event_type must be 1 to 100 characters, no space at either end.';
    end if;
    insert into vibe.campaign_events as e (
        site_id, campaign_id, event_type, occurred_at, customer_id, user_id, external_id, order_id, value, cost, metadata
    )
    values (
        of_site, track_campaign_event.campaign_id, track_campaign_event.event_type, told.occurred_at, told.customer_id, told.user_id,
        told.event_id, told.order_id, told.value, told.cost, coalesce(track_campaign_event.metadata, '{}')
    )
    on conflict on constraint campaign_events_external_id_key do nothing
    returning e.campaign_event_id into made;
    if made is null then
        select e.campaign_event_id into made
        from vibe.campaign_events as e
        where e.site_id = of_site and e.campaign_id = track_campaign_event.campaign_id and e.external_id = told.event_id;
    end if;
    return made;
end
$$;
comment on function vibe.track_campaign_event(bigint, text, jsonb) is
'stores an event of a campaign and returns its campaign_event_id. metadata may hold anything; it means something here: customer_id or customer (the shop''s own number), user_id or visitor (the tracker''s id): to whom it happened; occurred_at: when, now if not told; value, cost: money; order: the shop''s order number that a conversion is about; event_id: what is sent again under it is stored once. Errors name the member, its value and the rule';
grant execute on function vibe.track_campaign_event(bigint, text, jsonb) to vibe_member;

create function vibe.campaign_event_fields(
    of_site integer, metadata jsonb,
    out customer_id bigint, out user_id bigint, out occurred_at timestamptz, out value numeric, out cost numeric,
    out order_id text, out event_id text
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    bad record;
begin
    select r.* into bad
    from (values
        ('customer_id', 'must be the number of a customer', '^[0-9]{1,18}$'),
        ('customer', 'must be a text of 1 to 200 characters', '^.{1,200}$'),
        ('user_id', 'must be the number of a visitor', '^[0-9]{1,18}$'),
        ('visitor', 'must be a text of 1 to 200 characters', '^.{1,200}$'),
        ('value', 'must be a number from 0 to 999999999999', '^[0-9]{1,12}(\.[0-9]+)?$'),
        ('cost', 'must be a number from 0 to 9999999999', '^[0-9]{1,10}(\.[0-9]+)?$'),
        ('order', 'must be a text of 1 to 200 characters', '^.{1,200}$'),
        ('event_id', 'must be a text of 1 to 200 characters', '^.{1,200}$'),
        ('occurred_at', 'must be a time such as 2026-01-31T12:00:00Z', '^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].{1,30})?$')
    ) as r (field, rule, pattern)
    where metadata ->> r.field is not null
      and (jsonb_typeof(metadata -> r.field) not in ('string', 'number') or metadata ->> r.field !~ r.pattern)
    limit 1;
    if found then
        raise exception 'metadata.% is %', bad.field, left(metadata ->> bad.field, 120)
            using errcode = 'invalid_parameter_value', detail = format('%s %s.', bad.field, bad.rule);
    end if;
    begin
        occurred_at := coalesce((metadata ->> 'occurred_at')::timestamptz, now());
    exception when data_exception then
        raise exception 'metadata.occurred_at is %', left(metadata ->> 'occurred_at', 120)
            using errcode = 'invalid_parameter_value', detail = 'occurred_at must be a time such as 2026-01-31T12:00:00Z.';
    end;
    if occurred_at < '2000-01-01 00:00:00+00' or occurred_at > clock_timestamp() + interval '1 minute' then
        raise exception 'metadata.occurred_at is %', left(metadata ->> 'occurred_at', 120)
            using errcode = 'invalid_parameter_value', detail = 'occurred_at must be after 1999 and not in the future.';
    end if;
    value := (metadata ->> 'value')::numeric;
    cost := (metadata ->> 'cost')::numeric;
    order_id := metadata ->> 'order';
    event_id := metadata ->> 'event_id';
    if metadata ->> 'customer_id' is not null then
        select c.customer_id into customer_id
        from vibe.customers as c where c.site_id = of_site and c.customer_id = (metadata ->> 'customer_id')::bigint;
    elsif metadata ->> 'customer' is not null then
        select c.customer_id into customer_id
        from vibe.customers as c where c.site_id = of_site and c.external_id = metadata ->> 'customer';
    end if;
    if metadata ->> 'user_id' is not null then
        select u.user_id into user_id
        from vibe.site_users as u where u.site_id = of_site and u.user_id = (metadata ->> 'user_id')::bigint;
    elsif metadata ->> 'visitor' is not null then
        select u.user_id into user_id
        from vibe.site_users as u where u.site_id = of_site and u.anonymous_id = metadata ->> 'visitor';
    end if;
    select r.* into bad
    from (values
        ('customer_id', customer_id is not null),
        ('customer', customer_id is not null or metadata ->> 'customer_id' is not null),
        ('user_id', user_id is not null),
        ('visitor', user_id is not null or metadata ->> 'user_id' is not null)
    ) as r (field, is_found)
    where metadata ->> r.field is not null and not r.is_found
    limit 1;
    if found then
        raise exception 'metadata.% is %', bad.field, left(metadata ->> bad.field, 120)
            using errcode = 'invalid_parameter_value', detail = format('the site has no such %s.', replace(bad.field, '_id', ''));
    end if;
end
$$;
comment on function vibe.campaign_event_fields(integer, jsonb) is
'what the metadata of a campaign event mean, looked up in the site; raises 22023 for what means nothing';
grant execute on function vibe.campaign_event_fields(integer, jsonb) to vibe_member;

create function vibe.get_campaign_events(
    campaign_id bigint,
    type text default null,
    start_date date default null,
    end_date date default null,
    "limit" integer default 100,
    before_id bigint default null
)
returns table (
    campaign_event_id bigint, event_type text, occurred_at timestamptz, customer_id bigint, customer text,
    user_id bigint, order_id text, value numeric, cost numeric, metadata jsonb
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    of_site integer := vibe.campaign_site(get_campaign_events.campaign_id);
    span record;
begin
    if "limit" is null or "limit" not between 1 and 1000 then
        raise exception 'limit is %', coalesce("limit"::text, 'null')
            using errcode = 'invalid_parameter_value', detail = 'limit must be 1 to 1000.';
    end if;
    select * into span from vibe.campaign_range(of_site, get_campaign_events.start_date, get_campaign_events.end_date);
    return query
        select
            e.campaign_event_id, e.event_type, e.occurred_at, e.customer_id, coalesce(c.name, c.external_id),
            e.user_id, e.order_id, e.value, e.cost, e.metadata
        from vibe.campaign_events as e
        left join vibe.customers as c on c.site_id = e.site_id and c.customer_id = e.customer_id
        where e.site_id = of_site
          and e.campaign_id = get_campaign_events.campaign_id
          and e.occurred_at >= span.begins
          and e.occurred_at < span.ends
          and (type is null or e.event_type = type)
          and (before_id is null or (e.occurred_at, e.campaign_event_id) < (
              select b.occurred_at, b.campaign_event_id
              from vibe.campaign_events as b
              where b.site_id = of_site and b.campaign_event_id = before_id
          ))
        order by e.occurred_at desc, e.campaign_event_id desc
        limit "limit";
end
$$;
comment on function vibe.get_campaign_events(bigint, text, date, date, integer, bigint) is
'events of a campaign, the latest first; before_id is the campaign_event_id of the last one of the page before';
grant execute on function vibe.get_campaign_events(bigint, text, date, date, integer, bigint) to vibe_analyst;
