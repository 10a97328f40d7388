-- What the servers do for sources: apply what was delivered, fetch what was not.

create function vibe_private.waiting_sources() returns table (site_id integer, subject text, input jsonb)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select s.site_id, s.source_id::text, '{}'::jsonb
    from vibe.sources as s
    where exists (
        select from vibe.source_deliveries as d where d.site_id = s.site_id and d.source_id = s.source_id and d.status = 'new'
    )
$$;
comment on function vibe_private.waiting_sources() is 'sources with deliveries that wait, for jobs of kind apply_inbox';

create function vibe_private.step_apply_inbox(job_id bigint, answer jsonb) returns jsonb
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    -- Larger batches cost less for each order; smaller ones let imports and erasures in between.
    most constant integer := 500;
    done integer;
    idle integer;
begin
    select vibe_private.apply_batch(q.site_id, q.subject::bigint, most) into done
    from vibe.queue_jobs as q where q.job_id = step_apply_inbox.job_id;
    if done > 0 then
        perform vibe_private.queue_count(job_id, done);
        perform vibe_private.queue_note(job_id, '{}');
        return case when done = most then '{"do": "again"}' else '{"do": "wait", "seconds": 0.1}' end;
    end if;
    -- It stays for a moment, so that a busy shop needs no new job for each delivery.
    idle := coalesce((vibe_private.queue_state(job_id) ->> 'idle')::integer, 0) + 1;
    if idle > 10 then
        return '{"do": "done"}';
    end if;
    perform vibe_private.queue_note(job_id, jsonb_build_object('idle', idle));
    return '{"do": "wait", "seconds": 0.1}';
end
$$;
comment on function vibe_private.step_apply_inbox(bigint, jsonb) is
'a step of a job that applies a source''s deliveries: one batch';

create function vibe_private.woocommerce_sources() returns table (site_id integer, subject text, input jsonb)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select s.site_id, s.source_id::text, '{}'::jsonb
    from vibe.sources as s
    where s.kind = 'woocommerce' and s.is_active
      and exists (select from vibe_private.source_secrets as t where t.site_id = s.site_id and t.source_id = s.source_id and t.name = 'consumer_key')
$$;
comment on function vibe_private.woocommerce_sources() is 'shops that can be asked, for jobs of kind import_woocommerce';

create function vibe_private.step_import_woocommerce(job_id bigint, answer jsonb) returns jsonb
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    job record;
    state jsonb := vibe_private.queue_state(job_id);
    trouble text;
begin
    select q.site_id, s.source_id, s.base_url, s.is_active, coalesce((q.input ->> 'everything')::boolean, false) as everything, t.cursor ->> 'orders' as cursor
    into job
    from vibe.queue_jobs as q
    join vibe.sources as s on s.site_id = q.site_id and s.source_id = q.subject::bigint
    left join vibe.source_states as t on t.site_id = s.site_id and t.source_id = s.source_id
    where q.job_id = step_import_woocommerce.job_id;
    if not coalesce(job.is_active, false) then
        return '{"do": "fail", "code": "disconnected", "message": "the source is disconnected"}';
    elsif state = '{}' then
        -- Accounts have no list of changes: they are read whole, once; later orders and webhooks tell of them.
        state := jsonb_strip_nulls(jsonb_build_object(
            'list', case when job.everything or job.cursor is null then 'customers' else 'orders' end,
            'since', case when not job.everything then job.cursor end, 'done', 0, 'page_size', 100
        ));
        perform vibe_private.queue_note(job_id, state);
    end if;
    if answer is not null then
        trouble := vibe_private.woocommerce_trouble(answer);
        if answer ->> 'error' = 'too_large' and (state ->> 'page_size')::integer > 1 then
            -- Pages begin at multiples of their size: what has been read stays read.
            state := state || jsonb_build_object('page_size', case (state ->> 'page_size')::integer when 100 then 50 when 50 then 10 when 10 then 5 else 1 end);
            perform vibe_private.queue_note(job_id, state);
        elsif answer ->> 'status' = '429' then
            return jsonb_build_object('do', 'wait', 'seconds', vibe_private.retry_after(answer));
        elsif trouble is not null then
            perform vibe_private.note_source(job.site_id, job.source_id, trouble);
            return jsonb_build_object(
                'do', case when answer ->> 'status' in ('401', '403', '404') then 'fail' else 'retry' end,
                'code', coalesce(answer ->> 'error', 'http_' || (answer ->> 'status')), 'message', trouble
            );
        else
            state := vibe_private.keep_woocommerce_page(job_id, job.site_id, job.source_id, state, answer);
            if state is null then
                return '{"do": "done"}';
            end if;
        end if;
    end if;
    return vibe_private.woocommerce_request(job.site_id, job.source_id, job.base_url, state);
end
$$;
comment on function vibe_private.step_import_woocommerce(bigint, jsonb) is
'a step of a job that reads the lists of a shop: keeps the page that came in and asks for the next. A page and the cursor behind it are stored together, so that a job that is broken off goes on where it was';

create function vibe_private.woocommerce_request(site_id integer, source_id bigint, base_url text, state jsonb) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    credentials text := (
        select string_agg(t.value, ':' order by t.name) from vibe_private.source_secrets as t
        where t.site_id = woocommerce_request.site_id and t.source_id = woocommerce_request.source_id and t.name in ('consumer_key', 'consumer_secret')
    );
begin
    return jsonb_build_object(
        'do', 'request', 'method', 'GET', 'timeout_ms', 60000,
        'url', format(
            '%s/wp-json/wc/v3/%s?per_page=%s&page=%s%s', base_url, state ->> 'list', state ->> 'page_size',
            (state ->> 'done')::integer / (state ->> 'page_size')::integer + 1,
            case when state ->> 'list' = 'customers' then '&role=all&orderby=registered_date&order=asc'
                -- By the date of the order: a change while we read does not move the pages.
                else '&orderby=date&order=asc&dates_are_gmt=true' || coalesce('&modified_after=' || (state ->> 'since'), '') end
        ),
        'headers', jsonb_build_object(
            'accept', 'application/json', 'authorization', 'Basic ' || translate(encode(convert_to(credentials, 'UTF8'), 'base64'), e'\n', '')
        )
    );
end
$$;
comment on function vibe_private.woocommerce_request(integer, bigint, text, jsonb) is 'the request for the page that the state of an import names';

create function vibe_private.woocommerce_trouble(answer jsonb) returns text
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    status constant text := answer ->> 'status';
begin
    return case
        when answer ? 'error' then format('the shop cannot be reached (%s)', answer ->> 'error')
        when status in ('401', '403') then format('the shop refuses the consumer key (%s)', status)
        when status = '404' then 'the address has no REST API of WooCommerce (404)'
        when status <> '200' then format('the shop answers with status %s', status)
        when jsonb_typeof((answer ->> 'body')::jsonb) <> 'array' then 'the shop does not answer with a list'
    end;
exception when others then
    return 'the shop does not answer with JSON';
end
$$;
comment on function vibe_private.woocommerce_trouble(jsonb) is 'what is wrong with an answer of a shop; null if it is a list';

create function vibe_private.retry_after(answer jsonb) returns numeric
language sql immutable
as $$
    select case when t.told ~ '^[0-9]{1,5}$' then greatest(t.told::numeric, 1) else 60 end
    from (select answer -> 'headers' ->> 'retry-after' as told) as t
$$;
comment on function vibe_private.retry_after(jsonb) is 'seconds that an answer asks to wait; a minute if it does not say';

create function vibe_private.keep_woocommerce_page(job_id bigint, site_id integer, source_id bigint, state jsonb, answer jsonb) returns jsonb
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    page_size constant integer := state ->> 'page_size';
    told_total constant bigint := case when answer -> 'headers' ->> 'x-wp-total' ~ '^[0-9]{1,12}$' then answer -> 'headers' ->> 'x-wp-total' end;
    lost bigint;
    kept integer;
begin
    -- The element's own text, byte for byte, as a webhook would bring it.
    select count(vibe_private.receive(
        keep_woocommerce_page.site_id, keep_woocommerce_page.source_id,
        case state ->> 'list' when 'orders' then 'order.listed' else 'customer.listed' end, null, null, null, convert_to(e.value::text, 'UTF8')
    )) into kept
    from json_array_elements((answer ->> 'body')::json) as e;
    perform vibe_private.note_source(site_id, source_id);
    if kept > 0 then
        perform vibe_private.queue_count(job_id, kept);
        perform vibe_private.apply_soon(site_id, source_id);
    end if;
    if not state ? 'until' and state ->> 'list' = 'orders' then
        -- The next import asks from here on, by the shop's own clock.
        state := state || jsonb_build_object('until', vibe_private.answered_at(answer));
    end if;
    -- Orders that were deleted behind us moved the others forward: some of them onto pages that were read before.
    lost := coalesce(greatest((state ->> 'total')::bigint - told_total, 0), 0);
    state := state || jsonb_build_object('done', greatest(
        (state ->> 'done')::bigint + case when lost > 0 then -((lost + page_size - 1) / page_size * page_size) else page_size end, 0
    )) || case when told_total is null then '{}' else jsonb_build_object('total', told_total) end;
    if told_total is null and kept = page_size or (state ->> 'done')::bigint < told_total and (kept > 0 or lost > 0) then
        perform vibe_private.queue_note(job_id, state, total => (
            select nullif(q.processed, 0) + greatest(told_total - (state ->> 'done')::bigint, 0) from vibe.queue_jobs as q where q.job_id = keep_woocommerce_page.job_id
        ));
        return state;
    elsif state ->> 'list' = 'customers' then
        state := state - 'total' || '{"list": "orders", "done": 0}';
        perform vibe_private.queue_note(job_id, state);
        return state;
    end if;
    update vibe.source_states as t set cursor = t.cursor || jsonb_build_object('orders', state ->> 'until')
    where t.site_id = keep_woocommerce_page.site_id and t.source_id = keep_woocommerce_page.source_id;
    return null;
end
$$;
comment on function vibe_private.keep_woocommerce_page(bigint, integer, bigint, jsonb, jsonb) is
'stores the elements of a page as deliveries and where the job is then; null when everything has been read';

create function vibe_private.answered_at(answer jsonb) returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    at timestamptz := now();
begin
    begin
        at := to_timestamp(substr(answer -> 'headers' ->> 'date', 6, 20) || ' +00', 'DD Mon YYYY HH24:MI:SS TZH');
    exception when others then
        null;
    end;
    -- Some minutes twice: what was being written just then is in the next list.
    return to_char((coalesce(at, now()) - interval '5 minutes') at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS');
end
$$;
comment on function vibe_private.answered_at(jsonb) is 'when an answer was given by the clock of who gave it, five minutes before, as WooCommerce takes it';
