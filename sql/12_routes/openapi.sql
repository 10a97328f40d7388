-- The description of the endpoints for programs (OpenAPI 3.1): made from the routes, and from the signatures and comments of
-- the functions behind them, so that it cannot say what they do not do.
create function vibe.openapi() returns json
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return json_build_object(
        'openapi', '3.1.0',
        'info', json_build_object(
            'title', 'Vibe',
            'version', (select e.extversion from pg_extension as e where e.extname = 'vibe'),
            'description', 'Customer intelligence inside PostgreSQL. Each endpoint is one SQL function: arguments go in by name, in the query of a GET and in a JSON object otherwise. Days are those of the site''s calendar, ranges include both ends.'
        ),
        'servers', json_build_array(json_build_object('url', '/')),
        'tags', (
            select json_agg(json_build_object('name', t.name, 'description', t.description) order by t.place)
            from vibe_private.route_tags() as t
            where t.name in (select vibe_private.route_tag(r.path) from vibe.routes as r)
        ),
        'paths', (
            select json_object_agg(p.path, p.item order by p.path)
            from (
                select r.path, json_object_agg(lower(r.method), vibe_private.operation(r.method, r.path, r.role, f.oid, coalesce(r.answer::jsonb, vibe_private.answer_schemas() -> (r.method || ' ' || r.path)), r.statuses) order by r.method) as item
                from vibe.routes as r
                -- Of several forms the one that takes most says most.
                cross join lateral (
                    select f.oid from pg_proc as f
                    where f.pronamespace = 'vibe'::regnamespace and f.proname = r.function_name and f.prokind = 'f'
                    order by f.pronargs desc limit 1
                ) as f
                group by r.path
            ) as p
        ),
        'components', json_build_object(
            'securitySchemes', json_build_object(
                'bearer', json_build_object('type', 'http', 'scheme', 'bearer', 'description', 'An access token of /auth/v1/token, or an API key.'),
                'apikey', json_build_object('type', 'apiKey', 'in', 'header', 'name', 'apikey', 'description', 'The same in a header of its own.'),
                'session', json_build_object('type', 'apiKey', 'in', 'cookie', 'name', 'vibe_session', 'description', 'The session of the pages; counts for requests of our own pages only.')
            ),
            'schemas', json_build_object('Error', json_build_object(
                'type', 'object', 'required', json_build_array('error'),
                'properties', json_build_object('error', json_build_object(
                    'type', 'object', 'required', json_build_array('code', 'message', 'details'),
                    'properties', json_build_object(
                        'code', json_build_object('type', 'string', 'description', 'What happened, for programs: VALIDATION_ERROR, AUTH_REQUIRED, FORBIDDEN, NOT_FOUND …'),
                        'message', json_build_object('type', 'string', 'description', 'What happened, for people.'),
                        'details', json_build_object('description', 'More, such as {"field": "start_date"}; null without.')
                    )
                ))
            )),
            'responses', (
                select json_object_agg(e.name, json_build_object(
                    'description', e.description,
                    'content', '{"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}'::json
                ) order by e.status)
                from vibe_private.route_errors() as e
            )
        )
    );
end
$$;
comment on function vibe.openapi() is
    'the endpoints of the server as OpenAPI 3.1, made from vibe.routes and the signatures and comments of their functions; GET /openapi.json. Definer: programs read it before they sign in, and it holds nothing of any site';
grant execute on function vibe.openapi() to vibe_anon, vibe_analyst;

create function vibe_private.route_tags() returns table (place int, name text, pattern text, description text)
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
    values
        (1, 'analytics', '^/api/v1/(analytics|funnels|retention|online|metrics|series)(/|$)', 'Figures of a period, compared with another, and their series.'),
        (2, 'customers', '^/api/v1/customers(/|$)', 'Customers and what they are worth.'),
        (3, 'segmentation', '^/api/v1/(segments|rfm|clusters)(/|$)', 'Groups of people by rules and by likeness.'),
        (4, 'campaigns', '^/api/v1/campaigns(/|$)', 'Campaigns, what happened in them and what they brought.'),
        (5, 'exports', '^/api/v1/(csv$|events/|daily-stats/)', 'Files of rows, sent while they are read.'),
        (6, 'sources', '^/api/v1/(sources|jobs)(/|$)', 'Where data comes from, and the work of fetching it.'),
        (7, 'webhooks', '^/webhooks/', 'Deliveries of other systems, each proved by its own signature.'),
        (8, 'system', '', 'The server itself.')
$$;
comment on function vibe_private.route_tags() is 'the groups of endpoints in the description, in order; the first whose pattern the path matches counts';

create function vibe_private.route_tag(path text) returns text
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
    select t.name from vibe_private.route_tags() as t where path ~ t.pattern order by t.place limit 1
$$;
comment on function vibe_private.route_tag(text) is 'the group of an endpoint, see vibe_private.route_tags()';

create function vibe_private.route_errors() returns table (status int, name text, description text)
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
    values
        (400, 'Invalid', 'A parameter is missing, unknown, or its value cannot be; message and details say which.'),
        (401, 'Unauthorized', 'Nobody has signed in, or the token or key has ended.'),
        (403, 'Forbidden', 'The caller''s rights do not reach so far.'),
        (404, 'NotFound', 'What is asked for does not exist, or is not the caller''s.'),
        (409, 'Conflict', 'It contradicts what is stored.'),
        (413, 'TooLarge', 'The body is larger than 1 MB.'),
        (429, 'TooMany', 'Too many requests; try again after Retry-After seconds.'),
        (503, 'Unavailable', 'The database is busy or away; try again after Retry-After seconds.'),
        (504, 'TooSlow', 'The answer took longer than the caller''s time limit.')
$$;
comment on function vibe_private.route_errors() is 'the errors that any endpoint may answer with, all in one envelope';

create function vibe_private.operation(method text, path text, role text, function_oid oid, answer jsonb, statuses int[]) returns json
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    routine pg_proc := (select p from pg_proc as p where p.oid = function_oid);
    -- Some begin with the address, which is said already.
    remark constant text := regexp_replace(obj_description(function_oid, 'pg_proc'), '^(GET|POST|PUT|PATCH|DELETE) /[^ ]+: ', '');
    has_body constant boolean := method <> 'GET';
    is_webhook constant boolean := path like '/webhooks/%';
    parameters json;
    body json;
    of_path constant text[] := array(select m[1] from regexp_matches(path, '\{([a-z_]+)\}', 'g') as m);
begin
    select
        json_agg(json_strip_nulls(json_build_object(
            'name', a.name, 'in', case when a.in_path then 'path' else 'query' end, 'required', nullif(a.in_path or a.required, false), 'description', a.description
        ))::jsonb || case
            -- Its values are JSON texts; the schema says what they hold.
            when a.type in ('json'::regtype, 'jsonb'::regtype) and not a.in_path then jsonb_build_object('content', jsonb_build_object('application/json', jsonb_build_object('schema', a.schema)))
            else jsonb_build_object('schema', a.schema)
        end order by a.place) filter (where a.in_path or not has_body),
        json_build_object(
            'type', 'object', 'additionalProperties', false,
            'required', coalesce(json_agg(a.name order by a.place) filter (where a.required and not a.in_path), '[]'),
            'properties', json_object_agg(a.name, case when a.description is null then a.schema else a.schema || jsonb_build_object('description', a.description) end order by a.place)
                filter (where not a.in_path)
        )
    into parameters, body
    from (
        select a.*, a.name = any (of_path) as in_path,
            vibe_private.argument_remark(a.name, remark) as description,
            vibe_private.type_schema(a.type, has_body and not a.name = any (of_path) and not a.required)::jsonb || case
                when a.standard is not null then jsonb_build_object('default', a.standard) else '{}' end || case
                when a.name = 'format' and routine.prorettype = 'refcursor'::regtype then '{"enum": ["csv", "ndjson"]}' else '{}'::jsonb end as schema
        from vibe_private.function_arguments(function_oid) as a
        where not (is_webhook and a.name in ('body', 'headers'))
    ) as a;
    if is_webhook then
        body := '{}';
    elsif has_body and (body -> 'properties') #>> '{}' is null then
        body := null;
    end if;
    return json_strip_nulls(json_build_object(
        'operationId', regexp_replace(lower(method) || path, '[^a-z0-9]+', '_', 'g'),
        'tags', json_build_array(vibe_private.route_tag(path)),
        'summary', left(upper(left(remark, 1)) || regexp_replace(substr(remark, 2), '(,? also (GET|POST|PATCH|DELETE) /|[:;]|\. | \().*$', ''), 120),
        'description', upper(left(remark, 1)) || substr(remark, 2) || E'.\n\nSQL: `vibe.' || routine.proname || '`',
        'parameters', coalesce(parameters, '[]')
    ))::jsonb || case
        when not has_body or body is null then '{}'::jsonb
        else jsonb_build_object('requestBody', jsonb_build_object(
            'required', is_webhook or body -> 'required' ->> 0 is not null,
            'content', jsonb_build_object('application/json', jsonb_build_object('schema', body::jsonb))
        ))
    end || jsonb_build_object(
        'responses', vibe_private.success(routine, answer, statuses) || (
            select jsonb_object_agg(e.status, jsonb_build_object('$ref', '#/components/responses/' || e.name))
            from vibe_private.route_errors() as e where e.status <> 413 or has_body
        ),
        'security', case when role = 'vibe_anon' then '[]' else '[{"bearer": []}, {"apikey": []}, {"session": []}]'::jsonb end
    );
end
$$;
comment on function vibe_private.operation(text, text, text, oid, jsonb, int[]) is 'an endpoint as an operation of OpenAPI: how its function is called and what it gives';

create function vibe_private.function_arguments(function_oid oid)
returns table (place bigint, name text, type oid, required boolean, standard jsonb)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    select a.place, a.name, a.type, a.place <= a.count - a.defaults,
        -- A literal is a value; null and what is computed at the call are not told.
        case when a.text ~ '^''([^'']|'''')*''::jsonb?$' then substring(a.text from '^''(.*)''::')::jsonb
            when a.text ~ '^''([^'']|'''')*''::[a-z ]+$' then to_jsonb(replace(substring(a.text from '^''(.*)''::'), '''''', ''''))
            when a.text ~ '^(-?[0-9.]+|true|false)$' then a.text::jsonb end
    from (
        select row_number() over (order by i.position) as place, i.name, i.type, p.pronargs as count, p.pronargdefaults as defaults,
            pg_get_function_arg_default(p.oid, i.position::int) as text
        from pg_proc as p
        cross join unnest(p.proargnames, coalesce(p.proallargtypes, p.proargtypes::oid[]), p.proargmodes) with ordinality as i (name, type, mode, position)
        where p.oid = function_oid and coalesce(i.mode, 'i') in ('i', 'b', 'v')
    ) as a;
end
$$;
comment on function vibe_private.function_arguments(oid) is 'the input arguments of a function: name, type, whether it must be given, and the default where it is a plain value';

create function vibe_private.argument_remark(name text, remark text) returns text
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(
        upper(left(m[1], 1)) || substr(m[1], 2),
        (jsonb_build_object(
            'site', 'Name or number of the site; the caller''s only one if left out.',
            'format', 'csv or ndjson (one JSON object a line).',
            'bom', 'A byte order mark first, for spreadsheets.',
            'start_date', 'First day, as 2026-01-31.',
            'end_date', 'Last day, as 2026-01-31.',
            'month', 'A month, as 2026-01.',
            'as_of', 'The instant to look from, as 2026-01-31T12:00:00Z; now if left out.',
            'search', 'Part of a name, in any case of letters.',
            'limit', 'Rows on a page.', 'page', 'Which page, from 1.'
        )) ->> name
    )
    from (select regexp_match(remark, '(?:^|[\s(])' || name || ': ([^;.]+)')) as found (m)
$$;
comment on function vibe_private.argument_remark(text, text) is 'what the comment of a function says about an argument ("name: …"), else what such a name always means; null if neither';

create function vibe_private.type_schema(type oid, or_null boolean) returns json
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    t pg_type := (select y from pg_type as y where y.oid = type_schema.type);
    kind text;
    more jsonb := '{}';
begin
    if t.typtype = 'd' then
        return vibe_private.type_schema(t.typbasetype, or_null);
    end if;
    if t.oid in ('json'::regtype, 'jsonb'::regtype) then
        return '{}';
    end if;
    kind := case
        when t.typelem <> 0 and t.typlen = -1 then 'array'
        when t.oid = 'bool'::regtype then 'boolean'
        when t.oid in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) then 'integer'
        when t.typcategory = 'N' then 'number'
        when t.typtype = 'c' then 'object'
        else 'string'
    end;
    more := case
        when kind = 'array' then jsonb_build_object('items', vibe_private.type_schema(t.typelem, true))
        when kind = 'object' then vibe_private.columns_schema((
            select jsonb_agg(jsonb_build_array(a.attname, a.atttypid::int8) order by a.attnum) from pg_attribute as a where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
        ))::jsonb
        when t.typtype = 'e' then jsonb_build_object('enum', (select jsonb_agg(e.enumlabel order by e.enumsortorder) from pg_enum as e where e.enumtypid = t.oid))
        when t.oid = 'int2'::regtype then '{"minimum": -32768, "maximum": 32767}'
        when t.oid = 'int4'::regtype then '{"format": "int32", "minimum": -2147483648, "maximum": 2147483647}'
        when t.oid = 'int8'::regtype then '{"format": "int64"}'
        when t.oid = 'date'::regtype then '{"format": "date"}'
        when t.oid = 'timestamptz'::regtype then '{"format": "date-time"}'
        when t.oid = 'uuid'::regtype then '{"format": "uuid"}'
        else '{}'
    end;
    return jsonb_build_object('type', case when or_null then jsonb_build_array(kind, 'null') else to_jsonb(kind) end) || more;
end
$$;
comment on function vibe_private.type_schema(oid, boolean) is 'a type of PostgreSQL as JSON Schema of its values in JSON, null among them if so wanted';

create function vibe_private.columns_schema(columns jsonb) returns json
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select json_build_object(
        'type', 'object', 'required', json_agg(c ->> 0 order by n),
        'properties', json_object_agg(c ->> 0, vibe_private.type_schema((c ->> 1)::oid, true) order by n)
    )
    from jsonb_array_elements(columns) with ordinality as q (c, n)
$$;
comment on function vibe_private.columns_schema(jsonb) is 'columns as pairs of name and type''s oid, as JSON Schema of a row; any may be null';

create function vibe_private.success(routine pg_proc, answer jsonb, statuses int[]) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    -- The columns that a function names are its rows'; a type's are in its schema.
    names jsonb := (
        select jsonb_agg(jsonb_build_array(i.name, i.type::int8) order by i.position)
        from unnest(routine.proallargtypes, routine.proargnames, routine.proargmodes) with ordinality as i (type, name, mode, position)
        where i.mode in ('o', 'b', 't')
    );
    row_schema jsonb := case
        when answer is not null then answer
        when routine.prorettype = 'record'::regtype then vibe_private.columns_schema(names)::jsonb
        else vibe_private.type_schema(routine.prorettype, not routine.proretset)::jsonb
    end;
    content jsonb := case
        when routine.prorettype = 'void'::regtype then null
        when routine.prorettype = 'refcursor'::regtype then
            '{"text/csv": {"schema": {"type": "string"}}, "application/x-ndjson": {"schema": {"type": "string"}}}'
        else jsonb_build_object('application/json', jsonb_build_object('schema', case
            when routine.proretset and answer is null then jsonb_build_object('type', 'array', 'items', row_schema) else row_schema end))
    end;
begin
    return (
        select jsonb_object_agg(s.status, jsonb_strip_nulls(jsonb_build_object('description', case s.status
            when 200 then 'The answer.' when 201 then 'It is made.' when 202 then 'The work has begun.' when 204 then 'It is done.' else 'The function''s own answer.'
        end)) || case when content is null or s.status = 204 then '{}' else jsonb_build_object('content', content) end)
        from unnest(case when cardinality(statuses) > 0 then statuses when routine.prorettype = 'void'::regtype then '{204}' else '{200}' end) as s (status)
    );
end
$$;
comment on function vibe_private.success(pg_proc, jsonb, int[]) is 'what a function answers when nothing is wrong, by status: its rows or value, a file where it opens a cursor, nothing where it is void';
