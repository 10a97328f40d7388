-- The one query that all reports on funnels are made of. Names and values of a definition reach it as literals (%L).

create function vibe.property_condition(property text, rule jsonb) returns text
language sql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
    select case jsonb_typeof(rule)
        when 'null' then format('coalesce(e.properties -> %L, ''null'') = ''null''', property)
        when 'array' then format('e.properties -> %L = any (array(select jsonb_array_elements(%L::jsonb)))', property, rule)
        when 'object' then (
            select '(' || string_agg(case
                when o.key = 'like' then format('e.properties ->> %L like %L', property, o.value #>> '{}')
                when o.key in ('=', '!=') then
                    format('coalesce(e.properties -> %L, ''null'') %s %L::jsonb', property, replace(o.key, '!=', '<>'), o.value)
                -- As JSON has it, every string is below every number.
                else format(
                    '(e.properties -> %L %s %L::jsonb and jsonb_typeof(e.properties -> %L) = %L)',
                    property, o.key, o.value, property, jsonb_typeof(o.value)
                )
            end, ' and ' order by o.key) || ')'
            from jsonb_each(rule) as o
        )
        else format('e.properties -> %L = %L::jsonb', property, rule)
    end
$$;
comment on function vibe.property_condition(text, jsonb) is
'the condition on the events e that a rule for one of their properties stands for; rules as vibe.create_funnel() has them';
grant execute on function vibe.property_condition(text, jsonb) to vibe_analyst;

create function vibe.funnel_condition(part jsonb) returns text
language sql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
    select string_agg(c.condition, ' and ' order by c.place, c.condition)
    from (
        select 1 as place, format('e.page like %L', part ->> 'page_pattern') as condition
        where part ->> 'page_pattern' is not null
        union all
        select 2, vibe.property_condition(p.key, p.value)
        from jsonb_each(case jsonb_typeof(part -> 'properties') when 'object' then part -> 'properties' else '{}' end) as p
    ) as c
$$;
comment on function vibe.funnel_condition(jsonb) is
'what the events e must be for a step or exclusion, beside their name; null for nothing';
grant execute on function vibe.funnel_condition(jsonb) to vibe_analyst;

-- An event is looked at by its name first: most events end there.
create function vibe.funnel_bits(parts jsonb) returns text
language sql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
    select coalesce('case e.event_name ' || string_agg(format('when %L then %s', n.event_name, n.bits), ' ') || ' else 0 end', '0')
    from (
        select p.part ->> 'event_name' as event_name, string_agg(
            case when p.condition is null then p.bits::text
                else format('case when %s then %s else 0 end', p.condition, p.bits) end,
            ' | ' order by p.position
        ) as bits
        from (
            select s.part, s.position, vibe.funnel_condition(s.part) as condition, case
                when s.part ? 'from_step' then
                    ((1::bigint << (s.part ->> 'to_step')::integer - 1) - (1::bigint << (s.part ->> 'from_step')::integer - 1))::integer
                else 1 << s.position::integer - 1
            end as bits
            from jsonb_array_elements(parts) with ordinality as s (part, position)
        ) as p
        group by p.part ->> 'event_name'
        order by p.part ->> 'event_name'
    ) as n
$$;
comment on function vibe.funnel_bits(jsonb) is
'the expression that gives an event e its bits: as step_bits of vibe.funnel for steps, as exclusion_bits for exclusions';
grant execute on function vibe.funnel_bits(jsonb) to vibe_analyst;

-- Segments are a later topic: the query calls their function by name.
create function vibe.funnel_query(
    of_site integer, definition jsonb, chains boolean, breakdown text default null, segment text default null
) returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    steps jsonb := definition -> 'steps';
    exclusions jsonb := coalesce(nullif(definition -> 'exclusions', 'null'), '[]');
    hold text := definition ->> 'hold';
    size integer := jsonb_array_length(steps);
    options jsonb := jsonb_build_object(
        'mode', coalesce(definition ->> 'mode', 'ordered'), 'ties', coalesce(definition ->> 'ties', 'allow')
    );
    names text[] := array(
        select distinct p.part ->> 'event_name' from jsonb_array_elements(steps || exclusions) as p (part) order by 1
    );
    step_names text[] := array(
        select s.part ->> 'event_name' from jsonb_array_elements(steps) with ordinality as s (part, position) order by s.position
    );
    is_plain boolean := hold is null and exclusions = '[]' and not exists (
        select from jsonb_array_elements(steps) as s (part) where vibe.funnel_condition(s.part) is not null
    );
    has_merges boolean := exists (
        select from vibe.site_users as u where u.site_id = of_site and u.merged_into is not null
    );
    who text := case when has_merges then 'coalesce(m.merged_into, e.user_id)' else 'e.user_id' end;
    called text;
begin
    if not chains and is_plain then
        called := format('vibe.funnel(%s, e.occurred_at, e.event_name, %L::text[], $4, %L::jsonb)', who, step_names, options);
    else
        called := format(
            '%s, e.occurred_at, %s, %s, %s, %s%s, $4, %L::jsonb',
            who, vibe.funnel_bits(steps), vibe.funnel_bits(exclusions),
            case when hold is null then 'null' else format('e.properties ->> %L', hold) end,
            case when not chains then '' when breakdown is null then 'null, ' else format('e.properties ->> %L, ', breakdown) end,
            size, options
        );
        called := format(case when chains then 'vibe.funnel_chains(%s, $5)' else 'vibe.funnel(%s)' end, called);
    end if;
    return format('select %s as answer from vibe.user_events as e', called)
        || case when has_merges then '
            left join (
                select u.user_id, u.merged_into from vibe.site_users as u
                where u.site_id = $1 and u.merged_into is not null
            ) as m on m.user_id = e.user_id'
        else '' end
        || ' where e.site_id = $1 and e.occurred_at >= $2 and e.occurred_at < $3 and not e.is_bot'
        || case when options ->> 'mode' = 'strict' then '' else format(' and e.event_name = any (%L::text[])', names) end
        || case when hold is null then '' else format(' and e.properties ->> %L is not null', hold) end
        || case when segment is null then ''
            else format(' and %s in (select vibe.segment_user_ids(%L, %L))', who, of_site, segment) end;
end
$$;
comment on function vibe.funnel_query(integer, jsonb, boolean, text, text) is
'the query that counts the users of a funnel at each step, or gives the chain of each user with the property breakdown at entry, over vibe.user_events without bots, merged visitors as one, of a segment or all; its parameters are site, begin, end, window, and for chains periods';
grant execute on function vibe.funnel_query(integer, jsonb, boolean, text, text) to vibe_analyst;

create function vibe.funnel_task(site text, funnel text, first_day date, last_day date, definition jsonb)
returns table (
    site_id integer, asked jsonb, size integer, from_day date, to_day date, time_zone text,
    begins timestamptz, ends timestamptz, within interval
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    of_site integer := vibe.site_id(site);
    of_funnel bigint;
    task record;
begin
    if definition is not null then
        if funnel is not null then
            raise exception 'both funnel and definition are given'
                using errcode = 'invalid_parameter_value', hint = 'name a stored funnel or define one';
        end if;
        perform vibe.check_funnel(definition);
        asked := definition;
    else
        select f.funnel_id into of_funnel
        from vibe.funnels as f
        where f.site_id = of_site and (funnel is null or f.name = funnel)
        order by f.funnel_id
        limit 1;
        if not found then
            raise exception '%', case when funnel is null then 'the site has no funnel' else format('funnel "%s" does not exist', funnel) end
                using errcode = 'undefined_object', hint = 'vibe.create_funnel() makes one';
        end if;
        asked := vibe.funnel_definition(of_site, of_funnel);
    end if;
    select d.first_day, d.last_day, s.time_zone as zone,
        vibe.day_start(d.first_day, s.time_zone) as begins,
        vibe.day_start(d.last_day + 1, s.time_zone) as ends
    into task
    from vibe.sites as s
    cross join lateral (
        select coalesce(funnel_task.last_day, (now() at time zone s.time_zone)::date) as last_day
    ) as l
    cross join lateral (
        select coalesce(funnel_task.first_day, l.last_day - 30) as first_day, l.last_day
    ) as d
    where s.site_id = of_site and isfinite(d.first_day) and isfinite(d.last_day);
    if not found then
        raise exception '% is infinite', case when isfinite(first_day) is false then 'first_day' else 'last_day' end
            using errcode = 'invalid_parameter_value', detail = 'It must be a day.';
    elsif task.first_day > task.last_day then
        raise exception 'first_day % is after last_day %', task.first_day, task.last_day
            using errcode = 'invalid_parameter_value';
    elsif task.first_day < task.last_day - 3660 then
        raise exception 'first_day % is more than 3660 days before last_day %', task.first_day, task.last_day
            using errcode = 'invalid_parameter_value', hint = 'ask for ten years at a time';
    end if;
    site_id := of_site;
    size := jsonb_array_length(asked -> 'steps');
    from_day := task.first_day;
    to_day := task.last_day;
    time_zone := task.zone;
    begins := task.begins;
    ends := task.ends;
    within := (asked ->> 'within')::interval;
    return next;
end
$$;
comment on function vibe.funnel_task(text, text, date, date, jsonb) is
'what a report on funnels works on: the definition (of the funnel named, the first one made, or as given) and the days (the last 30 and today unless given) as instants; raises what is wrong with them';
grant execute on function vibe.funnel_task(text, text, date, date, jsonb) to vibe_analyst;

create function vibe.funnel_step_names(definition jsonb) returns table (step integer, name text)
language sql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
    select s.position::integer, case
        when definition ->> 'mode' = 'unordered' then format('any %s of %s', s.position, jsonb_array_length(definition -> 'steps'))
        else coalesce(s.part ->> 'name', s.part ->> 'event_name')
    end
    from jsonb_array_elements(definition -> 'steps') with ordinality as s (part, position)
$$;
comment on function vibe.funnel_step_names(jsonb) is 'the steps of a funnel; where they have no order, how many of them';
grant execute on function vibe.funnel_step_names(jsonb) to vibe_analyst;
