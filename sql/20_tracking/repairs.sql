-- What happens to requests that are not plainly good: read as far as they can be read, stored as far as they can be stored,
-- so that one bad item never takes the good ones with it. None of this runs for ordinary requests.
create function vibe_private.parse_envelopes(envelopes text[]) returns jsonb[]
language plpgsql immutable
as $$
declare
    longest constant int := 1048576;
    parsed jsonb[];
begin
    begin
        if cardinality(envelopes) = 1 then
            return array[case when octet_length(envelopes[1]) <= longest then envelopes[1]::jsonb end];
        end if;
        return array(
            select case when octet_length(e.envelope) <= longest then e.envelope::jsonb end
            from unnest(envelopes) with ordinality as e (envelope, ord)
            order by e.ord
        );
    exception when data_exception or program_limit_exceeded then
        null;
    end;
    -- One of them is not JSON: find out which, the slow way.
    for place in 1 .. cardinality(envelopes) loop
        begin
            parsed[place] := case when octet_length(envelopes[place]) <= longest then envelopes[place]::jsonb end;
        exception when data_exception or program_limit_exceeded then
            parsed[place] := vibe_private.parse_unstorable(envelopes[place]);
        end;
    end loop;
    return parsed;
end
$$;
comment on function vibe_private.parse_envelopes(text[]) is 'each text as JSON, null where it is none or too long';

-- JSON may say \u0000 and halves of surrogate pairs (text that a page cut in the middle of an emoji), text cannot hold them.
create function vibe_private.parse_unstorable(envelope text) returns jsonb
language plpgsql immutable
as $$
declare
    mark constant text := vibe_private.unstorable_text() #>> '{}';
    -- An odd number of backslashes begins an escape, an even one is backslashes.
    escape constant text := '(?<!\\)((?:\\\\)*)\\';
    high constant text := '[dD][89abAB][0-9a-fA-F]{2}';
    low constant text := '[dD][c-fC-F][0-9a-fA-F]{2}';
    marked json;
begin
    if envelope ~ (escape || 'v') then
        return null;
    end if;
    -- Whole pairs step aside as \v, which JSON does not know; what is left are halves. (A look back at six letters instead
    -- takes time by the square of the length.)
    envelope := regexp_replace(envelope, escape || 'u(' || high || ')\\u(' || low || ')', '\1\\v\2\3', 'g');
    envelope := regexp_replace(envelope, escape || 'u(?:0000|' || high || '|' || low || ')', '\1' || mark, 'g');
    marked := regexp_replace(envelope, escape || 'v(.{4})(.{4})', '\1\\u\2\\u\3', 'g');
    return jsonb_set(marked::jsonb, '{items}', (
        select jsonb_agg(
            case when strpos(i.item::text, mark) > 0 then vibe_private.unstorable_text() else i.item::jsonb end order by i.place
        )
        from json_array_elements(marked -> 'items') with ordinality as i (item, place)
    ));
exception when data_exception or program_limit_exceeded then
    return null;
end
$$;
comment on function vibe_private.parse_unstorable(text) is
    'an envelope whose text has characters that cannot be stored: unstorable_text() stands for each item with such; null if it is no JSON either';

create function vibe_private.unstorable_text() returns jsonb
language sql immutable parallel safe
as $$
    select '"\ufffe\uffff\ufffe"'::jsonb
$$;
comment on function vibe_private.unstorable_text() is 'stands for an item that cannot be read; no text that is written has these code points';

create function vibe_private.store_alone(envelope jsonb, meta jsonb, out status int, out body jsonb)
language plpgsql volatile
as $$
declare
    reason text;
    item jsonb;
    place int;
    part jsonb;
    errors jsonb := '[]';
    accepted int := 0;
    duplicate int := 0;
begin
    begin
        select s.status, s.body into store_alone.status, store_alone.body
        from vibe_private.store_envelopes(array[envelope], array[meta]) as s;
        return;
    exception when data_exception or integrity_constraint_violation or program_limit_exceeded then
        null;
    end;
    for item, place in select i.item, i.place - 1 from jsonb_array_elements(envelope -> 'items') with ordinality as i (item, place) loop
        begin
            select s.body into part
            from vibe_private.store_envelopes(
                array[jsonb_set(envelope, '{items}', jsonb_build_array(item))], array[meta]
            ) as s;
            accepted := accepted + (part ->> 'accepted')::int;
            duplicate := duplicate + (part ->> 'duplicate')::int;
            errors := errors || coalesce(jsonb_set(part -> 'errors' -> 0, '{index}', to_jsonb(place)), '[]');
        exception when data_exception or integrity_constraint_violation or program_limit_exceeded then
            get stacked diagnostics reason = message_text;
            errors := errors || jsonb_build_object(
                'index', place, 'field', 'item', 'value', vibe_private.shown(item), 'reason', 'cannot be stored: ' || reason
            );
        end;
    end loop;
    status := 202;
    body := jsonb_build_object(
        'accepted', accepted, 'duplicate', duplicate, 'rejected', jsonb_array_length(errors), 'errors', errors
    );
end
$$;
comment on function vibe_private.store_alone(jsonb, jsonb) is
    'stores one envelope, item by item if it cannot be stored as a whole: a rule that the checks do not know rejects one item';
