-- Every way into a segment ends here: one place keeps the history, whoever found the members.
-- The planner takes what unnest() gives for a hundred rows, and would compare each member with each subject.
create function vibe_private.set_segment_members(
    of_site integer, of_segment bigint, subject_ids bigint[], out size bigint, out entered bigint, out departed bigint
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_nestloop = off
as $$
declare
    subject text;
    at timestamptz;
begin
    -- One at a time; the statement below sees what the one before has committed.
    select s.subject into subject
    from vibe.segments as s
    where s.site_id = of_site and s.segment_id = of_segment
    for no key update;
    if not found then
        perform vibe_private.fail(format('segment %s of site %s does not exist', of_segment, of_site), errcode => '42704');
    end if;
    at := clock_timestamp();
    with wanted as materialized (
        select distinct w.subject_id
        from unnest(subject_ids) as w (subject_id)
        where case subject
            when 'customer' then exists (
                select from vibe.customers as c where c.site_id = of_site and c.customer_id = w.subject_id
            )
            else exists (select from vibe.site_users as u where u.site_id = of_site and u.user_id = w.subject_id)
        end
    ), present as materialized (
        select m.subject_id
        from vibe.segment_members as m
        where m.site_id = of_site and m.segment_id = of_segment and m.left_at is null
    ), gone as (
        update vibe.segment_members as m
        set left_at = greatest(at, m.entered_at)
        where m.site_id = of_site
          and m.segment_id = of_segment
          and m.left_at is null
          and not exists (select from wanted as w where w.subject_id = m.subject_id)
        returning m.subject_id
    ), added as (
        insert into vibe.segment_members as m (site_id, segment_id, subject_id, entered_at)
        select of_site, of_segment, w.subject_id, at
        from wanted as w
        where not exists (select from present as p where p.subject_id = w.subject_id)
        order by w.subject_id
        -- Back within the same microsecond: never gone.
        on conflict (site_id, segment_id, subject_id, entered_at) do update set left_at = null
        returning m.subject_id
    )
    select (select count(*) from wanted), (select count(*) from added), (select count(*) from gone)
    into size, entered, departed;
    -- Subjects that were erased while another transaction let them in: they leave no trace either.
    delete from vibe.segment_members as m
    where m.site_id = of_site
      and m.segment_id = of_segment
      and m.left_at >= at
      and case subject
          when 'customer' then not exists (
              select from vibe.customers as c where c.site_id = of_site and c.customer_id = m.subject_id
          )
          else not exists (select from vibe.site_users as u where u.site_id = of_site and u.user_id = m.subject_id)
      end;
    update vibe.segments as s
    set size = set_segment_members.size, sized_at = at, error = null
    where s.site_id = of_site and s.segment_id = of_segment;
end
$$;
comment on function vibe_private.set_segment_members(integer, bigint, bigint[]) is
'makes these subjects the members of a segment: opens a row for those who enter, closes the row of those who leave, stamps the size; nulls, repeats and subjects that do not exist are left out; repeating it changes nothing but sized_at. Definer: membership is written by functions only';

create function vibe_private.forget_segment_members() returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    -- Arguments of the trigger: what the erased rows are, and the name of their key.
    execute format($delete$
        delete from vibe.segment_members as m
        using erased as e, vibe.segments as s
        where m.site_id = e.site_id
          and m.subject_id = e.%I
          and s.site_id = m.site_id
          and s.segment_id = m.segment_id
          and s.subject = $1
    $delete$, tg_argv[1])
    using tg_argv[0];
    return null;
end
$$;
comment on function vibe_private.forget_segment_members() is
'statement trigger of vibe.customers and vibe.site_users: erased subjects leave no trace in segments. Definer: membership is written by functions only';

-- Definer, because membership is written by functions only; the site is one that the caller may write.
create function vibe.refresh_segment(
    site text, segment text, out size bigint, out entered bigint, out departed bigint
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    of_site integer := vibe.site_id(site, 'member');
    wanted bigint := vibe.segment_id(of_site, segment);
begin
    select r.size, r.entered, r.departed into size, entered, departed
    from vibe_private.refresh_segment(of_site, wanted) as r;
end
$$;
comment on function vibe.refresh_segment(text, text) is
'finds the members of a rule segment as of now and writes who entered and who left; for static segments and clusters only stamps the size. Repeating it changes nothing else. Definer: membership is written by functions only';
grant execute on function vibe.refresh_segment(text, text) to vibe_member;

create function vibe_private.refresh_segment(
    of_site integer, of_segment bigint, out size bigint, out entered bigint, out departed bigint
)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    refreshed record;
    subject_ids bigint[];
begin
    -- Held before the members are found, or of two refreshes the earlier finding could be written last.
    select s.kind, s.subject, s.criteria into refreshed
    from vibe.segments as s
    where s.site_id = of_site and s.segment_id = of_segment
    for no key update;
    if refreshed.kind = 'rule' then
        subject_ids := array(
            select vibe.segment_subjects(of_site, refreshed.criteria, refreshed.subject, clock_timestamp())
        );
    else
        subject_ids := array(
            select m.subject_id from vibe.segment_members as m
            where m.site_id = of_site and m.segment_id = of_segment and m.left_at is null
        );
    end if;
    select r.size, r.entered, r.departed into size, entered, departed
    from vibe_private.set_segment_members(of_site, of_segment, subject_ids) as r;
end
$$;
comment on function vibe_private.refresh_segment(integer, bigint) is 'vibe.refresh_segment without the question who asks';

create function vibe.refresh_segments(site text)
returns table (segment_id bigint, segment text, size bigint, entered bigint, departed bigint, error text)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    of_site integer := vibe.site_id(site, 'member');
begin
    return query select r.* from vibe_private.refresh_segments(of_site) as r;
end
$$;
comment on function vibe.refresh_segments(text) is
'refreshes all segments of a site but clusters (vibe.calculate_clusters() does those), one after the other; one that fails keeps its members, says why in error (here and in vibe.segments) and does not stop the others. Definer: membership is written by functions only';
grant execute on function vibe.refresh_segments(text) to vibe_member;

create function vibe_private.refresh_segments(of_site integer)
returns table (segment_id bigint, segment text, size bigint, entered bigint, departed bigint, error text)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    for segment_id, segment in
        select s.segment_id, s.name from vibe.segments as s
        where s.site_id = of_site and s.kind <> 'cluster'
        order by s.segment_id
    loop
        begin
            error := null;
            select r.size, r.entered, r.departed into size, entered, departed
            from vibe_private.refresh_segment(of_site, refresh_segments.segment_id) as r;
        exception when others then
            get stacked diagnostics error = message_text;
            error := format('%s: %s', sqlstate, error);
            size := null;
            entered := null;
            departed := null;
            update vibe.segments as s set error = refresh_segments.error
            where s.site_id = of_site and s.segment_id = refresh_segments.segment_id;
        end;
        return next;
    end loop;
end
$$;
comment on function vibe_private.refresh_segments(integer) is 'vibe.refresh_segments without the question who asks; for the nightly job';

create function vibe.add_to_segment(site text, segment text, subject_ids bigint[]) returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    of_site integer := vibe.site_id(site, 'member');
begin
    return vibe_private.change_static_segment(of_site, vibe.segment_id(of_site, segment), subject_ids, true);
end
$$;
comment on function vibe.add_to_segment(text, text, bigint[]) is
'puts customers or users (by id) into a static segment and returns how many were not in it before; an id that the site does not have is an error. Definer: membership is written by functions only';
grant execute on function vibe.add_to_segment(text, text, bigint[]) to vibe_member;

create function vibe.remove_from_segment(site text, segment text, subject_ids bigint[]) returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    of_site integer := vibe.site_id(site, 'member');
begin
    return vibe_private.change_static_segment(of_site, vibe.segment_id(of_site, segment), subject_ids, false);
end
$$;
comment on function vibe.remove_from_segment(text, text, bigint[]) is
'takes customers or users (by id) out of a static segment and returns how many were in it; their history stays. Definer: membership is written by functions only';
grant execute on function vibe.remove_from_segment(text, text, bigint[]) to vibe_member;

create function vibe_private.change_static_segment(of_site integer, of_segment bigint, subject_ids bigint[], adds boolean)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    changed record;
    unknown bigint;
    present bigint[];
begin
    select s.name, s.kind, s.subject into changed
    from vibe.segments as s
    where s.site_id = of_site and s.segment_id = of_segment
    for no key update;
    if changed.kind <> 'static' then
        perform vibe_private.fail(format('segment "%s" is %s', changed.name, changed.kind),
            detail => 'Only a static segment is changed by hand.');
    elsif subject_ids is null or array_position(subject_ids, null) is not null then
        perform vibe_private.fail('subject_ids is or has null', detail => 'It must be an array of ids.');
    end if;
    if adds then
        select i.id into unknown
        from unnest(subject_ids) as i (id)
        where case changed.subject
            when 'customer' then not exists (select from vibe.customers as c where c.site_id = of_site and c.customer_id = i.id)
            else not exists (
                select from vibe.site_users as u where u.site_id = of_site and u.user_id = i.id and u.merged_into is null
            )
        end
        order by i.id
        limit 1;
        if found then
            perform vibe_private.fail(format('subject_ids has %s: the site has no such %s', unknown, changed.subject));
        end if;
    end if;
    present := array(
        select m.subject_id from vibe.segment_members as m
        where m.site_id = of_site and m.segment_id = of_segment and m.left_at is null
    );
    return (
        select case when adds then r.entered else r.departed end
        from vibe_private.set_segment_members(of_site, of_segment, case
            when adds then present || subject_ids
            else array(select p.id from unnest(present) as p (id) where p.id <> all (subject_ids))
        end) as r
    );
end
$$;
comment on function vibe_private.change_static_segment(integer, bigint, bigint[], boolean) is
'adds subjects to a static segment or takes them out, and returns how many changed';
