-- Everything about one person goes, and what was counted with them is counted again. Definer, because derived figures and
-- machinery are nobody's to write; only an owner of the site comes past the first line.
create function vibe.erase_user(site text, user_id bigint, with_purchases boolean default false) returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    of_site integer := vibe.site_id(site, 'owner');
begin
    perform vibe.user_visitors(of_site, erase_user.user_id);
    return vibe_private.erase_person(of_site, array[erase_user.user_id], '{}', with_purchases);
end
$$;
comment on function vibe.erase_user(text, bigint, boolean) is
'erases a person, all browsers and customer records that are known to be theirs included: events, sessions, days, conversions, profile, merges, warnings, segments'' history, RFM, the online list, campaign events, what sources delivered about them, interactions, model events, rejected records of imports that name them; purchases too, or made anonymous; then counts daily figures, funnels, RFM, revenue and segments again without them, also of days whose events have expired. Any id of a merged visitor will do. Returns how much was erased and what it cannot reach. Owners only; cannot be undone. Definer: see its text';
grant execute on function vibe.erase_user(text, bigint, boolean) to vibe_member;

create function vibe.erase_customer(site text, customer_id bigint, with_purchases boolean default false) returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    of_site integer := vibe.site_id(site, 'owner');
begin
    if not exists (
        select from vibe.customers as c where c.site_id = of_site and c.customer_id = erase_customer.customer_id
    ) then
        perform vibe_private.fail(format('customer_id %s does not exist', coalesce(erase_customer.customer_id::text, 'null')));
    end if;
    return vibe_private.erase_person(of_site, '{}', array[erase_customer.customer_id], with_purchases);
end
$$;
comment on function vibe.erase_customer(text, bigint, boolean) is
'vibe.erase_user() for a person of whom the shop''s record is known, visitor or not. Owners only; cannot be undone. Definer: as erase_user()';
grant execute on function vibe.erase_customer(text, bigint, boolean) to vibe_member;

create function vibe_private.erase_person(of_site integer, visitors bigint[], customers bigint[], with_purchases boolean) returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    names text;
    counted record;
    answer jsonb := '{}';
begin
    if with_purchases is null then
        perform vibe_private.fail('with_purchases is null', 'It must be true or false.');
    end if;
    -- Nothing else may count the site, import to it or merge its visitors meanwhile.
    perform vibe_private.take_all_turns(of_site);
    perform from vibe.sites as s where s.site_id = of_site for no key update;
    select * into visitors, customers from vibe_private.hold_person(of_site, visitors, customers);
    names := vibe.person_pattern(of_site, visitors, customers);
    select * into counted from vibe_private.counted_with(of_site, visitors, customers);

    with gone as (
        delete from vibe.user_events as e where e.site_id = of_site and e.user_id = any (visitors) returning 1
    )
    select answer || jsonb_build_object('events', count(*)) into answer from gone;
    with known as (
        select u.external_id from vibe.site_users as u
        where u.site_id = of_site and u.user_id = any (visitors) and u.external_id is not null
    ), gone as (
        delete from vibe.identity_warnings as w
        where w.site_id = of_site
          and (w.user_id = any (visitors) or w.external_id in (table known) or w.claimed_id in (table known))
        returning 1
    )
    select answer || jsonb_build_object('identity_warnings', count(*)) into answer from gone;
    with gone as (
        delete from vibe.import_rejects as r
        where r.site_id = of_site and (r.record ~* names or r.value ~* names)
        returning 1
    )
    select answer || jsonb_build_object('import_rejects', count(*)) into answer from gone;
    with gone as (
        delete from vibe.campaign_events as e
        where e.site_id = of_site
          and (e.user_id = any (visitors) or e.customer_id = any (customers) or e.metadata::text ~* names or e.order_id in (
              select vibe.person_orders(of_site, visitors, customers)
          ))
        returning 1
    )
    select answer || jsonb_build_object('campaign_events', count(*)) into answer from gone;
    answer := answer || vibe_private.erase_deliveries(of_site, visitors, customers)
        || vibe_private.erase_purchases(of_site, visitors, customers, with_purchases)
        || vibe_private.forget_funnel_users(of_site, visitors)
        || jsonb_build_object(
            'sessions', (select count(*) from vibe.site_sessions as s where s.site_id = of_site and s.user_id = any (visitors)),
            'days', (select count(*) from vibe.user_days as d where d.site_id = of_site and d.user_id = any (visitors)),
            'conversions', (select count(*) from vibe.goal_conversions as c where c.site_id = of_site and c.user_id = any (visitors)),
            'rfm', (select count(*) from vibe.rfm_analysis as a where a.site_id = of_site and a.customer_id = any (customers))
        );
    with gone as (
        delete from vibe.customers as c where c.site_id = of_site and c.customer_id = any (customers) returning 1
    )
    select answer || jsonb_build_object('customers', count(*)) into answer from gone;
    -- Sessions, days, conversions, merges, segments' history and the online list follow by their keys and triggers.
    with gone as (
        delete from vibe.site_users as u where u.site_id = of_site and u.user_id = any (visitors) returning 1
    )
    select answer || jsonb_build_object('visitors', count(*)) into answer from gone;
    perform vibe_private.forget_changes(of_site, visitors, customers);
    perform vibe_private.recount_without(of_site, counted.since, counted.first_day, counted.last_day, counted.starts, counted.ends);
    return answer || jsonb_build_object('not_reached', vibe_private.not_reached(of_site, names));
end
$$;
comment on function vibe_private.erase_person(integer, bigint[], bigint[], boolean) is
'vibe.erase_user and vibe.erase_customer without the question who asks';

-- A batch of the person's that is being stored is waited for and erased too; one that comes later waits for us, and finds a
-- browser that was never seen before.
create function vibe_private.hold_person(of_site integer, inout visitors bigint[], inout customers bigint[])
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    held record;
    is_held boolean := false;
begin
    -- Again until nobody has been found to be the same person while we waited.
    loop
        select * into held from vibe.person_ids(of_site, visitors, customers);
        exit when is_held and (held.visitors, held.customers) = (visitors, customers);
        visitors := held.visitors;
        customers := held.customers;
        perform from vibe.site_users as u where u.site_id = of_site and u.user_id = any (visitors) order by u.user_id for update;
        perform from vibe.customers as c where c.site_id = of_site and c.customer_id = any (customers) order by c.customer_id for update;
        is_held := true;
    end loop;
end
$$;
comment on function vibe_private.hold_person(integer, bigint[], bigint[]) is
'vibe.person_ids(), and locks their rows, so that nobody writes anything for them any more';

create function vibe_private.counted_with(
    of_site integer, visitors bigint[], customers bigint[],
    out since date, out first_day date, out last_day date, out starts date[], out ends date[]
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    zone text := (select s.time_zone from vibe.sites as s where s.site_id = of_site);
begin
    select (min(least(u.first_seen_at, s.started_at)) at time zone zone)::date into since
    from vibe.site_users as u
    left join vibe.site_sessions as s on s.site_id = u.site_id and s.user_id = u.user_id
    where u.site_id = of_site and u.user_id = any (visitors);
    select min(d.day), max(d.day) into first_day, last_day
    from (
        select d.day from vibe.user_days as d where d.site_id = of_site and d.user_id = any (visitors)
        union all
        select (e.occurred_at at time zone zone)::date from vibe.user_events as e
        where e.site_id = of_site and e.user_id = any (visitors)
    ) as d;
    since := least(since, first_day);
    select array_agg(p.period_start order by p.period_start, p.period_end), array_agg(p.period_end order by p.period_start, p.period_end)
    into starts, ends
    from (
        select distinct a.period_start, a.period_end from vibe.rfm_analysis as a
        where a.site_id = of_site and a.customer_id = any (customers)
    ) as p;
end
$$;
comment on function vibe_private.counted_with(integer, bigint[], bigint[]) is
'what these visitors and customers were counted in: days since they were first seen, first and last day with events, periods of RFM; nulls for none';

create function vibe_private.erase_purchases(of_site integer, visitors bigint[], customers bigint[], with_purchases boolean) returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    changed bigint;
begin
    -- What another customer bought in the person's browser stays that customer's.
    update vibe.purchases as p set user_id = null
    where p.site_id = of_site and p.user_id = any (visitors) and p.customer_id is not null and p.customer_id <> all (customers);
    if with_purchases then
        delete from vibe.purchases as p
        where p.site_id = of_site and (p.customer_id = any (customers) or p.user_id = any (visitors));
    else
        -- The shop must keep its books; whose order it was is gone.
        update vibe.purchases as p set customer_id = null, user_id = null
        where p.site_id = of_site and (p.customer_id = any (customers) or p.user_id = any (visitors));
    end if;
    get diagnostics changed = row_count;
    return jsonb_build_object(case when with_purchases then 'purchases' else 'purchases_made_anonymous' end, changed);
end
$$;
comment on function vibe_private.erase_purchases(integer, bigint[], bigint[], boolean) is
'deletes the purchases of a person, or leaves them without a name';

create function vibe_private.forget_funnel_users(of_site integer, visitors bigint[]) returns jsonb
language sql
set search_path = pg_catalog, pg_temp
as $$
    with gone as (
        delete from vibe_private.expired_funnel_users as x
        where x.site_id = of_site and x.user_id = any (visitors)
        returning x.funnel_id, x.day, x.step
    ), fewer as (
        update vibe.daily_funnel_stats as d set users = d.users - g.users, calculated_at = now()
        from (
            select g.funnel_id, g.day, s.step, count(*) as users
            from gone as g
            cross join generate_series(1, g.step) as s (step)
            group by g.funnel_id, g.day, s.step
        ) as g
        where d.site_id = of_site and (d.funnel_id, d.day, d.step) = (g.funnel_id, g.day, g.step)
    )
    select jsonb_build_object('funnel_days', count(*)) from gone
$$;
comment on function vibe_private.forget_funnel_users(integer, bigint[]) is
'takes these visitors out of the funnels of days whose events have expired';

create function vibe_private.forget_changes(of_site integer, visitors bigint[], customers bigint[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    update vibe_private.changes as c set records = null
    where c.site_id = of_site and c.records is not null and (
        -- What others told of a campaign may name anybody.
        c.table_name = 'campaign_events'
        or exists (
            select from jsonb_array_elements(c.records) as r
            where r ->> 'user_id' = any (visitors::text[]) or r ->> 'customer_id' = any (customers::text[])
        )
    );
    -- Readers of the feed, whatever they have read, are told to load again.
    insert into vibe_private.changes (site_id, table_name, kind) values (of_site, 'site_users', 'DELETE');
    perform vibe_private.ring_doorbell();
end
$$;
comment on function vibe_private.forget_changes(integer, bigint[], bigint[]) is
'removes these visitors and customers from the change feed and has its readers load again';

create function vibe_private.not_reached(of_site integer, names text) returns jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select jsonb_agg(t.place order by t.number, t.place)
    from (
        values
            (1, 'backups, archived write-ahead log, and disk pages until they are written anew'),
            (2, 'files that were exported before'),
            (3, 'logs of PostgreSQL, of the web server and of the proxy'),
            (4, 'what browsers and sources can send again, such as the shop''s own database'),
            (5, 'browsers that were never recognised as this person''s, and free text in which others name the person'),
            (6, 'models of clusters, in whose centroids everybody counted: vibe.calculate_clusters() makes them anew')
        union all
        select 7, format('the rule of segment "%s", which names the person', s.name)
        from vibe.segments as s
        where s.site_id = of_site and s.criteria::text ~* names
        union all
        select 8, format('the funnel "%s", whose steps name the person', f.name)
        from vibe.funnels as f
        where f.site_id = of_site and exists (
            select from vibe.funnel_steps as p
            where p.site_id = f.site_id and p.funnel_id = f.funnel_id and concat_ws(' ', p.page_pattern, p.properties) ~* names
        )
    ) as t (number, place)
$$;
comment on function vibe_private.not_reached(integer, text) is
'where a person who was erased may still be found; rules and funnels of the site that match the pattern are named';
