-- What is wrong with what a tracker sends: {status, field, reason} for an envelope, {field, reason} for an item.
-- Plain expressions, which the planner puts in line; CASE keeps the order, so later branches may trust earlier ones.
-- README has the limits in a table.
create function vibe_private.envelope_problem(envelope jsonb, site_id int, allowed_origins text[], origin text) returns text[]
language sql immutable parallel safe
as $$
    select case
        when envelope is null then array['400', 'envelope', 'must be JSON, at most 1 MB as text or 8 MB as jsonb']
        when jsonb_typeof(envelope) <> 'object' then array['400', 'envelope', 'must be an object']
        when jsonb_typeof(envelope -> 'site') is distinct from 'string' then array['400', 'site', 'must be the site key']
        when site_id is null then array['404', 'site', 'is not the key of a site']
        when cardinality(allowed_origins) > 0 and (origin = any (allowed_origins)) is not true
            then array['403', 'origin', 'is not listed for this site']
        when jsonb_typeof(envelope -> 'visitor') is distinct from 'string'
            or (envelope ->> 'visitor') !~ '^[!-~]{8,64}$'
            then array['400', 'visitor', 'must be 8 to 64 characters of ASCII without space']
        when not vibe_private.is_milliseconds(envelope -> 'sent_at')
            then array['400', 'sent_at', 'must be an integer, milliseconds since 1970']
        when jsonb_typeof(envelope -> 'items') is distinct from 'array'
            or jsonb_array_length(envelope -> 'items') not between 1 and 500
            then array['400', 'items', 'must be an array of 1 to 500 items']
    end
$$;
comment on function vibe_private.envelope_problem(jsonb, int, text[], text) is
    'why an envelope is refused whole, as {status, field, reason}, or null';

create function vibe_private.item_problem(item jsonb) returns text[]
-- Not immutable, because pg_column_size() is not: it would not be put in line.
language sql stable parallel safe
as $$
    select case
        when jsonb_typeof(item) <> 'object' then array['item', case item
            when vibe_private.unstorable_text() then 'must be without \u0000 and halves of surrogate pairs'
            else 'must be an object' end]
        when pg_column_size(item) > 131072 then array['item', 'must be at most 128 kB as jsonb']
        -- Before anything is written out as text: 1e131000 is short to send and has 131,001 digits.
        when vibe_private.has_odd_number(item)
            then array[vibe_private.odd_field(item), 'must have no number that double precision cannot hold']
        when (item ->> 'type' = any (array['page_view', 'event', 'heartbeat', 'identify'])) is not true
            then array['type', 'must be page_view, event, heartbeat or identify']
        when not vibe_private.is_milliseconds(item -> 'time')
            then array['time', 'must be an integer, milliseconds since 1970']
        when item ->> 'type' <> 'heartbeat'
            and vibe_private.is_uuid(item ->> 'id') is not true
            then array['id', 'must be a uuid']
        when (item ->> 'url' is not null or item ->> 'type' = 'page_view')
            and (length(item ->> 'url') <= 4096 and item ->> 'url' ~* '^https?://[^\s/?#][^\u0001-\u001f\u007f-\u009f]*$') is not true
            then array['url', 'must be an http or https address of at most 4096 characters, none of them control characters']
        when item ->> 'referrer' is not null
            and (jsonb_typeof(item -> 'referrer') <> 'string' or length(item ->> 'referrer') > 4096)
            then array['referrer', 'must be text of at most 4096 characters']
        when item ->> 'title' is not null
            and (jsonb_typeof(item -> 'title') <> 'string' or length(item ->> 'title') > 1000)
            then array['title', 'must be text of at most 1000 characters']
        when item ->> 'type' = 'event' and (
                jsonb_typeof(item -> 'name') is distinct from 'string'
                or length(item ->> 'name') not between 1 and 100
                or item ->> 'name' ~ '^\s|\s$|[\u0001-\u001f\u007f-\u009f]'
                or item ->> 'name' = 'page_view'
            ) then array['name', 'must be 1 to 100 characters, no control characters, no space at either end, and not page_view']
        when item ->> 'properties' is not null and not vibe_private.is_small_object(item -> 'properties')
            then array['properties', vibe_private.object_problem(item -> 'properties')]
        when item ->> 'type' = 'identify' and (
                jsonb_typeof(item -> 'user_id') is distinct from 'string'
                or length(item ->> 'user_id') not between 1 and 200
                or item ->> 'user_id' ~ '^\s|\s$|[\u0001-\u001f\u007f-\u009f]'
                or vibe_private.is_nobody(item ->> 'user_id')
            ) then array['user_id', 'must be the user''s own id, text of 1 to 200 characters without control characters']
        when item ->> 'traits' is not null and not vibe_private.is_small_object(item -> 'traits')
            then array['traits', vibe_private.object_problem(item -> 'traits')]
    end
$$;
comment on function vibe_private.item_problem(jsonb) is 'why an item is refused, as {field, reason}, or null';

create function vibe_private.is_milliseconds(value jsonb) returns boolean
language sql immutable parallel safe
as $$
    select case when jsonb_typeof(value) = 'number' and value >= '0' and value <= '99999999999999'
        then value::text !~ '\.' else false end
$$;
comment on function vibe_private.is_milliseconds(jsonb) is 'whether this is an integer that can be a time in milliseconds';

create function vibe_private.is_uuid(value text) returns boolean
language sql immutable parallel safe
as $$
    -- A fifth of the time of one regular expression that counts its digits.
    select value like '________-____-____-____-____________' and value !~ '[^0-9A-Fa-f-]' and length(replace(value, '-', '')) = 32
$$;
comment on function vibe_private.is_uuid(text) is 'whether this is a uuid as most programs write it';

-- What broken pages send when they do not know who is there; it would merge strangers.
create function vibe_private.is_nobody(user_id text) returns boolean
language sql immutable parallel safe
as $$
    select lower(user_id) = any (array[
        '0', '-1', 'null', 'nil', 'none', 'undefined', 'nan', 'true', 'false', 'guest', 'anonymous', '[object object]'
    ])
$$;
comment on function vibe_private.is_nobody(text) is 'whether what should be a user''s id says that there is none';

-- Beyond these the programs that read would see infinity or zero, and casts in reports would fail.
create function vibe_private.has_odd_number(value jsonb) returns boolean
language sql immutable parallel safe
as $$
    select jsonb_path_exists(value, 'strict $.** ? (@.type() == "number" &&
        (@ > 1.7976931348623158e308 || @ < -1.7976931348623158e308 || @ != 0 && @ < 4.94e-324 && @ > -4.94e-324))')
$$;
comment on function vibe_private.has_odd_number(jsonb) is 'whether a number anywhere in this is too large or too near to zero for double precision';

create function vibe_private.odd_field(item jsonb) returns text
language plpgsql immutable parallel safe
as $$
begin
    return left(min(f.key), 100) from jsonb_each(item) as f where vibe_private.has_odd_number(f.value);
end
$$;
comment on function vibe_private.odd_field(jsonb) is 'the first field of an item in which has_odd_number() finds one';

create function vibe_private.is_small_object(value jsonb) returns boolean
language c immutable strict parallel safe as 'MODULE_PATHNAME', 'vibe_is_small_object';
comment on function vibe_private.is_small_object(jsonb) is
    'whether this can be properties or traits: an object of at most 8 kB, 5 levels and 100 keys of at most 100 characters';

create function vibe_private.object_problem(value jsonb) returns text
language plpgsql immutable parallel safe
as $$
begin
    return case
        when jsonb_typeof(value) <> 'object' then 'must be an object'
        when octet_length(value::text) > 8192 then 'must be at most 8 kB'
        when jsonb_path_exists(value, 'strict $.**{6 to last}') then 'must be at most 5 levels deep'
        when jsonb_path_exists(value, 'strict $.** ? (@.type() == "object").keyvalue().key ? (@ like_regex "^.{101}" flag "s")')
            then 'must have keys of at most 100 characters'
        else 'must have at most 100 keys'
    end;
end
$$;
comment on function vibe_private.object_problem(jsonb) is 'which rule breaks what is_small_object() refuses';

create function vibe_private.shown(value jsonb) returns text
language sql stable parallel safe
as $$
    select case
        when pg_column_size(value) > 131072 or vibe_private.has_odd_number(value)
            then 'a value of type ' || jsonb_typeof(value)
        else left(replace(value #>> '{}', vibe_private.unstorable_text() #>> '{}', '�'), 100)
    end
$$;
comment on function vibe_private.shown(jsonb) is 'the beginning of a refused value, for the answer to its sender';
