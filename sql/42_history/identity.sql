-- Who the visitors of history turned out to be, and who must hear of it.

create function vibe_private.identify_history(into_site integer) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    chunk record;
    claimed bigint := 0;
begin
    if not exists (select from pg_temp.import_rows as r where r.person is not null) then
        return 0;
    end if;
    perform from vibe.sites as s where s.site_id = into_site for no key update;
    -- In parts, each decided as a batch of ingest is; in the order of time, so that the first claim of all is the first of its part.
    for chunk in
        with named as (
            select r.visitor, r.person, min(r.occurred_at) as first_at, max(r.name) as name, max(r.email) as email
            from pg_temp.import_rows as r
            where r.person is not null and btrim(r.person) <> '' and not vibe_private.is_nobody(r.person)
            group by r.visitor, r.person
        ),
        claim as (
            select v.user_id, n.person, n.first_at, n.name, n.email
            from named as n
            join pg_temp.import_visitors as v using (visitor)
            union all
            -- What PostHog's servers send has the user's id alone, in the place of a browser's.
            select v.user_id, n.person, min(v.first_at), null, null
            from named as n
            join pg_temp.import_visitors as v on v.visitor = 'posthog:' || n.person
            where v.visitor not in (select o.visitor from named as o)
            group by v.user_id, n.person
        ),
        news as (
            select c.*, row_number() over (order by c.first_at, c.user_id, c.person) as place
            from claim as c
            join vibe.site_users as u on u.site_id = into_site and u.user_id = c.user_id
            left join vibe.site_users as p on p.site_id = into_site and p.user_id = coalesce(u.merged_into, u.user_id)
            where p.external_id is distinct from c.person
              -- Refused before, with a warning.
              and not exists (
                  select from vibe.identity_warnings as w
                  where w.site_id = into_site and w.user_id = c.user_id and w.claimed_id = c.person
              )
        )
        select array_agg(jsonb_populate_record(null::vibe_private.tracked_item, jsonb_build_object(
            'ord', 1, 'place', n.place, 'site_id', into_site, 'kind', 'identify', 'occurred_at', n.first_at, 'external_id', n.person,
            'user_id', n.user_id, 'traits', jsonb_strip_nulls(jsonb_build_object('name', n.name, 'email', n.email))
        )) order by n.place) as claims
        from news as n
        group by n.place / 5000
        order by n.place / 5000
    loop
        perform vibe_private.identify(chunk.claims);
        claimed := claimed + cardinality(chunk.claims);
    end loop;
    -- What the parts told readers of the feed one by one is said at once below.
    delete from vibe_private.changes as c where c.site_id = into_site and c.xid = pg_current_xact_id();
    return claimed;
end
$$;
comment on function vibe_private.identify_history(integer) is
'makes visitors known whom the rows of an import name, by the rules of identify; what was known before stays. Returns how many names were new';

create function vibe_private.mark_history(into_site integer, first_day date, zone text) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    -- To the day before today: new visitors of the past belong to the totals of every day since.
    -- (Without an event there is no first day and no row.)
    insert into vibe_private.dirty_days (site_id, day)
    select into_site, first_day + n
    from generate_series(0, (now() at time zone zone)::date - 1 - first_day) as n
    order by 2;
    -- More than readers of the feed want to hear one by one: they load again.
    insert into vibe_private.changes (site_id, table_name, kind, records)
    select into_site, t.name, 'INSERT', null
    from unnest(array['site_users', 'site_sessions', 'user_events']) as t (name);
    perform vibe_private.ring_doorbell();
end
$$;
comment on function vibe_private.mark_history(integer, date, text) is
'marks the days since the first one of an import to be counted again, and tells readers of the feed to load again';
