-- Who did it: the visitors of a batch, and what identify says about them.
create function vibe_private.find_visitors(
    items vibe_private.tracked_item[],
    out visitors vibe_private.held_visitor[], out are_stale boolean, out oldest timestamptz
)
language plpgsql volatile
as $$
declare
    held record;
    identifies constant boolean := exists (select from unnest(items) as i where i.kind = 'identify');
begin
    if identifies then
        perform vibe_private.hold_identities(items);
    end if;
    held := vibe_private.hold_visitors(items);
    -- New ones, and who was erased while we waited for their row (their browser comes as one that was never seen before) or
    -- merged into somebody who is newer than our look.
    while cardinality(held.visitors) is distinct from held.wanted loop
        perform vibe_private.add_visitors(items);
        held := vibe_private.hold_visitors(items);
    end loop;
    if identifies then
        perform vibe_private.identify(array(
            select row(
                i.ord, i.place, i.site_id, i.kind, i.event_id, i.occurred_at, i.anonymous_id, i.event_name, i.page, i.url,
                i.referrer, i.title, i.properties, i.external_id, i.traits, v.user_id, null, null, i.query, null
            )::vibe_private.tracked_item
            from unnest(items) as i
            join unnest(held.visitors) as v on v.site_id = i.site_id and v.anonymous_id = i.anonymous_id
            where i.kind = 'identify'
            order by i.ord, i.place
        ));
        -- Under the names of who they turned out to be.
        held := vibe_private.hold_visitors(items);
    end if;
    visitors := held.visitors;
    are_stale := held.are_stale;
    oldest := held.oldest;
end
$$;
comment on function vibe_private.find_visitors(vibe_private.tracked_item[]) is
    'the visitors of these items, made if new, held until commit; are_stale: some row of theirs must be written';

create function vibe_private.hold_visitors(
    items vibe_private.tracked_item[],
    out visitors vibe_private.held_visitor[], out wanted bigint, out are_stale boolean, out oldest timestamptz
)
language plpgsql volatile
as $$
begin
    with sender as materialized (
        select i.site_id, i.anonymous_id, min(i.occurred_at) as first_at, max(i.occurred_at) as last_at
        from unnest(items) as i
        group by i.site_id, i.anonymous_id
    ),
    known as materialized (
        select s.site_id, k.user_id, s.first_at, s.last_at
        from sender as s
        cross join lateral (
            select u.user_id from vibe.site_users as u
            where u.site_id = s.site_id and u.anonymous_id = s.anonymous_id limit 1
        ) as k
    ),
    -- The lock on a visitor's row keeps a second transaction from opening a second session for the same visit.
    held as materialized (
        select u.site_id, u.user_id, u.anonymous_id, k.first_at, k.last_at, u.merged_into, u.name, u.external_id, u.segment,
            u.last_seen_at < k.last_at - interval '5 minutes' or u.first_seen_at > k.first_at as is_stale
        from known as k
        join vibe.site_users as u on u.site_id = k.site_id and u.user_id = k.user_id
        -- All or none: who waits to add a visitor must not hold one whom another waits for that adds the same.
        where (select count(*) from known) = (select count(*) from sender)
        order by u.site_id, u.user_id
        for no key update of u
    )
    select
        array_agg(row(
            h.site_id, h.user_id, h.anonymous_id, h.first_at, h.last_at, coalesce(p.user_id, h.user_id),
            case when p.user_id is null then h.name else p.name end,
            case when p.user_id is null then h.external_id else p.external_id end,
            case when p.user_id is null then h.segment else p.segment end
        )::vibe_private.held_visitor order by h.site_id, h.user_id),
        (select count(*) from sender), bool_or(h.is_stale), min(h.first_at)
    into visitors, wanted, are_stale, oldest
    from held as h
    left join lateral (
        select p.user_id, p.name, p.external_id, p.segment from vibe.site_users as p
        where p.site_id = h.site_id and p.user_id = h.merged_into limit 1
    ) as p on true
    -- Merged while we waited for the lock, into somebody whom this statement began too early to see: missed, so asked for again.
    where h.merged_into is null or p.user_id is not null;
end
$$;
comment on function vibe_private.hold_visitors(vibe_private.tracked_item[]) is
    'locks the rows of the visitors if all are known; wanted is how many there are';

create function vibe_private.add_visitors(items vibe_private.tracked_item[]) returns void
language plpgsql volatile
as $$
begin
    with visitor as (
        select i.site_id, i.anonymous_id, min(i.occurred_at) as first_at, max(i.occurred_at) as last_at
        from unnest(items) as i
        group by i.site_id, i.anonymous_id
    ),
    made as (
        insert into vibe.site_users (site_id, anonymous_id, first_seen_at, last_seen_at)
        select v.site_id, v.anonymous_id, v.first_at, v.last_at
        from visitor as v
        where not exists (
            select from vibe.site_users as u where u.site_id = v.site_id and u.anonymous_id = v.anonymous_id
        )
        order by v.site_id, v.anonymous_id
        on conflict do nothing
        returning *
    )
    insert into vibe_private.changes (site_id, table_name, kind, records)
    select m.site_id, 'site_users', 'INSERT', to_jsonb(array_agg(m)) from made as m group by m.site_id order by m.site_id;
    if (select c.reltuples < 0 from pg_class as c where c.oid = 'vibe.site_users'::regclass) and pg_relation_size('vibe.site_users') > 32768 then
        perform vibe_private.learn_sizes();
    end if;
end
$$;
comment on function vibe_private.add_visitors(vibe_private.tracked_item[]) is 'makes the visitors that are not there yet';

-- To a plan that was made while a table was empty every index is as good as another: it may read all visitors of the site
-- for each. Autovacuum looks once a minute, and a new site gets thousands of visitors by then.
create function vibe_private.learn_sizes() returns void
language plpgsql volatile
as $$
begin
    -- Never waits: who has the lock does it, and who waited for it could hold visitors that the other waits for.
    lock table vibe.site_users, vibe.site_sessions, vibe.online_users in share update exclusive mode nowait;
    analyze vibe.site_users, vibe.site_sessions, vibe.online_users;
exception when lock_not_available then
    null;
end
$$;
comment on function vibe_private.learn_sizes() is
    'counts the tables that ingest looks things up in, which ends the plans made for empty ones';

create function vibe_private.hold_identities(items vibe_private.tracked_item[]) returns void
language plpgsql volatile
as $$
begin
    -- One transaction at a time decides who is who on a site. Signing in is rare; page views never come here.
    -- The lock of a row: an advisory one could be held by any login, which would stop the tracking of all sites.
    perform from vibe.sites as s
    where s.site_id in (select i.site_id from unnest(items) as i where i.kind = 'identify')
    order by s.site_id
    for no key update;
    perform vibe_private.add_visitors(items);
    -- Visitors and the known users they may become, in one order.
    perform from vibe.site_users as u
    where (u.site_id, u.user_id) in (
        select v.site_id, k.user_id
        from (select distinct i.site_id, i.anonymous_id from unnest(items) as i) as v
        cross join lateral (
            select u.user_id from vibe.site_users as u
            where u.site_id = v.site_id and u.anonymous_id = v.anonymous_id limit 1
        ) as k
        union
        select v.site_id, k.user_id
        from (select distinct i.site_id, i.external_id from unnest(items) as i where i.external_id is not null) as v
        cross join lateral (
            select u.user_id from vibe.site_users as u
            where u.site_id = v.site_id and u.external_id = v.external_id limit 1
        ) as k
    )
    order by u.site_id, u.user_id
    for no key update;
end
$$;
comment on function vibe_private.hold_identities(vibe_private.tracked_item[]) is
    'before an identify: locks the sites, all visitors of the call and whom they may turn out to be';

create function vibe_private.touch_visitors(visitors vibe_private.held_visitor[]) returns void
language plpgsql volatile
as $$
begin
    -- Exact to five minutes, so that a busy visitor's row is seldom written.
    with moved as (
        update vibe.site_users as u
        set last_seen_at = greatest(u.last_seen_at, v.last_at), first_seen_at = least(u.first_seen_at, v.first_at)
        from unnest(visitors) as v
        where u.site_id = v.site_id and u.user_id = v.user_id
          and (u.last_seen_at < v.last_at - interval '5 minutes' or u.first_seen_at > v.first_at)
        returning u.*
    )
    insert into vibe_private.changes (site_id, table_name, kind, records)
    select m.site_id, 'site_users', 'UPDATE', to_jsonb(array_agg(m order by m.user_id))
    from moved as m group by m.site_id order by m.site_id;
end
$$;
comment on function vibe_private.touch_visitors(vibe_private.held_visitor[]) is 'moves the times of visitors'' rows, which are locked already';

-- The first identify makes a visitor known: as the bearer of the id, or merged into the one who bears it. A visitor who is
-- known stays who they are; another id is refused and leaves a warning. Nothing is rewritten, so a merge can be undone.
create function vibe_private.identify(items vibe_private.tracked_item[]) returns void
language plpgsql volatile
as $$
declare
    claims constant vibe_private.tracked_item[] := array(
        select i from unnest(items) as i where i.kind = 'identify' order by i.occurred_at, i.ord, i.place
    );
    strangers bigint[];
    changed bigint[];
begin
    strangers := array(
        select u.user_id from vibe.site_users as u
        where (u.site_id, u.user_id) in (select c.site_id, c.user_id from unnest(claims) as c)
          and u.external_id is null and u.merged_into is null
    );
    -- An id that nobody bears goes to the first of the batch who claims it.
    with first_claim as (
        select distinct on (c.site_id, c.user_id) c.site_id, c.user_id, c.external_id, c.occurred_at
        from unnest(claims) as c
        where c.user_id = any (strangers)
        order by c.site_id, c.user_id, c.occurred_at, c.ord, c.place
    ),
    bearer as (
        select distinct on (f.site_id, f.external_id) f.site_id, f.user_id, f.external_id
        from first_claim as f
        where not exists (
            select from vibe.site_users as u where u.site_id = f.site_id and u.external_id = f.external_id
        )
        order by f.site_id, f.external_id, f.occurred_at, f.user_id
    )
    update vibe.site_users as u
    set external_id = b.external_id
    from bearer as b
    where u.site_id = b.site_id and u.user_id = b.user_id;
    -- The others who claim it are the same person on another browser.
    with first_claim as (
        select distinct on (c.site_id, c.user_id) c.site_id, c.user_id, c.external_id, c.event_id
        from unnest(claims) as c
        where c.user_id = any (strangers)
        order by c.site_id, c.user_id, c.occurred_at, c.ord, c.place
    ),
    merged as (
        update vibe.site_users as u
        set merged_into = k.user_id
        from first_claim as f
        join vibe.site_users as k on k.site_id = f.site_id and k.external_id = f.external_id
        where u.site_id = f.site_id and u.user_id = f.user_id and k.user_id <> f.user_id
        returning u.site_id, u.user_id, u.merged_into, f.event_id
    )
    insert into vibe.user_merges (site_id, user_id, into_user_id, event_id)
    select m.site_id, m.user_id, m.merged_into, m.event_id from merged as m order by m.site_id, m.user_id;
    insert into vibe.identity_warnings (site_id, user_id, external_id, claimed_id, event_id)
    select c.site_id, c.user_id, p.external_id, c.external_id, c.event_id
    from unnest(claims) as c
    join vibe.site_users as u on u.site_id = c.site_id and u.user_id = c.user_id
    join vibe.site_users as p on p.site_id = u.site_id and p.user_id = coalesce(u.merged_into, u.user_id)
    where p.external_id <> c.external_id
    order by c.site_id, c.user_id, c.occurred_at;
    perform vibe_private.learn_traits(claims);
    perform vibe_private.show_people(array_agg(t.site_id), array_agg(t.user_id))
    from (
        select c.site_id, c.user_id from unnest(claims) as c
        union
        select p.site_id, p.user_id
        from unnest(claims) as c
        join vibe.site_users as p on p.site_id = c.site_id and p.external_id = c.external_id
    ) as t;
    with touched as (
        select distinct u.site_id, coalesce(u.merged_into, u.user_id) as user_id
        from unnest(claims) as c
        join vibe.site_users as u on u.site_id = c.site_id and u.user_id = c.user_id
        union
        select c.site_id, c.user_id from unnest(claims) as c
    )
    insert into vibe_private.changes (site_id, table_name, kind, records)
    select u.site_id, 'site_users', 'UPDATE', jsonb_agg(to_jsonb(u) order by u.user_id)
    from touched as t
    join vibe.site_users as u on u.site_id = t.site_id and u.user_id = t.user_id
    group by u.site_id
    order by u.site_id;
end
$$;
comment on function vibe_private.identify(vibe_private.tracked_item[]) is
    'makes anonymous visitors known, once each, and takes over their traits';

create function vibe_private.learn_traits(claims vibe_private.tracked_item[]) returns void
language sql volatile
as $$
    -- A public key proves nothing: what staff or a CRM wrote stays, and the store of one user stays small.
    with learnt as (
        select p.site_id, p.user_id, jsonb_object_agg(t.key, t.value order by c.occurred_at, c.ord, c.place) as traits
        from unnest(claims) as c
        join vibe.site_users as u on u.site_id = c.site_id and u.user_id = c.user_id
        join vibe.site_users as p on p.site_id = u.site_id and p.user_id = coalesce(u.merged_into, u.user_id)
        cross join lateral jsonb_each(c.traits) as t
        where p.external_id = c.external_id and t.key <> all (p.verified_fields)
        group by p.site_id, p.user_id
        order by p.site_id, p.user_id
    )
    update vibe.site_users as u
    set name = case when jsonb_typeof(l.traits -> 'name') = 'string' then left(l.traits ->> 'name', 200) else u.name end,
        email = case when jsonb_typeof(l.traits -> 'email') = 'string' then left(l.traits ->> 'email', 320) else u.email end,
        traits = case
            when octet_length((u.traits || (l.traits - array['name', 'email']))::text) <= 16384
            then u.traits || (l.traits - array['name', 'email'])
            else u.traits
        end
    from learnt as l
    where u.site_id = l.site_id and u.user_id = l.user_id
$$;
comment on function vibe_private.learn_traits(vibe_private.tracked_item[]) is
    'writes the traits of accepted identify calls, the latest value of each, except verified fields';

-- Not only by the visits of this call: who signs in may be online in a visit that their late identify is not of.
create function vibe_private.show_people(sites int[], users bigint[]) returns void
language plpgsql volatile
as $$
begin
    with wanted as (
        select * from unnest(sites, users) as w (site_id, user_id)
    ),
    browser as (
        select w.site_id, w.user_id from wanted as w
        union
        select u.site_id, u.user_id
        from wanted as w
        join vibe.site_users as u on u.site_id = w.site_id and u.merged_into = w.user_id
    ),
    person as materialized (
        select o.site_id, o.user_id, p.user_id as person_id, p.name, p.external_id, p.segment
        from browser as b
        join vibe.online_users as o on o.site_id = b.site_id and o.user_id = b.user_id
        join vibe.site_users as u on u.site_id = b.site_id and u.user_id = b.user_id
        join vibe.site_users as p on p.site_id = u.site_id and p.user_id = coalesce(u.merged_into, u.user_id)
        where (o.person_id, o.name, o.external_id, o.segment) is distinct from (p.user_id, p.name, p.external_id, p.segment)
        order by o.site_id, o.user_id
        for no key update of o
    )
    update vibe.online_users as o
    set person_id = p.person_id, name = p.name, external_id = p.external_id, segment = p.segment
    from person as p
    where o.site_id = p.site_id and o.user_id = p.user_id;
end
$$;
comment on function vibe_private.show_people(int[], bigint[]) is
    'the online list shows these users, who are locked, and the browsers merged into them as who they are now';

create function vibe.undo_merge(site text, user_id bigint) returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    target int := vibe.site_id(undo_merge.site, 'member');
    known bigint;
begin
    perform from vibe.sites as s where s.site_id = target for no key update;
    select u.merged_into into known
    from vibe.site_users as u
    where u.site_id = target and u.user_id = undo_merge.user_id
    for no key update;
    if known is null then
        return false;
    end if;
    with split as (
        update vibe.site_users as u set merged_into = null
        where u.site_id = target and u.user_id = undo_merge.user_id
        returning *
    )
    insert into vibe_private.changes (site_id, table_name, kind, records)
    select s.site_id, 'site_users', 'UPDATE', jsonb_build_array(to_jsonb(s)) from split as s;
    update vibe.user_merges as m set undone_at = now()
    where m.site_id = target and m.user_id = undo_merge.user_id and m.undone_at is null;
    perform vibe_private.show_people(array[target], array[undo_merge.user_id]);
    perform vibe_private.ring_doorbell();
    return true;
end
$$;
comment on function vibe.undo_merge(text, bigint) is
    'separates a visitor from the known user they were merged into; false when there is no merge. Definer: identity is written by functions only';
grant execute on function vibe.undo_merge(text, bigint) to vibe_member;
