-- Who visits by the name it gives: browsers of people, browsers within apps, and programs. Each line says what must be read
-- of it: device, browser, system and the reason to take it for a program; only lines that are read otherwise are shown.
\pset format unaligned
create table public.agents (place serial, device text, browser text, os text, reason text, agent text);
insert into public.agents (device, browser, os, reason, agent) values
    -- Browsers.
    ('desktop', 'Chrome', 'Windows', null, 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36'),
    ('desktop', 'Chrome', 'macOS', null, 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36'),
    ('desktop', 'Safari', 'macOS', null, 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15'),
    ('desktop', 'Firefox', 'Linux', null, 'Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0'),
    ('desktop', 'Edge', 'Windows', null, 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36 Edg/125.0.2535.92'),
    ('desktop', 'Edge', 'Windows', null, 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/64.0.3282.140 Safari/537.36 Edge/18.17763'),
    ('desktop', 'Opera', 'macOS', null, 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36 OPR/110.0.0.0'),
    ('desktop', 'Vivaldi', 'Linux', null, 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36 Vivaldi/6.7'),
    ('desktop', 'Yandex', 'Windows', null, 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 YaBrowser/24.6.0 Safari/537.36'),
    ('desktop', 'Internet Explorer', 'Windows', null, 'Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko'),
    ('desktop', 'Internet Explorer', 'Windows', null, 'Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 5.1; Trident/4.0)'),
    ('desktop', 'Chrome', 'ChromeOS', null, 'Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36'),
    ('mobile', 'Safari', 'iOS', null, 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1'),
    ('tablet', 'Safari', 'iOS', null, 'Mozilla/5.0 (iPad; CPU OS 12_5_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/12.1.2 Mobile/15E148 Safari/604.1'),
    ('mobile', 'Chrome', 'iOS', null, 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/126.0.6478.35 Mobile/15E148 Safari/604.1'),
    ('mobile', 'Firefox', 'iOS', null, 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/127.0 Mobile/15E148 Safari/605.1.15'),
    ('mobile', 'Edge', 'iOS', null, 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 EdgiOS/125.0 Mobile/15E148 Safari/604.1'),
    ('mobile', 'DuckDuckGo', 'iOS', null, 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 DuckDuckGo/7 Safari/605.1.15'),
    ('mobile', 'Chrome', 'Android', null, 'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36'),
    ('tablet', 'Chrome', 'Android', null, 'Mozilla/5.0 (Linux; Android 13; SM-X906C) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36'),
    ('mobile', 'Samsung Internet', 'Android', null, 'Mozilla/5.0 (Linux; Android 14; SAMSUNG SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36'),
    ('mobile', 'Firefox', 'Android', null, 'Mozilla/5.0 (Android 14; Mobile; rv:127.0) Gecko/127.0 Firefox/127.0'),
    ('mobile', 'Opera', 'other', null, 'Opera/9.80 (J2ME/MIDP; Opera Mini/7.1.32052/29.3709; U; en) Presto/2.8.119 Version/11.10'),
    ('mobile', 'Opera', 'iOS', null, 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1 OPT/4.7'),
    ('mobile', 'UC Browser', 'Android', null, 'Mozilla/5.0 (Linux; U; Android 9; en-US; RMX1821) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/78.0 UCBrowser/13.4.0.1306 Mobile Safari/537.36'),
    ('mobile', 'Mi Browser', 'Android', null, 'Mozilla/5.0 (Linux; U; Android 12; pt-br; M2101K7AG) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/112.0 Mobile Safari/537.36 XiaoMi/MiuiBrowser/14.8'),
    ('mobile', 'Huawei Browser', 'Android', null, 'Mozilla/5.0 (Linux; Android 10; HarmonyOS; NOH-AN01) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/99.0 HuaweiBrowser/12.1 Mobile Safari/537.36'),
    ('tablet', 'Silk', 'Android', null, 'Mozilla/5.0 (Linux; Android 9; KFMAWI) AppleWebKit/537.36 (KHTML, like Gecko) Silk/121.4 like Chrome/121.0 Safari/537.36'),
    ('mobile', 'Edge', 'Windows', null, 'Mozilla/5.0 (Windows Phone 10.0; Android 6.0.1; Microsoft; Lumia 950) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/52.0 Mobile Safari/537.36 Edge/15.15063'),
    ('mobile', 'Firefox', 'KaiOS', null, 'Mozilla/5.0 (Mobile; Nokia_8110_4G; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5'),
    ('mobile', 'Chrome', 'Android', null, 'Mozilla/5.0 (Linux; Android 9; CUBOT_X19) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36'),
    ('mobile', 'Chrome', 'Android', null, 'Mozilla/5.0 (Linux; Android 11; CUBOT KING KONG) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36'),
    ('desktop', 'Samsung Internet', 'Tizen', null, 'Mozilla/5.0 (SMART-TV; LINUX; Tizen 6.0) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/3.0 Chrome/76.0 TV Safari/537.36'),
    ('desktop', 'Chrome', 'Linux', null, 'Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/87.0.4280.88 Safari/537.36 WebAppManager'),
    ('desktop', 'Chrome', 'Android', null, 'Mozilla/5.0 (Linux; Android 10; BRAVIA 4K VH2) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36'),
    ('desktop', 'Edge', 'Windows', null, 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; Xbox; Xbox Series X) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0 Safari/537.36 Edg/125.0'),
    ('desktop', 'Safari', 'other', null, 'Mozilla/5.0 (PlayStation; PlayStation 5/6.50) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/15.4 Safari/605.1.15'),
    -- Browsers within apps.
    ('mobile', 'Facebook', 'iOS', null, 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [FBAN/FBIOS;FBAV/469.0.0.33;FBDV/iPhone14,5;FBLC/pt_BR]'),
    ('mobile', 'Facebook', 'Android', null, 'Mozilla/5.0 (Linux; Android 14; SM-A546E Build/UP1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/125.0 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/468.0.0.41.73;]'),
    ('mobile', 'Instagram', 'iOS', null, 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/21F79 Instagram 335.1.8.26.85 (iPhone14,5; iOS 17_5; pt_BR)'),
    ('mobile', 'Instagram', 'Android', null, 'Mozilla/5.0 (Linux; Android 13; M2101K6G Build/TKQ1; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/125.0 Mobile Safari/537.36 Instagram 334.0.0.42.95 Android'),
    ('mobile', 'TikTok', 'iOS', null, 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 musical_ly_34.9.0 JsSdk/2.0 NetType/WIFI BytedanceWebview/d8a21c6'),
    ('mobile', 'WeChat', 'Android', null, 'Mozilla/5.0 (Linux; Android 12; V2055A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/107.0 Mobile Safari/537.36 MicroMessenger/8.0.49'),
    ('mobile', 'LinkedIn', 'iOS', null, 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [LinkedInApp]/9.29.7'),
    ('mobile', 'Pinterest', 'Android', null, 'Mozilla/5.0 (Linux; Android 14; Pixel 8; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/125.0 Mobile Safari/537.36 [Pinterest/Android]'),
    ('mobile', 'Snapchat', 'iOS', null, 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Snapchat/12.91.0.37 (like Safari/8618.2.12.10.9, panda)'),
    ('mobile', 'X', 'iOS', null, 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Twitter for iPhone/10.44'),
    ('mobile', 'Line', 'Android', null, 'Mozilla/5.0 (Linux; Android 13; SO-51C; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/125.0 Mobile Safari/537.36 Line/14.8.0/IAB'),
    ('mobile', 'Google app', 'iOS', null, 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) GSA/320.0.640 Mobile/15E148 Safari/604.1'),
    ('mobile', 'Chrome', 'Android', null, 'Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/AP1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/125.0.6422.165 Mobile Safari/537.36'),
    ('desktop', 'Chrome', 'Windows', null, 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Slack/4.38.125 Chrome/124.0 Electron/30.0.9 Safari/537.36'),
    ('mobile', 'other', 'Android', null, 'Dalvik/2.1.0 (Linux; U; Android 13; SM-G991B Mobile)'),
    ('desktop', 'other', 'other', null, 'Shop/3.1 CFNetwork/1496.0.7 Darwin/23.5.0');
-- Programs; how they are read otherwise does not matter, as they are left out.
insert into public.agents (reason, agent) select 'user_agent:crawler', unnest(array[
    'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
    'Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
    'Mozilla/5.0 (compatible; Google-InspectionTool/1.0;)', 'GoogleOther', 'AdsBot-Google (+http://www.google.com/adsbot.html)', 'Mediapartners-Google',
    'APIs-Google (+https://developers.google.com/webmasters/APIs-Google.html)', 'FeedFetcher-Google; (+http://www.google.com/feedfetcher.html)',
    'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/116.0 Safari/537.36',
    'Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/534+ (KHTML, like Gecko) BingPreview/1.0b', 'Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)',
    'DuckDuckBot/1.1; (+http://duckduckgo.com/duckduckbot.html)', 'Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)',
    'Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)', 'Mozilla/5.0 (compatible; YandexMetrika/2.0; +http://yandex.com/bots)',
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.1.1 Safari/605.1.15 (Applebot/0.1)',
    'facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)', 'meta-externalagent/1.1 (+https://developers.facebook.com/docs/sharing/webmasters/crawler)',
    'Twitterbot/1.0', 'LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)', 'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)',
    'Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)', 'TelegramBot (like TwitterBot)', 'WhatsApp/2.23.20.0', 'Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5',
    'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.1; +https://openai.com/gptbot)', 'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; ChatGPT-User/1.0; +https://openai.com/bot',
    'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)', 'Mozilla/5.0 (compatible; Claude-User/1.0; +claude-user@anthropic.com)',
    'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; PerplexityBot/1.0; +https://perplexity.ai/perplexitybot)', 'CCBot/2.0 (https://commoncrawl.org/faq/)',
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_10_1) AppleWebKit/600.2.5 (KHTML, like Gecko) Version/8.0.2 Safari/600.2.5 (Amazonbot/0.1)', 'Mozilla/5.0 (compatible; Bytespider; spider-feedback@bytedance.com)',
    'Mozilla/5.0 (compatible; SemrushBot/7~bl; +http://www.semrush.com/bot.html)', 'Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)', 'Mozilla/5.0 (compatible; MJ12bot/v1.4.8; http://mj12bot.com/)',
    'Screaming Frog SEO Spider/20.1', 'Mozilla/5.0 (compatible; archive.org_bot +http://archive.org/details/archive.org_bot)', 'ia_archiver (+http://www.alexa.com/site/help/webmasters)', 'W3C_Validator/1.3', 'Scrapy/2.11 (+https://scrapy.org)',
    'Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)', 'Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)', 'Mozilla/5.0 (compatible; StatusCake) Chrome', 'Site24x7',
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0 Safari/537.36 DatadogSynthetics',
    'Mozilla/5.0 (Linux; Android 11; moto g power (2022)) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0 Mobile Safari/537.36 Chrome-Lighthouse',
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0 Safari/537.36 GTmetrix', 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0 Safari/537.36 PTST/240601']);
insert into public.agents (reason, agent) select 'user_agent:headless', unnest(array[
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/126.0.0.0 Safari/537.36', 'Mozilla/5.0 (Unknown; Linux x86_64) AppleWebKit/538.1 (KHTML, like Gecko) PhantomJS/2.1.1 Safari/538.1',
    'Mozilla/5.0 (linux) AppleWebKit/537.36 (KHTML, like Gecko) jsdom/22.1.0', 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0 Safari/537.36 Playwright/1.44']);
insert into public.agents (reason, agent) select 'user_agent:program', unnest(array[
    'curl/8.7.1', 'Wget/1.21.4', 'python-requests/2.32.3', 'Python-urllib/3.11', 'Python/3.11 aiohttp/3.9.5', 'Go-http-client/2.0', 'Java/17.0.11', 'okhttp/4.12.0', 'Apache-HttpClient/5.3.1 (Java/17.0.11)',
    'libwww-perl/6.77', 'axios/1.7.2', 'node-fetch/1.0 (+https://github.com/bitinn/node-fetch)', 'node', 'undici', 'got (https://github.com/sindresorhus/got)', 'GuzzleHttp/7', 'PHP/8.3.8', 'Ruby', 'Faraday v2.9.1',
    'Dart/3.4 (dart:io)', 'PostmanRuntime/7.39.0', 'insomnia/9.2.0', 'WordPress/6.5.4; https://shop.example', 'Mozilla/5.0 (Windows NT; Windows NT 10.0; pt-BR) WindowsPowerShell/5.1.22621.2506', 'reqwest/0.12.4']);
select count(*) filter (where reason is null) as people, count(*) filter (where reason is not null) as programs from public.agents;
select a.agent, b.reasons, a.reason from public.agents as a
cross join lateral (select vibe_private.bot_reasons(jsonb_build_object('user_agent', a.agent, 'accept_language', 'en', 'sec_fetch_mode', 'cors')) as reasons) as b
where (vibe_private.is_bot(b.reasons), coalesce(a.reason = any (b.reasons), b.reasons is null)) is distinct from (a.reason is not null, true) order by a.place;
select a.agent, c.device, c.browser, c.os, a.device, a.browser, a.os from public.agents as a cross join lateral vibe_private.user_agent_class(a.agent) as c
where a.device is not null and (c.device, c.browser, c.os) is distinct from (a.device, a.browser, a.os) order by a.place;

-- All of them visit: programs are kept with their reasons, and are in no figure that does not ask for them.
select vibe.create_site('shop') \g /dev/null
update vibe.sites set key = 'shop-key';
select sum((i.body ->> 'accepted')::int) from vibe_private.ingest(
    array(select jsonb_build_object('site', 'shop-key', 'visitor', 'visitor-' || place, 'sent_at', 5, 'items', jsonb_build_array(jsonb_build_object(
        'type', 'page_view', 'id', gen_random_uuid(), 'time', 5, 'url', 'https://shop.example/')))::text from public.agents order by place),
    array(select jsonb_build_object('user_agent', agent) from public.agents order by place)) as i;
select unnest(bot_reasons) as reason, count(*), bool_and(is_bot) as is_bot from vibe.site_sessions where bot_reasons is not null group by 1 order by 1;
select (select count(*) from vibe.user_events) as events, (select count(*) from vibe.user_events where is_bot) as of_programs, (select count(*) from vibe.events) as in_view,
    (select count(*) from vibe.sessions) as sessions, (select count(*) from vibe.get_online_users('shop')) as online;
select vibe.calculate_daily_stats('shop', (now() at time zone s.time_zone)::date, (now() at time zone s.time_zone)::date) from vibe.sites as s;
select sessions, page_views, visitors from vibe.daily_stats where page_views > 0;
