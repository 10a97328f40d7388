-- Partitions are made leaf by leaf: a month gets its indexes while it is empty and alone, and joins the parent at the end.
create function vibe_private.add_partition(month date) returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    leaf constant text := vibe_private.month_leaf(month);
begin
    -- Two callers at once: the second waits and finds the work done.
    -- Nobody else may take this lock: it asks for more than the right to insert.
    lock table only vibe.user_events in share update exclusive mode;
    if to_regclass('vibe_private.' || leaf) is not null then
        return false;
    end if;
    execute format('create table vibe_private.%I (like vibe.user_events including defaults including constraints)', leaf);
    perform vibe_private.index_events(leaf);
    perform vibe_private.attach_month(month);
    return true;
end
$$;
comment on function vibe_private.add_partition(date) is
    'makes the partition of user_events for this (UTC) month and moves waiting rows into it; false when it exists. Definer: only the owner may attach';

create function vibe_private.month_leaf(month date) returns text
language sql immutable strict parallel safe
as $$
    select to_char(month::timestamp, '"user_events_"YYYY"_"MM')
$$;
comment on function vibe_private.month_leaf(date) is 'name of the partition of user_events for this (UTC) month';

create function vibe_private.attach_month(month date) returns void
language plpgsql volatile
as $$
declare
    leaf constant text := vibe_private.month_leaf(month);
    first_day constant timestamp := date_trunc('month', month::timestamp);
    starts constant timestamptz := first_day at time zone 'UTC';
    ends constant timestamptz := (first_day + interval '1 month') at time zone 'UTC';
begin
    -- Rows that came before their partition wait in the default one; nobody may add more until we are done.
    lock table vibe_private.user_events_default in access exclusive mode;
    execute format(
        'with moved as (
             delete from vibe_private.user_events_default where occurred_at >= %2$L and occurred_at < %3$L returning *
         )
         insert into vibe_private.%1$I select * from moved',
        leaf, starts, ends
    );
    execute format('alter table vibe.user_events attach partition vibe_private.%I for values from (%L) to (%L)', leaf, starts, ends);
    execute format('comment on table vibe_private.%I is %L', leaf, format('events of %s', to_char(month::timestamp, 'YYYY-MM')));
end
$$;
comment on function vibe_private.attach_month(date) is
    'makes the table of a month, indexes and all, a partition of user_events, and moves waiting rows into it';

create function vibe_private.index_events(leaf text) returns void
language plpgsql volatile
as $$
begin
    -- Without a time, so that one entry lists all events of a visitor: 10 bytes for each instead of 60.
    execute format('create index %1$I on vibe_private.%2$I (site_id, user_id)', leaf || '_user', leaf);
    execute format('comment on index vibe_private.%I is %L', leaf || '_user', 'events of one visitor');
    -- Funnels read this: a fifth of the time where a quarter of the events are steps. Page views are most events and
    -- seldom asked for without their pages; they are left to the index of time.
    execute format(
        'create index %1$I on vibe_private.%2$I (site_id, event_name, occurred_at) include (user_id)
         where not is_bot and event_name <> ''page_view''',
        leaf || '_name', leaf
    );
    execute format('comment on index vibe_private.%I is %L', leaf || '_name', 'who did what when, without page views and bots');
    -- The last made is the planner's choice among equals. It is written at its right end, so its pages are
    -- full; what most counts ask for is in it, and they do without the table.
    execute format(
        'create index %1$I on vibe_private.%2$I (site_id, occurred_at) include (user_id, event_name, is_bot)',
        leaf || '_time', leaf
    );
    execute format('comment on index vibe_private.%I is %L', leaf || '_time', 'who did what when, in order of time');
    -- There is no key: without this, a publication of the table would refuse to erase anybody. It costs nothing before there is one.
    execute format('alter table vibe_private.%I replica identity full', leaf);
end
$$;
comment on function vibe_private.index_events(text) is 'gives a partition of user_events its indexes';

create function vibe_private.add_partitions(ahead int default 3) returns int
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    made int := 0;
    month timestamp;
begin
    -- Events may be a week late, and the default partition may hold months of any age. What lies ahead of them waits.
    for month in
        select m from generate_series(
            date_trunc('month', (now() - interval '7 days') at time zone 'UTC'),
            date_trunc('month', now() at time zone 'UTC') + make_interval(months => ahead),
            interval '1 month'
        ) as m
        union
        select distinct date_trunc('month', e.occurred_at at time zone 'UTC')
        from vibe_private.user_events_default as e
        where e.occurred_at < now() + make_interval(months => ahead)
        order by 1
    loop
        made := made + vibe_private.add_partition(month::date)::int;
    end loop;
    return made;
end
$$;
comment on function vibe_private.add_partitions(int) is
    'makes missing partitions of user_events up to so many months ahead, and drains the default partition; returns how many. Definer: only the owner may attach';
