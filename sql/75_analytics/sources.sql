-- What each outside source brought. A source that does not deliver has no figure: zero would be a lie (A-03).
create function vibe.analytics_sources(
    site text default null, start_date date default null, end_date date default null, as_of timestamptz default null
)
returns table (
    source text, value numeric, orders bigint, status text, since timestamptz, code text, last_success_at timestamptz
)
language plpgsql stable
rows 3
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    asked record;
begin
    select * into asked from vibe.analytics_range(
        analytics_sources.site, analytics_sources.start_date, analytics_sources.end_date, 'none', analytics_sources.as_of
    );
    return query
    select
        k.source,
        case when s.status = 'ok' then f.value end,
        case when s.status = 'ok' then f.orders end,
        coalesce(s.status, 'off'),
        s.since,
        case coalesce(s.status, 'off')
            when 'ok' then null
            when 'off' then 'NOT_CONNECTED'
            when 'never' then 'NO_DATA_YET'
            when 'stale' then 'STALE'
            else coalesce(s.code, 'SOURCE_ERROR')
        end,
        s.last_success_at
    from (values (1, 'wordpress', 'woocommerce'), (2, 'bling', 'bling'), (3, 'crm', 'crm')) as k (place, source, kind)
    left join vibe.source_health(asked.site_id) as s on s.kind = k.kind
    left join lateral vibe.source_figures(asked.site_id, case s.status when 'ok' then k.kind end, asked.range_start, asked.range_end) as f on true
    order by k.place;
end
$$;
comment on function vibe.analytics_sources(text, date, date, timestamptz) is
'what came from each outside source in a range (see vibe.analytics_range()) and how the source is now: value is the revenue of its orders (less refunds, in the site''s currency), of the CRM the number of its interactions; both figures are null, never 0, unless status is ok. status: ok, stale (it has not delivered for too long), error, never (nothing has come yet), off (not connected); since when; code says why. Of several sources of a kind the worst is told';
grant execute on function vibe.analytics_sources(text, date, date, timestamptz) to vibe_analyst;

create function vibe.source_health(of_site integer)
returns table (kind text, status text, since timestamptz, code text, last_success_at timestamptz)
language plpgsql stable
rows 3
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    select distinct on (s.kind) s.kind, s.status, s.since, substring(s.last_error from '^[A-Z][A-Z0-9_]+'), s.last_success_at
    from vibe.source_status as s
    where s.site_id = of_site
    order by s.kind, array_position(array['error', 'stale', 'never', 'ok', 'off'], s.status), s.since;
end
$$;
comment on function vibe.source_health(integer) is
'for each kind of source that a site has the state of its worst one; code is what its last error begins with in capital letters';
grant execute on function vibe.source_health(integer) to vibe_analyst;

create function vibe.source_figures(of_site integer, of_kind text, starts_at timestamptz, ends_at timestamptz)
returns table (value numeric, orders bigint)
language plpgsql stable strict
rows 1
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    if of_kind = 'crm' then
        return query
        select count(*)::numeric, null::bigint
        from vibe.interactions as i
        join vibe.sources as s on s.site_id = i.site_id and s.source_id = i.source_id and s.kind = of_kind
        where i.site_id = of_site and i.at >= starts_at and i.at < ends_at;
        return;
    end if;
    return query
    select coalesce(sum(p.amount) filter (where p.currency = t.currency), 0), count(*) filter (where not p.is_refund)
    from vibe.sources as s
    join vibe.sites as t on t.site_id = s.site_id
    join vibe.purchases as p on p.site_id = s.site_id and p.source_id = s.source_id
    where s.site_id = of_site and s.kind = of_kind and p.purchased_at >= starts_at and p.purchased_at < ends_at and not p.is_cancelled;
end
$$;
comment on function vibe.source_figures(integer, text, timestamptz, timestamptz) is
'what the sources of a kind brought from starts_at up to, not including, ends_at: revenue (less refunds, in the site''s currency) and orders, of a CRM the number of its interactions';
grant execute on function vibe.source_figures(integer, text, timestamptz, timestamptz) to vibe_analyst;
