-- Addresses and names in the words that visits and events have.

create function vibe_private.home_address(of_site integer) returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select 'https://' || s.domain from vibe.sites as s where s.site_id = of_site
$$;
comment on function vibe_private.home_address(integer) is 'the address of a site; null where its domain was not told';

-- In line, since it is asked for each of millions of events: hence not strict.
create function vibe_private.url_page(url text) returns text
language sql
immutable
parallel safe
as $$
    select coalesce(nullif(substring(url from '^(?:[^/]+//[^/?#]*)?([^?#]*)'), ''), case when url is not null then '/' end)
$$;
comment on function vibe_private.url_page(text) is 'the path of an address, which may be the path itself; null for null';

create function vibe_private.foreign_referrer(referrer text, url text, home text) returns text
language sql
immutable
parallel safe
as $$
    select case
        when coalesce(referrer, '') = '' or split_part(referrer, '/', 3) = split_part(url, '/', 3) and url not like '/%' then null
        when vibe_private.url_domain(referrer) is distinct from coalesce(vibe_private.url_domain(url), vibe_private.url_domain(home))
            then referrer
    end
$$;
comment on function vibe_private.foreign_referrer(text, text, text) is
'a referrer unless it is of the same domain as the page (of the site where the page is but a path)';

-- Other tools' words for what vibe_private.user_agent_class() tells.
create function vibe_private.device_class(device text) returns text
language sql
immutable
strict
parallel safe
as $$
    select case
        when device ~* 'tablet|ipad' then 'tablet'
        when device ~* 'mobile|phone' then 'mobile'
        else 'desktop'
    end
$$;
comment on function vibe_private.device_class(text) is 'desktop, mobile or tablet; televisions and consoles count as desktop';

create function vibe_private.browser_class(browser text) returns text
language sql
immutable
strict
parallel safe
as $$
    select case
        when browser ~* 'edge' then 'Edge'
        when browser ~* 'opera' then 'Opera'
        when browser ~* 'samsung' then 'Samsung Internet'
        when browser ~* 'firefox|fxios' then 'Firefox'
        when browser ~* 'chrom|crios|android webview' then 'Chrome'
        when browser ~* 'safari|^ios' then 'Safari'
        else 'other'
    end
$$;
comment on function vibe_private.browser_class(text) is 'the browser, by the names that sessions have';

create function vibe_private.os_class(os text) returns text
language sql
immutable
strict
parallel safe
as $$
    select case
        when os ~* 'windows' then 'Windows'
        when os ~* '^(ios|ipados|iphone|ipad)' then 'iOS'
        when os ~* 'android' then 'Android'
        when os ~* 'chrom(e|ium) ?os|^cros' then 'ChromeOS'
        when os ~* 'mac' then 'macOS'
        when os ~* 'linux|ubuntu|fedora|debian' then 'Linux'
        else 'other'
    end
$$;
comment on function vibe_private.os_class(text) is 'the operating system, by the names that sessions have';
