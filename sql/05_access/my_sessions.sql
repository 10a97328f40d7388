-- Where a person is signed in, for them to look at and to end.
create function vibe.get_my_sessions()
returns table (
    session_id uuid, is_current boolean, created_at timestamptz, expires_at timestamptz, method text, address text,
    device text, browser text, os text
)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    caller uuid := vibe_private.caller_id();
    current_id uuid := nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'session_id';
begin
    if caller is null then
        perform vibe_private.fail('only who has signed in has sessions', errcode => '42501');
    end if;
    return query
    select s.session_id, s.session_id = current_id, s.created_at, s.expires_at, s.method, s.address, c.device, c.browser, c.os
    from vibe_private.sessions as s
    left join lateral vibe_private.user_agent_class(s.user_agent) as c on true
    where s.user_id = caller and s.revoked_at is null and s.expires_at > now()
    order by s.session_id = current_id desc, s.created_at desc, s.session_id;
end
$$;
comment on function vibe.get_my_sessions() is
    'the caller''s sessions that live, the one that asks first: when and how they were begun, from where, and when they end. Definer: sessions are secret';
grant execute on function vibe.get_my_sessions() to vibe_member;

create function vibe.end_my_session(session_id uuid) returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    update vibe_private.sessions as s set revoked_at = now()
    where s.session_id = end_my_session.session_id and s.user_id = vibe_private.caller_id()
      and s.revoked_at is null and s.expires_at > now();
    if not found then
        perform vibe_private.fail(format('session "%s" has ended or is not yours', coalesce(end_my_session.session_id::text, 'null')));
    end if;
end
$$;
comment on function vibe.end_my_session(uuid) is
    'signs the caller out in one place, from the next request on. Definer: sessions are secret';
grant execute on function vibe.end_my_session(uuid) to vibe_member;
