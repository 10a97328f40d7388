-- /api/v1/segments: list, create, preview, members.
create function vibe.get_segments(site text default null) returns json
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select json_build_object(
        'site_id', vibe.site_id(get_segments.site),
        'segments', (select coalesce(json_agg(s order by s.name), '[]') from vibe.segment_list(get_segments.site) as s)
    )
$$;
comment on function vibe.get_segments(text) is
'the segments of a site, also GET /api/v1/segments; see vibe.segment_list()';
grant execute on function vibe.get_segments(text) to vibe_analyst;

create function vibe.add_segment(
    name text, criteria jsonb default null, subject text default 'customer', description text default null, site text default null
) returns json
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    of_site constant integer := vibe.site_id(site, 'member');
    made bigint;
begin
    perform vibe.check_segment(name, criteria, subject, description);
    begin
        made := vibe.create_segment(of_site::text, name, criteria, subject, description);
    exception when invalid_parameter_value then
        perform vibe.refuse_criteria(criteria, sqlerrm);
    end;
    perform set_config('response.status', '201', true);
    return (select row_to_json(s) from vibe.segment_list(of_site::text) as s where s.segment_id = made);
end
$$;
comment on function vibe.add_segment(text, jsonb, text, text, text) is
'makes a segment as vibe.create_segment() does, also POST /api/v1/segments: the answer, 201, is the segment as vibe.segment_list() has it; for members of the site';
grant execute on function vibe.add_segment(text, jsonb, text, text, text) to vibe_member;

create function vibe.try_segment(
    criteria jsonb, subject text default 'customer', as_of timestamptz default null, site text default null
) returns json
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    of_site constant integer := vibe.site_id(site);
begin
    if criteria is null then
        perform vibe.refuse('criteria', null, 'must be an object as vibe.segment_schema() describes it');
    elsif as_of not between '1950-01-01' and now() + interval '1 minute' then
        perform vibe.refuse('as_of', as_of::text, 'must be an instant that has come');
    end if;
    perform vibe.check_segment('preview', criteria, subject, null);
    begin
        return (
            select json_build_object('site_id', of_site, 'subject', subject, 'size', p.size, 'sample', p.sample)
            from vibe.preview_segment(of_site::text, criteria, subject, as_of) as p
        );
    exception when invalid_parameter_value then
        perform vibe.refuse_criteria(criteria, sqlerrm);
    end;
    return null;
end
$$;
comment on function vibe.try_segment(jsonb, text, timestamptz, text) is
'tries criteria as vibe.preview_segment() does, also POST /api/v1/segments/preview: how many meet them, and five of them; stores nothing';
grant execute on function vibe.try_segment(jsonb, text, timestamptz, text) to vibe_analyst;

create function vibe.check_segment(name text, criteria jsonb, subject text, description text) returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    if name is null or name !~ '^\S(.{0,98}\S)?$' or name ~ '^[0-9]+$' then
        perform vibe.refuse('name', name, 'must be 1 to 100 characters long, not digits alone, without a space at either end');
    elsif length(description) > 2000 then
        perform vibe.refuse('description', description, 'must be at most 2000 characters long');
    elsif subject is null or subject not in ('customer', 'user') then
        perform vibe.refuse('subject', subject, 'must be customer or user');
    elsif criteria is not null then
        begin
            perform vibe.check_criteria(criteria);
        exception when invalid_parameter_value then
            perform vibe.refuse_criteria(criteria, sqlerrm);
        end;
    end if;
end
$$;
comment on function vibe.check_segment(text, jsonb, text, text) is
'raises what is wrong with a segment, with field, value and rule as vibe.refuse() does';
grant execute on function vibe.check_segment(text, jsonb, text, text) to vibe_analyst;

create function vibe.refuse_criteria(criteria jsonb, told text) returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception '%', told using
        errcode = 'invalid_parameter_value',
        detail = json_build_object(
            'field', substring(told from '^criteria[^ :]*'), 'value', criteria, 'rule', coalesce(substring(told from ': (?:it )?(.*)$'), told)
        );
end
$$;
comment on function vibe.refuse_criteria(jsonb, text) is
'raises what vibe.check_criteria() told, with field, value and rule as vibe.refuse() does';
grant execute on function vibe.refuse_criteria(jsonb, text) to vibe_analyst;

create function vibe.get_segment_members(
    id bigint, search text default null, page integer default 1, "limit" integer default 50, site text default null
) returns json
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    of_site constant integer := vibe.site_id(site);
    segment record;
    matches bigint;
begin
    perform vibe.check_page(page, "limit", search);
    select s.segment_id, s.name, s.kind, s.subject, s.size, s.sized_at into segment
    from vibe.segments as s where s.site_id = of_site and s.segment_id = id;
    if not found then
        perform vibe.refuse_unknown('segment', id::text);
    end if;
    if nullif(search, '') is null then
        select count(*) into matches from vibe.segment_members as m
        where m.site_id = of_site and m.segment_id = id and m.left_at is null;
    else
        select count(*) into matches from vibe.segment_people(of_site::text, id::text, search);
    end if;
    return json_build_object(
        'site_id', of_site,
        'segment', row_to_json(segment),
        'matches', matches,
        'page', page,
        'limit', "limit",
        'pages', ceil(matches::numeric / "limit"),
        'members', (
            select coalesce(json_agg(p order by p.subject_id), '[]')
            from (
                select * from vibe.segment_people(of_site::text, id::text, nullif(search, '')) as p
                order by p.subject_id
                offset (page - 1)::bigint * "limit" limit "limit"
            ) as p
        )
    );
end
$$;
comment on function vibe.get_segment_members(bigint, text, integer, integer, text) is
'who is in a segment now, page by page, also GET /api/v1/segments/{id}/members; see vibe.segment_people()';
grant execute on function vibe.get_segment_members(bigint, text, integer, integer, text) to vibe_analyst;
