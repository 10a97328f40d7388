-- The made-up shop (S1-31): the same for the same seed, true to its own rules, and ending now.
set time zone 'UTC';
set datestyle = iso;
\set VERBOSITY terse

-- The plan's counts do not depend on when it is asked: a Sunday when clocks change, a Monday night, New Year.
select p.event_name, count(*) filter (where e.place = 1) as events,
    count(*) filter (where e.place = 1) = count(*) filter (where e.place = 2)
    and count(*) filter (where e.place = 1) = count(*) filter (where e.place = 3) as same_at_any_time
from unnest(array['2024-03-10 15:00+00', '2024-07-01 03:00+00', '2025-01-01 05:00+00']::timestamptz[]) with ordinality as e (ends, place)
cross join lateral vibe_private.demo_steps(7, 400, 30, e.ends, 'America/New_York') as p
group by p.event_name order by events desc;
select count(*) filter (where occurred_at > '2024-07-01 03:00+00') as in_the_future,
    max(occurred_at) > timestamptz '2024-07-01 03:00+00' - interval '1 minute' as ends_now,
    min(occurred_at) > timestamptz '2024-07-01 03:00+00' - interval '30 days 1 hour' as begins_in_time
from vibe_private.demo_steps(7, 400, 30, '2024-07-01 03:00+00', 'America/New_York');
-- Share of the traffic by hour of the day and day of the week, over exactly four weeks.
select
    round(sum(r.share) filter (where extract(hour from r.clock) between 1 and 4)::numeric, 3) as nights,
    round(sum(r.share) filter (where extract(hour from r.clock) between 18 and 21)::numeric, 3) as evenings,
    round(sum(r.share) filter (where extract(isodow from r.clock) = 2)::numeric, 3) as tuesdays,
    round(sum(r.share) filter (where extract(isodow from r.clock) = 7)::numeric, 3) as sundays
from (
    select timestamp '2024-06-03' + (n - 1) * interval '1 hour' as clock, w[n + 1] - w[n] as share
    from vibe_private.demo_rhythm('2024-07-01', 28, 'UTC') as w, generate_series(1, 28 * 24) as n
) as r;

select vibe.create_demo_site('demo', 7, 400, 30) as demo \gset
select vibe.create_demo_site('twin', 7, 400, 30) as twin \gset
select vibe.create_demo_site('sister', 8, 400, 30) as sister \gset

create function shop(of_site int) returns table (what text, figure numeric) language sql as $$
    select 'visitors', count(*) from vibe.site_users where site_id = of_site
    union all select 'known', count(external_id) from vibe.site_users where site_id = of_site
    union all select 'merged', count(merged_into) from vibe.site_users where site_id = of_site
    union all select 'customers', count(*) from vibe.customers where site_id = of_site
    union all select 'sessions', count(*) from vibe.site_sessions where site_id = of_site
    union all select 'bot sessions', count(*) from vibe.site_sessions where site_id = of_site and is_bot
    union all select 'event ' || event_name, count(*) from vibe.user_events where site_id = of_site group by event_name
    union all select 'orders', count(*) from vibe.purchases where site_id = of_site and not is_refund
    union all select 'refunds', count(*) from vibe.purchases where site_id = of_site and is_refund
    union all select 'cancelled', count(*) from vibe.purchases where site_id = of_site and is_cancelled
    union all select 'revenue', sum(amount) from vibe.transactions where site_id = of_site
    union all select 'online', count(*) from vibe.get_online_users(of_site::text)
$$;
select d.what, d.figure, d.figure = t.figure as same_in_twin, d.figure is distinct from s.figure as other_in_sister
from shop(:demo) as d join shop(:twin) as t using (what) left join shop(:sister) as s using (what) order by d.what;
-- Letters go out on Tuesdays and networks report whole days, so these figures depend on when it is asked; not so between twins.
with campaigns as (
    select s.site_id, c.name, c.clicks, c.conversions, c.revenue, c.cost, c.conversion_rate, c.total_events, c.total_events > 0 as has_events, c.cost > 0 as has_cost
    from vibe.sites as s cross join lateral vibe.get_campaigns(s.name) as c
)
select d.name, d.has_events, d.has_cost, d.conversions > 0 and d.conversion_rate > 0 as has_conversions, to_jsonb(d) - 'site_id' = to_jsonb(t) - 'site_id' as same_in_twin
from campaigns as d join campaigns as t using (name) where d.site_id = :demo and t.site_id = :twin order by d.name;
select count(*) as orders_that_differ from (
    select external_id, amount, item_count, is_refund, is_cancelled from vibe.purchases where site_id = :demo
    except select external_id, amount, item_count, is_refund, is_cancelled from vibe.purchases where site_id = :twin
) as d;

-- A real-looking funnel: every step loses visitors, none more than nine in ten.
with steps as (
    select
        count(distinct user_id) as home,
        count(distinct user_id) filter (where page = '/shop/product.html') as product,
        count(distinct user_id) filter (where event_name = 'add_to_cart') as cart,
        count(distinct user_id) filter (where event_name = 'checkout') as checkout,
        count(distinct user_id) filter (where event_name = 'purchase') as purchase
    from vibe.user_events where site_id = :demo and not is_bot
)
select product between home * 0.5 and home * 0.95 as product, cart between product * 0.1 and product * 0.6 as cart,
    checkout between cart * 0.3 and cart * 0.8 as checkout, purchase between checkout * 0.3 and checkout * 0.9 as purchase
from steps;

-- True to the rules of the tables it fills; each line counts what breaks one.
select 'events in the future' as rule, count(*) from vibe.user_events where occurred_at > now() or received_at > now()
union all select 'events outside their session', count(*) from vibe.user_events as e join vibe.site_sessions as s using (site_id, session_id)
    where e.user_id <> s.user_id or e.occurred_at not between s.started_at and s.last_seen_at or e.is_bot <> s.is_bot
union all select 'events without session', count(*) from vibe.user_events where session_id is null
union all select 'sessions whose counters are wrong', count(*) from vibe.site_sessions as s where (s.page_views, s.events) <> (
    select count(*) filter (where event_name = 'page_view'), count(*) filter (where event_name <> 'page_view')
    from vibe.user_events as e where e.site_id = s.site_id and e.session_id = s.session_id)
union all select 'sessions within 30 minutes of the visitor''s last', count(*) from (
    select started_at - lag(last_seen_at) over (partition by site_id, user_id order by started_at) as gap from vibe.site_sessions
) as g where gap <= interval '30 minutes'
union all select 'visitors first seen at another time', count(*) from vibe.site_users as u where first_seen_at <> (
    select min(occurred_at) from vibe.user_events as e where e.site_id = u.site_id and e.user_id = u.user_id)
union all select 'purchase events without order', count(*) from vibe.user_events as e
    left join vibe.purchases as p on p.site_id = e.site_id and p.external_id = e.properties ->> 'order'
        and p.amount = (e.properties ->> 'total')::numeric and p.user_id = e.user_id and p.purchased_at = e.occurred_at
    where e.event_name = 'purchase' and p.purchase_id is null
union all select 'orders without purchase event', count(*) from vibe.purchases as p where not is_refund and not exists (
    select from vibe.user_events as e where e.site_id = p.site_id and e.properties ->> 'order' = p.external_id)
union all select 'purchases of a visitor who is another customer', count(*) from vibe.purchases as p
    join vibe.site_users as u using (site_id, user_id) where u.customer_id is distinct from p.customer_id or u.external_id is null
union all select 'refunds before their order', count(*) from vibe.purchases as r
    join vibe.purchases as p on p.site_id = r.site_id and p.external_id || '-R' = r.external_id where r.purchased_at <= p.purchased_at or -r.amount > p.amount
union all select 'orders and refunds whose items differ from them', count(*) from vibe.purchases as p left join lateral (
        select sum(i.amount) as amount, abs(sum(i.quantity)) as pieces, bool_and(i.category is not null and i.product_id is not null) as is_known
        from vibe.purchase_items as i where i.site_id = p.site_id and i.purchase_id = p.purchase_id) as i on true
    where (i.amount, i.pieces, i.is_known) is distinct from (p.amount, p.item_count::numeric, true) or p.channel is null
union all select 'customers without preferred category', count(*) from vibe.customers where (order_count > 0) <> (preferred_category is not null)
union all select 'merges without history', count(*) from vibe.site_users as u left join vibe.user_merges as m using (site_id, user_id)
    where u.merged_into is distinct from m.into_user_id
union all select 'merges of merged', count(*) from vibe.site_users as u join vibe.site_users as k on k.site_id = u.site_id and k.user_id = u.merged_into
    where k.merged_into is not null or k.external_id is null
union all select 'bots who are online, known or merged', count(*) from vibe.site_sessions as s join vibe.site_users as u using (site_id, user_id)
    left join vibe.online_users as o using (site_id, user_id) where s.is_bot and (o.user_id is not null or u.external_id is not null or u.merged_into is not null)
union all select 'events in the change feed', count(*) from vibe_private.changes;

-- Past days are counted, all of them, and months that are over have RFM; the funnel is there.
select
    count(*) = max(d.day) - min(d.day) + 1 as no_gaps,
    max(d.day) = (now() at time zone 'America/New_York')::date - 1 as to_yesterday,
    min(d.day) = min((e.first_at at time zone 'America/New_York')::date) as from_the_first,
    sum(d.page_views + d.events) = max(e.events) as all_events,
    max(d.total_users) = max(u.users) as all_users
from vibe.daily_user_stats as d
cross join (select min(occurred_at) as first_at, count(*) filter (
        where not is_bot and occurred_at < date_trunc('day', now() at time zone 'America/New_York') at time zone 'America/New_York') as events
    from vibe.user_events where site_id = :demo) as e
cross join (select count(distinct coalesce(u.merged_into, u.user_id)) as users from vibe.site_users as u where u.site_id = :demo
    and first_seen_at < date_trunc('day', now() at time zone 'America/New_York') at time zone 'America/New_York'
    and not exists (select from vibe.site_sessions as s where s.site_id = u.site_id and s.user_id = u.user_id and s.is_bot)) as u
where d.site_id = :demo;
select bool_and(r.period_start < (now() at time zone 'America/New_York')::date and r.period_end = (r.period_start + interval '1 month')::date) as months,
    count(*) = (
        select count(distinct (t.customer_id, date_trunc('month', t.date))) from vibe.transactions as t
        where t.site_id = :demo and not t.is_refund and date_trunc('month', t.date) < date_trunc('month', now() at time zone 'America/New_York')
    ) as all_buyers_of_past_months
from vibe.rfm_analysis as r where r.site_id = :demo;
select count(*) as rfm_that_differs from vibe.rfm_analysis as r where (r.recency, r.frequency, r.monetary) <> (
    select r.period_end - max(t.date) filter (where not t.is_refund), count(*) filter (where not t.is_refund), sum(t.amount)
    from vibe.transactions as t
    where t.site_id = r.site_id and t.customer_id = r.customer_id and t.date >= r.period_start and t.date < r.period_end);
select f.step, f.name, f.users > 0 as has_users, f.users <= lag(f.users, 1, f.users) over (order by f.step) as none_appears
from vibe.calculate_funnel_conversion('demo', 'checkout') as f order by f.step;

-- The door of the demo shop's pages.
begin;
set local role vibe_anon;
select vibe.demo_site_key() is not null as has_key;
rollback;
select vibe.demo_site_key() = s.key as is_of_the_first from vibe.sites as s where s.site_id = :demo;

-- Bad input, and who may not.
select vibe.create_demo_site('demo');
select vibe.create_demo_site('more', visitors => 0);
select vibe.create_demo_site('more', days => null);
select vibe.create_demo_site('more', days => 731);
select vibe.create_demo_site('more', seed => null);
select count(*) as half_made from vibe.sites where name = 'more';
begin;
set local role vibe_member;
select vibe.create_demo_site('more');
rollback;

-- The smallest there is.
select vibe.create_demo_site('tiny', 1, 1, 1) is not null as made;
