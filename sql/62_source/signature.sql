-- Who sent a delivery is proved by its signature alone: HMAC-SHA256, over what and written how differs.

create function vibe_private.signed_source(
    of_kind text, site text, headers jsonb, body bytea, out site_id integer, out source_id bigint
)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    -- Two digests under a key that nobody knows tell nothing by the time their comparison takes.
    blind constant bytea := uuid_send(gen_random_uuid());
    of_site constant integer := vibe_private.named_site(site);
    candidate record;
    claim record;
    given text;
begin
    for candidate in
        select s.site_id, s.source_id, coalesce(s.settings ->> 'adapter', s.kind) as adapter, convert_to(t.value, 'UTF8') as secret
        from vibe.sources as s
        join vibe_private.source_secrets as t on t.site_id = s.site_id and t.source_id = s.source_id
        where s.site_id = of_site and s.kind = of_kind and s.is_active
          and t.name in ('webhook_secret', 'former_webhook_secret') and coalesce(t.expires_at > now(), true)
        order by s.source_id, t.name desc
    loop
        claim := vibe_private.claimed_signature(candidate.adapter, headers, body);
        foreach given in array claim.signatures loop
            if public.hmac(convert_to(given, 'UTF8'), blind, 'sha256') = public.hmac(convert_to(
                translate(encode(public.hmac(claim.content, candidate.secret, 'sha256'), claim.written), e'\n', ''), 'UTF8'
            ), blind, 'sha256') then
                site_id := candidate.site_id;
                source_id := candidate.source_id;
                return;
            end if;
        end loop;
    end loop;
    -- The same for an unknown site, a source that is gone and a wrong secret.
    perform vibe_private.fail('The signature is not that of a source of this site', errcode => 'PT401');
end
$$;
comment on function vibe_private.signed_source(text, text, jsonb, bytea) is
'the source of this kind and site whose secret signs the content; raises if there is none';

create function vibe_private.claimed_signature(
    adapter text, headers jsonb, body bytea, out signatures text[], out written text, out content bytea
)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    moment text;
begin
    written := case when adapter in ('woocommerce', 'mautic', 'hmac_b64') then 'base64' else 'hex' end;
    content := body;
    signatures := array[headers ->> case adapter
        when 'woocommerce' then 'x-wc-webhook-signature'
        when 'twenty' then 'x-twenty-webhook-signature'
        when 'mautic' then 'webhook-signature'
        else 'x-signature' end];
    if adapter = 'twenty' then
        content := convert_to(coalesce(headers ->> 'x-twenty-webhook-timestamp', ''), 'UTF8') || ':'::bytea || body;
    elsif adapter = 'generic' then
        -- t=seconds,v1=hex[,v1=hex]: what is old was perhaps listened to and is sent again by somebody else.
        moment := substring(signatures[1] from '(?:^|,)\s*t=([0-9]{1,11})(?:,|$)');
        content := convert_to(coalesce(moment, '') || '.', 'UTF8') || body;
        signatures := case when to_timestamp(moment::bigint) between now() - interval '5 minutes' and now() + interval '1 minute'
            then array(select m[1] from regexp_matches(signatures[1], 'v1=([0-9a-f]{64})', 'g') as m limit 5) end;
    elsif written = 'hex' then
        signatures := array[lower(regexp_replace(signatures[1], '^sha256=', ''))];
    end if;
    signatures := array_remove(coalesce(signatures, '{}'), null);
end
$$;
comment on function vibe_private.claimed_signature(text, jsonb, bytea) is
'what a delivery gives as its signatures, how they are written (hex, base64) and the bytes that they sign, by the custom of its sender';

create function vibe_private.named_site(site text) returns integer
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    if site ~ '^[0-9]{1,9}$' then
        return (select s.site_id from vibe.sites as s where s.site_id = named_site.site::integer);
    end if;
    return (select s.site_id from vibe.sites as s where s.name = named_site.site);
end
$$;
comment on function vibe_private.named_site(text) is 'id of a site by name or id, whoever asks; null if there is none';

create function vibe_private.apply_soon(site_id integer, source_id bigint) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if not exists (
        select from vibe.queue_jobs as q
        where q.site_id = apply_soon.site_id and q.kind = 'apply_inbox' and q.subject = source_id::text and q.status in ('queued', 'running')
    ) then
        perform vibe_private.enqueue(site_id, 'apply_inbox', source_id::text, '{}');
    end if;
end
$$;
comment on function vibe_private.apply_soon(integer, bigint) is
'has a server apply what a source delivered. Its job may end just when this transaction commits: then the next second does';
