-- Visitors whose browser keeps nothing: told apart by address and browser for a day, under a salt that is then thrown away, so
-- that nobody, we included, can find out afterwards who it was, nor know them again on another day or another site.
create function vibe_private.tell_apart(envelope jsonb, meta jsonb) returns jsonb
language plpgsql volatile
as $$
declare
    received constant timestamptz := clock_timestamp();
    today constant date := (received at time zone 'UTC')::date;
    old_name text;
begin
    if jsonb_typeof(envelope -> 'site') is distinct from 'string' then
        return envelope; -- refused later, with a reason
    end if;
    -- A visit that runs on over midnight stays one.
    select u.anonymous_id into old_name
    from vibe_private.visitor_salts as t
    join vibe.sites as s on s.key = envelope ->> 'site'
    join vibe.site_users as u on u.site_id = s.site_id and u.anonymous_id = vibe_private.daily_name(t.salt, envelope, meta)
    where t.day = today - 1 and exists (
        select from vibe.site_sessions as v
        where v.site_id = u.site_id and v.user_id = u.user_id and v.started_at > received - interval '24 hours'
          and v.last_seen_at > received - interval '30 minutes'
    );
    if old_name is null and not exists (select from vibe_private.visitor_salts as t where t.day = today) then
        insert into vibe_private.visitor_salts (day, salt) values (today, public.gen_random_bytes(32)) on conflict do nothing;
    end if;
    return jsonb_set(envelope, '{visitor}', to_jsonb(coalesce(
        old_name, (select vibe_private.daily_name(t.salt, envelope, meta) from vibe_private.visitor_salts as t where t.day = today)
    )));
end
$$;
comment on function vibe_private.tell_apart(jsonb, jsonb) is
    'the envelope of a visitor called cookieless under the name that their address and browser have today';

create function vibe_private.daily_name(salt bytea, envelope jsonb, meta jsonb) returns text
language sql immutable parallel safe
as $$
    select 'day-' || left(encode(sha256(salt || convert_to(
        jsonb_build_array(envelope -> 'site', meta -> 'address', meta -> 'user_agent')::text, 'UTF8'
    )), 'hex'), 32)
$$;
comment on function vibe_private.daily_name(bytea, jsonb, jsonb) is '128 bits of SHA-256 over salt, site, address and browser';

create function vibe_private.engaged_seconds(kind text, properties jsonb) returns int
language sql immutable parallel safe
as $$
    select case
        when kind = 'heartbeat' and jsonb_typeof(properties -> 'engaged') = 'number'
        then least(greatest((properties ->> 'engaged')::numeric, 0), 3600)::int
        else 0
    end
$$;
comment on function vibe_private.engaged_seconds(text, jsonb) is
    'how long the page was in front and had the focus since the heartbeat before, as the tracker says; at most an hour';
