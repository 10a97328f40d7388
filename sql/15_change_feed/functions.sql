-- The cursor is a snapshot: a reader takes every row whose transaction its last snapshot did not see. No gap behind a
-- long writer, no double, and no order by a sequence.
create function vibe_private.changes_since(cursor text, until text default null, sites int[] default null)
returns table (
    next text, resync boolean, site_id int, table_name text, kind text, is_listed boolean, age int, change text
)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    kept constant interval := '10 minutes';
    -- What a reader who comes back gets at once; one who has missed more loads everything again sooner than that.
    most_bytes constant int := 16 << 20;
    here text := coalesce(changes_since.until,
        format('%s@%s', pg_current_snapshot(), floor(extract(epoch from clock_timestamp()) * 1000)));
    now_seen pg_snapshot;
    seen pg_snapshot;
    seen_at timestamptz;
    lost boolean;
begin
    begin
        now_seen := split_part(here, '@', 1)::pg_snapshot;
        seen := split_part(changes_since.cursor, '@', 1)::pg_snapshot;
        seen_at := to_timestamp(split_part(changes_since.cursor, '@', 2)::bigint / 1000.0);
    exception when data_exception then
        -- Not one of ours; treated like one that is too old.
        seen := null;
    end;
    lost := changes_since.cursor is not null and (
        seen is null
        or seen_at < clock_timestamp() - kept
        or pg_snapshot_xmax(seen) > pg_snapshot_xmax(now_seen)
    );
    -- Only who was away can have missed much.
    if seen_at < clock_timestamp() - interval '2 seconds' and not lost then
        lost := most_bytes < (
            select sum(pg_column_size(c.records))
            from vibe_private.changes as c
            where c.xid >= pg_snapshot_xmin(seen) and not pg_visible_in_snapshot(c.xid, seen)
              and (changes_since.sites is null or c.site_id = any (changes_since.sites))
        );
    end if;
    return query
    with feed as materialized (
        select c.*
        from vibe_private.changes as c
        where c.xid >= pg_snapshot_xmin(seen)
          and not pg_visible_in_snapshot(c.xid, seen)
          -- A dump may bring rows of another cluster, whose transactions lie in our future.
          and pg_visible_in_snapshot(c.xid, now_seen)
          and (changes_since.sites is null or c.site_id = any (changes_since.sites) or c.table_name = 'site_members')
          and not coalesce(lost, false)
    ),
    shapes as (
        select t.table_name, s.columns, s.keys
        from (select distinct f.table_name from feed as f) as t
        cross join lateral vibe_private.table_shape(t.table_name) as s
    )
    select here, coalesce(lost, false), f.site_id, f.table_name, f.kind, f.records is not null,
        (extract(epoch from clock_timestamp() - f.at) * 1000)::int,
        case when f.kind is not null then format(
            '{"schema":"vibe","table":%s,"commit_timestamp":"%s","type":"%s","site_id":%s,"errors":%s,"columns":%s,%s}',
            to_json(f.table_name), to_char(f.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), f.kind, f.site_id,
            case when f.records is null then '["Error 413: Payload Too Large"]' else 'null' end,
            coalesce(s.columns, '[]'),
            case f.kind
                when 'INSERT' then '"record":' || coalesce(r.record::text, '{}')
                when 'DELETE' then '"old_record":' || coalesce(r.record::text, '{}')
                else format(
                    '"record":%s,"old_record":%s', coalesce(r.record::text, '{}'),
                    coalesce((select jsonb_object_agg(k, r.record -> k)::text from unnest(s.keys) as k where r.record is not null), '{}')
                )
            end
        ) end
    from (select) as once
    left join feed as f on true
    left join shapes as s on s.table_name = f.table_name
    left join lateral jsonb_array_elements(f.records) with ordinality as r (record, place) on true
    order by f.at, f.xid, f.change_id, r.place;
end
$$;
comment on function vibe_private.changes_since(text, text, int[]) is
    'the rows changed since the cursor, as realtime clients read them, each with the next cursor; at least one row, of nulls if nothing changed. null starts now; until is a later cursor to stop at; sites leaves out others; resync says that changes were lost; not listed are changes of too many rows. Definer: the feed holds all tenants, the server divides it by realtime_rights()';
grant execute on function vibe_private.changes_since(text, text, int[]) to vibe_server;

create function vibe_private.table_shape(name text) returns table (columns text, keys text[])
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select
        (select '[' || string_agg(format('{"name":%s,"type":%s}', to_json(a.attname), to_json(t.typname)), ',' order by a.attnum) || ']'
         from pg_attribute as a join pg_type as t on t.oid = a.atttypid
         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
        (select array_agg(a.attname::text)
         from pg_index as i join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
         where i.indrelid = c.oid and i.indisprimary)
    from pg_class as c
    where c.oid = to_regclass(format('vibe.%I', name))
$$;
comment on function vibe_private.table_shape(text) is 'columns and types of a table as realtime clients read them, and the columns of its primary key';

create function vibe_private.realtime_rights(claims text[]) returns table (place int, is_live boolean, sites text)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    for i in 1 .. coalesce(cardinality(realtime_rights.claims), 0) loop
        place := i;
        begin
            perform vibe_private.check_session(realtime_rights.claims[i]);
            select coalesce(json_agg(s.site_id), '[]') into sites
            from vibe_private.session_sites(realtime_rights.claims[i]::jsonb) as s;
            is_live := true;
        exception when data_exception or sqlstate 'PT401' then
            -- One token that says nonsense must not keep the others from hearing anything.
            is_live := false;
            sites := '[]';
        end;
        return next;
    end loop;
end
$$;
comment on function vibe_private.realtime_rights(text[]) is
    'whether each of the claims still has a live session or key, and the sites that it may see. Definer: reads sessions and members for realtime';
grant execute on function vibe_private.realtime_rights(text[]) to vibe_server;

-- Subscriptions are checked where the types are known; the server compares values as JSON.
create function vibe_private.realtime_bindings(wanted jsonb) returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    checked jsonb := '[]';
    one jsonb;
    target text;
    event text;
begin
    for one in select w.value from jsonb_array_elements(wanted) as w loop
        target := nullif(one ->> 'table', '*');
        event := upper(coalesce(one ->> 'event', '*'));
        if jsonb_typeof(one) <> 'object' then
            perform vibe_private.fail('each of postgres_changes must be an object');
        elsif event not in ('*', 'INSERT', 'UPDATE', 'DELETE') then
            perform vibe_private.fail(format('event "%s" is none of INSERT, UPDATE, DELETE and *', event));
        elsif coalesce(one ->> 'schema', '*') not in ('vibe', 'public', '*') then
            perform vibe_private.fail(format('schema "%s" is not offered', one ->> 'schema'), hint => 'the schema is vibe, or public');
        elsif coalesce(jsonb_typeof(one -> 'select'), 'null') <> 'null' then
            perform vibe_private.fail('Unsupported: select', errcode => '0A000');
        elsif target is not null and not vibe_private.is_fed(target) then
            perform vibe_private.fail(format('table "%s" is not in realtime', target), errcode => 'PT404');
        elsif target is null and coalesce(one ->> 'filter', '') <> '' then
            perform vibe_private.fail('a filter needs a table');
        end if;
        checked := checked || jsonb_build_object(
            'event', nullif(event, '*'), 'table', target, 'conditions', vibe_private.realtime_conditions(target, one ->> 'filter')
        );
    end loop;
    return checked;
end
$$;
comment on function vibe_private.realtime_bindings(jsonb) is
    'what a subscription asks for, checked: event and table (null for all) and conditions with values of the column''s type. Definer: reads the catalog';
grant execute on function vibe_private.realtime_bindings(jsonb) to vibe_server;

create function vibe_private.is_fed(target text) returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select exists (
        select from pg_trigger as t
        where t.tgrelid = to_regclass(format('vibe.%I', target)) and t.tgname = 'feed_insert'
    )
$$;
comment on function vibe_private.is_fed(text) is 'whether direct writes of the table enter the change feed';

create function vibe_private.realtime_conditions(target text, filter text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    conditions jsonb := '[]';
    part text;
    pieces text[];
    kind record;
    given text[];
    each text;
    one jsonb;
    known jsonb;
begin
    if coalesce(filter, '') = '' then
        return conditions;
    end if;
    -- A comma divides conditions only where another one begins.
    foreach part in array regexp_split_to_array(filter, ',(?=[a-zA-Z_][a-zA-Z0-9_]*=(?:eq|neq|lt|lte|gt|gte|in)[.])') loop
        pieces := regexp_match(part, '^([^=]+)=(eq|neq|lt|lte|gt|gte|in)[.](.*)$', 's');
        if pieces is null then
            perform vibe_private.fail(
                format('filter "%s" cannot be read', part), hint => 'it looks like column=eq.value; eq, neq, lt, lte, gt, gte and in are known'
            );
        end if;
        select t.oid::regtype::text as name, t.typcategory as category, t.typname as type into kind
        from pg_attribute as a join pg_type as t on t.oid = a.atttypid
        where a.attrelid = to_regclass(format('vibe.%I', target)) and a.attname = pieces[1] and a.attnum > 0 and not a.attisdropped;
        if not found then
            perform vibe_private.fail(format('column %s.%s does not exist', target, pieces[1]));
        elsif kind.category not in ('N', 'S', 'D', 'B', 'E') and kind.type <> 'uuid' then
            perform vibe_private.fail(format('column %s.%s of type %s cannot be filtered', target, pieces[1], kind.name), errcode => '0A000');
        elsif pieces[2] = 'in' then
            if pieces[3] !~ '^\(.*\)$' then
                perform vibe_private.fail(format('filter "%s" cannot be read', part), hint => 'a list looks like column=in.(a,b)');
            end if;
            given := array(
                select coalesce(regexp_replace(m[1], '\\(.)', '\1', 'g'), m[2])
                from regexp_matches(substr(pieces[3], 2, length(pieces[3]) - 2), '"((?:[^"\\]|\\.)*)"|([^,]+)', 'g') as m
            );
        else
            given := pieces[3:3];
        end if;
        known := '[]';
        foreach each in array given loop
            execute format('select to_jsonb($1::%s)', kind.name) into one using each;
            known := known || jsonb_build_array(one);
        end loop;
        conditions := conditions || jsonb_build_object(
            'column', pieces[1], 'operator', pieces[2], 'is_time', kind.type = 'timestamptz', 'values', known
        );
    end loop;
    return conditions;
end
$$;
comment on function vibe_private.realtime_conditions(text, text) is
    'the conditions of a filter like price=gte.10, the values as JSON of the column''s type';

-- A NOTIFY takes a lock of the whole cluster at commit, so ring at most every 20 ms; the server reads on for
-- a while after each ring. The sequence is used because it is seen before commit and locks nobody.
create function vibe_private.ring_doorbell() returns void
language plpgsql volatile
as $$
declare
    instant bigint := extract(epoch from clock_timestamp()) * 1000;
    -- Not a query: this runs in every transaction that writes.
    rung bigint := coalesce(pg_sequence_last_value('vibe_private.doorbell'), 0);
begin
    -- A clock that was set back must not silence the bell.
    if instant - rung not between 0 and 19 then
        perform setval('vibe_private.doorbell', instant);
        notify vibe_changes;
    end if;
end
$$;
comment on function vibe_private.ring_doorbell() is 'tells listeners of channel vibe_changes that the feed grew; throttled';

create function vibe_private.feed_changes() returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    -- More rows than this are not listed: the readers are told to load again.
    most constant int := 1000;
begin
    insert into vibe_private.changes (site_id, table_name, kind, records)
    select
        r.site_id,
        tg_table_name,
        tg_op,
        case when count(*) <= most then jsonb_agg(to_jsonb(r.changed)) filter (where r.place <= most) end
    from (select c.site_id, c as changed, row_number() over (partition by c.site_id) as place from changed_rows as c) as r
    group by r.site_id
    order by r.site_id;
    if found then
        perform vibe_private.ring_doorbell();
    end if;
    return null;
end
$$;
comment on function vibe_private.feed_changes() is
    'statement trigger: puts directly written rows into the change feed. Definer: writers have no right on the feed';

create function vibe_private.feed_table(target regclass, writers_feed boolean default false) returns void
language plpgsql volatile
as $$
declare
    operation text;
begin
    if not exists (
        select from pg_catalog.pg_class as c join pg_catalog.pg_attribute as a on a.attrelid = c.oid
        where c.oid = target and c.relnamespace = 'vibe'::regnamespace and c.relrowsecurity and a.attname = 'site_id'
    ) then
        raise exception 'table % cannot be in realtime', target using
            errcode = '22023', hint = 'it must be in schema vibe, with row-level security by its column site_id';
    end if;
    foreach operation in array array['insert', 'update', 'delete'] loop
        execute format(
            'create trigger feed_%1$s after %1$s on %2$s referencing %3$s table as changed_rows
             for each statement %4$s execute function vibe_private.feed_changes()',
            operation, target, case operation when 'delete' then 'old' else 'new' end,
            case when writers_feed then 'when (current_user <> ''vibe_owner'')' else '' end
        );
        execute format('comment on trigger feed_%s on %s is %L', operation, target, 'written rows enter the change feed');
    end loop;
end
$$;
comment on function vibe_private.feed_table(regclass, boolean) is
    'puts a table into realtime: every viewer of a site hears of its rows. writers_feed: functions that run as vibe_owner feed by themselves';

-- Whoever loses or gains a right is heard of in the same order as the changes.
create function vibe_private.feed_rights() returns trigger
language plpgsql volatile
as $$
begin
    insert into vibe_private.changes (site_id, table_name, kind, records) values (0, 'site_members', tg_op, '[]');
    perform vibe_private.ring_doorbell();
    return null;
end
$$;
comment on function vibe_private.feed_rights() is 'statement trigger: tells running servers to look again who may hear what';
