create function vibe.keep_events(site text, days integer) returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    of_site integer := vibe.site_id(site, 'owner');
begin
    if days not between 30 and 36600 then
        perform vibe_private.fail(
            format('days is %s', days), 'It must be 30 to 36600, or null to keep events for ever.'
        );
    end if;
    update vibe.sites as s set keep_events_days = days where s.site_id = of_site;
end
$$;
comment on function vibe.keep_events(text, integer) is
'how many days the events of a site are kept (30 or more; null for ever); the nightly work removes older ones. Sessions and figures stay; funnels and paths reach as far back as events do. Owners only. Definer: nobody may write sites directly';
grant execute on function vibe.keep_events(text, integer) to vibe_member;

-- What is removed was counted before: the nightly work comes here after it has counted every day up to yesterday.
create function vibe_private.expire_events(of_site integer) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    oldest date;
    zone text;
    removed bigint;
begin
    select (now() at time zone s.time_zone)::date - s.keep_events_days, s.time_zone into oldest, zone
    from vibe.sites as s where s.site_id = of_site;
    if oldest is null or oldest <= (select s.events_from from vibe.sites as s where s.site_id = of_site) then
        return 0;
    end if;
    -- The turns of those who count days: none of them may see a day half removed.
    perform vibe_private.take_turn(of_site, 'stats');
    perform vibe_private.take_turn(of_site, 'funnels');
    perform vibe_private.keep_funnel_users(of_site, oldest);
    update vibe.sites as s set events_from = oldest where s.site_id = of_site;
    delete from vibe.user_events as e where e.site_id = of_site and e.occurred_at < vibe.day_start(oldest, zone);
    get diagnostics removed = row_count;
    return removed;
end
$$;
comment on function vibe_private.expire_events(integer) is
'removes the events of one site that are older than it keeps them; returns how many';

-- The last count of these days: users who were merged since they were counted are one from now on.
create function vibe_private.keep_funnel_users(of_site integer, before date) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    each record;
    span record;
begin
    for each in
        select d.funnel_id, f.name, min(d.day) as first_day, max(d.day) as last_day
        from vibe.daily_funnel_stats as d
        join vibe.funnels as f using (site_id, funnel_id)
        join vibe.sites as s using (site_id)
        where d.site_id = of_site and d.day < before and d.day >= coalesce(s.events_from, '-infinity')
        group by d.funnel_id, f.name
        order by d.funnel_id
    loop
        select
            vibe.day_start(each.first_day, s.time_zone) as begins,
            vibe.day_start(each.last_day + 1, s.time_zone) + coalesce(f.within, interval '30 days') as ends,
            coalesce(f.within, interval '30 days') as within,
            vibe.day_starts(each.first_day, each.last_day, s.time_zone) as periods
        into span
        from vibe.funnels as f
        join vibe.sites as s using (site_id)
        where f.site_id = of_site and f.funnel_id = each.funnel_id;
        execute format($keep$
            with counted as materialized (%s), entered as (
                select $6 + width_bucket(c.step_times[1], $5) - 1 as day, c.user_id, c.depth
                from counted as n
                cross join unnest(n.answer) as c
            ), counts as (
                update vibe.daily_funnel_stats as d set users = n.users, calculated_at = now()
                from (
                    select k.day, k.step, (select count(*) from entered as e where e.day = k.day and e.depth >= k.step) as users
                    from vibe.daily_funnel_stats as k
                    where k.site_id = $1 and k.funnel_id = $7 and k.day between $6 and $8
                ) as n
                where d.site_id = $1 and d.funnel_id = $7 and d.day = n.day and d.step = n.step and d.users <> n.users
            )
            insert into vibe_private.expired_funnel_users (site_id, funnel_id, day, user_id, step)
            select $1, $7, e.day, e.user_id, e.depth
            from entered as e
            -- Of days that were counted, and visitors who are still there.
            join vibe.daily_funnel_stats as d on d.site_id = $1 and d.funnel_id = $7 and d.day = e.day and d.step = e.depth
            join vibe.site_users as u on u.site_id = $1 and u.user_id = e.user_id
            where e.day between $6 and $8
            order by e.day, e.user_id
            on conflict (site_id, funnel_id, day, user_id) do update set step = excluded.step
        $keep$, vibe.funnel_query(of_site, vibe.funnel_definition(of_site, each.funnel_id), true))
        using of_site, span.begins, span.ends, span.within, span.periods, each.first_day, each.funnel_id, each.last_day;
    end loop;
end
$$;
comment on function vibe_private.keep_funnel_users(integer, date) is
'counts the funnels of the days before a day whose events are about to be removed for the last time, and keeps who was in them';

-- Dropping a partition locks the whole table for a moment. While we wait for that, everybody who tracks waits behind us: so
-- not for long. Who reads or writes events just then keeps the month until the next time.
create function vibe_private.drop_empty_partitions() returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
set lock_timeout = '100ms'
as $$
declare
    leaf text;
    is_used boolean;
    dropped integer := 0;
begin
    for leaf in
        select c.relname
        from pg_catalog.pg_inherits as i
        join pg_catalog.pg_class as c on c.oid = i.inhrelid
        where i.inhparent = 'vibe.user_events'::regclass
          and c.relname ~ '^user_events_[0-9]{4}_[0-9]{2}$'
          and to_date(right(c.relname, 7), 'YYYY_MM') < now() - interval '2 months'
        order by c.relname
    loop
        execute format('select exists (select from vibe_private.%I)', leaf) into is_used;
        continue when is_used;
        -- First the parent, as writers do. What was written before the locks were had is seen by the second look.
        lock table only vibe.user_events in access exclusive mode;
        execute format('lock table vibe_private.%I in access exclusive mode', leaf);
        execute format('select exists (select from vibe_private.%I)', leaf) into is_used;
        if not is_used then
            execute format('drop table vibe_private.%I', leaf);
            dropped := dropped + 1;
        end if;
    end loop;
    return dropped;
end
$$;
comment on function vibe_private.drop_empty_partitions() is
'drops the partitions of past months that hold no event of any site; returns how many';
