-- What a funnel is, as JSON: checked, stored, and read back.

create function vibe.create_funnel(site text, definition jsonb) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    of_site integer := vibe.site_id(site, 'member');
    made bigint;
begin
    perform vibe.check_funnel(definition);
    if definition ->> 'name' is null then
        raise exception 'name is null'
            using errcode = 'invalid_parameter_value', detail = 'It must be 1 to 100 characters long.';
    end if;
    insert into vibe.funnels (site_id, name, mode, within, ties, hold)
    values (
        of_site, definition ->> 'name', coalesce(definition ->> 'mode', 'ordered'), (definition ->> 'within')::interval,
        coalesce(definition ->> 'ties', 'allow'), definition ->> 'hold'
    )
    on conflict on constraint funnels_name_key do nothing
    returning funnel_id into made;
    if made is null then
        raise exception 'funnel "%" exists already', definition ->> 'name'
            using errcode = 'unique_violation', hint = 'vibe.update_funnel() changes it; or choose another name';
    end if;
    perform vibe.write_funnel_steps(of_site, made, definition);
    return made;
end
$$;
comment on function vibe.create_funnel(text, jsonb) is
'stores a funnel and returns its id. definition: an object with name, steps (2 to 32 objects with event_name, and if wanted name, page_pattern as in like, and properties), and if wanted mode (ordered, strict, unordered), within (days or smaller units), ties (allow, strict), hold (a property that all steps share) and exclusions (objects like steps, with from_step and to_step). properties: {"list": "summer"} is equal, ["a", "b"] one of, null missing, {">=": 100, "<": 200, "!=": 150, "like": "a%"} compared';
grant execute on function vibe.create_funnel(text, jsonb) to vibe_member;

create function vibe.create_funnel(site text, name text, steps jsonb, within interval default null) returns bigint
language sql
set search_path = pg_catalog, pg_temp
as $$
    select vibe.create_funnel(site, jsonb_build_object('name', name, 'steps', steps, 'within', within))
$$;
comment on function vibe.create_funnel(text, text, jsonb, interval) is
'vibe.create_funnel for an ordered funnel; within: the longest time from the first step to the last, null for any';
grant execute on function vibe.create_funnel(text, text, jsonb, interval) to vibe_member;

create function vibe.update_funnel(site text, funnel text, definition jsonb) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    of_site integer := vibe.site_id(site, 'member');
    changed bigint;
begin
    perform vibe.check_funnel(definition);
    update vibe.funnels as f
    set name = coalesce(definition ->> 'name', f.name), mode = coalesce(definition ->> 'mode', 'ordered'),
        within = (definition ->> 'within')::interval, ties = coalesce(definition ->> 'ties', 'allow'), hold = definition ->> 'hold'
    where f.site_id = of_site and f.name = update_funnel.funnel
    returning f.funnel_id into changed;
    if changed is null then
        raise exception 'funnel "%" does not exist', funnel
            using errcode = 'undefined_object', hint = 'vibe.stored_funnels() lists them';
    end if;
    delete from vibe.funnel_steps as s where s.site_id = of_site and s.funnel_id = changed;
    perform vibe.write_funnel_steps(of_site, changed, definition);
    return changed;
exception
    when unique_violation then
        raise exception 'funnel "%" exists already', definition ->> 'name'
            using errcode = 'unique_violation', hint = 'choose another name';
end
$$;
comment on function vibe.update_funnel(text, text, jsonb) is
'gives the stored funnel of that name another definition, as vibe.create_funnel() takes it, and returns its id; without name it keeps its own. Its days in vibe.funnel_days are forgotten and counted again in the night';
grant execute on function vibe.update_funnel(text, text, jsonb) to vibe_member;

create function vibe.delete_funnel(site text, funnel text) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    of_site integer := vibe.site_id(site, 'member');
begin
    delete from vibe.funnels as f where f.site_id = of_site and f.name = funnel;
    if not found then
        raise exception 'funnel "%" does not exist', funnel
            using errcode = 'undefined_object', hint = 'vibe.stored_funnels() lists them';
    end if;
end
$$;
comment on function vibe.delete_funnel(text, text) is 'deletes the stored funnel of that name and its days in vibe.funnel_days; events stay';
grant execute on function vibe.delete_funnel(text, text) to vibe_member;

create function vibe.stored_funnels(site text default null)
returns table (funnel_id bigint, name text, steps integer, mode text, within interval, definition jsonb, created_at timestamptz)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    of_site integer := vibe.site_id(site);
begin
    return query
    select f.funnel_id, f.name, jsonb_array_length(d.definition -> 'steps'), f.mode, f.within, d.definition, f.created_at
    from vibe.funnels as f
    cross join lateral vibe.read_funnel(f.site_id, f.funnel_id) as d (definition)
    where f.site_id = of_site
    order by f.funnel_id;
end
$$;
comment on function vibe.stored_funnels(text) is
'the stored funnels of a site, the first one made first: number of steps, and the definition as vibe.create_funnel() takes it';
grant execute on function vibe.stored_funnels(text) to vibe_analyst;

create function vibe.write_funnel_steps(of_site integer, of_funnel bigint, definition jsonb) returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
    insert into vibe.funnel_steps (
        site_id, funnel_id, position, name, event_name, page_pattern, properties, exclusion, from_step, to_step
    )
    select of_site, of_funnel, s.position, coalesce(s.step ->> 'name', s.step ->> 'event_name'), s.step ->> 'event_name',
        s.step ->> 'page_pattern', nullif(s.step -> 'properties', 'null'), s.exclusion,
        (s.step ->> 'from_step')::integer, (s.step ->> 'to_step')::integer
    from (
        select false as exclusion, e.step, e.position
        from jsonb_array_elements(definition -> 'steps') with ordinality as e (step, position)
        union all
        select true, e.step, e.position
        from jsonb_array_elements(nullif(definition -> 'exclusions', 'null')) with ordinality as e (step, position)
    ) as s
    order by s.exclusion, s.position;
$$;
comment on function vibe.write_funnel_steps(integer, bigint, jsonb) is 'stores the steps and exclusions of a definition that vibe.check_funnel() has passed';
grant execute on function vibe.write_funnel_steps(integer, bigint, jsonb) to vibe_member;

create function vibe.check_funnel(definition jsonb) returns void
language plpgsql
stable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
    bad record;
    steps integer;
begin
    if jsonb_typeof(definition) is distinct from 'object' then
        raise exception 'definition is %', coalesce(definition::text, 'null')
            using errcode = 'invalid_parameter_value', detail = 'It must be an object with name and steps.';
    end if;
    select f.key, f.value, f.rule into bad
    from (
        select e.key, e.value, case e.key
            when 'name' then case when jsonb_typeof(e.value) <> 'string' or length(e.value #>> '{}') not between 1 and 100
                then 'It must be 1 to 100 characters long.' end
            when 'mode' then case when e.value not in ('"ordered"', '"strict"', '"unordered"')
                then 'It must be ordered, strict or unordered.' end
            when 'ties' then case when e.value not in ('"allow"', '"strict"') then 'It must be allow or strict.' end
            when 'hold' then case when jsonb_typeof(e.value) <> 'string' or length(e.value #>> '{}') not between 1 and 100
                then 'It must be the name of a property, 1 to 100 characters long.' end
            when 'within' then case when not vibe.is_funnel_window(e.value)
                then 'It must be days or smaller units, and not negative.' end
            when 'steps' then case when jsonb_typeof(e.value) <> 'array' or jsonb_array_length(e.value) not between 2 and 32
                then 'It must be an array of 2 to 32 objects.' end
            when 'exclusions' then case when jsonb_typeof(e.value) <> 'array' or jsonb_array_length(e.value) > 32
                then 'It must be an array of at most 32 objects.' end
            else 'A funnel has name, mode, within, ties, hold, steps and exclusions.'
        end as rule
        from jsonb_each(definition) as e
        where e.value <> 'null' or e.key not in ('name', 'mode', 'ties', 'hold', 'within', 'exclusions')
        union all
        select 'steps', 'null', 'It must be an array of 2 to 32 objects.' where not definition ? 'steps'
    ) as f
    where f.rule is not null
    order by f.key <> 'name', f.key
    limit 1;
    if found then
        raise exception '% is %', bad.key, case when jsonb_typeof(bad.value) = 'string' then quote_literal(bad.value #>> '{}') else bad.value::text end
            using errcode = 'invalid_parameter_value', detail = bad.rule;
    end if;
    steps := jsonb_array_length(definition -> 'steps');
    perform vibe.check_funnel_parts('step', definition -> 'steps', steps, null);
    perform vibe.check_funnel_parts('exclusion', coalesce(nullif(definition -> 'exclusions', 'null'), '[]'), steps, definition ->> 'mode');
end
$$;
comment on function vibe.check_funnel(jsonb) is
'raises the first rule that the definition of a funnel breaks, with field and value; vibe.create_funnel() says what it may have';
grant execute on function vibe.check_funnel(jsonb) to vibe_analyst;

create function vibe.is_funnel_window(within jsonb) returns boolean
language plpgsql
stable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
    length interval;
begin
    length := (within #>> '{}')::interval;
    return jsonb_typeof(within) = 'string' and length >= interval '0' and length <= interval '106751991 days'
        and extract(year from length) = 0 and extract(month from length) = 0;
exception
    when data_exception then
        return false;
end
$$;
comment on function vibe.is_funnel_window(jsonb) is 'whether it is a string that tells a length of time in days or smaller units';
grant execute on function vibe.is_funnel_window(jsonb) to vibe_analyst;

create function vibe.check_funnel_parts(kind text, parts jsonb, steps integer, mode text) returns void
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
    bad record;
begin
    select s.position, c.field, c.value, c.rule into bad
    from jsonb_array_elements(parts) with ordinality as s (part, position)
    cross join lateral (
        select kind as field, s.part as value, 'must be an object' as rule
        where jsonb_typeof(s.part) <> 'object'
        union all
        select e.key, e.value, case
            when e.key in ('from_step', 'to_step') and kind = 'exclusion' then
                case when jsonb_typeof(e.value) <> 'number' or (e.value #>> '{}')::numeric <> all (array(select generate_series(1, steps)))
                    then format('must be a step, 1 to %s', steps) end
            when e.key = 'properties' then vibe.property_rule_broken(e.value)
            when e.key not in ('name', 'event_name', 'page_pattern') then format('is not a field of %s %s', case kind when 'step' then 'a' else 'an' end, kind)
            when jsonb_typeof(e.value) <> 'string' then 'must be a string'
            when length(e.value #>> '{}') not between 1 and case e.key when 'page_pattern' then 2000 else 100 end
                then 'is too short or too long'
        end
        from jsonb_each(case jsonb_typeof(s.part) when 'object' then s.part else '{}' end) as e
        where e.value <> 'null' or e.key not in ('name', 'page_pattern', 'properties')
        union all
        select n.name, 'null', 'must be given'
        from unnest(case kind when 'step' then array['event_name'] else array['event_name', 'from_step', 'to_step'] end) as n (name)
        where jsonb_typeof(s.part) = 'object' and not s.part ? n.name
    ) as c
    where c.rule is not null
    order by s.position, c.field
    limit 1;
    if found then
        raise exception '% % has % %', kind, bad.position, bad.field, bad.value
            using errcode = 'invalid_parameter_value', detail = format('%s %s.', bad.field, bad.rule);
    end if;
    select s.position, s.part into bad
    from jsonb_array_elements(parts) with ordinality as s (part, position)
    where kind = 'exclusion' and (
        (s.part ->> 'from_step')::integer >= (s.part ->> 'to_step')::integer
        or (mode = 'unordered' and ((s.part ->> 'from_step')::integer > 1 or (s.part ->> 'to_step')::integer < steps))
    )
    order by s.position
    limit 1;
    if found then
        raise exception 'exclusion % is from step % to step %', bad.position, bad.part ->> 'from_step', bad.part ->> 'to_step'
            using errcode = 'invalid_parameter_value', detail = case when mode = 'unordered'
                then format('Where steps have no order it must be from step 1 to step %s.', steps)
                else 'to_step must come after from_step.' end;
    end if;
end
$$;
comment on function vibe.check_funnel_parts(text, jsonb, integer, text) is 'the part of vibe.check_funnel() that looks at steps and exclusions';
grant execute on function vibe.check_funnel_parts(text, jsonb, integer, text) to vibe_analyst;

create function vibe.property_rule_broken(conditions jsonb) returns text
language sql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
    select case when jsonb_typeof(conditions) <> 'object' then 'must be an object' else (
        select case
            when jsonb_typeof(c.value) = 'array' and (jsonb_array_length(c.value) = 0 or exists (
                select from jsonb_array_elements(c.value) as v where jsonb_typeof(v) not in ('string', 'number', 'boolean')
            )) then format('"%s" must list strings, numbers or booleans', c.key)
            when jsonb_typeof(c.value) = 'object' and (c.value = '{}' or exists (
                select from jsonb_each(c.value) as o
                where o.key not in ('=', '!=', '<', '<=', '>', '>=', 'like')
                    or (o.key = 'like' and jsonb_typeof(o.value) <> 'string')
                    or (o.key in ('<', '<=', '>', '>=') and jsonb_typeof(o.value) not in ('string', 'number'))
                    or jsonb_typeof(o.value) in ('object', 'array')
            )) then format('"%s" must compare by =, !=, <, <=, >, >= or like with a string or number', c.key)
        end
        from jsonb_each(conditions) as c
        order by 1 nulls last
        limit 1
    ) end
$$;
comment on function vibe.property_rule_broken(jsonb) is 'what is wrong with conditions on event properties; null for nothing';
grant execute on function vibe.property_rule_broken(jsonb) to vibe_analyst;

create function vibe.funnel_definition(of_site integer, of_funnel bigint) returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    definition jsonb;
    size integer;
    final integer;
begin
    select count(*), max(s.position) into size, final
    from vibe.funnel_steps as s
    where s.site_id = of_site and s.funnel_id = of_funnel and not s.exclusion;
    -- Members may write steps directly, one by one.
    if size < 2 or final <> size then
        raise exception 'funnel % of site % has %', of_funnel, of_site,
            case when size = 0 then 'no steps' else format('%s steps, the last at position %s', size, final) end
            using errcode = 'invalid_parameter_value', detail = 'It must have 2 to 32 steps, at positions 1, 2, 3 and so on.';
    end if;
    definition := vibe.read_funnel(of_site, of_funnel);
    perform vibe.check_funnel(definition);
    return definition;
end
$$;
comment on function vibe.funnel_definition(integer, bigint) is 'a stored funnel as JSON, as vibe.create_funnel() takes it';
grant execute on function vibe.funnel_definition(integer, bigint) to vibe_analyst;

create function vibe.read_funnel(of_site integer, of_funnel bigint) returns jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select jsonb_strip_nulls(jsonb_build_object('name', f.name, 'mode', f.mode, 'within', f.within, 'ties', f.ties, 'hold', f.hold)) || p.parts
    from vibe.funnels as f
    cross join lateral (
        -- A null among the conditions on properties has a meaning.
        select jsonb_build_object(
            'steps', coalesce(jsonb_agg(p.part order by p.position) filter (where not p.exclusion), '[]'),
            'exclusions', coalesce(jsonb_agg(p.part order by p.position) filter (where p.exclusion), '[]')
        ) as parts
        from (
            select s.exclusion, s.position, jsonb_strip_nulls(jsonb_build_object(
                'name', s.name, 'event_name', s.event_name, 'page_pattern', s.page_pattern,
                'from_step', s.from_step, 'to_step', s.to_step
            )) || case when s.properties is null then '{}' else jsonb_build_object('properties', s.properties) end as part
            from vibe.funnel_steps as s
            where s.site_id = of_site and s.funnel_id = of_funnel
        ) as p
    ) as p
    where f.site_id = of_site and f.funnel_id = of_funnel
$$;
comment on function vibe.read_funnel(integer, bigint) is
'a stored funnel as JSON, unchecked: members may write its steps one by one; null if there is none';
grant execute on function vibe.read_funnel(integer, bigint) to vibe_analyst;
