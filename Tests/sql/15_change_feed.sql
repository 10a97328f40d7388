-- The change feed as the server reads it: by snapshot, without gap or double. Concurrency is in specs/change_feed.spec.
\pset format unaligned
\set SHOW_CONTEXT never
select vibe.create_site('alpha') as a, vibe.create_site('beta') as b \gset

-- null starts now.
select r ->> 'resync' as resync, r -> 'changes' as changes, r ->> 'cursor' as cursor
from vibe_private.changes_since(null) as r \gset
select :'resync' as resync, :'changes' as changes;
create function public.since(cursor text) returns table (site_id int, "table" text, type text, records int, names text)
language sql as $$
    select (c ->> 'site_id')::int, c ->> 'table', c ->> 'type', jsonb_array_length(c -> 'records'),
        (select string_agg(coalesce(r ->> 'name', r ->> 'event_name'), ' ' order by r ->> 'name', r ->> 'event_name')
         from jsonb_array_elements(c -> 'records') as r)
    from jsonb_array_elements(vibe_private.changes_since(cursor) -> 'changes') with ordinality as c (c, place)
    order by place
$$;

-- Direct writes: one change per statement and site.
insert into vibe.site_users (site_id, name) values (:a, 'Ann'), (:b, 'Bea'), (:a, 'Abe');
update vibe.site_users set name = upper(name) where site_id = :a;
insert into vibe.user_events (site_id, user_id, event_name)
select site_id, user_id, 'signed up' from vibe.site_users where name = 'Bea';
delete from vibe.site_users where name = 'ABE';
update vibe.site_users set name = 'nobody' where false;
select * from public.since(:'cursor');
-- Reading again from the same cursor gives the same; from the next one, nothing.
select count(*) from public.since(:'cursor');
select r ->> 'cursor' as next from vibe_private.changes_since(:'cursor') as r \gset
select count(*) from public.since(:'next');
-- Nothing that was rolled back.
begin;
update vibe.site_users set name = 'gone' where name = 'ANN';
rollback;
select count(*) from public.since(:'next');
-- The keys of a change, and its time in UTC milliseconds.
select array(select k from jsonb_object_keys(c) as k order by k) as keys,
    c ->> 'commit_timestamp' ~ '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$' as form
from jsonb_array_elements(vibe_private.changes_since(:'cursor') -> 'changes') as c limit 1;

-- Too many rows to list: readers are told to load again.
insert into vibe.site_users (site_id, name) select :a, 'n' || n from generate_series(1, 1000) as n;
select r ->> 'resync' as resync, jsonb_array_length(r #> '{changes,0,records}') as listed, r ->> 'cursor' as next
from vibe_private.changes_since(:'next') as r \gset
select :'resync' as resync, :listed as listed;
insert into vibe.site_users (site_id, name) select :a, 'm' || n from generate_series(1, 1001) as n;
select r ->> 'resync' as resync, r -> 'changes' as changes from vibe_private.changes_since(:'next') as r;

-- A cursor that is too old, of another cluster, or no cursor at all: load again.
select split_part(:'next', '@', 1) || '@' || floor(extract(epoch from now() - interval '11 minutes') * 1000) as old \gset
select vibe_private.changes_since(:'old') ->> 'resync' as resync;
select vibe_private.changes_since('4000000000:4000000000:@' || split_part(:'next', '@', 2)) ->> 'resync' as resync;
select vibe_private.changes_since(c) ->> 'resync' as resync from unnest(array['', 'x', '5:4:@1', '1:2:@x', '@']) as c;
select vibe_private.changes_since(vibe_private.changes_since('x') ->> 'cursor') ->> 'resync' as resync;
-- Rows that a dump brought from a cluster with more transactions are not news.
insert into vibe_private.changes (xid, site_id, table_name, kind, records)
select (pg_snapshot_xmax(pg_current_snapshot())::text::bigint + 1000000)::text::xid8, :a, 'site_users', 'INSERT', '[{"name": "ghost"}]';
select r ->> 'cursor' as next from vibe_private.changes_since(null) as r \gset
select count(*) from public.since(:'next');

-- The doorbell rings at most every 20 ms, by its own clock, and again when the clock was set back.
select setval('vibe_private.doorbell', (extract(epoch from clock_timestamp()) * 1000)::bigint + 3600000) is not null as ahead;
select vibe_private.ring_doorbell();
select last_value <= extract(epoch from clock_timestamp()) * 1000 + 1 as rung from vibe_private.doorbell;
create function public.rings(times int) returns int language plpgsql as $$
declare
    before bigint;
    after bigint;
    rung int := 0;
begin
    for n in 1 .. times loop
        select last_value into before from vibe_private.doorbell;
        perform vibe_private.ring_doorbell();
        select last_value into after from vibe_private.doorbell;
        rung := rung + (after <> before)::int;
    end loop;
    return rung;
end
$$;
select pg_sleep(0.03);
begin;
select clock_timestamp() as began \gset
select public.rings(2000) as rings \gset
select :rings between 1 and 1 + extract(epoch from clock_timestamp() - :'began') * 1000 / 20 as throttled;
rollback;
