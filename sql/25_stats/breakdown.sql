-- Top pages, referrers, campaigns, devices …: one query for all, made of the columns that a list of names allows.
create function vibe.stats_breakdown(
    site text default null,
    dimension text default 'page',
    first_day date default null,
    last_day date default null,
    filters jsonb default '{}',
    max_rows integer default 10,
    compare boolean default false
)
returns table (
    value text,
    users bigint,
    sessions bigint,
    page_views bigint,
    share numeric,
    bounce_rate numeric,
    average_session_seconds numeric,
    previous_users bigint,
    previous_sessions bigint
)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    of_site integer := vibe.site_id(site);
    days record;
    wanted jsonb := vibe.check_stats_filters(filters);
begin
    if vibe.stats_column(dimension) is null then
        raise exception 'dimension is "%"', dimension
            using errcode = 'invalid_parameter_value', detail = 'It must be one of ' || vibe.stats_dimensions() || '.';
    elsif max_rows is null or max_rows not between 1 and 10000 then
        raise exception 'max_rows is %', coalesce(max_rows::text, 'null')
            using errcode = 'invalid_parameter_value', detail = 'It must be 1 to 10000.';
    end if;
    select * into days from vibe.stats_range(of_site, first_day, last_day);
    return query execute format($query$
        with now as (%1$s), before as (%2$s)
        select
            n.value, n.users, n.sessions, n.page_views,
            round(n.users / nullif(sum(n.users) over (), 0), 4),
            round(n.bounced::numeric / nullif(n.sessions, 0), 4),
            round(n.seconds::numeric / nullif(n.sessions, 0), 1),
            case when $7 then coalesce(b.users, 0) end,
            case when $7 then coalesce(b.sessions, 0) end
        from now as n
        left join before as b on b.value is not distinct from n.value
        order by n.users desc, n.sessions desc, n.value
        limit $6
    $query$,
        vibe.stats_counts_query(dimension, wanted, '$2', '$3'),
        case when compare then vibe.stats_counts_query(dimension, wanted, '$4', '$5')
            else 'select null::text as value, null::bigint as users, null::bigint as sessions' end
    ) using of_site, days.begins, days.ends, days.previous_begins, days.previous_ends, max_rows, compare, wanted;
end
$$;
comment on function vibe.stats_breakdown(text, text, date, date, jsonb, integer, boolean) is
'the values of a dimension by users: page, entry_page, exit_page, referrer_domain, channel, utm_source, utm_medium, utm_campaign, utm_term, utm_content, device, browser, os, event_name, bot_reasons. share is of the sum of users over all values; bounce rate and seconds are those of sessions (null for page and event_name). filters: {"channel": ["email"], "page": "/pricing", "bots": "include"}, an empty text stands for no value; compare adds the equally long range before';
grant execute on function vibe.stats_breakdown(text, text, date, date, jsonb, integer, boolean) to vibe_analyst;

create function vibe.stats_dimensions() returns text
language sql immutable parallel safe
as $$
    select 'page, event_name, entry_page, exit_page, referrer_domain, channel, utm_source, utm_medium, utm_campaign, utm_term, utm_content, device, browser, os, bot_reasons'
$$;
comment on function vibe.stats_dimensions() is 'what stats_breakdown() can divide by and filter on';
grant execute on function vibe.stats_dimensions() to vibe_analyst;

create function vibe.stats_column(dimension text) returns text
language sql immutable parallel safe
as $$
    select case
        when dimension = any (array['page', 'event_name']) then format('e.%I', dimension)
        when dimension = 'bot_reasons' then 'array_to_string(s.bot_reasons, '' '')'
        when dimension = any (string_to_array(vibe.stats_dimensions(), ', ')) then format('s.%I', dimension)
    end
$$;
comment on function vibe.stats_column(text) is 'the expression of a dimension over an event e or a session s; null for none';
grant execute on function vibe.stats_column(text) to vibe_analyst;

-- Every filter becomes a list of texts, so that the query has one form for all.
create function vibe.check_stats_filters(filters jsonb) returns jsonb
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
    each record;
    lists jsonb := '{}';
begin
    if jsonb_typeof(coalesce(filters, '{}')) <> 'object' then
        raise exception 'filters is %', filters using errcode = 'invalid_parameter_value', detail = 'It must be an object.';
    end if;
    for each in select f.key, f.value from jsonb_each(filters) as f order by f.key loop
        if each.key = 'bots' then
            if each.value not in ('"exclude"', '"include"', '"only"') then
                raise exception 'filters.bots is %', each.value
                    using errcode = 'invalid_parameter_value', detail = 'It must be "exclude", "include" or "only".';
            end if;
            lists := lists || jsonb_build_object('bots', each.value);
            continue;
        elsif vibe.stats_column(each.key) is null then
            raise exception 'filters has the key "%"', each.key
                using errcode = 'invalid_parameter_value', detail = 'It may have bots, ' || vibe.stats_dimensions() || '.';
        end if;
        if jsonb_typeof(each.value) <> 'array' then
            each.value := jsonb_build_array(each.value);
        end if;
        if jsonb_array_length(each.value) not between 1 and 100
            or exists (select from jsonb_array_elements(each.value) as v where jsonb_typeof(v) not in ('string', 'null')) then
            raise exception 'filters.% is %', each.key, left(each.value::text, 100)
                using errcode = 'invalid_parameter_value', detail = 'It must be text or an array of 1 to 100 texts.';
        end if;
        lists := lists || jsonb_build_object(each.key, (
            select jsonb_agg(coalesce(v, '')) from jsonb_array_elements_text(each.value) as v
        ));
    end loop;
    return lists;
end
$$;
comment on function vibe.check_stats_filters(jsonb) is 'filters of reports with each value as a list of texts; an error names the key that is wrong';
grant execute on function vibe.check_stats_filters(jsonb) to vibe_analyst;

-- Parameters of the query: $1 the site, $8 the checked filters, and those named.
create function vibe.stats_counts_query(dimension text, filters jsonb, begins text, ends text) returns text
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
    by_event constant boolean := dimension in ('page', 'event_name');
    conditions text := '';
    key text;
begin
    for key in select k from jsonb_object_keys(filters) as k where k <> 'bots' order by k loop
        conditions := conditions || format(
            case when key in ('page', 'event_name') and not by_event then
                ' and exists (select from vibe.user_events as e where e.site_id = s.site_id and e.user_id = s.user_id
                    and e.occurred_at >= s.started_at and e.occurred_at <= s.last_seen_at and e.session_id = s.session_id
                    and coalesce(%1$s, '''') = any (array(select jsonb_array_elements_text($8 -> %2$L))))'
            else ' and coalesce(%1$s, '''') = any (array(select jsonb_array_elements_text($8 -> %2$L)))' end,
            vibe.stats_column(key), key
        );
    end loop;
    if by_event then
        return format($query$
            select %1$s as value, count(distinct coalesce(u.merged_into, u.user_id)) as users,
                count(distinct e.session_id) as sessions, count(*) filter (where e.event_name = 'page_view') as page_views,
                null::bigint as bounced, null::numeric as seconds
            from vibe.user_events as e
            join vibe.site_users as u on u.site_id = e.site_id and u.user_id = e.user_id
            %2$s
            where e.site_id = $1 and e.occurred_at >= %3$s and e.occurred_at < %4$s %5$s %6$s %7$s
            group by 1
        $query$,
            vibe.stats_column(dimension),
            case when filters - array['bots', 'page', 'event_name'] <> '{}' then
                'join vibe.site_sessions as s on s.site_id = e.site_id and s.session_id = e.session_id' else '' end,
            begins, ends,
            case dimension when 'page' then 'and e.event_name = ''page_view''' else '' end,
            case filters ->> 'bots' when 'include' then '' when 'only' then 'and e.is_bot' else 'and not e.is_bot' end,
            conditions
        );
    end if;
    return format($query$
        select %1$s as value, count(distinct coalesce(u.merged_into, u.user_id)) as users,
            count(*) as sessions, sum(s.page_views) as page_views,
            count(*) filter (where s.page_views <= 1 and s.events = 0) as bounced,
            sum(extract(epoch from s.last_seen_at - s.started_at)) as seconds
        from vibe.site_sessions as s
        join vibe.site_users as u on u.site_id = s.site_id and u.user_id = s.user_id
        where s.site_id = $1 and s.started_at >= %2$s and s.started_at < %3$s %4$s %5$s
        group by 1
    $query$,
        vibe.stats_column(dimension), begins, ends,
        case filters ->> 'bots' when 'include' then '' when 'only' then 'and s.is_bot' else 'and not s.is_bot' end,
        conditions
    );
end
$$;
comment on function vibe.stats_counts_query(text, jsonb, text, text) is
'the query that counts the values of a dimension between two parameters, under checked filters';
grant execute on function vibe.stats_counts_query(text, jsonb, text, text) to vibe_analyst;
