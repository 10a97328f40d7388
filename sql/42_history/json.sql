-- Reading of JSON records without exceptions: what cannot be read is null.

create function vibe_private.json_record(record text, encoding integer) returns jsonb
language c
immutable
strict
parallel safe
as 'MODULE_PATHNAME', 'vibe_json_record';
comment on function vibe_private.json_record(text, integer) is
'a line of a file as a JSON object; null if it is none, is longer than 1 MB, deeper than 100 levels, or holds what jsonb cannot. encoding is that of the file, whose bytes were loaded as Latin 1';

create function vibe_private.json_problem(record text, encoding integer) returns text
language c
immutable
strict
parallel safe
as 'MODULE_PATHNAME', 'vibe_json_problem';
comment on function vibe_private.json_problem(text, integer) is 'what is wrong with a line for which json_record() is null';

create function vibe_private.json_parameters(list jsonb) returns jsonb
language c
immutable
strict
parallel safe
as 'MODULE_PATHNAME', 'vibe_json_parameters';
comment on function vibe_private.json_parameters(jsonb) is
'GA4''s list of parameters [{"key": …, "value": {"string_value" or int_value, double_value, float_value: …}}] as one object; empty for what is no such list';

create function vibe_private.json_own_keys(object jsonb, prefix text) returns jsonb
language c
immutable
strict
parallel safe
as 'MODULE_PATHNAME', 'vibe_json_own_keys';
comment on function vibe_private.json_own_keys(jsonb, text) is 'an object without the keys that begin with prefix; null if it is none';
