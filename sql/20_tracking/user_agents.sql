-- A rough reading of the User-Agent header, enough for the columns of a list. The order matters: browsers name the
-- ones they descend from.
create function vibe_private.user_agent_class(user_agent text)
returns table (device text, browser text, os text, is_bot boolean)
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
        end,
        coalesce(
            -- Cubot makes telephones.
            user_agent ~* '(?<!cu)bot\M|bots?[/;_-]|crawl|spider|slurp|headless|phantomjs|puppeteer|lighthouse|pingdom|preview|scrapy'
            or user_agent ~* '^(curl|wget|python|go-http|java|okhttp|libwww|httpclient|axios|node)', false
        )
$$;
comment on function vibe_private.user_agent_class(text) is 'device, browser, operating system and whether it is a program, from the User-Agent header';
