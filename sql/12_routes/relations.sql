-- Tables and views as the HTTP server needs them: its REST door knows nothing of the product but this.
create function vibe_private.relation_shape(relation oid) returns jsonb
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select jsonb_build_object(
        'name', c.relname,
        -- Bits 2, 3 and 4 stand for update, insert and delete; whose rights suffice is the statement's business.
        'methods', array_remove(array[
            'GET', 'HEAD',
            case when w.bits & 8 = 8 then 'POST' end,
            case when w.bits & 4 = 4 then 'PATCH' end,
            case when w.bits & 16 = 16 then 'DELETE' end
        ], null),
        'columns', (
            select coalesce(jsonb_agg(
                jsonb_build_object(
                    'name', a.attname,
                    'type', format_type(a.atttypid, a.atttypmod),
                    'default_sql', case
                        when a.attidentity <> '' then format(
                            'nextval(%L)', pg_get_serial_sequence(c.oid::regclass::text, a.attname)
                        )
                        when a.attgenerated = '' then pg_get_expr(d.adbin, d.adrelid)
                    end
                ) order by a.attnum
            ), '[]')
            from pg_catalog.pg_attribute as a
            left join pg_catalog.pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
            where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        ),
        'keys', (
            select coalesce(jsonb_agg(
                jsonb_build_object(
                    'columns', vibe_private.column_names(c.oid, i.indkey::int2[]),
                    'condition', pg_get_expr(i.indpred, i.indrelid),
                    'primary', i.indisprimary
                ) order by i.indisprimary desc, i.indexrelid
            ), '[]')
            from pg_catalog.pg_index as i
            where i.indrelid = c.oid and i.indisunique and i.indimmediate and i.indexprs is null
              and i.indnatts = i.indnkeyatts
        ),
        'links', (
            select coalesce(jsonb_agg(
                jsonb_build_object(
                    'name', l.name,
                    'target', t.relname,
                    'columns', vibe_private.column_names(c.oid, l.own),
                    'target_columns', vibe_private.column_names(t.oid, l.other),
                    'cardinality', l.cardinality
                ) order by t.relname, l.name, l.cardinality
            ), '[]')
            from (
                select f.conname as name, f.conkey as own, f.confkey as other, f.confrelid as target,
                    case when u.is_unique then 'one-to-one' else 'many-to-one' end as cardinality
                from pg_catalog.pg_constraint as f, lateral vibe_private.is_unique(f.conrelid, f.conkey) as u(is_unique)
                where f.contype = 'f' and f.conparentid = 0 and f.conrelid = c.oid
                union all
                select f.conname, f.confkey, f.conkey, f.conrelid,
                    case when u.is_unique then 'one-to-one' else 'one-to-many' end
                from pg_catalog.pg_constraint as f, lateral vibe_private.is_unique(f.conrelid, f.conkey) as u(is_unique)
                where f.contype = 'f' and f.conparentid = 0 and f.confrelid = c.oid
            ) as l
            join pg_catalog.pg_class as t on t.oid = l.target
            where t.relnamespace = c.relnamespace and not t.relispartition
        )
    )
    from pg_catalog.pg_class as c, lateral pg_relation_is_updatable(c.oid, true) as w(bits)
    where c.oid = relation_shape.relation
$$;
comment on function vibe_private.relation_shape(oid) is
    'a table''s or view''s columns, methods, unique keys and foreign keys in both directions, as the HTTP server needs them';

create function vibe_private.column_names(relation oid, places int2[]) returns name[]
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select array_agg(a.attname order by k.place)
    from unnest(column_names.places) with ordinality as k(attnum, place)
    join pg_catalog.pg_attribute as a on a.attrelid = column_names.relation and a.attnum = k.attnum
$$;
comment on function vibe_private.column_names(oid, int2[]) is 'names of columns by their numbers, in the order of the numbers given';

create function vibe_private.is_unique(relation oid, places int2[]) returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select exists (
        select from pg_catalog.pg_index as i
        where i.indrelid = is_unique.relation and i.indisunique and i.indpred is null
          and i.indkey::int2[] <@ is_unique.places
    )
$$;
comment on function vibe_private.is_unique(oid, int2[]) is 'whether no two rows agree in these columns';
