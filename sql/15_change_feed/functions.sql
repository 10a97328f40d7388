-- The cursor is a snapshot: a reader takes every row whose transaction its last snapshot did not see. No gap behind a
-- long writer, no double, and no order by a sequence.
create function vibe_private.changes_since(cursor text) returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    kept constant interval := '10 minutes';
    seen pg_snapshot;
    seen_at timestamptz;
    answer jsonb;
begin
    begin
        seen := split_part(changes_since.cursor, '@', 1)::pg_snapshot;
        seen_at := to_timestamp(split_part(changes_since.cursor, '@', 2)::bigint / 1000.0);
    exception when data_exception then
        -- Not one of ours; treated like one that is too old.
        seen := null;
    end;
    with feed as (
        select c.xid, c.change_id, c.site_id, c.table_name, c.kind, c.at, c.records
        from vibe_private.changes as c
        where c.xid >= pg_snapshot_xmin(seen)
          and not pg_visible_in_snapshot(c.xid, seen)
          -- A dump may bring rows of another cluster, whose transactions lie in our future.
          and pg_visible_in_snapshot(c.xid, pg_current_snapshot())
    )
    select jsonb_build_object(
        'cursor', format('%s@%s', pg_current_snapshot(), floor(extract(epoch from clock_timestamp()) * 1000)),
        'resync', changes_since.cursor is not null and (
            seen is null
            or seen_at < clock_timestamp() - kept
            or pg_snapshot_xmax(seen) > pg_snapshot_xmax(pg_current_snapshot())
            or exists (select from feed where feed.records is null)
        ),
        'changes', coalesce((
            select jsonb_agg(
                jsonb_build_object(
                    'site_id', f.site_id,
                    'table', f.table_name,
                    'type', f.kind,
                    'commit_timestamp', to_char(f.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
                    'records', f.records
                ) order by f.at, f.xid, f.change_id
            )
            from feed as f
            where f.records is not null
        ), '[]')
    ) into answer;
    return answer;
end
$$;
comment on function vibe_private.changes_since(text) is
    'the changes committed since the cursor and the next cursor; null starts now, resync says that changes were lost. Definer: the feed holds all tenants, the server divides it by session_sites()';
grant execute on function vibe_private.changes_since(text) to vibe_server;

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
        case when count(*) <= most then jsonb_agg(to_jsonb(r) - 'place') filter (where r.place <= most) end
    from (select c.*, row_number() over (partition by c.site_id) as place from changed_rows as c) as r
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

-- The writing functions run as vibe_owner and feed by themselves.
create function vibe_private.feed_table(target regclass) returns void
language plpgsql volatile
as $$
declare
    operation text;
begin
    foreach operation in array array['insert', 'update', 'delete'] loop
        execute format(
            'create trigger feed_%1$s after %1$s on %2$s referencing %3$s table as changed_rows
             for each statement when (current_user <> ''vibe_owner'') execute function vibe_private.feed_changes()',
            operation, target, case operation when 'delete' then 'old' else 'new' end
        );
        execute format('comment on trigger feed_%s on %s is %L', operation, target, 'directly written rows enter the change feed');
    end loop;
end
$$;
comment on function vibe_private.feed_table(regclass) is 'gives a table the triggers that feed its direct writes to realtime';
