-- vibe.daily_funnel_stats: stored funnels by entry day, kept by the nightly job.

create function vibe_private.forget_funnel_days() returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if tg_op <> 'INSERT' then
        delete from vibe.daily_funnel_stats as d where d.site_id = old.site_id and d.funnel_id = old.funnel_id;
    end if;
    if tg_op <> 'DELETE' then
        delete from vibe.daily_funnel_stats as d where d.site_id = new.site_id and d.funnel_id = new.funnel_id;
        return new;
    end if;
    return old;
end
$$;
comment on function vibe_private.forget_funnel_days() is
'a funnel that changes loses its days; the next night counts them again. Definer: derived figures are not the members'' to delete';

-- Definer, because derived figures are not the members' to write; the site is limited to those the caller may write.
create function vibe.calculate_funnel_days(
    site text default null,
    first_day date default null,
    last_day date default null
) returns integer
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    of_site integer := vibe.site_id(site, 'member');
    today date := (select (now() at time zone s.time_zone)::date from vibe.sites as s where s.site_id = of_site);
    ends date := coalesce(last_day, today - 1);
    each record;
    changed integer;
    written integer := 0;
begin
    if ends > today then
        perform vibe_private.fail(format('last_day %s has not begun', ends));
    elsif first_day > ends then
        perform vibe_private.fail(format('first_day %s is after last_day %s', first_day, ends));
    elsif first_day < ends - 3660 then
        perform vibe_private.fail(
            format('first_day %s is more than 3660 days before last_day %s', first_day, ends),
            hint => 'calculate ten years at a time'
        );
    end if;
    perform vibe_private.take_turn(of_site, 'funnels');
    for each in
        -- Where events were removed, what was counted of them stays.
        select f.funnel_id, f.name, least(ends, greatest(ends - 3660, p.events_from, case
            -- A funnel that was never counted, or forgot its days, starts 90 days back.
            when not exists (
                select from vibe.daily_funnel_stats as d where d.site_id = of_site and d.funnel_id = f.funnel_id
            ) then least(first_day, ends - 89)
            -- What happens on a day changes the days before it whose windows reach it.
            else coalesce(first_day, ends) - ceil(extract(epoch from coalesce(f.within, interval '30 days')) / 86400)::integer
        end)) as begins
        from vibe.funnels as f
        join vibe.sites as p using (site_id)
        where f.site_id = of_site
          and exists (select from vibe.funnel_steps as s where s.site_id = of_site and s.funnel_id = f.funnel_id)
        order by f.funnel_id
    loop
        insert into vibe.daily_funnel_stats as d (site_id, funnel_id, day, step, users)
        select of_site, each.funnel_id, t.day, t.step, t.users
        from vibe.funnel_trend(of_site::text, each.name, each.begins, ends) as t
        order by t.day, t.step
        on conflict (site_id, funnel_id, day, step) do update set users = excluded.users, calculated_at = now()
        where d.users <> excluded.users;
        get diagnostics changed = row_count;
        written := written + changed;
    end loop;
    return written;
end
$$;
comment on function vibe.calculate_funnel_days(text, date, date) is
'recounts vibe.daily_funnel_stats of a site''s stored funnels from first_day to last_day (yesterday unless given), and the days before first_day whose windows reach it; a funnel without days gets its last 90 at least; returns the rows that changed; may be repeated';
grant execute on function vibe.calculate_funnel_days(text, date, date) to vibe_member;
