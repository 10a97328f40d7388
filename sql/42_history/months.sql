-- Months of which the site has no partition yet are filled beside the table, without indexes, which are made at the end in a
-- fraction of the time; and what stops readers of all sites, the lock that joining needs, is held for a moment only.

create function vibe_private.open_history_months(out missing date[], out are_all boolean)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    months date[] := vibe_private.history_months();
    month date;
begin
    -- As add_partition() does: one at a time makes months.
    if exists (select from unnest(months) as m (month) where to_regclass('vibe_private.' || vibe_private.month_leaf(m.month)) is null) then
        lock table only vibe.user_events in share update exclusive mode;
    end if;
    missing := array(
        select m.month from unnest(months) as m (month)
        where to_regclass('vibe_private.' || vibe_private.month_leaf(m.month)) is null order by m.month
    );
    are_all := cardinality(missing) = cardinality(months);
    if cardinality(missing) > 0 then
        create table vibe_private.import_months (like vibe.user_events including defaults including constraints) partition by range (occurred_at);
        foreach month in array missing loop
            execute format(
                'create table vibe_private.%I partition of vibe_private.import_months for values from (%L) to (%L)', vibe_private.month_leaf(month),
                month::timestamp at time zone 'UTC', (month + interval '1 month') at time zone 'UTC'
            );
        end loop;
    end if;
end
$$;
comment on function vibe_private.open_history_months() is
'makes vibe_private.import_months for the months of an import that user_events has no partition for: their first days, and whether no other month is in it';

create function vibe_private.history_months() returns date[]
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    starts date[];
    bounds timestamptz[];
begin
    select array_agg(m::date order by m), array_agg(m at time zone 'UTC' order by m) into starts, bounds
    from (
        select date_trunc('month', min(r.occurred_at) at time zone 'UTC') as first_month, max(r.occurred_at) at time zone 'UTC' as last_at
        from pg_temp.import_rows as r where r.is_event
    ) as s
    cross join lateral generate_series(s.first_month, s.last_at, interval '1 month') as m;
    return array(
        select starts[b.place]
        from (select distinct width_bucket(r.occurred_at, bounds) as place from pg_temp.import_rows as r where r.is_event) as b
        order by b.place
    );
end
$$;
comment on function vibe_private.history_months() is 'first days of the (UTC) months in which the events of pg_temp.import_rows lie';

create function vibe_private.close_history_months(months date[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    month date;
    leaf text;
begin
    foreach month in array months loop
        leaf := vibe_private.month_leaf(month);
        execute format('alter table vibe_private.import_months detach partition vibe_private.%I', leaf);
        perform vibe_private.index_events(leaf);
        execute format('analyze vibe_private.%I', leaf);
    end loop;
    if cardinality(months) > 0 then
        drop table vibe_private.import_months;
    end if;
    -- What stops readers comes last, all of it together.
    foreach month in array months loop
        perform vibe_private.attach_month(month);
    end loop;
end
$$;
comment on function vibe_private.close_history_months(date[]) is
'gives the months that open_history_months() made their indexes and joins them to user_events';
