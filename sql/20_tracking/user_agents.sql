-- A rough reading of the User-Agent header, enough for the columns of a list. The order matters: browsers name the
-- ones they descend from.
create function vibe_private.user_agent_class(user_agent text)
returns table (device text, browser text, os text)
language sql immutable parallel safe
as $$
    select
        case
            when user_agent is null then null
            -- Televisions and consoles: large, and nobody carries them.
            when user_agent ~* 'smart-?tv|googletv|appletv|bravia|hbbtv|roku/|web0s|crkey|\maft[a-z]+ build|playstation|xbox|nintendo'
                then 'desktop'
            -- An iPad asks for desktop pages since iPadOS 13, and says that it is a Macintosh.
            when user_agent ~* 'ipad|tablet|kindle|silk/|playbook' or user_agent ~ 'Android' and user_agent !~ 'Mobile' then 'tablet'
            when user_agent ~* 'mobi|iphone|ipod|windows phone|opera mini' then 'mobile'
            else 'desktop'
        end,
        case
            -- Browsers within apps first: where visits from advertisements come from.
            when user_agent ~ 'Instagram' then 'Instagram'
            when user_agent ~ '\mFB(AN|AV|_IAB)\M' then 'Facebook'
            when user_agent ~ 'BytedanceWebview|musical_ly|TikTok' then 'TikTok'
            when user_agent ~ 'MicroMessenger' then 'WeChat'
            when user_agent ~ 'LinkedInApp' then 'LinkedIn'
            when user_agent ~ 'Pinterest/|\[Pinterest' then 'Pinterest'
            when user_agent ~ 'Snapchat' then 'Snapchat'
            when user_agent ~ 'Twitter for|TwitterAndroid' then 'X'
            when user_agent ~ '\mLine/' then 'Line'
            when user_agent ~ 'GSA/' then 'Google app'
            when user_agent ~ 'Edg(e|A|iOS)?/' then 'Edge'
            when user_agent ~ 'OPR/|OPT/|Opera' then 'Opera'
            when user_agent ~ 'SamsungBrowser/' then 'Samsung Internet'
            when user_agent ~ 'YaBrowser/' then 'Yandex'
            when user_agent ~ 'UC ?Browser/|UBrowser/' then 'UC Browser'
            when user_agent ~ 'MiuiBrowser/' then 'Mi Browser'
            when user_agent ~ 'HuaweiBrowser/' then 'Huawei Browser'
            when user_agent ~ 'DuckDuckGo/|Ddg/' then 'DuckDuckGo'
            when user_agent ~ 'Vivaldi/' then 'Vivaldi'
            when user_agent ~ 'Silk/' then 'Silk'
            when user_agent ~ 'Firefox/|FxiOS/' then 'Firefox'
            when user_agent ~ 'Chrome/|CriOS/|Chromium/' then 'Chrome'
            when user_agent ~ 'Safari/' then 'Safari'
            when user_agent ~ 'MSIE |Trident/' then 'Internet Explorer'
            when user_agent is not null then 'other'
        end,
        case
            when user_agent ~ 'Windows' then 'Windows'
            when user_agent ~ 'iPhone|iPad|iPod' then 'iOS'
            when user_agent ~ 'Android' then 'Android'
            when user_agent ~ 'CrOS' then 'ChromeOS'
            when user_agent ~ 'KAIOS' then 'KaiOS'
            when user_agent ~ 'Tizen' then 'Tizen'
            when user_agent ~ 'Mac OS X|Macintosh' then 'macOS'
            when user_agent ~ 'Linux|X11' then 'Linux'
            when user_agent is not null then 'other'
        end
$$;
comment on function vibe_private.user_agent_class(text) is 'device (desktop, mobile, tablet), browser and operating system, from the User-Agent header';

-- Marked and left out of figures by default, never refused: who is wrongly taken for a program is not lost.
create function vibe_private.bot_reasons(client jsonb) returns text[]
language sql immutable parallel safe
as $$
    select array_agg(r.reason order by r.place)
    from (values
        -- Cubot makes telephones. The others are search engines, link previews, assistants, monitors, archives.
        (1, 'user_agent:crawler', client ->> 'user_agent'
            ~* '(?<!cu)bots?([/;_-]|\M)|crawl|spider|slurp|scrapy|preview|facebookexternalhit|facebookcatalog|meta-external|^whatsapp/'
                '|(apis|mediapartners|feedfetcher)-google|google-(inspectiontool|extended|read-aloud|site-verification)|googleother'
                '|(chatgpt|claude|perplexity|mistralai|duckassist)-user|anthropic-ai|lighthouse|page speed|gtmetrix|ptst/'
                '|pingdom|uptime|statuscake|site24x7|synthetic|newrelicpinger|monitoring|archiver|httrack|nutch|validator|embedly'),
        (2, 'user_agent:headless', client ->> 'user_agent'
            ~* 'headless|phantomjs|slimerjs|puppeteer|playwright|selenium|webdriver|jsdom|happydom'),
        (3, 'user_agent:program', client ->> 'user_agent'
            ~* '^(curl|wget|python|aiohttp|httpx|go-http|java|okhttp|libwww|lwp|perl|(apache-)?httpclient|axios|node|undici|got|bun/'
                '|deno/|guzzle|php|ruby|faraday|dart|postman|insomnia|restsharp|reqwest|hyper|wordpress|symfony)|powershell'),
        -- What every browser sends; null where the server looked and found none.
        (4, 'user_agent:missing', coalesce(client ->> 'user_agent', '') = '' and client ? 'user_agent'),
        (5, 'header:accept_language', client -> 'accept_language' = 'null'),
        (6, 'header:sec_fetch', client -> 'sec_fetch_mode' = 'null')
    ) as r (place, reason, holds)
    where r.holds
$$;
comment on function vibe_private.bot_reasons(jsonb) is
    'the signs that a client is a program, from what the server saw of its request; null for none';

create function vibe_private.is_bot(reasons text[]) returns boolean
language sql immutable parallel safe
as $$
    select coalesce(
        reasons && array['user_agent:crawler', 'user_agent:headless', 'user_agent:program']
        or reasons @> array['user_agent:missing'] and reasons && array['header:accept_language', 'header:sec_fetch'], false
    )
$$;
comment on function vibe_private.is_bot(text[]) is
    'whether these signs make a program: one that names itself so, or no browser''s name and no browser''s headers';
