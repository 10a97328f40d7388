-- Made from the catalog of attributes, so that a new attribute is one line there. vibe.check_criteria() interprets this
-- very document: the schema and the check cannot differ.
create function vibe.segment_schema() returns jsonb
language sql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
    with shapes (kind, place, ops, field, rule) as (
        values
            ('text', 1, '["eq", "ne", "contains", "starts_with"]'::jsonb, 'value', 'text'),
            ('text', 2, '["in", "not_in"]', 'value', 'texts'),
            ('number', 1, '["eq", "ne", "lt", "le", "gt", "ge"]', 'value', 'number'),
            ('number', 2, '["in", "not_in"]', 'value', 'numbers'),
            ('number', 3, '["between"]', 'value', 'number_range'),
            ('time', 1, '["eq", "ne", "lt", "le", "gt", "ge"]', 'value', 'date'),
            ('time', 2, '["between"]', 'value', 'date_range'),
            ('time', 3, '["in_last", "before_last"]', 'days', 'days'),
            ('json', 1, '["eq", "ne"]', 'value', 'scalar'),
            ('json', 2, '["in", "not_in"]', 'value', 'scalars'),
            ('json', 3, '["lt", "le", "gt", "ge"]', 'value', 'number'),
            ('json', 4, '["between"]', 'value', 'number_range'),
            ('json', 5, '["contains", "starts_with"]', 'value', 'text')
        union all
        select k.kind, 9, '["is_set", "is_not_set"]', null, null
        from (values ('text'), ('number'), ('time'), ('json')) as k (kind)
    ), subjects (key, kind, rule) as (
        select a.side, a.kind, jsonb_build_object('enum', jsonb_agg(a.name order by a.name))
        from vibe.segment_attributes() as a
        group by a.side, a.kind
        union all
        values ('trait', 'json', '{"$ref": "#/$defs/path"}'::jsonb), ('path', 'json', '{"$ref": "#/$defs/path"}')
    ), comparisons as (
        select s.key, s.kind, h.place, jsonb_build_object(
            'type', 'object',
            'additionalProperties', false,
            'required', jsonb_build_array(s.key, 'op')
                || case when h.field is null then '[]' else jsonb_build_array(h.field) end,
            'properties', jsonb_build_object(s.key, s.rule, 'op', jsonb_build_object('enum', h.ops))
                || case when h.field is null then '{}'
                    else jsonb_build_object(h.field, jsonb_build_object('$ref', '#/$defs/' || h.rule)) end
        ) as rule
        from subjects as s
        join shapes as h using (kind)
    )
    select jsonb_build_object(
        '$schema', 'https://json-schema.org/draft/2020-12/schema',
        'title', 'criteria of a rule segment, version 1',
        'description', 'At most 65,536 bytes and 200 conditions, 40 levels deep. The low end of a range is not above its high end. Segments that are named exist and do not lead back to themselves.',
        'oneOf', (
            select jsonb_agg(jsonb_build_object(
                'type', 'object',
                'additionalProperties', false,
                'required', jsonb_build_array(g.key, 'version'),
                'properties', jsonb_build_object('version', '{"const": 1}'::jsonb, g.key, g.rule)
            ) order by g.place)
            from (values
                (1, 'all', '{"$ref": "#/$defs/nodes"}'::jsonb),
                (2, 'any', '{"$ref": "#/$defs/nodes"}'),
                (3, 'not', '{"$ref": "#/$defs/node"}')
            ) as g (place, key, rule)
        ),
        '$defs', jsonb_build_object(
            'node', jsonb_build_object('oneOf', jsonb_build_array(
                '{"type": "object", "additionalProperties": false, "required": ["all"], "properties": {"all": {"$ref": "#/$defs/nodes"}}}'::jsonb,
                '{"type": "object", "additionalProperties": false, "required": ["any"], "properties": {"any": {"$ref": "#/$defs/nodes"}}}'::jsonb,
                '{"type": "object", "additionalProperties": false, "required": ["not"], "properties": {"not": {"$ref": "#/$defs/node"}}}'::jsonb,
                '{"type": "object", "additionalProperties": false, "required": ["event"], "properties": {
                    "event": {"$ref": "#/$defs/name"},
                    "page": {"$ref": "#/$defs/pattern"},
                    "properties": {"type": "array", "minItems": 1, "maxItems": 10, "items": {"$ref": "#/$defs/property"}},
                    "days": {"$ref": "#/$defs/days"},
                    "at_least": {"$ref": "#/$defs/times"},
                    "at_most": {"$ref": "#/$defs/times"},
                    "exactly": {"$ref": "#/$defs/times"}}}'::jsonb,
                '{"type": "object", "additionalProperties": false, "required": ["bought"], "properties": {
                    "bought": {"$ref": "#/$defs/goods"},
                    "days": {"$ref": "#/$defs/days"},
                    "at_least": {"$ref": "#/$defs/times"},
                    "at_most": {"$ref": "#/$defs/times"},
                    "exactly": {"$ref": "#/$defs/times"}}}'::jsonb,
                '{"type": "object", "additionalProperties": false, "required": ["spent"], "minProperties": 2, "properties": {
                    "spent": {"$ref": "#/$defs/goods"},
                    "days": {"$ref": "#/$defs/days"},
                    "at_least": {"$ref": "#/$defs/money"},
                    "at_most": {"$ref": "#/$defs/money"}},
                    "anyOf": [{"required": ["at_least"]}, {"required": ["at_most"]}]}'::jsonb,
                '{"type": "object", "additionalProperties": false, "required": ["segment"], "properties": {
                    "segment": {"type": ["string", "integer"], "minLength": 1, "maxLength": 100, "minimum": 1, "maximum": 9007199254740991}}}'::jsonb
            ) || (select jsonb_agg(c.rule order by c.key, c.kind, c.place) from comparisons as c where c.key <> 'path')),
            'property', jsonb_build_object('oneOf',
                (select jsonb_agg(c.rule order by c.place) from comparisons as c where c.key = 'path'))
        ) || '{
            "nodes": {"type": "array", "minItems": 1, "maxItems": 50, "items": {"$ref": "#/$defs/node"}},
            "name": {"type": "string", "minLength": 1, "maxLength": 100},
            "pattern": {"type": "string", "minLength": 1, "maxLength": 1000, "pattern": "^([^\\\\]|\\\\[\\s\\S])*$",
                "description": "a pattern of like, whose last character is no lone backslash"},
            "path": {"type": "array", "minItems": 1, "maxItems": 10, "items": {"type": "string", "minLength": 1, "maxLength": 200}},
            "goods": {"type": "object", "additionalProperties": false, "properties": {
                "category": {"type": "string", "minLength": 1, "maxLength": 200},
                "product": {"type": "string", "minLength": 1, "maxLength": 200}}},
            "days": {"type": "integer", "minimum": 1, "maximum": 3650},
            "times": {"type": "integer", "minimum": 0, "maximum": 1000000000},
            "money": {"type": "number", "minimum": 0, "maximum": 1000000000000000},
            "text": {"type": "string", "minLength": 1, "maxLength": 1000},
            "texts": {"type": "array", "minItems": 1, "maxItems": 1000, "items": {"$ref": "#/$defs/text"}},
            "number": {"type": "number", "minimum": -1000000000000000, "maximum": 1000000000000000},
            "numbers": {"type": "array", "minItems": 1, "maxItems": 1000, "items": {"$ref": "#/$defs/number"}},
            "number_range": {"type": "array", "minItems": 2, "maxItems": 2, "items": {"$ref": "#/$defs/number"}},
            "date": {"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
                "description": "a day such as 2026-01-31"},
            "date_range": {"type": "array", "minItems": 2, "maxItems": 2, "items": {"$ref": "#/$defs/date"}},
            "scalar": {"type": ["string", "number", "boolean"], "maxLength": 1000, "minimum": -1000000000000000, "maximum": 1000000000000000},
            "scalars": {"type": "array", "minItems": 1, "maxItems": 1000, "items": {"$ref": "#/$defs/scalar"}}
        }'::jsonb
    )
$$;
comment on function vibe.segment_schema() is
'the JSON schema (draft 2020-12) of segment criteria; vibe.check_criteria() checks by it';
grant execute on function vibe.segment_schema() to vibe_analyst;
