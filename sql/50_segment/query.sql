-- Criteria become one query without any of their values in its text: $1 is the site, $2 the criteria (values are read from
-- them by path), $3 the instant, $4 the site's time zone. Names of columns come from vibe.segment_attributes().
-- A column of the subject is compared in place; every other condition is a set of ids, found once and joined, so that
-- no condition is asked row by row.
create function vibe.criteria_query(node jsonb, at text[], subject text) returns text
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
    found record := vibe.criteria_condition(node, at, subject, false, '{}');
    joins text := coalesce((
        select string_agg(
            format(E'left join (\n    %s\n) as s%s on s%s.id = %s', replace(s.query, E'\n', E'\n    '), s.place, s.place,
                case subject when 'customer' then 'c.customer_id' else 'u.user_id' end),
            E'\n' order by s.place
        ) || E'\n'
        from unnest(found.sets) with ordinality as s (query, place)
    ), '');
begin
    if subject = 'customer' then
        return format(E'select c.customer_id as id\nfrom vibe.customers as c\n%swhere c.site_id = $1\n  and %s', joins, found.condition);
    end if;
    return format(
        E'select u.user_id as id\nfrom vibe.site_users as u\n%swhere u.site_id = $1\n  and u.merged_into is null\n'
        '  and u.user_id in (select v.user_id from vibe.visitors as v where v.site_id = $1)\n  and %s',
        joins, found.condition
    );
end
$$;
comment on function vibe.criteria_query(jsonb, text[], text) is
'the query of the ids of customers or users that meet resolved criteria, which lie at a path of its parameter $2';
grant execute on function vibe.criteria_query(jsonb, text[], text) to vibe_analyst;

create function vibe.criteria_condition(
    node jsonb, at text[], subject text, negated boolean, inout sets text[], out condition text
)
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
    parts text[] := '{}';
    part record;
    attribute record;
    key text;
begin
    foreach key in array array['all', 'any'] loop
        continue when not node ? key;
        for i in 0..jsonb_array_length(node -> key) - 1 loop
            select c.sets, c.condition into part
            from vibe.criteria_condition(node -> key -> i, at || array[key, i::text], subject, negated, sets) as c;
            sets := part.sets;
            parts := parts || replace(part.condition, E'\n', E'\n    ');
        end loop;
        condition := format(E'(\n    %s\n)', array_to_string(parts, case key when 'all' then E'\n    and ' else E'\n    or ' end));
        return;
    end loop;
    if node ? 'not' then
        select c.sets, c.condition into part
        from vibe.criteria_condition(node -> 'not', at || 'not'::text, subject, true, sets) as c;
        sets := part.sets;
        condition := 'not ' || part.condition;
        return;
    end if;

    select a.side, a.kind, a.expression into attribute
    from vibe.segment_attributes() as a
    where a.side = subject and a.name = node ->> a.side and a.expression !~ '^(min|max)\(';
    if found then
        condition := vibe.criteria_comparison(attribute.kind, attribute.expression, node, at);
    elsif node ? 'trait' and subject = 'user' then
        condition := vibe.criteria_comparison('json', vibe.criteria_trait(at), node, at);
    end if;
    if condition is not null then
        -- Below a not, unknown must be false: not (age > 30) is true of those whose age is unknown.
        condition := case when negated then format('((%s) is true)', condition) else format('(%s)', condition) end;
        return;
    end if;
    select s.members, s.absent into part from vibe.criteria_set(node, at, subject) as s;
    sets := sets || part.members;
    condition := format('s%s.id is %s', cardinality(sets), case when part.absent then 'null' else 'not null' end);
    condition := format('(%s)', condition);
end
$$;
comment on function vibe.criteria_condition(jsonb, text[], text, boolean, text[]) is
'the condition of one node of resolved criteria, and the sets of ids that it and the nodes before it need';
grant execute on function vibe.criteria_condition(jsonb, text[], text, boolean, text[]) to vibe_analyst;

create function vibe.criteria_comparison(kind text, expression text, node jsonb, at text[]) returns text
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
    op constant text := node ->> 'op';
    sign constant text := '{"eq": "=", "ne": "<>", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}'::jsonb ->> op;
    type constant text := case kind when 'number' then '::numeric' when 'time' then '::date' when 'json' then '::numeric' else '' end;
    value constant text := format('($2 #>> %L)', at || 'value'::text);
    json constant text := format('($2 #> %L)', at || 'value'::text);
    list constant text := format('vibe.text_array(%s)', json);
    range constant text := format('($2 #>> %L)%s and ($2 #>> %L)%s', at || '{value,0}', type, at || '{value,1}', type);
    day constant text := format('(%s at time zone $4)::date', expression);
    since constant text := vibe.criteria_since(at);
    scalar constant text := format('jsonb_typeof(%s) in (''string'', ''number'', ''boolean'')', expression);
begin
    case
        when op = 'is_set' then return expression || ' is not null';
        when op = 'is_not_set' then return expression || ' is null';
        when kind = 'time' and op = 'in_last' then return format('%1$s >= %2$s and %1$s < $3', expression, since);
        when kind = 'time' and op = 'before_last' then return format('%s < %s', expression, since);
        when kind = 'time' and op = 'between' then return format('%s between %s', day, range);
        when kind = 'time' then return format('%s %s %s::date', day, sign, value);
        when kind = 'json' and op in ('eq', 'ne') then return format('%s %s %s', expression, sign, json);
        when kind = 'json' and op = 'in' then return format('%s and %s @> %s', scalar, json, expression);
        when kind = 'json' and op = 'not_in' then
            return format('%s is not null and not (%s and %s @> %s)', expression, scalar, json, expression);
        when kind = 'json' and op = 'between' then
            return format('case when jsonb_typeof(%1$s) = ''number'' then (%1$s)::numeric between %2$s end', expression, range);
        when kind = 'json' and op = 'contains' then
            return format('case jsonb_typeof(%1$s) when ''string'' then strpos(%1$s #>> ''{}'', %2$s) > 0 when ''array'' then %1$s @> %3$s end',
                expression, value, json);
        when kind = 'json' and op = 'starts_with' then
            return format('case when jsonb_typeof(%1$s) = ''string'' then starts_with(%1$s #>> ''{}'', %2$s) end', expression, value);
        when kind = 'json' then
            return format('case when jsonb_typeof(%1$s) = ''number'' then (%1$s)::numeric %2$s %3$s::numeric end', expression, sign, value);
        when op = 'in' then return format('%s = any (%s%s)', expression, list, case kind when 'number' then '::numeric[]' else '' end);
        when op = 'not_in' then return format('%s <> all (%s%s)', expression, list, case kind when 'number' then '::numeric[]' else '' end);
        when op = 'between' then return format('%s between %s', expression, range);
        when op = 'contains' then return format('strpos(%s, %s) > 0', expression, value);
        when op = 'starts_with' then return format('starts_with(%s, %s)', expression, value);
        else return format('%s %s %s%s', expression, sign, value, type);
    end case;
end
$$;
comment on function vibe.criteria_comparison(text, text, jsonb, text[]) is
'the comparison of an expression with the value of a condition that lies at a path of $2';
grant execute on function vibe.criteria_comparison(text, text, jsonb, text[]) to vibe_analyst;

-- JSON null is no value.
create function vibe.criteria_trait(at text[]) returns text
language sql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
    select format('nullif(u.traits #> vibe.text_array($2 #> %L), ''null'')', at || 'trait'::text)
$$;
comment on function vibe.criteria_trait(text[]) is 'the trait of a user that a condition names which lies at a path of $2';
grant execute on function vibe.criteria_trait(text[]) to vibe_analyst;

create function vibe.criteria_since(at text[]) returns text
language sql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
    select format('vibe.day_start(($3 at time zone $4)::date - ($2 #>> %L)::numeric::integer, $4)', at || 'days'::text)
$$;
comment on function vibe.criteria_since(text[]) is
'the instant at which the last so many days of a condition begin: the start of the day of the site''s calendar that many days before today';
grant execute on function vibe.criteria_since(text[]) to vibe_analyst;
