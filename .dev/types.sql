-- Prints Sources/Dashboard/client/types.d.ts: what schema vibe offers to a member, as types of TypeScript (see .dev/reference).
load 'vibe';
set search_path = pg_catalog;

-- As JSON carries it; what a number cannot hold exactly, no identifier and no count of ours is.
create function pg_temp.type_of(kind oid) returns text language sql as $$
    select case
        when t.typelem <> 0 and t.typcategory = 'A' then
            case when e.typname in ('json', 'jsonb') then 'any[]' else format('(%s | null)[]', pg_temp.type_of(t.typelem)) end
        when t.typname in ('json', 'jsonb') then 'any'
        when t.typcategory = 'N' then 'number'
        when t.typcategory = 'B' then 'boolean'
        when t.typname = 'void' then 'null'
        when t.typtype = 'c' then (
            select format('{ %s }', string_agg(format('%s: %s | null', a.attname, pg_temp.type_of(a.atttypid)), '; ' order by a.attnum))
            from pg_attribute as a where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
        )
        when t.typname = 'date' then 'Day'
        when t.typname in ('timestamptz', 'timestamp') then 'Instant'
        when t.typname = 'interval' then 'Interval'
        else 'string'
    end
    from pg_type as t left join pg_type as e on e.oid = t.typelem where t.oid = kind
$$;
create function pg_temp.comment(words text, indent text) returns text language sql as $$
    select coalesce(format(E'%s/** %s */\n', indent, replace(regexp_replace(words, '\s+', ' ', 'g'), '*/', '* /')), '')
$$;

-- Columns of functions that are never null; the catalog cannot know.
create temporary table always (function_name text, column_names text[]);
insert into always values
    ('get_online_users', '{site_id,user_id,session_id,started_at,last_seen_at,session_seconds,page_views,events}'),
    ('get_online_users_in_segment', '{site_id,user_id,session_id,started_at,last_seen_at,session_seconds,page_views,events}'),
    ('get_crm_metrics', '{metric,format,better,range_end}'),
    ('stats_series', '{starts_at,ends_at,is_partial}'),
    ('calculate_funnel_conversion', '{step,name,users,drop_off}'),
    ('user_sessions', '{session_id,started_at,last_seen_at,session_seconds,page_views,events,is_bot,pages}'),
    ('get_sites', '{site_id,name,key,role,time_zone,currency,allowed_origins,created_at}');

create temporary table shape as
select
    p.proname::text as name, obj_description(p.oid, 'pg_proc') as meaning, p.oid,
    coalesce((
        select string_agg(format('%s%s: %s%s', a.name, case when a.place > p.pronargs - p.pronargdefaults then '?' else '' end,
            pg_temp.type_of(a.type), case when y.typcategory = 'N' then ' | string | null' else ' | null' end), '; ' order by a.place)
        from (
            select i.name, i.type, row_number() over (order by i.position) as place
            from unnest(p.proargnames, coalesce(p.proallargtypes, p.proargtypes::oid[]), p.proargmodes)
                with ordinality as i (name, type, mode, position)
            where coalesce(i.mode, 'i') in ('i', 'b', 'v')
        ) as a
        join pg_type as y on y.oid = a.type
    ), '') as arguments,
    case
        when y.typrelid <> 0 then (
            select string_agg(format('%s: %s | null', a.attname, pg_temp.type_of(a.atttypid)), '; ' order by a.attnum)
            from pg_attribute as a where a.attrelid = y.typrelid and a.attnum > 0 and not a.attisdropped
        )
        when p.prorettype = 'record'::regtype then (
            select string_agg(format('%s: %s%s', i.name, pg_temp.type_of(i.type),
                case when i.name = any (w.column_names) then '' else ' | null' end), '; ' order by i.position)
            from unnest(p.proargnames, p.proallargtypes, p.proargmodes) with ordinality as i (name, type, mode, position)
            where i.mode in ('o', 'b', 't')
        )
        else format('%s: %s | null', p.proname, pg_temp.type_of(p.prorettype))
    end as columns
from pg_proc as p
join pg_type as y on y.oid = p.prorettype
left join always as w on w.function_name = p.proname
where p.pronamespace = 'vibe'::regnamespace and p.prokind = 'f' and has_function_privilege('vibe_member', p.oid, 'execute')
  and p.prorettype <> all (array['trigger', 'event_trigger', 'internal']::regtype[])
  and not 'internal'::regtype = any (p.proargtypes)
  and (p.proargnames is not null or p.pronargs = 0);

select $$// What schema vibe offers to a member, made by `make reference` from the catalog; change that, not this file.

/** An instant in ISO 8601, as 2026-03-29T01:30:00+00:00. */
export type Instant = string
/** A calendar day, as 2026-03-29. */
export type Day = string
/** A length of time as PostgreSQL writes it, as 1 day 02:00:00. */
export type Interval = string

/** Who is on the site now. */
export type OnlineUser = Functions["get_online_users"]["row"]
/** A segment with its size. */
export type Segment = Relations["segment_sizes"]
/** The figures of the CRM cards, one row each. */
export type CrmMetrics = Functions["get_crm_metrics"]["row"][]
/** A step of a chart; date is the day, or the hour, on the site's calendar. */
export type ChartDataPoint = Functions["stats_series"]["row"] & { date: string }
/** A step of a funnel. */
export type FunnelStep = Functions["calculate_funnel_conversion"]["row"]
/** A visit of one person. */
export type UserSession = Functions["user_sessions"]["row"]
/** A site that the caller may see. */
export type Site = Functions["get_sites"]["row"] & { role: "viewer" | "member" | "owner" }

/** Functions by name: the arguments they take and the rows they give. */
export interface Functions {$$;
select pg_temp.comment(min(meaning), '  ') || format('  %s: %s', name, string_agg(
    format(E'{\n    arguments: {%s}\n    row: {%s}\n  }', ' ' || nullif(arguments, '') || ' ', ' ' || columns || ' '), ' | ' order by arguments collate "C"))
from shape group by name order by name collate "C";
select $$}

/** Tables and views by name: their rows. */
export interface Relations {$$;
select pg_temp.comment(obj_description(c.oid, 'pg_class'), '  ') || format(E'  %s: {\n%s\n  }', c.relname, (
    select string_agg(pg_temp.comment(col_description(c.oid, a.attnum), '    ')
        || format('    %s: %s%s', a.attname, pg_temp.type_of(a.atttypid), case when a.attnotnull then '' else ' | null' end), E'\n' order by a.attnum)
    from pg_attribute as a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
))
from pg_class as c
where c.relnamespace = 'vibe'::regnamespace and c.relkind in ('r', 'p', 'v') and not c.relispartition
  and has_any_column_privilege('vibe_member', c.oid, 'select')
order by c.relname collate "C";
select '}';
