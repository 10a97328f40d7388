-- Files of what the views show, for spreadsheets and other programs: with the view's filters.
create function vibe.export_customers(
    site text default null, month text default null, cluster text default null, search text default null, sort text default 'monetary.desc',
    as_of timestamptz default null, format text default 'csv', bom boolean default false
) returns refcursor
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set cursor_tuple_fraction = 1
set jit = off
as $$
#variable_conflict use_variable
declare
    of_site constant integer := vibe.site_id(site);
    asked record;
    found bigint[];
    is_descending constant boolean := split_part(sort, '.', 2) = 'desc';
    response refcursor := 'response';
begin
    perform vibe.check_customer_list(cluster, sort, search);
    select * into asked from vibe.analytics_month(of_site::text, coalesce(month, vibe.latest_month(of_site, as_of)), as_of);
    if nullif(search, '') is not null then
        found := vibe.search_customers(of_site::text, search);
    end if;
    perform vibe.set_file_headers('customers-' || asked.month, format);
    open response for execute vibe.file_query(
        format(
            $query$
                select
                    a.customer_id, c.external_id, c.name, c.email, a.cluster, l.label_en, l.label_pt,
                    a.recency, a.frequency, a.monetary, $7, a.r_score, a.f_score, a.m_score, a.small_n, a.foreign_orders,
                    b.cluster, b.monetary, case when $5 and b.monetary > 0 then round(a.monetary / b.monetary - 1, 4) end,
                    case when $6 then c.order_count end, case when $6 then c.total_spent end,
                    case when $6 then c.first_purchase_at end, case when $6 then c.last_purchase_at end
                from %s as a
                join vibe.customers as c on c.site_id = $3 and c.customer_id = a.customer_id
                join vibe.rfm_cluster_labels as l on l.cluster = a.cluster
                left join vibe.rfm_analysis as b
                    on b.site_id = $3 and b.customer_id = a.customer_id and b.period_end = $4 and b.period_start = ($4 - interval '1 month')::date
                where ($1 is null or a.customer_id = any ($1)) and ($2 is null or a.cluster = $2)
                order by %s %s %s, a.customer_id %s
            $query$,
            vibe.month_source(asked.site_id, asked.period_start, asked.period_end, asked.through, asked.map_version, as_of is null),
            case split_part(sort, '.', 1) when 'name' then 'lower(c.name)' else 'a.' || split_part(sort, '.', 1) end,
            case when is_descending then 'desc' else 'asc' end,
            case when sort like 'name%' then 'nulls last' end,
            case when is_descending then 'desc' else 'asc' end
        ),
        '{customer_id,external_id,name,email,cluster,label,label_pt,recency,frequency,monetary,currency,r_score,f_score,m_score,small_n,foreign_orders,previous_cluster,previous_monetary,monetary_change,order_count,total_spent,first_purchase_at,last_purchase_at}',
        format, bom
    ) using found, nullif(cluster, ''), of_site, asked.period_start, asked.through = asked.period_end, as_of is null, asked.currency::text;
    return response;
end
$$;
comment on function vibe.export_customers(text, text, text, text, text, timestamptz, text, boolean) is
'the customers of a month as a file: all whom GET /api/v1/customers would list page by page, and with its filters. month: as 2026-01, the newest stored one unless given; cluster: of RFM; search: part of name, e-mail or the shop''s own number; sort: monetary, recency, frequency, name or customer_id, then .asc or .desc. Opens the cursor of vibe.export_rows()';
grant execute on function vibe.export_customers(text, text, text, text, text, timestamptz, text, boolean) to vibe_analyst;

create function vibe.check_customer_list(cluster text, sort text, search text) returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    perform vibe.check_page(1, 1, search);
    if nullif(cluster, '') is not null and not exists (select from vibe.rfm_cluster_labels as l where l.cluster = check_customer_list.cluster) then
        perform vibe.refuse('cluster', cluster,
            (select 'must be one of ' || string_agg(l.cluster, ', ' order by l.worth desc) from vibe.rfm_cluster_labels as l));
    elsif sort is null or sort !~ '^(monetary|recency|frequency|name|customer_id)(\.(asc|desc))?$' then
        perform vibe.refuse('sort', sort, 'must be monetary, recency, frequency, name or customer_id, then .asc or .desc');
    end if;
end
$$;
comment on function vibe.check_customer_list(text, text, text) is 'raises what is wrong with the filters and the order of a list of customers';
grant execute on function vibe.check_customer_list(text, text, text) to vibe_analyst;

create function vibe.export_campaigns(
    site text default null, start_date date default null, end_date date default null, search text default null,
    format text default 'csv', bom boolean default false
) returns refcursor
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    of_site integer := vibe.site_id(export_campaigns.site);
begin
    return vibe.export_rows(jsonb_build_object('from', 'get_campaigns', 'arguments', jsonb_build_object(
        'site', of_site::text, 'start_date', export_campaigns.start_date, 'end_date', export_campaigns.end_date, 'search', nullif(export_campaigns.search, '')
    )), vibe.file_name('campaigns', of_site), export_campaigns.format, export_campaigns.bom);
end
$$;
comment on function vibe.export_campaigns(text, date, date, text, text, boolean) is
'the campaigns of a site as a file, as vibe.get_campaigns() lists them: with their figures of the days start_date to end_date (open where null). search: part of the name, type, utm_campaign or segment. Opens the cursor of vibe.export_rows()';
grant execute on function vibe.export_campaigns(text, date, date, text, text, boolean) to vibe_analyst;

create function vibe.export_events(
    site text default null, start_date date default null, end_date date default null, event_name text default null, user_id bigint default null,
    format text default 'csv', bom boolean default false
) returns refcursor
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    of_site integer := vibe.site_id(export_events.site);
begin
    return vibe.export_rows(jsonb_build_object(
        'from', 'events',
        'where', jsonb_build_array(jsonb_build_array('site_id', 'eq', of_site))
            || vibe.between_days('occurred_at', of_site, export_events.start_date, export_events.end_date)
            || case when nullif(export_events.event_name, '') is null then '[]' else jsonb_build_array(jsonb_build_array('event_name', 'eq', export_events.event_name)) end
            || case when export_events.user_id is null then '[]' else jsonb_build_array(jsonb_build_array('user_id', 'eq', export_events.user_id)) end,
        'order', '["occurred_at", "event_id"]'::jsonb
    ), vibe.file_name('events', of_site), export_events.format, export_events.bom);
end
$$;
comment on function vibe.export_events(text, date, date, text, bigint, text, boolean) is
'the events of a site as a file, the oldest first, with the columns of vibe.events, of the days start_date to end_date of the site''s calendar (open where null). event_name: only those of this name; user_id: only those of this person. Opens the cursor of vibe.export_rows()';
grant execute on function vibe.export_events(text, date, date, text, bigint, text, boolean) to vibe_analyst;

create function vibe.export_daily_stats(
    site text default null, start_date date default null, end_date date default null,
    format text default 'csv', bom boolean default false
) returns refcursor
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    of_site integer := vibe.site_id(export_daily_stats.site);
begin
    return vibe.export_rows(jsonb_build_object(
        'from', 'daily_user_stats',
        'where', jsonb_build_array(jsonb_build_array('site_id', 'eq', of_site))
            || case when export_daily_stats.start_date is null then '[]' else jsonb_build_array(jsonb_build_array('day', 'gte', export_daily_stats.start_date)) end
            || case when export_daily_stats.end_date is null then '[]' else jsonb_build_array(jsonb_build_array('day', 'lte', export_daily_stats.end_date)) end,
        'order', '["day"]'::jsonb
    ), vibe.file_name('daily-stats', of_site), export_daily_stats.format, export_daily_stats.bom);
end
$$;
comment on function vibe.export_daily_stats(text, date, date, text, boolean) is
'the counted days of a site as a file, with the columns of vibe.daily_user_stats: start_date to end_date, open where null. Opens the cursor of vibe.export_rows()';
grant execute on function vibe.export_daily_stats(text, date, date, text, boolean) to vibe_analyst;

create function vibe.between_days(instant text, of_site integer, start_date date, end_date date) returns jsonb
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(jsonb_agg(c.condition) filter (where c.condition ->> 2 is not null), '[]')
    from vibe.sites as s
    cross join lateral (values
        (jsonb_build_array(instant, 'gte', vibe.day_start(start_date, s.time_zone))),
        (jsonb_build_array(instant, 'lt', vibe.day_start(end_date + 1, s.time_zone)))
    ) as c (condition)
    where s.site_id = of_site
$$;
comment on function vibe.between_days(text, integer, date, date) is
'conditions for a question of vibe.export_rows(): an instant lies in the days start_date to end_date of a site''s calendar, open where null';
grant execute on function vibe.between_days(text, integer, date, date) to vibe_analyst;

create function vibe.file_name(subject text, of_site integer) returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select subject || '-' || (now() at time zone s.time_zone)::date from vibe.sites as s where s.site_id = of_site
$$;
comment on function vibe.file_name(text, integer) is 'the name of a file about a site, without its ending: its subject and today by the site''s calendar';
grant execute on function vibe.file_name(text, integer) to vibe_analyst;
