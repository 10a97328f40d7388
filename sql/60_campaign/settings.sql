create function vibe.campaign_setting(
    of_site integer, out attribution_model text, out window_days integer, out conversion_types text[], out passive_types text[]
)
language sql
stable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
    select
        coalesce(s.attribution_model, 'last'),
        coalesce(s.window_days, 30),
        coalesce(s.conversion_types, '{conversion}'),
        coalesce(s.passive_types, '{impression,sent,delivered,bounced,unsubscribed}')
    from (select) as once
    left join vibe.campaign_settings as s on s.site_id = of_site
$$;
comment on function vibe.campaign_setting(integer) is 'the row of vibe.campaign_settings, or what holds without one';
grant execute on function vibe.campaign_setting(integer) to vibe_analyst;

create function vibe.change_campaign_settings(
    site text default null,
    attribution_model text default null,
    window_days integer default null,
    conversion_types text[] default null,
    passive_types text[] default null
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    of_site integer := vibe.site_id(site, 'member');
    old record;
    bad record;
begin
    select * into old from vibe.campaign_setting(of_site);
    attribution_model := coalesce(attribution_model, old.attribution_model);
    window_days := coalesce(window_days, old.window_days);
    conversion_types := coalesce(conversion_types, old.conversion_types);
    passive_types := coalesce(passive_types, old.passive_types);
    select r.* into bad
    from (values
        ('attribution_model', attribution_model, attribution_model in ('first', 'last', 'linear'), 'must be first, last or linear'),
        ('window_days', window_days::text, window_days between 1 and 365, 'must be 1 to 365'),
        ('conversion_types', conversion_types::text, cardinality(conversion_types) between 1 and 50, 'must list 1 to 50 types'),
        ('passive_types', passive_types::text, cardinality(passive_types) <= 50, 'must list at most 50 types'),
        ('passive_types', passive_types::text, not conversion_types && passive_types, 'must have no type of conversion_types'),
        ('conversion_types', conversion_types::text, not exists (
            select from unnest(conversion_types) as t where t is null or t !~ '^\S(.{0,98}\S)?$'
        ), 'must list types of 1 to 100 characters, no space at either end'),
        ('passive_types', passive_types::text, not exists (
            select from unnest(passive_types) as t where t is null or t !~ '^\S(.{0,98}\S)?$'
        ), 'must list types of 1 to 100 characters, no space at either end')
    ) as r (field, given, is_good, rule)
    where not r.is_good
    limit 1;
    if found then
        raise exception '% is %', bad.field, quote_literal(left(bad.given, 120))
            using errcode = 'invalid_parameter_value', detail = format('%s %s.', bad.field, bad.rule);
    end if;
    insert into vibe.campaign_settings as s (site_id, attribution_model, window_days, conversion_types, passive_types)
    values (of_site, attribution_model, window_days, conversion_types, passive_types)
    on conflict (site_id) do update set
        attribution_model = excluded.attribution_model,
        window_days = excluded.window_days,
        conversion_types = excluded.conversion_types,
        passive_types = excluded.passive_types;
end
$$;
comment on function vibe.change_campaign_settings(text, text, integer, text[], text[]) is
'changes how a site reckons with its campaigns, in all reports at once and of past days too; what is null stays. attribution_model: first, last or linear; window_days: 1 to 365; conversion_types and passive_types: types of campaign events';
grant execute on function vibe.change_campaign_settings(text, text, integer, text[], text[]) to vibe_member;
