-- A rough reading of the User-Agent header, enough for the columns of a list. The order matters: browsers name the
-- ones they descend from.
create function vibe_private.user_agent_class(user_agent text)
returns table (device text, browser text, os text)
language sql immutable parallel safe
as $$
    -- Not regular expressions, which cost ten times as much: every new visit comes by here.
    select
        case
            when user_agent is null then null
            -- Televisions and consoles: large, and nobody carries them.
            when a.name like any (array[
                '%smart-tv%', '%smarttv%', '%googletv%', '%appletv%', '%bravia%', '%hbbtv%', '%roku/%', '%web0s%', '%crkey%',
                '%playstation%', '%xbox%', '%nintendo%'
            ]) then 'desktop'
            -- An iPad asks for desktop pages since iPadOS 13, and says that it is a Macintosh.
            when a.name like any (array['%ipad%', '%tablet%', '%kindle%', '%silk/%', '%playbook%'])
                or a.name like '%android%' and a.name not like '%mobile%' then 'tablet'
            when a.name like any (array['%mobi%', '%iphone%', '%ipod%', '%windows phone%', '%opera mini%']) then 'mobile'
            else 'desktop'
        end,
        case
            -- Browsers within apps first: where visits from advertisements come from.
            when user_agent like '%Instagram%' then 'Instagram'
            when user_agent like any (array['%FBAN/%', '%FBAV/%', '%FB_IAB/%']) then 'Facebook'
            when user_agent like any (array['%BytedanceWebview%', '%musical_ly%', '%TikTok%']) then 'TikTok'
            when user_agent like '%MicroMessenger%' then 'WeChat'
            when user_agent like '%LinkedInApp%' then 'LinkedIn'
            when user_agent like any (array['%Pinterest/%', '%[Pinterest%']) then 'Pinterest'
            when user_agent like '%Snapchat%' then 'Snapchat'
            when user_agent like any (array['%Twitter for%', '%TwitterAndroid%']) then 'X'
            when user_agent like '% Line/%' then 'Line'
            when user_agent like '%GSA/%' then 'Google app'
            when user_agent like any (array['%Edg/%', '%Edge/%', '%EdgA/%', '%EdgiOS/%']) then 'Edge'
            when user_agent like any (array['%OPR/%', '%OPT/%', '%Opera%']) then 'Opera'
            when user_agent like '%SamsungBrowser/%' then 'Samsung Internet'
            when user_agent like '%YaBrowser/%' then 'Yandex'
            when user_agent like any (array['%UCBrowser/%', '%UC Browser/%', '%UBrowser/%']) then 'UC Browser'
            when user_agent like '%MiuiBrowser/%' then 'Mi Browser'
            when user_agent like '%HuaweiBrowser/%' then 'Huawei Browser'
            when user_agent like any (array['%DuckDuckGo/%', '%Ddg/%']) then 'DuckDuckGo'
            when user_agent like '%Vivaldi/%' then 'Vivaldi'
            when user_agent like '%Silk/%' then 'Silk'
            when user_agent like any (array['%Firefox/%', '%FxiOS/%']) then 'Firefox'
            when user_agent like any (array['%Chrome/%', '%CriOS/%', '%Chromium/%']) then 'Chrome'
            when user_agent like '%Safari/%' then 'Safari'
            when user_agent like any (array['%MSIE %', '%Trident/%']) then 'Internet Explorer'
            when user_agent is not null then 'other'
        end,
        case
            when user_agent like '%Windows%' then 'Windows'
            when user_agent like any (array['%iPhone%', '%iPad%', '%iPod%']) then 'iOS'
            when user_agent like '%Android%' then 'Android'
            when user_agent like '%CrOS%' then 'ChromeOS'
            when user_agent like '%KAIOS%' then 'KaiOS'
            when user_agent like '%Tizen%' then 'Tizen'
            when user_agent like any (array['%Mac OS X%', '%Macintosh%']) then 'macOS'
            when user_agent like any (array['%Linux%', '%X11%']) then 'Linux'
            when user_agent is not null then 'other'
        end
    from (select lower(user_agent_class.user_agent) as name) as a
$$;
comment on function vibe_private.user_agent_class(text) is 'device (desktop, mobile, tablet), browser and operating system, from the User-Agent header';

-- Marked and left out of figures by default, never refused: who is wrongly taken for a program is not lost.
create function vibe_private.bot_reasons(client jsonb) returns text[]
language sql immutable parallel safe
as $$
    select array_agg(r.reason order by r.place)
    from (select left(lower(client ->> 'user_agent'), 1000) as name) as a
    cross join lateral (values
        -- Search engines, link previews, assistants, monitors, archives. Cubot makes telephones.
        (1, 'user_agent:crawler', a.name like any (array[
            '%crawl%', '%spider%', '%slurp%', '%scrapy%', '%preview%', '%facebookexternalhit%', '%facebookcatalog%', '%meta-external%',
            'whatsapp/%', '%apis-google%', '%mediapartners-google%', '%feedfetcher-google%', '%google-inspectiontool%', '%googleother%',
            '%google-extended%', '%google-read-aloud%', '%google-site-verification%', '%chatgpt-user%', '%claude-user%',
            '%perplexity-user%', '%mistralai-user%', '%anthropic-ai%', '%lighthouse%', '%page speed%', '%gtmetrix%', '%ptst/%',
            '%pingdom%', '%uptime%', '%statuscake%', '%site24x7%', '%synthetic%', '%newrelicpinger%', '%monitoring%', '%archiver%',
            '%httrack%', '%nutch%', '%validator%', '%embedly%'
        ]) or a.name like '%bot%' and a.name ~ '(?<!cu)bots?([/;_-]|\M)'),
        (2, 'user_agent:headless', a.name like any (array[
            '%headless%', '%phantomjs%', '%slimerjs%', '%puppeteer%', '%playwright%', '%selenium%', '%webdriver%', '%jsdom%', '%happydom%'
        ])),
        (3, 'user_agent:program', a.name like '%powershell%' or a.name not like 'mozilla/%'
            and a.name ~ '^(curl|wget|python|aiohttp|httpx|go-http|java|okhttp|libwww|lwp|perl|(apache-)?httpclient|axios|node|undici|got|bun/'
                '|deno/|guzzle|php|ruby|faraday|dart|postman|insomnia|restsharp|reqwest|hyper|wordpress|symfony)'),
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
