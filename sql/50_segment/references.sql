-- A stored rule names other segments by id, so that they may be renamed. A query takes their rules in whole, so that it
-- never depends on which segment was refreshed first.
create function vibe.resolve_segments(of_site integer, node jsonb, path text, inlined boolean, trail bigint[]) returns jsonb
language plpgsql
stable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
    key text;
    parts jsonb := '[]';
    named record;
begin
    if node ? 'segment' then
        select s.segment_id, s.kind, s.subject, s.criteria into named
        from vibe.segments as s
        where s.site_id = of_site
          and case jsonb_typeof(node -> 'segment')
              when 'number' then s.segment_id = (node -> 'segment')::bigint
              else s.name = node ->> 'segment'
          end;
        if not found then
            raise exception '%.segment is %: the site has no such segment', path, node -> 'segment'
                using errcode = 'invalid_parameter_value';
        elsif named.segment_id = any (trail) then
            raise exception '%.segment is %: it leads back to itself', path, node -> 'segment'
                using errcode = 'invalid_parameter_value';
        elsif cardinality(trail) >= 10 then
            raise exception '%.segment is %: it must be at most 10 segments deep', path, node -> 'segment'
                using errcode = 'invalid_parameter_value';
        end if;
        node := jsonb_build_object('segment', named.segment_id);
        if inlined then
            node := node || jsonb_build_object('subject', named.subject) || case named.kind
                when 'rule' then jsonb_build_object(
                    'rule', vibe.resolve_segments(of_site, named.criteria, path || '.segment', true, trail || named.segment_id)
                )
                else '{}'
            end;
        end if;
        return node;
    end if;
    foreach key in array array['all', 'any'] loop
        continue when not node ? key;
        for i in 0..jsonb_array_length(node -> key) - 1 loop
            parts := parts || jsonb_build_array(
                vibe.resolve_segments(of_site, node -> key -> i, format('%s.%s[%s]', path, key, i), inlined, trail)
            );
        end loop;
        -- Segments of segments of segments could multiply beyond measure.
        if octet_length(parts::text) > 1000000 then
            raise exception '%.% is more than 1000000 bytes long with the segments that it names', path, key
                using errcode = 'program_limit_exceeded';
        end if;
        return node || jsonb_build_object(key, parts);
    end loop;
    if node ? 'not' then
        return node || jsonb_build_object('not', vibe.resolve_segments(of_site, node -> 'not', path || '.not', inlined, trail));
    end if;
    return node;
end
$$;
comment on function vibe.resolve_segments(integer, jsonb, text, boolean, bigint[]) is
'checked criteria with the segments they name replaced by their ids and, if inlined, followed by their subjects and rules; trail are the segments that led here. Raises 22023 with the path for a segment that does not exist or leads back to itself';
grant execute on function vibe.resolve_segments(integer, jsonb, text, boolean, bigint[]) to vibe_analyst;

create function vibe.check_segment() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if new.criteria is null then
        return new;
    end if;
    perform vibe.check_criteria(new.criteria);
    if jsonb_path_exists(new.criteria, '$.**.segment') then
        -- Two rules that begin to name each other at the same time would both find nothing wrong.
        perform pg_advisory_xact_lock('vibe.segments'::regclass::oid::integer, new.site_id);
        perform vibe.resolve_segments(new.site_id, new.criteria, 'criteria', true, array[new.segment_id]);
        new.criteria := vibe.resolve_segments(new.site_id, new.criteria, 'criteria', false, array[new.segment_id]);
    end if;
    return new;
end
$$;
comment on function vibe.check_segment() is 'row trigger of vibe.segments: refuses criteria that cannot be answered, names segments by id';

create function vibe.keep_named_segments() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    broken record;
begin
    select s.name as of, o.name into broken
    from removed as o
    join vibe.segments as s on s.site_id = o.site_id
    where jsonb_path_exists(s.criteria, '$.**.segment ? (@ == $id)', jsonb_build_object('id', o.segment_id))
    order by o.name, s.name
    limit 1;
    if found then
        raise exception 'segment "%" is named by the rule of segment "%"', broken.name, broken.of
            using errcode = 'foreign_key_violation', hint = 'change or delete that segment first';
    end if;
    return null;
end
$$;
comment on function vibe.keep_named_segments() is 'statement trigger of vibe.segments: a segment that others name stays';
