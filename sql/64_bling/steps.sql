-- Steps of the three kinds of jobs: bling_connect exchanges the code of a consent, bling_sync reads lists and notes what in them
-- is new, bling_read reads that one by one, and what webhooks name. Each step locks the account after its job, so tokens and pace
-- are one matter for all jobs and servers.
create function vibe_private.bling_connect_step(job_id bigint, answer jsonb) returns jsonb
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    account vibe_private.bling_account;
    problem jsonb;
    code text;
    pause float8;
begin
    if vibe_private.queue_state(bling_connect_step.job_id) ? 'connected' then
        return vibe_private.begin_bling(bling_connect_step.job_id);
    end if;
    account := vibe_private.bling_account_of(bling_connect_step.job_id);
    if account.source_id is null then
        return '{"do": "fail", "code": "SOURCE_OFF", "message": "the source is disconnected"}';
    end if;
    if answer is not null then
        problem := vibe_private.take_bling_tokens(account.site_id, account.source_id, answer);
        if problem is null then
            update vibe_private.bling_accounts as a
            set connected_at = clock_timestamp(), broken_at = null, broken_why = null, token_asked_at = null
            where a.site_id = account.site_id and a.source_id = account.source_id;
        elsif answer ->> 'error' in ('refused', 'dns') then
            -- It never left, so it may go again while its minute lasts.
            update vibe_private.bling_accounts as a set code_sent_at = null where a.site_id = account.site_id and a.source_id = account.source_id;
            return problem || '{"after": 2}';
        end if;
        -- The callback forgets when a code was sent: then a newer one has come meanwhile, and counts.
        if account.code_sent_at is not null then
            perform vibe_private.forget_bling_code(account.site_id, account.source_id);
            if problem is null then
                -- The tokens are stored before anything else can fail.
                perform vibe_private.queue_note(bling_connect_step.job_id, '{"connected": true}');
                return '{"do": "again"}';
            end if;
            return vibe_private.code_failed(account.site_id, account.source_id, case problem ->> 'code'
                when 'RECONNECT_NEEDED' then '{"code": "CODE_REFUSED", "message": "Bling does not take the code of the consent"}' else problem
            end);
        end if;
    end if;
    code := vibe_private.bling_secret(account.site_id, account.source_id, 'code');
    if account.code_sent_at is not null then
        perform vibe_private.forget_bling_code(account.site_id, account.source_id);
        return vibe_private.code_failed(account.site_id, account.source_id,
            '{"code": "CODE_LOST", "message": "Bling''s answer was lost, and a code that came twice would end the consent"}');
    elsif code is null then
        return vibe_private.code_failed(account.site_id, account.source_id,
            '{"code": "CODE_EXPIRED", "message": "the minute of the code of the consent is over"}');
    end if;
    pause := vibe_private.bling_host_pause(account.site_id, account.source_id, 'token');
    if pause > 0 then
        return jsonb_build_object('do', 'wait', 'seconds', least(pause, 5));
    end if;
    update vibe_private.bling_accounts as a set code_sent_at = clock_timestamp()
    where a.site_id = account.site_id and a.source_id = account.source_id;
    return vibe_private.bling_token_request(
        account.site_id, account.source_id, account.client_id, 'grant_type=authorization_code&code=' || vibe_private.form_value(code)
    );
end
$$;
comment on function vibe_private.bling_connect_step(bigint, jsonb) is 'step of bling_connect: exchanges the code of a consent for tokens, once, and begins the import';

create function vibe_private.begin_bling(job_id bigint) returns jsonb
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    job record;
begin
    select j.site_id, j.subject into job from vibe.queue_jobs as j where j.job_id = begin_bling.job_id;
    perform vibe_private.close_circuit(job.site_id, 'bling_sync', job.subject);
    perform vibe_private.close_circuit(job.site_id, 'bling_read', job.subject);
    perform vibe_private.enqueue(job.site_id, 'bling_sync', job.subject);
    perform vibe_private.note_source(job.site_id, job.subject::bigint);
    return '{"do": "done"}';
end
$$;
comment on function vibe_private.begin_bling(bigint) is 'a consent has given its tokens: the import begins, or goes on where it broke off';

create function vibe_private.forget_bling_code(of_site int, of_source bigint) returns void
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
    delete from vibe_private.source_secrets as t where t.site_id = $1 and t.source_id = $2 and t.name = 'code'
$$;
comment on function vibe_private.forget_bling_code(int, bigint) is 'a code serves once';

create function vibe_private.code_failed(of_site int, of_source bigint, problem jsonb) returns jsonb
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    message constant text := (problem ->> 'message') || '; an owner opens the address of vibe.start_bling() again';
begin
    perform vibe_private.note_source(of_site, of_source, message);
    return jsonb_build_object('do', 'fail', 'code', problem ->> 'code', 'message', message);
end
$$;
comment on function vibe_private.code_failed(int, bigint, jsonb) is 'notes why a consent came to nothing';

create function vibe_private.bling_sync_step(job_id bigint, answer jsonb) returns jsonb
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    return vibe_private.bling_step(bling_sync_step.job_id, answer, 'sync');
end
$$;
comment on function vibe_private.bling_sync_step(bigint, jsonb) is 'step of bling_sync: reads the lists of statuses, orders and articles';

create function vibe_private.bling_read_step(job_id bigint, answer jsonb) returns jsonb
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    return vibe_private.bling_step(bling_read_step.job_id, answer, 'read');
end
$$;
comment on function vibe_private.bling_read_step(bigint, jsonb) is 'step of bling_read: reads orders, contacts, articles and stocks one by one';

create function vibe_private.bling_step(job_id bigint, answer jsonb, work text) returns jsonb
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    account vibe_private.bling_account;
    state jsonb := vibe_private.queue_state(bling_step.job_id);
    heard record;
    wanted record;
    decision jsonb;
    pause float8;
begin
    account := vibe_private.bling_account_of(bling_step.job_id);
    if account.source_id is null then
        return '{"do": "fail", "code": "SOURCE_OFF", "message": "the source is disconnected"}';
    elsif answer is not null and state ? 'asked' then
        select * into heard from vibe_private.hear_bling(bling_step.job_id, account, work, state, answer);
        state := heard.state - 'asked';
        perform vibe_private.queue_note(bling_step.job_id, state);
        if heard.decision is not null then
            return heard.decision;
        end if;
        -- The answer may have changed it.
        account := vibe_private.bling_account_of(bling_step.job_id);
    end if;
    if account.broken_at is not null then
        return jsonb_build_object('do', 'fail', 'code', 'RECONNECT_NEEDED', 'message', account.broken_why);
    end if;
    if work = 'sync' then
        if state = '{}' and exists (select from vibe.queue_jobs as j where j.job_id = bling_step.job_id and (j.input ->> 'everything')::boolean) then
            -- Nothing counts as read any more.
            state := '{"everything": true}';
            update vibe_private.bling_tasks as t set fingerprint = null
            where t.site_id = account.site_id and t.source_id = account.source_id and t.kind = 'order';
        end if;
        select * into wanted from vibe_private.next_of_bling_lists(account, state);
    else
        select * into wanted from vibe_private.next_bling_task(account);
    end if;
    state := coalesce(wanted.state, state) - 'asked';
    perform vibe_private.queue_note(bling_step.job_id, state);
    if wanted.asked is null then
        if work = 'sync' then
            perform vibe_private.finish_bling_sync(account, state);
        else
            perform vibe_private.apply_soon(account.site_id, account.source_id);
        end if;
        return '{"do": "done"}';
    end if;
    -- Five minutes before its end a token is as good as over.
    if coalesce((
        select t.expires_at from vibe_private.source_secrets as t
        where t.site_id = account.site_id and t.source_id = account.source_id and t.name = 'access_token'
    ), '-infinity') < clock_timestamp() + interval '5 minutes' then
        decision := vibe_private.bling_refresh(account);
        if decision ->> 'do' = 'request' then
            perform vibe_private.queue_note(bling_step.job_id, state || '{"asked": {"what": "token"}}');
        elsif decision ->> 'do' = 'fail' then
            perform vibe_private.note_source(account.site_id, account.source_id, decision ->> 'message');
        end if;
        return decision;
    end if;
    pause := vibe_private.bling_pause(account);
    if pause > 0 then
        return jsonb_build_object('do', 'wait', 'seconds', pause);
    end if;
    perform vibe_private.queue_note(bling_step.job_id, state || jsonb_build_object('asked', wanted.asked || jsonb_build_object('token_until', (
        select t.expires_at from vibe_private.source_secrets as t
        where t.site_id = account.site_id and t.source_id = account.source_id and t.name = 'access_token'
    ))));
    return jsonb_build_object(
        'do', 'request', 'method', 'GET', 'timeout_ms', 30000,
        'url', (select s.base_url from vibe.sources as s where s.site_id = account.site_id and s.source_id = account.source_id) || (wanted.asked ->> 'path') || wanted.query,
        'headers', jsonb_build_object(
            'authorization', 'Bearer ' || vibe_private.bling_secret(account.site_id, account.source_id, 'access_token'), 'accept', 'application/json')
    );
end
$$;
comment on function vibe_private.bling_step(bigint, jsonb, text) is
    'a step of bling_sync or bling_read: takes the answer to what was asked, then asks for the next thing, for a token before it where one is due';

create function vibe_private.bling_account_of(job_id bigint) returns vibe_private.bling_account
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    account vibe_private.bling_account;
begin
    select
        a.site_id, a.source_id, a.client_id, a.code_sent_at, a.token_asked_at, a.last_answer_at, a.broken_at, a.broken_why,
        a.requests_per_second, a.requests_per_day, a.next_request_at, a.day, a.day_requests, a.import_from, a.listed_until, a.currency,
        a.skip_stores, a.status_map, a.statuses, a.statuses_read_at
    into account
    from vibe.queue_jobs as j
    join vibe_private.bling_accounts as a on a.site_id = j.site_id and a.source_id::text = j.subject
    join vibe.sources as s on s.site_id = a.site_id and s.source_id = a.source_id
    where j.job_id = bling_account_of.job_id and s.is_active
    for no key update of a;
    return account;
end
$$;
comment on function vibe_private.bling_account_of(bigint) is 'the account that a job works on, locked; nulls when its source is switched off';

create function vibe_private.hear_bling(
    job_id bigint, account vibe_private.bling_account, work text, inout state jsonb, answer jsonb, out decision jsonb
)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    asked constant jsonb := state -> 'asked';
    patience constant int := 8;
    problem jsonb;
begin
    if asked ->> 'what' = 'token' then
        update vibe_private.bling_accounts as a set token_asked_at = null
        where a.site_id = account.site_id and a.source_id = account.source_id;
        decision := vibe_private.take_bling_tokens(account.site_id, account.source_id, answer);
        if decision ->> 'code' in ('RECONNECT_NEEDED', 'CLIENT_REFUSED') then
            decision := vibe_private.break_bling(account.site_id, account.source_id, decision);
        end if;
        if decision is not null then
            perform vibe_private.note_source(account.site_id, account.source_id, decision ->> 'message');
        end if;
        -- New tokens are committed before anything uses them or fails.
        decision := coalesce(decision, '{"do": "again"}');
        return;
    end if;
    problem := vibe_private.bling_problem(account, asked, answer);
    if problem ->> 'do' = 'ask' then
        state := state || jsonb_build_object('asks', coalesce((state ->> 'asks')::int, 0) + 1);
        if (state ->> 'asks')::int >= patience then
            state := state - 'asks';
            decision := problem || '{"do": "retry"}';
        end if;
    elsif problem ->> 'do' = 'wait' then
        decision := problem;
    elsif problem ->> 'do' = 'retry' then
        decision := problem;
        perform vibe_private.put_off_bling_task(account, asked, problem);
    -- Without orders there is nothing to do; all else may be refused.
    elsif problem is not null and asked ->> 'what' in ('orders', 'products')
        or problem ->> 'do' = 'fail' and (asked ->> 'what' = 'order' or problem ->> 'code' = 'NOT_ALLOWED') then
        decision := problem || '{"do": "fail"}';
    else
        state := state - 'asks';
        update vibe_private.bling_accounts as a set last_answer_at = clock_timestamp()
        where a.site_id = account.site_id and a.source_id = account.source_id;
        if work = 'sync' then
            state := vibe_private.take_bling_list(hear_bling.job_id, account, state, asked, vibe_private.bling_content(answer), problem);
        else
            perform vibe_private.take_bling_task(hear_bling.job_id, account, asked, vibe_private.bling_content(answer), problem);
        end if;
        if not exists (
            select from vibe.source_states as t
            where t.site_id = account.site_id and t.source_id = account.source_id
              and t.error_since is null and t.last_success_at > now() - interval '1 minute'
        ) then
            perform vibe_private.note_source(account.site_id, account.source_id);
        end if;
    end if;
    if decision ->> 'do' in ('retry', 'fail') then
        perform vibe_private.note_source(account.site_id, account.source_id, decision ->> 'message');
    end if;
end
$$;
comment on function vibe_private.hear_bling(bigint, vibe_private.bling_account, text, jsonb, jsonb) is
    'takes an answer; decision is what the queue is to do if it cannot simply go on';
