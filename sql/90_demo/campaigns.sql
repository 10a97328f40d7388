-- What a demo shop does to be known: two advertisements whose network reports their days, a letter every Tuesday to everybody
-- who gave an address, and one of thanks to those who ordered. Visits by the advertisements and letters are there already.
create function vibe_private.write_demo_campaigns(of_site integer) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    shop record;
    letter bigint;
    thanks bigint;
begin
    select d.seed, d.ends, s.time_zone, (d.ends at time zone s.time_zone)::date as today, v.opening::date as opening into shop
    from vibe_private.demo_sites as d
    join vibe.sites as s using (site_id)
    cross join lateral (
        select min(b.started_at) at time zone s.time_zone as opening from vibe.site_sessions as b where b.site_id = d.site_id
    ) as v
    where d.site_id = of_site;
    perform vibe.change_campaign_settings(of_site::text);
    insert into vibe.campaigns (site_id, name, type, budget, start_date, utm_campaign, utm_source, utm_medium)
    values
        (of_site, 'Hearth on Instagram', 'social', 1500, shop.opening, 'hearth', 'instagram', 'social'),
        (of_site, 'Our name in search', 'search', 2000, shop.opening, 'brand', 'google', 'cpc');
    insert into vibe.campaigns (site_id, name, type, start_date, utm_campaign, utm_source, utm_medium)
    values (of_site, 'Weekly letter', 'email', shop.opening, 'weekly', 'newsletter', 'email')
    returning campaign_id into letter;
    insert into vibe.campaigns (site_id, name, type, start_date)
    values (of_site, 'Thanks for your order', 'email', shop.opening)
    returning campaign_id into thanks;

    -- A network counts some clicks of people who leave before the page is there.
    insert into vibe.campaign_performance (site_id, campaign_id, date, impressions, clicks, cost)
    select
        of_site, d.campaign_id, d.date, d.clicks * (18 + floor(14 * d.dice))::integer, d.clicks,
        round((d.clicks * case d.type when 'search' then 0.62 else 0.34 end * (0.85 + 0.3 * d.dice))::numeric, 2)
    from (
        select
            c.campaign_id, c.type, (shop.opening + g.n) as date, p.dice, coalesce(v.visits, 0) + floor(3 * p.dice)::integer as clicks
        from vibe.campaigns as c
        cross join generate_series(0, shop.today - shop.opening - 1) as g (n)
        cross join lateral vibe_private.demo_chance(shop.seed, c.type, g.n) as p (dice)
        left join (
            select s.utm_campaign, (s.started_at at time zone shop.time_zone)::date as day, count(*)::integer as visits
            from vibe.site_sessions as s
            where s.site_id = of_site and s.utm_campaign is not null
            group by 1, 2
        ) as v on v.utm_campaign = c.utm_campaign and v.day = shop.opening + g.n
        where c.site_id = of_site and c.type in ('search', 'social')
    ) as d
    order by d.campaign_id, d.date;

    insert into vibe.campaign_events (site_id, campaign_id, event_type, occurred_at, customer_id, user_id, external_id, cost, metadata)
    select
        of_site, m.campaign_id, k.event_type, m.sent_at + k.after, m.customer_id, m.user_id, m.name || '-' || k.event_type,
        case k.event_type when 'sent' then 0.01 end, jsonb_build_object('mail', m.name)
    from (
        select
            letter as campaign_id, u.customer_id, u.user_id, 'letter-' || w.n || '-' || u.user_id as name, 0.28 as opened,
            w.sent_at, vibe_private.demo_chance(shop.seed, 'letter', hashtext(u.external_id), w.n) as dice
        from (
            select t.n, vibe.day_start(shop.opening + t.n, shop.time_zone) + interval '9 hours' as sent_at
            from generate_series(0, shop.today - shop.opening) as t (n)
            where extract(isodow from shop.opening + t.n) = 2
        ) as w
        join vibe.site_users as u on u.site_id = of_site and u.external_id is not null and u.first_seen_at < w.sent_at
        union all
        select
            thanks, p.customer_id, null, 'thanks-' || p.external_id, 0.55,
            p.purchased_at + interval '1 day', vibe_private.demo_chance(shop.seed, 'thanks', hashtext(p.external_id))
        from vibe.purchases as p
        where p.site_id = of_site and not p.is_refund and not p.is_cancelled and p.customer_id is not null
    ) as m
    cross join lateral (values
        ('sent', interval '0', 1.0), ('open', interval '1 hour' * (1 + 20 * m.dice), m.opened), ('click', interval '1 hour' * (1.1 + 20 * m.dice), m.opened / 4)
    ) as k (event_type, after, share)
    where m.dice < k.share and m.sent_at + k.after < shop.ends
    order by m.sent_at, m.name, k.after;
    -- Nobody has heard of the site yet.
    delete from vibe_private.changes as c where c.site_id = of_site;
end
$$;
comment on function vibe_private.write_demo_campaigns(integer) is 'campaigns of a demo site, with what its network reports and what became of its letters';
