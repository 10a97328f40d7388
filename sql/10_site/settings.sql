-- What an owner changes of a site by itself; its clock, its currency and how long it keeps events have more to do and functions of their own.
create function vibe.change_site(
    site text,
    name text default null,
    domain text default null,
    allowed_origins text[] default null
) returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    target int := vibe.site_id(change_site.site, 'owner');
    wanted text[];
begin
    if change_site.name is not null then
        perform vibe_private.check_site_name(change_site.name);
    end if;
    if change_site.domain is not null and change_site.domain !~ '^[^[:space:][:cntrl:]]{0,253}$' then
        perform vibe_private.fail(
            format('domain "%s" is not allowed', left(change_site.domain, 120)),
            hint => 'at most 253 characters without spaces, such as shop.example; '''' for none'
        );
    end if;
    wanted := vibe_private.checked_origins(change_site.allowed_origins);
    update vibe.sites as s set
        name = coalesce(change_site.name, s.name),
        domain = case when change_site.domain is null then s.domain else nullif(change_site.domain, '') end,
        allowed_origins = coalesce(wanted, s.allowed_origins)
    where s.site_id = target;
exception when unique_violation then
    perform vibe_private.fail(format('site "%s" exists already', change_site.name), errcode => '23505');
end
$$;
comment on function vibe.change_site(text, text, text, text[]) is
    'gives a site another name, domain ('''' for none) or list of origins whose pages may send events (empty for any); null leaves as it is. Owners only. Definer: nobody may write sites directly';
grant execute on function vibe.change_site(text, text, text, text[]) to vibe_member;

create function vibe.change_site_key(site text) returns text
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    target int := vibe.site_id(change_site_key.site, 'owner');
    made text;
begin
    update vibe.sites as s set key = replace(gen_random_uuid()::text, '-', '') where s.site_id = target
    returning s.key into made;
    return made;
end
$$;
comment on function vibe.change_site_key(text) is
    'gives a site a new public key and returns it; pages that send the old one are refused from the next batch on. Owners only. Definer: nobody may write sites directly';
grant execute on function vibe.change_site_key(text) to vibe_member;

create function vibe_private.check_site_name(name text) returns void
language plpgsql immutable
as $$
begin
    if name is null or name !~ '^\S(.{0,98}\S)?$' or name ~ '^[0-9]+$' then
        perform vibe_private.fail(
            format('site name "%s" is not allowed', left(name, 120)),
            hint => '1 to 100 characters, not digits alone, no space at either end'
        );
    end if;
end
$$;
comment on function vibe_private.check_site_name(text) is 'refuses what no site can be called';

create function vibe_private.check_currency(currency text) returns void
language plpgsql immutable
as $$
begin
    if currency is null or currency !~ '^[A-Z]{3}$' then
        perform vibe_private.fail(format('currency "%s" is unknown', coalesce(left(currency, 120), 'null')), hint => 'use three capital letters such as BRL');
    end if;
end
$$;
comment on function vibe_private.check_currency(text) is 'refuses what is not written like a currency of ISO 4217';

create function vibe_private.checked_origins(given text[]) returns text[]
language plpgsql immutable
as $$
declare
    origin text;
    clean text;
    kept text[] := '{}';
begin
    if given is null then
        return null;
    end if;
    foreach origin in array given loop
        -- Browsers send small letters, no path and no port that goes without saying; pages inside apps have schemes of their own.
        clean := regexp_replace(regexp_replace(regexp_replace(lower(trim(origin)), '/$', ''), '^(https://.*):443$', '\1'), '^(http://.*):80$', '\1');
        if clean is null or length(clean) > 300 or clean !~ '^[a-z][a-z0-9+.-]*://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?$' then
            perform vibe_private.fail(
                format('origin "%s" is not allowed', left(coalesce(origin, 'null'), 120)),
                hint => 'write scheme and host as in https://shop.example, without a path; letters beyond ASCII as browsers send them (xn--…)'
            );
        elsif clean <> all (kept) then
            kept := kept || clean;
        end if;
    end loop;
    if cardinality(kept) > 100 then
        perform vibe_private.fail(format('%s origins are too many', cardinality(kept)), hint => 'a site may list 100');
    end if;
    return kept;
end
$$;
comment on function vibe_private.checked_origins(text[]) is 'the origins as browsers write them, each once; refuses what is none, null for null';
