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
