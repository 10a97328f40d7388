-- What an answer of Bling means.
create function vibe_private.bling_content(answer jsonb) returns jsonb
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (answer ->> 'body')::jsonb;
exception when others then
    return null;
end
$$;
comment on function vibe_private.bling_content(jsonb) is 'the JSON of an answer, null if it has none';

create function vibe_private.bling_trouble(answer jsonb) returns jsonb
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select case
        when $1 ->> 'error' in ('not_allowed', 'bad_url', 'bad_request') then jsonb_build_object(
            'do', 'fail', 'code', 'NOT_ALLOWED', 'message', 'this server may not ask the source''s address; its operator can permit it with VIBE_OUTGOING_ALLOW')
        else jsonb_build_object('do', 'retry', 'after', case when a.pause ~ '^[0-9]{1,5}$' then a.pause::int end) || case
            when $1 ? 'error' then jsonb_build_object('code', 'SOURCE_UNREACHABLE', 'message', 'Bling cannot be reached: ' || left($1 ->> 'error', 40))
            when ($1 ->> 'status')::int = 200 then '{"code": "BAD_ANSWER", "message": "Bling''s answer cannot be read"}'
            else jsonb_build_object('code', 'SOURCE_UNAVAILABLE', 'message', 'Bling answered with status ' || coalesce($1 ->> 'status', 'none'))
        end
    end
    from (select $1 #>> '{headers,retry-after}' as pause) as a
$$;
comment on function vibe_private.bling_trouble(jsonb) is 'a retry, with the reason, for an answer that failed on Bling''s side; a failure where the server may not ask at all';

create function vibe_private.bling_midnight() returns float8
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
    select extract(epoch from
        date_trunc('day', now() at time zone 'America/Sao_Paulo' + interval '1 day') at time zone 'America/Sao_Paulo' - now()) + 5 + 60 * random()
$$;
comment on function vibe_private.bling_midnight() is 'seconds until Bling counts a new day, and up to a minute more';

-- The members of problem: do (retry, wait, fail as the queue has them, or what only we know: ask again with another token,
-- gone for 404, refused for what will be refused again).
create function vibe_private.bling_problem(account vibe_private.bling_account, asked jsonb, answer jsonb) returns jsonb
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    content constant jsonb := vibe_private.bling_content(answer);
    status constant int := (answer ->> 'status')::int;
    told text;
begin
    if status = 200 and jsonb_typeof(content -> 'data') = (case
        when asked ->> 'what' in ('order', 'contact', 'product') then 'object' else 'array' end) then
        return null;
    elsif status = 401 then
        -- Another job may have got a new token since; then this one is only used.
        update vibe_private.source_secrets as t set expires_at = clock_timestamp()
        where t.site_id = account.site_id and t.source_id = account.source_id and t.name = 'access_token'
          and t.expires_at = (asked ->> 'token_until')::timestamptz;
        return '{"do": "ask", "code": "UNAUTHORIZED", "message": "Bling takes no token"}';
    elsif status = 404 then
        return '{"do": "gone", "code": "NOT_FOUND", "message": "Bling does not know it"}';
    elsif status = 403 then
        return jsonb_build_object('do', 'fail', 'code', 'FORBIDDEN', 'message', format(
            'Bling refuses %s: give the app the scope for it at Bling, then connect again', asked ->> 'path'));
    elsif status = 429 then
        if content #>> '{error,period}' = 'day' or content #>> '{error,description}' ~* '\mdia\M' then
            update vibe_private.bling_accounts as a set
                day = (now() at time zone 'America/Sao_Paulo')::date, day_requests = greatest(a.day_requests, a.requests_per_day)
            where a.site_id = account.site_id and a.source_id = account.source_id;
            return jsonb_build_object('do', 'wait', 'seconds', vibe_private.bling_midnight(), 'code', 'DAY_LIMIT');
        end if;
        update vibe_private.bling_accounts as a set next_request_at = clock_timestamp() + interval '2 seconds'
        where a.site_id = account.site_id and a.source_id = account.source_id;
        return '{"do": "ask", "code": "RATE_LIMITED", "message": "Bling asks for a pause", "after": 600}';
    elsif status between 400 and 499 then
        select string_agg(coalesce(f ->> 'msg', f #>> '{}'), '; ') into told
        from jsonb_path_query(content, '$.error.fields[*]') as f;
        told := left(coalesce(told, content #>> '{error,description}', content #>> '{error,type}', 'no reason given'), 300);
        if exists (
            select from vibe_private.source_secrets as t
            where t.site_id = account.site_id and t.source_id = account.source_id and strpos(told, t.value) > 0
        ) then
            told := 'a reason that repeats a secret';
        end if;
        return jsonb_build_object('do', 'refused', 'code', 'REFUSED', 'message', format('Bling refuses it with status %s: %s', status, told));
    end if;
    return vibe_private.bling_trouble(answer);
end
$$;
comment on function vibe_private.bling_problem(vibe_private.bling_account, jsonb, jsonb) is
    'null for an answer with data; else what is to be done about it and why. Texts of Bling are told only where it says what was wrong with the request';
