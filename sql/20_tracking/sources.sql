-- Where a visit comes from, read once, when it begins: campaign parameters and click ids of the first address, the
-- referring site, and the channel they make together. The rules are those of the default channel groups of Google
-- Analytics 4, in its order, so that numbers of both can be laid side by side; assistants have a channel of their own.
create function vibe_private.traffic_source(url text, referrer text)
returns table (
    referrer_domain text, utm_source text, utm_medium text, utm_campaign text, utm_term text, utm_content text,
    click_ids jsonb, channel text
)
language sql immutable parallel safe
as $$
    select
        d.referrer_domain, p.utm_source, p.utm_medium, p.utm_campaign, p.utm_term, p.utm_content, p.click_ids,
        vibe_private.channel(
            lower(coalesce(p.utm_source, d.referrer_domain, '')), lower(coalesce(p.utm_medium, '')),
            lower(coalesce(p.utm_campaign, '')), p.click_ids, d.referrer_domain
        )
    from (select vibe_private.url_domain(traffic_source.referrer), vibe_private.url_domain(traffic_source.url)) as u (refers, own)
    -- A visit that goes on after a pause was sent by no other site.
    cross join lateral (select case when u.refers is distinct from u.own then u.refers end) as d (referrer_domain)
    cross join lateral (
        select
            max(q.value) filter (where q.name = 'utm_source') as utm_source,
            max(q.value) filter (where q.name = 'utm_medium') as utm_medium,
            max(q.value) filter (where q.name = 'utm_campaign') as utm_campaign,
            max(q.value) filter (where q.name = 'utm_term') as utm_term,
            max(q.value) filter (where q.name = 'utm_content') as utm_content,
            jsonb_object_agg(q.name, q.value) filter (where q.name !~ '^utm_') as click_ids
        from vibe_private.url_parameters(traffic_source.url) as q
        where q.name ~ '^(utm_(source|medium|campaign|term|content)|gclid|gbraid|wbraid|dclid|fbclid|msclkid|ttclid|twclid|li_fat_id|yclid)$'
    ) as p
$$;
comment on function vibe_private.traffic_source(text, text) is
    'campaign parameters, click ids, referring domain and channel of a visit, from its first address and that page''s referrer';

create function vibe_private.channel(source text, medium text, campaign text, click_ids jsonb, referrer_domain text)
returns text
language sql immutable parallel safe
as $$
    select case
        when k.paid and (k.shopping or campaign ~ '(^|[^a-z])shop(ping)?($|[^a-z])') then 'paid_shopping'
        when k.paid and (k.search or click_ids ?| array['gclid', 'gbraid', 'wbraid', 'msclkid', 'yclid']) then 'paid_search'
        when k.paid and (k.social or click_ids ?| array['ttclid', 'twclid', 'li_fat_id']) then 'paid_social'
        when k.paid and k.video then 'paid_video'
        when medium in ('display', 'banner', 'expandable', 'interstitial', 'cpm') or click_ids ? 'dclid' then 'display'
        when k.paid then 'paid_other'
        when k.assistant then 'ai_assistant'
        when k.mail or medium ~ '^(e[-_ ]?mail|newsletter)$' then 'email'
        when k.shopping then 'organic_shopping'
        when k.social or medium in ('social', 'social-network', 'social-media', 'sm', 'social network', 'social media')
            or click_ids ? 'fbclid' then 'organic_social'
        when k.video or medium ~ 'video' then 'organic_video'
        when k.search or medium = 'organic' then 'organic_search'
        when medium = 'affiliate' then 'affiliates'
        when medium = 'audio' then 'audio'
        when source = 'sms' or medium = 'sms' then 'sms'
        when medium ~ 'push$|mobile|notification' or source = 'firebase' then 'push'
        when medium in ('referral', 'app', 'link') or (referrer_domain is not null and source = referrer_domain) then 'referral'
        when source = '' and medium in ('', '(none)', '(not set)') then 'direct'
        else 'unassigned'
    end
    from (
        select
            medium ~ '^(.*cp.*|ppc|retargeting|paid.*)$'
                or coalesce(click_ids ?| array['gclid', 'gbraid', 'wbraid', 'msclkid', 'yclid', 'ttclid', 'twclid', 'li_fat_id'], false) as paid,
            source ~ '(^|\.)(google|bing|yahoo|duckduckgo|ecosia|yandex|baidu|qwant|startpage|brave|naver|seznam|sogou)(\.|$)|^search\.' as search,
            source ~ '(^|\.)(facebook|fb|instagram|ig|threads|twitter|linkedin|lnkd|pinterest|reddit|tiktok|snapchat|tumblr|vk|whatsapp|telegram|discord|mastodon|bsky)(\.|$)'
                or source in ('t.co', 'x.com', 'x', 'wa.me', 't.me', 'news.ycombinator.com') as social,
            source ~ '(^|\.)(youtube|youtu|vimeo|dailymotion|twitch|netflix)(\.|$)' as video,
            source ~ '^(e[-_ ]?mail|newsletter|com\.google\.android\.gm)$|^(web|out)?(mail|look)\.' as mail,
            source ~ '(^|\.)(amazon|ebay|etsy|aliexpress|mercadolivre|mercadolibre|shopee|shopping)(\.|$)' as shopping,
            source ~ '^(chatgpt\.com|chat\.openai\.com|openai|perplexity(\.ai)?|claude\.ai|gemini\.google\.com|copilot\.microsoft\.com|chatgpt|claude|gemini|copilot)$' as assistant
    ) as k
$$;
comment on function vibe_private.channel(text, text, text, jsonb, text) is
    'the channel of a visit: direct, organic_search, paid_search, organic_social, paid_social, organic_video, paid_video, organic_shopping, paid_shopping, display, paid_other, ai_assistant, email, affiliates, audio, sms, push, referral or unassigned';

-- This and url_query() are not strict, or nullif would keep them from being put in line: four times the cost.
create function vibe_private.url_domain(url text) returns text
language sql immutable parallel safe
as $$
    select nullif(regexp_replace(lower(substring(url from '^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?([^/?#:]+)')), '^www\.', ''), '')
$$;
comment on function vibe_private.url_domain(text) is 'the domain of an address, lower case, without www; null if it has none';

create function vibe_private.url_host(url text) returns text
language sql immutable strict parallel safe
as $$
    select lower(substring(url from '^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?([^/?#]+)'))
$$;
comment on function vibe_private.url_host(text) is 'the host of an address with its port, lower case; null if it has none';

create function vibe_private.url_query(url text) returns text
language sql immutable parallel safe
as $$
    select nullif(substring(url from '^[^?#]*\?([^#]*)'), '')
$$;
comment on function vibe_private.url_query(text) is 'what follows the ? of an address; null for nothing';

create function vibe_private.url_parameters(url text) returns table (name text, value text)
language sql immutable parallel safe
as $$
    -- The first of a name counts; 200 characters are enough for any campaign.
    select distinct on (p.name) p.name, left(vibe_private.url_decode(p.value), 200)
    from (
        select lower(split_part(q.pair, '=', 1)) as name, substring(q.pair from position('=' in q.pair) + 1) as value, q.place
        from regexp_split_to_table(substring(url from '^[^#?]*\?([^#]*)'), '&') with ordinality as q (pair, place)
        where position('=' in q.pair) > 1 and q.place <= 100
    ) as p
    where p.value <> ''
    order by p.name, p.place
$$;
comment on function vibe_private.url_parameters(text) is 'names (lower case) and decoded values of an address''s query, each name once';

create function vibe_private.url_decode(value text) returns text
language plpgsql immutable strict parallel safe
as $$
declare
    plain text := replace(value, '+', ' ');
begin
    if plain !~ '%' then
        return plain;
    end if;
    return convert_from((
        select string_agg(
            case when t.token[1] ~ '^%[0-9A-Fa-f]{2}$' and t.token[1] <> '%00' then decode(substr(t.token[1], 2), 'hex')
                else convert_to(t.token[1], 'UTF8') end,
            '' order by t.place
        )
        from regexp_matches(plain, '%[0-9A-Fa-f]{2}|[^%]+|%', 'g') with ordinality as t (token, place)
    ), 'UTF8');
exception when character_not_in_repertoire or untranslatable_character then
    -- Not UTF-8: better as it came than not at all.
    return plain;
end
$$;
comment on function vibe_private.url_decode(text) is 'percent-decoded text; as it stands where the bytes are no UTF-8';
