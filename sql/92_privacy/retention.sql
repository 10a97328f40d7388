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
    -- The lock of those who count days: none of them may see a day half removed.
    perform vibe_private.take_turn(of_site, 'stats');
    update vibe.sites as s set events_from = oldest where s.site_id = of_site;
    delete from vibe.user_events as e where e.site_id = of_site and e.occurred_at < vibe.day_start(oldest, zone);
    get diagnostics removed = row_count;
    return removed;
end
$$;
comment on function vibe_private.expire_events(integer) is
'removes the events of one site that are older than it keeps them; returns how many';

-- Dropping a partition locks the whole table for a moment. Nobody waits for that longer than a second behind us: who holds
-- a lock that long keeps the month until the next time.
create function vibe_private.drop_empty_partitions() returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
set lock_timeout = '1s'
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
