-- The lock of a row, not an advisory one: those can be held by any login, which would stop the work of all sites.
-- Who takes several turns takes them in the order of take_all_turns(), and before the site's own row.
create function vibe_private.take_turn(of_site int, of_work text) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    insert into vibe_private.turns (site_id, work) values (of_site, of_work) on conflict (site_id, work) do nothing;
    perform from vibe_private.turns as t where t.site_id = of_site and t.work = of_work for update;
end
$$;
comment on function vibe_private.take_turn(int, text) is
    'waits until no other session does this work on the site and keeps others from it until the transaction ends; only vibe''s own functions can hold it';

create function vibe_private.take_all_turns(of_site int) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    work text;
begin
    foreach work in array array['imports', 'stats', 'funnels', 'rfm', 'clusters', 'revenue'] loop
        perform vibe_private.take_turn(of_site, work);
    end loop;
end
$$;
comment on function vibe_private.take_all_turns(int) is
    'vibe_private.take_turn() of every kind of work: nobody else counts the site or imports to it until the transaction ends';
