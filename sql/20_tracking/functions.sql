create function vibe.get_online_users(
    site text default null,
    heartbeat_silence interval default '90 seconds',
    silence interval default '5 minutes'
) returns table (
    site_id int,
    user_id bigint,
    session_id bigint,
    name text,
    external_id text,
    segment text,
    current_page text,
    referrer text,
    device text,
    browser text,
    started_at timestamptz,
    last_seen_at timestamptz,
    session_seconds int,
    page_views int,
    events int
)
language sql stable parallel safe
as $$
    select
        o.site_id,
        o.person_id,
        o.session_id,
        o.name,
        o.external_id,
        o.segment,
        o.current_page,
        o.referrer,
        o.device,
        o.browser,
        o.started_at,
        o.last_seen_at,
        -- Not extract(): its numeric result costs more than the rest of the row.
        least(date_part('epoch', o.last_seen_at - o.started_at), 2147483647)::int,
        o.page_views,
        o.events
    -- Sorted within, so that of a list of fifty only fifty rows are made up.
    from (
        select *
        from vibe.online_users as u
        where (site is null or u.site_id = any (array(select unnest(vibe.site_ids(site)))))
          -- Asked once before any row, so that a wrong name is an error also while nobody is online.
          and (site is null or vibe.site_ids(site) is not null)
          and u.last_seen_at > case
              when u.has_heartbeat then (select now() - heartbeat_silence)
              else (select now() - silence)
          end
        order by u.last_seen_at desc, u.session_id desc
    ) as o
$$;
comment on function vibe.get_online_users(text, interval, interval) is
    'visitors active now, the latest first: no silence longer than 90 s where the page sends heartbeats, else 5 min';
grant execute on function vibe.get_online_users(text, interval, interval) to vibe_analyst;

create function vibe.count_online_users(
    site text default null,
    heartbeat_silence interval default '90 seconds',
    silence interval default '5 minutes'
) returns bigint
language sql stable parallel safe
as $$
    -- The conditions of get_online_users(), which would sort them all to be counted.
    select count(*)
    from vibe.online_users as o
    where (site is null or o.site_id = any (array(select unnest(vibe.site_ids(site)))))
      and (site is null or vibe.site_ids(site) is not null)
      and o.last_seen_at > case
          when o.has_heartbeat then (select now() - heartbeat_silence)
          else (select now() - silence)
      end
$$;
comment on function vibe.count_online_users(text, interval, interval) is
    'how many visitors get_online_users() lists, without listing them';
grant execute on function vibe.count_online_users(text, interval, interval) to vibe_analyst;

create function vibe.update_user_activity() returns trigger
language plpgsql volatile
as $$
begin
    -- Visitors first, then their sessions, each by key: the order in which ingest takes them.
    perform from vibe.site_users as u
    where (u.site_id, u.user_id) in (select c.site_id, c.user_id from changed_rows as c)
    order by u.site_id, u.user_id
    for no key update;
    perform from vibe.site_sessions as s
    where (s.site_id, s.session_id) in (select c.site_id, c.session_id from changed_rows as c)
    order by s.site_id, s.session_id
    for no key update;
    -- One update per session and statement; a row per event would queue writers behind each other.
    update vibe.site_sessions as s
    set last_seen_at = greatest(s.last_seen_at, c.last_at),
        page_views = s.page_views + c.page_views,
        events = s.events + c.events
    from (
        select
            r.site_id,
            r.session_id,
            max(r.occurred_at) as last_at,
            count(*) filter (where r.event_name = 'page_view') as page_views,
            count(*) filter (where r.event_name <> 'page_view') as events
        from changed_rows as r
        group by r.site_id, r.session_id
    ) as c
    where s.site_id = c.site_id and s.session_id = c.session_id;
    -- A user's last_seen_at is exact to five minutes, so a busy user is not written with each event.
    update vibe.site_users as u
    set last_seen_at = c.last_at
    from (select r.site_id, r.user_id, max(r.occurred_at) as last_at from changed_rows as r group by r.site_id, r.user_id) as c
    where u.site_id = c.site_id and u.user_id = c.user_id and u.last_seen_at < c.last_at - interval '5 minutes';
    return null;
end
$$;
comment on function vibe.update_user_activity() is
    'statement trigger of user_events: directly written events move their sessions and users on, set-wise';

create function vibe_private.mark_verified() returns trigger
language plpgsql volatile
as $$
declare
    before jsonb := '{}';
    touched text[];
begin
    if tg_op = 'UPDATE' then
        before := jsonb_build_object('name', old.name, 'email', old.email) || old.traits;
    end if;
    select array_agg(f.key) into touched
    from jsonb_each(jsonb_build_object('name', new.name, 'email', new.email) || new.traits) as f
    where f.value is distinct from coalesce(before -> f.key, 'null');
    if touched is not null then
        new.verified_fields := array(select distinct unnest(new.verified_fields || touched) order by 1);
    end if;
    return new;
end
$$;
comment on function vibe_private.mark_verified() is
    'row trigger of site_users: remembers which fields staff or a CRM wrote';

create function vibe_private.refresh_online_users() returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    perform vibe_private.show_people(array_agg(c.site_id), array_agg(c.user_id)) from changed_rows as c having count(*) > 0;
    return null;
end
$$;
comment on function vibe_private.refresh_online_users() is
    'statement trigger of site_users: the online list shows who was written as they are now. Definer: nobody may write that list directly';

create function vibe.track(payload jsonb) returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    -- Only the server makes this setting; anybody else who can send SQL could make it up.
    client jsonb := case when session_user = 'vibe_server' then nullif(current_setting('vibe.client', true), '') end;
    parsed constant jsonb := case when pg_column_size(payload) <= 8388608 then payload end;
    answer record;
    stored jsonb;
begin
    if vibe_private.count_attempt('track from address', coalesce(client ->> 'address', session_user), interval '1 minute') > 600 then
        perform vibe_private.fail('too many requests from this address', hint => 'send again in a minute', errcode => 'PT429');
    end if;
    stored := vibe_private.try_single(parsed, client);
    if stored is not null then
        return stored;
    end if;
    select i.status, i.body into answer from vibe_private.ingest_parsed(array[parsed], array[client]) as i;
    if answer.status <> 202 then
        perform vibe_private.fail(answer.body ->> 'message', answer.body ->> 'details', errcode => answer.body ->> 'code');
    end if;
    return answer.body;
end
$$;
comment on function vibe.track(jsonb) is
    'stores what one tracker sent and counts what was accepted, repeated and rejected; at most 600 calls a minute from one address. Definer: trackers write tables they may not read';
grant execute on function vibe.track(jsonb) to vibe_anon, vibe_member;

create function vibe_private.forget_old_tracking() returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    delete from vibe_private.event_ids as e where e.received_at < now() - interval '8 days';
    delete from vibe_private.visitor_salts as s where s.day < (now() at time zone 'UTC')::date - 1;
    -- A reader further behind than ten minutes loads everything again.
    delete from vibe_private.changes as c where c.at < now() - interval '11 minutes';
    -- Not those whom a tracker is just writing: they are back, and to wait for several of them could end in a deadlock.
    delete from vibe.online_users as o
    where (o.site_id, o.user_id) in (
        select u.site_id, u.user_id from vibe.online_users as u
        where u.last_seen_at < now() - interval '1 hour'
        for update skip locked
    );
    delete from vibe_private.attempts as a where a.began_at < now() - interval '1 day';
    delete from vibe_private.sessions as s where coalesce(s.revoked_at, s.expires_at) < now() - interval '7 days';
    delete from vibe_private.one_time_tokens as t where t.expires_at < now();
end
$$;
comment on function vibe_private.forget_old_tracking() is
    'removes what machinery no longer needs: event ids, salts, changes, online rows, counters, ended sessions; for the job. Definer: these tables are nobody''s to write';
