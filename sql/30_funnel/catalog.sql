-- What there is to build funnels of: names that came in lately, not all that ever came.
create function vibe.event_parts(site text default null)
returns table (kind text, name text, events bigint)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    of_site integer := vibe.site_id(site);
begin
    return query
    with latest as materialized (
        select e.event_name, e.page, e.properties
        from vibe.user_events as e
        where e.site_id = of_site and not e.is_bot
        order by e.occurred_at desc
        limit 10000
    ), found as (
        select 'event' as kind, l.event_name as name, count(*) as events from latest as l group by l.event_name
        union all
        select 'page', l.page, count(*) from latest as l where l.page is not null group by l.page
        union all
        select 'property', p.name, count(*)
        from latest as l
        cross join lateral jsonb_object_keys(l.properties) as p (name)
        group by p.name
    ), ranked as (
        select f.*, row_number() over (partition by f.kind order by f.events desc, f.name) as place from found as f
    )
    select r.kind, r.name, r.events from ranked as r where r.place <= 200 order by r.kind, r.place;
end
$$;
comment on function vibe.event_parts(text) is
'names of events, pages and properties (kind event, page, property; up to 200 each, the most frequent first) among the 10,000 latest events of a site without bots, to choose from';
grant execute on function vibe.event_parts(text) to vibe_analyst;
