-- How fast Bling may be asked. The servers share these rows, so that several of them are no faster than one.
create function vibe_private.bling_pause(account vibe_private.bling_account) returns float8
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    instant constant timestamptz := clock_timestamp();
    today constant date := (instant at time zone 'America/Sao_Paulo')::date;
    asked constant int := case when account.day = today then account.day_requests else 0 end;
    pause float8;
begin
    if asked >= account.requests_per_day then
        return vibe_private.bling_midnight();
    end if;
    pause := extract(epoch from greatest(account.next_request_at, instant) - instant);
    if pause > 0.002 then
        return pause;
    end if;
    pause := vibe_private.bling_host_pause(account.site_id, account.source_id, 'read');
    if pause > 0 then
        return pause;
    end if;
    -- A little slower than allowed: the way to Bling is not equally long each time.
    update vibe_private.bling_accounts as a set
        day = today, day_requests = asked + 1, next_request_at = instant + make_interval(secs => 1.05 / a.requests_per_second::float8)
    where a.site_id = account.site_id and a.source_id = account.source_id;
    return 0;
end
$$;
comment on function vibe_private.bling_pause(vibe_private.bling_account) is
    'seconds until a locked account may be asked; 0 takes the turn';

create function vibe_private.bling_host_pause(of_site int, of_source bigint, kind text) returns float8
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    -- Bling bans an address after 20 calls for tokens in 60 s and after 600 requests in 10 s: 18 and 550 are left to all of us.
    pace constant interval := case kind when 'token' then interval '4 seconds' else interval '20 milliseconds' end;
    ahead constant interval := case kind when 'token' then interval '8 seconds' else interval '1 second' end;
    name text;
    due_at timestamptz;
    instant timestamptz;
begin
    select lower(substring(s.base_url from '^https?://([^/]+)')) into name
    from vibe.sources as s where s.site_id = of_site and s.source_id = of_source;
    insert into vibe_private.bling_hosts (host, kind) values (name, bling_host_pause.kind) on conflict do nothing;
    select h.due into due_at from vibe_private.bling_hosts as h where h.host = name and h.kind = bling_host_pause.kind for no key update;
    instant := clock_timestamp();
    due_at := greatest(due_at, instant);
    if due_at - instant > ahead then
        return extract(epoch from due_at - instant - ahead);
    end if;
    update vibe_private.bling_hosts as h set due = due_at + pace where h.host = name and h.kind = bling_host_pause.kind;
    return 0;
end
$$;
comment on function vibe_private.bling_host_pause(int, bigint, text) is
    'seconds until this installation may ask the host of a source for a token or anything else; 0 takes the turn';
