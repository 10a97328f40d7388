create function vibe.create_funnel(site text, name text, steps jsonb, within interval default null) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    of_site integer := vibe.site_id(site, 'member');
    made bigint;
begin
    perform vibe.check_funnel(name, steps, within);
    insert into vibe.funnels as f (site_id, name, within)
    values (of_site, create_funnel.name, create_funnel.within)
    on conflict on constraint funnels_name_key do nothing
    returning f.funnel_id into made;
    if made is null then
        raise exception 'funnel "%" exists already', name
            using errcode = 'unique_violation', hint = 'delete it from vibe.funnels first, or choose another name';
    end if;
    insert into vibe.funnel_steps (site_id, funnel_id, position, name, event_name, page_pattern)
    select of_site, made, s.position, coalesce(s.step ->> 'name', s.step ->> 'event_name'),
        s.step ->> 'event_name', s.step ->> 'page_pattern'
    from jsonb_array_elements(steps) with ordinality as s (step, position)
    order by s.position;
    return made;
end
$$;
comment on function vibe.create_funnel(text, text, jsonb, interval) is
'stores a funnel and returns its id. steps: an array of 2 to 32 objects with event_name, and if wanted name and page_pattern (as in like); within: the longest time from the first step to the last, in days or smaller units';
grant execute on function vibe.create_funnel(text, text, jsonb, interval) to vibe_member;

create function vibe.check_funnel(name text, steps jsonb, within interval) returns void
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
    bad record;
begin
    if name is null or length(name) not between 1 and 100 then
        raise exception 'name is %', coalesce(quote_literal(name), 'null')
            using errcode = 'invalid_parameter_value', detail = 'It must be 1 to 100 characters long.';
    elsif jsonb_typeof(steps) is distinct from 'array' or jsonb_array_length(steps) not between 2 and 32 then
        raise exception 'steps is %', coalesce(steps::text, 'null')
            using errcode = 'invalid_parameter_value', detail = 'It must be an array of 2 to 32 objects.';
    elsif within < interval '0' or extract(year from within) <> 0 or extract(month from within) <> 0 then
        raise exception 'within is %', within
            using errcode = 'invalid_parameter_value', detail = 'It must be days or smaller units, and not negative.';
    end if;
    select c.position, c.field, c.value, c.rule into bad
    from jsonb_array_elements(steps) with ordinality as s (step, position)
    cross join lateral (
        select s.position, 'step' as field, s.step as value, 'must be an object' as rule
        where jsonb_typeof(s.step) <> 'object'
        union all
        select s.position, e.key, e.value, case
            when e.key not in ('name', 'event_name', 'page_pattern') then 'is not a field of a step'
            when e.value <> 'null' and jsonb_typeof(e.value) <> 'string' then 'must be a string'
            when length(e.value #>> '{}') not between 1 and case e.key when 'page_pattern' then 2000 else 100 end
                then 'is too short or too long'
        end
        from jsonb_each(case jsonb_typeof(s.step) when 'object' then s.step else '{}' end) as e
        union all
        select s.position, 'event_name', 'null', 'must be given'
        where jsonb_typeof(s.step) = 'object' and s.step ->> 'event_name' is null
    ) as c
    where c.rule is not null
    order by c.position, c.field
    limit 1;
    if found then
        raise exception 'step % has % %', bad.position, bad.field, bad.value
            using errcode = 'invalid_parameter_value', detail = format('%s %s.', bad.field, bad.rule);
    end if;
end
$$;
comment on function vibe.check_funnel(text, jsonb, interval) is
'raises the first rule that the parts of a funnel break, with step, field and value';
grant execute on function vibe.check_funnel(text, jsonb, interval) to vibe_member;

create function vibe.calculate_funnel_conversion(
    site text default null,
    funnel text default null,
    first_day date default null,
    last_day date default null
)
returns table (
    step integer,
    name text,
    users bigint,
    conversion_from_start numeric,
    conversion_from_previous numeric,
    drop_off bigint
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    of_site integer := vibe.site_id(site);
    chosen record;
    days record;
begin
    select f.funnel_id, f.within into chosen
    from vibe.funnels as f
    where f.site_id = of_site and (funnel is null or f.name = funnel)
    order by f.funnel_id
    limit 1;
    if not found then
        raise exception '%', case when funnel is null then 'the site has no funnel' else format('funnel "%s" does not exist', funnel) end
            using errcode = 'undefined_object', hint = 'vibe.create_funnel() makes one';
    end if;
    select d.first_day, d.last_day,
        vibe.day_start(d.first_day, s.time_zone) as begins,
        vibe.day_start(d.last_day + 1, s.time_zone) as ends
    into days
    from vibe.sites as s
    cross join lateral (
        select coalesce(calculate_funnel_conversion.last_day, (now() at time zone s.time_zone)::date) as last_day
    ) as l
    cross join lateral (
        select coalesce(calculate_funnel_conversion.first_day, l.last_day - 30) as first_day, l.last_day
    ) as d
    where s.site_id = of_site;
    if days.first_day > days.last_day then
        raise exception 'first_day % is after last_day %', days.first_day, days.last_day
            using errcode = 'invalid_parameter_value';
    end if;

    -- As one statement of its own, so that it may run in parallel.
    return query execute format($query$
        with reached as materialized (%s)
        select
            s.position,
            s.name,
            coalesce(n.here, 0),
            round(n.here::numeric / nullif(n.at_start, 0), 4),
            round(n.here::numeric / nullif(n.before, 0), 4),
            coalesce(n.before - n.here, 0)
        from vibe.funnel_steps as s
        cross join reached as r
        cross join lateral (
            select r.users[s.position] as here, r.users[1] as at_start,
                case s.position when 1 then r.users[1] else r.users[s.position - 1] end as before
        ) as n
        where s.site_id = $1 and s.funnel_id = $5
        order by s.position
    $query$, vibe.funnel_query(of_site, chosen.funnel_id))
    using of_site, days.begins, days.ends, chosen.within, chosen.funnel_id;
end
$$;
comment on function vibe.calculate_funnel_conversion(text, text, date, date) is
'users who reach each step of a stored funnel (the first one made unless named) from first_day to last_day (the last 30 days and today), both included, by the site''s clock. Conversions are shares of 1, null where nobody could convert; drop_off are the users lost since the step before. Visitors who turned out to be one person count once; bots do not count';
grant execute on function vibe.calculate_funnel_conversion(text, text, date, date) to vibe_analyst;

-- An event is looked at by its name first: that is an index of constants to the executor, and most events end there.
create function vibe.funnel_query(of_site integer, of_funnel bigint) returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    names text[];
    bits text;
    size integer;
    final integer;
    has_merges boolean := exists (
        select from vibe.site_users as u where u.site_id = of_site and u.merged_into is not null
    );
begin
    select array_agg(n.event_name), string_agg(format('when %L then %s', n.event_name, n.bits), ' '), sum(n.steps), max(n.final)
    into names, bits, size, final
    from (
        select s.event_name, count(*) as steps, max(s.position) as final, string_agg(
            case
                when s.page_pattern is null then format('(1 << %s)', s.position - 1)
                else format('case when e.page like %L then 1 << %s else 0 end', s.page_pattern, s.position - 1)
            end,
            ' | ' order by s.position
        ) as bits
        from vibe.funnel_steps as s
        where s.site_id = of_site and s.funnel_id = of_funnel
        group by s.event_name
        order by s.event_name
    ) as n;
    -- Members may write steps directly, one by one.
    if size is null or size < 2 or final <> size then
        raise exception 'funnel % of site % has %', of_funnel, of_site,
            case when size is null then 'no steps' else format('%s steps, the last at position %s', size, final) end
            using errcode = 'invalid_parameter_value', detail = 'It must have 2 to 32 steps, at positions 1, 2, 3 and so on.';
    end if;
    return format(
        'select vibe.funnel(%s, e.occurred_at, case e.event_name %s else 0 end, %s, $4) as users
         from vibe.user_events as e %s
         where e.site_id = $1 and e.occurred_at >= $2 and e.occurred_at < $3
           and e.event_name = any (%L::text[]) and not e.is_bot',
        case when has_merges then 'coalesce(m.merged_into, e.user_id)' else 'e.user_id' end,
        bits,
        size,
        case when has_merges then
            'left join (
                select u.user_id, u.merged_into from vibe.site_users as u
                where u.site_id = $1 and u.merged_into is not null
            ) as m on m.user_id = e.user_id'
        else '' end,
        names
    );
end
$$;
comment on function vibe.funnel_query(integer, bigint) is
'the query that counts a stored funnel over vibe.user_events; its parameters are site, begin, end and window';
grant execute on function vibe.funnel_query(integer, bigint) to vibe_analyst;
