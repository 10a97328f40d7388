-- Files of what the views show, for spreadsheets and other programs: each a question of vibe.export_rows() with the view's filters.
create function vibe.export_customers(
    site text default null, month text default null, cluster text default null, search text default null, sort text default null,
    format text default 'csv', bom boolean default false
) returns refcursor
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    of_site integer := vibe.site_id(export_customers.site);
    wanted text := nullif(export_customers.month, '');
begin
    return vibe.export_rows(jsonb_build_object(
        'from', case when wanted is null then 'find_customers' else 'rfm_customers' end,
        'arguments', jsonb_strip_nulls(jsonb_build_object('site', of_site::text, 'month', wanted, 'search', nullif(export_customers.search, ''))),
        'where', case when nullif(export_customers.cluster, '') is null then '[]' else jsonb_build_array(jsonb_build_array('cluster', 'eq', export_customers.cluster)) end,
        'order', case when nullif(export_customers.sort, '') is null then '["customer_id"]' else jsonb_build_array(export_customers.sort, 'customer_id') end
    ), vibe.file_name('customers', of_site, wanted), export_customers.format, export_customers.bom);
end
$$;
comment on function vibe.export_customers(text, text, text, text, text, text, boolean) is
'the customers of a site as a file: those of a stored month as vibe.rfm_customers() has them, without a month all as vibe.find_customers() has them. cluster: of RFM; search: part of name, email or the shop''s own number; sort: a column, then .asc or .desc, then .nullsfirst or .nullslast. Opens the cursor of vibe.export_rows()';
grant execute on function vibe.export_customers(text, text, text, text, text, text, boolean) to vibe_analyst;

create function vibe.find_customers(site text default null, search text default null)
returns table (
    customer_id bigint, external_id text, name text, email text, first_purchase_at timestamptz, last_purchase_at timestamptz,
    order_count bigint, total_spent numeric, currency char(3), period text, recency integer, frequency integer, monetary numeric,
    r_score integer, f_score integer, m_score integer, cluster text, label_en text, label_pt text
)
language sql stable
rows 10000
as $$
    select
        c.customer_id, c.external_id, c.name, c.email, c.first_purchase_at, c.last_purchase_at,
        c.order_count, c.total_spent, c.currency, c.period, c.recency, c.frequency, c.monetary,
        c.r_score, c.f_score, c.m_score, c.cluster, c.label, c.label_pt
    from vibe.customer_rfm as c
    where c.site_id = vibe.site_id(find_customers.site)
      and (
          find_customers.search is null
          or position(lower(find_customers.search) in lower(c.name)) > 0
          or position(lower(find_customers.search) in lower(c.email)) > 0
          or position(lower(find_customers.search) in lower(c.external_id)) > 0
      )
$$;
comment on function vibe.find_customers(text, text) is
'the customers of a site with what they bought in all and the RFM of the latest stored period in which they ordered. search: part of name, email or the shop''s own number, in any case of letters. Filter, order and page it by the query around it';
grant execute on function vibe.find_customers(text, text) to vibe_analyst;

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

create function vibe.file_name(subject text, of_site integer, period text default null) returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select subject || '-' || regexp_replace(coalesce(left(period, 10), (now() at time zone s.time_zone)::date::text), '[^0-9-]', '', 'g')
    from vibe.sites as s where s.site_id = of_site
$$;
comment on function vibe.file_name(text, integer, text) is 'the name of a file about a site, without its ending: its subject and the period, else today by the site''s calendar';
grant execute on function vibe.file_name(text, integer, text) to vibe_analyst;
