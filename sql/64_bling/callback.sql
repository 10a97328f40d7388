-- Where Bling sends the browser after the consent page. The state says for whom, so nobody needs to be signed in.
create function vibe.bling_callback(
    state text default null, code text default null, error text default null, error_description text default null
) returns json
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    begun record;
begin
    perform set_config('response.headers', '[{"Cache-Control": "no-store"}, {"Referrer-Policy": "no-referrer"}]', true);
    delete from vibe_private.bling_states as s
    where s.state_hash = sha256(convert_to(coalesce(bling_callback.state, ''), 'UTF8')) and s.expires_at > now()
    returning s.site_id, s.source_id into begun;
    if begun.source_id is null then
        perform vibe_private.fail('this address has served already, or is older than ten minutes',
            hint => 'STATE_UNKNOWN', errcode => 'PT400');
    elsif bling_callback.error is not null or coalesce(bling_callback.code, '') = '' then
        perform vibe_private.fail('Bling was not connected: it was not allowed at Bling', hint => 'CONSENT_DENIED', errcode => 'PT400');
    elsif length(bling_callback.code) > 4096 then
        perform vibe_private.fail('Bling was not connected: its code is longer than 4096 characters', hint => 'CODE_REFUSED', errcode => 'PT400');
    end if;
    -- The job before the account, as each step locks them. Earlier failures say nothing about this code, which cannot wait.
    perform vibe_private.close_circuit(begun.site_id, 'bling_connect', begun.source_id::text);
    perform vibe_private.enqueue(begun.site_id, 'bling_connect', begun.source_id::text);
    update vibe_private.bling_accounts as a set code_sent_at = null where a.site_id = begun.site_id and a.source_id = begun.source_id;
    perform vibe_private.keep_bling_secret(begun.site_id, begun.source_id, 'code', bling_callback.code, interval '1 minute');
    return '{"message": "Bling is being connected; you may close this page"}';
end
$$;
comment on function vibe.bling_callback(text, text, text, text) is
    'GET /api/bling/callback: Bling''s answer to the consent that vibe.start_bling() began; the code goes to the queue, which exchanges it within its minute. Definer: anonymous, since the browser comes from another site; the state is the proof';
grant execute on function vibe.bling_callback(text, text, text, text) to vibe_anon;
