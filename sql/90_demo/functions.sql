-- Definer, because it writes a past (sessions, events, figures) that no role may write; it makes a site of its own for it.
create function vibe.create_demo_site(
    name text default 'demo',
    seed integer default 1,
    visitors integer default 5000,
    days integer default 60
) returns integer
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
    made integer;
begin
    if visitors is null or visitors not between 1 and 1000000 then
        perform vibe_private.fail(format('visitors is %s', coalesce(visitors::text, 'null')), hint => 'from 1 to 1000000');
    elsif days is null or days not between 1 and 730 then
        perform vibe_private.fail(format('days is %s', coalesce(days::text, 'null')), hint => 'from 1 to 730');
    elsif seed is null then
        perform vibe_private.fail('seed is null', hint => 'any integer; the same seed makes the same shop');
    end if;
    made := vibe.create_site(create_demo_site.name, 'hearth-and-hill.example', 'America/New_York', 'USD');
    insert into vibe_private.demo_sites (site_id, seed, visitors, days, ends)
    values (made, create_demo_site.seed, create_demo_site.visitors, create_demo_site.days, now());
    perform vibe_private.add_partition(m::date)
    from generate_series(
        date_trunc('month', (now() - make_interval(days => days + 1)) at time zone 'UTC'), now() at time zone 'UTC', '1 month'
    ) as m;
    perform vibe_private.write_demo_users(made);
    analyze vibe.site_users, vibe.customers;
    perform vibe_private.write_demo_sessions(made);
    analyze vibe.site_sessions;
    perform vibe_private.write_demo_events(made);
    perform vibe_private.write_demo_purchases(made);
    perform vibe_private.write_demo_merges(made);
    perform vibe_private.write_demo_online(made);
    perform vibe_private.write_demo_campaigns(made);
    perform vibe_private.calculate_demo(made);
    return made;
end
$$;
comment on function vibe.create_demo_site(text, integer, integer, integer) is
'makes a shop whose visits, funnel and purchases of the last days end now, with some visitors online; the same seed makes the same counts and figures; returns its site_id';
grant execute on function vibe.create_demo_site(text, integer, integer, integer) to vibe_operator;

-- Definer, because the shop's page asks without a login; a site key is public.
create function vibe.demo_site_key() returns text
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select s.key
    from vibe_private.demo_sites as d
    join vibe.sites as s using (site_id)
    order by s.site_id
    limit 1
$$;
comment on function vibe.demo_site_key() is 'public key of the first demo site, for the demo shop''s pages; null without one';
grant execute on function vibe.demo_site_key() to vibe_anon, vibe_analyst;
