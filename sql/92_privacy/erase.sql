-- Everything about one person goes, and what was counted with them is counted again. Definer, because derived figures and
-- machinery are nobody's to write; only an owner of the site comes past the first line.
create function vibe.erase_user(site text, user_id bigint, with_purchases boolean default false) returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    of_site integer := vibe.site_id(site, 'owner');
    visitors bigint[];
    customers bigint[];
    known text;
    first_seen date;
    active_days date[];
    periods record;
    answer jsonb := '{}';
    erased bigint;
begin
    -- As identify does: nobody may merge into the person meanwhile.
    perform from vibe.sites as s where s.site_id = of_site for no key update;
    perform vibe_private.take_turn(of_site, 'stats');
    visitors := vibe.user_visitors(of_site, user_id);
    select array_agg(distinct u.customer_id) filter (where u.customer_id is not null), max(u.external_id),
        (min(least(u.first_seen_at, s.started_at)) at time zone z.time_zone)::date
    into customers, known, first_seen
    from vibe.site_users as u
    join vibe.sites as z on z.site_id = u.site_id
    left join vibe.site_sessions as s on s.site_id = u.site_id and s.user_id = u.user_id
    where u.site_id = of_site and u.user_id = any (visitors)
    group by z.time_zone;
    customers := coalesce(customers, '{}');
    active_days := array(select distinct d.day from vibe.user_days as d where d.site_id = of_site and d.user_id = any (visitors) order by 1);
    select array_agg(p.period_start order by p.period_start, p.period_end) as starts,
        array_agg(p.period_end order by p.period_start, p.period_end) as ends into periods
    from (
        select distinct a.period_start, a.period_end from vibe.rfm_analysis as a
        where a.site_id = of_site and a.customer_id = any (customers)
    ) as p;

    delete from vibe.user_events as e where e.site_id = of_site and e.user_id = any (visitors);
    get diagnostics erased = row_count;
    answer := answer || jsonb_build_object('events', erased);
    delete from vibe.identity_warnings as w
    where w.site_id = of_site and (w.user_id = any (visitors) or known in (w.external_id, w.claimed_id));
    get diagnostics erased = row_count;
    answer := answer || jsonb_build_object('identity_warnings', erased,
        'sessions', (select count(*) from vibe.site_sessions as s where s.site_id = of_site and s.user_id = any (visitors)),
        'days', (select count(*) from vibe.user_days as d where d.site_id = of_site and d.user_id = any (visitors)));
    if with_purchases then
        delete from vibe.purchases as p
        where p.site_id = of_site and (p.customer_id = any (customers) or p.user_id = any (visitors));
    else
        -- The shop must keep its books; whose order it was is gone.
        update vibe.purchases as p set customer_id = null, user_id = null
        where p.site_id = of_site and (p.customer_id = any (customers) or p.user_id = any (visitors));
    end if;
    get diagnostics erased = row_count;
    answer := answer || jsonb_build_object(case when with_purchases then 'purchases' else 'purchases_made_anonymous' end, erased);
    delete from vibe.customers as c where c.site_id = of_site and c.customer_id = any (customers);
    get diagnostics erased = row_count;
    answer := answer || jsonb_build_object('customers', erased);
    -- Sessions, days, conversions, merges, segments' history and the online list follow by their keys and triggers.
    delete from vibe.site_users as u where u.site_id = of_site and u.user_id = any (visitors);
    get diagnostics erased = row_count;
    answer := answer || jsonb_build_object('visitors', erased);
    -- Readers of the feed are told to load again.
    update vibe_private.changes as c set records = null
    where c.site_id = of_site and c.records is not null and exists (
        select from jsonb_array_elements(c.records) as r
        where (r ->> 'user_id')::bigint = any (visitors) or (r ->> 'customer_id')::bigint = any (customers)
    );
    perform vibe_private.recount_after_erasure(of_site, first_seen, active_days, periods.starts, periods.ends);
    return answer || jsonb_build_object('not_reached', jsonb_build_array(
        'backups and archived write-ahead log', 'files that were exported before', 'logs of the web server and the proxy',
        'sources that can send the person again, such as the shop''s own database'
    ));
end
$$;
comment on function vibe.erase_user(text, bigint, boolean) is
'erases a person, all browsers merged into them included: events, sessions, days, conversions, profile, merges, segments'' history, customer record and RFM; purchases too or made anonymous; then counts daily figures, funnels and RFM again without them. Any id of a merged visitor will do. Returns how much was erased and what it cannot reach. Owners only; cannot be undone. Definer: see its text';
grant execute on function vibe.erase_user(text, bigint, boolean) to vibe_member;

create function vibe_private.recount_after_erasure(
    of_site integer, first_day date, active_days date[], period_starts date[], period_ends date[]
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    zone text;
    events_from date;
    last_day date;
begin
    select s.time_zone, coalesce(s.events_from, '-infinity'), (select max(d.day) from vibe.daily_user_stats as d where d.site_id = of_site)
    into zone, events_from, last_day
    from vibe.sites as s where s.site_id = of_site;
    -- Funnels are kept by day alone: where the events are gone, a day that the person was in cannot be told from one without.
    delete from vibe.daily_funnel_stats as d where d.site_id = of_site and d.day = any (active_days) and d.day < events_from;
    if greatest(first_day, events_from) <= last_day then
        perform vibe.calculate_funnel_days(of_site::text, greatest(first_day, events_from, last_day - 3660), last_day);
    end if;
    -- From the roll-ups alone, which have just lost the person: that also serves days whose events are gone.
    while first_day <= last_day loop
        perform vibe_private.calculate_day_figures(of_site, first_day, array(
            select vibe.day_start(first_day + n, zone)
            from generate_series(0, least(last_day - first_day, 999) + 1) as n order by n
        ));
        first_day := first_day + 1000;
    end loop;
    perform vibe.calculate_rfm(of_site::text, p.period_start, p.period_end)
    from unnest(period_starts, period_ends) as p (period_start, period_end);
    perform vibe_private.refresh_segments(of_site);
end
$$;
comment on function vibe_private.recount_after_erasure(integer, date, date[], date[], date[]) is
'counts daily figures and funnels from a day on, RFM of these periods and the segments of one site again';

create function vibe.export_user(site text, user_id bigint) returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    of_site integer := vibe.site_id(site, 'member');
    visitors bigint[] := vibe.user_visitors(of_site, user_id);
    customers bigint[];
begin
    select coalesce(array_agg(distinct u.customer_id) filter (where u.customer_id is not null), '{}') into customers
    from vibe.site_users as u where u.site_id = of_site and u.user_id = any (visitors);
    return jsonb_build_object(
        'site', (select s.name from vibe.sites as s where s.site_id = of_site),
        'exported_at', now(),
        'visitors', (select jsonb_agg(to_jsonb(u) - 'site_id' order by u.user_id) from vibe.site_users as u
            where u.site_id = of_site and u.user_id = any (visitors)),
        'sessions', (select coalesce(jsonb_agg(to_jsonb(s) - 'site_id' order by s.started_at, s.session_id), '[]') from vibe.site_sessions as s
            where s.site_id = of_site and s.user_id = any (visitors)),
        'events', (select coalesce(jsonb_agg(to_jsonb(e) - 'site_id' order by e.occurred_at, e.event_id), '[]') from vibe.user_events as e
            where e.site_id = of_site and e.user_id = any (visitors)),
        'days', (select coalesce(jsonb_agg(to_jsonb(d) - 'site_id' order by d.day, d.user_id), '[]') from vibe.user_days as d
            where d.site_id = of_site and d.user_id = any (visitors)),
        'conversions', (select coalesce(jsonb_agg(to_jsonb(c) - 'site_id' order by c.day, c.goal_id, c.user_id), '[]') from vibe.goal_conversions as c
            where c.site_id = of_site and c.user_id = any (visitors)),
        'merges', (select coalesce(jsonb_agg(to_jsonb(m) - 'site_id' order by m.merge_id), '[]') from vibe.user_merges as m
            where m.site_id = of_site and m.user_id = any (visitors)),
        'identity_warnings', (select coalesce(jsonb_agg(to_jsonb(w) - 'site_id' order by w.warning_id), '[]') from vibe.identity_warnings as w
            where w.site_id = of_site and w.user_id = any (visitors)),
        'customers', (select coalesce(jsonb_agg(to_jsonb(c) - 'site_id' order by c.customer_id), '[]') from vibe.customers as c
            where c.site_id = of_site and c.customer_id = any (customers)),
        'purchases', (select coalesce(jsonb_agg(to_jsonb(p) - 'site_id' || jsonb_build_object('items', (
                select coalesce(jsonb_agg(to_jsonb(i) - 'site_id' - 'purchase_id' order by i.line), '[]')
                from vibe.purchase_items as i where i.site_id = of_site and i.purchase_id = p.purchase_id
            )) order by p.purchased_at, p.purchase_id), '[]') from vibe.purchases as p
            where p.site_id = of_site and (p.customer_id = any (customers) or p.user_id = any (visitors))),
        'rfm', (select coalesce(jsonb_agg(to_jsonb(a) - 'site_id' order by a.period_start, a.period_end), '[]') from vibe.rfm_analysis as a
            where a.site_id = of_site and a.customer_id = any (customers)),
        'segments', (select coalesce(jsonb_agg(jsonb_build_object('segment', g.name, 'entered_at', m.entered_at, 'left_at', m.left_at)
                order by m.entered_at, g.name), '[]')
            from vibe.segment_members as m
            join vibe.segments as g using (site_id, segment_id)
            where m.site_id = of_site
              and m.subject_id = any (case g.subject when 'customer' then customers else visitors end))
    );
end
$$;
comment on function vibe.export_user(text, bigint) is
'everything stored about a person, all browsers merged into them included, as one JSON: visitors, sessions, events, days, conversions, merges, customer record, purchases, RFM, segments. For members of the site; any id of a merged visitor will do';
grant execute on function vibe.export_user(text, bigint) to vibe_member;

create function vibe.delete_site(site text, name_again text) returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    of_site integer := vibe.site_id(site, 'owner');
    right_name text := (select s.name from vibe.sites as s where s.site_id = of_site);
begin
    if name_again is distinct from right_name then
        perform vibe_private.fail(
            format('name_again is "%s", which is not the name of the site', name_again),
            hint => 'deleting a site cannot be undone: write its name a second time'
        );
    end if;
    perform from vibe.sites as s where s.site_id = of_site for update;
    delete from vibe.user_events as e where e.site_id = of_site;
    delete from vibe_private.event_ids as i where i.site_id = of_site;
    delete from vibe_private.dirty_days as d where d.site_id = of_site;
    delete from vibe_private.changes as c where c.site_id = of_site;
    -- Purchases first: their customers and visitors need no new figures any more.
    delete from vibe.purchases as p where p.site_id = of_site;
    delete from vibe.sites as s where s.site_id = of_site;
end
$$;
comment on function vibe.delete_site(text, text) is
'deletes a site and everything in it; name_again is its name, so that no slip does it. Owners only; cannot be undone. Definer: nobody may write sites directly';
grant execute on function vibe.delete_site(text, text) to vibe_member;
