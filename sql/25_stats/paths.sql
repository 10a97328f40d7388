create function vibe.page_paths(
    site text default null,
    first_day date default null,
    last_day date default null,
    pages integer default 3,
    starting_at text default null,
    max_rows integer default 20
)
returns table (path text[], sessions bigint, users bigint, share numeric)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    of_site integer := vibe.site_id(site);
    days record;
begin
    if pages is null or pages not between 2 and 10 then
        raise exception 'pages is %', coalesce(pages::text, 'null')
            using errcode = 'invalid_parameter_value', detail = 'It must be 2 to 10.';
    elsif max_rows is null or max_rows not between 1 and 10000 then
        raise exception 'max_rows is %', coalesce(max_rows::text, 'null')
            using errcode = 'invalid_parameter_value', detail = 'It must be 1 to 10000.';
    end if;
    select * into days from vibe.stats_range(of_site, page_paths.first_day, page_paths.last_day);
    return query
    with views as (
        select e.session_id, e.user_id, e.page, e.occurred_at, e.event_id,
            lag(e.page) over visit is distinct from e.page as is_move
        from vibe.site_sessions as s
        join vibe.user_events as e on e.site_id = s.site_id and e.session_id = s.session_id
        where s.site_id = of_site
          and s.started_at >= days.begins
          and s.started_at < days.ends
          and not s.is_bot
          and e.site_id = of_site
          -- A session lasts a day at most.
          and e.occurred_at >= days.begins
          and e.occurred_at < days.ends + interval '1 day'
          and e.event_name = 'page_view'
          and not e.is_bot
        window visit as (partition by e.session_id order by e.occurred_at, e.event_id)
    ), moves as (
        select v.*, row_number() over (partition by v.session_id order by v.occurred_at, v.event_id) as place
        from views as v
        where v.is_move
    ), starts as (
        select m.session_id, m.user_id, min(m.place) as place
        from moves as m
        where case when starting_at is null then m.place = 1 else m.page = starting_at end
        group by m.session_id, m.user_id
    ), taken as (
        select s.session_id, s.user_id, array_agg(m.page order by m.place) as path
        from starts as s
        join moves as m on m.session_id = s.session_id and m.place >= s.place and m.place < s.place + pages
        group by s.session_id, s.user_id
    )
    select t.path, count(*), count(distinct coalesce(u.merged_into, u.user_id)), round(count(*) / sum(count(*)) over (), 4)
    from taken as t
    join vibe.site_users as u on u.site_id = of_site and u.user_id = t.user_id
    group by t.path
    order by count(*) desc, t.path
    limit max_rows;
end
$$;
comment on function vibe.page_paths(text, date, date, integer, text, integer) is
'the ways visits take: the first pages (2 to 10) of each session, or those from its first view of starting_at on; a page loaded twice in a row is one; a path shorter than asked is a visit that ended there. share is of all such sessions; bots are left out';
grant execute on function vibe.page_paths(text, date, date, integer, text, integer) to vibe_analyst;
