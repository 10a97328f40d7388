-- Plausible exports no events but figures of days (its CSV import and export, imported_visitors). They cannot become events;
-- they are kept as what they are, for days before the site has events of its own.

create function vibe_private.days_query(source text, into_site integer, before text) returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    zone text;
    own date;
begin
    select s.time_zone, least(
        (select min(d.day) from vibe.daily_user_stats as d where d.site_id = s.site_id and d.sessions > 0),
        ((select min(v.started_at) from vibe.site_sessions as v where v.site_id = s.site_id) at time zone s.time_zone)::date,
        (vibe_private.csv_instant(days_query.before, 0, s.time_zone) at time zone s.time_zone)::date,
        (now() at time zone s.time_zone)::date
    ) into zone, own
    from vibe.sites as s where s.site_id = into_site;
    return format(
        $query$
        create temporary table import_rows as
        select
            w.*,
            case
                when w.is_broken then '|'
                when w.day is null then 'date|must be a date'
                when w.day < '2000-01-01' then 'date|lies before 2000'
                when w.day >= %2$L then %3$L
                when num_nulls(w.visitors, w.page_views, w.bounced_sessions, w.sessions, w.session_seconds) > 0
                    then 'date|must come with whole numbers of 0 to 999999999999 in visitors, pageviews, bounces, visits and visit_duration'
            end as problem
        from (
            select r.line, r.f is null as is_broken, r.f[1] as written_time,
                case when r.f[1] ~ '^[0-9]{4}-?[0-9]{2}-?[0-9]{2}$' then (vibe_private.csv_instant(r.f[1], 0, 'UTC') at time zone 'UTC')::date end as day,
                %4$s
            from (%1$s offset 0) as r
            offset 0
        ) as w
        $query$,
        source, own, format('date|does not lie before %s, from when on the site counts for itself', own),
        (
            select string_agg(format('case when coalesce(r.f[%s], %L) ~ ''^[0-9]{1,12}$'' then coalesce(r.f[%s], ''0'')::bigint end as %I',
                c.place, case when c.needed then '' else '0' end, c.place, c.name), ', ')
            from (values (2, 'visitors', true), (3, 'page_views', true), (4, 'bounced_sessions', false), (5, 'sessions', true),
                (6, 'session_seconds', false)) as c (place, name, needed)
        )
    );
end
$$;
comment on function vibe_private.days_query(text, integer, text) is 'the statement that makes pg_temp.import_rows of a file of days';

create function vibe_private.import_days(into_site integer, of_import bigint) returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    answer jsonb;
    new_days bigint;
    changed_days bigint;
    span record;
begin
    perform vibe_private.read_history(into_site, of_import);
    update pg_temp.import_rows as r
    set problem = 'date|is that of another line'
    from (
        select o.line, row_number() over (partition by o.day order by o.line) as place
        from pg_temp.import_rows as o where o.problem is null
    ) as n
    where n.place > 1 and n.line = r.line;
    answer := vibe_private.keep_history_rejects(into_site, of_import);
    select min(r.day) as first_day, max(r.day) as last_day into span from pg_temp.import_rows as r;
    with written as (
        insert into vibe.imported_days as d (site_id, day, source, visitors, sessions, bounced_sessions, session_seconds, page_views)
        select into_site, r.day, 'plausible', r.visitors, r.sessions, r.bounced_sessions, r.session_seconds, r.page_views
        from pg_temp.import_rows as r
        order by r.day
        on conflict (site_id, day) do update set
            source = excluded.source, visitors = excluded.visitors, sessions = excluded.sessions,
            bounced_sessions = excluded.bounced_sessions, session_seconds = excluded.session_seconds, page_views = excluded.page_views
        where (d.source, d.visitors, d.sessions, d.bounced_sessions, d.session_seconds, d.page_views) is distinct from (
            excluded.source, excluded.visitors, excluded.sessions, excluded.bounced_sessions, excluded.session_seconds, excluded.page_views
        )
        returning d.xmax = 0 as is_new
    )
    select count(*) filter (where w.is_new), count(*) filter (where not w.is_new) into new_days, changed_days from written as w;
    return vibe_private.close_import(into_site, of_import, answer || jsonb_build_object(
        'imported', new_days, 'changed', changed_days, 'unchanged', (answer ->> 'accepted')::bigint - new_days - changed_days,
        'first_day', span.first_day, 'last_day', span.last_day
    ));
end
$$;
comment on function vibe_private.import_days(integer, bigint) is 'reads, checks and stores the days in pg_temp.import_lines';
