-- Bling's tokens: one refresh at a time for each account, and each new refresh token is stored before anything uses it.
create function vibe_private.bling_secret(of_site int, of_source bigint, name text) returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select t.value from vibe_private.source_secrets as t
    where t.site_id = $1 and t.source_id = $2 and t.name = $3 and coalesce(t.expires_at, 'infinity') > clock_timestamp()
$$;
comment on function vibe_private.bling_secret(int, bigint, text) is 'a secret of a source while it works, else null';

create function vibe_private.keep_bling_secret(of_site int, of_source bigint, name text, value text, works_for interval) returns void
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
    insert into vibe_private.source_secrets as t (site_id, source_id, name, value, expires_at)
    values ($1, $2, $3, $4, clock_timestamp() + $5)
    on conflict (site_id, source_id, name) do update set value = excluded.value, expires_at = excluded.expires_at
$$;
comment on function vibe_private.keep_bling_secret(int, bigint, text, text, interval) is 'keeps a secret of a source';

create function vibe_private.form_value(value text) returns text
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(string_agg(case
        when chr(b.code) ~ '[A-Za-z0-9._~-]' and b.code < 128 then chr(b.code) else '%' || upper(lpad(to_hex(b.code), 2, '0'))
    end, '' order by b.place), '')
    from (
        select get_byte(convert_to($1, 'UTF8'), n) as code, n as place
        from generate_series(0, octet_length(convert_to($1, 'UTF8')) - 1) as n
    ) as b
$$;
comment on function vibe_private.form_value(text) is 'a text as it stands in a form or the query of an address: all but letters, digits and ._~- as %XX';

create function vibe_private.bling_token_request(of_site int, of_source bigint, client_id text, form text) returns jsonb
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select jsonb_build_object(
        'do', 'request', 'method', 'POST', 'url', s.base_url || '/oauth/token', 'timeout_ms', 20000,
        'headers', jsonb_build_object(
            'authorization', 'Basic ' || translate(
                encode(convert_to($3 || ':' || vibe_private.bling_secret($1, $2, 'client_secret'), 'UTF8'), 'base64'), E'\n', ''),
            'content-type', 'application/x-www-form-urlencoded', 'accept', 'application/json', 'enable-jwt', '1'
        ),
        'body', $4
    )
    from vibe.sources as s where s.site_id = $1 and s.source_id = $2
$$;
comment on function vibe_private.bling_token_request(int, bigint, text, text) is 'the request that asks Bling for tokens';

create function vibe_private.take_bling_tokens(of_site int, of_source bigint, answer jsonb, out problem jsonb)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    content constant jsonb := vibe_private.bling_content(answer);
    status constant int := (answer ->> 'status')::int;
    sayable constant text := '^[\x21-\x7e]+$';
begin
    if status = 200 and content ->> 'access_token' ~ sayable and content ->> 'refresh_token' ~ sayable then
        perform vibe_private.keep_bling_secret(of_site, of_source, 'access_token', content ->> 'access_token', make_interval(secs => case
            -- One that lives for less than the margin before its end would never be used.
            when content ->> 'expires_in' ~ '^[0-9]{1,8}$' then greatest((content ->> 'expires_in')::int, 600) else 21600 end));
        perform vibe_private.keep_bling_secret(of_site, of_source, 'refresh_token', content ->> 'refresh_token', interval '30 days');
        return;
    end if;
    problem := case
        when status in (400, 401) and content #>> '{error,type}' = 'invalid_client' then jsonb_build_object('do', 'fail', 'code', 'CLIENT_REFUSED',
            'message', 'Bling does not take client_id and client_secret; call vibe.connect_bling() with those of the app')
        when status in (400, 401) then jsonb_build_object('do', 'fail', 'code', 'RECONNECT_NEEDED',
            'message', 'Bling has ended the consent; an owner opens the address of vibe.start_bling() again')
        -- Nobody knows how long the address is banned; an hour, says Bling, after 20 calls in a minute.
        when status = 429 then '{"do": "retry", "code": "RATE_LIMITED", "message": "Bling gives no tokens for a while", "after": 600}'
        else vibe_private.bling_trouble(answer)
    end;
end
$$;
comment on function vibe_private.take_bling_tokens(int, bigint, jsonb) is
    'stores the tokens of an answer; problem is null then, else what the queue is to do';

create function vibe_private.bling_refresh(account vibe_private.bling_account) returns jsonb
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    token constant text := vibe_private.bling_secret(account.site_id, account.source_id, 'refresh_token');
    pause float8;
begin
    if token is null then
        return vibe_private.break_bling(account.site_id, account.source_id, jsonb_build_object(
            'do', 'fail', 'code', 'RECONNECT_NEEDED', 'message', 'the consent is missing or older than 30 days; an owner opens the address of vibe.start_bling()'));
    elsif account.token_asked_at > clock_timestamp() - interval '30 seconds' then
        return '{"do": "wait", "seconds": 1}';
    end if;
    pause := vibe_private.bling_host_pause(account.site_id, account.source_id, 'token');
    if pause > 0 then
        return jsonb_build_object('do', 'wait', 'seconds', pause);
    end if;
    update vibe_private.bling_accounts as a set token_asked_at = clock_timestamp()
    where a.site_id = account.site_id and a.source_id = account.source_id;
    return vibe_private.bling_token_request(
        account.site_id, account.source_id, account.client_id, 'grant_type=refresh_token&refresh_token=' || vibe_private.form_value(token)
    );
end
$$;
comment on function vibe_private.bling_refresh(vibe_private.bling_account) is
    'asks for new tokens of a locked account, or waits while another job has asked: a refresh token that is used twice ends the consent';

create function vibe_private.break_bling(of_site int, of_source bigint, problem jsonb) returns jsonb
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    update vibe_private.bling_accounts as a set broken_at = clock_timestamp(), broken_why = problem ->> 'message', token_asked_at = null
    where a.site_id = of_site and a.source_id = of_source;
    delete from vibe_private.source_secrets as t
    where t.site_id = of_site and t.source_id = of_source
      and (t.name = 'access_token' or t.name = 'refresh_token' and problem ->> 'code' = 'RECONNECT_NEEDED');
    return problem;
end
$$;
comment on function vibe_private.break_bling(int, bigint, jsonb) is 'notes that an owner must act before Bling can be read again, and gives the problem back';
