create function vibe.check_criteria(criteria jsonb) returns void
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
    problem text;
begin
    if octet_length(criteria::text) > 65536 then
        problem := format('criteria is %s bytes long: it must be at most 65536', octet_length(criteria::text));
    else
        problem := coalesce(
            vibe.criteria_problem(vibe.segment_schema(), vibe.segment_schema() -> '$defs', criteria, 'criteria', 0),
            vibe.range_problem(criteria, 'criteria')
        );
    end if;
    if problem is not null then
        raise exception using message = problem, errcode = 'invalid_parameter_value',
            hint = 'vibe.segment_schema() describes criteria, vibe.segment_attributes() lists what they can name';
    end if;
end
$$;
comment on function vibe.check_criteria(jsonb) is
'raises 22023 with path, value and rule of the first thing in segment criteria that is not as vibe.segment_schema() says';
grant execute on function vibe.check_criteria(jsonb) to vibe_analyst;

-- Interprets the keywords that segment_schema() uses: $ref, oneOf (told apart by their first required key, then by enums),
-- type, enum, const, minimum, maximum, lengths, pattern, format date, items, properties, required, additionalProperties.
create function vibe.criteria_problem(rule jsonb, defs jsonb, value jsonb, path text, depth integer) returns text
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
    shown constant text := case when length(value::text) > 100 then left(value::text, 100) || '…' else coalesce(value::text, 'null') end;
    given constant text := coalesce(jsonb_typeof(value), 'null');
    key text;
    problem text;
begin
    if depth > 80 then
        return format('%s lies too deep: it must be at most 40 levels down', path);
    end if;
    while rule ? '$ref' loop
        rule := defs -> replace(rule ->> '$ref', '#/$defs/', '');
    end loop;
    if rule ? 'oneOf' then
        if given <> 'object' then
            return format('%s is %s: it must be an object', path, shown);
        end if;
        select c.rule, c.problem into rule, problem from vibe.criteria_branch(rule -> 'oneOf', value, path, shown) as c;
        if problem is not null then
            return problem;
        end if;
    end if;

    problem := vibe.value_problem(rule, value, path, shown);
    if problem is not null then
        return problem;
    elsif given = 'array' then
        for i in 0..jsonb_array_length(value) - 1 loop
            problem := vibe.criteria_problem(rule -> 'items', defs, value -> i, format('%s[%s]', path, i), depth + 1);
            exit when problem is not null;
        end loop;
        return problem;
    elsif given = 'object' then
        problem := vibe.key_problem(rule, value, path, shown);
        for key in select k from jsonb_object_keys(value) as k where problem is null loop
            problem := vibe.criteria_problem(
                rule -> 'properties' -> key, defs, value -> key, path || '.' || key, depth + 1
            );
            exit when problem is not null;
        end loop;
        return problem;
    end if;
    return null;
end
$$;
comment on function vibe.criteria_problem(jsonb, jsonb, jsonb, text, integer) is
'path, value and rule of the first thing in value that is not as a rule of vibe.segment_schema() says; null when all is';
grant execute on function vibe.criteria_problem(jsonb, jsonb, jsonb, text, integer) to vibe_analyst;

create function vibe.value_problem(rule jsonb, value jsonb, path text, shown text) returns text
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
    given constant text := coalesce(jsonb_typeof(value), 'null');
    names text[];
begin
    names := array(select jsonb_array_elements_text(case jsonb_typeof(rule -> 'type') when 'string' then jsonb_build_array(rule -> 'type') else rule -> 'type' end));
    if names <> '{}' and not given = any (names) and not (
        given = 'number' and 'integer' = any (names) and value::numeric = trunc(value::numeric)
    ) then
        return format('%s is %s: it must be %s', path, shown, (
            select string_agg(case n
                when 'integer' then 'a whole number' when 'boolean' then 'true or false'
                when 'array' then 'an array' when 'object' then 'an object' else 'a ' || n
            end, ' or ' order by place)
            from unnest(names) with ordinality as t (n, place)
        ));
    elsif rule ? 'const' and value <> rule -> 'const' then
        return format('%s is %s: it must be %s', path, shown, rule ->> 'const');
    elsif rule ? 'enum' and not rule -> 'enum' @> value then
        return format('%s is %s: it must be one of %s', path, shown,
            (select string_agg(e.v, ', ') from jsonb_array_elements_text(rule -> 'enum') as e (v)));
    elsif given = 'number' and value::numeric not between (rule ->> 'minimum')::numeric and (rule ->> 'maximum')::numeric then
        return format('%s is %s: it must be %s to %s', path, shown, rule ->> 'minimum', rule ->> 'maximum');
    elsif given = 'string' and length(value #>> '{}') not between coalesce((rule ->> 'minLength')::integer, 0)
        and coalesce((rule ->> 'maxLength')::integer, 1000000) then
        return format('%s is %s: it must be %s to %s characters long', path, shown,
            coalesce(rule ->> 'minLength', '0'), rule ->> 'maxLength');
    elsif given = 'string' and (value #>> '{}' !~ (rule ->> 'pattern')
        or (rule ->> 'format' = 'date' and not vibe.is_day(value #>> '{}'))) then
        return format('%s is %s: it must be %s', path, shown, rule ->> 'description');
    elsif given = 'array' and jsonb_array_length(value) not between (rule ->> 'minItems')::integer and (rule ->> 'maxItems')::integer then
        return format('%s has %s elements: it must have %s', path, jsonb_array_length(value), case
            when rule -> 'minItems' = rule -> 'maxItems' then rule ->> 'minItems'
            else format('%s to %s', rule ->> 'minItems', rule ->> 'maxItems')
        end);
    end if;
    return null;
end
$$;
comment on function vibe.value_problem(jsonb, jsonb, text, text) is
'what is wrong with a value itself (its type, size, length or form) by a rule of vibe.segment_schema(); null for nothing';
grant execute on function vibe.value_problem(jsonb, jsonb, text, text) to vibe_analyst;

create function vibe.key_problem(rule jsonb, value jsonb, path text, shown text) returns text
language sql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(
        (
            select format('%s.%s is missing: it must be given', path, r.key)
            from jsonb_array_elements_text(rule -> 'required') with ordinality as r (key, place)
            where not value ? r.key
            order by r.place
            limit 1
        ),
        (
            select format('%s is %s: it must have one of the keys %s', path, shown, string_agg(k.key #>> '{}', ', '))
            from jsonb_path_query(rule, '$.anyOf[*].required[*]') as k (key)
            having not bool_or(value ? (k.key #>> '{}'))
        ),
        (
            select format('%s.%s is %s: it is not a key here; keys are %s', path, left(v.key, 100), left(v.value::text, 100), (
                select string_agg(k, ', ') from jsonb_object_keys(rule -> 'properties') as k
            ))
            from jsonb_each(value) as v (key, value)
            where not rule -> 'properties' ? v.key
            limit 1
        )
    )
$$;
comment on function vibe.key_problem(jsonb, jsonb, text, text) is
'what is wrong with the keys of an object by a rule of vibe.segment_schema(): missing or not known; null for nothing';
grant execute on function vibe.key_problem(jsonb, jsonb, text, text) to vibe_analyst;

create function vibe.criteria_branch(branches jsonb, value jsonb, path text, shown text, out rule jsonb, out problem text)
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
    key text;
    left_over jsonb;
begin
    select b.branch -> 'required' ->> 0 into key
    from jsonb_array_elements(branches) with ordinality as b (branch, place)
    where value ? (b.branch -> 'required' ->> 0)
    order by b.place
    limit 1;
    if not found then
        problem := format('%s is %s: it must have one of the keys %s', path, shown, (
            select string_agg(k.key, ', ' order by k.place)
            from (
                select b.branch -> 'required' ->> 0 as key, min(b.place) as place
                from jsonb_array_elements(branches) with ordinality as b (branch, place)
                group by 1
            ) as k
        ));
        return;
    end if;
    left_over := jsonb_path_query_array(branches, '$[*] ? (@.required[0] == $key)', jsonb_build_object('key', key));
    foreach key in array array[key, 'op'] loop
        branches := left_over;
        select jsonb_agg(b.branch order by b.place) into left_over
        from jsonb_array_elements(branches) with ordinality as b (branch, place)
        where b.branch #> array['properties', key, 'enum'] is null
           or jsonb_typeof(value -> key) = 'string' and b.branch #> array['properties', key, 'enum'] @> (value -> key);
        if left_over is null then
            problem := case
                when value ? key then format('%s.%s is %s: it must be one of ', path, key, left((value -> key)::text, 100))
                else format('%s.%s is missing: it must be one of ', path, key)
            end || (
                select string_agg(distinct n #>> '{}', ', ')
                from jsonb_path_query(branches, '$[*].properties.keyvalue() ? (@.key == $key).value.enum[*]', jsonb_build_object('key', key)) as n
            );
            return;
        end if;
    end loop;
    rule := left_over -> 0;
end
$$;
comment on function vibe.criteria_branch(jsonb, jsonb, text, text) is
'which of several rules an object must follow, by its first required key and then by its enums; or the problem if it is none';
grant execute on function vibe.criteria_branch(jsonb, jsonb, text, text) to vibe_analyst;

create function vibe.is_day(day text) returns boolean
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
    return make_date(left(day, 4)::integer, substr(day, 6, 2)::integer, right(day, 2)::integer) is not null;
exception when others then
    return false;
end
$$;
comment on function vibe.is_day(text) is 'whether a text of the form 2026-01-31 is a day of the calendar';
grant execute on function vibe.is_day(text) to vibe_analyst;

-- What a JSON schema cannot say. The criteria follow the schema already.
create function vibe.range_problem(criteria jsonb, path text) returns text
language sql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
    with recursive nodes (node, path) as (
        values (criteria, path)
        union all
        select e.node, e.path
        from nodes as n
        cross join lateral (
            select a.node, format('%s.%s[%s]', n.path, k.key, a.place - 1)
            from (values ('all'), ('any'), ('properties')) as k (key)
            cross join lateral jsonb_array_elements(coalesce(n.node -> k.key, '[]')) with ordinality as a (node, place)
            union all
            select n.node -> 'not', n.path || '.not'
            where n.node ? 'not'
        ) as e (node, path)
    )
    select coalesce(
        (
            select format('%s.value is %s: its first element must not be above its second', n.path, n.node -> 'value')
            from nodes as n
            where n.node ->> 'op' = 'between'
              and case jsonb_typeof(n.node -> 'value' -> 0)
                  when 'number' then (n.node -> 'value' -> 0)::numeric > (n.node -> 'value' -> 1)::numeric
                  else (n.node -> 'value' ->> 0) collate "C" > n.node -> 'value' ->> 1
              end
            order by n.path
            limit 1
        ),
        (
            select format('%s.at_least is %s: it must not be above at_most, which is %s', n.path, n.node -> 'at_least', n.node -> 'at_most')
            from nodes as n
            where (n.node -> 'at_least')::numeric > (n.node -> 'at_most')::numeric
            order by n.path
            limit 1
        ),
        (
            select format('criteria has %s conditions: it must have at most 200', count(*))
            from nodes as n
            where not n.node ?| array['all', 'any', 'not']
            having count(*) > 200
        )
    )
$$;
comment on function vibe.range_problem(jsonb, text) is
'what is wrong with ranges and the number of conditions in criteria that follow the schema; null for nothing';
grant execute on function vibe.range_problem(jsonb, text) to vibe_analyst;
