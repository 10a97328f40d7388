-- Bling's notices are thin, may come twice, late and in any order: they only say what is to be read, which tells the truth.
create function vibe.receive_bling(source text, body bytea, headers jsonb default '{}') returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    known record;
    notice jsonb;
    event text;
    id text;
    kind text;
begin
    select s.site_id, s.source_id, t.value as secret into known
    from vibe.sources as s
    join vibe_private.source_secrets as t on t.site_id = s.site_id and t.source_id = s.source_id and t.name = 'client_secret'
    where s.source_id::text = receive_bling.source and s.kind = 'bling' and s.is_active;
    -- One answer for all, or sources could be counted. Digests of both are compared, whose first difference tells nothing.
    if known.secret is null or sha256(convert_to(coalesce(headers ->> 'x-bling-signature-256', ''), 'UTF8')) <> sha256(convert_to(
        'sha256=' || encode(public.hmac(body, convert_to(known.secret, 'UTF8'), 'sha256'), 'hex'), 'UTF8'
    )) then
        perform vibe_private.fail('the signature does not fit', hint => 'BAD_SIGNATURE', errcode => 'PT401');
    end if;
    begin
        notice := convert_from(body, 'UTF8')::jsonb;
    exception when others then
        -- Kept as it came; its reader says why it is nothing.
        notice := null;
    end;
    event := left(lower(coalesce(notice ->> 'event', 'unknown')), 80);
    id := coalesce(notice #>> '{data,produto,id}', notice #>> '{data,id}');
    perform vibe_private.receive(
        known.site_id, known.source_id, 'notice ' || event, left(id, 200), null,
        headers - '{x-bling-signature-256}'::text[], receive_bling.body
    );
    kind := case
        when event ~ '^(order|pedido_venda|pedidos?_vendas?)\.' then 'order'
        when event ~ '^(stock|virtual_stock|estoque)\.' then 'stock'
        when event ~ '^(product|produto)\.' then 'product'
    end;
    if kind is not null and id ~ '^[0-9]{1,20}$' then
        perform vibe_private.want_from_bling(known.site_id, known.source_id, kind, array[id]);
    end if;
    return '{"received": true}';
end
$$;
comment on function vibe.receive_bling(text, bytea, jsonb) is
    'POST /webhooks/bling/{source}: a notice of Bling, signed with the app''s client_secret (X-Bling-Signature-256); it is kept, and what it names is read next. Definer: Bling has no session, the signature is the proof';
grant execute on function vibe.receive_bling(text, bytea, jsonb) to vibe_anon;
