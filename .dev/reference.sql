-- Prints sql/REFERENCE.md; psql variable topics: lines of "folder kind name" (see .dev/reference).
load 'vibe';
set search_path = vibe, pg_catalog;

-- A comment as a sentence.
create function pg_temp.sentence(words text) returns text language sql as $$
    select case when words like 'vibe.%' then words else upper(left(words, 1)) || substr(words, 2) end
        || case when words like '%.' then '' else '.' end
$$;
create function pg_temp.cell(words text) returns text language sql as $$
    select replace(regexp_replace(words, '\s+', ' ', 'g'), '|', '\|')
$$;
-- Types as people write them, defaults without their casts.
create function pg_temp.short(words text) returns text language sql as $$
    select regexp_replace(
        replace(replace(words, 'timestamp with time zone', 'timestamptz'), 'timestamp without time zone', 'timestamp'),
        '(''[^'']*''|NULL)::[a-z ]+(\[\])?', '\1', 'g'
    )
$$;
create function pg_temp.callers(routine oid) returns text language sql as $$
    select coalesce(string_agg('`' || r.role || '`', ', ' order by r.place), 'superusers')
    from (values
        (1, 'vibe_anon', null), (2, 'vibe_analyst', null), (3, 'vibe_member', 'vibe_analyst'),
        (4, 'vibe_operator', 'vibe_member'), (5, 'vibe_server', null)
    ) as r (place, role, contains)
    where has_function_privilege(r.role, routine, 'execute')
      and (r.contains is null or not has_function_privilege(r.contains, routine, 'execute'))
$$;

create temporary table topic as
select split_part(line, ' ', 1) as folder, split_part(line, ' ', 2) as kind, split_part(line, ' ', 3) as name
from regexp_split_to_table(:'topics', '\n') as line;

-- Everything of schema vibe that a caller meets: one piece of text each.
create temporary table piece as
select
    t.folder, case c.relkind when 'v' then 2 else 1 end as place, c.relname::text as name,
    format(E'### %s `%s`\n\n%s\n\n| column | type | meaning |\n|---|---|---|\n%s\n',
        case c.relkind when 'v' then 'View' else 'Table' end, c.relname, pg_temp.sentence(obj_description(c.oid, 'pg_class')),
        (
            select string_agg(
                format('| `%s` | %s | %s |', a.attname, pg_temp.short(format_type(a.atttypid, a.atttypmod)),
                    pg_temp.cell(coalesce(col_description(c.oid, a.attnum), ''))), E'\n' order by a.attnum)
            from pg_attribute as a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        )
    ) as words
from pg_class as c
left join topic as t on t.kind in ('table', 'view') and t.name = c.relname
where c.relnamespace = 'vibe'::regnamespace and c.relkind in ('r', 'p', 'v')
union all
select
    t.folder, 3, y.typname,
    format(E'### Type `%s`\n\n%s\n\n(%s)\n', y.typname, pg_temp.sentence(obj_description(y.oid, 'pg_type')), (
        select string_agg(format('`%s` %s', a.attname, pg_temp.short(format_type(a.atttypid, a.atttypmod))), ', ' order by a.attnum)
        from pg_attribute as a where a.attrelid = y.typrelid and a.attnum > 0 and not a.attisdropped
    ))
from pg_type as y
join pg_class as c on c.oid = y.typrelid and c.relkind = 'c'
left join topic as t on t.kind = 'type' and t.name = y.typname
where y.typnamespace = 'vibe'::regnamespace
union all
-- The forms of one name stand together; a comment that several share is told once.
select
    f.folder, 4, f.name,
    format(E'### `%s`\n\n%s', f.name, string_agg(f.forms || E'\n\n' || pg_temp.sentence(f.meaning) || E'\n', E'\n' order by f.first_form collate "C"))
from (
    select
        r.folder, r.name, r.meaning, min(r.form) as first_form,
        string_agg(format('`%s`%s  ' || E'\n%s · %s', r.form, coalesce(' → `' || r.result || '`', ''), r.traits, r.callers), E'  \n' order by length(r.form), r.form collate "C") as forms
    from (
        select
            (select min(t.folder) from topic as t where t.kind in ('function', 'procedure', 'aggregate') and t.name = p.proname) as folder,
            p.proname::text as name,
            obj_description(p.oid, 'pg_proc') as meaning,
            replace(replace(pg_temp.short(format('%s(%s)', p.proname, pg_get_function_arguments(p.oid))), ' DEFAULT ', ' default '), ' NULL', ' null') as form,
            replace(pg_temp.short(pg_get_function_result(p.oid)), 'TABLE(', 'table(') as result,
            concat_ws(', ',
                case p.prokind when 'a' then 'aggregate' when 'p' then 'procedure' else 'function' end,
                case when p.prokind = 'f' then case p.provolatile when 'v' then 'volatile' when 's' then 'stable' else 'immutable' end end,
                case when p.prosecdef then 'with its owner''s rights' end
            ) as traits,
            'for ' || pg_temp.callers(p.oid) as callers
        from pg_proc as p
        where p.pronamespace = 'vibe'::regnamespace
          and p.prorettype <> all (array['trigger', 'event_trigger', 'internal']::regtype[])
          and not 'internal'::regtype = any (p.proargtypes)
    ) as r
    group by r.folder, r.name, r.meaning
) as f
group by f.folder, f.name;

create temporary table title as
select
    f.folder,
    coalesce(n.title, initcap(replace(substr(f.folder, 4), '_', ' ')), 'Others') as title
from (select distinct folder from piece) as f
left join (values
    ('00_base', 'Installation'), ('05_access', 'Users'), ('10_site', 'Sites, members, analysts'), ('12_routes', 'Endpoints'),
    ('20_tracking', 'Visitors, visits, events'), ('25_stats', 'Daily figures'), ('30_funnel', 'Funnels'),
    ('35_cohort', 'Active users and retention'), ('40_commerce', 'Customers and purchases'), ('45_rfm', 'RFM'),
    ('50_segment', 'Segments and clusters'), ('90_demo', 'Demo shop'), ('95_jobs', 'Jobs')
) as n (folder, title) using (folder);

select $$# SQL reference

What schema `vibe` offers, made by `make reference` from the comments in the catalog; change those, not this file. psql shows the same:
`\d+ vibe.*`, `\df+ vibe.*`. A caller is a role and whoever has it: members have an analyst's rights, operators a member's. Tables and
views may be read by analysts, rows by members of their site. `site` is a site's name or id; null is the caller's only site.
$$;
select '- [' || t.title || '](#' || regexp_replace(replace(lower(t.title), ' ', '-'), '[^a-z0-9-]', '', 'g') || '): '
    || string_agg('`' || p.name || '`', ', ' order by p.place, p.name collate "C")
from title as t join piece as p on p.folder is not distinct from t.folder
group by t.folder, t.title order by t.folder collate "C";
select '- [Settings](#settings)';
select case when row_number() over (partition by p.folder order by p.place, p.name collate "C") = 1 then E'\n## ' || t.title || E'\n\n' else E'\n' end
    || rtrim(p.words, E'\n')
from piece as p join title as t on t.folder is not distinct from p.folder
order by p.folder collate "C", p.place, p.name collate "C";
select E'\n## Settings\n\n| setting | default | meaning |\n|---|---|---|';
select format('| `%s` | %s | %s |', s.name, trim(s.boot_val || ' ' || coalesce(s.unit, '')), pg_temp.cell(concat_ws(' ', s.short_desc, s.extra_desc)))
from pg_settings as s where s.name like 'vibe.%' order by s.name collate "C";
