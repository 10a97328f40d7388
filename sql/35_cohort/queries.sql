-- What the functions of this topic share: the days they are asked for, and the text of their queries, each of which is one
-- statement of its own, so that it may run in parallel and joins only what the site has.

create function vibe.chosen_days(
    site text,
    inout first_day date,
    inout last_day date,
    usual_length interval,
    longest integer,
    out site_id integer,
    out time_zone text,
    out today date
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    select s.site_id, s.time_zone, (now() at time zone s.time_zone)::date
    into site_id, time_zone, today
    from vibe.sites as s
    where s.site_id = vibe.site_id(site);
    last_day := coalesce(last_day, today);
    if not isfinite(first_day) or not isfinite(last_day) then
        raise exception '% is infinite', case when isfinite(last_day) then 'first_day' else 'last_day' end
            using errcode = 'invalid_parameter_value', detail = 'It must be a day.';
    elsif last_day > today then
        raise exception 'last_day % has not begun', last_day
            using errcode = 'invalid_parameter_value', detail = format('It is %s in %s.', today, time_zone);
    end if;
    first_day := coalesce(first_day, (last_day - usual_length)::date);
    if first_day > last_day then
        raise exception 'first_day % is after last_day %', first_day, last_day
            using errcode = 'invalid_parameter_value';
    elsif last_day - first_day >= longest then
        raise exception 'the range from % to % is too long', first_day, last_day
            using errcode = 'invalid_parameter_value', detail = format('It must have at most %s days.', longest);
    end if;
end
$$;
comment on function vibe.chosen_days(text, date, date, interval, integer) is
'a site, the days that are meant (to today unless given) and its calendar; refuses days that have not begun and ranges that are too long';
grant execute on function vibe.chosen_days(text, date, date, interval, integer) to vibe_analyst;

-- A day that has figures is in the roll-up. From the first one without on, events are read too: seeing a visitor twice is harmless.
-- Whether one is in vibe.visitors is looked up one by one: few of a site's visitors were here on the days that are not counted.
create function vibe.visitor_days_query(of_site integer, time_zone text, first_day date, last_day date) returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    rows_of_days text := format(
        'select d.user_id, d.day from vibe.user_days as d where d.site_id = %s and d.day between %L and %L',
        of_site, first_day, last_day
    );
    today constant date := (now() at time zone time_zone)::date;
    opening constant date := (min(u.first_seen_at) at time zone time_zone)::date
        from vibe.site_users as u where u.site_id = of_site;
    not_counted constant date := coalesce(
        (
            select min(n.day)::date
            from generate_series(greatest(first_day, opening), least(last_day, today - 1), interval '1 day') as n (day)
            where not exists (select from vibe.daily_user_stats as c where c.site_id = of_site and c.day = n.day)
        ),
        today
    );
begin
    if opening is null or not_counted > last_day then
        return rows_of_days;
    end if;
    return rows_of_days || format(
        ' union all
        select t.user_id, t.day
        from (
            select distinct e.user_id, (e.occurred_at at time zone %2$L)::date as day
            from vibe.user_events as e
            where e.site_id = %1$s and e.occurred_at >= %3$L and e.occurred_at < %4$L and not e.is_bot
        ) as t
        where (select true from vibe.site_users as u where u.site_id = %1$s and u.user_id = t.user_id)
          and ((
                select true from vibe.site_sessions as b where b.site_id = %1$s and b.user_id = t.user_id and b.is_bot limit 1
            ) is null or (
                select true from vibe.site_sessions as h where h.site_id = %1$s and h.user_id = t.user_id and not h.is_bot limit 1
            ))',
        of_site, time_zone,
        vibe.day_start(not_counted, time_zone), vibe.day_start(last_day + 1, time_zone)
    );
end
$$;
comment on function vibe.visitor_days_query(integer, text, date, date) is
'the query for user_id and day of the visitors of a site: from vibe.user_days, and from the events for days that are not counted yet';
grant execute on function vibe.visitor_days_query(integer, text, date, date) to vibe_analyst;

-- Users who came before the range are in no cohort; their entries are read where a merge could make them look new.
create function vibe.entries_query(of_site integer, time_zone text, begins timestamptz, ends timestamptz) returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select format(
        'select u.user_id, (u.first_seen_at at time zone %2$L)::date from vibe.site_users as u
         where u.site_id = %1$s and u.first_seen_at >= %3$L and u.first_seen_at < %4$L
         union all
         select u.user_id, (u.first_seen_at at time zone %2$L)::date from vibe.site_users as u
         where u.site_id = %1$s and u.first_seen_at < %3$L and u.merged_into is not null
         union all
         select u.user_id, (u.first_seen_at at time zone %2$L)::date from vibe.site_users as u
         where u.site_id = %1$s and u.first_seen_at < %3$L and u.user_id in (
             select m.merged_into from vibe.site_users as m where m.site_id = %1$s and m.merged_into is not null
         )',
        of_site, time_zone, begins, ends
    )
$$;
comment on function vibe.entries_query(integer, text, timestamptz, timestamptz) is
'the query for user_id and day of the first visit of the visitors who were first seen in a time, and of merged ones who came before it';
grant execute on function vibe.entries_query(integer, text, timestamptz, timestamptz) to vibe_analyst;

-- Looking up one row a visitor is right while bots and merges are few; as joins, the planner would read whole tables.
create function vibe.renames_query(of_site integer, only_in_days boolean) returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select format(
        'with marked as materialized (
             select distinct s.user_id from vibe.site_sessions as s where s.site_id = %1$s and s.is_bot
         ),
         bots as materialized (
             select b.user_id from marked as b
             where %2$s (
                 select true from vibe.site_sessions as h
                 where h.site_id = %1$s and h.user_id = b.user_id and not h.is_bot limit 1
             ) is null
         )
         select b.user_id as visitor_id, null::bigint as person_id from bots as b
         union all
         select u.user_id, u.merged_into from vibe.site_users as u
         where u.site_id = %1$s and u.merged_into is not null and u.user_id not in (select b.user_id from bots as b)',
        of_site,
        case when only_in_days then format(
            '(select true from vibe.user_days as d where d.site_id = %s and d.user_id = b.user_id limit 1) and', of_site
        ) end
    )
$$;
comment on function vibe.renames_query(integer, boolean) is
'the query for visitors of a site who are not users of their own: merged ones with the user they belong to, and bots with null (every session is a bot''s; if wanted only those in vibe.user_days). All others are in vibe.visitors as they are';
grant execute on function vibe.renames_query(integer, boolean) to vibe_analyst;

create function vibe.active_days_query(counted text, first_day date, last_day date, time_zone text) returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select format(
        'select r.day, r.dau, r.wau, r.mau, r.day >= %4$L
         from unnest(coalesce((%1$s), (select vibe.rolling_users(null, null::date, %2$L, %3$L)))) as r
         order by r.day',
        counted, first_day, last_day, ((now() - interval '48 hours') at time zone time_zone)::date
    )
$$;
comment on function vibe.active_days_query(text, date, date, text) is
'the query that unpacks what a query with vibe.rolling_users counted (days of zeros if there was no row); a day is provisional that had not ended 48 hours ago';
grant execute on function vibe.active_days_query(text, date, date, text) to vibe_analyst;
