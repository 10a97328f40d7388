-- The change feed as the server reads it: by snapshot, without gap or double. Concurrency is in specs/change_feed.spec.
\pset format unaligned
\set SHOW_CONTEXT never
select vibe.create_site('alpha') as a, vibe.create_site('beta') as b \gset

-- null starts now.
select resync, site_id is null as is_empty, next as cursor from vibe_private.changes_since(null) \gset
select :'resync' as resync, :'is_empty' as is_empty;
create function public.since(cursor text) returns table (site_id int, table_name text, kind text, is_listed boolean, name text, old text)
language sql as $$
    select c.site_id, c.table_name, c.kind, c.is_listed, r ->> 'name', c.change::jsonb #>> '{old_record,user_id}'
    from vibe_private.changes_since(cursor) with ordinality as c (next, resync, site_id, table_name, kind, is_listed, age, change, place)
    cross join lateral (select coalesce(c.change::jsonb -> 'record', c.change::jsonb -> 'old_record') as r) as r
    where c.site_id is not null
    order by c.place
$$;

-- Direct writes, row by row, in order.
insert into vibe.site_users (site_id, name) values (:a, 'Ann'), (:b, 'Bea'), (:a, 'Abe');
update vibe.site_users set name = upper(name) where site_id = :a;
insert into vibe.user_events (site_id, user_id, event_name)
select site_id, user_id, 'signed up' from vibe.site_users where name = 'Bea';
delete from vibe.site_users where name = 'ABE';
update vibe.site_users set name = 'nobody' where false;
select * from public.since(:'cursor');
-- Reading again from the same cursor gives the same; from the next one, nothing.
select count(*) from public.since(:'cursor');
select next from vibe_private.changes_since(:'cursor') limit 1 \gset
select count(*) from public.since(:'next');
-- Nothing that was rolled back.
begin;
update vibe.site_users set name = 'gone' where name = 'ANN';
rollback;
select count(*) from public.since(:'next');
-- Only some sites; only up to a later cursor.
select distinct site_id = :b as is_beta from vibe_private.changes_since(:'cursor', null, array[:b]);
select count(*) from vibe_private.changes_since(:'cursor', :'cursor') where site_id is not null;
-- A change as realtime clients read it: keys, time in UTC milliseconds, no line break.
select kind, array(select k from jsonb_object_keys(c) as k order by k) as keys, c ->> 'errors' as errors,
    c ->> 'commit_timestamp' ~ '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$' as form, jsonb_path_query_first(c, '$.columns[*]') as first_column
from (
    select distinct on (kind) kind, change::jsonb as c
    from vibe_private.changes_since(:'cursor') where table_name = 'site_users' order by kind, change
) as x order by kind;
select count(*) from vibe_private.changes_since(:'cursor') where change ~ E'[\n\r]';

-- Too many rows to list: readers are told to load again.
insert into vibe.site_users (site_id, name) select :a, 'n' || n from generate_series(1, 1000) as n;
select count(*), bool_and(is_listed) as is_listed, min(next) as next from vibe_private.changes_since(:'next') \gset
select :count as listed, :'is_listed' as is_listed;
insert into vibe.site_users (site_id, name) select :a, 'm' || n from generate_series(1, 1001) as n;
update vibe.site_users set name = name || '!' where site_id = :a;
delete from vibe.site_users where site_id = :a and name like 'm%';
select resync, kind, is_listed, c - 'commit_timestamp' - 'columns' as change
from vibe_private.changes_since(:'next') cross join lateral (select change::jsonb as c) as c;

-- A cursor that is too old, of another cluster, or no cursor at all: load again.
select split_part(:'next', '@', 1) || '@' || floor(extract(epoch from now() - interval '11 minutes') * 1000) as old \gset
select resync, site_id from vibe_private.changes_since(:'old');
select resync, site_id from vibe_private.changes_since('4000000000:4000000000:@' || split_part(:'next', '@', 2));
select resync from unnest(array['', 'x', '5:4:@1', '1:2:@x', '@']) as c cross join lateral vibe_private.changes_since(c);
select now.resync from vibe_private.changes_since('x') as old cross join lateral vibe_private.changes_since(old.next) as now;
-- Rows that a dump brought from a cluster with more transactions are not news.
insert into vibe_private.changes (xid, site_id, table_name, kind, records)
select (pg_snapshot_xmax(pg_current_snapshot())::text::bigint + 1000000)::text::xid8, :a, 'site_users', 'INSERT', '[{"name": "ghost"}]';
select next from vibe_private.changes_since(null) \gset
select count(*) from public.since(:'next');

-- Much that was missed while away is not brought after; who was here gets it all.
insert into vibe_private.changes (site_id, table_name, kind, records)
select :b, 'site_users', 'INSERT', jsonb_build_array(jsonb_build_object('name', string_agg(md5(n::text), '')))
from generate_series(1, 20) as i, generate_series(1, 32768) as n group by i;
select split_part(:'next', '@', 1) || '@' || floor(extract(epoch from clock_timestamp() - interval '3 seconds') * 1000) as away \gset
select split_part(:'next', '@', 1) || '@' || floor(extract(epoch from clock_timestamp() + interval '1 minute') * 1000) as here \gset
select 'away' as reader, resync, count(site_id) from vibe_private.changes_since(:'away') group by 2
union all select 'away, of another site', resync, count(site_id) from vibe_private.changes_since(:'away', null, array[:a]) group by 2
union all select 'here', resync, count(site_id) from vibe_private.changes_since(:'here') group by 2;
delete from vibe_private.changes where octet_length(records::text) > 1000000;

-- Rights are in the feed: whoever reads it looks again who may see what.
select next from vibe_private.changes_since(null) \gset
insert into vibe_private.users (email) values ('ann@shop.example') returning user_id as ann \gset
insert into vibe_private.sessions (user_id, expires_at) values (:'ann', now() + interval '1 day') returning session_id as session \gset
update vibe_private.sessions set expires_at = now() + interval '2 days';
select count(*) as nothing from vibe_private.changes_since(:'next') where site_id is not null;
insert into vibe.site_members (site_id, user_id, role) values (:a, :'ann', 'viewer');
update vibe_private.sessions set revoked_at = now() where false;
select site_id, table_name, kind from vibe_private.changes_since(:'next', null, array[:b]) where site_id is not null;
select jsonb_build_object('session_id', :'session', 'role', 'vibe_member') as claims \gset
select place, is_live, sites = format('[%s]', :a) as is_alpha, sites = '[]' as is_none
from vibe_private.realtime_rights(array[:'claims', '{}', '{"session_id": "no uuid"}', 'no json', '[]', :'claims', null]) order by place;
update vibe_private.sessions set revoked_at = now();
select is_live, sites from vibe_private.realtime_rights(array[:'claims']);
select count(*) from vibe_private.realtime_rights('{}');

-- What a subscription may ask for.
select jsonb_pretty(vibe_private.realtime_bindings('[{}, {"event": "*", "schema": "public", "table": "*", "filter": null},
    {"event": "insert", "schema": "vibe", "table": "site_users", "filter": "name=eq.a,b=c,user_id=in.(1,\"2\")"},
    {"event": "DELETE", "table": "site_sessions", "filter": "started_at=gte.2026-01-01 00:00+01"},
    {"table": "site_users", "filter": "name=in.(a b,\"say \\\"hi\\\", x\",)"}, {"table": "site_users", "filter": "name=eq."}]'));
create function public.refusal(wanted jsonb) returns text language plpgsql as $$
begin
    return vibe_private.realtime_bindings(wanted)::text;
exception when others then
    return format('%s: %s', sqlstate, sqlerrm);
end
$$;
select public.refusal(w) from unnest(array[
    '[1]', '{}', '[{"event": "TRUNCATE"}]', '[{"schema": "vibe_private"}]', '[{"schema": "other", "table": "site_users"}]',
    '[{"table": "nope"}]', '[{"table": "sites"}]', '[{"table": "site_users\"; drop table x"}]', '[{"filter": "name=eq.x"}]',
    '[{"table": "site_users", "filter": "name"}]', '[{"table": "site_users", "filter": "name=like.x"}]',
    '[{"table": "site_users", "filter": "nope=eq.1"}]', '[{"table": "site_users", "filter": "user_id=eq.x"}]',
    '[{"table": "site_users", "filter": "user_id=eq.1; drop table x"}]', '[{"table": "site_users", "filter": "user_id=in.1"}]',
    '[{"table": "site_users", "filter": "traits=eq.{}"}]', '[{"table": "site_users", "select": ["name"]}]'
]::jsonb[]) as w;

-- Another table is one line; every writer is heard, also functions of the owner.
select vibe_private.feed_table('vibe.customers');
select next from vibe_private.changes_since(null) \gset
insert into vibe.customers (site_id, name) values (:a, 'Cora');
select table_name, kind, change::jsonb #>> '{record,name}' as name, change::jsonb -> 'record' ? 'place' as adds_nothing
from vibe_private.changes_since(:'next');
select vibe_private.realtime_bindings('[{"table": "customers", "filter": "name=eq.Cora"}]') is not null as offered;
\set VERBOSITY terse
select vibe_private.feed_table('vibe_private.users');
\set VERBOSITY default

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
