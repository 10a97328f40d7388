-- What readers share: values out of foreign JSON, with an error that names field, value and rule.

create function vibe_private.read_text(content jsonb, path text[], longest integer default 200) returns text
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    value constant jsonb := content #> path;
    told text;
begin
    if value is null or jsonb_typeof(value) = 'null' then
        return null;
    elsif jsonb_typeof(value) in ('object', 'array') then
        raise exception '% is no text', array_to_string(path, '.') using errcode = '22023';
    end if;
    told := nullif(trim(value #>> '{}'), '');
    if position('&' in told) > 0 then
        told := vibe_private.plain_text(told);
    end if;
    if length(told) > longest then
        raise exception '% is % characters long, at most %', array_to_string(path, '.'), length(told), longest using errcode = '22023';
    end if;
    return told;
end
$$;
comment on function vibe_private.read_text(jsonb, text[], integer) is
'a text or number in foreign JSON as plain text without the escapes of HTML; null where it is missing or empty; raises what cannot be';

create function vibe_private.read_money(content jsonb, path text[]) returns numeric
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    told constant text := content #>> path;
begin
    if told is null or told !~ '^-?[0-9]{1,12}([.][0-9]{1,30})?$' or jsonb_typeof(content #> path) not in ('string', 'number') then
        raise exception '% "%" is no amount', array_to_string(path, '.'), coalesce(left(told, 60), 'null') using
            errcode = '22023', hint = 'at most 12 digits before a decimal point';
    end if;
    return round(told::numeric, 2);
end
$$;
comment on function vibe_private.read_money(jsonb, text[]) is 'an amount in foreign JSON, number or text such as "29.35"; raises what is none';

create function vibe_private.read_time(content jsonb, path text[], is_needed boolean default true) returns timestamptz
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    told constant text := content #>> path;
    at timestamptz;
begin
    if told is null and not is_needed then
        return null;
    end if;
    if told ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?$' then
        at := (case when told ~ '(Z|[+-][0-9]{2}:?[0-9]{2})$' then told else told || 'Z' end)::timestamptz;
    end if;
    if at is null or at < '1900-01-01 00:00:00+00' or at >= '2200-01-01 00:00:00+00' then
        raise exception '% "%" is no time', array_to_string(path, '.'), coalesce(left(told, 60), 'null') using
            errcode = '22023', hint = 'such as 2026-01-31T12:00:00Z, of the years 1900 to 2199';
    end if;
    return at;
exception when datetime_field_overflow or invalid_datetime_format then
    raise exception '% "%" is no time', array_to_string(path, '.'), left(told, 60) using errcode = '22023';
end
$$;
comment on function vibe_private.read_time(jsonb, text[], boolean) is
'a time of ISO 8601 in foreign JSON, in UTC where it names no zone; raises what is none';

create function vibe_private.read_list(content jsonb, name text) returns jsonb
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    if coalesce(jsonb_typeof(content -> name), 'null') = 'null' then
        return '[]';
    elsif jsonb_typeof(content -> name) <> 'array' then
        raise exception '% is no list', name using errcode = '22023';
    end if;
    return content -> name;
end
$$;
comment on function vibe_private.read_list(jsonb, text) is 'a list in foreign JSON, empty where it is missing; raises what is none';

create function vibe_private.plain_text(value text) returns text
language plpgsql immutable strict
set search_path = pg_catalog, pg_temp
as $$
declare
    entity text;
    code integer;
    meaning text;
begin
    if position('&' in value) = 0 then
        return value;
    end if;
    for entity in select distinct m[1] from regexp_matches(value, '&(#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z0-9]{2,8});', 'g') as m loop
        code := case when entity ~ '^#[0-9]' then substr(entity, 2)::integer
            when entity ~ '^#' then ('x' || lpad(substr(entity, 3), 8, '0'))::bit(32)::integer end;
        meaning := case when code between 32 and 55295 or code between 57344 and 1114111 then chr(code)
            when code is null then vibe_private.html_entities() ->> entity end;
        -- The ampersand last, or what it brings about would be read again.
        if meaning is not null and meaning <> '&' then
            value := replace(value, '&' || entity || ';', meaning);
        end if;
    end loop;
    return regexp_replace(value, '&(amp|#0*38|#[xX]0*26);', '&', 'g');
end
$$;
comment on function vibe_private.plain_text(text) is 'a text of HTML as it is read: &amp;, &#8211;, &eacute; …; what is no known entity stays';

create function vibe_private.html_entities() returns jsonb
language sql immutable parallel safe
return '{"lt": "<", "gt": ">", "quot": "\"", "apos": "''", "nbsp": " ", "ndash": "–", "mdash": "—", "hellip": "…",
        "lsquo": "‘", "rsquo": "’", "sbquo": "‚", "ldquo": "“", "rdquo": "”", "bdquo": "„", "laquo": "«", "raquo": "»", "times": "×",
        "trade": "™", "reg": "®", "copy": "©", "deg": "°", "euro": "€", "pound": "£", "cent": "¢", "ordf": "ª", "ordm": "º", "frac12": "½",
        "aacute": "á", "agrave": "à", "acirc": "â", "atilde": "ã", "auml": "ä", "aring": "å", "aelig": "æ", "ccedil": "ç",
        "eacute": "é", "egrave": "è", "ecirc": "ê", "euml": "ë", "iacute": "í", "igrave": "ì", "icirc": "î", "iuml": "ï", "ntilde": "ñ",
        "oacute": "ó", "ograve": "ò", "ocirc": "ô", "otilde": "õ", "ouml": "ö", "oslash": "ø", "uacute": "ú", "ugrave": "ù", "ucirc": "û",
        "uuml": "ü", "yacute": "ý", "szlig": "ß", "Aacute": "Á", "Agrave": "À", "Acirc": "Â", "Atilde": "Ã", "Auml": "Ä", "Ccedil": "Ç",
        "Eacute": "É", "Ecirc": "Ê", "Iacute": "Í", "Ntilde": "Ñ", "Oacute": "Ó", "Ocirc": "Ô", "Otilde": "Õ", "Ouml": "Ö", "Uacute": "Ú",
        "Uuml": "Ü"}'::jsonb;
comment on function vibe_private.html_entities() is 'what the named entities of HTML stand for that shops write, but for &amp;';
