-- A rough reading of the User-Agent header, enough for the columns of a list. The order matters: browsers name the
-- ones they descend from.
create function vibe_private.user_agent_class(user_agent text)
returns table (device text, browser text, os text)
language sql immutable parallel safe
as $$
    select
        case
            when user_agent is null then null
            when user_agent ~* 'ipad|tablet|kindle|silk|playbook' or user_agent ~ 'Android(?!.*Mobile)' then 'tablet'
            when user_agent ~* 'mobi|iphone|ipod|windows phone' then 'mobile'
            else 'desktop'
        end,
        case
            when user_agent ~ 'Edg(e|A|iOS)?/' then 'Edge'
            when user_agent ~ 'OPR/|Opera' then 'Opera'
            when user_agent ~ 'SamsungBrowser/' then 'Samsung Internet'
            when user_agent ~ 'Firefox/|FxiOS/' then 'Firefox'
            when user_agent ~ 'Chrome/|CriOS/|Chromium/' then 'Chrome'
            when user_agent ~ 'Safari/' then 'Safari'
            when user_agent is not null then 'other'
        end,
        case
            when user_agent ~ 'Windows' then 'Windows'
            when user_agent ~ 'iPhone|iPad|iPod' then 'iOS'
            when user_agent ~ 'Android' then 'Android'
            when user_agent ~ 'CrOS' then 'ChromeOS'
            when user_agent ~ 'Mac OS X|Macintosh' then 'macOS'
            when user_agent ~ 'Linux|X11' then 'Linux'
            when user_agent is not null then 'other'
        end
$$;
comment on function vibe_private.user_agent_class(text) is 'device, browser and operating system, from the User-Agent header';

-- Marked and left out of figures by default, never refused: who is wrongly taken for a program is not lost.
create function vibe_private.bot_reasons(client jsonb) returns text[]
language sql immutable parallel safe
as $$
    select array_agg(r.reason order by r.place)
    from (values
        -- Cubot makes telephones.
        (1, 'user_agent:crawler', client ->> 'user_agent'
            ~* '(?<!cu)bot\M|bots?[/;_-]|crawl|spider|slurp|lighthouse|pingdom|preview|scrapy'),
        (2, 'user_agent:headless', client ->> 'user_agent' ~* 'headless|phantomjs|puppeteer'),
        (3, 'user_agent:program', client ->> 'user_agent'
            ~* '^(curl|wget|python|go-http|java|okhttp|libwww|httpclient|axios|node)'),
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
