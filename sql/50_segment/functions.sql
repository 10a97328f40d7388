create function vibe.preview_segment(
    site text, criteria jsonb, subject text default 'customer', as_of timestamptz default null
)
returns table (size bigint, sample jsonb)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    of_site integer := vibe.site_id(site);
    sampled bigint[];
begin
    with found as materialized (
        select s.subject_id from vibe.segment_subjects(of_site, criteria, subject, coalesce(as_of, clock_timestamp())) as s (subject_id)
    )
    select (select count(*) from found), array(select f.subject_id from found as f order by f.subject_id limit 5)
    into size, sampled;
    if subject = 'customer' then
        select coalesce(jsonb_agg(to_jsonb(c) order by c.customer_id), '[]') into sample
        from (
            select c.customer_id, c.external_id, c.name, c.email from vibe.customers as c
            where c.site_id = of_site and c.customer_id = any (sampled)
        ) as c;
    else
        select coalesce(jsonb_agg(to_jsonb(u) order by u.user_id), '[]') into sample
        from (
            select u.user_id, u.external_id, u.name, u.email from vibe.site_users as u
            where u.site_id = of_site and u.user_id = any (sampled)
        ) as u;
    end if;
    return next;
end
$$;
comment on function vibe.preview_segment(text, jsonb, text, timestamptz) is
'how many customers or users meet the criteria, and the five with the lowest ids; stores nothing. Days, events, purchases and members are those before as_of (now unless given); attributes are as they are now. Raises 22023 with path, value and rule for criteria that vibe.segment_schema() does not describe';
grant execute on function vibe.preview_segment(text, jsonb, text, timestamptz) to vibe_analyst;

create function vibe.segment_query(
    site text, criteria jsonb, subject text default 'customer', as_of timestamptz default null
) returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    of_site integer := vibe.site_id(site);
    resolved jsonb := vibe.resolved_criteria(of_site, criteria, subject);
    query text := vibe.criteria_query(resolved, '{}', subject);
    parameter constant text := '\(\$2 (#>>?) ''([^'']*)''\)';
    pieces text[];
begin
    query := replace(query, '$1', of_site::text);
    query := replace(query, '$3', format('%L::timestamptz', coalesce(as_of, clock_timestamp())));
    query := replace(query, '$4', (select quote_literal(s.time_zone) from vibe.sites as s where s.site_id = of_site));
    -- The values last and each once: what stands in one is never taken for a parameter.
    pieces := regexp_split_to_array(query, parameter);
    return pieces[1] || coalesce((
        select string_agg(
            case v.found[1]
                when '#>>' then quote_literal(resolved #>> v.found[2]::text[])
                else format('(%L::jsonb)', resolved #> v.found[2]::text[])
            end || pieces[v.place + 1],
            '' order by v.place
        )
        from regexp_matches(query, parameter, 'g') with ordinality as v (found, place)
    ), '');
end
$$;
comment on function vibe.segment_query(text, jsonb, text, timestamptz) is
'the query behind vibe.preview_segment(), to read and to run: its parameters (site, criteria, instant, time zone) are written out as literals';
grant execute on function vibe.segment_query(text, jsonb, text, timestamptz) to vibe_analyst;

create function vibe.resolved_criteria(of_site integer, criteria jsonb, subject text) returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    if subject is null or subject not in ('customer', 'user') then
        raise exception 'subject is %: it must be customer or user', coalesce(quote_literal(subject), 'null')
            using errcode = 'invalid_parameter_value';
    end if;
    perform vibe.check_criteria(criteria);
    return vibe.resolve_segments(of_site, criteria, 'criteria', true, '{}');
end
$$;
comment on function vibe.resolved_criteria(integer, jsonb, text) is
'criteria, checked, with the rules of the segments they name; raises 22023 for what is wrong with them or the subject';
grant execute on function vibe.resolved_criteria(integer, jsonb, text) to vibe_analyst;

-- Sets are large and the planner's guesses at JSON conditions small, so joins must not be nested loops.
create function vibe.segment_subjects(of_site integer, criteria jsonb, subject text, as_of timestamptz) returns setof bigint
language plpgsql
stable
rows 10000
set search_path = pg_catalog, pg_temp
set enable_nestloop = off
set jit = off
set work_mem = '64MB'
as $$
declare
    resolved jsonb := vibe.resolved_criteria(of_site, criteria, subject);
begin
    if as_of is null or as_of not between '1950-01-01' and '2200-01-01' then
        raise exception 'as_of is %: it must be in the years 1950 to 2199', coalesce(as_of::text, 'null')
            using errcode = 'invalid_parameter_value';
    end if;
    return query execute vibe.criteria_query(resolved, '{}', subject)
    using of_site, resolved, as_of, (select s.time_zone from vibe.sites as s where s.site_id = of_site);
end
$$;
comment on function vibe.segment_subjects(integer, jsonb, text, timestamptz) is
'ids of the customers or users of a site that meet criteria, with the caller''s rights';
grant execute on function vibe.segment_subjects(integer, jsonb, text, timestamptz) to vibe_analyst;

create function vibe.create_segment(
    site text, name text, criteria jsonb default null, subject text default 'customer', description text default null
) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    of_site integer := vibe.site_id(site, 'member');
    made bigint;
begin
    perform vibe.check_segment_name(name, description);
    if subject is null or subject not in ('customer', 'user') then
        raise exception 'subject is %: it must be customer or user', coalesce(quote_literal(subject), 'null')
            using errcode = 'invalid_parameter_value';
    end if;
    insert into vibe.segments as s (site_id, name, description, kind, subject, criteria)
    values (
        of_site, create_segment.name, create_segment.description,
        case when criteria is null then 'static' else 'rule' end, create_segment.subject, create_segment.criteria
    )
    on conflict on constraint segments_name_key do nothing
    returning s.segment_id into made;
    if made is null then
        raise exception 'segment "%" exists already', name
            using errcode = 'unique_violation', hint = 'vibe.update_segment() changes it';
    end if;
    perform vibe.refresh_segment(of_site::text, made::text);
    return made;
end
$$;
comment on function vibe.create_segment(text, text, jsonb, text, text) is
'stores a segment, finds its members and returns its id: a rule segment if criteria are given (vibe.segment_schema() describes them), else a static one for vibe.add_to_segment(). subject: customer or user';
grant execute on function vibe.create_segment(text, text, jsonb, text, text) to vibe_member;

create function vibe.check_segment_name(name text, description text) returns void
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
    if name is null or name !~ '^\S(.{0,98}\S)?$' or name ~ '^[0-9]+$' then
        raise exception 'name is %', coalesce(quote_literal(left(name, 120)), 'null')
            using errcode = 'invalid_parameter_value',
                detail = 'It must be 1 to 100 characters long, not digits alone, without a space at either end.';
    elsif length(description) > 2000 then
        raise exception 'description is % characters long', length(description)
            using errcode = 'invalid_parameter_value', detail = 'It must be at most 2000 characters long.';
    end if;
end
$$;
comment on function vibe.check_segment_name(text, text) is 'raises the first rule that name or description of a segment breaks';
grant execute on function vibe.check_segment_name(text, text) to vibe_member;

create function vibe.segment_id(of_site integer, segment text) returns bigint
language plpgsql
stable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
    found_id bigint;
begin
    select s.segment_id into found_id
    from vibe.segments as s
    where s.site_id = of_site and (s.name = segment or s.segment_id::text = segment);
    if not found then
        raise exception 'segment % does not exist', coalesce('"' || left(segment, 120) || '"', 'null')
            using errcode = 'undefined_object', hint = 'vibe.create_segment() makes one';
    end if;
    return found_id;
end
$$;
comment on function vibe.segment_id(integer, text) is 'id of the segment named (name or id); raises 42704 if the site has none';
grant execute on function vibe.segment_id(integer, text) to vibe_analyst;

-- Only what is given changes; a rule stays a rule.
create function vibe.update_segment(
    site text, segment text, name text default null, criteria jsonb default null, description text default null
) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    of_site integer := vibe.site_id(site, 'member');
    changed bigint := vibe.segment_id(of_site, segment);
    old record;
begin
    select s.name, s.kind into old
    from vibe.segments as s
    where s.site_id = of_site and s.segment_id = changed
    for no key update;
    perform vibe.check_segment_name(coalesce(name, old.name), description);
    if criteria is not null and old.kind <> 'rule' then
        raise exception 'segment "%" is %', old.name, old.kind
            using errcode = 'invalid_parameter_value', detail = 'Only a rule segment has criteria.';
    elsif exists (select from vibe.segments as s where s.site_id = of_site and s.name = update_segment.name and s.segment_id <> changed) then
        raise exception 'segment "%" exists already', name using errcode = 'unique_violation';
    end if;
    update vibe.segments as s
    set name = coalesce(update_segment.name, s.name), description = coalesce(update_segment.description, s.description)
    where s.site_id = of_site and s.segment_id = changed;
    if criteria is not null then
        update vibe.segments as s set criteria = update_segment.criteria
        where s.site_id = of_site and s.segment_id = changed;
        perform vibe.refresh_segment(of_site::text, changed::text);
    end if;
    return changed;
end
$$;
comment on function vibe.update_segment(text, text, text, jsonb, text) is
'changes name, criteria or description of a segment (what is null stays) and finds its members again when the criteria change; returns its id';
grant execute on function vibe.update_segment(text, text, text, jsonb, text) to vibe_member;

create function vibe.delete_segment(site text, segment text) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    of_site integer := vibe.site_id(site, 'member');
    removed bigint := vibe.segment_id(of_site, segment);
begin
    delete from vibe.segments as s where s.site_id = of_site and s.segment_id = removed;
end
$$;
comment on function vibe.delete_segment(text, text) is
'deletes a segment and the history of its members; refused while the rule of another segment names it';
grant execute on function vibe.delete_segment(text, text) to vibe_member;
