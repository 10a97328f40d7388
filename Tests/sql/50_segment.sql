-- Criteria of segments: every operator over rows small enough to check by eye, every error with its path, time zones.
-- Tests/e2e/test_segments.py compares thousands of random criteria with an evaluator in Python.
set timezone = 'UTC';
set datestyle = 'ISO';
\set SHOW_CONTEXT never
\set VERBOSITY terse

select vibe.create_site('shop', time_zone => 'America/New_York') as site_id;
insert into vibe.customers (site_id, customer_id, external_id, gender, birth_date, location, registered_at, created_at) overriding system value values
    (1, 1, 'ana', 'f', '1990-11-05', 'São Paulo', '2026-10-01 12:00Z', '2026-01-01'),
    (1, 2, 'bob', 'm', '1990-11-06', '100%', '2026-11-01 03:59Z', '2026-01-01'),
    (1, 3, 'cid', null, '2000-02-29', 'sÃo', '2026-11-01 04:00Z', '2026-01-01'),
    (1, 4, 'dee', 'f', null, null, null, '2026-01-01'),
    (1, 5, 'eve', 'ö''; --', null, '日本', null, '2026-01-01');
insert into vibe.purchases (site_id, purchase_id, customer_id, external_id, purchased_at, amount, currency, is_refund, is_cancelled) overriding system value values
    (1, 1, 1, 'o1', '2026-10-20 12:00Z', 100, 'USD', false, false),
    (1, 2, 1, 'o2', '2026-11-01 04:00Z', 50.5, 'USD', false, false),
    (1, 3, 1, 'r1', '2026-11-02 12:00Z', -30, 'USD', true, false),
    (1, 4, 2, 'o3', '2026-11-01 03:59Z', 10, 'USD', false, false),
    (1, 5, 2, 'o4', '2026-11-03 12:00Z', 999, 'USD', false, true),
    (1, 6, 3, 'o5', '2026-11-03 12:00Z', 70, 'EUR', false, false),
    (1, 7, null, 'o6', '2026-11-03 12:00Z', 70, 'USD', false, false),
    (1, 8, 2, 'o7', '2026-11-30 12:00Z', 500, 'USD', false, false);
insert into vibe.purchase_items (site_id, purchase_id, line, product_id, category, amount) values
    (1, 1, 1, 'A1', 'Books', 60), (1, 1, 2, 'A2', 'Books', 40), (1, 2, 1, 'A1', 'Music', 50.5), (1, 3, 1, 'A1', 'Books', -30),
    (1, 4, 1, 'A2', 'Music', 10);
-- ann and her second browser (merged) are customer 1; ben is customers 2 and 3, by a browser each; bot is nobody.
insert into vibe.site_users (site_id, user_id, anonymous_id, external_id, customer_id, traits, first_seen_at, last_seen_at, merged_into) overriding system value values
    (1, 1, 'ann', 'u1', 1, '{"plan": "pro", "n": 5, "deep": {"x": [1, 2]}, "tags": ["a", "b"], "gone": null}', '2026-10-01', '2026-10-02', null),
    (1, 2, 'ann2', null, null, '{}', '2026-09-01', '2026-11-04', 1),
    (1, 3, 'ben', null, 2, '{"plan": "Pro", "n": "5", "tags": "abc", "paid": true}', '2026-10-05', '2026-10-06', null),
    (1, 4, 'ben2', null, 3, '{}', '2026-10-07', '2026-10-08', 3),
    (1, 5, 'cat', null, null, '{"n": 7.5, "paid": false}', '2026-11-01', '2026-11-01', null),
    (1, 6, 'bot', null, 4, '{"plan": "pro"}', '2026-11-01', '2026-11-01', null);
insert into vibe.site_sessions (site_id, user_id, started_at, last_seen_at, is_bot) values (1, 6, '2026-11-01', '2026-11-01', true);
insert into vibe.user_events (site_id, user_id, event_name, page, properties, occurred_at, is_bot) values
    (1, 1, 'view', '/a', '{"price": 10}', '2026-11-01 03:59:59Z', false),
    (1, 1, 'view', '/a/b', '{"price": "10"}', '2026-11-01 04:00Z', false),
    (1, 2, 'view', '/a%', '{"price": 20, "sku": "x"}', '2026-11-05 15:29:59Z', false),
    (1, 2, 'view', null, '{}', '2026-11-05 15:30Z', false),
    (1, 3, 'view', '/b', '{}', '2026-10-31 04:00Z', false),
    (1, 4, 'cart', '/b', '{}', '2026-11-02 12:00Z', false),
    (1, 4, 'view', '/b', '{}', '2026-11-02 12:00Z', true),
    (1, 99, 'view', '/b', '{}', '2026-11-02 12:00Z', false);
select vibe.calculate_rfm('shop', '2026-10-01', '2026-11-01') + vibe.calculate_rfm('shop', '2026-11-01', '2026-12-01') as scored;

create function pg_temp.found(condition jsonb, subject text default 'customer', as_of timestamptz default '2026-11-05 15:30Z') returns text
language sql as $$
    select coalesce(string_agg(coalesce(c.external_id, u.anonymous_id), ' ' order by s.id), '-')
    from vibe.segment_subjects(1, jsonb_build_object('version', 1, 'all', jsonb_build_array(condition)), subject, as_of) as s (id)
    left join vibe.customers as c on subject = 'customer' and c.customer_id = s.id
    left join vibe.site_users as u on subject = 'user' and u.user_id = s.id
$$;

-- Attributes by every operator; unknown is false, and "not" of it true.
select t.condition, pg_temp.found(t.condition) as meet, pg_temp.found(jsonb_build_object('not', t.condition)) as meet_not
from (values
    (1, '{"customer": "gender", "op": "eq", "value": "f"}'::jsonb),
    (2, '{"customer": "gender", "op": "ne", "value": "f"}'),
    (3, '{"customer": "gender", "op": "in", "value": ["m", "ö''; --"]}'),
    (4, '{"customer": "gender", "op": "not_in", "value": ["m", "x"]}'),
    (5, '{"customer": "gender", "op": "is_set"}'),
    (6, '{"customer": "gender", "op": "is_not_set"}'),
    (7, '{"customer": "location", "op": "contains", "value": "%"}'),
    (8, '{"customer": "location", "op": "contains", "value": "ão"}'),
    (9, '{"customer": "location", "op": "starts_with", "value": "日"}'),
    (10, '{"customer": "age", "op": "eq", "value": 36}'),
    (11, '{"customer": "age", "op": "lt", "value": 36}'),
    (12, '{"customer": "age", "op": "ge", "value": 35.5}'),
    (13, '{"customer": "age", "op": "between", "value": [26, 35]}'),
    (14, '{"customer": "age", "op": "in", "value": [26, 36.0]}'),
    (15, '{"customer": "age", "op": "not_in", "value": [26]}'),
    (16, '{"customer": "total_spent", "op": "gt", "value": 120}'),
    (17, '{"customer": "total_spent", "op": "le", "value": 0}'),
    (18, '{"customer": "order_count", "op": "ne", "value": 0}'),
    (19, '{"customer": "foreign_orders", "op": "ge", "value": 1}'),
    (20, '{"customer": "purchase_frequency", "op": "is_set"}'),
    (21, '{"customer": "preferred_category", "op": "eq", "value": "Music"}'),
    (22, '{"customer": "registered_at", "op": "eq", "value": "2026-10-31"}'),
    (23, '{"customer": "registered_at", "op": "lt", "value": "2026-11-01"}'),
    (24, '{"customer": "registered_at", "op": "between", "value": ["2026-10-01", "2026-10-31"]}'),
    (25, '{"customer": "last_purchase_at", "op": "before_last", "days": 3}'),
    (26, '{"customer": "first_purchase_at", "op": "in_last", "days": 3}'),
    (27, '{"customer": "first_purchase_at", "op": "in_last", "days": 5}')
) as t (place, condition)
order by t.place;

-- RFM: the latest period that has ended (October), not the running one.
select customer_id, period_end, cluster, r_score from vibe.rfm_analysis order by period_end, customer_id;
select pg_temp.found('{"rfm": "r_score", "op": "ge", "value": 1}') as scored, pg_temp.found('{"rfm": "cluster", "op": "is_not_set"}') as not_scored,
    pg_temp.found('{"rfm": "monetary", "op": "eq", "value": 100}') as monetary, pg_temp.found('{"rfm": "cluster", "op": "in", "value": ["opportunists", "loyal"]}', 'user') as users,
    pg_temp.found('{"rfm": "cluster", "op": "is_set"}', as_of => '2026-10-31 12:00Z') as before, pg_temp.found('{"rfm": "cluster", "op": "is_set"}', as_of => '2026-12-01 05:00Z') as after;

-- What people bought and spent. Refunds are no orders and less money; cancelled orders nothing; other currencies orders only.
select t.condition, pg_temp.found(t.condition) as customers, pg_temp.found(t.condition, 'user') as users
from (values
    (1, '{"bought": {}}'::jsonb),
    (2, '{"bought": {}, "at_least": 2}'),
    (3, '{"bought": {}, "at_most": 1}'),
    (4, '{"bought": {}, "exactly": 0}'),
    (5, '{"bought": {}, "exactly": 2}'),
    (6, '{"bought": {}, "at_least": 0}'),
    (7, '{"bought": {}, "at_least": 1, "at_most": 1}'),
    (8, '{"bought": {}, "days": 4}'),
    (9, '{"bought": {"category": "Books"}}'),
    (10, '{"bought": {"category": "Books", "product": "A2"}}'),
    (11, '{"bought": {"product": "A2"}, "exactly": 1}'),
    (12, '{"bought": {"category": "Music"}, "exactly": 0}'),
    (13, '{"spent": {}, "at_least": 120.5}'),
    (14, '{"spent": {}, "at_least": 120.51}'),
    (15, '{"spent": {}, "at_most": 10}'),
    (16, '{"spent": {}, "at_least": 10, "at_most": 100}'),
    (17, '{"spent": {"category": "Books"}, "at_least": 70}'),
    (18, '{"spent": {"category": "Books"}, "at_least": 71}'),
    (19, '{"spent": {"product": "A1"}, "at_most": 20, "days": 4}')
) as t (place, condition)
order by t.place;

-- What people did; ann's two browsers are one person, what comes at or after the instant is not seen, bots do nothing.
select t.condition, pg_temp.found(t.condition, 'user') as users, pg_temp.found(t.condition) as customers
from (values
    (1, '{"event": "view"}'::jsonb),
    (2, '{"event": "view", "at_least": 2}'),
    (3, '{"event": "view", "at_least": 4}'),
    (4, '{"event": "view", "exactly": 3}'),
    (5, '{"event": "view", "at_most": 1}'),
    (6, '{"event": "view", "exactly": 0}'),
    (7, '{"event": "view", "days": 4, "exactly": 2}'),
    (8, '{"event": "view", "days": 5, "exactly": 3}'),
    (9, '{"event": "cart"}'),
    (10, '{"event": "view", "page": "/a%"}'),
    (11, '{"event": "view", "page": "/a\\%"}'),
    (12, '{"event": "view", "page": "/_", "exactly": 1}'),
    (13, '{"event": "view", "properties": [{"path": ["price"], "op": "eq", "value": 10}], "exactly": 1}'),
    (14, '{"event": "view", "properties": [{"path": ["price"], "op": "gt", "value": 10}, {"path": ["sku"], "op": "eq", "value": "x"}]}'),
    (15, '{"event": "view", "properties": [{"path": ["price"], "op": "is_not_set"}], "at_least": 1}'),
    (16, '{"event": "nothing'' or true --"}')
) as t (place, condition)
order by t.place;

-- Traits by JSON type: a number is no text; JSON null is no value.
select t.condition, pg_temp.found(t.condition, 'user') as users, pg_temp.found(t.condition) as customers
from (values
    (1, '{"trait": ["plan"], "op": "eq", "value": "pro"}'::jsonb),
    (2, '{"trait": ["plan"], "op": "ne", "value": "pro"}'),
    (3, '{"trait": ["plan"], "op": "is_not_set"}'),
    (4, '{"trait": ["n"], "op": "eq", "value": 5}'),
    (5, '{"trait": ["n"], "op": "ge", "value": 5}'),
    (6, '{"trait": ["n"], "op": "between", "value": [7, 8]}'),
    (7, '{"trait": ["n"], "op": "in", "value": ["5", 7.5]}'),
    (8, '{"trait": ["n"], "op": "not_in", "value": ["5", 7.5]}'),
    (9, '{"trait": ["tags"], "op": "contains", "value": "b"}'),
    (10, '{"trait": ["plan"], "op": "starts_with", "value": "P"}'),
    (11, '{"trait": ["deep", "x", "1"], "op": "eq", "value": 2}'),
    (12, '{"trait": ["paid"], "op": "eq", "value": true}'),
    (13, '{"trait": ["paid"], "op": "ne", "value": true}'),
    (14, '{"trait": ["gone"], "op": "is_set"}'),
    (15, '{"trait": ["no''such"], "op": "is_set"}'),
    (16, '{"user": "external_id", "op": "is_set"}'),
    (17, '{"user": "external_id", "op": "is_not_set"}'),
    (18, '{"user": "first_seen_at", "op": "lt", "value": "2026-10-01"}'),
    (19, '{"user": "last_seen_at", "op": "in_last", "days": 2}'),
    (20, '{"user": "last_seen_at", "op": "before_last", "days": 2}')
) as t (place, condition)
order by t.place;

-- "The last d days" begin at midnight by the site's clock: on 5 November, 5 days reach to 31 October, whose midnight was
-- at 04:00Z, and 4 days to 1 November at 04:00Z, though New York is at -05:00 since that morning.
select days, vibe.day_start('2026-11-05'::date - days, 'America/New_York') as since,
    pg_temp.found(jsonb_build_object('event', 'view', 'days', days, 'at_least', 2), 'user') as twice
from generate_series(3, 5) as days;
-- One second before and at New York's midnight, and the same instant in Kiritimati, 19 hours ahead.
select pg_temp.found('{"event": "view", "days": 1, "exactly": 0}', 'user', '2026-11-02 04:59:59Z') as first_of_november,
    pg_temp.found('{"event": "view", "days": 1, "exactly": 0}', 'user', '2026-11-02 05:00Z') as second_of_november;
update vibe.sites set time_zone = 'Pacific/Kiritimati';
select pg_temp.found('{"event": "view", "days": 4}', 'user') as four_days, pg_temp.found('{"event": "view", "days": 5, "exactly": 2}', 'user') as five_days;
-- Midnight comes twice in Havana on 1 November 2026, at 04:00Z and 05:00Z: the day begins with the first.
update vibe.sites set time_zone = 'America/Havana';
select vibe.day_start('2026-11-01', 'America/Havana') as since, pg_temp.found('{"event": "view", "days": 4, "exactly": 2}', 'user') as since_first;
update vibe.sites set time_zone = 'America/New_York';

-- Nested groups.
select pg_temp.found('{"any": [{"all": [{"customer": "gender", "op": "eq", "value": "f"}, {"not": {"bought": {}}}]}, {"not": {"any": [{"customer": "gender", "op": "is_set"}, {"event": "cart"}]}}]}') as nested;

-- No value stands in the text of the query, and the shown query finds the same.
select vibe.criteria_query('{"version": 1, "all": [{"customer": "gender", "op": "eq", "value": "''; drop table x; --"}, {"not": {"event": "vi''ew", "days": 30}}]}', '{}', 'customer') as query;
select vibe.segment_query('shop', '{"version": 1, "any": [{"customer": "gender", "op": "in", "value": ["''$2 #>> $1", "f"]}, {"bought": {}, "at_least": 2}]}', as_of => '2026-11-05 15:30Z') as query \gset
\echo :query
:query order by id;
select size, sample from vibe.preview_segment('shop', '{"version": 1, "all": [{"customer": "gender", "op": "is_set"}]}');
select size, sample from vibe.preview_segment('shop', '{"version": 1, "not": {"trait": ["plan"], "op": "eq", "value": "pro"}}', 'user');
select size, sample from vibe.preview_segment('shop', '{"version": 1, "all": [{"customer": "gender", "op": "eq", "value": "none"}]}');

-- An empty site; a site of one customer.
select vibe.create_site('empty') as site_id, vibe.create_site('single') as site_id;
insert into vibe.customers (site_id, external_id) values (3, 'only');
select s.site, p.* from (values ('empty'), ('single')) as s (site)
cross join lateral (
    select c.size as all_of_nothing, d.size as users
    from vibe.preview_segment(s.site, '{"version": 1, "not": {"bought": {}}}') as c, vibe.preview_segment(s.site, '{"version": 1, "not": {"rfm": "cluster", "op": "is_set"}}', 'user') as d
) as p;

-- Every error says where, what and why.
create function pg_temp.refusal(criteria jsonb) returns text language plpgsql as $$
declare
    problem text;
begin
    perform vibe.check_criteria(criteria);
    return 'accepted';
exception when others then
    get stacked diagnostics problem = message_text;
    return case when sqlstate = '22023' then problem else format('%s: %s', sqlstate, problem) end;
end
$$;
select place, pg_temp.refusal(criteria) as refusal from (values
    (1, null::jsonb),
    (2, '5'),
    (3, '{}'),
    (4, '{"all": [{"bought": {}}]}'),
    (5, '{"version": 2, "all": [{"bought": {}}]}'),
    (6, '{"version": "1", "all": [{"bought": {}}]}'),
    (7, '{"version": 1, "all": []}'),
    (8, '{"version": 1, "all": {"bought": {}}}'),
    (9, '{"version": 1, "all": [{"bought": {}}], "any": [{"bought": {}}]}'),
    (10, '{"version": 1, "all": [5]}'),
    (11, '{"version": 1, "all": [{"age": 5}]}'),
    (12, '{"version": 1, "all": [{"bought": {}}, {"bought": {}}, {"bought": {}, "days": -3}]}'),
    (13, '{"version": 1, "all": [{"bought": {}, "days": 3651}]}'),
    (14, '{"version": 1, "all": [{"bought": {}, "days": 1.5}]}'),
    (15, '{"version": 1, "all": [{"bought": {}, "days": "30"}]}'),
    (16, '{"version": 1, "all": [{"bought": {"shelf": "x"}}]}'),
    (17, '{"version": 1, "all": [{"bought": {"category": ""}}]}'),
    (18, '{"version": 1, "all": [{"bought": {}, "at_least": -1}]}'),
    (19, '{"version": 1, "all": [{"bought": {}, "at_least": 3, "at_most": 2}]}'),
    (20, '{"version": 1, "all": [{"spent": {}}]}'),
    (21, '{"version": 1, "all": [{"spent": {}, "at_least": "100"}]}'),
    (22, '{"version": 1, "all": [{"event": ""}]}'),
    (23, '{"version": 1, "all": [{"event": "x", "page": "ab\\"}]}'),
    (24, '{"version": 1, "all": [{"event": "x", "properties": []}]}'),
    (25, '{"version": 1, "all": [{"event": "x", "properties": [{"path": ["a"], "op": "gt", "value": "1"}]}]}'),
    (26, '{"version": 1, "all": [{"event": "x", "properties": [{"path": [], "op": "is_set"}]}]}'),
    (27, '{"version": 1, "all": [{"customer": "password", "op": "eq", "value": "x"}]}'),
    (28, '{"version": 1, "all": [{"customer": "age", "value": 5}]}'),
    (29, '{"version": 1, "all": [{"customer": "age", "op": "contains", "value": 5}]}'),
    (30, '{"version": 1, "all": [{"customer": "age", "op": "eq"}]}'),
    (31, '{"version": 1, "all": [{"customer": "age", "op": "eq", "value": "30"}]}'),
    (32, '{"version": 1, "all": [{"customer": "age", "op": "eq", "value": 1e20}]}'),
    (33, '{"version": 1, "all": [{"customer": "age", "op": "between", "value": [30]}]}'),
    (34, '{"version": 1, "all": [{"customer": "age", "op": "between", "value": [30, 20]}]}'),
    (35, '{"version": 1, "all": [{"customer": "age", "op": "is_set", "value": 1}]}'),
    (36, '{"version": 1, "all": [{"customer": "gender", "op": "in", "value": ["f", null]}]}'),
    (37, '{"version": 1, "all": [{"customer": "registered_at", "op": "eq", "value": "2026-02-30"}]}'),
    (38, '{"version": 1, "all": [{"customer": "registered_at", "op": "eq", "value": "today"}]}'),
    (39, '{"version": 1, "all": [{"customer": "registered_at", "op": "between", "value": ["2026-02-02", "2026-02-01"]}]}'),
    (40, '{"version": 1, "any": [{"not": {"all": [{"customer": "registered_at", "op": "in_last"}]}}]}'),
    (41, '{"version": 1, "all": [{"trait": "plan", "op": "is_set"}]}'),
    (42, '{"version": 1, "all": [{"trait": ["plan"], "op": "eq", "value": null}]}'),
    (43, '{"version": 1, "all": [{"segment": 1.5}]}'),
    (44, '{"version": 1, "all": [{"segment": true}]}'),
    (45, jsonb_build_object('version', 1, 'all', jsonb_build_array(jsonb_build_object('event', repeat('x', 101))))),
    (46, jsonb_build_object('version', 1, 'all', jsonb_build_array(jsonb_build_object('event', repeat('x', 70000))))),
    (47, (repeat('{"version": 1, "not": ', 1) || repeat('{"not": ', 90) || '{"bought": {}}' || repeat('}', 91))::jsonb),
    (48, (select jsonb_build_object('version', 1, 'all', jsonb_agg(g.node)) from (
        select jsonb_build_object('any', jsonb_agg('{"bought": {}}'::jsonb)) as node from generate_series(0, 204) as i group by i % 5
    ) as g)),
    (49, '{"version": 1, "all": [{"rfm": "cluster", "op": "eq", "value": "champions", "site_id = 1; --": 1}]}')
) as t (place, criteria) order by place;
select vibe.preview_segment('shop', '{"version": 1, "all": [{"segment": "nowhere"}]}');
select vibe.preview_segment('shop', '{"version": 1, "all": [{"bought": {}}]}', 'basket');
select vibe.preview_segment('shop', '{"version": 1, "all": [{"bought": {}}]}', as_of => 'infinity');
select vibe.preview_segment('nowhere', '{"version": 1, "all": [{"bought": {}}]}');
select side, name, kind, meaning from vibe.segment_attributes() order by side, name;
