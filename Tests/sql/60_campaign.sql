-- Campaigns over rows small enough to check by eye: who is exposed, who converts, who gets an order, what days add up to.
-- Tests/e2e/test_campaigns.py compares random shops with an attribution in Python.
set timezone = 'UTC';
set datestyle = 'ISO';
\set SHOW_CONTEXT never
\set VERBOSITY terse

select vibe.create_site('shop', time_zone => 'America/New_York', currency => 'USD') as site_id;
insert into vibe.customers (site_id, customer_id, external_id, name) overriding system value values
    (1, 1, 'ana', 'Ana'), (1, 2, 'bob', 'Bob'), (1, 3, 'cid', 'Cid'), (1, 4, 'dee', 'Dee');
-- ana has two browsers (merged), of which the second is known as the customer; bob is a customer in one; eve is nobody's.
insert into vibe.site_users (site_id, user_id, anonymous_id, external_id, customer_id, merged_into) overriding system value values
    (1, 11, 'ana-1', 'u-ana', null, null), (1, 12, 'ana-2', null, 1, 11), (1, 21, 'bob-1', null, 2, null),
    (1, 51, 'eve-1', null, null, null), (1, 61, 'robot', null, null, null);

select vibe.create_campaign('shop', 'Letter', 'email', utm_campaign => 'Weekly', start_date => '2026-03-01', budget => 100) as letter \gset
select vibe.create_campaign('shop', 'Letter by partner', 'email', utm_campaign => 'weekly', utm_source => 'Partner') as partner \gset
select vibe.create_campaign('shop', 'Letter by post', 'email', utm_campaign => 'weekly', utm_medium => 'post') as post \gset
select vibe.create_campaign('shop', 'Search', 'search', utm_campaign => 'brand') as search \gset
select vibe.create_campaign('shop', 'Calls', 'phone') as calls \gset

-- Which campaign a visit belongs to: the one that says most about it, whatever the case of the letters.
insert into vibe.site_sessions (site_id, session_id, user_id, started_at, last_seen_at, utm_campaign, utm_source, utm_medium, is_bot) overriding system value values
    (1, 1, 11, '2026-03-01 12:00Z', '2026-03-01 12:00Z', 'weekly', null, null, false),
    (1, 2, 51, '2026-03-02 12:00Z', '2026-03-02 12:00Z', 'WEEKLY', 'partner', 'post', false),
    (1, 3, 21, '2026-03-03 12:00Z', '2026-03-03 12:00Z', 'weekly', 'other', 'Post', false),
    (1, 4, 12, '2026-03-05 12:00Z', '2026-03-05 12:00Z', 'brand', 'google', 'cpc', false),
    (1, 5, 21, '2026-03-06 12:00Z', '2026-03-06 12:00Z', 'brand', null, null, false),
    (1, 6, 61, '2026-03-06 12:00Z', '2026-03-06 12:00Z', 'brand', null, null, true),
    (1, 7, 51, '2026-03-07 12:00Z', '2026-03-07 12:00Z', 'another', null, null, false),
    (1, 8, 51, '2026-03-07 12:00Z', '2026-03-07 12:00Z', null, null, null, false);
select v.at, c.name, v.user_id from vibe.campaign_visits(1, '-infinity', 'infinity') as v join vibe.campaigns as c using (campaign_id) order by v.at;

-- Events: known by the shop's number, by ours, by the browser; twice under one id; without a person.
select vibe.track_campaign_event(:calls, 'sent', '{"customer": "cid", "occurred_at": "2026-03-04T12:00:00Z", "event_id": "c1"}') as first;
select vibe.track_campaign_event(:calls, 'sent', '{"customer": "cid", "occurred_at": "2026-03-09T12:00:00Z", "event_id": "c1"}') as again;
select vibe.track_campaign_event(:calls, 'sent', '{"customer_id": 4, "occurred_at": "2026-03-04T12:00:00Z", "event_id": "c2"}') as other;
select vibe.track_campaign_event(:calls, 'click', '{"customer": "cid", "occurred_at": "2026-03-08T03:59:59Z", "cost": 1.25}') as click;
select vibe.track_campaign_event(:calls, 'click', '{"visitor": "eve-1", "occurred_at": "2026-03-08T05:00:00Z", "cost": "0.75", "note": {"any": [1]}}') as click;
select vibe.track_campaign_event(:calls, 'impression', '{"occurred_at": "2026-03-08T12:00:00Z"}') as nobody;
select vibe.track_campaign_event(:calls, 'conversion', '{"user_id": 51, "occurred_at": "2026-03-08T13:00:00Z", "value": 7.5}') as conversion;
select event_type, occurred_at, customer, user_id, value, cost, metadata - 'occurred_at' as metadata from vibe.get_campaign_events(:calls);
select campaign_event_id, event_type from vibe.get_campaign_events(:calls, "limit" => 2);
select campaign_event_id, event_type from vibe.get_campaign_events(:calls, "limit" => 2, before_id => 5);
select campaign_event_id, event_type from vibe.get_campaign_events(:calls, type => 'click', start_date => '2026-03-08', end_date => '2026-03-08');

-- Orders: ana's after two campaigns, ten dollars of which three equal shares are not to be had; bob's as a guest in his browser;
-- cid's after a click; dee's, who was only written to; a refund, a cancelled one, one in euros, one of nobody.
insert into vibe.purchases (site_id, purchase_id, customer_id, user_id, external_id, purchased_at, amount, currency, is_refund, is_cancelled) overriding system value values
    (1, 1, 1, null, 'o1', '2026-03-05 13:00Z', 10, 'USD', false, false),
    (1, 2, null, 21, 'o2', '2026-03-06 13:00Z', 20, 'USD', false, false),
    (1, 3, 3, null, 'o3', '2026-03-08 04:00Z', 30, 'USD', false, false),
    (1, 4, 4, null, 'o4', '2026-03-08 04:00Z', 40, 'USD', false, false),
    (1, 5, 1, null, 'r1', '2026-03-08 13:00Z', -5, 'USD', true, false),
    (1, 6, 1, null, 'o6', '2026-03-08 13:00Z', 60, 'USD', false, true),
    (1, 7, 1, null, 'o7', '2026-03-08 13:00Z', 70, 'EUR', false, false),
    (1, 8, null, null, 'o8', '2026-03-08 13:00Z', 80, 'USD', false, false);
select m.model, a.name, a.orders, a.customers, a.revenue
from (values (1, 'first'), (2, 'last'), (3, 'linear')) as m (place, model)
cross join lateral vibe.campaign_attribution('shop', '2026-03-01', '2026-03-31', m.model) as a
order by m.place, a.revenue desc, a.orders desc, a.campaign_id;
-- Shares of a cent are dealt out: three touches of ten dollars.
insert into vibe.site_sessions (site_id, session_id, user_id, started_at, last_seen_at, utm_campaign) values (1, 9, 12, '2026-03-05 12:30Z', '2026-03-05 12:30Z', 'brand');
select c.name, r.credit, r.revenue from vibe.campaign_credits(1, '2026-03-05', '2026-03-06', 'linear') as r join vibe.campaigns as c using (campaign_id) order by 1;

-- The window is so many times 24 hours, its end left out: ana's first visit was 4 days and an hour before her order.
select d as window_days, (select string_agg(a.name, ', ' order by a.campaign_id) from vibe.campaign_attribution('shop', '2026-03-05', '2026-03-05', 'first', d) as a where a.orders > 0)
from unnest('{1,4,5}'::int[]) as d;
insert into vibe.site_sessions (site_id, session_id, user_id, started_at, last_seen_at, utm_campaign) values (1, 10, 21, '2026-03-05 13:00Z', '2026-03-05 13:00Z', 'brand');
select a.name, a.orders from vibe.campaign_attribution('shop', '2026-03-06', '2026-03-06', 'linear', 1) as a where a.orders > 0;

-- A conversion that names an order of the shop's is that order, told again; its campaign is the last that touched the buyer.
select vibe.track_campaign_event(:post, 'conversion', '{"order": "o3", "value": 999, "occurred_at": "2026-03-20T12:00:00Z"}') is not null as told;
select vibe.track_campaign_event(:post, 'conversion', '{"order": "elsewhere", "value": 5, "occurred_at": "2026-03-20T12:00:00Z"}') is not null as told;
select a.name, a.orders, a.revenue from vibe.campaign_attribution('shop', '2026-03-07', '2026-03-08', 'last') as a where a.orders > 0;
select date, total_events, conversions, revenue from vibe.campaign_days(:post, '2026-03-01', '2026-03-31') where total_events + conversions > 0;

-- What the shop says of an order: a touch of its own where no visit of the last day says the same; a guest's only one.
insert into vibe.purchases (site_id, purchase_id, customer_id, external_id, purchased_at, amount, currency, utm) overriding system value values
    (1, 11, 2, 'u1', '2026-02-10 12:00Z', 10, 'USD', '{"campaign": "Brand", "source": "google", "medium": "cpc"}'),
    (1, 12, 2, 'u2', '2026-02-10 13:00Z', 10, 'USD', null),
    (1, 13, null, 'u3', '2026-02-10 14:00Z', 10, 'USD', '{"campaign": "weekly", "source": "partner"}'),
    (1, 14, null, 'u4', '2026-02-10 14:00Z', 10, 'USD', '{"source": "partner"}');
insert into vibe.site_sessions (site_id, session_id, user_id, started_at, last_seen_at, utm_campaign) values (1, 11, 21, '2026-02-09 12:00Z', '2026-02-09 12:00Z', 'brand');
select m as model, a.name, a.orders from unnest('{first,linear}'::text[]) with ordinality as m (m, n), lateral vibe.campaign_attribution('shop', '2026-02-10', '2026-02-10', m.m) as a where a.orders > 0 order by m.n, a.campaign_id;
select count(*) as touches from vibe.campaign_touches(1, null, '2026-02-09', '2026-02-11');
update vibe.site_sessions set started_at = started_at + interval '1 second', last_seen_at = last_seen_at + interval '1 second' where session_id = 11;
select count(*) as touches from vibe.campaign_touches(1, null, '2026-02-09', '2026-02-11');
delete from vibe.purchases where purchased_at < '2026-03-01';
delete from vibe.site_sessions where session_id = 11;

-- Figures: days of New York; 8 March has 23 hours there, and the click at 03:59:59Z is of the 7th.
select * from vibe.campaign_days(:calls, '2026-03-03', '2026-03-09');
select * from vibe.get_campaign_performance(:calls, '2026-03-03', '2026-03-09');
select * from vibe.get_campaign_performance(:calls);
-- What is reported takes the place of what is counted, each figure by itself; ratios of the range are those of its sums.
select vibe.report_campaign_day(:search, '2026-03-05', 1000, 50, cost => 25);
select vibe.report_campaign_day(:search, '2026-03-06', 10, 5, cost => 2);
select vibe.report_campaign_day(:search, '2026-03-06', 3000, 50, 4.5, 90, 75);
select vibe.report_campaign_day(:search, '2026-03-07', 0, 0, 0, 0, 0);
select date, impressions, clicks, conversions, revenue, cost, ctr, cpc, roas from vibe.campaign_performance order by date;
select date, impressions, clicks, conversions, revenue, cost, ctr, cpc, roas from vibe.campaign_days(:search, '2026-03-05', '2026-03-08');
select impressions, clicks, conversions, revenue, cost, ctr, cpc, roas from vibe.get_campaign_performance(:search, '2026-03-05', '2026-03-08');
select name, total_events, impressions, clicks, conversions, revenue, cost, ctr, cpc, roas, conversion_rate from vibe.get_campaigns('shop', '2026-03-01', '2026-03-31');
select name from vibe.get_campaigns('shop', search => 'PART');
select name, total_events, conversions, conversion_rate, roas from vibe.get_campaigns('shop', '2025-01-01', '2025-01-31');

-- A-06 by hand: of the people whom the letter met, ana bought; eve did not, but she converted by the calls.
select c.name, r.exposed, r.converted from vibe.campaign_reach(1, null, null, null, false) as r join vibe.campaigns as c using (campaign_id) order by c.campaign_id;
-- Who buys before being met is not converted, nor is who buys after the window.
select vibe.create_campaign('shop', 'Late') as late \gset
select vibe.track_campaign_event(:late, 'click', '{"customer": "ana", "occurred_at": "2026-03-08T14:00:00Z"}') is not null as late;
select vibe.track_campaign_event(:late, 'click', '{"customer": "dee", "occurred_at": "2026-02-01T14:00:00Z"}') is not null as early;
select exposed, converted, conversion_rate from vibe.get_campaign_performance(:late);
select vibe.change_campaign_settings('shop', window_days => 60);
select exposed, converted, conversion_rate from vibe.get_campaign_performance(:late);

-- Settings count at once: another model, other types of events.
select vibe.change_campaign_settings('shop', 'first', 30, '{signup}', '{sent,impression,click}');
select * from vibe.campaign_settings;
select total_events, exposed, converted, event_conversion_rate, conversions, revenue from vibe.get_campaign_performance(:calls);
select vibe.track_campaign_event(:calls, 'signup', '{"customer": "dee", "occurred_at": "2026-03-09T12:00:00Z", "value": 3}') is not null as signup;
select total_events, exposed, converted, event_conversion_rate, conversions, revenue from vibe.get_campaign_performance(:calls);
select name, orders, revenue from vibe.campaign_attribution('shop') where orders > 0;

-- A campaign as it was made, changed, emptied, deleted with all that hangs on it.
select vibe.create_segment('shop', 'big spenders') is not null as segment;
select vibe.update_campaign(:letter, name => 'Newsletter', target_segment => 'big spenders', end_date => '2026-06-30', status => 'completed', utm_source => 'HOUSE') = :letter as changed;
select vibe.get_campaign(:letter) - 'created_at' as campaign;
select vibe.update_campaign(:letter, clear => '{target_segment,budget,end_date,utm_campaign,utm_source,utm_medium}', type => 'paper') = :letter as changed;
select vibe.get_campaign(:letter) - 'created_at' as campaign;
select vibe.update_campaign(:letter, target_segment => 'big spenders') = :letter as changed;
select vibe.delete_segment('shop', 'big spenders');
select name, target_segment from vibe.get_campaigns('shop', search => 'newsletter');
select vibe.delete_campaign(:calls), vibe.delete_campaign(:search);
select (select count(*) from vibe.campaign_events where campaign_id = :calls) as events, (select count(*) from vibe.campaign_performance) as days;

-- Nothing at all.
select vibe.create_site('empty') as site_id;
select * from vibe.get_campaigns('empty');
select * from vibe.campaign_attribution('empty');
select vibe.create_campaign('empty', 'Silent') as silent \gset
select * from vibe.get_campaign_performance(:silent);
select * from vibe.campaign_days(:silent, '2026-03-01', '2026-03-02');
