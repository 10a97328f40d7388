-- Campaigns as people make and change them. With the caller's rights: policies decide.
create function vibe.create_campaign(
    site text default null,
    name text default null,
    type text default 'other',
    target_segment text default null,
    budget numeric default null,
    start_date date default null,
    end_date date default null,
    status text default 'active',
    utm_campaign text default null,
    utm_source text default null,
    utm_medium text default null,
    external_id text default null
) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    of_site integer := vibe.site_id(site, 'member');
    wanted jsonb := jsonb_build_object(
        'name', name, 'type', type, 'status', status, 'budget', budget, 'start_date', start_date, 'end_date', end_date,
        'utm_campaign', lower(utm_campaign), 'utm_source', lower(utm_source), 'utm_medium', lower(utm_medium), 'external_id', external_id
    );
    made bigint;
begin
    perform vibe.check_campaign(of_site, null, wanted);
    insert into vibe.campaigns as c (
        site_id, external_id, name, type, status, segment_id, budget, start_date, end_date, utm_campaign, utm_source, utm_medium
    )
    values (
        of_site, create_campaign.external_id, create_campaign.name, create_campaign.type, create_campaign.status,
        case when target_segment is not null then vibe.segment_id(of_site, target_segment) end,
        create_campaign.budget, create_campaign.start_date, create_campaign.end_date,
        lower(create_campaign.utm_campaign), lower(create_campaign.utm_source), lower(create_campaign.utm_medium)
    )
    returning c.campaign_id into made;
    return made;
end
$$;
comment on function vibe.create_campaign(text, text, text, text, numeric, date, date, text, text, text, text, text) is
'makes a campaign and returns its campaign_id. target_segment is the name or id of a segment; visits whose first address has utm_campaign (and utm_source, utm_medium if given) belong to it; external_id is what the network or the CRM calls it';
grant execute on function vibe.create_campaign(text, text, text, text, numeric, date, date, text, text, text, text, text) to vibe_member;

create function vibe.update_campaign(
    campaign_id bigint,
    name text default null,
    type text default null,
    target_segment text default null,
    budget numeric default null,
    start_date date default null,
    end_date date default null,
    status text default null,
    utm_campaign text default null,
    utm_source text default null,
    utm_medium text default null,
    external_id text default null,
    clear text[] default '{}'
) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    of_site integer := vibe.campaign_site(update_campaign.campaign_id, 'member');
    emptied constant text[] := coalesce(clear, '{}');
    stranger text;
    wanted jsonb;
begin
    select f into stranger from unnest(emptied) as f
    where f is null or f <> all ('{target_segment,budget,start_date,end_date,utm_campaign,utm_source,utm_medium,external_id}');
    if found then
        raise exception 'clear names %', coalesce(quote_literal(left(stranger, 100)), 'null') using
            errcode = 'invalid_parameter_value',
            detail = 'clear must list target_segment, budget, start_date, end_date, utm_campaign, utm_source, utm_medium or external_id.';
    end if;
    select to_jsonb(c) into wanted
    from vibe.campaigns as c
    where c.site_id = of_site and c.campaign_id = update_campaign.campaign_id
    for no key update;
    wanted := wanted || jsonb_strip_nulls(jsonb_build_object(
        'name', name, 'type', type, 'status', status, 'budget', budget, 'start_date', start_date, 'end_date', end_date,
        'utm_campaign', lower(utm_campaign), 'utm_source', lower(utm_source), 'utm_medium', lower(utm_medium), 'external_id', external_id,
        'segment_id', case when target_segment is not null then vibe.segment_id(of_site, target_segment) end
    ));
    wanted := wanted - case when 'target_segment' = any (emptied) then emptied || 'segment_id'::text else emptied end;
    perform vibe.check_campaign(of_site, update_campaign.campaign_id, wanted);
    update vibe.campaigns as c
    set name = w.name, type = w.type, status = w.status, segment_id = w.segment_id, budget = w.budget, start_date = w.start_date,
        end_date = w.end_date, utm_campaign = w.utm_campaign, utm_source = w.utm_source, utm_medium = w.utm_medium, external_id = w.external_id
    from jsonb_to_record(wanted) as w (
        name text, type text, status text, segment_id bigint, budget numeric, start_date date, end_date date,
        utm_campaign text, utm_source text, utm_medium text, external_id text
    )
    where c.site_id = of_site and c.campaign_id = update_campaign.campaign_id;
    return update_campaign.campaign_id;
end
$$;
comment on function vibe.update_campaign(bigint, text, text, text, numeric, date, date, text, text, text, text, text, text[]) is
'changes what is given of a campaign and returns its campaign_id; what is null stays, what clear lists becomes empty';
grant execute on function vibe.update_campaign(bigint, text, text, text, numeric, date, date, text, text, text, text, text, text[]) to vibe_member;

create function vibe.delete_campaign(campaign_id bigint) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    of_site integer := vibe.campaign_site(delete_campaign.campaign_id, 'member');
begin
    delete from vibe.campaigns as c where c.site_id = of_site and c.campaign_id = delete_campaign.campaign_id;
end
$$;
comment on function vibe.delete_campaign(bigint) is
'deletes a campaign with its events and reported figures; vibe.update_campaign(…, status => ''archived'') keeps them';
grant execute on function vibe.delete_campaign(bigint) to vibe_member;

create function vibe.campaign_site(campaign_id bigint, at_least text default 'viewer') returns integer
language plpgsql
stable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
    of_site integer;
begin
    select c.site_id into of_site
    from vibe.campaigns as c
    where c.site_id = any (array(select vibe.my_sites())) and c.campaign_id = campaign_site.campaign_id;
    if not found then
        raise exception 'campaign % does not exist', coalesce(campaign_site.campaign_id::text, 'null')
            using errcode = 'PT404', hint = 'vibe.get_campaigns() lists those that there are';
    elsif of_site not in (select vibe.my_sites(at_least)) then
        raise exception 'campaign % is yours to read only', campaign_site.campaign_id using errcode = 'insufficient_privilege';
    end if;
    return of_site;
end
$$;
comment on function vibe.campaign_site(bigint, text) is
'the site of a campaign; raises PT404 for one that does not exist or is none of the caller''s, 42501 where the caller may do less than at_least';
grant execute on function vibe.campaign_site(bigint, text) to vibe_analyst;

create function vibe.check_campaign(of_site integer, of_campaign bigint, wanted jsonb) returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    bad record;
    other text;
begin
    select r.* into bad
    from jsonb_to_record(wanted) as w (
        name text, type text, status text, budget numeric, start_date date, end_date date,
        utm_campaign text, utm_source text, utm_medium text, external_id text
    )
    cross join lateral (values
        ('name', w.name, coalesce(w.name, '') ~ '^\S(.{0,198}\S)?$', 'must be 1 to 200 characters, no space at either end'),
        ('type', w.type, coalesce(w.type, '') ~ '^\S(.{0,48}\S)?$', 'must be 1 to 50 characters, no space at either end'),
        ('status', w.status, coalesce(w.status, '') in ('draft', 'active', 'paused', 'completed', 'archived'),
            'must be draft, active, paused, completed or archived'),
        ('budget', w.budget::text, w.budget is null or w.budget between 0 and 999999999999, 'must be 0 to 999999999999'),
        ('start_date', w.start_date::text, w.start_date is null or w.start_date >= '2000-01-01' and w.start_date < '2200-01-01',
            'must be in the years 2000 to 2199'),
        ('end_date', w.end_date::text, w.end_date is null or w.end_date >= '2000-01-01' and w.end_date < '2200-01-01',
            'must be in the years 2000 to 2199'),
        ('end_date', w.end_date::text, coalesce(w.end_date >= w.start_date, true), 'must not be before start_date'),
        ('utm_campaign', w.utm_campaign, coalesce(length(w.utm_campaign), 1) between 1 and 200, 'must be 1 to 200 characters long'),
        ('utm_source', w.utm_source, coalesce(length(w.utm_source), 1) between 1 and 200, 'must be 1 to 200 characters long'),
        ('utm_medium', w.utm_medium, coalesce(length(w.utm_medium), 1) between 1 and 200, 'must be 1 to 200 characters long'),
        ('utm_source', w.utm_source, w.utm_source is null or w.utm_campaign is not null, 'needs utm_campaign'),
        ('utm_medium', w.utm_medium, w.utm_medium is null or w.utm_campaign is not null, 'needs utm_campaign'),
        ('external_id', w.external_id, coalesce(length(w.external_id), 1) between 1 and 200, 'must be 1 to 200 characters long')
    ) as r (field, given, is_good, rule)
    where not r.is_good
    limit 1;
    if found then
        raise exception '% is %', bad.field, coalesce(quote_literal(left(bad.given, 120)), 'null')
            using errcode = 'invalid_parameter_value', detail = format('%s %s.', bad.field, bad.rule);
    end if;
    select case
        when c.name = wanted ->> 'name' then format('campaign "%s" exists already', c.name)
        when c.external_id = wanted ->> 'external_id' then format('campaign "%s" has the external_id "%s"', c.name, c.external_id)
        else format('campaign "%s" takes these visits (utm_campaign "%s")', c.name, c.utm_campaign)
    end into other
    from vibe.campaigns as c
    where c.site_id = of_site
      and c.campaign_id is distinct from of_campaign
      and (
          c.name = wanted ->> 'name'
          or c.external_id = wanted ->> 'external_id'
          or c.utm_campaign = wanted ->> 'utm_campaign'
              and (c.utm_source, c.utm_medium) is not distinct from (wanted ->> 'utm_source', wanted ->> 'utm_medium')
      )
    limit 1;
    if found then
        raise exception using message = other, errcode = 'unique_violation';
    end if;
end
$$;
comment on function vibe.check_campaign(integer, bigint, jsonb) is
'raises the first rule that a campaign (its columns as JSON) would break: 22023 for a value, 23505 for a name, external_id or parameters that another one has';
grant execute on function vibe.check_campaign(integer, bigint, jsonb) to vibe_member;
