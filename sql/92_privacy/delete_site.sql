create function vibe.delete_site(site text, name_again text) returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    of_site integer := vibe.site_id(site, 'owner');
    right_name text := (select s.name from vibe.sites as s where s.site_id = of_site);
begin
    if name_again is distinct from right_name then
        perform vibe_private.fail(
            format('name_again is "%s", which is not the name of the site', name_again),
            hint => 'deleting a site cannot be undone: write its name a second time'
        );
    end if;
    perform vibe_private.take_all_turns(of_site);
    perform from vibe.sites as s where s.site_id = of_site for update;
    -- Purchases first: their customers and visitors need no new figures any more.
    delete from vibe.purchases as p where p.site_id = of_site;
    -- With their visitors gone, nobody can write these any more: who was at it has been waited for.
    delete from vibe.sites as s where s.site_id = of_site;
    delete from vibe.user_events as e where e.site_id = of_site;
    delete from vibe_private.event_ids as i where i.site_id = of_site;
    delete from vibe_private.dirty_days as d where d.site_id = of_site;
    delete from vibe_private.changes as c where c.site_id = of_site;
end
$$;
comment on function vibe.delete_site(text, text) is
'deletes a site and everything in it; name_again is its name, so that no slip does it. Owners only; cannot be undone. Definer: nobody may write sites directly';
grant execute on function vibe.delete_site(text, text) to vibe_member;
