-- What is wrong with what a tracker sends: {status, field, reason} for an envelope, {field, reason} for an item.
-- Plain expressions, which the planner puts in line; CASE keeps the order, so later branches may trust earlier ones.
create function vibe_private.envelope_problem(envelope jsonb, site_id int, allowed_origins text[], origin text) returns text[]
language sql immutable parallel safe
as $$
    select case
        when envelope is null then array['400', 'envelope', 'must be JSON without \u0000, at most 1 MB']
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
language sql immutable parallel safe
as $$
    select case
        when jsonb_typeof(item) <> 'object' then array['item', 'must be an object']
        when (item ->> 'type' = any (array['page_view', 'event', 'heartbeat', 'identify'])) is not true
            then array['type', 'must be page_view, event, heartbeat or identify']
        when not vibe_private.is_milliseconds(item -> 'time')
            then array['time', 'must be an integer, milliseconds since 1970']
        when item ->> 'type' <> 'heartbeat'
            and (item ->> 'id' ~* '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$') is not true
            then array['id', 'must be a uuid']
        when (item ->> 'url' is not null or item ->> 'type' = 'page_view')
            and (length(item ->> 'url') <= 4096 and item ->> 'url' ~* '^https?://[^\s/?#]') is not true
            then array['url', 'must be an http or https address of at most 4096 characters']
        when item ->> 'referrer' is not null
            and (jsonb_typeof(item -> 'referrer') <> 'string' or length(item ->> 'referrer') > 4096)
            then array['referrer', 'must be text of at most 4096 characters']
        when item ->> 'title' is not null
            and (jsonb_typeof(item -> 'title') <> 'string' or length(item ->> 'title') > 1000)
            then array['title', 'must be text of at most 1000 characters']
        when item ->> 'type' = 'event' and (
                jsonb_typeof(item -> 'name') is distinct from 'string'
                or item ->> 'name' !~ '^\S(.{0,98}\S)?$'
                or item ->> 'name' = 'page_view'
            ) then array['name', 'must be 1 to 100 characters, no space at either end, and not page_view']
        when item ->> 'properties' is not null and not vibe_private.is_small_object(item -> 'properties')
            then array['properties', 'must be an object of at most 8 kB, 5 levels deep']
        when item ->> 'type' = 'identify' and (
                (jsonb_typeof(item -> 'user_id') = 'string' and item ->> 'user_id' ~ '^\S(.{0,198}\S)?$') is not true
                -- What broken pages send when they do not know who is there; it would merge strangers.
                or lower(item ->> 'user_id') = any (array[
                    '0', '-1', 'null', 'nil', 'none', 'undefined', 'nan', 'true', 'false', 'guest', 'anonymous', '[object object]'
                ])
            ) then array['user_id', 'must be the user''s own id, text of 1 to 200 characters']
        when item ->> 'traits' is not null and not vibe_private.is_small_object(item -> 'traits')
            then array['traits', 'must be an object of at most 8 kB, 5 levels deep']
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

create function vibe_private.is_small_object(value jsonb) returns boolean
language sql immutable parallel safe
as $$
    select jsonb_typeof(value) = 'object' and octet_length(value::text) <= 8192
        and not jsonb_path_exists(value, 'strict $.**{6 to last}')
$$;
comment on function vibe_private.is_small_object(jsonb) is 'whether this is an object of at most 8 kB and 5 levels';
